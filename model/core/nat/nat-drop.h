// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_DROP_H
#define ISB_CORE_NAT_NAT_DROP_H

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace isb
{

/// Why a NatBox or a StatefulFilter ends a packet. The names, rules and meanings are in DropInfo()
/// and FilterDropInfo().
enum class NatDrop : uint8_t
{
    Malformed,
    TinyFragment,
    OverlappingFragment,
    FragmentLimit,
    FragmentTimeout,
    SourceNotInternal,
    SourceSpoofed,
    DestinationInternal,
    OwnSource,
    Land,
    PortZero,
    ProtocolNotTranslated,
    IcmpTypeNotTranslated,
    IcmpChecksum,
    IcmpMalformed,
    IcmpNoMapping,
    NoMapping,
    NoConnection,
    Filtered,
    HairpinOff,
    TtlExpired,
    PoolExhausted,
    TableFull,
    DestinationLimit,
    SubscriberLimit,
    MappingRate,
    SynHeld,
    PacketTooBig,
    StateLost,
    NotAllowed,
    Count_, ///< how many there are
};

inline constexpr size_t NAT_DROP_COUNT = static_cast<size_t>(NatDrop::Count_);

struct NatDropInfo
{
    std::string_view reason;  ///< stable dotted name, "nat.filtered"
    std::string_view rule;    ///< the clause that decides
    std::string_view meaning; ///< one sentence
};

[[nodiscard]] const NatDropInfo& DropInfo(NatDrop drop);
/// The same for a StatefulFilter, "firewall.unsolicited"; empty for what only a NAT says.
[[nodiscard]] const NatDropInfo& FilterDropInfo(NatDrop drop);

} // namespace isb

#endif
