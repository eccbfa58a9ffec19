// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-forwards.h"

#include "model/core/nat/nat-tag-index.h"
#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr Endpoint WEB{EXTERNAL, 80}; ///< outside the pool
constexpr Endpoint ALICE_WEB{ALICE.address, 8080};
constexpr Endpoint BOB_WEB{BOB.address, 8080};

NatSettings
Forwarding(Protocol protocol, std::vector<Endpoint> internal, uint16_t port = WEB.port)
{
    NatSettings settings = Preset("symmetric");
    settings.forwards = {{protocol, {{}, port}, std::move(internal)}};
    return settings;
}

Endpoint
CalledBy(NatUnderTest& nat, Protocol protocol, Endpoint client, Endpoint external = WEB)
{
    Packet packet = Opening(protocol, NatSide::Outside, client, external);
    EXPECT_EQ(nat.Send(NatSide::Outside, packet).action, Action::Forward);
    return DestinationOf(packet);
}

TEST(NatForwards, TurnsGoRoundPerEndpoint)
{
    NatForwards forwards;
    EXPECT_TRUE(forwards.IsEmpty());
    forwards.Add(Protocol::Tcp, WEB, 7);
    forwards.Add(Protocol::Tcp, WEB, 8);
    forwards.Add(Protocol::Udp, WEB, 9);
    EXPECT_EQ(forwards.Next(Protocol::Tcp, WEB), 7U);
    forwards.Advance(Protocol::Tcp, WEB);
    EXPECT_EQ(forwards.Next(Protocol::Tcp, WEB), 8U);
    EXPECT_EQ(forwards.Next(Protocol::Udp, WEB), 9U);
    forwards.Advance(Protocol::Tcp, WEB);
    EXPECT_EQ(forwards.Next(Protocol::Tcp, WEB), 7U);
    EXPECT_FALSE(forwards.Has(Protocol::Icmp, WEB));
    forwards.Clear();
    EXPECT_TRUE(forwards.IsEmpty());
    EXPECT_EQ(forwards.Next(Protocol::Tcp, WEB), NAT_NO_SLOT);
}

TEST(NatForwards, AStrangerReachesTheInternalServerAndIsAnsweredFromTheExternalEndpoint)
{
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp})
    {
        NatUnderTest nat(Forwarding(protocol, {ALICE_WEB}));
        EXPECT_EQ(CalledBy(nat, protocol, STRANGER), ALICE_WEB);
        Packet answer = protocol == Protocol::Tcp ? Tcp(ALICE_WEB, STRANGER, TCP_SYN | TCP_ACK)
                                                  : Udp(ALICE_WEB, STRANGER);
        ASSERT_EQ(nat.Send(NatSide::Inside, answer).action, Action::Forward);
        EXPECT_EQ(SourceOf(answer), WEB);
        EXPECT_EQ(nat.box.MappingCount(), 0U) << "a forward is no state that packets made";
    }
}

TEST(NatForwards, OfOneProtocolOrPortDoesNotServeAnother)
{
    NatUnderTest nat(Forwarding(Protocol::Tcp, {ALICE_WEB}));
    Packet udp = Udp(STRANGER, WEB);
    EXPECT_NE(nat.Send(NatSide::Outside, udp).action, Action::Forward);
    Packet other = Tcp(STRANGER, {EXTERNAL, 81}, TCP_SYN);
    EXPECT_NE(nat.Send(NatSide::Outside, other).action, Action::Forward);
}

TEST(NatForwards, NewFlowsGoToTheInternalServersInTurnAndStayThere)
{
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp})
    {
        NatUnderTest nat(Forwarding(protocol, {ALICE_WEB, BOB_WEB}));
        const Endpoint again{STRANGER.address, 4000};
        EXPECT_EQ(CalledBy(nat, protocol, STRANGER), ALICE_WEB);
        EXPECT_EQ(CalledBy(nat, protocol, SERVER), BOB_WEB);
        EXPECT_EQ(CalledBy(nat, protocol, again), ALICE_WEB);
        EXPECT_EQ(CalledBy(nat, protocol, STRANGER), ALICE_WEB)
            << "a known flow changed its server";
        EXPECT_EQ(CalledBy(nat, protocol, SERVER), BOB_WEB);
    }
}

TEST(NatForwards, AServerThatIsFullDoesNotBlockTheOthers)
{
    NatSettings settings = Forwarding(Protocol::Udp, {ALICE_WEB, BOB_WEB});
    settings.limits.destinationsPerMapping = 2;
    NatUnderTest nat(settings);
    for (const uint16_t port : {uint16_t{1}, uint16_t{2}}) // Alice calls, so that she is full
    {
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE_WEB, {SERVER.address, port}));
    }
    Packet first = Udp(STRANGER, WEB);
    EXPECT_EQ(nat.Send(NatSide::Outside, first).reason, "nat.destination-limit");
    EXPECT_EQ(CalledBy(nat, Protocol::Udp, STRANGER), BOB_WEB);
}

TEST(NatForwards, AClientThatOnlySendsStaysWithItsServer)
{
    NatSettings settings = Forwarding(Protocol::Udp, {ALICE_WEB, BOB_WEB});
    settings.udp.refresh = NatRefresh::Outbound;
    NatUnderTest nat(settings);
    for (int i = 0; i < 10; ++i)
    {
        EXPECT_EQ(CalledBy(nat, Protocol::Udp, STRANGER), ALICE_WEB);
        nat.now += minutes(4);
    }
    nat.now += minutes(5);
    EXPECT_EQ(CalledBy(nat, Protocol::Udp, STRANGER), BOB_WEB) << "after a pause it is new";
}

TEST(NatForwards, OfAFirewallAdmitOnlyAllowedAddresses)
{
    NatSettings settings = Forwarding(Protocol::Udp, {ALICE_WEB});
    settings.allowedDestinations = {SERVER.address};
    NatUnderTest nat(settings);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, WEB, ALICE_WEB), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, WEB, ALICE_WEB), "nat.filtered");
}

TEST(NatForwards, DoNotTimeOutButTheirSessionsDo)
{
    NatUnderTest nat(Forwarding(Protocol::Udp, {ALICE_WEB}));
    EXPECT_EQ(CalledBy(nat, Protocol::Udp, STRANGER), ALICE_WEB);
    ASSERT_EQ(nat.box.Mappings().size(), 1U);
    EXPECT_EQ(nat.box.Mappings()[0].sessions, 1U);
    EXPECT_EQ(nat.box.Mappings()[0].expiry, TIME_NEVER);
    nat.now = minutes(5);
    nat.box.Timeout(nat.now);
    ASSERT_EQ(nat.box.Mappings().size(), 1U);
    EXPECT_EQ(nat.box.Mappings()[0].sessions, 0U);
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
    EXPECT_EQ(CalledBy(nat, Protocol::Udp, STRANGER), ALICE_WEB);
}

TEST(NatForwards, AServerThatCallsOutLeavesByItsForward)
{
    NatUnderTest nat(Forwarding(Protocol::Udp, {ALICE_WEB}));
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE_WEB, SERVER), WEB);
    EXPECT_NE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->port, WEB.port) << "another socket";
}

TEST(NatForwards, APortOfThePoolIsNobodyElses)
{
    NatUnderTest nat(Forwarding(Protocol::Udp, {BOB_WEB}, ALICE.port));
    EXPECT_NE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->port, ALICE.port);
    EXPECT_EQ(CalledBy(nat, Protocol::Udp, STRANGER, {EXTERNAL, ALICE.port}), BOB_WEB);
    EXPECT_EQ(ExternalOf(nat, Protocol::Tcp, ALICE, SERVER)->port, ALICE.port)
        << "another protocol's ports are others";
}

TEST(NatForwards, SurviveARebootAtTheNewAddress)
{
    NatUnderTest nat(Forwarding(Protocol::Tcp, {ALICE_WEB}));
    const Ipv4 moved{EXTERNAL.value + 1};
    nat.box.Reboot(nat.now, moved);
    EXPECT_EQ(CalledBy(nat, Protocol::Tcp, STRANGER, {moved, WEB.port}), ALICE_WEB);
}

TEST(NatForwards, InsidersReachThemByTheExternalEndpoint)
{
    NatUnderTest nat(Forwarding(Protocol::Udp, {ALICE_WEB}));
    Packet packet = Udp(BOB, WEB);
    ASSERT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Hairpin);
    EXPECT_EQ(DestinationOf(packet), ALICE_WEB);
}

} // namespace
} // namespace isb::test
