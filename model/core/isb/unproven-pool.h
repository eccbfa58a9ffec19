// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_UNPROVEN_POOL_H
#define ISB_CORE_ISB_UNPROVEN_POOL_H

#include "model/core/machine/machine.h"
#include "model/wire/endpoint.h"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace isb
{

/// The connections that have not logged in, bounded fairly (promise T5). When there is no room, the
/// newcomer is let in and the oldest connection of the greediest address goes:
///
/// - an address at its own bound loses its oldest connection;
/// - a full pool loses the oldest connection of the address that holds most, of several such
///   addresses the one whose connection is oldest.
///
/// So a flood from few addresses only evicts itself, and one from many must open `most` connections
/// within a round trip to keep an honest peer from proving itself. O(log n) a change.
class UnprovenPool
{
  public:
    UnprovenPool(size_t most, size_t mostPerAddress);

    /// Whom the newcomer from this address displaces, if anyone; still to be removed by the caller.
    [[nodiscard]] std::optional<SocketId> Displaced(Ipv4 address) const;
    /// Sockets are added in the order of their numbers.
    void Add(SocketId socket, Ipv4 address);
    void Remove(SocketId socket, Ipv4 address);

    [[nodiscard]] size_t
    Size() const
    {
        return m_size;
    }

  private:
    /// Greediest last: how many, then the negated number of its oldest connection.
    using Rank = std::tuple<size_t, int64_t, uint32_t>;

    [[nodiscard]] static Rank RankOf(Ipv4 address, const std::set<SocketId>& sockets);

    size_t m_most;
    size_t m_mostPerAddress;
    size_t m_size = 0;
    std::map<Ipv4, std::set<SocketId>> m_byAddress;
    std::set<Rank> m_ranking;
};

} // namespace isb

#endif
