// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_CPU_H
#define ISB_BOX_CPU_H

#include "model/wire/units.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace isb
{

/// Levels of work, the most urgent first. A level runs only while no level before it has work.
enum class CpuLevel : uint8_t
{
    HardInterrupt,
    Softirq,
    Process,
};

inline constexpr size_t CPU_LEVEL_COUNT = 3;

/// One processor that serves one segment of work a level, preemptive resume: a more urgent segment
/// suspends the running one, which later continues where it was. It knows durations only; what a
/// segment means is its owner's business.
class Cpu
{
  public:
    /// True if a segment could start to run now: nothing at this level or a more urgent one.
    [[nodiscard]] bool IsFree(CpuLevel level) const;
    /// True if there is a segment at this level, running or suspended.
    [[nodiscard]] bool IsBusy(CpuLevel level) const;

    /// Begins a segment; IsFree(level) must hold. `cost` may be zero.
    void Start(TimePoint now, CpuLevel level, Duration cost);
    /// Level of the segment that ends by `now`, which is thereby over; nothing if none does.
    std::optional<CpuLevel> Finish(TimePoint now);
    /// When the running segment ends; TIME_NEVER when idle.
    [[nodiscard]] TimePoint NextTimeout() const;

    /// Time spent at a level from the start to `now`, not later than NextTimeout().
    [[nodiscard]] Duration Used(CpuLevel level, TimePoint now) const;

  private:
    struct Segment
    {
        bool busy = false;
        Duration remaining{0}; ///< as of m_since for the running one
        Duration used{0};      ///< by all segments of this level that are accounted
    };

    static constexpr size_t IDLE = CPU_LEVEL_COUNT;

    void Account(TimePoint now);
    void Resume();

    std::array<Segment, CPU_LEVEL_COUNT> m_segments;
    size_t m_running = IDLE;
    TimePoint m_since{0}; ///< up to here the running segment is accounted
};

} // namespace isb

#endif
