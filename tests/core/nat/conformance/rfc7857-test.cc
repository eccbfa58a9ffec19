// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 7857: updates of RFC 4787, 5382 and 5508, by section.
#include "tests/core/nat/conformance/conformance-harness.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr Protocol TCP = Protocol::Tcp;
constexpr Protocol UDP = Protocol::Udp;

/// True when ALICE's connection with SERVER still takes segments after a time of silence.
bool
LivesFor(NatUnderTest& nat, Duration idle)
{
    Wait(nat, idle);
    return Passes(nat, IN, Tcp(ALICE, SERVER, TCP_ACK));
}

TEST(Rfc7857, Section2ConnectionIsEstablishedOnceBothSynsWereSeen)
{
    NatUnderTest nat(TestSettings());
    Establish(nat);
    EXPECT_TRUE(LivesFor(nat, minutes(123)));

    NatUnderTest halfClosed(TestSettings());
    const Endpoint external = Establish(halfClosed);
    EXPECT_TRUE(Passes(halfClosed, IN, Tcp(ALICE, SERVER, FIN_ACK)));
    EXPECT_TRUE(Passes(halfClosed, OUT, Tcp(SERVER, external, TCP_ACK)));
    EXPECT_TRUE(LivesFor(halfClosed, minutes(123))) << "one FIN closes one half";
}

TEST(Rfc7857, Section2NotBeforeNorAfterBothFins)
{
    NatUnderTest opening(TestSettings());
    ASSERT_TRUE(ExternalOf(opening, TCP, ALICE, SERVER));
    EXPECT_FALSE(LivesFor(opening, minutes(4)));

    NatUnderTest closed(TestSettings());
    const Endpoint external = Establish(closed);
    EXPECT_TRUE(Passes(closed, IN, Tcp(ALICE, SERVER, FIN_ACK)));
    EXPECT_TRUE(Passes(closed, OUT, Tcp(SERVER, external, FIN_ACK)));
    EXPECT_FALSE(LivesFor(closed, minutes(4)));
}

NatSettings
WithClosing(Duration opening, Duration closing)
{
    NatSettings settings = TestSettings();
    settings.timers.tcpTransitory = opening;
    settings.timers.tcpClosing = closing;
    return settings;
}

/// True when a connection that both sides have closed takes a last ACK after a time of silence.
bool
ClosedLivesFor(NatUnderTest& nat, Duration idle)
{
    const Endpoint external = Establish(nat);
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, SERVER, FIN_ACK)));
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, external, FIN_ACK)));
    return LivesFor(nat, idle);
}

TEST(Rfc7857, Section2Clause1OpeningAndClosingHaveTimersOfTheirOwn)
{
    NatUnderTest opening(WithClosing(minutes(2), minutes(6)));
    const Endpoint external = *ExternalOf(opening, TCP, ALICE, SERVER);
    Wait(opening, minutes(2));
    EXPECT_FALSE(Passes(opening, OUT, Tcp(SERVER, external, SYN_ACK)));

    NatUnderTest closing(WithClosing(minutes(2), minutes(6)));
    EXPECT_TRUE(ClosedLivesFor(closing, minutes(6) - milliseconds(1)));
    EXPECT_EQ(NatTimers{}.tcpTransitory, minutes(4));
    EXPECT_EQ(NatTimers{}.tcpClosing, minutes(4));
}

TEST(Rfc7857, Section2Clause1NotOneByTheOther)
{
    NatUnderTest closing(WithClosing(minutes(6), minutes(2)));
    EXPECT_FALSE(ClosedLivesFor(closing, minutes(2)));
    NatUnderTest opening(WithClosing(minutes(6), minutes(2)));
    const Endpoint external = *ExternalOf(opening, TCP, ALICE, SERVER);
    Wait(opening, minutes(5));
    EXPECT_TRUE(Passes(opening, OUT, Tcp(SERVER, external, SYN_ACK)));
}

TEST(Rfc7857, Section2Clause2ResetIsTranslatedAndEndsNothingAtOnce)
{
    for (const NatSide from : {IN, OUT})
    {
        NatUnderTest nat(TestSettings());
        const Endpoint external = Establish(nat);
        EXPECT_TRUE(
            Passes(nat,
                   from,
                   from == IN ? Tcp(ALICE, SERVER, TCP_RST) : Tcp(SERVER, external, TCP_RST)));
        EXPECT_TRUE(LivesFor(nat, minutes(4) - milliseconds(1))) << "a forged one";
        EXPECT_TRUE(LivesFor(nat, minutes(123))) << "forgotten: traffic goes on";
    }
}

TEST(Rfc7857, Section2Clause2NotForLongerThanFourMinutes)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = Establish(nat);
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, external, TCP_RST)));
    EXPECT_FALSE(LivesFor(nat, minutes(4)));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(Rfc7857, Section2Clause2NotWhenTheFaultIsOn)
{
    NatSettings settings = TestSettings();
    settings.faults.killOnReset = true;
    NatUnderTest nat(settings);
    const Endpoint external = Establish(nat);
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, external, TCP_RST)));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

NatSettings
Overloading()
{
    NatSettings settings = Preset("symmetric");
    settings.SetAssignment(NatPortAssignment::Overloading);
    return settings;
}

TEST(Rfc7857, Section3OnePortServesDifferentDestinations)
{
    NatUnderTest nat(Overloading());
    const Endpoint external{EXTERNAL, ALICE.port};
    EXPECT_EQ(ExternalOf(nat, TCP, ALICE, SERVER), external);
    EXPECT_EQ(ExternalOf(nat, TCP, BOB, STRANGER), external);
    Packet first = Tcp(SERVER, external, SYN_ACK);
    ASSERT_EQ(nat.Send(OUT, first).action, Action::Forward);
    EXPECT_EQ(DestinationOf(first), ALICE);
    Packet second = Tcp(STRANGER, external, SYN_ACK);
    ASSERT_EQ(nat.Send(OUT, second).action, Action::Forward);
    EXPECT_EQ(DestinationOf(second), BOB);
}

TEST(Rfc7857, Section3NotTheSameDestination)
{
    NatUnderTest nat(Overloading());
    const Endpoint first = *ExternalOf(nat, TCP, ALICE, SERVER);
    const auto second = ExternalOf(nat, TCP, BOB, SERVER);
    EXPECT_NE(second, first) << "the five-tuple would be ambiguous";
    NatSettings settings = TestSettings(); // endpoint-independent mapping
    settings.SetAssignment(NatPortAssignment::Overloading);
    EXPECT_TRUE(FindContradiction(settings));
}

/// Two addresses with two ports each.
NatSettings
Scarce(NatPooling pooling)
{
    NatSettings settings = TestSettings();
    settings.furtherExternals = {SECOND_EXTERNAL};
    settings.pooling = pooling;
    settings.firstPort = 5000;
    settings.lastPort = 5001;
    return settings;
}

TEST(Rfc7857, Section4NoOtherAddressWhenThePairedOneIsUsedUp)
{
    for (const Protocol protocol : {UDP, TCP})
    {
        NatUnderTest nat(Scarce(NatPooling::Paired));
        EXPECT_TRUE(ExternalOf(nat, protocol, {ALICE.address, 1}, SERVER));
        EXPECT_TRUE(ExternalOf(nat, protocol, {ALICE.address, 2}, SERVER));
        EXPECT_FALSE(ExternalOf(nat, protocol, {ALICE.address, 3}, SERVER));
        EXPECT_TRUE(ExternalOf(nat, protocol, BOB, SERVER)) << "the other address is his";
    }
}

TEST(Rfc7857, Section4NotWhenPoolingIsArbitrary)
{
    NatUnderTest nat(Scarce(NatPooling::Arbitrary));
    for (uint16_t port = 1; port <= 4; ++port)
    {
        EXPECT_TRUE(ExternalOf(nat, UDP, {ALICE.address, port}, SERVER)) << port;
    }
}

TEST(Rfc7857, Section5MappingsBelongToTheirProtocol)
{
    NatUnderTest nat(TestSettings());
    ASSERT_TRUE(ExternalOf(nat, TCP, BOB, SERVER)); // has TCP port 5000
    EXPECT_NE(ExternalOf(nat, TCP, ALICE, SERVER)->port, ALICE.port);
    EXPECT_EQ(ExternalOf(nat, UDP, ALICE, SERVER)->port, ALICE.port) << "UDP's is free";
    EXPECT_EQ(nat.box.MappingCount(), 3U);
}

TEST(Rfc7857, Section5NotSharedWithTheOther)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, TCP, ALICE, SERVER);
    EXPECT_EQ(InboundResult(nat, UDP, SERVER, external, ALICE), "nat.no-mapping");
}

TEST(Rfc7857, Section6FiltersBelongToTheirProtocol)
{
    NatUnderTest nat(Preset("restricted-cone"));
    const Endpoint udp = *ExternalOf(nat, UDP, ALICE, SERVER);
    const Endpoint tcp = *ExternalOf(nat, TCP, ALICE, STRANGER);
    ASSERT_EQ(udp, tcp) << "the same numbers";
    EXPECT_FALSE(Enters(nat, UDP, STRANGER, udp)) << "TCP's permission is not UDP's";
    EXPECT_FALSE(Enters(nat, TCP, SERVER, tcp));
}

TEST(Rfc7857, Section6NotClosedToTheirOwn)
{
    NatUnderTest nat(Preset("restricted-cone"));
    const Endpoint udp = *ExternalOf(nat, UDP, ALICE, SERVER);
    const Endpoint tcp = *ExternalOf(nat, TCP, ALICE, STRANGER);
    EXPECT_TRUE(Enters(nat, UDP, SERVER, udp));
    EXPECT_TRUE(Enters(nat, TCP, STRANGER, tcp));
}

TEST(Rfc7857, Section7RefusedPacketsRefreshNothing)
{
    NatSettings settings = Preset("full-cone");
    settings.udp.refresh = NatRefresh::Both;
    settings.allowedDestinations = {SERVER.address}; // the policy: only what answers gets in
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    for (int i = 0; i < 4; ++i)
    {
        Wait(nat, minutes(1));
        EXPECT_FALSE(Enters(nat, UDP, STRANGER, external));
    }
    Wait(nat, minutes(1));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(Rfc7857, Section7NotThoseThatGetIn)
{
    NatSettings settings = Preset("full-cone");
    settings.udp.refresh = NatRefresh::Both;
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    for (int i = 0; i < 20; ++i)
    {
        Wait(nat, minutes(4));
        EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
    }
}

TEST(Rfc7857, Section7Clause1ErrorsFromInsideRefreshNothing)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(4));
    Packet datagram = Udp(SERVER, external);
    ASSERT_EQ(nat.Send(OUT, datagram).action, Action::Forward);
    EXPECT_TRUE(Passes(nat, IN, BuildIcmpError(ALICE.address, SERVER.address, 3, 3, 0, datagram)));
    Wait(nat, minutes(1));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(Rfc7857, Section7Clause1ResetsFromInsideRefreshNothing)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = Establish(nat);
    EXPECT_TRUE(Passes(nat, OUT, Tcp(SERVER, external, TCP_ACK, {1})));
    EXPECT_TRUE(Passes(nat, IN, Tcp(ALICE, SERVER, TCP_RST)));
    for (int i = 0; i < 4; ++i) // each answered, none keeps the connection
    {
        Wait(nat, minutes(1));
        Passes(nat, IN, Tcp(ALICE, SERVER, TCP_RST));
    }
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(Rfc7857, Section7Clause1NotOrdinaryPackets)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(4));
    EXPECT_TRUE(Passes(nat, IN, Udp(ALICE, SERVER)));
    Wait(nat, minutes(4));
    EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
}

TEST(Rfc7857, Section8ParityIsOffUnlessAskedFor)
{
    NatUnderTest off(TestSettings());
    ASSERT_TRUE(ExternalOf(off, UDP, BOB, SERVER));
    EXPECT_EQ(ExternalOf(off, UDP, ALICE, SERVER)->port, ALICE.port + 1);
}

TEST(Rfc7857, Section8NotWhenItIs)
{
    NatSettings settings = TestSettings();
    settings.udp.parity = true;
    NatUnderTest on(settings);
    ASSERT_TRUE(ExternalOf(on, UDP, BOB, SERVER));
    EXPECT_EQ(ExternalOf(on, UDP, ALICE, SERVER)->port % 2, ALICE.port % 2);
}

TEST(Rfc7857, Section9RandomPortsDependOnTheSeed)
{
    NatSettings settings = TestSettings();
    settings.SetAssignment(NatPortAssignment::Random);
    NatUnderTest first(settings, 1);
    NatUnderTest second(settings, 2);
    int same = 0;
    for (uint16_t port = 1; port <= 50; ++port)
    {
        same += ExternalOf(first, UDP, {ALICE.address, port}, SERVER) ==
                        ExternalOf(second, UDP, {ALICE.address, port}, SERVER)
                    ? 1
                    : 0;
    }
    EXPECT_LT(same, 5);
}

TEST(Rfc7857, Section9NotPreservedOnes)
{
    NatUnderTest nat(TestSettings());
    EXPECT_EQ(ExternalOf(nat, UDP, ALICE, SERVER)->port, ALICE.port);
}

/// The first fragment of a datagram with identification 7, as it left.
PacketView
SentFragment(NatUnderTest& nat, Endpoint internal)
{
    IpFields ip;
    ip.identification = 7;
    Packet first = FragmentPacket(BuildUdp(internal, SERVER, Packet(200, 1), ip), 100).front();
    EXPECT_EQ(nat.Send(IN, first).action, Action::Forward);
    EXPECT_TRUE(ChecksumsAreRight(first));
    return View(first);
}

TEST(Rfc7857, Section10FragmentsOfTwoHostsHaveTheirOwnIdentifications)
{
    NatUnderTest nat(TestSettings());
    const PacketView alices = SentFragment(nat, ALICE);
    const PacketView bobs = SentFragment(nat, BOB);
    EXPECT_EQ(alices.Source(), bobs.Source());
    EXPECT_NE(alices.Identification(), bobs.Identification());
}

TEST(Rfc7857, Section10NotChangedWhereNothingCollides)
{
    NatUnderTest nat(TestSettings());
    EXPECT_EQ(SentFragment(nat, ALICE).Identification(), 7);
}

TEST(Rfc7857, Section11QueryMappingEndsWithItsLastSession)
{
    NatUnderTest nat(TestSettings());
    ASSERT_TRUE(ExternalOf(nat, Protocol::Icmp, ALICE, SERVER));
    Wait(nat, seconds(30));
    ASSERT_TRUE(ExternalOf(nat, Protocol::Icmp, ALICE, STRANGER));
    Wait(nat, seconds(60));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(Rfc7857, Section11NotBefore)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, Protocol::Icmp, ALICE, SERVER);
    Wait(nat, seconds(30));
    ASSERT_TRUE(ExternalOf(nat, Protocol::Icmp, ALICE, STRANGER));
    Wait(nat, seconds(59));
    EXPECT_FALSE(Enters(nat, Protocol::Icmp, SERVER, external)) << "this session has ended";
    EXPECT_TRUE(Enters(nat, Protocol::Icmp, STRANGER, external));
}

} // namespace
} // namespace isb::test
