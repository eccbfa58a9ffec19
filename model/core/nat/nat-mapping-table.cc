// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-mapping-table.h"

#include <algorithm>
#include <tuple>

namespace isb
{

namespace
{

uint64_t
Pack(Endpoint endpoint)
{
    return uint64_t{endpoint.address.value} << 16 | endpoint.port;
}

/// The part of a remote endpoint that a behaviour looks at; the rest is zero.
Endpoint
Relevant(NatBehaviour behaviour, Endpoint remote)
{
    switch (behaviour)
    {
    case NatBehaviour::EndpointIndependent:
        return {};
    case NatBehaviour::AddressDependent:
        return {remote.address, 0};
    case NatBehaviour::AddressAndPortDependent:
        break;
    }
    return remote;
}

NatKey
ExternalKey(Protocol protocol, Endpoint external)
{
    return {static_cast<uint64_t>(protocol), Pack(external)};
}

uint64_t
AddressKey(uint32_t mapping, Ipv4 address)
{
    return uint64_t{mapping} << 32 | address.value;
}

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

size_t
IndexOf(Protocol protocol)
{
    switch (protocol)
    {
    case Protocol::Tcp:
        return 1;
    case Protocol::Icmp:
        return 2;
    case Protocol::Udp:
        break;
    }
    return 0;
}

} // namespace

NatMappingTable::NatMappingTable(const NatSettings& settings, Rng& rng, TraceSink* trace)
    : m_settings(settings),
      m_axes{settings.udp, settings.tcp, settings.icmp},
      m_rng(rng),
      m_trace(trace),
      m_durations{settings.timers.udp,
                  settings.timers.icmp,
                  settings.timers.tcpTransitory,
                  settings.timers.tcpEstablished,
                  settings.timers.tcpClosing},
      m_outbound(rng.Next(), rng.Next()),
      m_external(rng.Next(), rng.Next()),
      m_bySession(rng.Next(), rng.Next())
{
    MakePools();
}

void
NatMappingTable::MakePools()
{
    m_pools.clear();
    for (const NatAxes* axes : {&m_settings.udp, &m_settings.tcp, &m_settings.icmp})
    {
        m_pools.emplace_back(axes->assignment, m_settings.firstPort, m_settings.lastPort);
    }
}

NatPortPool&
NatMappingTable::Pool(Protocol protocol)
{
    return m_pools[IndexOf(protocol)];
}

const NatAxes&
NatMappingTable::Axes(Protocol protocol) const
{
    return m_axes[IndexOf(protocol)];
}

NatKey
NatMappingTable::OutboundKey(Protocol protocol, Endpoint internal, Endpoint remote) const
{
    const Endpoint relevant = Relevant(Axes(protocol).mapping, remote);
    return {static_cast<uint64_t>(protocol) << 48 | Pack(internal), Pack(relevant)};
}

NatKey
NatMappingTable::SessionKey(uint32_t mapping, Endpoint remote) const
{
    const Protocol protocol = m_mappings[mapping].protocol;
    const Endpoint relevant =
        protocol == Protocol::Tcp ? remote : Relevant(Axes(protocol).filtering, remote);
    return {mapping, Pack(relevant)};
}

bool
NatMappingTable::CountsAddresses(const NatMapping& mapping) const
{
    return mapping.protocol == Protocol::Tcp &&
           Axes(Protocol::Tcp).filtering == NatBehaviour::AddressDependent;
}

uint32_t
NatMappingTable::FindOutbound(Protocol protocol, Endpoint internal, Endpoint remote) const
{
    return m_outbound.Find(OutboundKey(protocol, internal, remote));
}

uint32_t
NatMappingTable::FindExternal(Protocol protocol, Endpoint external, Endpoint /*remote*/) const
{
    return m_external.Find(ExternalKey(protocol, external));
}

uint32_t
NatMappingTable::FindSession(uint32_t mapping, Endpoint remote) const
{
    return m_bySession.Find(SessionKey(mapping, remote));
}

uint32_t
NatMappingTable::FindFromInside(Protocol protocol, Endpoint internal, Endpoint remote) const
{
    const uint32_t mapping = FindOutbound(protocol, internal, remote);
    return mapping == NAT_NO_SLOT ? NAT_NO_SLOT : FindSession(mapping, remote);
}

uint32_t
NatMappingTable::FindFromOutside(Protocol protocol, Endpoint external, Endpoint remote) const
{
    const uint32_t mapping = FindExternal(protocol, external, remote);
    return mapping == NAT_NO_SLOT ? NAT_NO_SLOT : FindSession(mapping, remote);
}

bool
NatMappingTable::IsForwarded(Protocol protocol, Endpoint external) const
{
    return std::any_of(m_settings.forwards.begin(),
                       m_settings.forwards.end(),
                       [protocol, external, this](const NatForward& forward)
                       {
                           const Ipv4 address = forward.external.address.value == 0
                                                    ? m_settings.external
                                                    : forward.external.address;
                           return forward.protocol == protocol &&
                                  external == Endpoint{address, forward.external.port};
                       });
}

bool
NatMappingTable::Admits(uint32_t mapping, Endpoint remote) const
{
    const NatMapping& entry = m_mappings[mapping];
    if (Axes(entry.protocol).filtering == NatBehaviour::EndpointIndependent)
    {
        return true;
    }
    if (CountsAddresses(entry))
    {
        return m_addressUses.count(AddressKey(mapping, remote.address)) != 0;
    }
    return FindSession(mapping, remote) != NAT_NO_SLOT;
}

NatMappingTable::Slot
NatMappingTable::AddMapping(TimePoint now, Protocol protocol, Endpoint internal, Endpoint remote)
{
    if (m_full || m_mappings.Size() >= m_settings.limits.mappings)
    {
        return {NAT_NO_SLOT, NatDrop::TableFull};
    }
    const std::optional<uint16_t> port = Pool(protocol).Take(internal.port, m_rng);
    if (!port)
    {
        return {NAT_NO_SLOT, NatDrop::PoolExhausted};
    }
    NatMapping mapping;
    mapping.id = ++m_lastId;
    mapping.protocol = protocol;
    mapping.internal = internal;
    mapping.external = {m_settings.external, *port};
    mapping.remote = Relevant(Axes(protocol).mapping, remote);
    const uint32_t slot = m_mappings.Add(mapping);
    m_outbound.Insert(OutboundKey(protocol, internal, remote), slot);
    m_external.Insert(ExternalKey(protocol, mapping.external), slot);
    Trace(now, TraceKind::MappingCreated, mapping);
    return {slot};
}

uint32_t
NatMappingTable::AddSession(TimePoint now, uint32_t mapping, Endpoint remote)
{
    NatMapping& entry = m_mappings[mapping];
    const NatKey key = SessionKey(mapping, remote);
    NatSession session;
    session.mapping = mapping;
    session.internal = entry.internal;
    session.external = entry.external;
    session.remote = {Ipv4{static_cast<uint32_t>(key.low >> 16)}, static_cast<uint16_t>(key.low)};
    session.timer = FirstTimer(entry.protocol);
    session.expiry = now + m_durations[static_cast<size_t>(session.timer)];
    const uint32_t slot = m_sessions.Add(session);
    m_bySession.Insert(key, slot);
    m_timers[static_cast<size_t>(session.timer)].Append(m_sessions, slot);
    entry.sessions.Append(m_sessions, slot);
    ++entry.sessionCount;
    return slot;
}

NatMappingTable::Slot
NatMappingTable::OpenFromInside(TimePoint now,
                                Protocol protocol,
                                Endpoint internal,
                                Endpoint remote)
{
    if (m_full || m_sessions.Size() >= m_settings.limits.sessions)
    {
        return {NAT_NO_SLOT, NatDrop::TableFull};
    }
    uint32_t mapping = FindOutbound(protocol, internal, remote);
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

NatMappingTable::Slot
NatMappingTable::OpenFromOutside(TimePoint now, uint32_t mapping, Endpoint remote)
{
    const NatLimits& limits = m_settings.limits;
    if (m_full || m_sessions.Size() >= limits.sessions)
    {
        return {NAT_NO_SLOT, NatDrop::TableFull};
    }
    if (m_mappings[mapping].sessionCount >= limits.destinationsPerMapping)
    {
        return {NAT_NO_SLOT, NatDrop::DestinationLimit};
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
        if (CountsAddresses(m_mappings[entry.mapping]))
        {
            ++m_addressUses[AddressKey(entry.mapping, entry.remote.address)];
        }
    }
}

void
NatMappingTable::Refresh(TimePoint now, uint32_t session, NatTimer timer)
{
    NatSession& entry = m_sessions[session];
    const auto to = static_cast<size_t>(timer);
    if (entry.timer == timer)
    {
        m_timers[to].MoveToEnd(m_sessions, session);
    }
    else
    {
        m_timers[static_cast<size_t>(entry.timer)].Remove(m_sessions, session);
        m_timers[to].Append(m_sessions, session);
        entry.timer = timer;
    }
    entry.expiry = now + m_durations[to];
    m_mappings[entry.mapping].sessions.MoveToEnd(m_sessions, session);
}

void
NatMappingTable::EndSession(TimePoint now, uint32_t session)
{
    const NatSession& entry = m_sessions[session];
    const uint32_t mapping = entry.mapping;
    NatMapping& owner = m_mappings[mapping];
    if (entry.sentFromInside && CountsAddresses(owner))
    {
        const auto uses = m_addressUses.find(AddressKey(mapping, entry.remote.address));
        if (--uses->second == 0)
        {
            m_addressUses.erase(uses);
        }
    }
    m_bySession.Erase(SessionKey(mapping, entry.remote));
    m_timers[static_cast<size_t>(entry.timer)].Remove(m_sessions, session);
    owner.sessions.Remove(m_sessions, session);
    m_sessions.Free(session);
    if (--owner.sessionCount == 0)
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

void
NatMappingTable::Reboot(TimePoint now)
{
    for (const uint32_t mapping : List())
    {
        EndMapping(now, mapping);
    }
    MakePools();
}

void
NatMappingTable::Rebind(TimePoint now)
{
    for (const uint32_t slot : List())
    {
        NatMapping& mapping = m_mappings[slot];
        const std::optional<uint16_t> port =
            Pool(mapping.protocol).Take(mapping.internal.port, m_rng);
        if (!port)
        {
            continue;
        }
        Trace(now, TraceKind::MappingExpired, mapping);
        m_external.Erase(ExternalKey(mapping.protocol, mapping.external));
        Pool(mapping.protocol).Release(mapping.external.port);
        mapping.external = {m_settings.external, *port};
        for (uint32_t session = mapping.sessions.First(); session != NAT_NO_SLOT;
             session = m_sessions[session].byMapping.next)
        {
            m_sessions[session].external = mapping.external;
        }
        mapping.id = ++m_lastId;
        m_external.Insert(ExternalKey(mapping.protocol, mapping.external), slot);
        Trace(now, TraceKind::MappingCreated, mapping);
    }
}

void
NatMappingTable::SetFull(bool full)
{
    m_full = full;
}

bool
NatMappingTable::Allows(const NatMapping& mapping) const
{
    const NatAxes& then = Axes(mapping.protocol);
    const NatAxes& now = m_settings.Axes(mapping.protocol);
    return then.mapping == now.mapping && then.filtering == now.filtering &&
           (m_settings.internal.empty() || m_settings.IsInternal(mapping.internal.address)) &&
           m_settings.IsExternal(mapping.external.address) &&
           mapping.external.port >= m_settings.firstPort &&
           mapping.external.port <= m_settings.lastPort;
}

void
NatMappingTable::Reconfigure(TimePoint now)
{
    const std::vector<uint32_t> all = List();
    for (const uint32_t mapping : all)
    {
        if (!Allows(m_mappings[mapping]))
        {
            EndMapping(now, mapping);
        }
    }
    m_axes = {m_settings.udp, m_settings.tcp, m_settings.icmp};
    m_durations = {m_settings.timers.udp,
                   m_settings.timers.icmp,
                   m_settings.timers.tcpTransitory,
                   m_settings.timers.tcpEstablished,
                   m_settings.timers.tcpClosing};
    MakePools();
    for (const uint32_t mapping : List())
    {
        Pool(m_mappings[mapping].protocol).Claim(m_mappings[mapping].external.port);
    }
}

void
NatMappingTable::Forget(TimePoint now, uint32_t mapping)
{
    const NatMapping& entry = m_mappings[mapping];
    m_outbound.Erase(OutboundKey(entry.protocol, entry.internal, entry.remote));
    m_external.Erase(ExternalKey(entry.protocol, entry.external));
    Pool(entry.protocol).Release(entry.external.port);
    Trace(now, TraceKind::MappingExpired, entry);
    m_mappings.Free(mapping);
}

void
NatMappingTable::Trace(TimePoint now, TraceKind kind, const NatMapping& mapping)
{
    if (m_trace == nullptr)
    {
        return;
    }
    TraceEvent event;
    event.when = now;
    event.kind = kind;
    event.flow = {mapping.protocol, mapping.internal, mapping.remote};
    event.translated = mapping.external;
    event.id = mapping.id;
    m_trace->Emit(event);
}

uint32_t
NatMappingTable::FirstToExpire() const
{
    uint32_t first = NAT_NO_SLOT;
    for (const auto& timer : m_timers)
    {
        const uint32_t slot = timer.First();
        if (slot != NAT_NO_SLOT &&
            (first == NAT_NO_SLOT || m_sessions[slot].expiry < m_sessions[first].expiry))
        {
            first = slot;
        }
    }
    return first;
}

TimePoint
NatMappingTable::NextExpiry() const
{
    const uint32_t first = FirstToExpire();
    return first == NAT_NO_SLOT ? TIME_NEVER : m_sessions[first].expiry;
}

void
NatMappingTable::Expire(TimePoint now)
{
    for (uint32_t first = FirstToExpire(); first != NAT_NO_SLOT && m_sessions[first].expiry <= now;
         first = FirstToExpire())
    {
        EndSession(now, first);
    }
}

std::vector<uint32_t>
NatMappingTable::List() const
{
    std::vector<uint32_t> slots;
    for (const auto& timer : m_timers)
    {
        for (uint32_t session = timer.First(); session != NAT_NO_SLOT;
             session = m_sessions[session].byTimer.next)
        {
            slots.push_back(m_sessions[session].mapping);
        }
    }
    const auto byExternal = [this](uint32_t a, uint32_t b)
    {
        const NatMapping& left = m_mappings[a];
        const NatMapping& right = m_mappings[b];
        return std::tie(left.protocol, left.external) < std::tie(right.protocol, right.external);
    };
    std::sort(slots.begin(), slots.end(), byExternal);
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    return slots;
}

TimePoint
NatMappingTable::ExpiryOf(uint32_t mapping) const
{
    TimePoint latest{0};
    const NatMapping& entry = m_mappings[mapping];
    for (uint32_t session = entry.sessions.First(); session != NAT_NO_SLOT;
         session = m_sessions[session].byMapping.next)
    {
        latest = std::max(latest, m_sessions[session].expiry);
    }
    return latest;
}

} // namespace isb
