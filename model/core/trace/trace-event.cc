// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/trace/trace-event.h"

namespace isb
{

namespace
{

/// Appends ,"key":"value" unless the value is empty. What JSON does not take as it stands, and what
/// is not ASCII, is written as \u00XX, byte by byte.
void
AppendText(std::string& line, std::string_view key, std::string_view value)
{
    constexpr std::string_view HEX = "0123456789abcdef";
    if (value.empty())
    {
        return;
    }
    line.append(",\"").append(key).append("\":\"");
    for (const char c : value)
    {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\')
        {
            line += c;
            continue;
        }
        line.append("\\u00").append({HEX[byte >> 4], HEX[byte & 15]});
    }
    line += '"';
}

void
AppendNumber(std::string& line, std::string_view key, uint64_t value)
{
    if (value != 0)
    {
        line.append(",\"").append(key).append("\":").append(std::to_string(value));
    }
}

} // namespace

std::string_view
ToString(TraceKind kind)
{
    switch (kind)
    {
    case TraceKind::MappingCreated:
        return "mapping-created";
    case TraceKind::MappingExpired:
        return "mapping-expired";
    case TraceKind::PacketDropped:
        return "packet-dropped";
    case TraceKind::SpliceState:
        return "splice-state";
    case TraceKind::SplicePaired:
        return "splice-paired";
    case TraceKind::SpliceFallback:
        return "splice-fallback";
    case TraceKind::ProxyPaired:
        return "proxy-paired";
    case TraceKind::TrafficStarted:
        return "traffic-started";
    case TraceKind::TrafficStopped:
        return "traffic-stopped";
    case TraceKind::MessageSent:
        return "message-sent";
    case TraceKind::MessageReceived:
        return "message-received";
    case TraceKind::SessionState:
        return "session-state";
    case TraceKind::ReachabilityKnown:
        return "reachability-known";
    case TraceKind::ServiceState:
        return "service-state";
    case TraceKind::SubscriptionState:
        return "subscription-state";
    case TraceKind::ConnectionState:
        return "connection-state";
    case TraceKind::IstChosen:
        return "ist-chosen";
    case TraceKind::IstState:
        return "ist-state";
    case TraceKind::SpliceOrdered:
        return "splice-ordered";
    case TraceKind::HandshakePacket:
        return "handshake-packet";
    case TraceKind::HeaderRewritten:
        return "header-rewritten";
    case TraceKind::PacketRefused:
        return "packet-refused";
    case TraceKind::NodeState:
        return "node-state";
    case TraceKind::ClientState:
        return "client-state";
    case TraceKind::NatTypeKnown:
        return "nat-type-known";
    case TraceKind::NatState:
        return "nat-state";
    case TraceKind::SessionEvicted:
        return "session-evicted";
    case TraceKind::PortBlockAssigned:
        return "port-block-assigned";
    case TraceKind::PortBlockReleased:
        return "port-block-released";
    }
    return "unknown";
}

std::string
ToJson(const TraceEvent& event, std::string_view node)
{
    std::string line = "{\"t\":" + std::to_string(event.when.count());
    AppendText(line, "node", node);
    AppendText(line, "event", ToString(event.kind));
    const Endpoint none;
    if (event.flow.source != none || event.flow.destination != none)
    {
        AppendText(line, "proto", ToString(event.flow.protocol));
        AppendText(line, "src", event.flow.source.ToString());
        AppendText(line, "dst", event.flow.destination.ToString());
    }
    if (event.translated != none)
    {
        AppendText(line, "translated", event.translated.ToString());
    }
    AppendText(line, "from", event.from);
    AppendText(line, "to", event.to);
    AppendText(line, "reason", event.reason);
    AppendText(line, "rule", event.rule);
    AppendText(line, "detail", event.detail);
    AppendNumber(line, "id", event.id);
    AppendNumber(line, "bytes", event.bytes);
    AppendText(line, "user", event.user);
    AppendText(line, "peer", event.peer);
    AppendText(line, "service", event.service);
    AppendText(line, "message", event.message);
    AppendText(line, "path", event.path);
    AppendText(line, "method", event.method);
    AppendText(line, "ist", event.ist);
    AppendNumber(line, "session", event.session);
    AppendNumber(line, "sequence", event.sequence);
    AppendNumber(line, "connection", event.connection);
    AppendNumber(line, "splice", event.splice);
    line += '}';
    return line;
}

} // namespace isb
