// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_VOLUNTEER_METER_H
#define ISB_CORE_DAEMON_VOLUNTEER_METER_H

#include "model/wire/units.h"

#include <algorithm>
#include <cstdint>

namespace isb
{

/// Bounds the bytes that a volunteer forwards (promise T10): what passes costs its time at the
/// rate, and more passes as long as less than BURST is owed. So the long-term rate is exact.
class VolunteerMeter
{
  public:
    static constexpr Duration BURST = std::chrono::milliseconds(50);

    /// 0: no bound.
    explicit VolunteerMeter(uint64_t bitsPerSecond = 0)
        : m_rate{bitsPerSecond}
    {
    }

    [[nodiscard]] bool
    Admits(TimePoint now) const
    {
        return Ready() <= now;
    }

    /// When more passes.
    [[nodiscard]] TimePoint
    Ready() const
    {
        return m_rate.bitsPerSecond == 0 ? TimePoint(0) : m_paidUntil - BURST;
    }

    void
    Charge(TimePoint now, size_t bytes)
    {
        if (m_rate.bitsPerSecond != 0)
        {
            m_paidUntil = std::max(m_paidUntil, now) + m_rate.TimeFor(bytes);
        }
    }

  private:
    DataRate m_rate;
    TimePoint m_paidUntil{0};
};

} // namespace isb

#endif
