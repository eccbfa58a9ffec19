// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/volunteer-desk.h"

#include <algorithm>
#include <optional>

namespace isb
{

namespace
{

/// The smaller of two bounds of which 0 is none.
template <typename T>
T
Bound(T a, T b)
{
    return a == 0 || b == 0 ? std::max(a, b) : std::min(a, b);
}

} // namespace

VolunteerDesk::VolunteerDesk(BrokerDesk& desk,
                             SessionTable& sessions,
                             IstRegistry& registry,
                             ConnectionTable& connections,
                             ConnectionKeeper& keeper)
    : m_desk(desk),
      m_sessions(sessions),
      m_registry(registry),
      m_connections(connections),
      m_keeper(keeper)
{
}

bool
VolunteerDesk::May(const BrokerSession& session) const
{
    return m_desk.settings.volunteers && session.profile->mayVolunteer && session.MayCarry();
}

void
VolunteerDesk::Consider(BrokerSession& session)
{
    VolunteerState& state = session.volunteer;
    if (state.serving)
    {
        m_registry.UpdateVolunteer(session);
        return;
    }
    if (!May(session) || state.offered)
    {
        return;
    }
    state.offered = true;
    const UserAbilities& abilities = session.login.abilities;
    state.rateBps = Bound(abilities.volunteerRateBps, m_desk.settings.volunteerRate.bitsPerSecond);
    state.connections = std::max<uint32_t>(
        Bound(abilities.volunteerConnections, m_desk.settings.volunteerConnections),
        1);
    m_sessions.Send(
        session,
        VolunteerOfferMessage{state.rateBps, state.connections, m_desk.settings.istHelloInterval});
}

void
VolunteerDesk::Answer(BrokerSession& session, const VolunteerAnswerMessage& message)
{
    VolunteerState& state = session.volunteer;
    const bool fits = message.connections <= state.connections &&
                      (state.rateBps == 0 || message.rateBps <= state.rateBps) &&
                      (!message.accepted || message.connections > 0);
    if (!state.offered || state.serving || !fits)
    {
        m_sessions.End(session, IsbCode::BadRequest, SessionClose::Told);
        return;
    }
    if (message.accepted)
    {
        state.serving = true;
        state.connections = message.connections;
        m_sessions.Reschedule(session);
        m_registry.RegisterVolunteer(session);
    }
}

bool
VolunteerDesk::SpliceReady(BrokerSession& session, SpliceReadyMessage message)
{
    if (!session.MayCarry())
    {
        return false;
    }
    const ServiceConnection* connection = m_connections.FindBySplice(message.splice);
    if (connection != nullptr)
    {
        // Where the test packet came through, nothing that is claimed (promise T1).
        const bool udp = connection->protocol == Protocol::Udp;
        message.method = ForwardingMethod::Proxy;
        const std::optional<Endpoint>& door = udp ? session.volunteer.udp : session.volunteer.tcp;
        if (!door)
        {
            // Its mapping has changed since it was asked: it is tested anew.
            m_sessions.Send(session, SpliceCancelMessage{message.splice});
            m_keeper.SpliceFault(session, {IsbCode::ConnectFailed, message.splice, {}});
            return true;
        }
        message.subscriber = *door;
        message.provider = *door;
    }
    m_keeper.SpliceReady(session, message);
    return true;
}

bool
VolunteerDesk::SpliceEvent(BrokerSession& session, const SpliceEventMessage& message)
{
    if (session.MayCarry())
    {
        m_keeper.SpliceEvent(session, message);
    }
    return session.MayCarry();
}

bool
VolunteerDesk::Fault(BrokerSession& session, const FaultMessage& message)
{
    if (!session.MayCarry() || m_connections.FindBySplice(message.request) == nullptr)
    {
        return false;
    }
    m_keeper.SpliceFault(session, message);
    return true;
}

} // namespace isb
