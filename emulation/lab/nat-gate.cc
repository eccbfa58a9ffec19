// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/nat-gate.h"

namespace isb
{

namespace
{

NatboxConfig
ConfigOf(const Box& box)
{
    NatboxConfig config;
    config.name = box.name;
    config.inside.device = LabGate::INSIDE;
    config.outside.device = LabGate::OUTSIDE;
    config.nat = box.nat;
    config.nat.allowedDestinations = box.allowed;
    config.nat.checksums = true; // real packets have them
    config.offload = false;
    return config;
}

} // namespace

NatGate::NatGate(const World& world,
                 const Box& box,
                 const NetworkNamespace& space,
                 uint64_t seed,
                 TraceSink* trace)
    : LabGate(world, space),
      m_nat(seed),
      m_impair(seed),
      m_relay(ConfigOf(box), {m_nat, m_impair, m_impair}, *this, trace)
{
}

void
NatGate::AddTo(BoxResult& result) const
{
    const NatCounters& counters = m_relay.Box().Counters();
    result.mappings = counters.mappingsCreated;
    result.forwarded = m_relay.Side(NatSide::Inside).sent + m_relay.Side(NatSide::Outside).sent;
    for (size_t i = 0; i < NAT_DROP_COUNT; ++i)
    {
        if (counters.drops[i] != 0)
        {
            result.drops[std::string(DropInfo(static_cast<NatDrop>(i)).reason)] +=
                counters.drops[i];
        }
    }
    for (size_t i = 0; i < RELAY_DROP_COUNT; ++i)
    {
        const auto drop = static_cast<RelayDrop>(i);
        if (m_relay.Drops(drop) != 0)
        {
            result.drops[std::string(ReasonOf(drop))] += m_relay.Drops(drop);
        }
    }
}

void
NatGate::Happen(TimePoint now, IncidentKind kind)
{
    NatBox& box = m_relay.Box();
    switch (kind)
    {
    case IncidentKind::Reboot:
        box.Reboot(now, box.Settings().external);
        break;
    case IncidentKind::Rebind:
        box.Rebind(now);
        break;
    case IncidentKind::Fill:
        box.SetFull(now, true);
        break;
    case IncidentKind::Drain:
        box.SetFull(now, false);
        break;
    default:
        break; // happens to others
    }
}

void
NatGate::Write(NatSide to, ByteView bytes)
{
    SendTo(to, bytes);
}

void
NatGate::Receive(TimePoint now, NatSide from, MutableBytes bytes)
{
    m_relay.Receive(now, from, bytes);
}

TimePoint
NatGate::NextTimeout() const
{
    return m_relay.NextTimeout();
}

void
NatGate::Timeout(TimePoint now)
{
    m_relay.Timeout(now);
}

} // namespace isb
