// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-port-pool.h"

#include <algorithm>
#include <utility>

namespace isb
{

IstPortPool::IstPortPool(uint16_t first, uint16_t last, Rng& random)
    : m_first(std::max<uint16_t>(first, 1)),
      m_last(last),
      m_queued(PORTS),
      m_taken(PORTS)
{
    for (uint32_t port = m_first; port <= m_last; ++port)
    {
        m_queue.push_back(static_cast<uint16_t>(port));
        m_queued[port] = true;
    }
    for (size_t i = m_queue.size(); i > 1; --i) // Fisher and Yates
    {
        std::swap(m_queue[i - 1], m_queue[random.Below(i)]);
    }
}

std::optional<uint16_t>
IstPortPool::Take()
{
    for (size_t left = m_queue.size(); left > 0; --left)
    {
        const uint16_t port = m_queue.front();
        m_queue.pop_front();
        if (m_reserved.count(port) != 0)
        {
            m_queue.push_back(port);
            continue;
        }
        m_queued[port] = false;
        if (!m_taken[port]) // else taken by TakeExactly(): Return() queues it again
        {
            m_taken[port] = true;
            ++m_count;
            return port;
        }
    }
    return std::nullopt;
}

bool
IstPortPool::TakeExactly(uint16_t port)
{
    if (port == 0 || IsTaken(port))
    {
        return false;
    }
    m_taken[port] = true;
    ++m_count;
    return true;
}

void
IstPortPool::Return(uint16_t port)
{
    if (!m_taken[port])
    {
        return;
    }
    m_taken[port] = false;
    --m_count;
    if (port >= m_first && port <= m_last && !m_queued[port])
    {
        m_queue.push_back(port);
        m_queued[port] = true;
    }
}

void
IstPortPool::Reserve(uint16_t port)
{
    m_reserved.insert(port);
}

void
IstPortPool::Unreserve(uint16_t port)
{
    m_reserved.erase(port);
}

bool
IstPortPool::IsTaken(uint16_t port) const
{
    return m_taken[port] || m_reserved.count(port) != 0;
}

const std::set<uint16_t>&
IstPortPool::Reserved() const
{
    return m_reserved;
}

size_t
IstPortPool::Taken() const
{
    return m_count;
}

} // namespace isb
