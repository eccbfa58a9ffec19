// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_MACHINE_DEADLINE_QUEUE_H
#define ISB_CORE_MACHINE_DEADLINE_QUEUE_H

#include "model/wire/units.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

namespace isb
{

/// Objects ordered by when something is due for them; O(log n) a change. Equal times come in the
/// order of ids.
///
/// Lazy: whoever moves a deadline later on a fast path leaves the entry alone; when the entry comes
/// up he computes the true deadline and schedules again. A deadline that moves earlier must be
/// scheduled at once. The object keeps the time under which it is entered (`entered`, TIME_NEVER =
/// not at all), so that an entry is found without a second index.
class DeadlineQueue
{
  public:
    /// Enters the object at `when`, instead of where it was. TIME_NEVER: takes it out.
    void
    Schedule(uint64_t id, TimePoint& entered, TimePoint when)
    {
        if (entered == when)
        {
            return;
        }
        if (entered != TIME_NEVER)
        {
            m_entries.erase({entered, id});
        }
        if (when != TIME_NEVER)
        {
            m_entries.insert({when, id});
        }
        entered = when;
    }

    /// Takes out the first object due at `now`, if any; the caller sets its `entered` to
    /// TIME_NEVER.
    [[nodiscard]] std::optional<uint64_t>
    PopDue(TimePoint now)
    {
        if (m_entries.empty() || m_entries.begin()->first > now)
        {
            return std::nullopt;
        }
        const uint64_t id = m_entries.begin()->second;
        m_entries.erase(m_entries.begin());
        return id;
    }

    /// When the first object is due, TIME_NEVER when there is none.
    [[nodiscard]] TimePoint
    Next() const
    {
        return m_entries.empty() ? TIME_NEVER : m_entries.begin()->first;
    }

    [[nodiscard]] size_t
    Size() const
    {
        return m_entries.size();
    }

  private:
    std::set<std::pair<TimePoint, uint64_t>> m_entries;
};

} // namespace isb

#endif
