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

} // namespace

IstTable::IstTable(Rng& random)
    : m_ports(random.Next()),
      m_flows(random.Next()),
      m_hosts(random.Next())
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

IstTable::Place
IstTable::FindFlow(const TupleKey& key)
{
    return PlaceOf(m_flows.Find(key));
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
IstTable::HasFlow(const TupleKey& key) const
{
    return m_flows.Find(key) != nullptr;
}

bool
IstTable::HasHosts(Protocol protocol, Ipv4 peer, Ipv4 local) const
{
    return m_hosts.Find(TupleKey::OfHosts(protocol, peer, local)) != nullptr;
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
IstTable::EnterFlow(Splice& splice, IstSide which, const Endpoint& peer, const Endpoint& local)
{
    Splice::Side& side = splice.At(which);
    assert(!side.flow);
    side.flow = TupleKey::OfFlow(splice.protocol, peer, local);
    side.hosts = TupleKey::OfHosts(splice.protocol, peer.address, local.address);
    assert(!m_flows.Find(*side.flow));
    m_flows.At(*side.flow) = ValueOf(splice, which);
    ++m_hosts.At(*side.hosts);
}

void
IstTable::EraseFlow(Splice& splice, IstSide which)
{
    Splice::Side& side = splice.At(which);
    if (!side.flow)
    {
        return;
    }
    m_flows.Erase(*side.flow);
    if (--m_hosts.At(*side.hosts) == 0)
    {
        m_hosts.Erase(*side.hosts);
    }
    side.flow.reset();
    side.hosts.reset();
}

} // namespace isb
