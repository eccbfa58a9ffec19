// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/udp-channel.h"

#include "model/wire/registration.h"
#include "model/wire/service-preface.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

/// Repeated prefaces that are answered. Two ends that both stand would else answer each other for
/// ever, as a preface does not say whether it is itself an answer.
constexpr uint32_t MAX_ANSWERS = 16;

/// Keepalives of the peer that may be missing before it counts as lost.
constexpr int KEEPALIVES_MISSED = 3;

/// Times that a STUN server is asked, and how long for an answer each time.
constexpr uint32_t STUN_TRIES = 3;
constexpr Duration STUN_RETRY = std::chrono::milliseconds(200);
/// From the end of gathering to the other end's first datagrams: two control messages.
constexpr Duration TYPICAL_DELAY = std::chrono::milliseconds(100);

} // namespace

UdpChannel::UdpChannel(DaemonHost& host, ChannelOwner& owner)
    : m_host(host),
      m_owner(owner),
      m_sampler(host.random),
      m_stunTimer(host.timers, [this](TimePoint now) { OnStunTimer(now); }),
      m_patience(host.timers,
                 [this](TimePoint now)
                 {
                     m_note = m_instruct.path == ServicePath::Punched ? m_notes.ToString()
                                                                      : std::string();
                     Abandon();
                     m_owner.OnChannelFailed(now, IsbCode::TimedOut);
                 }),
      m_repeat(host.timers,
               [this](TimePoint now)
               {
                   if (m_proven)
                   {
                       KeepAlive(now);
                   }
                   else if (m_instruct.path == ServicePath::Punched)
                   {
                       Punch(now);
                   }
                   else
                   {
                       Solicit(now);
                   }
               })
{
}

UdpChannel::~UdpChannel()
{
    Close(false);
}

void
UdpChannel::Open(TimePoint)
{
    m_socket = m_host.sockets.Listen(this, Protocol::Udp, Endpoint{});
}

void
UdpChannel::OnListening(TimePoint now, SocketId, Endpoint local)
{
    m_local = local;
    m_owner.OnChannelOpen(now);
    if (m_gathering)
    {
        m_sampler.Begin(m_stunServers, m_local.port);
        AskStun(now);
    }
}

void
UdpChannel::Gather(TimePoint now, const std::vector<Endpoint>& stunServers, bool predict)
{
    Abandon();
    m_stunServers = stunServers;
    m_predict = predict;
    m_gathering = true;
    if (m_local.port != 0)
    {
        m_sampler.Begin(m_stunServers, m_local.port);
        AskStun(now);
    }
}

void
UdpChannel::AskStun(TimePoint now)
{
    if (m_sampler.IsDone())
    {
        FinishGathering(now);
        return;
    }
    ++m_asked;
    m_host.sockets.SendTo(m_socket, m_sampler.Server(), m_sampler.Request());
    m_stunTimer.Set(now + STUN_RETRY);
}

void
UdpChannel::OnStunTimer(TimePoint now)
{
    if (m_asked >= STUN_TRIES)
    {
        m_asked = 0;
        m_sampler.Skip();
    }
    AskStun(now);
}

void
UdpChannel::FinishGathering(TimePoint now)
{
    m_gathering = false;
    m_stunTimer.Stop();
    const PunchCandidates found =
        FindCandidates(m_sampler.Samples(), m_predict, now + TYPICAL_DELAY, ISB_PUNCH_LIMIT);
    m_sampler.Clear();
    m_owner.OnChannelGathered(now,
                              found,
                              found.endpoints.empty() ? IsbCode::ConnectFailed : IsbCode::None);
}

void
UdpChannel::Begin(TimePoint now, const InstructMessage& instruct)
{
    Abandon();
    m_instruct = instruct;
    m_active = true;
    m_patience.Set(now + instruct.patience);
    m_owner.OnChannelProving(now);
    if (instruct.path == ServicePath::Punched)
    {
        m_targets.push_back(instruct.target);
        m_targets.insert(m_targets.end(),
                         instruct.punch.endpoints.begin(),
                         instruct.punch.endpoints.end());
        m_targets.erase(std::remove_if(m_targets.begin(),
                                       m_targets.end(),
                                       [](const Endpoint& target) { return !IsPunchable(target); }),
                        m_targets.end());
        Punch(now);
        return;
    }
    if (instruct.role == ConnectRole::Connect)
    {
        m_peer = instruct.target;
        Solicit(now);
    }
}

void
UdpChannel::Abandon()
{
    m_active = false;
    m_proven = false;
    m_peer = Endpoint{};
    m_answers = 0;
    m_targets.clear();
    m_notes = {};
    m_gathering = false;
    m_asked = 0;
    m_sampler.Clear();
    m_stunTimer.Stop();
    m_patience.Stop();
    m_repeat.Stop();
}

void
UdpChannel::Close(bool)
{
    Abandon();
    m_host.sockets.Close(std::exchange(m_socket, 0), false);
}

SocketId
UdpChannel::Socket() const
{
    return m_socket;
}

Endpoint
UdpChannel::Peer() const
{
    return m_peer;
}

uint16_t
UdpChannel::Port() const
{
    return m_local.port;
}

std::string
UdpChannel::Note() const
{
    return m_note;
}

bool
UdpChannel::Leads() const
{
    return m_instruct.request != 0;
}

void
UdpChannel::OnFailed(TimePoint now, SocketId, std::string_view)
{
    m_socket = 0;
    Abandon();
    m_owner.OnChannelFailed(now, IsbCode::ConnectFailed);
}

void
UdpChannel::OnDatagram(TimePoint now, SocketId, Endpoint from, ByteView bytes)
{
    if (m_gathering && !m_sampler.IsDone() && from == m_sampler.Server())
    {
        if (m_sampler.Take(now, bytes))
        {
            m_asked = 0;
            AskStun(now);
        }
        return;
    }
    if (const std::optional<Token> token = ReadServicePreface(bytes))
    {
        if (m_active && m_instruct.path == ServicePath::Punched)
        {
            OnPunchPreface(now, from, *token, bytes.size);
            return;
        }
        OnPreface(now, from, *token, bytes.size);
        return;
    }
    if (m_proven && from == m_peer)
    {
        m_owner.OnChannelBytes(now, bytes);
        return;
    }
    Drop(now, from, bytes.size, "daemon.unproven");
}

void
UdpChannel::OnPreface(TimePoint now, Endpoint from, const Token& token, size_t bytes)
{
    const bool awaited = m_active && m_peer == Endpoint{};
    if (!m_active || (!awaited && from != m_peer))
    {
        Drop(now, from, bytes, "daemon.unproven");
        return;
    }
    if (token != m_instruct.expectToken)
    {
        Drop(now, from, bytes, DaemonReason(IsbCode::BadToken));
        return;
    }
    m_lastHeard = now;
    if (m_proven)
    {
        Answer(now);
        return;
    }
    Prove(now, from);
}

void
UdpChannel::Answer(TimePoint now)
{
    const bool due = m_lastSent + m_host.settings.registrationRetry / 2 <= now;
    if (due && now <= m_answerUntil && m_answers < MAX_ANSWERS)
    {
        ++m_answers;
        SendPreface(now);
    }
}

void
UdpChannel::OnPunchPreface(TimePoint now, Endpoint from, const Token& token, size_t bytes)
{
    const bool takes = !Leads() && token == TakingToken(m_instruct.expectToken);
    if (!IsPunchable(from))
    {
        Drop(now, from, bytes, "daemon.unproven");
        return;
    }
    if (!takes && token != m_instruct.expectToken)
    {
        Drop(now, from, bytes, DaemonReason(IsbCode::BadToken));
        return;
    }
    m_lastHeard = now;
    if (m_proven)
    {
        Answer(now);
        return;
    }
    if (Leads() || takes)
    {
        Prove(now, from);
        return;
    }
    if (std::find(m_targets.begin(), m_targets.end(), from) == m_targets.end())
    {
        ++m_notes.accepted;
    }
    // The other end cannot be sure that this place is heard before it hears from it, and repeats
    // its preface until then. The place is sent to only so often: its address may be forged
    // (promises T1, T2).
    SendTo(now, from, m_instruct.sendToken);
}

void
UdpChannel::Prove(TimePoint now, Endpoint peer)
{
    m_proven = true;
    m_peer = peer;
    m_patience.Stop();
    m_answerUntil = now + m_instruct.patience;
    // What was sent before the IST had paired both sides is lost: the other end may know nothing.
    SendPreface(now);
    m_repeat.Set(now + m_host.settings.udpKeepalive);
    m_owner.OnChannelProven(now);
}

void
UdpChannel::SendPreface(TimePoint now)
{
    const bool takes = m_instruct.path == ServicePath::Punched && Leads();
    SendTo(now, m_peer, takes ? TakingToken(m_instruct.sendToken) : m_instruct.sendToken);
}

void
UdpChannel::SendTo(TimePoint now, Endpoint target, const Token& token)
{
    const auto preface = MakeServicePreface(token);
    m_host.sockets.SendTo(m_socket, target, {preface.begin(), preface.end()});
    m_lastSent = now;
}

void
UdpChannel::Punch(TimePoint now)
{
    for (const Endpoint& target : m_targets)
    {
        ++m_notes.sent;
        SendTo(now, target, m_instruct.sendToken);
    }
    m_repeat.Set(now + m_host.settings.registrationRetry);
}

void
UdpChannel::Solicit(TimePoint now)
{
    if (m_instruct.path == ServicePath::Translated)
    {
        m_host.sockets.SendTo(m_socket,
                              m_peer,
                              {REGISTRATION_DATAGRAM.begin(), REGISTRATION_DATAGRAM.end()});
    }
    SendPreface(now);
    m_repeat.Set(now +
                 (m_proven ? m_host.settings.udpKeepalive : m_host.settings.registrationRetry));
}

void
UdpChannel::KeepAlive(TimePoint now)
{
    if (now - m_lastHeard > KEEPALIVES_MISSED * m_host.settings.udpKeepalive)
    {
        m_owner.OnChannelEnd(now, true);
        return;
    }
    Solicit(now);
}

void
UdpChannel::Drop(TimePoint now, Endpoint from, size_t bytes, std::string_view reason)
{
    m_host.journal.Drop(now, FlowKey{Protocol::Udp, from, m_local}, bytes, reason);
}

} // namespace isb
