// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/request-client.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr Duration RECONNECT = std::chrono::seconds(1);

} // namespace

RequestClient::RequestClient(const Traffic& traffic,
                             Endpoint target,
                             TrafficMeter& meter,
                             TraceSink* trace)
    : m_traffic(traffic),
      m_target(target),
      m_meter(meter),
      m_trace(trace),
      m_request(traffic.kind == TrafficKind::TcpPingPong ? traffic.payloadBytes
                                                         : traffic.requestBytes),
      m_response(traffic.kind == TrafficKind::TcpPingPong ? traffic.payloadBytes
                                                          : traffic.responseBytes)
{
}

void
RequestClient::Start(TimePoint now)
{
    m_meter.start = now;
    for (uint32_t i = 0; i < m_traffic.connections; ++i)
    {
        Open(now);
    }
}

void
RequestClient::Stop(TimePoint now)
{
    for (const auto& entry : m_connections)
    {
        Do(CloseOrder{entry.first, false});
        Report(now, "closed");
    }
    m_connections.clear();
    m_waiting.clear();
    m_meter.stop = now;
}

void
RequestClient::Open(TimePoint now)
{
    const SocketId socket = ++m_last;
    m_connections[socket].openedAt = now;
    Report(now, "connecting");
    Do(ConnectOrder{socket, {}, m_target});
    Do(ReadOrder{socket, READ_ALL});
}

void
RequestClient::Connected(TimePoint now, SocketId socket, Endpoint)
{
    const auto found = m_connections.find(socket);
    if (found != m_connections.end())
    {
        ++m_meter.established;
        Report(now, "connected");
        Ask(now, socket, found->second);
    }
}

void
RequestClient::Ask(TimePoint now, SocketId socket, Connection& connection)
{
    ++connection.asked;
    connection.askedAt = now;
    connection.missing = m_response;
    Do(SendOrder{socket, std::vector<uint8_t>(m_request)});
}

void
RequestClient::Received(TimePoint now, SocketId socket, ByteView bytes)
{
    const auto found = m_connections.find(socket);
    if (found == m_connections.end())
    {
        return;
    }
    Connection& connection = found->second;
    m_meter.receivedBytes += bytes.size;
    if (!connection.heard)
    {
        connection.heard = true;
        m_meter.firstBytesNs.push_back(static_cast<uint64_t>((now - connection.openedAt).count()));
        Report(now, "first-byte");
    }
    connection.missing -= std::min<uint64_t>(connection.missing, bytes.size);
    if (connection.missing == 0)
    {
        Answered(now, socket, connection);
    }
}

void
RequestClient::Answered(TimePoint now, SocketId socket, Connection& connection)
{
    ++m_meter.completed;
    m_meter.roundTripsNs.push_back(static_cast<uint64_t>((now - connection.askedAt).count()));
    if (m_traffic.requestsEach != 0 && connection.asked >= m_traffic.requestsEach)
    {
        Do(CloseOrder{socket, false});
        m_connections.erase(socket);
        Report(now, "closed");
        m_waiting.emplace(now + m_traffic.pause, 0);
        return;
    }
    m_waiting.emplace(now + m_traffic.pause, socket);
}

void
RequestClient::EndOfStream(TimePoint now, SocketId socket)
{
    if (m_connections.count(socket) != 0)
    {
        Do(CloseOrder{socket, false});
        Lose(now, socket, "client.closed-by-server");
    }
}

void
RequestClient::Failed(TimePoint now, SocketId socket, std::string_view why)
{
    const auto found = m_connections.find(socket);
    if (found != m_connections.end())
    {
        Lose(now,
             socket,
             why == "connection timed out" ? "client.timed-out"
             : found->second.asked == 0    ? "client.refused"
                                           : "client.reset");
    }
}

void
RequestClient::Lose(TimePoint now, SocketId socket, std::string_view why)
{
    m_connections.erase(socket);
    ++m_meter.failed;
    Report(now, "failed", why);
    if (m_traffic.requestsEach != 0)
    {
        m_waiting.emplace(now + std::max(m_traffic.pause, RECONNECT), 0);
    }
}

void
RequestClient::Sent(TimePoint, SocketId, size_t bytes)
{
    m_meter.sentBytes += bytes;
}

TimePoint
RequestClient::NextTimeout() const
{
    return m_waiting.empty() ? TIME_NEVER : m_waiting.begin()->first;
}

void
RequestClient::Timeout(TimePoint now)
{
    while (!m_waiting.empty() && m_waiting.begin()->first <= now)
    {
        const SocketId socket = m_waiting.begin()->second;
        m_waiting.erase(m_waiting.begin());
        const auto found = m_connections.find(socket);
        if (socket == 0)
        {
            Open(now);
        }
        else if (found != m_connections.end())
        {
            Ask(now, socket, found->second);
        }
    }
}

bool
RequestClient::IsDone(TimePoint until) const
{
    const bool asks = std::any_of(m_connections.begin(),
                                  m_connections.end(),
                                  [](const auto& entry)
                                  { return entry.second.asked == 0 || entry.second.missing > 0; });
    return !asks && NextTimeout() >= until;
}

void
RequestClient::Report(TimePoint now, std::string_view state, std::string_view why)
{
    if (m_trace)
    {
        TraceEvent event;
        event.when = now;
        event.kind = TraceKind::ClientState;
        event.to = state;
        event.reason = why;
        event.detail = m_traffic.name;
        m_trace->Emit(event);
    }
}

} // namespace isb
