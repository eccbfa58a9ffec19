// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-mapping-table.h"

#include "tests/core/nat/nat-harness.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

namespace isb::test
{
namespace
{

NatSettings
Overloading(NatBehaviour mapping = NatBehaviour::AddressAndPortDependent)
{
    NatAxes axes{mapping, NatBehaviour::AddressAndPortDependent};
    axes.assignment = NatPortAssignment::Overloading;
    return TestSettings(axes);
}

bool
HasEvent(const NatUnderTest& nat, const std::string& kind)
{
    return std::any_of(nat.log.lines.begin(),
                       nat.log.lines.end(),
                       [&kind](const std::string& line)
                       { return line.find("\"" + kind + "\"") != std::string::npos; });
}

TEST(NatOverloading, TwoHostsShareAPortTowardsDifferentRemotes)
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp, Protocol::Icmp})
    {
        NatUnderTest nat(Overloading());
        const Endpoint shared{EXTERNAL, ALICE.port};
        ASSERT_EQ(ALICE.port, BOB.port);
        EXPECT_EQ(ExternalOf(nat, protocol, ALICE, SERVER), shared);
        EXPECT_EQ(ExternalOf(nat, protocol, BOB, STRANGER), shared);
        EXPECT_EQ(InboundResult(nat, protocol, SERVER, shared, ALICE), "");
        EXPECT_EQ(InboundResult(nat, protocol, STRANGER, shared, BOB), "");
        const Endpoint nobody{Ipv4{STRANGER.address.value + 1}, 80};
        EXPECT_EQ(InboundResult(nat, protocol, nobody, shared, ALICE), "nat.no-mapping");
    }
}

TEST(NatOverloading, TowardsTheSameRemoteTheSecondHostGetsAnotherPort)
{
    for (const NatBehaviour mapping :
         {NatBehaviour::AddressDependent, NatBehaviour::AddressAndPortDependent})
    {
        NatUnderTest nat(Overloading(mapping));
        const auto alice = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
        const auto bob = ExternalOf(nat, Protocol::Udp, BOB, SERVER);
        ASSERT_TRUE(alice && bob);
        EXPECT_EQ(alice->port, ALICE.port);
        EXPECT_NE(bob->port, ALICE.port);
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *alice, ALICE), "");
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *bob, BOB), "");
    }
}

TEST(NatOverloading, OnePortCarriesMoreFlowsThanThereArePorts)
{
    NatSettings settings = Overloading();
    settings.firstPort = settings.lastPort = 4000;
    NatUnderTest nat(settings);
    for (uint16_t i = 0; i < 200; ++i)
    {
        const Endpoint remote{SERVER.address, static_cast<uint16_t>(1000 + i)};
        EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, remote)->port, 4000);
    }
    Packet packet = Udp(BOB, {SERVER.address, 1000});
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.pool-exhausted")
        << "that remote is taken on the only port";
}

TEST(NatOverloading, APortIsSharedNoLongerWhenItsFlowsHaveEnded)
{
    NatUnderTest nat(Overloading());
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    nat.now = minutes(5);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, BOB, SERVER)->port, BOB.port);
}

TEST(NatEviction, RefuseNewDropsTheNewFlowAndKeepsTheOld)
{
    NatSettings settings = TestSettings();
    settings.limits.mappings = 1;
    NatUnderTest nat(settings);
    const auto alice = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    Packet packet = Udp(BOB, SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.table-full");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *alice, ALICE), "");
}

TEST(NatEviction, OldestIdleMakesRoomByTheSessionIdleForLongest)
{
    NatSettings settings = TestSettings();
    settings.eviction = NatEviction::OldestIdle;
    settings.limits.mappings = 2;
    NatUnderTest nat(settings);
    const auto alice = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.now = seconds(1);
    const auto bob = ExternalOf(nat, Protocol::Tcp, BOB, SERVER);
    nat.now = seconds(2);
    ASSERT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), alice); // used again
    nat.now = seconds(3);
    EXPECT_TRUE(ExternalOf(nat, Protocol::Icmp, ALICE, SERVER));
    EXPECT_EQ(nat.box.MappingCount(), 2U);
    EXPECT_TRUE(HasEvent(nat, "session-evicted"));
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *alice, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, SERVER, *bob, BOB), "nat.no-mapping");
}

TEST(NatEviction, ASessionOfTheSameMappingMayMakeRoom)
{
    NatSettings settings = TestSettings();
    settings.eviction = NatEviction::OldestIdle;
    settings.limits.sessions = 1;
    NatUnderTest nat(settings);
    const auto external = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.now = seconds(1);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, STRANGER), external)
        << "the mapping outlives its only session";
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, *external, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *external, ALICE), "nat.filtered");
    EXPECT_EQ(nat.box.Mappings()[0].sessions, 1U);
}

TEST(NatEviction, AFullTableOnCommandTakesNothingNewAndKeepsTheOld)
{
    for (const NatEviction eviction : {NatEviction::RefuseNew, NatEviction::OldestIdle})
    {
        NatSettings settings = TestSettings();
        settings.eviction = eviction;
        NatUnderTest nat(settings);
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
        nat.box.SetFull(nat.now, true);
        const bool comesIn = ExternalOf(nat, Protocol::Udp, BOB, SERVER).has_value();
        EXPECT_EQ(comesIn, eviction == NatEviction::OldestIdle);
        ASSERT_EQ(nat.box.MappingCount(), 1U);
        EXPECT_EQ(nat.box.Mappings()[0].internal, comesIn ? BOB : ALICE);
        nat.box.SetFull(nat.now, false);
        EXPECT_TRUE(ExternalOf(nat, Protocol::Tcp, BOB, SERVER));
    }
}

/// Only a forward has sessions, whose end would not make room for a mapping.
TEST(NatEviction, NothingEndsWhereItWouldMakeNoRoom)
{
    NatSettings settings = TestSettings();
    settings.eviction = NatEviction::OldestIdle;
    settings.forwards = {{Protocol::Udp, {{}, 80}, {ALICE}}};
    NatUnderTest nat(settings);
    ASSERT_EQ(InboundResult(nat, Protocol::Udp, SERVER, {EXTERNAL, 80}, ALICE), "");
    nat.box.SetFull(nat.now, true);
    Packet packet = Udp(BOB, SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.table-full");
    EXPECT_FALSE(HasEvent(nat, "session-evicted"));
    EXPECT_EQ(nat.box.Mappings()[0].sessions, 1U);
}

TEST(NatEviction, WhoHasUsedUpHisSharePushesNobodyOut)
{
    struct Case
    {
        const char* reason;
        void (*limit)(NatLimits&);
    };

    constexpr Case CASES[] = {
        {"nat.subscriber-limit", [](NatLimits& l) { l.mappingsPerSubscriber = 1; }},
        {"nat.subscriber-limit", [](NatLimits& l) { l.sessionsPerSubscriber = 1; }},
        {"nat.mapping-rate", [](NatLimits& l) { l.newMappingsPerSecond = 1; }},
    };
    for (const Case& test : CASES)
    {
        NatSettings settings = TestSettings();
        settings.eviction = NatEviction::OldestIdle;
        settings.limits.mappings = 2;
        test.limit(settings.limits);
        NatUnderTest nat(settings);
        const auto alice = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, BOB, SERVER));
        Packet packet = Tcp(BOB, SERVER, TCP_SYN);
        EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, test.reason);
        EXPECT_FALSE(HasEvent(nat, "session-evicted"));
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *alice, ALICE), "");
        const Endpoint third{Ipv4{BOB.address.value + 1}, 5000};
        EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, third, SERVER)) << "whose share is not";
    }
}

TEST(NatSubscriberLimits, MappingsOfOneHostAreLimitedAndNobodyElses)
{
    NatSettings settings = TestSettings();
    settings.limits.mappingsPerSubscriber = 2;
    NatUnderTest nat(settings);
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    ASSERT_TRUE(ExternalOf(nat, Protocol::Tcp, ALICE, SERVER));
    Packet packet = Opening(Protocol::Icmp, NatSide::Inside, ALICE, SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.subscriber-limit");
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, STRANGER)) << "of a mapping that is there";
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, BOB, SERVER));
    nat.now = minutes(5);
    nat.box.Timeout(nat.now);
    EXPECT_TRUE(ExternalOf(nat, Protocol::Icmp, ALICE, SERVER));
}

TEST(NatSubscriberLimits, SessionsOfOneHostAreLimitedFromBothSides)
{
    NatSettings settings = Preset("full-cone");
    settings.limits.sessionsPerSubscriber = 2;
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    ASSERT_EQ(InboundResult(nat, Protocol::Tcp, STRANGER, external, ALICE), "");
    Packet fromInside = Tcp(ALICE, SERVER_OTHER_PORT, TCP_SYN);
    EXPECT_EQ(nat.Send(NatSide::Inside, fromInside).reason, "nat.subscriber-limit");
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, SERVER_OTHER_PORT, external, ALICE),
              "nat.subscriber-limit");
    EXPECT_TRUE(ExternalOf(nat, Protocol::Tcp, BOB, SERVER));
}

TEST(NatSubscriberLimits, TheRateOfNewMappingsIsLimited)
{
    NatSettings settings = TestSettings();
    settings.limits.newMappingsPerSecond = 3;
    NatUnderTest nat(settings);
    const auto opens = [&nat](uint16_t port) {
        return ExternalOf(nat, Protocol::Udp, {ALICE.address, port}, SERVER).has_value();
    };
    EXPECT_TRUE(opens(5000) && opens(5001) && opens(5002));
    Packet packet = Udp({ALICE.address, 5003}, SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.mapping-rate");
    EXPECT_TRUE(opens(5000)) << "a mapping that is there costs nothing";
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, BOB, SERVER));
    nat.now = milliseconds(334);
    EXPECT_TRUE(opens(5003));
    EXPECT_FALSE(opens(5004));
}

TEST(NatMappingTable, AMappingTakesABoundedNumberOfBytes)
{
    constexpr uint32_t MAPPINGS = 50'000;
    NatSettings settings = TestSettings();
    settings.internal.clear();
    settings.limits.mappings = MAPPINGS;
    const auto used = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
    const size_t before = used();
    SeededRng rng(1);
    NatBox silent(settings, rng, nullptr);
    for (uint32_t i = 0; i < MAPPINGS + 1000; ++i)
    {
        Packet next =
            Udp({Ipv4{0x0a000000 + i / 16}, static_cast<uint16_t>(2000 + i % 16)}, SERVER);
        static_cast<void>(silent.Process(TimePoint{0}, NatSide::Inside, next, next.size()));
    }
    EXPECT_EQ(silent.MappingCount(), MAPPINGS);
    EXPECT_LT(used() - before, MAPPINGS * 450);
    silent.Timeout(minutes(5));
    EXPECT_EQ(silent.MappingCount(), 0U);
    EXPECT_EQ(silent.NextTimeout(), TIME_NEVER);
}

TEST(NatMappingTable, SameSeedSameEvents)
{
    const auto run = [](uint64_t seed)
    {
        NatSettings settings = TestSettings();
        static_cast<void>(ApplyNatPreset("cgn", settings));
        settings.firstPort = 4000;
        settings.lastPort = 4127;
        settings.blocks = {16, 2};
        settings.limits.mappings = 60;
        settings.eviction = NatEviction::OldestIdle;
        NatUnderTest nat(settings, seed);
        SeededRng script(5);
        for (int i = 0; i < 2000; ++i)
        {
            nat.now += milliseconds(script.Below(2000));
            const Endpoint internal{Ipv4{static_cast<uint32_t>(0x0a000002 + script.Below(12))},
                                    static_cast<uint16_t>(5000 + script.Below(20))};
            static_cast<void>(ExternalOf(nat, Protocol::Udp, internal, SERVER));
            if (i % 500 == 499)
            {
                nat.box.Rebind(nat.now);
            }
        }
        return nat.log.lines;
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2)) << "ports are random";
}

} // namespace
} // namespace isb::test
