// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_TRAFFIC_METER_H
#define ISB_EMULATION_LAB_TRAFFIC_METER_H

#include "model/lab/lab-result.h"
#include "model/lab/lab.h"

#include <cstdint>
#include <vector>

namespace isb
{

/// What one traffic did so far; its client and its server write it.
struct TrafficMeter
{
    TimePoint start{0};
    TimePoint stop{0}; ///< 0: it goes on
    uint64_t established = 0;
    uint64_t failed = 0;
    uint64_t completed = 0;
    uint64_t sentBytes = 0;
    uint64_t receivedBytes = 0;
    uint64_t sentPackets = 0;     ///< pings
    uint64_t receivedPackets = 0; ///< pongs
    std::vector<uint64_t> roundTripsNs;
    std::vector<uint64_t> firstBytesNs;

    /// As the result of a run shows it; `now` ends what goes on.
    [[nodiscard]] TrafficResult Result(const Lab& lab, const Traffic& traffic, TimePoint now) const;
};

} // namespace isb

#endif
