// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_DAEMON_TIMERS_H
#define ISB_CORE_DAEMON_DAEMON_TIMERS_H

#include "model/wire/units.h"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace isb
{

class DaemonTimer;

/// The timers that run in a daemon, in order of (time, when they were set).
class DaemonTimers
{
  public:
    /// TIME_NEVER: none runs.
    [[nodiscard]] TimePoint Next() const;
    /// Fires all that are due.
    void Run(TimePoint now);

  private:
    friend class DaemonTimer;

    uint64_t m_lastSet = 0;
    std::map<std::pair<TimePoint, uint64_t>, DaemonTimer*> m_running;
};

/// One timer, a member of whom it serves; gone with its owner.
class DaemonTimer
{
  public:
    using Action = std::function<void(TimePoint now)>;

    DaemonTimer(DaemonTimers& timers, Action action);
    ~DaemonTimer();
    DaemonTimer(const DaemonTimer&) = delete;
    DaemonTimer& operator=(const DaemonTimer&) = delete;

    /// Runs out at `when`, once; an earlier setting is forgotten. TIME_NEVER: stops.
    void Set(TimePoint when);
    void Stop();
    [[nodiscard]] bool IsSet() const;

  private:
    friend class DaemonTimers;

    DaemonTimers& m_timers;
    Action m_action;
    std::pair<TimePoint, uint64_t> m_key{TIME_NEVER, 0}; ///< in m_timers; second 0: not set
};

} // namespace isb

#endif
