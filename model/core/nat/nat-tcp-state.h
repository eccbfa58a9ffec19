// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_TCP_STATE_H
#define ISB_CORE_NAT_NAT_TCP_STATE_H

#include "model/core/nat/nat-side.h"

#include <cstdint>

namespace isb
{

/// What a NAT knows of one TCP connection: which of SYN, FIN and RST it has seen from which side.
/// That much tells apart the two timers of RFC 5382 REQ-5: established, and transitory while the
/// connection opens or closes. Sequence numbers are not tracked, so an RST cannot be checked;
/// therefore it only shortens the timer, and a later packet undoes that (RFC 6146 section 3.5.2.2,
/// state TRANS, which RFC 7857 section 2 adopts).
class NatTcpState
{
  public:
    /// Takes note of one segment's flags (TCP_SYN ...).
    void Step(uint8_t flags, NatSide from);

    /// SYN seen from both sides and not closing: neither FIN from both sides nor RST.
    [[nodiscard]] bool IsEstablished() const;

    /// True when these flags may begin a connection: SYN without ACK, RST or FIN.
    [[nodiscard]] static bool Opens(uint8_t flags);

  private:
    uint8_t m_seen = 0;
};

} // namespace isb

#endif
