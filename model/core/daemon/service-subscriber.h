// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_SERVICE_SUBSCRIBER_H
#define ISB_CORE_DAEMON_SERVICE_SUBSCRIBER_H

#include "model/core/daemon/subscribed-service.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isb
{

/// All the services that this user wants.
class ServiceSubscriber
{
  public:
    ServiceSubscriber(DaemonHost& host, BrokerLink& link, ListenPort& listenPort);

    /// A service that is wanted already is asked for again when it was refused; with other
    /// settings it begins anew.
    void Subscribe(TimePoint now, const WantedService& service);
    void Unsubscribe(TimePoint now, std::string_view provider, std::string_view service);
    void OnLoggedIn(TimePoint now);
    void OnSessionOver(TimePoint now);
    void Stop(TimePoint now);

    void OnSubscribed(TimePoint now, const SubscribedMessage& message);
    bool OnFault(TimePoint now, const FaultMessage& message);
    void OnSubscriptionEnded(TimePoint now, const SubscriptionEndedMessage& message);
    void OnGather(TimePoint now, const GatherMessage& message);
    void OnInstruct(TimePoint now, const InstructMessage& message);
    bool OnConnectionEnded(TimePoint now, const ConnectionEndedMessage& message);

    [[nodiscard]] std::vector<WantedReport> Report() const;
    [[nodiscard]] size_t StateSize() const;

  private:
    using Key = std::pair<std::string, std::string>; ///< provider, service

    DaemonHost& m_host;
    BrokerLink& m_link;
    ListenPort& m_listenPort;
    std::map<Key, std::unique_ptr<SubscribedService>> m_services;
};

} // namespace isb

#endif
