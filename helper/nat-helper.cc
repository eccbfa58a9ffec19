// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/nat-helper.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/firewall-forwarder.h"
#include "model/ns3/nat-forwarder.h"

#include "ns3/ipv4.h"
#include "ns3/net-device.h"
#include "ns3/node.h"

namespace ns3
{

NatHelper::NatHelper()
{
    m_factory.SetTypeId(NatForwarder::GetTypeId());
}

void
NatHelper::SetAttribute(const std::string& name, const AttributeValue& value)
{
    m_factory.Set(name, value);
}

Ptr<NatForwarder>
NatHelper::Install(Ptr<Node> node, Ptr<NetDevice> outside, uint64_t seed) const
{
    isb::NatSettings settings = m_factory.Create<NatForwarder>()->GetSettings();
    Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
    const auto interface = static_cast<uint32_t>(ipv4->GetInterfaceForDevice(outside));
    settings.external.value = ipv4->GetAddress(interface, 0).GetLocal().Get();
    return Install(node, outside, settings, seed);
}

Ptr<NatForwarder>
NatHelper::Install(Ptr<Node> node,
                   Ptr<NetDevice> outside,
                   const isb::NatSettings& settings,
                   uint64_t seed) const
{
    Ptr<NatForwarder> nat = m_factory.Create<NatForwarder>();
    nat->SetSettings(settings);
    nat->Install(node, outside, seed);
    if (Ptr<BoxDriver> driver = node->GetObject<BoxDriver>())
    {
        // What comes for the external address is translated too, so it makes the same work.
        driver->SetPaths(
            {isb::FramePath::Nat, isb::FramePath::Nat, isb::FramePath::Nat, isb::FramePath::Nat});
    }
    return nat;
}

Ptr<FirewallForwarder>
NatHelper::InstallFirewall(Ptr<Node> node,
                           Ptr<NetDevice> outside,
                           const isb::FilterSettings& settings,
                           uint64_t seed) const
{
    Ptr<FirewallForwarder> firewall = CreateObject<FirewallForwarder>();
    firewall->SetSettings(settings);
    firewall->Install(node, outside, seed);
    return firewall;
}

} // namespace ns3
