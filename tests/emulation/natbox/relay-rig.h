// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_NATBOX_RELAY_RIG_H
#define ISB_TESTS_EMULATION_NATBOX_RELAY_RIG_H

#include "emulation/natbox/nat-relay.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"
#include "tests/emulation/io/offload-rig.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace isb
{

//     10.0.0.2 (alice), 10.0.0.3 (bob) --- relay 203.0.113.1 --- 198.51.100.1
inline constexpr Ipv4 EXTERNAL{0xcb007101};
inline constexpr Endpoint ALICE{Ipv4{0x0a000002}, 5000};
inline constexpr Endpoint BOB{Ipv4{0x0a000003}, 5000};
inline constexpr Endpoint SERVER{Ipv4{0xc6336401}, 80};

inline NatboxConfig
TestConfig()
{
    NatboxConfig config;
    config.inside.device = "in";
    config.outside.device = "out";
    config.nat.external = EXTERNAL;
    config.nat.internal = {Subnet{Ipv4{0x0a000000}, 24}};
    return config;
}

/// The same MTU for interface and NAT, as a configuration file sets it.
inline void
SetMtu(NatboxConfig& config, uint16_t inside, uint16_t outside)
{
    config.inside.mtu = config.nat.insideMtu = inside;
    config.outside.mtu = config.nat.outsideMtu = outside;
}

/// A packet that the relay wrote.
struct Written
{
    NatSide to;
    VnetHeader header;
    Packet packet;
};

/// Keeps what the relay's events say: "packet-dropped natbox.own-address udp 198.51.100.1:80".
class EventNames : public TraceSink
{
  public:
    void
    Emit(const TraceEvent& event) override
    {
        std::string name(ToString(event.kind));
        name.append(" ").append(event.reason).append(" ").append(ToString(event.flow.protocol));
        names.push_back(name + " " + event.flow.source.ToString());
    }

    std::vector<std::string> names;
};

/// A relay between two lists of packets.
class RelayRig : public PacketSink
{
  public:
    explicit RelayRig(const NatboxConfig& config, uint64_t seed = 1)
        : m_nat(seed),
          m_inside(seed + 1),
          m_outside(seed + 2),
          relay(config, {m_nat, m_inside, m_outside}, *this, &events)
    {
    }

    void
    Write(NatSide to, ByteView bytes) override
    {
        Written one{to, {}, {}};
        std::memcpy(&one.header, bytes.data, VNET_HEADER_SIZE);
        one.packet.assign(bytes.data + VNET_HEADER_SIZE, bytes.data + bytes.size);
        written.push_back(one);
    }

    void
    Send(NatSide from, const Packet& packet, const VnetHeader& header = {})
    {
        Packet bytes(VNET_HEADER_SIZE);
        std::memcpy(bytes.data(), &header, VNET_HEADER_SIZE);
        bytes.insert(bytes.end(), packet.begin(), packet.end());
        const MutableBytes view(bytes);
        relay.Receive(now, from, &view, 1);
    }

    /// All at once.
    void
    SendBatch(NatSide from, const std::vector<Packet>& packets)
    {
        std::vector<Packet> all;
        std::vector<MutableBytes> views;
        for (const Packet& packet : packets)
        {
            all.emplace_back(VNET_HEADER_SIZE);
            all.back().insert(all.back().end(), packet.begin(), packet.end());
        }
        for (Packet& bytes : all)
        {
            views.emplace_back(bytes);
        }
        relay.Receive(now, from, views.data(), views.size());
    }

    /// What was written since the last call.
    std::vector<Written>
    Take()
    {
        return std::exchange(written, {});
    }

  private:
    SeededRng m_nat;
    SeededRng m_inside;
    SeededRng m_outside;

  public:
    EventNames events;
    NatRelay relay;
    TimePoint now{0};
    std::vector<Written> written;
};

} // namespace isb

#endif
