// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/daemon/daemon-fixture.h"

#include "model/wire/service-preface.h"

#include <utility>

namespace isb::test
{

const Endpoint DaemonFixture::BROKER{Ipv4{0xc6336401}, 7470};
const Endpoint DaemonFixture::OWN{Ipv4{0x0a000002}, 40000};
const Endpoint DaemonFixture::IST_SIDE{Ipv4{0xc6336414}, 20000};
const Endpoint DaemonFixture::PEER{Ipv4{0xcb007105}, 7471};

void
DaemonTrace::Emit(const TraceEvent& event)
{
    events.push_back(DaemonEvent{event.when,
                                 event.kind,
                                 std::string(event.from),
                                 std::string(event.to),
                                 std::string(event.reason),
                                 std::string(event.user),
                                 std::string(event.peer),
                                 std::string(event.service),
                                 std::string(event.path),
                                 std::string(event.method),
                                 std::string(event.ist),
                                 event.id,
                                 event.connection});
}

std::string
DaemonTrace::Story(TraceKind kind) const
{
    std::string story;
    for (const DaemonEvent& event : events)
    {
        if (event.kind == kind)
        {
            story += story.empty() ? "" : " ";
            story += event.to;
            story += event.reason.empty() ? "" : ":" + event.reason;
        }
    }
    return story;
}

DaemonFixture::DaemonFixture()
{
    settings.user = "ann";
    settings.secret = "secret of ann";
    settings.broker = BROKER;
}

void
DaemonFixture::Start()
{
    m_sockets.clear();
    m_toAnswer.clear();
    m_datagrams.clear();
    m_relays.clear();
    m_heard.clear();
    m_deframer.reset();
    m_isb = 0;
    daemon = std::make_unique<UserDaemon>(settings, mac, random, &trace);
    daemon->Start(now);
    Drain();
}

void
DaemonFixture::LogIn(Duration helloInterval)
{
    const SocketId socket = SocketTo(BROKER);
    ASSERT_NE(socket, 0U);
    m_isb = socket;
    m_told = 0;
    m_deframer = std::make_unique<IsbDeframer>();
    Connected(socket);
    Tell(HelloMessage{TokenOf(9), OWN, "isb"});
    Tell(LoggedInMessage{++m_session, helloInterval});
}

void
DaemonFixture::LogInAndSubscribe()
{
    LogIn();
    uint64_t subscription = 1000;
    while (HasHeard<SubscribeMessage>())
    {
        const auto subscribe = Heard<SubscribeMessage>();
        Protocol protocol = Protocol::Tcp;
        for (const WantedService& wanted : settings.wants)
        {
            if (wanted.provider == subscribe.provider && wanted.service == subscribe.service)
            {
                protocol = wanted.protocol;
            }
        }
        Tell(SubscribedMessage{subscribe.request, subscription++, protocol});
    }
}

void
DaemonFixture::StartStanding()
{
    Start();
    LogInAndSubscribe();
}

void
DaemonFixture::Tell(IsbMessage message)
{
    Receive(m_isb, EncodeFrame(IsbFrame{++m_told, std::move(message)}));
}

std::string
DaemonFixture::HeardNames()
{
    std::string names;
    for (const IsbMessage& message : std::exchange(m_heard, {}))
    {
        names += names.empty() ? "" : " ";
        names += NameOf(message);
    }
    return names;
}

void
DaemonFixture::Advance(Duration duration)
{
    const TimePoint end = now + duration;
    while (daemon->NextTimeout() <= end)
    {
        now = std::max(now, daemon->NextTimeout());
        daemon->Timeout(now);
        Drain();
    }
    now = end;
    Drain();
}

SocketId
DaemonFixture::IsbSocket() const
{
    const auto found = m_sockets.find(m_isb);
    return found == m_sockets.end() || found->second.closed ? 0 : m_isb;
}

SocketId
DaemonFixture::SocketTo(const Endpoint& to) const
{
    for (auto entry = m_sockets.rbegin(); entry != m_sockets.rend(); ++entry)
    {
        if (!entry->second.closed && !entry->second.listener && entry->second.to == to)
        {
            return entry->first;
        }
    }
    return 0;
}

SocketId
DaemonFixture::ListenerAt(Protocol protocol, uint16_t port) const
{
    for (auto entry = m_sockets.rbegin(); entry != m_sockets.rend(); ++entry)
    {
        const DaemonSocket& socket = entry->second;
        if (!socket.closed && socket.listener && socket.protocol == protocol &&
            socket.from.port == port)
        {
            return entry->first;
        }
    }
    return 0;
}

const DaemonSocket&
DaemonFixture::At(SocketId socket) const
{
    static const DaemonSocket none;
    const auto found = m_sockets.find(socket);
    if (found == m_sockets.end())
    {
        ADD_FAILURE() << "no socket " << socket;
        return none;
    }
    return found->second;
}

size_t
DaemonFixture::OpenSockets() const
{
    size_t open = 0;
    for (const auto& [id, socket] : m_sockets)
    {
        open += socket.closed ? 0 : 1;
    }
    return open;
}

bool
DaemonFixture::IsOpen(SocketId socket) const
{
    const auto found = m_sockets.find(socket);
    return found != m_sockets.end() && !found->second.closed;
}

void
DaemonFixture::Connected(SocketId socket)
{
    DaemonSocket& known = m_sockets[socket];
    known.up = true;
    known.local = Endpoint{OWN.address, known.from.port != 0 ? known.from.port : ++m_lastPort};
    daemon->Connected(now, socket, known.local);
    Drain();
}

void
DaemonFixture::Failed(SocketId socket)
{
    m_sockets[socket].closed = true;
    daemon->Failed(now, socket, "connection refused");
    Drain();
}

void
DaemonFixture::Receive(SocketId socket, const std::vector<uint8_t>& bytes)
{
    daemon->Received(now, socket, bytes);
    Drain();
}

void
DaemonFixture::Receive(SocketId socket, const std::string& text)
{
    Receive(socket, std::vector<uint8_t>(text.begin(), text.end()));
}

void
DaemonFixture::EndOfStream(SocketId socket)
{
    daemon->EndOfStream(now, socket);
    Drain();
}

void
DaemonFixture::Datagram(SocketId socket, const Endpoint& from, const std::vector<uint8_t>& bytes)
{
    daemon->Datagram(now, socket, from, bytes);
    Drain();
}

SocketId
DaemonFixture::Client(uint16_t localPort)
{
    const SocketId listener = ListenerAt(Protocol::Tcp, localPort);
    const Endpoint local{Ipv4{0x7f000001}, localPort};
    const Endpoint peer{local.address, ++m_lastPort};
    const SocketId client = daemon->Accepted(now, listener, local, peer);
    m_sockets[client].up = true;
    Drain();
    return client;
}

SocketId
DaemonFixture::Stranger()
{
    const SocketId listener = ListenerAt(Protocol::Tcp, settings.listenPort);
    const SocketId socket = daemon->Accepted(now,
                                             listener,
                                             Endpoint{OWN.address, settings.listenPort},
                                             Endpoint{PEER.address, ++m_lastPort});
    m_sockets[socket].up = true;
    Drain();
    return socket;
}

void
DaemonFixture::EndJoin(SocketId a, uint64_t fromA, uint64_t fromB, bool reset)
{
    const SocketId b = At(a).joined;
    m_sockets[a].closed = true;
    m_sockets[b].closed = true;
    daemon->JoinEnded(now, a, b, fromA, fromB, reset);
    Drain();
}

std::vector<SentDatagram>
DaemonFixture::TakeDatagrams()
{
    return std::exchange(m_datagrams, {});
}

std::vector<RelayOrder>
DaemonFixture::TakeRelays()
{
    return std::exchange(m_relays, {});
}

std::string
DaemonFixture::Text(SocketId socket) const
{
    const std::vector<uint8_t>& sent = At(socket).sent;
    return {sent.begin(), sent.end()};
}

std::vector<uint8_t>
DaemonFixture::Preface(const Token& token)
{
    const auto bytes = MakeServicePreface(token);
    return {bytes.begin(), bytes.end()};
}

Token
DaemonFixture::TokenOf(uint8_t byte)
{
    Token token;
    token.fill(byte);
    return token;
}

InstructMessage
DaemonFixture::Translated(uint64_t request, uint64_t connection)
{
    InstructMessage instruct;
    instruct.request = request;
    instruct.connection = connection;
    instruct.attempt = 1;
    instruct.path = ServicePath::Translated;
    instruct.method = ForwardingMethod::Passive;
    instruct.role = ConnectRole::Connect;
    instruct.target = IST_SIDE;
    instruct.sendToken = TokenOf(0x11);
    instruct.expectToken = TokenOf(0x22);
    instruct.ist = "near";
    instruct.patience = std::chrono::seconds(20);
    return instruct;
}

WantedReport
DaemonFixture::Report() const
{
    const std::vector<WantedReport> reports = daemon->Wanted();
    return reports.empty() ? WantedReport{} : reports.front();
}

void
DaemonFixture::ExpectNothingLeft()
{
    EXPECT_EQ(daemon->StateSize(), 0U);
    daemon->Stop(now);
    Drain();
    EXPECT_TRUE(daemon->IsIdle());
    EXPECT_EQ(OpenSockets(), 0U);
    EXPECT_EQ(daemon->StateSize(), 0U);
}

void
DaemonFixture::Drain()
{
    for (;;)
    {
        const std::vector<MachineOrder> orders = daemon->TakeOrders();
        for (const MachineOrder& order : orders)
        {
            Do(order);
        }
        if (m_toAnswer.empty())
        {
            return;
        }
        const SocketId socket = m_toAnswer.front();
        m_toAnswer.pop_front();
        Answer(socket);
    }
}

void
DaemonFixture::Answer(SocketId socket)
{
    DaemonSocket& known = m_sockets[socket];
    if (known.closed)
    {
        return;
    }
    if (refused.count({known.protocol, known.from.port}) != 0)
    {
        known.closed = true;
        daemon->Failed(now, socket, "address already in use");
        return;
    }
    known.up = true;
    known.local = known.from;
    if (known.local.port == 0)
    {
        known.local.port = ++m_lastPort;
    }
    daemon->Listening(now, socket, known.local);
}

void
DaemonFixture::Do(const MachineOrder& order)
{
    if (const auto* listen = std::get_if<ListenOrder>(&order))
    {
        DaemonSocket& socket = m_sockets[listen->socket];
        socket.listener = true;
        socket.protocol = listen->protocol;
        socket.from = listen->local;
        if (answerListens)
        {
            m_toAnswer.push_back(listen->socket);
        }
    }
    else if (const auto* connect = std::get_if<ConnectOrder>(&order))
    {
        m_sockets[connect->socket].from = connect->from;
        m_sockets[connect->socket].to = connect->to;
    }
    else if (const auto* read = std::get_if<ReadOrder>(&order))
    {
        EXPECT_FALSE(At(read->socket).closed);
        m_sockets[read->socket].read = read->bytes;
    }
    else if (const auto* send = std::get_if<SendOrder>(&order))
    {
        DaemonSocket& socket = m_sockets[send->socket];
        EXPECT_FALSE(socket.closed);
        socket.sent.insert(socket.sent.end(), send->bytes.begin(), send->bytes.end());
        if (send->socket == m_isb && m_deframer)
        {
            m_deframer->Push(send->bytes);
            while (auto frame = m_deframer->Next())
            {
                m_heard.push_back(std::move(frame->message));
            }
            EXPECT_EQ(m_deframer->Fault(), IsbCode::None);
        }
    }
    else if (const auto* sendTo = std::get_if<SendToOrder>(&order))
    {
        EXPECT_FALSE(At(sendTo->socket).closed);
        m_datagrams.push_back(SentDatagram{sendTo->socket, sendTo->to, sendTo->bytes});
    }
    else if (const auto* join = std::get_if<JoinOrder>(&order))
    {
        EXPECT_TRUE(At(join->a).up && !At(join->a).closed);
        EXPECT_TRUE(At(join->b).up && !At(join->b).closed);
        m_sockets[join->a].joined = join->b;
        m_sockets[join->b].joined = join->a;
    }
    else if (const auto* relay = std::get_if<RelayOrder>(&order))
    {
        EXPECT_FALSE(At(relay->inner).closed);
        EXPECT_FALSE(At(relay->outer).closed);
        m_relays.push_back(*relay);
    }
    else if (const auto* close = std::get_if<CloseOrder>(&order))
    {
        DaemonSocket& socket = m_sockets[close->socket];
        EXPECT_FALSE(socket.closed) << "closed twice: " << close->socket;
        socket.closed = true;
        socket.reset = close->reset;
    }
}

} // namespace isb::test
