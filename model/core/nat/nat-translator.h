// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_TRANSLATOR_H
#define ISB_CORE_NAT_NAT_TRANSLATOR_H

#include "model/core/nat/nat-answers.h"
#include "model/core/nat/nat-decision.h"
#include "model/core/nat/nat-mapping-table.h"
#include "model/core/nat/nat-settings.h"
#include "model/core/nat/nat-side.h"
#include "model/wire/bytes.h"
#include "model/wire/packet-view.h"

#include <cstdint>
#include <optional>

namespace isb
{

/// The rules of the NAT: what becomes of a packet, given the mapping table. Decides and keeps the
/// table; changes no packet.
class NatTranslator
{
  public:
    /// All three must outlive the translator. `answers` hears of SYNs that leave.
    NatTranslator(const NatSettings& settings, NatMappingTable& table, NatAnswers& answers);

    /// What addresses alone decide, for whole packets and every fragment; nothing when the rest of
    /// the packet has to be looked at.
    [[nodiscard]] std::optional<NatDecision> JudgeAddresses(NatSide from,
                                                            const PacketView& view) const;

    /// A whole packet or first fragment whose addresses passed JudgeAddresses().
    [[nodiscard]] NatDecision Judge(TimePoint now,
                                    NatSide from,
                                    ByteView header,
                                    const PacketView& view);

  private:
    /// One transport packet, as the table sees it.
    struct Flow
    {
        Protocol protocol;
        Endpoint source;
        Endpoint destination;
        uint8_t tcpFlags;
    };

    [[nodiscard]] std::optional<NatDecision> JudgeAddressesInside(const PacketView& view) const;
    [[nodiscard]] std::optional<NatDecision> JudgeAddressesOutside(const PacketView& view) const;
    [[nodiscard]] NatDecision ForBox(const PacketView& view) const;
    [[nodiscard]] NatDecision JudgeIcmp(TimePoint now,
                                        NatSide from,
                                        ByteView header,
                                        const PacketView& view);
    [[nodiscard]] NatDecision JudgeOutbound(TimePoint now, const Flow& flow);
    [[nodiscard]] NatDecision JudgeInbound(TimePoint now, const Flow& flow);
    [[nodiscard]] NatDecision JudgeHairpin(TimePoint now, const Flow& flow);
    [[nodiscard]] NatDecision JudgeError(TimePoint now,
                                         NatSide from,
                                         ByteView header,
                                         const PacketView& view);
    [[nodiscard]] NatDecision JudgeOutboundError(TimePoint now,
                                                 const PacketView& view,
                                                 NatDecision decision,
                                                 Protocol protocol);
    [[nodiscard]] NatDecision JudgeInboundError(TimePoint now,
                                                const PacketView& view,
                                                NatDecision decision,
                                                Protocol protocol);

    /// Finds or opens the session of a packet from inside and notes the packet in it.
    [[nodiscard]] NatMappingTable::Slot PassOutbound(TimePoint now, const Flow& flow);
    /// The same for a packet from outside to a mapping's external endpoint.
    [[nodiscard]] NatMappingTable::Slot PassInbound(TimePoint now, const Flow& flow);
    void Touch(TimePoint now, uint32_t session, NatSide from, const Flow& flow);
    /// NatFaults::killOnReset: ends the mapping of a session by which an RST went.
    void KillOnReset(TimePoint now, uint32_t mapping, const Flow& flow);
    /// NatFaults::killOnIcmp, likewise.
    void KillOnIcmp(TimePoint now, uint32_t mapping);
    /// An endpoint of the box itself: its own address, a port outside the pool, no forward.
    [[nodiscard]] bool IsOwn(Protocol protocol, Endpoint endpoint) const;

    const NatSettings& m_settings;
    NatMappingTable& m_table;
    NatAnswers& m_answers;
};

} // namespace isb

#endif
