// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_IST_IST_FIXTURE_H
#define ISB_TESTS_CORE_IST_IST_FIXTURE_H

#include "model/core/ist/ist-engine.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"
#include "model/wire/registration.h"
#include "tests/core/ist/recorded-trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isb
{

using Packet = std::vector<uint8_t>;
using Packets = std::vector<Packet>;

inline constexpr Ipv4 IST_WEST{0xcb007101}; ///< 203.0.113.1, faces A
inline constexpr Ipv4 IST_EAST{0xcb007102}; ///< 203.0.113.2, faces B
inline constexpr uint16_t PORT_A = 5001;
inline constexpr uint16_t PORT_B = 5002;
inline constexpr size_t HEADER_BYTES = 120;

/// One user: his endpoint, the IST's endpoint that he uses, and his initial sequence number.
struct User
{
    Endpoint self;
    Endpoint ist;
    uint32_t isn = 0;
};

inline constexpr User ALICE{{{0x0a000101}, 1111}, {IST_WEST, PORT_A}, 1000};
inline constexpr User BOB{{{0x0a000201}, 2222}, {IST_EAST, PORT_B}, 0xfffffff0};

/// MSS 1460, SACK permitted, timestamps, window scale 7, as Linux sends them.
inline std::vector<uint8_t>
SynOptions(uint32_t tsval, uint32_t tsecr)
{
    std::vector<uint8_t> options{2, 4, 0x05, 0xb4, 4, 2, 8, 10};
    for (const uint32_t value : {tsval, tsecr})
    {
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            options.push_back(static_cast<uint8_t>(value >> shift));
        }
    }
    options.insert(options.end(), {1, 3, 3, 7});
    return options;
}

inline Packet
Tcp(Endpoint from,
    Endpoint to,
    uint8_t flags,
    uint32_t sequence,
    uint32_t acknowledgement,
    const Packet& payload = {},
    const IpFields& ip = {})
{
    TcpFields tcp;
    tcp.flags = flags;
    tcp.sequence = sequence;
    tcp.acknowledgement = acknowledgement;
    tcp.window = 8000;
    return BuildTcp(from, to, tcp, payload, ip);
}

inline Packet
Syn(const User& user)
{
    return Tcp(user.self, user.ist, TCP_SYN, user.isn, 0);
}

inline Packet
Registration(const User& user)
{
    const Packet payload(REGISTRATION_DATAGRAM.begin(), REGISTRATION_DATAGRAM.end());
    return BuildUdp(user.self, user.ist, payload);
}

inline Packet
Bytes(std::string_view text)
{
    return {text.begin(), text.end()};
}

/// An engine with two addresses, a trace, and the vocabulary of its tests.
class IstEngineTest : public testing::Test
{
  protected:
    static IstSettings
    Settings()
    {
        IstSettings settings;
        settings.addresses = {IST_WEST, IST_EAST};
        return settings;
    }

    /// Gives a packet as a carrier would, with its first bytes only; it is rewritten in place.
    IstVerdict
    Give(Packet& packet)
    {
        const size_t size = packet.size() >= 10 && packet[9] == 1
                                ? packet.size()
                                : std::min(packet.size(), HEADER_BYTES);
        return engine.Process(now, {packet.data(), size}, packet.size());
    }

    IstVerdict::Action
    ActionOn(Packet packet)
    {
        return Give(packet).action;
    }

    std::string_view
    ReasonFor(Packet packet)
    {
        return Give(packet).reason;
    }

    /// What the packet becomes, empty when it is not forwarded.
    Packet
    Forwarded(Packet packet)
    {
        return Give(packet).action == IstVerdict::Forward ? packet : Packet{};
    }

    uint64_t
    Add(SpliceMethod method, uint16_t portA = PORT_A, uint16_t portB = PORT_B)
    {
        IstPair pair;
        pair.method = method;
        pair.portA = portA;
        pair.portB = portB;
        const auto id = engine.Add(now, pair);
        EXPECT_TRUE(id) << id.Why();
        return id ? *id : 0;
    }

    /// SYNs of both, then both ACKs: ESTABLISHED. Drains what the IST sends.
    void
    Handshake(const User& a, const User& b)
    {
        EXPECT_EQ(ActionOn(Syn(a)), IstVerdict::Consumed);
        EXPECT_EQ(ActionOn(Syn(b)), IstVerdict::Consumed);
        EXPECT_EQ(ActionOn(FirstAck(a, b)), IstVerdict::Consumed);
        EXPECT_EQ(ActionOn(FirstAck(b, a)), IstVerdict::Forward);
        (void)engine.TakeEmitted();
    }

    void
    Register(const User& a, const User& b)
    {
        EXPECT_EQ(ActionOn(Registration(a)), IstVerdict::Consumed);
        EXPECT_EQ(ActionOn(Registration(b)), IstVerdict::Consumed);
    }

    static Packet
    FirstAck(const User& from, const User& to)
    {
        return Tcp(from.self, from.ist, TCP_ACK, from.isn + 1, to.isn + 1);
    }

    /// Data of one user right after the handshake, as he sends it, and as the other one gets it.
    static Packet
    Data(const User& from, const User& to, const Packet& payload)
    {
        return Tcp(from.self, from.ist, TCP_ACK, from.isn + 1, to.isn + 1, payload);
    }

    static Packet
    DataAtPeer(const User& from, const User& to, const Packet& payload)
    {
        return Tcp(to.ist, to.self, TCP_ACK, from.isn + 1, to.isn + 1, payload);
    }

    std::string_view
    StateOf(uint64_t id)
    {
        const auto info = engine.Find(id);
        return info ? info->state : std::string_view("gone");
    }

    /// Lets all timers run out; nothing may be left.
    void
    ExpectNothingLeft()
    {
        while (engine.NextTimeout() != TIME_NEVER)
        {
            now = std::max(now, engine.NextTimeout());
            engine.Timeout(now);
        }
        EXPECT_EQ(engine.Size(), 0U);
        EXPECT_EQ(engine.StateSize(), 0U);
    }

    SeededRng random{1};
    RecordedTrace trace;
    IstEngine engine{Settings(), random, &trace};
    TimePoint now{std::chrono::seconds(1)};
};

} // namespace isb

#endif
