// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_ICMP_ERROR_H
#define ISB_CORE_IST_ICMP_ERROR_H

#include "model/core/trace/trace-event.h"
#include "model/wire/bytes.h"
#include "model/wire/packet-view.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace isb
{

/// An ICMP error message (RFC 792: destination unreachable, time exceeded, parameter problem) about
/// a TCP or UDP packet; host byte order.
///
///     | IP | ICMP, 8 bytes | IP of the offending packet | its first 8 bytes or more |
///     0    icmp            inner                        transport
struct IcmpError
{
    Ipv4 reporter;
    Ipv4 destination;
    FlowKey offending;     ///< as the packet was sent
    uint32_t sequence = 0; ///< of the offending packet; TCP only
    size_t icmp = 0;       ///< offsets in bytes from the start of the packet
    size_t inner = 0;
    size_t transport = 0;
};

/// The error in a packet whose first bytes are `header`, already read as `packet`. Nothing for any
/// other packet, for later fragments (of the error or of the offending packet, which have no ports)
/// and for fewer than 8 bytes of the offending packet's payload.
[[nodiscard]] std::optional<IcmpError> ParseIcmpError(ByteView header, const PacketView& packet);

/// What an error turns into: who reports it to whom, about which packet.
struct IcmpTranslation
{
    Ipv4 reporter;
    Ipv4 destination;
    Endpoint offendingSource;
    Endpoint offendingDestination;
    uint32_t sequenceShift = 0; ///< added to the offending segment's sequence number, modulo 2^32
};

/// Rewrites the error in place, all checksums incrementally (RFC 1624), as RFC 5508 section 4 asks
/// of a translator. `header` may end before the packet does, but not lie beyond it.
void TranslateIcmpError(MutableBytes header, const IcmpError& error, const IcmpTranslation& to);

} // namespace isb

#endif
