// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/listen-port.h"

#include <optional>
#include <utility>

namespace isb
{

ListenPort::ListenPort(DaemonHost& host, std::function<void(TimePoint)> settled)
    : m_host(host),
      m_settled(std::move(settled))
{
}

void
ListenPort::Start(TimePoint now)
{
    if (m_host.settings.listenPort == 0)
    {
        m_settled(now);
        return;
    }
    m_listener =
        m_host.sockets.Listen(this, Protocol::Tcp, Endpoint{Ipv4{}, m_host.settings.listenPort});
}

void
ListenPort::Stop()
{
    m_host.sockets.Close(std::exchange(m_listener, 0), false);
    m_port = 0;
    m_expected.clear();
    for (const auto& [socket, stranger] : std::exchange(m_strangers, {}))
    {
        m_host.sockets.Close(socket, true);
    }
}

uint16_t
ListenPort::Port() const
{
    return m_port;
}

void
ListenPort::Expect(TimePoint now, const Token& token, TokenAwaiter* awaiter)
{
    for (const auto& [socket, stranger] : m_strangers)
    {
        const std::optional<Token> shown = ReadServicePreface(stranger->preface);
        if (shown && (*shown == token || ToldHalf(*shown) == token))
        {
            HandOver(now, socket, awaiter, *shown);
            return;
        }
    }
    m_expected[token] = awaiter;
}

void
ListenPort::Forget(const Token& token)
{
    m_expected.erase(token);
}

size_t
ListenPort::StateSize() const
{
    return m_strangers.size();
}

void
ListenPort::OnListening(TimePoint now, SocketId, Endpoint local)
{
    m_port = local.port;
    m_settled(now);
}

void
ListenPort::OnAccepted(TimePoint now, SocketId, SocketId socket, Endpoint peer)
{
    Receive(now, socket, peer);
}

void
ListenPort::Receive(TimePoint now, SocketId socket, Endpoint peer)
{
    m_host.sockets.Give(socket, this);
    if (m_strangers.size() >= m_host.settings.maxStrangers && !m_strangers.empty())
    {
        TurnAway(now, m_strangers.begin()->first, DaemonReason(IsbCode::Overloaded));
    }
    auto stranger =
        std::make_unique<Stranger>(m_host.timers,
                                   [this, socket](TimePoint when)
                                   { TurnAway(when, socket, DaemonReason(IsbCode::BadToken)); });
    stranger->peer = peer;
    stranger->timer.Set(now + m_host.settings.strangerPatience);
    m_strangers.emplace(socket, std::move(stranger));
    m_host.sockets.Read(socket, SERVICE_PREFACE_SIZE);
}

void
ListenPort::OnFailed(TimePoint now, SocketId socket, std::string_view)
{
    if (socket == m_listener)
    {
        const bool first = m_port == 0;
        m_listener = 0;
        m_port = 0;
        if (first)
        {
            m_settled(now);
        }
        return;
    }
    m_strangers.erase(socket);
}

void
ListenPort::OnReceived(TimePoint now, SocketId socket, ByteView bytes)
{
    Stranger& stranger = *m_strangers.at(socket);
    stranger.preface.insert(stranger.preface.end(), bytes.data, bytes.data + bytes.size);
    if (stranger.preface.size() < SERVICE_PREFACE_SIZE)
    {
        return;
    }
    const std::optional<Token> token = ReadServicePreface(stranger.preface);
    if (!token)
    {
        TurnAway(now, socket, DaemonReason(IsbCode::BadToken));
        return;
    }
    auto expected = m_expected.find(*token);
    if (expected == m_expected.end())
    {
        expected = m_expected.find(ToldHalf(*token));
    }
    if (expected != m_expected.end())
    {
        TokenAwaiter* awaiter = expected->second;
        m_expected.erase(expected);
        HandOver(now, socket, awaiter, *token);
    }
}

void
ListenPort::OnEndOfStream(TimePoint now, SocketId socket)
{
    TurnAway(now, socket, DaemonReason(IsbCode::BadToken));
}

void
ListenPort::TurnAway(TimePoint now, SocketId socket, std::string_view reason)
{
    const FlowKey flow{Protocol::Tcp, m_strangers.at(socket)->peer, Endpoint{Ipv4{}, m_port}};
    m_host.journal.Drop(now, flow, 0, reason);
    m_host.sockets.Close(socket, true);
    m_strangers.erase(socket);
}

void
ListenPort::HandOver(TimePoint now, SocketId socket, TokenAwaiter* awaiter, const Token& token)
{
    m_strangers.erase(socket);
    awaiter->OnArrived(now, socket, token);
}

} // namespace isb
