// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/stun-server-settings.h"
#include "model/lab/lab-draft.h"
#include "model/lab/port-book.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint16_t FIRST_LOCAL = 8000;
const StunServerSettings STUN; // the usual ports
const Ipv4 LOCALHOST{0x7f000001};

std::string
SecretOf(const std::string& name)
{
    return name + "'s secret";
}

Ipv4
AddressOf(const Lab& lab, size_t host)
{
    return lab.hosts[host].port.address;
}

/// Ports that somebody chose, in the order of those who cannot yield.
void
EnterFixedPorts(LabDraft& draft, PortBook& book)
{
    const Lab& lab = draft.lab;
    const WorldDraft& world = draft.world;
    for (const LabBroker& broker : lab.brokers)
    {
        const PortOwner owner{world.brokerLines.front(), "the broker"};
        book.Enter(broker.host, Protocol::Tcp, broker.settings.port, owner);
        if (std::any_of(lab.users.begin(), lab.users.end(), WantsNatTest))
        {
            for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
            {
                book.Enter(broker.host, protocol, STUN.port, owner);
                book.Enter(broker.host, protocol, STUN.otherPort, owner);
            }
        }
        if (broker.own)
        {
            book.Enter(broker.host, Protocol::Udp, broker.own->pingPort, owner);
            book.EnterRange(broker.host, broker.own->portFirst, broker.own->portLast, owner);
        }
    }
    for (size_t i = 0; i < lab.translators.size(); ++i)
    {
        const LabTranslator& each = lab.translators[i];
        const PortOwner owner{world.translatorLines[i], "translator " + Quoted(each.settings.name)};
        book.Enter(each.host, Protocol::Udp, each.settings.pingPort, owner);
        book.EnterRange(each.host, each.settings.portFirst, each.settings.portLast, owner);
    }
    for (size_t i = 0; i < lab.users.size(); ++i)
    {
        const LabUser& user = lab.users[i];
        const std::string name = user.settings.user;
        if (world.listenGiven[i] && user.settings.listenPort != 0)
        {
            book.Enter(user.host,
                       Protocol::Tcp,
                       user.settings.listenPort,
                       {world.userLines[i], "the listen-port of " + Quoted(name)});
        }
        for (size_t s = 0; s < user.settings.provides.size(); ++s)
        {
            const ProvidedService& service = user.settings.provides[s];
            book.Enter(user.serverHosts[s].value_or(user.host),
                       service.record.protocol,
                       service.server.port,
                       {world.serviceLines[i][s],
                        "the server of " + Quoted(name + "/" + service.record.name)});
        }
        for (size_t w = 0; w < user.settings.wants.size(); ++w)
        {
            const WantedService& wanted = user.settings.wants[w];
            if (wanted.localPort != 0)
            {
                book.Enter(user.host,
                           wanted.protocol,
                           wanted.localPort,
                           {world.wishLines[i][w], "a local-port of " + Quoted(name)});
            }
        }
    }
}

/// Ports that nobody chose.
void
GivePorts(LabDraft& draft, PortBook& book)
{
    for (size_t i = 0; i < draft.lab.users.size(); ++i)
    {
        LabUser& user = draft.lab.users[i];
        const size_t line = draft.world.userLines[i];
        if (!draft.world.listenGiven[i])
        {
            user.settings.listenPort =
                book.Give(user.host, Protocol::Tcp, user.settings.listenPort, line);
        }
        for (WantedService& wanted : user.settings.wants)
        {
            if (wanted.localPort == 0)
            {
                wanted.localPort = book.Give(user.host, wanted.protocol, FIRST_LOCAL, line);
            }
        }
    }
}

/// Beside the broker, on all addresses of its host: for those whose NAT is of interest.
void
TellStunServers(const Lab& lab, LabBroker& broker)
{
    if (std::none_of(lab.users.begin(), lab.users.end(), WantsNatTest))
    {
        return;
    }
    const LabPort& port = lab.hosts[broker.host].port;
    std::vector<Ipv4> addresses{port.address};
    addresses.insert(addresses.end(), port.further.begin(), port.further.end());
    for (const Ipv4 address : addresses)
    {
        broker.settings.stunServers.push_back({address, STUN.port});
        broker.settings.stunServers.push_back({address, STUN.otherPort});
    }
    if (addresses.size() > 1)
    {
        broker.settings.probeFrom.address = addresses[1];
    }
}

/// Where the broker is, and who may log in there.
void
IntroduceAll(Lab& lab)
{
    LabBroker& broker = lab.brokers.front();
    const Endpoint endpoint{AddressOf(lab, broker.host), broker.settings.port};
    const auto introduce = [&](const std::string& name, std::string& secret, bool ist)
    {
        secret = SecretOf(name);
        IsbProfile& profile = broker.settings.profiles[name];
        profile.secret = secret;
        profile.mayBeIst = ist;
    };
    for (LabUser& user : lab.users)
    {
        introduce(user.settings.user, user.settings.secret, false);
        user.settings.broker = endpoint;
        for (size_t i = 0; i < user.settings.provides.size(); ++i)
        {
            const std::optional<size_t> host = user.serverHosts[i];
            user.settings.provides[i].server.address = host ? AddressOf(lab, *host) : LOCALHOST;
        }
    }
    for (LabTranslator& translator : lab.translators)
    {
        introduce(translator.settings.name, translator.settings.secret, true);
        translator.settings.broker = endpoint;
        translator.settings.address = AddressOf(lab, translator.host);
        translator.engine.addresses = {translator.settings.address};
        translator.engine.maxSplices =
            std::max<size_t>(translator.engine.maxSplices, translator.settings.capacity);
    }
    TellStunServers(lab, broker);
    if (broker.own)
    {
        introduce(broker.own->name, broker.own->secret, true);
        broker.own->broker = {LOCALHOST, broker.settings.port};
        broker.own->address = endpoint.address;
    }
}

/// Adds the addresses that a firewall's name stands for; false when it stands for nobody.
bool
AddReachable(const LabDraft& draft, const std::string& name, std::vector<Ipv4>& allowed)
{
    const Lab& lab = draft.lab;
    const auto add = [&](size_t host) { allowed.push_back(AddressOf(lab, host)); };
    const auto translators = draft.world.translatorNames.find(name);
    if (translators != draft.world.translatorNames.end())
    {
        for (const size_t each : translators->second)
        {
            add(lab.translators[each].host);
        }
        return true;
    }
    for (const LabBroker& broker : lab.brokers)
    {
        if (broker.settings.name == name)
        {
            add(broker.host);
            return true;
        }
    }
    const auto node = draft.nodes.find(name);
    const bool host = node != draft.nodes.end() && node->second.kind == LabNode::IsHost;
    if (host && !lab.hosts[node->second.index].site)
    {
        add(node->second.index);
    }
    return host && !lab.hosts[node->second.index].site;
}

void
OpenFirewalls(LabDraft& draft)
{
    Lab& lab = draft.lab;
    for (size_t i = 0; i < lab.sites.size(); ++i)
    {
        const SiteDraft& site = draft.world.sites[i];
        if (!site.firewall)
        {
            continue;
        }
        if (*site.firewall == std::vector<std::string>{"*"})
        {
            if (site.nat)
            {
                draft.faults.Add(site.firewallLine,
                                 "'firewall' in [[site]]: \"*\" is for a site without nat; a NAT "
                                 "has a filtering of its own");
            }
            continue;
        }
        std::vector<Ipv4> allowed;
        for (const std::string& name : *site.firewall)
        {
            if (!AddReachable(draft, name, allowed))
            {
                draft.faults.Add(site.firewallLine,
                                 "'firewall' in [[site]]: nobody on the internet is called " +
                                     Quoted(name) + "; " +
                                     SuggestWord(name, NodeNames(draft, LabNode::IsHost)));
            }
        }
        std::sort(allowed.begin(), allowed.end());
        allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
        lab.boxes[lab.sites[i].box].allowed = std::move(allowed);
    }
}

/// Everybody can log in.
void
CheckPaths(LabDraft& draft)
{
    const Lab& lab = draft.lab;
    const LabRoutes routes = ComputeLabRoutes(lab);
    const size_t broker = lab.brokers.front().host;
    const auto check = [&](size_t host, size_t line)
    {
        const LabNode from{LabNode::IsHost, host};
        if (!FindLabPath(lab, routes, from, AddressOf(lab, broker)))
        {
            draft.faults.Add(line, WhyNoPath(lab, from, {LabNode::IsHost, broker}));
        }
    };
    for (size_t i = 0; i < lab.users.size() && draft.faults.Count() == 0; ++i)
    {
        check(lab.users[i].host, draft.world.userLines[i]);
    }
    for (size_t i = 0; i < lab.translators.size() && draft.faults.Count() == 0; ++i)
    {
        check(lab.translators[i].host, draft.world.translatorLines[i]);
    }
}

} // namespace

bool
WantsNatTest(const LabUser& user)
{
    return user.settings.ListensOnLoginPort();
}

void
ConnectWorld(LabDraft& draft)
{
    OpenFirewalls(draft);
    if (draft.lab.brokers.empty())
    {
        return;
    }
    PortBook book(draft.faults);
    EnterFixedPorts(draft, book);
    GivePorts(draft, book);
    IntroduceAll(draft.lab);
    if (draft.faults.Count() == 0)
    {
        CheckPaths(draft);
    }
}

} // namespace isb
