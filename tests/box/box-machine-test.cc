// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/box-machine.h"

#include "tests/box/machine-rig.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using Kind = BoxOutput::Kind;

constexpr DataRate WIRE{100'000'000};

/// Round numbers: interrupt 1 us, receive 2 us, forward 10 us, transmit 3 us, completion 1 us.
MachineParameters
Round()
{
    MachineParameters parameters;
    parameters.interruptCost = 1us;
    parameters.receiveCost = 2us;
    parameters.forwardCost = 10us;
    parameters.transmitCost = 3us;
    parameters.completionCost = 1us;
    parameters.pciRegisterCost = 500ns;
    parameters.reassemblyCost = 4us;
    parameters.onChipRing = 8;
    parameters.pciRing = 8;
    parameters.transmitRing = 8;
    parameters.transmitQueue = 8;
    parameters.backlog = 8;
    parameters.pollQuota = 4;
    parameters.reassemblyMemory = 100'000;
    parameters.reassemblyLow = 50'000;
    parameters.reassemblyTimeout = 30s;
    return parameters;
}

Frame
MakeFrame(uint64_t handle, FramePath path = FramePath::Forward)
{
    Frame frame;
    frame.handle = handle;
    frame.bytes = 106;
    frame.facts.path = path;
    return frame;
}

const std::vector<BoxMachine::Port> MAC_AND_PCI{{NicKind::OnChip, WIRE}, {NicKind::Pci, WIRE}};

/// A rig that forwards from port 0 to port 1 and back.
void
ForwardAll(MachineRig& rig)
{
    rig.onDeliver = [&rig](const BoxOutput& output)
    {
        const uint32_t port = output.port;
        const std::vector<uint64_t> handles = output.handles;
        for (const uint64_t handle : handles)
        {
            rig.machine.Transmit(rig.now, 1 - port, handle, 106);
        }
    };
}

TEST(BoxMachine, AForwardedFramePaysEachStepInTurn)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    ForwardAll(rig);
    rig.Arrive(0us, 0, MakeFrame(1));
    rig.Advance(1ms);
    ASSERT_EQ(rig.records.size(), 2U);
    EXPECT_EQ(rig.records[0].kind, Kind::Deliver);
    EXPECT_EQ(rig.records[0].when, 13us) << "interrupt 1, receive 2, forward 10";
    EXPECT_EQ(rig.records[1].kind, Kind::Send);
    EXPECT_EQ(rig.records[1].port, 1U);
    EXPECT_EQ(rig.records[1].when, 16us) << "transmit 3";
    // Interrupt 3 and completion 1 + 0.5 + 1 at the end of the frame.
    EXPECT_EQ(rig.machine.CpuTime(CpuLevel::HardInterrupt, 1ms), 3us + 2500ns);
    EXPECT_EQ(rig.machine.CpuTime(CpuLevel::Softirq, 1ms), 13us);
    EXPECT_EQ(rig.machine.CpuTime(CpuLevel::Process, 1ms), 0us);
}

TEST(BoxMachine, APolledNicIsServedAtSoftirqLevelWithOneRegisterReadAVisit)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    rig.Arrive(0us, 1, MakeFrame(1));
    rig.Advance(1ms);
    ASSERT_EQ(rig.records.size(), 1U);
    EXPECT_EQ(rig.records[0].when, 1500ns + 500ns + 12us);
    EXPECT_EQ(rig.machine.CpuTime(CpuLevel::HardInterrupt, 1ms), 1500ns);
    EXPECT_EQ(rig.machine.CpuTime(CpuLevel::Softirq, 1ms), 12500ns);
}

TEST(BoxMachine, FramesThatWaitTogetherShareOneInterrupt)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    for (uint64_t handle = 1; handle <= 3; ++handle)
    {
        rig.machine.Arrived(0us, 0, MakeFrame(handle));
    }
    rig.Advance(1ms);
    EXPECT_EQ(rig.machine.CpuTime(CpuLevel::HardInterrupt, 1ms), 1us + 3 * 2us);
}

TEST(BoxMachine, HardInterruptPreemptsSoftirqWhichPreemptsAProcess)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    rig.Submit(0us, 77, 100us);
    rig.Arrive(10us, 0, MakeFrame(1)); // interrupt to 13 us, softirq to 23 us
    rig.Arrive(15us, 0, MakeFrame(2)); // interrupt to 18 us, the first softirq ends at 26 us
    rig.Advance(1ms);
    ASSERT_EQ(rig.records.size(), 3U);
    EXPECT_EQ(rig.records[0].when, 26us);
    EXPECT_EQ(rig.records[1].when, 36us);
    EXPECT_EQ(rig.records[2].kind, Kind::Done);
    EXPECT_EQ(rig.records[2].handle, 77U);
    EXPECT_EQ(rig.records[2].when, 126us) << "100 us of its own and 26 us of others";
}

TEST(BoxMachine, JobsRunInTheOrderSubmitted)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    rig.machine.Submit(0us, {1, 5us});
    rig.machine.Submit(0us, {2, 0us});
    rig.machine.Submit(0us, {3, 1us});
    rig.Advance(1ms);
    const auto done = rig.Of(Kind::Done);
    ASSERT_EQ(done.size(), 3U);
    EXPECT_EQ(done[0].handle, 1U);
    EXPECT_EQ(done[1].handle, 2U);
    EXPECT_EQ(done[1].when, 5us);
    EXPECT_EQ(done[2].handle, 3U);
}

TEST(BoxMachine, TransmittingIsChargedBeforeTheNextReceivedFrame)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    ForwardAll(rig);
    rig.machine.Arrived(0us, 0, MakeFrame(1));
    rig.machine.Arrived(0us, 0, MakeFrame(2));
    rig.Advance(1ms);
    const auto sent = rig.Of(Kind::Send);
    const auto delivered = rig.Of(Kind::Deliver);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(delivered[0].when, 15us) << "interrupt 1, two receives 4, forward 10";
    EXPECT_EQ(sent[0].when, 18us);
    EXPECT_GE(delivered[1].when, 28us);
}

TEST(BoxMachine, TheWireCarriesOneFrameAtATimeInOrder)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    for (uint64_t handle = 1; handle <= 4; ++handle)
    {
        rig.machine.Transmit(0us, 0, handle, 1514);
    }
    rig.Advance(1ms);
    const auto sent = rig.Of(Kind::Send);
    ASSERT_EQ(sent.size(), 4U);
    for (size_t i = 1; i < sent.size(); ++i)
    {
        EXPECT_EQ(sent[i].handle, i + 1);
        EXPECT_EQ(sent[i].when - sent[i - 1].when, WireTime(1514, WIRE));
    }
}

TEST(BoxMachine, AFullTransmitQueueDropsAtTheNic)
{
    MachineParameters parameters = Round();
    parameters.transmitRing = 2;
    parameters.transmitQueue = 3;
    MachineRig rig(parameters, MAC_AND_PCI);
    for (uint64_t handle = 1; handle <= 7; ++handle)
    {
        rig.machine.Transmit(0us, 1, handle, 1514);
    }
    rig.Advance(10ms);
    const auto dropped = rig.Of(Kind::Dropped);
    ASSERT_EQ(dropped.size(), 2U);
    EXPECT_EQ(dropped[0].handle, 6U);
    EXPECT_EQ(dropped[0].drop, BoxDrop::TransmitQueueFull);
    EXPECT_EQ(rig.machine.Drops(1, BoxDrop::TransmitQueueFull), 2U);
    EXPECT_EQ(rig.Of(Kind::Send).size(), 5U);
}

/// Frames every 4 us: far more than 13 us of CPU a frame allow.
void
Overload(MachineRig& rig, uint32_t port, int frames)
{
    for (int i = 0; i < frames; ++i)
    {
        rig.Arrive(i * 4us, port, MakeFrame(static_cast<uint64_t>(i)));
    }
    rig.Advance(1s);
}

TEST(BoxMachine, AnOverloadedMacLosesInTheBacklogAndAPciNicInItsRing)
{
    MachineRig mac(Round(), MAC_AND_PCI);
    Overload(mac, 0, 500);
    EXPECT_GT(mac.machine.Drops(0, BoxDrop::BacklogFull), 0U);
    EXPECT_EQ(mac.machine.Drops(0, BoxDrop::RingFull), 0U);

    MachineRig pci(Round(), MAC_AND_PCI);
    Overload(pci, 1, 500);
    EXPECT_GT(pci.machine.Drops(1, BoxDrop::RingFull), 0U);
    EXPECT_EQ(pci.machine.Drops(1, BoxDrop::BacklogFull), 0U);
}

TEST(BoxMachine, OverloadStarvesProcessesButNeverInterrupts)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    rig.Submit(0us, 1, 10us);
    for (int i = 0; i < 1000; ++i)
    {
        rig.Arrive(i * 4us, 0, MakeFrame(static_cast<uint64_t>(i)));
    }
    EXPECT_TRUE(rig.Of(Kind::Done).empty()) << "4 ms passed, 10 us of them were not to be had";
    rig.Advance(1s);
    EXPECT_EQ(rig.Of(Kind::Done).size(), 1U);
}

TEST(BoxMachine, LatencyDelaysEachFrameButLeavesTheCapacity)
{
    const auto run = [](Duration latency)
    {
        MachineParameters parameters = Round();
        parameters.onChipLatency = latency;
        parameters.receiveLatency = latency;
        parameters.transmitLatency = latency;
        parameters.onChipRing = 64;
        parameters.transmitRing = 64;
        MachineRig rig(parameters, MAC_AND_PCI);
        ForwardAll(rig);
        for (int i = 0; i < 100; ++i)
        {
            rig.Arrive(i * 20us, 0, MakeFrame(static_cast<uint64_t>(i)));
        }
        rig.Advance(1s);
        return rig;
    };
    const MachineRig without = run(0us);
    const MachineRig with = run(50us);
    EXPECT_EQ(without.Of(Kind::Send).size(), 100U);
    EXPECT_EQ(with.Of(Kind::Send).size(), 100U);
    EXPECT_EQ(with.Of(Kind::Send)[0].when - without.Of(Kind::Send)[0].when, 150us);
    EXPECT_EQ(with.machine.CpuTime(CpuLevel::Softirq, 1s),
              without.machine.CpuTime(CpuLevel::Softirq, 1s));
}

TEST(BoxMachine, AnUntunedSpliceIsLateButNotSlow)
{
    MachineParameters parameters = Round();
    parameters.untunedLatency = 500us;
    MachineRig rig(parameters, MAC_AND_PCI);
    rig.Arrive(0us, 0, MakeFrame(1, FramePath::Splice));
    rig.Arrive(20us, 0, MakeFrame(2, FramePath::Splice));
    rig.Arrive(40us, 0, MakeFrame(3, FramePath::Nat));
    rig.Advance(1ms);
    const auto delivered = rig.Of(Kind::Deliver);
    ASSERT_EQ(delivered.size(), 3U);
    EXPECT_EQ(delivered[0].handle, 3U) << "other paths do not wait";
    EXPECT_EQ(delivered[1].when, 513us);
    EXPECT_EQ(delivered[2].when, 533us);
}

std::vector<Frame>
Fragments(uint64_t datagram, FramePath path)
{
    std::vector<Frame> fragments;
    for (uint16_t i = 0; i < 3; ++i)
    {
        Frame frame = MakeFrame(datagram * 10 + i, path);
        frame.bytes = 1514;
        frame.facts.datagram = datagram;
        frame.facts.offset = static_cast<uint16_t>(i * 1480);
        frame.facts.length = 1480;
        frame.facts.more = i < 2;
        fragments.push_back(frame);
    }
    return fragments;
}

TEST(BoxMachine, NatAndSpliceDeliverFragmentsTogetherForwarderOneByOne)
{
    for (const FramePath path : {FramePath::Forward, FramePath::Nat, FramePath::Splice})
    {
        MachineRig rig(Round(), MAC_AND_PCI);
        for (const Frame& frame : Fragments(5, path))
        {
            rig.machine.Arrived(0us, 0, frame);
        }
        rig.Advance(1ms);
        const auto delivered = rig.Of(Kind::Deliver);
        const bool together = path != FramePath::Forward;
        ASSERT_EQ(delivered.size(), together ? 1U : 3U);
        EXPECT_EQ(delivered[0].handle, 50U);
        EXPECT_EQ(delivered[0].count, together ? 3U : 1U);
        EXPECT_EQ(rig.machine.HeldReceive(), 0U);
    }
}

TEST(BoxMachine, AnIncompleteDatagramDiesAfterThirtySeconds)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    const std::vector<Frame> fragments = Fragments(5, FramePath::Nat);
    rig.Arrive(0us, 0, fragments[0]);
    rig.Arrive(0us, 0, fragments[2]);
    rig.Advance(29s);
    EXPECT_EQ(rig.machine.HeldReceive(), 2U);
    rig.Advance(31s);
    EXPECT_EQ(rig.machine.Drops(0, BoxDrop::ReassemblyTimeout), 2U);
    EXPECT_EQ(rig.machine.HeldReceive(), 0U);
    EXPECT_TRUE(rig.Of(Kind::Deliver).empty());
    EXPECT_EQ(rig.machine.NextTimeout(), TIME_NEVER);
}

TEST(BoxMachine, BacklogAndPolledRingTakeTurns)
{
    MachineParameters parameters = Round();
    parameters.pollQuota = 2;
    MachineRig rig(parameters, MAC_AND_PCI);
    for (uint64_t i = 0; i < 6; ++i)
    {
        rig.machine.Arrived(0us, 0, MakeFrame(i));
        rig.machine.Arrived(0us, 1, MakeFrame(100 + i));
    }
    rig.Advance(1ms);
    const auto delivered = rig.Of(Kind::Deliver);
    ASSERT_EQ(delivered.size(), 12U);
    const uint64_t expected[] = {0, 1, 100, 101, 2, 3, 102, 103, 4, 5, 104, 105};
    for (size_t i = 0; i < delivered.size(); ++i)
    {
        EXPECT_EQ(delivered[i].handle, expected[i]) << i;
    }
}

TEST(BoxMachine, AnIdleMachineWantsNothing)
{
    MachineRig rig(Round(), MAC_AND_PCI);
    rig.Advance(1s);
    EXPECT_TRUE(rig.records.empty());
    EXPECT_EQ(rig.machine.NextTimeout(), TIME_NEVER);
}

} // namespace
} // namespace isb
