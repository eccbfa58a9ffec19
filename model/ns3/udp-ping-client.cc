// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/udp-ping-client.h"

#include "model/ns3/sim-time.h"

#include "ns3/packet.h"
#include "ns3/uinteger.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(UdpPingClient);

TypeId
UdpPingClient::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::UdpPingClient")
            .SetParent<TrafficApplication>()
            .SetGroupName("Isb")
            .AddConstructor<UdpPingClient>()
            .AddAttribute("Payload",
                          "Bytes of UDP payload in a ping.",
                          UintegerValue(64),
                          MakeUintegerAccessor(&UdpPingClient::m_payload),
                          MakeUintegerChecker<uint32_t>(1, 65507))
            .AddAttribute("Timeout",
                          "A pong that does not come within this time is given up.",
                          TimeValue(MilliSeconds(100)),
                          MakeTimeAccessor(&UdpPingClient::m_timeout),
                          MakeTimeChecker(MicroSeconds(1)))
            .AddAttribute("RegistrationLead",
                          "Time between the registration at an IST and the first ping.",
                          TimeValue(MilliSeconds(5)),
                          MakeTimeAccessor(&UdpPingClient::m_lead),
                          MakeTimeChecker(Time(0)));
    return tid;
}

void
UdpPingClient::SetTarget(isb::Endpoint target)
{
    m_target = target;
}

isb::Endpoint
UdpPingClient::Target() const
{
    return m_target;
}

void
UdpPingClient::SetViaIst(bool via)
{
    m_via = via;
}

void
UdpPingClient::DoDispose()
{
    m_socket = nullptr;
    TrafficApplication::DoDispose();
}

void
UdpPingClient::StartApplication()
{
    m_socket = MakeUdpSocket(0);
    m_socket->Connect(ToAddress(m_target));
    m_socket->SetRecvCallback(MakeCallback(&UdpPingClient::OnReadable, this));
    if (m_via)
    {
        Register(m_socket, m_target);
    }
    m_timer = Simulator::Schedule(m_via ? m_lead : Time(0), &UdpPingClient::Begin, this);
}

void
UdpPingClient::StopApplication()
{
    m_running = false;
    m_timer.Cancel();
    m_meter->Stop(SimulatedNow());
}

void
UdpPingClient::Begin()
{
    m_running = true;
    m_meter->Start(SimulatedNow());
    Ping();
}

void
UdpPingClient::Ping()
{
    m_sentAt = SimulatedNow();
    m_timer = Simulator::Schedule(m_timeout, &UdpPingClient::GiveUp, this);
    AfterSend(m_payload,
              [this]
              {
                  if (!m_running)
                  {
                      return;
                  }
                  const FlowTag tag = m_meter->DatagramSent(m_payload);
                  m_sequence = tag.sequence;
                  Ptr<Packet> packet = Create<Packet>(m_payload);
                  packet->AddPacketTag(tag);
                  m_socket->Send(packet);
              });
}

void
UdpPingClient::GiveUp()
{
    Ping();
}

void
UdpPingClient::OnReadable(Ptr<Socket>)
{
    if (!m_calling)
    {
        m_calling = true;
        ReceiveDatagram(m_socket, [this](Ptr<Packet> packet, const Address&) { Pong(packet); });
    }
}

void
UdpPingClient::Pong(Ptr<Packet> packet)
{
    m_calling = false;
    FlowTag tag;
    const bool mine = packet && packet->PeekPacketTag(tag);
    if (mine)
    {
        m_meter->DatagramReceived(tag, packet->GetSize());
    }
    if (mine && m_running && tag.sequence == m_sequence)
    {
        m_timer.Cancel();
        m_meter->RoundTrip(SimulatedNow() - m_sentAt);
        Ping();
    }
    if (m_socket->GetRxAvailable() > 0)
    {
        OnReadable(m_socket);
    }
}

} // namespace ns3
