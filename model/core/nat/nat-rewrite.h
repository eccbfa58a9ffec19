// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_REWRITE_H
#define ISB_CORE_NAT_NAT_REWRITE_H

#include "model/core/nat/nat-decision.h"
#include "model/core/nat/nat-settings.h"
#include "model/wire/bytes.h"
#include "model/wire/packet-view.h"

namespace isb
{

/// Writes a decision's new endpoints into a packet's header and brings the checksums up to date by
/// RFC 1624 equation 3: IP, and unless it is a later fragment TCP, UDP (zero, none, stays zero) or
/// ICMP. For an ICMP error also the quoted packet (RFC 5508 REQ-4, REQ-5).
/// \param header the bytes that `view` was read from
/// \param settings whether there are checksums, and NatFaults::rewritePayload
void RewritePacket(MutableBytes header,
                   const PacketView& view,
                   const NatDecision& decision,
                   const NatSettings& settings);

} // namespace isb

#endif
