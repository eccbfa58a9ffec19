// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_UNITS_H
#define ISB_WIRE_UNITS_H

#include "model/wire/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

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

/// A share of a whole in parts per million: 3 % is 30'000.
struct Ratio
{
    uint32_t partsPerMillion = 0;

    [[nodiscard]] double
    AsDouble() const
    {
        return partsPerMillion / 1e6;
    }
};

inline bool
operator==(Ratio a, Ratio b)
{
    return a.partsPerMillion == b.partsPerMillion;
}

/// A unit's name and how many of the quantity's smallest unit it is.
struct UnitName
{
    std::string_view name;
    uint64_t factor;
};

/// The units of one quantity, smallest first; the first one's factor is 1 unless fractions of it
/// are representable ("%" in parts per million).
struct UnitTable
{
    std::string_view quantity; ///< "duration", for error texts
    std::string_view example;  ///< "10 us", for error texts
    const UnitName* units;
    size_t count;
    uint64_t most; ///< largest value that is accepted, in smallest units
};

/// Reads "1.5 ms" as a whole number of smallest units. Exact: no floating point, no locale. Text
/// without unit, negative, too fine or too large is refused with what would be right. The blank
/// between number and unit may be missing.
Result<uint64_t> ParseQuantity(std::string_view text, const UnitTable& table);

/// Writes the value exactly in the unit that makes the shortest text, the larger one on a tie;
/// ParseQuantity() reads the same value back.
[[nodiscard]] std::string FormatQuantity(uint64_t value, const UnitTable& table);

/// "10 ns", "10 us", "1.5 ms", "2 s", "5 min", "2 h"
Result<Duration> ParseDuration(std::string_view text);
/// "9600 b/s", "9.6 kb/s", "100 Mb/s", "1 Gb/s" (decimal prefixes)
Result<DataRate> ParseDataRate(std::string_view text);
/// "64 B", "1 kB" (1000), "1 KiB" (1024), MB, MiB, GB, GiB
Result<uint64_t> ParseByteCount(std::string_view text);
/// "3 %", "0.25 %"; at most 100 %
Result<Ratio> ParseRatio(std::string_view text);

/// The inverse: exact, shortest of the forms above. Durations must not be negative.
[[nodiscard]] std::string FormatDuration(Duration value);
[[nodiscard]] std::string FormatDataRate(DataRate value);
[[nodiscard]] std::string FormatByteCount(uint64_t bytes);
[[nodiscard]] std::string FormatRatio(Ratio value);

} // namespace isb

#endif
