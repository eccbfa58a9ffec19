// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_PACKET_BUILDER_H
#define ISB_WIRE_PACKET_BUILDER_H

#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

// TCP flags as in byte 13 of the header (RFC 9293 section 3.1).
inline constexpr uint8_t TCP_FIN = 0x01;
inline constexpr uint8_t TCP_SYN = 0x02;
inline constexpr uint8_t TCP_RST = 0x04;
inline constexpr uint8_t TCP_PSH = 0x08;
inline constexpr uint8_t TCP_ACK = 0x10;

// ICMP types (RFC 792).
inline constexpr uint8_t ICMP_ECHO_REPLY = 0;
inline constexpr uint8_t ICMP_UNREACHABLE = 3;
inline constexpr uint8_t ICMP_ECHO_REQUEST = 8;
inline constexpr uint8_t ICMP_TIME_EXCEEDED = 11;
inline constexpr uint8_t ICMP_PARAMETER_PROBLEM = 12;

/// What an IPv4 header says beside addresses and protocol. Host byte order.
struct IpFields
{
    uint8_t ttl = 64;
    uint8_t tos = 0;
    uint16_t identification = 0;
    bool dontFragment = false;
    std::vector<uint8_t> options; ///< at most 40 bytes, a multiple of 4
};

/// What a TCP header says beside ports. Host byte order.
struct TcpFields
{
    uint32_t sequence = 0;
    uint32_t acknowledgement = 0;
    uint8_t flags = TCP_ACK;
    uint16_t window = 65535;
    std::vector<uint8_t> options; ///< at most 40 bytes, a multiple of 4
};

/// Complete IPv4 packets in network byte order with right checksums: for tests, tools and packets
/// that a machine sends itself. The packet must fit 65535 bytes.
[[nodiscard]] std::vector<uint8_t> BuildUdp(Endpoint source,
                                            Endpoint destination,
                                            ByteView payload,
                                            const IpFields& ip = {});
[[nodiscard]] std::vector<uint8_t> BuildTcp(Endpoint source,
                                            Endpoint destination,
                                            const TcpFields& tcp,
                                            ByteView payload,
                                            const IpFields& ip = {});

/// ICMP echo; `type` is ICMP_ECHO_REQUEST or ICMP_ECHO_REPLY.
[[nodiscard]] std::vector<uint8_t> BuildEcho(Ipv4 source,
                                             Ipv4 destination,
                                             uint8_t type,
                                             uint16_t identifier,
                                             uint16_t sequence,
                                             ByteView payload,
                                             const IpFields& ip = {});

/// ICMP error about `offending` (an IPv4 packet), of which at most `quoted` bytes are embedded
/// (RFC 1812 section 4.3.2.3: 576 bytes in all). `rest` is the second word of the ICMP header: the
/// next hop's MTU for "fragmentation needed" (3, 4), else zero.
[[nodiscard]] std::vector<uint8_t> BuildIcmpError(Ipv4 source,
                                                  Ipv4 destination,
                                                  uint8_t type,
                                                  uint8_t code,
                                                  uint32_t rest,
                                                  ByteView offending,
                                                  size_t quoted = 548,
                                                  const IpFields& ip = {});

/// The packet cut for a link of `mtu` bytes (RFC 791 section 3.2; options go to every fragment).
/// One element when it fits. `mtu` must leave room for the header and 8 bytes.
[[nodiscard]] std::vector<std::vector<uint8_t>> FragmentPacket(ByteView packet, size_t mtu);

/// True when a complete packet's IPv4 checksum and, if it is no fragment, its TCP, UDP or ICMP
/// checksum are right, recomputed in full. A UDP checksum of zero (none) is right.
[[nodiscard]] bool ChecksumsAreRight(ByteView packet);

} // namespace isb

#endif
