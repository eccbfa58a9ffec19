// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/meter/traffic-streams.h"

#include "emulation/meter/traffic-clock.h"
#include "emulation/meter/traffic-command.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <numeric>
#include <poll.h>
#include <sys/epoll.h>

namespace isb
{

namespace
{

constexpr size_t CHUNK = 128 * 1024;      ///< bytes of one send or receive
constexpr int UNSENT = 128 * 1024;        ///< bytes that wait in a sender's socket at most
constexpr uint8_t MORE = 'm', LAST = 'l'; ///< first byte of a ping
constexpr int EVENTS = 128;
constexpr size_t WARM_PINGS = 16;
constexpr int EPOLL_PATIENCE = static_cast<int>(TRAFFIC_WATCHDOG / NS_PER_MS);

void
SetOption(int socket, int level, int option, int value)
{
    if (setsockopt(socket, level, option, &value, sizeof(value)) != 0)
    {
        throw SystemError("setsockopt");
    }
}

void
Tune(int socket)
{
    SetOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    SetOption(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT);
}

void
Watch(int epoll, int socket, uint32_t events, uint64_t data)
{
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event) != 0)
    {
        throw SystemError("epoll_ctl");
    }
}

Descriptor
NewEpoll()
{
    Descriptor made(epoll_create1(EPOLL_CLOEXEC));
    if (!made)
    {
        throw SystemError("epoll_create1");
    }
    return made;
}

/// Sends or receives all of it on a blocking socket.
void
SendAll(int socket, const uint8_t* bytes, size_t size)
{
    while (size > 0)
    {
        const ssize_t sent = send(socket, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
        {
            throw SystemError("send a ping");
        }
        bytes += sent;
        size -= static_cast<size_t>(sent);
    }
}

void
ReceiveAll(int socket, uint8_t* bytes, size_t size)
{
    while (size > 0)
    {
        const ssize_t got = recv(socket, bytes, size, 0);
        if (got <= 0)
        {
            throw got < 0 ? SystemError("receive a ping") : SystemError("ping", ECONNRESET);
        }
        bytes += got;
        size -= static_cast<size_t>(got);
    }
}

void
LimitBlocking(int socket)
{
    timeval limit{};
    limit.tv_sec = static_cast<time_t>(TRAFFIC_WATCHDOG / NS_PER_SECOND);
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

} // namespace

RoundTrips
Summarize(std::vector<uint64_t>& nanoseconds)
{
    RoundTrips result;
    result.count = nanoseconds.size();
    if (nanoseconds.empty())
    {
        return result;
    }
    std::sort(nanoseconds.begin(), nanoseconds.end());
    const auto sum = std::accumulate(nanoseconds.begin(), nanoseconds.end(), uint64_t{0});
    result.mean = static_cast<double>(sum) / static_cast<double>(result.count);
    result.median = nanoseconds[nanoseconds.size() / 2];
    result.late = nanoseconds[nanoseconds.size() * 99 / 100];
    return result;
}

void
TrafficStreams::Listen(ist_family family, uint64_t port)
{
    m_listener = OpenTrafficSocket(family, SOCK_STREAM | SOCK_NONBLOCK, port);
    if (listen(m_listener.Get(), SOMAXCONN) != 0)
    {
        throw SystemError("listen on port " + std::to_string(port));
    }
}

void
TrafficStreams::Accept(uint64_t count)
{
    while (m_connections.size() < count)
    {
        if (!WaitReadable(m_listener.Get(), TRAFFIC_WATCHDOG))
        {
            throw TrafficFault("accept: " + std::to_string(m_connections.size()) + " of " +
                               std::to_string(count) + " connections came");
        }
        Descriptor came(accept4(m_listener.Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (came)
        {
            Tune(came.Get());
            m_connections.push_back(std::move(came));
        }
    }
}

void
TrafficStreams::Connect(const IpEndpoint& target,
                        uint64_t portStep,
                        uint64_t sourcePort,
                        uint64_t sourceStep,
                        uint64_t count)
{
    const Descriptor epoll = NewEpoll();
    const size_t first = m_connections.size();
    for (uint64_t i = 0; i < count; ++i)
    {
        Descriptor one = OpenTrafficSocket(target.address.family,
                                           SOCK_STREAM | SOCK_NONBLOCK,
                                           sourcePort == 0 ? 0 : sourcePort + i * sourceStep);
        Tune(one.Get());
        const SocketAddress to(PortFurther(target, i * portStep));
        if (connect(one.Get(), to.Get(), to.size) != 0 && errno != EINPROGRESS)
        {
            throw SystemError("connect to " + target.ToString());
        }
        Watch(epoll.Get(), one.Get(), EPOLLOUT | EPOLLONESHOT, first + i);
        m_connections.push_back(std::move(one));
    }
    for (uint64_t up = 0; up < count;)
    {
        std::array<epoll_event, EVENTS> events{};
        const int ready = epoll_wait(epoll.Get(), events.data(), EVENTS, EPOLL_PATIENCE);
        if (ready <= 0)
        {
            throw TrafficFault("connect to " + target.ToString() + ": " + std::to_string(up) +
                               " of " + std::to_string(count) + " connections came up");
        }
        for (int i = 0; i < ready; ++i)
        {
            int error = 0;
            socklen_t size = sizeof(error);
            const auto& one = m_connections[events.at(static_cast<size_t>(i)).data.u64];
            getsockopt(one.Get(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0)
            {
                throw SystemError("connect to " + target.ToString(), error);
            }
            ++up;
        }
    }
}

void
TrafficStreams::Close()
{
    m_connections.clear();
    m_listener.Close();
}

uint64_t
TrafficStreams::Send(uint64_t connections, uint64_t duration)
{
    if (connections > m_connections.size())
    {
        throw TrafficFault("send: there are " + std::to_string(m_connections.size()) +
                           " connections");
    }
    static const std::vector<uint8_t> payload(CHUNK, 0x5a);
    const Descriptor epoll = NewEpoll();
    for (uint64_t i = 0; i < connections; ++i)
    {
        Watch(epoll.Get(), m_connections[i].Get(), EPOLLOUT, i);
    }
    uint64_t total = 0;
    const uint64_t end = TrafficNow() + duration;
    while (TrafficNow() < end)
    {
        std::array<epoll_event, EVENTS> events{};
        const int ready = epoll_wait(epoll.Get(), events.data(), EVENTS, 10);
        for (int i = 0; i < ready; ++i)
        {
            const int socket = m_connections[events.at(static_cast<size_t>(i)).data.u64].Get();
            const ssize_t sent = send(socket, payload.data(), payload.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN)
            {
                throw SystemError("send");
            }
            total += sent > 0 ? static_cast<uint64_t>(sent) : 0;
        }
    }
    return total;
}

ReceivedBulk
TrafficStreams::Receive(uint64_t warm, uint64_t duration, int wake, const TotalAsked& total)
{
    static std::vector<uint8_t> buffer(CHUNK);
    const Descriptor epoll = NewEpoll();
    for (size_t i = 0; i < m_connections.size(); ++i)
    {
        Watch(epoll.Get(), m_connections[i].Get(), EPOLLIN, i);
    }
    Watch(epoll.Get(), wake, EPOLLIN, m_connections.size());
    ReceivedBulk result;
    uint64_t first = 0, last = 0, begun = 0, bytesBefore = 0, ended = 0, wanted = 0;
    while (wanted == 0 || result.total < wanted)
    {
        std::array<epoll_event, EVENTS> events{};
        const int ready = epoll_wait(epoll.Get(), events.data(), EVENTS, EPOLL_PATIENCE);
        if (ready <= 0)
        {
            throw TrafficFault("receive: " + std::to_string(result.total) + " of " +
                               std::to_string(wanted) + " bytes came");
        }
        const uint64_t before = result.total;
        for (int i = 0; i < ready; ++i)
        {
            const uint64_t which = events.at(static_cast<size_t>(i)).data.u64;
            if (which == m_connections.size())
            {
                wanted = total();
                continue;
            }
            const ssize_t got = recv(m_connections[which].Get(), buffer.data(), buffer.size(), 0);
            if (got == 0 || (got < 0 && errno != EAGAIN))
            {
                throw SystemError("receive", got == 0 ? ECONNRESET : errno);
            }
            result.total += got > 0 ? static_cast<uint64_t>(got) : 0;
        }
        if (result.total == before)
        {
            continue;
        }
        last = TrafficNow();
        first = first == 0 ? last : first;
        if (begun == 0 && last >= first + warm)
        {
            begun = last;
            bytesBefore = result.total;
        }
        if (ended == 0 && last >= first + warm + duration)
        {
            ended = last;
            result.bytes = result.total - bytesBefore;
        }
    }
    result.totalTime = ToSeconds(last - first);
    result.seconds = ended == 0 ? 0 : ToSeconds(ended - begun);
    return result;
}

RoundTrips
TrafficStreams::Ping(uint64_t duration, size_t size)
{
    if (m_connections.empty())
    {
        throw TrafficFault("ping: there is no connection");
    }
    const int socket = m_connections.front().Get();
    SetNonBlocking(socket, false);
    LimitBlocking(socket);
    std::vector<uint8_t> message(size, 0);
    std::vector<uint64_t> trips;
    trips.reserve(1 << 16);
    uint64_t end = 0;
    for (size_t sent = 0;; ++sent)
    {
        const uint64_t before = TrafficNow();
        if (sent == WARM_PINGS)
        {
            end = before + duration;
        }
        const bool last = end != 0 && before >= end;
        message[0] = last ? LAST : MORE;
        SendAll(socket, message.data(), size);
        ReceiveAll(socket, message.data(), size);
        if (last)
        {
            break;
        }
        if (sent >= WARM_PINGS)
        {
            trips.push_back(TrafficNow() - before);
        }
    }
    SetNonBlocking(socket, true);
    return Summarize(trips);
}

void
TrafficStreams::Echo(size_t size)
{
    std::vector<pollfd> all;
    for (const Descriptor& one : m_connections)
    {
        all.push_back({one.Get(), POLLIN, 0});
    }
    if (poll(all.data(), all.size(), EPOLL_PATIENCE) <= 0)
    {
        throw TrafficFault("echo: no ping came");
    }
    const auto found =
        std::find_if(all.begin(), all.end(), [](const pollfd& one) { return one.revents != 0; });
    const int socket = found->fd;
    SetNonBlocking(socket, false);
    LimitBlocking(socket);
    std::vector<uint8_t> message(size);
    do
    {
        ReceiveAll(socket, message.data(), size);
        SendAll(socket, message.data(), size);
    } while (message[0] != LAST);
    SetNonBlocking(socket, true);
}

} // namespace isb
