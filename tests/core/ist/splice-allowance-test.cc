// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/splice-allowance.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

TEST(RateMeter, TheLongTermRateIsExactWhateverThePacketSizes)
{
    for (const uint64_t bits : {320U, 12'000U, 524'280U})
    {
        RateMeter meter(1'000'000, 200ms);
        uint64_t passed = 0;
        for (TimePoint now{0}; now < 100s; now += 100us)
        {
            if (meter.Admits(now))
            {
                meter.Charge(now, bits);
                passed += bits;
            }
        }
        EXPECT_GE(passed, 100'000'000U) << bits;
        EXPECT_LE(passed, 100'000'000U + 200'000 + bits) << bits;
    }
}

TEST(RateMeter, SilenceSavesUpNoMoreThanTheBurst)
{
    RateMeter meter(1'000'000, 100ms);
    TimePoint now = 1h;
    uint64_t passed = 0;
    while (meter.Admits(now))
    {
        meter.Charge(now, 1000);
        passed += 1000;
    }
    EXPECT_EQ(passed, 100'000U);
}

TEST(RateMeter, TheSlowestRateNeverOverflows)
{
    RateMeter meter(1, 200ms);
    for (int i = 0; i < 1000; ++i)
    {
        meter.Charge(TimePoint{i}, uint64_t{1} << 33);
    }
    EXPECT_FALSE(meter.Admits(24h * 364));
    EXPECT_TRUE(meter.Admits(24h * 366));
}

TEST(SpliceAllowance, WithoutLimitsEverythingPasses)
{
    SpliceAllowance allowance;
    EXPECT_FALSE(allowance.CountsPackets());
    allowance.Start(5s);
    for (int i = 0; i < 1000; ++i)
    {
        EXPECT_EQ(allowance.Ask(5s, 65'535), SpliceAllowance::Pass);
        allowance.Charge(5s, 65'535);
    }
    EXPECT_EQ(allowance.End(), TIME_NEVER);
}

TEST(SpliceAllowance, BytesPassUpToTheLimitAndNotOneMore)
{
    SpliceAllowance allowance({0, 1000, 0s});
    EXPECT_TRUE(allowance.CountsPackets());
    EXPECT_EQ(allowance.Ask(0s, 1001), SpliceAllowance::OverBytes);
    allowance.Charge(0s, 600);
    EXPECT_EQ(allowance.Ask(0s, 400), SpliceAllowance::Pass);
    EXPECT_EQ(allowance.Ask(0s, 401), SpliceAllowance::OverBytes);
    allowance.Charge(0s, 5000); // a proxy counts afterwards
    EXPECT_EQ(allowance.Ask(0s, 1), SpliceAllowance::OverBytes);
}

TEST(SpliceAllowance, TheLifetimeRunsFromTheFirstStart)
{
    SpliceAllowance allowance({0, 0, 10s});
    EXPECT_FALSE(allowance.CountsPackets());
    EXPECT_EQ(allowance.End(), TIME_NEVER);
    allowance.Start(5s);
    allowance.Start(9s);
    EXPECT_EQ(allowance.End(), TimePoint(15s));
}

} // namespace
} // namespace isb
