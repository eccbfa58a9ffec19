// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-maker.h"

#include "model/core/isb/connection-plan.h"
#include "model/core/isb/way-plan.h"

#include <string>
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
    case IsbCode::NotFound:
        return "no such subscription";
    case IsbCode::BadRequest:
        return "a TCP service is not forwarded as datagrams";
    case IsbCode::QuotaExceeded:
        return "too many connections";
    default:
        return "the broker has no room for more connections";
    }
}

} // namespace

ConnectionMaker::ConnectionMaker(BrokerDesk& desk,
                                 SessionTable& sessions,
                                 const SubscriptionTable& subscriptions,
                                 IstRegistry& registry,
                                 ConnectionTable& connections,
                                 const HalfClosedBook& halfClosed,
                                 ConnectionCloser& closer)
    : m_desk(desk),
      m_sessions(sessions),
      m_subscriptions(subscriptions),
      m_registry(registry),
      m_connections(connections),
      m_halfClosed(halfClosed),
      m_closer(closer)
{
}

IsbCode
ConnectionMaker::Check(const BrokerSession& session,
                       const OpenMessage& message,
                       const Subscription* subscription) const
{
    if (subscription == nullptr || subscription->subscriber != session.Name())
    {
        return IsbCode::NotFound;
    }
    if (subscription->protocol == Protocol::Tcp && message.method == ForwardingMethod::Udp)
    {
        return IsbCode::BadRequest;
    }
    if (m_connections.SubscribedBy(session.Name()) + m_halfClosed.SubscribedBy(session.Name()) >=
        session.profile->quota.connections)
    {
        return IsbCode::QuotaExceeded;
    }
    return m_connections.Size() >= m_desk.settings.maxConnections ? IsbCode::Overloaded
                                                                  : IsbCode::None;
}

void
ConnectionMaker::Open(BrokerSession& session, const OpenMessage& message)
{
    const Subscription* subscription = m_subscriptions.Find(message.subscription);
    const IsbCode code = Check(session, message, subscription);
    if (code != IsbCode::None)
    {
        ServiceConnection refused;
        refused.open = message;
        refused.parties[0].user = session.Name();
        if (code != IsbCode::NotFound)
        {
            refused.parties[1].user = subscription->service.first;
            refused.service = subscription->service.second;
        }
        m_closer.Emit(refused, {}, "failed", ReasonOf(code), {});
        m_sessions.Refuse(session, message.request, code, TextOf(code));
        return;
    }
    const BrokerSession* provider = m_sessions.FindUser(subscription->service.first);
    if (provider == nullptr)
    {
        return; // lost in this very input: the subscription is about to end
    }
    ServiceConnection created;
    do
    {
        created.id = m_desk.NewId();
    } while (m_connections.Find(created.id) != nullptr);
    created.subscription = subscription->id;
    created.service = subscription->service.second;
    created.protocol = subscription->protocol;
    created.open = message;
    created.Party(ServiceEnd::Subscriber).user = session.Name();
    created.Party(ServiceEnd::Subscriber).bootId = session.login.bootId;
    created.Party(ServiceEnd::Provider).user = provider->Name();
    created.Party(ServiceEnd::Provider).bootId = provider->login.bootId;
    ServiceConnection& connection = m_connections.Add(std::move(created));
    const bool wished = !message.wishes.ways.empty();
    const PathChoice choice = ChoosePath(connection, session, *provider);
    connection.ways = PlanWays(connection, session, *provider, m_desk.settings);
    connection.path = connection.ways.front();
    connection.method = message.method;
    m_closer.Emit(connection,
                  {},
                  "opened",
                  wished ? std::string_view("isb.ways-given") : choice.reason,
                  message.prepared ? std::string_view("prepared") : std::string_view());
    TryNextWay(connection, IsbCode::NotAllowed, std::nullopt, {});
}

void
ConnectionMaker::TryNextWay(ServiceConnection& connection,
                            IsbCode code,
                            std::optional<ServiceEnd> speaker,
                            std::string_view detail)
{
    const BrokerSession* subscriber = m_sessions.FindUser(connection.User(ServiceEnd::Subscriber));
    const BrokerSession* provider = m_sessions.FindUser(connection.User(ServiceEnd::Provider));
    if (subscriber == nullptr || provider == nullptr)
    {
        return; // lost in this very input: the connection is about to be ended
    }
    std::string_view reason =
        connection.attempt == 0 ? std::string_view() : FailureOf(connection.path);
    std::string_view skipped;
    while (!connection.ways.empty())
    {
        const ServicePath way = connection.ways.front();
        connection.ways.erase(connection.ways.begin());
        const std::string_view why =
            WhyNot(way, connection, *subscriber, *provider, m_desk.settings);
        if (why.empty())
        {
            m_desk.counters.fallbacks += connection.attempt == 0 ? 0 : 1;
            Ask(connection, way, reason, detail);
            return;
        }
        reason = why;
        skipped = why;
        detail = {};
    }
    m_closer.Fail(connection, code, speaker, skipped);
}

void
ConnectionMaker::AskToGather(ServiceConnection& connection,
                             ServiceEnd end,
                             BrokerSession& user,
                             const BrokerSession& other)
{
    ServiceParty& party = connection.Party(end);
    party.gathers = Gathers(connection, end, user, m_desk.settings);
    if (!party.gathers)
    {
        return;
    }
    party.knows = true;
    GatherMessage gather;
    gather.request = end == ServiceEnd::Subscriber ? connection.open.request : 0;
    gather.connection = connection.id;
    gather.attempt = connection.attempt;
    gather.path = connection.path;
    gather.predict = connection.path == ServicePath::Punched && MayPredict(connection, user, other);
    m_sessions.Send(user, gather);
}

void
ConnectionMaker::Ask(ServiceConnection& connection,
                     ServicePath path,
                     std::string_view reason,
                     std::string_view detail)
{
    const std::string_view from =
        connection.attempt == 0 ? std::string_view("opened") : ToString(connection.stage);
    m_closer.CancelSplice(connection);
    BrokerSession* subscriber = m_sessions.FindUser(connection.User(ServiceEnd::Subscriber));
    BrokerSession* provider = m_sessions.FindUser(connection.User(ServiceEnd::Provider));
    ++connection.attempt;
    connection.path = path;
    connection.stage = ConnectionStage::Asked;
    connection.ready.reset();
    connection.spliceReady.reset();
    for (ServiceParty& party : connection.parties)
    {
        party.instructed = false;
        party.established = false;
        party.gathers = false;
        party.endpoints.clear();
        party.token = m_desk.NewToken();
    }
    m_connections.Schedule(connection, m_desk.now + m_desk.settings.answerTimeout);
    if (subscriber == nullptr || provider == nullptr)
    {
        return; // lost in this very input: the connection is about to be ended
    }
    if (path == ServicePath::Translated && !PlanSplice(connection, *subscriber, *provider))
    {
        return;
    }
    m_closer.Emit(connection, from, "asked", reason, detail);
    if (path == ServicePath::Translated)
    {
        if (m_registry.IsVolunteer(connection.ist))
        {
            m_sessions.SendToIst(connection.ist, MakeVolunteerSplice(connection, m_desk.settings));
        }
        else
        {
            m_sessions.SendToIst(
                connection.ist,
                MakeSpliceRequest(connection, *subscriber, *provider, m_desk.settings));
        }
    }
    connection.Party(ServiceEnd::Provider).knows = true;
    m_sessions.Send(*provider, MakePrepare(connection));
    AskToGather(connection, ServiceEnd::Provider, *provider, *subscriber);
    AskToGather(connection, ServiceEnd::Subscriber, *subscriber, *provider);
}

bool
ConnectionMaker::PlanSplice(ServiceConnection& connection,
                            const BrokerSession& subscriber,
                            const BrokerSession& provider)
{
    const MethodChoice plan = ChooseMethod(connection, provider);
    const ForwardingMethod wanted = connection.open.method;
    std::string_view why = plan.reason;
    connection.method = plan.method;
    connection.chooser = plan.chooser;
    IstRegistry::Choice choice;
    for (;;)
    {
        choice = m_registry.Choose(connection.method, subscriber, provider, connection.refused);
        if (!choice.name.empty())
        {
            break;
        }
        const std::optional<ForwardingMethod> next = NextMethod(connection.method);
        if (!next)
        {
            // No IST can: a user's host behind a full cone NAT (thesis 3.6.3), a proxy.
            const IsbCode code = choice.code;
            choice = m_registry.ChooseVolunteer(connection.protocol,
                                                subscriber,
                                                provider,
                                                connection.refused);
            if (!choice.name.empty())
            {
                break;
            }
            choice.code = code == IsbCode::NoIst ? choice.code : code;
            TryNextWay(connection, choice.code, std::nullopt, ToString(choice.code));
            return false;
        }
        connection.method = *next;
        connection.chooser = PortChooser::Nobody;
        why = "isb.method-unavailable";
    }
    m_connections.SetSplice(connection, m_desk.NewId(), choice.name);
    TraceEvent event = m_desk.Event(TraceKind::IstChosen);
    event.user = connection.User(ServiceEnd::Subscriber);
    event.peer = connection.User(ServiceEnd::Provider);
    event.service = connection.service;
    event.connection = connection.id;
    event.splice = connection.splice;
    event.ist = connection.ist;
    event.method = ToString(connection.method);
    event.path = ToString(connection.path);
    event.reason = choice.reason;
    event.detail = choice.detail;
    event.rule = "thesis 3.6";
    m_desk.Emit(event);
    if (!why.empty())
    {
        EmitFallback(connection, wanted, why);
    }
    return true;
}

void
ConnectionMaker::Ready(ServiceConnection& connection, const ReadyMessage& message)
{
    if (connection.stage == ConnectionStage::Asked && message.attempt == connection.attempt &&
        !connection.ready)
    {
        connection.ready = message;
        InstructIfReady(connection);
    }
}

void
ConnectionMaker::Gathered(ServiceConnection& connection,
                          ServiceEnd end,
                          const GatheredMessage& message)
{
    ServiceParty& party = connection.Party(end);
    if (connection.stage != ConnectionStage::Asked || message.attempt != connection.attempt ||
        !party.gathers || !party.endpoints.empty())
    {
        return;
    }
    const BrokerSession* user = m_sessions.FindUser(party.user);
    if (user == nullptr)
    {
        return; // lost in this very input: the connection is about to be ended
    }
    party.endpoints = UsableEndpoints(message, user->observed.address);
    if (party.endpoints.empty())
    {
        const bool foreign = message.code == IsbCode::None && !message.endpoints.empty();
        const IsbCode code = message.code == IsbCode::None ? IsbCode::ConnectFailed : message.code;
        const std::string detail = end == ServiceEnd::Subscriber ? "subscriber" : "provider";
        TryNextWay(connection,
                   code,
                   std::nullopt,
                   detail + (foreign ? ": foreign-address" : ": " + std::string(ToString(code))));
        return;
    }
    InstructIfReady(connection);
}

void
ConnectionMaker::SpliceReady(ServiceConnection& connection,
                             BrokerSession& ist,
                             const SpliceReadyMessage& message)
{
    if (connection.stage != ConnectionStage::Asked || connection.spliceReady)
    {
        return;
    }
    if (!IsFitting(message, connection, m_registry.Find(connection.ist)->profile.address))
    {
        m_sessions.End(ist, IsbCode::BadRequest, SessionClose::Told);
        return;
    }
    connection.spliceReady = message;
    if (message.method != connection.method)
    {
        connection.method = message.method;
        connection.chooser = PortChooser::Nobody;
        EmitFallback(connection, ForwardingMethod::Pure, "isb.pure-collision");
    }
    InstructIfReady(connection);
}

void
ConnectionMaker::SpliceRefused(ServiceConnection& connection, IsbCode code)
{
    connection.refused.insert(connection.ist);
    m_connections.DropSplice(connection);
    Ask(connection, ServicePath::Translated, "isb.ist-refused", ToString(code));
}

void
ConnectionMaker::FirstSyn(ServiceConnection& connection, uint16_t port)
{
    for (const ServiceEnd end : {ServiceEnd::Subscriber, ServiceEnd::Provider})
    {
        if (connection.stage == ConnectionStage::Instructed && WaitsForFirstSyn(connection, end) &&
            !connection.Party(end).instructed && port != 0)
        {
            m_connections.Schedule(connection,
                                   m_desk.now + m_desk.settings.translatedTimeout + BACKSTOP);
            Instruct(connection, end, port);
        }
    }
}

void
ConnectionMaker::FellBack(ServiceConnection& connection)
{
    if (connection.method == ForwardingMethod::Pure)
    {
        connection.method = ForwardingMethod::Passive;
        EmitFallback(connection, ForwardingMethod::Pure, "isb.pure-fell-back");
    }
}

void
ConnectionMaker::AttemptFailed(ServiceConnection& connection,
                               IsbCode code,
                               std::optional<ServiceEnd> speaker)
{
    const bool over =
        connection.parties[0].closed || connection.parties[1].closed || !IsRetried(code);
    if (over || (connection.stage == ConnectionStage::Asked && speaker))
    {
        m_closer.Fail(connection, code, speaker, {});
        return;
    }
    if (connection.stage == ConnectionStage::Asked)
    {
        SpliceRefused(connection, code); // before anybody was told of it
        return;
    }
    if (connection.path != ServicePath::Translated)
    {
        TryNextWay(connection, code, speaker, ToString(code));
        return;
    }
    if (connection.spliceReady && connection.spliceReady->method == ForwardingMethod::Pure)
    {
        connection.pureFailed = true;
        Ask(connection, ServicePath::Translated, "isb.pure-failed", ToString(code));
        return;
    }
    if (BrokerSession* subscriber = m_sessions.FindUser(connection.User(ServiceEnd::Subscriber)))
    {
        // The subscriber's next connection tries another IST, nobody else's: a user cannot
        // bring an IST into discredit.
        subscriber->avoided[connection.ist] = m_desk.now + IstRegistry::SUSPICION;
    }
    if (!connection.ways.empty())
    {
        TryNextWay(connection, code, speaker, ToString(code));
        return;
    }
    m_closer.Fail(connection, code, speaker, {});
}

void
ConnectionMaker::IstLost(ServiceConnection& connection)
{
    m_connections.DropSplice(connection);
    Ask(connection, ServicePath::Translated, "isb.ist-lost", {});
}

void
ConnectionMaker::Timeout()
{
    while (ServiceConnection* due = m_connections.PopDue(m_desk.now))
    {
        ServiceConnection& connection = *due;
        if (connection.stage == ConnectionStage::Instructed)
        {
            AttemptFailed(connection, IsbCode::TimedOut, std::nullopt);
            continue;
        }
        if (!connection.ready)
        {
            m_closer.Fail(connection,
                          IsbCode::TimedOut,
                          std::nullopt,
                          connection.User(ServiceEnd::Provider));
            continue;
        }
        if (connection.path != ServicePath::Translated)
        {
            TryNextWay(connection, IsbCode::TimedOut, std::nullopt, "gather");
            continue;
        }
        m_registry.Suspect(connection.ist);
        connection.refused.insert(connection.ist);
        Ask(connection, ServicePath::Translated, "isb.ist-timed-out", {});
    }
}

void
ConnectionMaker::InstructIfReady(ServiceConnection& connection)
{
    const bool translated = connection.path == ServicePath::Translated;
    if (!connection.ready || (translated && !connection.spliceReady) || !IsGathered(connection))
    {
        return;
    }
    const std::string_view from = ToString(connection.stage);
    connection.stage = ConnectionStage::Instructed;
    m_closer.Emit(connection, from, ToString(connection.stage), {}, {});
    const Duration patience = translated ? m_desk.settings.translatedTimeout
                              : connection.path == ServicePath::Punched
                                  ? m_desk.settings.punchTimeout
                                  : m_desk.settings.directTimeout;
    m_connections.Schedule(connection, m_desk.now + patience + BACKSTOP);
    // Whoever waits for the other's connection hears of it first.
    const ServiceEnd first =
        connection.path == ServicePath::Reversed ? ServiceEnd::Subscriber : ServiceEnd::Provider;
    for (const ServiceEnd end : {first, OtherEnd(first)})
    {
        if (!WaitsForFirstSyn(connection, end))
        {
            Instruct(connection, end, 0);
        }
    }
}

void
ConnectionMaker::Instruct(ServiceConnection& connection, ServiceEnd end, uint16_t firstSyn)
{
    BrokerSession* own = m_sessions.FindUser(connection.User(end));
    const BrokerSession* other = m_sessions.FindUser(connection.User(OtherEnd(end)));
    if (own == nullptr || other == nullptr)
    {
        return; // lost in this very input: the connection is about to be ended
    }
    ServiceParty& party = connection.Party(end);
    party.knows = true;
    party.instructed = true;
    m_sessions.Send(*own, MakeInstruct(connection, end, *other, m_desk.settings, firstSyn));
}

void
ConnectionMaker::EmitFallback(const ServiceConnection& connection,
                              ForwardingMethod wanted,
                              std::string_view reason)
{
    if (connection.protocol == Protocol::Udp && wanted != ForwardingMethod::Udp)
    {
        wanted = ForwardingMethod::Udp;
    }
    TraceEvent event = m_desk.Event(TraceKind::SpliceFallback);
    event.user = connection.User(ServiceEnd::Subscriber);
    event.peer = connection.User(ServiceEnd::Provider);
    event.service = connection.service;
    event.connection = connection.id;
    event.splice = connection.splice;
    event.ist = connection.ist;
    event.path = ToString(connection.path);
    event.method = ToString(connection.method);
    event.from = ToString(wanted);
    event.to = ToString(connection.method);
    event.reason = reason;
    event.rule = "thesis 4.4";
    m_desk.Emit(event);
}

} // namespace isb
