// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-fragments.h"

#include <algorithm>
#include <tuple>

namespace isb
{

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

const NatDecision*
NatFragmentTable::Find(const NatDatagramKey& key) const
{
    const auto found = m_datagrams.find(key);
    return found != m_datagrams.end() && found->second.decided ? &found->second.fate : nullptr;
}

bool
NatFragmentTable::MakeRoom()
{
    if (m_datagrams.size() < m_mostDatagrams)
    {
        return true;
    }
    if (m_decided.empty())
    {
        return false;
    }
    m_datagrams.erase(m_decided.front());
    m_decided.pop_front();
    return true;
}

void
NatFragmentTable::Decide(TimePoint now,
                         const NatDatagramKey& key,
                         const NatDecision& fate,
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

void
NatFragmentTable::Expire(TimePoint now, std::vector<Abandoned>& abandoned)
{
    for (Order* order : {&m_decided, &m_undecided})
    {
        while (!order->empty())
        {
            const auto first = m_datagrams.find(order->front());
            if (first->second.expiry > now)
            {
                break;
            }
            for (const Waiting& waiting : first->second.waiting)
            {
                abandoned.push_back({waiting.ticket, waiting.bytes, first->first});
            }
            m_held -= first->second.waiting.size();
            m_datagrams.erase(first);
            order->pop_front();
        }
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
