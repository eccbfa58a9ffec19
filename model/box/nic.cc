// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/box/nic.h"

#include "model/box/cost-model.h"

#include <algorithm>
#include <cassert>

namespace isb
{

bool
ReceiveRing::Arrive(TimePoint now, const Frame& frame, Duration latency)
{
    if (m_entries.size() >= m_capacity)
    {
        return false;
    }
    TimePoint visible = now + latency;
    if (!m_entries.empty())
    {
        visible = std::max(visible, m_entries.back().visible);
    }
    m_entries.push_back({visible, frame});
    return true;
}

bool
ReceiveRing::IsReady(TimePoint now) const
{
    return !m_entries.empty() && m_entries.front().visible <= now;
}

Frame
ReceiveRing::Take()
{
    assert(!m_entries.empty());
    const Frame frame = m_entries.front().frame;
    m_entries.pop_front();
    return frame;
}

TimePoint
ReceiveRing::NextTimeout() const
{
    return m_entries.empty() ? TIME_NEVER : m_entries.front().visible;
}

size_t
ReceiveRing::Size() const
{
    return m_entries.size();
}

Transmitter::Transmitter(uint32_t queueFrames, uint32_t ringFrames, DataRate rate)
    : m_queueFrames(queueFrames),
      m_ringFrames(ringFrames),
      m_rate(rate)
{
}

bool
Transmitter::Offer(OutgoingFrame frame)
{
    if (m_ringUsed >= m_ringFrames && m_queue.size() - m_reserved >= m_queueFrames)
    {
        return false;
    }
    m_queue.push_back(frame);
    return true;
}

bool
Transmitter::Reserve()
{
    if (m_queue.size() == m_reserved || m_ringUsed >= m_ringFrames)
    {
        return false;
    }
    ++m_reserved;
    ++m_ringUsed;
    return true;
}

OutgoingFrame
Transmitter::Start()
{
    assert(m_reserved > 0);
    const OutgoingFrame frame = m_queue.front();
    m_queue.pop_front();
    --m_reserved;
    ++m_copying;
    return frame;
}

void
Transmitter::Copied(TimePoint now, OutgoingFrame frame, Duration latency)
{
    assert(m_copying > 0);
    --m_copying;
    TimePoint due = now + latency;
    if (!m_line.empty())
    {
        due = std::max(due, m_line.back().due);
    }
    m_line.push_back({due, frame});
}

bool
Transmitter::Advance(TimePoint now, OutgoingFrame& sent)
{
    if (m_onWire && m_wireFree <= now)
    {
        m_onWire = false;
        ++m_completed;
    }
    if (m_onWire || m_line.empty() || m_line.front().due > now)
    {
        return false;
    }
    sent = m_line.front().frame;
    m_line.pop_front();
    m_onWire = true;
    m_wireFree = now + WireTime(sent.bytes, m_rate);
    return true;
}

TimePoint
Transmitter::NextTimeout() const
{
    if (m_onWire)
    {
        return m_wireFree;
    }
    return m_line.empty() ? TIME_NEVER : m_line.front().due;
}

uint32_t
Transmitter::Completed() const
{
    return m_completed;
}

void
Transmitter::Free(uint32_t frames)
{
    assert(frames <= m_completed && frames <= m_ringUsed);
    m_completed -= frames;
    m_ringUsed -= frames;
}

size_t
Transmitter::Held() const
{
    return m_queue.size() + m_copying + m_line.size();
}

} // namespace isb
