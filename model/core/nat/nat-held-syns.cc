// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-held-syns.h"

#include <algorithm>

namespace isb
{

namespace
{

// What an ICMP error quotes: the longest IPv4 header and a whole TCP header without options.
constexpr size_t KEPT_BYTES = 80;

} // namespace

bool
NatHeldSyns::Hold(TimePoint due,
                  Endpoint external,
                  Endpoint remote,
                  NatSide from,
                  ByteView packet,
                  size_t most)
{
    const Key key{external, remote};
    if (m_held.count(key) != 0)
    {
        return true;
    }
    if (m_held.size() >= most)
    {
        return false;
    }
    const uint8_t* const end = packet.data + std::min(packet.size, KEPT_BYTES);
    m_held.emplace(key, Entry{due, {from, std::vector<uint8_t>(packet.data, end)}});
    m_order.emplace(due, key);
    return true;
}

void
NatHeldSyns::Forget(Endpoint external, Endpoint remote)
{
    const auto found = m_held.find({external, remote});
    if (found != m_held.end())
    {
        m_order.erase({found->second.due, found->first});
        m_held.erase(found);
    }
}

std::vector<NatHeldSyns::Held>
NatHeldSyns::TakeDue(TimePoint now)
{
    std::vector<Held> due;
    while (!m_order.empty() && m_order.begin()->first <= now)
    {
        const auto found = m_held.find(m_order.begin()->second);
        due.push_back(std::move(found->second.held));
        m_held.erase(found);
        m_order.erase(m_order.begin());
    }
    return due;
}

TimePoint
NatHeldSyns::NextDue() const
{
    return m_order.empty() ? TIME_NEVER : m_order.begin()->first;
}

void
NatHeldSyns::Clear()
{
    m_held.clear();
    m_order.clear();
}

} // namespace isb
