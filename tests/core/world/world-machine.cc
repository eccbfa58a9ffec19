// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/world/world-machine.h"

#include "model/wire/registration.h"
#include "model/wire/service-preface.h"

#include <algorithm>
#include <stdexcept>

namespace isb::test
{

namespace
{

constexpr size_t JOIN_BUFFER = 65536;
constexpr size_t MOST_READ = 16384;
constexpr uint64_t MOST_TIMEOUTS_AT_ONCE = 100'000;

} // namespace

WorldMachine::WorldMachine(WorldClock& clock, WorldNetwork& network, HostId host)
    : m_clock(clock),
      m_network(network),
      m_host(host)
{
}

void
WorldMachine::Boot(std::unique_ptr<Machine> machine)
{
    m_network.Host(m_host).up = true;
    m_machine = std::move(machine);
    m_life = std::make_shared<int>(0);
    m_armed = TIME_NEVER;
    Input([this](TimePoint now) { m_machine->Start(now); });
}

void
WorldMachine::Kill()
{
    m_network.Kill(*this);
    m_machine.reset();
    m_life.reset();
    m_streams.clear();
    m_others.clear();
    m_sockets.clear();
    m_relays.clear();
}

void
WorldMachine::Crash()
{
    m_network.Crash(m_host);
    Kill();
}

void
WorldMachine::Input(const std::function<void(TimePoint now)>& input)
{
    if (m_machine)
    {
        input(m_clock.Now());
        Drain();
    }
}

void
WorldMachine::Drain()
{
    for (const MachineOrder& order : m_machine->TakeOrders())
    {
        std::visit([this](const auto& o) { Do(o); }, order);
    }
    if (afterInput)
    {
        afterInput();
    }
    Arm();
}

void
WorldMachine::Arm()
{
    const TimePoint next = m_machine->NextTimeout();
    if (next == TIME_NEVER || next == m_armed)
    {
        return;
    }
    m_armed = next;
    m_clock.At(next,
               [this, life = std::weak_ptr(m_life), next]
               {
                   if (life.expired() || m_armed != next)
                   {
                       return;
                   }
                   m_armed = TIME_NEVER;
                   m_timeoutsAtOnce = m_lastTimeout == m_clock.Now() ? m_timeoutsAtOnce + 1 : 0;
                   m_lastTimeout = m_clock.Now();
                   if (m_timeoutsAtOnce > MOST_TIMEOUTS_AT_ONCE)
                   {
                       throw std::logic_error("a machine asks for a time-out at once, for ever");
                   }
                   Input([this](TimePoint now) { m_machine->Timeout(now); });
               });
}

void
WorldMachine::Later(std::function<void()> event)
{
    m_clock.After(Duration(0),
                  [life = std::weak_ptr(m_life), event = std::move(event)]
                  {
                      if (!life.expired())
                      {
                          event();
                      }
                  });
}

SocketId
WorldMachine::SocketOf(NetId id) const
{
    const auto found = m_sockets.find(id);
    return found == m_sockets.end() ? 0 : found->second;
}

void
WorldMachine::Forget(SocketId socket)
{
    const auto stream = m_streams.find(socket);
    if (stream != m_streams.end())
    {
        m_sockets.erase(stream->second.id);
        m_streams.erase(stream);
    }
    const auto other = m_others.find(socket);
    if (other != m_others.end())
    {
        m_sockets.erase(other->second);
        m_others.erase(other);
    }
}

void
WorldMachine::Do(const ListenOrder& order)
{
    const auto opened = order.protocol == Protocol::Tcp
                            ? m_network.Listen(m_host, *this, order.local)
                            : m_network.OpenUdp(m_host, *this, order.local);
    if (!opened)
    {
        Later(
            [this, socket = order.socket] {
                Input([&](TimePoint now)
                      { m_machine->Failed(now, socket, "address already in use"); });
            });
        return;
    }
    const auto [id, local] = *opened;
    m_others[order.socket] = id;
    m_sockets[id] = order.socket;
    Later(
        [this, socket = order.socket, local = local]
        {
            if (m_others.count(socket) != 0)
            {
                Input([&](TimePoint now) { m_machine->Listening(now, socket, local); });
            }
        });
}

void
WorldMachine::Do(const ConnectOrder& order)
{
    const NetId id = m_network.Connect(m_host, *this, order.from, order.to);
    m_streams[order.socket].id = id;
    m_sockets[id] = order.socket;
}

void
WorldMachine::Do(const ReadOrder& order)
{
    const auto found = m_streams.find(order.socket);
    if (found != m_streams.end())
    {
        found->second.budget = order.bytes;
        Later([this, socket = order.socket] { Deliver(socket); });
    }
}

void
WorldMachine::Do(const SendOrder& order)
{
    const auto found = m_streams.find(order.socket);
    if (found != m_streams.end())
    {
        m_network.Send(found->second.id, order.bytes);
    }
}

void
WorldMachine::Do(const SendToOrder& order)
{
    const auto found = m_others.find(order.socket);
    if (found != m_others.end())
    {
        m_network.SendTo(found->second, order.to, order.bytes);
    }
}

void
WorldMachine::Do(const JoinOrder& order)
{
    const auto a = m_streams.find(order.a);
    const auto b = m_streams.find(order.b);
    if (a == m_streams.end() || b == m_streams.end())
    {
        const bool gone = a == m_streams.end() && b == m_streams.end();
        const SocketId left = a == m_streams.end() ? order.b : order.a;
        if (!gone)
        {
            m_network.Close(m_streams[left].id, true);
            Forget(left);
        }
        Later(
            [this, order] {
                Input([&](TimePoint now)
                      { m_machine->JoinEnded(now, order.a, order.b, 0, 0, true); });
            });
        return;
    }
    a->second.joined = order.b;
    b->second.joined = order.a;
    a->second.endTold = false; // a FIN that came before is carried by the join
    b->second.endTold = false;
    Later(
        [this, order]
        {
            PumpJoin(order.a);
            PumpJoin(order.b);
        });
}

void
WorldMachine::Do(const RelayOrder& order)
{
    m_relays[order.relay] = order;
}

void
WorldMachine::Do(const UnrelayOrder& order)
{
    m_relays.erase(order.relay);
}

void
WorldMachine::Do(const ShutdownOrder& order)
{
    const auto found = m_streams.find(order.socket);
    if (found != m_streams.end())
    {
        m_network.Shutdown(found->second.id);
    }
}

void
WorldMachine::Do(const CloseOrder& order)
{
    const auto stream = m_streams.find(order.socket);
    if (stream != m_streams.end())
    {
        const auto partner = m_streams.find(stream->second.joined);
        if (partner != m_streams.end())
        {
            partner->second.joined = 0;
        }
        m_network.Close(stream->second.id, order.reset);
    }
    const auto other = m_others.find(order.socket);
    if (other != m_others.end())
    {
        for (auto it = m_relays.begin(); it != m_relays.end();)
        {
            const bool uses = it->second.inner == order.socket || it->second.outer == order.socket;
            it = uses ? m_relays.erase(it) : std::next(it);
        }
        m_network.Close(other->second, false);
    }
    Forget(order.socket);
}

void
WorldMachine::Deliver(SocketId socket)
{
    auto found = m_streams.find(socket);
    while (found != m_streams.end() && found->second.budget > 0 && found->second.joined == 0)
    {
        const auto most = std::min<uint64_t>(found->second.budget, MOST_READ);
        const auto bytes = m_network.Take(found->second.id, static_cast<size_t>(most));
        if (bytes.empty())
        {
            if (m_network.AtEnd(found->second.id) && !found->second.endTold)
            {
                found->second.endTold = true;
                Input([&](TimePoint now) { m_machine->EndOfStream(now, socket); });
            }
            return;
        }
        if (found->second.budget != READ_ALL)
        {
            found->second.budget -= bytes.size();
        }
        Input([&](TimePoint now) { m_machine->Received(now, socket, bytes); });
        found = m_streams.find(socket);
    }
}

void
WorldMachine::PumpJoin(SocketId socket)
{
    const auto from = m_streams.find(socket);
    if (from == m_streams.end() || from->second.joined == 0)
    {
        return;
    }
    const auto to = m_streams.find(from->second.joined);
    while (m_network.Queued(to->second.id) < JOIN_BUFFER)
    {
        const auto bytes = m_network.Take(from->second.id, MOST_READ);
        if (bytes.empty())
        {
            break;
        }
        from->second.moved += bytes.size();
        m_network.Send(to->second.id, bytes);
    }
    if (m_network.AtEnd(from->second.id) && !from->second.endTold)
    {
        from->second.endTold = true;
        m_network.Shutdown(to->second.id);
    }
    if (from->second.endTold && to->second.endTold && m_network.Queued(to->second.id) == 0 &&
        m_network.Queued(from->second.id) == 0)
    {
        EndJoin(socket, false);
    }
}

void
WorldMachine::EndJoin(SocketId socket, bool reset)
{
    const Stream a = m_streams.at(socket);
    const SocketId other = a.joined;
    const Stream b = m_streams.at(other);
    m_network.Close(a.id, reset);
    m_network.Close(b.id, reset);
    Forget(socket);
    Forget(other);
    Input([&](TimePoint now)
          { m_machine->JoinEnded(now, socket, other, a.moved, b.moved, reset); });
}

void
WorldMachine::OnConnected(NetId end, Endpoint local)
{
    if (const SocketId socket = SocketOf(end))
    {
        Input([&](TimePoint now) { m_machine->Connected(now, socket, local); });
    }
}

void
WorldMachine::OnFailed(NetId end, std::string_view why)
{
    const SocketId socket = SocketOf(end);
    if (socket == 0)
    {
        return;
    }
    if (m_streams[socket].joined != 0)
    {
        EndJoin(socket, true);
        return;
    }
    Forget(socket);
    Input([&](TimePoint now) { m_machine->Failed(now, socket, why); });
}

void
WorldMachine::OnReadable(NetId end)
{
    const SocketId socket = SocketOf(end);
    if (socket == 0)
    {
        return;
    }
    if (m_streams[socket].joined != 0)
    {
        PumpJoin(socket);
        return;
    }
    Deliver(socket);
}

void
WorldMachine::OnSent(NetId end, size_t bytes)
{
    const SocketId socket = SocketOf(end);
    if (socket == 0)
    {
        return;
    }
    if (const SocketId partner = m_streams[socket].joined)
    {
        PumpJoin(partner);
        return;
    }
    Input([&](TimePoint now) { m_machine->Sent(now, socket, bytes); });
}

void
WorldMachine::OnAccepted(NetId listener, NetId end, Endpoint local, Endpoint peer)
{
    const SocketId at = SocketOf(listener);
    if (at == 0)
    {
        m_network.Close(end, true);
        return;
    }
    Input(
        [&](TimePoint now)
        {
            const SocketId socket = m_machine->Accepted(now, at, local, peer);
            m_streams[socket].id = end;
            m_sockets[end] = socket;
        });
}

void
WorldMachine::OnHeld(NetId /*listener*/, NetId syn, Endpoint /*peer*/)
{
    m_network.Refuse(syn);
}

bool
WorldMachine::Relay(SocketId socket, Endpoint from, const std::vector<uint8_t>& bytes)
{
    if (IsRegistrationDatagram(bytes) || ReadServicePreface(bytes))
    {
        return false;
    }
    for (const auto& [number, relay] : m_relays)
    {
        const bool outwards = relay.inner == socket && relay.innerPeer == from;
        if (outwards || (relay.outer == socket && relay.outerPeer == from))
        {
            const SocketId through = outwards ? relay.outer : relay.inner;
            m_network.SendTo(m_others[through],
                             outwards ? relay.outerPeer : relay.innerPeer,
                             bytes);
            Input([&, id = number](TimePoint now)
                  { m_machine->Relayed(now, id, bytes.size(), outwards); });
            return true;
        }
    }
    return false;
}

void
WorldMachine::OnDatagram(NetId id, Endpoint from, const std::vector<uint8_t>& bytes)
{
    const SocketId socket = SocketOf(id);
    if (socket != 0 && !Relay(socket, from, bytes))
    {
        Input([&](TimePoint now) { m_machine->Datagram(now, socket, from, bytes); });
    }
}

} // namespace isb::test
