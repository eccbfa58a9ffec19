// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/box-machine.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace isb
{

namespace
{

constexpr uint32_t NO_PORT = std::numeric_limits<uint32_t>::max();

} // namespace

BoxMachine::BoxMachine(const MachineParameters& parameters, const std::vector<Port>& ports)
    : m_costs(parameters),
      m_lastInterrupt(NO_PORT),
      m_backlog(parameters.backlog),
      m_quota(parameters.pollQuota),
      m_reassembly(parameters.reassemblyMemory,
                   parameters.reassemblyLow,
                   parameters.reassemblyTimeout)
{
    m_ports.reserve(ports.size());
    for (const Port& port : ports)
    {
        const bool onChip = port.nic == NicKind::OnChip;
        m_ports.push_back(
            {port.nic,
             false,
             ReceiveRing(onChip ? parameters.onChipRing : parameters.pciRing),
             Transmitter(parameters.transmitQueue, parameters.transmitRing, port.rate),
             {}});
    }
    for (const NicKind nic : {NicKind::OnChip, NicKind::Pci})
    {
        for (uint32_t i = 0; i < m_ports.size(); ++i)
        {
            if (m_ports[i].nic == nic)
            {
                m_interruptOrder.push_back(i);
            }
        }
    }
}

void
BoxMachine::Arrived(TimePoint now, uint32_t port, const Frame& frame)
{
    assert(now >= m_now && port < m_ports.size());
    m_now = now;
    ++m_counters.arrived;
    PortState& state = m_ports[port];
    if (!state.ring.Arrive(now, frame, ResponseLatency(state.nic, frame.bytes)))
    {
        DropReceived(port, frame.handle, BoxDrop::RingFull);
    }
}

void
BoxMachine::Transmit(TimePoint now, uint32_t port, uint64_t handle, uint32_t bytes)
{
    assert(now >= m_now && port < m_ports.size());
    m_now = now;
    ++m_counters.transmitted;
    if (!m_ports[port].out.Offer({handle, bytes}))
    {
        ++m_counters.transmitDropped;
        Drop(port, handle, BoxDrop::TransmitQueueFull);
        return;
    }
    PumpTransmit(port);
}

void
BoxMachine::Submit(TimePoint now, ProcessJob job)
{
    assert(now >= m_now && job.cost >= Duration::zero());
    m_now = now;
    ++m_counters.jobsSubmitted;
    m_jobs.push_back(job);
}

const BoxOutput*
BoxMachine::Next(TimePoint now)
{
    assert(now >= m_now);
    m_now = now;
    while (true)
    {
        if (const BoxOutput* output = m_outputs.Take())
        {
            return output;
        }
        if (!RunOne(now) && !Dispatch(now))
        {
            return nullptr;
        }
    }
}

TimePoint
BoxMachine::NextTimeout() const
{
    TimePoint next = std::min(m_cpu.NextTimeout(), m_reassembly.NextTimeout());
    if (!m_late.empty())
    {
        next = std::min(next, m_late.front().due);
    }
    for (const PortState& port : m_ports)
    {
        next = std::min(next, port.out.NextTimeout());
        // A visible frame needs no timer: the CPU comes to it. A polled ring is looked at anyway.
        const TimePoint visible = port.ring.NextTimeout();
        if (visible > m_now)
        {
            next = std::min(next, visible);
        }
    }
    return next;
}

/// Lets one thing happen that is due; false if nothing is.
bool
BoxMachine::RunOne(TimePoint now)
{
    if (const auto level = m_cpu.Finish(now))
    {
        switch (*level)
        {
        case CpuLevel::HardInterrupt:
            FinishHard(now);
            break;
        case CpuLevel::Softirq:
            FinishSoft(now);
            break;
        case CpuLevel::Process:
            FinishProcess();
            break;
        }
        return true;
    }
    for (uint32_t i = 0; i < m_ports.size(); ++i)
    {
        if (m_ports[i].out.NextTimeout() <= now)
        {
            OutgoingFrame sent;
            if (m_ports[i].out.Advance(now, sent))
            {
                ++m_counters.sent;
                m_outputs.Append(BoxOutput::Kind::Send, i, sent.handle);
            }
            return true;
        }
    }
    if (!m_late.empty() && m_late.front().due <= now)
    {
        Deliver(m_late.front().port, m_late.front().handles);
        m_late.pop_front();
        return true;
    }
    if (m_reassembly.NextTimeout() <= now)
    {
        m_reassembly.Timeout(now, m_lost);
        DropLost();
        return true;
    }
    return false;
}

/// Gives the CPU its next segment; false if there is none or a more urgent one runs.
bool
BoxMachine::Dispatch(TimePoint now)
{
    if (!m_cpu.IsFree(CpuLevel::HardInterrupt))
    {
        return false;
    }
    if (StartHard(now))
    {
        return true;
    }
    m_lastInterrupt = NO_PORT;
    if (!m_cpu.IsFree(CpuLevel::Softirq))
    {
        return false;
    }
    if (StartSoft(now))
    {
        return true;
    }
    if (!m_cpu.IsFree(CpuLevel::Process) || m_jobs.empty())
    {
        return false;
    }
    m_job = m_jobs.front();
    m_jobs.pop_front();
    m_cpu.Start(now, CpuLevel::Process, m_job.cost);
    return true;
}

Duration
BoxMachine::ResponseLatency(NicKind nic, uint32_t bytes) const
{
    const MachineParameters& parameters = m_costs.Parameters();
    return nic == NicKind::OnChip ? parameters.onChipLatency
                                  : parameters.pciLatency + m_costs.BusTime(bytes);
}

bool
BoxMachine::NeedsInterrupt(const PortState& port, TimePoint now) const
{
    return port.out.Completed() > 0 || (!port.polled && port.ring.IsReady(now));
}

bool
BoxMachine::StartHard(TimePoint now)
{
    const MachineParameters& parameters = m_costs.Parameters();
    for (const uint32_t i : m_interruptOrder)
    {
        PortState& port = m_ports[i];
        if (!NeedsInterrupt(port, now))
        {
            continue;
        }
        Duration cost = i == m_lastInterrupt ? Duration::zero() : parameters.interruptCost;
        m_hard.port = i;
        m_hard.completions = port.out.Completed();
        cost += m_hard.completions * parameters.completionCost;
        m_hard.receives = port.nic == NicKind::OnChip && port.ring.IsReady(now);
        if (m_hard.receives)
        {
            m_hard.frame = port.ring.Take();
            cost += m_costs.Receive(m_hard.frame.bytes);
        }
        if (port.nic == NicKind::Pci)
        {
            cost += parameters.pciRegisterCost;
        }
        m_cpu.Start(now, CpuLevel::HardInterrupt, cost);
        return true;
    }
    return false;
}

void
BoxMachine::FinishHard(TimePoint now)
{
    PortState& port = m_ports[m_hard.port];
    m_lastInterrupt = m_hard.port;
    if (m_hard.completions > 0)
    {
        port.out.Free(m_hard.completions);
        PumpTransmit(m_hard.port);
    }
    if (m_hard.receives)
    {
        m_hard.receives = false;
        if (!m_backlog.Push({m_hard.frame, m_hard.port}))
        {
            DropReceived(m_hard.port, m_hard.frame.handle, BoxDrop::BacklogFull);
        }
    }
    if (port.nic == NicKind::Pci && port.ring.IsReady(now))
    {
        port.polled = true;
    }
}

bool
BoxMachine::StartSoft(TimePoint now)
{
    if (m_transmits.empty())
    {
        return StartInput(now);
    }
    m_soft.kind = SoftKind::Transmit;
    m_soft.port = m_transmits.front();
    m_transmits.pop_front();
    m_soft.outgoing = m_ports[m_soft.port].out.Start();
    m_cpu.Start(now, CpuLevel::Softirq, m_costs.Transmit(m_soft.outgoing.bytes));
    return true;
}

/// net_rx_action(): backlog and polled NICs take turns of at most pollQuota frames.
bool
BoxMachine::StartInput(TimePoint now)
{
    for (size_t tried = 0; tried <= m_ports.size() + 1; ++tried)
    {
        const bool isBacklog = m_source == 0;
        PortState* port = isBacklog ? nullptr : &m_ports[m_source - 1];
        const bool hasFrame =
            isBacklog ? !m_backlog.IsEmpty() : port->polled && port->ring.IsReady(now);
        if (!hasFrame || m_quota == 0)
        {
            if (!isBacklog && !hasFrame)
            {
                port->polled = false; // ring empty: back to interrupts
            }
            m_source = (m_source + 1) % (m_ports.size() + 1);
            m_quota = m_costs.Parameters().pollQuota;
            m_pollBegins = true;
            continue;
        }
        --m_quota;
        m_soft.kind = SoftKind::Input;
        Duration cost{0};
        if (isBacklog)
        {
            const ReceivedFrame received = m_backlog.Take();
            m_soft.port = received.port;
            m_soft.frame = received.frame;
        }
        else
        {
            m_soft.port = static_cast<uint32_t>(m_source - 1);
            m_soft.frame = port->ring.Take();
            cost = m_costs.Receive(m_soft.frame.bytes);
            cost += m_pollBegins ? m_costs.Parameters().pciRegisterCost : Duration::zero();
        }
        m_pollBegins = false;
        m_cpu.Start(now, CpuLevel::Softirq, cost + m_costs.Input(m_soft.frame));
        return true;
    }
    return false;
}

void
BoxMachine::FinishSoft(TimePoint now)
{
    const FramePath path = m_soft.frame.facts.path;
    switch (m_soft.kind)
    {
    case SoftKind::Transmit:
    {
        const MachineParameters& parameters = m_costs.Parameters();
        PortState& port = m_ports[m_soft.port];
        const Duration bus =
            port.nic == NicKind::Pci ? m_costs.BusTime(m_soft.outgoing.bytes) : Duration::zero();
        port.out.Copied(now, m_soft.outgoing, parameters.transmitLatency + bus);
        return;
    }
    case SoftKind::Input:
        if (m_soft.frame.facts.IsFragment() && CostModel::NeedsWholeDatagram(path))
        {
            FinishFragment(now);
            return;
        }
        m_handles.assign(1, m_soft.frame.handle);
        break;
    case SoftKind::Reassembled:
        m_handles.clear();
        for (const ReceivedFrame& part : m_whole)
        {
            m_handles.push_back(part.frame.handle);
        }
        m_whole.clear();
        break;
    }
    ToIp(now, path, m_soft.port, m_handles);
}

/// Queues the fragment; a whole datagram continues at once, before any other softirq work.
void
BoxMachine::FinishFragment(TimePoint now)
{
    std::optional<Datagram> whole = m_reassembly.Add(now, {m_soft.frame, m_soft.port}, m_lost);
    DropLost();
    if (!whole)
    {
        return;
    }
    m_whole = std::move(*whole);
    uint32_t bytes = 0;
    for (const ReceivedFrame& part : m_whole)
    {
        bytes += part.frame.bytes;
    }
    const Frame& first = m_whole.front().frame;
    m_soft.kind = SoftKind::Reassembled;
    m_soft.port = m_whole.front().port;
    m_soft.frame = first;
    m_cpu.Start(now,
                CpuLevel::Softirq,
                m_costs.Reassembled(first, static_cast<uint32_t>(m_whole.size()), bytes));
}

void
BoxMachine::FinishProcess()
{
    ++m_counters.jobsDone;
    m_outputs.Append(BoxOutput::Kind::Done, 0, m_job.token);
}

void
BoxMachine::PumpTransmit(uint32_t port)
{
    while (m_ports[port].out.Reserve())
    {
        m_transmits.push_back(port);
    }
}

void
BoxMachine::ToIp(TimePoint now, FramePath path, uint32_t port, const std::vector<uint64_t>& handles)
{
    const Duration latency = m_costs.InputLatency(path);
    if (latency == Duration::zero())
    {
        Deliver(port, handles);
        return;
    }
    TimePoint due = now + latency;
    if (!m_late.empty())
    {
        due = std::max(due, m_late.back().due);
    }
    m_late.push_back({due, port, handles});
}

void
BoxMachine::Deliver(uint32_t port, const std::vector<uint64_t>& handles)
{
    m_counters.delivered += handles.size();
    m_outputs.Append(BoxOutput::Kind::Deliver, port, handles);
}

void
BoxMachine::Drop(uint32_t port, uint64_t handle, BoxDrop drop)
{
    ++m_ports[port].drops[static_cast<size_t>(drop)];
    m_outputs.Append(BoxOutput::Kind::Dropped, port, handle).drop = drop;
}

void
BoxMachine::DropReceived(uint32_t port, uint64_t handle, BoxDrop drop)
{
    ++m_counters.receiveDropped;
    Drop(port, handle, drop);
}

void
BoxMachine::DropLost()
{
    for (const Reassembly::Lost& lost : m_lost)
    {
        DropReceived(lost.fragment.port, lost.fragment.frame.handle, lost.reason);
    }
    m_lost.clear();
}

const CostModel&
BoxMachine::Costs() const
{
    return m_costs;
}

const BoxCounters&
BoxMachine::Counters() const
{
    return m_counters;
}

uint64_t
BoxMachine::Drops(uint32_t port, BoxDrop drop) const
{
    return m_ports[port].drops[static_cast<size_t>(drop)];
}

Duration
BoxMachine::CpuTime(CpuLevel level, TimePoint now) const
{
    return m_cpu.Used(level, now);
}

uint64_t
BoxMachine::HeldReceive() const
{
    uint64_t held = m_backlog.Size() + m_reassembly.Held() + m_whole.size();
    held += m_hard.receives ? 1 : 0;
    held += m_cpu.IsBusy(CpuLevel::Softirq) && m_soft.kind == SoftKind::Input ? 1 : 0;
    for (const PortState& port : m_ports)
    {
        held += port.ring.Size();
    }
    for (const Late& late : m_late)
    {
        held += late.handles.size();
    }
    return held;
}

uint64_t
BoxMachine::HeldTransmit() const
{
    uint64_t held = 0;
    for (const PortState& port : m_ports)
    {
        held += port.out.Held();
    }
    return held;
}

uint32_t
BoxMachine::PortCount() const
{
    return static_cast<uint32_t>(m_ports.size());
}

} // namespace isb
