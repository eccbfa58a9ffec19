// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-table.h"

#include <utility>

namespace isb
{

namespace
{

using Index = std::map<std::string, std::set<uint64_t>>;

void
EraseFrom(Index& index, const std::string& name, uint64_t id)
{
    const auto place = index.find(name);
    if (place == index.end())
    {
        return;
    }
    place->second.erase(id);
    if (place->second.empty())
    {
        index.erase(place);
    }
}

std::set<uint64_t>
CopyOf(const Index& index, const std::string& name)
{
    const auto place = index.find(name);
    return place == index.end() ? std::set<uint64_t>() : place->second;
}

} // namespace

ConnectionTable::ConnectionTable(IstRegistry& registry)
    : m_registry(registry)
{
}

ServiceConnection&
ConnectionTable::Add(ServiceConnection connection)
{
    const uint64_t id = connection.id;
    ServiceConnection& entry = m_connections.emplace(id, std::move(connection)).first->second;
    for (const ServiceParty& party : entry.parties)
    {
        m_byUser[party.user].insert(id);
    }
    ++m_subscribed[entry.User(ServiceEnd::Subscriber)];
    return entry;
}

void
ConnectionTable::Erase(uint64_t id)
{
    const auto place = m_connections.find(id);
    ServiceConnection& connection = place->second;
    DropSplice(connection);
    m_deadlines.Schedule(id, connection.entered, TIME_NEVER);
    for (const ServiceParty& party : connection.parties)
    {
        EraseFrom(m_byUser, party.user, id);
    }
    const auto count = m_subscribed.find(connection.User(ServiceEnd::Subscriber));
    if (--count->second == 0)
    {
        m_subscribed.erase(count);
    }
    m_connections.erase(place);
}

void
ConnectionTable::Clear()
{
    while (!m_connections.empty())
    {
        Erase(m_connections.begin()->first);
    }
}

ServiceConnection*
ConnectionTable::Find(uint64_t id)
{
    const auto place = m_connections.find(id);
    return place == m_connections.end() ? nullptr : &place->second;
}

ServiceConnection*
ConnectionTable::FindBySplice(uint64_t splice)
{
    const auto place = m_bySplice.find(splice);
    return place == m_bySplice.end() ? nullptr : Find(place->second);
}

std::set<uint64_t>
ConnectionTable::OfUser(const std::string& user) const
{
    return CopyOf(m_byUser, user);
}

std::set<uint64_t>
ConnectionTable::OfIst(const std::string& ist) const
{
    return CopyOf(m_byIst, ist);
}

size_t
ConnectionTable::SubscribedBy(const std::string& user) const
{
    const auto count = m_subscribed.find(user);
    return count == m_subscribed.end() ? 0 : count->second;
}

void
ConnectionTable::SetSplice(ServiceConnection& connection, uint64_t splice, const std::string& ist)
{
    DropSplice(connection);
    connection.splice = splice;
    connection.ist = ist;
    connection.paired = false;
    m_bySplice.emplace(splice, connection.id);
    m_byIst[ist].insert(connection.id);
    m_registry.Assign(ist);
}

void
ConnectionTable::DropSplice(ServiceConnection& connection)
{
    if (connection.splice == 0)
    {
        return;
    }
    m_bySplice.erase(connection.splice);
    EraseFrom(m_byIst, connection.ist, connection.id);
    m_registry.Release(connection.ist);
    connection.splice = 0;
    connection.ist.clear();
}

void
ConnectionTable::Schedule(ServiceConnection& connection, TimePoint when)
{
    m_deadlines.Schedule(connection.id, connection.entered, when);
}

TimePoint
ConnectionTable::NextTimeout() const
{
    return m_deadlines.Next();
}

ServiceConnection*
ConnectionTable::PopDue(TimePoint now)
{
    const std::optional<uint64_t> id = m_deadlines.PopDue(now);
    if (!id)
    {
        return nullptr;
    }
    ServiceConnection& connection = m_connections.at(*id);
    connection.entered = TIME_NEVER;
    return &connection;
}

size_t
ConnectionTable::Size() const
{
    return m_connections.size();
}

} // namespace isb
