// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_TUN_PACKET_H
#define ISB_EMULATION_CARRIER_TUN_PACKET_H

#include "model/wire/bytes.h"
#include "model/wire/ip-endpoint.h"

#include <cstdint>
#include <vector>

namespace isb
{

/// \name Whole IP packets of either family, as a TUN interface hands them over.
/// @{

/// True when there is a whole IPv4 or IPv6 header; the other functions ask for one.
[[nodiscard]] bool IsIpPacket(ByteView packet);
[[nodiscard]] bool IsIpv6Packet(ByteView packet);
[[nodiscard]] IpAddress SourceOf(ByteView packet);
[[nodiscard]] IpAddress DestinationOf(ByteView packet);
/// True when a router may cut it into fragments: IPv4 without the flag DF.
[[nodiscard]] bool MayBeCut(ByteView packet);

/// Fragments of at most `mtu` bytes (1280 or more) that an IPv6 packet is cut into (RFC 8200
/// section 4.5). A fragment is cut again, its header being the first one behind the IPv6 header.
/// \param identification of the fragments of a packet that is not one yet
[[nodiscard]] std::vector<std::vector<uint8_t>> CutIpv6(ByteView packet,
                                                        size_t mtu,
                                                        uint32_t identification);

/// The error to the source of a packet, from that same address, that only `mtu` bytes fit the way
/// on: ICMP type 3 code 4 (RFC 1191 section 4), ICMPv6 type 2 (RFC 4443 section 3.2).
[[nodiscard]] std::vector<uint8_t> BuildTooBig(ByteView packet, uint32_t mtu);

/// An ICMPv6 message, as a raw socket hands it over, as the packet that it came in; its checksum is
/// taken for right.
[[nodiscard]] std::vector<uint8_t> BuildIcmpv6Packet(const IpAddress& source,
                                                     const IpAddress& destination,
                                                     ByteView message);

/// @}

} // namespace isb

#endif
