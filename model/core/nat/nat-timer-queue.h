// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_TIMER_QUEUE_H
#define ISB_CORE_NAT_NAT_TIMER_QUEUE_H

#include "model/core/nat/nat-session.h"
#include "model/core/nat/nat-slab.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// The sessions of a table in order of expiry, lazily: a packet writes the expiry into its session
/// and touches nothing else. A session stands in a heap at the expiry it had once
/// (NatSession::queued); when that comes it is ended, or put back at the one it has by then. So a
/// packet costs no more than the line of its session, and each session a step of the heap once a
/// timer's length.
class NatTimerQueue
{
  public:
    using Sessions = NatSlab<NatSession>;

    /// Queues a session that is new or was removed.
    void Put(Sessions& sessions, uint32_t session);
    /// Takes note that a session's expiry was put off.
    void NotePutOff(Sessions& sessions, uint32_t session);
    /// A session leaves: before its slot is freed or its timer changes.
    void Remove(Sessions& sessions, uint32_t session);

    /// No session expires before; TIME_NEVER without sessions.
    [[nodiscard]] TimePoint
    NextDue() const
    {
        return m_nextDue;
    }

    /// The session whose expiry comes first, if it comes until `now`, else NAT_NO_SLOT.
    [[nodiscard]] uint32_t FirstDue(Sessions& sessions, TimePoint now);
    /// The session of one timer that expires first and so is idle for longest, or NAT_NO_SLOT.
    [[nodiscard]] uint32_t FirstOf(Sessions& sessions, NatTimer timer);

    void Clear();

  private:
    struct Entry
    {
        TimePoint when;
        uint32_t session;
    };

    using Heap = std::vector<Entry>;

    static bool IsLater(const Entry& left, const Entry& right);
    void Push(Heap& heap, const Entry& entry);
    void Pop(Heap& heap);
    void PutBack(Sessions& sessions, Heap& heap);
    void Settle(Sessions& sessions, NatTimer timer);
    void Compact(const Sessions& sessions, NatTimer timer);
    [[nodiscard]] bool IsStale(const Sessions& sessions, NatTimer timer, const Entry& entry) const;

    /// The first entry of each is never stale.
    std::array<Heap, NAT_TIMER_COUNT> m_heaps;
    TimePoint m_nextDue = TIME_NEVER;
};

} // namespace isb

#endif
