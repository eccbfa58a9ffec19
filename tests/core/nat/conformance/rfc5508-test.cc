// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 5508: ICMP queries and errors through a NAT, whole packets in and out.
#include "tests/core/nat/conformance/conformance-harness.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr Protocol ICMP = Protocol::Icmp;
constexpr uint8_t SOURCE_QUENCH = 4;
constexpr uint8_t REDIRECT = 5;
constexpr uint8_t TIMESTAMP = 13;
constexpr uint8_t TIMESTAMP_REPLY = 14;
constexpr uint8_t INFORMATION_REQUEST = 15;
constexpr uint8_t ADDRESS_MASK = 17;

/// SERVER's packet to ALICE as it is outside, and as it reaches her.
struct Received
{
    Packet outer;
    Packet inner;
};

/// ALICE called SERVER, and SERVER answers.
Received
ReceivedInside(NatUnderTest& nat, Protocol protocol)
{
    const Endpoint external = SourceOf(SentOutside(nat, protocol));
    Received received;
    received.outer = Opening(protocol, OUT, SERVER, external);
    received.inner = received.outer;
    EXPECT_EQ(nat.Send(OUT, received.inner).action, Action::Forward);
    return received;
}

TEST(Rfc5508, Req1QueriesAndRepliesPass)
{
    NatUnderTest nat(TestSettings());
    Packet request = BuildEcho(ALICE.address, SERVER.address, ICMP_ECHO_REQUEST, 77, 5, Packet{1});
    ASSERT_EQ(nat.Send(IN, request).action, Action::Forward);
    const uint16_t identifier = SourceOf(request).port;
    EXPECT_EQ(request,
              BuildEcho(EXTERNAL, SERVER.address, ICMP_ECHO_REQUEST, identifier, 5, Packet{1}));
    Packet reply = BuildEcho(SERVER.address, EXTERNAL, ICMP_ECHO_REPLY, identifier, 5, Packet{1});
    ASSERT_EQ(nat.Send(OUT, reply).action, Action::Forward);
    EXPECT_EQ(reply, BuildEcho(SERVER.address, ALICE.address, ICMP_ECHO_REPLY, 77, 5, Packet{1}));
}

TEST(Rfc5508, Req1NotRepliesThatNobodyAskedFor)
{
    NatUnderTest nat(TestSettings());
    const Packet reply = BuildEcho(SERVER.address, EXTERNAL, ICMP_ECHO_REPLY, 5000, 1, Packet{});
    EXPECT_FALSE(Passes(nat, OUT, reply));
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    EXPECT_FALSE(Enters(nat, ICMP, STRANGER, external));
}

TEST(Rfc5508, Req1aIdentifiersAreMappedAlikeForEveryHost)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    EXPECT_EQ(ExternalOf(nat, ICMP, ALICE, STRANGER), external);
}

TEST(Rfc5508, Req1aNotWhenTheMappingDependsOnTheAddress)
{
    NatUnderTest nat(WithMapping(NatBehaviour::AddressDependent));
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    EXPECT_NE(ExternalOf(nat, ICMP, ALICE, STRANGER), external);
}

TEST(Rfc5508, Req2SessionLivesForSixtySeconds)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    Wait(nat, seconds(60) - milliseconds(1));
    EXPECT_TRUE(Enters(nat, ICMP, SERVER, external));
}

TEST(Rfc5508, Req2NotBeyondItsTimer)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    Wait(nat, seconds(60));
    EXPECT_FALSE(Enters(nat, ICMP, SERVER, external));
}

TEST(Rfc5508, Req2aTimerIsConfigurable)
{
    NatSettings settings = TestSettings();
    settings.timers.icmp = minutes(3);
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    Wait(nat, minutes(3) - milliseconds(1));
    EXPECT_TRUE(Enters(nat, ICMP, SERVER, external));
    Wait(nat, milliseconds(1));
    EXPECT_FALSE(Enters(nat, ICMP, SERVER, external));
}

TEST(Rfc5508, Req2aNotByUdps)
{
    NatSettings settings = TestSettings();
    settings.timers.udp = minutes(10);
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    Wait(nat, seconds(60));
    EXPECT_FALSE(Enters(nat, ICMP, SERVER, external));
}

TEST(Rfc5508, Req3WrongIcmpChecksumIsDropped)
{
    NatUnderTest nat(TestSettings());
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, SentOutside(nat, Protocol::Udp));
    error[22] ^= 1;
    EXPECT_EQ(nat.Send(OUT, error).reason, "nat.icmp-checksum");
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc5508, Req3NotARightOne)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, Protocol::Udp);
    EXPECT_TRUE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent)));
}

TEST(Rfc5508, Req3aWrongChecksumOfTheQuotedHeaderIsDropped)
{
    NatUnderTest nat(TestSettings());
    Packet sent = SentOutside(nat, Protocol::Udp);
    sent[10] ^= 1; // the quoted IP checksum
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent);
    EXPECT_EQ(nat.Send(OUT, error).reason, "nat.icmp-checksum");
}

TEST(Rfc5508, Req3aNotWhenPacketsCarryNoChecksums)
{
    NatSettings settings = TestSettings();
    settings.checksums = false;
    NatUnderTest nat(settings);
    Packet sent = Udp(ALICE, SERVER);
    ASSERT_EQ(nat.Send(IN, sent).action, Action::Forward);
    sent[10] ^= 1;
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent);
    EXPECT_EQ(nat.Send(OUT, error).action, Action::Forward);
}

TEST(Rfc5508, Req3bOptionsOfTheQuotedPacketAreSteppedOver)
{
    IpFields ip;
    ip.options = {0x07, 0x07, 0x04, 0, 0, 0, 0, 0}; // record route, end
    NatUnderTest nat(TestSettings());
    const Packet inner = BuildUdp(ALICE, SERVER, Packet{1, 2}, ip);
    Packet sent = inner;
    ASSERT_EQ(nat.Send(IN, sent).action, Action::Forward);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent);
    ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
    EXPECT_EQ(error, BuildIcmpError(ROUTER, ALICE.address, 3, 1, 0, inner));
}

TEST(Rfc5508, Req3bNotWhenTheOptionsAreLongerThanTheQuote)
{
    IpFields ip;
    ip.options = Packet(40, 1); // no operation
    NatUnderTest nat(TestSettings());
    Packet sent = BuildUdp(ALICE, SERVER, Packet{1, 2}, ip);
    ASSERT_EQ(nat.Send(IN, sent).action, Action::Forward);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent, 40);
    EXPECT_EQ(nat.Send(OUT, error).reason, "nat.icmp-malformed");
}

TEST(Rfc5508, Req3cWrongTransportChecksumOfTheQuotedPacketPasses)
{
    NatUnderTest nat(TestSettings());
    Packet sent = SentOutside(nat, Protocol::Udp);
    sent[26] ^= 1; // the quoted UDP checksum
    EXPECT_TRUE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent)));
}

TEST(Rfc5508, Req3cNotThatOfTheErrorItself)
{
    NatUnderTest nat(TestSettings());
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, SentOutside(nat, Protocol::Udp));
    error.back() ^= 1; // inside the quoted payload
    EXPECT_FALSE(Passes(nat, OUT, error));
}

/// An error whose quote is padded to 128 bytes and followed by an extension (RFC 4884 section 5.1:
/// its length in words of 32 bits stands in the second byte of the second word).
Packet
WithExtension(Ipv4 destination, const Packet& about)
{
    Packet quoted = about;
    quoted.resize(128, 0);
    const Packet extension = {0x20, 0, 0, 0, 0, 8, 1, 1, 0xab, 0xcd, 0xef, 0x01};
    quoted.insert(quoted.end(), extension.begin(), extension.end());
    return BuildIcmpError(ROUTER, destination, ICMP_TIME_EXCEEDED, 0, 0x00200000, quoted);
}

TEST(Rfc5508, Req3dExtensionsPassUnchanged)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        NatUnderTest nat(TestSettings());
        Packet error = WithExtension(EXTERNAL, SentOutside(nat, protocol));
        ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
        EXPECT_EQ(error, WithExtension(ALICE.address, Opening(protocol, IN, ALICE, SERVER)));
        EXPECT_TRUE(ChecksumsAreRight(error));
    }
}

TEST(Rfc5508, Req3dNotWithoutTheQuotedPacket)
{
    NatUnderTest nat(TestSettings());
    SentOutside(nat, Protocol::Udp);
    EXPECT_FALSE(Passes(nat, OUT, WithExtension(EXTERNAL, Packet{})));
}

TEST(Rfc5508, Req4AboutNoMappingIsDroppedInSilence)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        NatUnderTest nat(TestSettings());
        const Packet forged = Opening(protocol, IN, {EXTERNAL, 5000}, SERVER);
        Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, forged);
        EXPECT_EQ(nat.Send(OUT, error).reason, "nat.icmp-no-mapping");
        EXPECT_FALSE(Emitted(nat));
    }
}

TEST(Rfc5508, Req4NotWhenThereIsOne)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        NatUnderTest nat(TestSettings());
        const Packet sent = SentOutside(nat, protocol);
        EXPECT_TRUE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent)));
    }
}

/// An error from outside as it reaches ALICE, of each protocol and with each length of quote.
void
ExpectInboundError(NatSettings settings, uint8_t type, uint8_t code, uint32_t rest)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        for (const size_t quoted : {size_t{28}, size_t{548}})
        {
            NatUnderTest nat(settings);
            const Packet sent = SentOutside(nat, protocol);
            Packet error = BuildIcmpError(ROUTER, EXTERNAL, type, code, rest, sent, quoted);
            ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
            const Packet inner = Opening(protocol, IN, ALICE, SERVER);
            EXPECT_EQ(error,
                      BuildIcmpError(ROUTER, ALICE.address, type, code, rest, inner, quoted));
        }
    }
}

TEST(Rfc5508, Req4aTheQuotedPacketIsTheInsiders)
{
    for (const std::string_view preset : NAT_PRESETS)
    {
        ExpectInboundError(Preset(preset), ICMP_UNREACHABLE, 1, 0);
    }
}

TEST(Rfc5508, Req4aNotWhenTheQuoteIsTooShortForPorts)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, Protocol::Udp);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent, 22);
    EXPECT_EQ(nat.Send(OUT, error).reason, "nat.icmp-malformed");
}

TEST(Rfc5508, Req4bTypeAndCodeStay)
{
    for (uint8_t code = 0; code < 16; ++code)
    {
        ExpectInboundError(TestSettings(), ICMP_UNREACHABLE, code, code == 4 ? 1300 : 0);
    }
    ExpectInboundError(TestSettings(), ICMP_TIME_EXCEEDED, 0, 0);
    ExpectInboundError(TestSettings(), ICMP_TIME_EXCEEDED, 1, 0);
}

TEST(Rfc5508, Req4bNotTheDestination)
{
    NatUnderTest nat(TestSettings());
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, SentOutside(nat, Protocol::Udp));
    ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
    EXPECT_NE(View(error).Destination(), EXTERNAL);
    EXPECT_EQ(View(error).Source(), ROUTER);
}

TEST(Rfc5508, Req4cTheSenderOfTheQuotedPacketGetsIt)
{
    NatUnderTest nat(TestSettings());
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    Packet bobs = Udp(BOB, SERVER);
    ASSERT_EQ(nat.Send(IN, bobs).action, Action::Forward);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, bobs);
    ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
    EXPECT_EQ(View(error).Destination(), BOB.address);
}

TEST(Rfc5508, Req4cNotAboutAPacketOfSomebodyOutside)
{
    NatUnderTest nat(TestSettings());
    SentOutside(nat, Protocol::Udp);
    const Packet others = Udp({STRANGER.address, ALICE.port}, SERVER);
    EXPECT_FALSE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, others)));
}

TEST(Rfc5508, Req5AboutNoMappingIsDroppedInSilence)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        NatUnderTest nat(TestSettings());
        const Packet never = Opening(protocol, OUT, SERVER, ALICE);
        Packet error = BuildIcmpError(ALICE.address, SERVER.address, 3, 3, 0, never);
        EXPECT_EQ(nat.Send(IN, error).reason, "nat.icmp-no-mapping");
        EXPECT_FALSE(Emitted(nat));
    }
}

TEST(Rfc5508, Req5NotWhenThereIsOne)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        NatUnderTest nat(TestSettings());
        const Received received = ReceivedInside(nat, protocol);
        EXPECT_TRUE(Passes(nat,
                           IN,
                           BuildIcmpError(ALICE.address, SERVER.address, 3, 3, 0, received.inner)));
    }
}

/// An error from inside as it reaches SERVER.
void
ExpectOutboundError(Ipv4 reporter, uint8_t type, uint8_t code)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        NatUnderTest nat(TestSettings());
        const Received received = ReceivedInside(nat, protocol);
        Packet error = BuildIcmpError(reporter, SERVER.address, type, code, 0, received.inner);
        ASSERT_EQ(nat.Send(IN, error).action, Action::Forward);
        EXPECT_EQ(error, BuildIcmpError(EXTERNAL, SERVER.address, type, code, 0, received.outer));
    }
}

TEST(Rfc5508, Req5aTheQuotedPacketIsTheOutsiders)
{
    ExpectOutboundError(ALICE.address, ICMP_UNREACHABLE, 3);
}

TEST(Rfc5508, Req5aNotWhenSomebodyElseWasSentTo)
{
    NatUnderTest nat(TestSettings());
    ReceivedInside(nat, Protocol::Udp);
    const Packet bobs = Udp(SERVER, BOB);
    EXPECT_FALSE(Passes(nat, IN, BuildIcmpError(BOB.address, SERVER.address, 3, 3, 0, bobs)));
}

TEST(Rfc5508, Req5bTypeAndCodeStay)
{
    for (uint8_t code = 0; code < 16; ++code)
    {
        ExpectOutboundError(ALICE.address, ICMP_UNREACHABLE, code);
    }
    ExpectOutboundError(ALICE.address, ICMP_TIME_EXCEEDED, 1);
}

TEST(Rfc5508, Req5bNotTheSource)
{
    NatUnderTest nat(TestSettings());
    const Received received = ReceivedInside(nat, Protocol::Udp);
    Packet error = BuildIcmpError(ALICE.address, SERVER.address, 3, 3, 0, received.inner);
    ASSERT_EQ(nat.Send(IN, error).action, Action::Forward);
    EXPECT_NE(View(error).Source(), ALICE.address);
}

TEST(Rfc5508, Req5cItComesFromTheNatsOwnAddress)
{
    ExpectOutboundError(INSIDE_ROUTER, ICMP_TIME_EXCEEDED, 0);
}

TEST(Rfc5508, Req5cNotFromTheRouterInside)
{
    NatUnderTest nat(TestSettings());
    const Received received = ReceivedInside(nat, Protocol::Udp);
    Packet error = BuildIcmpError(INSIDE_ROUTER, SERVER.address, 11, 0, 0, received.inner);
    ASSERT_EQ(nat.Send(IN, error).action, Action::Forward);
    EXPECT_EQ(View(error).Source(), EXTERNAL);
    EXPECT_NE(View(error).Source(), INSIDE_ROUTER);
}

TEST(Rfc5508, Req6ErrorsAboutQueriesLeaveTheSessionAlone)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, ICMP);
    Wait(nat, seconds(59));
    EXPECT_TRUE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent)));
    EXPECT_TRUE(Enters(nat, ICMP, SERVER, SourceOf(sent))) << "it did not end";
    Wait(nat, seconds(1));
    EXPECT_FALSE(Enters(nat, ICMP, SERVER, SourceOf(sent))) << "it was not refreshed";
}

TEST(Rfc5508, Req6NotPacketsOfTheQuery)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, ICMP);
    Wait(nat, seconds(59));
    SentOutside(nat, ICMP);
    Wait(nat, seconds(59));
    EXPECT_TRUE(Enters(nat, ICMP, SERVER, SourceOf(sent)));
}

/// BOB's datagram to ALICE by way of the NAT, as she got it.
Packet
Hairpinned(NatUnderTest& nat)
{
    const Endpoint alice = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    Packet packet = Udp(BOB, alice);
    EXPECT_EQ(nat.Send(IN, packet).action, Action::Hairpin);
    return packet;
}

TEST(Rfc5508, Req7ErrorsAboutHairpinnedPacketsAreHairpinned)
{
    NatUnderTest nat(Preset("full-cone"));
    const Packet got = Hairpinned(nat);
    Packet error = BuildIcmpError(ALICE.address, SourceOf(got).address, 3, 3, 0, got);
    ASSERT_EQ(nat.Send(IN, error).action, Action::Hairpin);
    EXPECT_TRUE(ChecksumsAreRight(error));
}

TEST(Rfc5508, Req7NotAboutPacketsThatWereNot)
{
    NatUnderTest nat(Preset("full-cone"));
    Hairpinned(nat);
    const Packet never = Udp({EXTERNAL, 6000}, ALICE);
    EXPECT_FALSE(Passes(nat, IN, BuildIcmpError(ALICE.address, EXTERNAL, 3, 3, 0, never)));
}

TEST(Rfc5508, Req7aTheSenderOfTheQuotedPacketGetsIt)
{
    NatUnderTest nat(Preset("full-cone"));
    const Packet got = Hairpinned(nat);
    Packet error = BuildIcmpError(ALICE.address, SourceOf(got).address, 3, 3, 0, got);
    ASSERT_EQ(nat.Send(IN, error).action, Action::Hairpin);
    const Endpoint alice{EXTERNAL, ALICE.port};
    EXPECT_EQ(error, BuildIcmpError(EXTERNAL, BOB.address, 3, 3, 0, Udp(BOB, alice)));
}

TEST(Rfc5508, Req7aNotTheNatItself)
{
    NatUnderTest nat(Preset("full-cone"));
    const Packet got = Hairpinned(nat);
    Packet error = BuildIcmpError(ALICE.address, SourceOf(got).address, 3, 3, 0, got);
    nat.Send(IN, error);
    EXPECT_NE(View(error).Destination(), EXTERNAL);
}

NatSettings
WithOnePort()
{
    NatSettings settings = TestSettings();
    settings.firstPort = settings.lastPort = 5000;
    return settings;
}

TEST(Rfc5508, Req8AFlowWithoutRoomIsAnsweredWithProhibited)
{
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        NatUnderTest nat(WithOnePort());
        ASSERT_TRUE(ExternalOf(nat, protocol, ALICE, SERVER));
        Packet packet = Opening(protocol, IN, BOB, SERVER);
        EXPECT_EQ(nat.Send(IN, packet).action, Action::Drop);
        const auto answer = Emitted(nat);
        ASSERT_TRUE(answer) << ToString(protocol);
        EXPECT_EQ(answer->to, IN);
        const PacketView view = View(answer->packet);
        EXPECT_EQ(view.Destination(), BOB.address);
        EXPECT_EQ(view.IcmpType(), ICMP_UNREACHABLE);
        EXPECT_EQ(view.IcmpCode(), 13);
        EXPECT_TRUE(ChecksumsAreRight(answer->packet));
    }
}

TEST(Rfc5508, Req8NotWhenThereIsRoom)
{
    NatUnderTest nat(WithOnePort());
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, STRANGER));
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc5508, Req9SilenceTowardsOutside)
{
    NatUnderTest nat(WithOnePort());
    EXPECT_FALSE(Enters(nat, Protocol::Tcp, SERVER, {EXTERNAL, 5000}));
    EXPECT_FALSE(Enters(nat, Protocol::Udp, SERVER, {EXTERNAL, 5000}));
    Wait(nat, minutes(1));
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc5508, Req9NotWhenPolicyAllowsIt)
{
    NatSettings settings = WithOnePort();
    settings.unsolicitedSyn = NatSynAnswer::Unreachable;
    NatUnderTest nat(settings);
    EXPECT_FALSE(Enters(nat, Protocol::Tcp, SERVER, {EXTERNAL, 5000}));
    EXPECT_TRUE(Emitted(nat));
}

TEST(Rfc5508, Req10aUnreachableTimeExceededAndEchoPass)
{
    ExpectInboundError(TestSettings(), ICMP_UNREACHABLE, 0, 0);
    ExpectInboundError(TestSettings(), ICMP_TIME_EXCEEDED, 0, 0);
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, ICMP, ALICE, SERVER);
    EXPECT_TRUE(Enters(nat, ICMP, SERVER, external));
}

TEST(Rfc5508, Req10aNotObsoleteQueries)
{
    for (const uint8_t type : {INFORMATION_REQUEST, ADDRESS_MASK})
    {
        NatUnderTest nat(TestSettings());
        EXPECT_FALSE(
            Passes(nat,
                   IN,
                   BuildEcho(ALICE.address, SERVER.address, type, ALICE.port, 1, Packet{9})));
    }
}

TEST(Rfc5508, Req10bTimestampsPass)
{
    const Packet times(12, 7);
    NatUnderTest nat(TestSettings());
    Packet request = BuildEcho(ALICE.address, SERVER.address, TIMESTAMP, 77, 1, times);
    ASSERT_EQ(nat.Send(IN, request).action, Action::Forward);
    const auto identifier = static_cast<uint16_t>(request[24] * 256 + request[25]);
    EXPECT_NE(identifier, 77) << "it is no port of the pool";
    EXPECT_EQ(request, BuildEcho(EXTERNAL, SERVER.address, TIMESTAMP, identifier, 1, times));
    Packet reply = BuildEcho(SERVER.address, EXTERNAL, TIMESTAMP_REPLY, identifier, 1, times);
    ASSERT_EQ(nat.Send(OUT, reply).action, Action::Forward);
    EXPECT_EQ(reply, BuildEcho(SERVER.address, ALICE.address, TIMESTAMP_REPLY, 77, 1, times));
}

TEST(Rfc5508, Req10bParameterProblemPasses)
{
    ExpectInboundError(TestSettings(), ICMP_PARAMETER_PROBLEM, 0, 0x14000000);
}

TEST(Rfc5508, Req10bNotRedirects)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, Protocol::Udp);
    EXPECT_FALSE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, REDIRECT, 1, 0, sent)));
    EXPECT_FALSE(
        Passes(nat,
               IN,
               BuildIcmpError(ALICE.address, SERVER.address, REDIRECT, 1, 0, Udp(SERVER, ALICE))));
}

TEST(Rfc5508, Req10cSourceQuenchAndInformationRequestsEndHere)
{
    NatUnderTest nat(TestSettings());
    const Received received = ReceivedInside(nat, Protocol::Udp);
    const Packet sent = SentOutside(nat, Protocol::Udp);
    EXPECT_FALSE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, SOURCE_QUENCH, 0, 0, sent)));
    EXPECT_FALSE(
        Passes(nat,
               IN,
               BuildIcmpError(ALICE.address, SERVER.address, SOURCE_QUENCH, 0, 0, received.inner)));
    EXPECT_FALSE(
        Passes(nat,
               IN,
               BuildEcho(ALICE.address, SERVER.address, INFORMATION_REQUEST, 5000, 1, Packet{})));
}

TEST(Rfc5508, Req10cNotOtherErrorsAboutTheSamePacket)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, Protocol::Udp);
    EXPECT_TRUE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, sent)));
}

TEST(Rfc5508, Req10dTypeOfServicePasses)
{
    IpFields ip;
    ip.tos = 0xb8; // expedited forwarding
    NatUnderTest nat(TestSettings());
    Packet packet = BuildUdp(ALICE, SERVER, Packet{1}, ip);
    ASSERT_EQ(nat.Send(IN, packet).action, Action::Forward);
    EXPECT_EQ(packet[1], 0xb8);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, 3, 1, 0, packet, 548, ip);
    ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
    EXPECT_EQ(error[1], 0xb8);
    EXPECT_EQ(error[29], 0xb8) << "of the quoted packet";
}

TEST(Rfc5508, Req10dNotChangedByTheWayBack)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    Packet plain = Udp(SERVER, external);
    ASSERT_EQ(nat.Send(OUT, plain).action, Action::Forward);
    EXPECT_EQ(plain[1], 0);
}

TEST(Rfc5508, Req10eNoErrorAboutAnError)
{
    NatSettings settings = WithOnePort();
    settings.outsideMtu = 100;
    NatUnderTest nat(settings);
    const Received received = ReceivedInside(nat, Protocol::Udp);
    IpFields ip;
    ip.dontFragment = true;
    Packet quoted = received.inner;
    quoted.resize(200, 0);
    Packet error = BuildIcmpError(ALICE.address, SERVER.address, 3, 3, 0, quoted, 548, ip);
    EXPECT_EQ(nat.Send(IN, error).action, Action::Drop) << "too large";
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc5508, Req10eNotAboutOtherPackets)
{
    NatSettings settings = WithOnePort();
    settings.outsideMtu = 100;
    NatUnderTest nat(settings);
    IpFields ip;
    ip.dontFragment = true;
    Packet packet = BuildUdp(ALICE, SERVER, Packet(200, 1), ip);
    EXPECT_EQ(nat.Send(IN, packet).action, Action::Drop);
    EXPECT_TRUE(Emitted(nat));
}

/// Errors that the NAT sends when so many flows find no room within a time.
size_t
ErrorsFor(size_t flows, Duration between)
{
    NatUnderTest nat(WithOnePort());
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    size_t errors = 0;
    for (size_t i = 0; i < flows; ++i)
    {
        Packet packet = Udp({BOB.address, static_cast<uint16_t>(1000 + i)}, SERVER);
        EXPECT_EQ(nat.Send(IN, packet).action, Action::Drop);
        errors += nat.box.TakeEmitted().size();
        Wait(nat, between);
    }
    return errors;
}

TEST(Rfc5508, Req10fErrorsAreLimitedInRate)
{
    EXPECT_LT(ErrorsFor(1000, milliseconds(1)), 300U);
    EXPECT_GT(ErrorsFor(1000, milliseconds(1)), 0U);
}

TEST(Rfc5508, Req10fNotWhenTheyAreRare)
{
    EXPECT_EQ(ErrorsFor(200, milliseconds(20)), 200U);
}

TEST(Rfc5508, Req11OtherMessagesFromInsideEndHere)
{
    for (const uint8_t type : {uint8_t{9}, uint8_t{10}, uint8_t{41}, uint8_t{200}})
    {
        NatUnderTest nat(TestSettings());
        Packet packet = BuildEcho(ALICE.address, SERVER.address, type, 1, 1, Packet{});
        EXPECT_EQ(nat.Send(IN, packet).reason, "nat.icmp-type-not-translated");
    }
}

TEST(Rfc5508, Req11NotThoseForTheBoxItself)
{
    NatUnderTest nat(TestSettings());
    Packet packet = BuildEcho(STRANGER.address, EXTERNAL, ICMP_ECHO_REQUEST, 1, 1, Packet{});
    EXPECT_EQ(nat.Send(OUT, packet).action, Action::NotForUs) << "it answers pings itself";
}

} // namespace
} // namespace isb::test
