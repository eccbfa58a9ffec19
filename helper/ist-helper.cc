// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/ist-helper.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/ist-application.h"
#include "model/ns3/ist-forwarder.h"
#include "model/ns3/proxy-application.h"

#include "ns3/boolean.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"

namespace ns3
{

IstHelper::IstHelper()
{
    m_factory.SetTypeId(IstForwarder::GetTypeId());
}

void
IstHelper::SetAttribute(const std::string& name, const AttributeValue& value)
{
    m_factory.Set(name, value);
}

Ptr<IstForwarder>
IstHelper::InstallKernel(Ptr<Node> node, uint64_t seed) const
{
    return InstallKernel(node, m_factory.Create<IstForwarder>()->GetSettings(), seed);
}

Ptr<IstForwarder>
IstHelper::InstallKernel(Ptr<Node> node, const isb::IstSettings& settings, uint64_t seed) const
{
    // What is spliced leaves by the node's routes, of a host too; other packets the hook refuses.
    node->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(true));
    Ptr<IstForwarder> ist = m_factory.Create<IstForwarder>();
    ist->SetSettings(settings);
    ist->Install(node, seed);
    if (Ptr<BoxDriver> driver = node->GetObject<BoxDriver>())
    {
        driver->SetPaths({isb::FramePath::Forward,
                          isb::FramePath::Splice,
                          isb::FramePath::Splice,
                          isb::FramePath::LocalOther});
    }
    return ist;
}

Ptr<ProxyApplication>
IstHelper::InstallApp(Ptr<Node> node, uint64_t seed) const
{
    node->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(false)); // no router
    return AddProxy(node, seed);
}

Ptr<IstApplication>
IstHelper::InstallServer(Ptr<Node> node,
                         const isb::IstServerSettings& settings,
                         uint64_t seed) const
{
    return InstallServer(node, settings, m_factory.Create<IstForwarder>()->GetSettings(), seed);
}

Ptr<IstApplication>
IstHelper::InstallServer(Ptr<Node> node,
                         const isb::IstServerSettings& settings,
                         const isb::IstSettings& engine,
                         uint64_t seed) const
{
    // Apart from one another, as the three draw from generators of their own.
    constexpr uint64_t proxySeed = 0x9e3779b97f4a7c15;
    constexpr uint64_t serverSeed = 2 * proxySeed;
    Ptr<IstApplication> server = CreateObject<IstApplication>();
    server->SetSettings(settings);
    server->SetSeed(seed + serverSeed);
    server->SetTuning(CreateObject<TcpTuning>());
    server->SetDriver(node->GetObject<BoxDriver>());
    server->SetCarriers(InstallKernel(node, engine, seed), AddProxy(node, seed + proxySeed));
    node->AddApplication(server);
    return server;
}

Ptr<IstApplication>
IstHelper::InstallServer(Ptr<Node> node,
                         const std::string& name,
                         const std::string& secret,
                         Ipv4Address broker,
                         uint64_t seed) const
{
    isb::IstServerSettings settings;
    settings.name = name;
    settings.secret = secret;
    settings.broker = {{broker.Get()}, 7470};
    return InstallServer(node, settings, seed);
}

Ptr<ProxyApplication>
IstHelper::AddProxy(Ptr<Node> node, uint64_t seed)
{
    Ptr<ProxyApplication> proxy = CreateObject<ProxyApplication>();
    proxy->SetSeed(seed);
    proxy->SetTuning(CreateObject<TcpTuning>());
    proxy->SetDriver(node->GetObject<BoxDriver>());
    node->AddApplication(proxy);
    return proxy;
}

} // namespace ns3
