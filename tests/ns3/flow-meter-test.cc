// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/flow-meter.h"

#include <gtest/gtest.h>

namespace
{

using ns3::CreateObject;
using ns3::FlowMeter;
using ns3::FlowTag;
using ns3::Ptr;

TEST(FlowMeter, CountsADatagramOnceAndOnlyWhole)
{
    Ptr<FlowMeter> meter = CreateObject<FlowMeter>(7);
    const FlowTag first = meter->DatagramSent(100);
    const FlowTag second = meter->DatagramSent(100);
    meter->DatagramReceived(first, 100);
    meter->DatagramReceived(first, 100); // a duplicate
    meter->DatagramReceived(second, 60); // cut
    EXPECT_EQ(meter->Summary().sentPackets, 2U);
    EXPECT_EQ(meter->Summary().receivedPackets, 1U);
    EXPECT_EQ(meter->Summary().receivedBytes, 100U);
    EXPECT_EQ(meter->Summary().damagedPackets, 1U);
}

TEST(FlowMeter, IgnoresOtherMetersDatagrams)
{
    Ptr<FlowMeter> mine = CreateObject<FlowMeter>(1);
    Ptr<FlowMeter> other = CreateObject<FlowMeter>(2);
    mine->DatagramSent(100);
    mine->DatagramReceived(other->DatagramSent(100), 100);
    EXPECT_EQ(mine->Summary().receivedPackets, 0U);
}

TEST(FlowMeter, LateDatagramsAreNoLossButNoThroughput)
{
    Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    meter->Start(isb::TimePoint(5));
    const FlowTag first = meter->DatagramSent(100);
    const FlowTag second = meter->DatagramSent(100);
    meter->DatagramReceived(first, 100);
    meter->Stop(isb::TimePoint(50));
    meter->DatagramReceived(second, 100);
    const ns3::FlowSummary sum = meter->Summary();
    EXPECT_EQ(sum.receivedPackets, 2U);
    EXPECT_EQ(sum.timelyBytes, 100U);
    EXPECT_EQ(sum.stop - sum.start, isb::Duration(45));
}

TEST(FlowMeter, AConnectionIsEstablishedWhenBothSidesSaySo)
{
    Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    meter->SenderEstablished();
    meter->SenderEstablished();
    EXPECT_EQ(meter->Summary().established, 0U);
    meter->ReceiverEstablished();
    EXPECT_EQ(meter->Summary().established, 1U);
}

} // namespace
