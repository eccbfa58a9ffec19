// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-port-pool.h"

#include <gtest/gtest.h>
#include <set>

namespace isb
{
namespace
{

/// A pool with the axes, cursor and random numbers that its calls need.
struct PoolUnderTest
{
    PoolUnderTest(NatPortAssignment assignment, NatPortRange range, uint64_t seed = 1)
        : ports(range),
          pool(range),
          rng(seed)
    {
        axes.assignment = assignment;
    }

    std::optional<uint16_t>
    Take(uint16_t internalPort)
    {
        return pool.Take(axes, internalPort, ports, cursor, rng);
    }

    NatPortRange ports;
    NatPortPool pool;
    NatAxes axes;
    uint16_t cursor = 0;
    SeededRng rng;
};

TEST(NatPortPool, EveryPortIsTakenOnceWhateverTheAssignment)
{
    for (const auto assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        for (const NatPortRange range : {NatPortRange{40000, 40000},
                                         NatPortRange{40000, 40063},
                                         NatPortRange{40001, 40065},
                                         NatPortRange{1, 65535},
                                         NatPortRange{65535, 65535}})
        {
            PoolUnderTest test(assignment, range);
            std::set<uint16_t> taken;
            while (const auto port = test.Take(50000))
            {
                ASSERT_TRUE(range.Contains(*port));
                ASSERT_TRUE(taken.insert(*port).second);
            }
            EXPECT_EQ(taken.size(), range.Size());
            test.pool.Release(range.first);
            EXPECT_EQ(test.Take(50000), range.first);
        }
    }
}

TEST(NatPortPool, PreservingTakesTheSamePortElseTheNextFree)
{
    PoolUnderTest test(NatPortAssignment::Preserving, {1024, 65535});
    EXPECT_EQ(test.Take(5000), 5000);
    EXPECT_EQ(test.Take(5000), 5001);
    EXPECT_EQ(test.Take(65535), 65535);
    EXPECT_EQ(test.Take(65535), 1024) << "around the end";
    EXPECT_GE(*test.Take(80), 1024) << "a port outside the pool is not preserved";
}

TEST(NatPortPool, SequentialStepsByOneAndPassesTakenPorts)
{
    PoolUnderTest test(NatPortAssignment::Sequential, {2000, 2003});
    EXPECT_EQ(test.Take(5000), 2000);
    EXPECT_EQ(test.Take(5000), 2001);
    test.pool.Release(2000);
    EXPECT_EQ(test.Take(5000), 2002);
    EXPECT_EQ(test.Take(5000), 2003);
    EXPECT_EQ(test.Take(5000), 2000);
    EXPECT_FALSE(test.Take(5000));
}

TEST(NatPortPool, SequentialStepsByTheStepAroundTheEnd)
{
    PoolUnderTest test(NatPortAssignment::Sequential, {2000, 2009});
    test.axes.step = 4;
    std::vector<uint16_t> ports;
    for (int i = 0; i < 5; ++i)
    {
        ports.push_back(*test.Take(5000));
    }
    EXPECT_EQ(ports, (std::vector<uint16_t>{2000, 2004, 2008, 2002, 2006}));
    EXPECT_EQ(test.Take(5000), 2001) << "2000 is taken: the next free one";
}

TEST(NatPortPool, RandomDependsOnTheSeedOnly)
{
    const auto sequence = [](uint64_t seed)
    {
        PoolUnderTest test(NatPortAssignment::Random, {1024, 65535}, seed);
        std::vector<uint16_t> ports;
        for (int i = 0; i < 20; ++i)
        {
            ports.push_back(*test.Take(5000));
        }
        return ports;
    };
    EXPECT_EQ(sequence(1), sequence(1));
    EXPECT_NE(sequence(1), sequence(2));
}

TEST(NatPortPool, ParityIsKeptUntilNoPortOfItIsLeft)
{
    for (const auto assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        for (const uint16_t first : {uint16_t{4000}, uint16_t{4001}})
        {
            PoolUnderTest test(assignment, {first, static_cast<uint16_t>(first + 99)});
            test.axes.parity = true;
            for (int i = 0; i < 50; ++i)
            {
                const auto port = test.Take(5001);
                ASSERT_TRUE(port);
                EXPECT_EQ(*port % 2, 1);
            }
            EXPECT_FALSE(test.Take(5001)) << "an even port for an odd one";
            EXPECT_EQ(*test.Take(5000) % 2, 0);
        }
    }
}

TEST(NatPortPool, WithoutParityTheNextFreePortMayBeOfTheOther)
{
    PoolUnderTest test(NatPortAssignment::Preserving, {4000, 4099});
    EXPECT_EQ(test.Take(4001), 4001);
    EXPECT_EQ(test.Take(4001), 4002);
}

TEST(NatPortPool, WellKnownPortsStayAmongThemselvesWhileThereAreAny)
{
    for (const auto assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        PoolUnderTest test(assignment, {1000, 2047});
        for (int i = 0; i < 24; ++i)
        {
            EXPECT_LT(*test.Take(1001), 1024);
            EXPECT_GE(*test.Take(1500), 1024);
        }
        EXPECT_GE(*test.Take(1001), 1024) << "there are no others left";
    }
}

TEST(NatPortPool, ARangeInsideThePoolIsAllThatIsGiven)
{
    PoolUnderTest test(NatPortAssignment::Random, {1024, 65535});
    test.ports = {3000, 3063};
    std::set<uint16_t> taken;
    while (const auto port = test.Take(50000))
    {
        ASSERT_TRUE(test.ports.Contains(*port));
        taken.insert(*port);
    }
    EXPECT_EQ(taken.size(), 64U);
    test.ports = {3064, 3127};
    EXPECT_TRUE(test.Take(50000)) << "the next range has ports";
}

TEST(NatPortPool, OnePortCanBeClaimedOnce)
{
    NatPortPool pool({2000, 2009});
    EXPECT_TRUE(pool.IsFree(2005));
    EXPECT_TRUE(pool.Claim(2005));
    EXPECT_FALSE(pool.IsFree(2005));
    EXPECT_FALSE(pool.Claim(2005));
    EXPECT_FALSE(pool.Claim(1999)) << "not in the pool";
    EXPECT_FALSE(pool.Claim(2010));
    pool.Release(2005);
    EXPECT_TRUE(pool.Claim(2005));
}

} // namespace
} // namespace isb
