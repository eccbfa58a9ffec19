// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/core/stun/packet-world.h"

#include <algorithm>

namespace isb::test
{

PacketHost::PacketHost(PacketWorld& world, std::vector<Ipv4> own)
    : addresses(std::move(own)),
      m_world(world)
{
}

void
PacketHost::Boot(Machine& machine)
{
    m_machine = &machine;
    m_machine->Start(m_world.clock.Now());
    Drain();
}

bool
PacketHost::Owns(Ipv4 address) const
{
    return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

void
PacketHost::Drain()
{
    for (const MachineOrder& order : m_machine->TakeOrders())
    {
        std::visit([this](const auto& o) { Do(o); }, order);
    }
    Arm();
}

void
PacketHost::Arm()
{
    const TimePoint next = m_machine->NextTimeout();
    if (next == TIME_NEVER || next == m_armed)
    {
        return;
    }
    m_armed = next;
    m_world.clock.At(next,
                     [this, next]
                     {
                         if (m_armed == next)
                         {
                             m_armed = TIME_NEVER;
                             m_machine->Timeout(m_world.clock.Now());
                             Drain();
                         }
                     });
}

Endpoint
PacketHost::Bound(Protocol protocol, Endpoint wanted)
{
    if (wanted.address.value == 0)
    {
        wanted.address = addresses[0];
    }
    while (wanted.port == 0)
    {
        const Endpoint free{wanted.address, ++m_lastPort};
        wanted.port = FindListener(protocol, free) == 0 ? free.port : uint16_t{0};
    }
    return wanted;
}

SocketId
PacketHost::FindListener(Protocol protocol, Endpoint local) const
{
    for (const auto& [socket, listener] : m_listeners)
    {
        if (listener == std::pair(protocol, local))
        {
            return socket;
        }
    }
    return 0;
}

SocketId
PacketHost::FindStream(Endpoint local, Endpoint peer) const
{
    for (const auto& [socket, stream] : m_streams)
    {
        if (stream.local == local && stream.peer == peer)
        {
            return socket;
        }
    }
    return 0;
}

void
PacketHost::Do(const ListenOrder& order)
{
    const Endpoint local = Bound(order.protocol, order.local);
    const bool taken = FindListener(order.protocol, local) != 0;
    if (!taken)
    {
        m_listeners[order.socket] = {order.protocol, local};
    }
    m_world.clock.After(Duration(0),
                        [this, taken, local, socket = order.socket]
                        {
                            const TimePoint now = m_world.clock.Now();
                            if (taken)
                            {
                                m_machine->Failed(now, socket, "address already in use");
                            }
                            else
                            {
                                m_machine->Listening(now, socket, local);
                            }
                            Drain();
                        });
}

void
PacketHost::Do(const ConnectOrder& order)
{
    Stream& stream = m_streams[order.socket];
    stream.local = Bound(Protocol::Tcp, order.from);
    stream.peer = order.to;
    stream.next = static_cast<uint32_t>(1000 * order.socket);
    Emit(stream, TCP_SYN, {});
}

void
PacketHost::Do(const ReadOrder& order)
{
    const auto found = m_streams.find(order.socket);
    if (found != m_streams.end())
    {
        found->second.reading = true;
        m_world.clock.After(Duration(0), [this, socket = order.socket] { Deliver(socket); });
    }
}

void
PacketHost::Do(const SendOrder& order)
{
    const auto found = m_streams.find(order.socket);
    if (found != m_streams.end())
    {
        std::vector<uint8_t>& unsent = found->second.unsent;
        unsent.insert(unsent.end(), order.bytes.begin(), order.bytes.end());
        Pump(order.socket);
    }
}

void
PacketHost::Do(const SendToOrder& order)
{
    const auto found = m_listeners.find(order.socket);
    if (found != m_listeners.end() && !deaf)
    {
        sent += order.bytes.size();
        m_world.Send(*this, BuildUdp(found->second.second, order.to, order.bytes));
    }
}

void
PacketHost::Do(const JoinOrder& /*order*/)
{
}

void
PacketHost::Do(const RelayOrder& /*order*/)
{
}

void
PacketHost::Do(const UnrelayOrder& /*order*/)
{
}

void
PacketHost::Do(const ShutdownOrder& order)
{
    const auto found = m_streams.find(order.socket);
    if (found != m_streams.end())
    {
        found->second.finQueued = true;
        Pump(order.socket);
    }
}

void
PacketHost::Do(const CloseOrder& order)
{
    m_listeners.erase(order.socket);
    const auto found = m_streams.find(order.socket);
    if (found == m_streams.end())
    {
        return;
    }
    if (found->second.up)
    {
        found->second.finQueued = true;
        if (order.reset)
        {
            Emit(found->second, TCP_RST | TCP_ACK, {});
        }
        else
        {
            Pump(order.socket);
        }
    }
    m_streams.erase(order.socket);
}

/// Sequence numbers go on by what is sent.
void
PacketHost::Emit(Stream& stream, uint8_t flags, ByteView payload)
{
    if (deaf)
    {
        return;
    }
    TcpFields tcp;
    tcp.sequence = stream.next;
    tcp.acknowledgement = (flags & TCP_ACK) != 0 ? stream.awaited : 0;
    tcp.flags = flags;
    m_world.Send(*this, BuildTcp(stream.local, stream.peer, tcp, payload));
    stream.next += static_cast<uint32_t>(payload.size);
    stream.next += (flags & (TCP_SYN | TCP_FIN)) != 0 ? 1 : 0;
}

void
PacketHost::Pump(SocketId socket)
{
    Stream& stream = m_streams.at(socket);
    if (!stream.up)
    {
        return;
    }
    if (!stream.unsent.empty())
    {
        Emit(stream, TCP_PSH | TCP_ACK, stream.unsent);
        const size_t bytes = stream.unsent.size();
        stream.unsent.clear();
        m_world.clock.After(Duration(0),
                            [this, socket, bytes]
                            {
                                m_machine->Sent(m_world.clock.Now(), socket, bytes);
                                Drain();
                            });
    }
    if (stream.finQueued)
    {
        stream.finQueued = false;
        Emit(stream, TCP_FIN | TCP_ACK, {});
    }
}

void
PacketHost::Deliver(SocketId socket)
{
    const auto found = m_streams.find(socket);
    if (found == m_streams.end() || !found->second.reading)
    {
        return;
    }
    const std::vector<uint8_t> bytes = std::move(found->second.unread);
    found->second.unread.clear();
    if (!bytes.empty())
    {
        m_machine->Received(m_world.clock.Now(), socket, bytes);
        Drain();
    }
    const auto after = m_streams.find(socket);
    if (after != m_streams.end() && after->second.ended)
    {
        after->second.ended = false;
        m_machine->EndOfStream(m_world.clock.Now(), socket);
        Drain();
    }
}

void
PacketHost::Arrive(const std::vector<uint8_t>& packet)
{
    PacketView view;
    if (m_machine == nullptr || !view.Read(packet, packet.size()))
    {
        return;
    }
    const ByteView payload(packet.data() + view.PayloadOffset(), view.PayloadLength());
    if (view.Protocol() == Protocol::Tcp)
    {
        ArriveTcp(view, payload);
    }
    else if (view.Protocol() == Protocol::Udp)
    {
        received += payload.size;
        if (const SocketId at = FindListener(Protocol::Udp, view.DestinationEndpoint()))
        {
            m_machine->Datagram(m_world.clock.Now(), at, view.SourceEndpoint(), payload);
            Drain();
        }
    }
}

void
PacketHost::ArriveSyn(const PacketView& view)
{
    const SocketId listener = FindListener(Protocol::Tcp, view.DestinationEndpoint());
    Stream stream;
    stream.local = view.DestinationEndpoint();
    stream.peer = view.SourceEndpoint();
    stream.awaited = view.Sequence() + 1;
    if (listener == 0)
    {
        Emit(stream, TCP_RST | TCP_ACK, {});
        return;
    }
    stream.next = 77'000;
    stream.listener = listener;
    Emit(stream, TCP_SYN | TCP_ACK, {});
    m_halfOpen[{stream.local, stream.peer}] = stream;
}

/// The ACK of an accepted connection, or the SYN or SYN-ACK for a connecting one.
void
PacketHost::FinishHandshake(SocketId socket, const PacketView& view)
{
    Stream& stream = m_streams.at(socket);
    const uint8_t flags = view.TcpFlags();
    if ((flags & TCP_SYN) != 0)
    {
        stream.awaited = view.Sequence() + 1;
        stream.synHeard = true;
    }
    if ((flags & TCP_SYN) != 0 && (flags & TCP_ACK) == 0)
    {
        --stream.next; // from both sides at once: the own SYN again, with an ACK
        Emit(stream, TCP_SYN | TCP_ACK, {});
        return;
    }
    stream.up = stream.synHeard;
    if (stream.up)
    {
        Emit(stream, TCP_ACK, {});
        m_machine->Connected(m_world.clock.Now(), socket, stream.local);
        Drain();
        if (m_streams.count(socket) != 0)
        {
            Pump(socket);
        }
    }
}

void
PacketHost::ArriveTcp(const PacketView& view, ByteView payload)
{
    const SocketId socket = FindStream(view.DestinationEndpoint(), view.SourceEndpoint());
    const uint8_t flags = view.TcpFlags();
    if (socket == 0)
    {
        const auto half = m_halfOpen.find({view.DestinationEndpoint(), view.SourceEndpoint()});
        if ((flags & TCP_SYN) != 0 && (flags & TCP_ACK) == 0)
        {
            ArriveSyn(view);
        }
        else if (half != m_halfOpen.end())
        {
            // A SYN-ACK for somebody else's SYN acknowledges another number.
            if ((flags & TCP_RST) == 0 && view.Acknowledgement() == half->second.next)
            {
                Stream accepted = half->second;
                m_halfOpen.erase(half);
                accepted.up = true;
                const SocketId made = m_machine->Accepted(m_world.clock.Now(),
                                                          accepted.listener,
                                                          accepted.local,
                                                          accepted.peer);
                m_streams[made] = accepted;
                Drain();
                if (payload.size > 0)
                {
                    ArriveTcp(view, payload);
                }
            }
            else
            {
                m_halfOpen.erase(half);
            }
        }
        return;
    }
    Stream& stream = m_streams.at(socket);
    const TimePoint now = m_world.clock.Now();
    if ((flags & TCP_RST) != 0)
    {
        m_streams.erase(socket);
        m_machine->Failed(now, socket, "connection refused");
        Drain();
        return;
    }
    if (!stream.up)
    {
        FinishHandshake(socket, view);
        return;
    }
    stream.awaited += static_cast<uint32_t>(payload.size) + ((flags & TCP_FIN) != 0 ? 1 : 0);
    stream.unread.insert(stream.unread.end(), payload.data, payload.data + payload.size);
    stream.ended = stream.ended || (flags & TCP_FIN) != 0;
    if (payload.size > 0 || (flags & TCP_FIN) != 0)
    {
        Emit(stream, TCP_ACK, {});
    }
    Deliver(socket);
}

PacketWorld::PacketWorld() = default;

PacketHost&
PacketWorld::AddOutside(std::vector<Ipv4> addresses)
{
    return m_hosts.emplace_back(*this, std::move(addresses));
}

PacketHost&
PacketWorld::AddInside(Ipv4 address)
{
    PacketHost& host = m_hosts.emplace_back(*this, std::vector<Ipv4>{address});
    host.inside = true;
    return host;
}

void
PacketWorld::PutNat(const NatSettings& settings)
{
    nat = std::make_unique<NatBox>(settings, m_random, nullptr);
}

void
PacketWorld::PutFirewall()
{
    m_filter = std::make_unique<StatefulFilter>(FilterSettings{}, m_random, nullptr);
}

void
PacketWorld::Send(PacketHost& from, std::vector<uint8_t> packet)
{
    clock.After(latency,
                [this, inside = from.inside, packet = std::move(packet)]
                { Route(inside, packet); });
}

void
PacketWorld::Route(bool fromInside, std::vector<uint8_t> packet)
{
    const NatSide side = fromInside ? NatSide::Inside : NatSide::Outside;
    PacketView view;
    if (!view.Read(packet, packet.size()))
    {
        return;
    }
    const auto isInside = [this](Ipv4 address)
    {
        return std::any_of(m_hosts.begin(),
                           m_hosts.end(),
                           [address](const PacketHost& h) { return h.inside && h.Owns(address); });
    };
    if (m_filter)
    {
        if (fromInside != isInside(view.Destination()) &&
            m_filter->Process(clock.Now(), side, packet, packet.size()).action !=
                FilterVerdict::Action::Pass)
        {
            return;
        }
        Deliver(isInside(view.Destination()), packet);
        return;
    }
    const bool concerned = nat && (fromInside ? !isInside(view.Destination())
                                              : nat->Settings().IsExternal(view.Destination()));
    if (!concerned)
    {
        Deliver(fromInside || !nat ? isInside(view.Destination()) : false, packet);
        return;
    }
    const NatVerdict verdict = nat->Process(clock.Now(), side, packet, packet.size());
    for (const NatEmitted& emitted : nat->TakeEmitted())
    {
        Deliver(emitted.to == NatSide::Inside, emitted.packet);
    }
    if (verdict.action == NatVerdict::Action::Forward)
    {
        Deliver(!fromInside, packet);
    }
    else if (verdict.action == NatVerdict::Action::Hairpin)
    {
        Deliver(true, packet);
    }
}

void
PacketWorld::Deliver(bool inside, const std::vector<uint8_t>& packet)
{
    PacketView view;
    if (!view.Read(packet, packet.size()))
    {
        return;
    }
    for (PacketHost& host : m_hosts)
    {
        if (host.inside == inside && host.Owns(view.Destination()))
        {
            host.Arrive(packet);
            return;
        }
    }
}

} // namespace isb::test
