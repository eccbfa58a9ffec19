// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-type-test.h"

#include "model/core/stun/stun-server.h"
#include "tests/core/stun/packet-world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

const Ipv4 PRIMARY = *Ipv4::Parse("198.51.100.2");
const Ipv4 ALTERNATE = *Ipv4::Parse("198.51.100.3");
const Ipv4 CLIENT = *Ipv4::Parse("10.0.0.2");
const Ipv4 EXTERNAL = *Ipv4::Parse("203.0.113.1");

constexpr std::array<NatBehaviour, 3> BEHAVIOURS = {NatBehaviour::EndpointIndependent,
                                                    NatBehaviour::AddressDependent,
                                                    NatBehaviour::AddressAndPortDependent};

/// A client behind something, and a server with two addresses and two ports.
class TypeRig
{
  public:
    explicit TypeRig(Protocol protocol = Protocol::Udp)
        : serverHost(world.AddOutside({PRIMARY, ALTERNATE}))
    {
        settings.protocol = protocol;
        settings.server = {PRIMARY, 3478};
        settings.local.address = CLIENT;
        serverSettings.primary = PRIMARY;
        serverSettings.alternate = ALTERNATE;
    }

    NatTypeReport
    Run()
    {
        PacketHost& clientHost = isPublic ? world.AddOutside({CLIENT}) : world.AddInside(CLIENT);
        StunServer server(serverSettings, nullptr);
        NatTypeTest test(settings, random);
        serverHost.Boot(server);
        clientHost.Boot(test);
        while (!test.Report() && world.clock.Step())
        {
        }
        EXPECT_TRUE(test.IsIdle());
        if (settings.protocol == Protocol::Udp)
        {
            EXPECT_LE(serverHost.sent, serverHost.received) << "promise T2, without an allowance";
        }
        return test.Report().value_or(NatTypeReport{});
    }

    PacketWorld world;
    PacketHost& serverHost;
    SeededRng random{3};
    NatTypeSettings settings;
    StunServerSettings serverSettings;
    bool isPublic = false;
};

NatSettings
NatOf(NatBehaviour mapping, NatBehaviour filtering, NatHairpin hairpin)
{
    NatSettings nat;
    nat.external = EXTERNAL;
    nat.hairpin = hairpin;
    nat.udp.mapping = mapping;
    nat.udp.filtering = filtering;
    nat.tcp = nat.udp;
    return nat;
}

FoundBehaviour
Found(NatBehaviour behaviour)
{
    switch (behaviour)
    {
    case NatBehaviour::EndpointIndependent:
        return FoundBehaviour::EndpointIndependent;
    case NatBehaviour::AddressDependent:
        return FoundBehaviour::AddressDependent;
    case NatBehaviour::AddressAndPortDependent:
        return FoundBehaviour::AddressAndPortDependent;
    }
    return FoundBehaviour::Unknown;
}

/// The leaf of RFC 3489's tree that this class of behaviour leads to.
ClassicNatType
ClassicOf(NatBehaviour mapping, NatBehaviour filtering)
{
    if (filtering == NatBehaviour::EndpointIndependent)
    {
        return ClassicNatType::FullCone;
    }
    if (mapping != NatBehaviour::EndpointIndependent)
    {
        return ClassicNatType::Symmetric;
    }
    return filtering == NatBehaviour::AddressDependent ? ClassicNatType::RestrictedCone
                                                       : ClassicNatType::PortRestrictedCone;
}

/// A hairpin can be seen unless nobody knows the mapping and the filter wants to know the sender.
/// TCP that shows the internal source ends in a SYN-ACK from a stranger (RFC 5382 REQ-8).
FoundAnswer
HairpinOf(Protocol protocol, NatBehaviour mapping, NatBehaviour filtering, NatHairpin hairpin)
{
    if (mapping != NatBehaviour::EndpointIndependent &&
        filtering != NatBehaviour::EndpointIndependent)
    {
        return FoundAnswer::Unknown;
    }
    const bool works = hairpin == NatHairpin::ExternalSource ||
                       (hairpin == NatHairpin::InternalSource && protocol == Protocol::Udp);
    return works ? FoundAnswer::Yes : FoundAnswer::No;
}

class NatTypeTestNames
    : public testing::TestWithParam<std::tuple<Protocol, NatBehaviour, NatBehaviour, NatHairpin>>
{
};

TEST_P(NatTypeTestNames, WhatIsConfigured)
{
    const auto [protocol, mapping, filtering, hairpin] = GetParam();
    TypeRig rig(protocol);
    rig.world.PutNat(NatOf(mapping, filtering, hairpin));
    const NatTypeReport report = rig.Run();
    EXPECT_EQ(report.translated, FoundAnswer::Yes);
    EXPECT_EQ(report.mapped.address, EXTERNAL);
    EXPECT_EQ(report.mapping, Found(mapping)) << report.ToString();
    EXPECT_EQ(report.filtering, Found(filtering)) << report.ToString();
    EXPECT_EQ(report.hairpin, HairpinOf(protocol, mapping, filtering, hairpin))
        << report.ToString();
    EXPECT_EQ(report.preservesPort, FoundAnswer::Yes);
    if (protocol == Protocol::Udp)
    {
        EXPECT_EQ(report.classic, ClassicOf(mapping, filtering)) << report.ToString();
    }
}

constexpr std::array<NatHairpin, 3> HAIRPINS = {NatHairpin::None,
                                                NatHairpin::InternalSource,
                                                NatHairpin::ExternalSource};

INSTANTIATE_TEST_SUITE_P(Udp,
                         NatTypeTestNames,
                         testing::Combine(testing::Values(Protocol::Udp),
                                          testing::ValuesIn(BEHAVIOURS),
                                          testing::ValuesIn(BEHAVIOURS),
                                          testing::ValuesIn(HAIRPINS)));

INSTANTIATE_TEST_SUITE_P(Tcp,
                         NatTypeTestNames,
                         testing::Combine(testing::Values(Protocol::Tcp),
                                          testing::ValuesIn(BEHAVIOURS),
                                          testing::ValuesIn(BEHAVIOURS),
                                          testing::ValuesIn(HAIRPINS)));

class NatTypeTestNamesPreset : public testing::TestWithParam<const char*>
{
};

TEST_P(NatTypeTestNamesPreset, ByItsName)
{
    TypeRig rig;
    NatSettings nat;
    nat.external = EXTERNAL;
    ASSERT_TRUE(ApplyNatPreset(GetParam(), nat));
    rig.world.PutNat(nat);
    EXPECT_EQ(ToString(rig.Run().classic), GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Thesis,
    NatTypeTestNamesPreset,
    testing::Values("full-cone", "restricted-cone", "port-restricted-cone", "symmetric"));

TEST(NatTypeTest, APublicHostIsOpen)
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        TypeRig rig(protocol);
        rig.isPublic = true;
        const NatTypeReport report = rig.Run();
        EXPECT_EQ(report.translated, FoundAnswer::No);
        EXPECT_EQ(report.mapping, FoundBehaviour::EndpointIndependent);
        EXPECT_EQ(report.filtering, FoundBehaviour::EndpointIndependent);
        EXPECT_EQ(report.hairpin, FoundAnswer::Unknown);
        EXPECT_EQ(report.mapped, report.local);
        EXPECT_EQ(report.classic,
                  protocol == Protocol::Udp ? ClassicNatType::Open : ClassicNatType::Unknown);
    }
}

TEST(NatTypeTest, AFirewallIsOne)
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        TypeRig rig(protocol);
        rig.world.PutFirewall();
        const NatTypeReport report = rig.Run();
        EXPECT_EQ(report.translated, FoundAnswer::No);
        EXPECT_EQ(report.filtering, FoundBehaviour::AddressAndPortDependent);
        EXPECT_EQ(report.classic,
                  protocol == Protocol::Udp ? ClassicNatType::SymmetricFirewall
                                            : ClassicNatType::Unknown);
    }
}

TEST(NatTypeTest, NothingThatComesBackIsBlocked)
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        TypeRig rig(protocol);
        rig.serverHost.deaf = true;
        const NatTypeReport report = rig.Run();
        EXPECT_EQ(report.classic, ClassicNatType::Blocked);
        EXPECT_EQ(report.mapping, FoundBehaviour::Unknown);
        EXPECT_THAT(report.notes, testing::Contains("the server does not answer"));
    }
}

TEST(NatTypeTest, PortsThatAreNotKeptAreSeen)
{
    TypeRig rig;
    NatSettings nat = NatOf(NatBehaviour::EndpointIndependent,
                            NatBehaviour::EndpointIndependent,
                            NatHairpin::ExternalSource);
    nat.SetAssignment(NatPortAssignment::Random);
    rig.world.PutNat(nat);
    const NatTypeReport report = rig.Run();
    EXPECT_EQ(report.preservesPort, FoundAnswer::No);
    EXPECT_EQ(report.classic, ClassicNatType::FullCone);
}

TEST(NatTypeTest, WithOneAddressItTellsWhatCanBeTold)
{
    struct Row
    {
        NatBehaviour filtering;
        FoundBehaviour found;
    };

    for (const Row& row :
         {Row{NatBehaviour::EndpointIndependent, FoundBehaviour::Unknown},
          Row{NatBehaviour::AddressDependent, FoundBehaviour::Unknown},
          Row{NatBehaviour::AddressAndPortDependent, FoundBehaviour::AddressAndPortDependent}})
    {
        for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
        {
            TypeRig rig(protocol);
            rig.serverSettings.alternate = {};
            rig.world.PutNat(
                NatOf(NatBehaviour::EndpointIndependent, row.filtering, NatHairpin::None));
            const NatTypeReport report = rig.Run();
            EXPECT_EQ(report.filtering, row.found);
            EXPECT_EQ(report.mapping, FoundBehaviour::Unknown);
            EXPECT_EQ(report.classic, ClassicNatType::Unknown);
            EXPECT_FALSE(report.notes.empty());
        }
    }
}

TEST(NatTypeTest, WithoutTheOwnAddressTranslationIsNotClaimed)
{
    TypeRig rig;
    rig.settings.local.address = {};
    rig.world.PutNat(NatOf(NatBehaviour::EndpointIndependent,
                           NatBehaviour::AddressDependent,
                           NatHairpin::ExternalSource));
    const NatTypeReport report = rig.Run();
    EXPECT_EQ(report.translated, FoundAnswer::Unknown);
    EXPECT_EQ(report.classic, ClassicNatType::Unknown);
    EXPECT_EQ(report.mapping, FoundBehaviour::EndpointIndependent);
    EXPECT_EQ(report.filtering, FoundBehaviour::AddressDependent);
}

class NatTypeTestFindsTheLifetime : public testing::TestWithParam<NatRefresh>
{
};

TEST_P(NatTypeTestFindsTheLifetime, WithinItsPrecision)
{
    for (const auto life : {seconds(7), seconds(42), seconds(300)})
    {
        TypeRig rig;
        rig.settings.lifetime = true;
        NatSettings nat = NatOf(NatBehaviour::EndpointIndependent,
                                NatBehaviour::AddressAndPortDependent,
                                NatHairpin::None);
        nat.timers.udp = life;
        nat.udp.refresh = GetParam();
        rig.world.PutNat(nat);
        const NatTypeReport report = rig.Run();
        EXPECT_LE(report.lifetimeAtLeast, life);
        EXPECT_GE(report.lifetimeAtMost, life);
        EXPECT_LE(report.lifetimeAtMost - report.lifetimeAtLeast, seconds(1)) << report.ToString();
    }
}

INSTANTIATE_TEST_SUITE_P(Refresh,
                         NatTypeTestFindsTheLifetime,
                         testing::Values(NatRefresh::Outbound, NatRefresh::Both));

TEST(NatTypeTest, ALifetimeBeyondTheBoundIsSaid)
{
    TypeRig rig;
    rig.settings.lifetime = true;
    rig.settings.lifetimeMost = seconds(60);
    NatSettings nat = NatOf(NatBehaviour::EndpointIndependent,
                            NatBehaviour::EndpointIndependent,
                            NatHairpin::None);
    nat.timers.udp = hours(1);
    rig.world.PutNat(nat);
    const NatTypeReport report = rig.Run();
    EXPECT_EQ(report.lifetimeAtLeast, seconds(60));
    EXPECT_EQ(report.lifetimeAtMost, Duration(0));
}

TEST(NatTypeTest, TheSameSeedFindsTheSame)
{
    const auto run = []
    {
        TypeRig rig;
        rig.world.PutNat(NatOf(NatBehaviour::AddressDependent,
                               NatBehaviour::EndpointIndependent,
                               NatHairpin::ExternalSource));
        return rig.Run().ToJson();
    };
    EXPECT_EQ(run(), run());
}

TEST(NatTypeReport, IsOneLineOfTextAndOfJson)
{
    NatTypeReport report;
    report.server = {PRIMARY, 3478};
    report.notes = {"a note"};
    report.lifetimeAtLeast = seconds(30);
    EXPECT_EQ(report.ToString(),
              "udp type=unknown translated=unknown mapping=unknown filtering=unknown "
              "hairpin=unknown preserves-port=unknown lifetime=30 s.. local=0.0.0.0:0 "
              "mapped=0.0.0.0:0");
    EXPECT_EQ(report.ToJson(),
              R"({"protocol":"udp","type":"unknown","translated":"unknown","mapping":"unknown",)"
              R"("filtering":"unknown","hairpin":"unknown","preserves_port":"unknown",)"
              R"("lifetime_at_least":30000000000,"lifetime_at_most":null,)"
              R"("server":"198.51.100.2:3478","alternate":null,"local":null,"mapped":null,)"
              R"("seen":[],"notes":["a note"]})");
}

} // namespace
} // namespace isb::test
