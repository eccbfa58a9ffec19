// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/daemon-connection.h"

#include "model/core/daemon/tcp-channel.h"
#include "model/core/daemon/udp-channel.h"

#include <utility>

namespace isb
{

std::string_view
ToString(DaemonConnection::Phase phase)
{
    switch (phase)
    {
    case DaemonConnection::Phase::Waiting:
        return "waiting";
    case DaemonConnection::Phase::Asked:
        return "asked";
    case DaemonConnection::Phase::Connecting:
        return "connecting";
    case DaemonConnection::Phase::Proving:
        return "proving";
    case DaemonConnection::Phase::Established:
        return "established";
    case DaemonConnection::Phase::Carrying:
        return "carrying";
    case DaemonConnection::Phase::Over:
        return "closed";
    }
    return "unknown";
}

DaemonConnection::DaemonConnection(DaemonHost& host,
                                   BrokerLink& link,
                                   ListenPort& listenPort,
                                   ConnectionFacts facts)
    : m_host(host),
      m_link(link),
      m_facts(std::move(facts)),
      m_idle(host.timers, [this](TimePoint now) { OnIdleTimer(now); })
{
    if (IsUdp())
    {
        m_channel = std::make_unique<UdpChannel>(host, *this);
    }
    else
    {
        m_channel = std::make_unique<TcpChannel>(host, listenPort, *this);
    }
    ++m_host.connections;
}

DaemonConnection::~DaemonConnection() = default;

const ConnectionFacts&
DaemonConnection::Facts() const
{
    return m_facts;
}

DaemonConnection::Phase
DaemonConnection::GetPhase() const
{
    return m_phase;
}

bool
DaemonConnection::WasReset() const
{
    return m_wasReset;
}

bool
DaemonConnection::IsUdp() const
{
    return m_facts.protocol == Protocol::Udp;
}

bool
DaemonConnection::IsOfThisSession() const
{
    return m_link.IsLoggedIn() && m_facts.session == m_link.Session();
}

void
DaemonConnection::Enter(TimePoint now, Phase phase, std::string_view reason)
{
    const std::string_view from = m_begun ? ToString(m_phase) : std::string_view();
    m_begun = true;
    m_phase = phase;
    m_host.journal.Connection(now, m_facts, from, ToString(phase), reason);
}

void
DaemonConnection::Tell(TimePoint now,
                       ConnectionPhase phase,
                       IsbCode code,
                       uint64_t sentBytes,
                       uint64_t receivedBytes)
{
    if (m_facts.connection != 0)
    {
        m_link.Report(now,
                      StatusMessage{m_facts.connection,
                                    m_facts.attempt,
                                    phase,
                                    code,
                                    sentBytes,
                                    receivedBytes});
    }
}

void
DaemonConnection::Instruct(TimePoint now, const InstructMessage& message)
{
    if (message.attempt <= m_lastInstruct || message.attempt < m_facts.attempt)
    {
        return;
    }
    m_lastInstruct = message.attempt;
    if (m_phase == Phase::Carrying)
    {
        EndUnproven(now);
        return;
    }
    const bool fellBack = m_facts.method == ForwardingMethod::Pure &&
                          message.path == ServicePath::Translated &&
                          message.method != ForwardingMethod::Pure;
    m_facts.connection = message.connection;
    m_facts.attempt = message.attempt;
    m_facts.pathKnown = true;
    m_facts.path = message.path;
    m_facts.method = message.method;
    m_facts.ist = message.ist;
    OnInstructed(now);
    Enter(now, Phase::Connecting, fellBack ? "daemon.pure-fell-back" : "");
    InstructMessage instruct = message;
    if (instruct.patience <= Duration(0))
    {
        instruct.patience = m_host.settings.instructTimeout;
    }
    m_channel->Begin(now, instruct);
}

void
DaemonConnection::EndUnproven(TimePoint now)
{
    Tell(now, ConnectionPhase::Closed, IsbCode::ConnectFailed);
    End(now, "failed", DaemonReason(IsbCode::ConnectFailed), true);
}

void
DaemonConnection::Gather(TimePoint now, const GatherMessage& message)
{
    const bool old = message.attempt <= m_lastInstruct || message.attempt <= m_lastGather ||
                     message.attempt < m_facts.attempt;
    if (old || m_phase == Phase::Waiting)
    {
        return;
    }
    m_lastGather = message.attempt;
    if (m_phase == Phase::Carrying)
    {
        EndUnproven(now);
        return;
    }
    if (m_phase != Phase::Asked)
    {
        Enter(now, Phase::Asked, ""); // the other end gave the last attempt up first
    }
    m_facts.connection = message.connection;
    m_facts.attempt = message.attempt;
    m_facts.pathKnown = true;
    m_facts.path = message.path;
    if (!m_host.settings.allowPunch || m_link.StunServers().empty())
    {
        OnChannelGathered(now, {}, IsbCode::NotAllowed);
        return;
    }
    m_channel->Gather(now,
                      m_link.StunServers(),
                      message.predict && m_host.settings.allowPrediction);
}

void
DaemonConnection::OnChannelGathered(TimePoint now, const PunchCandidates& found, IsbCode code)
{
    GatheredMessage gathered;
    gathered.connection = m_facts.connection;
    gathered.attempt = m_facts.attempt;
    gathered.code = code;
    gathered.dependent = found.dependent;
    gathered.endpoints = found.endpoints;
    m_link.Send(now, std::move(gathered));
}

void
DaemonConnection::ForgetAttempts()
{
    m_channel->Abandon();
    m_lastInstruct = 0;
    m_lastGather = 0;
    m_facts.connection = 0;
    m_facts.attempt = 0;
    m_facts.pathKnown = false;
}

void
DaemonConnection::OnChannelProving(TimePoint now)
{
    Enter(now, Phase::Proving, "");
}

void
DaemonConnection::OnChannelProven(TimePoint now)
{
    Tell(now, ConnectionPhase::Established, IsbCode::None);
    Enter(now, Phase::Established, "");
    OnEstablished(now);
}

void
DaemonConnection::OnChannelFailed(TimePoint now, IsbCode code)
{
    if (IsUdp() && m_channel->Socket() == 0)
    {
        OnChannelLost(now);
        return;
    }
    Tell(now, ConnectionPhase::Failed, code);
    const bool punched = m_facts.pathKnown && m_facts.path == ServicePath::Punched;
    m_facts.note = m_channel->Note();
    Enter(now, Phase::Asked, punched ? "daemon.punch-failed" : DaemonReason(code));
    m_facts.note.clear();
    OnAttemptFailed(now, code);
}

void
DaemonConnection::Carry(TimePoint now, SocketId local, Endpoint localPeer)
{
    if (IsUdp())
    {
        m_relay =
            m_host.sockets.Relay(this, local, localPeer, m_channel->Socket(), m_channel->Peer());
    }
    else
    {
        m_host.sockets.Give(m_channel->Socket(), this);
        m_host.sockets.Join(m_channel->Socket(), local);
    }
    Enter(now, Phase::Carrying, "");
}

void
DaemonConnection::OnJoinEnded(TimePoint now,
                              SocketId,
                              uint64_t bytesFromA,
                              uint64_t bytesFromB,
                              bool reset)
{
    m_wasReset = reset;
    Tell(now, ConnectionPhase::Closed, IsbCode::None, bytesFromB, bytesFromA);
    End(now, "closed", reset ? "daemon.reset" : "", reset);
}

void
DaemonConnection::OnRelayed(TimePoint now, uint64_t, size_t bytes, bool outwards)
{
    (outwards ? m_sent : m_received) += bytes;
    m_lastRelayed = now;
    if (!m_idle.IsSet())
    {
        WatchIdleness(now);
    }
}

void
DaemonConnection::StopRelay()
{
    m_idle.Stop();
    m_host.sockets.Unrelay(std::exchange(m_relay, 0));
}

void
DaemonConnection::WatchIdleness(TimePoint now)
{
    m_lastRelayed = now;
    m_idle.Set(now + m_host.settings.udpIdle);
}

void
DaemonConnection::OnIdleTimer(TimePoint now)
{
    const TimePoint due = m_lastRelayed + m_host.settings.udpIdle;
    if (now < due)
    {
        m_idle.Set(due);
        return;
    }
    Tell(now, ConnectionPhase::Closed, IsbCode::TimedOut, m_sent, m_received);
    End(now, "closed", "daemon.idle", false);
}

void
DaemonConnection::EndSilent(TimePoint now)
{
    Tell(now, ConnectionPhase::Closed, IsbCode::TimedOut, m_sent, m_received);
    End(now, "closed", "daemon.peer-silent", true);
}

void
DaemonConnection::Cut(TimePoint now, std::string_view reason, bool reset)
{
    End(now, "closed", reason, reset);
}

void
DaemonConnection::End(TimePoint now, std::string_view to, std::string_view reason, bool reset)
{
    if (m_phase == Phase::Over)
    {
        return;
    }
    m_host.journal.Connection(now,
                              m_facts,
                              m_begun ? ToString(m_phase) : std::string_view(),
                              to,
                              reason);
    m_phase = Phase::Over;
    --m_host.connections;
    StopRelay();
    m_channel->Close(reset);
    CloseLocal(reset);
    OnOver(now);
}

} // namespace isb
