// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_HELD_SYNS_H
#define ISB_CORE_NAT_NAT_HELD_SYNS_H

#include "model/core/nat/nat-side.h"
#include "model/wire/bytes.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace isb
{

/// Unsolicited SYNs that wait for a SYN from inside to the same remote (RFC 5382 REQ-4). When it
/// goes out in time, the held one is forgotten in silence, as if lost: its sender repeats it, and
/// the simultaneous open works. Else it is due for its answer.
class NatHeldSyns
{
  public:
    /// A SYN as far as its answer needs it.
    struct Held
    {
        NatSide from = NatSide::Outside;
        std::vector<uint8_t> start; ///< the packet's first bytes
    };

    /// Holds a SYN from `remote` to `external` until `due`; one that is held already stays as it
    /// is. False when `most` are held.
    [[nodiscard]] bool Hold(TimePoint due,
                            Endpoint external,
                            Endpoint remote,
                            NatSide from,
                            ByteView packet,
                            size_t most);
    /// A SYN left from `external` to `remote`.
    void Forget(Endpoint external, Endpoint remote);
    /// Those whose time has come, in order; they are no longer held.
    [[nodiscard]] std::vector<Held> TakeDue(TimePoint now);
    [[nodiscard]] TimePoint NextDue() const;
    void Clear();

    [[nodiscard]] size_t
    Size() const
    {
        return m_held.size();
    }

  private:
    using Key = std::pair<Endpoint, Endpoint>; ///< external, remote

    struct Entry
    {
        TimePoint due{0};
        Held held;
    };

    std::map<Key, Entry> m_held;
    std::set<std::pair<TimePoint, Key>> m_order;
};

} // namespace isb

#endif
