// SPDX-License-Identifier: GPL-2.0-or-later
// TrafficStreams' connections that are made, used for one byte and closed.
#include "emulation/meter/traffic-clock.h"
#include "emulation/meter/traffic-command.h"
#include "emulation/meter/traffic-streams.h"
#include "emulation/sys/system-error.h"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <sys/epoll.h>

namespace isb
{

namespace
{

constexpr int EVENTS = 128;
constexpr int PATIENCE = static_cast<int>(TRAFFIC_WATCHDOG / NS_PER_MS);

/// Short connections on one epoll; one slot each, used again.
class ShortConnections
{
  public:
    explicit ShortConnections(size_t slots, bool speaks)
        : m_epoll(epoll_create1(EPOLL_CLOEXEC)),
          m_slots(slots),
          m_speaks(speaks)
    {
        if (!m_epoll)
        {
            throw SystemError("epoll_create1");
        }
        for (size_t i = slots; i > 0; --i)
        {
            m_free.push_back(i - 1);
        }
    }

    [[nodiscard]] bool
    HasRoom() const
    {
        return !m_free.empty();
    }

    void
    Take(Descriptor socket, bool connected)
    {
        const size_t slot = m_free.back();
        m_free.pop_back();
        epoll_event event{};
        event.events = connected ? EPOLLIN : EPOLLOUT;
        event.data.u64 = slot;
        if (epoll_ctl(m_epoll.Get(), EPOLL_CTL_ADD, socket.Get(), &event) != 0)
        {
            throw SystemError("epoll_ctl");
        }
        m_slots[slot] = {std::move(socket), connected};
    }

    /// Beside the connections: readable when somebody waits to be accepted.
    void
    WatchListener(int listener)
    {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = m_slots.size();
        if (epoll_ctl(m_epoll.Get(), EPOLL_CTL_ADD, listener, &event) != 0)
        {
            throw SystemError("epoll_ctl");
        }
    }

    /// Waits for events and takes a step on each; true when the listener has one. `result` counts
    /// those that ended. False and nothing stepped: TRAFFIC_WATCHDOG has passed (`timedOut`).
    bool
    Step(Dialled& result, bool& timedOut)
    {
        std::array<epoll_event, EVENTS> events{};
        const int ready = epoll_wait(m_epoll.Get(), events.data(), EVENTS, PATIENCE);
        timedOut = ready <= 0;
        bool listener = false;
        for (int i = 0; i < ready; ++i)
        {
            const uint64_t slot = events.at(static_cast<size_t>(i)).data.u64;
            if (slot == m_slots.size())
            {
                listener = true;
                continue;
            }
            StepOne(slot, result);
        }
        return listener;
    }

  private:
    struct Slot
    {
        Descriptor socket;
        bool connected = false;
    };

    void
    StepOne(size_t slot, Dialled& result)
    {
        Slot& one = m_slots[slot];
        uint8_t byte = 'x';
        if (!one.connected)
        {
            int error = 0;
            socklen_t size = sizeof(error);
            getsockopt(one.socket.Get(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0)
            {
                End(slot, result, error);
                return;
            }
            one.connected = true;
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = slot;
            epoll_ctl(m_epoll.Get(), EPOLL_CTL_MOD, one.socket.Get(), &event);
            if (m_speaks && send(one.socket.Get(), &byte, 1, MSG_NOSIGNAL) != 1)
            {
                End(slot, result, errno);
            }
            return;
        }
        const ssize_t got = recv(one.socket.Get(), &byte, 1, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN)
        {
            return;
        }
        if (got > 0 && !m_speaks)
        {
            if (send(one.socket.Get(), &byte, 1, MSG_NOSIGNAL) != 1)
            {
                End(slot, result, errno);
            }
            return;
        }
        // Who speaks is done with the byte, the other one with the end.
        const int early = m_speaks ? ECONNRESET : 0;
        End(slot, result, got < 0 ? errno : (got == 0 ? early : 0));
    }

    void
    End(size_t slot, Dialled& result, int error)
    {
        m_slots[slot] = {};
        m_free.push_back(slot);
        if (error == 0)
        {
            ++result.done;
            return;
        }
        if (++result.failed == 1)
        {
            result.fault = std::generic_category().message(error);
        }
    }

    Descriptor m_epoll;
    std::vector<Slot> m_slots;
    std::vector<size_t> m_free;
    bool m_speaks;
};

} // namespace

Dialled
TrafficStreams::Dial(const IpEndpoint& target,
                     uint64_t portStep,
                     uint64_t count,
                     uint64_t parallel,
                     bool speaks)
{
    ShortConnections connections(parallel, speaks);
    Dialled result;
    const uint64_t begun = TrafficNow();
    uint64_t next = 0;
    while (result.done + result.failed < count)
    {
        for (; next < count && connections.HasRoom(); ++next)
        {
            Descriptor one =
                OpenTrafficSocket(target.address.family, SOCK_STREAM | SOCK_NONBLOCK, 0);
            const SocketAddress to(PortFurther(target, next * portStep));
            if (connect(one.Get(), to.Get(), to.size) != 0 && errno != EINPROGRESS)
            {
                throw SystemError("connect to " + target.ToString());
            }
            connections.Take(std::move(one), false);
        }
        bool timedOut = false;
        connections.Step(result, timedOut);
        if (timedOut)
        {
            throw TrafficFault("dial " + target.ToString() + ": " + std::to_string(result.done) +
                               " of " + std::to_string(count) + " connections ended");
        }
    }
    result.seconds = ToSeconds(TrafficNow() - begun);
    return result;
}

Dialled
TrafficStreams::Answer(uint64_t count)
{
    ShortConnections connections(count, false);
    connections.WatchListener(m_listener.Get());
    Dialled result;
    const uint64_t begun = TrafficNow();
    while (result.done + result.failed < count)
    {
        bool timedOut = false;
        const bool waiting = connections.Step(result, timedOut);
        if (timedOut)
        {
            throw TrafficFault("answer: " + std::to_string(result.done) + " of " +
                               std::to_string(count) + " connections ended");
        }
        while (waiting && connections.HasRoom())
        {
            Descriptor came(
                accept4(m_listener.Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!came)
            {
                break;
            }
            connections.Take(std::move(came), true);
        }
    }
    result.seconds = ToSeconds(TrafficNow() - begun);
    return result;
}

} // namespace isb
