// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_FLOW_TABLE_H
#define ISB_CORE_IST_FLOW_TABLE_H

#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// Who sends to which own endpoint; host byte order. Fields that do not apply stay 0, so the same
/// table also serves keys that are only a port or a pair of addresses.
struct TupleKey
{
    uint64_t addresses = 0; ///< peer << 32 | local
    uint64_t ports = 0;     ///< peer port << 32 | local port << 16 | protocol; never 0

    /// One direction of a flow, as its packets arrive.
    [[nodiscard]] static TupleKey
    OfFlow(Protocol protocol, const Endpoint& peer, const Endpoint& local)
    {
        return {uint64_t{peer.address.value} << 32 | local.address.value,
                uint64_t{peer.port} << 32 | uint64_t{local.port} << 16 |
                    static_cast<uint64_t>(protocol)};
    }

    /// An IST port, whoever sends to it.
    [[nodiscard]] static TupleKey
    OfPort(Protocol protocol, uint16_t port)
    {
        return {0, uint64_t{port} << 16 | static_cast<uint64_t>(protocol)};
    }

    /// All flows of a peer to an own address.
    [[nodiscard]] static TupleKey
    OfHosts(Protocol protocol, Ipv4 peer, Ipv4 local)
    {
        return OfFlow(protocol, {peer, 0}, {local, 0});
    }
};

inline bool
operator==(const TupleKey& a, const TupleKey& b)
{
    return a.addresses == b.addresses && a.ports == b.ports;
}

/// Hash from TupleKey to a number: open addressing, linear probing, at most half full, removal by
/// shifting back (no tombstones, so a table that lived long is as fast as a new one). One cache
/// line a look-up in the common case, whatever its size. Never iterated: its order is no result.
/// `seed` keys the hash, so that a peer cannot choose addresses and ports that pile up.
class FlowTable
{
  public:
    explicit FlowTable(uint64_t seed);

    /// The value, or null. Valid until the next change.
    [[nodiscard]] uint32_t* Find(const TupleKey& key);
    [[nodiscard]] const uint32_t* Find(const TupleKey& key) const;

    /// The value of the key, entered as 0 when it was not there.
    uint32_t& At(const TupleKey& key);

    /// False when it was not there.
    bool Erase(const TupleKey& key);

    [[nodiscard]] size_t
    Size() const
    {
        return m_size;
    }

  private:
    struct Entry
    {
        TupleKey key; ///< ports 0 = empty
        uint32_t value = 0;
    };

    [[nodiscard]] size_t HomeOf(const TupleKey& key) const;
    /// Index of the key's entry, or of the empty one where it would be.
    [[nodiscard]] size_t Locate(const TupleKey& key) const;
    void Grow();

    uint64_t m_seed;
    size_t m_size = 0;
    std::vector<Entry> m_entries; ///< a power of two
};

} // namespace isb

#endif
