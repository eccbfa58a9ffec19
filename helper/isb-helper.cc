// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/isb-helper.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/isb-application.h"

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
    return broker;
}

} // namespace ns3
