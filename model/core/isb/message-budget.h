// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_MESSAGE_BUDGET_H
#define ISB_CORE_ISB_MESSAGE_BUDGET_H

#include "model/wire/units.h"

#include <algorithm>
#include <cstdint>

namespace isb
{

/// A token bucket in the form of a theoretical arrival time (ITU-T I.371, GCRA): no timer, no
/// rounding that adds up. A full bucket lets `BURST` times the rate through at once.
class MessageBudget
{
  public:
    static constexpr Duration BURST = std::chrono::seconds(4);

    MessageBudget() = default;

    /// 0: no limit.
    explicit MessageBudget(uint64_t perSecond)
        : m_cost(perSecond == 0
                     ? Duration(0)
                     : Duration(std::chrono::seconds(1)) / static_cast<Duration::rep>(perSecond))
    {
    }

    /// One message more; false when the bucket is empty, which takes nothing.
    [[nodiscard]] bool
    Take(TimePoint now)
    {
        const TimePoint next = std::max(m_full, now) + m_cost;
        if (next - now > BURST)
        {
            return false;
        }
        m_full = next;
        return true;
    }

    [[nodiscard]] TimePoint
    FullAt() const
    {
        return m_full;
    }

  private:
    Duration m_cost{0};
    TimePoint m_full{0}; ///< when the bucket is full again
};

} // namespace isb

#endif
