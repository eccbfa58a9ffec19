// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_IMPAIR_IMPAIRMENT_HARNESS_H
#define ISB_TESTS_CORE_IMPAIR_IMPAIRMENT_HARNESS_H

#include "model/core/impair/impairment.h"

#include <vector>

namespace isb
{

/// A packet that came out.
struct Seen
{
    uint64_t id;
    TimePoint when;
};

inline bool
operator==(const Seen& a, const Seen& b)
{
    return a.id == b.id && a.when == b.when;
}

/// An Impairment driven by a steady source. Packets are called 0, 1, 2 ...
class ImpairmentRig
{
  public:
    explicit ImpairmentRig(const ImpairmentSettings& settings, uint64_t seed = 1)
        : m_rng(seed),
          impairment(settings, m_rng)
    {
    }

    /// Everything that is due up to `now`, each at its own time.
    void
    RunUntil(TimePoint now)
    {
        while (impairment.NextTimeout() <= now)
        {
            const TimePoint when = impairment.NextTimeout();
            const auto departure = impairment.TakeDue(when);
            seen.push_back({departure->id, when});
        }
    }

    ImpairmentVerdict
    Send(TimePoint now, size_t bytes = 1000)
    {
        RunUntil(now);
        verdicts.push_back(impairment.Submit(now, m_next++, bytes));
        return verdicts.back();
    }

    /// `count` packets, `gap` apart, from zero on; then all that is inside comes out.
    void
    SendMany(size_t count, Duration gap, size_t bytes = 1000)
    {
        for (size_t i = 0; i < count; ++i)
        {
            Send(gap * static_cast<Duration::rep>(i), bytes);
        }
        RunUntil(TIME_NEVER - Duration(1));
    }

    [[nodiscard]] uint64_t
    Drops(ImpairmentDrop drop) const
    {
        return impairment.Counters().drops.at(static_cast<size_t>(drop));
    }

  private:
    SeededRng m_rng;
    uint64_t m_next = 0;

  public:
    Impairment impairment;
    std::vector<Seen> seen;
    std::vector<ImpairmentVerdict> verdicts;
};

} // namespace isb

#endif
