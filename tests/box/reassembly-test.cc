// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/reassembly.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

constexpr uint16_t PART = 1480;
constexpr uint32_t FRAME_BYTES = 1514;

ReceivedFrame
Part(uint64_t datagram, uint16_t index, uint16_t count, uint16_t length = PART)
{
    ReceivedFrame received;
    received.frame.handle = datagram * 100 + index;
    received.frame.bytes = FRAME_BYTES;
    received.frame.facts.path = FramePath::Nat;
    received.frame.facts.datagram = datagram;
    received.frame.facts.offset = static_cast<uint16_t>(index * PART);
    received.frame.facts.length = length;
    received.frame.facts.more = index + 1 < count;
    return received;
}

class ReassemblyTest : public testing::Test
{
  protected:
    std::optional<Datagram>
    Add(const ReceivedFrame& fragment, TimePoint now = 0ns)
    {
        return reassembly.Add(now, fragment, lost);
    }

    Reassembly reassembly{100 * FRAME_BYTES, 50 * FRAME_BYTES, 30s};
    std::vector<Reassembly::Lost> lost;
};

TEST_F(ReassemblyTest, GivesTheWholeDatagramInOrderWhateverTheOrderOfArrival)
{
    std::vector<uint16_t> order{0, 1, 2, 3};
    uint64_t datagram = 0;
    do
    {
        ++datagram;
        for (size_t i = 0; i + 1 < order.size(); ++i)
        {
            EXPECT_FALSE(Add(Part(datagram, order[i], 4)));
        }
        const auto whole = Add(Part(datagram, order.back(), 4));
        ASSERT_TRUE(whole);
        ASSERT_EQ(whole->size(), 4U);
        for (uint16_t i = 0; i < 4; ++i)
        {
            EXPECT_EQ((*whole)[i].frame.handle, datagram * 100 + i);
        }
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(reassembly.Held(), 0U);
    EXPECT_TRUE(lost.empty());
    EXPECT_EQ(reassembly.NextTimeout(), TIME_NEVER);
}

TEST_F(ReassemblyTest, KeepsDatagramsApart)
{
    EXPECT_FALSE(Add(Part(1, 0, 2)));
    EXPECT_FALSE(Add(Part(2, 1, 2)));
    EXPECT_TRUE(Add(Part(1, 1, 2)));
    EXPECT_TRUE(Add(Part(2, 0, 2)));
}

TEST_F(ReassemblyTest, AMissingFragmentCostsTheDatagramWhenTheTimeIsOver)
{
    EXPECT_FALSE(Add(Part(1, 0, 3), 5s));
    EXPECT_FALSE(Add(Part(1, 2, 3), 6s));
    EXPECT_EQ(reassembly.NextTimeout(), 35s);
    reassembly.Timeout(35s - 1ns, lost);
    EXPECT_TRUE(lost.empty());
    reassembly.Timeout(35s, lost);
    ASSERT_EQ(lost.size(), 2U);
    EXPECT_EQ(lost[0].reason, BoxDrop::ReassemblyTimeout);
    EXPECT_EQ(reassembly.Held(), 0U);
    EXPECT_FALSE(Add(Part(1, 1, 3), 36s)) << "what came before the time-out is forgotten";
}

TEST_F(ReassemblyTest, EvictsTheOldestDownToTheLowMark)
{
    for (uint64_t datagram = 1; datagram <= 100; ++datagram)
    {
        EXPECT_FALSE(Add(Part(datagram, 0, 2)));
    }
    EXPECT_TRUE(lost.empty()) << "exactly full is not too full";
    EXPECT_FALSE(Add(Part(101, 0, 2)));
    ASSERT_EQ(lost.size(), 51U);
    EXPECT_EQ(lost.front().fragment.frame.handle, 100U);
    EXPECT_EQ(lost.front().reason, BoxDrop::ReassemblyEvicted);
    EXPECT_EQ(reassembly.Held(), 50U);
    EXPECT_TRUE(Add(Part(101, 1, 2))) << "the youngest survive";
    EXPECT_FALSE(Add(Part(1, 1, 2))) << "the oldest do not";
}

TEST_F(ReassemblyTest, ARepeatedFragmentIsDroppedAndTheDatagramStillCompletes)
{
    EXPECT_FALSE(Add(Part(1, 0, 2)));
    EXPECT_FALSE(Add(Part(1, 0, 2)));
    ASSERT_EQ(lost.size(), 1U);
    EXPECT_EQ(lost[0].reason, BoxDrop::ReassemblyOverlap);
    const auto whole = Add(Part(1, 1, 2));
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->size(), 2U);
}

TEST_F(ReassemblyTest, APartialOverlapKillsTheDatagram)
{
    EXPECT_FALSE(Add(Part(1, 0, 3)));
    ReceivedFrame overlapping = Part(1, 1, 3);
    overlapping.frame.facts.offset = PART - 8;
    EXPECT_FALSE(Add(overlapping));
    EXPECT_EQ(lost.size(), 2U);
    EXPECT_EQ(reassembly.Held(), 0U);
}

TEST_F(ReassemblyTest, ContradictoryEndsKillTheDatagram)
{
    struct Case
    {
        const char* name;
        ReceivedFrame first;
        ReceivedFrame second;
    };

    const Case cases[] = {
        {"a second end elsewhere", Part(1, 1, 2), Part(1, 3, 4)},
        {"bytes beyond the end", Part(2, 1, 2), Part(2, 2, 9)},
        {"an end before bytes seen", Part(3, 4, 9), Part(3, 1, 2)},
        {"an empty fragment", Part(4, 0, 3), Part(4, 1, 3, 0)},
    };
    for (const Case& one : cases)
    {
        lost.clear();
        EXPECT_FALSE(Add(one.first)) << one.name;
        EXPECT_FALSE(Add(one.second)) << one.name;
        EXPECT_EQ(lost.size(), 2U) << one.name;
        EXPECT_EQ(reassembly.Held(), 0U) << one.name;
    }
}

} // namespace
} // namespace isb
