// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_CORE_DAEMON_WANTED_SUBSCRIPTION_H
#define ISB_CORE_DAEMON_WANTED_SUBSCRIPTION_H

#include "model/core/daemon/broker-link.h"
#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/retry-backoff.h"

#include <cstdint>
#include <map>
#include <string_view>

namespace isb
{

/// Hears of a subscription.
class WantedSubscriptionOwner
{
  public:
    virtual ~WantedSubscriptionOwner() = default;
    virtual void OnSubscriptionStands(TimePoint now) = 0;
    /// Refused for good: clients are to go.
    virtual void OnSubscriptionRefused(TimePoint now, IsbCode code) = 0;
};

/// The subscription of one wanted service at the ISB: asks for it, asks again when time alone may
/// heal the refusal (a provider that is not on line), later each time.
///
///     waiting --> asked --> subscribed
///        ^          |           |
///        +- may pass+<-- ended -+
///                   |           |
///                   +-> refused <+
class WantedSubscription
{
  public:
    enum class State : uint8_t
    {
        Waiting, ///< for the session, the provider, or the next try
        Asked,
        Subscribed,
        Refused,
    };

    /// `wanted` must outlive this.
    WantedSubscription(DaemonHost& host,
                       BrokerLink& link,
                       const WantedService& wanted,
                       WantedSubscriptionOwner& owner);

    [[nodiscard]] State GetState() const;
    /// 0: does not stand.
    [[nodiscard]] uint64_t Id() const;
    /// Of the last refusal; None when nothing was refused since.
    [[nodiscard]] IsbCode LastCode() const;
    /// Refusals, by code.
    [[nodiscard]] const std::map<std::string_view, uint64_t>& Codes() const;

    void OnLoggedIn(TimePoint now);
    void OnSessionOver(TimePoint now);
    /// Gives it up.
    void Stop(TimePoint now);
    /// Asks again when it was refused.
    void Renew(TimePoint now);
    /// A client is here: asks again when the refusal is old.
    void RenewIfOld(TimePoint now);
    /// The ISB does not know it any more.
    void Lose(TimePoint now, IsbCode code);

    /// These return false when the message is not about this.
    bool OnSubscribed(TimePoint now, const SubscribedMessage& message);
    bool OnFault(TimePoint now, const FaultMessage& message);
    bool OnEnded(TimePoint now, const SubscriptionEndedMessage& message);

  private:
    void Ask(TimePoint now);
    void Enter(TimePoint now, State state, std::string_view reason);
    void OnRefusal(TimePoint now, IsbCode code);

    DaemonHost& m_host;
    BrokerLink& m_link;
    const WantedService& m_wanted;
    WantedSubscriptionOwner& m_owner;
    State m_state = State::Waiting;
    uint64_t m_request = 0;
    uint64_t m_id = 0;
    IsbCode m_lastCode = IsbCode::None;
    TimePoint m_refusedAt{0};
    std::map<std::string_view, uint64_t> m_codes;
    RetryBackoff m_backoff;
    DaemonTimer m_timer;
};

/// "waiting", "asked", "subscribed", "refused"
[[nodiscard]] std::string_view ToString(WantedSubscription::State state);

} // namespace isb

#endif
