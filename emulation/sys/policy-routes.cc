// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/policy-routes.h"

#include "emulation/sys/route-socket.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <array>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <set>

namespace isb
{

namespace
{

/// Before the look-up of the host's own addresses, which moves to LOCAL_MOVED.
constexpr uint32_t OUR_PREFERENCE = 1;
constexpr uint32_t LOCAL_MOVED = 2;
/// Who made a rule (`ip rule` shows it as "proto 73").
constexpr uint8_t OUR_ORIGIN = 73;
constexpr std::array<uint8_t, 2> PROTOCOLS = {IPPROTO_TCP, IPPROTO_UDP};
constexpr std::array<uint8_t, 2> FAMILIES = {AF_INET, AF_INET6};

uint8_t
FamilyOf(const IpAddress& address)
{
    return address.IsIpv4() ? AF_INET : AF_INET6;
}

/// The number of a device's table follows from its name (FNV-1a), so that it is found when the
/// device is gone.
uint32_t
TableOf(const std::string& device)
{
    constexpr uint32_t RANGE = 0x49000000;
    uint32_t hash = 0x811c9dc5;
    for (const char letter : device)
    {
        hash = (hash ^ static_cast<uint8_t>(letter)) * 0x01000193;
    }
    return RANGE | (hash & 0xffffff);
}

/// A routing rule, as far as it matters here.
struct Rule
{
    uint8_t family = AF_INET;
    uint32_t preference = 0;
    uint32_t table = 0;
    uint8_t origin = RTPROT_KERNEL;
    std::vector<uint8_t> destination; ///< network order; empty: any
    std::string device;               ///< by which the packet comes in; empty: any
    uint8_t protocol = 0;             ///< 0: any
};

RouteRequest
RequestFor(uint16_t type, uint16_t flags, const Rule& rule)
{
    fib_rule_hdr header{};
    header.family = rule.family;
    header.action = FR_ACT_TO_TBL;
    header.dst_len = static_cast<uint8_t>(rule.destination.size() * 8);
    RouteRequest request(type, flags, header);
    request.Put(FRA_PRIORITY, rule.preference);
    request.Put(FRA_TABLE, rule.table);
    request.Put(FRA_PROTOCOL, rule.origin);
    if (!rule.destination.empty())
    {
        request.Put(FRA_DST, rule.destination.data(), rule.destination.size());
    }
    if (!rule.device.empty())
    {
        request.Put(FRA_IIFNAME, rule.device.c_str(), rule.device.size() + 1);
    }
    if (rule.protocol != 0)
    {
        request.Put(FRA_IP_PROTO, rule.protocol);
    }
    return request;
}

Rule
RuleOf(const RouteAnswer& answer)
{
    const auto header = answer.Header<fib_rule_hdr>();
    Rule rule;
    rule.family = header.family;
    rule.table = answer.Get<uint32_t>(FRA_TABLE).value_or(header.table);
    rule.preference = answer.Get<uint32_t>(FRA_PRIORITY).value_or(0);
    rule.origin = answer.Get<uint8_t>(FRA_PROTOCOL).value_or(RTPROT_UNSPEC);
    rule.protocol = answer.Get<uint8_t>(FRA_IP_PROTO).value_or(0);
    rule.destination = answer.Bytes(FRA_DST);
    const std::vector<uint8_t> device = answer.Bytes(FRA_IIFNAME);
    rule.device.assign(device.begin(), std::find(device.begin(), device.end(), 0));
    return rule;
}

std::vector<Rule>
RulesOf(RouteSocket& socket, uint8_t family)
{
    fib_rule_hdr header{};
    header.family = family;
    std::vector<Rule> rules;
    for (const RouteAnswer& answer :
         socket.Dump(RouteRequest(RTM_GETRULE, NLM_F_DUMP, header), "list the routing rules"))
    {
        const Rule rule = RuleOf(answer);
        if (rule.family == family)
        {
            rules.push_back(rule);
        }
    }
    return rules;
}

void
AddRule(RouteSocket& socket, const Rule& rule, const std::string& what)
{
    const int error = socket.Ask(RequestFor(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule), {});
    if (error != 0 && error != EEXIST)
    {
        throw SystemError(what, error);
    }
}

void
RemoveRule(RouteSocket& socket, const Rule& rule, const std::string& what)
{
    const int error = socket.Ask(RequestFor(RTM_DELRULE, 0, rule), {});
    if (error != 0 && error != ENOENT)
    {
        throw SystemError(what, error);
    }
}

Rule
LocalRule(uint8_t family, uint32_t preference)
{
    Rule rule;
    rule.family = family;
    rule.preference = preference;
    rule.table = RT_TABLE_LOCAL;
    return rule;
}

bool
IsLocalRule(const Rule& rule, uint32_t preference)
{
    return rule.table == RT_TABLE_LOCAL && rule.preference == preference && rule.device.empty() &&
           rule.destination.empty();
}

/// Rules of others at our preferences would come before or between ours.
void
DemandFreePreferences(RouteSocket& socket, uint8_t family)
{
    for (const Rule& rule : RulesOf(socket, family))
    {
        if ((rule.preference == OUR_PREFERENCE || rule.preference == LOCAL_MOVED) &&
            rule.origin != OUR_ORIGIN)
        {
            throw SystemError("add routing rules: another has preference " +
                                  std::to_string(rule.preference) + " (see `ip rule`)",
                              EEXIST);
        }
    }
}

/// Both are there for a moment, so that the host's addresses are known all the time.
void
MoveLocal(RouteSocket& socket, uint8_t family, uint32_t from, uint32_t to)
{
    const std::vector<Rule> rules = RulesOf(socket, family);
    const auto found = std::find_if(rules.begin(),
                                    rules.end(),
                                    [&](const Rule& rule) {
                                        return IsLocalRule(rule, from) &&
                                               (from != LOCAL_MOVED || rule.origin == OUR_ORIGIN);
                                    });
    if (found == rules.end())
    {
        return;
    }
    const std::string what = "move the rule of the host's own addresses";
    Rule moved = LocalRule(family, to);
    moved.origin = to == LOCAL_MOVED ? OUR_ORIGIN : RTPROT_KERNEL;
    AddRule(socket, moved, what);
    Rule old = LocalRule(family, from);
    old.origin = found->origin;
    RemoveRule(socket, old, what);
}

void
AddDefaultRoute(RouteSocket& socket, uint8_t family, const std::string& through)
{
    rtmsg header{};
    header.rtm_family = family;
    header.rtm_type = RTN_UNICAST;
    header.rtm_scope = family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    header.rtm_protocol = OUR_ORIGIN;
    RouteRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, header);
    request.Put(RTA_TABLE, TableOf(through));
    request.Put(RTA_OIF, static_cast<uint32_t>(if_nametoindex(through.c_str())));
    const int error = socket.Ask(request, {});
    if (error != 0)
    {
        throw SystemError("add a route through " + through, error);
    }
}

} // namespace

void
AddPolicyRoutes(const PolicyRoutes& routes)
{
    RouteSocket socket;
    std::set<uint8_t> families;
    for (const IpAddress& address : routes.addresses)
    {
        families.insert(FamilyOf(address));
    }
    for (const uint8_t family : families)
    {
        DemandFreePreferences(socket, family);
    }
    for (const uint8_t family : families)
    {
        AddDefaultRoute(socket, family, routes.through);
        MoveLocal(socket, family, 0, LOCAL_MOVED);
    }
    for (const IpAddress& address : routes.addresses)
    {
        for (const std::string& device : routes.devices)
        {
            for (const uint8_t protocol : PROTOCOLS)
            {
                Rule rule;
                rule.family = FamilyOf(address);
                rule.preference = OUR_PREFERENCE;
                rule.table = TableOf(routes.through);
                rule.origin = OUR_ORIGIN;
                rule.destination = NetworkBytes(address);
                rule.device = device;
                rule.protocol = protocol;
                AddRule(socket,
                        rule,
                        "route " + address.ToString() + " from " + device + " to " +
                            routes.through);
            }
        }
    }
}

bool
RemovePolicyRoutes(const std::string& through)
{
    RouteSocket socket;
    bool removed = false;
    for (const uint8_t family : FAMILIES)
    {
        bool others = false;
        for (const Rule& rule : RulesOf(socket, family))
        {
            const bool ours = rule.preference == OUR_PREFERENCE && rule.origin == OUR_ORIGIN;
            if (ours && rule.table == TableOf(through))
            {
                RemoveRule(socket, rule, "remove a routing rule of " + through);
                removed = true;
            }
            else
            {
                others = others || ours;
            }
        }
        if (!others)
        {
            MoveLocal(socket, family, LOCAL_MOVED, 0);
        }
    }
    return removed;
}

bool
HasPolicyRouting(uint8_t family)
{
    try
    {
        RouteSocket socket;
        return !RulesOf(socket, family == IST_FAMILY_IPV4 ? AF_INET : AF_INET6).empty();
    }
    catch (const SystemError&)
    {
        return false;
    }
}

bool
IsLocalAddress(const IpAddress& address)
{
    rtmsg header{};
    header.rtm_family = FamilyOf(address);
    header.rtm_dst_len = static_cast<uint8_t>(NetworkBytes(address).size() * 8);
    RouteRequest request(RTM_GETROUTE, 0, header);
    const std::vector<uint8_t> bytes = NetworkBytes(address);
    request.Put(RTA_DST, bytes.data(), bytes.size());
    std::optional<uint8_t> type;
    const int error = RouteSocket().Ask(request,
                                        [&](const RouteAnswer& answer)
                                        { type = answer.Header<rtmsg>().rtm_type; });
    return error == 0 && type == RTN_LOCAL;
}

} // namespace isb
