// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/nat-prober.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace isb
{

namespace
{

/// The first port that is not the system's (RFC 6335 section 6).
constexpr uint16_t FIRST_USER_PORT = 1024;

} // namespace

NatProber::NatProber(BrokerDesk& desk,
                     SessionTable& sessions,
                     IstRegistry& registry,
                     OnFullCone found)
    : m_desk(desk),
      m_sessions(sessions),
      m_registry(registry),
      m_found(std::move(found)),
      m_sender([&desk] { return desk.NewSocket(); }, desk.orders)
{
}

void
NatProber::Start(BrokerSession& session)
{
    const UserAbilities& abilities = session.login.abilities;
    const bool translated = session.observed.address != session.login.local.address &&
                            session.observed.address.value >> 24 != 127;
    if (abilities.natTest && abilities.loginPort && translated)
    {
        Begin(session, Protocol::Tcp, session.observed);
    }
}

void
NatProber::Report(BrokerSession& session, const NatReportMessage& message)
{
    if (!session.login.abilities.natTest)
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    if (message.token != Token{})
    {
        const auto found = std::find_if(m_tests.begin(),
                                        m_tests.end(),
                                        [&](const auto& entry) {
                                            return entry.second.session == session.Socket() &&
                                                   entry.second.token == message.token;
                                        });
        if (found != m_tests.end()) // else late
        {
            const Test test = found->second;
            Erase(found->first);
            Conclude(session, test, true);
        }
        return;
    }
    // Nobody has packets sent to an address that is not his (promise T2).
    const bool own =
        message.udp.address == session.observed.address && message.udp.port >= FIRST_USER_PORT;
    const bool translated = session.observed.address != session.login.local.address;
    if (own && translated && session.volunteer.udp != message.udp)
    {
        session.volunteer.udp.reset();
        m_registry.UpdateVolunteer(session);
        Begin(session, Protocol::Udp, message.udp);
    }
}

void
NatProber::Begin(BrokerSession& session, Protocol protocol, Endpoint target)
{
    if (session.volunteer.natTests >= MOST_TESTS)
    {
        return;
    }
    ++session.volunteer.natTests;
    const uint64_t number = ++m_last;
    Test& test = m_tests[number];
    test.session = session.Socket();
    test.protocol = protocol;
    test.target = target;
    test.token = m_desk.NewToken();
    m_deadlines.Schedule(number, test.entered, m_desk.now + m_desk.settings.probeTimeout);
    m_sessions.Send(session, NatProbeMessage{ToldHalf(test.token), protocol});
    Send(session, test);
    if (!test.sent)
    {
        const Test unsent = test;
        Erase(number);
        Conclude(session, unsent, false);
    }
}

void
NatProber::Send(const BrokerSession& session, Test& test)
{
    const ProbeOrderMessage order{test.target, test.token, test.protocol};
    const Endpoint& own = m_desk.settings.probeFrom;
    if (own.address.value != 0)
    {
        test.proves = own.address != session.local.address;
        test.sender = "isb";
        test.sent = m_sender.Send(m_desk.now, order, own);
        return;
    }
    if (const std::string* ist = m_registry.FindProber(session.local.address))
    {
        test.proves = true;
        test.sender = "ist";
        test.sent = m_sessions.SendToIst(*ist, order);
        return;
    }
    test.sender = "isb";
    test.sent = m_sender.Send(m_desk.now, order, {});
}

void
NatProber::Conclude(BrokerSession& session, const Test& test, bool came)
{
    TraceEvent event = m_desk.Event(TraceKind::NatTypeKnown);
    event.user = session.Name();
    event.session = session.id;
    event.to = "unknown";
    event.reason = !test.sent ? "isb.not-sent" : "isb.one-address";
    if (test.sent && !came)
    {
        event.to = "not-full-cone";
        event.reason = "isb.probe-timeout";
    }
    else if (test.sent && test.proves)
    {
        event.to = "full-cone";
        event.reason = "isb.probe-seen";
    }
    event.detail = test.sender;
    event.flow = FlowKey{test.protocol, session.login.local, test.target};
    event.rule = "thesis 3.6.3";
    m_desk.Emit(event);
    if (came && test.proves)
    {
        (test.protocol == Protocol::Tcp ? session.volunteer.tcp : session.volunteer.udp) =
            test.target;
        m_found(session);
    }
}

void
NatProber::Erase(uint64_t number)
{
    const auto found = m_tests.find(number);
    m_deadlines.Schedule(number, found->second.entered, TIME_NEVER);
    m_tests.erase(found);
}

void
NatProber::Forget(SocketId session)
{
    for (auto test = m_tests.begin(); test != m_tests.end();)
    {
        const auto next = std::next(test);
        if (test->second.session == session)
        {
            Erase(test->first);
        }
        test = next;
    }
}

void
NatProber::Stop()
{
    while (!m_tests.empty())
    {
        Erase(m_tests.begin()->first);
    }
    m_sender.Stop();
}

bool
NatProber::Owns(SocketId socket) const
{
    return m_sender.Owns(socket);
}

void
NatProber::Listening(SocketId socket)
{
    m_sender.Listening(m_desk.now, socket);
}

void
NatProber::Connected(SocketId socket)
{
    m_sender.Connected(socket);
}

void
NatProber::Failed(SocketId socket)
{
    m_sender.Failed(socket);
}

TimePoint
NatProber::NextTimeout() const
{
    return std::min(m_deadlines.Next(), m_sender.NextTimeout());
}

void
NatProber::Timeout()
{
    m_sender.Timeout(m_desk.now);
    while (const std::optional<uint64_t> number = m_deadlines.PopDue(m_desk.now))
    {
        m_tests.at(*number).entered = TIME_NEVER;
        const Test test = m_tests.at(*number);
        Erase(*number);
        if (BrokerSession* session = m_sessions.Find(test.session))
        {
            Conclude(*session, test, false);
        }
    }
}

size_t
NatProber::Size() const
{
    return m_tests.size() + m_sender.Size();
}

} // namespace isb
