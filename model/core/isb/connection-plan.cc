// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-plan.h"

namespace isb
{

namespace
{

/// A source address that an IST can check; none for a user on the broker's own host.
Ipv4
SourceAt(const BrokerSession& user)
{
    const Ipv4 address = user.observed.address;
    return address.value >> 24 == 127 ? Ipv4{} : address;
}

bool
ConnectsTo(const ServiceConnection& connection, ServiceEnd end)
{
    switch (connection.path)
    {
    case ServicePath::Direct:
        return end == ServiceEnd::Subscriber;
    case ServicePath::Reversed:
        return end == ServiceEnd::Provider;
    case ServicePath::Punched:
        return true;
    case ServicePath::Translated:
        return connection.method != ForwardingMethod::Active || end == ServiceEnd::Subscriber;
    }
    return false;
}

/// Where a user waits for connections: the address that the broker sees, never one that is claimed.
Endpoint
ListenerOf(const ServiceConnection& connection, ServiceEnd waiting, const BrokerSession& user)
{
    if (connection.Party(waiting).gathers && !connection.Party(waiting).endpoints.empty())
    {
        return connection.Party(waiting).endpoints.front();
    }
    const bool hidden = user.reachability != Reachability::Public;
    if (connection.protocol == Protocol::Tcp && hidden && user.login.abilities.loginPort)
    {
        return user.observed; // where its login port is seen, if anything is
    }
    uint16_t port = user.login.listenPort;
    if (waiting == ServiceEnd::Provider && connection.ready && connection.ready->listenPort != 0)
    {
        port = connection.ready->listenPort;
    }
    if (waiting == ServiceEnd::Subscriber && connection.protocol == Protocol::Udp)
    {
        port = connection.open.udp.port;
    }
    return {user.observed.address, port};
}

} // namespace

PathChoice
ChoosePath(const ServiceConnection& connection,
           const BrokerSession& subscriber,
           const BrokerSession& provider)
{
    const bool udp = connection.protocol == Protocol::Udp;
    if (connection.open.requireIst)
    {
        return {ServicePath::Translated, "isb.ist-required"};
    }
    if (provider.reachability == Reachability::Public)
    {
        return {ServicePath::Direct, "isb.provider-public"};
    }
    if (subscriber.reachability == Reachability::Public)
    {
        if (udp && connection.open.udp.port == 0)
        {
            return {ServicePath::Translated, "isb.no-listen-port"};
        }
        return {ServicePath::Reversed, "isb.subscriber-public"};
    }
    return {ServicePath::Translated, "isb.both-private"};
}

MethodChoice
ChooseMethod(const ServiceConnection& connection, const BrokerSession& provider)
{
    const OpenMessage& open = connection.open;
    if (connection.protocol == Protocol::Udp)
    {
        return {open.method == ForwardingMethod::Proxy ? ForwardingMethod::Proxy
                                                       : ForwardingMethod::Udp,
                PortChooser::Nobody,
                {}};
    }
    if (open.method == ForwardingMethod::Active && provider.reachability != Reachability::Public)
    {
        // TCP Splice lets the IST connect to the provider (thesis 4.2).
        return {ForwardingMethod::Passive, PortChooser::Nobody, "isb.provider-private"};
    }
    if (open.method != ForwardingMethod::Pure)
    {
        return {open.method, PortChooser::Nobody, {}};
    }
    if (connection.pureFailed)
    {
        return {ForwardingMethod::Passive, PortChooser::Nobody, "isb.pure-failed"};
    }
    const bool subscriberCan = open.chosenPort != 0;
    const bool providerCan = provider.login.canChoosePort;
    if (!subscriberCan && !providerCan)
    {
        return {ForwardingMethod::Passive, PortChooser::Nobody, "isb.nobody-chooses-port"};
    }
    const PortChooser one = subscriberCan ? PortChooser::Subscriber : PortChooser::Provider;
    return {ForwardingMethod::Pure, subscriberCan && providerCan ? PortChooser::Both : one, {}};
}

std::optional<ForwardingMethod>
NextMethod(ForwardingMethod method)
{
    switch (method)
    {
    case ForwardingMethod::Pure:
    case ForwardingMethod::Active:
        return ForwardingMethod::Passive;
    case ForwardingMethod::Passive:
    case ForwardingMethod::Udp:
        return ForwardingMethod::Proxy;
    case ForwardingMethod::Proxy:
        return std::nullopt;
    }
    return std::nullopt;
}

PrepareMessage
MakePrepare(const ServiceConnection& connection)
{
    PrepareMessage prepare;
    prepare.connection = connection.id;
    prepare.attempt = connection.attempt;
    prepare.subscription = connection.subscription;
    prepare.path = connection.path;
    prepare.method = connection.method;
    prepare.prepared = connection.open.prepared;
    if (connection.method == ForwardingMethod::Pure)
    {
        prepare.peerPort = connection.open.chosenPort;
    }
    return prepare;
}

SpliceRequestMessage
MakeSpliceRequest(const ServiceConnection& connection,
                  const BrokerSession& subscriber,
                  const BrokerSession& provider,
                  const IsbSettings& settings)
{
    SpliceRequestMessage request;
    request.splice = connection.splice;
    request.protocol = connection.protocol;
    request.method = connection.method;
    request.subscriber = SourceAt(subscriber);
    request.provider = SourceAt(provider);
    request.patience = settings.translatedTimeout;
    if (connection.method == ForwardingMethod::Pure)
    {
        // The IST gives the port where the first side connects to, P1 or Y.
        request.portB = connection.chooser == PortChooser::Both ? connection.open.chosenPort : 0;
        request.providerFirst = connection.chooser == PortChooser::Subscriber;
    }
    if (connection.method == ForwardingMethod::Active)
    {
        request.activeTarget = {provider.observed.address, provider.login.listenPort};
    }
    return request;
}

VolunteerSpliceMessage
MakeVolunteerSplice(const ServiceConnection& connection, const IsbSettings& settings)
{
    VolunteerSpliceMessage request;
    request.splice = connection.splice;
    request.protocol = connection.protocol;
    request.subscriber = connection.Party(ServiceEnd::Subscriber).token;
    request.provider = connection.Party(ServiceEnd::Provider).token;
    request.patience = settings.translatedTimeout;
    return request;
}

bool
IsFitting(const SpliceReadyMessage& ready, const ServiceConnection& connection, Ipv4 ist)
{
    const bool fellBack =
        connection.method == ForwardingMethod::Pure && ready.method == ForwardingMethod::Passive;
    if (ready.method != connection.method && !fellBack)
    {
        return false;
    }
    const auto at = [ist](const Endpoint& end, bool portKnown)
    { return end.address == ist && (end.port != 0 || !portKnown); };
    if (ready.method == ForwardingMethod::Active)
    {
        return at(ready.subscriber, true);
    }
    const bool pure = ready.method == ForwardingMethod::Pure;
    const bool subscriberLater = pure && connection.chooser == PortChooser::Subscriber;
    const bool providerLater = pure && connection.chooser == PortChooser::Provider;
    return at(ready.subscriber, !subscriberLater) && at(ready.provider, !providerLater);
}

bool
WaitsForFirstSyn(const ServiceConnection& connection, ServiceEnd end)
{
    if (connection.path != ServicePath::Translated || !connection.spliceReady ||
        connection.spliceReady->method != ForwardingMethod::Pure)
    {
        return false;
    }
    return connection.chooser ==
           (end == ServiceEnd::Provider ? PortChooser::Provider : PortChooser::Subscriber);
}

InstructMessage
MakeInstruct(const ServiceConnection& connection,
             ServiceEnd end,
             const BrokerSession& other,
             const IsbSettings& settings,
             uint16_t firstSyn)
{
    InstructMessage instruct;
    if (end == ServiceEnd::Subscriber)
    {
        instruct.request = connection.open.request;
    }
    instruct.connection = connection.id;
    instruct.attempt = connection.attempt;
    instruct.path = connection.path;
    instruct.method = connection.method;
    instruct.sendToken = connection.Party(end).token;
    instruct.expectToken = connection.Party(OtherEnd(end)).token;
    instruct.role = ConnectsTo(connection, end) ? ConnectRole::Connect : ConnectRole::Await;
    instruct.patience = settings.directTimeout;
    if (connection.path == ServicePath::Punched)
    {
        const std::vector<Endpoint>& endpoints = connection.Party(OtherEnd(end)).endpoints;
        instruct.target = endpoints.front();
        instruct.punch.endpoints.assign(endpoints.begin() + 1, endpoints.end());
        instruct.patience = settings.punchTimeout;
        return instruct;
    }
    if (connection.path != ServicePath::Translated)
    {
        if (instruct.role == ConnectRole::Connect)
        {
            instruct.target = ListenerOf(connection, OtherEnd(end), other);
        }
        return instruct;
    }
    instruct.patience = settings.translatedTimeout;
    instruct.ist = connection.ist;
    if (instruct.role == ConnectRole::Await)
    {
        return instruct;
    }
    const SpliceReadyMessage& ready = *connection.spliceReady;
    const Endpoint& first = end == ServiceEnd::Subscriber ? ready.provider : ready.subscriber;
    instruct.target = end == ServiceEnd::Subscriber ? ready.subscriber : ready.provider;
    if (firstSyn != 0)
    {
        instruct.target = {first.address, firstSyn};
    }
    if (connection.method == ForwardingMethod::Pure)
    {
        // A splice that keeps ports: each end's source port is the other end's IST port.
        const bool free =
            (connection.chooser == PortChooser::Provider && end == ServiceEnd::Subscriber) ||
            (connection.chooser == PortChooser::Subscriber && end == ServiceEnd::Provider);
        instruct.localPort = free ? uint16_t{0} : first.port;
    }
    return instruct;
}

bool
IsRetried(IsbCode code)
{
    return code != IsbCode::ServerRefused && code != IsbCode::Cancelled &&
           code != IsbCode::LoggedOut && code != IsbCode::Withdrawn;
}

} // namespace isb
