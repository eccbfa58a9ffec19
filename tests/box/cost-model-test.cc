// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/cost-model.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

MachineParameters
Simple()
{
    MachineParameters parameters;
    parameters.receiveCost = 1us;
    parameters.transmitCost = 2us;
    parameters.forwardCost = 10us;
    parameters.natCost = 5us;
    parameters.spliceCost = 7us;
    parameters.walkCost = 100ns;
    parameters.localCost = 3us;
    parameters.tcpCost = 4us;
    parameters.reassemblyCost = 20us;
    parameters.copyPicoseconds = 10'000;
    parameters.checksumPicoseconds = 5'000;
    parameters.systemCallCost = 30us;
    parameters.wakeupCost = 50us;
    parameters.receiveLatency = 6us;
    parameters.untunedLatency = 40us;
    parameters.pciMegahertz = 33;
    return parameters;
}

Frame
FrameOn(FramePath path, uint32_t bytes = 1000)
{
    Frame frame;
    frame.bytes = bytes;
    frame.facts.path = path;
    return frame;
}

TEST(CostModel, FramesOnTheWireHavePaddingChecksumPreambleAndGap)
{
    EXPECT_EQ(WireBytes(1514), 1538U);
    EXPECT_EQ(WireBytes(42), 84U) << "padded to 60";
    EXPECT_EQ(WireTime(1066, DataRate{100'000'000}), 87'200ns);
}

TEST(CostModel, EachPathCostsItsWork)
{
    const CostModel costs(Simple());
    EXPECT_EQ(costs.Input(FrameOn(FramePath::Forward)), 10us);
    EXPECT_EQ(costs.Input(FrameOn(FramePath::Nat)), 15us);
    EXPECT_EQ(costs.Input(FrameOn(FramePath::Splice)), 17us);
    EXPECT_EQ(costs.Input(FrameOn(FramePath::LocalUdp)), 3us + 5us);
    EXPECT_EQ(costs.Input(FrameOn(FramePath::LocalTcp)), 7us + 5us);
    EXPECT_EQ(costs.Input(FrameOn(FramePath::LocalOther)), 3us);
}

TEST(CostModel, AListIsWalkedHalfOnAverageAHashIsNot)
{
    const CostModel costs(Simple());
    Frame frame = FrameOn(FramePath::Nat);
    frame.facts.tableEntries = 100;
    EXPECT_EQ(costs.Input(frame), 15us + 5us);
    frame.facts.path = FramePath::Splice;
    EXPECT_EQ(costs.Input(frame), 17us) << "the IST's table is a hash (thesis 5.2)";
}

TEST(CostModel, FragmentsPayToBeQueuedAndTheDatagramPaysTheRest)
{
    const CostModel costs(Simple());
    for (const FramePath path : {FramePath::Nat, FramePath::Splice, FramePath::LocalUdp})
    {
        Frame fragment = FrameOn(path);
        fragment.facts.more = true;
        EXPECT_EQ(costs.Input(fragment), 20us);
    }
    Frame first = FrameOn(FramePath::Nat);
    first.facts.more = true;
    const Duration twoCopies = 2 * 30us;
    EXPECT_EQ(costs.Reassembled(first, 3, 3000), 15us + twoCopies + 3 * 20us);
    first.facts.path = FramePath::LocalUdp;
    EXPECT_EQ(costs.Reassembled(first, 3, 3000), 3us + 15us) << "nothing is cut again";
}

TEST(CostModel, ForwardingDoesNotCareAboutFragments)
{
    const CostModel costs(Simple());
    Frame fragment = FrameOn(FramePath::Forward);
    fragment.facts.offset = 1480;
    EXPECT_FALSE(CostModel::NeedsWholeDatagram(FramePath::Forward));
    EXPECT_EQ(costs.Input(fragment), 10us);
}

TEST(CostModel, KernelForwardingCopiesTwiceAndTheApplicationFourTimes)
{
    MachineParameters parameters; // copies only
    parameters.copyPicoseconds = 10'000;
    const CostModel costs(parameters);
    const Duration copy = costs.Copy(1000);
    EXPECT_EQ(copy, 10us);
    const Duration kernel = costs.Receive(1000) + costs.Transmit(1000);
    EXPECT_EQ(kernel, 2 * copy);
    EXPECT_EQ(kernel + costs.ProxyTurn(1000, false), 4 * copy);
}

TEST(CostModel, AProxyTurnIsThreeSystemCallsAndAWakeUpIfItSlept)
{
    const CostModel costs(Simple());
    EXPECT_EQ(costs.ProxyTurn(0, false), 90us);
    EXPECT_EQ(costs.ProxyTurn(0, true), 140us);
}

TEST(CostModel, OnlyTheKernelIstIsUntuned)
{
    const CostModel costs(Simple());
    EXPECT_EQ(costs.InputLatency(FramePath::Splice), 46us);
    EXPECT_EQ(costs.InputLatency(FramePath::Nat), 6us);
}

TEST(CostModel, ThePciBusMovesFourBytesAClock)
{
    MachineParameters parameters = Simple();
    EXPECT_EQ(CostModel(parameters).BusTime(1514), Duration(379 * 1000 / 33));
    parameters.pciMegahertz = 66;
    EXPECT_EQ(CostModel(parameters).BusTime(1514), Duration(379 * 1000 / 66));
    parameters.pciMegahertz = 0;
    EXPECT_EQ(CostModel(parameters).BusTime(1514), 0ns);
}

} // namespace
} // namespace isb
