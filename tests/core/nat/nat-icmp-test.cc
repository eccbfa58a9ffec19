// SPDX-License-Identifier: GPL-2.0-or-later
// ICMP errors through the NAT, both ways (RFC 5508).
#include "model/core/nat/nat-icmp.h"

#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr Ipv4 ROUTER{0xc6330001};        // somewhere on the way outside
constexpr Ipv4 INSIDE_ROUTER{0x0a0000fe}; // somewhere on the way inside
constexpr Protocol PROTOCOLS[] = {Protocol::Udp, Protocol::Tcp, Protocol::Icmp};

/// A packet from ALICE to SERVER after the NAT, as a router outside sees it.
Packet
SentOutside(NatUnderTest& nat, Protocol protocol)
{
    Packet packet = Opening(protocol, NatSide::Inside, ALICE, SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Forward);
    return packet;
}

class NatBoxIcmpError : public testing::TestWithParam<Protocol>
{
};

TEST_P(NatBoxIcmpError, InboundIsTranslatedWithThePacketItQuotes)
{
    for (const size_t quoted : {size_t{28}, size_t{548}})
    {
        NatUnderTest nat(Preset("symmetric"));
        const Packet inner = Opening(GetParam(), NatSide::Inside, ALICE, SERVER);
        const Packet outer = SentOutside(nat, GetParam());
        Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 4, 1400, outer, quoted);
        ASSERT_EQ(nat.Send(NatSide::Outside, error).action, Action::Forward);
        EXPECT_EQ(error,
                  BuildIcmpError(ROUTER, ALICE.address, ICMP_UNREACHABLE, 4, 1400, inner, quoted));
    }
}

TEST_P(NatBoxIcmpError, OutboundIsTranslatedWithThePacketItQuotes)
{
    NatUnderTest nat(Preset("symmetric"));
    SentOutside(nat, GetParam());
    const Endpoint external{EXTERNAL, ALICE.port};
    const Packet outer = Opening(GetParam(), NatSide::Outside, SERVER, external);
    Packet inner = outer;
    ASSERT_EQ(nat.Send(NatSide::Outside, inner).action, Action::Forward);
    for (const Ipv4 reporter : {ALICE.address, INSIDE_ROUTER})
    {
        Packet error = BuildIcmpError(reporter, SERVER.address, ICMP_UNREACHABLE, 3, 0, inner);
        ASSERT_EQ(nat.Send(NatSide::Inside, error).action, Action::Forward);
        EXPECT_EQ(error, BuildIcmpError(EXTERNAL, SERVER.address, ICMP_UNREACHABLE, 3, 0, outer));
    }
}

TEST_P(NatBoxIcmpError, NeitherEndsNorRefreshesTheMapping) // RFC 4787 REQ-12, RFC 5382 REQ-10
{
    NatUnderTest nat(Preset("symmetric"));
    const Packet outer = SentOutside(nat, GetParam());
    const TimePoint due = nat.box.NextTimeout();
    nat.now = seconds(1);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, outer);
    ASSERT_EQ(nat.Send(NatSide::Outside, error).action, Action::Forward);
    EXPECT_EQ(nat.box.NextTimeout(), due);
    EXPECT_EQ(nat.box.MappingCount(), 1U);
}

TEST_P(NatBoxIcmpError, OfNoMappingIsDropped)
{
    NatUnderTest nat(Preset("symmetric"));
    const Packet outer = SentOutside(nat, GetParam());
    nat.box.Timeout(nat.box.NextTimeout());
    Packet inbound = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, outer);
    EXPECT_EQ(nat.Send(NatSide::Outside, inbound).reason, "nat.icmp-no-mapping");
    const Packet never = Opening(GetParam(), NatSide::Outside, SERVER, BOB);
    Packet outbound = BuildIcmpError(BOB.address, SERVER.address, ICMP_UNREACHABLE, 3, 0, never);
    EXPECT_EQ(nat.Send(NatSide::Inside, outbound).reason, "nat.icmp-no-mapping");
}

TEST_P(NatBoxIcmpError, AboutARemoteThatWasNeverSentToIsDropped)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    const Packet outer = SentOutside(nat, GetParam());
    const Endpoint external{EXTERNAL, ALICE.port};
    const Packet forged = Opening(GetParam(), NatSide::Inside, external, STRANGER);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, forged);
    EXPECT_EQ(nat.Send(NatSide::Outside, error).reason, "nat.icmp-no-mapping");
    Packet right = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, outer);
    EXPECT_EQ(nat.Send(NatSide::Outside, right).action, Action::Forward);
    const Packet never = Opening(GetParam(), NatSide::Outside, STRANGER, ALICE);
    Packet outbound =
        BuildIcmpError(ALICE.address, STRANGER.address, ICMP_UNREACHABLE, 3, 0, never);
    EXPECT_EQ(nat.Send(NatSide::Inside, outbound).reason, "nat.icmp-no-mapping");
}

INSTANTIATE_TEST_SUITE_P(EachProtocol,
                         NatBoxIcmpError,
                         testing::ValuesIn(PROTOCOLS),
                         [](const auto& instance)
                         { return std::string(ToString(instance.param)); });

TEST(NatBoxIcmp, WrongChecksumsOfAnErrorAreRefused) // RFC 5508 REQ-3
{
    NatUnderTest nat(Preset("symmetric"));
    Packet outer = SentOutside(nat, Protocol::Udp);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, outer);
    ++error[22];
    EXPECT_EQ(nat.Send(NatSide::Outside, error).reason, "nat.icmp-checksum");
    ++outer[8]; // the quoted TTL
    Packet quoted = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, outer);
    EXPECT_EQ(nat.Send(NatSide::Outside, quoted).reason, "nat.icmp-checksum");
}

TEST(NatBoxIcmp, WrongTransportChecksumOfTheQuotedPacketIsNot) // RFC 5508 REQ-3 c
{
    NatUnderTest nat(Preset("symmetric"));
    Packet outer = SentOutside(nat, Protocol::Udp);
    ++outer.back();
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, outer);
    EXPECT_EQ(nat.Send(NatSide::Outside, error).action, Action::Forward);
    EXPECT_TRUE(ChecksumsAreRight(error));
}

TEST(NatBoxIcmp, ErrorsThatQuoteNothingUsefulAreRefused)
{
    NatUnderTest nat(Preset("symmetric"));
    const Packet outer = SentOutside(nat, Protocol::Udp);
    const Packet about = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, outer);
    const Packet fragment = FragmentPacket(Udp({EXTERNAL, 5000}, SERVER, Packet(100, 1)), 60)[1];
    const Packet other = Udp(STRANGER, SERVER);
    for (const auto& [quoted, size] : {std::pair{outer, size_t{0}},
                                       std::pair{outer, size_t{19}},
                                       std::pair{outer, size_t{27}},
                                       std::pair{about, size_t{548}},
                                       std::pair{fragment, size_t{548}},
                                       std::pair{other, size_t{548}}})
    {
        Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, quoted, size);
        EXPECT_EQ(nat.Send(NatSide::Outside, error).reason, "nat.icmp-malformed") << size;
    }
}

TEST(NatBoxIcmp, TheBoxAnswersItsOwnPings)
{
    NatUnderTest nat(Preset("full-cone"));
    const Packet request =
        BuildEcho(SERVER.address, EXTERNAL, ICMP_ECHO_REQUEST, 5000, 1, Packet{});
    Packet packet = request;
    EXPECT_EQ(nat.Send(NatSide::Outside, packet).action, Action::NotForUs);
    EXPECT_EQ(packet, request);
    packet = BuildEcho(ALICE.address, EXTERNAL, ICMP_ECHO_REQUEST, 5000, 1, Packet{});
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).action, Action::NotForUs);
}

TEST(NatBoxIcmp, ErrorsAboutTheBoxsOwnTrafficAreItsOwn)
{
    NatUnderTest nat(Preset("full-cone"));
    const Packet own = Udp({EXTERNAL, 123}, SERVER);
    const Packet sent = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 3, 0, own);
    Packet packet = sent;
    EXPECT_EQ(nat.Send(NatSide::Outside, packet).action, Action::NotForUs);
    EXPECT_EQ(packet, sent);
}

TEST(NatBoxIcmp, OtherMessagesFromInsideAreNotTranslated)
{
    NatUnderTest nat(Preset("full-cone"));
    for (const uint8_t type : {uint8_t{0}, uint8_t{5}, uint8_t{14}, uint8_t{17}})
    {
        Packet packet = BuildEcho(ALICE.address, SERVER.address, type, 1, 1, Packet{});
        EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.icmp-type-not-translated");
    }
}

TEST(NatBoxIcmp, TimestampQueriesAreTranslatedLikeEcho) // RFC 5508 REQ-1, REQ-10
{
    constexpr uint8_t timestamp = 13;
    constexpr uint8_t reply = 14;
    NatUnderTest nat(Preset("symmetric"));
    const Packet times(12, 7);
    // Bob's identifier is taken by Alice's echo, so it has to change.
    Packet echo = BuildEcho(ALICE.address, SERVER.address, ICMP_ECHO_REQUEST, 5000, 1, times);
    ASSERT_EQ(nat.Send(NatSide::Inside, echo).action, Action::Forward);
    Packet query = BuildEcho(BOB.address, SERVER.address, timestamp, 5000, 1, times);
    ASSERT_EQ(nat.Send(NatSide::Inside, query).action, Action::Forward);
    EXPECT_EQ(query, BuildEcho(EXTERNAL, SERVER.address, timestamp, 5001, 1, times));
    Packet answer = BuildEcho(SERVER.address, EXTERNAL, reply, 5001, 1, times);
    ASSERT_EQ(nat.Send(NatSide::Outside, answer).action, Action::Forward);
    EXPECT_EQ(answer, BuildEcho(SERVER.address, BOB.address, reply, 5000, 1, times));
    Packet stray = BuildEcho(SERVER.address, EXTERNAL, reply, 5002, 1, times);
    EXPECT_EQ(nat.Send(NatSide::Outside, stray).reason, "nat.no-mapping");
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, query);
    ASSERT_EQ(nat.Send(NatSide::Outside, error).action, Action::Forward);
    const Packet original = BuildEcho(BOB.address, SERVER.address, timestamp, 5000, 1, times);
    EXPECT_EQ(error, BuildIcmpError(ROUTER, BOB.address, ICMP_UNREACHABLE, 1, 0, original));
}

TEST(NatBoxIcmp, ErrorAboutAHairpinnedPacketGoesBackInside) // RFC 5508 REQ-7
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint bob = *ExternalOf(nat, Protocol::Udp, BOB, SERVER);
    const Packet sent = Udp(ALICE, bob);
    Packet received = sent;
    ASSERT_EQ(nat.Send(NatSide::Inside, received).action, Action::Hairpin);
    Packet error = BuildIcmpError(BOB.address, EXTERNAL, ICMP_UNREACHABLE, 3, 0, received);
    ASSERT_EQ(nat.Send(NatSide::Inside, error).action, Action::Hairpin);
    EXPECT_EQ(error, BuildIcmpError(EXTERNAL, ALICE.address, ICMP_UNREACHABLE, 3, 0, sent));
}

} // namespace
} // namespace isb::test
