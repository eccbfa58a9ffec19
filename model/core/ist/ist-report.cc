// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-report.h"

#include "model/splice/ist-names.h"

namespace isb
{

Endpoint
SourceOf(const ist_tuple& tuple)
{
    return {{tuple.source.word[0]}, tuple.source_port};
}

Endpoint
DestinationOf(const ist_tuple& tuple)
{
    return {{tuple.destination.word[0]}, tuple.destination_port};
}

IstReason
ReasonOf(unsigned int coreReason)
{
    return {ist_reason_name(coreReason), ist_reason_rule(coreReason)};
}

IstReport::IstReport(TraceSink* trace)
    : m_trace(trace)
{
}

IstVerdict
IstReport::Drop(TimePoint now, const ist_packet& packet, uint64_t splice, IstReason reason)
{
    TraceEvent event;
    event.when = now;
    event.flow = {static_cast<Protocol>(packet.protocol),
                  SourceOf(packet.tuple),
                  DestinationOf(packet.tuple)};
    event.id = splice;
    event.bytes = packet.total_length;
    return Drop(event, reason);
}

IstVerdict
IstReport::DropMalformed(TimePoint now, const FlowKey& flow, size_t length)
{
    TraceEvent event;
    event.when = now;
    event.flow = flow;
    event.bytes = static_cast<uint32_t>(length);
    return Drop(event, {"ist.malformed", "RFC 1122 section 3.2.1"});
}

IstVerdict
IstReport::DropError(TimePoint now, const FlowKey& flow, uint64_t splice, size_t length)
{
    TraceEvent event;
    event.when = now;
    event.flow = flow;
    event.detail = "icmp-error";
    event.id = splice;
    event.bytes = static_cast<uint32_t>(length);
    return Drop(event, {"ist.icmp-out-of-window", "RFC 5927 section 4.1"});
}

IstVerdict
IstReport::Drop(TraceEvent event, IstReason reason)
{
    ++counters.drops[reason.name];
    event.kind = TraceKind::PacketDropped;
    event.reason = reason.name;
    event.rule = reason.rule;
    if (m_trace)
    {
        m_trace->Emit(event);
    }
    IstVerdict verdict;
    verdict.action = IstVerdict::Drop;
    verdict.reason = reason.name;
    verdict.rule = reason.rule;
    return verdict;
}

void
IstReport::State(TimePoint now, const Splice& splice, const ist_verdict& verdict, IstReason reason)
{
    TraceEvent event;
    event.from = ist_state_name(verdict.from_state);
    event.to = ist_state_name(verdict.to_state);
    event.reason = reason.name;
    event.rule = reason.rule;
    Emit(now, TraceKind::SpliceState, splice, event);
}

void
IstReport::Paired(TimePoint now, const Splice& splice)
{
    ++counters.paired;
    TraceEvent event;
    event.detail = ist_method_name(splice.core.method);
    Emit(now, TraceKind::SplicePaired, splice, event);
}

void
IstReport::Fallback(TimePoint now, const Splice& splice, IstReason reason)
{
    ++counters.fallbacks;
    TraceEvent event;
    event.reason = reason.name;
    event.rule = reason.rule;
    Emit(now, TraceKind::SpliceFallback, splice, event);
}

void
IstReport::Emit(TimePoint now, TraceKind kind, const Splice& splice, TraceEvent event)
{
    if (!m_trace)
    {
        return;
    }
    const ist_side& a = splice.CoreSide(IstSide::A);
    const ist_side& b = splice.CoreSide(IstSide::B);
    event.when = now;
    event.kind = kind;
    event.id = splice.id;
    event.flow.protocol = splice.protocol;
    event.flow.source = SourceOf(a.tuple);
    event.flow.destination = {DestinationOf(a.tuple).address, splice.side[0].port};
    event.translated = splice.Knows(IstSide::B) ? SourceOf(b.tuple) : Endpoint{};
    m_trace->Emit(event);
}

} // namespace isb
