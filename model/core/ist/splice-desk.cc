// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/splice-desk.h"

#include "model/core/ist/active-target.h"
#include "model/core/ist/splice-outcome.h"

#include <utility>

namespace isb
{

namespace
{

/// Events that wait for the session to come back; more push out the oldest.
constexpr size_t MOST_UNREPORTED = 4096;

/// "ist." + ToString(code), for refusals.
std::string_view
RefusalReason(IsbCode code)
{
    switch (code)
    {
    case IsbCode::Overloaded:
        return "ist.overloaded";
    case IsbCode::NotAllowed:
        return "ist.not-allowed";
    case IsbCode::Duplicate:
        return "ist.duplicate";
    default:
        return "ist.bad-request";
    }
}

/// Text of a carrier as a message takes it.
std::string
ForMessage(std::string_view text)
{
    std::string clean(text.substr(0, ISB_TEXT_LIMIT));
    return IsIsbText(clean) ? clean : std::string("the carrier could not open it");
}

} // namespace

SpliceDesk::SpliceDesk(const IstServerSettings& settings,
                       Rng& random,
                       TraceSink* trace,
                       IstSession& session)
    : book(settings, random),
      m_settings(settings),
      m_trace(trace),
      m_session(session)
{
}

Ipv4
SpliceDesk::Address() const
{
    return m_settings.address == Ipv4{} ? m_session.Observed() : m_settings.address;
}

bool
SpliceDesk::IsOwn(Ipv4 address) const
{
    return address == m_settings.address || address == m_session.Observed() ||
           address == m_session.Local().address;
}

void
SpliceDesk::OnRequest(TimePoint now, const SpliceRequestMessage& request)
{
    if (request.method == ForwardingMethod::Active)
    {
        const Endpoint& target = request.activeTarget;
        if (!IsPublicTarget(target) || IsOwn(target.address) || target == m_settings.broker)
        {
            Refuse(now, request, IsbCode::NotAllowed, "no connection goes to this target");
            return;
        }
    }
    if (const auto refusal = book.Admit(now, request))
    {
        Refuse(now, request, refusal->code, std::string(refusal->why));
        return;
    }
    orders.push_back(book.OrderFor(*book.Find(request.splice)));
}

void
SpliceDesk::Refuse(TimePoint now,
                   const SpliceRequestMessage& request,
                   IsbCode code,
                   std::string text)
{
    TraceOrdered(now, request, nullptr, RefusalReason(code));
    m_session.Send(now, FaultMessage{code, request.splice, std::move(text)});
}

void
SpliceDesk::Cancel(uint64_t id)
{
    if (book.Find(id))
    {
        orders.emplace_back(EndOrder{id});
        book.Erase(id);
    }
}

void
SpliceDesk::CarrierOpened(TimePoint now, uint64_t id, bool opened, std::string_view why)
{
    BookedSplice* splice = book.Find(id);
    if (!splice && opened)
    {
        orders.emplace_back(EndOrder{id}); // cancelled before a slow carrier had it
    }
    if (!splice || splice->opened)
    {
        return;
    }
    if (!opened && book.ChooseAgain(*splice))
    {
        orders.push_back(book.OrderFor(*splice));
        return;
    }
    const SpliceRequestMessage request = splice->request;
    if (!opened)
    {
        book.Erase(id);
        Refuse(now, request, IsbCode::Overloaded, ForMessage(why));
        return;
    }
    splice->opened = true;
    SpliceReadyMessage ready;
    ready.splice = id;
    ready.method = splice->method;
    ready.subscriber = {Address(), request.providerFirst ? splice->portB : splice->portA};
    ready.provider = {Address(), request.providerFirst ? splice->portA : splice->portB};
    TraceOrdered(now, request, &ready, {});
    m_session.Send(now, ready);
}

void
SpliceDesk::TraceOrdered(TimePoint now,
                         const SpliceRequestMessage& request,
                         const SpliceReadyMessage* ready,
                         std::string_view reason)
{
    if (!m_trace)
    {
        return;
    }
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::SpliceOrdered;
    event.flow.protocol = request.protocol;
    event.flow.source.address = request.subscriber;
    if (ready)
    {
        event.flow.destination = ready->subscriber;
        event.translated = ready->provider;
    }
    event.method = ToString(ready ? ready->method : request.method);
    event.reason = reason;
    event.ist = m_settings.name;
    event.splice = request.splice;
    m_trace->Emit(event);
}

void
SpliceDesk::Report(TimePoint now, SpliceEventMessage event)
{
    if (m_session.IsRegistered())
    {
        m_session.Send(now, event);
        return;
    }
    if (m_unreported.size() == MOST_UNREPORTED)
    {
        m_unreported.pop_front();
    }
    m_unreported.push_back(event);
}

void
SpliceDesk::CarrierNotice(TimePoint now, uint64_t id, const CarrierNews& news)
{
    if (news.kind == CarrierNews::Ended)
    {
        forwardedBytes += news.bytes;
    }
    BookedSplice* splice = book.Find(id);
    if (!splice)
    {
        return; // cancelled meanwhile
    }
    SpliceEventMessage event;
    event.splice = id;
    switch (news.kind)
    {
    case CarrierNews::FirstSide:
        OnFirstSide(now, *splice, news);
        break;
    case CarrierNews::Paired:
        if (!splice->paired)
        {
            book.SetPaired(*splice);
            event.news = SpliceNews::Paired;
            Report(now, event);
        }
        break;
    case CarrierNews::FellBack:
        splice->method = ForwardingMethod::Passive;
        event.news = SpliceNews::FellBack;
        event.code = news.reason == "ist.port-taken" ? IsbCode::Duplicate : IsbCode::None;
        Report(now, event);
        break;
    case CarrierNews::Ended:
        OnEnded(now, *splice, news);
        break;
    }
}

/// Pure (thesis Fig 4.7): the ISB tells the other side where to connect.
void
SpliceDesk::OnFirstSide(TimePoint now, BookedSplice& splice, const CarrierNews& news)
{
    if (splice.request.method != ForwardingMethod::Pure)
    {
        return;
    }
    book.SetFollowed(splice, news.port);
    SpliceEventMessage event;
    event.splice = splice.request.splice;
    event.news = SpliceNews::FirstSyn;
    event.peerPort = news.port != 0 ? news.port : news.peer.port;
    Report(now, event);
}

void
SpliceDesk::OnEnded(TimePoint now, BookedSplice& splice, const CarrierNews& news)
{
    const SpliceOutcome outcome = OutcomeOf(news.reason, splice.paired);
    SpliceEventMessage event;
    event.splice = splice.request.splice;
    event.news = outcome.news;
    event.code = outcome.code;
    event.bytes = news.bytes;
    book.Erase(event.splice);
    Report(now, event);
}

void
SpliceDesk::CancelAll()
{
    for (const uint64_t id : book.All())
    {
        Cancel(id);
    }
}

void
SpliceDesk::Timeout(TimePoint now)
{
    while (const auto id = book.PopOverdue(now))
    {
        SpliceEventMessage event;
        event.splice = *id;
        event.news = SpliceNews::Failed;
        event.code = IsbCode::TimedOut;
        Cancel(*id);
        Report(now, event);
    }
}

void
SpliceDesk::TellWaiting(TimePoint now)
{
    while (m_session.IsRegistered() && !m_unreported.empty())
    {
        const SpliceEventMessage event = m_unreported.front();
        m_unreported.pop_front();
        m_session.Send(now, event);
    }
}

} // namespace isb
