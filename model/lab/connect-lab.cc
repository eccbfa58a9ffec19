// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>
#include <deque>

namespace isb
{

namespace
{

/// The nodes entered on a shortest way along the links, whoever forwards or not; empty when no
/// links lead there. Tells what is in the way when there is no path.
std::vector<LinkEnd>
FindWires(const Lab& lab, LabNode from, LabNode to)
{
    std::vector<std::vector<LinkEnd>> hosts(lab.hosts.size());
    std::vector<std::vector<LinkEnd>> boxes(lab.boxes.size());
    const auto way = [&](LabNode node) -> std::vector<LinkEnd>&
    { return node.kind == LabNode::IsHost ? hosts[node.index] : boxes[node.index]; };
    std::deque<LabNode> open{from};
    for (; !open.empty(); open.pop_front())
    {
        const LabNode node = open.front();
        for (size_t port = 0; port < PortCount(lab, node); ++port)
        {
            const LinkEnd next = Neighbour(lab, {node, port});
            if (next.node == from || !way(next.node).empty())
            {
                continue;
            }
            way(next.node) = way(node);
            way(next.node).push_back(next);
            open.push_back(next.node);
        }
    }
    return way(to);
}

/// What a firewall on the way says; empty when it is none or lets it pass.
std::string
WhyFirewall(const Lab& lab, const LinkEnd& entered, LabNode to)
{
    const Box& box = lab.boxes[entered.node.index];
    const bool outwards = entered.port != box.outside;
    if (box.role == BoxRole::Firewall && !outwards)
    {
        return "firewall " + Quoted(box.name) +
               " lets in only answers to what went out; use a [[service]]";
    }
    const auto owns = [&](Ipv4 address)
    {
        for (size_t port = 0; port < PortCount(lab, to); ++port)
        {
            if (PortAt(lab, {to, port}).address == address)
            {
                return true;
            }
        }
        return false;
    };
    if (outwards && box.allowed && std::none_of(box.allowed->begin(), box.allowed->end(), owns))
    {
        return "firewall " + Quoted(box.name) + " does not let it out; add " +
               Quoted(NodeName(lab, to)) + " to: firewall = [...]";
    }
    return {};
}

} // namespace

std::string
WhyNoPath(const Lab& lab, LabNode from, LabNode to)
{
    const std::vector<LinkEnd> wires = FindWires(lab, from, to);
    const std::string who =
        Quoted(NodeName(lab, from)) + " cannot reach " + Quoted(NodeName(lab, to)) + ": ";
    for (const LinkEnd& entered : wires)
    {
        if (entered.node == to || entered.node.kind != LabNode::IsBox)
        {
            continue;
        }
        const Box& box = lab.boxes[entered.node.index];
        const std::string firewall = WhyFirewall(lab, entered, to);
        if (!firewall.empty())
        {
            return who + firewall;
        }
        if (box.role == BoxRole::IstApp || box.role == BoxRole::IstKernel)
        {
            return who + "IST box " + Quoted(box.name) +
                   " is in between and only joins what both sides open to it; write: via = \"" +
                   box.name + "\"";
        }
        if (box.role == BoxRole::Nat && entered.port == box.outside)
        {
            return who + "NAT box " + Quoted(box.name) +
                   " lets in only answers to what went out (RFC 4787 section 5); " +
                   (to.kind == LabNode::IsBox
                        ? "put the IST where both hosts can reach it"
                        : "send the other way round, or via a box with role = \"ist-kernel\" "
                          "that both can reach");
        }
    }
    return who + "no links lead there; join them by [[link]] and boxes";
}

namespace
{

/// The further external addresses of a NAT that somebody wired by hand: those of the link outside
/// that follow its two ends.
void
TakeExternals(LabDraft& draft, const NatDraft& nat, Box& box)
{
    const Subnet& subnet = box.ports[box.outside].subnet;
    Ipv4 next{subnet.address.value + 3};
    while (box.nat.furtherExternals.size() + 1 < nat.externals)
    {
        if (!subnet.Contains(Ipv4{next.value + 1})) // the last one is for broadcast
        {
            draft.faults.Add(nat.line,
                             "'external-addresses' in [box.nat]: " + subnet.ToString() +
                                 ", the subnet outside of " + Quoted(box.name) +
                                 ", has not so many; give the link a larger one");
            return;
        }
        box.nat.furtherExternals.push_back(next);
        ++next.value;
    }
}

void
ConnectForwards(LabDraft& draft, NatDraft& nat, Box& box)
{
    ResolveForwards(nat,
                    draft.faults,
                    [&](const std::string& name) -> std::optional<Ipv4>
                    {
                        const auto node = draft.nodes.find(name);
                        if (node == draft.nodes.end() || node->second.kind != LabNode::IsHost)
                        {
                            return std::nullopt;
                        }
                        return draft.lab.hosts[node->second.index].port.address;
                    });
    box.nat.forwards = nat.settings.forwards;
}

void
ConnectNat(LabDraft& draft, const LabRoutes& routes, size_t index)
{
    Box& box = draft.lab.boxes[index];
    NatDraft& nat = draft.boxNats.at(index);
    if (!draft.lab.links[box.ports[box.outside].link].automatic)
    {
        TakeExternals(draft, nat, box);
    }
    ConnectForwards(draft, nat, box);
    box.nat.external = box.ports[box.outside].address;
    box.nat.checksums = draft.lab.checksums;
    const bool known = !box.nat.internal.empty(); // of a site: in larger blocks
    for (size_t port = 0; port < box.ports.size() && !known; ++port)
    {
        if (port != box.outside)
        {
            box.nat.internal.push_back(box.ports[port].subnet);
        }
    }
    for (const LabRoute& route : routes.boxes[index])
    {
        if (route.port != box.outside && !known)
        {
            box.nat.internal.push_back(route.destination);
        }
    }
    if (const std::optional<Error> error = FindContradiction(box.nat))
    {
        draft.faults.Add(nat.line, "NAT box " + Quoted(box.name) + ": " + error->text);
    }
}

/// The port of the box that is nearest to the host (the first on a tie); nothing when it can reach
/// none.
std::optional<size_t>
FacingPort(const Lab& lab, const LabRoutes& routes, size_t host, size_t box)
{
    std::optional<size_t> facing;
    size_t least = 0;
    for (size_t port = 0; port < lab.boxes[box].ports.size(); ++port)
    {
        const Ipv4 address = lab.boxes[box].ports[port].address;
        const auto path = FindLabPath(lab, routes, {LabNode::IsHost, host}, address);
        if (path && (!facing || path->size() < least))
        {
            facing = port;
            least = path->size();
        }
    }
    return facing;
}

void
ConnectVia(LabDraft& draft, const LabRoutes& routes, Traffic& traffic, size_t line)
{
    const Lab& lab = draft.lab;
    TrafficVia& via = *traffic.via;
    const Box& box = lab.boxes[via.box];
    const LabNode boxNode{LabNode::IsBox, via.box};
    const LabNode toNode{LabNode::IsHost, traffic.to};
    // IBM's TCP Splice opens the second connection itself.
    const bool active = box.role == BoxRole::IstKernel && box.splice == SpliceMethod::Active &&
                        traffic.kind == TrafficKind::TcpBulk;
    const Ipv4 toAddress = lab.hosts[traffic.to].port.address;
    const auto fromPort = FacingPort(lab, routes, traffic.from, via.box);
    const auto toPort = FacingPort(lab, routes, traffic.to, via.box);
    if (!fromPort)
    {
        draft.faults.Add(line, WhyNoPath(lab, {LabNode::IsHost, traffic.from}, boxNode));
    }
    if (active && !FindLabPath(lab, routes, boxNode, toAddress))
    {
        draft.faults.Add(line, WhyNoPath(lab, boxNode, toNode));
    }
    else if (!toPort)
    {
        draft.faults.Add(line, WhyNoPath(lab, toNode, boxNode));
    }
    via.fromPort = fromPort.value_or(0);
    via.toPort = toPort.value_or(0);
    via.fromAddress = box.ports[via.fromPort].address;
    via.toAddress = box.ports[via.toPort].address;
}

} // namespace

void
ConnectLab(LabDraft& draft)
{
    Lab& lab = draft.lab;
    const LabRoutes routes = ComputeLabRoutes(lab);
    for (size_t i = 0; i < lab.boxes.size(); ++i)
    {
        Box& box = lab.boxes[i];
        if (box.role == BoxRole::Nat)
        {
            ConnectNat(draft, routes, i);
        }
        if (box.role == BoxRole::IstApp || box.role == BoxRole::IstKernel)
        {
            for (const LabPort& port : box.ports)
            {
                box.ist.addresses.push_back(port.address);
            }
        }
    }
    for (size_t i = 0; i < lab.traffic.size(); ++i)
    {
        Traffic& traffic = lab.traffic[i];
        const LabNode from{LabNode::IsHost, traffic.from};
        const LabNode to{LabNode::IsHost, traffic.to};
        if (traffic.service)
        {
            continue; // its ways are the broker's to find
        }
        if (traffic.via)
        {
            ConnectVia(draft, routes, traffic, draft.trafficLines[i]);
        }
        else if (!FindLabPath(lab, routes, from, lab.hosts[traffic.to].port.address))
        {
            draft.faults.Add(draft.trafficLines[i], WhyNoPath(lab, from, to));
        }
    }
}

} // namespace isb
