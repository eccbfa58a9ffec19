// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/udp-channel.h"

#include "model/wire/registration.h"
#include "model/wire/service-preface.h"

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

} // namespace

UdpChannel::UdpChannel(DaemonHost& host, ChannelOwner& owner)
    : m_host(host),
      m_owner(owner),
      m_patience(host.timers,
                 [this](TimePoint now)
                 {
                     Abandon();
                     m_owner.OnChannelFailed(now, IsbCode::TimedOut);
                 }),
      m_repeat(host.timers, [this](TimePoint now) { m_proven ? KeepAlive(now) : Solicit(now); })
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
}

void
UdpChannel::Begin(TimePoint now, const InstructMessage& instruct)
{
    Abandon();
    m_instruct = instruct;
    m_active = true;
    m_patience.Set(now + instruct.patience);
    m_owner.OnChannelProving(now);
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
    if (const std::optional<Token> token = ReadServicePreface(bytes))
    {
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
        const bool due = m_lastSent + m_host.settings.registrationRetry / 2 <= now;
        if (due && now <= m_answerUntil && m_answers < MAX_ANSWERS)
        {
            ++m_answers;
            SendPreface(now);
        }
        return;
    }
    m_proven = true;
    m_peer = from;
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
    const auto preface = MakeServicePreface(m_instruct.sendToken);
    m_host.sockets.SendTo(m_socket, m_peer, {preface.begin(), preface.end()});
    m_lastSent = now;
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
