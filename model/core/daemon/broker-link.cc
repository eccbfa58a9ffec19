// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/broker-link.h"

#include <utility>
#include <variant>

namespace isb
{

namespace
{

/// Intervals without any message after which the ISB counts as lost.
constexpr int HELLOS_MISSED = 3;

/// Bytes that an ISB which does not read makes us hold.
constexpr size_t MAX_UNSENT = 1 << 20;

constexpr uint64_t SIXTY_THREE_BITS = UINT64_MAX >> 1;

} // namespace

BrokerLink::BrokerLink(DaemonHost& host, const Mac& mac, BrokerLinkOwner& owner)
    : m_host(host),
      m_mac(mac),
      m_owner(owner),
      m_bootId((host.random.Next() & SIXTY_THREE_BITS) | 1),
      m_backoff(host.settings.retryFirst, host.settings.retryMost),
      m_timer(host.timers, [this](TimePoint now) { OnTimer(now); }),
      m_hello(host.timers, [this](TimePoint now) { OnHello(now); })
{
}

void
BrokerLink::Start(TimePoint now, uint16_t listenPort)
{
    m_listenPort = listenPort;
    Connect(now);
}

void
BrokerLink::Connect(TimePoint now)
{
    m_state = State::Connecting;
    m_host.sockets.Close(std::exchange(m_loginListener, 0), false);
    if (m_host.settings.ListensOnLoginPort())
    {
        m_loginListener = m_host.sockets.Listen(this, Protocol::Tcp, Endpoint{});
        m_timer.Set(now + m_host.settings.loginTimeout);
        return;
    }
    ConnectFrom(now, 0);
}

void
BrokerLink::OnListening(TimePoint now, SocketId, Endpoint local)
{
    ConnectFrom(now, local.port);
}

void
BrokerLink::OnAccepted(TimePoint now, SocketId, SocketId socket, Endpoint peer)
{
    m_owner.OnLoginStranger(now, socket, peer);
}

void
BrokerLink::ConnectFrom(TimePoint now, uint16_t port)
{
    const SocketId socket =
        m_host.sockets.Connect(this, Endpoint{Ipv4{}, port}, m_host.settings.broker);
    m_channel = std::make_unique<IsbChannel>(socket, m_host.journal.Trace());
    m_channel->SetIdentity(m_host.settings.user, 0);
    m_timer.Set(now + m_host.settings.loginTimeout);
}

void
BrokerLink::Stop(TimePoint now)
{
    if (m_state == State::LoggedIn)
    {
        m_channel->Send(now, ByeMessage{IsbCode::LoggedOut}, m_host.sockets.Orders());
        m_host.journal.Session(now,
                               "logged-in",
                               "closed",
                               m_session,
                               DaemonReason(IsbCode::LoggedOut));
    }
    if (m_channel)
    {
        m_host.sockets.Close(m_channel->Socket(), false);
    }
    m_channel.reset();
    m_host.sockets.Close(std::exchange(m_loginListener, 0), false);
    m_stunServers.clear();
    m_unsaid.clear();
    m_state = State::Off;
    m_session = 0;
    m_timer.Stop();
    m_hello.Stop();
}

bool
BrokerLink::IsLoggedIn() const
{
    return m_state == State::LoggedIn;
}

uint64_t
BrokerLink::Session() const
{
    return m_session;
}

Ipv4
BrokerLink::LocalAddress() const
{
    return m_local.address;
}

const std::vector<Endpoint>&
BrokerLink::StunServers() const
{
    return m_stunServers;
}

void
BrokerLink::SetHelloInterval(TimePoint now, Duration interval)
{
    if (IsLoggedIn() && interval > Duration(0))
    {
        m_helloInterval = interval;
        m_hello.Set(now + interval);
        m_timer.Set(now + HELLOS_MISSED * interval);
    }
}

uint64_t
BrokerLink::NewRequest()
{
    return ++m_lastRequest;
}

void
BrokerLink::Send(TimePoint now, IsbMessage message)
{
    if (!IsLoggedIn())
    {
        return;
    }
    m_channel->Send(now, std::move(message), m_host.sockets.Orders());
}

void
BrokerLink::Report(TimePoint now, const StatusMessage& status)
{
    if (IsLoggedIn())
    {
        Send(now, status);
        return;
    }
    const bool ends =
        status.phase == ConnectionPhase::Closed || status.phase == ConnectionPhase::Failed;
    if (m_state != State::Off && ends)
    {
        m_unsaid.push_back(status);
        if (m_unsaid.size() > m_host.settings.maxConnections)
        {
            m_unsaid.pop_front();
        }
    }
}

void
BrokerLink::OnConnected(TimePoint now, SocketId socket, Endpoint local)
{
    m_state = State::Connected;
    m_local = local;
    m_host.journal.Session(now, "", "connected", 0, "");
    m_host.sockets.Read(socket, READ_ALL);
}

void
BrokerLink::OnFailed(TimePoint now, SocketId socket, std::string_view)
{
    if (socket == m_loginListener)
    {
        m_loginListener = 0;
        if (m_state == State::Connecting && !m_channel)
        {
            ConnectFrom(now, 0);
        }
        return;
    }
    const bool wasUp = m_state != State::Connecting;
    Lose(now, wasUp ? IsbCode::PeerLost : IsbCode::ConnectFailed, false);
}

void
BrokerLink::OnEndOfStream(TimePoint now, SocketId)
{
    Lose(now, IsbCode::PeerLost, false);
}

void
BrokerLink::OnSent(TimePoint now, SocketId, size_t bytes)
{
    (void)now;
    m_channel->Sent(bytes);
}

void
BrokerLink::OnReceived(TimePoint now, SocketId socket, ByteView bytes)
{
    m_channel->Push(bytes);
    while (m_channel && m_channel->Socket() == socket)
    {
        const std::optional<IsbMessage> message = m_channel->Next(now);
        if (!message)
        {
            break;
        }
        m_heard = now;
        Handle(now, *message);
    }
    if (m_channel && m_channel->Socket() == socket && m_channel->Fault() != IsbCode::None)
    {
        Lose(now, m_channel->Fault(), true);
    }
}

void
BrokerLink::Handle(TimePoint now, const IsbMessage& message)
{
    if (const auto* bye = std::get_if<ByeMessage>(&message))
    {
        OnBye(now, bye->code);
        return;
    }
    if (const auto* hello = std::get_if<HelloMessage>(&message))
    {
        Greet(now, *hello);
        return;
    }
    if (const auto* loggedIn = std::get_if<LoggedInMessage>(&message))
    {
        Enter(now, *loggedIn);
        return;
    }
    const auto* fault = std::get_if<FaultMessage>(&message);
    if (m_state != State::LoggedIn)
    {
        Lose(now, fault != nullptr ? fault->code : IsbCode::BadState, true);
        return;
    }
    if (!std::holds_alternative<PongMessage>(message))
    {
        m_owner.OnMessage(now, message);
    }
}

void
BrokerLink::Greet(TimePoint now, const HelloMessage& hello)
{
    if (m_state != State::Connected)
    {
        Lose(now, IsbCode::BadState, true);
        return;
    }
    m_state = State::LoggingIn;
    LoginMessage login;
    login.role = IsbRole::User;
    login.name = m_host.settings.user;
    login.proof = m_mac.Compute(m_host.settings.secret, hello.challenge);
    login.local = m_local;
    login.listenPort = m_listenPort;
    login.bootId = m_bootId;
    login.canChoosePort = m_host.settings.canChoosePort;
    login.abilities.punch = m_host.settings.allowPunch;
    login.abilities.predict = m_host.settings.allowPunch && m_host.settings.allowPrediction;
    login.abilities.loginPort = m_loginListener != 0;
    login.abilities.natTest = m_host.settings.natTest || m_host.settings.volunteer;
    login.abilities.volunteer = m_host.settings.volunteer;
    if (m_host.settings.volunteer)
    {
        login.abilities.volunteerRateBps = m_host.settings.volunteerRate.bitsPerSecond;
        login.abilities.volunteerConnections = m_host.settings.volunteerConnections;
    }
    m_channel->Send(now, std::move(login), m_host.sockets.Orders());
}

void
BrokerLink::Enter(TimePoint now, const LoggedInMessage& message)
{
    if (m_state != State::LoggingIn)
    {
        Lose(now, IsbCode::BadState, true);
        return;
    }
    m_state = State::LoggedIn;
    m_session = message.session;
    m_helloInterval = message.helloInterval;
    m_stunServers = message.stun.endpoints;
    m_channel->SetIdentity(m_host.settings.user, m_session);
    m_backoff.Reset();
    m_timer.Stop();
    if (m_helloInterval > Duration(0))
    {
        m_hello.Set(now + m_helloInterval);
        m_timer.Set(now + HELLOS_MISSED * m_helloInterval);
    }
    ++m_host.journal.counters.logins;
    m_host.journal.Session(now, "connected", "logged-in", m_session, "");
    for (const StatusMessage& status : std::exchange(m_unsaid, {}))
    {
        Send(now, status);
    }
    m_owner.OnLoggedIn(now);
}

void
BrokerLink::OnBye(TimePoint now, IsbCode code)
{
    // Another login under this name, or a wrong secret: hurrying back would help nobody.
    if (code == IsbCode::Replaced || code == IsbCode::BadCredentials)
    {
        m_backoff.Exhaust();
    }
    Lose(now, code, false);
}

void
BrokerLink::Lose(TimePoint now, IsbCode code, bool say)
{
    const bool wasLoggedIn = m_state == State::LoggedIn;
    const bool wasConnecting = m_state == State::Connecting;
    if (say)
    {
        m_channel->Send(now, ByeMessage{code}, m_host.sockets.Orders());
    }
    // Not by reset: the Bye shall arrive. Nothing is read any more either way.
    if (m_channel)
    {
        m_host.sockets.Close(m_channel->Socket(), !say);
    }
    m_host.sockets.Close(std::exchange(m_loginListener, 0), false);
    m_channel.reset();
    m_hello.Stop();
    m_state = State::Waiting;
    m_timer.Set(now + m_backoff.Next(m_host.random));
    const uint64_t session = std::exchange(m_session, 0);
    m_host.journal.Session(now,
                           wasLoggedIn     ? "logged-in"
                           : wasConnecting ? ""
                                           : "connected",
                           "closed",
                           session,
                           DaemonReason(code));
    if (wasLoggedIn)
    {
        ++m_host.journal.counters.sessionsLost;
        m_owner.OnSessionOver(now);
    }
}

void
BrokerLink::OnTimer(TimePoint now)
{
    if (m_state == State::Waiting)
    {
        Connect(now);
        return;
    }
    if (m_state != State::LoggedIn)
    {
        Lose(now, IsbCode::TimedOut, false);
        return;
    }
    const TimePoint lost = m_heard + HELLOS_MISSED * m_helloInterval;
    if (now < lost)
    {
        m_timer.Set(lost);
        return;
    }
    Lose(now, IsbCode::TimedOut, true);
}

void
BrokerLink::OnHello(TimePoint now)
{
    if (m_channel->Unsent() > MAX_UNSENT)
    {
        Lose(now, IsbCode::SlowReader, false);
        return;
    }
    m_channel->Send(now, PingMessage{NewRequest()}, m_host.sockets.Orders());
    m_hello.Set(now + m_helloInterval);
}

} // namespace isb
