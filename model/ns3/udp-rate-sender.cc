// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/udp-rate-sender.h"

#include "model/ns3/sim-time.h"

#include "ns3/double.h"
#include "ns3/packet.h"
#include "ns3/uinteger.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(UdpRateSender);

TypeId
UdpRateSender::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::UdpRateSender")
            .SetParent<TrafficApplication>()
            .SetGroupName("Isb")
            .AddConstructor<UdpRateSender>()
            .AddAttribute("Payload",
                          "Bytes of UDP payload in a datagram.",
                          UintegerValue(1024),
                          MakeUintegerAccessor(&UdpRateSender::m_payload),
                          MakeUintegerChecker<uint32_t>(1, 65507))
            .AddAttribute("Rate",
                          "Mean rate of payload; 0 means as fast as machine and wire allow.",
                          DataRateValue(DataRate("1Mb/s")),
                          MakeDataRateAccessor(&UdpRateSender::m_rate),
                          MakeDataRateChecker())
            .AddAttribute("Jitter",
                          "Half width of the uniform distribution of a gap, as part of the gap.",
                          DoubleValue(0.25),
                          MakeDoubleAccessor(&UdpRateSender::m_jitter),
                          MakeDoubleChecker<double>(0, 1))
            .AddAttribute("RegistrationLead",
                          "Time between the registration at an IST and the first datagram.",
                          TimeValue(MilliSeconds(5)),
                          MakeTimeAccessor(&UdpRateSender::m_lead),
                          MakeTimeChecker(Time(0)));
    return tid;
}

UdpRateSender::UdpRateSender() = default;

void
UdpRateSender::SetTarget(isb::Endpoint target)
{
    m_target = target;
}

isb::Endpoint
UdpRateSender::Target() const
{
    return m_target;
}

void
UdpRateSender::SetViaIst(bool via)
{
    m_via = via;
}

void
UdpRateSender::DoDispose()
{
    m_socket = nullptr;
    TrafficApplication::DoDispose();
}

void
UdpRateSender::StartApplication()
{
    m_rng = isb::SeededRng(m_seed);
    m_socket = MakeUdpSocket(0);
    m_socket->Connect(ToAddress(m_target));
    m_socket->ShutdownRecv();
    if (m_via)
    {
        Register(m_socket, m_target);
    }
    m_timer = Simulator::Schedule(m_via ? m_lead : Time(0), &UdpRateSender::Begin, this);
}

void
UdpRateSender::StopApplication()
{
    m_running = false;
    m_timer.Cancel();
    m_meter->Stop(SimulatedNow());
}

void
UdpRateSender::Begin()
{
    m_running = true;
    m_meter->Start(SimulatedNow());
    Due();
}

Time
UdpRateSender::Gap()
{
    const double mean = m_payload * 8.0 * 1e9 / static_cast<double>(m_rate.GetBitRate());
    constexpr uint64_t steps = uint64_t{1} << 32;
    const double uniform = static_cast<double>(m_rng.Below(steps)) / static_cast<double>(steps);
    return TimeStep(static_cast<uint64_t>(mean * (1.0 + m_jitter * (2.0 * uniform - 1.0))));
}

void
UdpRateSender::Due()
{
    m_due = true;
    if (m_rate.GetBitRate() != 0)
    {
        m_timer = Simulator::Schedule(Gap(), &UdpRateSender::Due, this);
    }
    TrySend();
}

void
UdpRateSender::TrySend()
{
    if (m_running && m_due && !m_calling)
    {
        m_due = m_rate.GetBitRate() == 0;
        m_calling = true;
        AfterSend(m_payload, [this] { WhenRoom(); });
    }
}

void
UdpRateSender::WhenRoom()
{
    const uint32_t frames = FramesOf(m_payload);
    if (m_driver && !m_driver->HasRoom(frames))
    {
        m_driver->AwaitRoom(frames, [this] { SendOne(); });
        return;
    }
    SendOne();
}

void
UdpRateSender::SendOne()
{
    m_calling = false;
    if (!m_running)
    {
        return;
    }
    Ptr<Packet> packet = Create<Packet>(m_payload);
    packet->AddPacketTag(m_meter->DatagramSent(m_payload));
    m_socket->Send(packet);
    TrySend();
}

} // namespace ns3
