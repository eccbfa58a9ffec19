// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/traffic-machine.h"

#include "emulation/lab/request-client.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace isb
{

namespace
{

constexpr SocketId SOCKET = 1; ///< of a server's listener, of a UDP client
constexpr size_t BULK_CHUNK = 65536;
constexpr Duration PONG_PATIENCE = std::chrono::milliseconds(100);
constexpr Duration PING_PAUSE = std::chrono::milliseconds(10);

/// Traffic kind tcp-bulk: connections that send as much as they can. Every byte is the client's
/// mark, by which the server knows whose meter it feeds.
class BulkClient : public TrafficMachine
{
  public:
    BulkClient(const Traffic& traffic, Endpoint target, uint8_t mark, TrafficMeter& meter)
        : m_traffic(traffic),
          m_target(target),
          m_mark(mark),
          m_meter(meter)
    {
    }

    void
    Start(TimePoint now) override
    {
        m_meter.start = now;
        for (SocketId id = 1; id <= m_traffic.connections; ++id)
        {
            m_left[id] = m_traffic.totalBytes == 0 ? UINT64_MAX : m_traffic.totalBytes;
            Do(ConnectOrder{id, {}, m_target});
        }
    }

    void
    Stop(TimePoint now) override
    {
        for (const auto& entry : m_left)
        {
            // What is ordered still goes out, and nobody tells when.
            m_meter.sentBytes += m_unsent[entry.first];
            Do(CloseOrder{entry.first, false});
        }
        m_left.clear();
        m_meter.stop = now;
    }

    void
    Connected(TimePoint, SocketId socket, Endpoint) override
    {
        ++m_meter.established;
        SendMore(socket);
        SendMore(socket); // one chunk goes while the next waits
    }

    void
    Failed(TimePoint, SocketId socket, std::string_view) override
    {
        m_meter.failed += m_left.erase(socket);
    }

    void
    Sent(TimePoint, SocketId socket, size_t bytes) override
    {
        m_meter.sentBytes += bytes;
        m_unsent[socket] -= bytes;
        if (m_unsent[socket] < BULK_CHUNK)
        {
            SendMore(socket);
        }
    }

    void
    EndOfStream(TimePoint, SocketId socket) override
    {
        const auto found = m_left.find(socket);
        if (found == m_left.end())
        {
            return;
        }
        const bool whole = found->second == 0;
        m_left.erase(found);
        Do(CloseOrder{socket, false});
        ++(whole ? m_meter.completed : m_meter.failed);
    }

    [[nodiscard]] bool
    IsDone(TimePoint) const override
    {
        return m_left.empty();
    }

  private:
    void
    SendMore(SocketId socket)
    {
        const auto found = m_left.find(socket);
        if (found == m_left.end() || found->second == 0)
        {
            return;
        }
        const auto size = static_cast<size_t>(std::min<uint64_t>(found->second, BULK_CHUNK));
        found->second -= m_traffic.totalBytes == 0 ? 0 : size;
        m_unsent[socket] += size;
        Do(SendOrder{socket, std::vector<uint8_t>(size, m_mark)});
        if (found->second == 0)
        {
            Do(ShutdownOrder{socket});
        }
    }

    const Traffic& m_traffic;
    Endpoint m_target;
    uint8_t m_mark;
    TrafficMeter& m_meter;
    std::map<SocketId, uint64_t> m_left;   ///< bytes that are not yet ordered, by connection
    std::map<SocketId, uint64_t> m_unsent; ///< ordered and not yet with TCP
};

/// Traffic kind udp-ping-pong. At most a hundred pings a second: the world's time is everybody's.
class PingClient : public TrafficMachine
{
  public:
    PingClient(const Traffic& traffic, Endpoint target, TrafficMeter& meter)
        : m_traffic(traffic),
          m_target(target),
          m_meter(meter)
    {
    }

    void
    Start(TimePoint now) override
    {
        m_meter.start = now;
        Do(ListenOrder{SOCKET, Protocol::Udp, {}});
    }

    void
    Stop(TimePoint now) override
    {
        m_stopped = true;
        m_next = TIME_NEVER;
        m_meter.stop = now;
        Do(CloseOrder{SOCKET, false});
    }

    void
    Listening(TimePoint now, SocketId, Endpoint) override
    {
        Ping(now);
    }

    void
    Datagram(TimePoint now, SocketId, Endpoint, ByteView bytes) override
    {
        m_meter.receivedBytes += bytes.size;
        ++m_meter.receivedPackets;
        if (!m_stopped && bytes.size == m_payload.size() &&
            std::equal(m_payload.begin(), m_payload.end(), bytes.data))
        {
            m_meter.roundTripsNs.push_back(static_cast<uint64_t>((now - m_sentAt).count()));
            m_next = std::max(now, m_sentAt + PING_PAUSE);
        }
    }

    [[nodiscard]] TimePoint
    NextTimeout() const override
    {
        return m_next;
    }

    void
    Timeout(TimePoint now) override
    {
        if (m_next <= now)
        {
            Ping(now);
        }
    }

    [[nodiscard]] bool
    IsDone(TimePoint) const override
    {
        return m_stopped;
    }

  private:
    void
    Ping(TimePoint now)
    {
        ++m_sequence;
        m_payload.assign(m_traffic.payloadBytes, 0);
        std::memcpy(m_payload.data(), &m_sequence, std::min(m_payload.size(), sizeof m_sequence));
        m_sentAt = now;
        m_next = now + PONG_PATIENCE;
        ++m_meter.sentPackets;
        m_meter.sentBytes += m_payload.size();
        Do(SendToOrder{SOCKET, m_target, m_payload});
    }

    const Traffic& m_traffic;
    Endpoint m_target;
    TrafficMeter& m_meter;
    uint64_t m_sequence = 0;
    std::vector<uint8_t> m_payload;
    TimePoint m_sentAt{0};
    TimePoint m_next = TIME_NEVER;
    bool m_stopped = false;
};

/// What servers share: a listener, no end.
class Server : public TrafficMachine
{
  public:
    Server(Protocol protocol, uint16_t port)
        : m_protocol(protocol),
          m_port(port)
    {
    }

    void
    Start(TimePoint) override
    {
        Do(ListenOrder{SOCKET, m_protocol, {{}, m_port}});
    }

    [[nodiscard]] SocketId
    Accepted(TimePoint, SocketId, Endpoint, Endpoint) override
    {
        const SocketId id = ++m_last;
        Do(ReadOrder{id, READ_ALL});
        return id;
    }

    void
    EndOfStream(TimePoint, SocketId socket) override
    {
        Do(CloseOrder{socket, false});
    }

    [[nodiscard]] bool
    IsDone(TimePoint) const override
    {
        return true;
    }

  private:
    Protocol m_protocol;
    uint16_t m_port;
    SocketId m_last = SOCKET;
};

class RequestServer : public Server
{
  public:
    RequestServer(uint16_t port, uint64_t request, uint64_t response)
        : Server(Protocol::Tcp, port),
          m_request(std::max<uint64_t>(request, 1)),
          m_response(response)
    {
    }

    void
    Received(TimePoint, SocketId socket, ByteView bytes) override
    {
        uint64_t& received = m_received[socket];
        for (received += bytes.size; received >= m_request; received -= m_request)
        {
            Do(SendOrder{socket, std::vector<uint8_t>(m_response)});
        }
    }

    void
    EndOfStream(TimePoint now, SocketId socket) override
    {
        m_received.erase(socket);
        Server::EndOfStream(now, socket);
    }

    void
    Failed(TimePoint, SocketId socket, std::string_view) override
    {
        m_received.erase(socket);
    }

  private:
    uint64_t m_request;
    uint64_t m_response;
    std::map<SocketId, uint64_t> m_received; ///< of the request under way
};

class BulkServer : public Server
{
  public:
    BulkServer(uint16_t port, const std::vector<TrafficMeter*>& meters)
        : Server(Protocol::Tcp, port),
          m_meters(meters)
    {
    }

    void
    Received(TimePoint, SocketId, ByteView bytes) override
    {
        if (bytes.data[0] < m_meters.size())
        {
            m_meters[bytes.data[0]]->receivedBytes += bytes.size;
        }
    }

  private:
    const std::vector<TrafficMeter*>& m_meters; ///< by mark
};

class PingServer : public Server
{
  public:
    explicit PingServer(uint16_t port)
        : Server(Protocol::Udp, port)
    {
    }

    void
    Datagram(TimePoint, SocketId socket, Endpoint from, ByteView bytes) override
    {
        Do(SendToOrder{socket, from, {bytes.data, bytes.data + bytes.size}});
    }
};

} // namespace

std::unique_ptr<TrafficMachine>
MakeClient(const Traffic& traffic,
           Endpoint target,
           uint8_t mark,
           TrafficMeter& meter,
           TraceSink* trace)
{
    switch (traffic.kind)
    {
    case TrafficKind::TcpBulk:
        return std::make_unique<BulkClient>(traffic, target, mark, meter);
    case TrafficKind::RequestResponse:
    case TrafficKind::TcpPingPong:
        return std::make_unique<RequestClient>(traffic, target, meter, trace);
    case TrafficKind::UdpPingPong:
        return std::make_unique<PingClient>(traffic, target, meter);
    case TrafficKind::UdpRate:
        break;
    }
    return nullptr;
}

std::unique_ptr<TrafficMachine>
MakeServer(const Traffic& traffic, uint16_t port, const std::vector<TrafficMeter*>& meters)
{
    switch (traffic.kind)
    {
    case TrafficKind::TcpBulk:
        return std::make_unique<BulkServer>(port, meters);
    case TrafficKind::RequestResponse:
        return std::make_unique<RequestServer>(port, traffic.requestBytes, traffic.responseBytes);
    case TrafficKind::TcpPingPong:
        return std::make_unique<RequestServer>(port, traffic.payloadBytes, traffic.payloadBytes);
    case TrafficKind::UdpPingPong:
        return std::make_unique<PingServer>(port);
    case TrafficKind::UdpRate:
        break;
    }
    return nullptr;
}

} // namespace isb
