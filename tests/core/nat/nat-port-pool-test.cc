// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-port-pool.h"

#include <gtest/gtest.h>
#include <set>

namespace isb
{
namespace
{

TEST(NatPortPool, EveryPortIsTakenOnceWhateverTheAssignment)
{
    for (const auto assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        for (const auto& [first, last] : {std::pair<uint16_t, uint16_t>{40000, 40000},
                                          {40000, 40063},
                                          {40001, 40065},
                                          {1, 65535},
                                          {65535, 65535}})
        {
            SeededRng rng(1);
            NatPortPool pool(assignment, first, last);
            std::set<uint16_t> taken;
            while (const auto port = pool.Take(50000, rng))
            {
                ASSERT_GE(*port, first);
                ASSERT_LE(*port, last);
                ASSERT_TRUE(taken.insert(*port).second);
            }
            EXPECT_EQ(taken.size(), size_t{last} - first + 1);
            pool.Release(first);
            EXPECT_EQ(pool.Take(50000, rng), first);
        }
    }
}

TEST(NatPortPool, PreservingTakesTheSamePortElseTheNextFree)
{
    SeededRng rng(1);
    NatPortPool pool(NatPortAssignment::Preserving, 1024, 65535);
    EXPECT_EQ(pool.Take(5000, rng), 5000);
    EXPECT_EQ(pool.Take(5000, rng), 5001);
    EXPECT_EQ(pool.Take(65535, rng), 65535);
    EXPECT_EQ(pool.Take(65535, rng), 1024) << "around the end";
    EXPECT_GE(*pool.Take(80, rng), 1024) << "a port outside the pool is not preserved";
}

TEST(NatPortPool, SequentialStepsByOneAndPassesTakenPorts)
{
    SeededRng rng(1);
    NatPortPool pool(NatPortAssignment::Sequential, 2000, 2003);
    EXPECT_EQ(pool.Take(5000, rng), 2000);
    EXPECT_EQ(pool.Take(5000, rng), 2001);
    pool.Release(2000);
    EXPECT_EQ(pool.Take(5000, rng), 2002);
    EXPECT_EQ(pool.Take(5000, rng), 2003);
    EXPECT_EQ(pool.Take(5000, rng), 2000);
    EXPECT_FALSE(pool.Take(5000, rng));
}

TEST(NatPortPool, RandomDependsOnTheSeedOnly)
{
    const auto sequence = [](uint64_t seed)
    {
        SeededRng rng(seed);
        NatPortPool pool(NatPortAssignment::Random, 1024, 65535);
        std::vector<uint16_t> ports;
        for (int i = 0; i < 20; ++i)
        {
            ports.push_back(*pool.Take(5000, rng));
        }
        return ports;
    };
    EXPECT_EQ(sequence(1), sequence(1));
    EXPECT_NE(sequence(1), sequence(2));
}

} // namespace
} // namespace isb
