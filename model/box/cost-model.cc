// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/cost-model.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint32_t MIN_FRAME_BYTES = 60;
constexpr uint32_t WIRE_OVERHEAD_BYTES = 4 + 8 + 12; // FCS, preamble and delimiter, gap
constexpr uint64_t PCI_BYTES_A_CLOCK = 4;
constexpr uint64_t PICOSECONDS_A_NANOSECOND = 1000;

Duration
PerByte(int64_t picoseconds, uint64_t bytes)
{
    return Duration(picoseconds * static_cast<int64_t>(bytes) /
                    static_cast<int64_t>(PICOSECONDS_A_NANOSECOND));
}

} // namespace

uint32_t
WireBytes(uint32_t bytes)
{
    return std::max(bytes, MIN_FRAME_BYTES) + WIRE_OVERHEAD_BYTES;
}

Duration
WireTime(uint32_t bytes, DataRate rate)
{
    return rate.TimeFor(WireBytes(bytes));
}

CostModel::CostModel(const MachineParameters& parameters)
    : m_parameters(parameters)
{
}

const MachineParameters&
CostModel::Parameters() const
{
    return m_parameters;
}

Duration
CostModel::Copy(uint64_t bytes) const
{
    return PerByte(m_parameters.copyPicoseconds, bytes);
}

Duration
CostModel::Receive(uint32_t bytes) const
{
    return m_parameters.receiveCost + Copy(bytes);
}

Duration
CostModel::Transmit(uint32_t bytes) const
{
    return m_parameters.transmitCost + Copy(bytes);
}

Duration
CostModel::Input(const Frame& frame) const
{
    if (frame.facts.IsFragment() && NeedsWholeDatagram(frame.facts.path))
    {
        return m_parameters.reassemblyCost;
    }
    return InputWhole(frame.facts, frame.bytes);
}

Duration
CostModel::Reassembled(const Frame& first, uint32_t fragments, uint32_t bytes) const
{
    const bool isForwarded =
        first.facts.path == FramePath::Nat || first.facts.path == FramePath::Splice;
    const Duration cutAgain =
        isForwarded ? 2 * Copy(bytes) + fragments * m_parameters.reassemblyCost : Duration::zero();
    return InputWhole(first.facts, bytes) + cutAgain;
}

Duration
CostModel::InputWhole(const FrameFacts& facts, uint32_t bytes) const
{
    const MachineParameters& p = m_parameters;
    switch (facts.path)
    {
    case FramePath::Forward:
        return p.forwardCost;
    case FramePath::Nat:
        return p.forwardCost + p.natCost + facts.tableEntries * p.walkCost / 2;
    case FramePath::Splice:
        return p.forwardCost + p.spliceCost;
    case FramePath::LocalTcp:
        return p.localCost + p.tcpCost + PerByte(p.checksumPicoseconds, bytes);
    case FramePath::LocalUdp:
        return p.localCost + PerByte(p.checksumPicoseconds, bytes);
    case FramePath::LocalOther:
        return p.localCost;
    }
    return Duration::zero();
}

bool
CostModel::NeedsWholeDatagram(FramePath path)
{
    return path != FramePath::Forward;
}

Duration
CostModel::InputLatency(FramePath path) const
{
    const Duration untuned =
        path == FramePath::Splice ? m_parameters.untunedLatency : Duration::zero();
    return m_parameters.receiveLatency + untuned;
}

Duration
CostModel::BusTime(uint32_t bytes) const
{
    if (m_parameters.pciMegahertz == 0)
    {
        return Duration::zero();
    }
    const uint64_t clocks = (bytes + PCI_BYTES_A_CLOCK - 1) / PCI_BYTES_A_CLOCK;
    return Duration(clocks * PICOSECONDS_A_NANOSECOND / m_parameters.pciMegahertz);
}

Duration
CostModel::Select() const
{
    return m_parameters.systemCallCost;
}

Duration
CostModel::ReceiveCall(uint64_t bytes) const
{
    return m_parameters.systemCallCost + Copy(bytes);
}

Duration
CostModel::SendCall(uint64_t bytes) const
{
    return m_parameters.systemCallCost + Copy(bytes);
}

Duration
CostModel::WakeUp() const
{
    return m_parameters.wakeupCost;
}

Duration
CostModel::ProxyTurn(uint64_t bytes, bool asleep) const
{
    return Select() + ReceiveCall(bytes) + SendCall(bytes) + (asleep ? WakeUp() : Duration::zero());
}

} // namespace isb
