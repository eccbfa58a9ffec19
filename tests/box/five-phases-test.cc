// SPDX-License-Identifier: GPL-2.0-or-later
// What the presets say about the figures of thesis 5.4, with the machine alone: each claim with its
// negative twin.
#include "tests/box/testbed.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

constexpr uint64_t FULL = 0;
constexpr uint64_t MEGABIT = 1'000'000;

TestbedSettings
With(Phase phase, Direction direction = Direction::MacToPci)
{
    TestbedSettings settings;
    settings.phase = phase;
    settings.direction = direction;
    settings.box = *MachinePreset("ixp425");
    settings.host = *MachinePreset("pc-568");
    return settings;
}

double
RoundTrip(const TestbedSettings& settings)
{
    Testbed bed(settings);
    return static_cast<double>(bed.RunPingPong(64, 50).count()) / 1e3;
}

UdpResult
Udp(const TestbedSettings& settings, uint32_t payload, uint64_t rateBps, Duration duration = 500ms)
{
    Testbed bed(settings);
    return bed.RunUdp(payload, rateBps, duration);
}

double
Tcp(const TestbedSettings& settings)
{
    Testbed bed(settings);
    return bed.RunTcp(44, 2, 300ms) / 1e6;
}

uint64_t
Drops(const UdpResult& result, const std::string& reason)
{
    const auto found = result.drops.find(reason);
    return found == result.drops.end() ? 0 : found->second;
}

TEST(FivePhases, RoundTripsComeInTheOrderOfFigure55)
{
    const double direct = RoundTrip(With(Phase::Direct));
    const double forwarder = RoundTrip(With(Phase::Forwarder));
    const double nat = RoundTrip(With(Phase::Nat));
    const double kernel = RoundTrip(With(Phase::IstKernel));
    const double application = RoundTrip(With(Phase::IstApp));
    EXPECT_GE(forwarder - direct, 100);
    EXPECT_LE(nat - direct, 150);
    EXPECT_LT(forwarder, nat);
    EXPECT_LT(nat, kernel);
    EXPECT_LT(kernel, application);
    EXPECT_NEAR(kernel, 423, 423 * 0.03);
    EXPECT_NEAR(application, 498, 498 * 0.03);
}

TEST(FivePhases, ATunedKernelIstHasTheRoundTripOfNat)
{
    TestbedSettings tuned = With(Phase::IstKernel);
    tuned.box.untunedLatency = 0ns;
    EXPECT_NEAR(RoundTrip(tuned), RoundTrip(With(Phase::Nat)), 1);
}

TEST(FivePhases, TheForwarderLosesNothingAtAnySizeInEitherDirection)
{
    for (const Direction direction : {Direction::MacToPci, Direction::PciToMac})
    {
        for (const uint32_t payload : {64U, 128U, 256U, 284U, 512U, 1024U, 1472U, 2048U, 8192U})
        {
            const UdpResult result = Udp(With(Phase::Forwarder, direction), payload, FULL);
            EXPECT_EQ(result.sent, result.received) << payload << " " << ToString(direction);
            EXPECT_GT(result.sent, 0U);
        }
    }
}

TEST(FivePhases, SmallFramesAreLostInTheBacklogFromTheMacAndInTheRingFromPci)
{
    for (const Phase phase : {Phase::Nat, Phase::IstKernel})
    {
        const UdpResult mac = Udp(With(phase, Direction::MacToPci), 64, FULL);
        EXPECT_GT(mac.loss, 0.2);
        EXPECT_GT(Drops(mac, "box.backlog-full:0"), 0U);
        EXPECT_EQ(Drops(mac, "box.ring-full:0"), 0U);

        const UdpResult pci = Udp(With(phase, Direction::PciToMac), 64, FULL);
        EXPECT_GT(pci.loss, 0.15);
        EXPECT_GT(Drops(pci, "box.ring-full:0"), 0U);
        EXPECT_EQ(Drops(pci, "box.backlog-full:0"), 0U);
        EXPECT_GT(mac.loss, pci.loss) << "interrupts waste what polling does not";
    }
}

TEST(FivePhases, LossIsLeastNearOneKilobyteAndSteepOnBothSides)
{
    for (const Direction direction : {Direction::MacToPci, Direction::PciToMac})
    {
        for (const Phase phase : {Phase::Nat, Phase::IstKernel})
        {
            const auto loss = [&](uint32_t payload)
            { return Udp(With(phase, direction), payload, FULL, 400ms).loss; };
            EXPECT_EQ(loss(1024), 0);
            EXPECT_EQ(loss(1472), 0) << "the largest datagram in one frame";
            EXPECT_LT(loss(512), 0.15);
            EXPECT_GT(loss(256), 0.2);
            EXPECT_GT(loss(2048), 0.2) << "from the first fragment on";
            EXPECT_GT(loss(8192), 0.2);
        }
    }
}

TEST(FivePhases, KernelIstLosesAsNatDoes)
{
    for (const Direction direction : {Direction::MacToPci, Direction::PciToMac})
    {
        for (const uint32_t payload : {64U, 256U, 512U, 1024U, 4096U, 8192U})
        {
            const double nat = Udp(With(Phase::Nat, direction), payload, FULL, 400ms).loss;
            const double ist = Udp(With(Phase::IstKernel, direction), payload, FULL, 400ms).loss;
            EXPECT_NEAR(nat, ist, 0.05) << payload;
            const double app = Udp(With(Phase::IstApp, direction), payload, FULL, 400ms).loss;
            EXPECT_GT(app, nat + 0.2) << payload;
        }
    }
}

TEST(FivePhases, OneKilobyteIsLostByTheApplicationOnly)
{
    for (const uint64_t rate : {20U, 60U, 100U})
    {
        for (const Phase phase : {Phase::Direct, Phase::Forwarder, Phase::Nat, Phase::IstKernel})
        {
            EXPECT_EQ(Udp(With(phase), 1024, rate * MEGABIT).loss, 0) << rate;
        }
    }
    EXPECT_EQ(Udp(With(Phase::IstApp), 1024, 20 * MEGABIT).loss, 0);
    const UdpResult full = Udp(With(Phase::IstApp), 1024, 100 * MEGABIT);
    EXPECT_GT(full.loss, 0.3);
    EXPECT_GT(Drops(full, "socket-buffer"), 0U) << "the process starves, its socket overflows";
}

TEST(FivePhases, SixKilobytesAreLostFrom63MegabitsOn)
{
    for (const Direction direction : {Direction::MacToPci, Direction::PciToMac})
    {
        for (const Phase phase : {Phase::Nat, Phase::IstKernel})
        {
            EXPECT_EQ(Udp(With(phase, direction), 6144, 60 * MEGABIT, 1s).loss, 0);
            EXPECT_GT(Udp(With(phase, direction), 6144, 66 * MEGABIT, 2s).loss, 0.01);
        }
        for (const Phase phase : {Phase::Direct, Phase::Forwarder})
        {
            EXPECT_EQ(Udp(With(phase, direction), 6144, FULL).loss, 0);
        }
    }
}

TEST(FivePhases, TheApplicationLosesSixKilobytesOnlyBecauseOfItsBuffer)
{
    TestbedSettings settings = With(Phase::IstApp);
    EXPECT_EQ(Udp(settings, 6144, 10 * MEGABIT).loss, 1);
    settings.box.applicationBuffer = 65'535;
    EXPECT_EQ(Udp(settings, 6144, 10 * MEGABIT).loss, 0) << "copies alone do not explain it";
}

TEST(FivePhases, TcpIsSlowThroughTheApplicationOnly)
{
    for (const Direction direction : {Direction::MacToPci, Direction::PciToMac})
    {
        const double direct = Tcp(With(Phase::Direct, direction));
        EXPECT_NEAR(direct, 94.1, 1);
        for (const Phase phase : {Phase::Forwarder, Phase::Nat, Phase::IstKernel})
        {
            EXPECT_GT(Tcp(With(phase, direction)), 0.97 * direct);
        }
        EXPECT_LT(Tcp(With(Phase::IstApp, direction)), 0.75 * direct);
    }
}

TEST(FivePhases, BetweenTwoMacsTheKernelIstHasLineRateAndLosesNothing)
{
    const TestbedSettings settings = With(Phase::IstKernel, Direction::MacToMac);
    EXPECT_GT(Tcp(settings), 0.97 * Tcp(With(Phase::Direct)));
    const UdpResult udp = Udp(settings, 1472, FULL);
    EXPECT_EQ(udp.loss, 0);
    const double frameShare = 1514.0 / 1472.0;
    EXPECT_NEAR(udp.receivedBps * frameShare / 1e6, 98, 1) << "frame bits, as the thesis counts";
}

TEST(FivePhases, ALongListSlowsNatAHashNever)
{
    TestbedSettings settings = With(Phase::Nat);
    const double hash = Tcp(settings);
    settings.tableEntries = 100;
    EXPECT_NEAR(Tcp(settings), hash, 0.5);
    settings.tableEntries = 600;
    EXPECT_LT(Tcp(settings), hash - 3);
    settings.phase = Phase::IstKernel;
    EXPECT_NEAR(Tcp(settings), hash, 0.5);
}

TEST(FivePhases, InterruptDrivenOverloadLivelocksAPolledRingHoldsItsRate)
{
    const auto received = [](Direction direction, Duration interval)
    {
        Testbed bed(With(Phase::Nat, direction));
        return bed.RunRaw(18, interval, 200ms).received;
    };
    const uint64_t macAt35 = received(Direction::MacToPci, 28us);
    const uint64_t macAt70 = received(Direction::MacToPci, 14us);
    const uint64_t macAt140 = received(Direction::MacToPci, 7us);
    EXPECT_LT(macAt70, macAt35 * 8 / 10);
    EXPECT_LT(macAt140, macAt35 * 4 / 10);
    const uint64_t pciAt35 = received(Direction::PciToMac, 28us);
    const uint64_t pciAt140 = received(Direction::PciToMac, 7us);
    EXPECT_GT(pciAt140, pciAt35 * 9 / 10);
}

} // namespace
} // namespace isb
