// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/service-provider.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace isb
{

namespace
{

/// Whether a record may go into a message.
bool
IsValid(const ServiceRecord& record)
{
    return IsIsbName(record.name) && IsIsbText(record.description) &&
           (record.protocol == Protocol::Tcp || record.protocol == Protocol::Udp) &&
           record.allowed.size() <= ISB_ALLOWED_LIMIT &&
           std::all_of(record.allowed.begin(),
                       record.allowed.end(),
                       [](const std::string& name) { return IsIsbName(name); });
}

bool
IsSame(const ServiceRecord& a, const ServiceRecord& b)
{
    return a.name == b.name && a.protocol == b.protocol && a.description == b.description &&
           a.open == b.open && a.allowed == b.allowed;
}

} // namespace

ServiceProvider::ServiceProvider(DaemonHost& host, BrokerLink& link, ListenPort& listenPort)
    : m_host(host),
      m_link(link),
      m_listenPort(listenPort)
{
}

ServiceProvider::~ServiceProvider() = default;

void
ServiceProvider::Announce(TimePoint now, const ProvidedService& service)
{
    const ServiceRecord& record = service.record;
    if (!IsValid(record))
    {
        m_host.journal.Service(now, record.name, "withdrawn", IsbCode::BadRequest);
        return;
    }
    const auto found = m_services.find(record.name);
    if (found == m_services.end())
    {
        m_services.emplace(record.name, service);
        SendAnnounce(now, record);
        return;
    }
    const bool same = IsSame(found->second.record, record);
    found->second = service;
    if (!same)
    {
        m_link.Send(now, WithdrawMessage{record.name});
        SendAnnounce(now, record);
    }
}

void
ServiceProvider::SendAnnounce(TimePoint now, const ServiceRecord& record)
{
    if (m_link.IsLoggedIn())
    {
        const uint64_t request = m_link.NewRequest();
        m_announces.emplace(request, record.name);
        m_link.Send(now, AnnounceMessage{request, record});
    }
}

void
ServiceProvider::Withdraw(TimePoint now, std::string_view service)
{
    const auto found = m_services.find(service);
    if (found == m_services.end())
    {
        return;
    }
    const std::string name = found->first;
    m_services.erase(found);
    m_link.Send(now, WithdrawMessage{name});
    m_host.journal.Service(now, name, "withdrawn", IsbCode::None);
}

void
ServiceProvider::OnLoggedIn(TimePoint now)
{
    for (const auto& [name, service] : m_services)
    {
        SendAnnounce(now, service.record);
    }
}

void
ServiceProvider::OnSessionOver(TimePoint now)
{
    m_announces.clear();
    m_subscribers.clear();
    std::vector<ProviderConnection*> all;
    for (const auto& [id, connection] : m_connections)
    {
        all.push_back(connection.get());
    }
    for (ProviderConnection* connection : all)
    {
        connection->OnSessionOver(now);
    }
}

void
ServiceProvider::Stop(TimePoint now)
{
    m_announces.clear();
    m_subscribers.clear();
    while (!m_connections.empty())
    {
        m_connections.begin()->second->Cut(now, DaemonReason(IsbCode::LoggedOut), false);
    }
}

IsbCode
ServiceProvider::Judge(const OfferMessage& message) const
{
    const auto found = m_services.find(message.service);
    if (found == m_services.end())
    {
        return IsbCode::NotFound;
    }
    if (m_subscribers.size() >= m_host.settings.maxSubscribers)
    {
        return IsbCode::Overloaded;
    }
    const ServiceRecord& record = found->second.record;
    const bool allowed = record.open || std::find(record.allowed.begin(),
                                                  record.allowed.end(),
                                                  message.subscriber) != record.allowed.end();
    return allowed ? IsbCode::None : IsbCode::NotAllowed;
}

void
ServiceProvider::OnOffer(TimePoint now, const OfferMessage& message)
{
    const IsbCode code = Judge(message);
    const bool accepted = code == IsbCode::None;
    m_host.journal.Subscription(now,
                                message.subscriber,
                                message.service,
                                "",
                                accepted ? "accepted" : "refused",
                                DaemonReason(code));
    if (accepted)
    {
        m_subscribers[message.subscription] = Subscriber{message.subscriber, message.service};
    }
    m_link.Send(now, AnswerMessage{message.subscription, accepted, code});
}

void
ServiceProvider::OnSubscriptionEnded(const SubscriptionEndedMessage& message)
{
    m_subscribers.erase(message.subscription);
}

ProviderConnection*
ServiceProvider::Find(uint64_t connection) const
{
    const auto found = m_connections.find(connection);
    return found == m_connections.end() ? nullptr : found->second.get();
}

void
ServiceProvider::OnPrepare(TimePoint now, const PrepareMessage& message)
{
    if (ProviderConnection* connection = Find(message.connection))
    {
        connection->Prepare(now, message);
        return;
    }
    const auto subscriber = m_subscribers.find(message.subscription);
    const auto service = subscriber == m_subscribers.end()
                             ? m_services.end()
                             : m_services.find(subscriber->second.service);
    const bool full = m_host.connections >= m_host.settings.maxConnections;
    if (service == m_services.end() || full)
    {
        const IsbCode code = full ? IsbCode::Overloaded : IsbCode::NotFound;
        m_host.journal.Drop(now, FlowKey{}, 0, DaemonReason(code));
        m_link.Send(now, FaultMessage{code, message.connection, ""});
        return;
    }
    ConnectionFacts facts;
    facts.connection = message.connection;
    facts.session = m_link.Session();
    facts.peer = subscriber->second.user;
    facts.service = service->first;
    facts.protocol = service->second.record.protocol;
    auto& place = m_connections[message.connection];
    place = std::make_unique<ProviderConnection>(m_host,
                                                 m_link,
                                                 m_listenPort,
                                                 std::move(facts),
                                                 service->second.server,
                                                 *this);
    place->Prepare(now, message);
}

void
ServiceProvider::OnGather(TimePoint now, const GatherMessage& message)
{
    if (ProviderConnection* connection = Find(message.connection))
    {
        connection->Gather(now, message);
    }
}

void
ServiceProvider::OnInstruct(TimePoint now, const InstructMessage& message)
{
    if (ProviderConnection* connection = Find(message.connection))
    {
        connection->Instruct(now, message);
    }
}

void
ServiceProvider::OnStarted(TimePoint now, const StatusMessage& message)
{
    ProviderConnection* connection = Find(message.connection);
    if (connection != nullptr && message.attempt == connection->Facts().attempt)
    {
        connection->OnStarted(now);
    }
}

bool
ServiceProvider::OnConnectionEnded(TimePoint now, const ConnectionEndedMessage& message)
{
    if (ProviderConnection* connection = Find(message.connection))
    {
        connection->EndByBroker(now, message.code);
        return true;
    }
    return false;
}

bool
ServiceProvider::OnAnnounced(TimePoint now, uint64_t request)
{
    const auto found = m_announces.find(request);
    if (found == m_announces.end())
    {
        return false;
    }
    m_host.journal.Service(now, found->second, "announced", IsbCode::None);
    m_announces.erase(found);
    return true;
}

bool
ServiceProvider::OnFault(TimePoint now, const FaultMessage& message)
{
    const auto found = m_announces.find(message.request);
    if (found == m_announces.end())
    {
        return false;
    }
    m_host.journal.Service(now, found->second, "withdrawn", message.code);
    m_announces.erase(found);
    return true;
}

size_t
ServiceProvider::StateSize() const
{
    return m_connections.size();
}

void
ServiceProvider::OnServed(TimePoint)
{
    ++m_host.journal.counters.served;
}

void
ServiceProvider::OnConnectionOver(TimePoint, ProviderConnection& connection)
{
    const auto found = m_connections.find(connection.Facts().connection);
    m_host.over.push_back(std::move(found->second));
    m_connections.erase(found);
}

} // namespace isb
