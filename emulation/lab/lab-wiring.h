// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_LAB_LAB_WIRING_H
#define ISB_EMULATION_LAB_LAB_WIRING_H

#include "emulation/sys/network-namespace.h"
#include "model/lab/lab-routes.h"
#include "model/lab/lab.h"

#include <string>
#include <vector>

namespace isb
{

/// The network of a Lab on this machine: a namespace a node, a veth pair a link, the routes of
/// ComputeLabRoutes(). All is gone with the object, also when the process is killed.
///
/// A host's device is "eth0", those of a box are "p0", "p1", ... in the order of its ports. The
/// outside device of a NAT has no address: its router answers ARP for it, because packets to the
/// external address are its LabGate's and not its kernel's. Rates and delays of links are not
/// reproduced.
class LabWiring
{
  public:
    /// Throws SystemError or CommandFailed. `lab` must outlive it.
    explicit LabWiring(const Lab& lab);

    [[nodiscard]] const NetworkNamespace& Host(size_t index) const;
    [[nodiscard]] const NetworkNamespace& Box(size_t index) const;

    /// Sends what goes through a box to the TUN devices of its gate, which must be there: what
    /// comes in on inside ports to `inside`, what comes in outside to `outside`.
    void Divert(size_t box, const std::string& inside, const std::string& outside);

  private:
    [[nodiscard]] const NetworkNamespace& Of(LabNode node) const;
    void Configure(const NetworkNamespace& space, bool forwards);
    void Wire();
    void Address(LabNode node);

    const Lab& m_lab;
    LabRoutes m_routes;
    std::vector<NetworkNamespace> m_hosts;
    std::vector<NetworkNamespace> m_boxes;
};

/// Who is inside a box with an outside: subnets of its inside ports, and what lies beyond them.
[[nodiscard]] std::vector<Subnet> InsideOf(const Box& box);

} // namespace isb

#endif
