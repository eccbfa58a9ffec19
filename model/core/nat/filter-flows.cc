// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/filter-flows.h"

#include <algorithm>

namespace isb
{

FilterFlowTable::FilterFlowTable(const NatTimers& timers, size_t most, Rng& rng)
    : m_timers(timers),
      m_most(most),
      m_hash(rng.Next(), rng.Next())
{
}

NatKey
FilterFlowTable::KeyOf(const FilterFlow& flow)
{
    return {uint64_t{flow.inside.address.value} << 32 | flow.outside.address.value,
            uint64_t{flow.inside.port} << 32 | uint64_t{flow.outside.port} << 16 |
                static_cast<uint64_t>(flow.protocol)};
}

uint32_t
FilterFlowTable::Find(const NatKey& key) const
{
    return m_index.Find(m_hash(key), [&](uint32_t slot) { return m_sessions[slot].key == key; });
}

Duration
FilterFlowTable::LengthOf(Timer timer) const
{
    switch (timer)
    {
    case TCP_ESTABLISHED:
        return m_timers.tcpEstablished;
    case TCP_TRANSITORY:
        return m_timers.tcpTransitory;
    case TCP_CLOSING:
        return m_timers.tcpClosing;
    case ICMP:
        return m_timers.icmp;
    case UDP:
    case TIMERS:
        break;
    }
    return m_timers.udp;
}

bool
FilterFlowTable::Knows(const FilterFlow& flow) const
{
    return Find(KeyOf(flow)) != NAT_NO_SLOT;
}

bool
FilterFlowTable::Open(TimePoint now, const FilterFlow& flow)
{
    if (m_sessions.Size() >= m_most)
    {
        return false;
    }
    Session session;
    session.key = KeyOf(flow);
    session.protocol = flow.protocol;
    session.timer = flow.protocol == Protocol::Tcp    ? TCP_TRANSITORY
                    : flow.protocol == Protocol::Icmp ? ICMP
                                                      : UDP;
    session.expiry = now + LengthOf(session.timer);
    const uint32_t slot = m_sessions.Add(session);
    m_index.Insert(m_hash(session.key), slot);
    m_orders[session.timer].Append(m_sessions, slot);
    return true;
}

void
FilterFlowTable::Touch(TimePoint now, const FilterFlow& flow, NatSide from, uint8_t tcpFlags)
{
    const uint32_t slot = Find(KeyOf(flow));
    if (slot == NAT_NO_SLOT)
    {
        return;
    }
    if (flow.protocol == Protocol::Tcp)
    {
        if (m_sessions[slot].tcp.Step(tcpFlags, from))
        {
            Restart(now, slot);
        }
    }
    else if (from == NatSide::Inside)
    {
        Restart(now, slot);
    }
}

void
FilterFlowTable::Restart(TimePoint now, uint32_t slot)
{
    Session& session = m_sessions[slot];
    Timer timer = session.timer;
    if (session.protocol == Protocol::Tcp)
    {
        timer = session.tcp.IsEstablished() ? TCP_ESTABLISHED
                : session.tcp.IsClosing()   ? TCP_CLOSING
                                            : TCP_TRANSITORY;
    }
    m_orders[session.timer].Remove(m_sessions, slot);
    session.timer = timer;
    session.expiry = now + LengthOf(timer);
    m_orders[timer].Append(m_sessions, slot);
}

void
FilterFlowTable::Expire(TimePoint now)
{
    for (Order& order : m_orders)
    {
        while (!order.IsEmpty() && m_sessions[order.First()].expiry <= now)
        {
            const uint32_t slot = order.First();
            order.Remove(m_sessions, slot);
            m_index.Erase(m_hash(m_sessions[slot].key), slot);
            m_sessions.Free(slot);
        }
    }
}

TimePoint
FilterFlowTable::NextExpiry() const
{
    TimePoint next = TIME_NEVER;
    for (const Order& order : m_orders)
    {
        if (!order.IsEmpty())
        {
            next = std::min(next, m_sessions[order.First()].expiry);
        }
    }
    return next;
}

} // namespace isb
