// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_RATE_METER_H
#define ISB_CORE_IST_RATE_METER_H

#include "model/wire/units.h"

#include <algorithm>
#include <cstdint>

namespace isb
{

/// Token bucket that keeps only when it will be full again (the generic cell rate algorithm, ITU-T
/// I.371): whatever is admitted costs its time at the rate, and something is admitted as long as
/// less than `burst` is owed. So a single large packet passes at any rate, and the long-term rate
/// is exact.
class RateMeter
{
  public:
    /// \param perSecond units (bits, echoes) a second, not 0
    RateMeter(uint64_t perSecond, Duration burst)
        : m_perSecond(perSecond),
          m_burst(burst)
    {
    }

    [[nodiscard]] bool
    Admits(TimePoint now) const
    {
        return m_paidUntil < now + m_burst;
    }

    /// `units` below 2^34: 16 times the bits of the largest IP packet and more.
    void
    Charge(TimePoint now, uint64_t units)
    {
        constexpr uint64_t SECOND = 1'000'000'000;
        constexpr Duration MOST = std::chrono::hours(24 * 365); // owed: keeps sums in range
        const uint64_t cost = (units * SECOND + m_perSecond - 1) / m_perSecond;
        const uint64_t added = std::min(cost, static_cast<uint64_t>(MOST.count()));
        m_paidUntil = std::min(std::max(m_paidUntil, now) + Duration{static_cast<int64_t>(added)},
                               now + MOST);
    }

  private:
    uint64_t m_perSecond;
    Duration m_burst;
    TimePoint m_paidUntil{0};
};

} // namespace isb

#endif
