// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_FRAGMENTS_H
#define ISB_CORE_NAT_NAT_FRAGMENTS_H

#include "model/core/nat/nat-decision.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

namespace isb
{

/// What makes fragments belong to one datagram (RFC 791 section 3.2).
struct NatDatagramKey
{
    Ipv4 source;
    Ipv4 destination;
    uint16_t identification = 0;
    Protocol protocol = Protocol::Udp;
};

[[nodiscard]] bool operator<(const NatDatagramKey& a, const NatDatagramKey& b);

/// Virtual reassembly of the datagrams from one side: later fragments carry no ports, so they
/// follow their first one; those that come before it wait. Fragments are not put together and
/// never buffered here: a waiting one is known by its ticket (RFC 4787 REQ-14).
///
/// Which bytes of a datagram have passed is remembered as ranges, so that none is overwritten by a
/// fragment that overlaps (RFC 1858, RFC 3128); a repeated fragment counts as overlapping.
///
/// Bounded in datagrams, waiting fragments, ranges and time. When the table is full the oldest
/// decided datagram is forgotten; waiting ones are not pushed out, so that a flood cannot end them
/// early.
class NatFragmentTable
{
  public:
    NatFragmentTable(size_t mostDatagrams, size_t mostHeld, Duration lifetime);

    /// Other bounds from now on; the new lifetime counts from when the old one began.
    void SetBounds(size_t mostDatagrams, size_t mostHeld, Duration lifetime);

    /// A fragment that waited and is given up.
    struct Abandoned
    {
        uint64_t ticket = 0;
        uint32_t bytes = 0; ///< of its IP packet
        NatDatagramKey datagram;
    };

    /// What was decided about the datagram's first fragment; null while its first fragment has not
    /// come.
    [[nodiscard]] const NatDecision* Find(const NatDatagramKey& key) const;
    /// The first fragment came, with the datagram's first `bytes`. Moves the tickets of those that
    /// waited to `released`.
    void Decide(TimePoint now,
                const NatDatagramKey& key,
                const NatDecision& fate,
                uint32_t bytes,
                std::vector<uint64_t>& released);
    /// Bytes from `begin` to before `end` of a decided datagram pass; why not, or nothing.
    [[nodiscard]] std::optional<NatDrop> Pass(const NatDatagramKey& key,
                                              uint32_t begin,
                                              uint32_t end);
    /// Lets a fragment of `bytes` wait under this ticket; false when too many do.
    [[nodiscard]] bool Hold(TimePoint now,
                            const NatDatagramKey& key,
                            uint64_t ticket,
                            uint32_t bytes);
    /// Forgets datagrams whose time has come.
    void Expire(TimePoint now, std::vector<Abandoned>& abandoned);
    /// Forgets all of them.
    void Clear(std::vector<Abandoned>& abandoned);
    [[nodiscard]] TimePoint NextExpiry() const;

    [[nodiscard]] size_t
    DatagramCount() const
    {
        return m_datagrams.size();
    }

    [[nodiscard]] size_t
    HeldCount() const
    {
        return m_held;
    }

  private:
    struct Waiting
    {
        uint64_t ticket;
        uint32_t bytes;
    };

    /// Bytes of a datagram: from `begin` to before `end`.
    struct Range
    {
        uint32_t begin;
        uint32_t end;
    };

    using Order = std::list<NatDatagramKey>;

    struct Datagram
    {
        bool decided = false;
        NatDecision fate;
        TimePoint expiry{0};
        std::vector<Waiting> waiting;
        std::vector<Range> passed; ///< sorted, apart from one another
        Order::iterator place;     ///< in m_decided or m_undecided
    };

    /// Makes room for one datagram; false when all are waiting.
    bool MakeRoom();
    void Abandon(const NatDatagramKey& key, std::vector<Abandoned>& abandoned);

    size_t m_mostDatagrams;
    size_t m_mostHeld;
    Duration m_lifetime;
    size_t m_held = 0;
    std::map<NatDatagramKey, Datagram> m_datagrams;
    Order m_decided; ///< soonest expiry first, as in m_undecided: the lifetime is constant
    Order m_undecided;
};

} // namespace isb

#endif
