// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-proxy.h"

#include "model/wire/registration.h"

#include <algorithm>
#include <cassert>

namespace isb
{

namespace
{

constexpr std::string_view WAITING = "WAITING";
constexpr std::string_view JOINED = "JOINED";
constexpr std::string_view ENDED = "ENDED";

size_t
Other(size_t side)
{
    return 1 - side;
}

} // namespace

IstProxy::IstProxy(ProxySettings settings, TraceSink* trace)
    : m_settings(settings),
      m_trace(trace)
{
}

std::optional<std::string>
IstProxy::Contradiction(const ProxyPair& pair) const
{
    if (pair.protocol != Protocol::Tcp && pair.protocol != Protocol::Udp)
    {
        return "a proxy joins tcp or udp, not " + std::string(ToString(pair.protocol));
    }
    if (pair.portA == 0 || pair.portB == 0)
    {
        return "port 0 cannot be opened: both sides need a port from 1 to 65535";
    }
    if (pair.portA == pair.portB)
    {
        return "port " + std::to_string(pair.portA) + " is given to both sides: each needs its own";
    }
    for (const uint16_t port : {pair.portA, pair.portB})
    {
        if (m_ports.count({pair.protocol, port}) != 0)
        {
            return std::string(ToString(pair.protocol)) + " port " + std::to_string(port) +
                   " is taken by another pair";
        }
    }
    if (m_pairs.size() >= m_settings.maxPairs)
    {
        return "all " + std::to_string(m_settings.maxPairs) + " pairs are in use";
    }
    return std::nullopt;
}

Result<uint64_t>
IstProxy::Add(TimePoint now, const ProxyPair& order)
{
    if (auto why = Contradiction(order))
    {
        ++m_counters.refused;
        return Error{std::move(*why)};
    }
    ++m_counters.added;
    const uint64_t id = ++m_lastId;
    Pair& pair = m_pairs[id];
    pair.id = id;
    pair.protocol = order.protocol;
    pair.label = order.label;
    pair.rateBps = order.limits.rateBps;
    pair.allowance = SpliceAllowance(order.limits);
    pair.created = now;
    pair.lastActivity = now;
    pair.side[0].port = order.portA;
    pair.side[0].allowed = order.allowedA;
    pair.side[1].port = order.portB;
    pair.side[1].allowed = order.allowedB;
    for (size_t i = 0; i < 2; ++i)
    {
        SideState& side = pair.side[i];
        side.listener = 2 * id + i;
        side.listening = true;
        m_listeners[side.listener] = {id, i};
        m_ports.insert({order.protocol, side.port});
        m_outputs.push_back(Listen{side.listener, order.protocol, side.port});
    }
    m_deadlines.Schedule(id, pair.entered, DeadlineOf(pair));
    return id;
}

bool
IstProxy::Remove(TimePoint now, uint64_t id)
{
    if (m_pairs.count(id) == 0)
    {
        return false;
    }
    End(now, id, true, "ist.removed");
    return true;
}

void
IstProxy::Accepted(TimePoint now,
                   ListenerId listener,
                   ConnectionId connection,
                   const Endpoint& peer)
{
    assert(connection != 0 && m_connections.count(connection) == 0);
    const auto found = m_listeners.find(listener);
    if (found == m_listeners.end())
    {
        // Accepted by the system before it saw StopListening.
        RefuseConnection(now, connection, peer, 0, "ist.port-closed", "thesis 3.3 single use");
        return;
    }
    const Place place = found->second;
    Pair& pair = m_pairs.at(place.pair);
    SideState& side = pair.side[place.side];
    if (side.allowed && *side.allowed != peer.address)
    {
        RefuseConnection(now, connection, peer, side.port, "ist.source-refused", "thesis 3.3");
        return;
    }
    if (side.connection != 0)
    {
        RefuseConnection(now, connection, peer, side.port, "ist.side-taken", "thesis 3.3");
        return;
    }
    side.connection = connection;
    side.peer = peer;
    m_connections[connection] = place;
    pair.lastActivity = now;
    SideCame(now, pair, peer);
}

void
IstProxy::SideCame(TimePoint now, Pair& pair, const Endpoint& peer)
{
    if (pair.side[0].peer.port != 0 && pair.side[1].peer.port != 0)
    {
        JoinSides(now, pair);
        return;
    }
    CarrierNews news;
    news.kind = CarrierNews::FirstSide;
    news.peer = peer;
    Tell(pair, news);
}

void
IstProxy::Tell(const Pair& pair, CarrierNews news)
{
    if (pair.label != 0)
    {
        news.id = pair.id;
        news.label = pair.label;
        m_notices.push_back(news);
    }
}

void
IstProxy::JoinSides(TimePoint now, Pair& pair)
{
    SideState& a = pair.side[0];
    SideState& b = pair.side[1];
    pair.joined = true;
    pair.allowance.Start(now);
    ++m_counters.paired;
    if (pair.protocol == Protocol::Tcp)
    {
        CloseListener(a);
        CloseListener(b);
        m_outputs.push_back(Join{pair.id, a.connection, b.connection, pair.rateBps});
    }
    m_deadlines.Schedule(pair.id, pair.entered, DeadlineOf(pair));
    TraceJoined(now, pair);
    Tell(pair, {});
}

void
IstProxy::TraceJoined(TimePoint now, const Pair& pair)
{
    if (!m_trace)
    {
        return;
    }
    TraceEvent event;
    event.when = now;
    event.kind = TraceKind::ProxyPaired;
    event.flow = {pair.protocol, pair.side[0].peer, {{}, pair.side[0].port}};
    event.translated = pair.side[1].peer;
    event.id = pair.id;
    event.splice = pair.label;
    event.method = "proxy";
    m_trace->Emit(event);
    // Thesis 4.1: no header passes, so there are no fields to compare.
    event.kind = TraceKind::HeaderRewritten;
    event.detail = pair.protocol == Protocol::Tcp ? "two connections, both end here"
                                                  : "two sockets, both end here";
    m_trace->Emit(event);
}

void
IstProxy::EndOfStream(TimePoint now, ConnectionId connection)
{
    const auto found = m_connections.find(connection);
    if (found == m_connections.end())
    {
        return; // closed by us in the meantime
    }
    const Place place = found->second;
    Pair& pair = m_pairs.at(place.pair);
    SideState& side = pair.side[place.side];
    if (!pair.joined || side.ended)
    {
        return;
    }
    side.ended = true;
    pair.lastActivity = now;
    SideState& other = pair.side[Other(place.side)];
    m_outputs.push_back(Shutdown{other.connection});
    if (other.ended)
    {
        End(now, pair.id, false, "ist.closed");
    }
}

void
IstProxy::Failed(TimePoint now, ConnectionId connection)
{
    const auto found = m_connections.find(connection);
    if (found == m_connections.end())
    {
        return;
    }
    const Place place = found->second;
    m_connections.erase(found);
    Pair& pair = m_pairs.at(place.pair);
    SideState& side = pair.side[place.side];
    side.connection = 0;
    if (pair.joined)
    {
        End(now, pair.id, true, "ist.peer-failed");
        return;
    }
    side.peer = {};
}

void
IstProxy::ListenFailed(TimePoint now, ListenerId listener)
{
    const auto found = m_listeners.find(listener);
    if (found != m_listeners.end())
    {
        End(now, found->second.pair, true, "ist.listen-failed");
    }
}

void
IstProxy::Forwarded(TimePoint now, ConnectionId connection, uint64_t bytes)
{
    const auto found = m_connections.find(connection);
    if (found == m_connections.end())
    {
        return;
    }
    Pair& pair = m_pairs.at(found->second.pair);
    pair.lastActivity = now;
    pair.bytes += bytes;
    m_counters.bytes += bytes;
    pair.allowance.Charge(now, bytes);
    if (pair.allowance.Ask(now, 1) == SpliceAllowance::OverBytes)
    {
        End(now, pair.id, true, "ist.byte-limit");
    }
}

IstProxy::DatagramVerdict
IstProxy::Datagram(TimePoint now, ListenerId socket, const Endpoint& from, ByteView payload)
{
    const auto found = m_listeners.find(socket);
    if (found == m_listeners.end())
    {
        const FlowKey flow{Protocol::Udp, from, {}};
        return DropDatagram(now, flow, {}, payload.size, "ist.port-closed", "thesis 3.3");
    }
    Pair& pair = m_pairs.at(found->second.pair);
    const size_t index = found->second.side;
    SideState& side = pair.side[index];
    if (IsRegistrationDatagram(payload))
    {
        return RegisterUser(now, pair, index, from);
    }
    const FlowKey flow{Protocol::Udp, from, {{}, side.port}};
    if (side.peer.port != 0 && from != side.peer)
    {
        return DropDatagram(now, flow, pair, payload.size, "ist.side-taken", "thesis 3.3");
    }
    if (!pair.joined)
    {
        return DropDatagram(now, flow, pair, payload.size, "ist.unpaired", "thesis 3.3");
    }
    const SpliceAllowance::Answer answer = pair.allowance.Ask(now, payload.size);
    if (answer == SpliceAllowance::OverRate)
    {
        return DropDatagram(now, flow, pair, payload.size, "ist.rate-limit", "thesis 3.6.2");
    }
    if (answer == SpliceAllowance::OverBytes)
    {
        const DatagramVerdict over =
            DropDatagram(now, flow, pair, payload.size, "ist.byte-limit", "thesis 3.6.2");
        End(now, pair.id, true, "ist.byte-limit");
        return over;
    }
    pair.allowance.Charge(now, payload.size);
    pair.lastActivity = now;
    pair.bytes += payload.size;
    ++m_counters.forwarded;
    m_counters.bytes += payload.size;
    const SideState& other = pair.side[Other(index)];
    DatagramVerdict verdict;
    verdict.action = DatagramVerdict::Forward;
    verdict.through = other.listener;
    verdict.to = other.peer;
    return verdict;
}

IstProxy::DatagramVerdict
IstProxy::RegisterUser(TimePoint now, Pair& pair, size_t index, const Endpoint& from)
{
    SideState& side = pair.side[index];
    const FlowKey flow{Protocol::Udp, from, {{}, side.port}};
    const size_t bytes = REGISTRATION_DATAGRAM.size();
    if (side.allowed && *side.allowed != from.address)
    {
        return DropDatagram(now, flow, pair, bytes, "ist.source-refused", "thesis 3.3");
    }
    if (side.peer.port != 0 && side.peer != from)
    {
        return DropDatagram(now, flow, pair, bytes, "ist.side-taken", "thesis 3.3");
    }
    pair.lastActivity = now;
    if (side.peer.port == 0)
    {
        side.peer = from;
        SideCame(now, pair, from);
    }
    DatagramVerdict verdict;
    verdict.action = DatagramVerdict::Consumed;
    return verdict;
}

std::vector<CarrierNews>
IstProxy::TakeNotices()
{
    return std::exchange(m_notices, {});
}

std::vector<IstProxy::Output>
IstProxy::TakeOutputs()
{
    return std::exchange(m_outputs, {});
}

TimePoint
IstProxy::NextTimeout() const
{
    return m_deadlines.Next();
}

void
IstProxy::Timeout(TimePoint now)
{
    while (const auto id = m_deadlines.PopDue(now))
    {
        Pair& pair = m_pairs.at(*id);
        pair.entered = TIME_NEVER;
        const TimePoint deadline = DeadlineOf(pair);
        if (deadline > now)
        {
            m_deadlines.Schedule(*id, pair.entered, deadline);
            continue;
        }
        const bool over = pair.allowance.End() <= now;
        End(now, *id, true, over ? "ist.lifetime" : pair.joined ? "ist.idle" : "ist.unmatched");
    }
}

TimePoint
IstProxy::DeadlineOf(const Pair& pair) const
{
    if (!pair.joined)
    {
        return std::min(pair.lastActivity + m_settings.unmatchedTimeout,
                        pair.created + m_settings.unmatchedLimit);
    }
    const bool udp = pair.protocol == Protocol::Udp;
    const Duration idle = udp ? m_settings.udpIdleTimeout : m_settings.idleTimeout;
    return std::min(pair.lastActivity + idle, pair.allowance.End());
}

void
IstProxy::CloseListener(SideState& side)
{
    if (side.listening)
    {
        side.listening = false;
        const auto found = m_listeners.find(side.listener);
        m_ports.erase({m_pairs.at(found->second.pair).protocol, side.port});
        m_listeners.erase(found);
        m_outputs.push_back(StopListening{side.listener});
    }
}

void
IstProxy::End(TimePoint now, uint64_t id, bool reset, std::string_view why)
{
    Pair& pair = m_pairs.at(id);
    for (SideState& side : pair.side)
    {
        CloseListener(side);
        if (side.connection != 0)
        {
            m_connections.erase(side.connection);
            m_outputs.push_back(Close{side.connection, reset});
        }
    }
    if (m_trace)
    {
        TraceEvent event;
        event.when = now;
        event.kind = TraceKind::SpliceState;
        event.flow = {pair.protocol, pair.side[0].peer, {{}, pair.side[0].port}};
        event.translated = pair.side[1].peer;
        event.from = pair.joined ? JOINED : WAITING;
        event.to = ENDED;
        event.reason = why;
        event.id = id;
        event.splice = pair.label;
        m_trace->Emit(event);
    }
    CarrierNews news;
    news.kind = CarrierNews::Ended;
    news.reason = why;
    news.bytes = pair.bytes;
    Tell(pair, news);
    m_deadlines.Schedule(id, pair.entered, TIME_NEVER);
    m_pairs.erase(id);
    ++m_counters.ended;
}

void
IstProxy::RefuseConnection(TimePoint now,
                           ConnectionId connection,
                           const Endpoint& peer,
                           uint16_t port,
                           std::string_view reason,
                           std::string_view rule)
{
    ++m_counters.drops[reason];
    m_outputs.push_back(Close{connection, true});
    if (m_trace)
    {
        TraceEvent event;
        event.when = now;
        event.flow = {Protocol::Tcp, peer, {{}, port}};
        event.reason = reason;
        event.rule = rule;
        event.detail = "connection";
        m_trace->Emit(event);
    }
}

IstProxy::DatagramVerdict
IstProxy::DropDatagram(TimePoint now,
                       const FlowKey& flow,
                       const Pair& pair,
                       size_t bytes,
                       std::string_view reason,
                       std::string_view rule)
{
    ++m_counters.drops[reason];
    if (m_trace)
    {
        TraceEvent event;
        event.when = now;
        event.flow = flow;
        event.reason = reason;
        event.rule = rule;
        event.detail = "datagram";
        event.id = pair.id;
        event.splice = pair.label;
        event.bytes = static_cast<uint32_t>(bytes);
        m_trace->Emit(event);
    }
    DatagramVerdict verdict;
    verdict.reason = reason;
    verdict.rule = rule;
    return verdict;
}

size_t
IstProxy::Size() const
{
    return m_pairs.size();
}

const IstProxy::Counters&
IstProxy::GetCounters() const
{
    return m_counters;
}

} // namespace isb
