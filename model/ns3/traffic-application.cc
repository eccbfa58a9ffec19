// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/traffic-application.h"

#include "model/ns3/sim-time.h"
#include "model/wire/registration.h"

#include "ns3/inet-socket-address.h"
#include "ns3/node.h"
#include "ns3/packet.h"
#include "ns3/udp-socket-factory.h"
#include "ns3/uinteger.h"

#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(TrafficApplication);

TypeId
TrafficApplication::GetTypeId()
{
    static TypeId tid =
        TypeId("ns3::TrafficApplication")
            .SetParent<Application>()
            .SetGroupName("Isb")
            .AddAttribute("CallJitter",
                          "Per cent by which the CPU time of one system call differs from its mean "
                          "at most, either way, uniformly.",
                          UintegerValue(10),
                          MakeUintegerAccessor(&TrafficApplication::m_callJitter),
                          MakeUintegerChecker<uint32_t>(0, 100))
            .AddTraceSource("Events",
                            "Every decision of the program",
                            MakeTraceSourceAccessor(&TrafficApplication::m_trace),
                            "ns3::TraceEventCallback");
    return tid;
}

void
TrafficApplication::SetMeter(Ptr<FlowMeter> meter)
{
    m_meter = meter;
}

void
TrafficApplication::SetDriver(Ptr<BoxDriver> driver)
{
    m_driver = driver;
}

void
TrafficApplication::SetSeed(uint64_t seed)
{
    m_seed = seed;
    m_callRng = isb::SeededRng(~seed); // apart from what else is drawn from the seed
}

isb::Duration
TrafficApplication::Vary(isb::Duration mean)
{
    const int64_t most = mean.count() * m_callJitter / 100;
    const auto draw = m_callRng.Below(2 * static_cast<uint64_t>(most) + 1);
    return mean - isb::Duration(most) + isb::Duration(static_cast<int64_t>(draw));
}

void
TrafficApplication::DoDispose()
{
    m_meter = nullptr;
    m_driver = nullptr;
    Application::DoDispose();
}

void
TrafficApplication::AfterSend(uint64_t bytes, std::function<void()> done)
{
    const isb::CostModel* costs = m_driver ? m_driver->Costs() : nullptr;
    if (!costs)
    {
        done();
        return;
    }
    m_driver->Submit(Vary(costs->SendCall(bytes)), std::move(done));
}

void
TrafficApplication::AfterReceive(uint64_t bytes, std::function<void()> done)
{
    const isb::CostModel* costs = m_driver ? m_driver->Costs() : nullptr;
    if (!costs)
    {
        done();
        return;
    }
    const isb::Duration wakeUp = m_driver->IsAsleep() ? costs->WakeUp() : isb::Duration(0);
    m_driver->Submit(Vary(wakeUp + costs->ReceiveCall(bytes)), std::move(done));
}

void
TrafficApplication::AfterCopy(uint32_t bytes, std::function<void()> done)
{
    const isb::CostModel* costs = m_driver ? m_driver->Costs() : nullptr;
    AfterCost(costs ? costs->ProxyTurn(bytes, m_driver->IsAsleep()) : isb::Duration(0),
              std::move(done));
}

void
TrafficApplication::AfterCost(isb::Duration cost, std::function<void()> done)
{
    if (m_driver)
    {
        m_driver->Submit(Vary(cost), std::move(done));
        return;
    }
    done();
}

uint32_t
TrafficApplication::ChunkLimit() const
{
    constexpr uint32_t whole = 65536; // of an ideal node
    const isb::CostModel* costs = m_driver ? m_driver->Costs() : nullptr;
    return costs ? costs->Parameters().applicationBuffer : whole;
}

void
TrafficApplication::ReceiveDatagram(Ptr<Socket> socket,
                                    std::function<void(Ptr<Packet>, const Address&)> done)
{
    AfterReceive(0,
                 [this, socket, done = std::move(done)]
                 {
                     Address from;
                     Ptr<Packet> packet = socket->RecvFrom(from);
                     const isb::CostModel* costs = m_driver ? m_driver->Costs() : nullptr;
                     if (!costs || !packet)
                     {
                         done(packet, from);
                         return;
                     }
                     m_driver->Submit(costs->Copy(packet->GetSize()),
                                      [done, packet, from] { done(packet, from); });
                 });
}

Ptr<Socket>
TrafficApplication::MakeUdpSocket(uint16_t port)
{
    return MakeUdpSocket(isb::Endpoint{{}, port});
}

Ptr<Socket>
TrafficApplication::MakeUdpSocket(isb::Endpoint local)
{
    Ptr<Socket> socket = Socket::CreateSocket(GetNode(), UdpSocketFactory::GetTypeId());
    if (m_driver && m_driver->Costs())
    {
        const uint32_t buffer = m_driver->Costs()->Parameters().socketBuffer;
        socket->SetAttribute("RcvBufSize", UintegerValue(buffer));
    }
    if (m_driver)
    {
        socket->TraceConnectWithoutContext(
            "Drop",
            Callback<void, Ptr<const Packet>>([driver = m_driver, local](Ptr<const Packet> packet)
                                              { driver->DropAtSocket(local, packet->GetSize()); }));
    }
    if (socket->Bind(ToAddress(local)) != 0)
    {
        return nullptr;
    }
    return socket;
}

void
TrafficApplication::Register(Ptr<Socket> socket, isb::Endpoint ist)
{
    const Address address = ToAddress(ist);
    SendRegistration(socket, address);
    Simulator::Schedule(MilliSeconds(2), &TrafficApplication::SendRegistration, socket, address);
}

void
TrafficApplication::SendRegistration(Ptr<Socket> socket, Address ist)
{
    const auto& bytes = isb::REGISTRATION_DATAGRAM;
    socket->SendTo(Create<Packet>(bytes.data(), static_cast<uint32_t>(bytes.size())), 0, ist);
}

uint32_t
TrafficApplication::FramesOf(uint32_t bytes)
{
    constexpr uint32_t udpHeader = 8;
    constexpr uint32_t fragment = 1480; // MTU 1500 without IP header
    return (bytes + udpHeader + fragment - 1) / fragment;
}

Address
TrafficApplication::ToAddress(isb::Endpoint endpoint)
{
    return InetSocketAddress(Ipv4Address(endpoint.address.value), endpoint.port);
}

isb::Endpoint
TrafficApplication::ToEndpoint(const Address& address)
{
    const InetSocketAddress inet = InetSocketAddress::ConvertFrom(address);
    return {{inet.GetIpv4().Get()}, inet.GetPort()};
}

} // namespace ns3
