// SPDX-License-Identifier: GPL-2.0-or-later
// Reboot, rebinding and new settings, as they change a NatMappingTable.
#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>
#include <set>
#include <utility>

namespace isb::test
{
namespace
{

constexpr Ipv4 SECOND{EXTERNAL.value + 1};
constexpr Protocol ALL[] = {Protocol::Udp, Protocol::Tcp, Protocol::Icmp};

TEST(NatReboot, EveryMappingIsLostAndTracedAndTheAddressMayBeAnother)
{
    for (const Ipv4 address : {EXTERNAL, SECOND})
    {
        NatUnderTest nat(TestSettings());
        for (const Protocol protocol : ALL)
        {
            ASSERT_TRUE(ExternalOf(nat, protocol, ALICE, SERVER));
        }
        nat.log.lines.clear();
        nat.box.Reboot(nat.now, address);
        EXPECT_EQ(nat.box.MappingCount(), 0U);
        EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
        EXPECT_EQ(nat.log.lines.size(), 4U) << "three mappings and the box itself";
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, {address, ALICE.port}, ALICE),
                  "nat.no-mapping");
        EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), (Endpoint{address, ALICE.port}));
    }
}

TEST(NatRebind, EveryMappingGetsAnotherEndpointAndItsSessionsLiveOn)
{
    for (const NatPortAssignment assignment : {NatPortAssignment::Preserving,
                                               NatPortAssignment::Sequential,
                                               NatPortAssignment::Random,
                                               NatPortAssignment::Overloading})
    {
        NatSettings settings = Preset("symmetric");
        settings.SetAssignment(assignment);
        for (const Protocol protocol : ALL)
        {
            NatUnderTest nat(settings);
            const Endpoint before = *ExternalOf(nat, protocol, ALICE, SERVER);
            nat.box.Rebind(nat.now);
            EXPECT_EQ(nat.box.MappingCount(), 1U);
            EXPECT_EQ(InboundResult(nat, protocol, SERVER, before, ALICE), "nat.no-mapping");
            const Endpoint after = nat.box.Mappings()[0].external;
            EXPECT_NE(after, before);
            EXPECT_EQ(InboundResult(nat, protocol, SERVER, after, ALICE), "");
            EXPECT_EQ(ExternalOf(nat, protocol, ALICE, SERVER), after);
        }
    }
}

TEST(NatRebind, WithSeveralAddressesAPairedHostMovesToAnotherOneAsAWhole)
{
    NatSettings settings = TestSettings();
    settings.furtherExternals = {SECOND};
    NatUnderTest nat(settings);
    ASSERT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->address, EXTERNAL);
    ASSERT_EQ(ExternalOf(nat, Protocol::Tcp, ALICE, SERVER)->address, EXTERNAL);
    nat.box.Rebind(nat.now);
    for (const NatMappingInfo& mapping : nat.box.Mappings())
    {
        EXPECT_EQ(mapping.external.address, SECOND);
    }
}

TEST(NatRebind, WithoutAFreePortAMappingStaysWhereItIs)
{
    NatSettings settings = TestSettings();
    settings.firstPort = settings.lastPort = 4000;
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.box.Rebind(nat.now);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
}

/// Alice has as many mappings as Bob's address has ports, and Bob has one of these.
TEST(NatRebind, AMappingThatFindsNoPortAtItsHostsNewAddressEnds) // RFC 4787 REQ-2
{
    for (const NatPooling pooling : {NatPooling::Paired, NatPooling::Arbitrary})
    {
        NatSettings settings = TestSettings();
        settings.pooling = pooling;
        settings.furtherExternals = {SECOND};
        settings.firstPort = 5000;
        settings.lastPort = 5001;
        NatUnderTest nat(settings);
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, BOB, SERVER));
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, {ALICE.address, 5001}, SERVER));
        nat.box.Rebind(nat.now);
        std::set<std::pair<Ipv4, Ipv4>> pairs;
        std::set<Ipv4> hosts;
        for (const NatMappingInfo& mapping : nat.box.Mappings())
        {
            pairs.insert({mapping.internal.address, mapping.external.address});
            hosts.insert(mapping.internal.address);
        }
        EXPECT_EQ(nat.box.MappingCount(), pooling == NatPooling::Paired ? 2U : 3U);
        EXPECT_EQ(hosts.size(), 2U);
        EXPECT_TRUE(pooling == NatPooling::Arbitrary || pairs.size() == hosts.size());
    }
}

void
Unchanged(NatSettings& /*settings*/)
{
}

TEST(NatReconfigure, MappingsThatTheNewSettingsAllowStay)
{
    struct Case
    {
        const char* name;
        void (*after)(NatSettings&);
        bool stays;
    };

    constexpr Case CASES[] = {
        {"nothing", Unchanged, true},
        {"timers", [](NatSettings& s) { s.timers.udp = seconds(100); }, true},
        {"assignment",
         [](NatSettings& s) { s.SetAssignment(NatPortAssignment::Sequential); },
         true},
        {"filtering",
         [](NatSettings& s)
         {
             for (NatAxes* axes : {&s.udp, &s.tcp, &s.icmp})
             {
                 axes->filtering = NatBehaviour::AddressDependent;
             }
         },
         true},
        {"hairpin", [](NatSettings& s) { s.hairpin = NatHairpin::None; }, true},
        {"further address", [](NatSettings& s) { s.furtherExternals = {SECOND}; }, true},
        {"limits", [](NatSettings& s) { s.limits.mappingsPerSubscriber = 1; }, true},
        {"blocks",
         [](NatSettings& s) {
             s.blocks = {64, 1};
         },
         true},
        {"mapping",
         [](NatSettings& s)
         {
             for (NatAxes* axes : {&s.udp, &s.tcp, &s.icmp})
             {
                 axes->mapping = NatBehaviour::AddressAndPortDependent;
             }
         },
         false},
        {"pool", [](NatSettings& s) { s.firstPort = 6000; }, false},
        {"address", [](NatSettings& s) { s.external = SECOND; }, false},
        {"port is a forward's",
         [](NatSettings& s)
         {
             s.forwards = {{Protocol::Udp, {{}, 5000}, {{BOB.address, 80}}},
                           {Protocol::Tcp, {{}, 5000}, {{BOB.address, 80}}}};
         },
         false},
    };
    for (const Case& test : CASES)
    {
        for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
        {
            NatSettings settings = TestSettings();
            NatUnderTest nat(settings);
            const Endpoint external = *ExternalOf(nat, protocol, ALICE, SERVER);
            ASSERT_EQ(external.port, 5000);
            test.after(settings);
            ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings)) << test.name;
            EXPECT_EQ(nat.box.MappingCount(), test.stays ? 1U : 0U) << test.name;
            if (test.stays)
            {
                EXPECT_EQ(InboundResult(nat, protocol, SERVER, external, ALICE), "") << test.name;
                EXPECT_EQ(ExternalOf(nat, protocol, ALICE, SERVER), external) << test.name;
            }
        }
    }
}

TEST(NatReconfigure, ContradictorySettingsChangeNothing)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    NatSettings settings = TestSettings();
    settings.firstPort = 0;
    EXPECT_TRUE(nat.box.Reconfigure(nat.now, settings));
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
}

TEST(NatReconfigure, NewTimersCountFromTheLastUse)
{
    NatUnderTest nat(TestSettings());
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    nat.now = seconds(60);
    NatSettings settings = TestSettings();
    settings.timers.udp = seconds(90);
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    EXPECT_EQ(nat.box.NextTimeout(), seconds(90));
    settings.timers.udp = seconds(30);
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    EXPECT_EQ(nat.box.MappingCount(), 0U) << "it is idle for longer already";
}

TEST(NatReconfigure, ALooserFilterLetsStrangersInAndAStricterOneNot)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER_OTHER_PORT));
    ASSERT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "nat.filtered");
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, Preset("full-cone")));
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "");
    EXPECT_EQ(nat.box.Mappings()[0].sessions, 1U) << "destinations no longer count";
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, Preset("port-restricted-cone")));
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "nat.filtered");
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), external);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
}

TEST(NatReconfigure, FewerMappingsAllowedKeepTheFirstOnes)
{
    NatUnderTest nat(TestSettings());
    for (uint16_t port = 5000; port < 5010; ++port)
    {
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, {ALICE.address, port}, SERVER));
    }
    NatSettings settings = TestSettings();
    settings.limits.mappings = 4;
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    ASSERT_EQ(nat.box.MappingCount(), 4U);
    EXPECT_EQ(nat.box.Mappings().back().internal.port, 5003);
}

NatSettings
Resting()
{
    NatSettings settings = TestSettings();
    settings.timers.udp = seconds(10);
    settings.timers.portHold = seconds(120);
    return settings;
}

TEST(NatReconfigure, APortThatRestsIsTheNewForwardsAlone)
{
    NatSettings settings = Resting();
    NatUnderTest nat(settings);
    ASSERT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->port, 5000);
    nat.now = seconds(20); // now the port rests
    settings.forwards = {{Protocol::Udp, {{}, 5000}, {{BOB.address, 80}}}};
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    EXPECT_NE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->port, 5000);
    nat.now = seconds(200);
    EXPECT_NE(ExternalOf(nat, Protocol::Udp, ALICE, STRANGER)->port, 5000)
        << "the rest is over, the forward is not";
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, {EXTERNAL, 5000}, {BOB.address, 80}), "");
}

TEST(NatReconfigure, APortThatRestsGoesOnRestingWithoutForward)
{
    NatSettings settings = Resting();
    NatUnderTest nat(settings);
    ASSERT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->port, 5000);
    nat.now = seconds(20);
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    EXPECT_NE(ExternalOf(nat, Protocol::Udp, BOB, SERVER)->port, 5000);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->port, 5000) << "it was hers";
}

TEST(NatReconfigure, ThePortOfAMappingThatAReloadEndsRests) // RFC 6888 REQ-8
{
    for (const uint16_t block : {uint16_t{0}, uint16_t{64}})
    {
        NatSettings settings = Resting();
        settings.blocks = {block, 1};
        settings.firstPort = 4992;
        settings.lastPort = 4992 + 127;
        NatUnderTest nat(settings);
        const Endpoint before = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
        settings.udp.mapping = NatBehaviour::AddressAndPortDependent; // ends it
        ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
        ASSERT_EQ(nat.box.MappingCount(), 0U);
        const Endpoint bob = *ExternalOf(nat, Protocol::Udp, BOB, SERVER);
        EXPECT_NE(bob, before);
        EXPECT_TRUE(block == 0 || bob.port / block != before.port / block);
        nat.now = seconds(130);
        settings.timers.portHold = seconds(0);
        ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
        EXPECT_EQ(ExternalOf(nat, Protocol::Udp, BOB, SERVER)->port, 5000) << "no rest any more";
    }
}

/// Sessions of 10 destinations; which of them still get in?
TEST(NatReconfigure, FewerDestinationsAllowedKeepTheOnesUsedLast)
{
    for (const bool isForward : {false, true})
    {
        NatSettings settings = Preset("port-restricted-cone");
        const Endpoint web{EXTERNAL, 80};
        settings.forwards = {{Protocol::Udp, {{}, web.port}, {BOB}}};
        NatUnderTest nat(settings);
        const Endpoint internal = isForward ? BOB : ALICE;
        Endpoint external;
        for (uint16_t port = 1; port <= 10; ++port)
        {
            nat.now += seconds(1);
            external = *ExternalOf(nat, Protocol::Udp, internal, {SERVER.address, port});
        }
        nat.now += seconds(1);
        ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, internal, {SERVER.address, 1})); // again
        settings.limits.destinationsPerMapping = 3;
        ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
        settings.forwards.clear();
        if (!isForward)
        {
            for (uint16_t port = 1; port <= 10; ++port)
            {
                const bool isKept = port == 1 || port >= 9;
                EXPECT_EQ(
                    InboundResult(nat, Protocol::Udp, {SERVER.address, port}, external, internal),
                    isKept ? "" : "nat.filtered")
                    << port;
            }
            continue;
        }
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, {SERVER.address, 1}, web, BOB), "");
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, {SERVER.address, 10}, web, BOB), "");
        EXPECT_EQ(InboundResult(nat, Protocol::Udp, {SERVER.address, 5}, web, BOB),
                  "nat.destination-limit")
            << "its session ended, and there is no room for another";
    }
}

TEST(NatReconfigure, AForwardKeepsItsSessionsWhileItStays)
{
    NatSettings settings = TestSettings();
    settings.forwards = {{Protocol::Tcp, {{}, 80}, {{ALICE.address, 8080}, {BOB.address, 8080}}}};
    NatUnderTest nat(settings);
    const Endpoint web{EXTERNAL, 80};
    ASSERT_EQ(InboundResult(nat, Protocol::Tcp, STRANGER, web, {ALICE.address, 8080}), "");
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    Packet data = Tcp(STRANGER, web, TCP_ACK);
    ASSERT_EQ(nat.Send(NatSide::Outside, data).action, Action::Forward);
    EXPECT_EQ(DestinationOf(data), (Endpoint{ALICE.address, 8080}));
    settings.forwards.clear();
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    Packet more = Tcp(STRANGER, web, TCP_ACK);
    EXPECT_NE(nat.Send(NatSide::Outside, more).action, Action::Forward);
}

} // namespace
} // namespace isb::test
