// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/session-table.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace isb
{

namespace
{

/// An IST reports for the connections of many users.
constexpr uint64_t IST_MESSAGES_PER_USER_MESSAGE = 50;

/// Takes the same time whatever differs.
bool
EqualBytes(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b)
{
    if (a.size() != b.size())
    {
        return false;
    }
    uint8_t difference = 0;
    for (size_t i = 0; i < a.size(); ++i)
    {
        difference = static_cast<uint8_t>(difference | (a[i] ^ b[i]));
    }
    return difference == 0;
}

/// Messages by which an honest user answers this one: Answer; Ready or Fault; Established and how
/// it ended; of a volunteer's splice that it is ready, paired, over.
size_t
AnswersTo(const IsbMessage& message)
{
    if (std::holds_alternative<InstructMessage>(message))
    {
        return 2;
    }
    if (std::holds_alternative<VolunteerSpliceMessage>(message))
    {
        return 3;
    }
    const bool asks = std::holds_alternative<OfferMessage>(message) ||
                      std::holds_alternative<NatProbeMessage>(message) ||
                      std::holds_alternative<VolunteerOfferMessage>(message) ||
                      std::holds_alternative<PrepareMessage>(message) ||
                      std::holds_alternative<GatherMessage>(message);
    return asks ? 1 : 0;
}

bool
IsAnswer(const IsbMessage& message)
{
    return std::holds_alternative<AnswerMessage>(message) ||
           std::holds_alternative<NatReportMessage>(message) ||
           std::holds_alternative<VolunteerAnswerMessage>(message) ||
           std::holds_alternative<SpliceReadyMessage>(message) ||
           std::holds_alternative<SpliceEventMessage>(message) ||
           std::holds_alternative<ReadyMessage>(message) ||
           std::holds_alternative<GatheredMessage>(message) ||
           std::holds_alternative<FaultMessage>(message) ||
           std::holds_alternative<StatusMessage>(message);
}

/// Where users can be sent to (promise T1): not "this network", loopback, link-local with the
/// metadata services, multicast, reserved (RFC 6890).
bool
IsUsable(Ipv4 address)
{
    const uint32_t first = address.value >> 24;
    return first != 0 && first != 127 && first < 224 && address.value >> 16 != 0xa9fe;
}

BrokerSession*
FindIn(const std::map<std::string, BrokerSession*>& names, const std::string& name)
{
    const auto place = names.find(name);
    return place == names.end() ? nullptr : place->second;
}

} // namespace

SessionTable::SessionTable(BrokerDesk& desk, const Mac& mac)
    : m_desk(desk),
      m_mac(mac),
      m_unproven(desk.settings.maxUnproven, desk.settings.maxUnprovenPerAddress)
{
}

SocketId
SessionTable::Accept(Endpoint local, Endpoint peer)
{
    const std::optional<SocketId> displaced = m_unproven.Displaced(peer.address);
    if (displaced)
    {
        End(*Find(*displaced), IsbCode::Overloaded, SessionClose::Told);
    }
    const SocketId socket = m_desk.NewSocket();
    auto created = std::make_unique<BrokerSession>(socket, m_desk.trace);
    BrokerSession& session = *created;
    m_sessions.emplace(socket, std::move(created));
    session.id = m_desk.NewId();
    session.observed = peer;
    session.local = local;
    session.challenge = m_desk.NewToken();
    session.accepted = m_desk.now;
    session.lastHeard = m_desk.now;
    session.channel.SetIdentity({}, session.id);
    m_unproven.Add(socket, peer.address);
    m_deadlines.Schedule(socket, session.entered, DeadlineOf(session));

    TraceEvent event = m_desk.Event(TraceKind::SessionState);
    event.flow = FlowKey{Protocol::Tcp, peer, local};
    event.to = "connected";
    event.session = session.id;
    m_desk.Emit(event);

    m_desk.orders.emplace_back(ReadOrder{socket, READ_ALL});
    Send(session, HelloMessage{session.challenge, peer, m_desk.settings.name});
    return socket;
}

BrokerSession*
SessionTable::Find(SocketId socket)
{
    const auto place = m_sessions.find(socket);
    return place == m_sessions.end() ? nullptr : place->second.get();
}

BrokerSession*
SessionTable::FindUser(const std::string& name)
{
    return FindIn(m_users, name);
}

BrokerSession*
SessionTable::FindIst(const std::string& name)
{
    return FindIn(m_ists, name);
}

BrokerSession*
SessionTable::UserAfter(const std::string& name)
{
    const auto place = m_users.upper_bound(name);
    return place == m_users.end() ? nullptr : place->second;
}

IsbCode
SessionTable::Check(const BrokerSession& session, const LoginMessage& login) const
{
    const auto profile = m_desk.settings.profiles.find(login.name);
    const bool proved = IsProof(login, session.challenge);
    if (profile == m_desk.settings.profiles.end() || !proved)
    {
        return IsbCode::BadCredentials;
    }
    if (login.role == IsbRole::Ist)
    {
        if (!profile->second.mayBeIst)
        {
            return IsbCode::NotAllowed;
        }
        const Ipv4 address =
            login.ist.address.value != 0 ? login.ist.address : session.observed.address;
        if (login.ist.methods.empty() || !IsUsable(address))
        {
            return IsbCode::BadRequest; // users could not use it
        }
    }
    const ByName& names = login.role == IsbRole::User ? m_users : m_ists;
    if (names.count(login.name) == 0 &&
        m_users.size() + m_ists.size() >= m_desk.settings.maxSessions)
    {
        return IsbCode::Overloaded;
    }
    return IsbCode::None;
}

void
SessionTable::Install(BrokerSession& session, const LoginMessage& login)
{
    const IsbSettings& settings = m_desk.settings;
    const bool user = login.role == IsbRole::User;
    session.proven = true;
    session.login = login;
    session.profile = &settings.profiles.at(login.name);
    const uint64_t rate = session.profile->quota.messagesPerSecond;
    session.budget =
        m_budgets.Take({login.role, login.name},
                       MessageBudget(user ? rate : rate * IST_MESSAGES_PER_USER_MESSAGE));
    session.channel.SetIdentity(login.name, session.id);
    m_unproven.Remove(session.Socket(), session.observed.address);
    NamesOf(login.role)[login.name] = &session;
    m_deadlines.Schedule(session.Socket(), session.entered, DeadlineOf(session));
    ++m_desk.counters.logins;

    TraceEvent event = m_desk.Event(TraceKind::SessionState);
    event.from = "connected";
    event.to = "logged-in";
    event.user = login.name;
    event.session = session.id;
    event.detail = user ? "user" : "ist";
    m_desk.Emit(event);
    LoggedInMessage loggedIn;
    loggedIn.session = session.id;
    loggedIn.helloInterval = user ? settings.helloInterval : settings.istHelloInterval;
    if (user)
    {
        loggedIn.stun.endpoints = settings.stunServers;
    }
    Send(session, std::move(loggedIn));
}

bool
SessionTable::Heard(BrokerSession& session, const IsbMessage& message)
{
    ++m_desk.counters.messages;
    session.lastHeard = m_desk.now;
    if (session.awaited > 0 && IsAnswer(message))
    {
        --session.awaited;
        return true;
    }
    if (session.budget.Take(m_desk.now))
    {
        return true;
    }
    End(session, IsbCode::QuotaExceeded, SessionClose::Told);
    return false;
}

void
SessionTable::Send(BrokerSession& session, IsbMessage message)
{
    if (session.ended)
    {
        return;
    }
    // All others may ask at once; what is not answered does not add up without end.
    session.awaited =
        std::min(session.awaited + AnswersTo(message), 2 * m_desk.settings.maxSessions);
    session.channel.Send(m_desk.now, std::move(message), m_desk.orders);
    if (session.channel.Unsent() > m_desk.settings.maxUnsentBytes)
    {
        End(session, IsbCode::SlowReader, SessionClose::Reset);
    }
}

bool
SessionTable::SendToUser(const std::string& name, IsbMessage message)
{
    BrokerSession* session = FindUser(name);
    if (session != nullptr)
    {
        Send(*session, std::move(message));
    }
    return session != nullptr;
}

bool
SessionTable::SendToIst(const std::string& name, IsbMessage message)
{
    BrokerSession* session = FindIst(name);
    if (session == nullptr)
    {
        BrokerSession* user = FindUser(name);
        session = user != nullptr && user->volunteer.serving ? user : nullptr;
    }
    if (session != nullptr)
    {
        Send(*session, std::move(message));
    }
    return session != nullptr;
}

void
SessionTable::Reschedule(BrokerSession& session)
{
    m_deadlines.Schedule(session.Socket(), session.entered, DeadlineOf(session));
}

void
SessionTable::Refuse(BrokerSession& session, uint64_t request, IsbCode code, std::string_view text)
{
    ++m_desk.counters.refused[ToString(code)];
    Send(session, FaultMessage{code, request, std::string(text)});
}

void
SessionTable::RefuseUser(const std::string& name,
                         uint64_t request,
                         IsbCode code,
                         std::string_view text)
{
    if (BrokerSession* session = FindUser(name))
    {
        Refuse(*session, request, code, text);
    }
}

void
SessionTable::End(BrokerSession& session, IsbCode code, SessionClose how)
{
    if (session.ended)
    {
        return;
    }
    const SocketId socket = session.Socket();
    if (how == SessionClose::Told)
    {
        session.channel.Send(m_desk.now, ByeMessage{code}, m_desk.orders);
    }
    if (how != SessionClose::Gone)
    {
        m_desk.orders.emplace_back(CloseOrder{socket, how == SessionClose::Reset});
    }
    session.ended = true;
    ++m_desk.counters.ended[ToString(code)];
    TraceEvent event = m_desk.Event(TraceKind::SessionState);
    event.from = session.proven ? "logged-in" : "connected";
    event.to = "closed";
    event.user = session.Name();
    event.session = session.id;
    event.reason = ReasonOf(code);
    m_desk.Emit(event);

    m_deadlines.Schedule(socket, session.entered, TIME_NEVER);
    if (session.proven)
    {
        NamesOf(session.login.role).erase(session.Name());
        m_budgets.Keep(m_desk.now, {session.login.role, session.Name()}, session.budget);
        m_ended.push_back({socket, session.login.role, session.Name(), code});
    }
    else
    {
        m_unproven.Remove(socket, session.observed.address);
    }
    const auto place = m_sessions.find(socket);
    m_graveyard.push_back(std::move(place->second));
    m_sessions.erase(place);
}

std::optional<EndedSession>
SessionTable::TakeEnded()
{
    if (m_ended.empty())
    {
        return std::nullopt;
    }
    EndedSession ended = std::move(m_ended.front());
    m_ended.pop_front();
    return ended;
}

void
SessionTable::Bury()
{
    m_graveyard.clear();
}

void
SessionTable::EndAll(IsbCode code)
{
    while (!m_sessions.empty())
    {
        End(*m_sessions.begin()->second, code, SessionClose::Told);
    }
}

TimePoint
SessionTable::NextTimeout() const
{
    return m_deadlines.Next();
}

void
SessionTable::Timeout()
{
    while (const std::optional<uint64_t> socket = m_deadlines.PopDue(m_desk.now))
    {
        BrokerSession& session = *Find(*socket);
        session.entered = TIME_NEVER;
        const TimePoint due = DeadlineOf(session);
        if (due <= m_desk.now)
        {
            End(session, IsbCode::TimedOut, SessionClose::Told);
            continue;
        }
        m_deadlines.Schedule(*socket, session.entered, due);
    }
}

size_t
SessionTable::Users() const
{
    return m_users.size();
}

size_t
SessionTable::Ists() const
{
    return m_ists.size();
}

size_t
SessionTable::Size() const
{
    return m_sessions.size();
}

TimePoint
SessionTable::DeadlineOf(const BrokerSession& session) const
{
    const IsbSettings& settings = m_desk.settings;
    if (!session.proven)
    {
        return session.accepted + settings.loginTimeout;
    }
    const bool carries = session.login.role == IsbRole::Ist || session.volunteer.serving;
    const Duration interval = carries ? settings.istHelloInterval : settings.helloInterval;
    return session.lastHeard + interval * settings.hellosMissed;
}

SessionTable::ByName&
SessionTable::NamesOf(IsbRole role)
{
    return role == IsbRole::User ? m_users : m_ists;
}

bool
SessionTable::IsProof(const LoginMessage& login, const Token& challenge) const
{
    // An unknown name costs the same time as a wrong proof.
    const auto profile = m_desk.settings.profiles.find(login.name);
    const std::string_view secret =
        profile == m_desk.settings.profiles.end() ? std::string_view() : profile->second.secret;
    return EqualBytes(m_mac.Compute(secret, challenge), login.proof);
}

} // namespace isb
