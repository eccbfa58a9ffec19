// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_RETRY_BACKOFF_H
#define ISB_CORE_DAEMON_RETRY_BACKOFF_H

#include "model/core/random/rng.h"
#include "model/wire/units.h"

#include <algorithm>

namespace isb
{

/// How long to wait before the next try: doubles from `first` to `most`; each wait is uniform in
/// its upper half, so that many who lost the same broker do not come back at the same moment.
class RetryBackoff
{
  public:
    RetryBackoff(Duration first, Duration most)
        : m_first(first),
          m_most(std::max(first, most)),
          m_next(first)
    {
    }

    [[nodiscard]] Duration
    Next(Rng& random)
    {
        const Duration whole = m_next;
        m_next = std::min(m_next * 2, m_most);
        const auto half = static_cast<uint64_t>((whole / 2).count());
        return whole - Duration(static_cast<int64_t>(random.Below(half + 1)));
    }

    void
    Reset()
    {
        m_next = m_first;
    }

    /// The next wait is the longest.
    void
    Exhaust()
    {
        m_next = m_most;
    }

  private:
    Duration m_first;
    Duration m_most;
    Duration m_next;
};

} // namespace isb

#endif
