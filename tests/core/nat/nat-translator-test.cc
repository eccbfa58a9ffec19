// SPDX-License-Identifier: GPL-2.0-or-later
// Several external addresses, shared ports and forwards, seen through the box.
#include "model/core/nat/nat-translator.h"

#include "tests/core/nat/nat-harness.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace isb::test
{
namespace
{

constexpr NatSide IN = NatSide::Inside;
constexpr NatSide OUT = NatSide::Outside;
constexpr Ipv4 SECOND{0xcb007102};
constexpr Ipv4 THIRD{0xcb007103};
constexpr uint8_t SYN_ACK = TCP_SYN | TCP_ACK;

NatSettings
WithThreeExternals(NatPooling pooling, std::string_view preset = "full-cone")
{
    NatSettings settings = Preset(preset);
    settings.furtherExternals = {SECOND, THIRD};
    settings.pooling = pooling;
    return settings;
}

TEST(NatExternals, MappingsOfOneHostShareAnAddressOnlyWherePaired) // RFC 4787 REQ-2
{
    for (const NatPooling pooling : {NatPooling::Paired, NatPooling::Arbitrary})
    {
        NatUnderTest nat(WithThreeExternals(pooling));
        std::set<Ipv4> used;
        for (uint16_t port = 5000; port < 5006; ++port)
        {
            const Endpoint internal{ALICE.address, port};
            const Endpoint external = *ExternalOf(nat, Protocol::Udp, internal, SERVER);
            EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, internal), "");
            used.insert(external.address);
        }
        EXPECT_EQ(used.size(), pooling == NatPooling::Paired ? 1U : 3U);
    }
}

/// An insider's endpoint whose mapping has this external address.
Endpoint
InsiderBehind(NatUnderTest& nat, Ipv4 external)
{
    for (uint32_t i = 0; i < 16; ++i)
    {
        const Endpoint internal{Ipv4{ALICE.address.value + i}, 5000};
        if (ExternalOf(nat, Protocol::Udp, internal, SERVER)->address == external)
        {
            return internal;
        }
    }
    ADD_FAILURE() << "nobody";
    return ALICE;
}

TEST(NatExternals, AnyOfThemIsASourceThatNobodyElseMayHave)
{
    NatUnderTest nat(WithThreeExternals(NatPooling::Arbitrary));
    for (const NatSide from : {IN, OUT})
    {
        Packet packet = Udp({THIRD, 5000}, SERVER);
        EXPECT_EQ(nat.Send(from, packet).reason, "nat.own-source");
    }
}

TEST(NatExternals, OnlyTheBoxsOwnAddressHasPortsOfTheBox)
{
    NatUnderTest nat(WithThreeExternals(NatPooling::Arbitrary));
    Packet own = Udp(SERVER, {EXTERNAL, 53});
    EXPECT_EQ(nat.Send(OUT, own).action, Action::NotForUs);
    Packet further = Udp(SERVER, {SECOND, 53});
    EXPECT_EQ(nat.Send(OUT, further).reason, "nat.no-mapping");
    for (const NatSide from : {IN, OUT})
    {
        const Ipv4 source = from == IN ? ALICE.address : SERVER.address;
        Packet ping = BuildEcho(source, EXTERNAL, ICMP_ECHO_REQUEST, 7, 1, Packet{});
        EXPECT_EQ(nat.Send(from, ping).action, Action::NotForUs);
        Packet elsewhere = BuildEcho(source, SECOND, ICMP_ECHO_REQUEST, 7, 1, Packet{});
        EXPECT_EQ(nat.Send(from, elsewhere).reason, "nat.no-mapping");
    }
}

TEST(NatExternals, InsidersMeetByAnyOfThem)
{
    NatUnderTest nat(WithThreeExternals(NatPooling::Arbitrary));
    const Endpoint bob = InsiderBehind(nat, THIRD);
    Packet packet = Udp({Ipv4{0x0a0000c8}, 6000}, {THIRD, 5000});
    EXPECT_EQ(nat.Send(IN, packet).action, Action::Hairpin);
    EXPECT_EQ(DestinationOf(packet), bob);
}

TEST(NatExternals, IcmpErrorsSpeakOfTheMappingsOwn) // RFC 5508 REQ-4, REQ-5
{
    NatUnderTest nat(WithThreeExternals(NatPooling::Arbitrary));
    const Endpoint insider = InsiderBehind(nat, SECOND);
    const Endpoint external{SECOND, insider.port};
    const Packet out = Udp(external, SERVER);
    Packet inbound = BuildIcmpError(SERVER.address, SECOND, ICMP_UNREACHABLE, 3, 0, out);
    ASSERT_EQ(nat.Send(OUT, inbound).action, Action::Forward);
    EXPECT_EQ(DestinationOf(inbound).address, insider.address);
    Packet other = BuildIcmpError(SERVER.address, THIRD, ICMP_UNREACHABLE, 3, 0, out);
    EXPECT_EQ(nat.Send(OUT, other).reason, "nat.icmp-malformed");
    Packet outbound = BuildIcmpError(insider.address,
                                     SERVER.address,
                                     ICMP_UNREACHABLE,
                                     3,
                                     0,
                                     Udp(SERVER, insider));
    ASSERT_EQ(nat.Send(IN, outbound).action, Action::Forward);
    EXPECT_EQ(
        outbound,
        BuildIcmpError(SECOND, SERVER.address, ICMP_UNREACHABLE, 3, 0, Udp(SERVER, external)));
}

TEST(NatOverloading, TwoInsidersShareAPortAndAreToldApartByTheirRemotes) // RFC 4787 section 4.2.1
{
    NatSettings settings = Preset("symmetric");
    settings.SetAssignment(NatPortAssignment::Overloading);
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        NatUnderTest nat(settings);
        const Endpoint external{EXTERNAL, 5000};
        EXPECT_EQ(ExternalOf(nat, protocol, ALICE, SERVER), external);
        EXPECT_EQ(ExternalOf(nat, protocol, BOB, STRANGER), external);
        EXPECT_EQ(InboundResult(nat, protocol, SERVER, external, ALICE), "");
        EXPECT_EQ(InboundResult(nat, protocol, STRANGER, external, BOB), "");
        EXPECT_NE(InboundResult(nat, protocol, SERVER_OTHER_PORT, external, ALICE), "");
    }
}

TEST(NatOverloading, InsidersBehindSharedPortsMeet)
{
    NatSettings settings = Preset("symmetric");
    settings.SetAssignment(NatPortAssignment::Overloading);
    NatUnderTest nat(settings);
    const Endpoint alice{EXTERNAL, 5001};
    const Endpoint bob{EXTERNAL, 5002};
    Packet first = Udp({ALICE.address, 5001}, bob);
    EXPECT_EQ(nat.Send(IN, first).action, Action::Drop) << "bob has not called yet";
    Packet second = Udp({BOB.address, 5002}, alice);
    EXPECT_EQ(nat.Send(IN, second).action, Action::Hairpin);
    Packet third = Udp({ALICE.address, 5001}, bob);
    EXPECT_EQ(nat.Send(IN, third).action, Action::Hairpin);
    EXPECT_EQ(DestinationOf(third), (Endpoint{BOB.address, 5002}));
}

NatSettings
WithForward(Protocol protocol, std::vector<Endpoint> targets)
{
    NatSettings settings = Preset("port-restricted-cone");
    NatForward forward;
    forward.protocol = protocol;
    forward.external = {Ipv4{}, 80}; // outside the pool of ports
    forward.internal = std::move(targets);
    settings.forwards = {forward};
    return settings;
}

TEST(NatForwards, StrangersReachTheTargetAndItsAnswersComeFromTheForward) // thesis 1.1
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        const Endpoint target{ALICE.address, 8080};
        const Endpoint external{EXTERNAL, 80};
        NatUnderTest nat(WithForward(protocol, {target}));
        EXPECT_EQ(InboundResult(nat, protocol, STRANGER, external, target), "");
        Packet answer =
            protocol == Protocol::Udp ? Udp(target, STRANGER) : Tcp(target, STRANGER, SYN_ACK);
        ASSERT_EQ(nat.Send(IN, answer).action, Action::Forward);
        EXPECT_EQ(SourceOf(answer), external);
        EXPECT_TRUE(ChecksumsAreRight(answer));
        const Protocol other = protocol == Protocol::Udp ? Protocol::Tcp : Protocol::Udp;
        Packet packet = Opening(other, OUT, STRANGER, external);
        EXPECT_EQ(nat.Send(OUT, packet).action, Action::NotForUs) << "a port of the box";
    }
}

TEST(NatForwards, NewFlowsGoToTheTargetsInTurnAndStayThere)
{
    const std::vector<Endpoint> targets{{ALICE.address, 80}, {BOB.address, 80}};
    NatUnderTest nat(WithForward(Protocol::Tcp, targets));
    const Endpoint external{EXTERNAL, 80};
    std::vector<Endpoint> reached;
    for (uint16_t port = 1; port <= 6; ++port)
    {
        const Endpoint remote{STRANGER.address, port};
        Packet syn = Tcp(remote, external, TCP_SYN);
        ASSERT_EQ(nat.Send(OUT, syn).action, Action::Forward);
        reached.push_back(DestinationOf(syn));
        Packet repeated = Tcp(remote, external, TCP_SYN);
        ASSERT_EQ(nat.Send(OUT, repeated).action, Action::Forward);
        EXPECT_EQ(DestinationOf(repeated), reached.back());
    }
    for (const Endpoint target : targets)
    {
        EXPECT_EQ(std::count(reached.begin(), reached.end(), target), 3);
    }
    for (size_t i = 1; i < reached.size(); ++i)
    {
        EXPECT_NE(reached[i], reached[i - 1]);
    }
}

TEST(NatForwards, OutliveFaultsThatEndMappings)
{
    const Endpoint target{ALICE.address, 8080};
    const Endpoint external{EXTERNAL, 80};
    NatSettings settings = WithForward(Protocol::Tcp, {target});
    settings.faults.killOnReset = true;
    NatUnderTest nat(settings);
    Packet syn = Tcp(STRANGER, external, TCP_SYN);
    ASSERT_EQ(nat.Send(OUT, syn).action, Action::Forward);
    Packet reset = Tcp(target, STRANGER, TCP_RST);
    ASSERT_EQ(nat.Send(IN, reset).action, Action::Forward);
    Packet late = Tcp(STRANGER, external, TCP_ACK);
    EXPECT_EQ(nat.Send(OUT, late).reason, "nat.no-connection");
    nat.box.Reboot(nat.now, EXTERNAL);
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, STRANGER, external, target), "");
}

TEST(NatForwards, InsidersReachThemToo)
{
    const Endpoint target{ALICE.address, 8080};
    NatUnderTest nat(WithForward(Protocol::Tcp, {target}));
    Packet syn = Tcp(BOB, {EXTERNAL, 80}, TCP_SYN);
    ASSERT_EQ(nat.Send(IN, syn).action, Action::Hairpin);
    EXPECT_EQ(DestinationOf(syn), target);
    Packet answer = Tcp(target, SourceOf(syn), SYN_ACK);
    ASSERT_EQ(nat.Send(IN, answer).action, Action::Hairpin);
    EXPECT_EQ(answer, Tcp({EXTERNAL, 80}, BOB, SYN_ACK));
}

} // namespace
} // namespace isb::test
