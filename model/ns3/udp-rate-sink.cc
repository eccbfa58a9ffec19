// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/udp-rate-sink.h"

#include "ns3/packet.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(UdpRateSink);

TypeId
UdpRateSink::GetTypeId()
{
    static TypeId tid = TypeId("ns3::UdpRateSink")
                            .SetParent<TrafficApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<UdpRateSink>();
    return tid;
}

void
UdpRateSink::SetPort(uint16_t port)
{
    m_port = port;
}

void
UdpRateSink::SetIst(isb::Endpoint ist)
{
    m_ist = ist;
}

void
UdpRateSink::AddMeter(Ptr<FlowMeter> meter)
{
    m_meters[meter->Number()] = meter;
}

void
UdpRateSink::DoDispose()
{
    m_meters.clear();
    m_socket = nullptr;
    TrafficApplication::DoDispose();
}

void
UdpRateSink::StartApplication()
{
    m_socket = MakeUdpSocket(m_port);
    m_socket->SetRecvCallback(MakeCallback(&UdpRateSink::OnReadable, this));
    if (m_ist)
    {
        Register(m_socket, *m_ist);
    }
}

void
UdpRateSink::StopApplication()
{
    // Reads on: datagrams that are under way still count.
}

void
UdpRateSink::OnReadable(Ptr<Socket>)
{
    if (!m_calling)
    {
        m_calling = true;
        ReceiveDatagram(m_socket, [this](Ptr<Packet> packet, const Address&) { Take(packet); });
    }
}

void
UdpRateSink::Take(Ptr<Packet> packet)
{
    m_calling = false;
    FlowTag tag;
    if (packet && packet->PeekPacketTag(tag))
    {
        const auto found = m_meters.find(tag.flow);
        const Ptr<FlowMeter> meter = found == m_meters.end() ? m_meter : found->second;
        if (meter)
        {
            meter->DatagramReceived(tag, packet->GetSize());
        }
    }
    if (m_socket->GetRxAvailable() > 0)
    {
        OnReadable(m_socket);
    }
}

} // namespace ns3
