// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_IST_RECORDED_TRACE_H
#define ISB_TESTS_CORE_IST_RECORDED_TRACE_H

#include "model/core/trace/trace-event.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// Keeps all events, for tests.
class RecordedTrace : public TraceSink
{
  public:
    void
    Emit(const TraceEvent& event) override
    {
        events.push_back(event);
    }

    [[nodiscard]] size_t
    Count(TraceKind kind) const
    {
        return static_cast<size_t>(std::count_if(events.begin(),
                                                 events.end(),
                                                 [kind](auto& e) { return e.kind == kind; }));
    }

    /// "LISTEN>IST_SYN_LOOKUP IST_SYN_LOOKUP>IST_SYN_RCVD ..." of one splice.
    [[nodiscard]] std::string
    StatesOf(uint64_t id) const
    {
        std::string text;
        for (const TraceEvent& event : events)
        {
            if (event.kind == TraceKind::SpliceState && event.id == id)
            {
                text += (text.empty() ? "" : " ") + std::string(event.from) + ">" +
                        std::string(event.to);
            }
        }
        return text;
    }

    /// The last drop's reason, empty when nothing was dropped.
    [[nodiscard]] std::string_view
    LastDrop() const
    {
        for (auto event = events.rbegin(); event != events.rend(); ++event)
        {
            if (event->kind == TraceKind::PacketDropped)
            {
                return event->reason;
            }
        }
        return {};
    }

    std::vector<TraceEvent> events;
};

} // namespace isb

#endif
