// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-resting-ports.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr size_t SPARE_ENTRIES = 64;

uint64_t
KeyOf(Protocol protocol, Endpoint external)
{
    return static_cast<uint64_t>(protocol) << 48 | uint64_t{external.address.value} << 16 |
           external.port;
}

} // namespace

void
NatRestingPorts::Add(const Port& port)
{
    const Entry entry{port, ++m_lastNumber};
    m_order.push_back(entry);
    m_byPort.insert_or_assign(KeyOf(port.protocol, port.external), entry);
    ForgetTakenBack();
}

bool
NatRestingPorts::Rests(const Entry& entry) const
{
    const auto found = m_byPort.find(KeyOf(entry.port.protocol, entry.port.external));
    return found != m_byPort.end() && found->second.number == entry.number;
}

/// Seldom enough to cost little each time, often enough to bound what is kept.
void
NatRestingPorts::ForgetTakenBack()
{
    if (m_order.size() <= 2 * m_byPort.size() + SPARE_ENTRIES)
    {
        return;
    }
    const auto isTakenBack = [this](const Entry& entry) { return !Rests(entry); };
    m_order.erase(std::remove_if(m_order.begin(), m_order.end(), isTakenBack), m_order.end());
}

bool
NatRestingPorts::TakeRested(TimePoint now, Port& port)
{
    while (!m_order.empty() && m_order.front().port.until <= now)
    {
        const Entry entry = m_order.front();
        m_order.pop_front();
        if (Rests(entry))
        {
            port = entry.port;
            m_byPort.erase(KeyOf(port.protocol, port.external));
            return true;
        }
    }
    return false;
}

bool
NatRestingPorts::TakeBack(Protocol protocol, Endpoint external, Ipv4 host)
{
    const auto found = m_byPort.find(KeyOf(protocol, external));
    if (found == m_byPort.end() || found->second.port.host != host)
    {
        return false;
    }
    m_byPort.erase(found);
    ForgetTakenBack();
    return true;
}

std::vector<NatRestingPorts::Port>
NatRestingPorts::List() const
{
    std::vector<Port> list;
    for (const Entry& entry : m_order)
    {
        if (Rests(entry))
        {
            list.push_back(entry.port);
        }
    }
    return list;
}

} // namespace isb
