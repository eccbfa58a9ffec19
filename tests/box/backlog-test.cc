// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/backlog.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

Frame
MakeFrame(uint64_t handle)
{
    Frame frame;
    frame.handle = handle;
    frame.bytes = 106;
    return frame;
}

TEST(Backlog, DropsEverythingAfterAnOverflowUntilItIsEmpty)
{
    Backlog backlog(2);
    EXPECT_TRUE(backlog.Push({MakeFrame(1), 0}));
    EXPECT_TRUE(backlog.Push({MakeFrame(2), 0}));
    EXPECT_FALSE(backlog.Push({MakeFrame(3), 0}));
    EXPECT_EQ(backlog.Take().frame.handle, 1U);
    EXPECT_FALSE(backlog.Push({MakeFrame(4), 0})) << "a place is free, but the throttle is on";
    EXPECT_EQ(backlog.Take().frame.handle, 2U);
    EXPECT_TRUE(backlog.Push({MakeFrame(5), 0}));
}

TEST(Backlog, TakesFramesAgainAndAgainIfItNeverOverflows)
{
    Backlog backlog(2);
    ASSERT_TRUE(backlog.Push({MakeFrame(1), 0}));
    for (uint64_t handle = 2; handle < 10; ++handle)
    {
        EXPECT_TRUE(backlog.Push({MakeFrame(handle), 0}));
        EXPECT_EQ(backlog.Take().frame.handle, handle - 1);
    }
}

} // namespace
} // namespace isb
