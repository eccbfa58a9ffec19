// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-settings.h"

#include "model/core/nat/nat-drop.h"
#include "tests/core/nat/nat-harness.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <set>

namespace isb::test
{
namespace
{

TEST(NatSettings, NamesReadBack)
{
    for (const NatBehaviour behaviour : {NatBehaviour::EndpointIndependent,
                                         NatBehaviour::AddressDependent,
                                         NatBehaviour::AddressAndPortDependent})
    {
        EXPECT_EQ(ParseNatBehaviour(ToString(behaviour)), behaviour);
    }
    for (const NatPortAssignment assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        EXPECT_EQ(ParseNatPortAssignment(ToString(assignment)), assignment);
    }
    EXPECT_FALSE(ParseNatBehaviour("endpoint independent"));
    EXPECT_FALSE(ParseNatPortAssignment(""));
}

TEST(NatSettings, EveryPresetHasAxesAndNoOtherNameHas)
{
    for (const std::string_view name : NAT_PRESETS)
    {
        EXPECT_TRUE(NatPreset(name)) << name;
    }
    EXPECT_FALSE(NatPreset("cone"));
    EXPECT_FALSE(NatPreset("Full-Cone"));
}

TEST(NatSettings, ThesisPresetsAreWhatAnEntryOfTheTableRecords)
{
    // Thesis 3.6.3: which of destination address and port an entry has beside the internal and the
    // external pair, and whether an internal pair has several entries.
    struct Claim
    {
        const char* name;
        NatBehaviour filtering;
        bool severalEntries;
    };

    constexpr Claim CLAIMS[] = {
        {"full-cone", NatBehaviour::EndpointIndependent, false},
        {"restricted-cone", NatBehaviour::AddressDependent, false},
        {"port-restricted-cone", NatBehaviour::AddressAndPortDependent, false},
        {"symmetric", NatBehaviour::AddressAndPortDependent, true},
    };
    for (const Claim& claim : CLAIMS)
    {
        NatSettings settings = TestSettings();
        settings.limits.mappings = 77;
        ASSERT_TRUE(ApplyNatPreset(claim.name, settings)) << claim.name;
        for (const NatAxes* axes : {&settings.udp, &settings.tcp, &settings.icmp})
        {
            EXPECT_EQ(axes->filtering, claim.filtering) << claim.name;
            EXPECT_EQ(axes->mapping,
                      claim.severalEntries ? NatBehaviour::AddressAndPortDependent
                                           : NatBehaviour::EndpointIndependent)
                << claim.name;
        }
        EXPECT_EQ(settings.limits.mappings, 77U) << "a preset changed what it does not stand for";
        EXPECT_FALSE(FindContradiction(settings)) << claim.name;
    }
}

TEST(NatSettings, EveryFurtherPresetMakesANat)
{
    for (const std::string_view name : NAT_FURTHER_PRESETS)
    {
        NatSettings settings = TestSettings();
        EXPECT_TRUE(ApplyNatPreset(name, settings)) << name;
        EXPECT_FALSE(FindContradiction(settings)) << name;
        EXPECT_FALSE(NatPreset(name)) << name << " is more than two axes";
    }
}

TEST(NatSettings, AnUnknownPresetChangesNothing)
{
    NatSettings settings = TestSettings();
    EXPECT_FALSE(ApplyNatPreset("linux", settings));
    EXPECT_EQ(settings.udp.mapping, TestSettings().udp.mapping);
    EXPECT_EQ(settings.blocks.size, 0);
}

TEST(NatSettings, LinuxMasqueradeKeepsThePortAndFullyRandomDoesNot)
{
    NatSettings settings = TestSettings();
    ASSERT_TRUE(ApplyNatPreset("linux-masquerade", settings));
    NatUnderTest plain(settings);
    EXPECT_EQ(ExternalOf(plain, Protocol::Udp, ALICE, SERVER), (Endpoint{EXTERNAL, ALICE.port}));
    EXPECT_EQ(ExternalOf(plain, Protocol::Udp, ALICE, STRANGER), (Endpoint{EXTERNAL, ALICE.port}));

    ASSERT_TRUE(ApplyNatPreset("linux-masquerade-random", settings));
    NatUnderTest random(settings);
    const auto first = ExternalOf(random, Protocol::Udp, ALICE, SERVER);
    const auto second = ExternalOf(random, Protocol::Udp, ALICE, STRANGER);
    EXPECT_NE(first->port, ALICE.port);
    EXPECT_NE(first, second);
}

TEST(NatSettings, CarrierGradePresetIsRfc6888s)
{
    NatSettings settings = TestSettings();
    ASSERT_TRUE(ApplyNatPreset("cgn", settings));
    EXPECT_EQ(settings.udp.mapping, NatBehaviour::EndpointIndependent) << "REQ-1";
    EXPECT_EQ(settings.pooling, NatPooling::Paired) << "REQ-2";
    EXPECT_NE(settings.limits.mappingsPerSubscriber, 0U) << "REQ-4";
    EXPECT_NE(settings.limits.newMappingsPerSecond, 0U) << "REQ-4 B";
    EXPECT_EQ(settings.tcp.filtering, NatBehaviour::EndpointIndependent) << "REQ-7";
    EXPECT_EQ(settings.timers.portHold, seconds(120)) << "REQ-8";
    EXPECT_NE(settings.blocks.size, 0) << "section 4";
}

TEST(NatDrop, ReasonsAreUniqueRuledAndDocumented)
{
    std::ifstream stream(ISB_SOURCE_DIR "/doc/nat.md");
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    std::set<std::string_view> reasons;
    for (size_t i = 0; i < NAT_DROP_COUNT; ++i)
    {
        const NatDropInfo& info = DropInfo(static_cast<NatDrop>(i));
        const bool isFirewall = static_cast<NatDrop>(i) == NatDrop::NotAllowed;
        EXPECT_EQ(info.reason.substr(0, info.reason.find('.')), isFirewall ? "firewall" : "nat");
        EXPECT_TRUE(reasons.insert(info.reason).second) << info.reason;
        const std::string row = "| `" + std::string(info.reason) + "` | " + std::string(info.rule) +
                                " | " + std::string(info.meaning) + " |";
        EXPECT_THAT(page, testing::HasSubstr(row));
    }
}

TEST(NatDrop, ReasonsOfTheFilterAreUniqueRuledAndDocumented)
{
    std::ifstream stream(ISB_SOURCE_DIR "/doc/nat.md");
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    std::set<std::string_view> reasons;
    for (size_t i = 0; i < NAT_DROP_COUNT; ++i)
    {
        const NatDropInfo& info = FilterDropInfo(static_cast<NatDrop>(i));
        if (info.reason.empty())
        {
            continue; // what only a NAT says
        }
        EXPECT_EQ(info.reason.substr(0, 9), "firewall.");
        EXPECT_TRUE(reasons.insert(info.reason).second) << info.reason;
        const std::string row = "| `" + std::string(info.reason) + "` | " + std::string(info.rule) +
                                " | " + std::string(info.meaning) + " |";
        EXPECT_THAT(page, testing::HasSubstr(row));
    }
    EXPECT_EQ(reasons.size(), 18U);
}

} // namespace
} // namespace isb::test
