// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/service-subscriber.h"

namespace isb
{

namespace
{

bool
IsSame(const WantedService& a, const WantedService& b)
{
    return a.protocol == b.protocol && a.localPort == b.localPort && a.method == b.method &&
           a.requireIst == b.requireIst && a.prepared == b.prepared && a.patience == b.patience;
}

} // namespace

ServiceSubscriber::ServiceSubscriber(DaemonHost& host, BrokerLink& link, ListenPort& listenPort)
    : m_host(host),
      m_link(link),
      m_listenPort(listenPort)
{
}

void
ServiceSubscriber::Subscribe(TimePoint now, const WantedService& service)
{
    const Key key{service.provider, service.service};
    const auto found = m_services.find(key);
    if (found != m_services.end())
    {
        if (IsSame(found->second->Wanted(), service))
        {
            found->second->Renew(now);
            return;
        }
        Unsubscribe(now, service.provider, service.service);
    }
    auto& place = m_services[key];
    place = std::make_unique<SubscribedService>(m_host, m_link, m_listenPort, service);
    place->Start(now);
}

void
ServiceSubscriber::Unsubscribe(TimePoint now, std::string_view provider, std::string_view service)
{
    const auto found = m_services.find(Key{provider, service});
    if (found != m_services.end())
    {
        found->second->Stop(now);
        m_host.over.push_back(std::move(found->second));
        m_services.erase(found);
    }
}

void
ServiceSubscriber::OnLoggedIn(TimePoint now)
{
    for (const auto& [key, service] : m_services)
    {
        service->OnLoggedIn(now);
    }
}

void
ServiceSubscriber::OnSessionOver(TimePoint now)
{
    for (const auto& [key, service] : m_services)
    {
        service->OnSessionOver(now);
    }
}

void
ServiceSubscriber::Stop(TimePoint now)
{
    for (const auto& [key, service] : m_services)
    {
        service->Stop(now);
    }
}

void
ServiceSubscriber::OnSubscribed(TimePoint now, const SubscribedMessage& message)
{
    for (const auto& [key, service] : m_services)
    {
        if (service->OnSubscribed(now, message))
        {
            return;
        }
    }
    // Asked for and given up meanwhile.
    m_link.Send(now, UnsubscribeMessage{message.subscription});
}

bool
ServiceSubscriber::OnFault(TimePoint now, const FaultMessage& message)
{
    for (const auto& [key, service] : m_services)
    {
        if (service->OnFault(now, message))
        {
            return true;
        }
    }
    return false;
}

void
ServiceSubscriber::OnSubscriptionEnded(TimePoint now, const SubscriptionEndedMessage& message)
{
    for (const auto& [key, service] : m_services)
    {
        if (service->OnSubscriptionEnded(now, message))
        {
            return;
        }
    }
}

void
ServiceSubscriber::OnGather(TimePoint now, const GatherMessage& message)
{
    for (const auto& [key, service] : m_services)
    {
        if (service->OnGather(now, message))
        {
            return;
        }
    }
    // The client went away meanwhile.
    m_link.Send(now,
                StatusMessage{message.connection,
                              message.attempt,
                              ConnectionPhase::Closed,
                              IsbCode::Cancelled,
                              0,
                              0});
}

void
ServiceSubscriber::OnInstruct(TimePoint now, const InstructMessage& message)
{
    for (const auto& [key, service] : m_services)
    {
        if (service->OnInstruct(now, message))
        {
            return;
        }
    }
    // The client went away meanwhile.
    m_link.Send(now,
                StatusMessage{message.connection,
                              message.attempt,
                              ConnectionPhase::Closed,
                              IsbCode::Cancelled,
                              0,
                              0});
}

bool
ServiceSubscriber::OnConnectionEnded(TimePoint now, const ConnectionEndedMessage& message)
{
    for (const auto& [key, service] : m_services)
    {
        if (service->OnConnectionEnded(now, message))
        {
            return true;
        }
    }
    return false;
}

std::vector<WantedReport>
ServiceSubscriber::Report() const
{
    std::vector<WantedReport> reports;
    for (const auto& [key, service] : m_services)
    {
        reports.push_back(service->Report());
    }
    return reports;
}

size_t
ServiceSubscriber::StateSize() const
{
    size_t size = 0;
    for (const auto& [key, service] : m_services)
    {
        size += service->StateSize();
    }
    return size;
}

} // namespace isb
