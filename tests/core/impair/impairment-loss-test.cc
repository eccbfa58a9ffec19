// SPDX-License-Identifier: GPL-2.0-or-later
#include "impairment-harness.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

constexpr size_t MANY = 200'000;
constexpr Duration GAP = std::chrono::microseconds(1);

TEST(ImpairmentLoss, IndependentLossHasItsShareAndNoMemory)
{
    ImpairmentSettings settings;
    settings.loss = {100'000};
    ImpairmentRig rig(settings);
    rig.SendMany(MANY, GAP);
    EXPECT_NEAR(static_cast<double>(rig.Drops(ImpairmentDrop::Loss)) / MANY, 0.1, 0.003);
    size_t pairs = 0;
    for (size_t i = 1; i < MANY; ++i)
    {
        pairs += rig.verdicts[i].copies == 0 && rig.verdicts[i - 1].copies == 0 ? 1U : 0U;
    }
    EXPECT_NEAR(static_cast<double>(pairs) / MANY, 0.01, 0.002);
}

TEST(ImpairmentLoss, TheSameSeedLosesTheSamePackets)
{
    ImpairmentSettings settings;
    settings.loss = {50'000};
    settings.delay = std::chrono::milliseconds(1);
    settings.jitter = std::chrono::milliseconds(1);
    settings.duplicate = {20'000};
    ImpairmentRig one(settings, 5);
    ImpairmentRig same(settings, 5);
    ImpairmentRig other(settings, 6);
    for (ImpairmentRig* rig : {&one, &same, &other})
    {
        rig->SendMany(2000, GAP);
    }
    EXPECT_EQ(one.seen, same.seen);
    EXPECT_FALSE(one.seen == other.seen);
}

TEST(ImpairmentLoss, TheCountOfASeedIsKnown)
{
    ImpairmentSettings settings;
    settings.loss = {100'000};
    ImpairmentRig rig(settings, 1);
    rig.SendMany(1000, GAP);
    EXPECT_EQ(rig.Drops(ImpairmentDrop::Loss), 102U);
    EXPECT_EQ(rig.seen.size(), 898U);
}

TEST(ImpairmentLoss, BurstsHaveTheirMeanLengthAndShare)
{
    ImpairmentSettings settings;
    settings.burstEnter = {10'000}; // share in bursts: 1 / (1 + 9)
    settings.burstLeave = {90'000}; // mean length: 11.1 packets
    ImpairmentRig rig(settings);
    rig.SendMany(MANY, GAP);
    const double share = static_cast<double>(rig.Drops(ImpairmentDrop::Burst)) / MANY;
    EXPECT_NEAR(share, 0.1, 0.01);
    size_t bursts = 0;
    for (size_t i = 1; i < MANY; ++i)
    {
        bursts += rig.verdicts[i].copies == 0 && rig.verdicts[i - 1].copies != 0 ? 1U : 0U;
    }
    EXPECT_NEAR(share * MANY / static_cast<double>(bursts), 1 / 0.09, 0.6);
    EXPECT_EQ(rig.Drops(ImpairmentDrop::Loss), 0U);
}

TEST(ImpairmentLoss, InABurstOnlyTheShareOfTheBurstIsLost)
{
    ImpairmentSettings settings;
    settings.burstEnter = {1'000'000};
    settings.burstLeave = {1}; // practically always in a burst
    settings.burstLoss = {250'000};
    settings.loss = {1'000'000};
    ImpairmentRig rig(settings);
    rig.SendMany(MANY, GAP);
    EXPECT_NEAR(static_cast<double>(rig.Drops(ImpairmentDrop::Burst)) / MANY, 0.25, 0.005);
}

TEST(ImpairmentLoss, SaysWhichSettingDropped)
{
    ImpairmentSettings settings;
    settings.loss = {1'000'000};
    ImpairmentRig rig(settings);
    const ImpairmentVerdict verdict = rig.Send(Duration(0));
    EXPECT_EQ(verdict.copies, 0);
    EXPECT_EQ(verdict.reason, "impair.loss");
    EXPECT_EQ(verdict.rule, "loss");
    EXPECT_EQ(rig.impairment.NextTimeout(), TIME_NEVER);
}

TEST(ImpairmentLoss, NoLossLosesNothing)
{
    ImpairmentRig rig(ImpairmentSettings{});
    rig.SendMany(MANY, GAP);
    EXPECT_EQ(rig.seen.size(), MANY);
}

} // namespace
} // namespace isb
