// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-port-pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace isb
{
namespace
{

std::vector<uint16_t>
TakeAll(IstPortPool& pool)
{
    std::vector<uint16_t> ports;
    while (const auto port = pool.Take())
    {
        ports.push_back(*port);
    }
    return ports;
}

TEST(IstPortPool, GivesEachPortOfTheRangeOnce)
{
    SeededRng random(1);
    IstPortPool pool(100, 199, random);
    const std::vector<uint16_t> ports = TakeAll(pool);
    const std::set<uint16_t> all(ports.begin(), ports.end());
    EXPECT_EQ(ports.size(), 100U);
    EXPECT_EQ(all.size(), 100U);
    EXPECT_EQ(*all.begin(), 100);
    EXPECT_EQ(*all.rbegin(), 199);
    EXPECT_EQ(pool.Taken(), 100U);
}

TEST(IstPortPool, TheOrderIsShuffledAndTheSeeds)
{
    const auto order = [](uint64_t seed)
    {
        SeededRng random(seed);
        IstPortPool pool(100, 199, random);
        return TakeAll(pool);
    };
    EXPECT_EQ(order(1), order(1));
    EXPECT_NE(order(1), order(2));
    EXPECT_FALSE(std::is_sorted(order(1).begin(), order(1).end()));
}

TEST(IstPortPool, APortThatReturnsIsTheLastToBeGivenAgain)
{
    SeededRng random(1);
    IstPortPool pool(100, 104, random);
    const uint16_t first = *pool.Take();
    pool.Return(first);
    const std::vector<uint16_t> ports = TakeAll(pool);
    ASSERT_EQ(ports.size(), 5U);
    EXPECT_EQ(ports.back(), first);
}

TEST(IstPortPool, AnExactPortIsGivenOnceWhereverItLies)
{
    SeededRng random(1);
    IstPortPool pool(100, 104, random);
    for (const uint16_t port : {uint16_t{102}, uint16_t{50'000}})
    {
        EXPECT_TRUE(pool.TakeExactly(port));
        EXPECT_FALSE(pool.TakeExactly(port));
        EXPECT_TRUE(pool.IsTaken(port));
    }
    EXPECT_FALSE(pool.TakeExactly(0));
    EXPECT_THAT(TakeAll(pool), testing::UnorderedElementsAre(100, 101, 103, 104));
    pool.Return(102);
    pool.Return(50'000);
    EXPECT_THAT(TakeAll(pool), testing::ElementsAre(102)) << "the other is not of the range";
    EXPECT_TRUE(pool.TakeExactly(50'000));
}

TEST(IstPortPool, AnExactPortThatReturnsInTimeIsNotGivenTwice)
{
    SeededRng random(1);
    IstPortPool pool(100, 101, random);
    EXPECT_TRUE(pool.TakeExactly(100));
    pool.Return(100);
    EXPECT_THAT(TakeAll(pool), testing::UnorderedElementsAre(100, 101));
}

TEST(IstPortPool, ReturningTwiceOrWhatWasNotTakenChangesNothing)
{
    SeededRng random(1);
    IstPortPool pool(100, 101, random);
    pool.Return(100);
    pool.Return(7);
    const uint16_t port = *pool.Take();
    pool.Return(port);
    pool.Return(port);
    EXPECT_EQ(pool.Taken(), 0U);
    EXPECT_EQ(TakeAll(pool).size(), 2U);
}

TEST(IstPortPool, TheHostsOwnPortsAreNobodys)
{
    SeededRng random(1);
    IstPortPool pool(100, 102, random);
    pool.Reserve(101);
    EXPECT_THAT(TakeAll(pool), testing::UnorderedElementsAre(100, 102));
    EXPECT_FALSE(pool.TakeExactly(101));
    EXPECT_THAT(pool.Reserved(), testing::ElementsAre(101));
    pool.Unreserve(101);
    EXPECT_THAT(TakeAll(pool), testing::ElementsAre(101));
}

TEST(IstPortPool, AnEmptyRangeGivesNothing)
{
    SeededRng random(1);
    IstPortPool pool(10, 9, random);
    EXPECT_FALSE(pool.Take());
    EXPECT_TRUE(pool.TakeExactly(9));
}

TEST(IstPortPool, PortZeroIsNoPort)
{
    SeededRng random(1);
    IstPortPool pool(0, 2, random);
    EXPECT_THAT(TakeAll(pool), testing::UnorderedElementsAre(1, 2));
}

} // namespace
} // namespace isb
