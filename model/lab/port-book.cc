// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/port-book.h"

namespace isb
{

const PortOwner*
PortBook::OwnerOf(size_t host, Protocol protocol, uint16_t port) const
{
    const auto found = m_ports.find({host, protocol, port});
    if (found != m_ports.end())
    {
        return &found->second;
    }
    const auto ranges = m_ranges.find(host);
    if (ranges != m_ranges.end())
    {
        for (const Range& range : ranges->second)
        {
            if (port >= range.first && port <= range.last)
            {
                return &range.owner;
            }
        }
    }
    return nullptr;
}

void
PortBook::Enter(size_t host, Protocol protocol, uint16_t port, const PortOwner& owner)
{
    if (const PortOwner* other = OwnerOf(host, protocol, port))
    {
        const bool tcp = protocol == Protocol::Tcp;
        m_faults->Add(owner.line,
                      std::string(tcp ? "TCP" : "UDP") + " port " + std::to_string(port) + " of " +
                          owner.what + " is taken on that host by " + other->what + ", line " +
                          std::to_string(other->line) + "; take another");
        return;
    }
    m_ports[{host, protocol, port}] = owner;
}

void
PortBook::EnterRange(size_t host, uint16_t first, uint16_t last, const PortOwner& owner)
{
    for (const Range& other : m_ranges[host])
    {
        if (first <= other.last && other.first <= last)
        {
            m_faults->Add(owner.line,
                          "ports " + std::to_string(first) + " to " + std::to_string(last) +
                              " of " + owner.what + " overlap those of " + other.owner.what +
                              ", line " + std::to_string(other.owner.line) + "; take others");
            return;
        }
    }
    for (auto port = m_ports.lower_bound({host, Protocol::Tcp, 0});
         port != m_ports.end() && std::get<0>(port->first) == host;
         ++port)
    {
        const uint16_t number = std::get<2>(port->first);
        if (number >= first && number <= last && port->second.line != owner.line)
        {
            m_faults->Add(owner.line,
                          "ports " + std::to_string(first) + " to " + std::to_string(last) +
                              " of " + owner.what + " hold port " + std::to_string(number) +
                              " of " + port->second.what + ", line " +
                              std::to_string(port->second.line) + "; take others");
            return;
        }
    }
    m_ranges[host].push_back({first, last, owner});
}

uint16_t
PortBook::Give(size_t host, Protocol protocol, uint16_t first, size_t line)
{
    constexpr uint16_t LAST = 65535;
    for (uint32_t port = first; port <= LAST; ++port)
    {
        const auto number = static_cast<uint16_t>(port);
        if (OwnerOf(host, protocol, number) == nullptr)
        {
            m_ports[{host, protocol, number}] = {line, "a daemon"};
            return number;
        }
    }
    m_faults->Add(line, "no port is left on its host");
    return 0;
}

} // namespace isb
