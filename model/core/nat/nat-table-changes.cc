// SPDX-License-Identifier: GPL-2.0-or-later
// What happens to a NatMappingTable as a whole: forwards, loss of power, rebinding, new settings.
#include "model/core/nat/nat-mapping-table.h"

#include <algorithm>
#include <set>
#include <utility>

namespace isb
{

namespace
{

/// The part of a session's remote endpoint that counts from now on. What it never knew stays zero:
/// such a session keeps its mapping alive and permits nobody.
Endpoint
Narrowed(Endpoint remote, Endpoint relevant)
{
    return {relevant.address.value == 0 ? relevant.address : remote.address,
            relevant.port == 0 ? relevant.port : remote.port};
}

} // namespace

void
NatMappingTable::AddForwards()
{
    for (const NatForward& forward : m_settings.forwards)
    {
        const bool isOwn = forward.external.address.value == 0;
        const Endpoint external{isOwn ? m_settings.external : forward.external.address,
                                forward.external.port};
        m_allocator->Reserve(forward.protocol, external);
        for (const Endpoint internal : forward.internal)
        {
            NatMapping mapping;
            mapping.id = ++m_lastId;
            mapping.protocol = forward.protocol;
            mapping.internal = internal;
            mapping.external = external;
            mapping.isForward = true;
            const uint32_t slot = m_mappings.Add(mapping);
            Index(slot);
            m_forwards.Add(forward.protocol, external, slot);
            ++m_forwardCount;
        }
    }
}

void
NatMappingTable::Clear()
{
    m_mappings = {};
    m_sessions = {};
    m_outbound = {};
    m_external = {};
    m_insideIndex = {};
    m_outsideIndex = {};
    m_timers.Clear();
    m_subscribers =
        NatSubscribers(m_hash, m_settings.limits.newMappingsPerSecond, m_settings.limits.mappings);
    m_addressUses.clear();
    m_forwards.Clear();
    m_forwardCount = 0;
}

void
NatMappingTable::Reboot(TimePoint now)
{
    for (const uint32_t slot : List())
    {
        const NatMapping& mapping = m_mappings[slot];
        if (!mapping.isForward)
        {
            Trace(now, TraceKind::MappingExpired, mapping, mapping.remote);
        }
    }
    Clear();
    ReadSettings();
    AddForwards();
}

void
NatMappingTable::SetFull(bool full)
{
    m_full = full;
}

void
NatMappingTable::Rebind(TimePoint now)
{
    std::set<uint32_t> paired;
    for (const uint32_t slot : List())
    {
        const NatMapping mapping = m_mappings[slot];
        if (mapping.isForward)
        {
            continue;
        }
        if (paired.insert(mapping.subscriber).second)
        {
            m_allocator->PairAnew(m_subscribers[mapping.subscriber]);
        }
        // The old endpoint is still taken: whatever is free is another one.
        if (const auto external = Allocate(now, mapping.subscriber, mapping, std::nullopt))
        {
            Move(now, slot, *external);
            m_allocator->Release(now,
                                 mapping.protocol,
                                 mapping.external,
                                 m_subscribers,
                                 mapping.subscriber);
        }
        else if (!m_allocator->IsPairedWith(m_subscribers[mapping.subscriber],
                                            mapping.external.address))
        {
            EndMapping(now, slot); // RFC 4787 REQ-2: one external address a host
        }
    }
}

void
NatMappingTable::Move(TimePoint now, uint32_t slot, Endpoint external)
{
    NatMapping& mapping = m_mappings[slot];
    Trace(now, TraceKind::MappingExpired, mapping, mapping.remote);
    Unindex(slot);
    mapping.external = external;
    mapping.id = ++m_lastId;
    ++m_created;
    Index(slot);
    for (uint32_t session = mapping.sessions.First(); session != NAT_NO_SLOT;
         session = m_sessions[session].byMapping.next)
    {
        UnindexSession(session);
        m_sessions[session].external = external;
        IndexSession(session);
    }
    Trace(now, TraceKind::MappingCreated, mapping, mapping.remote);
}

/// All mappings in the order in which they were made. Sessions carry the moment of their last use
/// in `expiry`, so that it does not matter what timers there are afterwards.
std::vector<NatMappingTable::Saved>
NatMappingTable::SaveAll() const
{
    std::vector<Saved> all;
    for (const uint32_t slot : List())
    {
        Saved saved;
        saved.mapping = m_mappings[slot];
        for (uint32_t session = saved.mapping.sessions.First(); session != NAT_NO_SLOT;
             session = m_sessions[session].byMapping.next)
        {
            saved.sessions.push_back(m_sessions[session]);
            NatSession& copy = saved.sessions.back();
            copy.expiry -= m_durations[static_cast<size_t>(copy.timer)];
        }
        all.push_back(std::move(saved));
    }
    std::sort(all.begin(),
              all.end(),
              [](const Saved& left, const Saved& right)
              { return left.mapping.id < right.mapping.id; });
    return all;
}

void
NatMappingTable::Reconfigure(TimePoint now)
{
    const std::vector<Saved> all = SaveAll();
    const std::array<NatAxes, 3> before = m_axes;
    const NatAllocator allocator = std::move(*m_allocator);
    std::vector<NatMapping> ended;
    Clear();
    ReadSettings();
    AddForwards(); // first: a forward's port does not rest
    m_allocator->TakeOverResting(now, allocator);
    for (const Saved& saved : all)
    {
        const NatMapping& mapping = saved.mapping;
        if (mapping.isForward)
        {
            RestoreForward(now, saved);
        }
        else if (!Allows(mapping, before[NatProtocolIndex(mapping.protocol)]) ||
                 !Restore(now, saved))
        {
            Trace(now, TraceKind::MappingExpired, mapping, mapping.remote);
            ended.push_back(mapping);
        }
    }
    for (const NatMapping& mapping : ended)
    {
        m_allocator->Rest(now, mapping.protocol, mapping.external, mapping.internal.address);
    }
    Expire(now);
}

/// True when nothing in the settings speaks against a mapping that was made under other ones.
bool
NatMappingTable::Allows(const NatMapping& mapping, const NatAxes& before) const
{
    const NatLimits& limits = m_settings.limits;
    const Key asForward{mapping.protocol, mapping.internal, {}};
    return before.mapping == Axes(mapping.protocol).mapping &&
           (m_settings.internal.empty() || m_settings.IsInternal(mapping.internal.address)) &&
           FindMapping(m_outbound, asForward, &NatMapping::internal, true) == NAT_NO_SLOT &&
           MappingCount() < limits.mappings && m_sessions.Size() < limits.sessions;
}

/// Puts a mapping back with its external endpoint; false when that cannot be had any more.
bool
NatMappingTable::Restore(TimePoint now, const Saved& saved)
{
    NatMapping mapping = saved.mapping;
    const size_t limit = m_settings.limits.mappingsPerSubscriber;
    const Endpoint shared = SharedRemote(mapping.protocol, mapping.remote);
    mapping.subscriber = m_subscribers.Enter(now, mapping.internal.address);
    NatSubscriber& owner = m_subscribers[mapping.subscriber];
    const bool isTwice = FindMapping(m_external,
                                     {mapping.protocol, mapping.external, shared},
                                     &NatMapping::external,
                                     false) != NAT_NO_SLOT;
    if (isTwice || (limit != 0 && owner.mappings >= limit) ||
        !m_allocator
             ->Claim(now, mapping.protocol, mapping.external, m_subscribers, mapping.subscriber))
    {
        if (owner.mappings == 0)
        {
            m_subscribers.Leave(now, mapping.subscriber);
        }
        return false;
    }
    ++owner.mappings;
    mapping.sessions = {};
    mapping.sessionCount = 0;
    const uint32_t slot = m_mappings.Add(mapping);
    Index(slot);
    RestoreSessions(now, slot, saved);
    return true;
}

/// The sessions of a forward that is still there.
void
NatMappingTable::RestoreForward(TimePoint now, const Saved& saved)
{
    const NatMapping& mapping = saved.mapping;
    const uint32_t slot = FindMapping(m_outbound,
                                      {mapping.protocol, mapping.internal, {}},
                                      &NatMapping::internal,
                                      true);
    if (slot != NAT_NO_SLOT && m_mappings[slot].external == mapping.external)
    {
        RestoreSessions(now, slot, saved);
    }
}

/// Puts back a mapping's sessions; where not all fit, the ones used last.
void
NatMappingTable::RestoreSessions(TimePoint now, uint32_t slot, const Saved& saved)
{
    const NatLimits& limits = m_settings.limits;
    for (NatSession session : saved.sessions)
    {
        session.mapping = slot;
        session.expiry += m_durations[static_cast<size_t>(session.timer)];
        if (!session.isForwarded)
        {
            session.remote =
                Narrowed(session.remote, InsideRemote(session.protocol, session.remote));
        }
        const Key key{session.protocol, session.internal, session.remote};
        const uint32_t same = FindInside(key, session.isForwarded);
        if (same != NAT_NO_SLOT)
        {
            // Two became one under a filter that looks at less; this one was used later.
            m_sessions[same].sentFromInside |= session.sentFromInside;
            m_sessions[same].expiry = std::max(m_sessions[same].expiry, session.expiry);
            m_timers.NotePutOff(m_sessions, same);
            m_mappings[slot].sessions.MoveToEnd(m_sessions, same);
        }
        else
        {
            const NatMapping& owner = m_mappings[slot];
            const bool isFull = m_sessions.Size() >= limits.sessions ||
                                owner.sessionCount >= limits.destinationsPerMapping;
            if (isFull && owner.sessionCount == 0)
            {
                return; // a forward, and others have all the room
            }
            const uint32_t oldest = owner.sessions.First();
            Insert(session);
            if (isFull)
            {
                EndSession(now, oldest); // after the new one came, so that the mapping lives on
            }
        }
    }
}

} // namespace isb
