// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/half-closed-book.h"

#include <utility>

namespace isb
{

HalfClosedBook::HalfClosedBook(BrokerDesk& desk, SessionTable& sessions)
    : m_desk(desk),
      m_sessions(sessions)
{
}

void
HalfClosedBook::Add(const ServiceConnection& connection, ServiceEnd speaker)
{
    Entry& entry = m_entries[connection.id];
    entry.subscriber = connection.User(ServiceEnd::Subscriber);
    entry.other = connection.User(OtherEnd(speaker));
    ++m_subscribed[entry.subscriber];
    if (connection.splice != 0)
    {
        entry.ist = connection.ist;
        entry.splice = connection.splice;
        m_bySplice[entry.splice] = connection.id;
    }
    m_deadlines.Schedule(connection.id, entry.entered, m_desk.now + LINGER);
}

void
HalfClosedBook::Closed(const std::string& user, uint64_t connection)
{
    const auto place = m_entries.find(connection);
    if (place != m_entries.end() && place->second.other == user)
    {
        Erase(connection);
    }
}

void
HalfClosedBook::SpliceOver(const std::string& ist, uint64_t splice)
{
    const auto place = m_bySplice.find(splice);
    if (place != m_bySplice.end() && m_entries.at(place->second).ist == ist)
    {
        Erase(place->second);
    }
}

size_t
HalfClosedBook::SubscribedBy(const std::string& user) const
{
    const auto place = m_subscribed.find(user);
    return place == m_subscribed.end() ? 0 : place->second;
}

size_t
HalfClosedBook::Size() const
{
    return m_entries.size();
}

void
HalfClosedBook::Clear()
{
    while (!m_entries.empty())
    {
        Erase(m_entries.begin()->first);
    }
}

TimePoint
HalfClosedBook::NextTimeout() const
{
    return m_deadlines.Next();
}

void
HalfClosedBook::Timeout()
{
    while (const std::optional<uint64_t> connection = m_deadlines.PopDue(m_desk.now))
    {
        m_entries.at(*connection).entered = TIME_NEVER;
        const Entry entry = m_entries.at(*connection);
        Erase(*connection);
        if (entry.splice != 0)
        {
            m_sessions.SendToIst(entry.ist, SpliceCancelMessage{entry.splice});
        }
        m_sessions.SendToUser(entry.other, ConnectionEndedMessage{*connection, IsbCode::Cancelled});
    }
}

void
HalfClosedBook::Erase(uint64_t connection)
{
    const auto place = m_entries.find(connection);
    m_deadlines.Schedule(connection, place->second.entered, TIME_NEVER);
    m_bySplice.erase(place->second.splice);
    const auto count = m_subscribed.find(place->second.subscriber);
    if (--count->second == 0)
    {
        m_subscribed.erase(count);
    }
    m_entries.erase(place);
}

} // namespace isb
