// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_METER_TRAFFIC_CLOCK_H
#define ISB_EMULATION_METER_TRAFFIC_CLOCK_H

#include <chrono>
#include <cstdint>

namespace isb
{

inline constexpr uint64_t NS_PER_MS = 1'000'000;
inline constexpr uint64_t NS_PER_SECOND = 1'000'000'000;

/// Patience with peers and paths, above what any of them takes.
inline constexpr uint64_t TRAFFIC_WATCHDOG = 15 * NS_PER_SECOND;

/// Nanoseconds of the steady clock (CLOCK_MONOTONIC).
[[nodiscard]] inline uint64_t
TrafficNow()
{
    return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                     std::chrono::steady_clock::now().time_since_epoch())
                                     .count());
}

[[nodiscard]] inline double
ToSeconds(uint64_t nanoseconds)
{
    return static_cast<double>(nanoseconds) / static_cast<double>(NS_PER_SECOND);
}

} // namespace isb

#endif
