// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_ICMP_H
#define ISB_CORE_NAT_NAT_ICMP_H

#include "model/core/nat/nat-drop.h"
#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"
#include "model/wire/packet-view.h"

#include <cstdint>
#include <optional>

namespace isb
{

/// True for the ICMP messages that quote the packet they are about and are translated:
/// destination unreachable, time exceeded, parameter problem (RFC 792).
[[nodiscard]] bool IsIcmpError(uint8_t type);
/// Source quench, which nobody may send or heed any more (RFC 6633).
[[nodiscard]] bool IsSourceQuench(uint8_t type);

/// The ICMP queries that are translated and their replies: echo and timestamp (RFC 792), which
/// carry an identifier in the same place.
[[nodiscard]] bool IsIcmpQuery(uint8_t type);
[[nodiscard]] bool IsIcmpReply(uint8_t type);

/// The packet that an ICMP error quotes: its IP header and at least eight more bytes.
struct NatQuotedPacket
{
    Protocol protocol = Protocol::Udp;
    Endpoint source; ///< port of an ICMP query: the identifier, in both
    Endpoint destination;
};

/// Reads the packet quoted by the ICMP error in `header`.
/// \param checksums true: refuse a wrong checksum of the error (when all of it is there) or of the
///        quoted IP header (RFC 5508 REQ-3)
/// \return why not, or nothing when `quoted` is filled
[[nodiscard]] std::optional<NatDrop> ReadQuotedPacket(ByteView header,
                                                      const PacketView& view,
                                                      bool checksums,
                                                      NatQuotedPacket& quoted);

} // namespace isb

#endif
