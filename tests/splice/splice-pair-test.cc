// SPDX-License-Identifier: GPL-2.0-or-later
// The promise of a splice, over thousands of seeds: two TCPs that both open towards the IST get
// every byte of one another over links that lose, duplicate and reorder, in whatever order they
// close, and the splice ends closed.
#include "tests/splice/splice-world.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint64_t MS = 1000000;
constexpr uint64_t HOUR = 3600ull * 1000 * MS;
constexpr std::array<uint8_t, 2> V6_V6{IST_FAMILY_IPV6, IST_FAMILY_IPV6};
constexpr std::array<uint8_t, 2> V4_V6{IST_FAMILY_IPV4, IST_FAMILY_IPV6};
constexpr std::array<uint8_t, 2> V6_V4{IST_FAMILY_IPV6, IST_FAMILY_IPV4};

/// Handshakes on lossy links need more than the five repeats of the default to be sure.
ist_settings
PatientSettings()
{
    ist_settings settings;
    ist_settings_default(&settings);
    settings.handshake_retries = 40;
    settings.handshake_ns = 300 * MS;
    return settings;
}

ModelTcpConfig
RandomUser(std::mt19937_64& random)
{
    ModelTcpConfig config;
    config.isn = static_cast<uint32_t>(random());
    if (random() % 8 == 0)
    {
        config.isn = 0xffffffff - static_cast<uint32_t>(random() % 3000); // wraps
    }
    config.mss = random() % 4 != 0;
    config.sack = random() % 4 != 0;
    config.timestamps = random() % 3 != 0;
    config.wscale = random() % 4 == 0 ? -1 : static_cast<int>(random() % 9);
    config.timestampBase = static_cast<uint32_t>(random());
    config.buffer = 1500 + static_cast<uint32_t>(random() % 60000);
    config.readEveryNs = random() % 4 == 0 ? (1 + random() % 40) * MS : 0;
    config.close = random() % 2 ? CloseWhen::AfterSending : CloseWhen::AfterPeerDoes;
    const size_t size = random() % 5 == 0 ? 0 : static_cast<size_t>(random() % 12000);
    for (size_t i = 0; i < size; ++i)
    {
        config.data.push_back(static_cast<uint8_t>(random()));
    }
    return config;
}

/// One random world, run to its end.
SpliceWorld
RunSeed(unsigned int method,
        uint64_t seed,
        ist_settings settings,
        std::array<uint8_t, 2> families = {IST_FAMILY_IPV4, IST_FAMILY_IPV4})
{
    std::mt19937_64 random(seed);
    SpliceWorld world(method, seed + 1, settings, families);
    world.faults.lose = random() % 3 == 0 ? 0 : static_cast<uint32_t>(random() % 200);
    world.faults.duplicate = static_cast<uint32_t>(random() % 100);
    world.faults.delayNs = (1 + random() % 30) * MS / 10;
    world.faults.jitterNs = random() % 3 == 0 ? 0 : (random() % 60) * MS;
    ModelTcpConfig a = RandomUser(random);
    ModelTcpConfig b = RandomUser(random);
    if (a.close == CloseWhen::AfterPeerDoes)
    {
        b.close = CloseWhen::AfterSending; // someone has to begin
    }
    b.listens = method == IST_METHOD_ACTIVE;
    world.SetUser(IST_SIDE_A, a, random() % (5000 * MS));
    world.SetUser(IST_SIDE_B, b, random() % (5000 * MS));
    world.Run(HOUR);
    return world;
}

struct MethodCase
{
    const char* name;
    unsigned int method;
    bool earlyData;
    uint64_t seeds;
    std::array<uint8_t, 2> families{IST_FAMILY_IPV4, IST_FAMILY_IPV4};
};

class SplicePair : public ::testing::TestWithParam<MethodCase>
{
};

TEST_P(SplicePair, DeliversEveryByteBothWaysAndEndsClosed)
{
    ist_settings settings = PatientSettings();
    settings.early_data = GetParam().earlyData ? 1 : 0;
    unsigned int faults = 0;
    for (uint64_t seed = 0; seed < GetParam().seeds && faults < 5; ++seed)
    {
        const SpliceWorld world = RunSeed(GetParam().method, seed, settings, GetParam().families);
        const std::string fault = world.Fault();
        EXPECT_EQ(fault, "") << "seed " << seed;
        EXPECT_EQ(world.fallbacks, 0u) << "seed " << seed;
        faults += fault.empty() ? 0 : 1;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Methods,
    SplicePair,
    ::testing::Values(MethodCase{"Passive", IST_METHOD_PASSIVE, false, 3000},
                      MethodCase{"PassiveEarly", IST_METHOD_PASSIVE, true, 1000},
                      MethodCase{"Pure", IST_METHOD_PURE, false, 1000},
                      MethodCase{"Active", IST_METHOD_ACTIVE, false, 2000},
                      MethodCase{"PassiveIpv6", IST_METHOD_PASSIVE, false, 500, V6_V6},
                      MethodCase{"PassiveIpv4ToIpv6", IST_METHOD_PASSIVE, false, 500, V4_V6},
                      MethodCase{"PassiveEarlyIpv6ToIpv4", IST_METHOD_PASSIVE, true, 500, V6_V4},
                      MethodCase{"PureIpv4ToIpv6", IST_METHOD_PURE, false, 300, V4_V6},
                      MethodCase{"PureIpv6ToIpv4", IST_METHOD_PURE, false, 300, V6_V4},
                      MethodCase{"ActiveIpv6", IST_METHOD_ACTIVE, false, 300, V6_V6},
                      MethodCase{"ActiveIpv4ToIpv6", IST_METHOD_ACTIVE, false, 300, V4_V6},
                      MethodCase{"ActiveIpv6ToIpv4", IST_METHOD_ACTIVE, false, 300, V6_V4}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(SpliceWorld, RunsAreDeterministic)
{
    const SpliceWorld first = RunSeed(IST_METHOD_PASSIVE, 77, PatientSettings());
    const SpliceWorld second = RunSeed(IST_METHOD_PASSIVE, 77, PatientSettings());
    EXPECT_EQ(first.nowNs, second.nowNs);
    EXPECT_EQ(first.bytesTo, second.bytesTo);
    EXPECT_EQ(first.drops, second.drops);
}

TEST(SpliceWorld, NoticesACrashedUser)
{
    ModelTcpConfig a;
    a.data.assign(5000, 1);
    ModelTcpConfig b = a;
    SpliceWorld world(IST_METHOD_PASSIVE, 1, PatientSettings());
    world.SetUser(IST_SIDE_A, a, 0);
    world.SetUser(IST_SIDE_B, b, 0);
    world.Run(5 * MS);
    ASSERT_TRUE(world.users[IST_SIDE_B].Established());
    world.users[IST_SIDE_B].Crash();
    world.Run(HOUR);
    EXPECT_NE(world.Fault(), "");
}

} // namespace
} // namespace isb::test
