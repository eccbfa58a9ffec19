// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/lab-wiring.h"

#include "emulation/sys/subprocess.h"

#include <set>
#include <unistd.h>
#include <utility>

namespace isb
{

namespace
{

std::string
DeviceOf(const LinkEnd& end)
{
    return end.node.kind == LabNode::IsHost ? "eth0" : "p" + std::to_string(end.port);
}

/// Runs commands of ip(8) in a namespace; nullptr: in ours.
void
RunIp(const NetworkNamespace* space, const std::string& lines)
{
    // A pipe holds 64 KiB: whole lines, a part at a time.
    constexpr size_t MOST = 60'000;
    for (size_t begin = 0; begin < lines.size();)
    {
        const size_t end =
            lines.size() - begin <= MOST ? lines.size() : lines.rfind('\n', begin + MOST) + 1;
        RunCommand({{"ip", "-batch", "-"}, space, lines.substr(begin, end - begin)});
        begin = end;
    }
}

bool
IsNatOutside(const Lab& lab, const LinkEnd& end)
{
    return end.node.kind == LabNode::IsBox && lab.boxes[end.node.index].role == BoxRole::Nat &&
           lab.boxes[end.node.index].outside == end.port;
}

} // namespace

std::vector<Subnet>
InsideOf(const Box& box)
{
    std::vector<Subnet> inside;
    for (size_t port = 0; port < box.ports.size(); ++port)
    {
        if (port != box.outside)
        {
            inside.push_back(box.ports[port].subnet);
            inside.insert(inside.end(),
                          box.ports[port].beyond.begin(),
                          box.ports[port].beyond.end());
        }
    }
    return inside;
}

LabWiring::LabWiring(const Lab& lab)
    : m_lab(lab),
      m_routes(ComputeLabRoutes(lab))
{
    for (size_t i = 0; i < lab.hosts.size(); ++i)
    {
        m_hosts.push_back(NetworkNamespace::Create());
        Configure(m_hosts.back(), false);
    }
    for (size_t i = 0; i < lab.boxes.size(); ++i)
    {
        m_boxes.push_back(NetworkNamespace::Create());
        Configure(m_boxes.back(), true);
    }
    Wire();
    for (size_t i = 0; i < lab.hosts.size(); ++i)
    {
        Address({LabNode::IsHost, i});
    }
    for (size_t i = 0; i < lab.boxes.size(); ++i)
    {
        Address({LabNode::IsBox, i});
    }
}

const NetworkNamespace&
LabWiring::Host(size_t index) const
{
    return m_hosts[index];
}

const NetworkNamespace&
LabWiring::Box(size_t index) const
{
    return m_boxes[index];
}

const NetworkNamespace&
LabWiring::Of(LabNode node) const
{
    return node.kind == LabNode::IsHost ? m_hosts[node.index] : m_boxes[node.index];
}

void
LabWiring::Configure(const NetworkNamespace& space, bool forwards)
{
    for (const std::string scope : {"all", "default"})
    {
        SetSysctl(space, "net/ipv4/conf/" + scope + "/rp_filter", "0");
        SetSysctl(space, "net/ipv4/conf/" + scope + "/send_redirects", "0");
        if (access("/proc/sys/net/ipv6", F_OK) == 0)
        {
            SetSysctl(space, "net/ipv6/conf/" + scope + "/disable_ipv6", "1");
        }
    }
    if (forwards)
    {
        SetSysctl(space, "net/ipv4/ip_forward", "1");
    }
}

void
LabWiring::Wire()
{
    std::string lines;
    for (const Link& link : m_lab.links)
    {
        const LinkEnd& a = link.ends[0];
        const LinkEnd& b = link.ends[1];
        lines += "link add name " + DeviceOf(a) + " netns " + Of(a.node).Path() +
                 " type veth peer name " + DeviceOf(b) + " netns " + Of(b.node).Path() + "\n";
    }
    RunIp(nullptr, lines);
}

void
LabWiring::Address(LabNode node)
{
    std::string lines = "link set dev lo up\n";
    for (size_t i = 0; i < PortCount(m_lab, node); ++i)
    {
        const LinkEnd end{node, i};
        const LabPort& port = PortAt(m_lab, end);
        const std::string device = DeviceOf(end);
        lines += "link set dev " + device + " up\n";
        if (IsNatOutside(m_lab, end))
        {
            lines += "route add " + port.subnet.ToString() + " dev " + device + "\n";
        }
        else
        {
            lines += "address add " + port.address.ToString() + "/" +
                     std::to_string(port.subnet.length) + " dev " + device + "\n";
        }
        for (const Ipv4 further : port.further)
        {
            lines += "address add " + further.ToString() + "/32 dev " + device + "\n";
        }
    }
    std::set<std::string> known; // of several routes to a subnet the first one counts
    for (const LabRoute& route : m_routes.Of(node))
    {
        if (known.insert(route.destination.ToString()).second)
        {
            lines += "route add " + route.destination.ToString() + " via " +
                     route.nextHop.ToString() + " dev " + DeviceOf({node, route.port}) + "\n";
        }
    }
    RunIp(&Of(node), lines);
}

void
LabWiring::Divert(size_t index, const std::string& inside, const std::string& outside)
{
    const isb::Box& box = m_lab.boxes[index];
    const NetworkNamespace& space = m_boxes[index];
    std::string lines = "route add default dev " + inside + " table 100\n" +
                        "route add default dev " + outside + " table 101\n";
    for (size_t port = 0; port < box.ports.size(); ++port)
    {
        const std::string device = "p" + std::to_string(port);
        if (port == box.outside)
        {
            lines += "rule add priority 200 iif " + device + " lookup 101\n";
            continue;
        }
        for (const Subnet& subnet : InsideOf(box))
        {
            lines += "rule add priority 100 iif " + device + " to " + subnet.ToString() +
                     " lookup main\n"; // between insiders
        }
        lines += "rule add priority 200 iif " + device + " lookup 100\n";
    }
    if (box.role == BoxRole::Nat)
    {
        SetSysctl(space, "net/ipv4/conf/p" + std::to_string(box.outside) + "/proxy_arp", "1");
    }
    for (const std::string& device : {inside, outside})
    {
        SetSysctl(space, "net/ipv4/conf/" + device + "/rp_filter", "0");
    }
    RunIp(&space, lines);
}

} // namespace isb
