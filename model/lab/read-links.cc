// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"
#include "model/lab/read-impairment.h"

namespace isb
{

namespace
{

const LabKey BETWEEN{"between", "[\"A\", \"box:left\"]"};
const LabKey SUBNET{"subnet", "\"10.0.1.0/24\""};

/// Longest prefix that holds two hosts beside network and broadcast address.
constexpr uint8_t LONGEST_PREFIX = 30;
/// No delay of a wire on Earth; keeps sums of delays far from the end of time.
constexpr Duration MOST_DELAY = std::chrono::seconds(10);

struct Reserved
{
    Subnet subnet;
    std::string_view what;
};

/// RFC 6890: addresses that no host can have.
const Reserved RESERVED[] = {{{{0x00000000}, 8}, "\"this network\""},
                             {{{0x7f000000}, 8}, "loopback"},
                             {{{0xe0000000}, 3}, "multicast or reserved"}};

/// Nodes that a link may join.
std::vector<std::string_view>
WiredNames(const LabDraft& draft)
{
    std::vector<std::string_view> names;
    for (const auto& [name, node] : draft.nodes)
    {
        if (node.kind == LabNode::IsBox || !draft.hostAccess[node.index])
        {
            names.push_back(name);
        }
    }
    return names;
}

/// "box:left", for error lines and as a suggestion.
std::string
PortList(const Box& box)
{
    std::string list;
    for (const LabPort& port : box.ports)
    {
        list.append(list.empty() ? "" : ", ").append(Quoted(box.name + ":" + port.name));
    }
    return list;
}

/// The end that "A" or "box:left" names, or why it names none.
Result<LinkEnd>
FindEnd(const LabDraft& draft, const std::string& text)
{
    const size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    const auto found = draft.nodes.find(name);
    if (found == draft.nodes.end())
    {
        return Error{"there is no host or box " + Quoted(name) + "; " +
                     SuggestWord(name, WiredNames(draft))};
    }
    const LabNode node = found->second;
    if (node.kind == LabNode::IsHost && draft.hostAccess[node.index])
    {
        return Error{Quoted(name) + " is joined to its site or the internet already; a host has "
                                    "one link"};
    }
    if (node.kind == LabNode::IsHost && colon != std::string::npos)
    {
        return Error{Quoted(name) + " is a host and has no ports; write: \"" + name + "\""};
    }
    if (node.kind == LabNode::IsHost)
    {
        return LinkEnd{node, 0};
    }
    const Box& box = draft.lab.boxes[node.index];
    if (colon == std::string::npos)
    {
        return Error{Quoted(name) + " is a box; name the port: " + PortList(box)};
    }
    const std::string port = text.substr(colon + 1);
    const std::optional<size_t> index = FindPort(box, port);
    if (!index)
    {
        return Error{"box " + Quoted(name) + " has no port " + Quoted(port) + "; " +
                     SuggestWord(port, PortNames(box))};
    }
    return LinkEnd{node, *index};
}

std::optional<LinkEnd>
ResolveEnd(const LabDraft& draft, TableReader& reader, const std::string& text)
{
    const Result<LinkEnd> end = FindEnd(draft, text);
    if (end)
    {
        return *end;
    }
    if (draft.nodesComplete)
    {
        reader.Fault(BETWEEN, ": " + end.Why());
    }
    return std::nullopt;
}

LabPort&
PortOf(Lab& lab, const LinkEnd& end)
{
    return end.node.kind == LabNode::IsHost ? lab.hosts[end.node.index].port
                                            : lab.boxes[end.node.index].ports[end.port];
}

/// The earlier link that has this end, by index.
std::optional<size_t>
LinkAt(const Lab& lab, const LinkEnd& end)
{
    for (size_t i = 0; i < lab.links.size(); ++i)
    {
        if (lab.links[i].ends[0] == end || lab.links[i].ends[1] == end)
        {
            return i;
        }
    }
    return std::nullopt;
}

bool
CheckFree(LabDraft& draft, TableReader& reader, const LinkEnd& end)
{
    const std::optional<size_t> other = LinkAt(draft.lab, end);
    if (!other || !draft.nodesComplete)
    {
        return !other;
    }
    const bool host = end.node.kind == LabNode::IsHost;
    reader.Fault(BETWEEN,
                 ": " + Quoted(EndName(draft.lab, end)) + " is in the link of line " +
                     std::to_string(draft.linkLines[*other]) + " already; " +
                     (host ? "a host has one link: put a box with role = \"forwarder\" before it"
                           : "a port has one link: give the box another port"));
    return false;
}

std::optional<Link>
ReadEnds(LabDraft& draft, TableReader& reader)
{
    const auto between = reader.Texts(BETWEEN, Need::Required);
    if (!between)
    {
        return std::nullopt;
    }
    if (between->size() != 2)
    {
        reader.Fault(BETWEEN,
                     " is of length " + std::to_string(between->size()) +
                         "; a link has two ends: between = " + std::string(BETWEEN.example));
        return std::nullopt;
    }
    const std::optional<LinkEnd> left = ResolveEnd(draft, reader, between->front());
    const std::optional<LinkEnd> right = ResolveEnd(draft, reader, between->back());
    if (!left || !right)
    {
        return std::nullopt;
    }
    if (left->node == right->node)
    {
        reader.Fault(BETWEEN,
                     ": both ends are at " + Quoted(NodeName(draft.lab, left->node)) +
                         "; a link joins two nodes");
        return std::nullopt;
    }
    if (!CheckFree(draft, reader, *left) || !CheckFree(draft, reader, *right))
    {
        return std::nullopt;
    }
    Link link;
    link.ends[0] = *left;
    link.ends[1] = *right;
    return link;
}

std::optional<Subnet>
ReadSubnet(TableReader& reader)
{
    const std::optional<std::string> text = reader.Text(SUBNET, Need::Required);
    if (!text)
    {
        return std::nullopt;
    }
    const std::optional<Subnet> subnet = Subnet::Parse(*text);
    if (!subnet)
    {
        reader.Fault(SUBNET,
                     ": " + Quoted(*text) +
                         " is no subnet; write address/length, host bits zero: " +
                         std::string(SUBNET.example));
        return std::nullopt;
    }
    if (subnet->length > LONGEST_PREFIX)
    {
        reader.Fault(SUBNET,
                     ": " + Quoted(*text) +
                         " is too small for two addresses; nearest valid: a length of 30");
        return std::nullopt;
    }
    for (const Reserved& reserved : RESERVED)
    {
        if (subnet->Overlaps(reserved.subnet))
        {
            reader.Fault(SUBNET,
                         ": " + Quoted(*text) + " overlaps " + reserved.subnet.ToString() + ", " +
                             std::string(reserved.what) + "; take one of 10.0.0.0/8");
            return std::nullopt;
        }
    }
    return subnet;
}

bool
CheckOverlap(const LabDraft& draft, TableReader& reader, const Subnet& subnet)
{
    for (size_t i = 0; i < draft.lab.links.size(); ++i)
    {
        const Subnet& other = draft.lab.links[i].subnet;
        if (subnet.Overlaps(other))
        {
            reader.Fault(SUBNET,
                         ": " + subnet.ToString() + " overlaps " + other.ToString() +
                             " of the link in line " + std::to_string(draft.linkLines[i]) +
                             "; every link needs a subnet of its own");
            return false;
        }
    }
    return true;
}

void
ReadLink(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[link]]", draft.faults);
    std::optional<Link> link = ReadEnds(draft, reader);
    const std::optional<Subnet> subnet = ReadSubnet(reader);
    const std::optional<DataRate> rate = reader.Rate({"rate", "\"100 Mb/s\""}, Need::Required);
    const LabKey delayKey{"delay", "\"0.5 us\""};
    const Duration delay = reader.Time(delayKey, Need::Optional).value_or(Duration(0));
    if (delay > MOST_DELAY)
    {
        reader.Fault(delayKey, " is absurdly long for a wire; nearest valid: \"10 s\"");
    }
    std::optional<ImpairmentSettings> impair[2];
    ReadImpairments(reader, "impair", "impair-back", impair);
    reader.Finish();
    if (!link || !subnet || !rate || !CheckOverlap(draft, reader, *subnet))
    {
        return;
    }
    link->subnet = *subnet;
    link->rate = *rate;
    link->delay = delay;
    std::copy(std::begin(impair), std::end(impair), std::begin(link->impair));
    for (uint32_t i = 0; i < 2; ++i)
    {
        LabPort& port = PortOf(draft.lab, link->ends[i]);
        port.link = draft.lab.links.size();
        port.subnet = *subnet;
        port.address = Ipv4{subnet->address.value + 1 + i};
    }
    draft.lab.links.push_back(*link);
    draft.linkLines.push_back(reader.Line());
}

/// Hosts and ports that no link has.
void
CheckAllLinked(LabDraft& draft)
{
    const Lab& lab = draft.lab;
    for (size_t i = 0; i < lab.hosts.size(); ++i)
    {
        if (!draft.hostAccess[i] && !LinkAt(lab, {{LabNode::IsHost, i}, 0}))
        {
            draft.faults.Add(draft.hostLines[i],
                             "host " + Quoted(lab.hosts[i].name) +
                                 " has no link; add: [[link]] between = [\"" + lab.hosts[i].name +
                                 "\", ...]");
        }
    }
    for (size_t i = 0; i < lab.boxes.size(); ++i)
    {
        for (size_t p = 0; p < lab.boxes[i].ports.size(); ++p)
        {
            const LinkEnd end{{LabNode::IsBox, i}, p};
            if (!LinkAt(lab, end))
            {
                draft.faults.Add(draft.boxLines[i],
                                 "port " + Quoted(EndName(lab, end)) +
                                     " has no link; add: [[link]] between = [\"" +
                                     EndName(lab, end) + "\", ...], or remove the port");
            }
        }
    }
}

} // namespace

void
ReadLinks(LabDraft& draft, TableReader& root)
{
    const size_t before = draft.faults.Count();
    root.EachTable("link", [&](const toml::table& table) { ReadLink(draft, table); });
    if (draft.faults.Count() == before && draft.nodesComplete)
    {
        CheckAllLinked(draft);
    }
}

} // namespace isb
