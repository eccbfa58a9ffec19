// SPDX-License-Identifier: GPL-2.0-or-later
// What the programs of a lab came to: LabPrograms' part that adds up the counts of their lives.
#include "helper/lab-programs.h"

#include "model/ns3/isb-application.h"
#include "model/ns3/ist-application.h"
#include "model/ns3/user-daemon-application.h"

#include <string_view>

namespace ns3
{

namespace
{

template <typename Counts>
void
Add(std::map<std::string, uint64_t>& sum, const Counts& counts, const std::string& prefix = "")
{
    for (const auto& [name, count] : counts)
    {
        sum[prefix + std::string(name)] += count;
    }
}

void
Add(isb::SubscriptionResult& sum, const isb::WantedReport& report)
{
    sum.state = report.state;
    sum.asked += report.asked;
    sum.established += report.established;
    sum.failed += report.failed;
    sum.fromPrepared += report.fromPrepared;
    Add(sum.paths, report.paths);
    Add(sum.ists, report.ists);
    Add(sum.codes, report.codes);
}

} // namespace

void
LabPrograms::CountMethod(const isb::TraceEvent& event)
{
    if (event.kind == isb::TraceKind::ConnectionState && event.to == "established" &&
        !event.ist.empty())
    {
        const std::array<std::string, 3> subscription = {std::string(event.user),
                                                         std::string(event.peer),
                                                         std::string(event.service)};
        ++m_methods[subscription][std::string(event.method)];
    }
}

void
LabPrograms::CountLife(UserParts& user) const
{
    const isb::UserDaemon* daemon = user.program->Daemon();
    if (user.counted || !daemon)
    {
        return;
    }
    user.counted = true;
    for (const isb::WantedReport& report : daemon->Wanted())
    {
        for (isb::SubscriptionResult& sum : user.past)
        {
            if (sum.provider == report.provider && sum.service == report.service)
            {
                Add(sum, report);
            }
        }
    }
}

void
LabPrograms::CountLife(BrokerParts& broker) const
{
    const isb::IsbBroker* machine = broker.program->Broker();
    if (broker.counted || !machine)
    {
        return;
    }
    broker.counted = true;
    const isb::IsbCounters& counters = machine->Counters();
    broker.past["logins"] += counters.logins;
    broker.past["messages"] += counters.messages;
    broker.past["subscriptions"] += counters.subscriptions;
    broker.past["connections"] += counters.connections;
    broker.past["fallbacks"] += counters.fallbacks;
    Add(broker.past, counters.ended, "ended.");
    Add(broker.past, counters.refused, "refused.");
    // What it holds is of the last life alone.
    broker.past["users"] = machine->Users();
    broker.past["ists"] = machine->Ists();
    broker.past["services"] = machine->Services();
    broker.past["state"] = machine->StateSize();
}

void
LabPrograms::CountLife(TranslatorParts& translator) const
{
    const isb::IstServer* server = translator.program->Server();
    if (translator.counted || !server)
    {
        return;
    }
    translator.counted = true;
    Counters& past = translator.past;
    past["paired"] += 0;
    past["fallbacks"] += 0;
    past["forwarded-bytes"] += 0;
    past["state"] = server->StateSize();
    if (const Ptr<IstForwarder> forwarder = translator.program->Forwarder())
    {
        const isb::IstCounters& counters = forwarder->Engine().Counters();
        past["paired"] += counters.paired;
        past["fallbacks"] += counters.fallbacks;
        past["forwarded-bytes"] += counters.forwardedBytes;
        Add(past, counters.drops, "drops.");
    }
    if (const Ptr<ProxyApplication> proxy = translator.program->Proxy())
    {
        const isb::IstProxy::Counters& counters = proxy->Proxy().GetCounters();
        past["paired"] += counters.paired;
        past["forwarded-bytes"] += counters.bytes;
        Add(past, counters.drops, "drops.");
    }
}

std::vector<isb::SubscriptionResult>
LabPrograms::Subscriptions() const
{
    std::vector<isb::SubscriptionResult> results;
    for (UserParts user : m_users)
    {
        CountLife(user);
        for (isb::SubscriptionResult& result : user.past)
        {
            const auto found = m_methods.find({result.user, result.provider, result.service});
            if (found != m_methods.end())
            {
                result.methods = found->second;
            }
        }
        results.insert(results.end(), user.past.begin(), user.past.end());
    }
    return results;
}

std::vector<isb::NamedCounters>
LabPrograms::Brokers() const
{
    std::vector<isb::NamedCounters> results;
    for (size_t i = 0; i < m_brokers.size(); ++i)
    {
        BrokerParts broker = m_brokers[i];
        CountLife(broker);
        results.push_back({m_lab.brokers[i].settings.name, std::move(broker.past)});
    }
    return results;
}

std::vector<isb::NamedCounters>
LabPrograms::Translators() const
{
    std::vector<isb::NamedCounters> results;
    for (TranslatorParts translator : m_translators)
    {
        CountLife(translator);
        translator.past["splices"] += 0;
        Add(translator.past, translator.orders);
        results.push_back({translator.name, std::move(translator.past)});
    }
    return results;
}

} // namespace ns3
