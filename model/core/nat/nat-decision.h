// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_DECISION_H
#define ISB_CORE_NAT_NAT_DECISION_H

#include "model/core/nat/nat-drop.h"
#include "model/wire/endpoint.h"

#include <cstdint>
#include <optional>

namespace isb
{

/// What becomes of one packet, before anything in it is changed.
struct NatDecision
{
    enum class Kind : uint8_t
    {
        Translate, ///< new endpoints
        TurnBack,  ///< new endpoints on both ends, back inside (hairpin)
        Leave,     ///< not for the NAT
        Drop,
    };

    Kind kind = Kind::Leave;
    NatDrop drop = NatDrop::Malformed; ///< Drop only
    /// What the packet says afterwards. Of a later fragment and of an ICMP error only the addresses
    /// count; both ports of an ICMP query are the identifier. Drop of what a mapping refuses: the
    /// source as the mapping sees it (of an insider without one: its own endpoint).
    Endpoint source;
    Endpoint destination;
    /// The same of the packet that an ICMP error quotes.
    Endpoint quotedSource;
    Endpoint quotedDestination;
    bool isIcmpError = false;
    /// IP identification of what leaves in fragments; nothing: it stays as it is.
    std::optional<uint16_t> identification{};

    static NatDecision
    Dropped(NatDrop drop)
    {
        NatDecision decision;
        decision.kind = Kind::Drop;
        decision.drop = drop;
        return decision;
    }

    static NatDecision
    Left()
    {
        return {};
    }
};

} // namespace isb

#endif
