// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_ISB_HELPER_H
#define ISB_HELPER_ISB_HELPER_H

#include "model/core/isb/isb-settings.h"

#include "ns3/object-factory.h"
#include "ns3/ptr.h"

#include <cstdint>
#include <map>
#include <string>

namespace ns3
{

class IsbApplication;
class Node;

/// Puts an Internet Service Broker on a host.
///
///     IsbHelper isb;
///     isb.AddUser("ann", "secret");
///     isb.AddIst("ist", "secret");
///     Ptr<IsbApplication> broker = isb.Install(node, seed);
class IsbHelper
{
  public:
    IsbHelper();

    /// Attribute of IsbApplication: "HelloInterval", ...
    void SetAttribute(const std::string& name, const AttributeValue& value);
    void AddUser(const std::string& name, const std::string& secret);
    void AddIst(const std::string& name, const std::string& secret);

    /// Starts at the start of the simulation.
    Ptr<IsbApplication> Install(Ptr<Node> node, uint64_t seed) const;
    /// The same with settings in one piece; profiles of AddUser() and AddIst() come on top.
    Ptr<IsbApplication> Install(Ptr<Node> node,
                                const isb::IsbSettings& settings,
                                uint64_t seed) const;

  private:
    /// The STUN server that the settings tell users of.
    static void InstallStun(Ptr<Node> node, const isb::IsbSettings& settings);

    ObjectFactory m_factory;
    std::map<std::string, isb::IsbProfile> m_profiles;
};

} // namespace ns3

#endif
