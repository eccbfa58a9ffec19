// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/tcp-bulk-receiver.h"

#include "ns3/inet-socket-address.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <algorithm>
#include <array>
#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(TcpBulkReceiver);

TypeId
TcpBulkReceiver::GetTypeId()
{
    static TypeId tid = TypeId("ns3::TcpBulkReceiver")
                            .SetParent<TrafficApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<TcpBulkReceiver>()
                            .AddAttribute("ReadSize",
                                          "Most bytes of one receiving system call.",
                                          UintegerValue(8192),
                                          MakeUintegerAccessor(&TcpBulkReceiver::m_readSize),
                                          MakeUintegerChecker<uint32_t>(1, 131072))
                            .AddAttribute("TotalBytes",
                                          "A stream of so many bytes that ends in good order "
                                          "counts as complete; 0: none does.",
                                          UintegerValue(0),
                                          MakeUintegerAccessor(&TcpBulkReceiver::m_totalBytes),
                                          MakeUintegerChecker<uint64_t>());
    return tid;
}

TcpBulkReceiver::TcpBulkReceiver() = default;

void
TcpBulkReceiver::SetPort(uint16_t port)
{
    m_port = port;
}

void
TcpBulkReceiver::SetPlans(std::vector<TcpPlan> plans)
{
    m_plans = std::move(plans);
}

void
TcpBulkReceiver::SetTuning(Ptr<TcpTuning> tuning)
{
    m_tuning = tuning;
}

void
TcpBulkReceiver::AddMeter(Ptr<FlowMeter> meter)
{
    m_meters[meter->Number()] = meter;
}

void
TcpBulkReceiver::DoDispose()
{
    m_connections.clear();
    m_meters.clear();
    m_listener = nullptr;
    m_tuning = nullptr;
    TrafficApplication::DoDispose();
}

void
TcpBulkReceiver::StartApplication()
{
    if (m_plans.empty())
    {
        m_listener = m_tuning->MakeSocket(GetNode(), m_seed);
        m_listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), m_port));
        m_listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                      Callback<void, Ptr<Socket>, const Address&>(
                                          [this](Ptr<Socket> socket, const Address&)
                                          {
                                              const size_t index = Adopt(socket);
                                              if (m_meter)
                                              {
                                                  m_connections[index].meter = m_meter;
                                                  m_meter->ReceiverEstablished();
                                              }
                                          }));
        m_listener->Listen();
    }
    for (size_t i = 0; i < m_plans.size(); ++i)
    {
        m_opening.push_back(
            Simulator::Schedule(m_tuning->OpeningTime(i, m_seed), &TcpBulkReceiver::Open, this, i));
    }
}

void
TcpBulkReceiver::StopApplication()
{
    for (EventId& event : m_opening)
    {
        event.Cancel();
    }
    // Connections that are open are read on until the sender closes them.
}

size_t
TcpBulkReceiver::Adopt(Ptr<Socket> socket)
{
    const size_t index = m_connections.size();
    m_connections.emplace_back().socket = socket;
    socket->SetRecvCallback(
        Callback<void, Ptr<Socket>>([this, index](Ptr<Socket>) { OnReadable(index); }));
    const Callback<void, Ptr<Socket>> closed(
        [this, index](Ptr<Socket>)
        {
            m_connections[index].ended = true;
            OnReadable(index);
        });
    socket->SetCloseCallbacks(closed, MakeNullCallback<void, Ptr<Socket>>());
    return index;
}

void
TcpBulkReceiver::Open(size_t index)
{
    Ptr<Socket> socket = m_tuning->MakeSocket(GetNode(), m_seed + index);
    m_connections[Adopt(socket)].meter = m_meter;
    socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), m_plans[index].localPort));
    socket->SetConnectCallback(
        Callback<void, Ptr<Socket>>([this](Ptr<Socket>) { m_meter->ReceiverEstablished(); }),
        MakeNullCallback<void, Ptr<Socket>>());
    socket->Connect(ToAddress(m_plans[index].target));
}

void
TcpBulkReceiver::OnReadable(size_t index)
{
    Connection& connection = m_connections[index];
    if (connection.calling)
    {
        return;
    }
    const uint32_t bytes = std::min(connection.socket->GetRxAvailable(), m_readSize);
    if (bytes > 0)
    {
        connection.calling = true;
        AfterReceive(bytes, [this, index, bytes] { Read(index, bytes); });
    }
    else if (connection.ended && !connection.over)
    {
        connection.over = true;
        if (m_totalBytes != 0 && connection.received == m_totalBytes && connection.meter)
        {
            connection.meter->Completed();
        }
        connection.socket->Close();
    }
}

void
TcpBulkReceiver::Read(size_t index, uint32_t bytes)
{
    Connection& connection = m_connections[index];
    connection.calling = false;
    const Ptr<Packet> data = connection.socket->Recv(bytes, 0);
    if (data)
    {
        Count(connection, *data);
    }
    OnReadable(index);
}

void
TcpBulkReceiver::Count(Connection& connection, const Packet& data)
{
    constexpr uint64_t greeting = 4; // bytes that say whose it is
    const uint32_t size = data.GetSize();
    uint64_t counted = size;
    if (!connection.meter)
    {
        std::array<uint8_t, greeting> first{};
        const uint32_t got = data.CopyData(first.data(), static_cast<uint32_t>(first.size()));
        for (uint32_t i = 0; i < got && connection.received + i < greeting; ++i)
        {
            connection.whose = connection.whose << 8 | first[i];
        }
        if (connection.received + size >= greeting)
        {
            const auto found = m_meters.find(connection.whose);
            connection.meter = found == m_meters.end() ? nullptr : found->second;
            counted += connection.received;
        }
        if (connection.meter)
        {
            connection.meter->ReceiverEstablished();
        }
    }
    connection.received += size;
    if (connection.meter)
    {
        connection.meter->StreamReceived(counted);
    }
}

} // namespace ns3
