// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_PREFETCH_H
#define ISB_CORE_NAT_NAT_PREFETCH_H

#include "model/core/nat/nat-mapping-table.h"
#include "model/core/nat/nat-side.h"
#include "model/wire/bytes.h"

#include <cstddef>

namespace isb
{

/// Has the sessions of several packets of one side fetched at once. With a million sessions a
/// packet waits for memory twice, for its place in the index and for its session; here the waits of
/// all packets run side by side. Packets that are no UDP or TCP are passed over, whatever is in
/// them.
void PrefetchSessions(const NatMappingTable& table,
                      NatSide from,
                      const ByteView* headers,
                      size_t count);

} // namespace isb

#endif
