// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/proxy-machine.h"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace isb
{

namespace
{

// Sockets of the proxy have numbers far above those of the server.
constexpr SocketId LISTENERS = SocketId{1} << 62U;
constexpr SocketId CONNECTIONS = SocketId{1} << 61U;

bool
IsListener(SocketId socket)
{
    return (socket & LISTENERS) != 0;
}

bool
IsProxys(SocketId socket)
{
    return (socket & (LISTENERS | CONNECTIONS)) != 0;
}

IstServerSettings
Carried(IstServerSettings settings)
{
    auto& methods = settings.methods;
    methods.erase(std::remove_if(methods.begin(),
                                 methods.end(),
                                 [](ForwardingMethod method) {
                                     return method != ForwardingMethod::Proxy &&
                                            method != ForwardingMethod::Udp;
                                 }),
                  methods.end());
    return settings;
}

std::optional<Ipv4>
AllowedIpv4(const std::optional<IpAddress>& allowed)
{
    return allowed ? std::optional(allowed->ToIpv4()) : std::nullopt;
}

/// The broker's orders are IPv4's.
ProxyPair
PairOf(const IstPair& engine)
{
    ProxyPair pair;
    pair.protocol = Protocol::Udp;
    pair.portA = engine.portA;
    pair.portB = engine.portB;
    pair.allowedA = AllowedIpv4(engine.allowedA);
    pair.allowedB = AllowedIpv4(engine.allowedB);
    pair.limits = engine.limits;
    pair.label = engine.label;
    return pair;
}

} // namespace

ProxyMachine::ProxyMachine(IstServerSettings settings,
                           const Mac& mac,
                           Rng& random,
                           TraceSink* trace)
    : m_server(Carried(std::move(settings)), mac, random, trace),
      m_proxy({}, trace),
      m_lastConnection(CONNECTIONS)
{
}

void
ProxyMachine::Start(TimePoint now)
{
    m_server.Start(now);
    Settle(now);
}

void
ProxyMachine::Stop(TimePoint now)
{
    m_server.Stop(now);
    Settle(now);
}

void
ProxyMachine::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    if (!IsProxys(socket))
    {
        m_server.Listening(now, socket, local);
        Settle(now);
    }
}

SocketId
ProxyMachine::Accepted(TimePoint now, SocketId listener, Endpoint local, Endpoint peer)
{
    SocketId id = 0;
    if (IsProxys(listener))
    {
        id = ++m_lastConnection;
        m_connections.insert(id);
        m_proxy.Accepted(now, listener & ~LISTENERS, id, peer);
    }
    else
    {
        id = m_server.Accepted(now, listener, local, peer);
    }
    Settle(now);
    return id;
}

void
ProxyMachine::Connected(TimePoint now, SocketId socket, Endpoint local)
{
    m_server.Connected(now, socket, local); // the proxy connects to nobody
    Settle(now);
}

void
ProxyMachine::Failed(TimePoint now, SocketId socket, std::string_view why)
{
    if (IsListener(socket))
    {
        m_proxy.ListenFailed(now, socket & ~LISTENERS);
    }
    else if (IsProxys(socket))
    {
        m_connections.erase(socket);
        m_proxy.Failed(now, socket);
    }
    else
    {
        m_server.Failed(now, socket, why);
    }
    Settle(now);
}

void
ProxyMachine::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    m_server.Received(now, socket, bytes);
    Settle(now);
}

void
ProxyMachine::EndOfStream(TimePoint now, SocketId socket)
{
    if (!IsProxys(socket)) // of the proxy's, a join tells it again
    {
        m_server.EndOfStream(now, socket);
        Settle(now);
    }
}

void
ProxyMachine::Sent(TimePoint now, SocketId socket, size_t bytes)
{
    m_server.Sent(now, socket, bytes);
    Settle(now);
}

void
ProxyMachine::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
{
    if (!IsProxys(socket))
    {
        m_server.Datagram(now, socket, from, bytes);
    }
    else if (const auto verdict = m_proxy.Datagram(now, socket & ~LISTENERS, from, bytes);
             verdict.action == IstProxy::DatagramVerdict::Forward)
    {
        m_orders.emplace_back(SendToOrder{verdict.through | LISTENERS,
                                          verdict.to,
                                          {bytes.data, bytes.data + bytes.size}});
    }
    Settle(now);
}

void
ProxyMachine::JoinEnded(TimePoint now,
                        SocketId a,
                        SocketId b,
                        uint64_t bytesFromA,
                        uint64_t bytesFromB,
                        bool reset)
{
    for (const SocketId id : {a, b})
    {
        m_connections.erase(id);
        m_joined.erase(id);
    }
    m_proxy.Forwarded(now, a, bytesFromA);
    m_proxy.Forwarded(now, b, bytesFromB);
    if (reset)
    {
        m_proxy.Failed(now, a);
    }
    else
    {
        m_proxy.EndOfStream(now, a);
        m_proxy.EndOfStream(now, b);
    }
    Settle(now);
}

void
ProxyMachine::Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards)
{
    m_server.Relayed(now, relay, bytes, outwards);
    Settle(now);
}

std::vector<MachineOrder>
ProxyMachine::TakeOrders()
{
    return std::exchange(m_orders, {});
}

TimePoint
ProxyMachine::NextTimeout() const
{
    return std::min(m_server.NextTimeout(), m_proxy.NextTimeout());
}

void
ProxyMachine::Timeout(TimePoint now)
{
    if (m_server.NextTimeout() <= now)
    {
        m_server.Timeout(now);
    }
    if (m_proxy.NextTimeout() <= now)
    {
        m_proxy.Timeout(now);
    }
    Settle(now);
}

bool
ProxyMachine::IsIdle() const
{
    return m_server.IsIdle() && m_proxy.Size() == 0;
}

const IstServer&
ProxyMachine::Server() const
{
    return m_server;
}

const IstProxy&
ProxyMachine::Proxy() const
{
    return m_proxy;
}

void
ProxyMachine::Settle(TimePoint now)
{
    for (bool busy = true; busy;)
    {
        const std::vector<CarrierOrder> orders = m_server.TakeCarrierOrders();
        for (const CarrierOrder& order : orders)
        {
            Carry(now, order);
        }
        for (const IstProxy::Output& output : m_proxy.TakeOutputs())
        {
            Act(output);
        }
        const std::vector<CarrierNews> news = m_proxy.TakeNotices();
        for (const CarrierNews& one : news)
        {
            if (one.kind == CarrierNews::Ended)
            {
                m_carried.erase(one.label);
            }
            m_server.CarrierNotice(now, one.label, one);
        }
        busy = !orders.empty() || !news.empty();
    }
    uint64_t drops = 0;
    for (const auto& entry : m_proxy.GetCounters().drops)
    {
        drops += entry.second;
    }
    m_server.CarrierLoad(drops);
    for (MachineOrder& order : m_server.TakeOrders())
    {
        m_orders.push_back(std::move(order));
    }
}

void
ProxyMachine::Carry(TimePoint now, const CarrierOrder& order)
{
    if (const auto* end = std::get_if<EndOrder>(&order))
    {
        if (const auto found = m_carried.find(end->splice); found != m_carried.end())
        {
            const uint64_t pair = found->second;
            m_carried.erase(found);
            m_proxy.Remove(now, pair);
        }
        return;
    }
    const auto* proxied = std::get_if<ProxyOrder>(&order);
    const auto* engine = std::get_if<EngineOrder>(&order);
    const uint64_t splice = proxied ? proxied->splice : engine->splice;
    if (engine && engine->pair.method != SpliceMethod::Udp)
    {
        m_server.CarrierOpened(now, splice, false, "no kernel carrier in this world");
        return;
    }
    const Result<uint64_t> id = m_proxy.Add(now, proxied ? proxied->pair : PairOf(engine->pair));
    if (id)
    {
        m_carried[splice] = *id;
    }
    m_server.CarrierOpened(now, splice, static_cast<bool>(id), id ? std::string() : id.Why());
}

void
ProxyMachine::Act(const IstProxy::Output& output)
{
    std::visit(
        [this](const auto& one)
        {
            using Kind = std::decay_t<decltype(one)>;
            if constexpr (std::is_same_v<Kind, IstProxy::Listen>)
            {
                m_orders.emplace_back(
                    ListenOrder{one.listener | LISTENERS, one.protocol, {{}, one.port}});
            }
            else if constexpr (std::is_same_v<Kind, IstProxy::StopListening>)
            {
                m_orders.emplace_back(CloseOrder{one.listener | LISTENERS, false});
            }
            else if constexpr (std::is_same_v<Kind, IstProxy::Join>)
            {
                m_joined.insert({one.a, one.b});
                m_orders.emplace_back(JoinOrder{one.a, one.b});
            }
            else if constexpr (std::is_same_v<Kind, IstProxy::Shutdown>)
            {
                if (m_connections.count(one.connection) != 0 && m_joined.count(one.connection) == 0)
                {
                    m_orders.emplace_back(ShutdownOrder{one.connection});
                }
            }
            else if (m_connections.erase(one.connection) != 0)
            {
                m_joined.erase(one.connection);
                m_orders.emplace_back(CloseOrder{one.connection, one.reset});
            }
        },
        output);
}

} // namespace isb
