// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/tcp-bulk-sender.h"

#include "model/ns3/sim-time.h"

#include "ns3/inet-socket-address.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(TcpBulkSender);

TypeId
TcpBulkSender::GetTypeId()
{
    static TypeId tid = TypeId("ns3::TcpBulkSender")
                            .SetParent<TrafficApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<TcpBulkSender>()
                            .AddAttribute("WriteSize",
                                          "Bytes of one sending system call.",
                                          UintegerValue(8192),
                                          MakeUintegerAccessor(&TcpBulkSender::m_writeSize),
                                          MakeUintegerChecker<uint32_t>(1, 131072))
                            .AddAttribute("TotalBytes",
                                          "Bytes after which a connection is closed; 0: it sends "
                                          "until the stop.",
                                          UintegerValue(0),
                                          MakeUintegerAccessor(&TcpBulkSender::m_totalBytes),
                                          MakeUintegerChecker<uint64_t>());
    return tid;
}

TcpBulkSender::TcpBulkSender() = default;

void
TcpBulkSender::SetPlans(std::vector<TcpPlan> plans)
{
    m_plans = std::move(plans);
}

void
TcpBulkSender::SetTuning(Ptr<TcpTuning> tuning)
{
    m_tuning = tuning;
}

const std::vector<TcpPlan>&
TcpBulkSender::Plans() const
{
    return m_plans;
}

void
TcpBulkSender::DoDispose()
{
    m_connections.clear();
    m_tuning = nullptr;
    TrafficApplication::DoDispose();
}

void
TcpBulkSender::StartApplication()
{
    m_running = true;
    m_meter->Start(SimulatedNow());
    m_connections.resize(m_plans.size());
    for (size_t i = 0; i < m_plans.size(); ++i)
    {
        m_opening.push_back(
            Simulator::Schedule(m_tuning->OpeningTime(i, m_seed), &TcpBulkSender::Open, this, i));
    }
}

void
TcpBulkSender::Open(size_t index)
{
    Ptr<Socket> socket = m_tuning->MakeSocket(GetNode(), m_seed + index);
    m_connections[index].socket = socket;
    socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), m_plans[index].localPort));
    socket->SetConnectCallback(
        Callback<void, Ptr<Socket>>([this, index](Ptr<Socket>) { OnConnected(index); }),
        Callback<void, Ptr<Socket>>([this, index](Ptr<Socket>)
                                    { OnFailed(index, "connection refused or timed out"); }));
    socket->SetCloseCallbacks(
        MakeNullCallback<void, Ptr<Socket>>(),
        Callback<void, Ptr<Socket>>([this, index](Ptr<Socket>)
                                    { OnFailed(index, "connection reset"); }));
    socket->SetSendCallback(Callback<void, Ptr<Socket>, uint32_t>(
        [this, index](Ptr<Socket>, uint32_t) { Fill(index); }));
    Report("connecting");
    socket->Connect(ToAddress(m_plans[index].target));
    socket->ShutdownRecv();
}

void
TcpBulkSender::StopApplication()
{
    m_running = false;
    for (EventId& event : m_opening)
    {
        event.Cancel();
    }
    for (Connection& connection : m_connections)
    {
        if (!connection.socket)
        {
            continue; // not opened yet
        }
        m_meter->StreamSent(connection.written - Unacknowledged(connection.socket));
        if (!connection.over)
        {
            connection.over = true;
            connection.socket->Close();
        }
    }
    m_meter->Stop(SimulatedNow());
}

uint64_t
TcpBulkSender::Unacknowledged(Ptr<Socket> socket)
{
    UintegerValue buffer;
    socket->GetAttribute("SndBufSize", buffer);
    return buffer.Get() - socket->GetTxAvailable();
}

void
TcpBulkSender::OnConnected(size_t index)
{
    m_connections[index].connected = true;
    m_meter->SenderEstablished();
    Report("connected");
    Fill(index);
}

void
TcpBulkSender::Fill(size_t index)
{
    Connection& connection = m_connections[index];
    const uint32_t size = NextSize(connection);
    if (m_running && connection.connected && !connection.over && !connection.calling &&
        connection.socket->GetTxAvailable() >= size)
    {
        connection.calling = true;
        AfterSend(size, [this, index] { Write(index); });
    }
}

uint32_t
TcpBulkSender::NextSize(const Connection& connection) const
{
    return m_totalBytes == 0
               ? m_writeSize
               : static_cast<uint32_t>(
                     std::min<uint64_t>(m_writeSize, m_totalBytes - connection.written));
}

Ptr<Packet>
TcpBulkSender::NextBytes(const Connection& connection, uint32_t bytes) const
{
    const uint32_t number = m_meter->Number();
    const std::array<uint8_t, 4> whose = {static_cast<uint8_t>(number >> 24),
                                          static_cast<uint8_t>(number >> 16),
                                          static_cast<uint8_t>(number >> 8),
                                          static_cast<uint8_t>(number)};
    if (connection.written != 0 || bytes < whose.size())
    {
        return Create<Packet>(bytes);
    }
    Ptr<Packet> packet = Create<Packet>(whose.data(), static_cast<uint32_t>(whose.size()));
    packet->AddAtEnd(Create<Packet>(bytes - static_cast<uint32_t>(whose.size())));
    return packet;
}

void
TcpBulkSender::Write(size_t index)
{
    Connection& connection = m_connections[index];
    connection.calling = false;
    const uint32_t size = NextSize(connection);
    if (!m_running || connection.over || connection.socket->Send(NextBytes(connection, size)) <= 0)
    {
        return;
    }
    connection.written += size;
    if (connection.written == m_totalBytes)
    {
        connection.over = true;
        connection.socket->Close();
        Report("closed");
        return;
    }
    Fill(index);
}

void
TcpBulkSender::OnFailed(size_t index, std::string_view why)
{
    if (!m_running)
    {
        return;
    }
    m_connections[index].over = true;
    m_meter->Failed();
    Report("failed", why);
}

void
TcpBulkSender::Report(std::string_view state, std::string_view why)
{
    isb::TraceEvent event;
    event.when = SimulatedNow();
    event.kind = isb::TraceKind::ClientState;
    event.to = state;
    event.reason = why;
    m_trace.Emit(event);
}

} // namespace ns3
