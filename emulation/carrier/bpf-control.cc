// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-control.h"

#include "emulation/carrier/bpf-config.h"
#include "emulation/carrier/bpf-netlink.h"
#include "emulation/sys/system-error.h"
#include "kernel/uapi/ist-maps.h"
#include "model/core/ist/core-settings.h"
#include "model/core/ist/pair-contradiction.h"
#include "model/splice/ist-rate.h"

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <cstring>
#include <linux/if_ether.h>

namespace isb
{

namespace
{

constexpr int PORT_TRIES = 16; ///< source ports tried for an active splice before it is refused

bool
NoPortIsOpen(Protocol /*protocol*/, uint16_t /*port*/)
{
    return false;
}

ist_uapi_address
AddressOf(const std::optional<IpAddress>& address)
{
    ist_uapi_address to{};
    if (address)
    {
        to.address = address->ToWords();
        to.family = address->family;
    }
    return to;
}

ist_order
OrderOf(const IstPair& pair)
{
    ist_order order{};
    order.command = IST_ORDER_ADD;
    order.method = static_cast<uint8_t>(CoreMethodOf(pair.method));
    order.label = pair.label;
    order.rate_cost = pair.limits.rateBps != 0 ? ist_rate_cost(pair.limits.rateBps) : 0;
    order.byte_limit = pair.limits.bytes;
    order.lifetime_ns = Nanoseconds(std::max(pair.limits.lifetime, Duration{0}));
    order.allowed[0] = AddressOf(pair.allowedA);
    order.allowed[1] = AddressOf(pair.allowedB);
    order.port[0] = pair.portA;
    order.port[1] = pair.portB;
    return order;
}

} // namespace

BpfControl::BpfControl(const BpfPins& pins)
    : m_pins(pins),
      m_program(pins.Get(IST_PROGRAM_NAME_CONTROL))
{
    const ist_config config = ReadBpfConfig(pins);
    m_ownPortFirst = std::max<uint16_t>(config.own_port_first, 1);
    m_ownPortLast = config.own_port_last;
    m_maxSplices = config.max_splices;
}

/// The answer to an order.
ist_order
BpfControl::Run(ist_order order)
{
    std::array<uint8_t, IST_ORDER_FRAME> frame{};
    std::array<uint8_t, 2 * IST_ORDER_FRAME> answer{};
    static_assert(IST_ORDER_OFFSET + sizeof(order) <= frame.size());
    ist_put16(frame.data() + 12, ETH_P_IP);
    std::memcpy(frame.data() + IST_ORDER_OFFSET, &order, sizeof(order));
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.data_in = frame.data();
    options.data_size_in = frame.size();
    options.data_out = answer.data();
    options.data_size_out = answer.size();
    options.repeat = 1;
    const int error = bpf_prog_test_run_opts(m_program.Get(), &options);
    if (error != 0)
    {
        throw SystemError("run " + m_pins.PathOf(IST_PROGRAM_NAME_CONTROL), -error);
    }
    if (order.command == IST_ORDER_ADD && options.data_size_out >= IST_ORDER_OFFSET + sizeof(order))
    {
        std::memcpy(&order, answer.data() + IST_ORDER_OFFSET, sizeof(order));
    }
    order.result = static_cast<int32_t>(options.retval);
    return order;
}

Result<uint64_t>
BpfControl::Add(const IstPair& pair)
{
    if (auto why = PairContradiction(pair, NoPortIsOpen, 0, 1))
    {
        return Error{std::move(*why)};
    }
    if (!pair.closedPorts.empty())
    {
        ClosePorts(pair);
    }
    const ist_order order = OrderOf(pair);
    if (pair.method == SpliceMethod::Active)
    {
        return AddActive(pair, order);
    }
    const ist_order answer = Run(order);
    return answer.result == 0 ? Result<uint64_t>(answer.id) : Refused(pair, answer.result);
}

/// Draws the IST's own numbers of the connection to B. A source port that is taken is drawn anew,
/// unless the pair names it.
Result<uint64_t>
BpfControl::AddActive(const IstPair& pair, ist_order order)
{
    order.target.address = pair.activeTarget.address.ToWords();
    order.target.family = pair.activeTarget.address.family;
    order.target.port = pair.activeTarget.port;
    order.source = AddressOf(pair.activeSource);
    if (pair.activeSource && !IsOwn(*pair.activeSource))
    {
        return Error{pair.activeSource->ToString() +
                     " is no address of this IST: no answer would come back to it"};
    }
    order.target_device = DeviceIndexTowards(pair.activeTarget.address);
    int result = IST_RESULT_PORT_B_TAKEN;
    for (int i = 0; i < PORT_TRIES && result == IST_RESULT_PORT_B_TAKEN; ++i)
    {
        order.isn[0] = static_cast<uint32_t>(m_random.Next());
        order.isn[1] = static_cast<uint32_t>(m_random.Next());
        const int ports = m_ownPortLast - m_ownPortFirst + 1;
        if (pair.portB == 0 && ports > 0)
        {
            order.port[1] = static_cast<uint16_t>(m_ownPortFirst +
                                                  m_random.Below(static_cast<uint64_t>(ports)));
        }
        const ist_order answer = Run(order);
        result = answer.result;
        if (result == 0)
        {
            return answer.id;
        }
        if (pair.portB != 0)
        {
            break;
        }
    }
    return Refused(pair, result);
}

/// Whether the programs take packets to an address.
bool
BpfControl::IsOwn(const IpAddress& address) const
{
    const Descriptor map = m_pins.Get(IST_MAP_ADDRESSES);
    const ist_own_key key = BpfOwnKey(address);
    uint32_t present = 0;
    return bpf_map_lookup_elem(map.Get(), &key, &present) == 0;
}

/// The way to an address as the programs know it; 0: the route leads by none of their devices.
uint16_t
BpfControl::DeviceIndexTowards(const IpAddress& target) const
{
    const auto device = DeviceTowards(target);
    const Descriptor map = m_pins.Get(IST_MAP_DEVICE_INDEX);
    uint32_t index = 0;
    if (!device || bpf_map_lookup_elem(map.Get(), &*device, &index) != 0)
    {
        return 0;
    }
    return static_cast<uint16_t>(index);
}

/// The kernel's answer in the words of all carriers.
Result<uint64_t>
BpfControl::Refused(const IstPair& pair, int result)
{
    const uint16_t taken = result == IST_RESULT_PORT_A_TAKEN   ? pair.portA
                           : result == IST_RESULT_PORT_B_TAKEN ? pair.portB
                                                               : uint16_t{0};
    const size_t used = result == IST_RESULT_FULL ? m_maxSplices : 0;
    const auto isOpen = [taken](Protocol /*protocol*/, uint16_t port)
    { return taken != 0 && port == taken; };
    if (auto why = PairContradiction(pair, isOpen, used, m_maxSplices))
    {
        return Error{std::move(*why)};
    }
    if (result == IST_RESULT_PORT_B_TAKEN)
    {
        return Error{"the source port towards " + pair.activeTarget.ToString() +
                     " is taken by another splice"};
    }
    throw SystemError("add a splice", -result);
}

bool
BpfControl::Remove(uint64_t id)
{
    ist_order order{};
    order.command = IST_ORDER_REMOVE;
    order.id = id;
    const int result = Run(order).result;
    if (result != 0 && result != IST_RESULT_NO_ENTRY)
    {
        throw SystemError("remove splice " + std::to_string(id), -result);
    }
    return result == 0;
}

void
BpfControl::Start()
{
    ist_order order{};
    order.command = IST_ORDER_START;
    const int result = Run(order).result;
    if (result != 0)
    {
        throw SystemError("start the timer of the IST", -result);
    }
}

/// They are the host's, so closed for all splices from now on.
void
BpfControl::ClosePorts(const IstPair& pair)
{
    const Descriptor lock = m_pins.Lock();
    const Descriptor map = m_pins.Get(IST_MAP_CLOSED);
    for (const uint16_t port : pair.closedPorts)
    {
        const uint32_t key = port / 64;
        uint64_t word = 0;
        if (bpf_map_lookup_elem(map.Get(), &key, &word) != 0)
        {
            throw SystemError("read map " IST_MAP_CLOSED);
        }
        word |= uint64_t{1} << port % 64;
        if (bpf_map_update_elem(map.Get(), &key, &word, BPF_ANY) != 0)
        {
            throw SystemError("write map " IST_MAP_CLOSED);
        }
    }
}

} // namespace isb
