// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_NAT_NAT_HARNESS_H
#define ISB_TESTS_CORE_NAT_NAT_HARNESS_H

#include "model/core/nat/nat-box.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

namespace isb::test
{

using Packet = std::vector<uint8_t>;
using Action = NatVerdict::Action;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

//     10.0.0.2 (alice), 10.0.0.3 (bob) --- NAT 203.0.113.1 --- 198.51.100.1, 198.51.100.2
inline constexpr Ipv4 EXTERNAL{0xcb007101};
inline constexpr Endpoint ALICE{Ipv4{0x0a000002}, 5000};
inline constexpr Endpoint BOB{Ipv4{0x0a000003}, 5000};
inline constexpr Endpoint SERVER{Ipv4{0xc6336401}, 80};
inline constexpr Endpoint SERVER_OTHER_PORT{SERVER.address, 81};
inline constexpr Endpoint STRANGER{Ipv4{0xc6336402}, 80};

inline NatSettings
TestSettings(NatAxes axes = {})
{
    NatSettings settings;
    settings.external = EXTERNAL;
    settings.internal = {Subnet{Ipv4{0x0a000000}, 24}};
    settings.udp = axes;
    settings.tcp = axes;
    settings.icmp = axes;
    return settings;
}

inline NatSettings
Preset(std::string_view name)
{
    return TestSettings(*NatPreset(name));
}

/// Keeps every event, as text.
class EventLog : public TraceSink
{
  public:
    void
    Emit(const TraceEvent& event) override
    {
        lines.push_back(ToJson(event, "nat"));
    }

    std::vector<std::string> lines;
};

/// A NatBox with a clock, and the words in which tests speak to it.
struct NatUnderTest
{
    explicit NatUnderTest(const NatSettings& settings, uint64_t seed = 1)
        : rng(seed),
          box(settings, rng, &log)
    {
    }

    NatVerdict
    Send(NatSide from, Packet& packet)
    {
        return box.Process(now, from, packet, packet.size());
    }

    SeededRng rng;
    EventLog log;
    NatBox box;
    TimePoint now{0};
};

inline Packet
Udp(Endpoint source, Endpoint destination, const Packet& payload = {1, 2, 3, 4, 5})
{
    return BuildUdp(source, destination, payload);
}

inline Packet
Tcp(Endpoint source, Endpoint destination, uint8_t flags, const Packet& payload = {})
{
    TcpFields fields;
    fields.flags = flags;
    return BuildTcp(source, destination, fields, payload);
}

/// A packet of any protocol: UDP datagram, SYN, or echo request (from inside) or reply.
inline Packet
Opening(Protocol protocol, NatSide from, Endpoint source, Endpoint destination)
{
    switch (protocol)
    {
    case Protocol::Udp:
        return Udp(source, destination);
    case Protocol::Tcp:
        return Tcp(source, destination, TCP_SYN);
    case Protocol::Icmp:
        break;
    }
    return from == NatSide::Inside ? BuildEcho(source.address,
                                               destination.address,
                                               ICMP_ECHO_REQUEST,
                                               source.port,
                                               1,
                                               Packet{9})
                                   : BuildEcho(source.address,
                                               destination.address,
                                               ICMP_ECHO_REPLY,
                                               destination.port,
                                               1,
                                               Packet{9});
}

inline PacketView
View(const Packet& packet)
{
    PacketView view;
    EXPECT_TRUE(view.Read(packet, packet.size())) << view.Fault();
    return view;
}

inline Endpoint
SourceOf(const Packet& packet)
{
    return View(packet).SourceEndpoint();
}

inline Endpoint
DestinationOf(const Packet& packet)
{
    return View(packet).DestinationEndpoint();
}

/// The external endpoint that a packet from inside leaves from; nothing when it does not leave.
inline std::optional<Endpoint>
ExternalOf(NatUnderTest& nat, Protocol protocol, Endpoint internal, Endpoint remote)
{
    Packet packet = Opening(protocol, NatSide::Inside, internal, remote);
    if (nat.Send(NatSide::Inside, packet).action != Action::Forward)
    {
        return std::nullopt;
    }
    EXPECT_TRUE(ChecksumsAreRight(packet));
    return SourceOf(packet);
}

/// What the NAT says to a packet from outside: "" when it passes to the internal endpoint, else the
/// reason.
inline std::string
InboundResult(NatUnderTest& nat,
              Protocol protocol,
              Endpoint remote,
              Endpoint external,
              Endpoint internal)
{
    Packet packet = Opening(protocol, NatSide::Outside, remote, external);
    const Packet before = packet;
    const NatVerdict verdict = nat.Send(NatSide::Outside, packet);
    if (verdict.action != Action::Forward)
    {
        EXPECT_EQ(packet, before) << "a refused packet was changed";
        return std::string(verdict.reason);
    }
    EXPECT_TRUE(ChecksumsAreRight(packet));
    EXPECT_EQ(DestinationOf(packet), internal);
    return "";
}

} // namespace isb::test

#endif
