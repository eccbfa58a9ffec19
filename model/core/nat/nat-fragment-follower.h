// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_FRAGMENT_FOLLOWER_H
#define ISB_CORE_NAT_NAT_FRAGMENT_FOLLOWER_H

#include "model/core/nat/nat-fragments.h"
#include "model/core/nat/nat-side.h"
#include "model/core/trace/trace-event.h"
#include "model/wire/packet-view.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace isb
{

/// The fragments that cross a box, both ways: what a NatBox and a StatefulFilter do with them
/// alike. A decision about a first fragment holds for the later ones of its datagram.
class NatFragmentFollower
{
  public:
    /// Bounds are those of one side.
    NatFragmentFollower(size_t mostDatagrams, size_t mostHeld, Duration lifetime);

    void SetBounds(size_t mostDatagrams, size_t mostHeld, Duration lifetime);

    /// Notes what was decided about a whole packet or first fragment.
    void Note(TimePoint now, NatSide from, const PacketView& view, const NatDecision& decision);
    /// What becomes of a later fragment; nothing when it waits, under LastTicket().
    [[nodiscard]] std::optional<NatDecision> Follow(TimePoint now,
                                                    NatSide from,
                                                    const PacketView& view);

    /// Fragments that waited too long; their tickets are abandoned.
    [[nodiscard]] std::vector<NatFragmentTable::Abandoned> Expire(TimePoint now);
    /// The same for all that wait; everything decided is forgotten.
    [[nodiscard]] std::vector<NatFragmentTable::Abandoned> Clear();
    [[nodiscard]] TimePoint NextExpiry() const;

    /// Tickets whose fragments may go on, or are given up, since the last call.
    [[nodiscard]] std::vector<uint64_t> TakeReleased();
    [[nodiscard]] std::vector<uint64_t> TakeAbandoned();

    [[nodiscard]] uint64_t
    LastTicket() const
    {
        return m_lastTicket;
    }

    /// Datagrams and waiting fragments.
    [[nodiscard]] size_t Size() const;

  private:
    [[nodiscard]] NatFragmentTable& Table(NatSide from);

    NatFragmentTable m_fromInside;
    NatFragmentTable m_fromOutside;
    std::vector<uint64_t> m_released;
    std::vector<uint64_t> m_abandoned;
    uint64_t m_lastTicket = 0;
};

/// The flow that traces name for a fragment that is given up.
[[nodiscard]] FlowKey FlowOf(const NatFragmentTable::Abandoned& fragment);

} // namespace isb

#endif
