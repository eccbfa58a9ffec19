// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IO_RUN_CLOCK_H
#define ISB_EMULATION_IO_RUN_CLOCK_H

#include "model/wire/units.h"

#include <chrono>

namespace isb
{

/// The monotonic clock, as time since this object was made or Restart() was called.
class RunClock
{
  public:
    [[nodiscard]] TimePoint
    Now() const
    {
        return std::chrono::steady_clock::now() - m_start;
    }

    /// It is zero again. Before anybody has asked it.
    void
    Restart()
    {
        m_start = std::chrono::steady_clock::now();
    }

    /// The same moment for timers of the event loop; not for TIME_NEVER.
    [[nodiscard]] std::chrono::steady_clock::time_point
    AtClock(TimePoint when) const
    {
        return m_start + when;
    }

  private:
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

} // namespace isb

#endif
