// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/cpu.h"

#include <cassert>

namespace isb
{

namespace
{

size_t
Index(CpuLevel level)
{
    return static_cast<size_t>(level);
}

} // namespace

bool
Cpu::IsFree(CpuLevel level) const
{
    for (size_t i = 0; i <= Index(level); ++i)
    {
        if (m_segments[i].busy)
        {
            return false;
        }
    }
    return true;
}

bool
Cpu::IsBusy(CpuLevel level) const
{
    return m_segments[Index(level)].busy;
}

void
Cpu::Start(TimePoint now, CpuLevel level, Duration cost)
{
    assert(IsFree(level));
    assert(cost >= Duration::zero());
    Account(now);
    Segment& segment = m_segments[Index(level)];
    segment.busy = true;
    segment.remaining = cost;
    Resume();
}

std::optional<CpuLevel>
Cpu::Finish(TimePoint now)
{
    if (NextTimeout() > now)
    {
        return std::nullopt;
    }
    Account(NextTimeout());
    const auto level = static_cast<CpuLevel>(m_running);
    m_segments[m_running].busy = false;
    m_since = now;
    Resume();
    return level;
}

TimePoint
Cpu::NextTimeout() const
{
    return m_running == IDLE ? TIME_NEVER : m_since + m_segments[m_running].remaining;
}

Duration
Cpu::Used(CpuLevel level, TimePoint now) const
{
    const Segment& segment = m_segments[Index(level)];
    return m_running == Index(level) ? segment.used + (now - m_since) : segment.used;
}

void
Cpu::Account(TimePoint now)
{
    if (m_running != IDLE)
    {
        const Duration ran = now - m_since;
        m_segments[m_running].used += ran;
        m_segments[m_running].remaining -= ran;
    }
    m_since = now;
}

void
Cpu::Resume()
{
    m_running = 0;
    while (m_running < IDLE && !m_segments[m_running].busy)
    {
        ++m_running;
    }
}

} // namespace isb
