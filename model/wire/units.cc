// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/units.h"

namespace isb
{

__extension__ using Wide = unsigned __int128;

Duration
DataRate::TimeFor(uint64_t bytes) const
{
    constexpr uint64_t NANOSECONDS = 1'000'000'000;
    const uint64_t bits = bytes * 8;
    // Whole seconds first: the rest times 1e9 fits 128 bits at any rate.
    const uint64_t whole = bits / bitsPerSecond;
    const uint64_t rest = bits % bitsPerSecond;
    const auto part = static_cast<uint64_t>(
        (static_cast<Wide>(rest) * NANOSECONDS + bitsPerSecond - 1) / bitsPerSecond);
    return Duration(static_cast<int64_t>(whole * NANOSECONDS + part));
}

} // namespace isb
