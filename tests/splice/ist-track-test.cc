// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-track.h"

#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;

TEST(IstTrack, FollowsDataAcksAndWindows)
{
    SpliceDriver driver;
    driver.Establish();
    const ist_side& a = driver.splice.side[IST_SIDE_A];
    const ist_side& b = driver.splice.side[IST_SIDE_B];
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 300);
    EXPECT_EQ(a.next, A + 301);
    driver.Send(IST_SIDE_B, B + 1, A + 301);
    EXPECT_EQ(b.acked, A + 301);
    EXPECT_EQ(b.edge, A + 1301);
    // Reordered: nothing goes back.
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 100);
    driver.Send(IST_SIDE_B, B + 1, A + 101);
    EXPECT_EQ(a.next, A + 301);
    EXPECT_EQ(b.acked, A + 301);
    EXPECT_EQ(b.edge, A + 1301);
}

TEST(IstTrack, ScalesWindowsOnlyIfBothSynsDid)
{
    for (const bool both : {true, false})
    {
        SpliceDriver driver;
        driver.Syn(IST_SIDE_A, A, OptionWscale(4));
        driver.Syn(IST_SIDE_B, B, both ? OptionWscale(6) : Packet{});
        driver.Send(IST_SIDE_A, A + 1, B + 1);
        driver.Send(IST_SIDE_B, B + 1, A + 1);
        EXPECT_EQ(driver.splice.side[IST_SIDE_A].edge, B + 1 + (both ? 16000u : 1000u));
        EXPECT_EQ(driver.splice.side[IST_SIDE_B].edge, A + 1 + (both ? 64000u : 1000u));
    }
}

TEST(IstTrack, IgnoresWhatNoReceiverCanAccept)
{
    SpliceDriver driver;
    driver.Establish();
    const ist_splice before = driver.splice;
    // Beyond the window; ack of bytes never sent: both pass, neither is believed.
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 900, B + 1, IST_TCP_ACK, 200).Text(), "forward");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, B + 500).Text(), "forward");
    EXPECT_EQ(driver.splice.side[IST_SIDE_A].next, before.side[IST_SIDE_A].next);
    EXPECT_EQ(driver.splice.side[IST_SIDE_A].acked, before.side[IST_SIDE_A].acked);
    // A byte that probes a closed window counts.
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 1001);
    EXPECT_EQ(driver.splice.side[IST_SIDE_A].next, A + 1002);
}

TEST(IstTrack, WorksAcrossTheSequenceWrap)
{
    SpliceDriver driver;
    const uint32_t a = 0xffffff00;
    driver.Syn(IST_SIDE_A, a);
    driver.Syn(IST_SIDE_B, B);
    driver.Send(IST_SIDE_A, a + 1, B + 1);
    driver.Send(IST_SIDE_B, B + 1, a + 1);
    driver.Send(IST_SIDE_A, a + 1, B + 1, IST_TCP_ACK, 500);
    driver.Send(IST_SIDE_B, B + 1, a + 501);
    EXPECT_EQ(driver.splice.side[IST_SIDE_A].next, a + 501);
    EXPECT_EQ(driver.splice.side[IST_SIDE_B].acked, a + 501);
    EXPECT_EQ(driver.Send(IST_SIDE_A, a + 600, 0, IST_TCP_RST).Text(),
              "drop ist.rst-challenged, A ACK");
    EXPECT_EQ(driver.Send(IST_SIDE_A, a + 500, 0, IST_TCP_RST).Text(),
              "drop ist.rst-out-of-window");
    EXPECT_EQ(driver.Send(IST_SIDE_A, a + 501, 0, IST_TCP_RST).Text(), "forward");
}

TEST(IstTrack, AcceptsAResetThatOvertakesAnAck)
{
    SpliceDriver driver;
    driver.Establish();
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 300);
    // B's ACK of the 300 bytes is still on its way: both numbers are B's possible expectation.
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 101, 0, IST_TCP_RST).Text(),
              "drop ist.rst-challenged, A ACK");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 301, 0, IST_TCP_RST).Text(), "forward");
}

TEST(IstTrack, AcceptsAResetAtTheLastAcknowledgedByte)
{
    SpliceDriver driver;
    driver.Establish();
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 300);
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, 0, IST_TCP_RST).Text(), "forward");
}

} // namespace
} // namespace isb::test
