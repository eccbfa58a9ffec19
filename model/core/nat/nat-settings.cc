// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-settings.h"

#include <algorithm>
#include <string>

namespace isb
{

namespace
{

struct PresetEntry
{
    std::string_view name;
    NatAxes axes;
};

constexpr std::array<PresetEntry, 4> PRESETS{{
    {NAT_PRESETS[0], {NatBehaviour::EndpointIndependent, NatBehaviour::EndpointIndependent}},
    {NAT_PRESETS[1], {NatBehaviour::EndpointIndependent, NatBehaviour::AddressDependent}},
    {NAT_PRESETS[2], {NatBehaviour::EndpointIndependent, NatBehaviour::AddressAndPortDependent}},
    {NAT_PRESETS[3],
     {NatBehaviour::AddressAndPortDependent, NatBehaviour::AddressAndPortDependent}},
}};

constexpr std::array<std::string_view, 3> BEHAVIOUR_NAMES = {"endpoint-independent",
                                                             "address-dependent",
                                                             "address-and-port-dependent"};
constexpr std::array<std::string_view, 4> ASSIGNMENT_NAMES = {"preserving",
                                                              "sequential",
                                                              "random",
                                                              "overloading"};
constexpr std::array<std::string_view, 2> REFRESH_NAMES = {"outbound", "both"};
constexpr std::array<std::string_view, 2> POOLING_NAMES = {"paired", "arbitrary"};
constexpr std::array<std::string_view, 3> HAIRPIN_NAMES = {"none", "internal", "external"};
constexpr std::array<std::string_view, 4> SYN_ANSWER_NAMES = {"drop",
                                                              "reset",
                                                              "unreachable",
                                                              "hold"};
constexpr std::array<std::string_view, 2> EVICTION_NAMES = {"refuse-new", "oldest-idle"};

template <typename Enum, size_t N>
std::optional<Enum>
FindName(const std::array<std::string_view, N>& names, std::string_view name)
{
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
    {
        return std::nullopt;
    }
    return static_cast<Enum>(found - names.begin());
}

/// Linux' masquerade target, as nf_nat_core.c and nf_conntrack behave since Linux 5: every
/// connection has an entry of its own, which only its own remote endpoint may use; the source port
/// stays the same while protocol, external endpoint and remote endpoint together are unique, else
/// a random one is tried. What reaches no entry goes to the box itself, which refuses a SYN with
/// RST. Packets of both directions keep an entry. Timers are nf_conntrack's defaults, for UDP that
/// of a flow that is no stream yet (nf_conntrack_udp_timeout). Not modelled: an entry that a packet
/// from outside to the box itself makes and that then occupies its port, the search for an earlier
/// entry of the same source (find_appropriate_src), which matters after a collision only.
void
ApplyLinux(NatPortAssignment assignment, NatSettings& settings)
{
    NatAxes axes;
    axes.mapping = NatBehaviour::AddressAndPortDependent;
    axes.filtering = NatBehaviour::AddressAndPortDependent;
    axes.assignment = assignment;
    axes.refresh = NatRefresh::Both;
    settings.udp = settings.tcp = settings.icmp = axes;
    settings.hairpin = NatHairpin::None;
    settings.unsolicitedSyn = NatSynAnswer::Reset;
    settings.timers.udp = std::chrono::seconds(30);
    settings.timers.tcpEstablished = std::chrono::hours(24 * 5);
    settings.timers.tcpTransitory = std::chrono::seconds(120);
    settings.timers.tcpClosing = std::chrono::seconds(120);
    settings.timers.icmp = std::chrono::seconds(30);
}

/// A carrier-grade NAT that follows RFC 6888: endpoint-independent mapping (REQ-1) and filtering
/// (REQ-7), paired pooling (REQ-2), limits per subscriber (REQ-4), hold-down of released ports
/// (REQ-8), blocks of ports (section 4), inside them random ports (section 4, RFC 6056). The RFC
/// wants the limits to be settings and names no values: the numbers are ours.
void
ApplyCarrierGrade(NatSettings& settings)
{
    NatAxes axes;
    axes.filtering = NatBehaviour::EndpointIndependent;
    axes.assignment = NatPortAssignment::Random;
    settings.udp = settings.tcp = settings.icmp = axes;
    settings.pooling = NatPooling::Paired;
    settings.hairpin = NatHairpin::ExternalSource;
    settings.unsolicitedSyn = NatSynAnswer::Hold;
    settings.blocks = {512, 4};
    settings.timers.portHold = std::chrono::seconds(120);
    settings.limits.mappings = 1'000'000;
    settings.limits.sessions = 4'000'000;
    settings.limits.mappingsPerSubscriber = 2048;
    settings.limits.sessionsPerSubscriber = 8192;
    settings.limits.newMappingsPerSecond = 256;
}

} // namespace

const NatAxes&
NatSettings::Axes(Protocol protocol) const
{
    switch (protocol)
    {
    case Protocol::Tcp:
        return tcp;
    case Protocol::Icmp:
        return icmp;
    case Protocol::Udp:
        break;
    }
    return udp;
}

void
NatSettings::SetAssignment(NatPortAssignment assignment)
{
    udp.assignment = assignment;
    tcp.assignment = assignment;
    icmp.assignment = assignment;
}

bool
NatSettings::MayReach(Ipv4 destination) const
{
    return !allowedDestinations ||
           std::find(allowedDestinations->begin(), allowedDestinations->end(), destination) !=
               allowedDestinations->end();
}

bool
NatSettings::IsInternal(Ipv4 address) const
{
    return std::any_of(internal.begin(),
                       internal.end(),
                       [address](const Subnet& subnet) { return subnet.Contains(address); });
}

bool
NatSettings::IsExternal(Ipv4 address) const
{
    return address == external ||
           std::find(furtherExternals.begin(), furtherExternals.end(), address) !=
               furtherExternals.end();
}

bool
NatSettings::IsUntranslated(Ipv4 destination) const
{
    return std::any_of(untranslated.begin(),
                       untranslated.end(),
                       [destination](const Subnet& subnet)
                       { return subnet.Contains(destination); });
}

std::optional<NatAxes>
NatPreset(std::string_view name)
{
    for (const PresetEntry& preset : PRESETS)
    {
        if (preset.name == name)
        {
            return preset.axes;
        }
    }
    return std::nullopt;
}

bool
ApplyNatPreset(std::string_view name, NatSettings& settings)
{
    if (const std::optional<NatAxes> axes = NatPreset(name))
    {
        settings.udp = settings.tcp = settings.icmp = *axes;
        return true;
    }
    if (name == "linux-masquerade" || name == "linux-masquerade-random")
    {
        ApplyLinux(name == "linux-masquerade" ? NatPortAssignment::Overloading
                                              : NatPortAssignment::Random,
                   settings);
        return true;
    }
    if (name == "cgn")
    {
        ApplyCarrierGrade(settings);
        return true;
    }
    return false;
}

std::string_view
ToString(NatBehaviour behaviour)
{
    return BEHAVIOUR_NAMES[static_cast<size_t>(behaviour)];
}

std::optional<NatBehaviour>
ParseNatBehaviour(std::string_view name)
{
    return FindName<NatBehaviour>(BEHAVIOUR_NAMES, name);
}

std::string_view
ToString(NatPortAssignment assignment)
{
    return ASSIGNMENT_NAMES[static_cast<size_t>(assignment)];
}

std::optional<NatPortAssignment>
ParseNatPortAssignment(std::string_view name)
{
    return FindName<NatPortAssignment>(ASSIGNMENT_NAMES, name);
}

std::string_view
ToString(NatRefresh refresh)
{
    return REFRESH_NAMES[static_cast<size_t>(refresh)];
}

std::string_view
ToString(NatPooling pooling)
{
    return POOLING_NAMES[static_cast<size_t>(pooling)];
}

std::string_view
ToString(NatHairpin hairpin)
{
    return HAIRPIN_NAMES[static_cast<size_t>(hairpin)];
}

std::string_view
ToString(NatSynAnswer answer)
{
    return SYN_ANSWER_NAMES[static_cast<size_t>(answer)];
}

std::string_view
ToString(NatEviction eviction)
{
    return EVICTION_NAMES[static_cast<size_t>(eviction)];
}

} // namespace isb
