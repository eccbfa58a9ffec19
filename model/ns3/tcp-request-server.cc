// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/tcp-request-server.h"

#include "ns3/inet-socket-address.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/uinteger.h"

#include <algorithm>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(TcpRequestServer);

TypeId
TcpRequestServer::GetTypeId()
{
    static TypeId tid = TypeId("ns3::TcpRequestServer")
                            .SetParent<TrafficApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<TcpRequestServer>()
                            .AddAttribute("RequestSize",
                                          "Bytes of a request.",
                                          UintegerValue(200),
                                          MakeUintegerAccessor(&TcpRequestServer::m_requestSize),
                                          MakeUintegerChecker<uint32_t>(1))
                            .AddAttribute("ResponseSize",
                                          "Bytes of the response to it.",
                                          UintegerValue(4096),
                                          MakeUintegerAccessor(&TcpRequestServer::m_responseSize),
                                          MakeUintegerChecker<uint32_t>(1));
    return tid;
}

TcpRequestServer::TcpRequestServer() = default;

void
TcpRequestServer::SetPort(uint16_t port)
{
    m_port = port;
}

void
TcpRequestServer::SetTuning(Ptr<TcpTuning> tuning)
{
    m_tuning = tuning;
}

uint64_t
TcpRequestServer::Accepted() const
{
    return m_accepted;
}

uint64_t
TcpRequestServer::Answered() const
{
    return m_answered;
}

void
TcpRequestServer::DoDispose()
{
    m_connections.clear();
    m_listener = nullptr;
    m_tuning = nullptr;
    TrafficApplication::DoDispose();
}

void
TcpRequestServer::StartApplication()
{
    m_listener = m_tuning->MakeSocket(GetNode(), m_seed);
    m_listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), m_port));
    m_listener->SetAcceptCallback(
        MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
        Callback<void, Ptr<Socket>, const Address&>([this](Ptr<Socket> socket, const Address&)
                                                    { OnAccepted(socket); }));
    m_listener->Listen();
}

void
TcpRequestServer::StopApplication()
{
    if (m_listener)
    {
        m_listener->Close();
    }
    // Connections that are open are served until their clients close them.
}

void
TcpRequestServer::OnAccepted(Ptr<Socket> socket)
{
    const uint64_t id = ++m_accepted;
    m_connections[id].socket = DynamicCast<IstTcpSocket>(socket);
    const Callback<void, Ptr<Socket>> readable([this, id](Ptr<Socket>) { OnReadable(id); });
    socket->SetRecvCallback(readable);
    socket->SetSendCallback(
        Callback<void, Ptr<Socket>, uint32_t>([this, id](Ptr<Socket>, uint32_t) { Fill(id); }));
    socket->SetCloseCallbacks(
        readable,
        Callback<void, Ptr<Socket>>([this, id](Ptr<Socket>) { m_connections.erase(id); }));
    OnReadable(id);
}

void
TcpRequestServer::OnReadable(uint64_t id)
{
    const auto found = m_connections.find(id);
    if (found == m_connections.end() || found->second.reading)
    {
        return;
    }
    const uint32_t bytes = std::min(found->second.socket->GetRxAvailable(), ChunkLimit());
    if (bytes == 0)
    {
        CloseIfDone(id);
        return;
    }
    found->second.reading = true;
    AfterReceive(bytes, [this, id, bytes] { Read(id, bytes); });
}

void
TcpRequestServer::Read(uint64_t id, uint32_t bytes)
{
    const auto found = m_connections.find(id);
    if (found == m_connections.end())
    {
        return;
    }
    Connection& connection = found->second;
    connection.reading = false;
    const Ptr<Packet> data = connection.socket->Recv(bytes, 0);
    connection.received += data ? data->GetSize() : 0;
    while (connection.received >= m_requestSize)
    {
        connection.received -= m_requestSize;
        connection.unsent += m_responseSize;
        ++m_answered;
    }
    Fill(id);
    OnReadable(id);
}

void
TcpRequestServer::Fill(uint64_t id)
{
    const auto found = m_connections.find(id);
    if (found == m_connections.end() || found->second.writing || found->second.unsent == 0)
    {
        return;
    }
    const auto bytes = static_cast<uint32_t>(std::min<uint64_t>(
        {found->second.unsent, found->second.socket->GetTxAvailable(), ChunkLimit()}));
    if (bytes == 0)
    {
        return; // the send callback comes
    }
    found->second.writing = true;
    AfterSend(bytes, [this, id, bytes] { Write(id, bytes); });
}

void
TcpRequestServer::Write(uint64_t id, uint32_t bytes)
{
    const auto found = m_connections.find(id);
    if (found == m_connections.end())
    {
        return;
    }
    found->second.writing = false;
    if (found->second.socket->Send(Create<Packet>(bytes), 0) <= 0)
    {
        m_connections.erase(found);
        return;
    }
    found->second.unsent -= bytes;
    Fill(id);
    CloseIfDone(id);
}

void
TcpRequestServer::CloseIfDone(uint64_t id)
{
    const auto found = m_connections.find(id);
    if (found != m_connections.end() && found->second.unsent == 0 && !found->second.reading &&
        !found->second.writing && found->second.socket->GetRxAvailable() == 0 &&
        found->second.socket->HasPeerFinished())
    {
        const Ptr<IstTcpSocket> socket = found->second.socket;
        m_connections.erase(found);
        socket->Close();
    }
}

} // namespace ns3
