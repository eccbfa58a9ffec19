// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_USER_DAEMON_HELPER_H
#define ISB_HELPER_USER_DAEMON_HELPER_H

#include "model/core/daemon/daemon-settings.h"

#include "ns3/ipv4-address.h"
#include "ns3/object-factory.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <string>

namespace ns3
{

class Node;
class UserDaemonApplication;

/// Puts a user's daemon on a host. Clients and servers on the host stay as they are.
///
///     UserDaemonHelper daemon("203.0.113.1");
///     Ptr<UserDaemonApplication> bob = daemon.Install(node, "bob", "secret", seed);
///     bob->Announce({{"web"}, {*isb::Ipv4::Parse("127.0.0.1"), 80}});
class UserDaemonHelper
{
  public:
    explicit UserDaemonHelper(Ipv4Address broker, uint16_t port = 7470);

    /// Attribute of UserDaemonApplication: "ListenPort", ...
    void SetAttribute(const std::string& name, const AttributeValue& value);

    /// Starts at the start of the simulation.
    Ptr<UserDaemonApplication> Install(Ptr<Node> node,
                                       const std::string& user,
                                       const std::string& secret,
                                       uint64_t seed) const;
    /// The same with settings in one piece; the helper's broker counts when they name none.
    Ptr<UserDaemonApplication> Install(Ptr<Node> node,
                                       isb::DaemonSettings settings,
                                       uint64_t seed) const;

  private:
    ObjectFactory m_factory;
    isb::Endpoint m_broker;
};

} // namespace ns3

#endif
