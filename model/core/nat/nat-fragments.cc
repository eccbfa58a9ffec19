// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-fragments.h"

#include <algorithm>
#include <tuple>

namespace isb
{

namespace
{

// Gaps between the fragments of one datagram: 64 KiB in 1500-byte pieces are 45 fragments, which in
// the worst order leave 23 ranges.
constexpr size_t MOST_RANGES = 32;

} // namespace

bool
operator<(const NatDatagramKey& a, const NatDatagramKey& b)
{
    return std::tie(a.source, a.destination, a.identification, a.protocol) <
           std::tie(b.source, b.destination, b.identification, b.protocol);
}

NatFragmentTable::NatFragmentTable(size_t mostDatagrams, size_t mostHeld, Duration lifetime)
    : m_mostDatagrams(mostDatagrams),
      m_mostHeld(mostHeld),
      m_lifetime(lifetime)
{
}

void
NatFragmentTable::SetBounds(size_t mostDatagrams, size_t mostHeld, Duration lifetime)
{
    m_mostDatagrams = mostDatagrams;
    m_mostHeld = mostHeld;
    for (auto& [key, datagram] : m_datagrams)
    {
        datagram.expiry += lifetime - m_lifetime; // so that their order stays
    }
    m_lifetime = lifetime;
}

const NatDecision*
NatFragmentTable::Find(const NatDatagramKey& key) const
{
    const auto found = m_datagrams.find(key);
    return found != m_datagrams.end() && found->second.decided ? &found->second.fate : nullptr;
}

bool
NatFragmentTable::MakeRoom()
{
    while (m_datagrams.size() >= m_mostDatagrams && !m_decided.empty())
    {
        m_datagrams.erase(m_decided.front());
        m_decided.pop_front();
    }
    return m_datagrams.size() < m_mostDatagrams;
}

void
NatFragmentTable::Decide(TimePoint now,
                         const NatDatagramKey& key,
                         const NatDecision& fate,
                         uint32_t bytes,
                         std::vector<uint64_t>& released)
{
    auto found = m_datagrams.find(key);
    if (found == m_datagrams.end())
    {
        if (!MakeRoom())
        {
            return;
        }
        found = m_datagrams.emplace(key, Datagram{}).first;
        found->second.place = m_decided.insert(m_decided.end(), key);
    }
    Datagram& datagram = found->second;
    Order& from = datagram.decided || datagram.waiting.empty() ? m_decided : m_undecided;
    m_decided.splice(m_decided.end(), from, datagram.place);
    for (const Waiting& waiting : datagram.waiting)
    {
        released.push_back(waiting.ticket);
    }
    m_held -= datagram.waiting.size();
    datagram.waiting.clear();
    datagram.passed.assign(1, {0, bytes});
    datagram.decided = true;
    datagram.fate = fate;
    datagram.expiry = now + m_lifetime;
}

bool
NatFragmentTable::Hold(TimePoint now, const NatDatagramKey& key, uint64_t ticket, uint32_t bytes)
{
    if (m_held >= m_mostHeld)
    {
        return false;
    }
    auto found = m_datagrams.find(key);
    if (found == m_datagrams.end())
    {
        if (!MakeRoom())
        {
            return false;
        }
        found = m_datagrams.emplace(key, Datagram{}).first;
        found->second.place = m_undecided.insert(m_undecided.end(), key);
        found->second.expiry = now + m_lifetime;
    }
    found->second.waiting.push_back({ticket, bytes});
    ++m_held;
    return true;
}

std::optional<NatDrop>
NatFragmentTable::Pass(const NatDatagramKey& key, uint32_t begin, uint32_t end)
{
    std::vector<Range>& passed = m_datagrams.find(key)->second.passed;
    const auto next = std::find_if(passed.begin(),
                                   passed.end(),
                                   [begin](const Range& range) { return range.begin >= begin; });
    const bool hasPrevious = next != passed.begin();
    const bool hasNext = next != passed.end();
    if ((hasPrevious && (next - 1)->end > begin) || (hasNext && next->begin < end))
    {
        return NatDrop::OverlappingFragment;
    }
    if (hasPrevious && (next - 1)->end == begin)
    {
        (next - 1)->end = end;
        if (hasNext && next->begin == end)
        {
            (next - 1)->end = next->end;
            passed.erase(next);
        }
        return std::nullopt;
    }
    if (hasNext && next->begin == end)
    {
        next->begin = begin;
        return std::nullopt;
    }
    if (passed.size() >= MOST_RANGES)
    {
        return NatDrop::FragmentLimit;
    }
    passed.insert(next, {begin, end});
    return std::nullopt;
}

void
NatFragmentTable::Abandon(const NatDatagramKey& key, std::vector<Abandoned>& abandoned)
{
    const auto found = m_datagrams.find(key);
    for (const Waiting& waiting : found->second.waiting)
    {
        abandoned.push_back({waiting.ticket, waiting.bytes, found->first});
    }
    m_held -= found->second.waiting.size();
    m_datagrams.erase(found);
}

void
NatFragmentTable::Expire(TimePoint now, std::vector<Abandoned>& abandoned)
{
    for (Order* order : {&m_decided, &m_undecided})
    {
        while (!order->empty() && m_datagrams.find(order->front())->second.expiry <= now)
        {
            Abandon(order->front(), abandoned);
            order->pop_front();
        }
    }
}

void
NatFragmentTable::Clear(std::vector<Abandoned>& abandoned)
{
    for (Order* order : {&m_decided, &m_undecided})
    {
        for (const NatDatagramKey& key : *order)
        {
            Abandon(key, abandoned);
        }
        order->clear();
    }
}

TimePoint
NatFragmentTable::NextExpiry() const
{
    TimePoint next = TIME_NEVER;
    for (const Order* order : {&m_decided, &m_undecided})
    {
        if (!order->empty())
        {
            next = std::min(next, m_datagrams.find(order->front())->second.expiry);
        }
    }
    return next;
}

} // namespace isb
