// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-session.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

/// From the connect order to the login.
constexpr Duration LOGIN_PATIENCE = std::chrono::seconds(10);
/// Hello intervals without any message after which the ISB is lost.
constexpr int HELLOS_MISSED = 3;
/// An ISB that asks for more hello messages than this is not obeyed.
constexpr Duration LEAST_HELLO_INTERVAL = std::chrono::milliseconds(10);
/// Bytes that an ISB may leave unread.
constexpr size_t MOST_UNSENT = size_t{1} << 20;

} // namespace

IstSession::IstSession(const IstServerSettings& settings,
                       const Mac& mac,
                       Rng& random,
                       TraceSink* trace,
                       IstOutbox& outbox)
    : m_settings(settings),
      m_mac(mac),
      m_random(random),
      m_trace(trace),
      m_outbox(outbox),
      m_bootId(random.Next() >> 1 | 1),
      m_pingPort(settings.pingPort),
      m_wait(settings.retryFirst)
{
}

void
IstSession::Start(TimePoint now)
{
    Connect(now);
}

void
IstSession::Connect(TimePoint now)
{
    const SocketId socket = ++m_outbox.lastSocket;
    m_channel.emplace(socket, m_trace);
    m_channel->SetIdentity(m_settings.name, 0);
    m_outbox.orders.emplace_back(ConnectOrder{socket, {}, m_settings.broker});
    m_deadline = now + LOGIN_PATIENCE;
    Enter(now, State::Connecting, {}, {});
}

void
IstSession::Stop(TimePoint now)
{
    m_stopped = true;
    if (m_state == State::LoggedIn)
    {
        SendAny(now, ByeMessage{IsbCode::LoggedOut});
    }
    Close(now, "ist.stopped", {});
}

bool
IstSession::Owns(SocketId socket) const
{
    return m_channel && m_channel->Socket() == socket;
}

void
IstSession::Connected(TimePoint now, const Endpoint& local)
{
    m_local = local;
    m_outbox.orders.emplace_back(ReadOrder{m_channel->Socket(), READ_ALL});
    Enter(now, State::Greeting, {}, {});
}

void
IstSession::Received(ByteView bytes)
{
    m_channel->Push(bytes);
}

std::optional<IsbMessage>
IstSession::Next(TimePoint now)
{
    while (m_channel)
    {
        std::optional<IsbMessage> message = m_channel->Next(now);
        if (!message)
        {
            if (m_channel->Fault() != IsbCode::None)
            {
                Refuse(now, m_channel->Fault());
            }
            return std::nullopt;
        }
        if (!Handle(now, *message))
        {
            return message;
        }
    }
    return std::nullopt;
}

bool
IstSession::Handle(TimePoint now, const IsbMessage& message)
{
    if (const auto* bye = std::get_if<ByeMessage>(&message))
    {
        Close(now, "ist.broker-said-bye", ToString(bye->code));
        return true;
    }
    if (const auto* hello = std::get_if<HelloMessage>(&message))
    {
        OnHello(now, *hello);
        return true;
    }
    if (const auto* loggedIn = std::get_if<LoggedInMessage>(&message))
    {
        OnLoggedIn(now, *loggedIn);
        return true;
    }
    if (m_state != State::LoggedIn)
    {
        Refuse(now, IsbCode::BadState);
        return true;
    }
    m_silentUntil = now + HELLOS_MISSED * m_helloInterval;
    return std::holds_alternative<PongMessage>(message) ||
           std::holds_alternative<FaultMessage>(message);
}

void
IstSession::OnHello(TimePoint now, const HelloMessage& hello)
{
    if (m_state != State::Greeting)
    {
        Refuse(now, IsbCode::BadState);
        return;
    }
    m_observed = hello.observed.address;
    LoginMessage login;
    login.role = IsbRole::Ist;
    login.name = m_settings.name;
    login.proof = m_mac.Compute(m_settings.secret, hello.challenge);
    login.local = m_local;
    login.bootId = m_bootId;
    login.ist.methods = m_settings.methods;
    login.ist.address = m_settings.address;
    login.ist.capacity = m_settings.capacity;
    login.ist.pingPort = m_pingPort;
    login.abilities.natTest = m_settings.sendsProbes;
    SendAny(now, std::move(login));
    m_state = State::LoggingIn;
}

void
IstSession::OnLoggedIn(TimePoint now, const LoggedInMessage& loggedIn)
{
    if (m_state != State::LoggingIn)
    {
        Refuse(now, IsbCode::BadState);
        return;
    }
    m_number = loggedIn.session;
    m_channel->SetIdentity(m_settings.name, m_number);
    m_helloInterval = std::max(loggedIn.helloInterval, LEAST_HELLO_INTERVAL);
    m_deadline = TIME_NEVER;
    m_wait = m_settings.retryFirst;
    m_nextHello = now;
    m_silentUntil = now + HELLOS_MISSED * m_helloInterval;
    Enter(now, State::LoggedIn, {}, {});
}

void
IstSession::Sent(size_t bytes)
{
    m_channel->Sent(bytes);
}

void
IstSession::Lost(TimePoint now, std::string_view reason)
{
    m_channel.reset(); // the driver has no such socket any more
    Close(now, reason, {});
}

void
IstSession::Ended(TimePoint now)
{
    Close(now, "ist.broker-closed", {});
}

void
IstSession::Refuse(TimePoint now, IsbCode code)
{
    SendAny(now, ByeMessage{code});
    Close(now, "ist.broker-misbehaved", ToString(code));
}

void
IstSession::SendAny(TimePoint now, IsbMessage message)
{
    m_channel->Send(now, std::move(message), m_outbox.orders);
}

void
IstSession::Send(TimePoint now, IsbMessage message)
{
    if (m_state != State::LoggedIn)
    {
        return;
    }
    SendAny(now, std::move(message));
    if (m_channel->Unsent() > MOST_UNSENT)
    {
        m_outbox.orders.emplace_back(CloseOrder{m_channel->Socket(), true});
        m_channel.reset();
        Close(now, "ist.broker-does-not-read", {});
    }
}

bool
IstSession::IsRegistered() const
{
    return m_state == State::LoggedIn;
}

bool
IstSession::TakeHelloDue(TimePoint now)
{
    if (m_state != State::LoggedIn || now < m_nextHello)
    {
        return false;
    }
    m_nextHello = now + m_helloInterval;
    return true;
}

TimePoint
IstSession::NextTimeout() const
{
    return m_state == State::LoggedIn ? std::min(m_nextHello, m_silentUntil) : m_deadline;
}

void
IstSession::Timeout(TimePoint now)
{
    if (m_state == State::LoggedIn)
    {
        if (now >= m_silentUntil)
        {
            Close(now, "ist.broker-silent", {});
        }
        return;
    }
    if (now < m_deadline)
    {
        return;
    }
    if (m_state == State::Closed)
    {
        Connect(now);
        return;
    }
    Close(now, "ist.login-timeout", {});
}

/// Between half of the wait and all of it, so that ISTs of one ISB do not come all at once.
Duration
IstSession::NextWait()
{
    const auto half = static_cast<uint64_t>(std::max<Duration::rep>(m_wait.count() / 2, 1));
    const Duration wait{static_cast<Duration::rep>(half + m_random.Below(half))};
    m_wait = std::min(2 * m_wait, m_settings.retryMost);
    return wait;
}

void
IstSession::Close(TimePoint now, std::string_view reason, std::string_view detail)
{
    if (m_channel)
    {
        const bool orderly = m_state != State::Connecting;
        m_outbox.orders.emplace_back(CloseOrder{m_channel->Socket(), !orderly});
        m_channel.reset();
    }
    m_local = {};
    m_deadline = m_stopped ? TIME_NEVER : now + NextWait();
    if (m_state != State::Closed)
    {
        Enter(now, State::Closed, reason, detail);
    }
    m_number = 0;
}

void
IstSession::Enter(TimePoint now, State state, std::string_view reason, std::string_view detail)
{
    const auto nameOf = [](State which) -> std::string_view
    {
        switch (which)
        {
        case State::Closed:
            return "closed";
        case State::Connecting:
            return "connecting";
        case State::LoggedIn:
            return "logged-in";
        case State::Greeting:
        case State::LoggingIn:
            break;
        }
        return "connected";
    };
    const State before = std::exchange(m_state, state);
    if (!m_trace)
    {
        return;
    }
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::SessionState;
    event.from = nameOf(before);
    event.to = nameOf(state);
    event.user = m_settings.name;
    event.session = m_number;
    event.reason = reason;
    event.detail = detail;
    m_trace->Emit(event);
}

bool
IstSession::IsClosed() const
{
    return !m_channel;
}

Ipv4
IstSession::Observed() const
{
    return m_observed;
}

const Endpoint&
IstSession::Local() const
{
    return m_local;
}

void
IstSession::SetPingPort(uint16_t port)
{
    m_pingPort = port;
}

} // namespace isb
