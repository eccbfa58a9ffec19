// SPDX-License-Identifier: GPL-2.0-or-later
// Prints what the machine alone says about the thesis' figures: RTT (5.5), TCP at a closed window
// (5.6, 5.7), UDP loss by rate (5.8, 5.9) and by size (5.10), both directions.
//   box-curves [NAME=VALUE ...]     overrides of the preset ixp425: box-curves "nat-cost=12 us"
#include "tests/box/testbed.h"

#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <string>

namespace
{

using namespace isb;

TestbedSettings
Settings(const MachineParameters& box, Phase phase, Direction direction)
{
    TestbedSettings settings;
    settings.phase = phase;
    settings.direction = direction;
    settings.box = box;
    settings.host = *MachinePreset("pc-568");
    return settings;
}

void
PrintRoundTrips(const MachineParameters& box)
{
    std::printf("RTT, 64 B [us]:");
    for (const Phase phase : PHASES)
    {
        Testbed bed(Settings(box, phase, Direction::MacToPci));
        const Duration rtt = bed.RunPingPong(64, 100);
        std::printf("  %s %.1f", ToString(phase).c_str(), static_cast<double>(rtt.count()) / 1e3);
    }
    std::printf("\n");
}

void
PrintTcp(const MachineParameters& box)
{
    const Duration duration = std::chrono::milliseconds(500);
    for (const Direction direction :
         {Direction::MacToPci, Direction::PciToMac, Direction::MacToMac})
    {
        for (const uint32_t ackEvery : {1U, 2U})
        {
            std::printf("TCP %s, ACK every %u [Mb/s]:", ToString(direction).c_str(), ackEvery);
            for (const Phase phase : PHASES)
            {
                Testbed bed(Settings(box, phase, direction));
                std::printf("  %s %.1f",
                            ToString(phase).c_str(),
                            bed.RunTcp(44, ackEvery, duration) / 1e6);
            }
            std::printf("\n");
        }
        std::printf("TCP %s, NAT as a list [Mb/s]:", ToString(direction).c_str());
        for (uint32_t entries = 10; entries <= 100; entries += 10)
        {
            TestbedSettings settings = Settings(box, Phase::Nat, direction);
            settings.tableEntries = entries;
            Testbed bed(settings);
            std::printf("  %u: %.1f", entries, bed.RunTcp(44, 2, duration) / 1e6);
        }
        std::printf("\n");
    }
}

void
PrintRow(const MachineParameters& box,
         Direction direction,
         uint32_t payload,
         uint64_t rateBps,
         Duration duration)
{
    for (const Phase phase : PHASES)
    {
        Testbed bed(Settings(box, phase, direction));
        const UdpResult result = bed.RunUdp(payload, rateBps, duration);
        std::printf("  %s %.1f%%", ToString(phase).c_str(), 100 * result.loss);
        if (phase == Phase::Nat)
        {
            std::printf(" (");
            for (const auto& [reason, frames] : result.drops)
            {
                std::printf("%s=%llu ", reason.c_str(), static_cast<unsigned long long>(frames));
            }
            std::printf("cpu %.2f+%.2f)", result.occupancy[0], result.occupancy[1]);
        }
        if (phase == Phase::Direct)
        {
            std::printf(" (%.1f Mb/s)", result.sentBps / 1e6);
        }
    }
    std::printf("\n");
}

} // namespace

int
main(int argc, char** argv)
{
    MachineParameters box = *MachinePreset("ixp425");
    for (int i = 1; i < argc; ++i)
    {
        const std::string argument = argv[i];
        const size_t equals = argument.find('=');
        const MachineParameter* parameter = FindMachineParameter(argument.substr(0, equals));
        if (parameter == nullptr || equals == std::string::npos)
        {
            std::fprintf(stderr, "%s: want NAME=VALUE, NAME a machine parameter\n", argv[i]);
            return 2;
        }
        if (const auto complaint = parameter->Set(box, argument.substr(equals + 1)))
        {
            std::fprintf(stderr, "%s\n", complaint->c_str());
            return 2;
        }
    }
    PrintRoundTrips(box);
    PrintTcp(box);
    const Duration duration = std::chrono::seconds(1);
    for (const Direction direction : {Direction::MacToPci, Direction::PciToMac})
    {
        std::printf("UDP full speed by size, %s\n", ToString(direction).c_str());
        for (const uint32_t payload :
             {64U, 128U, 256U, 512U, 768U, 1024U, 1472U, 2048U, 3072U, 4096U, 6144U, 8192U})
        {
            std::printf("%5u B:", payload);
            PrintRow(box, direction, payload, 0, duration);
        }
        std::printf("UDP 1 KiB by rate, %s\n", ToString(direction).c_str());
        for (uint64_t rate = 20; rate <= 100; rate += 20)
        {
            std::printf("%3u Mb/s:", static_cast<unsigned>(rate));
            PrintRow(box, direction, 1024, rate * 1'000'000, duration);
        }
        std::printf("UDP 6 KiB by rate, %s\n", ToString(direction).c_str());
        for (uint64_t rate : {10U, 30U, 50U, 60U, 62U, 64U, 66U, 70U, 80U, 90U, 100U})
        {
            std::printf("%3u Mb/s:", static_cast<unsigned>(rate));
            PrintRow(box, direction, 6144, rate * 1'000'000, duration);
        }
    }
    return 0;
}
