// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-keeper.h"

#include <optional>

namespace isb
{

namespace
{

IsbCode
Or(IsbCode code, IsbCode otherwise)
{
    return code == IsbCode::None ? otherwise : code;
}

} // namespace

ConnectionKeeper::ConnectionKeeper(BrokerDesk& desk,
                                   SessionTable& sessions,
                                   ConnectionTable& connections,
                                   HalfClosedBook& halfClosed,
                                   ConnectionMaker& maker,
                                   ConnectionCloser& closer)
    : m_desk(desk),
      m_sessions(sessions),
      m_connections(connections),
      m_halfClosed(halfClosed),
      m_maker(maker),
      m_closer(closer)
{
}

void
ConnectionKeeper::Ready(BrokerSession& session, const ReadyMessage& message)
{
    ServiceConnection* connection = m_connections.Find(message.connection);
    if (connection == nullptr)
    {
        return; // ended meanwhile
    }
    if (connection->User(ServiceEnd::Provider) != session.Name())
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    m_maker.Ready(*connection, message);
}

void
ConnectionKeeper::Gathered(BrokerSession& session, const GatheredMessage& message)
{
    ServiceConnection* connection = m_connections.Find(message.connection);
    if (connection == nullptr)
    {
        return; // ended meanwhile
    }
    const std::optional<ServiceEnd> end = connection->EndOf(session.Name());
    if (!end)
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    m_maker.Gathered(*connection, *end, message);
}

void
ConnectionKeeper::Fault(BrokerSession& session, const FaultMessage& message)
{
    ServiceConnection* connection = m_connections.Find(message.request);
    if (connection == nullptr)
    {
        return;
    }
    if (connection->User(ServiceEnd::Provider) != session.Name())
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    if (connection->stage == ConnectionStage::Asked)
    {
        m_closer.Fail(*connection,
                      Or(message.code, IsbCode::Refused),
                      ServiceEnd::Provider,
                      message.text);
    }
}

void
ConnectionKeeper::Status(BrokerSession& session, const StatusMessage& message)
{
    ServiceConnection* connection = m_connections.Find(message.connection);
    if (connection == nullptr)
    {
        if (message.phase == ConnectionPhase::Closed || message.phase == ConnectionPhase::Failed)
        {
            m_halfClosed.Closed(session.Name(), message.connection);
        }
        return; // ended meanwhile
    }
    const std::optional<ServiceEnd> end = connection->EndOf(session.Name());
    if (!end)
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    if (message.phase == ConnectionPhase::Closed ||
        (message.phase == ConnectionPhase::Failed && message.code == IsbCode::Cancelled))
    {
        Closed(*connection, *end, message);
        return;
    }
    if (message.attempt != connection->attempt)
    {
        return; // of an attempt that was given up
    }
    switch (message.phase)
    {
    case ConnectionPhase::Established:
        Established(session, *connection, *end);
        return;
    case ConnectionPhase::Failed:
        if (connection->IsUp())
        {
            m_closer.Fail(*connection, Or(message.code, IsbCode::ConnectFailed), *end, {});
            return;
        }
        m_maker.AttemptFailed(*connection, Or(message.code, IsbCode::ConnectFailed), *end);
        return;
    case ConnectionPhase::Started:
        if (*end == ServiceEnd::Subscriber && connection->open.prepared && !connection->started &&
            connection->Party(*end).established)
        {
            connection->started = true;
            m_sessions.SendToUser(connection->User(ServiceEnd::Provider), message);
            StartIfDue(*connection);
        }
        return;
    case ConnectionPhase::Closed:
        return;
    }
}

void
ConnectionKeeper::Established(BrokerSession& session, ServiceConnection& connection, ServiceEnd end)
{
    ServiceParty& party = connection.Party(end);
    if (!party.instructed)
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    party.established = true;
    if (connection.IsUp() || !connection.Party(OtherEnd(end)).established)
    {
        return;
    }
    m_connections.Schedule(connection, TIME_NEVER);
    connection.stage = ConnectionStage::Established;
    ++m_desk.counters.connections;
    m_closer.Emit(connection, "instructed", "established", {}, {});
    if (connection.Party(OtherEnd(end)).closed)
    {
        m_closer.Finish(connection, IsbCode::None, OtherEnd(end), 0);
        return;
    }
    StartIfDue(connection);
}

void
ConnectionKeeper::StartIfDue(ServiceConnection& connection)
{
    if (connection.started && connection.stage == ConnectionStage::Established)
    {
        connection.stage = ConnectionStage::Started;
        m_closer.Emit(connection, "established", "started", {}, {});
    }
}

void
ConnectionKeeper::Closed(ServiceConnection& connection,
                         ServiceEnd end,
                         const StatusMessage& message)
{
    if (connection.IsUp())
    {
        m_closer.Finish(connection, message.code, end, message.sentBytes + message.receivedBytes);
        return;
    }
    ServiceParty& party = connection.Party(end);
    if (party.established && message.phase == ConnectionPhase::Closed &&
        connection.protocol == Protocol::Tcp)
    {
        // Short and over before the other end's Established came, whose bytes may be on their way.
        party.closed = true;
        return;
    }
    m_closer.Fail(connection, Or(message.code, IsbCode::Cancelled), end, {});
}

ServiceConnection*
ConnectionKeeper::FindSplice(BrokerSession& ist, uint64_t splice)
{
    ServiceConnection* connection = m_connections.FindBySplice(splice);
    if (connection != nullptr && (connection->ist != ist.Name() || !ist.MayCarry()))
    {
        m_sessions.End(ist, IsbCode::BadState, SessionClose::Told);
        return nullptr;
    }
    return connection;
}

void
ConnectionKeeper::SpliceReady(BrokerSession& ist, const SpliceReadyMessage& message)
{
    if (ServiceConnection* connection = FindSplice(ist, message.splice))
    {
        m_maker.SpliceReady(*connection, ist, message);
    }
}

void
ConnectionKeeper::SpliceFault(BrokerSession& ist, const FaultMessage& message)
{
    ServiceConnection* connection = FindSplice(ist, message.request);
    if (connection != nullptr && connection->stage == ConnectionStage::Asked)
    {
        m_maker.SpliceRefused(*connection, message.code);
    }
}

void
ConnectionKeeper::SpliceEvent(BrokerSession& ist, const SpliceEventMessage& message)
{
    ServiceConnection* connection = FindSplice(ist, message.splice);
    if (connection == nullptr)
    {
        if (message.news == SpliceNews::Ended || message.news == SpliceNews::Failed)
        {
            m_halfClosed.SpliceOver(ist.Name(), message.splice);
        }
        return;
    }
    switch (message.news)
    {
    case SpliceNews::FirstSyn:
        m_maker.FirstSyn(*connection, message.peerPort);
        return;
    case SpliceNews::Paired:
        connection->paired = true;
        return;
    case SpliceNews::FellBack:
        m_maker.FellBack(*connection);
        return;
    case SpliceNews::Ended:
    case SpliceNews::Failed:
        SpliceOver(*connection, message);
        return;
    }
}

void
ConnectionKeeper::SpliceOver(ServiceConnection& connection, const SpliceEventMessage& message)
{
    const bool stood = connection.IsUp() || connection.paired;
    const bool inOrder = message.news == SpliceNews::Ended && message.code == IsbCode::None &&
                         connection.protocol == Protocol::Tcp;
    if (stood && inOrder)
    {
        m_closer.Finish(connection, IsbCode::None, std::nullopt, message.bytes);
        return;
    }
    if (connection.IsUp())
    {
        const IsbCode code =
            Or(message.code,
               message.news == SpliceNews::Ended ? IsbCode::TimedOut : IsbCode::ConnectFailed);
        m_closer.Fail(connection, code, std::nullopt, "splice");
        return;
    }
    m_maker.AttemptFailed(connection, Or(message.code, IsbCode::ConnectFailed), std::nullopt);
}

void
ConnectionKeeper::UserEnded(const std::string& user, IsbCode code)
{
    for (const uint64_t id : m_connections.OfUser(user))
    {
        ServiceConnection& connection = *m_connections.Find(id);
        const ServiceEnd end = *connection.EndOf(user);
        if (!connection.IsUp() || code == IsbCode::LoggedOut)
        {
            m_closer.Fail(connection, code, end, user);
            continue;
        }
        connection.Party(end).attached = false;
        if (!connection.Party(OtherEnd(end)).attached)
        {
            m_closer.Forget(connection, code);
        }
    }
}

void
ConnectionKeeper::UserReturned(const std::string& user, uint64_t bootId)
{
    for (const uint64_t id : m_connections.OfUser(user))
    {
        ServiceConnection& connection = *m_connections.Find(id);
        const ServiceEnd end = *connection.EndOf(user);
        if (connection.Party(end).bootId == bootId)
        {
            connection.Party(end).attached = true;
            continue;
        }
        m_closer.Fail(connection, IsbCode::PeerLost, end, user);
    }
}

void
ConnectionKeeper::SubscriptionEnded(const EndedSubscription& subscription)
{
    for (const uint64_t id : m_connections.OfUser(subscription.subscriber))
    {
        ServiceConnection& connection = *m_connections.Find(id);
        if (connection.subscription == subscription.id && !connection.IsUp())
        {
            m_closer.Fail(connection, subscription.code, std::nullopt, {});
        }
    }
}

void
ConnectionKeeper::IstLost(const std::string& ist)
{
    for (const uint64_t id : m_connections.OfIst(ist))
    {
        ServiceConnection& connection = *m_connections.Find(id);
        if (connection.stage == ConnectionStage::Asked)
        {
            m_maker.IstLost(connection);
        }
    }
}

void
ConnectionKeeper::IstGone(const std::string& ist)
{
    for (const uint64_t id : m_connections.OfIst(ist))
    {
        ServiceConnection& connection = *m_connections.Find(id);
        if (!connection.IsUp())
        {
            m_maker.IstLost(connection);
            continue;
        }
        m_closer.Fail(connection, IsbCode::IstLost, std::nullopt, ist);
    }
}

} // namespace isb
