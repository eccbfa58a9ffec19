// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/natbox-config.h"

#include <gmock/gmock.h>
#include <string>

namespace isb
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;

const std::string LEAST = R"([natbox]
inside = "nat-in"
outside = "nat-out"
external = "203.0.113.1"
)";

std::string
ErrorsOf(const std::string& text)
{
    std::string lines;
    for (const LabError& error : ParseNatboxConfig(text, "n.toml").errors)
    {
        lines += error.ToString() + "\n";
    }
    return lines;
}

TEST(NatboxConfig, TheLeastNamesInterfacesAndAddress)
{
    const auto parsed = ParseNatboxConfig(LEAST, "n.toml");
    ASSERT_TRUE(parsed.config) << ErrorsOf(LEAST);
    EXPECT_EQ(parsed.config->inside.device, "nat-in");
    EXPECT_EQ(parsed.config->outside.device, "nat-out");
    EXPECT_EQ(parsed.config->nat.external.ToString(), "203.0.113.1");
    EXPECT_TRUE(parsed.config->offload);
    EXPECT_FALSE(parsed.config->seed);
    EXPECT_TRUE(parsed.config->inside.impairment.IsTransparent());
}

TEST(NatboxConfig, ReadsEverySection)
{
    const auto parsed = ParseNatboxConfig(R"(schema = 1
[natbox]
name = "home"
inside = "a"
inside-address = "10.0.0.1/24"
inside-mtu = 9000
outside = "b"
outside-address = "192.0.2.1/30"
outside-mtu = 1492
external = "203.0.113.1"
further-externals = ["203.0.113.2"]
internal = ["10.0.0.0/24", "10.0.1.0/24"]
statistics = "/run/natbox.sock"
seed = 9
offload = false

[nat]
preset = "symmetric"
udp-timeout = "30 s"

[impair.inside]
loss = "1 %"

[impair.outside]
rate = "10 Mb/s"
queue-packets = 50
delay = "20 ms"
jitter = "2 ms"
jitter-shape = "normal"
)",
                                          "n.toml");
    ASSERT_TRUE(parsed.config);
    const NatboxConfig& config = *parsed.config;
    EXPECT_EQ(config.name, "home");
    EXPECT_EQ(config.inside.address->address.ToString(), "10.0.0.1");
    EXPECT_EQ(config.inside.address->prefixLength, 24);
    EXPECT_EQ(config.outside.address->prefixLength, 30);
    EXPECT_EQ(config.nat.insideMtu, 9000);
    EXPECT_EQ(config.nat.outsideMtu, 1492);
    EXPECT_EQ(config.nat.furtherExternals.size(), 1U);
    EXPECT_EQ(config.nat.internal.size(), 2U);
    EXPECT_EQ(config.statistics, "/run/natbox.sock");
    EXPECT_EQ(config.seed, 9U);
    EXPECT_FALSE(config.offload);
    EXPECT_EQ(config.nat.udp.mapping, NatBehaviour::AddressAndPortDependent);
    EXPECT_EQ(config.nat.timers.udp, std::chrono::seconds(30));
    EXPECT_EQ(config.inside.impairment.loss.partsPerMillion, 10'000U);
    EXPECT_EQ(config.outside.impairment.rate.bitsPerSecond, 10'000'000U);
    EXPECT_EQ(config.outside.impairment.queuePackets, 50U);
    EXPECT_EQ(config.outside.impairment.jitterShape, JitterShape::Normal);
}

struct Fault
{
    const char* name;
    std::string text;
    const char* said;
};

class EachFault : public testing::TestWithParam<Fault>
{
};

TEST_P(EachFault, IsSaidWithItsLine)
{
    const auto parsed = ParseNatboxConfig(GetParam().text, "n.toml");
    EXPECT_FALSE(parsed.config);
    EXPECT_THAT(ErrorsOf(GetParam().text), HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Texts,
    EachFault,
    testing::Values(
        Fault{"Empty", "", "n.toml:1: the file has no 'natbox'; write: natbox = "},
        Fault{"NoToml", "[natbox", "n.toml:1: no TOML"},
        Fault{"NoExternal",
              "[natbox]\ninside = \"a\"\noutside = \"b\"\n",
              "n.toml:1: [natbox] has no 'external'"},
        Fault{"UnknownKey",
              LEAST + "outsid-mtu = 1500\n",
              "n.toml:5: unknown key 'outsid-mtu' in [natbox]; nearest valid: 'outside-mtu'"},
        Fault{"UnknownSection", LEAST + "[impare]\n", "n.toml:5: unknown key 'impare'"},
        Fault{"SameInterface",
              "[natbox]\ninside = \"a\"\noutside = \"a\"\nexternal = \"203.0.113.1\"\n",
              "n.toml:3: 'outside' in [natbox] is the same interface"},
        Fault{"LongInterface",
              "[natbox]\ninside = \"abcdefghijklmnop\"\noutside = \"b\"\nexternal = "
              "\"203.0.113.1\"\n",
              "n.toml:2: 'inside' in [natbox] is longer than 15"},
        Fault{"NoAddress",
              LEAST + "inside-address = \"10.0.0.1\"\n",
              "n.toml:5: 'inside-address' in [natbox]: '10.0.0.1' is no address with prefix"},
        Fault{"NoSubnet",
              LEAST + "internal = [\"10.0.0.7/24\"]\n",
              "n.toml:5: 'internal' in [natbox]: '10.0.0.7/24' is no subnet"},
        Fault{"SmallMtu", LEAST + "outside-mtu = 500\n", "n.toml:5: 'outside-mtu' in [natbox]"},
        Fault{"LongSocket",
              LEAST + "statistics = \"/" + std::string(120, 'x') + "\"\n",
              "n.toml:5: 'statistics' in [natbox] is longer than 107"},
        Fault{"ExternalInside",
              LEAST + "internal = [\"203.0.113.0/24\"]\n[nat]\npreset = \"symmetric\"\n",
              "n.toml:6: [nat]: "},
        Fault{"UnknownPreset", LEAST + "[nat]\npreset = \"symetric\"\n", "n.toml:6: "},
        Fault{"BadLoss",
              LEAST + "[impair.inside]\nloss = \"101 %\"\n",
              "n.toml:6: 'loss' in [impair.inside]"},
        Fault{"JitterWithoutDelay",
              LEAST + "[impair.outside]\njitter = \"2 ms\"\n",
              "n.toml:5: [impair.outside]: uniform jitter"},
        Fault{"OtherSide",
              LEAST + "[impair.up]\nloss = \"1 %\"\n",
              "n.toml:5: unknown key 'up' in [impair]"}),
    [](const auto& one) { return one.param.name; });

TEST(NatboxConfig, HostileTextsAreRefusedWithoutDepth)
{
    std::string deep = "a";
    for (int i = 0; i < 100'000; ++i)
    {
        deep += ".a";
    }
    EXPECT_THAT(ErrorsOf(deep + " = 1\n"), HasSubstr("more than 64 dots"));
    EXPECT_THAT(ErrorsOf(std::string(300'000, '#')), HasSubstr("larger than 256 KiB"));
    EXPECT_THAT(ErrorsOf("a = " + std::string(100'000, '[')), HasSubstr("no TOML"));
}

TEST(NatboxConfig, FindsAllFaultsAtOnce)
{
    const auto parsed = ParseNatboxConfig("[natbox]\ninside = 1\noutside = 2\n", "n.toml");
    EXPECT_EQ(parsed.errors.size(), 3U);
}

TEST(NatboxConfig, ARunningBoxChangesAllButItsInterfaces)
{
    const NatboxConfig running = *ParseNatboxConfig(LEAST, "n.toml").config;
    const auto change = [&running](const std::string& more)
    { return FindFixedChange(running, *ParseNatboxConfig(LEAST + more, "n.toml").config); };
    EXPECT_EQ(change(""), "");
    EXPECT_EQ(change("[nat]\npreset = \"symmetric\"\n"), "");
    EXPECT_EQ(change("offload = false\n[impair.inside]\nloss = \"1 %\"\n"), "");
    EXPECT_EQ(change("outside-mtu = 1400\n"), "outside-mtu");
    EXPECT_EQ(change("inside-address = \"10.0.0.1/24\"\n"), "inside-address");
    EXPECT_EQ(change("statistics = \"/s\"\n"), "statistics");
    EXPECT_EQ(change("seed = 1\n"), "seed");
    NatboxConfig other = running;
    other.outside.device = "nat-other";
    EXPECT_EQ(FindFixedChange(running, other), "outside");
}

} // namespace
} // namespace isb
