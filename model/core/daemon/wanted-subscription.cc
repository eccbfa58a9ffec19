// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/wanted-subscription.h"

#include <utility>

namespace isb
{

namespace
{

/// Refusals that time alone may heal.
bool
MayPass(IsbCode code)
{
    switch (code)
    {
    case IsbCode::NotOnline:
    case IsbCode::NotFound:
    case IsbCode::TimedOut:
    case IsbCode::Overloaded:
    case IsbCode::QuotaExceeded:
    case IsbCode::Withdrawn:
    case IsbCode::LoggedOut:
    case IsbCode::PeerLost:
    case IsbCode::Duplicate: // of one that was given up, of which the ISB does not know it yet
        return true;
    default:
        return false;
    }
}

} // namespace

std::string_view
ToString(WantedSubscription::State state)
{
    switch (state)
    {
    case WantedSubscription::State::Waiting:
        return "waiting";
    case WantedSubscription::State::Asked:
        return "asked";
    case WantedSubscription::State::Subscribed:
        return "subscribed";
    case WantedSubscription::State::Refused:
        return "refused";
    }
    return "unknown";
}

WantedSubscription::WantedSubscription(DaemonHost& host,
                                       BrokerLink& link,
                                       const WantedService& wanted,
                                       WantedSubscriptionOwner& owner)
    : m_host(host),
      m_link(link),
      m_wanted(wanted),
      m_owner(owner),
      m_backoff(host.settings.subscribeRetry, host.settings.retryMost),
      m_timer(host.timers, [this](TimePoint now) { Ask(now); })
{
}

WantedSubscription::State
WantedSubscription::GetState() const
{
    return m_state;
}

uint64_t
WantedSubscription::Id() const
{
    return m_id;
}

IsbCode
WantedSubscription::LastCode() const
{
    return m_lastCode;
}

const std::map<std::string_view, uint64_t>&
WantedSubscription::Codes() const
{
    return m_codes;
}

void
WantedSubscription::OnLoggedIn(TimePoint now)
{
    m_backoff.Reset();
    Ask(now);
}

void
WantedSubscription::OnSessionOver(TimePoint now)
{
    m_timer.Stop();
    m_lastCode = IsbCode::None;
    Enter(now, State::Waiting, DaemonReason(IsbCode::PeerLost));
}

void
WantedSubscription::Stop(TimePoint now)
{
    m_timer.Stop();
    if (m_state == State::Subscribed)
    {
        m_link.Send(now, UnsubscribeMessage{m_id});
    }
    Enter(now, State::Waiting, DaemonReason(IsbCode::Cancelled));
}

void
WantedSubscription::Renew(TimePoint now)
{
    if (m_state == State::Refused)
    {
        OnLoggedIn(now);
    }
}

void
WantedSubscription::RenewIfOld(TimePoint now)
{
    if (m_state == State::Refused && now - m_refusedAt >= m_host.settings.retryMost)
    {
        Ask(now);
    }
}

void
WantedSubscription::Lose(TimePoint now, IsbCode code)
{
    if (m_state == State::Subscribed)
    {
        OnRefusal(now, code);
    }
}

void
WantedSubscription::Ask(TimePoint now)
{
    if (!m_link.IsLoggedIn())
    {
        return;
    }
    if (!IsIsbName(m_wanted.provider) || !IsIsbName(m_wanted.service))
    {
        OnRefusal(now, IsbCode::BadRequest);
        return;
    }
    m_request = m_link.NewRequest();
    Enter(now, State::Asked, "");
    m_link.Send(now, SubscribeMessage{m_request, m_wanted.provider, m_wanted.service});
    // An ISB that never answers.
    m_timer.Set(now + m_host.settings.instructTimeout);
}

void
WantedSubscription::Enter(TimePoint now, State state, std::string_view reason)
{
    const State from = std::exchange(m_state, state);
    if (state != State::Subscribed)
    {
        m_id = 0;
    }
    if (state != State::Asked)
    {
        m_request = 0;
    }
    if (from != state || !reason.empty())
    {
        m_host.journal.Subscription(now,
                                    m_wanted.provider,
                                    m_wanted.service,
                                    ToString(from),
                                    ToString(state),
                                    reason);
    }
}

bool
WantedSubscription::OnSubscribed(TimePoint now, const SubscribedMessage& message)
{
    if (m_state != State::Asked || message.request != m_request)
    {
        return false;
    }
    if (message.protocol != m_wanted.protocol)
    {
        m_link.Send(now, UnsubscribeMessage{message.subscription});
        OnRefusal(now, IsbCode::BadRequest);
        return true;
    }
    m_timer.Stop();
    m_backoff.Reset();
    m_lastCode = IsbCode::None;
    Enter(now, State::Subscribed, "");
    m_id = message.subscription;
    m_owner.OnSubscriptionStands(now);
    return true;
}

bool
WantedSubscription::OnFault(TimePoint now, const FaultMessage& message)
{
    if (m_state != State::Asked || message.request != m_request)
    {
        return false;
    }
    OnRefusal(now, message.code);
    return true;
}

bool
WantedSubscription::OnEnded(TimePoint now, const SubscriptionEndedMessage& message)
{
    if (m_state != State::Subscribed || message.subscription != m_id)
    {
        return false;
    }
    OnRefusal(now, message.code);
    return true;
}

void
WantedSubscription::OnRefusal(TimePoint now, IsbCode code)
{
    m_lastCode = code;
    m_refusedAt = now;
    ++m_codes[ToString(code)];
    if (MayPass(code))
    {
        Enter(now, State::Waiting, DaemonReason(code));
        m_timer.Set(now + m_backoff.Next(m_host.random));
        return;
    }
    m_timer.Stop();
    Enter(now, State::Refused, DaemonReason(code));
    m_owner.OnSubscriptionRefused(now, code);
}

} // namespace isb
