// SPDX-License-Identifier: GPL-2.0-or-later
// Packets that lie: refused with their reason, unchanged, and without state.
#include "tests/core/nat/nat-harness.h"

#include <functional>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr Endpoint OUTSIDER_AS_INSIDER{Ipv4{0x0a000063}, 80};

struct Case
{
    const char* name;
    NatSide from;
    Packet packet;
    const char* reason; ///< "" for NotForUs
};

Packet
Changed(Packet packet, size_t at, uint8_t value)
{
    packet[at] = value;
    return packet;
}

Packet
WithTtl(Packet packet, uint8_t ttl)
{
    return Changed(std::move(packet), 8, ttl);
}

std::vector<Case>
Cases()
{
    constexpr NatSide IN = NatSide::Inside;
    constexpr NatSide OUT = NatSide::Outside;
    const Endpoint external{EXTERNAL, 5000};
    const Endpoint multicast{Ipv4{0xe0000001}, 80};
    const Endpoint loopback{Ipv4{0x7f000001}, 80};
    return {
        {"no source of ours", IN, Udp(STRANGER, SERVER), "nat.source-not-internal"},
        {"loopback source from inside", IN, Udp(loopback, SERVER), "nat.source-not-internal"},
        {"our own source from inside", IN, Udp(external, SERVER), "nat.own-source"},
        {"our own source from outside", OUT, Udp(external, SERVER), "nat.own-source"},
        {"land from outside", OUT, Udp(external, external), "nat.land"},
        {"land from inside", IN, Tcp(ALICE, ALICE, TCP_SYN), "nat.land"},
        {"internal source outside", OUT, Udp(OUTSIDER_AS_INSIDER, external), "nat.source-spoofed"},
        {"multicast source", OUT, Udp(multicast, external), "nat.source-spoofed"},
        {"loopback source", OUT, Udp(loopback, external), "nat.source-spoofed"},
        {"insider by its internal address", OUT, Udp(SERVER, ALICE), "nat.destination-internal"},
        {"source port 0", IN, Udp({ALICE.address, 0}, SERVER), "nat.port-zero"},
        {"destination port 0", IN, Tcp(ALICE, {SERVER.address, 0}, TCP_SYN), "nat.port-zero"},
        {"source port 0 outside", OUT, Udp({SERVER.address, 0}, external), "nat.port-zero"},
        {"GRE", IN, Changed(Udp(ALICE, SERVER), 9, 47), "nat.protocol-not-translated"},
        {"GRE fragment",
         IN,
         Changed(FragmentPacket(Udp(ALICE, SERVER, Packet(99, 1)), 60)[1], 9, 47),
         "nat.protocol-not-translated"},
        {"no IPv4", IN, Changed(Udp(ALICE, SERVER), 0, 0x65), "nat.malformed"},
        {"header length 16", IN, Changed(Udp(ALICE, SERVER), 0, 0x44), "nat.malformed"},
        {"header longer than packet", IN, Changed(Udp(ALICE, SERVER), 0, 0x4f), "nat.malformed"},
        {"total length too large", IN, Changed(Udp(ALICE, SERVER), 3, 200), "nat.malformed"},
        {"total length too small", IN, Changed(Udp(ALICE, SERVER), 3, 21), "nat.malformed"},
        {"UDP length 7", IN, Changed(Udp(ALICE, SERVER), 25, 7), "nat.malformed"},
        {"UDP length too large", IN, Changed(Udp(ALICE, SERVER), 25, 99), "nat.malformed"},
        {"TCP offset 16", IN, Changed(Tcp(ALICE, SERVER, TCP_SYN), 32, 0x40), "nat.malformed"},
        {"TCP offset 60", IN, Changed(Tcp(ALICE, SERVER, TCP_SYN), 32, 0xf0), "nat.malformed"},
        {"TTL 1 from inside", IN, WithTtl(Udp(ALICE, SERVER), 1), ""},
        {"TTL 0 from inside", IN, WithTtl(Udp(ALICE, SERVER), 0), ""},
        {"multicast", IN, Udp(ALICE, multicast), ""},
        {"to another insider", IN, Udp(ALICE, BOB), ""},
        {"GRE to the box", OUT, Changed(Udp(SERVER, external), 9, 47), ""},
        {"transit outside", OUT, Udp(SERVER, STRANGER), ""},
        {"multicast outside", OUT, Udp(SERVER, multicast), ""},
    };
}

TEST(NatBoxHostile, EachLieHasItsReasonAndMakesNoState)
{
    for (const Case& test : Cases())
    {
        SCOPED_TRACE(test.name);
        NatUnderTest nat(Preset("full-cone"));
        Packet packet = test.packet;
        const NatVerdict verdict = nat.Send(test.from, packet);
        EXPECT_EQ(verdict.reason, test.reason);
        EXPECT_EQ(verdict.action, *test.reason != 0 ? Action::Drop : Action::NotForUs);
        EXPECT_EQ(verdict.rule.empty(), *test.reason == 0);
        EXPECT_EQ(packet, test.packet);
        EXPECT_EQ(nat.box.MappingCount(), 0U);
        EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
    }
}

TEST(NatBoxHostile, EveryTruncationIsMalformed)
{
    for (const Packet& whole : {Udp(ALICE, SERVER), Tcp(ALICE, SERVER, TCP_SYN)})
    {
        NatUnderTest nat(Preset("full-cone"));
        for (size_t size = 0; size < whole.size(); ++size)
        {
            Packet packet(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.malformed") << size;
        }
        EXPECT_EQ(nat.box.MappingCount(), 0U);
        EXPECT_EQ(nat.box.Counters().drops[static_cast<size_t>(NatDrop::Malformed)], whole.size());
    }
}

TEST(NatBoxHostile, PacketOnItsLastHopIsNotSentInside)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    Packet last = WithTtl(Udp(SERVER, external), 1);
    EXPECT_EQ(nat.Send(NatSide::Outside, last).reason, "nat.ttl-expired");
    IpFields ip;
    ip.ttl = 2;
    Packet enough = BuildUdp(SERVER, external, Packet{}, ip);
    EXPECT_EQ(nat.Send(NatSide::Outside, enough).action, Action::Forward);
}

TEST(NatBoxHostile, WithoutInternalSubnetsAnySourceInsideIsTranslated)
{
    NatSettings settings = Preset("symmetric");
    settings.internal.clear();
    NatUnderTest nat(settings);
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, STRANGER, SERVER));
    Packet direct = Udp(SERVER, STRANGER);
    EXPECT_EQ(nat.Send(NatSide::Outside, direct).reason, "nat.destination-internal");
}

TEST(NatBoxHostile, FloodsFromBothSidesStayWithinTheBounds)
{
    NatSettings settings = Preset("full-cone");
    settings.limits.mappings = 100;
    settings.limits.sessions = 300;
    settings.limits.destinationsPerMapping = 8;
    NatUnderTest nat(settings);
    for (uint32_t i = 0; i < 20'000; ++i)
    {
        nat.now += milliseconds(1);
        const Endpoint internal{Ipv4{ALICE.address.value + i % 50},
                                static_cast<uint16_t>(1024 + i)};
        Packet out = Tcp(internal, SERVER, TCP_SYN);
        nat.Send(NatSide::Inside, out);
        Packet in = Tcp({Ipv4{STRANGER.address.value + i}, 7},
                        {EXTERNAL, static_cast<uint16_t>(1024 + i % 128)},
                        TCP_SYN);
        nat.Send(NatSide::Outside, in);
        size_t sessions = 0;
        for (const NatMappingInfo& mapping :
             i % 1000 == 0 ? nat.box.Mappings() : std::vector<NatMappingInfo>{})
        {
            EXPECT_LE(mapping.sessions, 8U);
            sessions += mapping.sessions;
        }
        ASSERT_LE(sessions, 300U);
        ASSERT_LE(nat.box.MappingCount(), 100U);
    }
    nat.box.Timeout(nat.now + minutes(125));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
}

TEST(NatBoxHostile, FloodsOfUnsolicitedSynsGetFewAnswersThatNobodyNeedsToTake)
{
    for (const NatSynAnswer answer :
         {NatSynAnswer::Reset, NatSynAnswer::Unreachable, NatSynAnswer::Hold})
    {
        NatSettings settings = Preset("port-restricted-cone");
        settings.unsolicitedSyn = answer;
        NatUnderTest nat(settings);
        for (uint32_t i = 0; i < 20'000; ++i)
        {
            nat.now += milliseconds(1);
            Packet syn = Tcp({Ipv4{STRANGER.address.value + i}, 7},
                             {EXTERNAL, static_cast<uint16_t>(1024 + i % 50'000)},
                             TCP_SYN);
            EXPECT_EQ(nat.Send(NatSide::Outside, syn).action, Action::Drop);
        }
        EXPECT_EQ(nat.box.MappingCount(), 0U);
        EXPECT_LE(nat.box.TakeEmitted().size(), 1024U);
        nat.box.Timeout(nat.now + minutes(1));
        EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
    }
}

} // namespace
} // namespace isb::test
