// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_SPLICE_ALLOWANCE_H
#define ISB_CORE_IST_SPLICE_ALLOWANCE_H

#include "model/core/ist/rate-meter.h"
#include "model/wire/isb-message.h"
#include "model/wire/units.h"

#include <algorithm>
#include <cstdint>

namespace isb
{

/// What one splice may still carry under its limits: a volunteer's IST risks only the bandwidth
/// that it stated (promise T10, thesis 3.6.2).
class SpliceAllowance
{
  public:
    enum Answer : uint8_t
    {
        Pass,
        OverRate,  ///< this packet is too early
        OverBytes, ///< the splice is used up
    };

    SpliceAllowance()
        : SpliceAllowance(SpliceLimits{})
    {
    }

    explicit SpliceAllowance(const SpliceLimits& limits)
        : m_limits(limits),
          m_meter(std::max<uint64_t>(limits.rateBps, 1), BURST)
    {
    }

    [[nodiscard]] const SpliceLimits&
    Limits() const
    {
        return m_limits;
    }

    /// Whether packets are counted at all; a lifetime alone needs no counting.
    [[nodiscard]] bool
    CountsPackets() const
    {
        return m_limits.rateBps != 0 || m_limits.bytes != 0;
    }

    [[nodiscard]] Answer
    Ask(TimePoint now, uint64_t bytes) const
    {
        if (m_limits.bytes != 0 && bytes > m_limits.bytes - m_used)
        {
            return OverBytes;
        }
        return m_limits.rateBps != 0 && !m_meter.Admits(now) ? OverRate : Pass;
    }

    /// Takes what has passed; `bytes` at most 2^30.
    void
    Charge(TimePoint now, uint64_t bytes)
    {
        m_used = m_limits.bytes != 0 ? std::min(m_used + bytes, m_limits.bytes) : 0;
        if (m_limits.rateBps != 0)
        {
            m_meter.Charge(now, bytes * 8);
        }
    }

    /// The sides are joined; the first time counts.
    void
    Start(TimePoint now)
    {
        if (m_limits.lifetime > Duration{0} && m_end == TIME_NEVER)
        {
            m_end = now + m_limits.lifetime;
        }
    }

    /// When its lifetime is over; TIME_NEVER: it has no bound, or is not joined.
    [[nodiscard]] TimePoint
    End() const
    {
        return m_end;
    }

  private:
    /// What may be owed to the rate: smooths TCP's bursts.
    static constexpr Duration BURST = std::chrono::milliseconds(200);

    SpliceLimits m_limits;
    RateMeter m_meter;
    uint64_t m_used = 0;
    TimePoint m_end{TIME_NEVER};
};

} // namespace isb

#endif
