// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-closer.h"

#include <string>

namespace isb
{

std::string_view
ToString(ConnectionStage stage)
{
    switch (stage)
    {
    case ConnectionStage::Asked:
        return "asked";
    case ConnectionStage::Instructed:
        return "instructed";
    case ConnectionStage::Established:
        return "established";
    case ConnectionStage::Started:
        return "started";
    }
    return "unknown";
}

ConnectionCloser::ConnectionCloser(BrokerDesk& desk,
                                   SessionTable& sessions,
                                   ConnectionTable& connections,
                                   HalfClosedBook& halfClosed)
    : m_desk(desk),
      m_sessions(sessions),
      m_connections(connections),
      m_halfClosed(halfClosed)
{
}

void
ConnectionCloser::Fail(ServiceConnection& connection,
                       IsbCode code,
                       std::optional<ServiceEnd> speaker,
                       std::string_view detail)
{
    Emit(connection, ToString(connection.stage), "failed", ReasonOf(code), detail);
    CancelSplice(connection);
    for (const ServiceEnd end : {ServiceEnd::Provider, ServiceEnd::Subscriber})
    {
        if (speaker != end)
        {
            Tell(connection, end, code);
        }
    }
    m_connections.Erase(connection.id);
}

void
ConnectionCloser::Finish(ServiceConnection& connection,
                         IsbCode code,
                         std::optional<ServiceEnd> speaker,
                         uint64_t bytes)
{
    const std::string detail = bytes == 0 ? std::string() : "bytes=" + std::to_string(bytes);
    Emit(connection, ToString(connection.stage), "closed", ReasonOf(code), detail);
    if (speaker && connection.protocol == Protocol::Udp)
    {
        CancelSplice(connection);
        Tell(connection, OtherEnd(*speaker), code);
    }
    else if (speaker)
    {
        m_halfClosed.Add(connection, *speaker);
    }
    m_connections.Erase(connection.id);
}

void
ConnectionCloser::Forget(ServiceConnection& connection, IsbCode code)
{
    Emit(connection, ToString(connection.stage), "closed", ReasonOf(code), "forgotten");
    m_connections.Erase(connection.id);
}

void
ConnectionCloser::CancelSplice(ServiceConnection& connection)
{
    if (connection.splice != 0)
    {
        m_sessions.SendToIst(connection.ist, SpliceCancelMessage{connection.splice});
        m_connections.DropSplice(connection);
    }
}

void
ConnectionCloser::Tell(const ServiceConnection& connection, ServiceEnd end, IsbCode code)
{
    const ServiceParty& party = connection.Party(end);
    if (party.knows)
    {
        m_sessions.SendToUser(party.user, ConnectionEndedMessage{connection.id, code});
        return;
    }
    if (end == ServiceEnd::Subscriber)
    {
        m_sessions.RefuseUser(party.user,
                              connection.open.request,
                              code,
                              "the connection could not be made");
    }
}

void
ConnectionCloser::Emit(const ServiceConnection& connection,
                       std::string_view from,
                       std::string_view to,
                       std::string_view reason,
                       std::string_view detail)
{
    TraceEvent event = m_desk.Event(TraceKind::ConnectionState);
    event.user = connection.User(ServiceEnd::Subscriber);
    event.peer = connection.User(ServiceEnd::Provider);
    event.service = connection.service;
    event.connection = connection.id;
    event.id = connection.open.request;
    event.from = from;
    event.to = to;
    event.reason = reason;
    event.detail = detail;
    event.path = ToString(connection.path);
    event.splice = connection.splice;
    event.ist = connection.ist;
    if (connection.path == ServicePath::Translated)
    {
        event.method = ToString(connection.method);
    }
    m_desk.Emit(event);
}

} // namespace isb
