// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_IST_IST_REPORT_H
#define ISB_CORE_IST_IST_REPORT_H

#include "model/core/ist/ist-engine.h"
#include "model/core/ist/ist-table.h"
#include "model/splice/ist-state.h"

#include <cstdint>
#include <string_view>

namespace isb
{

/// Addresses and ports of the core as the values of model/wire.
[[nodiscard]] IpEndpoint SourceOf(uint8_t family, const ist_tuple& tuple);
[[nodiscard]] IpEndpoint DestinationOf(uint8_t family, const ist_tuple& tuple);

/// Why something happened: a stable dotted name, and the RFC or thesis section behind it.
struct IstReason
{
    std::string_view name;
    std::string_view rule;
};

/// The core's reason in words.
[[nodiscard]] IstReason ReasonOf(unsigned int coreReason);

/// Says and counts what an engine does. Trace events name IPv4 addresses; of IPv6 endpoints they
/// have the port.
class IstReport
{
  public:
    /// `trace` may be null.
    explicit IstReport(TraceSink* trace);

    /// A packet ends here; `splice` may be null.
    IstVerdict Drop(TimePoint now,
                    const ist_packet& packet,
                    const Splice* splice,
                    IstReason reason);
    /// A packet whose headers are malformed; `flow` as far as it is readable.
    IstVerdict DropMalformed(TimePoint now, const FlowKey& flow, size_t length);
    /// An ICMP error ends here; its flow is the offending packet's.
    IstVerdict DropError(TimePoint now, const FlowKey& flow, const Splice& splice, size_t length);

    void State(TimePoint now, const Splice& splice, const ist_verdict& verdict, IstReason reason);
    void Paired(TimePoint now, const Splice& splice);
    void Fallback(TimePoint now, const Splice& splice, IstReason reason);

    /// False: nobody reads events, so none need be prepared.
    [[nodiscard]] bool
    IsTraced() const
    {
        return m_trace != nullptr;
    }

    /// A TCP packet that opens or ends a splice; `from` = "received", "sent" or "forwarded", its
    /// headers as on the wire there. At most 64 a splice.
    void Handshake(TimePoint now,
                   Splice& splice,
                   const ist_packet& packet,
                   std::string_view from,
                   std::string_view reason);
    /// The first payload packet of a direction: `difference` by DescribeHeaderDifference().
    void Rewritten(TimePoint now,
                   const Splice& splice,
                   const ist_packet& packet,
                   std::string_view difference);

    IstCounters counters;

  private:
    IstVerdict Drop(TraceEvent event, IstReason reason);
    void Emit(TimePoint now, TraceKind kind, const Splice& splice, TraceEvent event);

    TraceSink* m_trace;
};

} // namespace isb

#endif
