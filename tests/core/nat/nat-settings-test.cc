// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-settings.h"

#include "model/core/nat/nat-drop.h"
#include "tests/core/nat/nat-harness.h"

#include <fstream>
#include <functional>
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

TEST(NatSettings, ContradictionsAreNamed)
{
    struct Case
    {
        const char* text;
        std::function<void(NatSettings&)> make;
    };

    const Case cases[] = {
        {"no external address", [](NatSettings& s) { s.external = {}; }},
        {"external address 10.0.0.9 lies in the internal subnet 10.0.0.0/24",
         [](NatSettings& s) { s.external = Ipv4{0x0a000009}; }},
        {"begins at port 0", [](NatSettings& s) { s.firstPort = 0; }},
        {"is empty: first 2000, last 1999",
         [](NatSettings& s)
         {
             s.firstPort = 2000;
             s.lastPort = 1999;
         }},
        {"a limit", [](NatSettings& s) { s.limits.mappings = 0; }},
        {"a limit", [](NatSettings& s) { s.limits.sessions = 0; }},
        {"a limit", [](NatSettings& s) { s.limits.destinationsPerMapping = 0; }},
        {"the udp timer is not positive", [](NatSettings& s) { s.timers.udp = Duration(0); }},
        {"the icmp timer is not positive", [](NatSettings& s) { s.timers.icmp = Duration(-1); }},
        {"the tcp established timer is longer than 10,000 h",
         [](NatSettings& s) { s.timers.tcpEstablished = Duration::max(); }},
    };
    EXPECT_FALSE(FindContradiction(TestSettings()));
    for (const Case& test : cases)
    {
        NatSettings settings = TestSettings();
        test.make(settings);
        const std::optional<Error> error = FindContradiction(settings);
        ASSERT_TRUE(error) << test.text;
        EXPECT_THAT(error->text, testing::HasSubstr(test.text));
    }
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
