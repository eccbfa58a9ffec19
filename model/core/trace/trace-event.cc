// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/trace/trace-event.h"

namespace isb
{

namespace
{

/// Appends ,"key":"value" unless the value is empty. Values are static names and need no escapes.
void
AppendText(std::string& line, std::string_view key, std::string_view value)
{
    if (!value.empty())
    {
        line.append(",\"").append(key).append("\":\"").append(value).append("\"");
    }
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
    line += '}';
    return line;
}

} // namespace isb
