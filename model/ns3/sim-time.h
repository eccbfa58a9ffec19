// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_SIM_TIME_H
#define ISB_NS3_SIM_TIME_H

#include "model/wire/units.h"

#include "ns3/nstime.h"
#include "ns3/simulator.h"

namespace ns3
{

/// Simulated time as the core machines count it; ns-3's resolution must be its default, 1 ns.
inline isb::TimePoint
SimulatedNow()
{
    return isb::TimePoint(Simulator::Now().GetTimeStep());
}

inline Time
ToTime(isb::Duration duration)
{
    return TimeStep(static_cast<uint64_t>(duration.count()));
}

inline isb::Duration
ToDuration(const Time& time)
{
    return isb::Duration(time.GetNanoSeconds());
}

} // namespace ns3

#endif
