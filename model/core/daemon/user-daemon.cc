// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/daemon/user-daemon.h"

#include "model/core/daemon/broker-link.h"
#include "model/core/daemon/daemon-host.h"
#include "model/core/daemon/listen-port.h"
#include "model/core/daemon/nat-responder.h"
#include "model/core/daemon/nearness-prober.h"
#include "model/core/daemon/service-lister.h"
#include "model/core/daemon/service-provider.h"
#include "model/core/daemon/service-subscriber.h"
#include "model/core/daemon/volunteer-ist.h"

#include <utility>
#include <variant>

namespace isb
{

/// The parts of a daemon, and which message goes to which.
class UserDaemon::Impl : public BrokerLinkOwner, public TokenAwaiter
{
  public:
    Impl(DaemonSettings settings, const Mac& mac, Rng& random, TraceSink* trace)
        : host(std::move(settings), random, trace),
          link(host, mac, *this),
          listenPort(host, [this](TimePoint now) { OnPortSettled(now); }),
          provider(host, link, listenPort),
          subscriber(host, link, listenPort),
          prober(host, link),
          lister(host, link),
          volunteer(host, link, listenPort),
          natResponder(host, link, listenPort, volunteer)
    {
    }

    void Start(TimePoint now);
    void Stop(TimePoint now);

    void OnLoggedIn(TimePoint now) override;
    void OnSessionOver(TimePoint now) override;
    void OnMessage(TimePoint now, const IsbMessage& message) override;
    void OnLoginStranger(TimePoint now, SocketId socket, Endpoint peer) override;
    /// The ISB's probe of the listen port.
    void OnArrived(TimePoint now, SocketId socket, const Token& token) override;

    DaemonHost host;
    BrokerLink link;
    ListenPort listenPort;
    ServiceProvider provider;
    ServiceSubscriber subscriber;
    NearnessProber prober;
    ServiceLister lister;
    VolunteerIst volunteer;
    NatResponder natResponder;
    Reachability reachability = Reachability::Unknown;
    bool running = false;

  private:
    void OnPortSettled(TimePoint now);
    void OnFault(TimePoint now, const FaultMessage& message);
    void OnGather(TimePoint now, const GatherMessage& message);
    void OnInstruct(TimePoint now, const InstructMessage& message);
    void OnProbe(TimePoint now, const ProbeMessage& message);
    void ForgetProbe();

    bool m_linked = false;
    Token m_probe{};
    bool m_probing = false;
};

void
UserDaemon::Impl::Start(TimePoint now)
{
    running = true;
    for (const ProvidedService& service : host.settings.provides)
    {
        provider.Announce(now, service);
    }
    for (const WantedService& service : host.settings.wants)
    {
        subscriber.Subscribe(now, service);
    }
    listenPort.Start(now);
}

void
UserDaemon::Impl::OnPortSettled(TimePoint now)
{
    if (!std::exchange(m_linked, true))
    {
        link.Start(now, listenPort.Port());
    }
}

void
UserDaemon::Impl::Stop(TimePoint now)
{
    running = false;
    prober.Stop();
    lister.Stop();
    natResponder.Stop();
    volunteer.Stop();
    subscriber.Stop(now);
    provider.Stop(now);
    listenPort.Stop();
    link.Stop(now);
    reachability = Reachability::Unknown;
}

void
UserDaemon::Impl::OnLoggedIn(TimePoint now)
{
    natResponder.OnLoggedIn(now);
    provider.OnLoggedIn(now);
    subscriber.OnLoggedIn(now);
}

void
UserDaemon::Impl::OnSessionOver(TimePoint now)
{
    reachability = Reachability::Unknown;
    ForgetProbe();
    prober.Stop();
    lister.OnSessionOver(now);
    natResponder.OnSessionOver();
    volunteer.OnSessionOver();
    provider.OnSessionOver(now);
    subscriber.OnSessionOver(now);
}

void
UserDaemon::Impl::OnMessage(TimePoint now, const IsbMessage& message)
{
    if (const auto* fault = std::get_if<FaultMessage>(&message))
    {
        OnFault(now, *fault);
    }
    else if (const auto* probe = std::get_if<ProbeMessage>(&message))
    {
        OnProbe(now, *probe);
    }
    else if (const auto* status = std::get_if<NatStatusMessage>(&message))
    {
        reachability = status->reachability;
    }
    else if (const auto* list = std::get_if<IstListMessage>(&message))
    {
        prober.Measure(now, *list);
    }
    else if (const auto* listing = std::get_if<ListingMessage>(&message))
    {
        lister.OnListing(now, *listing);
    }
    else if (const auto* announced = std::get_if<AnnouncedMessage>(&message))
    {
        provider.OnAnnounced(now, announced->request);
    }
    else if (const auto* offer = std::get_if<OfferMessage>(&message))
    {
        provider.OnOffer(now, *offer);
    }
    else if (const auto* subscribed = std::get_if<SubscribedMessage>(&message))
    {
        subscriber.OnSubscribed(now, *subscribed);
    }
    else if (const auto* over = std::get_if<SubscriptionEndedMessage>(&message))
    {
        provider.OnSubscriptionEnded(*over);
        subscriber.OnSubscriptionEnded(now, *over);
    }
    else if (const auto* prepare = std::get_if<PrepareMessage>(&message))
    {
        provider.OnPrepare(now, *prepare);
    }
    else if (const auto* gather = std::get_if<GatherMessage>(&message))
    {
        OnGather(now, *gather);
    }
    else if (const auto* natProbe = std::get_if<NatProbeMessage>(&message))
    {
        natResponder.OnProbe(now, *natProbe);
    }
    else if (const auto* volunteering = std::get_if<VolunteerOfferMessage>(&message))
    {
        volunteer.OnOffer(now, *volunteering);
    }
    else if (const auto* splice = std::get_if<VolunteerSpliceMessage>(&message))
    {
        volunteer.OnSplice(now, *splice);
    }
    else if (const auto* cancel = std::get_if<SpliceCancelMessage>(&message))
    {
        volunteer.OnCancel(now, *cancel);
    }
    else if (const auto* instruct = std::get_if<InstructMessage>(&message))
    {
        OnInstruct(now, *instruct);
    }
    else if (const auto* started = std::get_if<StatusMessage>(&message))
    {
        if (started->phase == ConnectionPhase::Started)
        {
            provider.OnStarted(now, *started);
        }
    }
    else if (const auto* ended = std::get_if<ConnectionEndedMessage>(&message))
    {
        provider.OnConnectionEnded(now, *ended);
        subscriber.OnConnectionEnded(now, *ended);
    }
}

void
UserDaemon::Impl::OnFault(TimePoint now, const FaultMessage& message)
{
    if (!provider.OnFault(now, message) && !lister.OnFault(now, message))
    {
        (void)subscriber.OnFault(now, message);
    }
}

void
UserDaemon::Impl::OnGather(TimePoint now, const GatherMessage& message)
{
    if (message.request == 0)
    {
        provider.OnGather(now, message);
        return;
    }
    subscriber.OnGather(now, message);
}

void
UserDaemon::Impl::OnLoginStranger(TimePoint now, SocketId socket, Endpoint peer)
{
    listenPort.Receive(now, socket, peer);
}

void
UserDaemon::Impl::OnInstruct(TimePoint now, const InstructMessage& message)
{
    if (message.request == 0)
    {
        provider.OnInstruct(now, message);
        return;
    }
    subscriber.OnInstruct(now, message);
}

void
UserDaemon::Impl::OnProbe(TimePoint now, const ProbeMessage& message)
{
    ForgetProbe();
    m_probe = message.token;
    m_probing = true;
    listenPort.Expect(now, message.token, this);
}

void
UserDaemon::Impl::ForgetProbe()
{
    if (std::exchange(m_probing, false))
    {
        listenPort.Forget(m_probe);
    }
}

void
UserDaemon::Impl::OnArrived(TimePoint now, SocketId socket, const Token&)
{
    m_probing = false;
    host.sockets.Close(socket, false);
    link.Send(now, ProbeSeenMessage{m_probe});
}

UserDaemon::UserDaemon(DaemonSettings settings, const Mac& mac, Rng& random, TraceSink* trace)
    : m_impl(std::make_unique<Impl>(std::move(settings), mac, random, trace))
{
}

UserDaemon::~UserDaemon() = default;

void
UserDaemon::Start(TimePoint now)
{
    m_impl->Start(now);
}

void
UserDaemon::Stop(TimePoint now)
{
    m_impl->Stop(now);
    m_impl->host.over.clear();
}

void
UserDaemon::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOf(socket))
    {
        owner->OnListening(now, socket, local);
    }
    m_impl->host.over.clear();
}

SocketId
UserDaemon::Accepted(TimePoint now, SocketId listener, Endpoint, Endpoint peer)
{
    const SocketId socket = m_impl->host.sockets.Accept(listener);
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOf(socket))
    {
        owner->OnAccepted(now, listener, socket, peer);
    }
    m_impl->host.over.clear();
    return socket;
}

void
UserDaemon::Connected(TimePoint now, SocketId socket, Endpoint local)
{
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOf(socket))
    {
        owner->OnConnected(now, socket, local);
    }
    m_impl->host.over.clear();
}

void
UserDaemon::Failed(TimePoint now, SocketId socket, std::string_view why)
{
    if (SocketOwner* owner = m_impl->host.sockets.Remove(socket))
    {
        owner->OnFailed(now, socket, why);
    }
    m_impl->host.over.clear();
}

void
UserDaemon::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOf(socket))
    {
        owner->OnReceived(now, socket, bytes);
    }
    m_impl->host.over.clear();
}

void
UserDaemon::EndOfStream(TimePoint now, SocketId socket)
{
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOf(socket))
    {
        owner->OnEndOfStream(now, socket);
    }
    m_impl->host.over.clear();
}

void
UserDaemon::Sent(TimePoint now, SocketId socket, size_t bytes)
{
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOf(socket))
    {
        owner->OnSent(now, socket, bytes);
    }
}

void
UserDaemon::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOf(socket))
    {
        owner->OnDatagram(now, socket, from, bytes);
    }
    m_impl->host.over.clear();
}

void
UserDaemon::JoinEnded(TimePoint now,
                      SocketId a,
                      SocketId b,
                      uint64_t bytesFromA,
                      uint64_t bytesFromB,
                      bool reset)
{
    SocketOwner* owner = m_impl->host.sockets.Remove(a);
    (void)m_impl->host.sockets.Remove(b);
    if (owner != nullptr)
    {
        owner->OnJoinEnded(now, a, bytesFromA, bytesFromB, reset);
    }
    m_impl->host.over.clear();
}

void
UserDaemon::Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards)
{
    if (SocketOwner* owner = m_impl->host.sockets.OwnerOfRelay(relay))
    {
        owner->OnRelayed(now, relay, bytes, outwards);
    }
}

std::vector<MachineOrder>
UserDaemon::TakeOrders()
{
    return m_impl->host.sockets.TakeOrders();
}

TimePoint
UserDaemon::NextTimeout() const
{
    return m_impl->host.timers.Next();
}

void
UserDaemon::Timeout(TimePoint now)
{
    m_impl->host.timers.Run(now);
    m_impl->host.over.clear();
}

bool
UserDaemon::IsIdle() const
{
    return m_impl->host.sockets.IsEmpty() && m_impl->host.timers.Next() == TIME_NEVER;
}

void
UserDaemon::Announce(TimePoint now, const ProvidedService& service)
{
    m_impl->provider.Announce(now, service);
}

void
UserDaemon::Withdraw(TimePoint now, std::string_view service)
{
    m_impl->provider.Withdraw(now, service);
}

void
UserDaemon::Subscribe(TimePoint now, const WantedService& service)
{
    m_impl->subscriber.Subscribe(now, service);
    m_impl->host.over.clear();
}

void
UserDaemon::Unsubscribe(TimePoint now, std::string_view provider, std::string_view service)
{
    m_impl->subscriber.Unsubscribe(now, provider, service);
    m_impl->host.over.clear();
}

uint64_t
UserDaemon::List(TimePoint now)
{
    return m_impl->lister.List(now);
}

std::optional<ServiceListing>
UserDaemon::TakeListing(uint64_t request)
{
    return m_impl->lister.Take(request);
}

bool
UserDaemon::IsLoggedIn() const
{
    return m_impl->link.IsLoggedIn();
}

Reachability
UserDaemon::GetReachability() const
{
    return m_impl->reachability;
}

std::vector<WantedReport>
UserDaemon::Wanted() const
{
    return m_impl->subscriber.Report();
}

const DaemonCounters&
UserDaemon::Counters() const
{
    return m_impl->host.journal.counters;
}

size_t
UserDaemon::StateSize() const
{
    return m_impl->provider.StateSize() + m_impl->subscriber.StateSize() +
           m_impl->listenPort.StateSize() + m_impl->lister.StateSize() +
           m_impl->volunteer.StateSize();
}

} // namespace isb
