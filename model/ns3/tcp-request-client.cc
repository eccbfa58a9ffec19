// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/tcp-request-client.h"

#include "model/ns3/sim-time.h"

#include "ns3/boolean.h"
#include "ns3/inet-socket-address.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(TcpRequestClient);

TypeId
TcpRequestClient::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::TcpRequestClient")
            .SetParent<TrafficApplication>()
            .SetGroupName("Isb")
            .AddConstructor<TcpRequestClient>()
            .AddAttribute("Connections",
                          "Connections in parallel.",
                          UintegerValue(1),
                          MakeUintegerAccessor(&TcpRequestClient::m_count),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("RequestSize",
                          "Bytes of a request.",
                          UintegerValue(200),
                          MakeUintegerAccessor(&TcpRequestClient::m_requestSize),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("ResponseSize",
                          "Bytes of the response to it.",
                          UintegerValue(4096),
                          MakeUintegerAccessor(&TcpRequestClient::m_responseSize),
                          MakeUintegerChecker<uint32_t>(1))
            .AddAttribute("Requests",
                          "Requests on each connection, which is closed then; 0: until the stop.",
                          UintegerValue(0),
                          MakeUintegerAccessor(&TcpRequestClient::m_requests),
                          MakeUintegerChecker<uint32_t>())
            .AddAttribute("Pause",
                          "From a response to the next request.",
                          TimeValue(Time(0)),
                          MakeTimeAccessor(&TcpRequestClient::m_pause),
                          MakeTimeChecker(Time(0)))
            .AddAttribute("Reopen",
                          "A connection that made all its Requests is followed by a new one, after "
                          "Pause.",
                          BooleanValue(false),
                          MakeBooleanAccessor(&TcpRequestClient::m_reopen),
                          MakeBooleanChecker())
            .AddAttribute("Reconnect",
                          "From a failed connection to the next attempt; 0: none.",
                          TimeValue(Seconds(1)),
                          MakeTimeAccessor(&TcpRequestClient::m_reconnect),
                          MakeTimeChecker(Time(0)));
    return tid;
}

TcpRequestClient::TcpRequestClient() = default;

void
TcpRequestClient::SetTarget(isb::Endpoint target)
{
    m_target = target;
}

isb::Endpoint
TcpRequestClient::Target() const
{
    return m_target;
}

void
TcpRequestClient::SetTuning(Ptr<TcpTuning> tuning)
{
    m_tuning = tuning;
}

void
TcpRequestClient::DoDispose()
{
    for (Connection& connection : m_connections)
    {
        connection.timer.Cancel();
    }
    m_connections.clear();
    m_tuning = nullptr;
    TrafficApplication::DoDispose();
}

void
TcpRequestClient::StartApplication()
{
    m_running = true;
    if (m_meter)
    {
        m_meter->Start(SimulatedNow());
    }
    m_connections.resize(m_count);
    for (size_t i = 0; i < m_count; ++i)
    {
        m_connections[i].timer =
            Simulator::Schedule(m_tuning->OpeningTime(i, m_seed), &TcpRequestClient::Open, this, i);
    }
}

void
TcpRequestClient::StopApplication()
{
    m_running = false;
    for (size_t i = 0; i < m_connections.size(); ++i)
    {
        if (m_connections[i].socket)
        {
            Report("closed");
        }
        Leave(i);
    }
    if (m_meter)
    {
        m_meter->Stop(SimulatedNow());
    }
}

void
TcpRequestClient::Open(size_t index)
{
    Connection& connection = m_connections[index];
    const uint64_t life = ++m_opened;
    connection = {};
    connection.life = life;
    connection.socket = m_tuning->MakeSocket(GetNode(), m_seed + life);
    connection.openedAt = SimulatedNow();
    Report("connecting");
    const auto call = [this, index, life](auto what)
    {
        return Callback<void, Ptr<Socket>>(
            [this, index, life, what](Ptr<Socket>)
            {
                if (m_connections[index].life == life)
                {
                    what();
                }
            });
    };
    const auto failed = [this, index] { OnFailed(index); };
    connection.socket->SetConnectCallback(call([this, index] { OnConnected(index); }),
                                          call(failed));
    connection.socket->SetRecvCallback(call([this, index] { OnReadable(index); }));
    connection.socket->SetCloseCallbacks(call([this, index] { OnReadable(index); }), call(failed));
    connection.socket->SetSendCallback(Callback<void, Ptr<Socket>, uint32_t>(
        [this, index, life](Ptr<Socket>, uint32_t)
        {
            if (m_connections[index].life == life)
            {
                SendMore(index);
            }
        }));
    const InetSocketAddress any(Ipv4Address::GetAny(), 0);
    const InetSocketAddress to(Ipv4Address(m_target.address.value), m_target.port);
    if (connection.socket->ConnectFrom(any, to) != 0)
    {
        OnFailed(index);
    }
}

void
TcpRequestClient::OnConnected(size_t index)
{
    m_connections[index].connected = true;
    Report("connected");
    if (m_meter)
    {
        m_meter->SenderEstablished();
        m_meter->ReceiverEstablished();
    }
    Ask(index);
}

void
TcpRequestClient::Ask(size_t index)
{
    Connection& connection = m_connections[index];
    ++connection.asked;
    connection.askedAt = SimulatedNow();
    connection.missing = m_responseSize;
    connection.unsent = m_requestSize;
    SendMore(index);
}

void
TcpRequestClient::SendMore(size_t index)
{
    Connection& connection = m_connections[index];
    if (!connection.connected || connection.sending || connection.unsent == 0)
    {
        return;
    }
    const uint32_t bytes = std::min(connection.unsent, connection.socket->GetTxAvailable());
    if (bytes == 0)
    {
        return; // the send callback comes
    }
    connection.sending = true;
    AfterSend(bytes,
              [this, index, bytes, life = connection.life]
              {
                  Connection& later = m_connections[index];
                  if (later.life != life || !later.socket)
                  {
                      return;
                  }
                  later.sending = false;
                  if (later.socket->Send(Create<Packet>(bytes), 0) > 0)
                  {
                      later.unsent -= bytes;
                      Count(bytes, 0);
                      SendMore(index);
                  }
              });
}

void
TcpRequestClient::Count(uint32_t sent, uint32_t received)
{
    if (m_meter)
    {
        m_meter->StreamSent(sent);
        m_meter->StreamReceived(received);
    }
}

void
TcpRequestClient::OnReadable(size_t index)
{
    Connection& connection = m_connections[index];
    if (!connection.socket || connection.reading)
    {
        return;
    }
    const uint32_t bytes = std::min(connection.socket->GetRxAvailable(), ChunkLimit());
    if (bytes > 0)
    {
        connection.reading = true;
        AfterReceive(bytes,
                     [this, index, bytes, life = connection.life]
                     {
                         if (m_connections[index].life == life && m_connections[index].socket)
                         {
                             Read(index, bytes);
                         }
                     });
    }
    else if (connection.socket->HasPeerFinished())
    {
        OnFailed(index); // the server owes an answer, or left before the client
    }
}

void
TcpRequestClient::Read(size_t index, uint32_t bytes)
{
    Connection& connection = m_connections[index];
    connection.reading = false;
    const Ptr<Packet> data = connection.socket->Recv(bytes, 0);
    const uint32_t size = data ? data->GetSize() : 0;
    if (size > 0 && !connection.gotByte)
    {
        connection.gotByte = true;
        Report("first-byte");
        if (m_meter)
        {
            m_meter->FirstByte(SimulatedNow() - connection.openedAt);
        }
    }
    Count(0, size);
    const bool whole = connection.missing > 0 && size >= connection.missing;
    connection.missing -= std::min<uint64_t>(size, connection.missing);
    if (whole)
    {
        OnResponse(index);
    }
    OnReadable(index);
}

void
TcpRequestClient::OnResponse(size_t index)
{
    Connection& connection = m_connections[index];
    if (m_meter)
    {
        m_meter->RoundTrip(SimulatedNow() - connection.askedAt);
        m_meter->Completed();
    }
    if (m_requests != 0 && connection.asked == m_requests)
    {
        Report("closed");
        Leave(index);
        if (m_reopen)
        {
            OpenIn(index, m_pause);
        }
        return;
    }
    if (m_pause.IsZero())
    {
        Ask(index);
        return;
    }
    connection.timer = Simulator::Schedule(m_pause, &TcpRequestClient::Ask, this, index);
}

void
TcpRequestClient::OnFailed(size_t index)
{
    const Connection& connection = m_connections[index];
    const bool reset = connection.socket->GetErrno() == Socket::ERROR_NOTCONN;
    Report("failed",
           connection.socket->HasPeerFinished() ? "client.closed-by-server"
           : !reset                             ? "client.timed-out"
           : connection.connected               ? "client.reset"
                                                : "client.refused");
    if (m_meter)
    {
        m_meter->Failed();
    }
    Leave(index);
    if (!m_reconnect.IsZero())
    {
        OpenIn(index, m_reconnect);
    }
}

void
TcpRequestClient::OpenIn(size_t index, Time wait)
{
    if (m_running)
    {
        m_connections[index].timer =
            Simulator::Schedule(wait, &TcpRequestClient::Open, this, index);
    }
}

void
TcpRequestClient::Leave(size_t index)
{
    Connection& connection = m_connections[index];
    connection.timer.Cancel();
    if (connection.socket)
    {
        const Ptr<IstTcpSocket> socket = connection.socket;
        const bool connected = connection.connected;
        connection = {};
        // Who called us may be this very socket, which then goes on with its own affairs.
        Simulator::ScheduleNow([socket] {});
        if (connected)
        {
            socket->Close();
        }
        else
        {
            socket->Abort();
        }
    }
}

void
TcpRequestClient::Report(std::string_view state, std::string_view why)
{
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = isb::TraceKind::ClientState;
    event.flow.protocol = isb::Protocol::Tcp;
    event.flow.destination = m_target;
    event.to = state;
    event.reason = why;
    m_trace.Emit(event);
}

} // namespace ns3
