// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-tcp-state.h"

#include "model/wire/packet-builder.h"

namespace isb
{

namespace
{

constexpr uint8_t SYN_INSIDE = 0x01;
constexpr uint8_t SYN_OUTSIDE = 0x02;
constexpr uint8_t FIN_INSIDE = 0x04;
constexpr uint8_t FIN_OUTSIDE = 0x08;
constexpr uint8_t RESET = 0x10;

constexpr uint8_t BOTH_SYNS = SYN_INSIDE | SYN_OUTSIDE;
constexpr uint8_t BOTH_FINS = FIN_INSIDE | FIN_OUTSIDE;

/// `flag` set or cleared in `bits`.
uint8_t
With(uint8_t bits, uint8_t flag, bool set)
{
    return static_cast<uint8_t>(set ? bits | flag : bits & ~flag);
}

} // namespace

bool
NatTcpState::Opens(uint8_t flags)
{
    return (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

bool
NatTcpState::IsClosing() const
{
    return (m_seen & BOTH_FINS) == BOTH_FINS || (m_seen & RESET) != 0;
}

bool
NatTcpState::IsEstablished() const
{
    return (m_seen & BOTH_SYNS) == BOTH_SYNS && !IsClosing();
}

bool
NatTcpState::Step(uint8_t flags, NatSide from)
{
    const bool inside = from == NatSide::Inside;
    const bool wasOpen = IsEstablished();
    if (Opens(flags) && IsClosing())
    {
        m_seen = 0; // the same ports again: a new connection
    }
    m_seen = With(m_seen, RESET, (flags & TCP_RST) != 0);
    if ((flags & TCP_SYN) != 0)
    {
        m_seen = With(m_seen, inside ? SYN_INSIDE : SYN_OUTSIDE, true);
    }
    if ((flags & TCP_FIN) != 0)
    {
        m_seen = With(m_seen, inside ? FIN_INSIDE : FIN_OUTSIDE, true);
    }
    if (IsEstablished())
    {
        return true;
    }
    // What ends an established connection starts the shorter timer, once (RFC 7857 section 8.1:
    // an RST refreshes nothing).
    return wasOpen || ((flags & (TCP_SYN | TCP_RST)) == TCP_SYN && !IsClosing());
}

} // namespace isb
