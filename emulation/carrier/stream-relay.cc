// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/stream-relay.h"

#include "emulation/carrier/relay-direction.h"
#include "emulation/sys/system-error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utility>

namespace isb
{

namespace
{

constexpr int EVENTS = 128;

/// IPv6 as the socket calls take it; IPv4 as a mapped address of it.
sockaddr_in6
ToSocketAddress(const IpEndpoint& endpoint)
{
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    std::array<uint32_t, 4> words = endpoint.address.word;
    if (endpoint.address.IsIpv4())
    {
        words = {0, 0, 0xffff, endpoint.address.word[0]};
    }
    for (uint32_t& word : words)
    {
        word = htonl(word);
    }
    std::memcpy(&address.sin6_addr, words.data(), sizeof(address.sin6_addr));
    return address;
}

Descriptor
OpenSocket()
{
    Descriptor made(socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!made)
    {
        throw SystemError("socket");
    }
    const int on = 1, off = 0;
    setsockopt(made.Get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(made.Get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    return made;
}

void
SendAtOnce(const Descriptor& socket)
{
    const int on = 1;
    setsockopt(socket.Get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

} // namespace

/// What an event of epoll is about: a listener, an end of a pair, or (neither) the order to stop.
struct StreamRelay::Watched
{
    std::optional<size_t> listener;
    Pair* pair = nullptr;
};

/// Two joined connections. Registered edge-triggered: both directions are tried at each event.
class StreamRelay::Pair
{
  public:
    Pair(RelayMethod method, Descriptor a, Descriptor b)
        : m_mark{std::nullopt, this},
          m_a(std::move(a)),
          m_b(std::move(b)),
          m_aToB(method),
          m_bToA(method)
    {
    }

    [[nodiscard]] Watched*
    Mark()
    {
        return &m_mark;
    }

    [[nodiscard]] std::array<int, 2>
    Sockets() const
    {
        return {m_a.Get(), m_b.Get()};
    }

    /// Moves bytes both ways. Over: the pair is.
    [[nodiscard]] RelayDirection::State
    Step()
    {
        using State = RelayDirection::State;
        const State aToB = m_aToB.Move(m_a.Get(), m_b.Get());
        const State bToA = m_bToA.Move(m_b.Get(), m_a.Get());
        if (aToB == State::Broken || bToA == State::Broken)
        {
            const linger reset{1, 0};
            setsockopt(m_a.Get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
            setsockopt(m_b.Get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
            return State::Over;
        }
        if (aToB == State::Busy || bToA == State::Busy)
        {
            return State::Busy;
        }
        return aToB == State::Over && bToA == State::Over ? State::Over : State::Waiting;
    }

  private:
    Watched m_mark;
    Descriptor m_a, m_b;
    RelayDirection m_aToB, m_bToA;
};

StreamRelay::StreamRelay(const RelaySettings& settings)
    : m_settings(settings),
      m_epoll(epoll_create1(EPOLL_CLOEXEC))
{
    if (!m_epoll)
    {
        throw SystemError("epoll_create1");
    }
    m_listeners.push_back(Listen(settings.port));
    if (!settings.target)
    {
        m_listeners.push_back(Listen(settings.otherPort));
    }
    m_waiting.resize(m_listeners.size());
    for (size_t i = 0; i < m_listeners.size(); ++i)
    {
        m_listenerMarks.push_back(std::make_unique<Watched>(Watched{i, nullptr}));
        Watch(m_listeners[i].Get(), m_listenerMarks.back().get(), EPOLLIN);
    }
}

StreamRelay::~StreamRelay() = default;

Descriptor
StreamRelay::Listen(uint16_t port) const
{
    Descriptor made = OpenSocket();
    IpAddress any;
    any.family = IST_FAMILY_IPV6;
    const sockaddr_in6 local = ToSocketAddress({any, port});
    if (bind(made.Get(), reinterpret_cast<const sockaddr*>(&local), sizeof(local)) != 0 ||
        listen(made.Get(), SOMAXCONN) != 0)
    {
        throw SystemError("listen on port " + std::to_string(port));
    }
    return made;
}

void
StreamRelay::Watch(int socket, Watched* watched, uint32_t events) const
{
    epoll_event event{};
    event.events = events;
    event.data.ptr = watched;
    if (epoll_ctl(m_epoll.Get(), EPOLL_CTL_ADD, socket, &event) != 0)
    {
        throw SystemError("epoll_ctl");
    }
}

void
StreamRelay::Run(int stop)
{
    Watched stopMark;
    Watch(stop, &stopMark, EPOLLIN);
    for (;;)
    {
        std::array<epoll_event, EVENTS> events{};
        const int ready = epoll_wait(m_epoll.Get(), events.data(), EVENTS, m_busy.empty() ? -1 : 0);
        for (const Pair* pair : std::exchange(m_busy, {}))
        {
            Step(pair);
        }
        for (int i = 0; i < ready; ++i)
        {
            const auto* watched =
                static_cast<const Watched*>(events.at(static_cast<size_t>(i)).data.ptr);
            if (watched == &stopMark)
            {
                return;
            }
            if (watched->listener)
            {
                Accept(*watched->listener);
            }
            else
            {
                Step(watched->pair);
            }
        }
        m_ended.clear();
    }
}

void
StreamRelay::Step(const Pair* pair)
{
    const auto found = m_pairs.find(pair);
    if (found == m_pairs.end())
    {
        return;
    }
    switch (found->second->Step())
    {
    case RelayDirection::State::Over:
        m_ended.push_back(std::move(found->second));
        m_pairs.erase(found);
        break;
    case RelayDirection::State::Busy:
        m_busy.push_back(pair);
        break;
    default:
        break;
    }
}

void
StreamRelay::Accept(size_t listener)
{
    for (;;)
    {
        Descriptor came(
            accept4(m_listeners[listener].Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!came)
        {
            return;
        }
        SendAtOnce(came);
        if (m_settings.target)
        {
            Descriptor onward = OpenSocket();
            SendAtOnce(onward);
            const sockaddr_in6 to = ToSocketAddress(*m_settings.target);
            if (connect(onward.Get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 ||
                errno == EINPROGRESS)
            {
                Join(std::move(came), std::move(onward));
            }
            continue;
        }
        std::deque<Descriptor>& others = m_waiting[1 - listener];
        if (others.empty())
        {
            m_waiting[listener].push_back(std::move(came));
            continue;
        }
        Join(std::move(came), std::move(others.front()));
        others.pop_front();
    }
}

void
StreamRelay::Join(Descriptor a, Descriptor b)
{
    auto pair = std::make_unique<Pair>(m_settings.method, std::move(a), std::move(b));
    Pair* key = pair.get();
    const auto [aSocket, bSocket] = key->Sockets();
    m_pairs.emplace(key, std::move(pair));
    for (const int socket : {aSocket, bSocket})
    {
        Watch(socket, key->Mark(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
}

} // namespace isb
