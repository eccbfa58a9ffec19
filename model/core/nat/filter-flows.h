// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_FILTER_FLOWS_H
#define ISB_CORE_NAT_FILTER_FLOWS_H

#include "model/core/nat/nat-settings.h"
#include "model/core/nat/nat-side.h"
#include "model/core/nat/nat-slab.h"
#include "model/core/nat/nat-tag-index.h"
#include "model/core/nat/nat-tcp-state.h"
#include "model/core/random/rng.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace isb
{

/// Who speaks with whom across a StatefulFilter. ICMP echo: both ports are the identifier.
struct FilterFlow
{
    Protocol protocol = Protocol::Udp;
    Endpoint inside;
    Endpoint outside;
};

/// The flows that insiders have opened, each with its idle timer: what a stateful filter knows.
/// Bounded; look-ups cost the same whatever their number.
class FilterFlowTable
{
  public:
    /// `timers` must outlive the table.
    FilterFlowTable(const NatTimers& timers, size_t most, Rng& rng);

    /// Whether this flow is known.
    [[nodiscard]] bool Knows(const FilterFlow& flow) const;
    /// Enters a flow that is not known; false when the table is full.
    [[nodiscard]] bool Open(TimePoint now, const FilterFlow& flow);
    /// Notes a packet of a known flow: restarts its timer, unless it is a datagram or echo from
    /// outside, which could keep a flow open for ever (RFC 4787 REQ-6); of TCP see NatTcpState.
    void Touch(TimePoint now, const FilterFlow& flow, NatSide from, uint8_t tcpFlags);

    void Expire(TimePoint now);
    [[nodiscard]] TimePoint NextExpiry() const;

    [[nodiscard]] size_t
    Size() const
    {
        return m_sessions.Size();
    }

  private:
    enum Timer : uint8_t
    {
        UDP,
        TCP_ESTABLISHED,
        TCP_TRANSITORY,
        TCP_CLOSING,
        ICMP,
        TIMERS,
    };

    struct Session
    {
        NatKey key;
        Protocol protocol = Protocol::Udp;
        Timer timer = UDP;
        NatTcpState tcp;
        TimePoint expiry{0};
        NatLinks links;
    };

    using Order = NatList<Session, &Session::links>;

    [[nodiscard]] static NatKey KeyOf(const FilterFlow& flow);
    [[nodiscard]] uint32_t Find(const NatKey& key) const;
    [[nodiscard]] Duration LengthOf(Timer timer) const;
    void Restart(TimePoint now, uint32_t slot);

    const NatTimers& m_timers;
    size_t m_most;
    NatSlab<Session> m_sessions;
    NatHash m_hash;
    NatTagIndex m_index;
    std::array<Order, TIMERS> m_orders; ///< soonest expiry first
};

} // namespace isb

#endif
