// SPDX-License-Identifier: GPL-2.0-or-later
// Which NatSettings no NatBox can be made of. Each sentence says what is wrong, by which rule, and
// what would be right.
#include "model/core/nat/nat-packet.h"
#include "model/core/nat/nat-settings.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace isb
{

namespace
{

using Fault = std::optional<Error>;

// Keeps moments far from the end of their range.
constexpr Duration LONGEST_TIMER = std::chrono::hours(10'000);
constexpr Duration SHORTEST_SYN_HOLD = std::chrono::seconds(6);
constexpr uint16_t SMALLEST_MTU = 68;
constexpr size_t MOST_EXTERNALS = 4096;

std::string
ToText(uint64_t number)
{
    return std::to_string(number);
}

Fault
FindBadExternal(const NatSettings& settings, Ipv4 address)
{
    const std::string name = "external address " + address.ToString();
    if (!IsHost(address))
    {
        return Error{name + " is no host's address (RFC 1122 section 3.2.1.3); take a unicast one"};
    }
    for (const Subnet& subnet : settings.internal)
    {
        if (subnet.Contains(address))
        {
            return Error{name + " lies in the internal subnet " + subnet.ToString() +
                         ": an address belongs to one realm (RFC 2663 section 2.1); take one "
                         "outside the internal subnets"};
        }
    }
    return std::nullopt;
}

Fault
FindBadExternals(const NatSettings& settings)
{
    if (settings.external.value == 0)
    {
        return Error{"the NAT has no external address (RFC 3022 section 2.2 needs one)"};
    }
    if (settings.furtherExternals.size() > MOST_EXTERNALS)
    {
        return Error{"the NAT has " + ToText(settings.furtherExternals.size()) +
                     " further external addresses; " + ToText(MOST_EXTERNALS) + " are the most"};
    }
    std::vector<Ipv4> all{settings.external};
    all.insert(all.end(), settings.furtherExternals.begin(), settings.furtherExternals.end());
    std::set<Ipv4> seen;
    for (const Ipv4 address : all)
    {
        if (!seen.insert(address).second)
        {
            return Error{"external address " + address.ToString() +
                         " is there twice: its ports would have two owners (RFC 4787 REQ-3); name "
                         "each address once"};
        }
        if (Fault fault = FindBadExternal(settings, address))
        {
            return fault;
        }
    }
    return std::nullopt;
}

Fault
FindBadPool(const NatSettings& settings)
{
    if (settings.firstPort == 0)
    {
        return Error{"the pool of external ports begins at port 0, which is reserved (RFC 6335 "
                     "section 6); the lowest port is 1"};
    }
    if (settings.firstPort > settings.lastPort)
    {
        return Error{"the pool of external ports is empty: first " + ToText(settings.firstPort) +
                     ", last " + ToText(settings.lastPort) +
                     " (RFC 4787 section 4.2 needs a range); the first may not be above the last"};
    }
    return std::nullopt;
}

Fault
FindBadBlocks(const NatSettings& settings)
{
    const NatPortBlocks& blocks = settings.blocks;
    const uint32_t ports = uint32_t{settings.lastPort} - settings.firstPort + 1;
    if (blocks.size == 0)
    {
        return std::nullopt;
    }
    if (blocks.size > ports)
    {
        return Error{"a port block of " + ToText(blocks.size) +
                     " ports is larger than the pool of " + ToText(ports) +
                     " (RFC 7422 section 2 divides the pool into blocks); take " + ToText(ports) +
                     " at most"};
    }
    if (blocks.mostEach == 0)
    {
        return Error{"a subscriber may have no port block at all (RFC 6888 REQ-4 limits, it does "
                     "not forbid); allow 1 at least"};
    }
    const bool parity = settings.udp.parity || settings.tcp.parity || settings.icmp.parity;
    if (parity && blocks.size % 2 != 0)
    {
        return Error{"port blocks of " + ToText(blocks.size) +
                     " ports do not have as many even ports as odd ones, which port parity needs "
                     "(RFC 4787 REQ-4); take an even size"};
    }
    return std::nullopt;
}

Fault
FindBadAxes(const NatSettings& settings, std::string_view protocol, const NatAxes& axes)
{
    const std::string name(protocol);
    const uint32_t ports = settings.blocks.size != 0
                               ? settings.blocks.size
                               : uint32_t{settings.lastPort} - settings.firstPort + 1;
    if (axes.step == 0)
    {
        return Error{"the " + name +
                     " port assignment has step 0: the next port would be the one before (RFC 4787 "
                     "REQ-3); take 1 or more"};
    }
    if (axes.assignment == NatPortAssignment::Sequential && ports > 1 && axes.step % ports == 0)
    {
        return Error{"the " + name + " port assignment has step " + ToText(axes.step) +
                     ", which in " + ToText(ports) +
                     " ports leads back to the same one (RFC 4787 REQ-3); take another step"};
    }
    if (axes.assignment != NatPortAssignment::Overloading)
    {
        return std::nullopt;
    }
    if (axes.mapping == NatBehaviour::EndpointIndependent)
    {
        return Error{"port overloading contradicts endpoint-independent mapping for " + name +
                     ": two mappings with one external endpoint would take the same packets "
                     "(RFC 4787 section 4.2.1 and REQ-3); let the mapping depend on the remote "
                     "address, or choose another port assignment"};
    }
    if (axes.filtering < axes.mapping)
    {
        return Error{"port overloading with " + std::string(ToString(axes.mapping)) +
                     " mapping contradicts " + std::string(ToString(axes.filtering)) +
                     " filtering for " + name +
                     ": a stranger's packet would belong to several mappings (RFC 4787 section "
                     "4.2.1); let the filtering depend on as much as the mapping"};
    }
    return std::nullopt;
}

Fault
FindBadTimer(const NatSettings& settings)
{
    const NatTimers& timers = settings.timers;
    const std::array<std::pair<std::string_view, Duration>, 6> all{
        {{"udp", timers.udp},
         {"tcp established", timers.tcpEstablished},
         {"tcp transitory", timers.tcpTransitory},
         {"tcp closing", timers.tcpClosing},
         {"icmp", timers.icmp},
         {"fragments", timers.fragments}}};
    for (const auto& [name, value] : all)
    {
        if (value <= Duration::zero() || value > LONGEST_TIMER)
        {
            return Error{"the " + std::string(name) + " timer is " +
                         (value <= Duration::zero() ? "not positive" : "longer than 10,000 h") +
                         " (RFC 4787 REQ-5, RFC 5382 REQ-5 and RFC 5508 REQ-2 have the least)"};
        }
    }
    if (timers.portHold < Duration::zero() || timers.portHold > LONGEST_TIMER)
    {
        return Error{"the port hold timer is negative or longer than 10,000 h (RFC 6888 REQ-8 asks "
                     "for 120 s); 0 turns it off"};
    }
    if (settings.unsolicitedSyn == NatSynAnswer::Hold &&
        (timers.synHold < SHORTEST_SYN_HOLD || timers.synHold > LONGEST_TIMER))
    {
        return Error{"an unsolicited SYN is held for less than 6 s or longer than 10,000 h "
                     "(RFC 5382 REQ-4); hold it 6 s or more"};
    }
    return std::nullopt;
}

Fault
FindBadLimits(const NatSettings& settings)
{
    const NatLimits& limits = settings.limits;
    if (limits.mappings == 0 || limits.sessions == 0 || limits.destinationsPerMapping == 0)
    {
        return Error{"a limit of mappings, sessions or destinations is 0: nothing could pass "
                     "(RFC 6888 REQ-5 limits memory, it does not forbid); allow 1 at least"};
    }
    for (const auto& [side, mtu] :
         {std::pair{"inside", settings.insideMtu}, std::pair{"outside", settings.outsideMtu}})
    {
        if (mtu != 0 && mtu < SMALLEST_MTU)
        {
            return Error{"the MTU " + std::string(side) + " is " + ToText(mtu) +
                         ": every link carries 68 bytes (RFC 791 section 3.2); take 68 or more, or "
                         "0 for not known"};
        }
    }
    return std::nullopt;
}

/// A forward as an error message names it.
std::string
NameOf(const NatForward& forward, Endpoint external)
{
    return "the " + std::string(ToString(forward.protocol)) + " forward of " + external.ToString();
}

Fault
FindBadTarget(const NatSettings& settings, const std::string& name, Endpoint internal)
{
    const std::string target = name + " leads to " + internal.ToString();
    if (internal.port == 0 || !IsHost(internal.address))
    {
        return Error{target + ", which is no endpoint of a host (RFC 6335 section 6, RFC 1122 "
                              "section 3.2.1.3); name address and port"};
    }
    const bool isInside = settings.internal.empty() || settings.IsInternal(internal.address);
    if (!isInside || settings.IsExternal(internal.address))
    {
        return Error{target + ", which is not internal (RFC 2663 section 2.1); name a host of the "
                              "internal subnets"};
    }
    return std::nullopt;
}

Fault
FindBadForwards(const NatSettings& settings)
{
    std::set<std::tuple<Protocol, Endpoint>> externals;
    std::set<std::tuple<Protocol, Endpoint>> internals;
    for (const NatForward& forward : settings.forwards)
    {
        const bool isOwn = forward.external.address.value == 0;
        const Endpoint external{isOwn ? settings.external : forward.external.address,
                                forward.external.port};
        const std::string name = NameOf(forward, external);
        if (forward.protocol == Protocol::Icmp || external.port == 0)
        {
            return Error{name + " has no port to forward (RFC 3022 section 4.1: UDP and TCP have); "
                                "name UDP or TCP and a port"};
        }
        if (!settings.IsExternal(external.address))
        {
            return Error{name + " is at none of the NAT's external addresses (RFC 2663 section "
                                "4.1.2); take one of them"};
        }
        if (!externals.insert({forward.protocol, external}).second)
        {
            return Error{name + " is there twice: the endpoint would have two owners (RFC 4787 "
                                "REQ-3); give one forward several internal endpoints"};
        }
        if (forward.internal.empty())
        {
            return Error{name + " leads nowhere (thesis 1.1); name one internal endpoint or more"};
        }
        for (const Endpoint internal : forward.internal)
        {
            if (Fault fault = FindBadTarget(settings, name, internal))
            {
                return fault;
            }
            if (!internals.insert({forward.protocol, internal}).second)
            {
                return Error{name + " leads to " + internal.ToString() +
                             ", to which another forward or the same leads already: its answers "
                             "could leave from either endpoint (RFC 4787 REQ-1); name each "
                             "internal endpoint once"};
            }
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<Error>
FindContradiction(const NatSettings& settings)
{
    for (const auto find : {FindBadExternals,
                            FindBadPool,
                            FindBadBlocks,
                            FindBadLimits,
                            FindBadTimer,
                            FindBadForwards})
    {
        if (Fault fault = find(settings))
        {
            return fault;
        }
    }
    for (const auto& [protocol, axes] : {std::pair{"UDP", &settings.udp},
                                         std::pair{"TCP", &settings.tcp},
                                         std::pair{"ICMP", &settings.icmp}})
    {
        if (Fault fault = FindBadAxes(settings, protocol, *axes))
        {
            return fault;
        }
    }
    return std::nullopt;
}

} // namespace isb
