// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/subscriber-connection.h"

#include <algorithm>
#include <utility>

namespace isb
{

SubscriberConnection::SubscriberConnection(DaemonHost& host,
                                           BrokerLink& link,
                                           ListenPort& listenPort,
                                           ConnectionFacts facts,
                                           const WantedService& wanted,
                                           SubscriberConnectionOwner& owner)
    : DaemonConnection(host, link, listenPort, std::move(facts)),
      m_owner(owner),
      m_wanted(wanted),
      m_patience(host.timers, [this](TimePoint now) { Fail(now, m_owner.WhyWaiting()); })
{
}

SubscriberConnection::~SubscriberConnection() = default;

void
SubscriberConnection::Start(TimePoint now)
{
    m_patience.Set(now + (HasClient() ? m_wanted.patience : m_host.settings.instructTimeout));
    if (HasClient())
    {
        Enter(now, Phase::Waiting, "");
    }
    m_channel->Open(now);
}

void
SubscriberConnection::TakeClient(TimePoint now, SocketId client, Endpoint clientPeer)
{
    m_client = client;
    m_clientPeer = clientPeer;
    if (!IsUdp())
    {
        m_host.sockets.Give(client, this);
    }
    if (GetPhase() == Phase::Established)
    {
        Tell(now, ConnectionPhase::Started, IsbCode::None);
        Use(now);
        return;
    }
    CountClient(true);
}

bool
SubscriberConnection::Take(ByteView datagram)
{
    if (GetPhase() == Phase::Carrying)
    {
        m_host.sockets.SendTo(m_channel->Socket(),
                              m_channel->Peer(),
                              {datagram.data, datagram.data + datagram.size});
        return true;
    }
    if (m_held.size() >= m_host.settings.maxWaitingDatagrams)
    {
        return false;
    }
    m_held.emplace_back(datagram.data, datagram.data + datagram.size);
    return true;
}

bool
SubscriberConnection::HasClient() const
{
    return m_client != 0;
}

bool
SubscriberConnection::IsAskable() const
{
    return m_open && GetPhase() == Phase::Waiting;
}

bool
SubscriberConnection::WasUsed() const
{
    return m_served;
}

size_t
SubscriberConnection::HeldDatagrams() const
{
    return m_held.size();
}

void
SubscriberConnection::OnChannelOpen(TimePoint now)
{
    m_open = true;
    m_owner.OnAskable(now, *this);
}

void
SubscriberConnection::Ask(TimePoint now, uint64_t subscription)
{
    m_facts.session = m_link.Session();
    m_facts.method = m_wanted.method;
    if (IsUdp() && m_wanted.method != ForwardingMethod::Proxy)
    {
        m_facts.method = ForwardingMethod::Udp;
    }
    OpenMessage open;
    open.request = m_facts.serial;
    open.subscription = subscription;
    open.method = m_facts.method;
    open.requireIst = m_wanted.requireIst;
    open.prepared = m_facts.prepared;
    open.wishes.ways = m_wanted.ways;
    open.wishes.ways.resize(std::min(open.wishes.ways.size(), ISB_WAY_LIMIT));
    open.wishes.predict = m_wanted.predictPorts;
    if (IsUdp())
    {
        open.udp = Endpoint{m_link.LocalAddress(), m_channel->Port()};
    }
    else if (open.method == ForwardingMethod::Pure && m_host.settings.canChoosePort)
    {
        if (m_chosenPort == 0)
        {
            m_chosenPort = m_host.ports.Choose(m_host.random);
        }
        open.chosenPort = m_chosenPort;
    }
    Enter(now, Phase::Asked, "");
    m_link.Send(now, open);
}

void
SubscriberConnection::OnInstructed(TimePoint)
{
}

void
SubscriberConnection::OnEstablished(TimePoint now)
{
    m_owner.OnStanding(now, *this);
    if (HasClient())
    {
        Use(now);
        return;
    }
    m_patience.Stop();
    if (!IsUdp())
    {
        // The provider sends nothing before it is used; this one byte is asked for to hear of the
        // end of the connection.
        m_host.sockets.Read(m_channel->Socket(), 1);
    }
}

void
SubscriberConnection::Use(TimePoint now)
{
    m_patience.Stop();
    CountClient(false);
    m_served = true;
    for (std::vector<uint8_t>& datagram : std::exchange(m_held, {}))
    {
        m_host.sockets.SendTo(m_channel->Socket(), m_channel->Peer(), std::move(datagram));
    }
    Carry(now, m_client, m_clientPeer);
    if (IsUdp())
    {
        WatchIdleness(now);
    }
}

void
SubscriberConnection::OnAttemptFailed(TimePoint now, IsbCode code)
{
    if (!IsOfThisSession())
    {
        AskAgain(now, DaemonReason(code));
        return;
    }
    if (!HasClient())
    {
        m_patience.Set(now + m_host.settings.instructTimeout);
    }
}

void
SubscriberConnection::AskAgain(TimePoint now, std::string_view reason)
{
    if (!HasClient())
    {
        End(now, "failed", reason, true);
        return;
    }
    Tell(now, ConnectionPhase::Closed, IsbCode::Cancelled);
    ForgetAttempts();
    Enter(now, Phase::Waiting, reason);
    if (m_open)
    {
        m_owner.OnAskable(now, *this);
    }
}

void
SubscriberConnection::Fail(TimePoint now, IsbCode code)
{
    m_code = code;
    Tell(now, ConnectionPhase::Closed, code);
    End(now, "failed", DaemonReason(code), true);
}

void
SubscriberConnection::EndByBroker(TimePoint now, IsbCode code)
{
    const bool stands = GetPhase() == Phase::Established || GetPhase() == Phase::Carrying;
    if (code == IsbCode::IstLost && !stands && HasClient())
    {
        AskAgain(now, DaemonReason(code));
        return;
    }
    m_code = code;
    End(now, stands ? "closed" : "failed", DaemonReason(code), true);
}

void
SubscriberConnection::OnNewSession(TimePoint now)
{
    // An ISB that was started anew does not know it, and will not tell when its IST is gone.
    if (!HasClient() && !IsOfThisSession())
    {
        Fail(now, IsbCode::Cancelled);
    }
}

void
SubscriberConnection::OnSessionOver(TimePoint now)
{
    if (GetPhase() == Phase::Asked)
    {
        AskAgain(now, DaemonReason(IsbCode::PeerLost));
    }
}

void
SubscriberConnection::OnChannelBytes(TimePoint now, ByteView bytes)
{
    if (IsUdp() && GetPhase() == Phase::Carrying)
    {
        m_host.sockets.SendTo(m_client, m_clientPeer, {bytes.data, bytes.data + bytes.size});
        return;
    }
    if (IsUdp())
    {
        m_host.journal.Drop(now,
                            FlowKey{Protocol::Udp, m_channel->Peer(), Endpoint{}},
                            bytes.size,
                            "daemon.no-client");
        return;
    }
    // Bytes before it is used: not a daemon of this protocol.
    Fail(now, IsbCode::BadState);
}

void
SubscriberConnection::OnChannelEnd(TimePoint now, bool lost)
{
    if (IsUdp())
    {
        m_code = IsbCode::TimedOut;
        EndSilent(now);
        return;
    }
    m_code = lost ? IsbCode::ConnectFailed : IsbCode::None;
    Tell(now, ConnectionPhase::Closed, m_code);
    End(now, "closed", lost ? "daemon.reset" : "", lost);
}

void
SubscriberConnection::OnChannelLost(TimePoint now)
{
    Fail(now, IsbCode::ConnectFailed);
}

void
SubscriberConnection::OnFailed(TimePoint now, SocketId socket, std::string_view)
{
    if (socket == m_client)
    {
        m_client = 0;
    }
    m_code = IsbCode::Cancelled;
    Tell(now, ConnectionPhase::Closed, IsbCode::Cancelled);
    End(now, "closed", DaemonReason(IsbCode::Cancelled), true);
}

void
SubscriberConnection::CloseLocal(bool reset)
{
    if (!IsUdp())
    {
        m_host.sockets.Close(m_client, reset);
    }
}

void
SubscriberConnection::OnOver(TimePoint now)
{
    const bool hadClient = m_counted;
    m_patience.Stop();
    CountClient(false);
    m_held.clear();
    m_host.ports.Release(m_chosenPort);
    m_owner.OnConnectionOver(now, *this, m_code, !hadClient);
}

void
SubscriberConnection::CountClient(bool waits)
{
    if (waits != m_counted)
    {
        m_counted = waits;
        waits ? ++m_host.waitingClients : --m_host.waitingClients;
    }
}

} // namespace isb
