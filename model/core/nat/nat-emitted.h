// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_EMITTED_H
#define ISB_CORE_NAT_NAT_EMITTED_H

#include "model/core/nat/nat-side.h"

#include <cstdint>
#include <vector>

namespace isb
{

/// A packet that the NAT itself sends: a RST, an ICMP error.
struct NatEmitted
{
    NatSide to = NatSide::Inside;
    std::vector<uint8_t> packet; ///< whole, from the IPv4 header on; checksums are right
};

} // namespace isb

#endif
