// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_EVENT_PRINTER_H
#define ISB_EMULATION_LAB_EVENT_PRINTER_H

#include "model/core/trace/trace-event.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace isb
{

/// Prints the events of all nodes of a run as JSON lines, and shows them to whoever counts.
class EventPrinter
{
  public:
    /// `out`: null: nothing is printed, events are only counted.
    explicit EventPrinter(std::ostream* out);

    /// The sink of one node; lives as long as the printer. `watch` sees its events too.
    [[nodiscard]] TraceSink* Of(std::string node,
                                std::function<void(const TraceEvent&)> watch = nullptr);

    [[nodiscard]] uint64_t Count() const;

  private:
    class NodeSink;

    std::ostream* m_out;
    std::vector<std::unique_ptr<TraceSink>> m_sinks;
    uint64_t m_count = 0;
};

} // namespace isb

#endif
