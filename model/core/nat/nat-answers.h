// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_ANSWERS_H
#define ISB_CORE_NAT_NAT_ANSWERS_H

#include "model/core/nat/nat-decision.h"
#include "model/core/nat/nat-emitted.h"
#include "model/core/nat/nat-held-syns.h"
#include "model/core/nat/nat-settings.h"
#include "model/wire/bytes.h"
#include "model/wire/packet-view.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace isb
{

/// What the NAT says to the senders of packets that it drops:
///
/// | dropped | answer | source |
/// |---|---|---|
/// | unsolicited SYN | NatSettings::unsolicitedSyn | RFC 5382 REQ-4 |
/// | from inside: no port, no room, share used up | ICMP 3/13 | RFC 5508 REQ-8 |
/// | DF and larger than the next link's MTU | ICMP 3/4 | RFC 4787 REQ-13 |
/// | from outside, TTL ends here | ICMP 11/0 | RFC 1812 section 5.3.1 |
///
/// All else is dropped in silence. What nobody takes is bounded in number. ICMP errors are limited
/// in rate (RFC 1812 section 4.3.2.8), never larger than the packet and 28 bytes, and never about
/// an ICMP error, a later fragment or a source that is no host (section 4.3.2.7). They come from
/// the box's own external address.
class NatAnswers
{
  public:
    /// `settings` must outlive the object.
    explicit NatAnswers(const NatSettings& settings);

    /// A packet that the decision drops.
    /// \param mtu of the link that it is too big for (NatDrop::PacketTooBig)
    /// \return what it is dropped for in the end: decision.drop or NatDrop::SynHeld
    [[nodiscard]] NatDrop Refuse(TimePoint now,
                                 NatSide from,
                                 ByteView header,
                                 const PacketView& view,
                                 const NatDecision& decision,
                                 uint16_t mtu);
    /// A SYN left from `external` to `remote`: one from there is no longer unsolicited.
    void NoteSyn(Endpoint external, Endpoint remote);

    /// Answers the held SYNs whose time has come.
    void Expire(TimePoint now);
    [[nodiscard]] TimePoint NextExpiry() const;
    /// Forgets what is held.
    void Clear();
    [[nodiscard]] std::vector<NatEmitted> Take();

    [[nodiscard]] uint64_t
    EmittedCount() const
    {
        return m_emittedCount;
    }

    [[nodiscard]] uint64_t
    SuppressedCount() const
    {
        return m_suppressedCount;
    }

    [[nodiscard]] size_t
    HeldCount() const
    {
        return m_held.Size();
    }

  private:
    [[nodiscard]] NatDrop RefuseSyn(TimePoint now,
                                    NatSide from,
                                    ByteView header,
                                    const PacketView& view,
                                    const NatDecision& decision);
    void Reset(NatSide to, const PacketView& syn);
    void Error(TimePoint now,
               NatSide to,
               ByteView packet,
               uint8_t type,
               uint8_t code,
               uint16_t mtu);
    [[nodiscard]] bool TakeTurn(TimePoint now);

    const NatSettings& m_settings;
    NatHeldSyns m_held;
    std::vector<NatEmitted> m_emitted;
    TimePoint m_fullAgain{0}; ///< when the token bucket of ICMP errors is full again
    uint64_t m_emittedCount = 0;
    uint64_t m_suppressedCount = 0;
};

} // namespace isb

#endif
