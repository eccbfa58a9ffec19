// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/lab-programs.h"

#include "helper/isb-helper.h"
#include "helper/ist-helper.h"
#include "helper/user-daemon-helper.h"

#include "model/core/random/rng.h"
#include "model/ns3/isb-application.h"
#include "model/ns3/ist-application.h"
#include "model/ns3/sim-time.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/callback.h"
#include "ns3/node.h"

#include <utility>

namespace ns3
{

namespace
{

/// Each kind of program has seeds of its own, apart from those of boxes and traffic.
enum SeedPurpose : uint64_t
{
    SEED_BROKER = 201,
    SEED_TRANSLATOR,
    SEED_USER,
};

} // namespace

LabPrograms::LabPrograms(const isb::Lab& lab,
                         std::vector<Ptr<Node>> hosts,
                         uint64_t seed,
                         EventCallback onEvent)
    : m_lab(lab),
      m_hosts(std::move(hosts)),
      m_seed(seed),
      m_onEvent(std::move(onEvent))
{
}

LabPrograms::~LabPrograms() = default;

uint64_t
LabPrograms::Seed(uint64_t purpose, uint64_t index) const
{
    isb::SeededRng rng(m_seed * 1'000'003 + purpose * 10'007 + index);
    return rng.Next();
}

void
LabPrograms::Install()
{
    // The elements' addresses are kept by callbacks.
    m_translators.reserve(m_lab.translators.size() + m_lab.brokers.size());
    for (size_t i = 0; i < m_lab.brokers.size(); ++i)
    {
        InstallBroker(i);
    }
    for (size_t i = 0; i < m_lab.translators.size(); ++i)
    {
        const isb::LabTranslator& translator = m_lab.translators[i];
        InstallTranslator(i, translator.host, translator.settings, translator.engine);
    }
    for (size_t i = 0; i < m_lab.brokers.size(); ++i)
    {
        if (const auto& own = m_lab.brokers[i].own)
        {
            InstallTranslator(m_translators.size(), m_lab.brokers[i].host, *own, {});
        }
    }
    for (size_t i = 0; i < m_lab.users.size(); ++i)
    {
        InstallUser(i);
    }
    ScheduleIncidents();
}

void
LabPrograms::InstallBroker(size_t index)
{
    const isb::LabBroker& broker = m_lab.brokers[index];
    BrokerParts parts;
    parts.program =
        IsbHelper().Install(m_hosts[broker.host], broker.settings, Seed(SEED_BROKER, index));
    parts.program->TraceConnectWithoutContext(
        "Events",
        Callback<void, const isb::TraceEvent&>([this](const isb::TraceEvent& event)
                                               { CountMethod(event); }));
    Trace(parts.program, broker.host);
    m_brokers.push_back(std::move(parts));
}

void
LabPrograms::InstallTranslator(size_t index,
                               size_t host,
                               const isb::IstServerSettings& settings,
                               const isb::IstSettings& engine)
{
    TranslatorParts& parts = m_translators.emplace_back();
    parts.name = settings.name;
    parts.host = host;
    parts.program =
        IstHelper().InstallServer(m_hosts[host], settings, engine, Seed(SEED_TRANSLATOR, index));
    parts.program->TraceConnectWithoutContext(
        "Events",
        Callback<void, const isb::TraceEvent&>(
            [&orders = parts.orders](const isb::TraceEvent& event)
            {
                if (event.kind == isb::TraceKind::SpliceOrdered)
                {
                    ++orders["splices"];
                    ++orders["splices." + std::string(event.method)];
                }
            }));
    Trace(parts.program, host);
    if (parts.program->Forwarder())
    {
        Trace(parts.program->Forwarder(), host);
    }
    if (parts.program->Proxy())
    {
        Trace(parts.program->Proxy(), host);
    }
}

void
LabPrograms::InstallUser(size_t index)
{
    const isb::LabUser& user = m_lab.users[index];
    const isb::Ipv4 broker = user.settings.broker.address;
    UserParts parts;
    parts.program = UserDaemonHelper(Ipv4Address(broker.value), user.settings.broker.port)
                        .Install(m_hosts[user.host], user.settings, Seed(SEED_USER, index));
    parts.program->SetStartTime(ToTime(user.start));
    Trace(parts.program, user.host);
    for (const isb::WantedService& wanted : user.settings.wants)
    {
        isb::SubscriptionResult result;
        result.user = user.settings.user;
        result.provider = wanted.provider;
        result.service = wanted.service;
        result.state = "waiting";
        parts.past.push_back(std::move(result));
    }
    m_users.push_back(std::move(parts));
}

void
LabPrograms::Trace(const Ptr<Object>& source, size_t host)
{
    if (m_onEvent)
    {
        source->TraceConnectWithoutContext(
            "Events",
            Callback<void, const isb::TraceEvent&>(
                [this, &name = m_lab.hosts[host].name](const isb::TraceEvent& event)
                { m_onEvent(event, name); }));
    }
}

Ptr<UserDaemonApplication>
LabPrograms::Daemon(size_t user) const
{
    return m_users[user].program;
}

Ptr<IsbApplication>
LabPrograms::Broker(size_t broker) const
{
    return m_brokers[broker].program;
}

Ptr<IstApplication>
LabPrograms::Translator(size_t translator) const
{
    return m_translators[translator].program;
}

} // namespace ns3
