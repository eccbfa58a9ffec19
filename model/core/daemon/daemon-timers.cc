// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/daemon-timers.h"

namespace isb
{

TimePoint
DaemonTimers::Next() const
{
    return m_running.empty() ? TIME_NEVER : m_running.begin()->first.first;
}

void
DaemonTimers::Run(TimePoint now)
{
    while (Next() <= now)
    {
        DaemonTimer* timer = m_running.begin()->second;
        timer->Stop();
        const DaemonTimer::Action action = timer->m_action; // may end its timer
        action(now);
    }
}

DaemonTimer::DaemonTimer(DaemonTimers& timers, Action action)
    : m_timers(timers),
      m_action(std::move(action))
{
}

DaemonTimer::~DaemonTimer()
{
    Stop();
}

void
DaemonTimer::Set(TimePoint when)
{
    Stop();
    if (when != TIME_NEVER)
    {
        m_key = {when, ++m_timers.m_lastSet};
        m_timers.m_running.emplace(m_key, this);
    }
}

void
DaemonTimer::Stop()
{
    if (IsSet())
    {
        m_timers.m_running.erase(m_key);
        m_key = {TIME_NEVER, 0};
    }
}

bool
DaemonTimer::IsSet() const
{
    return m_key.second != 0;
}

} // namespace isb
