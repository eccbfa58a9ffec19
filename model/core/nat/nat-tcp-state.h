// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_TCP_STATE_H
#define ISB_CORE_NAT_NAT_TCP_STATE_H

#include "model/core/nat/nat-side.h"

#include <cstdint>

namespace isb
{

/// What a NAT knows of one TCP connection: which of SYN, FIN and RST it has seen from which side.
/// That much tells apart the timers of RFC 5382 REQ-5 and RFC 7857 section 2.1: opening,
/// established, closing. It is the state machine of RFC 6146 section 3.5.2.2, which RFC 7857
/// section 2 adopts:
///
///     one SYN        opening      restarted by further SYNs alone
///     both SYNs      established  restarted by every segment but RST
///     RST            closing      not restarted; any other segment undoes it (state TRANS)
///     both FINs      closing      not restarted; a new SYN begins anew
///
/// Sequence numbers are not tracked, so that an RST cannot be checked (RFC 5961); therefore it only
/// shortens the timer, and traffic of a living connection restores it.
class NatTcpState
{
  public:
    /// Takes note of one segment's flags (TCP_SYN ...); true when it restarts the timer.
    bool Step(uint8_t flags, NatSide from);

    /// SYN seen from both sides and not closing.
    [[nodiscard]] bool IsEstablished() const;
    /// FIN seen from both sides, or RST and nothing since.
    [[nodiscard]] bool IsClosing() const;

    /// True when these flags may begin a connection: SYN without ACK, RST or FIN.
    [[nodiscard]] static bool Opens(uint8_t flags);

  private:
    uint8_t m_seen = 0;
};

} // namespace isb

#endif
