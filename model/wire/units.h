// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_UNITS_H
#define ISB_WIRE_UNITS_H

#include <chrono>
#include <cstdint>

namespace isb
{

/// Time that passes. Integer nanoseconds: the same arithmetic on every machine.
using Duration = std::chrono::nanoseconds;

/// A moment, as time since the start of the run (simulation) or of the process (sockets).
/// Never goes back from one input of a machine to the next.
using TimePoint = std::chrono::nanoseconds;

/// "Never", for timeouts.
inline constexpr TimePoint TIME_NEVER = TimePoint::max();

/// Bits per second on a wire or offered by a source.
struct DataRate
{
    uint64_t bitsPerSecond = 0;

    /// Time that `bytes` take at this rate, rounded up to a nanosecond. The rate must not be zero.
    [[nodiscard]] Duration TimeFor(uint64_t bytes) const;
};

inline bool
operator==(DataRate a, DataRate b)
{
    return a.bitsPerSecond == b.bitsPerSecond;
}

} // namespace isb

#endif
