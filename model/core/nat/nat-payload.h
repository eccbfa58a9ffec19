// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_PAYLOAD_H
#define ISB_CORE_NAT_NAT_PAYLOAD_H

#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"

#include <cstdint>

namespace isb
{

/// Replaces the four bytes of an address wherever they stand in a payload, as some NATs do to
/// help protocols that they do not know (RFC 5389 section 15.2), and so break others.
/// \param payload begins at an even distance from the start of what the checksum covers
/// \return the change of a checksum that covers the payload (RFC 1624: ~m + m'); zero when the
///         addresses are the same or nothing was found
[[nodiscard]] uint32_t ReplaceAddress(MutableBytes payload, Ipv4 from, Ipv4 to);

} // namespace isb

#endif
