// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 6888: a NAT of a carrier.
#include "tests/core/nat/conformance/conformance-harness.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace isb::test
{
namespace
{

constexpr Protocol UDP = Protocol::Udp;

NatSettings
Carrier()
{
    NatSettings settings = TestSettings();
    EXPECT_TRUE(ApplyNatPreset("cgn", settings));
    return settings;
}

/// How many mappings a host gets, each for a port of its own.
size_t
MappingsOf(NatUnderTest& nat, Ipv4 host, size_t wanted, uint16_t firstPort = 2000)
{
    size_t count = 0;
    for (size_t i = 0; i < wanted; ++i)
    {
        const Endpoint internal{host, static_cast<uint16_t>(firstPort + i)};
        count += ExternalOf(nat, UDP, internal, SERVER) ? 1 : 0;
    }
    static_cast<void>(nat.box.TakeEmitted());
    return count;
}

TEST(Rfc6888, Req1EachProtocolIsTreatedByItsRfc)
{
    NatUnderTest nat(Carrier());
    for (const Protocol protocol : EVERY_PROTOCOL)
    {
        const Endpoint external = *ExternalOf(nat, protocol, ALICE, SERVER);
        EXPECT_EQ(ExternalOf(nat, protocol, ALICE, STRANGER), external) << ToString(protocol);
    }
    const NatTimers timers = nat.box.Settings().timers;
    EXPECT_GE(timers.udp, minutes(2));
    EXPECT_GE(timers.tcpEstablished, minutes(124));
    EXPECT_GE(timers.tcpTransitory, minutes(4));
    EXPECT_GE(timers.icmp, seconds(60));
    EXPECT_EQ(nat.box.Settings().hairpin, NatHairpin::ExternalSource);
}

TEST(Rfc6888, Req1NotProtocolsThatItDoesNotKnow)
{
    NatUnderTest nat(Carrier());
    Packet packet = Udp(ALICE, SERVER);
    packet[9] = 47; // GRE
    EXPECT_EQ(nat.Send(IN, packet).reason, "nat.protocol-not-translated");
}

/// External addresses of forty mappings of a host.
std::set<uint32_t>
AddressesOf(NatUnderTest& nat, Ipv4 host)
{
    std::set<uint32_t> addresses;
    for (uint16_t i = 0; i < 40; ++i)
    {
        const Endpoint internal{host, static_cast<uint16_t>(3000 + i)};
        addresses.insert(ExternalOf(nat, EVERY_PROTOCOL[i % 3], internal, SERVER)->address.value);
    }
    return addresses;
}

TEST(Rfc6888, Req2PairedIsTheDefault)
{
    NatSettings settings = Carrier();
    settings.furtherExternals = {SECOND_EXTERNAL, THIRD_EXTERNAL};
    NatUnderTest nat(settings);
    EXPECT_EQ(AddressesOf(nat, ALICE.address).size(), 1U);
    EXPECT_EQ(AddressesOf(nat, BOB.address).size(), 1U);
}

TEST(Rfc6888, Req2NotWhenTheAdministratorChangesIt)
{
    NatUnderTest nat(WithThreeAddresses(NatPooling::Arbitrary));
    EXPECT_EQ(AddressesOf(nat, ALICE.address).size(), 3U);
}

TEST(Rfc6888, Req3AddressesMayLieApartAndBeMany)
{
    NatSettings settings = TestSettings();
    for (uint32_t i = 0; i < 300; ++i)
    {
        settings.furtherExternals.push_back(Ipv4{0xcb007200 + i * 7});
    }
    settings.firstPort = settings.lastPort = 5000;
    ASSERT_FALSE(FindContradiction(settings));
    NatUnderTest nat(settings);
    std::set<uint32_t> used;
    for (uint32_t host = 2; host < 252; ++host)
    {
        const auto external = ExternalOf(nat, UDP, {Ipv4{0x0a000000 + host}, 5000}, SERVER);
        ASSERT_TRUE(external) << host;
        EXPECT_TRUE(used.insert(external->address.value).second);
    }
}

TEST(Rfc6888, Req3NotTheSameAddressTwice)
{
    NatSettings settings = TestSettings();
    settings.furtherExternals = {SECOND_EXTERNAL, SECOND_EXTERNAL};
    EXPECT_TRUE(FindContradiction(settings));
}

TEST(Rfc6888, Req4PortsOfASubscriberAreLimited)
{
    NatSettings settings = TestSettings();
    settings.limits.mappingsPerSubscriber = 10;
    NatUnderTest nat(settings);
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 50), 10U);
    EXPECT_EQ(MappingsOf(nat, BOB.address, 50), 10U) << "each has its own limit";
}

TEST(Rfc6888, Req4NotThoseThatItHasAlready)
{
    NatSettings settings = TestSettings();
    settings.limits.mappingsPerSubscriber = 10;
    NatUnderTest nat(settings);
    MappingsOf(nat, ALICE.address, 50);
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 10), 10U) << "they are used, not made";
    EXPECT_TRUE(ExternalOf(nat, UDP, {ALICE.address, 2000}, STRANGER));
}

TEST(Rfc6888, Req4aTheLimitIsConfigurable)
{
    for (const size_t limit : {size_t{1}, size_t{17}})
    {
        NatSettings settings = TestSettings();
        settings.limits.mappingsPerSubscriber = limit;
        NatUnderTest nat(settings);
        EXPECT_EQ(MappingsOf(nat, ALICE.address, 50), limit);
    }
}

TEST(Rfc6888, Req4aNotLimitedByDefault)
{
    NatUnderTest nat(TestSettings());
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 2000), 2000U);
}

TEST(Rfc6888, Req4cTheRateOfNewMappingsIsLimited)
{
    NatSettings settings = TestSettings();
    settings.limits.newMappingsPerSecond = 20;
    NatUnderTest nat(settings);
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 100), 20U) << "the burst of one second";
    Wait(nat, milliseconds(500));
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 100, 3000), 10U);
    EXPECT_EQ(MappingsOf(nat, BOB.address, 100), 20U);
}

TEST(Rfc6888, Req4cNotTheUseOfMappings)
{
    NatSettings settings = TestSettings();
    settings.limits.newMappingsPerSecond = 1;
    NatUnderTest nat(settings);
    for (int i = 0; i < 100; ++i)
    {
        EXPECT_TRUE(ExternalOf(nat, UDP, ALICE, SERVER));
    }
}

TEST(Rfc6888, Req5StateOfASubscriberIsLimited)
{
    NatSettings settings = TestSettings();
    settings.limits.sessionsPerSubscriber = 30;
    NatUnderTest nat(settings);
    size_t passed = 0;
    for (uint32_t i = 0; i < 100; ++i)
    {
        const Endpoint internal{ALICE.address, static_cast<uint16_t>(5000 + i % 5)};
        const Endpoint remote{Ipv4{SERVER.address.value + i}, 80};
        passed += ExternalOf(nat, UDP, internal, remote) ? 1 : 0;
    }
    EXPECT_EQ(passed, 30U);
    EXPECT_TRUE(ExternalOf(nat, UDP, BOB, SERVER));
}

TEST(Rfc6888, Req5NotAnothersState)
{
    NatSettings settings = TestSettings();
    settings.limits.destinationsPerMapping = 8;
    NatUnderTest nat(settings);
    const Endpoint bob = *ExternalOf(nat, UDP, BOB, SERVER);
    for (uint32_t i = 0; i < 100; ++i)
    {
        ExternalOf(nat, UDP, ALICE, {Ipv4{SERVER.address.value + i}, 80});
    }
    for (const NatMappingInfo& mapping : nat.box.Mappings())
    {
        EXPECT_LE(mapping.sessions, 8U);
    }
    EXPECT_EQ(InboundResult(nat, UDP, SERVER, bob, BOB), "");
}

TEST(Rfc6888, Req5aLimitsOfStateAreConfigurable)
{
    for (const size_t limit : {size_t{2}, size_t{20}})
    {
        NatSettings settings = TestSettings();
        settings.limits.destinationsPerMapping = limit;
        NatUnderTest nat(settings);
        for (uint32_t i = 0; i < 50; ++i)
        {
            ExternalOf(nat, UDP, ALICE, {Ipv4{SERVER.address.value + i}, 80});
        }
        EXPECT_EQ(nat.box.Mappings().front().sessions, limit);
    }
}

TEST(Rfc6888, Req5aNotZero)
{
    NatSettings settings = TestSettings();
    settings.limits.destinationsPerMapping = 0;
    EXPECT_TRUE(FindContradiction(settings));
}

TEST(Rfc6888, Req6TranslationCanBeSwitchedOffForDestinations)
{
    NatSettings settings = TestSettings();
    settings.untranslated = {Subnet{SERVER.address, 32}};
    NatUnderTest nat(settings);
    Packet packet = Udp(ALICE, SERVER);
    EXPECT_EQ(nat.Send(IN, packet).action, Action::NotForUs);
    EXPECT_EQ(packet, Udp(ALICE, SERVER));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
    Packet answer = Udp(SERVER, ALICE);
    EXPECT_EQ(nat.Send(OUT, answer).action, Action::NotForUs);
}

TEST(Rfc6888, Req6NotForOthers)
{
    NatSettings settings = TestSettings();
    settings.untranslated = {Subnet{SERVER.address, 32}};
    NatUnderTest nat(settings);
    EXPECT_TRUE(ExternalOf(nat, UDP, ALICE, STRANGER));
    Packet direct = Udp(STRANGER, ALICE);
    EXPECT_EQ(nat.Send(OUT, direct).action, Action::Drop);
}

TEST(Rfc6888, Req7StrangersGetIn)
{
    NatUnderTest nat(Carrier());
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        const Endpoint external = *ExternalOf(nat, protocol, ALICE, SERVER);
        EXPECT_TRUE(Enters(nat, protocol, STRANGER, external));
    }
}

TEST(Rfc6888, Req7NotWhereThereIsNoMapping)
{
    NatUnderTest nat(Carrier());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    const Endpoint next{external.address, static_cast<uint16_t>(external.port ^ 1)};
    EXPECT_FALSE(Enters(nat, UDP, SERVER, next));
}

/// One port, ALICE had it and left; how long until BOB gets it.
Duration
RestOfAPort(Duration portHold)
{
    NatSettings settings = TestSettings();
    settings.firstPort = settings.lastPort = 5000;
    settings.timers.portHold = portHold;
    NatUnderTest nat(settings);
    EXPECT_TRUE(ExternalOf(nat, UDP, ALICE, SERVER));
    Wait(nat, settings.timers.udp);
    const TimePoint released = nat.now;
    while (!ExternalOf(nat, UDP, BOB, SERVER) && nat.now - released < minutes(10))
    {
        static_cast<void>(nat.box.TakeEmitted());
        Wait(nat, seconds(1));
    }
    return nat.now - released;
}

TEST(Rfc6888, Req8AReleasedPortRests)
{
    EXPECT_EQ(RestOfAPort(seconds(120)), seconds(120));
    EXPECT_EQ(RestOfAPort(seconds(30)), seconds(30)) << "for a time that is set";
    EXPECT_EQ(Carrier().timers.portHold, seconds(120));
}

/// ALICE had the first of two ports and left.
struct Left
{
    Left()
        : nat(Settings())
    {
        EXPECT_EQ(ExternalOf(nat, UDP, ALICE, SERVER)->port, 5000);
        Wait(nat, nat.box.Settings().timers.udp);
    }

    static NatSettings
    Settings()
    {
        NatSettings settings = TestSettings();
        settings.firstPort = 5000;
        settings.lastPort = 5001;
        settings.timers.portHold = seconds(120);
        return settings;
    }

    NatUnderTest nat;
};

TEST(Rfc6888, Req8NotOtherPorts)
{
    Left left;
    EXPECT_EQ(ExternalOf(left.nat, UDP, BOB, SERVER)->port, 5001);
}

TEST(Rfc6888, Req8NotForItsLastOwner)
{
    Left left;
    EXPECT_EQ(ExternalOf(left.nat, UDP, ALICE, SERVER)->port, 5000);
}

TEST(Rfc6888, Req8cUsedAgainAtOnceWhenNoneRest)
{
    EXPECT_EQ(RestOfAPort(seconds(0)), seconds(0));
}

TEST(Rfc6888, Req8cNotInTheCarriersPreset)
{
    EXPECT_GT(RestOfAPort(Carrier().timers.portHold), seconds(0));
}

NatSettings
WithTwoMappings()
{
    NatSettings settings = TestSettings();
    settings.limits.mappings = 2;
    return settings;
}

TEST(Rfc6888, Req11ThePacketIsNotForwardedAndNothingElseEnds)
{
    NatUnderTest nat(WithTwoMappings());
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 5), 2U);
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 2), 2U);
}

TEST(Rfc6888, Req11NotWhileThereIsRoom)
{
    NatUnderTest nat(WithTwoMappings());
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 2), 2U);
    EXPECT_EQ(nat.box.Counters().drops[static_cast<size_t>(NatDrop::TableFull)], 0U);
}

TEST(Rfc6888, Req11aItIsDroppedUnchanged)
{
    NatUnderTest nat(WithTwoMappings());
    MappingsOf(nat, ALICE.address, 2);
    Packet packet = Udp(BOB, SERVER);
    EXPECT_EQ(nat.Send(IN, packet).reason, "nat.table-full");
    EXPECT_EQ(packet, Udp(BOB, SERVER));
}

TEST(Rfc6888, Req11aNotAfterAMappingHasEnded)
{
    NatUnderTest nat(WithTwoMappings());
    MappingsOf(nat, ALICE.address, 2);
    Wait(nat, minutes(5));
    EXPECT_TRUE(Passes(nat, IN, Udp(BOB, SERVER)));
}

TEST(Rfc6888, Req11bTheSenderIsTold)
{
    NatSettings settings = TestSettings();
    settings.limits.mappingsPerSubscriber = 1;
    NatUnderTest nat(settings);
    ASSERT_TRUE(ExternalOf(nat, UDP, ALICE, SERVER));
    EXPECT_FALSE(Passes(nat, IN, Udp({ALICE.address, 6000}, SERVER)));
    const auto answer = Emitted(nat);
    ASSERT_TRUE(answer);
    EXPECT_EQ(View(answer->packet).Destination(), ALICE.address);
    EXPECT_EQ(View(answer->packet).IcmpType(), ICMP_UNREACHABLE);
}

TEST(Rfc6888, Req11bNotSomebodyElse)
{
    NatSettings settings = TestSettings();
    settings.limits.mappingsPerSubscriber = 1;
    NatUnderTest nat(settings);
    ASSERT_TRUE(ExternalOf(nat, UDP, ALICE, SERVER));
    EXPECT_TRUE(Passes(nat, IN, Udp(BOB, SERVER)));
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc6888, Req11cAnEventTellsWhy)
{
    NatUnderTest nat(WithTwoMappings());
    MappingsOf(nat, ALICE.address, 3);
    const std::string& last = nat.log.lines.back();
    EXPECT_NE(last.find("packet-dropped"), std::string::npos);
    EXPECT_NE(last.find("nat.table-full"), std::string::npos);
}

TEST(Rfc6888, Req11cNotForPacketsThatPass)
{
    NatUnderTest nat(WithTwoMappings());
    MappingsOf(nat, ALICE.address, 2);
    for (const std::string& line : nat.log.lines)
    {
        EXPECT_EQ(line.find("packet-dropped"), std::string::npos) << line;
    }
}

TEST(Rfc6888, Req11dNoMappingEndsToMakeRoom)
{
    NatUnderTest nat(WithTwoMappings());
    const Endpoint first = *ExternalOf(nat, UDP, ALICE, SERVER);
    MappingsOf(nat, BOB.address, 50);
    EXPECT_TRUE(Enters(nat, UDP, SERVER, first));
    EXPECT_EQ(nat.box.Counters().mappingsExpired, 0U);
}

TEST(Rfc6888, Req11dNotWhenEvictionIsAskedFor)
{
    NatSettings settings = WithTwoMappings();
    settings.eviction = NatEviction::OldestIdle;
    NatUnderTest nat(settings);
    const Endpoint first = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, seconds(1));
    EXPECT_EQ(MappingsOf(nat, BOB.address, 50), 50U);
    EXPECT_FALSE(Enters(nat, UDP, SERVER, first));
    EXPECT_EQ(nat.box.MappingCount(), 2U);
}

TEST(Rfc6888, Req13EveryPortIsUsed)
{
    for (const NatPortAssignment assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        NatSettings settings = TestSettings();
        settings.SetAssignment(assignment);
        settings.firstPort = 4000;
        settings.lastPort = 4999;
        NatUnderTest nat(settings);
        EXPECT_EQ(MappingsOf(nat, ALICE.address, 1000), 1000U) << ToString(assignment);
    }
}

TEST(Rfc6888, Req13NotOneMore)
{
    NatSettings settings = TestSettings();
    settings.firstPort = 4000;
    settings.lastPort = 4999;
    NatUnderTest nat(settings);
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 1100), 1000U);
}

size_t
Count(const NatUnderTest& nat, const std::string& event)
{
    return static_cast<size_t>(std::count_if(nat.log.lines.begin(),
                                             nat.log.lines.end(),
                                             [&](const std::string& line)
                                             { return line.find(event) != std::string::npos; }));
}

NatSettings
WithBlocks()
{
    NatSettings settings = TestSettings();
    settings.blocks.size = 64;
    settings.blocks.mostEach = 4;
    return settings;
}

TEST(Rfc6888, Req14OneEventABlock)
{
    NatUnderTest nat(WithBlocks());
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 128), 128U);
    EXPECT_EQ(Count(nat, "port-block-assigned"), 2U);
    std::set<int> blocks;
    for (const NatMappingInfo& mapping : nat.box.Mappings())
    {
        blocks.insert((mapping.external.port - nat.box.Settings().firstPort) / 64);
    }
    EXPECT_EQ(blocks.size(), 2U) << "the events name every port that was used";
}

TEST(Rfc6888, Req14NotMoreBlocksThanAllowed)
{
    NatUnderTest nat(WithBlocks());
    EXPECT_EQ(MappingsOf(nat, ALICE.address, 300), 256U);
    EXPECT_EQ(Count(nat, "port-block-assigned"), 4U);
    EXPECT_EQ(MappingsOf(nat, BOB.address, 64), 64U);
}

/// The steps between the external ports of thirty mappings.
std::set<int>
StepsOf(NatPortAssignment assignment)
{
    NatSettings settings = TestSettings();
    settings.SetAssignment(assignment);
    NatUnderTest nat(settings);
    std::set<int> steps;
    std::optional<Endpoint> last;
    for (uint16_t i = 0; i < 30; ++i)
    {
        const Endpoint internal{ALICE.address, static_cast<uint16_t>(2000 + i * 3)};
        const auto external = ExternalOf(nat, UDP, internal, SERVER);
        EXPECT_TRUE(external);
        if (last)
        {
            steps.insert(external->port - last->port);
        }
        last = external;
    }
    return steps;
}

TEST(Rfc6888, Req15TheNextPortIsHardToGuess)
{
    EXPECT_GT(StepsOf(NatPortAssignment::Random).size(), 25U);
}

TEST(Rfc6888, Req15NotWhenPortsFollowOneAnother)
{
    EXPECT_EQ(StepsOf(NatPortAssignment::Sequential).size(), 1U);
}

} // namespace
} // namespace isb::test
