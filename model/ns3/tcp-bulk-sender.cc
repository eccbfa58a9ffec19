// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/tcp-bulk-sender.h"

#include "model/ns3/sim-time.h"

#include "ns3/inet-socket-address.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/uinteger.h"

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
                                          MakeUintegerChecker<uint32_t>(1, 131072));
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
        MakeNullCallback<void, Ptr<Socket>>());
    socket->SetSendCallback(Callback<void, Ptr<Socket>, uint32_t>(
        [this, index](Ptr<Socket>, uint32_t) { Fill(index); }));
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
        connection.socket->Close();
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
    Fill(index);
}

void
TcpBulkSender::Fill(size_t index)
{
    Connection& connection = m_connections[index];
    if (m_running && connection.connected && !connection.calling &&
        connection.socket->GetTxAvailable() >= m_writeSize)
    {
        connection.calling = true;
        AfterSend(m_writeSize, [this, index] { Write(index); });
    }
}

void
TcpBulkSender::Write(size_t index)
{
    Connection& connection = m_connections[index];
    connection.calling = false;
    if (m_running && connection.socket->Send(Create<Packet>(m_writeSize)) > 0)
    {
        connection.written += m_writeSize;
        Fill(index);
    }
}

} // namespace ns3
