// SPDX-License-Identifier: GPL-2.0-or-later
#include "impairment-harness.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace isb
{
namespace
{

using std::chrono::microseconds;
using std::chrono::milliseconds;

bool
IsInOrder(const std::vector<Seen>& seen)
{
    return std::is_sorted(seen.begin(),
                          seen.end(),
                          [](const Seen& a, const Seen& b) { return a.id < b.id; });
}

TEST(Impairment, WithoutSettingsPacketsLeaveAsTheyCome)
{
    ImpairmentRig rig(ImpairmentSettings{});
    rig.SendMany(100, microseconds(7));
    ASSERT_EQ(rig.seen.size(), 100U);
    for (size_t i = 0; i < 100; ++i)
    {
        EXPECT_EQ(rig.seen[i], (Seen{i, microseconds(7) * static_cast<int>(i)}));
    }
}

TEST(Impairment, DelaysEveryPacketByTheDelay)
{
    ImpairmentSettings settings;
    settings.delay = milliseconds(3);
    ImpairmentRig rig(settings);
    rig.SendMany(10, milliseconds(1));
    ASSERT_EQ(rig.seen.size(), 10U);
    EXPECT_EQ(rig.seen.front().when, milliseconds(3));
    EXPECT_EQ(rig.seen.back().when, milliseconds(12));
}

TEST(Impairment, SendsAtTheRateAndNotFaster)
{
    ImpairmentSettings settings;
    settings.rate = {8'000'000}; // 1000 bytes a millisecond
    ImpairmentRig rig(settings);
    rig.SendMany(500, microseconds(10));
    ASSERT_EQ(rig.seen.size(), 500U);
    for (size_t i = 0; i < 500; ++i)
    {
        ASSERT_EQ(rig.seen[i].when, milliseconds(static_cast<int>(i) + 1));
    }
}

TEST(Impairment, RoundingOfTimesNeverAddsUp)
{
    ImpairmentSettings settings;
    settings.rate = {7'777'777'777};
    settings.queuePackets = 100'000;
    ImpairmentRig rig(settings);
    rig.SendMany(100'000, Duration(0), 64);
    const uint64_t exact = uint64_t{100'000} * 64 * 8 * 1'000'000'000 / 7'777'777'777;
    EXPECT_EQ(rig.seen.back().when, Duration(exact));
}

TEST(Impairment, AnIdleLinkSendsAtOnce)
{
    ImpairmentSettings settings;
    settings.rate = {8'000'000};
    ImpairmentRig rig(settings);
    rig.SendMany(5, milliseconds(10));
    EXPECT_EQ(rig.seen.back().when, milliseconds(41));
}

TEST(Impairment, AFullQueueDropsTheNewest)
{
    ImpairmentSettings settings;
    settings.rate = {8'000'000};
    settings.queuePackets = 3;
    ImpairmentRig rig(settings);
    for (int i = 0; i < 4; ++i) // one on the link, three wait
    {
        EXPECT_EQ(rig.Send(Duration(0)).copies, 1) << i;
    }
    const ImpairmentVerdict verdict = rig.Send(Duration(0));
    EXPECT_EQ(verdict.copies, 0);
    EXPECT_EQ(verdict.reason, "impair.queue");
    EXPECT_EQ(rig.Send(milliseconds(1)).copies, 1); // the second is on the link now
    EXPECT_EQ(rig.Send(milliseconds(1)).copies, 0);
}

TEST(Impairment, AQueueCountsBytesToo)
{
    ImpairmentSettings settings;
    settings.rate = {8'000'000};
    settings.queueBytes = 2500;
    ImpairmentRig rig(settings);
    EXPECT_EQ(rig.Send(Duration(0), 9000).copies, 1); // an idle link needs no queue
    EXPECT_EQ(rig.Send(Duration(0), 1000).copies, 1);
    EXPECT_EQ(rig.Send(Duration(0), 1500).copies, 1);
    EXPECT_EQ(rig.Send(Duration(0), 1).copies, 0);
    EXPECT_EQ(rig.Drops(ImpairmentDrop::Queue), 1U);
}

TEST(Impairment, LostPacketsHaveUsedTheRate)
{
    ImpairmentSettings settings;
    settings.rate = {8'000'000};
    settings.loss = {500'000};
    ImpairmentRig rig(settings);
    rig.SendMany(100, Duration(0));
    EXPECT_LT(rig.seen.size(), 100U);
    EXPECT_EQ(rig.seen.back().when, milliseconds(static_cast<int>(rig.seen.back().id) + 1));
}

class EachShape : public testing::TestWithParam<JitterShape>
{
};

TEST_P(EachShape, JitterKeepsTheOrder)
{
    ImpairmentSettings settings;
    settings.delay = milliseconds(5);
    settings.jitter = milliseconds(5);
    settings.jitterShape = GetParam();
    ImpairmentRig rig(settings);
    rig.SendMany(20'000, microseconds(10));
    ASSERT_EQ(rig.seen.size(), 20'000U);
    EXPECT_TRUE(IsInOrder(rig.seen));
}

TEST_P(EachShape, NothingLeavesBeforeItComes)
{
    ImpairmentSettings settings;
    settings.delay = milliseconds(1);
    settings.jitter = milliseconds(1);
    settings.jitterShape = GetParam();
    ImpairmentRig rig(settings);
    rig.SendMany(5000, milliseconds(100));
    std::set<TimePoint> delays;
    for (const Seen& packet : rig.seen)
    {
        const TimePoint came = milliseconds(100) * static_cast<int>(packet.id);
        ASSERT_GE(packet.when, came);
        delays.insert(packet.when - came);
    }
    EXPECT_GT(delays.size(), 2000U);
}

INSTANTIATE_TEST_SUITE_P(Shapes,
                         EachShape,
                         testing::Values(JitterShape::Uniform,
                                         JitterShape::Normal,
                                         JitterShape::Exponential),
                         [](const auto& shape) { return std::string(ToString(shape.param)); });

TEST(Impairment, ReorderedPacketsAreOvertakenByTheirTime)
{
    ImpairmentSettings settings;
    settings.reorder = {100'000};
    settings.reorderBy = microseconds(25);
    ImpairmentRig rig(settings);
    rig.SendMany(10'000, microseconds(10));
    EXPECT_FALSE(IsInOrder(rig.seen));
    uint64_t late = 0;
    for (const Seen& packet : rig.seen)
    {
        const TimePoint came = microseconds(10) * static_cast<int>(packet.id);
        ASSERT_TRUE(packet.when == came || packet.when == came + microseconds(25));
        late += packet.when > came ? 1U : 0U;
    }
    EXPECT_EQ(late, rig.impairment.Counters().reordered);
    EXPECT_NEAR(static_cast<double>(late), 1000, 100);
}

TEST(Impairment, DuplicatesLeaveRightBehindAndTheLastIsMarked)
{
    ImpairmentSettings settings;
    settings.duplicate = {1'000'000};
    SeededRng rng(1);
    Impairment impairment(settings, rng);
    EXPECT_EQ(impairment.Submit(Duration(0), 42, 100).copies, 2);
    const auto first = impairment.TakeDue(Duration(0));
    const auto second = impairment.TakeDue(Duration(0));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->id, 42U);
    EXPECT_FALSE(first->isLast);
    EXPECT_EQ(second->id, 42U);
    EXPECT_TRUE(second->isLast);
    EXPECT_FALSE(impairment.TakeDue(Duration(0)));
}

TEST(Impairment, WhatIsInsideStaysBounded)
{
    ImpairmentSettings settings;
    settings.delay = std::chrono::hours(1);
    settings.duplicate = {500'000};
    settings.mostInFlight = 100;
    ImpairmentRig rig(settings);
    for (int i = 0; i < 1000; ++i)
    {
        rig.Send(Duration(i));
        ASSERT_LE(rig.impairment.InFlight(), 100U);
    }
    EXPECT_EQ(rig.verdicts.back().reason, "impair.in-flight");
    EXPECT_GT(rig.Drops(ImpairmentDrop::InFlight), 800U);
}

TEST(Impairment, EveryPacketIsDroppedDepartedOrInside)
{
    ImpairmentSettings settings;
    settings.rate = {10'000'000};
    settings.queuePackets = 20;
    settings.delay = milliseconds(2);
    settings.loss = {50'000};
    settings.burstEnter = {10'000};
    settings.burstLeave = {200'000};
    settings.duplicate = {30'000};
    settings.reorder = {20'000};
    settings.reorderBy = milliseconds(1);
    ImpairmentRig rig(settings);
    for (int i = 0; i < 50'000; ++i)
    {
        rig.Send(microseconds(500) * i, 100 + static_cast<size_t>(i % 1400));
        const ImpairmentCounters& counters = rig.impairment.Counters();
        uint64_t drops = 0;
        for (const uint64_t count : counters.drops)
        {
            drops += count;
        }
        ASSERT_EQ(counters.submitted + counters.duplicated,
                  counters.departed + drops + rig.impairment.InFlight());
    }
    for (const ImpairmentDrop drop :
         {ImpairmentDrop::Loss, ImpairmentDrop::Burst, ImpairmentDrop::Queue})
    {
        EXPECT_GT(rig.Drops(drop), 0U) << DropInfo(drop).reason;
    }
}

TEST(Impairment, NewSettingsHoldFromTheNextPacketOnAndKeepTheOrder)
{
    ImpairmentSettings settings;
    settings.delay = milliseconds(10);
    ImpairmentRig rig(settings);
    rig.Send(Duration(0));
    settings.delay = milliseconds(1);
    rig.impairment.Reconfigure(settings);
    rig.Send(milliseconds(1));
    rig.Send(milliseconds(20));
    rig.RunUntil(milliseconds(100));
    const std::vector<Seen> expected = {{0, milliseconds(10)},
                                        {1, milliseconds(10)},
                                        {2, milliseconds(21)}};
    EXPECT_EQ(rig.seen, expected);
}

} // namespace
} // namespace isb
