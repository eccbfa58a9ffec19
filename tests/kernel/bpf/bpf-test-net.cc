// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/bpf/bpf-test-net.h"

#include "emulation/sys/subprocess.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdexcept>
#include <sys/mount.h>
#include <sys/socket.h>

namespace isb::cases
{
namespace
{

constexpr uint16_t MARKER = 0x88b6; ///< IEEE 802: local experiments
constexpr int PATIENCE_MS = 10000;  ///< a watchdog: the marker is there at once
constexpr size_t ETHERNET = 14;

/// Last bytes of the Ethernet addresses 02:00:00:00:00:xx of the IST's and the users' ends.
constexpr std::array<uint8_t, 2> NEAR_END{0x11, 0x12};
constexpr std::array<uint8_t, 2> FAR_END{0x0a, 0x0b};

constexpr const char* LINKS =
    "link set dev lo up\n"
    "link add west address 02:00:00:00:00:11 type veth peer name user_a address 02:00:00:00:00:0a\n"
    "link add east address 02:00:00:00:00:12 type veth peer name user_b address 02:00:00:00:00:0b\n"
    "link set dev west addrgenmode none\n"
    "link set dev east addrgenmode none\n"
    "link set dev user_a addrgenmode none\n"
    "link set dev user_b addrgenmode none\n"
    "link set dev user_a up\n"
    "link set dev user_b up\n"
    "link set dev west up\n"
    "link set dev east up\n"
    "address add 10.0.1.254/24 dev west\n"
    "address add 10.0.2.254/24 dev east\n"
    "address add 2001:db8:1::fe/64 dev west nodad\n"
    "address add 2001:db8:2::fe/64 dev east nodad\n"
    "neighbour add 10.0.1.1 lladdr 02:00:00:00:00:0a dev west nud permanent\n"
    "neighbour add 10.0.2.1 lladdr 02:00:00:00:00:0b dev east nud permanent\n"
    "neighbour add 2001:db8:1::1 lladdr 02:00:00:00:00:0a dev west nud permanent\n"
    "neighbour add 2001:db8:2::1 lladdr 02:00:00:00:00:0b dev east nud permanent\n";

void
Check(int result, const char* what)
{
    if (result < 0)
    {
        throw SystemError(what);
    }
}

Descriptor
PacketSocket(int index, int protocol)
{
    Descriptor made(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
    Check(made.Get(), "socket of a wire");
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_ifindex = index;
    address.sll_protocol = htons(static_cast<uint16_t>(protocol));
    Check(::bind(made.Get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)),
          "bind to a wire");
    const int on = 1;
    Check(::setsockopt(made.Get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)),
          "read a wire");
    return made;
}

Bytes
Mac(uint8_t last)
{
    return {2, 0, 0, 0, 0, last};
}

} // namespace

BpfTestNet::BpfTestNet()
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(std::max(::sched_getcpu(), 0)), &one);
    Check(::sched_setaffinity(0, sizeof(one), &one), "stay on one CPU");
    Check(::unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare namespaces");
    Check(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount / private");
    Check(::mount("bpf", BPFFS, "bpf", 0, nullptr), "mount a file system of type bpf");
    (void)RunCommand({{"ip", "-batch", "-"}, nullptr, LINKS});
    // A wire takes what XDP redirects to it only if the other end polls.
    for (const char* end : {"user_a", "user_b"})
    {
        (void)RunCommand({{"ethtool", "-K", end, "gro", "on"}, nullptr, {}});
    }
    m_wires[0] = OpenWire("west", "user_a");
    m_wires[1] = OpenWire("east", "user_b");
}

BpfTestNet::Wire
BpfTestNet::OpenWire(const char* near, const char* far)
{
    Wire wire;
    wire.nearIndex = static_cast<int>(::if_nametoindex(near));
    wire.near = PacketSocket(wire.nearIndex, 0);
    wire.far = PacketSocket(static_cast<int>(::if_nametoindex(far)), ETH_P_ALL);
    return wire;
}

Bytes
BpfTestNet::Frame(IstSide from, const Bytes& packet) const
{
    const auto side = static_cast<size_t>(from);
    const uint16_t type = !packet.empty() && packet[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP;
    return Mac(NEAR_END[side]) + Mac(FAR_END[side]) +
           Bytes{static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)} + packet;
}

IstSide
BpfTestNet::AddresseeOf(const Bytes& frame) const
{
    for (const IstSide side : {IstSide::A, IstSide::B})
    {
        const auto index = static_cast<size_t>(side);
        const Bytes from = Mac(NEAR_END[index]);
        // A redirection by neighbour leaves the destination to the kernel.
        for (const Bytes& to : {Mac(FAR_END[index]), Bytes(6, 0)})
        {
            const Bytes wanted = to + from;
            if (frame.size() > ETHERNET && std::equal(wanted.begin(), wanted.end(), frame.begin()))
            {
                return side;
            }
        }
    }
    throw std::runtime_error("a frame of neither wire: " + Show(frame));
}

int
BpfTestNet::Interface(IstSide side) const
{
    return m_wires[static_cast<size_t>(side)].nearIndex;
}

std::vector<std::pair<IstSide, Bytes>>
BpfTestNet::TakeSent()
{
    std::vector<std::pair<IstSide, Bytes>> sent;
    Drain(IstSide::A, sent);
    Drain(IstSide::B, sent);
    return sent;
}

void
BpfTestNet::Drain(IstSide side, std::vector<std::pair<IstSide, Bytes>>& sent)
{
    Wire& wire = m_wires[static_cast<size_t>(side)];
    const auto index = static_cast<size_t>(side);
    const Bytes marker = Mac(FAR_END[index]) + Mac(NEAR_END[index]) +
                         Bytes{MARKER >> 8, MARKER & 0xff} + Bytes(46, 0);
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = wire.nearIndex;
    Check(static_cast<int>(::sendto(wire.near.Get(),
                                    marker.data(),
                                    marker.size(),
                                    0,
                                    reinterpret_cast<sockaddr*>(&to),
                                    sizeof(to))),
          "send a marker");
    for (;;)
    {
        pollfd ready{wire.far.Get(), POLLIN, 0};
        if (::poll(&ready, 1, PATIENCE_MS) != 1)
        {
            throw std::runtime_error("a marker was lost");
        }
        Bytes frame(65536);
        const ssize_t size = ::recv(wire.far.Get(), frame.data(), frame.size(), 0);
        Check(static_cast<int>(size), "read a wire");
        frame.resize(static_cast<size_t>(size));
        const unsigned int type = frame.at(12) * 256U + frame.at(13);
        if (type == MARKER)
        {
            return;
        }
        // The host's own multicast is no packet of the IST.
        if ((type == ETH_P_IP || type == ETH_P_IPV6) && (frame[0] & 1) == 0)
        {
            sent.emplace_back(AddresseeOf(frame), Bytes(frame.begin() + ETHERNET, frame.end()));
        }
    }
}

} // namespace isb::cases
