// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/ist-tcp-protocol.h"

#include "model/ns3/ist-tcp-socket.h"

#include "ns3/ipv4-header.h"
#include "ns3/ipv4-interface.h"
#include "ns3/object-vector.h"
#include "ns3/packet.h"
#include "ns3/simulator.h"
#include "ns3/tcp-header.h"

#include <vector>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IstTcpProtocol);

TypeId
IstTcpProtocol::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IstTcpProtocol")
                            .SetParent<TcpL4Protocol>()
                            .SetGroupName("Isb")
                            .AddConstructor<IstTcpProtocol>();
    return tid;
}

size_t
IstTcpProtocol::Hash::operator()(const Key& key) const
{
    uint64_t mixed = key.addresses * 0x9e3779b97f4a7c15 ^ key.ports;
    mixed = (mixed ^ (mixed >> 32)) * 0xbf58476d1ce4e5b9;
    return mixed ^ (mixed >> 29);
}

void
IstTcpProtocol::Enter(IstTcpSocket* socket)
{
    m_sockets[socket->ConnectionKey()] = socket;
}

void
IstTcpProtocol::Leave(IstTcpSocket* socket)
{
    const auto found = m_sockets.find(socket->ConnectionKey());
    if (found != m_sockets.end() && found->second == socket)
    {
        m_sockets.erase(found);
    }
}

IpL4Protocol::RxStatus
IstTcpProtocol::Receive(Ptr<Packet> packet, const Ipv4Header& header, Ptr<Ipv4Interface> interface)
{
    if (header.GetSource() != header.GetDestination())
    {
        return TakeUp(packet, header, interface);
    }
    // From this node to itself: its IP comes back out of the very call that sends, and no TCP is
    // ready for an answer before it has done sending. One event later, as by a softirq.
    Simulator::ScheduleNow([self = Ptr<IstTcpProtocol>(this), packet, header, interface]
                           { self->TakeUp(packet, header, interface); });
    return IpL4Protocol::RX_OK;
}

IpL4Protocol::RxStatus
IstTcpProtocol::TakeUp(Ptr<Packet> packet, const Ipv4Header& header, Ptr<Ipv4Interface> interface)
{
    TcpHeader tcp;
    const IpL4Protocol::RxStatus status =
        PacketReceived(packet, tcp, header.GetSource(), header.GetDestination());
    if (status != IpL4Protocol::RX_OK)
    {
        return status;
    }
    const uint16_t port = tcp.GetSourcePort();
    const uint64_t own = uint64_t{header.GetDestination().Get()} << 32;
    const uint32_t ownPort = uint32_t{tcp.GetDestinationPort()} << 16;
    if (DeliverTo({own | header.GetSource().Get(), ownPort | port},
                  packet,
                  header,
                  port,
                  interface))
    {
        return IpL4Protocol::RX_OK;
    }
    // Only what opens a connection: another segment may be of one that has not entered, and a
    // listener would reset it.
    const bool opens = (tcp.GetFlags() & (TcpHeader::SYN | TcpHeader::ACK)) == TcpHeader::SYN;
    if (opens && (DeliverTo({own, ownPort}, packet, header, port, interface) ||
                  DeliverTo({0, ownPort}, packet, header, port, interface)))
    {
        return IpL4Protocol::RX_OK;
    }
    return TcpL4Protocol::Receive(packet, header, interface);
}

bool
IstTcpProtocol::DeliverTo(const Key& key,
                          const Ptr<Packet>& packet,
                          const Ipv4Header& header,
                          uint16_t port,
                          const Ptr<Ipv4Interface>& interface) const
{
    const auto found = m_sockets.find(key);
    return found != m_sockets.end() && found->second->Deliver(packet, header, port, interface);
}

void
IstTcpProtocol::SilenceAll(Ptr<TcpL4Protocol> tcp)
{
    ObjectVectorValue list;
    tcp->GetAttribute("SocketList", list);
    std::vector<Ptr<IstTcpSocket>> sockets; // the list shrinks meanwhile
    for (auto entry = list.Begin(); entry != list.End(); ++entry)
    {
        if (auto socket = DynamicCast<IstTcpSocket>(entry->second))
        {
            sockets.push_back(socket);
        }
    }
    for (const auto& socket : sockets)
    {
        socket->Vanish();
    }
}

} // namespace ns3
