// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/traffic-datagrams.h"

#include "emulation/meter/traffic-clock.h"
#include "emulation/meter/traffic-command.h"
#include "emulation/meter/traffic-turn.h"
#include "emulation/sys/system-error.h"
#include "model/wire/registration.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <thread>
#include <vector>

namespace isb
{

namespace
{

constexpr uint8_t DATA = 'd', END = 'e', PING = 'p', LAST_PING = 'l';
constexpr size_t HEADER = 5;    ///< kind and number of the flood
constexpr size_t BATCH = 32;    ///< datagrams a system call
constexpr size_t ROOM = 65536;  ///< bytes of a datagram
constexpr int BUFFER = 8 << 20; ///< bytes of the socket's buffers
constexpr int ENDS = 5;
constexpr uint64_t END_GAP = 4 * NS_PER_MS;
constexpr uint64_t PING_PATIENCE = 100 * NS_PER_MS;
constexpr size_t WARM_PINGS = 16;

void
WriteKind(uint8_t* payload, uint8_t kind, uint32_t number)
{
    payload[0] = kind;
    std::memcpy(payload + 1, &number, sizeof(number));
}

bool
IsOf(const uint8_t* payload, size_t size, uint32_t number)
{
    uint32_t found = 0;
    if (size < HEADER)
    {
        return false;
    }
    std::memcpy(&found, payload + 1, sizeof(found));
    return found == number;
}

/// Messages for sendmmsg() and recvmmsg(), one buffer each or all the same.
struct Batch
{
    std::vector<uint8_t> bytes;
    std::array<iovec, BATCH> vector{};
    std::array<mmsghdr, BATCH> message{};

    Batch(size_t size, bool shared)
        : bytes(shared ? size : BATCH * size)
    {
        for (size_t i = 0; i < BATCH; ++i)
        {
            vector.at(i) = {bytes.data() + (shared ? 0 : i * size), size};
            message.at(i).msg_hdr.msg_iov = &vector.at(i);
            message.at(i).msg_hdr.msg_iovlen = 1;
        }
    }
};

void
SleepUntil(uint64_t when)
{
    std::this_thread::sleep_until(
        std::chrono::steady_clock::time_point(std::chrono::nanoseconds(when)));
}

} // namespace

void
TrafficDatagrams::Open(ist_family family, uint64_t port)
{
    m_socket = OpenTrafficSocket(family, SOCK_DGRAM, port);
    m_turnPeer.reset();
    for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE})
    {
        setsockopt(m_socket.Get(), SOL_SOCKET, option, &BUFFER, sizeof(BUFFER));
    }
}

void
TrafficDatagrams::Listen(ist_family family, uint64_t port)
{
    Open(family, port);
}

void
TrafficDatagrams::Connect(const IpEndpoint& target, uint64_t sourcePort)
{
    Open(target.address.family, sourcePort);
    const SocketAddress to(target);
    if (connect(m_socket.Get(), to.Get(), to.size) != 0)
    {
        throw SystemError("connect to " + target.ToString());
    }
    Register();
}

void
TrafficDatagrams::Register()
{
    SendOne(REGISTRATION_DATAGRAM.data(), REGISTRATION_DATAGRAM.size());
}

void
TrafficDatagrams::Accept()
{
    SocketAddress from(IpEndpoint{});
    from.size = sizeof(from.storage);
    uint8_t byte = 0;
    if (!WaitReadable(m_socket.Get(), TRAFFIC_WATCHDOG) ||
        recvfrom(m_socket.Get(),
                 &byte,
                 1,
                 0,
                 reinterpret_cast<sockaddr*>(&from.storage),
                 &from.size) < 0 ||
        connect(m_socket.Get(), from.Get(), from.size) != 0)
    {
        throw TrafficFault("udp-accept: no datagram came");
    }
}

void
TrafficDatagrams::ConnectByTurn(const IpEndpoint& server, const IpEndpoint& peer)
{
    Open(server.address.family, 0);
    const SocketAddress to(server);
    if (connect(m_socket.Get(), to.Get(), to.size) != 0)
    {
        throw SystemError("connect to " + server.ToString());
    }
    TrafficTurn::Open(m_socket.Get(), peer.ToIpv4());
    m_turnPeer = peer;
    Register();
}

void
TrafficDatagrams::Close()
{
    m_socket.Close();
}

size_t
TrafficDatagrams::Prefix() const
{
    return m_turnPeer ? TrafficTurn::HEADER : 0;
}

void
TrafficDatagrams::SendOne(const uint8_t* payload, size_t size)
{
    std::vector<uint8_t> bytes(Prefix() + size);
    if (m_turnPeer)
    {
        TrafficTurn::WriteHeader(bytes.data(), size);
    }
    std::memcpy(bytes.data() + Prefix(), payload, size);
    if (send(m_socket.Get(), bytes.data(), bytes.size(), 0) < 0 && errno != ECONNREFUSED)
    {
        throw SystemError("send a datagram");
    }
}

DatagramCount
TrafficDatagrams::Flood(uint32_t number, size_t size, uint64_t duration, uint64_t rate)
{
    if (m_turnPeer)
    {
        TrafficTurn::Bind(m_socket.Get(), m_turnPeer->ToIpv4());
    }
    Batch batch(Prefix() + std::max(size, HEADER), true);
    if (m_turnPeer)
    {
        TrafficTurn::WriteHeader(batch.bytes.data(), batch.bytes.size() - Prefix());
    }
    WriteKind(batch.bytes.data() + Prefix(), DATA, number);
    DatagramCount sent;
    const uint64_t begun = TrafficNow();
    uint64_t now = begun;
    for (; now < begun + duration; now = TrafficNow())
    {
        uint64_t wanted = BATCH;
        if (rate != 0)
        {
            const uint64_t due = rate * (now - begun + NS_PER_MS) / NS_PER_SECOND;
            if (due <= sent.packets)
            {
                SleepUntil(
                    std::max(now + NS_PER_MS, begun + (sent.packets + 1) * NS_PER_SECOND / rate));
                continue;
            }
            wanted = std::min<uint64_t>(due - sent.packets, BATCH);
        }
        const int taken =
            sendmmsg(m_socket.Get(), batch.message.data(), static_cast<unsigned>(wanted), 0);
        if (taken < 0 && errno != ENOBUFS && errno != ECONNREFUSED)
        {
            throw SystemError("send datagrams");
        }
        sent.packets += taken > 0 ? static_cast<uint64_t>(taken) : 0;
    }
    sent.seconds = ToSeconds(now - begun);
    std::array<uint8_t, HEADER> end{};
    WriteKind(end.data(), END, number);
    for (int i = 0; i < ENDS; ++i)
    {
        SleepUntil(TrafficNow() + END_GAP);
        SendOne(end.data(), end.size());
    }
    return sent;
}

DatagramCount
TrafficDatagrams::Count(uint32_t number)
{
    static Batch batch(ROOM, false);
    DatagramCount came;
    uint64_t first = 0, last = 0;
    const size_t prefix = Prefix();
    while (WaitReadable(m_socket.Get(), TRAFFIC_WATCHDOG))
    {
        // Whatever waits, with the socket asked once.
        int got = BATCH;
        while (got == static_cast<int>(BATCH))
        {
            got = recvmmsg(m_socket.Get(), batch.message.data(), BATCH, MSG_DONTWAIT, nullptr);
            bool over = false;
            uint64_t counted = 0;
            for (int i = 0; i < got; ++i)
            {
                const auto index = static_cast<size_t>(i);
                const size_t size = batch.message.at(index).msg_len;
                const uint8_t* payload = batch.bytes.data() + index * ROOM + prefix;
                if (size < prefix || !IsOf(payload, size - prefix, number))
                {
                    continue;
                }
                over = over || payload[0] == END;
                counted += payload[0] == DATA ? 1 : 0;
            }
            if (counted > 0)
            {
                last = TrafficNow();
                first = first == 0 ? last : first;
                came.packets += counted;
            }
            if (over)
            {
                came.seconds = ToSeconds(last - first);
                return came;
            }
        }
    }
    throw TrafficFault("udp-count: the flood's end did not come after " +
                       std::to_string(came.packets) + " packets");
}

RoundTrips
TrafficDatagrams::Ping(uint64_t duration, size_t size)
{
    if (m_turnPeer)
    {
        TrafficTurn::Bind(m_socket.Get(), m_turnPeer->ToIpv4());
    }
    std::vector<uint8_t> ping(Prefix() + std::max(size, HEADER));
    std::vector<uint8_t> answer(ROOM);
    if (m_turnPeer)
    {
        TrafficTurn::WriteHeader(ping.data(), ping.size() - Prefix());
    }
    timeval limit{};
    limit.tv_usec = static_cast<suseconds_t>(PING_PATIENCE / 1000);
    setsockopt(m_socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    std::vector<uint64_t> trips;
    trips.reserve(1 << 16);
    const uint64_t begun = TrafficNow();
    uint64_t end = 0;
    uint32_t number = 0;
    while (TrafficNow() < begun + duration + TRAFFIC_WATCHDOG)
    {
        const uint64_t before = TrafficNow();
        if (end == 0 && number >= WARM_PINGS)
        {
            end = before + duration;
        }
        const bool last = end != 0 && before >= end;
        WriteKind(ping.data() + Prefix(), last ? LAST_PING : PING, ++number);
        send(m_socket.Get(), ping.data(), ping.size(), 0);
        ssize_t got = 0;
        do
        {
            got = recv(m_socket.Get(), answer.data(), answer.size(), 0);
        } while (got >= 0 &&
                 (static_cast<size_t>(got) < Prefix() ||
                  !IsOf(answer.data() + Prefix(), static_cast<size_t>(got) - Prefix(), number)));
        if (got >= 0 && last)
        {
            return Summarize(trips);
        }
        if (got >= 0 && end != 0)
        {
            trips.push_back(TrafficNow() - before);
        }
    }
    throw TrafficFault("udp-ping: no answer comes");
}

void
TrafficDatagrams::Echo()
{
    std::vector<uint8_t> bytes(ROOM);
    timeval limit{};
    limit.tv_sec = static_cast<time_t>(TRAFFIC_WATCHDOG / NS_PER_SECOND);
    setsockopt(m_socket.Get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    for (;;)
    {
        const ssize_t got = recv(m_socket.Get(), bytes.data(), bytes.size(), 0);
        if (got < 0 && errno != ECONNREFUSED)
        {
            throw SystemError("udp-echo: wait for a ping");
        }
        if (got < static_cast<ssize_t>(HEADER))
        {
            continue;
        }
        const uint8_t kind = bytes[0];
        if (kind == PING || kind == LAST_PING)
        {
            send(m_socket.Get(), bytes.data(), static_cast<size_t>(got), 0);
        }
        if (kind == LAST_PING)
        {
            return;
        }
    }
}

} // namespace isb
