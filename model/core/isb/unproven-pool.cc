// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/unproven-pool.h"

namespace isb
{

UnprovenPool::UnprovenPool(size_t most, size_t mostPerAddress)
    : m_most(most),
      m_mostPerAddress(mostPerAddress)
{
}

std::optional<SocketId>
UnprovenPool::Displaced(Ipv4 address) const
{
    const auto own = m_byAddress.find(address);
    if (own != m_byAddress.end() && own->second.size() >= m_mostPerAddress)
    {
        return *own->second.begin();
    }
    if (m_size >= m_most && !m_ranking.empty())
    {
        return static_cast<SocketId>(-std::get<1>(*m_ranking.rbegin()));
    }
    return std::nullopt;
}

void
UnprovenPool::Add(SocketId socket, Ipv4 address)
{
    std::set<SocketId>& sockets = m_byAddress[address];
    if (!sockets.empty())
    {
        m_ranking.erase(RankOf(address, sockets));
    }
    sockets.insert(socket);
    m_ranking.insert(RankOf(address, sockets));
    ++m_size;
}

void
UnprovenPool::Remove(SocketId socket, Ipv4 address)
{
    const auto place = m_byAddress.find(address);
    if (place == m_byAddress.end() || place->second.count(socket) == 0)
    {
        return;
    }
    m_ranking.erase(RankOf(address, place->second));
    place->second.erase(socket);
    --m_size;
    if (place->second.empty())
    {
        m_byAddress.erase(place);
        return;
    }
    m_ranking.insert(RankOf(address, place->second));
}

UnprovenPool::Rank
UnprovenPool::RankOf(Ipv4 address, const std::set<SocketId>& sockets)
{
    return {sockets.size(), -static_cast<int64_t>(*sockets.begin()), address.value};
}

} // namespace isb
