// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/firewall-gate.h"

#include "emulation/lab/lab-wiring.h"
#include "emulation/sys/vnet-header.h"
#include "model/core/nat/nat-drop.h"

#include <utility>

namespace isb
{

namespace
{

FilterSettings
SettingsOf(const Box& box)
{
    FilterSettings settings;
    settings.allowedDestinations = box.allowed;
    settings.internal = InsideOf(box);
    for (const LabPort& port : box.ports)
    {
        settings.own.push_back(port.address);
    }
    return settings;
}

} // namespace

FirewallGate::FirewallGate(const World& world,
                           const Box& box,
                           const NetworkNamespace& space,
                           uint64_t seed,
                           TraceSink* trace)
    : LabGate(world, space),
      m_rng(seed),
      m_filter(SettingsOf(box), m_rng, trace)
{
}

void
FirewallGate::AddTo(BoxResult& result) const
{
    const FilterCounters counters = m_filter.Counters();
    result.forwarded = counters.outbound + counters.inbound + counters.local;
    for (size_t i = 0; i < NAT_DROP_COUNT; ++i)
    {
        if (counters.drops[i] != 0)
        {
            result.drops[std::string(FilterDropInfo(static_cast<NatDrop>(i)).reason)] +=
                counters.drops[i];
        }
    }
}

void
FirewallGate::Happen(TimePoint, IncidentKind)
{
}

void
FirewallGate::Receive(TimePoint now, NatSide from, MutableBytes bytes)
{
    if (bytes.size > VNET_HEADER_SIZE)
    {
        Judge(now, from, bytes);
        Settle(now);
    }
}

void
FirewallGate::Judge(TimePoint now, NatSide from, ByteView bytes)
{
    const ByteView packet{bytes.data + VNET_HEADER_SIZE, bytes.size - VNET_HEADER_SIZE};
    const FilterVerdict verdict = m_filter.Process(now, from, packet, packet.size);
    if (verdict.action == FilterVerdict::Action::Pass)
    {
        SendTo(from == NatSide::Inside ? NatSide::Outside : NatSide::Inside, bytes);
    }
    else if (verdict.action == FilterVerdict::Action::Hold)
    {
        m_held[verdict.ticket] = {from, {bytes.data, bytes.data + bytes.size}};
    }
}

void
FirewallGate::Settle(TimePoint now)
{
    for (const uint64_t ticket : m_filter.TakeReleased())
    {
        if (auto held = m_held.extract(ticket))
        {
            Judge(now, held.mapped().from, held.mapped().bytes);
        }
    }
    for (const uint64_t ticket : m_filter.TakeAbandoned())
    {
        m_held.erase(ticket);
    }
}

TimePoint
FirewallGate::NextTimeout() const
{
    return m_filter.NextTimeout();
}

void
FirewallGate::Timeout(TimePoint now)
{
    m_filter.Timeout(now);
    Settle(now);
}

} // namespace isb
