// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/subscription-table.h"

#include <utility>

namespace isb
{

namespace
{

std::string_view
TextOf(IsbCode code)
{
    switch (code)
    {
    case IsbCode::BadRequest:
        return "nobody subscribes to a service of his own";
    case IsbCode::NotFound:
        return "no such user";
    case IsbCode::NotOnline:
        return "the provider is not on line with this service";
    case IsbCode::NotAllowed:
        return "the service is not open to you";
    case IsbCode::Duplicate:
        return "subscribed already";
    case IsbCode::QuotaExceeded:
        return "too many subscriptions";
    case IsbCode::TimedOut:
        return "the provider did not answer";
    case IsbCode::Withdrawn:
        return "the provider withdrew the service";
    default:
        return "the provider said no";
    }
}

} // namespace

SubscriptionTable::SubscriptionTable(BrokerDesk& desk,
                                     SessionTable& sessions,
                                     const ServiceDirectory& directory)
    : m_desk(desk),
      m_sessions(sessions),
      m_directory(directory)
{
}

IsbCode
SubscriptionTable::Check(const BrokerSession& session, const SubscribeMessage& message) const
{
    const ServiceKey key{message.provider, message.service};
    if (message.provider == session.Name())
    {
        return IsbCode::BadRequest;
    }
    if (m_desk.settings.profiles.count(message.provider) == 0)
    {
        return IsbCode::NotFound;
    }
    const ServiceRecord* service = m_directory.Find(key);
    if (service == nullptr)
    {
        return IsbCode::NotOnline;
    }
    if (!ServiceDirectory::IsVisible(key, *service, session.Name()))
    {
        return IsbCode::NotAllowed;
    }
    const auto own = m_bySubscriber.find(session.Name());
    if (own == m_bySubscriber.end())
    {
        return session.profile->quota.subscriptions == 0 ? IsbCode::QuotaExceeded : IsbCode::None;
    }
    if (own->second.count(key) != 0)
    {
        return IsbCode::Duplicate;
    }
    return own->second.size() >= session.profile->quota.subscriptions ? IsbCode::QuotaExceeded
                                                                      : IsbCode::None;
}

void
SubscriptionTable::Subscribe(BrokerSession& session, const SubscribeMessage& message)
{
    const ServiceKey key{message.provider, message.service};
    Subscription subscription;
    subscription.subscriber = session.Name();
    subscription.service = key;
    subscription.request = message.request;
    const IsbCode code = Check(session, message);
    if (code != IsbCode::None)
    {
        Emit(subscription, {}, "refused", code);
        m_sessions.Refuse(session, message.request, code, TextOf(code));
        return;
    }
    subscription.protocol = m_directory.Find(key)->protocol;
    do
    {
        subscription.id = m_desk.NewId();
    } while (m_subscriptions.count(subscription.id) != 0);
    const uint64_t id = subscription.id;
    Subscription& entry = m_subscriptions.emplace(id, std::move(subscription)).first->second;
    m_bySubscriber[entry.subscriber].emplace(key, id);
    m_byService[key].insert(id);
    m_deadlines.Schedule(id, entry.entered, m_desk.now + m_desk.settings.answerTimeout);
    Emit(entry, {}, "offered", IsbCode::None);
    m_sessions.SendToUser(key.first, OfferMessage{id, entry.subscriber, key.second});
}

void
SubscriptionTable::Answer(BrokerSession& session, const AnswerMessage& message)
{
    const auto place = m_subscriptions.find(message.subscription);
    if (place == m_subscriptions.end())
    {
        return; // late
    }
    Subscription& subscription = place->second;
    if (subscription.service.first != session.Name() || subscription.accepted)
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    if (!message.accepted)
    {
        End(subscription.id, message.code == IsbCode::None ? IsbCode::Refused : message.code);
        return;
    }
    subscription.accepted = true;
    m_deadlines.Schedule(subscription.id, subscription.entered, TIME_NEVER);
    ++m_desk.counters.subscriptions;
    Emit(subscription, "offered", "subscribed", IsbCode::None);
    m_sessions.SendToUser(
        subscription.subscriber,
        SubscribedMessage{subscription.request, subscription.id, subscription.protocol});
}

void
SubscriptionTable::Unsubscribe(BrokerSession& session, const UnsubscribeMessage& message)
{
    const auto place = m_subscriptions.find(message.subscription);
    if (place == m_subscriptions.end())
    {
        return; // it ended meanwhile
    }
    if (place->second.subscriber != session.Name())
    {
        m_sessions.End(session, IsbCode::BadState, SessionClose::Told);
        return;
    }
    End(message.subscription, IsbCode::Cancelled);
}

const Subscription*
SubscriptionTable::Find(uint64_t id) const
{
    const auto place = m_subscriptions.find(id);
    return place == m_subscriptions.end() || !place->second.accepted ? nullptr : &place->second;
}

void
SubscriptionTable::EndOfUser(const std::string& user, IsbCode code)
{
    std::set<uint64_t> ids;
    if (const auto own = m_bySubscriber.find(user); own != m_bySubscriber.end())
    {
        for (const auto& [service, id] : own->second)
        {
            ids.insert(id);
        }
    }
    for (auto offered = m_byService.lower_bound({user, {}});
         offered != m_byService.end() && offered->first.first == user;
         ++offered)
    {
        ids.insert(offered->second.begin(), offered->second.end());
    }
    EndAll(ids, code);
}

void
SubscriptionTable::EndOfService(const ServiceKey& service, IsbCode code)
{
    const auto place = m_byService.find(service);
    if (place != m_byService.end())
    {
        EndAll(std::set<uint64_t>(place->second), code);
    }
}

std::optional<EndedSubscription>
SubscriptionTable::TakeEnded()
{
    if (m_ended.empty())
    {
        return std::nullopt;
    }
    EndedSubscription ended = std::move(m_ended.front());
    m_ended.pop_front();
    return ended;
}

void
SubscriptionTable::Clear()
{
    for (auto& [id, subscription] : m_subscriptions)
    {
        m_deadlines.Schedule(id, subscription.entered, TIME_NEVER);
    }
    m_subscriptions.clear();
    m_bySubscriber.clear();
    m_byService.clear();
    m_ended.clear();
}

TimePoint
SubscriptionTable::NextTimeout() const
{
    return m_deadlines.Next();
}

void
SubscriptionTable::Timeout()
{
    while (const std::optional<uint64_t> id = m_deadlines.PopDue(m_desk.now))
    {
        m_subscriptions.at(*id).entered = TIME_NEVER;
        End(*id, IsbCode::TimedOut);
    }
}

size_t
SubscriptionTable::Size() const
{
    return m_subscriptions.size();
}

void
SubscriptionTable::End(uint64_t id, IsbCode code)
{
    const auto place = m_subscriptions.find(id);
    const Subscription subscription = std::move(place->second);
    TimePoint entered = subscription.entered;
    m_deadlines.Schedule(id, entered, TIME_NEVER);
    m_subscriptions.erase(place);
    const auto own = m_bySubscriber.find(subscription.subscriber);
    own->second.erase(subscription.service);
    if (own->second.empty())
    {
        m_bySubscriber.erase(own);
    }
    const auto offered = m_byService.find(subscription.service);
    offered->second.erase(id);
    if (offered->second.empty())
    {
        m_byService.erase(offered);
    }

    // A provider who said no needs not be told; one who did not answer may believe in it.
    const bool answered = !subscription.accepted && code != IsbCode::TimedOut &&
                          code != IsbCode::PeerLost && code != IsbCode::LoggedOut &&
                          code != IsbCode::Cancelled && code != IsbCode::Withdrawn;
    Emit(subscription,
         subscription.accepted ? "subscribed" : "offered",
         subscription.accepted ? "ended" : "refused",
         code);
    if (!answered)
    {
        m_sessions.SendToUser(subscription.service.first, SubscriptionEndedMessage{id, code});
    }
    if (subscription.accepted)
    {
        m_sessions.SendToUser(subscription.subscriber, SubscriptionEndedMessage{id, code});
        m_ended.push_back({id, subscription.subscriber, code});
        return;
    }
    m_sessions.RefuseUser(subscription.subscriber, subscription.request, code, TextOf(code));
}

void
SubscriptionTable::EndAll(const std::set<uint64_t>& ids, IsbCode code)
{
    for (const uint64_t id : ids)
    {
        End(id, code);
    }
}

void
SubscriptionTable::Emit(const Subscription& subscription,
                        std::string_view from,
                        std::string_view to,
                        IsbCode code)
{
    TraceEvent event = m_desk.Event(TraceKind::SubscriptionState);
    event.user = subscription.subscriber;
    event.peer = subscription.service.first;
    event.service = subscription.service.second;
    event.id = subscription.id;
    event.from = from;
    event.to = to;
    event.reason = ReasonOf(code);
    m_desk.Emit(event);
}

} // namespace isb
