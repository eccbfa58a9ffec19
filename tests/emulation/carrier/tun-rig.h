// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_CARRIER_TUN_RIG_H
#define ISB_TESTS_EMULATION_CARRIER_TUN_RIG_H

#include "emulation/carrier/tun-relay.h"
#include "model/core/random/rng.h"
#include "tests/splice-cases/case-packet.h"

#include <cstring>
#include <map>
#include <utility>
#include <vector>

namespace isb
{

/// A packet that a relay wrote.
struct TunWritten
{
    VnetHeader header;
    cases::Bytes packet;

    /// The packets that it is on a wire, checksums as the device computes them.
    [[nodiscard]] std::vector<cases::Bytes>
    OnTheWire() const
    {
        const auto offloaded = ReadOffload(header, packet);
        return offloaded ? SplitOffloaded(header, *offloaded, packet) : std::vector<cases::Bytes>{};
    }
};

/// A packet as the kernel hands it over with offload on: the checksum field holds the sum of the
/// pseudo header.
/// \param gsoSize payload bytes of a segment; 0: the packet is no large one
inline TunWritten
Unfinished(cases::Bytes packet, uint16_t gsoSize = 0)
{
    const bool isIpv4 = packet.at(0) >> 4 == 4;
    const size_t transport = isIpv4 ? size_t{packet[0] & 0xfU} * 4 : 40;
    const uint8_t protocol = packet.at(isIpv4 ? 9 : 6);
    const bool isTcp = protocol == cases::TCP;
    const size_t field = isTcp ? 16 : 6;
    uint32_t sum = protocol + static_cast<uint32_t>(packet.size() - transport);
    for (size_t i = isIpv4 ? 12 : 8; i < (isIpv4 ? 20U : 40U); i += 2)
    {
        sum += static_cast<uint32_t>(packet[i] << 8 | packet[i + 1]);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    packet[transport + field] = static_cast<uint8_t>(sum >> 8);
    packet[transport + field + 1] = static_cast<uint8_t>(sum);
    VnetHeader header;
    header.flags = VnetHeader::NEEDS_CHECKSUM;
    header.checksumStart = static_cast<uint16_t>(transport);
    header.checksumOffset = static_cast<uint16_t>(field);
    if (gsoSize != 0)
    {
        const uint8_t tcp = isIpv4 ? VnetHeader::GSO_TCP4 : VnetHeader::GSO_TCP6;
        header.gsoType = isTcp ? tcp : VnetHeader::GSO_UDP_L4;
        header.gsoSize = gsoSize;
        const size_t length = isTcp ? size_t{packet[transport + 12]} / 16 * 4 : 8;
        header.headerLength = static_cast<uint16_t>(transport + length);
    }
    return {header, std::move(packet)};
}

/// A relay between two lists of packets; every way takes `mtu` bytes, but those in `narrow`.
class TunRig : public TunHost
{
  public:
    TunRig(const IstSettings& settings, std::vector<IpAddress> own)
        : relay(settings, std::move(own), m_random, *this)
    {
    }

    void
    Write(ByteView bytes) override
    {
        TunWritten one;
        std::memcpy(&one.header, bytes.data, VNET_HEADER_SIZE);
        one.packet.assign(bytes.data + VNET_HEADER_SIZE, bytes.data + bytes.size);
        written.push_back(one);
    }

    [[nodiscard]] uint32_t
    MtuTowards(const IpAddress& address) override
    {
        const auto found = narrow.find(address);
        return found == narrow.end() ? mtu : found->second;
    }

    /// Gives one packet; what the relay writes for it.
    std::vector<TunWritten>
    Give(const cases::Bytes& packet, const VnetHeader& header = {})
    {
        cases::Bytes bytes(VNET_HEADER_SIZE);
        std::memcpy(bytes.data(), &header, VNET_HEADER_SIZE);
        bytes.insert(bytes.end(), packet.begin(), packet.end());
        const MutableBytes view(bytes);
        relay.Receive(now, &view, 1);
        return std::exchange(written, {});
    }

    std::vector<TunWritten>
    Give(const TunWritten& packet)
    {
        return Give(packet.packet, packet.header);
    }

    std::vector<TunWritten>
    GiveIcmp(cases::Bytes packet)
    {
        relay.ReceiveIcmp(now, packet);
        return std::exchange(written, {});
    }

    uint64_t
    Drops(const char* reason)
    {
        const IstCounters counters = relay.Counters();
        const auto found = counters.drops.find(reason);
        return found == counters.drops.end() ? 0 : found->second;
    }

  private:
    SeededRng m_random{7};

  public:
    TunRelay relay;
    TimePoint now{std::chrono::seconds(1)};
    uint32_t mtu = 65535;
    std::map<IpAddress, uint32_t> narrow;
    std::vector<TunWritten> written;
};

} // namespace isb

#endif
