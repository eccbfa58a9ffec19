// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/isb-broker.h"

#include "model/core/isb/broker-desk.h"
#include "model/core/isb/connection-closer.h"
#include "model/core/isb/connection-keeper.h"
#include "model/core/isb/connection-maker.h"
#include "model/core/isb/connection-table.h"
#include "model/core/isb/ist-list-pacer.h"
#include "model/core/isb/ist-registry.h"
#include "model/core/isb/reachability-prober.h"
#include "model/core/isb/service-directory.h"
#include "model/core/isb/session-table.h"
#include "model/core/isb/subscription-table.h"

#include <algorithm>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace isb
{

/// Puts the parts together: which message goes to whom, and who cleans up after a loss.
class IsbBroker::Impl
{
  public:
    Impl(IsbSettings settings, const Mac& mac, Rng& random, TraceSink* trace)
        : desk(std::move(settings), random, trace),
          sessions(desk, mac),
          subscriptions(desk, sessions, directory),
          registry(desk),
          pacer(desk, sessions, registry),
          prober(desk, sessions),
          connections(registry),
          closer(desk, sessions, connections),
          maker(desk, sessions, subscriptions, registry, connections, closer),
          keeper(desk, sessions, connections, maker, closer)
    {
    }

    void Listen();
    void Receive(BrokerSession& session, ByteView bytes);
    /// Works off what the current input ended; last in every input.
    void Settle();
    void Stop();
    void Timeout();
    [[nodiscard]] TimePoint NextTimeout() const;

    BrokerDesk desk;
    SocketId listener = 0;
    bool stopped = false;
    TimePoint listenAgain = TIME_NEVER;
    ServiceDirectory directory;
    SessionTable sessions;
    SubscriptionTable subscriptions;
    IstRegistry registry;
    IstListPacer pacer;
    ReachabilityProber prober;
    ConnectionTable connections;
    ConnectionCloser closer;
    ConnectionMaker maker;
    ConnectionKeeper keeper;

  private:
    void Dispatch(BrokerSession& session, const IsbMessage& message);
    [[nodiscard]] bool DispatchUser(BrokerSession& session, const IsbMessage& message);
    [[nodiscard]] bool DispatchIst(BrokerSession& session, const IsbMessage& message);
    void Login(BrokerSession& session, const LoginMessage& login);
    void Announce(BrokerSession& session, const AnnounceMessage& message);
    void Withdraw(BrokerSession& session, const WithdrawMessage& message);
    void List(BrokerSession& session, const ListMessage& message);
    void Nearness(BrokerSession& session, const NearnessMessage& message);
    void CleanUp(const EndedSession& ended);
    void EmitService(const std::string& provider,
                     const std::string& service,
                     std::string_view to,
                     IsbCode code);
};

namespace
{

/// A listen port that is still taken is tried again so often.
constexpr Duration LISTEN_RETRY = std::chrono::seconds(1);

} // namespace

void
IsbBroker::Impl::Listen()
{
    listener = desk.NewSocket();
    desk.orders.emplace_back(
        ListenOrder{listener, Protocol::Tcp, Endpoint{Ipv4{}, desk.settings.port}});
}

void
IsbBroker::Impl::Receive(BrokerSession& session, ByteView bytes)
{
    session.channel.Push(bytes);
    while (!session.ended)
    {
        const std::optional<IsbMessage> message = session.channel.Next(desk.now);
        if (!message)
        {
            break;
        }
        if (sessions.Heard(session))
        {
            Dispatch(session, *message);
        }
    }
    if (!session.ended && session.channel.Fault() != IsbCode::None)
    {
        sessions.End(session, session.channel.Fault(), SessionClose::Told);
    }
}

void
IsbBroker::Impl::Dispatch(BrokerSession& session, const IsbMessage& message)
{
    if (const auto* bye = std::get_if<ByeMessage>(&message))
    {
        // Only an intended end is a logout; a daemon that gives up for a fault may come back.
        sessions.End(session,
                     bye->code == IsbCode::None ? IsbCode::LoggedOut : bye->code,
                     SessionClose::Quiet);
        return;
    }
    if (const auto* login = std::get_if<LoginMessage>(&message); login && !session.proven)
    {
        Login(session, *login);
        return;
    }
    if (const auto* ping = std::get_if<PingMessage>(&message); ping && session.proven)
    {
        sessions.Send(session, PongMessage{ping->nonce});
        return;
    }
    const bool known =
        session.proven && (session.login.role == IsbRole::User ? DispatchUser(session, message)
                                                               : DispatchIst(session, message));
    if (!known)
    {
        sessions.End(session, IsbCode::BadState, SessionClose::Told);
    }
}

bool
IsbBroker::Impl::DispatchUser(BrokerSession& session, const IsbMessage& message)
{
    return std::visit(
        [&](const auto& content)
        {
            using Content = std::decay_t<decltype(content)>;
            if constexpr (std::is_same_v<Content, ProbeSeenMessage>)
            {
                prober.Seen(session, content);
            }
            else if constexpr (std::is_same_v<Content, AnnounceMessage>)
            {
                Announce(session, content);
            }
            else if constexpr (std::is_same_v<Content, WithdrawMessage>)
            {
                Withdraw(session, content);
            }
            else if constexpr (std::is_same_v<Content, ListMessage>)
            {
                List(session, content);
            }
            else if constexpr (std::is_same_v<Content, SubscribeMessage>)
            {
                subscriptions.Subscribe(session, content);
            }
            else if constexpr (std::is_same_v<Content, AnswerMessage>)
            {
                subscriptions.Answer(session, content);
            }
            else if constexpr (std::is_same_v<Content, UnsubscribeMessage>)
            {
                subscriptions.Unsubscribe(session, content);
            }
            else if constexpr (std::is_same_v<Content, OpenMessage>)
            {
                maker.Open(session, content);
            }
            else if constexpr (std::is_same_v<Content, ReadyMessage>)
            {
                keeper.Ready(session, content);
            }
            else if constexpr (std::is_same_v<Content, FaultMessage>)
            {
                keeper.Fault(session, content);
            }
            else if constexpr (std::is_same_v<Content, StatusMessage>)
            {
                keeper.Status(session, content);
            }
            else if constexpr (std::is_same_v<Content, NearnessMessage>)
            {
                Nearness(session, content);
            }
            else
            {
                return false;
            }
            return true;
        },
        message);
}

bool
IsbBroker::Impl::DispatchIst(BrokerSession& session, const IsbMessage& message)
{
    if (const auto* ready = std::get_if<SpliceReadyMessage>(&message))
    {
        keeper.SpliceReady(session, *ready);
    }
    else if (const auto* fault = std::get_if<FaultMessage>(&message))
    {
        keeper.SpliceFault(session, *fault);
    }
    else if (const auto* event = std::get_if<SpliceEventMessage>(&message))
    {
        keeper.SpliceEvent(session, *event);
    }
    else if (const auto* load = std::get_if<LoadMessage>(&message))
    {
        registry.Load(session.Name(), *load);
    }
    else
    {
        return false;
    }
    return true;
}

void
IsbBroker::Impl::Login(BrokerSession& session, const LoginMessage& login)
{
    const IsbCode code = sessions.Check(session, login);
    if (code != IsbCode::None)
    {
        sessions.End(session, code, SessionClose::Told);
        return;
    }
    const bool user = login.role == IsbRole::User;
    if (BrokerSession* old = user ? sessions.FindUser(login.name) : sessions.FindIst(login.name))
    {
        // What the old one held is gone before the new one begins.
        sessions.End(*old, IsbCode::Replaced, SessionClose::Told);
        Settle();
    }
    if (!user)
    {
        sessions.Install(session, login);
        registry.Register(session);
        return;
    }
    keeper.UserReturned(login.name, login.bootId);
    sessions.Install(session, login);
    pacer.Welcome(session);
    prober.Start(session);
}

void
IsbBroker::Impl::Announce(BrokerSession& session, const AnnounceMessage& message)
{
    IsbCode code = IsbCode::None;
    std::string_view text;
    if (directory.CountOf(session.Name()) >= session.profile->quota.services)
    {
        code = IsbCode::QuotaExceeded;
        text = "too many services";
    }
    else if (!directory.Add(session.Name(), message.service))
    {
        code = IsbCode::Duplicate;
        text = "announced already";
    }
    if (code != IsbCode::None)
    {
        EmitService(session.Name(), message.service.name, "refused", code);
        sessions.Refuse(session, message.request, code, text);
        return;
    }
    EmitService(session.Name(), message.service.name, "announced", code);
    sessions.Send(session, AnnouncedMessage{message.request});
}

void
IsbBroker::Impl::Withdraw(BrokerSession& session, const WithdrawMessage& message)
{
    const ServiceKey key{session.Name(), message.service};
    if (!directory.Remove(key))
    {
        sessions.Refuse(session, 0, IsbCode::NotFound, "no such service");
        return;
    }
    EmitService(key.first, key.second, "withdrawn", IsbCode::Withdrawn);
    subscriptions.EndOfService(key, IsbCode::Withdrawn);
}

void
IsbBroker::Impl::List(BrokerSession& session, const ListMessage& message)
{
    ListingMessage listing =
        directory.List(session.Name(), {message.afterProvider, message.afterService}, message.most);
    listing.request = message.request;
    sessions.Send(session, std::move(listing));
}

void
IsbBroker::Impl::Nearness(BrokerSession& session, const NearnessMessage& message)
{
    for (const NearnessEntry& entry : message.entries)
    {
        // Only of ISTs that there are: what a user can make the broker keep is bounded by them.
        if (registry.Find(entry.ist) != nullptr)
        {
            session.nearness[entry.ist] = entry.roundTrip;
        }
    }
}

void
IsbBroker::Impl::Settle()
{
    for (;;)
    {
        if (const std::optional<EndedSession> ended = sessions.TakeEnded())
        {
            CleanUp(*ended);
        }
        else if (const std::optional<EndedSubscription> subscription = subscriptions.TakeEnded())
        {
            keeper.SubscriptionEnded(*subscription);
        }
        else if (const std::optional<std::string> ist = registry.TakeGone())
        {
            keeper.IstGone(*ist);
        }
        else
        {
            break;
        }
    }
    pacer.Watch();
}

void
IsbBroker::Impl::CleanUp(const EndedSession& ended)
{
    if (ended.role == IsbRole::Ist)
    {
        registry.Lost(ended.name, ended.code);
        keeper.IstLost(ended.name);
        return;
    }
    const IsbCode code = ended.code == IsbCode::LoggedOut ? IsbCode::LoggedOut : IsbCode::PeerLost;
    prober.Forget(ended.socket);
    for (const std::string& service : directory.Of(ended.name))
    {
        directory.Remove({ended.name, service});
        EmitService(ended.name, service, "withdrawn", code);
    }
    subscriptions.EndOfUser(ended.name, code);
    keeper.UserEnded(ended.name, code);
}

void
IsbBroker::Impl::EmitService(const std::string& provider,
                             const std::string& service,
                             std::string_view to,
                             IsbCode code)
{
    TraceEvent event = desk.Event(TraceKind::ServiceState);
    event.user = provider;
    event.service = service;
    event.to = to;
    event.reason = ReasonOf(code);
    desk.Emit(event);
}

void
IsbBroker::Impl::Stop()
{
    stopped = true;
    listenAgain = TIME_NEVER;
    if (listener != 0)
    {
        desk.orders.emplace_back(CloseOrder{listener, false});
        listener = 0;
    }
    // Running connections do not need the broker (promise T7): nobody is told to end one.
    connections.Clear();
    subscriptions.Clear();
    sessions.EndAll(IsbCode::LoggedOut);
    while (const std::optional<EndedSession> ended = sessions.TakeEnded())
    {
        prober.Forget(ended->socket);
        for (const std::string& service : directory.Of(ended->name))
        {
            directory.Remove({ended->name, service});
        }
    }
    registry.Clear();
    pacer.Clear();
}

void
IsbBroker::Impl::Timeout()
{
    if (listenAgain <= desk.now)
    {
        listenAgain = TIME_NEVER;
        Listen();
    }
    sessions.Timeout();
    Settle();
    prober.Timeout();
    subscriptions.Timeout();
    Settle();
    registry.Timeout();
    Settle();
    maker.Timeout();
    Settle();
    pacer.Timeout();
    Settle();
}

TimePoint
IsbBroker::Impl::NextTimeout() const
{
    return std::min({listenAgain,
                     sessions.NextTimeout(),
                     subscriptions.NextTimeout(),
                     registry.NextTimeout(),
                     pacer.NextTimeout(),
                     prober.NextTimeout(),
                     connections.NextTimeout()});
}

IsbBroker::IsbBroker(IsbSettings settings, const Mac& mac, Rng& random, TraceSink* trace)
    : m_impl(std::make_unique<Impl>(std::move(settings), mac, random, trace))
{
}

IsbBroker::~IsbBroker() = default;

void
IsbBroker::Start(TimePoint now)
{
    m_impl->desk.now = now;
    m_impl->Listen();
}

void
IsbBroker::Stop(TimePoint now)
{
    m_impl->desk.now = now;
    m_impl->Stop();
    m_impl->sessions.Bury();
}

void
IsbBroker::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    m_impl->desk.now = now;
    static_cast<void>(socket);
    static_cast<void>(local);
}

SocketId
IsbBroker::Accepted(TimePoint now, SocketId listener, Endpoint local, Endpoint peer)
{
    m_impl->desk.now = now;
    if (m_impl->listener == 0 || listener != m_impl->listener)
    {
        const SocketId socket = m_impl->desk.NewSocket();
        m_impl->desk.orders.emplace_back(CloseOrder{socket, true});
        return socket;
    }
    const SocketId socket = m_impl->sessions.Accept(local, peer);
    m_impl->sessions.Bury();
    return socket;
}

void
IsbBroker::Connected(TimePoint now, SocketId socket, Endpoint local)
{
    m_impl->desk.now = now;
    static_cast<void>(local);
    if (m_impl->prober.Owns(socket))
    {
        m_impl->prober.Connected(socket);
    }
}

void
IsbBroker::Failed(TimePoint now, SocketId socket, std::string_view why)
{
    m_impl->desk.now = now;
    if (socket == m_impl->listener && socket != 0)
    {
        m_impl->listener = 0;
        m_impl->listenAgain = now + LISTEN_RETRY;
        TraceEvent event = m_impl->desk.Event(TraceKind::SessionState);
        event.to = "closed";
        event.reason = "isb.listen-failed";
        event.detail = why;
        m_impl->desk.Emit(event);
        return;
    }
    if (m_impl->prober.Owns(socket))
    {
        m_impl->prober.Failed(socket);
    }
    else if (BrokerSession* session = m_impl->sessions.Find(socket))
    {
        m_impl->sessions.End(*session, IsbCode::PeerLost, SessionClose::Gone);
    }
    m_impl->Settle();
    m_impl->sessions.Bury();
}

void
IsbBroker::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    m_impl->desk.now = now;
    if (BrokerSession* session = m_impl->sessions.Find(socket))
    {
        m_impl->Receive(*session, bytes);
        m_impl->Settle();
        m_impl->sessions.Bury();
    }
}

void
IsbBroker::EndOfStream(TimePoint now, SocketId socket)
{
    m_impl->desk.now = now;
    if (BrokerSession* session = m_impl->sessions.Find(socket))
    {
        m_impl->sessions.End(*session, IsbCode::PeerLost, SessionClose::Quiet);
        m_impl->Settle();
        m_impl->sessions.Bury();
    }
}

void
IsbBroker::Sent(TimePoint now, SocketId socket, size_t bytes)
{
    m_impl->desk.now = now;
    if (BrokerSession* session = m_impl->sessions.Find(socket))
    {
        session->channel.Sent(bytes);
    }
}

void
IsbBroker::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    // The broker has no UDP socket.
    static_cast<void>(now);
    static_cast<void>(socket);
    static_cast<void>(from);
    static_cast<void>(bytes);
}

void
IsbBroker::JoinEnded(TimePoint now,
                     SocketId a,
                     SocketId b,
                     uint64_t bytesFromA,
                     uint64_t bytesFromB,
                     bool reset)
{
    // The broker joins nothing: an IST does.
    static_cast<void>(now);
    static_cast<void>(a);
    static_cast<void>(b);
    static_cast<void>(bytesFromA);
    static_cast<void>(bytesFromB);
    static_cast<void>(reset);
}

void
IsbBroker::Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards)
{
    static_cast<void>(now);
    static_cast<void>(relay);
    static_cast<void>(bytes);
    static_cast<void>(outwards);
}

std::vector<MachineOrder>
IsbBroker::TakeOrders()
{
    return std::exchange(m_impl->desk.orders, {});
}

TimePoint
IsbBroker::NextTimeout() const
{
    return m_impl->NextTimeout();
}

void
IsbBroker::Timeout(TimePoint now)
{
    m_impl->desk.now = now;
    m_impl->Timeout();
    m_impl->sessions.Bury();
}

bool
IsbBroker::IsIdle() const
{
    return m_impl->listener == 0 && m_impl->listenAgain == TIME_NEVER && StateSize() == 0;
}

size_t
IsbBroker::Users() const
{
    return m_impl->sessions.Users();
}

size_t
IsbBroker::Ists() const
{
    return m_impl->sessions.Ists();
}

size_t
IsbBroker::Services() const
{
    return m_impl->directory.Size();
}

size_t
IsbBroker::Subscriptions() const
{
    return m_impl->subscriptions.Size();
}

size_t
IsbBroker::Connections() const
{
    return m_impl->connections.Size();
}

size_t
IsbBroker::StateSize() const
{
    return m_impl->sessions.Size() + m_impl->directory.Size() + m_impl->subscriptions.Size() +
           m_impl->connections.Size() + m_impl->registry.Size() + m_impl->prober.Size();
}

const IsbCounters&
IsbBroker::Counters() const
{
    return m_impl->desk.counters;
}

} // namespace isb
