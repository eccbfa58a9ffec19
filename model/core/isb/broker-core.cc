// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/broker-core.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace isb
{

namespace
{

/// A listen port that is still taken is tried again so often.
constexpr Duration LISTEN_RETRY = std::chrono::seconds(1);

/// Handles the message when it is of this kind; tells whether it is.
template <typename Message, typename Handler>
bool
On(const IsbMessage& message, Handler&& handler)
{
    const auto* content = std::get_if<Message>(&message);
    if (content != nullptr)
    {
        handler(*content);
    }
    return content != nullptr;
}

} // namespace

BrokerCore::BrokerCore(IsbSettings settings, const Mac& mac, Rng& random, TraceSink* trace)
    : desk(std::move(settings), random, trace),
      sessions(desk, mac),
      subscriptions(desk, sessions, directory),
      registry(desk),
      pacer(desk, sessions, registry),
      prober(desk, sessions),
      connections(registry),
      halfClosed(desk, sessions),
      closer(desk, sessions, connections, halfClosed),
      maker(desk, sessions, subscriptions, registry, connections, halfClosed, closer),
      keeper(desk, sessions, connections, halfClosed, maker, closer),
      volunteers(desk, sessions, registry, connections, keeper),
      natProber(desk,
                sessions,
                registry,
                [this](BrokerSession& session) { volunteers.Consider(session); })
{
}

void
BrokerCore::Listen()
{
    listener = desk.NewSocket();
    desk.orders.emplace_back(
        ListenOrder{listener, Protocol::Tcp, Endpoint{Ipv4{}, desk.settings.port}});
}

SocketId
BrokerCore::Accept(SocketId from, Endpoint local, Endpoint peer)
{
    if (from == 0 || from != listener)
    {
        const SocketId socket = desk.NewSocket();
        desk.orders.emplace_back(CloseOrder{socket, true});
        return socket;
    }
    const SocketId socket = sessions.Accept(local, peer);
    sessions.Bury();
    return socket;
}

void
BrokerCore::Receive(SocketId socket, ByteView bytes)
{
    if (BrokerSession* session = sessions.Find(socket))
    {
        Obey(*session, bytes);
        Settle();
        sessions.Bury();
    }
}

void
BrokerCore::Connected(SocketId socket)
{
    if (prober.Owns(socket))
    {
        prober.Connected(socket);
    }
    else if (natProber.Owns(socket))
    {
        natProber.Connected(socket);
    }
}

void
BrokerCore::Listening(SocketId socket)
{
    if (natProber.Owns(socket))
    {
        natProber.Listening(socket);
    }
}

void
BrokerCore::Failed(SocketId socket, std::string_view why)
{
    if (socket == listener && socket != 0)
    {
        listener = 0;
        listenAgain = desk.now + LISTEN_RETRY;
        TraceEvent event = desk.Event(TraceKind::SessionState);
        event.to = "closed";
        event.reason = "isb.listen-failed";
        event.detail = why;
        desk.Emit(event);
    }
    else if (prober.Owns(socket))
    {
        prober.Failed(socket);
    }
    else if (natProber.Owns(socket))
    {
        natProber.Failed(socket);
    }
    else if (BrokerSession* session = sessions.Find(socket))
    {
        sessions.End(*session, IsbCode::PeerLost, SessionClose::Gone);
    }
    Settle();
    sessions.Bury();
}

void
BrokerCore::EndOfStream(SocketId socket)
{
    if (BrokerSession* session = sessions.Find(socket))
    {
        sessions.End(*session, IsbCode::PeerLost, SessionClose::Quiet);
        Settle();
        sessions.Bury();
    }
}

void
BrokerCore::Obey(BrokerSession& session, ByteView bytes)
{
    session.channel.Push(bytes);
    while (!session.ended)
    {
        const std::optional<IsbMessage> message = session.channel.Next(desk.now);
        if (!message)
        {
            break;
        }
        if (sessions.Heard(session, *message))
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
BrokerCore::Dispatch(BrokerSession& session, const IsbMessage& message)
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
BrokerCore::DispatchUser(BrokerSession& session, const IsbMessage& message)
{
    return On<ProbeSeenMessage>(message, [&](auto& m) { prober.Seen(session, m); }) ||
           On<AnnounceMessage>(message, [&](auto& m) { Announce(session, m); }) ||
           On<WithdrawMessage>(message, [&](auto& m) { Withdraw(session, m); }) ||
           On<ListMessage>(message, [&](auto& m) { List(session, m); }) ||
           On<SubscribeMessage>(message, [&](auto& m) { subscriptions.Subscribe(session, m); }) ||
           On<AnswerMessage>(message, [&](auto& m) { subscriptions.Answer(session, m); }) ||
           On<UnsubscribeMessage>(message,
                                  [&](auto& m) { subscriptions.Unsubscribe(session, m); }) ||
           On<OpenMessage>(message, [&](auto& m) { maker.Open(session, m); }) ||
           On<ReadyMessage>(message, [&](auto& m) { keeper.Ready(session, m); }) ||
           On<GatheredMessage>(message, [&](auto& m) { keeper.Gathered(session, m); }) ||
           On<FaultMessage>(message,
                            [&](auto& m)
                            {
                                if (!volunteers.Fault(session, m))
                                {
                                    keeper.Fault(session, m);
                                }
                            }) ||
           On<StatusMessage>(message, [&](auto& m) { keeper.Status(session, m); }) ||
           On<NearnessMessage>(message, [&](auto& m) { Nearness(session, m); }) ||
           DispatchVolunteer(session, message);
}

bool
BrokerCore::DispatchVolunteer(BrokerSession& session, const IsbMessage& message)
{
    if (const auto* ready = std::get_if<SpliceReadyMessage>(&message))
    {
        return volunteers.SpliceReady(session, *ready);
    }
    if (const auto* event = std::get_if<SpliceEventMessage>(&message))
    {
        return volunteers.SpliceEvent(session, *event);
    }
    return On<NatReportMessage>(message, [&](auto& m) { natProber.Report(session, m); }) ||
           On<VolunteerAnswerMessage>(message, [&](auto& m) { volunteers.Answer(session, m); });
}

bool
BrokerCore::DispatchIst(BrokerSession& session, const IsbMessage& message)
{
    return On<SpliceReadyMessage>(message, [&](auto& m) { keeper.SpliceReady(session, m); }) ||
           On<FaultMessage>(message, [&](auto& m) { keeper.SpliceFault(session, m); }) ||
           On<SpliceEventMessage>(message, [&](auto& m) { keeper.SpliceEvent(session, m); }) ||
           On<LoadMessage>(message, [&](auto& m) { registry.Load(session.Name(), m); });
}

void
BrokerCore::Login(BrokerSession& session, const LoginMessage& login)
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
    natProber.Start(session);
}

void
BrokerCore::Announce(BrokerSession& session, const AnnounceMessage& message)
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
BrokerCore::Withdraw(BrokerSession& session, const WithdrawMessage& message)
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
BrokerCore::List(BrokerSession& session, const ListMessage& message)
{
    ListingMessage listing =
        directory.List(session.Name(), {message.afterProvider, message.afterService}, message.most);
    listing.request = message.request;
    sessions.Send(session, std::move(listing));
}

void
BrokerCore::Nearness(BrokerSession& session, const NearnessMessage& message)
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
BrokerCore::Settle()
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
BrokerCore::CleanUp(const EndedSession& ended)
{
    if (ended.role == IsbRole::Ist)
    {
        registry.Lost(ended.name, ended.code);
        keeper.IstLost(ended.name);
        return;
    }
    const IsbCode code = ended.code == IsbCode::LoggedOut ? IsbCode::LoggedOut : IsbCode::PeerLost;
    prober.Forget(ended.socket);
    natProber.Forget(ended.socket);
    if (registry.IsVolunteer(ended.name))
    {
        registry.Lost(ended.name, ended.code);
        keeper.IstLost(ended.name);
    }
    for (const std::string& service : directory.Of(ended.name))
    {
        directory.Remove({ended.name, service});
        EmitService(ended.name, service, "withdrawn", code);
    }
    subscriptions.EndOfUser(ended.name, code);
    keeper.UserEnded(ended.name, code);
}

void
BrokerCore::EmitService(const std::string& provider,
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
BrokerCore::Stop()
{
    listenAgain = TIME_NEVER;
    if (listener != 0)
    {
        desk.orders.emplace_back(CloseOrder{listener, false});
        listener = 0;
    }
    // Running connections do not need the broker (promise T7): nobody is told to end one.
    connections.Clear();
    halfClosed.Clear();
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
    natProber.Stop();
    registry.Clear();
    pacer.Clear();
    sessions.Bury();
}

void
BrokerCore::Timeout()
{
    if (listenAgain <= desk.now)
    {
        listenAgain = TIME_NEVER;
        Listen();
    }
    sessions.Timeout();
    Settle();
    prober.Timeout();
    natProber.Timeout();
    subscriptions.Timeout();
    Settle();
    registry.Timeout();
    Settle();
    maker.Timeout();
    halfClosed.Timeout();
    Settle();
    pacer.Timeout();
    Settle();
    sessions.Bury();
}

TimePoint
BrokerCore::NextTimeout() const
{
    return std::min({listenAgain,
                     sessions.NextTimeout(),
                     subscriptions.NextTimeout(),
                     registry.NextTimeout(),
                     pacer.NextTimeout(),
                     prober.NextTimeout(),
                     natProber.NextTimeout(),
                     connections.NextTimeout(),
                     halfClosed.NextTimeout()});
}

bool
BrokerCore::IsIdle() const
{
    return listener == 0 && listenAgain == TIME_NEVER && StateSize() == 0;
}

size_t
BrokerCore::StateSize() const
{
    return sessions.Size() + directory.Size() + subscriptions.Size() + connections.Size() +
           halfClosed.Size() + registry.Size() + prober.Size() + natProber.Size();
}

} // namespace isb
