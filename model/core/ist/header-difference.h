// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_HEADER_DIFFERENCE_H
#define ISB_CORE_IST_HEADER_DIFFERENCE_H

#include "model/splice/ist-types.h"
#include "model/wire/bytes.h"

#include <string>

namespace isb
{

/// Which header fields of a packet differ after forwarding, with both values (the thesis' Tables
/// 4.1 to 4.3): "ip.src=10.0.0.1>203.0.113.1 ip.checksum=4711>815 tcp.sport=1111>5002". In the
/// order of the header; decimal, addresses dotted, SACK blocks as left-right. A fragment without
/// transport header has IP fields only.
/// \param before,after the packet's first bytes, equally many, at least packet.header_length
/// \param packet its headers, of which only lengths and offsets are used
[[nodiscard]] std::string DescribeHeaderDifference(ByteView before,
                                                   ByteView after,
                                                   const ist_packet& packet);

} // namespace isb

#endif
