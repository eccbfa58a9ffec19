// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_FRAGMENT_IDS_H
#define ISB_CORE_NAT_NAT_FRAGMENT_IDS_H

#include "model/core/nat/nat-fragments.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>

namespace isb
{

/// IP identifications of the datagrams that leave in fragments by an external address. Two insiders
/// may choose the same one for the same destination at the same time, and there their fragments
/// would be put together; the second one gets another identification (RFC 6864 section 5.3.1,
/// RFC 7857 section 11). Bounded in number and time: the oldest is forgotten.
class NatFragmentIds
{
  public:
    NatFragmentIds(size_t most, Duration lifetime);

    /// Other bounds from now on, also for what is there.
    void SetBounds(size_t most, Duration lifetime);

    /// The identification with which a datagram of `insider` leaves.
    /// \param leaving its addresses as outside sees them, its own identification
    [[nodiscard]] uint16_t Choose(TimePoint now, NatDatagramKey leaving, Ipv4 insider);

    [[nodiscard]] size_t
    Size() const
    {
        return m_owners.size();
    }

  private:
    struct Owner
    {
        Ipv4 insider;
        uint16_t original = 0; ///< the insider's own identification
        TimePoint expiry{0};
        std::list<NatDatagramKey>::iterator place;
    };

    void Forget(TimePoint now);

    size_t m_most;
    Duration m_lifetime;
    std::map<NatDatagramKey, Owner> m_owners;
    std::list<NatDatagramKey> m_order; ///< the one chosen longest ago first
    uint16_t m_next = 1;               ///< where the search for a free one begins
};

} // namespace isb

#endif
