// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_SERVICE_PROVIDER_H
#define ISB_CORE_DAEMON_SERVICE_PROVIDER_H

#include "model/core/daemon/provider-connection.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace isb
{

/// What this user offers: announces it, answers offers by the services' own lists of users (the
/// ISB's word alone opens nothing), serves connections.
class ServiceProvider : public ProviderConnectionOwner
{
  public:
    ServiceProvider(DaemonHost& host, BrokerLink& link, ListenPort& listenPort);
    ~ServiceProvider() override;

    void Announce(TimePoint now, const ProvidedService& service);
    void Withdraw(TimePoint now, std::string_view service);
    void OnLoggedIn(TimePoint now);
    void OnSessionOver(TimePoint now);
    void Stop(TimePoint now);

    void OnOffer(TimePoint now, const OfferMessage& message);
    void OnSubscriptionEnded(const SubscriptionEndedMessage& message);
    void OnPrepare(TimePoint now, const PrepareMessage& message);
    void OnGather(TimePoint now, const GatherMessage& message);
    void OnInstruct(TimePoint now, const InstructMessage& message);
    void OnStarted(TimePoint now, const StatusMessage& message);
    /// These return false when the message is not about a service of this user.
    bool OnConnectionEnded(TimePoint now, const ConnectionEndedMessage& message);
    bool OnAnnounced(TimePoint now, uint64_t request);
    bool OnFault(TimePoint now, const FaultMessage& message);

    [[nodiscard]] size_t StateSize() const;

    void OnServed(TimePoint now) override;
    void OnConnectionOver(TimePoint now, ProviderConnection& connection) override;

  private:
    struct Subscriber
    {
        std::string user;
        std::string service;
    };

    void SendAnnounce(TimePoint now, const ServiceRecord& record);
    [[nodiscard]] IsbCode Judge(const OfferMessage& message) const;
    [[nodiscard]] ProviderConnection* Find(uint64_t connection) const;

    DaemonHost& m_host;
    BrokerLink& m_link;
    ListenPort& m_listenPort;
    std::map<std::string, ProvidedService, std::less<>> m_services;
    std::map<uint64_t, std::string> m_announces;  ///< request -> service, not answered yet
    std::map<uint64_t, Subscriber> m_subscribers; ///< by subscription
    std::map<uint64_t, std::unique_ptr<ProviderConnection>> m_connections; ///< by the ISB's number
};

} // namespace isb

#endif
