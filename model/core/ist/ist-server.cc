// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-server.h"

#include "model/core/ist/ist-session.h"
#include "model/core/ist/nearness-echo.h"
#include "model/core/ist/splice-desk.h"
#include "model/core/machine/probe-sender.h"

#include <algorithm>
#include <utility>

namespace isb
{

class IstServer::Impl
{
  public:
    Impl(IstServerSettings wanted, const Mac& mac, Rng& random, TraceSink* traceSink)
        : settings(std::move(wanted)),
          trace(traceSink),
          session(settings, mac, random, trace, outbox),
          desk(settings, random, trace, session),
          echo(settings.pingPort),
          probes([this] { return ++outbox.lastSocket; }, outbox.orders)
    {
    }

    void Start(TimePoint now);
    void Stop(TimePoint now);
    void Read(TimePoint now);
    void SessionChanged(TimePoint now);
    void Timeout(TimePoint now);
    void Echo(TimePoint now, const Endpoint& from, ByteView bytes);

    const IstServerSettings settings;
    TraceSink* trace;
    IstOutbox outbox;
    IstSession session;
    SpliceDesk desk;
    NearnessEcho echo;
    ProbeSender probes;       ///< of the NAT test
    SocketId pingSocket = 0;  ///< 0: none
    uint16_t controlPort = 0; ///< own port of the session's connection, reserved; 0: none
    uint64_t drops = 0;       ///< of the carriers

  private:
    void OnMessage(TimePoint now, const IsbMessage& message);
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
    probes.Stop();
    desk.CancelAll();
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
        desk.book.SetOwnPort(controlPort, port);
        controlPort = port;
    }
    desk.TellWaiting(now);
    if (session.TakeHelloDue(now))
    {
        session.Send(now, PingMessage{});
        LoadMessage load;
        load.splices = static_cast<uint32_t>(desk.book.Size());
        load.forwardedBytes = desk.forwardedBytes;
        load.drops = drops;
        session.Send(now, load);
    }
}

void
IstServer::Impl::OnMessage(TimePoint now, const IsbMessage& message)
{
    if (const auto* request = std::get_if<SpliceRequestMessage>(&message))
    {
        desk.OnRequest(now, *request);
    }
    else if (const auto* cancel = std::get_if<SpliceCancelMessage>(&message))
    {
        desk.Cancel(cancel->splice);
    }
    else if (const auto* order = std::get_if<ProbeOrderMessage>(&message);
             order != nullptr && settings.sendsProbes)
    {
        (void)probes.Send(now, *order, {});
    }
    else
    {
        session.Refuse(now, IsbCode::BadState);
    }
}

void
IstServer::Impl::Timeout(TimePoint now)
{
    session.Timeout(now);
    SessionChanged(now);
    desk.Timeout(now);
    probes.Timeout(now);
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
        event.flow = {Protocol::Udp, from, {desk.Address(), settings.pingPort}};
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
IstServer::Listening(TimePoint now, SocketId socket, Endpoint)
{
    if (m_impl->probes.Owns(socket))
    {
        m_impl->probes.Listening(now, socket);
    }
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
    else if (m_impl->probes.Owns(socket))
    {
        m_impl->probes.Connected(socket);
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
    else if (m_impl->probes.Owns(socket))
    {
        m_impl->probes.Failed(socket);
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
    return std::exchange(m_impl->desk.orders, {});
}

TimePoint
IstServer::NextTimeout() const
{
    return std::min({m_impl->session.NextTimeout(),
                     m_impl->desk.book.NextTimeout(),
                     m_impl->probes.NextTimeout()});
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
           m_impl->pingSocket == 0 && m_impl->desk.book.Size() == 0 && m_impl->probes.Size() == 0;
}

void
IstServer::CarrierOpened(TimePoint now, uint64_t splice, bool opened, std::string_view why)
{
    m_impl->desk.CarrierOpened(now, splice, opened, why);
}

void
IstServer::CarrierNotice(TimePoint now, uint64_t splice, const CarrierNews& news)
{
    m_impl->desk.CarrierNotice(now, splice, news);
}

void
IstServer::CarrierLoad(uint64_t drops)
{
    m_impl->drops = drops;
}

bool
IstServer::IsRegistered() const
{
    return m_impl->session.IsRegistered();
}

size_t
IstServer::Splices() const
{
    return m_impl->desk.book.Size();
}

size_t
IstServer::StateSize() const
{
    return m_impl->desk.book.Size() + m_impl->desk.book.PortsTaken() + m_impl->probes.Size();
}

} // namespace isb
