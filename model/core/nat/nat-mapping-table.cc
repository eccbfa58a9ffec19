// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-mapping-table.h"

#include <algorithm>
#include <tuple>

namespace isb
{

namespace
{

NatTimer
FirstTimer(Protocol protocol)
{
    switch (protocol)
    {
    case Protocol::Tcp:
        return NatTimer::TcpTransitory;
    case Protocol::Icmp:
        return NatTimer::Icmp;
    case Protocol::Udp:
        break;
    }
    return NatTimer::Udp;
}

} // namespace

NatMappingTable::NatMappingTable(const NatSettings& settings, Rng& rng, TraceSink* trace)
    : m_settings(settings),
      m_rng(rng),
      m_trace(trace),
      m_hash(rng.Next(), rng.Next()),
      m_subscribers(m_hash, settings.limits.newMappingsPerSecond, settings.limits.mappings)
{
    ReadSettings();
    AddForwards();
}

void
NatMappingTable::ReadSettings()
{
    const NatTimers& timers = m_settings.timers;
    m_axes = {m_settings.udp, m_settings.tcp, m_settings.icmp};
    m_durations = {timers.udp,
                   timers.icmp,
                   timers.tcpTransitory,
                   timers.tcpEstablished,
                   timers.tcpClosing};
    m_allocator.emplace(m_settings, m_rng, m_trace);
}

void
NatMappingTable::Index(uint32_t mapping)
{
    const NatMapping& entry = m_mappings[mapping];
    m_outbound.Insert(HashOf({entry.protocol, entry.internal, entry.remote}), mapping);
    if (!entry.isForward)
    {
        const Endpoint remote = SharedRemote(entry.protocol, entry.remote);
        m_external.Insert(HashOf({entry.protocol, entry.external, remote}), mapping);
    }
}

void
NatMappingTable::Unindex(uint32_t mapping)
{
    const NatMapping& entry = m_mappings[mapping];
    const Endpoint remote = SharedRemote(entry.protocol, entry.remote);
    m_outbound.Erase(HashOf({entry.protocol, entry.internal, entry.remote}), mapping);
    m_external.Erase(HashOf({entry.protocol, entry.external, remote}), mapping);
}

void
NatMappingTable::IndexSession(uint32_t session)
{
    const NatSession& entry = m_sessions[session];
    m_insideIndex.Insert(HashOf({entry.protocol, entry.internal, entry.remote}), session);
    m_outsideIndex.Insert(HashOf({entry.protocol, entry.external, OutsideRemote(entry)}), session);
}

void
NatMappingTable::UnindexSession(uint32_t session)
{
    const NatSession& entry = m_sessions[session];
    m_insideIndex.Erase(HashOf({entry.protocol, entry.internal, entry.remote}), session);
    m_outsideIndex.Erase(HashOf({entry.protocol, entry.external, OutsideRemote(entry)}), session);
}

/// RFC 4787 section 4.2.3: the endpoint after that of the internal port before, whose remote port
/// may be the one before too (RTP and RTCP on both ends).
std::optional<Endpoint>
NatMappingTable::Beside(const NatMapping& mapping, Endpoint remote) const
{
    if (!Axes(mapping.protocol).contiguity)
    {
        return std::nullopt;
    }
    const auto before = [](Endpoint endpoint) {
        return Endpoint{endpoint.address, static_cast<uint16_t>(endpoint.port - 1)};
    };
    const Endpoint neighbour = before(mapping.internal);
    uint32_t found = FindOutbound(mapping.protocol, neighbour, remote);
    if (found == NAT_NO_SLOT)
    {
        found = FindOutbound(mapping.protocol, neighbour, before(remote));
    }
    if (found == NAT_NO_SLOT || m_mappings[found].external.port == UINT16_MAX)
    {
        return std::nullopt;
    }
    const Endpoint external = m_mappings[found].external;
    return Endpoint{external.address, static_cast<uint16_t>(external.port + 1)};
}

/// An external endpoint for a mapping that has none or gets another one.
std::optional<Endpoint>
NatMappingTable::Allocate(TimePoint now,
                          uint32_t subscriber,
                          const NatMapping& mapping,
                          std::optional<Endpoint> beside)
{
    const Endpoint shared = SharedRemote(mapping.protocol, mapping.remote);
    const std::function<bool(Endpoint)> isShared = [&](Endpoint external)
    {
        return FindMapping(m_external,
                           {mapping.protocol, external, shared},
                           &NatMapping::external,
                           false) != NAT_NO_SLOT;
    };
    return m_allocator->Take({now, mapping.protocol, mapping.internal, beside, isShared},
                             m_subscribers,
                             subscriber);
}

/// Why a host may not have one more mapping of its own, if so.
std::optional<NatDrop>
NatMappingTable::FindShareUsedUp(TimePoint now, Ipv4 host)
{
    const NatLimits& limits = m_settings.limits;
    const uint32_t slot = m_subscribers.Find(host);
    if (slot == NAT_NO_SLOT)
    {
        return std::nullopt;
    }
    const NatSubscriber& subscriber = m_subscribers[slot];
    const auto isReached = [](size_t count, size_t limit) { return limit != 0 && count >= limit; };
    if (isReached(subscriber.mappings, limits.mappingsPerSubscriber) ||
        isReached(subscriber.sessions, limits.sessionsPerSubscriber))
    {
        return NatDrop::SubscriberLimit;
    }
    return m_subscribers.CanPay(now, slot) ? std::nullopt : std::optional(NatDrop::MappingRate);
}

/// A mapping of a host whose share is not used up.
NatMappingTable::Slot
NatMappingTable::AddMapping(TimePoint now, Protocol protocol, Endpoint internal, Endpoint remote)
{
    const uint32_t subscriber = m_subscribers.Enter(now, internal.address);
    NatMapping mapping;
    mapping.protocol = protocol;
    mapping.internal = internal;
    mapping.remote = MappingRemote(protocol, remote);
    mapping.subscriber = subscriber;
    std::optional<NatDrop> refusal;
    if (!m_subscribers.Pay(now, subscriber))
    {
        refusal = NatDrop::MappingRate;
    }
    else if (const auto external = Allocate(now, subscriber, mapping, Beside(mapping, remote)))
    {
        mapping.external = *external;
    }
    else
    {
        refusal = NatDrop::PoolExhausted;
    }
    if (refusal)
    {
        if (m_subscribers[subscriber].mappings == 0)
        {
            m_subscribers.Leave(now, subscriber);
        }
        return {NAT_NO_SLOT, *refusal};
    }
    ++m_subscribers[subscriber].mappings;
    mapping.id = ++m_lastId;
    ++m_created;
    const uint32_t slot = m_mappings.Add(mapping);
    Index(slot);
    Trace(now, TraceKind::MappingCreated, mapping, mapping.remote);
    return {slot};
}

/// Puts a session into its mapping and everywhere else it belongs.
uint32_t
NatMappingTable::Insert(const NatSession& session)
{
    const uint32_t slot = m_sessions.Add(session);
    IndexSession(slot);
    m_timers.Put(m_sessions, slot);
    NatMapping& owner = m_mappings[session.mapping];
    owner.sessions.Append(m_sessions, slot);
    ++owner.sessionCount;
    if (owner.subscriber != NAT_NO_SLOT)
    {
        ++m_subscribers[owner.subscriber].sessions;
    }
    if (session.sentFromInside && CountsAddresses(session))
    {
        ++m_addressUses[AddressKey(session.mapping, session.remote.address)];
    }
    return slot;
}

uint32_t
NatMappingTable::AddSession(TimePoint now, uint32_t mapping, Endpoint remote)
{
    const NatMapping& owner = m_mappings[mapping];
    NatSession session;
    session.mapping = mapping;
    session.internal = owner.internal;
    session.external = owner.external;
    session.protocol = owner.protocol;
    session.isForwarded = owner.isForward;
    session.remote = owner.isForward ? remote : InsideRemote(owner.protocol, remote);
    session.timer = FirstTimer(owner.protocol);
    session.expiry = now + m_durations[static_cast<size_t>(session.timer)];
    return Insert(session);
}

/// Ends the session that is idle for longest; false when there is none.
bool
NatMappingTable::Evict(TimePoint now)
{
    uint32_t oldest = NAT_NO_SLOT;
    const auto lastUse = [this](uint32_t slot)
    {
        const NatSession& session = m_sessions[slot];
        return session.expiry - m_durations[static_cast<size_t>(session.timer)];
    };
    for (size_t timer = 0; timer < NAT_TIMER_COUNT; ++timer)
    {
        const uint32_t first = m_timers.FirstOf(m_sessions, static_cast<NatTimer>(timer));
        if (first != NAT_NO_SLOT && (oldest == NAT_NO_SLOT || lastUse(first) < lastUse(oldest)))
        {
            oldest = first;
        }
    }
    if (oldest == NAT_NO_SLOT)
    {
        return false;
    }
    const NatSession& session = m_sessions[oldest];
    Trace(now, TraceKind::SessionEvicted, m_mappings[session.mapping], session.remote);
    EndSession(now, oldest);
    return true;
}

/// Why there is no room for one more mapping, if there is none and none can be made.
std::optional<NatDrop>
NatMappingTable::MakeRoomForMapping(TimePoint now)
{
    const size_t count = MappingCount();
    const size_t limit =
        m_full ? std::min(count, m_settings.limits.mappings) : m_settings.limits.mappings;
    if (limit == 0)
    {
        return NatDrop::TableFull; // nothing that leaves would make room
    }
    while (MappingCount() >= limit)
    {
        if (m_settings.eviction == NatEviction::RefuseNew || !Evict(now))
        {
            return NatDrop::TableFull;
        }
    }
    return std::nullopt;
}

/// The same for a session.
/// \param mapping which must stay, or NAT_NO_SLOT
std::optional<NatDrop>
NatMappingTable::MakeRoomForSession(TimePoint now, uint32_t mapping)
{
    const size_t count = m_sessions.Size();
    // For a new mapping on a table that counts as full, MakeRoomForMapping() freed one already.
    const bool isFull = m_full && mapping != NAT_NO_SLOT;
    const size_t limit =
        isFull ? std::min(count, m_settings.limits.sessions) : m_settings.limits.sessions;
    if (count < limit)
    {
        return std::nullopt;
    }
    if (limit == 0)
    {
        return NatDrop::TableFull;
    }
    const auto hold = [&](int by)
    {
        if (mapping != NAT_NO_SLOT)
        {
            m_mappings[mapping].sessionCount += static_cast<uint32_t>(by);
        }
    };
    hold(1); // so that the mapping outlives its last session
    bool hasRoom = true;
    while (hasRoom && m_sessions.Size() >= limit)
    {
        hasRoom = m_settings.eviction == NatEviction::OldestIdle && Evict(now);
    }
    hold(-1);
    return hasRoom ? std::nullopt : std::optional(NatDrop::TableFull);
}

NatMappingTable::Slot
NatMappingTable::OpenFromInside(TimePoint now,
                                Protocol protocol,
                                Endpoint internal,
                                Endpoint remote)
{
    if (const uint32_t known = FindFromInside(protocol, internal, remote); known != NAT_NO_SLOT)
    {
        return {known};
    }
    uint32_t mapping = FindOutbound(protocol, internal, remote);
    std::optional<NatDrop> refusal;
    if (mapping == NAT_NO_SLOT)
    {
        // Who has used up his share does not push out others.
        refusal = FindShareUsedUp(now, internal.address);
        refusal = refusal ? refusal : MakeRoomForMapping(now);
    }
    else if (IsAtSessionLimit(m_mappings[mapping]))
    {
        refusal = NatDrop::SubscriberLimit;
    }
    if (!refusal)
    {
        refusal = MakeRoomForSession(now, mapping);
    }
    if (refusal)
    {
        return {NAT_NO_SLOT, *refusal};
    }
    if (mapping == NAT_NO_SLOT)
    {
        const Slot added = AddMapping(now, protocol, internal, remote);
        if (added.slot == NAT_NO_SLOT)
        {
            return added;
        }
        mapping = added.slot;
    }
    const NatMapping& entry = m_mappings[mapping];
    const bool full = entry.sessionCount >= m_settings.limits.destinationsPerMapping;
    const uint32_t oldest = entry.sessions.First();
    const uint32_t session = AddSession(now, mapping, remote);
    if (full)
    {
        EndSession(now, oldest); // after the new one came, so that the mapping lives on
    }
    return {session};
}

bool
NatMappingTable::IsAtSessionLimit(const NatMapping& mapping)
{
    const size_t limit = m_settings.limits.sessionsPerSubscriber;
    return limit != 0 && mapping.subscriber != NAT_NO_SLOT &&
           m_subscribers[mapping.subscriber].sessions >= limit;
}

NatMappingTable::Slot
NatMappingTable::OpenFromOutside(TimePoint now, uint32_t mapping, Endpoint remote)
{
    const NatMapping& entry = m_mappings[mapping];
    if (entry.isForward)
    {
        // Also when this one refuses: the next attempt is another server's.
        m_forwards.Advance(entry.protocol, entry.external);
    }
    if (entry.sessionCount >= m_settings.limits.destinationsPerMapping)
    {
        return {NAT_NO_SLOT, NatDrop::DestinationLimit};
    }
    if (IsAtSessionLimit(entry))
    {
        return {NAT_NO_SLOT, NatDrop::SubscriberLimit};
    }
    if (FindFromInside(entry.protocol, entry.internal, remote) != NAT_NO_SLOT)
    {
        // The internal endpoint speaks with this remote already, by another external endpoint.
        return {NAT_NO_SLOT, NatDrop::NoConnection};
    }
    if (const std::optional<NatDrop> refusal = MakeRoomForSession(now, mapping))
    {
        return {NAT_NO_SLOT, *refusal};
    }
    return {AddSession(now, mapping, remote)};
}

void
NatMappingTable::NoteSentFromInside(uint32_t session)
{
    NatSession& entry = m_sessions[session];
    if (!entry.sentFromInside)
    {
        entry.sentFromInside = true;
        if (CountsAddresses(entry))
        {
            ++m_addressUses[AddressKey(entry.mapping, entry.remote.address)];
        }
    }
}

void
NatMappingTable::Refresh(TimePoint now, uint32_t session, NatTimer timer)
{
    NatSession& entry = m_sessions[session];
    const TimePoint expiry = now + m_durations[static_cast<size_t>(timer)];
    if (entry.timer == timer)
    {
        entry.expiry = expiry;
        m_timers.NotePutOff(m_sessions, session);
    }
    else
    {
        m_timers.Remove(m_sessions, session);
        entry.timer = timer;
        entry.expiry = expiry;
        m_timers.Put(m_sessions, session);
    }
    if (entry.byMapping.next != NAT_NO_SLOT)
    {
        m_mappings[entry.mapping].sessions.MoveToEnd(m_sessions, session);
    }
}

void
NatMappingTable::EndSession(TimePoint now, uint32_t session)
{
    const NatSession& entry = m_sessions[session];
    const uint32_t mapping = entry.mapping;
    NatMapping& owner = m_mappings[mapping];
    if (entry.sentFromInside && CountsAddresses(entry))
    {
        const auto uses = m_addressUses.find(AddressKey(mapping, entry.remote.address));
        if (--uses->second == 0)
        {
            m_addressUses.erase(uses);
        }
    }
    UnindexSession(session);
    m_timers.Remove(m_sessions, session);
    owner.sessions.Remove(m_sessions, session);
    m_sessions.Free(session);
    if (owner.subscriber != NAT_NO_SLOT)
    {
        --m_subscribers[owner.subscriber].sessions;
    }
    if (--owner.sessionCount == 0 && !owner.isForward)
    {
        Forget(now, mapping);
    }
}

void
NatMappingTable::EndMapping(TimePoint now, uint32_t mapping)
{
    for (uint32_t left = m_mappings[mapping].sessionCount; left != 0; --left)
    {
        EndSession(now, m_mappings[mapping].sessions.First());
    }
}

/// A mapping without sessions leaves.
void
NatMappingTable::Forget(TimePoint now, uint32_t mapping)
{
    const NatMapping& entry = m_mappings[mapping];
    Unindex(mapping);
    Trace(now, TraceKind::MappingExpired, entry, entry.remote);
    m_allocator->Release(now, entry.protocol, entry.external, m_subscribers, entry.subscriber);
    if (--m_subscribers[entry.subscriber].mappings == 0)
    {
        m_subscribers.Leave(now, entry.subscriber);
    }
    m_mappings.Free(mapping);
}

void
NatMappingTable::Expire(TimePoint now)
{
    while (m_timers.NextDue() <= now)
    {
        const uint32_t session = m_timers.FirstDue(m_sessions, now);
        if (session == NAT_NO_SLOT)
        {
            return;
        }
        EndSession(now, session);
    }
}

void
NatMappingTable::Trace(TimePoint now, TraceKind kind, const NatMapping& mapping, Endpoint remote)
{
    if (m_trace == nullptr)
    {
        return;
    }
    TraceEvent event;
    event.when = now;
    event.kind = kind;
    event.flow = {mapping.protocol, mapping.internal, remote};
    event.translated = mapping.external;
    event.id = mapping.id;
    m_trace->Emit(event);
}

std::vector<uint32_t>
NatMappingTable::List() const
{
    std::vector<uint32_t> slots;
    m_mappings.ForEach([&slots](uint32_t slot, const NatMapping&) { slots.push_back(slot); });
    const auto byExternal = [this](uint32_t a, uint32_t b)
    {
        const NatMapping& left = m_mappings[a];
        const NatMapping& right = m_mappings[b];
        return std::tie(left.protocol, left.external, left.id) <
               std::tie(right.protocol, right.external, right.id);
    };
    std::sort(slots.begin(), slots.end(), byExternal);
    return slots;
}

TimePoint
NatMappingTable::ExpiryOf(uint32_t mapping) const
{
    const NatMapping& entry = m_mappings[mapping];
    if (entry.isForward)
    {
        return TIME_NEVER;
    }
    TimePoint latest{0};
    for (uint32_t session = entry.sessions.First(); session != NAT_NO_SLOT;
         session = m_sessions[session].byMapping.next)
    {
        latest = std::max(latest, m_sessions[session].expiry);
    }
    return latest;
}

} // namespace isb
