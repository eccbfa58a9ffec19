// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-report.h"

#include "model/splice/ist-names.h"

namespace isb
{

namespace
{

constexpr uint8_t MOST_HANDSHAKE_PACKETS = 64;

FlowKey
FlowOf(const ist_packet& packet)
{
    return {static_cast<Protocol>(packet.protocol),
            SourceOf(packet.family, packet.tuple).ToIpv4(),
            DestinationOf(packet.family, packet.tuple).ToIpv4()};
}

/// What the packet is for in the life of a connection.
std::string_view
HandshakeName(const ist_packet& packet)
{
    if ((packet.tcp_flags & IST_TCP_SYN) != 0)
    {
        return (packet.tcp_flags & IST_TCP_ACK) != 0 ? "SYN-ACK" : "SYN";
    }
    if ((packet.tcp_flags & IST_TCP_RST) != 0)
    {
        return "RST";
    }
    return (packet.tcp_flags & IST_TCP_FIN) != 0 ? "FIN" : "ACK";
}

} // namespace

IpEndpoint
SourceOf(uint8_t family, const ist_tuple& tuple)
{
    return {IpAddress(family, tuple.source), tuple.source_port};
}

IpEndpoint
DestinationOf(uint8_t family, const ist_tuple& tuple)
{
    return {IpAddress(family, tuple.destination), tuple.destination_port};
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
IstReport::Drop(TimePoint now, const ist_packet& packet, const Splice* splice, IstReason reason)
{
    TraceEvent event;
    event.when = now;
    event.flow = FlowOf(packet);
    event.id = splice ? splice->id : 0;
    event.splice = splice ? splice->label : 0;
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
IstReport::DropError(TimePoint now, const FlowKey& flow, const Splice& splice, size_t length)
{
    TraceEvent event;
    event.when = now;
    event.flow = flow;
    event.detail = "icmp-error";
    event.id = splice.id;
    event.splice = splice.label;
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
    event.method = event.detail;
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
IstReport::Handshake(TimePoint now,
                     Splice& splice,
                     const ist_packet& packet,
                     std::string_view from,
                     std::string_view reason)
{
    if (!m_trace || splice.handshakePackets == MOST_HANDSHAKE_PACKETS)
    {
        return;
    }
    ++splice.handshakePackets;
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::HandshakePacket;
    event.flow = FlowOf(packet);
    event.from = from;
    event.reason = reason;
    event.detail = HandshakeName(packet);
    event.method = ist_method_name(splice.core.method);
    event.id = splice.id;
    event.splice = splice.label;
    event.bytes = packet.total_length;
    m_trace->Emit(event);
}

void
IstReport::Rewritten(TimePoint now,
                     const Splice& splice,
                     const ist_packet& packet,
                     std::string_view difference)
{
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::HeaderRewritten;
    event.flow = FlowOf(packet);
    event.detail = difference;
    event.method = ist_method_name(splice.core.method);
    event.id = splice.id;
    event.splice = splice.label;
    event.bytes = packet.total_length;
    m_trace->Emit(event);
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
    event.splice = splice.label;
    event.flow.protocol = splice.protocol;
    event.flow.source = SourceOf(a.family, a.tuple).ToIpv4();
    event.flow.destination = {DestinationOf(a.family, a.tuple).ToIpv4().address,
                              splice.side[0].port};
    event.translated = splice.Knows(IstSide::B) ? SourceOf(b.family, b.tuple).ToIpv4() : Endpoint{};
    m_trace->Emit(event);
}

} // namespace isb
