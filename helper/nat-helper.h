// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_NAT_HELPER_H
#define ISB_HELPER_NAT_HELPER_H

#include "model/core/nat/nat-settings.h"
#include "model/core/nat/stateful-filter.h"

#include "ns3/object-factory.h"

#include <cstdint>
#include <string>

namespace ns3
{

class FirewallForwarder;
class NatForwarder;
class NetDevice;
class Node;

/// Turns a router node into a NAT or a firewall.
class NatHelper
{
  public:
    NatHelper();

    /// Attribute of NatForwarder: "Preset", "UdpTimeout", ...
    void SetAttribute(const std::string& name, const AttributeValue& value);

    /// `outside` is the device whose first address becomes the external one. Install the routes
    /// before: afterwards the routing protocol is wrapped.
    Ptr<NatForwarder> Install(Ptr<Node> node, Ptr<NetDevice> outside, uint64_t seed) const;
    /// The same with settings in one piece; the external address in them counts.
    Ptr<NatForwarder> Install(Ptr<Node> node,
                              Ptr<NetDevice> outside,
                              const isb::NatSettings& settings,
                              uint64_t seed) const;

    /// Makes it a firewall that translates nothing.
    Ptr<FirewallForwarder> InstallFirewall(Ptr<Node> node,
                                           Ptr<NetDevice> outside,
                                           const isb::FilterSettings& settings,
                                           uint64_t seed) const;

  private:
    ObjectFactory m_factory;
};

} // namespace ns3

#endif
