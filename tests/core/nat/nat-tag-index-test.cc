// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-tag-index.h"

#include "model/core/random/rng.h"

#include <gtest/gtest.h>
#include <map>
#include <vector>

namespace isb
{
namespace
{

/// Keys in slots, found through an index whose hash is as bad as wished.
struct IndexedKeys
{
    explicit IndexedKeys(uint32_t mask)
        : hashMask(mask)
    {
    }

    [[nodiscard]] uint32_t
    HashOf(uint64_t key) const
    {
        return hash({0, key}) & hashMask;
    }

    [[nodiscard]] uint32_t
    Find(uint64_t key) const
    {
        return index.Find(HashOf(key), [&](uint32_t slot) { return keys[slot] == key; });
    }

    uint32_t hashMask;
    NatHash hash{1, 2};
    NatTagIndex index;
    std::vector<uint64_t> keys;
};

TEST(NatTagIndex, AgreesWithAMapOverRandomInsertsAndErases)
{
    for (const uint32_t hashMask : {0xffffffffU, 0x0fU, 0x80000003U, 0U}) // collisions of all sorts
    {
        SeededRng rng(3);
        IndexedKeys test(hashMask);
        std::map<uint64_t, uint32_t> reference;
        for (uint32_t step = 0; step < 10'000; ++step)
        {
            const uint64_t key = rng.Below(200);
            const auto found = reference.find(key);
            test.keys.push_back(key); // slot = step
            ASSERT_EQ(test.Find(key), found == reference.end() ? NAT_NO_SLOT : found->second);
            if (found == reference.end())
            {
                test.index.Insert(test.HashOf(key), step);
                reference[key] = step;
            }
            else if (rng.Below(10) < 7)
            {
                test.index.Erase(test.HashOf(key), found->second);
                reference.erase(found);
            }
            ASSERT_EQ(test.index.Size(), reference.size());
        }
        for (const auto& [key, slot] : reference)
        {
            ASSERT_EQ(test.Find(key), slot);
        }
    }
}

TEST(NatTagIndex, GrowsWithItsContent)
{
    IndexedKeys test(0xffffffff);
    for (uint32_t i = 0; i < 100'000; ++i)
    {
        test.keys.push_back(uint64_t{i} * 7);
        test.index.Insert(test.HashOf(uint64_t{i} * 7), i);
    }
    for (uint32_t i = 0; i < 100'000; ++i)
    {
        ASSERT_EQ(test.Find(uint64_t{i} * 7), i);
    }
    EXPECT_EQ(test.Find(700'000), NAT_NO_SLOT);
}

} // namespace
} // namespace isb
