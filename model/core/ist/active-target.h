// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_ACTIVE_TARGET_H
#define ISB_CORE_IST_ACTIVE_TARGET_H

#include "model/wire/endpoint.h"

namespace isb
{

/// Whether an IST may open a connection there for an Active splice (promise T1): a unicast host
/// elsewhere. Refused: "this network", loopback, link-local and the metadata services in it,
/// multicast, the reserved block with broadcast (RFC 6890), port 0. Own addresses are the caller's
/// to refuse. Private ones pass: whether they lead anywhere is the network's business.
[[nodiscard]] inline bool
IsPublicTarget(const Endpoint& target)
{
    const uint32_t address = target.address.value;
    const uint32_t first = address >> 24;
    const bool linkLocal = address >> 16 == 0xa9fe; // 169.254.0.0/16
    return target.port != 0 && first != 0 && first != 127 && first < 224 && !linkLocal;
}

} // namespace isb

#endif
