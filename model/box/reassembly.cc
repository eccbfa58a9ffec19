// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/reassembly.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

uint32_t
EndOf(const FrameFacts& facts)
{
    return uint32_t{facts.offset} + facts.length;
}

} // namespace

Reassembly::Reassembly(uint32_t memory, uint32_t low, Duration timeout)
    : m_memory(memory),
      m_low(std::min(low, memory)),
      m_timeout(timeout)
{
}

std::optional<Datagram>
Reassembly::Add(TimePoint now, const ReceivedFrame& fragment, std::vector<Lost>& lost)
{
    const FrameFacts& facts = fragment.frame.facts;
    const auto [entry, isNew] = m_byKey.try_emplace(facts.datagram);
    if (isNew)
    {
        entry->second = m_queue.insert(m_queue.end(), {facts.datagram, now + m_timeout, 0, 0, {}});
    }
    const Queue::iterator it = entry->second;
    switch (Check(*it, facts))
    {
    case Fit::Repeat:
        lost.push_back({fragment, BoxDrop::ReassemblyOverlap});
        return std::nullopt;
    case Fit::Contradiction:
        lost.push_back({fragment, BoxDrop::ReassemblyOverlap});
        Discard(it, BoxDrop::ReassemblyOverlap, lost);
        return std::nullopt;
    case Fit::New:
        break;
    }
    Insert(*it, fragment);
    m_bytes += fragment.frame.bytes;
    ++m_held;
    if (it->total != 0 && it->received == it->total)
    {
        Datagram whole = std::move(it->fragments);
        for (const ReceivedFrame& part : whole)
        {
            m_bytes -= part.frame.bytes;
        }
        m_held -= whole.size();
        Forget(it);
        return whole;
    }
    if (m_bytes > m_memory)
    {
        while (m_bytes > m_low)
        {
            Discard(m_queue.begin(), BoxDrop::ReassemblyEvicted, lost);
        }
    }
    return std::nullopt;
}

Reassembly::Fit
Reassembly::Check(const Pending& pending, const FrameFacts& facts)
{
    const uint32_t end = EndOf(facts);
    if (facts.length == 0 || (pending.total != 0 && end > pending.total) ||
        (pending.total != 0 && !facts.more && end != pending.total))
    {
        return Fit::Contradiction;
    }
    if (!facts.more && !pending.fragments.empty() &&
        EndOf(pending.fragments.back().frame.facts) > end)
    {
        return Fit::Contradiction;
    }
    for (const ReceivedFrame& held : pending.fragments)
    {
        const FrameFacts& other = held.frame.facts;
        if (facts.offset >= other.offset && end <= EndOf(other))
        {
            return Fit::Repeat;
        }
        if (facts.offset < EndOf(other) && other.offset < end)
        {
            return Fit::Contradiction;
        }
    }
    return Fit::New;
}

void
Reassembly::Insert(Pending& pending, const ReceivedFrame& fragment)
{
    const FrameFacts& facts = fragment.frame.facts;
    pending.received += facts.length;
    if (!facts.more)
    {
        pending.total = EndOf(facts);
    }
    const auto place = std::upper_bound(pending.fragments.begin(),
                                        pending.fragments.end(),
                                        facts.offset,
                                        [](uint32_t offset, const ReceivedFrame& held)
                                        { return offset < held.frame.facts.offset; });
    pending.fragments.insert(place, fragment);
}

void
Reassembly::Timeout(TimePoint now, std::vector<Lost>& lost)
{
    while (NextTimeout() <= now)
    {
        Discard(m_queue.begin(), BoxDrop::ReassemblyTimeout, lost);
    }
}

TimePoint
Reassembly::NextTimeout() const
{
    return m_queue.empty() ? TIME_NEVER : m_queue.front().expires;
}

size_t
Reassembly::Held() const
{
    return m_held;
}

void
Reassembly::Discard(Queue::iterator it, BoxDrop reason, std::vector<Lost>& lost)
{
    for (const ReceivedFrame& part : it->fragments)
    {
        m_bytes -= part.frame.bytes;
        lost.push_back({part, reason});
    }
    m_held -= it->fragments.size();
    Forget(it);
}

void
Reassembly::Forget(Queue::iterator it)
{
    m_byKey.erase(it->key);
    m_queue.erase(it);
}

} // namespace isb
