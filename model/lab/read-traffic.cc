// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

namespace isb
{

namespace
{

const LabKey NAME{"name", "\"bulk\""};
const LabKey FROM{"from", "\"A\""};
const LabKey TO{"to", "\"B\""};
const LabKey VIA{"via", "\"ist\""};
const LabKey SERVICE{"service", "\"bob/web\""};

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
                         SuggestWord(*name, NodeNames(draft, LabNode::IsHost)));
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
                             SuggestWord(*name, NodeNames(draft, LabNode::IsBox)));
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

/// `from` and `to`, hosts; `via`.
bool
ReadHostEnds(LabDraft& draft, TableReader& reader, Traffic& traffic)
{
    const auto from = ReadHostName(draft, reader, FROM);
    const auto to = ReadHostName(draft, reader, TO);
    reader.Refuse("service", "without to");
    ReadVia(draft, reader, traffic);
    if (from && to && *from == *to)
    {
        reader.Fault({"to", {}},
                     ": " + Quoted(draft.lab.hosts[*to].name) +
                         " is where the traffic comes from; name another host");
    }
    traffic.from = from.value_or(0);
    traffic.to = to.value_or(0);
    return true;
}

/// `from`, a user, and `service`, which he subscribes to.
bool
ReadServiceEnds(LabDraft& draft, TableReader& reader, Traffic& traffic)
{
    constexpr std::string_view WHY = "only without service";
    reader.Refuse("to", WHY);
    reader.Refuse("via", WHY);
    const auto from = reader.Text({"from", "\"ann\""}, Need::Required);
    const auto text = reader.Text(SERVICE, Need::Required);
    const auto parts = text ? ReadServiceName(reader, SERVICE, *text) : std::nullopt;
    if (!from || !parts)
    {
        return false;
    }
    const auto user = draft.world.userNames.find(*from);
    if (user == draft.world.userNames.end())
    {
        FaultNoUser(draft, reader, FROM, *from);
        return false;
    }
    const std::vector<WantedService>& wants = draft.lab.users[user->second].settings.wants;
    const auto wanted = FindWanted(draft.lab.users[user->second], parts->first, parts->second);
    if (!wanted)
    {
        if (draft.world.usersComplete)
        {
            std::vector<std::string> names;
            names.reserve(wants.size());
            for (const WantedService& each : wants)
            {
                names.push_back(each.provider + "/" + each.service);
            }
            reader.Fault(SERVICE,
                         ": " + Quoted(*from) + " does not subscribe to " + Quoted(*text) + "; " +
                             SuggestWord(*text, {names.begin(), names.end()}));
        }
        return false;
    }
    traffic.service = MakeTrafficService(draft, user->second, *wanted);
    traffic.from = draft.lab.users[user->second].host;
    traffic.to = ServerHost(draft.lab, *traffic.service);
    if (traffic.from == traffic.to)
    {
        reader.Fault(SERVICE,
                     ": its server stands on the host of " + Quoted(*from) +
                         "; traffic runs between hosts");
    }
    return true;
}

void
CheckKind(LabDraft& draft, TableReader& reader, const Traffic& traffic)
{
    if (traffic.service)
    {
        const TrafficService& service = *traffic.service;
        const WantedService& wanted = draft.lab.users[service.user].settings.wants[service.wanted];
        if (const auto why = WhyNotOn(traffic.kind, wanted.protocol))
        {
            reader.Fault({"kind", {}}, ": " + *why);
        }
    }
    const bool dialogue =
        traffic.kind == TrafficKind::RequestResponse || traffic.kind == TrafficKind::TcpPingPong;
    if (traffic.via && dialogue)
    {
        reader.Fault(VIA,
                     ": traffic of kind \"" + std::string(ToString(traffic.kind)) +
                         "\" does not go via a box; write a [[service]], or kind = \"tcp-bulk\"");
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
    const auto name = reader.Name(NAME, Need::Required);
    const bool ends = reader.Has("service") ? ReadServiceEnds(draft, reader, traffic)
                                            : ReadHostEnds(draft, reader, traffic);
    ReadLoadTimes(draft.lab, reader, traffic);
    const bool load = ReadLoad(reader, traffic);
    if (load)
    {
        CheckKind(draft, reader, traffic);
        reader.Finish();
    }
    if (!name || !load || !ends)
    {
        draft.trafficComplete = false;
        return;
    }
    if (const auto other = FindTraffic(draft.lab, *name))
    {
        reader.Fault(NAME,
                     ": " + Quoted(*name) + " is taken already, in line " +
                         std::to_string(draft.trafficLines[*other]));
        return;
    }
    traffic.name = *name;
    draft.lab.traffic.push_back(std::move(traffic));
    draft.trafficLines.push_back(reader.Line());
}

} // namespace

size_t
ServerHost(const Lab& lab, const TrafficService& service)
{
    const LabUser& provider = lab.users[service.provider];
    return provider.serverHosts[service.provided].value_or(provider.host);
}

TrafficService
MakeTrafficService(const LabDraft& draft, size_t user, size_t wanted)
{
    const WantedService& wish = draft.lab.users[user].settings.wants[wanted];
    TrafficService service;
    service.user = user;
    service.wanted = wanted;
    service.provider = draft.world.userNames.at(wish.provider);
    service.provided = FindService(draft.lab.users[service.provider], wish.service).value_or(0);
    return service;
}

void
ReadTraffic(LabDraft& draft, TableReader& root)
{
    root.EachTable("traffic", [&](const toml::table& table) { ReadOneTraffic(draft, table); });
}

} // namespace isb
