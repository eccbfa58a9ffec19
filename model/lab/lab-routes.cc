// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-routes.h"

#include <algorithm>
#include <deque>

namespace isb
{

namespace
{

/// True when a packet that entered by `in` may leave by `out`, as a route (not as a translation).
bool
Forwards(const Lab& lab, LabNode node, size_t in)
{
    if (node.kind == LabNode::IsHost)
    {
        return false;
    }
    const Box& box = lab.boxes[node.index];
    switch (box.role)
    {
    case BoxRole::Forwarder:
        return true;
    case BoxRole::Nat:
    case BoxRole::Firewall:
        return in != box.outside;
    case BoxRole::IstApp:
    case BoxRole::IstKernel:
        return false;
    }
    return false;
}

/// Adds everybody's route to the subnet of one link: breadth first from its two ends.
class SubnetSpread
{
  public:
    SubnetSpread(const Lab& lab, LabRoutes& routes)
        : m_lab(lab),
          m_routes(routes),
          m_hosts(lab.hosts.size()),
          m_boxes(lab.boxes.size())
    {
    }

    void
    Run(const Link& link)
    {
        std::deque<LinkEnd> open; // nodes that know the subnet, and by which port they leave to it
        for (const LinkEnd& end : link.ends)
        {
            Seen(end.node) = true;
            open.push_back(end);
        }
        for (; !open.empty(); open.pop_front())
        {
            const LinkEnd known = open.front();
            for (size_t port = 0; port < PortCount(m_lab, known.node); ++port)
            {
                const LinkEnd in{known.node, port};
                const LinkEnd neighbour = Neighbour(m_lab, in);
                if (port == known.port || !Forwards(m_lab, known.node, port) ||
                    Seen(neighbour.node))
                {
                    continue;
                }
                Seen(neighbour.node) = true;
                Table(neighbour.node)
                    .push_back({link.subnet, neighbour.port, PortAt(m_lab, in).address});
                open.push_back(neighbour);
            }
        }
    }

  private:
    std::vector<bool>::reference
    Seen(LabNode node)
    {
        return node.kind == LabNode::IsHost ? m_hosts[node.index] : m_boxes[node.index];
    }

    std::vector<LabRoute>&
    Table(LabNode node)
    {
        return node.kind == LabNode::IsHost ? m_routes.hosts[node.index]
                                            : m_routes.boxes[node.index];
    }

    const Lab& m_lab;
    LabRoutes& m_routes;
    std::vector<bool> m_hosts;
    std::vector<bool> m_boxes;
};

/// By which port the node sends to the address; nothing without a route.
std::optional<size_t>
PortTowards(const Lab& lab, const LabRoutes& routes, LabNode node, Ipv4 address)
{
    for (size_t port = 0; port < PortCount(lab, node); ++port)
    {
        if (PortAt(lab, {node, port}).subnet.Contains(address))
        {
            return port;
        }
    }
    const std::vector<LabRoute>& table = routes.Of(node);
    const auto found = std::find_if(table.begin(),
                                    table.end(),
                                    [address](const LabRoute& route)
                                    { return route.destination.Contains(address); });
    return found == table.end() ? std::nullopt : std::optional<size_t>(found->port);
}

bool
Owns(const Lab& lab, LabNode node, Ipv4 address)
{
    for (size_t port = 0; port < PortCount(lab, node); ++port)
    {
        if (PortAt(lab, {node, port}).address == address)
        {
            return true;
        }
    }
    return false;
}

/// True when the box keeps its insiders from sending to the address.
bool
Forbids(const Lab& lab, LabNode node, size_t in, Ipv4 address)
{
    if (node.kind == LabNode::IsHost)
    {
        return false;
    }
    const Box& box = lab.boxes[node.index];
    return box.allowed && in != box.outside &&
           std::find(box.allowed->begin(), box.allowed->end(), address) == box.allowed->end();
}

/// The routes that the ports of a node's automatic links say, default routes last.
void
AddBeyond(const Lab& lab, LabNode node, std::vector<LabRoute>& table)
{
    const size_t before = table.size();
    for (size_t port = 0; port < PortCount(lab, node); ++port)
    {
        const LinkEnd end{node, port};
        for (const Subnet& subnet : PortAt(lab, end).beyond)
        {
            table.push_back({subnet, port, PortAt(lab, Neighbour(lab, end)).address});
        }
    }
    std::stable_partition(table.begin() + static_cast<std::ptrdiff_t>(before),
                          table.end(),
                          [](const LabRoute& route) { return route.destination.length != 0; });
}

} // namespace

LabRoutes
ComputeLabRoutes(const Lab& lab)
{
    LabRoutes routes;
    routes.hosts.resize(lab.hosts.size());
    routes.boxes.resize(lab.boxes.size());
    for (const Link& link : lab.links)
    {
        if (!link.automatic)
        {
            SubnetSpread(lab, routes).Run(link);
        }
    }
    for (size_t i = 0; i < lab.hosts.size(); ++i)
    {
        AddBeyond(lab, {LabNode::IsHost, i}, routes.hosts[i]);
    }
    for (size_t i = 0; i < lab.boxes.size(); ++i)
    {
        AddBeyond(lab, {LabNode::IsBox, i}, routes.boxes[i]);
    }
    return routes;
}

std::optional<std::vector<LinkEnd>>
FindLabPath(const Lab& lab, const LabRoutes& routes, LabNode from, Ipv4 address)
{
    std::vector<LinkEnd> path;
    LabNode node = from;
    while (!Owns(lab, node, address))
    {
        const std::optional<size_t> port = PortTowards(lab, routes, node, address);
        const bool stuck = !path.empty() && (!Forwards(lab, node, path.back().port) ||
                                             Forbids(lab, node, path.back().port, address));
        if (!port || stuck || path.size() > lab.links.size())
        {
            return std::nullopt;
        }
        path.push_back(Neighbour(lab, {node, *port}));
        node = path.back().node;
    }
    return path;
}

} // namespace isb
