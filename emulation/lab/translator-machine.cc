// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/translator-machine.h"

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
CutMethods(IstServerSettings settings, bool hasKernel)
{
    auto& methods = settings.methods;
    methods.erase(std::remove_if(methods.begin(),
                                 methods.end(),
                                 [hasKernel](ForwardingMethod method) {
                                     return !hasKernel && method != ForwardingMethod::Proxy &&
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

TranslatorMachine::TranslatorMachine(IstServerSettings settings,
                                     SpliceCarrier* kernel,
                                     const Mac& mac,
                                     Rng& random,
                                     TraceSink* trace)
    : m_server(CutMethods(std::move(settings), kernel != nullptr), mac, random, trace),
      m_proxy({}, trace),
      m_kernel(kernel),
      m_lastConnection(CONNECTIONS)
{
}

void
TranslatorMachine::Start(TimePoint now)
{
    m_server.Start(now);
    Settle(now);
}

void
TranslatorMachine::Stop(TimePoint now)
{
    m_server.Stop(now);
    Settle(now);
}

void
TranslatorMachine::Listening(TimePoint now, SocketId socket, Endpoint local)
{
    if (!IsProxys(socket))
    {
        m_server.Listening(now, socket, local);
        Settle(now);
    }
}

SocketId
TranslatorMachine::Accepted(TimePoint now, SocketId listener, Endpoint local, Endpoint peer)
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
TranslatorMachine::Connected(TimePoint now, SocketId socket, Endpoint local)
{
    m_server.Connected(now, socket, local); // the proxy connects to nobody
    Settle(now);
}

void
TranslatorMachine::Failed(TimePoint now, SocketId socket, std::string_view why)
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
TranslatorMachine::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    m_server.Received(now, socket, bytes);
    Settle(now);
}

void
TranslatorMachine::EndOfStream(TimePoint now, SocketId socket)
{
    if (!IsProxys(socket)) // of the proxy's, a join tells it again
    {
        m_server.EndOfStream(now, socket);
        Settle(now);
    }
}

void
TranslatorMachine::Sent(TimePoint now, SocketId socket, size_t bytes)
{
    m_server.Sent(now, socket, bytes);
    Settle(now);
}

void
TranslatorMachine::Datagram(TimePoint now, SocketId socket, Endpoint from, ByteView bytes)
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
TranslatorMachine::JoinEnded(TimePoint now,
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
TranslatorMachine::Relayed(TimePoint now, uint64_t relay, size_t bytes, bool outwards)
{
    m_server.Relayed(now, relay, bytes, outwards);
    Settle(now);
}

std::vector<MachineOrder>
TranslatorMachine::TakeOrders()
{
    return std::exchange(m_orders, {});
}

TimePoint
TranslatorMachine::NextTimeout() const
{
    return std::min(m_server.NextTimeout(), m_proxy.NextTimeout());
}

void
TranslatorMachine::Timeout(TimePoint now)
{
    if (m_kernel && m_server.NextTimeout() <= now)
    {
        m_kernelDrops = 0; // read only now and then: the server reports them with its pings
        for (const auto& entry : m_kernel->Counters().drops)
        {
            m_kernelDrops += entry.second;
        }
    }
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
TranslatorMachine::IsIdle() const
{
    return m_server.IsIdle() && m_proxy.Size() == 0;
}

const IstServer&
TranslatorMachine::Server() const
{
    return m_server;
}

IstCounters
TranslatorMachine::Counters() const
{
    IstCounters counters;
    if (m_kernel)
    {
        counters = m_kernel->Counters();
    }
    const IstProxy::Counters& proxied = m_proxy.GetCounters();
    counters.paired += proxied.paired;
    counters.forwardedBytes += proxied.bytes;
    for (const auto& [reason, count] : proxied.drops)
    {
        counters.drops[reason] += count;
    }
    return counters;
}

void
TranslatorMachine::KernelNews(TimePoint now)
{
    Tell(now, m_kernel->TakeNews());
    Settle(now);
}

void
TranslatorMachine::Tell(TimePoint now, const std::vector<CarrierNews>& news)
{
    for (const CarrierNews& one : news)
    {
        if (one.kind == CarrierNews::Ended)
        {
            m_carried.erase(one.label);
        }
        m_server.CarrierNotice(now, one.label, one);
    }
}

void
TranslatorMachine::Settle(TimePoint now)
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
        Tell(now, news);
        busy = !orders.empty() || !news.empty();
    }
    uint64_t drops = 0;
    for (const auto& entry : m_proxy.GetCounters().drops)
    {
        drops += entry.second;
    }
    m_server.CarrierLoad(drops + m_kernelDrops);
    for (MachineOrder& order : m_server.TakeOrders())
    {
        m_orders.push_back(std::move(order));
    }
}

void
TranslatorMachine::Carry(TimePoint now, const CarrierOrder& order)
{
    if (const auto* end = std::get_if<EndOrder>(&order))
    {
        End(now, end->splice);
        return;
    }
    const auto* engine = std::get_if<EngineOrder>(&order);
    const uint64_t splice = engine ? engine->splice : std::get<ProxyOrder>(order).splice;
    const bool byKernel = engine && m_kernel;
    const Result<uint64_t> id = Open(now, order, byKernel);
    if (id)
    {
        m_carried[splice] = {*id, byKernel};
    }
    m_server.CarrierOpened(now, splice, static_cast<bool>(id), id ? std::string() : id.Why());
}

Result<uint64_t>
TranslatorMachine::Open(TimePoint now, const CarrierOrder& order, bool byKernel)
{
    const auto* engine = std::get_if<EngineOrder>(&order);
    if (!engine)
    {
        return m_proxy.Add(now, std::get<ProxyOrder>(order).pair);
    }
    return byKernel ? m_kernel->Add(engine->pair) : m_proxy.Add(now, PairOf(engine->pair));
}

void
TranslatorMachine::End(TimePoint now, uint64_t splice)
{
    const auto found = m_carried.find(splice);
    if (found == m_carried.end())
    {
        return;
    }
    const Carried carried = found->second;
    m_carried.erase(found);
    if (carried.byKernel)
    {
        m_kernel->Remove(carried.id);
    }
    else
    {
        m_proxy.Remove(now, carried.id);
    }
}

void
TranslatorMachine::Act(const IstProxy::Output& output)
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
