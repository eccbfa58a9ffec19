// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_NAT_NAT_SETTINGS_H
#define ISB_CORE_NAT_NAT_SETTINGS_H

#include "model/wire/endpoint.h"
#include "model/wire/result.h"
#include "model/wire/units.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// How much of the remote endpoint a decision depends on. Both questions that a NAT answers have
/// these three answers: which mapping an outbound packet uses (RFC 4787 section 4.1) and which
/// inbound packets a mapping lets in (RFC 4787 section 5).
enum class NatBehaviour : uint8_t
{
    EndpointIndependent,
    AddressDependent,
    AddressAndPortDependent,
};

/// The two axes, independent of one another. For ICMP echo the remote port counts as zero.
struct NatAxes
{
    NatBehaviour mapping = NatBehaviour::EndpointIndependent;
    NatBehaviour filtering = NatBehaviour::AddressAndPortDependent;
};

/// How a new mapping's external port is chosen from the pool (RFC 4787 section 4.2).
enum class NatPortAssignment : uint8_t
{
    Preserving, ///< the internal port if it is in the pool and free, else the next free one
    Sequential, ///< the next free one after the port assigned last
    Random,     ///< uniform, then the next free one
};

/// Idle times after which state is forgotten.
struct NatTimers
{
    Duration udp = std::chrono::minutes(5);              ///< RFC 4787 REQ-5
    Duration tcpEstablished = std::chrono::minutes(124); ///< RFC 5382 REQ-5
    Duration tcpTransitory = std::chrono::minutes(4);    ///< RFC 5382 REQ-5: opening and closing
    Duration icmp = std::chrono::seconds(60);            ///< RFC 5508 REQ-2
    Duration fragments = std::chrono::seconds(2);        ///< state of one fragmented datagram
};

/// Bounds of the state that other people's packets can create.
struct NatLimits
{
    size_t mappings = 65536;  ///< of all protocols together
    size_t sessions = 262144; ///< permitted destinations and TCP connections of all mappings
    size_t destinationsPerMapping =
        1024;                          ///< permitted destinations or TCP connections of one mapping
    size_t fragmentedDatagrams = 1024; ///< a side
    size_t heldFragments = 256;        ///< a side: fragments that wait for their first one
};

/// Everything that can be set on a NatBox.
struct NatSettings
{
    Ipv4 external;                ///< the one external address
    std::vector<Subnet> internal; ///< sources that are translated; empty: any source from inside
    NatAxes udp;
    NatAxes tcp;
    NatAxes icmp;
    NatPortAssignment assignment = NatPortAssignment::Preserving;
    uint16_t firstPort = 1024; ///< pool of external ports (and echo identifiers), first and last
    uint16_t lastPort = 65535; ///< included; ports outside it belong to the box itself
    bool hairpin = true;       ///< RFC 4787 REQ-9: insiders reach one another by external endpoints
    bool checksums = true; ///< false: packets carry none (a simulation without), fields untouched
    NatTimers timers;
    NatLimits limits;
    /// A firewall in the NAT (thesis 3.7.1): the only addresses that insiders may send to; inside
    /// comes only what answers, whatever the axes' filtering says. Nothing: no firewall.
    std::optional<std::vector<Ipv4>> allowedDestinations{};

    [[nodiscard]] bool MayReach(Ipv4 destination) const;
    [[nodiscard]] const NatAxes& Axes(Protocol protocol) const;
    [[nodiscard]] bool IsInternal(Ipv4 address) const;
};

/// The thesis' NAT types (section 3.6.3), by what an entry of the mapping table records.
///
/// | preset | mapping | filtering |
/// |---|---|---|
/// | full-cone | endpoint-independent | endpoint-independent |
/// | restricted-cone | endpoint-independent | address-dependent |
/// | port-restricted-cone | endpoint-independent | address-and-port-dependent |
/// | symmetric | address-and-port-dependent | address-and-port-dependent |
inline constexpr std::array<std::string_view, 4> NAT_PRESETS = {"full-cone",
                                                                "restricted-cone",
                                                                "port-restricted-cone",
                                                                "symmetric"};

/// The axes of a preset; nothing for another name.
[[nodiscard]] std::optional<NatAxes> NatPreset(std::string_view name);

/// "endpoint-independent", "address-dependent", "address-and-port-dependent"
[[nodiscard]] std::string_view ToString(NatBehaviour behaviour);
[[nodiscard]] std::optional<NatBehaviour> ParseNatBehaviour(std::string_view name);

/// "preserving", "sequential", "random"
[[nodiscard]] std::string_view ToString(NatPortAssignment assignment);
[[nodiscard]] std::optional<NatPortAssignment> ParseNatPortAssignment(std::string_view name);

/// Why these settings contradict themselves; nothing when a NatBox can be made of them.
[[nodiscard]] std::optional<Error> FindContradiction(const NatSettings& settings);

} // namespace isb

#endif
