// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/nic.h"

#include "model/box/cost-model.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

constexpr DataRate WIRE{100'000'000};

Frame
MakeFrame(uint64_t handle)
{
    Frame frame;
    frame.handle = handle;
    frame.bytes = 106;
    return frame;
}

TEST(ReceiveRing, RefusesTheFrameAfterTheLastPlace)
{
    ReceiveRing ring(2);
    EXPECT_TRUE(ring.Arrive(0ns, MakeFrame(1), 0ns));
    EXPECT_TRUE(ring.Arrive(0ns, MakeFrame(2), 0ns));
    EXPECT_FALSE(ring.Arrive(0ns, MakeFrame(3), 0ns));
    EXPECT_EQ(ring.Take().handle, 1U);
    EXPECT_TRUE(ring.Arrive(0ns, MakeFrame(4), 0ns));
    EXPECT_EQ(ring.Take().handle, 2U);
    EXPECT_EQ(ring.Take().handle, 4U);
}

TEST(ReceiveRing, ShowsAFrameOnlyAfterItsLatency)
{
    ReceiveRing ring(8);
    ASSERT_TRUE(ring.Arrive(10ns, MakeFrame(1), 5ns));
    EXPECT_FALSE(ring.IsReady(14ns));
    EXPECT_EQ(ring.NextTimeout(), 15ns);
    EXPECT_TRUE(ring.IsReady(15ns));
}

TEST(ReceiveRing, AFrameOccupiesItsPlaceWhileItIsNotSeenYet)
{
    ReceiveRing ring(1);
    EXPECT_TRUE(ring.Arrive(0ns, MakeFrame(1), 1s));
    EXPECT_FALSE(ring.Arrive(0ns, MakeFrame(2), 0ns));
}

TEST(ReceiveRing, KeepsTheOrderWhenLatenciesDiffer)
{
    ReceiveRing ring(8);
    ASSERT_TRUE(ring.Arrive(0ns, MakeFrame(1), 100ns));
    ASSERT_TRUE(ring.Arrive(1ns, MakeFrame(2), 0ns));
    EXPECT_FALSE(ring.IsReady(50ns));
    EXPECT_EQ(ring.Take().handle, 1U);
    EXPECT_FALSE(ring.IsReady(99ns));
    EXPECT_TRUE(ring.IsReady(100ns));
}

/// Does what the CPU does with a frame that has a ring place.
void
CopyAll(Transmitter& out, TimePoint now, Duration latency)
{
    uint32_t reserved = 0;
    while (out.Reserve())
    {
        ++reserved;
    }
    for (; reserved > 0; --reserved)
    {
        out.Copied(now, out.Start(), latency);
    }
}

TEST(Transmitter, SendsOneFrameAfterTheOther)
{
    Transmitter out(10, 10, WIRE);
    ASSERT_TRUE(out.Offer({1, 106}));
    ASSERT_TRUE(out.Offer({2, 106}));
    CopyAll(out, 0ns, 0ns);
    OutgoingFrame sent;
    ASSERT_TRUE(out.Advance(0ns, sent));
    EXPECT_EQ(sent.handle, 1U);
    const Duration busy = WireTime(106, WIRE);
    EXPECT_EQ(out.NextTimeout(), busy);
    EXPECT_FALSE(out.Advance(busy - 1ns, sent));
    ASSERT_TRUE(out.Advance(busy, sent));
    EXPECT_EQ(sent.handle, 2U);
    EXPECT_EQ(out.Completed(), 1U);
}

TEST(Transmitter, LosesAFrameOnlyWhenRingAndQueueAreFull)
{
    Transmitter out(2, 1, WIRE);
    EXPECT_TRUE(out.Offer({1, 106}));
    CopyAll(out, 0ns, 0ns);
    EXPECT_TRUE(out.Offer({2, 106}));
    EXPECT_TRUE(out.Offer({3, 106}));
    EXPECT_FALSE(out.Offer({4, 106}));
    EXPECT_EQ(out.Held(), 3U);
}

TEST(Transmitter, ARingPlaceIsFreeOnlyAfterTheCompletionInterrupt)
{
    Transmitter out(2, 1, WIRE);
    ASSERT_TRUE(out.Offer({1, 106}));
    CopyAll(out, 0ns, 0ns);
    ASSERT_TRUE(out.Offer({2, 106}));
    OutgoingFrame sent;
    ASSERT_TRUE(out.Advance(0ns, sent));
    EXPECT_FALSE(out.Advance(1s, sent)) << "the second frame has no ring place yet";
    EXPECT_FALSE(out.Reserve());
    out.Free(out.Completed());
    EXPECT_TRUE(out.Reserve());
}

TEST(Transmitter, LatencyDelaysButKeepsTheOrder)
{
    Transmitter out(10, 10, WIRE);
    ASSERT_TRUE(out.Offer({1, 1514}));
    ASSERT_TRUE(out.Offer({2, 60}));
    ASSERT_TRUE(out.Reserve());
    ASSERT_TRUE(out.Reserve());
    out.Copied(0ns, out.Start(), 100ns);
    out.Copied(0ns, out.Start(), 0ns);
    EXPECT_EQ(out.NextTimeout(), 100ns);
    OutgoingFrame sent;
    EXPECT_FALSE(out.Advance(99ns, sent));
    ASSERT_TRUE(out.Advance(100ns, sent));
    EXPECT_EQ(sent.handle, 1U);
}

} // namespace
} // namespace isb
