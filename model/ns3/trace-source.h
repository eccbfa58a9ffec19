// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_TRACE_SOURCE_H
#define ISB_NS3_TRACE_SOURCE_H

#include "model/core/trace/trace-event.h"

#include "ns3/traced-callback.h"

namespace ns3
{

/// Signature of the "Events" trace sources: one isb::TraceEvent a decision.
typedef void (*TraceEventCallback)(const isb::TraceEvent& event);

/// The end of a core machine's trace that lies in ns-3: every event of the machine becomes a call
/// of the traced callback.
class TraceSource : public isb::TraceSink, public TracedCallback<const isb::TraceEvent&>
{
  public:
    void
    Emit(const isb::TraceEvent& event) override
    {
        (*this)(event);
    }
};

} // namespace ns3

#endif
