// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/proxy-application.h"

#include "model/ns3/sim-time.h"

#include "ns3/data-rate.h"
#include "ns3/inet-socket-address.h"
#include "ns3/node.h"
#include "ns3/packet.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(ProxyApplication);

TypeId
ProxyApplication::GetTypeId()
{
    static TypeId tid = TypeId("ns3::ProxyApplication")
                            .SetParent<TrafficApplication>()
                            .SetGroupName("Isb")
                            .AddConstructor<ProxyApplication>();
    return tid;
}

ProxyApplication::ProxyApplication()
    : m_proxy(std::make_unique<isb::IstProxy>(isb::ProxySettings{}, &m_trace))
{
}

ProxyApplication::~ProxyApplication() = default;

void
ProxyApplication::SetTuning(Ptr<TcpTuning> tuning)
{
    m_tuning = tuning;
}

isb::Result<uint64_t>
ProxyApplication::Add(const isb::ProxyPair& pair)
{
    isb::Result<uint64_t> id = m_proxy->Add(SimulatedNow(), pair);
    if (m_started)
    {
        Settle();
    }
    return id;
}

bool
ProxyApplication::Remove(uint64_t id)
{
    const bool known = m_proxy->Remove(SimulatedNow(), id);
    Settle();
    return known;
}

void
ProxyApplication::SetNewsCallback(std::function<void(const isb::CarrierNews&)> callback)
{
    m_news = std::move(callback);
}

void
ProxyApplication::Forget()
{
    for (auto& entry : m_connections)
    {
        entry.second.socket->Vanish();
    }
    for (auto& entry : m_listeners)
    {
        DynamicCast<IstTcpSocket>(entry.second)->Vanish();
    }
    for (auto& entry : m_udp)
    {
        entry.second.socket->Close();
    }
    m_connections.clear();
    m_listeners.clear();
    m_udp.clear();
    m_proxy = std::make_unique<isb::IstProxy>(isb::ProxySettings{}, &m_trace);
}

const isb::IstProxy&
ProxyApplication::Proxy() const
{
    return *m_proxy;
}

void
ProxyApplication::DoDispose()
{
    m_timer.Cancel();
    m_connections.clear();
    m_listeners.clear();
    m_udp.clear();
    m_tuning = nullptr;
    TrafficApplication::DoDispose();
}

void
ProxyApplication::StartApplication()
{
    m_started = true;
    Settle();
}

void
ProxyApplication::StopApplication()
{
    // Its users end their connections; the proxy follows.
}

void
ProxyApplication::Settle()
{
    for (;;)
    {
        const auto orders = m_proxy->TakeOutputs();
        if (orders.empty())
        {
            break;
        }
        for (const auto& order : orders)
        {
            std::visit([this](const auto& one) { Act(one); }, order);
        }
    }
    WakeAt(m_proxy->NextTimeout());
    for (const isb::CarrierNews& news : m_proxy->TakeNotices())
    {
        if (m_news)
        {
            m_news(news);
        }
    }
}

void
ProxyApplication::WakeAt(isb::TimePoint when)
{
    if (when >= m_timerAt)
    {
        return;
    }
    m_timer.Cancel();
    m_timerAt = when;
    const isb::Duration wait = std::max(when - SimulatedNow(), isb::Duration(0));
    m_timer = Simulator::Schedule(ToTime(wait),
                                  [this]
                                  {
                                      m_timerAt = isb::TIME_NEVER;
                                      m_proxy->Timeout(SimulatedNow());
                                      Settle();
                                  });
}

void
ProxyApplication::Act(const isb::IstProxy::Listen& order)
{
    const uint64_t listener = order.listener;
    if (order.protocol == isb::Protocol::Udp)
    {
        Ptr<Socket> socket = MakeUdpSocket(order.port);
        m_udp[listener].socket = socket;
        socket->SetRecvCallback(
            Callback<void, Ptr<Socket>>([this, listener](Ptr<Socket>) { TurnUdp(listener); }));
        return;
    }
    Ptr<Socket> socket = m_tuning->MakeSocket(GetNode(), m_seed + listener);
    m_listeners[listener] = socket;
    socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), order.port));
    socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                              Callback<void, Ptr<Socket>, const Address&>(
                                  [this, listener](Ptr<Socket> accepted, const Address& from)
                                  { OnAccepted(listener, accepted, from); }));
    socket->Listen();
}

void
ProxyApplication::Act(const isb::IstProxy::StopListening& order)
{
    if (const auto tcp = m_listeners.find(order.listener); tcp != m_listeners.end())
    {
        tcp->second->Close();
        m_listeners.erase(tcp);
    }
    if (const auto udp = m_udp.find(order.listener); udp != m_udp.end())
    {
        udp->second.socket->Close();
        m_udp.erase(udp);
    }
}

void
ProxyApplication::Act(const isb::IstProxy::Join& order)
{
    const auto pace = std::make_shared<Pace>();
    pace->rateBps = order.rateBps;
    StartPump(order.a, order.b, pace);
    StartPump(order.b, order.a, pace);
    Turn(order.a);
    Turn(order.b);
}

void
ProxyApplication::StartPump(uint64_t from, uint64_t to, const std::shared_ptr<Pace>& pace)
{
    StreamPump::Process process;
    process.charge = [this, pace](uint32_t bytes, std::function<void()> done)
    {
        if (pace->rateBps == 0)
        {
            AfterCopy(bytes, std::move(done));
            return;
        }
        const Time start = std::max(pace->free, Simulator::Now());
        pace->free = start + DataRate(pace->rateBps).CalculateBytesTxTime(bytes);
        Simulator::Schedule(start - Simulator::Now(),
                            [this, bytes, done = std::move(done)] { AfterCopy(bytes, done); });
    };
    process.chunk = ChunkLimit();
    process.moved = [this, from](uint32_t bytes)
    {
        m_proxy->Forwarded(SimulatedNow(), from, bytes);
        Settle();
    };
    process.ended = [this, from]
    {
        m_proxy->EndOfStream(SimulatedNow(), from);
        Settle();
    };
    Connection& connection = m_connections[from];
    connection.partner = to;
    connection.pump = std::make_shared<StreamPump>(connection.socket,
                                                   m_connections[to].socket,
                                                   std::move(process));
}

void
ProxyApplication::Act(const isb::IstProxy::Shutdown& order)
{
    if (const auto found = m_connections.find(order.connection); found != m_connections.end())
    {
        found->second.socket->ShutdownSend();
    }
}

void
ProxyApplication::Act(const isb::IstProxy::Close& order)
{
    const auto found = m_connections.find(order.connection);
    if (found == m_connections.end())
    {
        return;
    }
    const Ptr<IstTcpSocket> socket = found->second.socket;
    if (found->second.pump)
    {
        found->second.pump->Stop();
    }
    m_connections.erase(found);
    if (order.reset)
    {
        socket->Abort();
    }
    else
    {
        socket->Close();
    }
}

void
ProxyApplication::OnAccepted(uint64_t listener, Ptr<Socket> socket, const Address& from)
{
    const uint64_t id = ++m_lastConnection;
    m_connections[id].socket = DynamicCast<IstTcpSocket>(socket);
    socket->SetRecvCallback(Callback<void, Ptr<Socket>>([this, id](Ptr<Socket>) { Turn(id); }));
    socket->SetSendCallback(Callback<void, Ptr<Socket>, uint32_t>(
        [this, id](Ptr<Socket>, uint32_t)
        {
            if (const auto found = m_connections.find(id); found != m_connections.end())
            {
                Turn(found->second.partner);
            }
        }));
    socket->SetCloseCallbacks(
        Callback<void, Ptr<Socket>>([this, id](Ptr<Socket>) { Turn(id); }),
        Callback<void, Ptr<Socket>>([this, id](Ptr<Socket>) { OnFailed(id); }));
    m_proxy->Accepted(SimulatedNow(), listener, id, ToEndpoint(from));
    Settle();
}

void
ProxyApplication::OnFailed(uint64_t id)
{
    const auto found = m_connections.find(id);
    if (found == m_connections.end())
    {
        return;
    }
    if (found->second.pump)
    {
        found->second.pump->Stop();
    }
    m_connections.erase(found);
    m_proxy->Failed(SimulatedNow(), id);
    Settle();
}

void
ProxyApplication::Turn(uint64_t id)
{
    const auto found = m_connections.find(id);
    if (found != m_connections.end() && found->second.pump)
    {
        found->second.pump->Turn(); // before the join bytes wait in the socket
    }
}

void
ProxyApplication::TurnUdp(uint64_t listener)
{
    const auto found = m_udp.find(listener);
    if (found == m_udp.end() || found->second.turning ||
        found->second.socket->GetRxAvailable() == 0)
    {
        return;
    }
    found->second.turning = true;
    const isb::CostModel* costs = m_driver ? m_driver->Costs() : nullptr;
    isb::Duration cost{0};
    if (costs)
    {
        cost = costs->Select() + costs->ReceiveCall(0);
        cost += m_driver->IsAsleep() ? costs->WakeUp() : isb::Duration(0);
    }
    AfterCost(cost, [this, listener] { MoveUdp(listener); });
}

void
ProxyApplication::MoveUdp(uint64_t listener)
{
    const auto found = m_udp.find(listener);
    if (found == m_udp.end())
    {
        return;
    }
    Address from;
    Ptr<Packet> packet = found->second.socket->RecvFrom(from);
    isb::IstProxy::DatagramVerdict verdict;
    if (packet)
    {
        if (packet->GetSize() > ChunkLimit())
        {
            packet = packet->CreateFragment(0, ChunkLimit());
        }
        std::array<uint8_t, 32> head{}; // a registration is 16 bytes; longer ones need no look
        const uint32_t copied = packet->CopyData(head.data(), head.size());
        verdict = m_proxy->Datagram(SimulatedNow(),
                                    listener,
                                    ToEndpoint(from),
                                    {head.data(), std::min<size_t>(copied, packet->GetSize())});
        Settle();
    }
    if (verdict.action != isb::IstProxy::DatagramVerdict::Forward)
    {
        SendUdp(listener, 0, {}, nullptr);
        return;
    }
    const isb::CostModel* costs = m_driver ? m_driver->Costs() : nullptr;
    isb::Duration cost{0};
    if (costs)
    {
        const uint32_t bytes = packet->GetSize();
        cost = costs->ProxyTurn(bytes, false) - costs->Select() - costs->ReceiveCall(0);
    }
    AfterCost(cost,
              [this, listener, verdict, packet]
              { SendUdp(listener, verdict.through, verdict.to, packet); });
}

void
ProxyApplication::SendUdp(uint64_t listener, uint64_t through, isb::Endpoint to, Ptr<Packet> packet)
{
    if (const auto out = m_udp.find(through); packet && out != m_udp.end())
    {
        out->second.socket->SendTo(packet, 0, ToAddress(to));
    }
    if (const auto in = m_udp.find(listener); in != m_udp.end())
    {
        in->second.turning = false;
        TurnUdp(listener);
    }
}

} // namespace ns3
