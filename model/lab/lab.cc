// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab.h"

namespace isb
{

std::string_view
ToString(BoxRole role)
{
    switch (role)
    {
    case BoxRole::Forwarder:
        return "forwarder";
    case BoxRole::Nat:
        return "nat";
    case BoxRole::IstApp:
        return "ist-app";
    case BoxRole::IstKernel:
        return "ist-kernel";
    case BoxRole::Firewall:
        return "firewall";
    }
    return {};
}

std::string_view
ToString(NatLookup lookup)
{
    switch (lookup)
    {
    case NatLookup::Hash:
        return "hash";
    case NatLookup::List:
        return "list";
    }
    return {};
}

std::string_view
ToString(TrafficKind kind)
{
    switch (kind)
    {
    case TrafficKind::TcpBulk:
        return "tcp-bulk";
    case TrafficKind::UdpRate:
        return "udp-rate";
    case TrafficKind::UdpPingPong:
        return "udp-ping-pong";
    case TrafficKind::RequestResponse:
        return "request-response";
    case TrafficKind::TcpPingPong:
        return "tcp-ping-pong";
    }
    return {};
}

std::string_view
ToString(Measure measure)
{
    switch (measure)
    {
    case Measure::Throughput:
        return "throughput";
    case Measure::Loss:
        return "loss";
    case Measure::Rtt:
        return "rtt";
    case Measure::Connections:
        return "connections";
    case Measure::FirstByte:
        return "first-byte";
    case Measure::Failures:
        return "failures";
    case Measure::Completed:
        return "completed";
    }
    return {};
}

std::string_view
ToString(SubscriptionCount count)
{
    switch (count)
    {
    case SubscriptionCount::Asked:
        return "asked";
    case SubscriptionCount::Established:
        return "established";
    case SubscriptionCount::Failed:
        return "failed";
    case SubscriptionCount::FromPrepared:
        return "from-prepared";
    }
    return {};
}

std::string_view
ToString(IncidentKind kind)
{
    switch (kind)
    {
    case IncidentKind::Crash:
        return "crash";
    case IncidentKind::Restart:
        return "restart";
    case IncidentKind::Logout:
        return "logout";
    case IncidentKind::Login:
        return "login";
    case IncidentKind::Withdraw:
        return "withdraw";
    case IncidentKind::Announce:
        return "announce";
    case IncidentKind::Reboot:
        return "reboot";
    case IncidentKind::Rebind:
        return "rebind";
    case IncidentKind::Fill:
        return "fill";
    case IncidentKind::Drain:
        return "drain";
    }
    return {};
}

const std::string&
NodeName(const Lab& lab, LabNode node)
{
    return node.kind == LabNode::IsHost ? lab.hosts[node.index].name : lab.boxes[node.index].name;
}

std::string
EndName(const Lab& lab, const LinkEnd& end)
{
    const std::string& name = NodeName(lab, end.node);
    return end.node.kind == LabNode::IsHost
               ? name
               : name + ":" + lab.boxes[end.node.index].ports[end.port].name;
}

size_t
PortCount(const Lab& lab, LabNode node)
{
    return node.kind == LabNode::IsHost ? 1 : lab.boxes[node.index].ports.size();
}

const LabPort&
PortAt(const Lab& lab, const LinkEnd& end)
{
    return end.node.kind == LabNode::IsHost ? lab.hosts[end.node.index].port
                                            : lab.boxes[end.node.index].ports[end.port];
}

LinkEnd
Neighbour(const Lab& lab, const LinkEnd& end)
{
    const Link& link = lab.links[PortAt(lab, end).link];
    return link.ends[0] == end ? link.ends[1] : link.ends[0];
}

} // namespace isb
