// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_SUBSCRIBED_SERVICE_H
#define ISB_CORE_DAEMON_SUBSCRIBED_SERVICE_H

#include "model/core/daemon/retry-backoff.h"
#include "model/core/daemon/subscriber-connection.h"
#include "model/core/daemon/wanted-subscription.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace isb
{

/// One wanted service: the local port for unmodified clients, their connections, and those prepared
/// ahead, under one subscription.
class SubscribedService : public SocketOwner,
                          public SubscriberConnectionOwner,
                          public WantedSubscriptionOwner
{
  public:
    SubscribedService(DaemonHost& host,
                      BrokerLink& link,
                      ListenPort& listenPort,
                      WantedService wanted);
    ~SubscribedService() override;

    /// Opens the local port, and asks for the subscription when logged in.
    void Start(TimePoint now);
    /// No longer wanted: clients are cut off.
    void Stop(TimePoint now);
    void OnLoggedIn(TimePoint now);
    void OnSessionOver(TimePoint now);
    /// The user wants it (still): asks again when it was refused.
    void Renew(TimePoint now);

    /// These return false when the message is not about this service.
    bool OnSubscribed(TimePoint now, const SubscribedMessage& message);
    bool OnFault(TimePoint now, const FaultMessage& message);
    bool OnSubscriptionEnded(TimePoint now, const SubscriptionEndedMessage& message);
    bool OnGather(TimePoint now, const GatherMessage& message);
    bool OnInstruct(TimePoint now, const InstructMessage& message);
    bool OnConnectionEnded(TimePoint now, const ConnectionEndedMessage& message);

    [[nodiscard]] const WantedService& Wanted() const;
    [[nodiscard]] WantedReport Report() const;
    [[nodiscard]] size_t StateSize() const;

    void OnListening(TimePoint now, SocketId socket, Endpoint local) override;
    void OnAccepted(TimePoint now, SocketId listener, SocketId socket, Endpoint peer) override;
    void OnFailed(TimePoint now, SocketId socket, std::string_view why) override;
    void OnDatagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes) override;

    void OnSubscriptionStands(TimePoint now) override;
    void OnSubscriptionRefused(TimePoint now, IsbCode code) override;

    void OnAskable(TimePoint now, SubscriberConnection& connection) override;
    void OnStanding(TimePoint now, SubscriberConnection& connection) override;
    void OnConnectionOver(TimePoint now,
                          SubscriberConnection& connection,
                          IsbCode code,
                          bool served) override;
    [[nodiscard]] IsbCode WhyWaiting() const override;

  private:
    using State = WantedSubscription::State;

    void OpenLocal();
    /// A client is here: whether it may stay. If not, why is counted.
    [[nodiscard]] bool Admit(TimePoint now, const FlowKey& flow, size_t bytes);
    void Serve(TimePoint now, SocketId client, Endpoint peer, ByteView datagram);
    [[nodiscard]] SubscriberConnection* FindReady();
    /// Those of now; what happens to one may end others, and add to them.
    [[nodiscard]] std::vector<SubscriberConnection*> All() const;
    SubscriberConnection& NewConnection(bool prepared);
    void Refill(TimePoint now);
    [[nodiscard]] FlowKey FlowFrom(Endpoint client) const;

    DaemonHost& m_host;
    BrokerLink& m_link;
    ListenPort& m_listenPort;
    const WantedService m_wanted;
    WantedReport m_report;
    WantedSubscription m_subscription;
    SocketId m_local = 0; ///< listener, or UDP socket
    std::map<uint64_t, std::unique_ptr<SubscriberConnection>> m_connections; ///< by serial
    std::map<Endpoint, uint64_t> m_flows; ///< UDP: client endpoint -> serial
    std::deque<ConnectionFacts> m_resets; ///< over, newest last
    RetryBackoff m_openBackoff;
    DaemonTimer m_openTimer; ///< set: no connection is opened without need before it runs out
    DaemonTimer m_listenTimer;
};

} // namespace isb

#endif
