// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_ISB_SUBSCRIPTION_TABLE_H
#define ISB_CORE_ISB_SUBSCRIPTION_TABLE_H

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/service-directory.h"
#include "model/core/isb/session-table.h"
#include "model/core/machine/deadline-queue.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace isb
{

/// One subscriber's right to use one service.
struct Subscription
{
    uint64_t id = 0;
    std::string subscriber;
    ServiceKey service;
    Protocol protocol = Protocol::Tcp;
    uint64_t request = 0;  ///< the subscriber's number of it
    bool accepted = false; ///< by the provider; before, it is an offer
    TimePoint entered = TIME_NEVER;
};

/// A subscription that stood and ended, for those who hold connections of it.
struct EndedSubscription
{
    uint64_t id;
    std::string subscriber;
    IsbCode code;
};

/// The service negotiation (thesis 3.3): the subscriber asks, the broker checks and offers it to
/// the provider, who answers in time or not.
///
///     Subscribe -> [no such user, not on line, not allowed, quota, twice: Fault]
///               -> Offer to the provider -> Answer -> Subscribed or Fault
class SubscriptionTable
{
  public:
    /// All must outlive the table.
    SubscriptionTable(BrokerDesk& desk, SessionTable& sessions, const ServiceDirectory& directory);

    void Subscribe(BrokerSession& session, const SubscribeMessage& message);
    void Answer(BrokerSession& session, const AnswerMessage& message);
    void Unsubscribe(BrokerSession& session, const UnsubscribeMessage& message);

    /// Null when there is none or it is not accepted yet.
    [[nodiscard]] const Subscription* Find(uint64_t id) const;

    /// All of one user's end, in both roles; the other sides are told `code`.
    void EndOfUser(const std::string& user, IsbCode code);
    void EndOfService(const ServiceKey& service, IsbCode code);
    [[nodiscard]] std::optional<EndedSubscription> TakeEnded();
    /// Without a word to anyone.
    void Clear();

    [[nodiscard]] TimePoint NextTimeout() const;
    void Timeout();

    [[nodiscard]] size_t Size() const;

  private:
    [[nodiscard]] IsbCode Check(const BrokerSession& session,
                                const SubscribeMessage& message) const;
    void End(uint64_t id, IsbCode code);
    void EndAll(const std::set<uint64_t>& ids, IsbCode code);
    void Emit(const Subscription& subscription,
              std::string_view from,
              std::string_view to,
              IsbCode code);

    BrokerDesk& m_desk;
    SessionTable& m_sessions;
    const ServiceDirectory& m_directory;
    std::map<uint64_t, Subscription> m_subscriptions;
    std::map<std::string, std::map<ServiceKey, uint64_t>> m_bySubscriber;
    std::map<ServiceKey, std::set<uint64_t>> m_byService;
    DeadlineQueue m_deadlines;
    std::deque<EndedSubscription> m_ended;
};

} // namespace isb

#endif
