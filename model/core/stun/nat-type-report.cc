// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/nat-type-report.h"

#include <algorithm>

namespace isb
{

namespace
{

std::string
Quoted(std::string_view text)
{
    return '"' + std::string(text) + '"';
}

/// Null for an endpoint that is not known.
std::string
JsonOf(const Endpoint& endpoint)
{
    return endpoint == Endpoint{} ? "null" : Quoted(endpoint.ToString());
}

std::string
JsonOf(Duration duration)
{
    return duration == Duration(0) ? "null" : std::to_string(duration.count());
}

} // namespace

std::string_view
ToString(ClassicNatType type)
{
    switch (type)
    {
    case ClassicNatType::Unknown:
        return "unknown";
    case ClassicNatType::Blocked:
        return "blocked";
    case ClassicNatType::Open:
        return "open";
    case ClassicNatType::SymmetricFirewall:
        return "symmetric-firewall";
    case ClassicNatType::FullCone:
        return "full-cone";
    case ClassicNatType::RestrictedCone:
        return "restricted-cone";
    case ClassicNatType::PortRestrictedCone:
        return "port-restricted-cone";
    case ClassicNatType::Symmetric:
        return "symmetric";
    }
    return {};
}

std::string_view
ToString(FoundBehaviour behaviour)
{
    switch (behaviour)
    {
    case FoundBehaviour::Unknown:
        return "unknown";
    case FoundBehaviour::EndpointIndependent:
        return "endpoint-independent";
    case FoundBehaviour::AddressDependent:
        return "address-dependent";
    case FoundBehaviour::AddressAndPortDependent:
        return "address-and-port-dependent";
    }
    return {};
}

std::string_view
ToString(FoundAnswer answer)
{
    switch (answer)
    {
    case FoundAnswer::Unknown:
        return "unknown";
    case FoundAnswer::No:
        return "no";
    case FoundAnswer::Yes:
        return "yes";
    }
    return {};
}

std::string
NatTypeReport::ToString() const
{
    std::string text(isb::ToString(protocol));
    const auto add = [&text](const char* key, std::string_view value)
    { text.append(" ").append(key).append("=").append(value); };
    if (protocol == Protocol::Udp)
    {
        add("type", isb::ToString(classic));
    }
    add("translated", isb::ToString(translated));
    add("mapping", isb::ToString(mapping));
    add("filtering", isb::ToString(filtering));
    add("hairpin", isb::ToString(hairpin));
    add("preserves-port", isb::ToString(preservesPort));
    if (lifetimeAtLeast != Duration(0) || lifetimeAtMost != Duration(0))
    {
        const std::string most =
            lifetimeAtMost == Duration(0) ? "" : FormatDuration(lifetimeAtMost);
        add("lifetime", FormatDuration(lifetimeAtLeast) + ".." + most);
    }
    add("local", local.ToString());
    add("mapped", mapped.ToString());
    return text;
}

std::string
NatTypeReport::ToJson() const
{
    std::string text = "{";
    const auto add = [&text](const char* key, const std::string& value)
    { text += (text.size() > 1 ? "," : "") + Quoted(key) + ":" + value; };
    add("protocol", Quoted(isb::ToString(protocol)));
    add("type", Quoted(isb::ToString(classic)));
    add("translated", Quoted(isb::ToString(translated)));
    add("mapping", Quoted(isb::ToString(mapping)));
    add("filtering", Quoted(isb::ToString(filtering)));
    add("hairpin", Quoted(isb::ToString(hairpin)));
    add("preserves_port", Quoted(isb::ToString(preservesPort)));
    add("lifetime_at_least", JsonOf(lifetimeAtLeast));
    add("lifetime_at_most", JsonOf(lifetimeAtMost));
    add("server", JsonOf(server));
    add("alternate", JsonOf(alternate));
    add("local", JsonOf(local));
    add("mapped", JsonOf(mapped));
    std::string list;
    for (const Endpoint& endpoint : seen)
    {
        list += (list.empty() ? "" : ",") + JsonOf(endpoint);
    }
    add("seen", "[" + list + "]");
    list.clear();
    for (const std::string& note : notes)
    {
        list += (list.empty() ? "" : ",") + Quoted(note);
    }
    add("notes", "[" + list + "]");
    return text + "}";
}

} // namespace isb
