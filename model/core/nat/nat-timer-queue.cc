// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-timer-queue.h"

#include <algorithm>

namespace isb
{

namespace
{

/// In NatSession::queued of a slot that is free.
constexpr TimePoint NOT_QUEUED = TimePoint::min();

// Stale entries are swept out when they are as many as the sessions and more than this.
constexpr size_t STALE_ALLOWED = 64;

} // namespace

/// The heap's order: by time, then by slot, so that equal times have one order only.
bool
NatTimerQueue::IsLater(const Entry& left, const Entry& right)
{
    return left.when != right.when ? left.when > right.when : left.session > right.session;
}

void
NatTimerQueue::Push(Heap& heap, const Entry& entry)
{
    heap.push_back(entry);
    std::push_heap(heap.begin(), heap.end(), IsLater);
}

void
NatTimerQueue::Pop(Heap& heap)
{
    std::pop_heap(heap.begin(), heap.end(), IsLater);
    heap.pop_back();
}

/// True when a session no longer stands where this entry says.
bool
NatTimerQueue::IsStale(const Sessions& sessions, NatTimer timer, const Entry& entry) const
{
    const NatSession& session = sessions[entry.session];
    return session.timer != timer || session.queued != entry.when;
}

void
NatTimerQueue::Put(Sessions& sessions, uint32_t session)
{
    NatSession& entry = sessions[session];
    entry.queued = entry.expiry;
    Push(m_heaps[static_cast<size_t>(entry.timer)], {entry.queued, session});
    m_nextDue = std::min(m_nextDue, entry.queued);
    Compact(sessions, entry.timer);
}

/// Sweeps a heap whose entries are mostly stale.
void
NatTimerQueue::Compact(const Sessions& sessions, NatTimer timer)
{
    Heap& heap = m_heaps[static_cast<size_t>(timer)];
    if (heap.size() <= 2 * sessions.Size() + STALE_ALLOWED)
    {
        return;
    }
    const auto isStale = [&](const Entry& entry) { return IsStale(sessions, timer, entry); };
    heap.erase(std::remove_if(heap.begin(), heap.end(), isStale), heap.end());
    std::make_heap(heap.begin(), heap.end(), IsLater);
}

/// Moves the first entry of a heap to where its session expires by now.
void
NatTimerQueue::PutBack(Sessions& sessions, Heap& heap)
{
    const uint32_t session = heap.front().session;
    Pop(heap);
    sessions[session].queued = sessions[session].expiry;
    Push(heap, {sessions[session].expiry, session});
}

/// Removes stale entries from the front of a heap and finds out anew what is due next.
void
NatTimerQueue::Settle(Sessions& sessions, NatTimer timer)
{
    Heap& first = m_heaps[static_cast<size_t>(timer)];
    while (!first.empty() && IsStale(sessions, timer, first.front()))
    {
        Pop(first);
    }
    m_nextDue = TIME_NEVER;
    for (const Heap& heap : m_heaps)
    {
        if (!heap.empty())
        {
            m_nextDue = std::min(m_nextDue, heap.front().when);
        }
    }
}

void
NatTimerQueue::NotePutOff(Sessions& sessions, uint32_t session)
{
    const NatSession& entry = sessions[session];
    if (entry.queued == m_nextDue)
    {
        Heap& heap = m_heaps[static_cast<size_t>(entry.timer)];
        if (heap.front().session == session)
        {
            PutBack(sessions, heap);
            Settle(sessions, entry.timer);
        }
    }
}

void
NatTimerQueue::Remove(Sessions& sessions, uint32_t session)
{
    NatSession& entry = sessions[session];
    entry.queued = NOT_QUEUED;
    if (m_heaps[static_cast<size_t>(entry.timer)].front().session == session)
    {
        Settle(sessions, entry.timer);
    }
}

uint32_t
NatTimerQueue::FirstDue(Sessions& sessions, TimePoint now)
{
    while (m_nextDue <= now)
    {
        for (size_t index = 0; index < NAT_TIMER_COUNT; ++index)
        {
            Heap& heap = m_heaps[index];
            if (heap.empty() || heap.front().when != m_nextDue)
            {
                continue;
            }
            const uint32_t session = heap.front().session;
            if (sessions[session].expiry == m_nextDue)
            {
                return session;
            }
            PutBack(sessions, heap);
            Settle(sessions, static_cast<NatTimer>(index));
            break;
        }
    }
    return NAT_NO_SLOT;
}

uint32_t
NatTimerQueue::FirstOf(Sessions& sessions, NatTimer timer)
{
    Heap& heap = m_heaps[static_cast<size_t>(timer)];
    while (!heap.empty() && sessions[heap.front().session].expiry != heap.front().when)
    {
        PutBack(sessions, heap);
        Settle(sessions, timer);
    }
    return heap.empty() ? NAT_NO_SLOT : heap.front().session;
}

void
NatTimerQueue::Clear()
{
    for (Heap& heap : m_heaps)
    {
        heap.clear();
    }
    m_nextDue = TIME_NEVER;
}

} // namespace isb
