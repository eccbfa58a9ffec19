// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/module/module-case-carrier.h"

#include "model/core/ist/core-settings.h"
#include "model/splice/ist-names.h"

#include <algorithm>

namespace isb::cases
{

namespace
{

/// The user to whom a packet goes, by its destination: B's addresses are 10.0.2.1, 2001:db8:2::1.
IstSide
UserOf(const Bytes& packet)
{
    const uint8_t third = packet.at(0) >> 4 == 4 ? packet.at(18) : packet.at(29);
    return third == 2 ? IstSide::B : IstSide::A;
}

ist_uapi_address
AddressOf(const std::optional<IpAddress>& address)
{
    ist_uapi_address made{};
    if (address)
    {
        made.family = static_cast<uint8_t>(address->family);
        made.address = address->ToWords();
    }
    return made;
}

std::string
NameOfReason(unsigned int reason)
{
    return reason >= IST_CARRIER_NO_PORT ? ist_carrier_reason_name(reason)
                                         : ist_reason_name(reason);
}

} // namespace

ModuleCaseCarrier::ModuleCaseCarrier(const IstSettings& settings)
{
    const ist_settings core = CoreSettingsOf(settings);
    const auto sink = [](void* context, const uint8_t* bytes, size_t length)
    { static_cast<ModuleCaseCarrier*>(context)->m_sent.emplace_back(bytes, bytes + length); };
    m_host = ist_stand_in_create(&core, sink, this);
}

ModuleCaseCarrier::~ModuleCaseCarrier()
{
    EXPECT_EQ(ist_stand_in_destroy(m_host), 0U) << "something is left in the module's tables";
}

std::string
ModuleCaseCarrier::Open(const IstPair& pair)
{
    ist_order order{};
    order.method = static_cast<uint8_t>(CoreMethodOf(pair.method));
    order.port[0] = pair.portA;
    order.port[1] = pair.portB;
    order.label = pair.label;
    order.byte_limit = pair.limits.bytes;
    order.lifetime_ns = Nanoseconds(pair.limits.lifetime);
    order.allowed[0] = AddressOf(pair.allowedA);
    order.allowed[1] = AddressOf(pair.allowedB);
    order.source = AddressOf(pair.activeSource);
    if (pair.method == SpliceMethod::Active)
    {
        constexpr uint16_t CHOSEN_PORT = 50000;
        order.target.address = pair.activeTarget.address.ToWords();
        order.target.family = static_cast<uint8_t>(pair.activeTarget.address.family);
        order.target.port = pair.activeTarget.port;
        order.isn[0] = 0x01234567;
        order.isn[1] = 0x89abcdef;
        order.port[1] = pair.portB != 0 ? pair.portB : CHOSEN_PORT;
    }
    uint64_t id = 0;
    const char* why = nullptr;
    const int error = ist_stand_in_add(m_host,
                                       &order,
                                       pair.limits.rateBps,
                                       pair.closedPorts.data(),
                                       static_cast<unsigned int>(pair.closedPorts.size()),
                                       &id,
                                       &why);
    return error == 0 ? std::string() : why;
}

Outcome
ModuleCaseCarrier::Give(IstSide /*at*/, const Bytes& packet)
{
    Outcome outcome;
    unsigned int reason = 0;
    m_sent.clear();
    switch (ist_stand_in_give(m_host, packet.data(), packet.size(), &reason))
    {
    case IST_STAND_IN_PASS:
        break;
    case IST_STAND_IN_DROP:
        outcome.fate = Fate::Dropped;
        outcome.reason = NameOfReason(reason);
        break;
    case IST_STAND_IN_TAKEN:
    case IST_STAND_IN_HELD:
        outcome.fate = Fate::Consumed;
        break;
    case IST_STAND_IN_FORWARD:
        outcome.fate = Fate::Forwarded;
        break;
    }
    for (const Bytes& sent : m_sent)
    {
        outcome.out.emplace_back(UserOf(sent), sent);
    }
    return outcome;
}

bool
ModuleCaseCarrier::HoldsFragments() const
{
    return true;
}

} // namespace isb::cases
