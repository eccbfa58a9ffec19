// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_BOX_BACKLOG_H
#define ISB_BOX_BACKLOG_H

#include "model/box/frame.h"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace isb
{

/// Kernel buffer between hard interrupt and softirq, one for all interrupt-driven NICs: netif_rx()
/// of Linux 2.4. Once it has overflowed, it refuses all frames until it has run empty (throttle).
class Backlog
{
  public:
    explicit Backlog(uint32_t frames)
        : m_capacity(frames)
    {
    }

    /// False if the frame is lost.
    [[nodiscard]] bool
    Push(const ReceivedFrame& frame)
    {
        if (m_frames.empty())
        {
            m_throttled = false;
        }
        m_throttled = m_throttled || m_frames.size() >= m_capacity;
        if (!m_throttled)
        {
            m_frames.push_back(frame);
        }
        return !m_throttled;
    }

    [[nodiscard]] bool
    IsEmpty() const
    {
        return m_frames.empty();
    }

    /// Takes the first frame; there must be one.
    ReceivedFrame
    Take()
    {
        assert(!m_frames.empty());
        const ReceivedFrame frame = m_frames.front();
        m_frames.pop_front();
        return frame;
    }

    [[nodiscard]] size_t
    Size() const
    {
        return m_frames.size();
    }

  private:
    uint32_t m_capacity;
    bool m_throttled = false;
    std::deque<ReceivedFrame> m_frames;
};

} // namespace isb

#endif
