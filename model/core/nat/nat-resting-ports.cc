// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-resting-ports.h"

#include <algorithm>
#include <iterator>

namespace isb
{

namespace
{

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
    m_order.push_back(port);
    m_byPort[KeyOf(port.protocol, port.external)] = port;
}

bool
NatRestingPorts::Rests(const Port& port) const
{
    const auto found = m_byPort.find(KeyOf(port.protocol, port.external));
    return found != m_byPort.end() && found->second.until == port.until;
}

bool
NatRestingPorts::TakeRested(TimePoint now, Port& port)
{
    while (!m_order.empty() && m_order.front().until <= now)
    {
        port = m_order.front();
        m_order.pop_front();
        if (Rests(port))
        {
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
    if (found == m_byPort.end() || found->second.host != host)
    {
        return false;
    }
    m_byPort.erase(found);
    return true;
}

std::vector<NatRestingPorts::Port>
NatRestingPorts::List() const
{
    std::vector<Port> list;
    std::copy_if(m_order.begin(),
                 m_order.end(),
                 std::back_inserter(list),
                 [this](const Port& port) { return Rests(port); });
    return list;
}

} // namespace isb
