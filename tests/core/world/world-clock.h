// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_WORLD_WORLD_CLOCK_H
#define ISB_TESTS_CORE_WORLD_WORLD_CLOCK_H

#include "model/wire/units.h"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace isb::test
{

/// Virtual time: events in the order of their times, those of one time in the order in which they
/// were planned.
class WorldClock
{
  public:
    [[nodiscard]] TimePoint
    Now() const
    {
        return m_now;
    }

    void
    After(Duration delay, std::function<void()> event)
    {
        At(m_now + delay, std::move(event));
    }

    void
    At(TimePoint when, std::function<void()> event)
    {
        m_events.emplace(std::pair(std::max(when, m_now), ++m_lastEvent), std::move(event));
    }

    /// Lets `duration` pass.
    void
    Run(Duration duration)
    {
        const TimePoint end = m_now + duration;
        while (!m_events.empty() && m_events.begin()->first.first <= end)
        {
            Step();
        }
        m_now = end;
    }

    /// Runs the next event; false when there is none.
    bool
    Step()
    {
        if (m_events.empty())
        {
            return false;
        }
        auto event = m_events.extract(m_events.begin());
        m_now = event.key().first;
        event.mapped()();
        ++m_steps;
        return true;
    }

    /// Events run so far.
    [[nodiscard]] uint64_t
    Steps() const
    {
        return m_steps;
    }

  private:
    TimePoint m_now{0};
    uint64_t m_lastEvent = 0;
    uint64_t m_steps = 0;
    std::map<std::pair<TimePoint, uint64_t>, std::function<void()>> m_events;
};

} // namespace isb::test

#endif
