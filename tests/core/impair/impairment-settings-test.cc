// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/impair/impairment-settings.h"

#include <functional>
#include <gmock/gmock.h>

namespace isb
{
namespace
{

using std::chrono::milliseconds;

TEST(ImpairmentSettings, DefaultsDoNothingAndAgree)
{
    EXPECT_TRUE(ImpairmentSettings{}.IsTransparent());
    EXPECT_FALSE(FindContradiction(ImpairmentSettings{}));
}

struct Case
{
    const char* name;
    std::function<void(ImpairmentSettings&)> change;
    const char* said; ///< part of the error; empty: fine
};

class EachImpairment : public testing::TestWithParam<Case>
{
};

TEST_P(EachImpairment, IsJudged)
{
    ImpairmentSettings settings;
    GetParam().change(settings);
    const auto error = FindContradiction(settings);
    if (*GetParam().said == 0)
    {
        EXPECT_FALSE(error) << error->text;
        EXPECT_FALSE(settings.IsTransparent());
        return;
    }
    ASSERT_TRUE(error);
    EXPECT_THAT(error->text, testing::HasSubstr(GetParam().said));
}

using S = ImpairmentSettings;

INSTANTIATE_TEST_SUITE_P(
    Settings,
    EachImpairment,
    testing::Values(
        Case{"Rate", [](S& s) { s.rate = {1'000'000}; }, ""},
        Case{"RateTooHigh", [](S& s) { s.rate = {2'000'000'000'000}; }, "1 Tb/s"},
        Case{"NoQueue", [](S& s) { s.queuePackets = 0; }, "nearest valid is 1"},
        Case{"QueueWithoutRate", [](S& s) { s.queueBytes = 1; }, "without a rate"},
        Case{"Delay", [](S& s) { s.delay = milliseconds(1); }, ""},
        Case{"NegativeDelay", [](S& s) { s.delay = milliseconds(-1); }, "negative"},
        Case{"DelayTooLong", [](S& s) { s.delay = std::chrono::hours(2); }, "1 h"},
        Case{"UniformJitterOverDelay",
             [](S& s)
             {
                 s.delay = milliseconds(1);
                 s.jitter = milliseconds(2);
             },
             "jitter = \"1 ms\""},
        Case{"NormalJitterOverDelay",
             [](S& s)
             {
                 s.jitter = milliseconds(2);
                 s.jitterShape = JitterShape::Normal;
             },
             ""},
        Case{"JitterTooLarge",
             [](S& s)
             {
                 s.jitter = std::chrono::minutes(2);
                 s.jitterShape = JitterShape::Exponential;
             },
             "1 min"},
        Case{"Loss", [](S& s) { s.loss = {1}; }, ""},
        Case{"LossOver100", [](S& s) { s.loss = {1'000'001}; }, "100 %"},
        Case{"Bursts", [](S& s) { s.burstEnter = s.burstLeave = {1}; }, ""},
        Case{"BurstWithoutEnd", [](S& s) { s.burstEnter = {1}; }, "never end"},
        Case{"BurstWithoutBegin", [](S& s) { s.burstLeave = {1}; }, "never begin"},
        Case{"ReorderWithoutTime", [](S& s) { s.reorder = {1}; }, "need each other"},
        Case{"TimeWithoutReorder", [](S& s) { s.reorderBy = milliseconds(1); }, "need each other"},
        Case{"Duplicate", [](S& s) { s.duplicate = {1}; }, ""},
        Case{"NothingInside", [](S& s) { s.mostInFlight = 0; }, "nearest valid is 1"}),
    [](const auto& one) { return one.param.name; });

TEST(JitterShape, HasANameEach)
{
    EXPECT_EQ(ToString(JitterShape::Uniform), "uniform");
    EXPECT_EQ(ToString(JitterShape::Normal), "normal");
    EXPECT_EQ(ToString(JitterShape::Exponential), "exponential");
}

} // namespace
} // namespace isb
