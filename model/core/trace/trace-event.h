// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_TRACE_TRACE_EVENT_H
#define ISB_CORE_TRACE_TRACE_EVENT_H

#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <string>
#include <string_view>

namespace isb
{

/// What happened. The names printed in events.jsonl are in ToString().
enum class TraceKind : uint8_t
{
    MappingCreated, ///< a NAT made a mapping: flow.source = internal, translated = external
    MappingExpired, ///< a NAT forgot a mapping
    PacketDropped,  ///< a packet ended here: reason, rule, flow, bytes
    SpliceState,    ///< a splice changed state: id, from, to
    SplicePaired,   ///< both sides of an IST port pair arrived: id, flow
    SpliceFallback, ///< Pure became Passive: id, reason
    ProxyPaired,    ///< the application proxy joined two connections: id
    TrafficStarted, ///< a source of traffic began: detail = its name
    TrafficStopped, ///< a source of traffic ended: detail = its name
};

/// Who speaks with whom, as seen by the box that reports.
struct FlowKey
{
    Protocol protocol = Protocol::Udp;
    Endpoint source;
    Endpoint destination;
};

/// One observable decision. Every trace source, log line, result file and figure is made of these.
/// Text fields are static strings; a field that does not apply is empty or zero and not printed.
struct TraceEvent
{
    TimePoint when{0};
    TraceKind kind = TraceKind::PacketDropped;
    FlowKey flow;
    Endpoint translated;
    std::string_view from;   ///< state left
    std::string_view to;     ///< state entered
    std::string_view reason; ///< dotted name, stable: "nat.filtered", "box.ring-full"
    std::string_view rule;   ///< RFC or thesis section that decided: "RFC 4787 REQ-8"
    std::string_view detail; ///< where inside the box, or which object: "pci0", "bulk"
    uint64_t id = 0;         ///< mapping or splice
    uint32_t bytes = 0;      ///< IP packet length
};

/// Receives events in the order in which they happen. Must not call back into the machine.
class TraceSink
{
  public:
    virtual ~TraceSink() = default;
    virtual void Emit(const TraceEvent& event) = 0;
};

/// "mapping-created", "packet-dropped", ...
[[nodiscard]] std::string_view ToString(TraceKind kind);

/// One line of JSON without newline: {"t":ns,"node":"...","event":"...",...}.
[[nodiscard]] std::string ToJson(const TraceEvent& event, std::string_view node);

} // namespace isb

#endif
