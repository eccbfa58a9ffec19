// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_LAB_LAB_ROUTES_H
#define ISB_LAB_LAB_ROUTES_H

#include "model/lab/lab.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace isb
{

/// Where a node sends what goes to a subnet that it is not attached to.
struct LabRoute
{
    Subnet destination;
    size_t port = 0; ///< index into the box's ports; 0 for a host
    Ipv4 nextHop;    ///< neighbour on that port
};

/// Routes of every node, by index; in the order of the lab's links. The first that contains an
/// address counts, behind the subnets of the node's own ports.
struct LabRoutes
{
    std::vector<std::vector<LabRoute>> hosts;
    std::vector<std::vector<LabRoute>> boxes;

    [[nodiscard]] const std::vector<LabRoute>&
    Of(LabNode node) const
    {
        return node.kind == LabNode::IsHost ? hosts[node.index] : boxes[node.index];
    }
};

/// Shortest paths (fewest links; on a tie the port that comes first in its box) under these rules:
/// hosts and IST boxes do not forward; a NAT box does not tell its outside what lies inside, so
/// nobody outside has a route there. A subnet that a node cannot reach has no route. Automatic
/// links add the routes that their ports say (LabPort::beyond), default routes last. Reads links,
/// ports, roles and `outside` of the lab, nothing else.
[[nodiscard]] LabRoutes ComputeLabRoutes(const Lab& lab);

/// The nodes that packets from `from` to `address` enter, by which port, after the routes; the last
/// one owns the address. Nothing when they cannot come there, or a firewall does not let them.
[[nodiscard]] std::optional<std::vector<LinkEnd>> FindLabPath(const Lab& lab,
                                                              const LabRoutes& routes,
                                                              LabNode from,
                                                              Ipv4 address);

} // namespace isb

#endif
