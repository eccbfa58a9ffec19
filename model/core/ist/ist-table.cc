// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-table.h"

#include <cassert>

namespace isb
{

namespace
{

uint32_t
ValueOf(const Splice& splice, IstSide side)
{
    return splice.slot << 1 | static_cast<uint32_t>(IndexOf(side));
}

/// The same hosts, whatever the ports.
ist_tuple
WithoutPorts(const ist_tuple& tuple)
{
    ist_tuple hosts = tuple;
    hosts.source_port = 0;
    hosts.destination_port = 0;
    return hosts;
}

} // namespace

/// Seeds are taken in this order; the tables of IPv6 share them.
IstTable::IstTable(Rng& random)
    : m_ports(random.Next()),
      m_flows(random.Next()),
      m_hosts(random.Next()),
      m_flows6(m_flows.Seed()),
      m_hosts6(m_hosts.Seed())
{
}

Splice&
IstTable::Create(Protocol protocol)
{
    if (m_freeSlots.empty())
    {
        m_freeSlots.push_back(static_cast<uint32_t>(m_splices.size()));
        m_splices.emplace_back();
    }
    const uint32_t slot = m_freeSlots.back();
    m_freeSlots.pop_back();
    Splice& splice = m_splices[slot];
    splice = Splice{};
    splice.id = ++m_lastId;
    splice.slot = slot;
    splice.protocol = protocol;
    m_slotsById[splice.id] = slot;
    return splice;
}

void
IstTable::Destroy(Splice& splice)
{
    for (const IstSide side : {IstSide::A, IstSide::B})
    {
        ClosePort(splice, side);
        EraseFlow(splice, side);
    }
    m_slotsById.erase(splice.id);
    m_freeSlots.push_back(splice.slot);
    splice.id = 0;
}

Splice*
IstTable::Find(uint64_t id)
{
    const auto found = m_slotsById.find(id);
    return found == m_slotsById.end() ? nullptr : &m_splices[found->second];
}

const std::map<uint64_t, uint32_t>&
IstTable::SlotsById() const
{
    return m_slotsById;
}

const Splice&
IstTable::InSlot(uint32_t slot) const
{
    return m_splices[slot];
}

IstTable::Place
IstTable::PlaceOf(const uint32_t* value)
{
    if (!value)
    {
        return {};
    }
    return {&m_splices[*value >> 1], (*value & 1) != 0 ? IstSide::B : IstSide::A};
}

const uint32_t*
IstTable::ValueOfFlow(const IstFlow& flow) const
{
    return flow.family == IST_FAMILY_IPV6
               ? m_flows6.Find(TupleKey6::OfFlow(flow.protocol, flow.tuple))
               : m_flows.Find(TupleKey::OfFlow(flow.protocol, flow.tuple));
}

IstTable::Place
IstTable::FindFlow(const IstFlow& flow)
{
    return PlaceOf(ValueOfFlow(flow));
}

IstTable::Place
IstTable::FindPort(Protocol protocol, uint16_t port)
{
    return PlaceOf(m_ports.Find(TupleKey::OfPort(protocol, port)));
}

bool
IstTable::IsPortOpen(Protocol protocol, uint16_t port) const
{
    return m_ports.Find(TupleKey::OfPort(protocol, port)) != nullptr;
}

bool
IstTable::HasFlow(const IstFlow& flow) const
{
    return ValueOfFlow(flow) != nullptr;
}

bool
IstTable::HasHosts(const IstFlow& flow) const
{
    const ist_tuple hosts = WithoutPorts(flow.tuple);
    return flow.family == IST_FAMILY_IPV6
               ? m_hosts6.Find(TupleKey6::OfFlow(flow.protocol, hosts)) != nullptr
               : m_hosts.Find(TupleKey::OfFlow(flow.protocol, hosts)) != nullptr;
}

bool
IstTable::OpenPort(Splice& splice, IstSide which)
{
    Splice::Side& side = splice.At(which);
    const TupleKey key = TupleKey::OfPort(splice.protocol, side.port);
    if (side.portOpen)
    {
        return true;
    }
    if (m_ports.Find(key))
    {
        return false;
    }
    m_ports.At(key) = ValueOf(splice, which);
    side.portOpen = true;
    return true;
}

void
IstTable::ClosePort(Splice& splice, IstSide which)
{
    Splice::Side& side = splice.At(which);
    if (side.portOpen)
    {
        m_ports.Erase(TupleKey::OfPort(splice.protocol, side.port));
        side.portOpen = false;
    }
}

void
IstTable::EnterFlow(Splice& splice, IstSide which)
{
    Splice::Side& side = splice.At(which);
    const ist_side& core = splice.CoreSide(which);
    assert(!side.flow);
    side.flow = IstFlow{splice.protocol, core.family, core.tuple};
    assert(!HasFlow(*side.flow));
    const ist_tuple hosts = WithoutPorts(core.tuple);
    if (core.family == IST_FAMILY_IPV6)
    {
        m_flows6.At(TupleKey6::OfFlow(splice.protocol, core.tuple)) = ValueOf(splice, which);
        ++m_hosts6.At(TupleKey6::OfFlow(splice.protocol, hosts));
    }
    else
    {
        m_flows.At(TupleKey::OfFlow(splice.protocol, core.tuple)) = ValueOf(splice, which);
        ++m_hosts.At(TupleKey::OfFlow(splice.protocol, hosts));
    }
}

void
IstTable::EraseFlow(Splice& splice, IstSide which)
{
    Splice::Side& side = splice.At(which);
    if (!side.flow)
    {
        return;
    }
    const auto erase = [&](auto& flows, auto& hosts, auto key, auto hostsKey)
    {
        flows.Erase(key);
        if (--hosts.At(hostsKey) == 0)
        {
            hosts.Erase(hostsKey);
        }
    };
    const Protocol protocol = side.flow->protocol;
    const ist_tuple& tuple = side.flow->tuple;
    const ist_tuple hosts = WithoutPorts(tuple);
    if (side.flow->family == IST_FAMILY_IPV6)
    {
        erase(m_flows6,
              m_hosts6,
              TupleKey6::OfFlow(protocol, tuple),
              TupleKey6::OfFlow(protocol, hosts));
    }
    else
    {
        erase(m_flows,
              m_hosts,
              TupleKey::OfFlow(protocol, tuple),
              TupleKey::OfFlow(protocol, hosts));
    }
    side.flow.reset();
}

} // namespace isb
