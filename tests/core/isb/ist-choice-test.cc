// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/ist-choice.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

struct ChoiceCase
{
    const char* name;
    std::vector<IstCandidate> candidates;
    const char* chosen; ///< empty: none
    const char* reason;
};

class IstChoiceTest : public ::testing::TestWithParam<ChoiceCase>
{
};

/// Share 10 %, margin 2 ms.
TEST_P(IstChoiceTest, IsAsTheTableSays)
{
    const ChoiceCase& test = GetParam();
    const auto choice = ChooseIst(test.candidates, Ratio{100'000}, 2ms);
    if (*test.chosen == 0)
    {
        EXPECT_FALSE(choice);
        return;
    }
    ASSERT_TRUE(choice);
    EXPECT_EQ(test.candidates[choice->index].name, test.chosen);
    EXPECT_EQ(choice->reason, test.reason);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    IstChoiceTest,
    ::testing::Values(ChoiceCase{"NobodyThere", {}, "", ""},
                      ChoiceCase{"OnlyOne", {{"a", std::nullopt, 9, 10}}, "a", "isb.only-one"},
                      ChoiceCase{"OnlyOneThoughSuspected",
                                 {{"a", std::nullopt, 9, 10, true}},
                                 "a",
                                 "isb.only-one"},
                      ChoiceCase{"TheNearOneThoughLoaded",
                                 {{"far", 80ms, 0, 10}, {"near", 20ms, 9, 10}},
                                 "near",
                                 "isb.nearest"},
                      ChoiceCase{"WithinTheMarginTheLighter",
                                 {{"a", 10ms, 5, 10}, {"b", 12ms, 4, 10}},
                                 "b",
                                 "isb.least-loaded-of-near"},
                      ChoiceCase{"BeyondTheMarginTheNearer",
                                 {{"a", 10ms, 5, 10}, {"b", 12ms + 1ns, 0, 10}},
                                 "a",
                                 "isb.nearest"},
                      ChoiceCase{"WithinTheShareTheLighter",
                                 {{"a", 100ms, 5, 10}, {"b", 110ms, 4, 10}},
                                 "b",
                                 "isb.least-loaded-of-near"},
                      ChoiceCase{"BeyondTheShareTheNearer",
                                 {{"a", 100ms, 5, 10}, {"b", 110ms + 1ns, 0, 10}},
                                 "a",
                                 "isb.nearest"},
                      ChoiceCase{"LoadIsAShareOfTheCapacity",
                                 {{"small", 10ms, 2, 10}, {"large", 10ms, 15, 100}},
                                 "large",
                                 "isb.least-loaded-of-near"},
                      ChoiceCase{"EqualLoadByName",
                                 {{"b", 10ms, 1, 10}, {"a", 10ms, 10, 100}},
                                 "a",
                                 "isb.least-loaded-of-near"},
                      ChoiceCase{"UnmeasuredIsLast",
                                 {{"a", std::nullopt, 0, 10}, {"b", 500ms, 9, 10}},
                                 "b",
                                 "isb.nearest"},
                      ChoiceCase{"NobodyMeasuredTheLighter",
                                 {{"a", std::nullopt, 3, 10}, {"b", std::nullopt, 2, 10}},
                                 "b",
                                 "isb.least-loaded"},
                      ChoiceCase{"SuspectedOnlyWithoutOther",
                                 {{"a", 1ms, 0, 10, true}, {"b", 90ms, 9, 10}, {"c", 95ms, 0, 10}},
                                 "c",
                                 "isb.least-loaded-of-near"},
                      ChoiceCase{"TheOnlyOneNotSuspected",
                                 {{"a", std::nullopt, 0, 10, true}, {"b", std::nullopt, 9, 10}},
                                 "b",
                                 "isb.not-suspected"},
                      ChoiceCase{"AllSuspectedAsIfNone",
                                 {{"a", 90ms, 0, 10, true}, {"b", 1ms, 9, 10, true}},
                                 "b",
                                 "isb.nearest"},
                      ChoiceCase{"HugeNumbersDoNotOverflow",
                                 {{"a", std::chrono::hours(24 * 366), UINT32_MAX - 1, UINT32_MAX},
                                  {"b", std::chrono::hours(24 * 366), UINT32_MAX, UINT32_MAX}},
                                 "a",
                                 "isb.least-loaded-of-near"}),
    [](const auto& instance) { return instance.param.name; });

} // namespace
} // namespace isb
