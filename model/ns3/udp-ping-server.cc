// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/udp-ping-server.h"

#include "ns3/packet.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(UdpPingServer);

TypeId
UdpPingServer::GetTypeId()
{
    static TypeId tid = TypeId("ns3::UdpPingServer")
                            .SetParent<TrafficApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<UdpPingServer>();
    return tid;
}

void
UdpPingServer::SetPort(uint16_t port)
{
    m_port = port;
}

void
UdpPingServer::SetIst(isb::Endpoint ist)
{
    m_ist = ist;
}

void
UdpPingServer::DoDispose()
{
    m_socket = nullptr;
    TrafficApplication::DoDispose();
}

void
UdpPingServer::StartApplication()
{
    m_socket = MakeUdpSocket(m_port);
    m_socket->SetRecvCallback(MakeCallback(&UdpPingServer::OnReadable, this));
    if (m_ist)
    {
        Register(m_socket, *m_ist);
    }
}

void
UdpPingServer::StopApplication()
{
    // Answers on: a ping that is under way still gets its pong.
}

void
UdpPingServer::OnReadable(Ptr<Socket>)
{
    if (!m_calling)
    {
        m_calling = true;
        ReceiveDatagram(m_socket,
                        [this](Ptr<Packet> packet, const Address& from) { Answer(packet, from); });
    }
}

void
UdpPingServer::Answer(Ptr<Packet> packet, const Address& from)
{
    if (!packet)
    {
        GoOn();
        return;
    }
    AfterSend(packet->GetSize(),
              [this, packet, from]
              {
                  m_socket->SendTo(packet, 0, from);
                  GoOn();
              });
}

void
UdpPingServer::GoOn()
{
    m_calling = false;
    if (m_socket->GetRxAvailable() > 0)
    {
        OnReadable(m_socket);
    }
}

} // namespace ns3
