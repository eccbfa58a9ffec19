// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/reachability-prober.h"

#include "model/wire/service-preface.h"

#include <optional>
#include <vector>

namespace isb
{

ReachabilityProber::ReachabilityProber(BrokerDesk& desk, SessionTable& sessions)
    : m_desk(desk),
      m_sessions(sessions)
{
}

void
ReachabilityProber::Start(BrokerSession& session)
{
    if (session.observed.address.value >> 24 == 127)
    {
        // On the broker's own host: what is true for the broker is not for others.
        Conclude(session, Reachability::Private, "isb.loopback");
        return;
    }
    if (session.observed.address != session.login.local.address)
    {
        Conclude(session, Reachability::Private, "isb.address-differs");
        return;
    }
    if (session.login.listenPort == 0)
    {
        Conclude(session, Reachability::Private, "isb.no-listen-port");
        return;
    }
    const SocketId owner = session.Socket();
    Probe& probe = m_probes[owner];
    probe.token = m_desk.NewToken();
    probe.socket = m_desk.NewSocket();
    m_sockets.emplace(probe.socket, owner);
    m_deadlines.Schedule(owner, probe.entered, m_desk.now + m_desk.settings.probeTimeout);
    const ConnectOrder connect{probe.socket,
                               Endpoint{},
                               Endpoint{session.observed.address, session.login.listenPort}};
    m_sessions.Send(session, ProbeMessage{probe.token});
    m_desk.orders.emplace_back(connect);
}

void
ReachabilityProber::Seen(BrokerSession& session, const ProbeSeenMessage& message)
{
    const auto probe = m_probes.find(session.Socket());
    if (probe == m_probes.end())
    {
        return; // late
    }
    if (probe->second.token != message.token)
    {
        m_sessions.End(session, IsbCode::BadToken, SessionClose::Told);
        return;
    }
    if (probe->second.socket != 0)
    {
        // The token is known from the session, but nothing was sent to the listen port yet.
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    Forget(session.Socket());
    Conclude(session, Reachability::Public, "isb.probe-seen");
}

void
ReachabilityProber::Forget(SocketId session)
{
    const auto place = m_probes.find(session);
    if (place == m_probes.end())
    {
        return;
    }
    Probe& probe = place->second;
    if (probe.socket != 0)
    {
        m_desk.orders.emplace_back(CloseOrder{probe.socket, true});
        m_sockets.erase(probe.socket);
    }
    m_deadlines.Schedule(session, probe.entered, TIME_NEVER);
    m_probes.erase(place);
}

bool
ReachabilityProber::Owns(SocketId socket) const
{
    return m_sockets.count(socket) != 0;
}

void
ReachabilityProber::Connected(SocketId socket)
{
    const auto owner = m_sockets.find(socket);
    Probe& probe = m_probes.at(owner->second);
    const auto preface = MakeServicePreface(probe.token);
    m_desk.orders.emplace_back(
        SendOrder{socket, std::vector<uint8_t>(preface.begin(), preface.end())});
    m_desk.orders.emplace_back(CloseOrder{socket, false});
    probe.socket = 0;
    m_sockets.erase(owner);
}

void
ReachabilityProber::Failed(SocketId socket)
{
    const auto owner = m_sockets.find(socket);
    const SocketId sessionSocket = owner->second;
    m_probes.at(sessionSocket).socket = 0;
    m_sockets.erase(owner);
    Forget(sessionSocket);
    if (BrokerSession* session = m_sessions.Find(sessionSocket))
    {
        Conclude(*session, Reachability::Private, "isb.probe-failed");
    }
}

TimePoint
ReachabilityProber::NextTimeout() const
{
    return m_deadlines.Next();
}

void
ReachabilityProber::Timeout()
{
    while (const std::optional<uint64_t> owner = m_deadlines.PopDue(m_desk.now))
    {
        m_probes.at(*owner).entered = TIME_NEVER;
        Forget(*owner);
        if (BrokerSession* session = m_sessions.Find(*owner))
        {
            Conclude(*session, Reachability::Private, "isb.probe-timeout");
        }
    }
}

size_t
ReachabilityProber::Size() const
{
    return m_probes.size();
}

void
ReachabilityProber::Conclude(BrokerSession& session,
                             Reachability reachability,
                             std::string_view reason)
{
    session.reachability = reachability;
    TraceEvent event = m_desk.Event(TraceKind::ReachabilityKnown);
    event.user = session.Name();
    event.session = session.id;
    event.to = ToString(reachability);
    event.reason = reason;
    event.flow = FlowKey{Protocol::Tcp, session.login.local, session.observed};
    event.rule = "thesis 3.4";
    m_desk.Emit(event);
    m_sessions.Send(session, NatStatusMessage{reachability, session.observed});
}

} // namespace isb
