// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

/// Most TCP connections of one traffic.
constexpr uint64_t MOST_CONNECTIONS = 10'000;
/// Largest UDP payload in IPv4: 65'535 less 20 bytes of IP and 8 of UDP header.
constexpr uint64_t MOST_PAYLOAD = 65'507;

const std::vector<std::string_view> KINDS{"tcp-bulk", "udp-rate", "udp-ping-pong"};

const LabKey START{"start", "\"10 ms\""};
const LabKey STOP{"stop", "\"2 s\""};
const LabKey PAYLOAD{"payload", "\"1 KiB\""};
const LabKey RATE{"rate", "\"63 Mb/s\""};
const LabKey VIA{"via", "\"ist\""};

std::vector<std::string_view>
NamesOf(const LabDraft& draft, LabNode::Kind kind)
{
    std::vector<std::string_view> names;
    for (const auto& [name, node] : draft.nodes)
    {
        if (node.kind == kind)
        {
            names.push_back(name);
        }
    }
    return names;
}

std::optional<size_t>
ReadHostName(LabDraft& draft, TableReader& reader, LabKey key)
{
    const std::optional<std::string> name = reader.Text(key, Need::Required);
    if (!name)
    {
        return std::nullopt;
    }
    const auto found = draft.nodes.find(*name);
    if (found != draft.nodes.end() && found->second.kind == LabNode::IsHost)
    {
        return found->second.index;
    }
    if (draft.nodesComplete)
    {
        const bool box = found != draft.nodes.end();
        reader.Fault(key,
                     (box ? ": " + Quoted(*name) + " is a box, traffic runs between hosts; "
                          : ": there is no host " + Quoted(*name) + "; ") +
                         SuggestWord(*name, NamesOf(draft, LabNode::IsHost)));
    }
    return std::nullopt;
}

void
ReadVia(LabDraft& draft, TableReader& reader, Traffic& traffic)
{
    const std::optional<std::string> name = reader.Text(VIA, Need::Optional);
    if (!name)
    {
        return;
    }
    const auto found = draft.nodes.find(*name);
    if (found == draft.nodes.end() || found->second.kind != LabNode::IsBox)
    {
        if (draft.nodesComplete)
        {
            reader.Fault(VIA,
                         ": there is no box " + Quoted(*name) + "; " +
                             SuggestWord(*name, NamesOf(draft, LabNode::IsBox)));
        }
        return;
    }
    const Box& box = draft.lab.boxes[found->second.index];
    if (box.role != BoxRole::IstApp && box.role != BoxRole::IstKernel)
    {
        reader.Fault(VIA,
                     ": box " + Quoted(*name) + " has role \"" + std::string(ToString(box.role)) +
                         "\"; via needs one with role \"ist-app\" or \"ist-kernel\"");
        return;
    }
    traffic.via = TrafficVia{};
    traffic.via->box = found->second.index;
}

/// A rate, or "full".
void
ReadRate(TableReader& reader, Traffic& traffic)
{
    constexpr std::string_view DIGITS = "0123456789";
    const std::string_view text = reader.TextOf("rate");
    if (text.empty() || text.find_first_of(DIGITS) != std::string_view::npos)
    {
        traffic.rate = reader.Rate(RATE, Need::Required);
    }
    else
    {
        (void)reader.Word(RATE, Need::Required, {"full"});
    }
}

/// Keys that depend on the kind.
void
ReadLoad(TableReader& reader, Traffic& traffic)
{
    if (traffic.kind == TrafficKind::TcpBulk)
    {
        const auto connections =
            reader.Integer({"connections", "10"}, Need::Optional, 1, MOST_CONNECTIONS);
        traffic.connections = static_cast<uint32_t>(connections.value_or(1));
        reader.Refuse("payload", "only with kind = \"udp-rate\" or \"udp-ping-pong\"");
        reader.Refuse("rate", "only with kind = \"udp-rate\"");
        return;
    }
    reader.Refuse("connections", "only with kind = \"tcp-bulk\"");
    if (const auto payload = reader.Bytes(PAYLOAD, Need::Required))
    {
        if (*payload == 0 || *payload > MOST_PAYLOAD)
        {
            reader.Fault(PAYLOAD,
                         " is " + FormatByteCount(*payload) + "; nearest valid: " +
                             (*payload == 0 ? "\"1 B\"" : "\"65507 B\", the most in one datagram"));
        }
        traffic.payloadBytes = static_cast<uint32_t>(std::min(*payload, MOST_PAYLOAD));
    }
    if (traffic.kind == TrafficKind::UdpPingPong)
    {
        reader.Refuse("rate", "only with kind = \"udp-rate\"");
    }
    else
    {
        ReadRate(reader, traffic);
    }
}

void
ReadTimes(const Lab& lab, TableReader& reader, Traffic& traffic)
{
    const auto start = reader.Time(START, Need::Optional);
    const auto stop = reader.Time(STOP, Need::Optional);
    traffic.start = start.value_or(TimePoint(0));
    traffic.stop = stop.value_or(lab.duration);
    if (lab.duration.count() == 0)
    {
        return; // faulty, said already
    }
    if (traffic.stop > lab.duration)
    {
        reader.Fault(STOP,
                     " lies after the end of the run; nearest valid: \"" +
                         FormatDuration(lab.duration) + "\", the duration");
    }
    else if (traffic.start >= traffic.stop)
    {
        const bool started = reader.Has("start");
        reader.Fault(started ? START : STOP,
                     ": start \"" + FormatDuration(traffic.start) + "\" is not before stop \"" +
                         FormatDuration(traffic.stop) + "\"");
    }
}

std::optional<size_t>
FindTraffic(const Lab& lab, const std::string& name)
{
    for (size_t i = 0; i < lab.traffic.size(); ++i)
    {
        if (lab.traffic[i].name == name)
        {
            return i;
        }
    }
    return std::nullopt;
}

void
ReadOneTraffic(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[traffic]]", draft.faults);
    Traffic traffic;
    const LabKey nameKey{"name", "\"bulk\""};
    const auto name = reader.Name(nameKey, Need::Required);
    const auto kind = reader.Word({"kind", "\"tcp-bulk\""}, Need::Required, KINDS);
    const auto from = ReadHostName(draft, reader, {"from", "\"A\""});
    const auto to = ReadHostName(draft, reader, {"to", "\"B\""});
    ReadVia(draft, reader, traffic);
    ReadTimes(draft.lab, reader, traffic);
    if (from && to && *from == *to)
    {
        reader.Fault({"to", {}},
                     ": " + Quoted(draft.lab.hosts[*to].name) +
                         " is where the traffic comes from; name another host");
    }
    if (kind)
    {
        traffic.kind = static_cast<TrafficKind>(*kind);
        ReadLoad(reader, traffic);
        reader.Finish();
    }
    if (!name || !kind)
    {
        draft.trafficComplete = false;
        return;
    }
    if (const auto other = FindTraffic(draft.lab, *name))
    {
        reader.Fault(nameKey,
                     ": " + Quoted(*name) + " is taken already, in line " +
                         std::to_string(draft.trafficLines[*other]));
        return;
    }
    traffic.name = *name;
    traffic.from = from.value_or(0);
    traffic.to = to.value_or(0);
    draft.lab.traffic.push_back(std::move(traffic));
    draft.trafficLines.push_back(reader.Line());
}

} // namespace

void
ReadTraffic(LabDraft& draft, TableReader& root)
{
    root.EachTable("traffic", [&](const toml::table& table) { ReadOneTraffic(draft, table); });
}

} // namespace isb
