// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/impairment-gate.h"

#include "model/ns3/sim-time.h"

#include "ns3/simulator.h"

#include <utility>

namespace ns3
{

ImpairmentGate::ImpairmentGate(const isb::ImpairmentSettings& settings, uint64_t seed, Exit exit)
    : m_rng(seed),
      m_impairment(settings, m_rng),
      m_exit(std::move(exit))
{
}

ImpairmentGate::~ImpairmentGate()
{
    m_timer.Cancel();
}

isb::ImpairmentVerdict
ImpairmentGate::Enter(Ptr<Packet> packet, uint32_t bytes)
{
    const uint64_t id = ++m_lastId;
    const isb::ImpairmentVerdict verdict = m_impairment.Submit(SimulatedNow(), id, bytes);
    if (verdict.copies != 0)
    {
        m_packets.emplace(id, std::move(packet));
        SetTimer();
    }
    return verdict;
}

const isb::ImpairmentCounters&
ImpairmentGate::Counters() const
{
    return m_impairment.Counters();
}

void
ImpairmentGate::Leave()
{
    while (const auto due = m_impairment.TakeDue(SimulatedNow()))
    {
        const auto found = m_packets.find(due->id);
        Ptr<Packet> packet = due->isLast ? found->second : found->second->Copy();
        if (due->isLast)
        {
            m_packets.erase(found);
        }
        m_exit(std::move(packet));
    }
    SetTimer();
}

void
ImpairmentGate::SetTimer()
{
    m_timer.Cancel();
    const isb::TimePoint next = m_impairment.NextTimeout();
    if (next != isb::TIME_NEVER)
    {
        const isb::Duration wait = next - SimulatedNow();
        m_timer =
            Simulator::Schedule(ToTime(wait < isb::Duration::zero() ? isb::Duration::zero() : wait),
                                &ImpairmentGate::Leave,
                                this);
    }
}

} // namespace ns3
