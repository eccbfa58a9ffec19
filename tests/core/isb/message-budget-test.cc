// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/message-budget.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

TEST(MessageBudget, AFullBucketLetsFourSecondsWorthThroughAtOnce)
{
    MessageBudget budget(200);
    for (int i = 0; i < 800; ++i)
    {
        EXPECT_TRUE(budget.Take(0s));
    }
    EXPECT_FALSE(budget.Take(0s));
}

TEST(MessageBudget, AnEmptyBucketFillsAtTheRateExactly)
{
    MessageBudget budget(200);
    while (budget.Take(1s))
    {
    }
    EXPECT_FALSE(budget.Take(1s + 5ms - 1ns));
    EXPECT_TRUE(budget.Take(1s + 5ms));
    EXPECT_FALSE(budget.Take(1s + 5ms));
}

TEST(MessageBudget, ItNeverHoldsMoreThanTheBurst)
{
    MessageBudget budget(10);
    int taken = 0;
    while (budget.Take(1h))
    {
        ++taken;
    }
    EXPECT_EQ(taken, 40);
}

TEST(MessageBudget, ZeroIsNoLimit)
{
    MessageBudget budget(0);
    for (int i = 0; i < 100'000; ++i)
    {
        EXPECT_TRUE(budget.Take(0s));
    }
}

} // namespace
} // namespace isb
