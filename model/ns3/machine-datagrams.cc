// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/machine-datagrams.h"

#include "model/wire/registration.h"
#include "model/wire/service-preface.h"

#include "ns3/inet-socket-address.h"

#include <algorithm>
#include <vector>

namespace ns3
{

namespace
{

Address
ToAddress(isb::Endpoint endpoint)
{
    return InetSocketAddress(Ipv4Address(endpoint.address.value), endpoint.port);
}

isb::Endpoint
ToEndpoint(const Address& address)
{
    const InetSocketAddress inet = InetSocketAddress::ConvertFrom(address);
    return {{inet.GetIpv4().Get()}, inet.GetPort()};
}

std::vector<uint8_t>
BytesOf(const Ptr<Packet>& packet)
{
    std::vector<uint8_t> bytes(packet->GetSize());
    packet->CopyData(bytes.data(), packet->GetSize());
    return bytes;
}

/// What the ends of a path say to one another, in between the payload.
bool
IsSignal(const Ptr<Packet>& packet)
{
    if (packet->GetSize() > isb::SERVICE_PREFACE_SIZE)
    {
        return false;
    }
    const std::vector<uint8_t> bytes = BytesOf(packet);
    const isb::ByteView view{bytes.data(), bytes.size()};
    return isb::IsRegistrationDatagram(view) || isb::ReadServicePreface(view).has_value();
}

} // namespace

MachineDatagrams::MachineDatagrams(MachineHost& host)
    : m_host(host)
{
}

size_t
MachineDatagrams::Size() const
{
    return m_ports.size();
}

void
MachineDatagrams::Listen(const isb::ListenOrder& order)
{
    const isb::SocketId id = order.socket;
    Ptr<Socket> socket = m_host.MakeDatagramSocket(order.local);
    if (!socket)
    {
        m_host.Feed([id](isb::Machine& machine, isb::TimePoint now)
                    { machine.Failed(now, id, "address already in use"); });
        return;
    }
    m_ports[id].socket = socket;
    socket->SetRecvCallback(Callback<void, Ptr<Socket>>(
        [weak = weak_from_this(), id](Ptr<Socket>)
        {
            if (const auto self = weak.lock())
            {
                self->OnReadable(id);
            }
        }));
    Address name;
    socket->GetSockName(name);
    m_host.Feed([id, local = ToEndpoint(name)](isb::Machine& machine, isb::TimePoint now)
                { machine.Listening(now, id, local); });
}

void
MachineDatagrams::SendTo(const isb::SendToOrder& order)
{
    const auto found = m_ports.find(order.socket);
    if (found == m_ports.end())
    {
        return;
    }
    const bool sentOn =
        m_heard && m_heard->GetSize() == order.bytes.size() && BytesOf(m_heard) == order.bytes;
    Ptr<Packet> packet =
        sentOn ? m_heard->Copy()
               : Create<Packet>(order.bytes.data(), static_cast<uint32_t>(order.bytes.size()));
    m_host.ChargeSend(packet->GetSize(),
                      [socket = found->second.socket, packet, to = ToAddress(order.to)]
                      { socket->SendTo(packet, 0, to); });
}

void
MachineDatagrams::Relay(const isb::RelayOrder& order)
{
    m_relays[order.relay] = order;
    m_ways[{order.inner, order.innerPeer}] = {order.relay, order.outer, order.outerPeer, true};
    m_ways[{order.outer, order.outerPeer}] = {order.relay, order.inner, order.innerPeer, false};
}

void
MachineDatagrams::Unrelay(const isb::UnrelayOrder& order)
{
    const auto found = m_relays.find(order.relay);
    if (found == m_relays.end())
    {
        return;
    }
    const isb::RelayOrder& relay = found->second;
    for (const Source& source :
         {Source(relay.inner, relay.innerPeer), Source(relay.outer, relay.outerPeer)})
    {
        // A later relay may have taken the place.
        if (const auto way = m_ways.find(source);
            way != m_ways.end() && way->second.relay == order.relay)
        {
            m_ways.erase(way);
        }
    }
    m_relays.erase(found);
}

bool
MachineDatagrams::Close(isb::SocketId id)
{
    const auto found = m_ports.find(id);
    if (found == m_ports.end())
    {
        return false;
    }
    found->second.socket->Close();
    m_ports.erase(found);
    std::vector<uint64_t> over;
    for (const auto& entry : m_relays)
    {
        if (entry.second.inner == id || entry.second.outer == id)
        {
            over.push_back(entry.first);
        }
    }
    for (const uint64_t relay : over)
    {
        Unrelay({relay});
    }
    return true;
}

void
MachineDatagrams::CloseAll()
{
    while (!m_ports.empty())
    {
        Close(m_ports.begin()->first);
    }
}

void
MachineDatagrams::OnReadable(isb::SocketId id)
{
    const auto found = m_ports.find(id);
    if (found == m_ports.end() || found->second.reading ||
        found->second.socket->GetRxAvailable() == 0)
    {
        return;
    }
    found->second.reading = true;
    const uint32_t bytes = std::min(found->second.socket->GetRxAvailable(), m_host.ChunkLimit());
    m_host.ChargeReceive(bytes,
                         [weak = weak_from_this(), id]
                         {
                             if (const auto self = weak.lock())
                             {
                                 self->Take(id);
                             }
                         });
}

void
MachineDatagrams::Take(isb::SocketId id)
{
    const auto found = m_ports.find(id);
    if (found == m_ports.end())
    {
        return;
    }
    found->second.reading = false;
    Address from;
    const Ptr<Packet> packet = found->second.socket->RecvFrom(from);
    if (packet)
    {
        const isb::Endpoint source = ToEndpoint(from);
        const auto way = m_ways.find({id, source});
        if (way != m_ways.end() && !IsSignal(packet))
        {
            Pass(way->second, packet);
        }
        else
        {
            m_host.Feed(
                [weak = weak_from_this(), id, source, packet](isb::Machine& machine,
                                                              isb::TimePoint now)
                {
                    if (const auto self = weak.lock())
                    {
                        self->m_heard = packet;
                    }
                    const std::vector<uint8_t> bytes = BytesOf(packet);
                    machine.Datagram(now, id, source, {bytes.data(), bytes.size()});
                });
        }
    }
    OnReadable(id);
}

void
MachineDatagrams::Pass(const Way& way, Ptr<Packet> packet)
{
    const auto through = m_ports.find(way.through);
    if (through == m_ports.end())
    {
        return;
    }
    const uint32_t bytes = packet->GetSize();
    m_host.ChargeSend(bytes,
                      [socket = through->second.socket, packet, to = ToAddress(way.to)]
                      { socket->SendTo(packet, 0, to); });
    m_host.Feed([relay = way.relay, bytes, outwards = way.outwards](isb::Machine& machine,
                                                                    isb::TimePoint now)
                { machine.Relayed(now, relay, bytes, outwards); });
}

} // namespace ns3
