// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/ist-list-pacer.h"

#include <algorithm>

namespace isb
{

IstListPacer::IstListPacer(BrokerDesk& desk, SessionTable& sessions, const IstRegistry& registry)
    : m_desk(desk),
      m_sessions(sessions),
      m_registry(registry),
      m_announced(registry.Version())
{
}

void
IstListPacer::Welcome(BrokerSession& session)
{
    session.istListVersion = m_registry.Version();
    m_sessions.Send(session, m_registry.List());
}

void
IstListPacer::Watch()
{
    if (m_registry.Version() != m_announced && m_next == TIME_NEVER)
    {
        m_next = std::max(m_desk.now + COLLECT, m_earliest);
    }
}

void
IstListPacer::Clear()
{
    m_announced = m_registry.Version();
    m_next = TIME_NEVER;
    m_inRound = false;
}

TimePoint
IstListPacer::NextTimeout() const
{
    return m_next;
}

void
IstListPacer::Timeout()
{
    if (m_desk.now < m_next)
    {
        return;
    }
    if (!m_inRound)
    {
        m_inRound = true;
        m_announced = m_registry.Version();
        m_earliest = m_desk.now + PERIOD;
        m_last.clear();
    }
    SendBatch();
}

void
IstListPacer::SendBatch()
{
    const IstListMessage list = m_registry.List();
    for (size_t looked = 0; looked < BATCH; ++looked)
    {
        BrokerSession* session = m_sessions.UserAfter(m_last);
        if (session == nullptr)
        {
            m_inRound = false;
            m_next = TIME_NEVER;
            Watch();
            return;
        }
        m_last = session->Name();
        if (session->istListVersion < m_announced)
        {
            session->istListVersion = m_registry.Version();
            m_sessions.Send(*session, list);
        }
    }
    m_next = m_desk.now + STEP;
}

} // namespace isb
