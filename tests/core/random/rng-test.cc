// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/random/rng.h"

#include <array>
#include <gtest/gtest.h>

namespace
{

using isb::SeededRng;

/// Returns the same numbers in turn, whatever they are.
class ScriptedRng : public isb::Rng
{
  public:
    explicit ScriptedRng(std::array<uint64_t, 2> values)
        : m_values(values)
    {
    }

    uint64_t
    Next() override
    {
        return m_values[m_next++ % m_values.size()];
    }

  private:
    std::array<uint64_t, 2> m_values;
    size_t m_next = 0;
};

// First outputs of SplitMix64 for seed 0, as its authors' reference code prints them.
TEST(SeededRng, IsSplitMix64)
{
    SeededRng rng(0);
    EXPECT_EQ(rng.Next(), 0xe220a8397b1dcdafU);
    EXPECT_EQ(rng.Next(), 0x6e789e6aa1b965f4U);
    EXPECT_EQ(rng.Next(), 0x06c45d188009454fU);
}

TEST(SeededRng, DiffersBySeedOnly)
{
    SeededRng one(1);
    SeededRng same(1);
    SeededRng other(2);
    const uint64_t first = one.Next();
    EXPECT_EQ(first, same.Next());
    EXPECT_NE(first, other.Next());
}

TEST(Rng, BelowReachesEveryValueEvenly)
{
    SeededRng rng(7);
    std::array<int, 5> seen{};
    for (int i = 0; i < 50'000; ++i)
    {
        ++seen.at(rng.Below(seen.size()));
    }
    for (const int count : seen)
    {
        EXPECT_NEAR(count, 10'000, 500);
    }
}

// 2^64 mod 3 is 1, so the value 0 is one too many and must be drawn again.
TEST(Rng, BelowRejectsTheValuesThatWouldBias)
{
    ScriptedRng rng({0, 5});
    EXPECT_EQ(rng.Below(3), 5U % 3);
}

} // namespace
