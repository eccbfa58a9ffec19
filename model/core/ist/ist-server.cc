// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-server.h"

#include "model/core/ist/active-target.h"
#include "model/core/ist/ist-session.h"
#include "model/core/ist/nearness-echo.h"
#include "model/core/ist/splice-book.h"
#include "model/core/ist/splice-outcome.h"

#include <algorithm>
#include <deque>
#include <string>
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

class IstServer::Impl
{
  public:
    Impl(IstServerSettings wanted, const Mac& mac, Rng& random, TraceSink* traceSink)
        : settings(std::move(wanted)),
          trace(traceSink),
          session(settings, mac, random, trace, outbox),
          book(settings, random),
          echo(settings.pingPort)
    {
    }

    void Start(TimePoint now);
    void Stop(TimePoint now);
    void Read(TimePoint now);
    void SessionChanged(TimePoint now);
    void Timeout(TimePoint now);
    void Opened(TimePoint now, uint64_t id, bool opened, std::string_view why);
    void Notice(TimePoint now, uint64_t id, const CarrierNews& news);
    void Echo(TimePoint now, const Endpoint& from, ByteView bytes);

    const IstServerSettings settings;
    TraceSink* trace;
    IstOutbox outbox;
    std::vector<CarrierOrder> carrierOrders;
    IstSession session;
    SpliceBook book;
    NearnessEcho echo;
    SocketId pingSocket = 0;  ///< 0: none
    uint16_t controlPort = 0; ///< own port of the session's connection, reserved; 0: none
    LoadMessage load;         ///< splices is filled when it is sent

  private:
    void OnMessage(TimePoint now, const IsbMessage& message);
    void OnRequest(TimePoint now, const SpliceRequestMessage& request);
    void OnCancel(uint64_t id);
    void Refuse(TimePoint now, const SpliceRequestMessage& request, IsbCode code, std::string text);
    void Report(TimePoint now, SpliceEventMessage event);
    void OnFirstSide(TimePoint now, BookedSplice& splice, const CarrierNews& news);
    void OnEnded(TimePoint now, BookedSplice& splice, const CarrierNews& news);
    void TraceOrdered(TimePoint now,
                      const SpliceRequestMessage& request,
                      const SpliceReadyMessage* ready,
                      std::string_view reason);
    [[nodiscard]] bool IsOwn(Ipv4 address) const;
    [[nodiscard]] Ipv4 Address() const;

    std::deque<SpliceEventMessage> m_unreported;
};

void
IstServer::Impl::Start(TimePoint now)
{
    if (settings.pingPort != 0)
    {
        pingSocket = ++outbox.lastSocket;
        outbox.orders.emplace_back(
            ListenOrder{pingSocket, Protocol::Udp, {Ipv4{}, settings.pingPort}});
    }
    session.Start(now);
}

void
IstServer::Impl::Stop(TimePoint now)
{
    session.Stop(now);
    SessionChanged(now);
    for (const uint64_t id : book.All())
    {
        OnCancel(id);
    }
    if (pingSocket != 0)
    {
        outbox.orders.emplace_back(CloseOrder{std::exchange(pingSocket, 0), false});
    }
}

void
IstServer::Impl::Read(TimePoint now)
{
    while (const auto message = session.Next(now))
    {
        OnMessage(now, *message);
    }
    SessionChanged(now);
}

/// After whatever the session was given: its port is the host's own, and a new session hears what
/// happened meanwhile.
void
IstServer::Impl::SessionChanged(TimePoint now)
{
    const uint16_t port = session.Local().port;
    if (port != controlPort)
    {
        book.SetOwnPort(controlPort, port);
        controlPort = port;
    }
    while (session.IsRegistered() && !m_unreported.empty())
    {
        const SpliceEventMessage event = m_unreported.front();
        m_unreported.pop_front();
        session.Send(now, event);
    }
    if (session.TakeHelloDue(now))
    {
        session.Send(now, PingMessage{});
        load.splices = static_cast<uint32_t>(book.Size());
        session.Send(now, load);
    }
}

void
IstServer::Impl::OnMessage(TimePoint now, const IsbMessage& message)
{
    if (const auto* request = std::get_if<SpliceRequestMessage>(&message))
    {
        OnRequest(now, *request);
    }
    else if (const auto* cancel = std::get_if<SpliceCancelMessage>(&message))
    {
        OnCancel(cancel->splice);
    }
    else
    {
        session.Refuse(now, IsbCode::BadState);
    }
}

Ipv4
IstServer::Impl::Address() const
{
    return settings.address == Ipv4{} ? session.Observed() : settings.address;
}

bool
IstServer::Impl::IsOwn(Ipv4 address) const
{
    return address == settings.address || address == session.Observed() ||
           address == session.Local().address;
}

void
IstServer::Impl::OnRequest(TimePoint now, const SpliceRequestMessage& request)
{
    if (request.method == ForwardingMethod::Active)
    {
        const Endpoint& target = request.activeTarget;
        if (!IsPublicTarget(target) || IsOwn(target.address) || target == settings.broker)
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
    carrierOrders.push_back(book.OrderFor(*book.Find(request.splice)));
}

void
IstServer::Impl::Refuse(TimePoint now,
                        const SpliceRequestMessage& request,
                        IsbCode code,
                        std::string text)
{
    TraceOrdered(now, request, nullptr, RefusalReason(code));
    session.Send(now, FaultMessage{code, request.splice, std::move(text)});
}

void
IstServer::Impl::OnCancel(uint64_t id)
{
    if (book.Find(id))
    {
        carrierOrders.emplace_back(EndOrder{id});
        book.Erase(id);
    }
}

void
IstServer::Impl::Opened(TimePoint now, uint64_t id, bool opened, std::string_view why)
{
    BookedSplice* splice = book.Find(id);
    if (!splice && opened)
    {
        carrierOrders.emplace_back(EndOrder{id}); // cancelled before a slow carrier had it
    }
    if (!splice || splice->opened)
    {
        return;
    }
    if (!opened && book.ChooseAgain(*splice))
    {
        carrierOrders.push_back(book.OrderFor(*splice));
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
    session.Send(now, ready);
}

void
IstServer::Impl::TraceOrdered(TimePoint now,
                              const SpliceRequestMessage& request,
                              const SpliceReadyMessage* ready,
                              std::string_view reason)
{
    if (!trace)
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
    event.ist = settings.name;
    event.splice = request.splice;
    trace->Emit(event);
}

void
IstServer::Impl::Report(TimePoint now, SpliceEventMessage event)
{
    if (session.IsRegistered())
    {
        session.Send(now, event);
        return;
    }
    if (m_unreported.size() == MOST_UNREPORTED)
    {
        m_unreported.pop_front();
    }
    m_unreported.push_back(event);
}

void
IstServer::Impl::Notice(TimePoint now, uint64_t id, const CarrierNews& news)
{
    if (news.kind == CarrierNews::Ended)
    {
        load.forwardedBytes += news.bytes;
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
IstServer::Impl::OnFirstSide(TimePoint now, BookedSplice& splice, const CarrierNews& news)
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
IstServer::Impl::OnEnded(TimePoint now, BookedSplice& splice, const CarrierNews& news)
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
IstServer::Impl::Timeout(TimePoint now)
{
    session.Timeout(now);
    SessionChanged(now);
    while (const auto id = book.PopOverdue(now))
    {
        SpliceEventMessage event;
        event.splice = *id;
        event.news = SpliceNews::Failed;
        event.code = IsbCode::TimedOut;
        OnCancel(*id);
        Report(now, event);
    }
}

void
IstServer::Impl::Echo(TimePoint now, const Endpoint& from, ByteView bytes)
{
    const std::string_view refusal = echo.Refusal(now, from, bytes);
    if (refusal.empty())
    {
        outbox.orders.emplace_back(
            SendToOrder{pingSocket, from, {bytes.data, bytes.data + bytes.size}});
        return;
    }
    if (trace)
    {
        TraceEvent event;
        event.when = now;
        event.kind = TraceKind::PacketDropped;
        event.flow = {Protocol::Udp, from, {Address(), settings.pingPort}};
        event.reason = refusal;
        event.rule = "thesis 3.6.1";
        event.detail = "echo";
        event.bytes = static_cast<uint32_t>(bytes.size);
        event.ist = settings.name;
        trace->Emit(event);
    }
}

IstServer::IstServer(IstServerSettings settings, const Mac& mac, Rng& random, TraceSink* trace)
    : m_impl(std::make_unique<Impl>(std::move(settings), mac, random, trace))
{
}

IstServer::~IstServer() = default;

void
IstServer::Start(TimePoint now)
{
    m_impl->Start(now);
}

void
IstServer::Stop(TimePoint now)
{
    m_impl->Stop(now);
}

void
IstServer::Listening(TimePoint, SocketId, Endpoint)
{
}

/// No listener of this machine is TCP.
SocketId
IstServer::Accepted(TimePoint, SocketId, Endpoint, Endpoint)
{
    const SocketId socket = ++m_impl->outbox.lastSocket;
    m_impl->outbox.orders.emplace_back(CloseOrder{socket, true});
    return socket;
}

void
IstServer::Connected(TimePoint now, SocketId socket, Endpoint local)
{
    if (m_impl->session.Owns(socket))
    {
        m_impl->session.Connected(now, local);
        m_impl->SessionChanged(now);
    }
}

void
IstServer::Failed(TimePoint now, SocketId socket, std::string_view)
{
    if (m_impl->session.Owns(socket))
    {
        m_impl->session.Lost(now, "ist.connection-lost");
        m_impl->SessionChanged(now);
    }
    else if (socket != 0 && socket == m_impl->pingSocket)
    {
        m_impl->pingSocket = 0;
        m_impl->session.SetPingPort(0);
    }
}

void
IstServer::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    if (m_impl->session.Owns(socket))
    {
        m_impl->session.Received(bytes);
        m_impl->Read(now);
    }
}

void
IstServer::EndOfStream(TimePoint now, SocketId socket)
{
    if (m_impl->session.Owns(socket))
    {
        m_impl->session.Ended(now);
        m_impl->SessionChanged(now);
    }
}

void
IstServer::Sent(TimePoint, SocketId socket, size_t bytes)
{
    if (m_impl->session.Owns(socket))
    {
        m_impl->session.Sent(bytes);
    }
}

void
IstServer::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    if (socket != 0 && socket == m_impl->pingSocket)
    {
        m_impl->Echo(now, from, bytes);
    }
}

void
IstServer::JoinEnded(TimePoint, SocketId, SocketId, uint64_t, uint64_t, bool)
{
}

void
IstServer::Relayed(TimePoint, uint64_t, size_t, bool)
{
}

std::vector<MachineOrder>
IstServer::TakeOrders()
{
    return std::exchange(m_impl->outbox.orders, {});
}

std::vector<CarrierOrder>
IstServer::TakeCarrierOrders()
{
    return std::exchange(m_impl->carrierOrders, {});
}

TimePoint
IstServer::NextTimeout() const
{
    return std::min(m_impl->session.NextTimeout(), m_impl->book.NextTimeout());
}

void
IstServer::Timeout(TimePoint now)
{
    m_impl->Timeout(now);
}

bool
IstServer::IsIdle() const
{
    return m_impl->session.IsClosed() && m_impl->session.NextTimeout() == TIME_NEVER &&
           m_impl->pingSocket == 0 && m_impl->book.Size() == 0;
}

void
IstServer::CarrierOpened(TimePoint now, uint64_t splice, bool opened, std::string_view why)
{
    m_impl->Opened(now, splice, opened, why);
}

void
IstServer::CarrierNotice(TimePoint now, uint64_t splice, const CarrierNews& news)
{
    m_impl->Notice(now, splice, news);
}

void
IstServer::CarrierLoad(uint64_t drops)
{
    m_impl->load.drops = drops;
}

bool
IstServer::IsRegistered() const
{
    return m_impl->session.IsRegistered();
}

size_t
IstServer::Splices() const
{
    return m_impl->book.Size();
}

size_t
IstServer::StateSize() const
{
    return m_impl->book.Size() + m_impl->book.PortsTaken();
}

} // namespace isb
