// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_SESSION_H
#define ISB_CORE_NAT_NAT_SESSION_H

#include "model/core/nat/nat-slab.h"
#include "model/core/nat/nat-tcp-state.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>

namespace isb
{

/// Which of the settings' timers a session runs on.
enum class NatTimer : uint8_t
{
    Udp,
    Icmp,
    TcpTransitory,
    TcpEstablished,
    TcpClosing,
    Count_,
};

inline constexpr size_t NAT_TIMER_COUNT = static_cast<size_t>(NatTimer::Count_);

/// One remote that a mapping speaks with: for TCP a connection, else a permitted destination, of
/// which only the part counts that mapping or filtering look at (the rest is zero). It is the
/// thesis' set of destinations of a cone's entry (3.6.3), and the unit that times out.
///
/// All that the translation of a known flow's packet needs stands in this one cache line.
struct alignas(64) NatSession
{
    uint32_t mapping = NAT_NO_SLOT;
    Endpoint internal; ///< its mapping's
    Endpoint external; ///< its mapping's
    Endpoint remote;
    Protocol protocol = Protocol::Udp;
    NatTimer timer = NatTimer::Udp;
    bool sentFromInside = false; ///< only then does it permit its remote address
    bool isForwarded = false;    ///< of a forward's mapping: `remote` is whole
    TimePoint expiry{0};
    TimePoint queued{0}; ///< its place among the timers: never after `expiry`
    NatTcpState tcp;
    NatLinks byMapping;
};

static_assert(sizeof(NatSession) == 64, "a session is one cache line");

/// An internal endpoint's external endpoint. Lives as long as one of its sessions; a forward's
/// always.
struct NatMapping
{
    uint64_t id = 0;
    Protocol protocol = Protocol::Udp;
    Endpoint internal;
    Endpoint external;
    Endpoint remote; ///< the part that the mapping behaviour looks at, the rest zero
    uint32_t sessionCount = 0;
    uint32_t subscriber = NAT_NO_SLOT; ///< forwards have none
    bool isForward = false;
    NatList<NatSession, &NatSession::byMapping> sessions; ///< the one idle for longest first
};

} // namespace isb

#endif
