// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/subscribed-service.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace isb
{

namespace
{

const Ipv4 LOOPBACK{0x7f000001};

/// Connections that ended by a reset, remembered for the reason that the ISB may tell yet.
constexpr size_t MAX_RESETS = 64;

} // namespace

SubscribedService::SubscribedService(DaemonHost& host,
                                     BrokerLink& link,
                                     ListenPort& listenPort,
                                     WantedService wanted)
    : m_host(host),
      m_link(link),
      m_listenPort(listenPort),
      m_wanted(std::move(wanted)),
      m_subscription(host, link, m_wanted, *this),
      m_openBackoff(host.settings.subscribeRetry, host.settings.retryMost),
      m_openTimer(host.timers, [this](TimePoint now) { Refill(now); }),
      m_listenTimer(host.timers, [this](TimePoint) { OpenLocal(); })
{
    m_report.provider = m_wanted.provider;
    m_report.service = m_wanted.service;
}

SubscribedService::~SubscribedService() = default;

void
SubscribedService::Start(TimePoint now)
{
    OpenLocal();
    OnLoggedIn(now);
}

void
SubscribedService::OpenLocal()
{
    m_local =
        m_host.sockets.Listen(this, m_wanted.protocol, Endpoint{LOOPBACK, m_wanted.localPort});
}

void
SubscribedService::Stop(TimePoint now)
{
    m_host.sockets.Close(std::exchange(m_local, 0), false);
    m_openTimer.Stop();
    m_listenTimer.Stop();
    m_subscription.Stop(now);
    m_report.localPort = 0;
    while (!m_connections.empty())
    {
        m_connections.begin()->second->Cut(now, DaemonReason(IsbCode::Cancelled), true);
    }
}

void
SubscribedService::Renew(TimePoint now)
{
    m_subscription.Renew(now);
}

void
SubscribedService::OnLoggedIn(TimePoint now)
{
    m_openBackoff.Reset();
    m_openTimer.Stop();
    for (SubscriberConnection* connection : All())
    {
        connection->OnNewSession(now);
    }
    m_subscription.OnLoggedIn(now);
}

std::vector<SubscriberConnection*>
SubscribedService::All() const
{
    std::vector<SubscriberConnection*> all;
    for (const auto& [serial, connection] : m_connections)
    {
        all.push_back(connection.get());
    }
    return all;
}

void
SubscribedService::OnSessionOver(TimePoint now)
{
    m_openTimer.Stop();
    m_subscription.OnSessionOver(now);
    for (SubscriberConnection* connection : All())
    {
        connection->OnSessionOver(now);
    }
}

bool
SubscribedService::OnSubscribed(TimePoint now, const SubscribedMessage& message)
{
    return m_subscription.OnSubscribed(now, message);
}

void
SubscribedService::OnSubscriptionStands(TimePoint now)
{
    for (SubscriberConnection* connection : All())
    {
        if (connection->IsAskable())
        {
            connection->Ask(now, m_subscription.Id());
        }
    }
    Refill(now);
}

void
SubscribedService::OnSubscriptionRefused(TimePoint now, IsbCode code)
{
    for (SubscriberConnection* connection : All())
    {
        const DaemonConnection::Phase phase = connection->GetPhase();
        if (phase == DaemonConnection::Phase::Waiting || phase == DaemonConnection::Phase::Asked)
        {
            connection->Fail(now, code);
        }
    }
}

bool
SubscribedService::OnFault(TimePoint now, const FaultMessage& message)
{
    if (m_subscription.OnFault(now, message))
    {
        return true;
    }
    const auto found = m_connections.find(message.request);
    if (found == m_connections.end() || found->second->GetPhase() != DaemonConnection::Phase::Asked)
    {
        return false;
    }
    SubscriberConnection& connection = *found->second;
    if (message.code == IsbCode::NotFound)
    {
        // The ISB has lost the subscription: the client waits for the next one.
        m_subscription.Lose(now, message.code);
        connection.AskAgain(now, DaemonReason(message.code));
        return true;
    }
    connection.Fail(now, message.code);
    return true;
}

bool
SubscribedService::OnSubscriptionEnded(TimePoint now, const SubscriptionEndedMessage& message)
{
    if (!m_subscription.OnEnded(now, message))
    {
        return false;
    }
    m_openTimer.Stop();
    for (SubscriberConnection* connection : All())
    {
        if (!connection->HasClient())
        {
            connection->Fail(now, IsbCode::Cancelled);
        }
        else if (connection->GetPhase() == DaemonConnection::Phase::Asked)
        {
            connection->AskAgain(now, DaemonReason(message.code));
        }
    }
    return true;
}

bool
SubscribedService::OnInstruct(TimePoint now, const InstructMessage& message)
{
    const auto found = m_connections.find(message.request);
    if (found == m_connections.end() ||
        found->second->GetPhase() == DaemonConnection::Phase::Waiting)
    {
        return false;
    }
    found->second->Instruct(now, message);
    return true;
}

bool
SubscribedService::OnGather(TimePoint now, const GatherMessage& message)
{
    const auto found = m_connections.find(message.request);
    if (found == m_connections.end())
    {
        return false;
    }
    found->second->Gather(now, message);
    return true;
}

bool
SubscribedService::OnConnectionEnded(TimePoint now, const ConnectionEndedMessage& message)
{
    for (const auto& [serial, connection] : m_connections)
    {
        if (connection->Facts().connection == message.connection)
        {
            connection->EndByBroker(now, message.code);
            return true;
        }
    }
    // The reset overtook the ISB's word on why; the client is gone, the user shall know.
    const auto found =
        std::find_if(m_resets.begin(),
                     m_resets.end(),
                     [&](const auto& facts) { return facts.connection == message.connection; });
    if (found == m_resets.end())
    {
        return false;
    }
    ++m_report.failed;
    ++m_report.codes[ToString(message.code)];
    m_host.journal.Connection(now, *found, "closed", "failed", DaemonReason(message.code));
    m_resets.erase(found);
    return true;
}

const WantedService&
SubscribedService::Wanted() const
{
    return m_wanted;
}

WantedReport
SubscribedService::Report() const
{
    WantedReport report = m_report;
    const State state = m_subscription.GetState();
    report.state = ToString(state == State::Asked ? State::Waiting : state);
    for (const auto& [code, count] : m_subscription.Codes())
    {
        report.codes[code] += count;
    }
    return report;
}

size_t
SubscribedService::StateSize() const
{
    size_t size = m_connections.size();
    for (const auto& [serial, connection] : m_connections)
    {
        size += connection->HeldDatagrams();
    }
    return size;
}

void
SubscribedService::OnListening(TimePoint, SocketId, Endpoint local)
{
    m_report.localPort = local.port;
}

void
SubscribedService::OnFailed(TimePoint now, SocketId, std::string_view)
{
    m_local = 0;
    m_report.localPort = 0;
    m_host.journal
        .Subscription(now, m_wanted.provider, m_wanted.service, "", "", "daemon.local-port-taken");
    m_listenTimer.Set(now + m_host.settings.retryMost);
    while (!m_flows.empty())
    {
        m_connections.at(m_flows.begin()->second)->Fail(now, IsbCode::ConnectFailed);
    }
}

void
SubscribedService::OnAccepted(TimePoint now, SocketId, SocketId socket, Endpoint peer)
{
    ++m_report.asked;
    if (!Admit(now, FlowFrom(peer), 0))
    {
        m_host.sockets.Close(socket, true);
        return;
    }
    Serve(now, socket, peer, ByteView{});
}

void
SubscribedService::OnDatagram(TimePoint now, SocketId, Endpoint from, ByteView bytes)
{
    const auto flow = m_flows.find(from);
    if (flow != m_flows.end())
    {
        if (!m_connections.at(flow->second)->Take(bytes))
        {
            m_host.journal.Drop(now, FlowFrom(from), bytes.size, "daemon.queue-full");
        }
        return;
    }
    if (m_openTimer.IsSet())
    {
        m_host.journal.Drop(now, FlowFrom(from), bytes.size, "daemon.held-off");
        return;
    }
    ++m_report.asked;
    if (Admit(now, FlowFrom(from), bytes.size))
    {
        Serve(now, m_local, from, bytes);
    }
}

bool
SubscribedService::Admit(TimePoint now, const FlowKey& flow, size_t bytes)
{
    IsbCode code = IsbCode::None;
    m_subscription.RenewIfOld(now);
    if (m_subscription.GetState() == State::Refused)
    {
        code = m_subscription.LastCode();
    }
    else if (m_host.waitingClients >= m_host.settings.maxWaitingClients ||
             m_host.connections >= m_host.settings.maxConnections)
    {
        code = IsbCode::Overloaded;
    }
    if (code == IsbCode::None)
    {
        return true;
    }
    ++m_report.failed;
    ++m_report.codes[ToString(code)];
    m_host.journal.Drop(now, flow, bytes, DaemonReason(code));
    return false;
}

void
SubscribedService::Serve(TimePoint now, SocketId client, Endpoint peer, ByteView datagram)
{
    SubscriberConnection* ready = FindReady();
    SubscriberConnection& connection = ready != nullptr ? *ready : NewConnection(false);
    const bool udp = m_wanted.protocol == Protocol::Udp;
    if (udp)
    {
        m_flows.emplace(peer, connection.Facts().serial);
        if (!connection.Take(datagram))
        {
            m_host.journal.Drop(now, FlowFrom(peer), datagram.size, "daemon.queue-full");
        }
    }
    connection.TakeClient(now, client, udp ? peer : Endpoint{});
    if (ready != nullptr)
    {
        ++m_report.fromPrepared;
        Refill(now);
        return;
    }
    connection.Start(now);
}

SubscriberConnection*
SubscribedService::FindReady()
{
    for (const auto& [serial, connection] : m_connections)
    {
        if (!connection->HasClient() &&
            connection->GetPhase() == DaemonConnection::Phase::Established)
        {
            return connection.get();
        }
    }
    return nullptr;
}

SubscriberConnection&
SubscribedService::NewConnection(bool prepared)
{
    ConnectionFacts facts;
    facts.serial = m_link.NewRequest();
    facts.peer = m_wanted.provider;
    facts.service = m_wanted.service;
    facts.protocol = m_wanted.protocol;
    facts.prepared = prepared;
    const uint64_t serial = facts.serial;
    auto& place = m_connections[serial];
    place = std::make_unique<SubscriberConnection>(m_host,
                                                   m_link,
                                                   m_listenPort,
                                                   std::move(facts),
                                                   m_wanted,
                                                   *this);
    return *place;
}

void
SubscribedService::Refill(TimePoint now)
{
    if (m_subscription.Id() == 0 || m_openTimer.IsSet() || m_wanted.prepared == 0)
    {
        return;
    }
    size_t ready = 0;
    for (const auto& [serial, connection] : m_connections)
    {
        ready += connection->HasClient() ? 0 : 1;
    }
    for (; ready < m_wanted.prepared && m_host.connections < m_host.settings.maxConnections;
         ++ready)
    {
        NewConnection(true).Start(now);
    }
}

void
SubscribedService::OnAskable(TimePoint now, SubscriberConnection& connection)
{
    if (m_subscription.Id() != 0)
    {
        connection.Ask(now, m_subscription.Id());
    }
}

void
SubscribedService::OnStanding(TimePoint, SubscriberConnection& connection)
{
    const ConnectionFacts& facts = connection.Facts();
    m_openBackoff.Reset();
    ++m_report.established;
    ++m_report.paths[ToString(facts.path)];
    if (facts.path == ServicePath::Translated)
    {
        ++m_report.methods[ToString(facts.method)];
        ++m_report.ists[facts.ist];
    }
}

void
SubscribedService::OnConnectionOver(TimePoint now,
                                    SubscriberConnection& connection,
                                    IsbCode code,
                                    bool served)
{
    if (code != IsbCode::None && code != IsbCode::Cancelled)
    {
        ++m_report.codes[ToString(code)];
        m_report.failed += served ? 0 : 1;
    }
    for (auto flow = m_flows.begin(); flow != m_flows.end();)
    {
        flow = flow->second == connection.Facts().serial ? m_flows.erase(flow) : std::next(flow);
    }
    if (connection.WasReset())
    {
        m_resets.push_back(connection.Facts());
        if (m_resets.size() > MAX_RESETS)
        {
            m_resets.pop_front();
        }
    }
    const auto found = m_connections.find(connection.Facts().serial);
    m_host.over.push_back(std::move(found->second));
    m_connections.erase(found);
    const bool spare = connection.Facts().prepared && !connection.WasUsed();
    const bool udpFailed = m_wanted.protocol == Protocol::Udp && !served;
    if (m_subscription.Id() != 0 && (spare || udpFailed))
    {
        m_openTimer.Set(now + m_openBackoff.Next(m_host.random));
    }
}

IsbCode
SubscribedService::WhyWaiting() const
{
    const IsbCode code = m_subscription.LastCode();
    return code != IsbCode::None ? code : IsbCode::TimedOut;
}

FlowKey
SubscribedService::FlowFrom(Endpoint client) const
{
    return FlowKey{m_wanted.protocol, client, Endpoint{LOOPBACK, m_report.localPort}};
}

} // namespace isb
