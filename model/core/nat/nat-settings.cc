// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-settings.h"

#include <algorithm>
#include <string>

namespace isb
{

namespace
{

// Keeps moments far from the end of their range.
constexpr Duration LONGEST_TIMER = std::chrono::hours(10'000);

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

std::optional<Error>
FindBadTimer(const NatTimers& timers)
{
    const std::array<std::pair<std::string_view, Duration>, 5> all{
        {{"udp", timers.udp},
         {"tcp established", timers.tcpEstablished},
         {"tcp transitory", timers.tcpTransitory},
         {"icmp", timers.icmp},
         {"fragments", timers.fragments}}};
    for (const auto& [name, value] : all)
    {
        if (value <= Duration::zero() || value > LONGEST_TIMER)
        {
            return Error{"the " + std::string(name) + " timer is " +
                         (value <= Duration::zero() ? "not positive" : "longer than 10,000 h")};
        }
    }
    return std::nullopt;
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

std::optional<Error>
FindContradiction(const NatSettings& settings)
{
    if (settings.external.value == 0)
    {
        return Error{"the NAT has no external address"};
    }
    for (const Subnet& subnet : settings.internal)
    {
        if (subnet.Contains(settings.external))
        {
            return Error{"external address " + settings.external.ToString() +
                         " lies in the internal subnet " + subnet.ToString()};
        }
    }
    if (settings.firstPort == 0)
    {
        return Error{"the pool of external ports begins at port 0; the lowest port is 1"};
    }
    if (settings.firstPort > settings.lastPort)
    {
        return Error{"the pool of external ports is empty: first " +
                     std::to_string(settings.firstPort) + ", last " +
                     std::to_string(settings.lastPort)};
    }
    const NatLimits& limits = settings.limits;
    if (limits.mappings == 0 || limits.sessions == 0 || limits.destinationsPerMapping == 0)
    {
        return Error{"a limit of mappings, sessions or destinations is 0: nothing could pass"};
    }
    return FindBadTimer(settings.timers);
}

} // namespace isb
