// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/isb/broker-fixture.h"

#include "model/wire/service-preface.h"

#include <algorithm>
#include <utility>

namespace isb
{

void
KeptTrace::Emit(const TraceEvent& event)
{
    events.push_back({event.kind,
                      event.when,
                      std::string(event.from),
                      std::string(event.to),
                      std::string(event.reason),
                      std::string(event.user),
                      std::string(event.peer),
                      std::string(event.service),
                      std::string(event.path),
                      std::string(event.method),
                      std::string(event.ist),
                      std::string(event.detail),
                      event.connection,
                      event.splice});
    lines += ToJson(event, "isb") + "\n";
}

std::string
KeptTrace::StatesOf(TraceKind kind, uint64_t connection) const
{
    std::string text;
    for (const KeptEvent& event : events)
    {
        if (event.kind == kind && (connection == 0 || event.connection == connection))
        {
            text += (text.empty() ? "" : ">") + event.to;
        }
    }
    return text;
}

KeptEvent
KeptTrace::First(TraceKind kind) const
{
    const auto place = std::find_if(events.begin(),
                                    events.end(),
                                    [kind](auto& event) { return event.kind == kind; });
    return place == events.end() ? KeptEvent{} : *place;
}

KeptEvent
KeptTrace::Last(TraceKind kind) const
{
    const auto place = std::find_if(events.rbegin(),
                                    events.rend(),
                                    [kind](auto& event) { return event.kind == kind; });
    return place == events.rend() ? KeptEvent{} : *place;
}

Endpoint
At(const std::string& address, uint16_t port)
{
    return {*Ipv4::Parse(address), port};
}

BrokerFixture::BrokerFixture(IsbSettings change)
    : settings(std::move(change))
{
    for (const char* user : {"ann", "bob", "eve", "joe"})
    {
        settings.profiles[user].secret = std::string("secret of ") + user;
    }
    for (const char* ist : {"ist", "far", "near"})
    {
        settings.profiles[ist].secret = std::string("secret of ") + ist;
        settings.profiles[ist].mayBeIst = true;
    }
    Restart();
}

void
BrokerFixture::Restart(uint64_t seed)
{
    peers.clear();
    probes.clear();
    datagrams.clear();
    random = std::make_unique<SeededRng>(seed);
    broker = std::make_unique<IsbBroker>(settings, mac, *random, &trace);
    broker->Start(now);
    Drain();
}

void
BrokerFixture::Drain()
{
    for (const MachineOrder& order : broker->TakeOrders())
    {
        if (const auto* listen = std::get_if<ListenOrder>(&order))
        {
            if (listen->protocol == Protocol::Tcp)
            {
                listener = listen->socket;
            }
            broker->Listening(now, listen->socket, listen->local);
        }
        else if (const auto* sendTo = std::get_if<SendToOrder>(&order))
        {
            datagrams.push_back(*sendTo);
        }
        else if (const auto* connect = std::get_if<ConnectOrder>(&order))
        {
            probes.push_back(*connect);
        }
        else if (const auto* send = std::get_if<SendOrder>(&order))
        {
            const auto peer = peers.find(send->socket);
            if (peer == peers.end())
            {
                probeBytes[send->socket] = send->bytes;
                continue;
            }
            if (!peer->second->reads)
            {
                continue;
            }
            broker->Sent(now, send->socket, send->bytes.size());
            peer->second->deframer.Push({send->bytes.data(), send->bytes.size()});
            while (std::optional<IsbFrame> frame = peer->second->deframer.Next())
            {
                peer->second->inbox.push_back(std::move(frame->message));
            }
            EXPECT_EQ(peer->second->deframer.Fault(), IsbCode::None);
        }
        else if (const auto* close = std::get_if<CloseOrder>(&order))
        {
            const auto peer = peers.find(close->socket);
            if (peer != peers.end())
            {
                peer->second->closed = true;
                peer->second->reset = close->reset;
            }
        }
    }
}

BrokerPeer&
BrokerFixture::Connect(const std::string& address)
{
    auto created = std::make_unique<BrokerPeer>();
    BrokerPeer& peer = *created;
    peer.address = At(address, nextPort++);
    peer.socket = broker->Accepted(now, listener, At("198.51.100.1", settings.port), peer.address);
    peers.emplace(peer.socket, std::move(created));
    Drain();
    return peer;
}

void
BrokerFixture::Say(BrokerPeer& peer, IsbMessage message)
{
    SayBytes(peer, EncodeFrame({++peer.sent, std::move(message)}));
}

void
BrokerFixture::SayBytes(BrokerPeer& peer, const std::vector<uint8_t>& bytes)
{
    broker->Received(now, peer.socket, {bytes.data(), bytes.size()});
    Drain();
}

void
BrokerFixture::Vanish(BrokerPeer& peer)
{
    broker->Failed(now, peer.socket, "reset");
    peer.closed = true;
    Drain();
}

void
BrokerFixture::Bye(BrokerPeer& peer)
{
    Say(peer, ByeMessage{});
}

LoginMessage
BrokerFixture::MakeLogin(BrokerPeer& peer, const std::string& name, const LoginOptions& options)
{
    peer.name = name;
    LoginMessage login;
    login.name = name;
    login.proof = mac.Compute("secret of " + name, Take<HelloMessage>(peer).challenge);
    login.local = options.reachable ? peer.address : At("192.168.1.2", peer.address.port);
    login.listenPort = options.listenPort;
    login.canChoosePort = options.canChoosePort;
    login.bootId = options.bootId;
    return login;
}

BrokerPeer&
BrokerFixture::User(const std::string& name,
                    const std::string& address,
                    const LoginOptions& options)
{
    BrokerPeer& peer = Connect(address);
    Say(peer, MakeLogin(peer, name, options));
    Take<LoggedInMessage>(peer);
    Take<IstListMessage>(peer);
    if (options.reachable)
    {
        broker->Connected(now, probes.back().socket, At("198.51.100.1", 50'000));
        Drain();
        Say(peer, ProbeSeenMessage{Take<ProbeMessage>(peer).token});
    }
    const Reachability expected = options.reachable ? Reachability::Public : Reachability::Private;
    EXPECT_EQ(Take<NatStatusMessage>(peer).reachability, expected);
    return peer;
}

BrokerPeer&
BrokerFixture::Ist(const std::string& name, const std::string& address, const IstOptions& options)
{
    BrokerPeer& peer = Connect(address);
    LoginMessage login = MakeLogin(peer, name);
    login.role = IsbRole::Ist;
    login.bootId = options.bootId;
    login.ist.methods = options.methods;
    login.ist.capacity = options.capacity;
    login.ist.pingPort = 7472;
    Say(peer, login);
    Take<LoggedInMessage>(peer);
    return peer;
}

void
BrokerFixture::Announce(BrokerPeer& provider, const std::string& service, Protocol protocol)
{
    ServiceRecord record;
    record.name = service;
    record.protocol = protocol;
    Say(provider, AnnounceMessage{nextRequest++, record});
    Take<AnnouncedMessage>(provider);
}

uint64_t
BrokerFixture::Subscribe(BrokerPeer& subscriber, BrokerPeer& provider, const std::string& service)
{
    Say(subscriber, SubscribeMessage{nextRequest++, provider.name, service});
    const auto offer = Take<OfferMessage>(provider);
    Say(provider, AnswerMessage{offer.subscription, true});
    return Take<SubscribedMessage>(subscriber).subscription;
}

PrepareMessage
BrokerFixture::AnswerPrepare(BrokerPeer& provider, uint16_t listenPort)
{
    const auto prepare = Take<PrepareMessage>(provider);
    Say(provider, ReadyMessage{prepare.connection, prepare.attempt, listenPort, 0});
    return prepare;
}

SpliceRequestMessage
BrokerFixture::AnswerSplice(BrokerPeer& ist)
{
    const auto request = Take<SpliceRequestMessage>(ist);
    SpliceReadyMessage ready{request.splice,
                             request.method,
                             {ist.address.address, 20'000},
                             {ist.address.address, 20'001}};
    if (request.method == ForwardingMethod::Pure)
    {
        // The first side's port is given; the second side's is the first side's source port.
        Endpoint& second = request.providerFirst ? ready.subscriber : ready.provider;
        Endpoint& first = request.providerFirst ? ready.provider : ready.subscriber;
        first.port = 20'000;
        second.port = request.portB;
    }
    Say(ist, ready);
    return request;
}

void
BrokerFixture::Report(BrokerPeer& user,
                      const InstructMessage& instruct,
                      ConnectionPhase phase,
                      IsbCode code)
{
    Say(user, StatusMessage{instruct.connection, instruct.attempt, phase, code});
}

void
BrokerFixture::Advance(Duration time)
{
    const TimePoint end = now + time;
    while (broker->NextTimeout() <= end)
    {
        now = std::max(now, broker->NextTimeout());
        broker->Timeout(now);
        Drain();
    }
    now = end;
}

void
BrokerFixture::AdvanceAlive(Duration time, const std::vector<BrokerPeer*>& alive)
{
    const Duration step = settings.istHelloInterval;
    for (Duration left = time; left.count() > 0; left -= step)
    {
        Advance(std::min(left, step));
        for (BrokerPeer* peer : alive)
        {
            Say(*peer, PingMessage{1});
        }
    }
}

} // namespace isb
