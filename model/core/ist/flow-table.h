// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_FLOW_TABLE_H
#define ISB_CORE_IST_FLOW_TABLE_H

#include "model/splice/ist-types.h"
#include "model/wire/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// Finaliser of MurmurHash3: every bit of the input reaches every bit of the result.
inline uint64_t
MixBits(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

/// Ports and protocol of a flow as its packets arrive.
[[nodiscard]] inline uint64_t
PortsOf(Protocol protocol, uint16_t peer, uint16_t local)
{
    return uint64_t{peer} << 32 | uint64_t{local} << 16 | static_cast<uint64_t>(protocol);
}

/// Who sends to which own IPv4 endpoint; host byte order. Fields that do not apply stay 0, so the
/// same table also serves keys that are only a port or a pair of addresses.
struct TupleKey
{
    uint64_t addresses = 0; ///< peer << 32 | local
    uint64_t ports = 0;     ///< peer port << 32 | local port << 16 | protocol; never 0

    /// One direction of a flow, as its packets arrive.
    [[nodiscard]] static TupleKey
    OfFlow(Protocol protocol, const Endpoint& peer, const Endpoint& local)
    {
        return {uint64_t{peer.address.value} << 32 | local.address.value,
                PortsOf(protocol, peer.port, local.port)};
    }

    [[nodiscard]] static TupleKey
    OfFlow(Protocol protocol, const ist_tuple& tuple)
    {
        return {uint64_t{tuple.source.word[0]} << 32 | tuple.destination.word[0],
                PortsOf(protocol, tuple.source_port, tuple.destination_port)};
    }

    /// An IST port, whoever sends to it, in whichever family.
    [[nodiscard]] static TupleKey
    OfPort(Protocol protocol, uint16_t port)
    {
        return {0, PortsOf(protocol, 0, port)};
    }

    /// All flows of a peer to an own address.
    [[nodiscard]] static TupleKey
    OfHosts(Protocol protocol, Ipv4 peer, Ipv4 local)
    {
        return OfFlow(protocol, {peer, 0}, {local, 0});
    }

    [[nodiscard]] uint64_t
    Hash(uint64_t seed) const
    {
        constexpr uint64_t GOLDEN = 0x9e3779b97f4a7c15ULL;
        return MixBits((addresses ^ seed) * GOLDEN + ports);
    }
};

inline bool
operator==(const TupleKey& a, const TupleKey& b)
{
    return a.addresses == b.addresses && a.ports == b.ports;
}

/// The same for IPv6.
struct TupleKey6
{
    ist_address peer{};
    ist_address local{};
    uint64_t ports = 0; ///< as in TupleKey

    [[nodiscard]] static TupleKey6
    OfFlow(Protocol protocol, const ist_tuple& tuple)
    {
        return {tuple.source,
                tuple.destination,
                PortsOf(protocol, tuple.source_port, tuple.destination_port)};
    }

    [[nodiscard]] uint64_t
    Hash(uint64_t seed) const
    {
        uint64_t hash = seed ^ ports;
        for (size_t i = 0; i < 4; ++i)
        {
            hash = MixBits(hash ^ (uint64_t{peer.word[i]} << 32 | local.word[i]));
        }
        return hash;
    }
};

inline bool
operator==(const TupleKey6& a, const TupleKey6& b)
{
    return a.ports == b.ports && ist_address_equal(&a.peer, &b.peer) &&
           ist_address_equal(&a.local, &b.local);
}

/// Hash from TupleKey or TupleKey6 to a number: open addressing, linear probing, at most half full,
/// removal by shifting back (no tombstones, so a table that lived long is as fast as a new one).
/// One cache line a look-up in the common case, whatever its size. Never iterated: its order is no
/// result. `seed` keys the hash, so that a peer cannot choose addresses and ports that pile up.
template <typename Key>
class BasicFlowTable
{
  public:
    explicit BasicFlowTable(uint64_t seed);

    /// The value, or null. Valid until the next change.
    [[nodiscard]] uint32_t* Find(const Key& key);
    [[nodiscard]] const uint32_t* Find(const Key& key) const;

    /// The value of the key, entered as 0 when it was not there.
    uint32_t& At(const Key& key);

    /// False when it was not there.
    bool Erase(const Key& key);

    [[nodiscard]] uint64_t
    Seed() const
    {
        return m_seed;
    }

    [[nodiscard]] size_t
    Size() const
    {
        return m_size;
    }

  private:
    struct Entry
    {
        Key key; ///< ports 0 = empty
        uint32_t value = 0;
    };

    [[nodiscard]] size_t HomeOf(const Key& key) const;
    /// Index of the key's entry, or of the empty one where it would be.
    [[nodiscard]] size_t Locate(const Key& key) const;
    void Grow();

    uint64_t m_seed;
    size_t m_size = 0;
    std::vector<Entry> m_entries; ///< a power of two
};

using FlowTable = BasicFlowTable<TupleKey>;
using FlowTable6 = BasicFlowTable<TupleKey6>;

} // namespace isb

#endif
