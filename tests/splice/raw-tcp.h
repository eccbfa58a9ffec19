// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TEST_RAW_TCP_H
#define ISB_TEST_RAW_TCP_H

#include "model/splice/ist-family.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isb::test
{

using Packet = std::vector<uint8_t>;

/// Fields of a TCP segment to build; host byte order.
struct Segment
{
    ist_tuple tuple{};
    uint32_t seq = 0;
    uint32_t ack = 0;
    unsigned int flags = IST_TCP_ACK;
    uint16_t window = 65535;
    uint8_t ttl = 64;
    uint8_t family = IST_FAMILY_IPV4;
    Packet options{}; ///< padded with NOPs to a multiple of four
    Packet payload{};
};

/// 10.0.0.1:1000 -> 192.0.2.1:5000 and the like, addresses as numbers in host byte order.
ist_tuple MakeTuple(uint32_t source,
                    uint16_t sourcePort,
                    uint32_t destination,
                    uint16_t destinationPort);

/// 2001:db8:0:`net`::`host` to the same net's ::ffff, which is the IST.
ist_tuple MakeTuple6(uint16_t net, uint16_t host, uint16_t sourcePort, uint16_t destinationPort);

/// IP and TCP with right checksums, computed by summing everything.
Packet BuildTcp(const Segment& segment);

/// IP and UDP; without a checksum if so asked.
Packet BuildUdp(const ist_tuple& tuple,
                const Packet& payload,
                bool withChecksum = true,
                uint8_t family = IST_FAMILY_IPV4);

/// IP header without options or extensions around a finished body.
Packet BuildIp(uint8_t family,
               const ist_tuple& tuple,
               uint8_t protocol,
               uint8_t ttl,
               const Packet& body);

/// Options in wire form.
Packet OptionMss(uint16_t mss);
Packet OptionWscale(uint8_t shift);
Packet OptionSackPermitted();
Packet OptionTimestamps(uint32_t tsval, uint32_t tsecr);
Packet OptionSack(const std::vector<uint32_t>& edges);
Packet Join(const std::vector<Packet>& parts);

/// What the checksum field of a TCP, UDP or ICMPv6 packet should hold, from scratch. IPv6 without
/// extension headers.
uint16_t TransportChecksum(const Packet& packet);

/// What the checksum field of its IPv4 header should hold, from scratch.
uint16_t IpChecksum(const Packet& packet);

/// Empty if the checksums of the packet are right (UDP on IPv4: or absent), else what is wrong.
std::string ChecksumFault(const Packet& packet);

/// Parses a whole packet of either family; a failed parse fails the running test.
ist_packet Parse(const Packet& packet);

/// What a carrier sends for a packet whose verdict is to forward: edited, in the family of `edits`.
Packet Edited(const Packet& packet, const ist_packet& parsed, const ist_rewrite& edits);

} // namespace isb::test

#endif
