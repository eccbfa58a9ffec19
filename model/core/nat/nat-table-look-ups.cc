// SPDX-License-Identifier: GPL-2.0-or-later
// How a NatMappingTable finds mappings and sessions.
#include "model/core/nat/nat-mapping-table.h"

#include <algorithm>

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

} // namespace

const NatAxes&
NatMappingTable::Axes(Protocol protocol) const
{
    return m_axes[NatProtocolIndex(protocol)];
}

bool
NatMappingTable::Overloads(Protocol protocol) const
{
    return Axes(protocol).assignment == NatPortAssignment::Overloading;
}

/// What tells the mappings of one internal endpoint apart.
Endpoint
NatMappingTable::MappingRemote(Protocol protocol, Endpoint remote) const
{
    return Relevant(Axes(protocol).mapping, remote);
}

/// What tells the sessions of one internal endpoint apart.
Endpoint
NatMappingTable::InsideRemote(Protocol protocol, Endpoint remote) const
{
    const NatAxes& axes = Axes(protocol);
    return protocol == Protocol::Tcp ? remote
                                     : Relevant(std::max(axes.mapping, axes.filtering), remote);
}

/// What tells the sessions of one external endpoint apart.
Endpoint
NatMappingTable::OutsideRemote(Protocol protocol, Endpoint remote) const
{
    return protocol == Protocol::Tcp ? remote : Relevant(Axes(protocol).filtering, remote);
}

Endpoint
NatMappingTable::OutsideRemote(const NatSession& session) const
{
    return session.isForwarded ? session.remote : OutsideRemote(session.protocol, session.remote);
}

/// What tells the mappings of one external endpoint apart.
Endpoint
NatMappingTable::SharedRemote(Protocol protocol, Endpoint remote) const
{
    return Overloads(protocol) ? MappingRemote(protocol, remote) : Endpoint{};
}

uint32_t
NatMappingTable::HashOf(const Key& key) const
{
    return m_hash({static_cast<uint64_t>(key.protocol) << 48 | Pack(key.local), Pack(key.remote)});
}

uint32_t
NatMappingTable::FindInside(const Key& key, bool forwarded) const
{
    return m_insideIndex.Find(HashOf(key),
                              [&](uint32_t slot)
                              {
                                  const NatSession& session = m_sessions[slot];
                                  return session.internal == key.local &&
                                         session.remote == key.remote &&
                                         session.protocol == key.protocol &&
                                         session.isForwarded == forwarded;
                              });
}

uint32_t
NatMappingTable::FindOutside(const Key& key, bool forwarded) const
{
    return m_outsideIndex.Find(HashOf(key),
                               [&](uint32_t slot)
                               {
                                   const NatSession& session = m_sessions[slot];
                                   return session.external == key.local &&
                                          OutsideRemote(session) == key.remote &&
                                          session.protocol == key.protocol &&
                                          session.isForwarded == forwarded;
                               });
}

uint32_t
NatMappingTable::FindMapping(const NatTagIndex& index,
                             const Key& key,
                             Endpoint NatMapping::*local,
                             bool forward) const
{
    const bool ofExternal = &index == &m_external;
    return index.Find(HashOf(key),
                      [&](uint32_t slot)
                      {
                          const NatMapping& mapping = m_mappings[slot];
                          const Endpoint remote =
                              ofExternal ? SharedRemote(mapping.protocol, mapping.remote)
                                         : mapping.remote;
                          return mapping.*local == key.local && remote == key.remote &&
                                 mapping.protocol == key.protocol && mapping.isForward == forward;
                      });
}

uint32_t
NatMappingTable::FindFromInside(Protocol protocol, Endpoint internal, Endpoint remote) const
{
    if (!m_forwards.IsEmpty())
    {
        const uint32_t session = FindInside({protocol, internal, remote}, true);
        if (session != NAT_NO_SLOT)
        {
            return session;
        }
    }
    return FindInside({protocol, internal, InsideRemote(protocol, remote)}, false);
}

uint32_t
NatMappingTable::FindFromOutside(Protocol protocol, Endpoint external, Endpoint remote) const
{
    if (!m_forwards.IsEmpty())
    {
        const uint32_t session = FindOutside({protocol, external, remote}, true);
        if (session != NAT_NO_SLOT)
        {
            return session;
        }
    }
    return FindOutside({protocol, external, OutsideRemote(protocol, remote)}, false);
}

uint32_t
NatMappingTable::PlaceOf(NatSide from, Protocol protocol, Endpoint local, Endpoint remote) const
{
    return HashOf({protocol,
                   local,
                   from == NatSide::Inside ? InsideRemote(protocol, remote)
                                           : OutsideRemote(protocol, remote)});
}

void
NatMappingTable::FetchIndex(NatSide from, uint32_t place) const
{
    (from == NatSide::Inside ? m_insideIndex : m_outsideIndex).Prefetch(place);
}

void
NatMappingTable::FetchSession(NatSide from, uint32_t place) const
{
    const uint32_t session =
        (from == NatSide::Inside ? m_insideIndex : m_outsideIndex).Guess(place);
    if (session != NAT_NO_SLOT)
    {
        __builtin_prefetch(&m_sessions[session], 1); // its expiry will be written
    }
}

uint32_t
NatMappingTable::FindOutbound(Protocol protocol, Endpoint internal, Endpoint remote) const
{
    if (!m_forwards.IsEmpty())
    {
        const uint32_t forward =
            FindMapping(m_outbound, {protocol, internal, {}}, &NatMapping::internal, true);
        if (forward != NAT_NO_SLOT)
        {
            return forward;
        }
    }
    const Endpoint relevant = MappingRemote(protocol, remote);
    return FindMapping(m_outbound, {protocol, internal, relevant}, &NatMapping::internal, false);
}

uint32_t
NatMappingTable::FindExternal(Protocol protocol, Endpoint external, Endpoint remote) const
{
    if (m_forwards.Has(protocol, external))
    {
        const uint32_t session = FindOutside({protocol, external, remote}, true);
        return session == NAT_NO_SLOT ? m_forwards.Next(protocol, external)
                                      : m_sessions[session].mapping;
    }
    return FindMapping(m_external,
                       {protocol, external, SharedRemote(protocol, remote)},
                       &NatMapping::external,
                       false);
}

bool
NatMappingTable::IsForwarded(Protocol protocol, Endpoint external) const
{
    return m_forwards.Has(protocol, external);
}

uint32_t
NatMappingTable::FindSession(uint32_t mapping, Endpoint remote) const
{
    const NatMapping& entry = m_mappings[mapping];
    const Endpoint relevant = entry.isForward ? remote : OutsideRemote(entry.protocol, remote);
    const uint32_t session =
        FindOutside({entry.protocol, entry.external, relevant}, entry.isForward);
    return session != NAT_NO_SLOT && m_sessions[session].mapping == mapping ? session : NAT_NO_SLOT;
}

bool
NatMappingTable::CountsAddresses(const NatSession& session) const
{
    return session.protocol == Protocol::Tcp && !session.isForwarded &&
           Axes(Protocol::Tcp).filtering == NatBehaviour::AddressDependent;
}

bool
NatMappingTable::Admits(uint32_t mapping, Endpoint remote) const
{
    const NatMapping& entry = m_mappings[mapping];
    const NatBehaviour filtering = Axes(entry.protocol).filtering;
    if (entry.isForward || filtering == NatBehaviour::EndpointIndependent)
    {
        return true;
    }
    if (entry.protocol == Protocol::Tcp && filtering == NatBehaviour::AddressDependent)
    {
        return m_addressUses.count(AddressKey(mapping, remote.address)) != 0;
    }
    return FindSession(mapping, remote) != NAT_NO_SLOT;
}

} // namespace isb
