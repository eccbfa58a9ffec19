// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_FRAME_H
#define ISB_BOX_FRAME_H

#include <cstdint>
#include <string_view>

namespace isb
{

/// What the machine does with a received frame; the driver knows the role of the box.
enum class FramePath : uint8_t
{
    Forward,    ///< IP forwarding; fragments pass one by one
    Nat,        ///< NAT: every IPv4 frame of a NAT box that is not for itself
    Splice,     ///< IST in the kernel: to an IST port or a spliced flow
    LocalTcp,   ///< for a TCP socket of this machine
    LocalUdp,   ///< for a UDP socket of this machine
    LocalOther, ///< ICMP to this machine, ARP, and the like
};

/// What the machine must know about a frame besides its size.
struct FrameFacts
{
    FramePath path = FramePath::Forward;
    bool more = false;         ///< IP "more fragments"
    uint16_t offset = 0;       ///< IP fragment offset in bytes
    uint16_t length = 0;       ///< bytes of IP payload in this fragment
    uint32_t tableEntries = 0; ///< entries in the NAT's table if it is a list; 0: it is a hash
    uint64_t datagram = 0;     ///< same for all fragments of one datagram (hash of RFC 791's key)

    [[nodiscard]] bool
    IsFragment() const
    {
        return more || offset != 0;
    }
};

/// A frame in the machine. `handle` belongs to the driver and comes back unchanged.
struct Frame
{
    uint64_t handle = 0;
    uint32_t bytes = 0; ///< Ethernet header to end of IP packet, no FCS: 14 + IP length
    FrameFacts facts;
};

/// A received frame and its port.
struct ReceivedFrame
{
    Frame frame;
    uint32_t port = 0;
};

/// Where a frame can die.
enum class BoxDrop : uint8_t
{
    RingFull,          ///< no free descriptor in the NIC's receive ring
    BacklogFull,       ///< kernel buffer between interrupt and softirq full
    TransmitQueueFull, ///< kernel buffer before the NIC full
    ReassemblyEvicted, ///< incomplete datagram removed: memory of incomplete datagrams full
    ReassemblyTimeout, ///< incomplete datagram too old
    ReassemblyOverlap, ///< fragment repeats or contradicts bytes that are already there
};

inline constexpr uint32_t BOX_DROP_COUNT = 6;

/// "box.ring-full", "box.backlog-full", "box.txqueue-full", "box.reassembly-evicted",
/// "box.reassembly-timeout", "box.reassembly-overlap"
[[nodiscard]] std::string_view ToString(BoxDrop drop);

/// Section that names the place: "thesis 5.3", "RFC 791 section 3.2".
[[nodiscard]] std::string_view RuleOf(BoxDrop drop);

} // namespace isb

#endif
