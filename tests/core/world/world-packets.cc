// SPDX-License-Identifier: GPL-2.0-or-later
// The part of WorldNetwork that sends packets through gates: TCP's handshake, by which holes are
// punched (RFC 9293 section 3.5), and datagrams. What follows a handshake is a stream of events.
#include "model/wire/packet-builder.h"
#include "tests/core/world/world-network.h"

#include <algorithm>

namespace isb::test
{

namespace
{

constexpr Duration FIRST_RETRANSMISSION = std::chrono::seconds(1); ///< RFC 6298, then doubled
constexpr Duration CONNECT_TIMEOUT = std::chrono::seconds(21);
/// A SYN's sequence number tells the end that sent it.
constexpr uint32_t NUMBER_STEP = 1000;

bool
Matches(const Endpoint& bound, const Endpoint& local)
{
    return bound.port == local.port && (bound.address == Ipv4{} || bound.address == local.address);
}

Ipv4
DestinationOf(const std::vector<uint8_t>& packet)
{
    PacketView view;
    return view.Read(packet, packet.size()) ? view.Destination() : Ipv4{};
}

} // namespace

void
WorldNetwork::PutBehind(HostId host, std::shared_ptr<WorldGate> gate)
{
    m_gates[host] = std::move(gate);
}

WorldGate*
WorldNetwork::GateOf(HostId host) const
{
    const auto found = m_gates.find(host);
    return found == m_gates.end() ? nullptr : found->second.get();
}

bool
WorldNetwork::IsGated(HostId from, Ipv4 to) const
{
    if (to.value >> 24 == 127 || to == m_hosts[from].address)
    {
        return false;
    }
    const auto takes = [this, to](const auto& entry)
    { return entry.second->Owns(to) || m_hosts[entry.first].address == to; };
    return GateOf(from) != nullptr || std::any_of(m_gates.begin(), m_gates.end(), takes);
}

void
WorldNetwork::SendPacket(HostId from, std::vector<uint8_t> packet)
{
    WorldGate* gate = GateOf(from);
    if (gate == nullptr)
    {
        RoutePacket(m_hosts[from].delay, std::move(packet));
        return;
    }
    const WorldGate::Verdict verdict = gate->Judge(m_clock.Now(), NatSide::Inside, packet);
    if (verdict == WorldGate::Verdict::Passes)
    {
        RoutePacket(m_hosts[from].delay, std::move(packet));
    }
    else if (verdict == WorldGate::Verdict::Turns)
    {
        DeliverInside(*gate, m_hosts[from].delay, std::move(packet));
    }
    Emit(*gate, m_hosts[from].delay);
}

void
WorldNetwork::Emit(WorldGate& gate, Duration delay)
{
    for (NatEmitted& emitted : gate.TakeEmitted())
    {
        if (emitted.to == NatSide::Outside)
        {
            RoutePacket(delay, std::move(emitted.packet));
        }
        else
        {
            DeliverInside(gate, Duration(0), std::move(emitted.packet));
        }
    }
}

void
WorldNetwork::RoutePacket(Duration latency, std::vector<uint8_t> packet)
{
    const Ipv4 to = DestinationOf(packet);
    for (HostId host = 0; host < m_hosts.size(); ++host)
    {
        WorldGate* gate = GateOf(host);
        const bool here = gate != nullptr ? gate->Owns(to) || m_hosts[host].address == to
                                          : m_hosts[host].address == to;
        if (!here)
        {
            continue;
        }
        m_clock.After(latency + m_hosts[host].delay,
                      [this, host, gate, packet = std::move(packet)]() mutable
                      {
                          if (gate == nullptr)
                          {
                              DeliverPacket(host, packet);
                              return;
                          }
                          if (gate->Judge(m_clock.Now(), NatSide::Outside, packet) ==
                              WorldGate::Verdict::Passes)
                          {
                              DeliverInside(*gate, Duration(0), std::move(packet));
                          }
                          Emit(*gate, m_hosts[host].delay);
                      });
        return;
    }
}

void
WorldNetwork::DeliverInside(const WorldGate& gate, Duration delay, std::vector<uint8_t> packet)
{
    const Ipv4 to = DestinationOf(packet);
    for (HostId host = 0; host < m_hosts.size(); ++host)
    {
        if (GateOf(host) == &gate && m_hosts[host].address == to)
        {
            m_clock.After(delay,
                          [this, host, packet = std::move(packet)]
                          { DeliverPacket(host, packet); });
            return;
        }
    }
}

void
WorldNetwork::DeliverPacket(HostId host, const std::vector<uint8_t>& packet)
{
    PacketView view;
    if (!m_hosts[host].up || !view.Read(packet, packet.size()))
    {
        return;
    }
    if (view.Protocol() == Protocol::Tcp)
    {
        DeliverSegment(host, view);
        return;
    }
    if (view.Protocol() != Protocol::Udp)
    {
        return; // ICMP errors: sockets of the world wait for their time-out
    }
    const Endpoint to = view.DestinationEndpoint();
    for (auto& [id, socket] : m_udp)
    {
        if (socket.host == host && Matches(socket.local, to))
        {
            const std::vector<uint8_t> bytes(packet.begin() +
                                                 static_cast<std::ptrdiff_t>(view.PayloadOffset()),
                                             packet.end());
            socket.user->OnDatagram(id, view.SourceEndpoint(), bytes);
            return;
        }
    }
}

void
WorldNetwork::SendSegment(HostId host,
                          Endpoint from,
                          Endpoint to,
                          uint8_t flags,
                          NetId own,
                          NetId acknowledged)
{
    TcpFields tcp;
    tcp.flags = flags;
    tcp.sequence = static_cast<uint32_t>(own) * NUMBER_STEP;
    tcp.acknowledgement = static_cast<uint32_t>(acknowledged) * NUMBER_STEP + 1;
    if ((flags & TCP_ACK) == 0)
    {
        tcp.acknowledgement = 0;
    }
    SendPacket(host, BuildTcp(from, to, tcp, {}));
}

void
WorldNetwork::SendSyn(NetId id, Duration next)
{
    const auto found = m_ends.find(id);
    if (found == m_ends.end() || found->second.partner != 0 || found->second.heldBy != 0)
    {
        return;
    }
    const End& end = found->second;
    SendSegment(end.host,
                end.local,
                end.remote,
                end.heard != 0 ? TCP_SYN | TCP_ACK : TCP_SYN,
                id,
                end.heard);
    m_clock.After(next, [this, id, next] { SendSyn(id, next * 2); });
}

void
WorldNetwork::ConnectByPackets(NetId id)
{
    End& end = m_ends[id];
    // Streams take the time of the shortest way there is; packets take theirs.
    end.latency = m_hosts[end.host].delay * 2;
    m_clock.After(Duration(0), [this, id] { SendSyn(id, FIRST_RETRANSMISSION); });
    m_clock.After(CONNECT_TIMEOUT,
                  [this, id]
                  {
                      const auto found = m_ends.find(id);
                      if (found != m_ends.end() && found->second.partner == 0)
                      {
                          ArriveReset(id, "timed out");
                      }
                  });
}

void
WorldNetwork::DeliverSegment(HostId host, const PacketView& view)
{
    const Endpoint local = view.DestinationEndpoint();
    const Endpoint remote = view.SourceEndpoint();
    const NetId theirs = view.Sequence() / NUMBER_STEP;
    const uint8_t flags = view.TcpFlags();
    const auto here = std::find_if(m_ends.begin(),
                                   m_ends.end(),
                                   [&](const auto& entry)
                                   {
                                       return entry.second.host == host &&
                                              entry.second.local == local &&
                                              entry.second.remote == remote;
                                   });
    if (here != m_ends.end())
    {
        DeliverToEnd(here->first, theirs, view.Acknowledgement() / NUMBER_STEP, flags);
        return;
    }
    if ((flags & TCP_RST) != 0)
    {
        return;
    }
    if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
    {
        if (const NetId listener = ListenerAt(host, local))
        {
            TakeSyn(host, listener, local, remote, theirs);
            return;
        }
    }
    SendSegment(host, local, remote, TCP_RST | TCP_ACK, 0, theirs);
}

void
WorldNetwork::TakeSyn(HostId host, NetId at, Endpoint local, Endpoint remote, NetId theirs)
{
    const Listener listener = m_listeners[at];
    if (listener.holds)
    {
        const auto end = m_ends.find(theirs);
        if (end == m_ends.end() || end->second.heldBy != 0)
        {
            return;
        }
        const NetId syn = NewId();
        end->second.heldBy = syn;
        m_held[syn] = {theirs, host, listener.user};
        m_clock.After(CONNECT_TIMEOUT, [this, syn] { Refuse(syn); });
        listener.user->OnHeld(at, syn, remote);
        return;
    }
    const NetId id = NewId();
    End& end = m_ends[id];
    end.host = host;
    end.user = listener.user;
    end.local = local;
    end.remote = remote;
    end.heard = theirs;
    end.listener = at;
    end.latency = m_hosts[host].delay * 2;
    SendSyn(id, FIRST_RETRANSMISSION);
    m_clock.After(CONNECT_TIMEOUT,
                  [this, id]
                  {
                      const auto found = m_ends.find(id);
                      if (found != m_ends.end() && found->second.partner == 0)
                      {
                          Forget(id); // half open
                      }
                  });
}

void
WorldNetwork::DeliverToEnd(NetId id, NetId theirs, NetId acknowledged, uint8_t flags)
{
    End& end = m_ends[id];
    if ((flags & TCP_RST) != 0)
    {
        if (end.partner == 0 && acknowledged == id)
        {
            if (end.listener != 0)
            {
                Forget(id);
                return;
            }
            ArriveReset(id, "connection refused");
        }
        return;
    }
    if ((flags & TCP_SYN) != 0)
    {
        const bool first = end.heard == 0;
        end.heard = theirs;
        if ((flags & TCP_ACK) == 0)
        {
            if (first || end.partner == 0)
            {
                SendSegment(end.host, end.local, end.remote, TCP_SYN | TCP_ACK, id, theirs);
            }
            return;
        }
    }
    if (acknowledged != id || end.heard != theirs)
    {
        return;
    }
    if ((flags & TCP_SYN) != 0)
    {
        SendSegment(end.host, end.local, end.remote, TCP_ACK, id, theirs);
    }
    if (end.partner == 0)
    {
        Establish(id, theirs);
    }
}

void
WorldNetwork::Establish(NetId id, NetId theirs)
{
    End& end = m_ends[id];
    end.partner = theirs;
    if (end.listener == 0)
    {
        end.user->OnConnected(id, end.local);
    }
    else
    {
        const auto listener = m_listeners.find(end.listener);
        if (listener == m_listeners.end())
        {
            Close(id, true);
            return;
        }
        listener->second.user->OnAccepted(listener->first, id, end.local, end.remote);
    }
    Pump(id);
}

} // namespace isb::test
