// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-hash-index.h"

#include "model/core/random/rng.h"

#include <gtest/gtest.h>
#include <map>
#include <utility>

namespace isb
{
namespace
{

TEST(NatHashIndex, AgreesWithAMapOverRandomInsertsAndErases)
{
    for (uint64_t seed = 1; seed <= 10; ++seed)
    {
        SeededRng rng(seed);
        NatHashIndex index(rng.Next(), rng.Next());
        std::map<std::pair<uint64_t, uint64_t>, uint32_t> reference;
        for (uint32_t step = 0; step < 20'000; ++step)
        {
            const NatKey key{rng.Below(20), rng.Below(40)};
            const auto found = reference.find({key.high, key.low});
            ASSERT_EQ(index.Find(key), found == reference.end() ? NAT_NO_SLOT : found->second);
            if (found == reference.end())
            {
                index.Insert(key, step);
                reference[{key.high, key.low}] = step;
            }
            else if (rng.Below(10) < 7)
            {
                index.Erase(key);
                reference.erase(found);
            }
            ASSERT_EQ(index.Size(), reference.size());
        }
        for (const auto& [key, slot] : reference)
        {
            ASSERT_EQ(index.Find({key.first, key.second}), slot);
        }
    }
}

TEST(NatHashIndex, GrowsWithItsContent)
{
    NatHashIndex index(1, 2);
    for (uint32_t i = 0; i < 100'000; ++i)
    {
        index.Insert({i, i * 7}, i);
    }
    for (uint32_t i = 0; i < 100'000; ++i)
    {
        ASSERT_EQ(index.Find({i, i * 7}), i);
    }
    EXPECT_EQ(index.Find({100'000, 0}), NAT_NO_SLOT);
}

} // namespace
} // namespace isb
