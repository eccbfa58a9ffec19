// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/way-plan.h"

#include <algorithm>

namespace isb
{

namespace
{

/// The first port that is not the system's (RFC 6335 section 6).
constexpr uint16_t FIRST_USER_PORT = 1024;

/// No probe has shown that its listen port is reached: it is behind a NAT or a firewall.
bool
IsHidden(const BrokerSession& user)
{
    return user.reachability != Reachability::Public;
}

/// Over UDP, does the end that awaits learn by STUN where it is seen?
bool
IsGatheredFor(Protocol protocol, const BrokerSession& awaiting, const IsbSettings& settings)
{
    return protocol == Protocol::Udp && IsHidden(awaiting) && awaiting.login.abilities.punch &&
           !settings.stunServers.empty();
}

/// Is it known, and not only claimed by the user, where it awaits connections (promise T1)? By the
/// probe of a public host's listen port, by the session itself when its port listens, by STUN.
bool
IsFindable(Protocol protocol, const BrokerSession& awaiting, const IsbSettings& settings)
{
    const bool atLoginPort =
        protocol == Protocol::Tcp && IsHidden(awaiting) && awaiting.login.abilities.loginPort;
    return !IsHidden(awaiting) || atLoginPort || IsGatheredFor(protocol, awaiting, settings);
}

} // namespace

std::vector<ServicePath>
PlanWays(const ServiceConnection& connection,
         const BrokerSession& subscriber,
         const BrokerSession& provider,
         const IsbSettings& settings)
{
    std::vector<ServicePath> ways;
    const auto add = [&ways](ServicePath way)
    {
        if (std::find(ways.begin(), ways.end(), way) == ways.end())
        {
            ways.push_back(way);
        }
    };
    if (!connection.open.wishes.ways.empty())
    {
        std::for_each(connection.open.wishes.ways.begin(), connection.open.wishes.ways.end(), add);
        return ways;
    }
    const ServicePath first = ChoosePath(connection, subscriber, provider).path;
    add(first);
    const bool punched =
        !connection.open.requireIst &&
        WhyNot(ServicePath::Punched, connection, subscriber, provider, settings).empty();
    if (punched)
    {
        ways.insert(first == ServicePath::Translated ? ways.begin() : ways.end(),
                    ServicePath::Punched);
    }
    add(ServicePath::Translated);
    return ways;
}

std::string_view
WhyNot(ServicePath path,
       const ServiceConnection& connection,
       const BrokerSession& subscriber,
       const BrokerSession& provider,
       const IsbSettings& settings)
{
    switch (path)
    {
    case ServicePath::Punched:
        if (settings.stunServers.empty())
        {
            return "isb.no-stun";
        }
        return subscriber.login.abilities.punch && provider.login.abilities.punch
                   ? std::string_view()
                   : "isb.punch-not-allowed";
    case ServicePath::Reversed:
        if (!IsFindable(connection.protocol, subscriber, settings))
        {
            return "isb.not-reachable";
        }
        return connection.protocol == Protocol::Udp && connection.open.udp.port == 0
                   ? "isb.no-listen-port"
                   : std::string_view();
    case ServicePath::Direct:
        return IsFindable(connection.protocol, provider, settings) ? std::string_view()
                                                                   : "isb.not-reachable";
    case ServicePath::Translated:
        return {};
    }
    return {};
}

bool
Gathers(const ServiceConnection& connection,
        ServiceEnd end,
        const BrokerSession& user,
        const IsbSettings& settings)
{
    if (settings.stunServers.empty() || !user.login.abilities.punch)
    {
        return false;
    }
    if (connection.path == ServicePath::Punched)
    {
        return true;
    }
    const ServiceEnd awaiting =
        connection.path == ServicePath::Direct ? ServiceEnd::Provider : ServiceEnd::Subscriber;
    return connection.path != ServicePath::Translated && end == awaiting &&
           IsGatheredFor(connection.protocol, user, settings);
}

bool
MayPredict(const ServiceConnection& connection,
           const BrokerSession& one,
           const BrokerSession& other)
{
    return connection.open.wishes.predict && one.login.abilities.predict &&
           other.login.abilities.predict;
}

bool
IsGathered(const ServiceConnection& connection)
{
    return std::all_of(connection.parties.begin(),
                       connection.parties.end(),
                       [](const ServiceParty& party)
                       { return !party.gathers || !party.endpoints.empty(); });
}

std::vector<Endpoint>
UsableEndpoints(const GatheredMessage& message, Ipv4 observed)
{
    std::vector<Endpoint> usable;
    for (const Endpoint& endpoint : message.endpoints)
    {
        const bool known = std::find(usable.begin(), usable.end(), endpoint) != usable.end();
        if (endpoint.address == observed && endpoint.port >= FIRST_USER_PORT && !known)
        {
            usable.push_back(endpoint);
        }
    }
    return usable;
}

std::string_view
FailureOf(ServicePath path)
{
    switch (path)
    {
    case ServicePath::Direct:
        return "isb.direct-failed";
    case ServicePath::Reversed:
        return "isb.reversed-failed";
    case ServicePath::Punched:
        return "isb.punch-failed";
    case ServicePath::Translated:
        return "isb.translated-failed";
    }
    return {};
}

} // namespace isb
