// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/user-daemon-helper.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/node.h"

#include <utility>

namespace ns3
{

UserDaemonHelper::UserDaemonHelper(Ipv4Address broker, uint16_t port)
    : m_broker{{broker.Get()}, port}
{
    m_factory.SetTypeId(UserDaemonApplication::GetTypeId());
}

void
UserDaemonHelper::SetAttribute(const std::string& name, const AttributeValue& value)
{
    m_factory.Set(name, value);
}

Ptr<UserDaemonApplication>
UserDaemonHelper::Install(Ptr<Node> node,
                          const std::string& user,
                          const std::string& secret,
                          uint64_t seed) const
{
    isb::DaemonSettings settings = m_factory.Create<UserDaemonApplication>()->GetSettings();
    settings.user = user;
    settings.secret = secret;
    return Install(node, std::move(settings), seed);
}

Ptr<UserDaemonApplication>
UserDaemonHelper::Install(Ptr<Node> node, isb::DaemonSettings settings, uint64_t seed) const
{
    if (settings.broker == isb::Endpoint{})
    {
        settings.broker = m_broker;
    }
    Ptr<UserDaemonApplication> daemon = m_factory.Create<UserDaemonApplication>();
    daemon->SetSettings(settings);
    daemon->SetSeed(seed);
    daemon->SetTuning(CreateObject<TcpTuning>());
    daemon->SetDriver(node->GetObject<BoxDriver>());
    node->AddApplication(daemon);
    return daemon;
}

} // namespace ns3
