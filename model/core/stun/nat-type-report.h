// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_STUN_NAT_TYPE_REPORT_H
#define ISB_CORE_STUN_NAT_TYPE_REPORT_H

#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// RFC 3489 section 10.1: the leaves of its tree.
enum class ClassicNatType : uint8_t
{
    Unknown,           ///< the server cannot tell, or its answers contradict each other
    Blocked,           ///< nothing comes back
    Open,              ///< no translation, no filter
    SymmetricFirewall, ///< no translation; strangers do not get through
    FullCone,
    RestrictedCone,
    PortRestrictedCone,
    Symmetric,
};

/// What a mapping or a filter depends on, as measured (RFC 4787 sections 4.1 and 5).
enum class FoundBehaviour : uint8_t
{
    Unknown,
    EndpointIndependent,
    AddressDependent,
    AddressAndPortDependent,
};

enum class FoundAnswer : uint8_t
{
    Unknown, ///< not measured, or not to be told from outside: `notes` says why
    No,
    Yes,
};

/// What a NatTypeTest found. ToJson() has every field.
struct NatTypeReport
{
    Protocol protocol = Protocol::Udp;
    Endpoint server;    ///< asked first
    Endpoint alternate; ///< opposite to it; port 0: the server has none
    Endpoint local;     ///< address 0.0.0.0: not known
    Endpoint mapped;    ///< `local` as the server sees it; port 0: no answer

    ClassicNatType classic = ClassicNatType::Unknown; ///< UDP only
    FoundAnswer translated = FoundAnswer::Unknown;    ///< local differs from mapped
    FoundBehaviour mapping = FoundBehaviour::Unknown;
    FoundBehaviour filtering = FoundBehaviour::Unknown;
    FoundAnswer hairpin = FoundAnswer::Unknown;
    FoundAnswer preservesPort = FoundAnswer::Unknown; ///< of the first test's local port
    /// Life of an idle mapping: it was alive after `lifetimeAtLeast` and gone after
    /// `lifetimeAtMost`; zero: not known.
    Duration lifetimeAtLeast{0};
    Duration lifetimeAtMost{0};

    std::vector<Endpoint> seen;     ///< all external endpoints, in the order of their tests
    std::vector<std::string> notes; ///< what could not be measured, and why

    /// "full-cone endpoint-independent/endpoint-independent hairpin=yes mapped=..."; one line.
    [[nodiscard]] std::string ToString() const;
    /// One line of JSON: durations in nanoseconds, null when not known.
    [[nodiscard]] std::string ToJson() const;
};

/// "full-cone", "symmetric-firewall", "blocked"; the four NATs as nat-settings.h's presets.
[[nodiscard]] std::string_view ToString(ClassicNatType type);
/// "endpoint-independent", "unknown"
[[nodiscard]] std::string_view ToString(FoundBehaviour behaviour);
/// "yes", "no", "unknown"
[[nodiscard]] std::string_view ToString(FoundAnswer answer);

} // namespace isb

#endif
