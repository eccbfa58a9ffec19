// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/retry-backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

TEST(RetryBackoff, DoublesUpToItsMostAndStartsAnew)
{
    SeededRng random(7);
    RetryBackoff backoff(1s, 5s);
    for (const Duration whole : {1s, 2s, 4s, 5s, 5s})
    {
        const Duration wait = backoff.Next(random);
        EXPECT_GE(wait, whole / 2);
        EXPECT_LE(wait, whole);
    }
    backoff.Reset();
    EXPECT_LE(backoff.Next(random), 1s);
    backoff.Exhaust();
    EXPECT_GE(backoff.Next(random), 2500ms);
}

TEST(RetryBackoff, SpreadsThoseWhoWait)
{
    SeededRng random(7);
    std::set<Duration> waits;
    for (int i = 0; i < 100; ++i)
    {
        RetryBackoff backoff(1s, 30s);
        waits.insert(backoff.Next(random));
    }
    EXPECT_EQ(waits.size(), 100U);
}

TEST(RetryBackoff, TakesAMostBelowItsFirst)
{
    SeededRng random(7);
    RetryBackoff backoff(4s, 1s);
    for (int i = 0; i < 3; ++i)
    {
        EXPECT_GE(backoff.Next(random), 2s);
    }
}

} // namespace
} // namespace isb::test
