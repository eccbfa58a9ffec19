// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/event-printer.h"

#include <utility>

namespace isb
{

class EventPrinter::NodeSink : public TraceSink
{
  public:
    NodeSink(EventPrinter& printer, std::string node, std::function<void(const TraceEvent&)> watch)
        : m_printer(printer),
          m_node(std::move(node)),
          m_watch(std::move(watch))
    {
    }

    void
    Emit(const TraceEvent& event) override
    {
        ++m_printer.m_count;
        if (m_watch)
        {
            m_watch(event);
        }
        if (m_printer.m_out)
        {
            *m_printer.m_out << ToJson(event, m_node) << '\n';
        }
    }

  private:
    EventPrinter& m_printer;
    std::string m_node;
    std::function<void(const TraceEvent&)> m_watch;
};

EventPrinter::EventPrinter(std::ostream* out)
    : m_out(out)
{
}

TraceSink*
EventPrinter::Of(std::string node, std::function<void(const TraceEvent&)> watch)
{
    m_sinks.push_back(std::make_unique<NodeSink>(*this, std::move(node), std::move(watch)));
    return m_sinks.back().get();
}

uint64_t
EventPrinter::Count() const
{
    return m_count;
}

} // namespace isb
