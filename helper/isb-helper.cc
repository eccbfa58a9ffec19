// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/isb-helper.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/isb-application.h"
#include "model/ns3/stun-application.h"

#include "ns3/node.h"

namespace ns3
{

IsbHelper::IsbHelper()
{
    m_factory.SetTypeId(IsbApplication::GetTypeId());
}

void
IsbHelper::SetAttribute(const std::string& name, const AttributeValue& value)
{
    m_factory.Set(name, value);
}

void
IsbHelper::AddUser(const std::string& name, const std::string& secret)
{
    m_profiles[name].secret = secret;
}

void
IsbHelper::AddIst(const std::string& name, const std::string& secret)
{
    m_profiles[name].secret = secret;
    m_profiles[name].mayBeIst = true;
}

Ptr<IsbApplication>
IsbHelper::Install(Ptr<Node> node, uint64_t seed) const
{
    return Install(node, m_factory.Create<IsbApplication>()->GetSettings(), seed);
}

Ptr<IsbApplication>
IsbHelper::Install(Ptr<Node> node, const isb::IsbSettings& settings, uint64_t seed) const
{
    Ptr<IsbApplication> broker = m_factory.Create<IsbApplication>();
    broker->SetSettings(settings);
    for (const auto& profile : m_profiles)
    {
        broker->AddProfile(profile.first, profile.second);
    }
    broker->SetSeed(seed);
    broker->SetTuning(CreateObject<TcpTuning>());
    broker->SetDriver(node->GetObject<BoxDriver>());
    node->AddApplication(broker);
    InstallStun(node, settings);
    return broker;
}

void
IsbHelper::InstallStun(Ptr<Node> node, const isb::IsbSettings& settings)
{
    if (settings.stunServers.empty())
    {
        return;
    }
    isb::StunServerSettings stun;
    const isb::Endpoint& first = settings.stunServers.front();
    stun.primary = first.address;
    stun.port = first.port;
    stun.otherPort = 0;
    for (const isb::Endpoint& endpoint : settings.stunServers)
    {
        if (endpoint.address != stun.primary)
        {
            stun.alternate = endpoint.address;
        }
        if (endpoint.port != stun.port)
        {
            stun.otherPort = endpoint.port;
        }
    }
    Ptr<StunApplication> server = CreateObject<StunApplication>();
    server->SetSettings(stun);
    server->SetTuning(CreateObject<TcpTuning>());
    server->SetDriver(node->GetObject<BoxDriver>());
    node->AddApplication(server);
}

} // namespace ns3
