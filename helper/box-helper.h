// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_BOX_HELPER_H
#define ISB_HELPER_BOX_HELPER_H

#include "model/box/machine-parameters.h"
#include "model/box/nic.h"
#include "model/core/impair/impairment-settings.h"

#include "ns3/ipv4-address.h"
#include "ns3/nstime.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <string>

namespace ns3
{

class BoxDriver;
class DataRate;
class Node;

/**
 * Makes hosts and boxes: nodes with an IPv4 stack (static routes only), a BoxDriver, and Ethernet
 * links between them.
 *
 *     BoxHelper helper;
 *     Ptr<Node> a = helper.CreateNode();
 *     Ptr<Node> box = helper.CreateNode(*isb::MachinePreset("ixp425"));
 *     helper.Link({a, "eth0", "10.0.1.1"}, {box, "mac0", "10.0.1.2"}, 24, rate, delay);
 *     helper.Start(a); helper.Start(box);
 */
class BoxHelper
{
  public:
    /// One end of a link.
    struct End
    {
        Ptr<Node> node;
        std::string port;
        Ipv4Address address;
        isb::NicKind nic = isb::NicKind::OnChip;
    };

    /// A node without machine: its CPU and rings take no time.
    Ptr<Node> CreateNode() const;
    /// A node whose frames pass an isb::BoxMachine.
    Ptr<Node> CreateNode(const isb::MachineParameters& machine) const;

    /// Full duplex Ethernet: `rate` counts all bytes on the wire, `delay` is propagation, one way.
    void Link(const End& a,
              const End& b,
              uint8_t prefixLength,
              const DataRate& rate,
              const Time& delay) const;

    /// The wire to `end` does to packets what the settings say; after Link(), before Start().
    void Impair(const End& end, const isb::ImpairmentSettings& settings, uint64_t seed) const;

    /// Sends what goes to a subnet by a neighbour. The interface is found by the neighbour.
    void AddRoute(Ptr<Node> node,
                  Ipv4Address subnet,
                  uint8_t prefixLength,
                  Ipv4Address neighbour) const;

    /// Starts the node's machine, after its last Link().
    void Start(Ptr<Node> node) const;

    static Ptr<BoxDriver> GetDriver(Ptr<Node> node);
};

} // namespace ns3

#endif
