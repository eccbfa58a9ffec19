// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/provider-connection.h"

#include <utility>

namespace isb
{

namespace
{

/// Bytes of a prepared connection that are taken before its server is connected.
constexpr uint64_t MAX_EARLY = 4096;

bool
IsLoopback(Ipv4 address)
{
    return address.value >> 24 == 127;
}

} // namespace

ProviderConnection::ProviderConnection(DaemonHost& host,
                                       BrokerLink& link,
                                       ListenPort& listenPort,
                                       ConnectionFacts facts,
                                       Endpoint server,
                                       ProviderConnectionOwner& owner)
    : DaemonConnection(host, link, listenPort, std::move(facts)),
      m_owner(owner),
      m_listenPort(listenPort),
      m_server(server),
      m_timer(host.timers, [this](TimePoint now) { OnTimer(now); })
{
}

ProviderConnection::~ProviderConnection() = default;

void
ProviderConnection::Prepare(TimePoint now, const PrepareMessage& message)
{
    if (message.attempt <= m_facts.attempt)
    {
        return;
    }
    m_channel->Abandon();
    StopRelay();
    CloseLocal(true);
    m_early.clear();
    m_held.clear();
    m_facts.attempt = message.attempt;
    m_facts.path = message.path;
    m_facts.method = message.method;
    m_facts.prepared = message.prepared;
    m_facts.pathKnown = true;
    m_timer.Set(now + m_host.settings.instructTimeout);
    Enter(now, Phase::Asked, "");
    if (m_open)
    {
        SendReady(now);
    }
    else if (m_channel->Socket() == 0)
    {
        m_channel->Open(now);
    }
}

void
ProviderConnection::OnChannelOpen(TimePoint now)
{
    m_open = true;
    SendReady(now);
}

void
ProviderConnection::SendReady(TimePoint now)
{
    ReadyMessage ready;
    ready.connection = m_facts.connection;
    ready.attempt = m_facts.attempt;
    const bool active = m_facts.path == ServicePath::Translated &&
                        m_facts.method == ForwardingMethod::Active && !IsUdp();
    if (m_facts.path == ServicePath::Direct || active)
    {
        ready.listenPort = IsUdp() ? m_channel->Port() : m_listenPort.Port();
    }
    if (m_facts.path == ServicePath::Translated && m_facts.method == ForwardingMethod::Pure &&
        !IsUdp() && m_host.settings.canChoosePort)
    {
        if (m_chosenPort == 0)
        {
            m_chosenPort = m_host.ports.Choose(m_host.random);
        }
        ready.chosenPort = m_chosenPort;
    }
    m_link.Send(now, ready);
}

void
ProviderConnection::OnInstructed(TimePoint)
{
    m_timer.Stop();
}

void
ProviderConnection::OnEstablished(TimePoint now)
{
    m_owner.OnServed(now);
    // Over UDP there is nothing to connect: a server's socket costs nothing until it is spoken to.
    if (!m_facts.prepared || m_started || IsUdp())
    {
        ConnectServer(now);
        return;
    }
    m_host.sockets.Read(m_channel->Socket(), MAX_EARLY);
}

void
ProviderConnection::OnStarted(TimePoint now)
{
    m_started = true;
    if (GetPhase() == Phase::Established && m_local == 0)
    {
        ConnectServer(now);
    }
}

void
ProviderConnection::OnChannelBytes(TimePoint now, ByteView bytes)
{
    if (IsUdp())
    {
        OnEarlyDatagram(now, bytes);
        return;
    }
    m_early.insert(m_early.end(), bytes.data, bytes.data + bytes.size);
    if (m_local == 0)
    {
        ConnectServer(now);
    }
}

void
ProviderConnection::OnEarlyDatagram(TimePoint now, ByteView bytes)
{
    std::vector<uint8_t> datagram(bytes.data, bytes.data + bytes.size);
    if (GetPhase() == Phase::Carrying)
    {
        m_host.sockets.SendTo(m_local, m_server, std::move(datagram));
    }
    else if (m_held.size() < m_host.settings.maxWaitingDatagrams)
    {
        m_held.push_back(std::move(datagram));
    }
    else
    {
        m_host.journal.Drop(now,
                            FlowKey{Protocol::Udp, m_channel->Peer(), m_server},
                            bytes.size,
                            "daemon.queue-full");
    }
}

void
ProviderConnection::OnChannelEnd(TimePoint now, bool lost)
{
    if (IsUdp())
    {
        EndSilent(now);
        return;
    }
    if (!lost && m_local != 0)
    {
        // The client sent all that it has to say; the join carries its FIN to the server.
        return;
    }
    Tell(now, ConnectionPhase::Closed, IsbCode::None);
    End(now, "closed", lost ? "daemon.reset" : "", lost);
}

void
ProviderConnection::ConnectServer(TimePoint now)
{
    if (IsUdp())
    {
        const Ipv4 from = IsLoopback(m_server.address) ? m_server.address : Ipv4{};
        m_local = m_host.sockets.Listen(this, Protocol::Udp, Endpoint{from, 0});
        return;
    }
    m_host.sockets.Read(m_channel->Socket(), 0);
    m_local = m_host.sockets.Connect(this, Endpoint{}, m_server);
    m_timer.Set(now + m_host.settings.serverTimeout);
}

void
ProviderConnection::OnListening(TimePoint now, SocketId, Endpoint)
{
    OnServer(now);
}

void
ProviderConnection::OnConnected(TimePoint now, SocketId, Endpoint)
{
    OnServer(now);
}

void
ProviderConnection::OnServer(TimePoint now)
{
    m_timer.Stop();
    if (!m_early.empty())
    {
        m_host.sockets.Send(m_local, std::exchange(m_early, {}));
    }
    for (std::vector<uint8_t>& datagram : std::exchange(m_held, {}))
    {
        m_host.sockets.SendTo(m_local, m_server, std::move(datagram));
    }
    Carry(now, m_local, m_server);
    if (IsUdp() && (!m_facts.prepared || m_started))
    {
        WatchIdleness(now);
    }
}

void
ProviderConnection::OnFailed(TimePoint now, SocketId socket, std::string_view)
{
    if (socket == m_local)
    {
        m_local = 0;
    }
    Fail(now, GetPhase() == Phase::Carrying ? IsbCode::ConnectFailed : IsbCode::ServerRefused);
}

void
ProviderConnection::OnDatagram(TimePoint now, SocketId, Endpoint from, ByteView bytes)
{
    m_host.journal.Drop(now,
                        FlowKey{Protocol::Udp, from, Endpoint{}},
                        bytes.size,
                        "daemon.not-the-server");
}

void
ProviderConnection::OnAttemptFailed(TimePoint now, IsbCode code)
{
    if (!IsOfThisSession())
    {
        End(now, "failed", DaemonReason(code), true);
        return;
    }
    m_timer.Set(now + m_host.settings.instructTimeout);
}

void
ProviderConnection::OnChannelLost(TimePoint now)
{
    if (!m_open)
    {
        m_link.Send(now, FaultMessage{IsbCode::ConnectFailed, m_facts.connection, "no UDP socket"});
        End(now, "failed", DaemonReason(IsbCode::ConnectFailed), true);
        return;
    }
    Fail(now, IsbCode::ConnectFailed);
}

void
ProviderConnection::OnTimer(TimePoint now)
{
    Fail(now, m_local != 0 ? IsbCode::ServerRefused : IsbCode::TimedOut);
}

void
ProviderConnection::EndByBroker(TimePoint now, IsbCode code)
{
    End(now, "closed", DaemonReason(code), true);
}

void
ProviderConnection::OnSessionOver(TimePoint now)
{
    if (GetPhase() == Phase::Asked)
    {
        End(now, "failed", DaemonReason(IsbCode::PeerLost), true);
    }
}

void
ProviderConnection::Fail(TimePoint now, IsbCode code)
{
    Tell(now, ConnectionPhase::Failed, code);
    End(now, "failed", DaemonReason(code), true);
}

void
ProviderConnection::CloseLocal(bool reset)
{
    m_host.sockets.Close(std::exchange(m_local, 0), reset && !IsUdp());
}

void
ProviderConnection::OnOver(TimePoint now)
{
    m_timer.Stop();
    m_host.ports.Release(m_chosenPort);
    m_owner.OnConnectionOver(now, *this);
}

} // namespace isb
