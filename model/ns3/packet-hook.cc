// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/packet-hook.h"

#include "model/ns3/sim-time.h"

#include "ns3/ipv4-route.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <algorithm>
#include <utility>

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(PacketHook);

TypeId
PacketHook::GetTypeId()
{
    static TypeId tid = TypeId("ns3::PacketHook")
                            .SetParent<Ipv4RoutingProtocol>()
                            .SetGroupName("Isb")
                            .AddTraceSource("Events",
                                            "Every decision of the machine behind the hook",
                                            MakeTraceSourceAccessor(&PacketHook::m_trace),
                                            "ns3::TraceEventCallback");
    return tid;
}

void
PacketHook::Install(Ptr<Node> node)
{
    m_node = node;
    m_ipv4 = node->GetObject<Ipv4>();
    m_inner = m_ipv4->GetRoutingProtocol();
    m_checksums = Node::ChecksumEnabled();
    m_hooked = MakeCallback(&PacketHook::Forward, this);
    m_ipv4->SetRoutingProtocol(this);
}

Ptr<Ipv4RoutingProtocol>
PacketHook::GetInner() const
{
    return m_inner;
}

void
PacketHook::DoDispose()
{
    m_timer.Cancel();
    m_held.clear();
    m_hooked = m_forward = UnicastForwardCallback();
    m_multicast = MulticastForwardCallback();
    m_deliver = LocalDeliverCallback();
    m_error = ErrorCallback();
    if (m_inner)
    {
        m_inner->Dispose();
        m_inner = nullptr;
    }
    m_incoming = nullptr;
    m_ipv4 = nullptr;
    m_node = nullptr;
    Ipv4RoutingProtocol::DoDispose();
}

Ptr<Ipv4Route>
PacketHook::RouteOutput(Ptr<Packet> packet,
                        const Ipv4Header& header,
                        Ptr<NetDevice> device,
                        Socket::SocketErrno& error)
{
    return m_inner->RouteOutput(packet, header, device, error);
}

bool
PacketHook::RouteInput(Ptr<const Packet> packet,
                       const Ipv4Header& header,
                       Ptr<const NetDevice> device,
                       UnicastForwardCallback forward,
                       MulticastForwardCallback multicast,
                       LocalDeliverCallback deliver,
                       ErrorCallback error)
{
    if (m_forward.IsNull())
    {
        // The node's own Ipv4L3Protocol passes the same four for ever.
        m_forward = forward;
        m_multicast = multicast;
        m_deliver = deliver;
        m_error = error;
    }
    const Ipv4Address destination = header.GetDestination();
    if (destination.IsMulticast() || destination.IsBroadcast())
    {
        return m_inner->RouteInput(packet, header, device, forward, multicast, deliver, error);
    }
    m_incoming = device;
    if (!WantsPreRouting(header, device))
    {
        return m_inner->RouteInput(packet, header, device, m_hooked, multicast, deliver, error);
    }
    HeaderImage image(*packet, header, m_checksums, ImageSize());
    switch (PreRouting(image, packet, header, device))
    {
    case Fate::Taken:
        return true;
    case Fate::Pass:
        return m_inner->RouteInput(packet, header, device, m_hooked, multicast, deliver, error);
    case Fate::Changed:
        break;
    }
    Ipv4Header edited = header;
    Ptr<const Packet> result = image.Restore(packet, edited);
    return m_inner->RouteInput(result, edited, device, m_hooked, multicast, deliver, error);
}

void
PacketHook::Forward(Ptr<Ipv4Route> route, Ptr<const Packet> packet, const Ipv4Header& header)
{
    // A packet that dies of its TTL goes on untranslated, so that the ICMP error quotes it as the
    // sender knows it.
    if (header.GetTtl() <= 1 || !WantsPostRouting(route))
    {
        m_forward(route, packet, header);
        return;
    }
    HeaderImage image(*packet, header, m_checksums, ImageSize());
    switch (PostRouting(image, packet, header, m_incoming))
    {
    case Fate::Taken:
        return;
    case Fate::Pass:
        m_forward(route, packet, header);
        return;
    case Fate::Changed:
        break;
    }
    Ipv4Header edited = header;
    Ptr<const Packet> result = image.Restore(packet, edited);
    m_forward(route, result, edited);
}

PacketHook::Fate
PacketHook::PostRouting(HeaderImage&,
                        const Ptr<const Packet>&,
                        const Ipv4Header&,
                        const Ptr<const NetDevice>&)
{
    return Fate::Pass;
}

size_t
PacketHook::ImageSize() const
{
    return HeaderImage::HEADER_BYTES;
}

bool
PacketHook::WantsPreRouting(const Ipv4Header&, const Ptr<const NetDevice>&) const
{
    return true;
}

bool
PacketHook::WantsPostRouting(const Ptr<Ipv4Route>&) const
{
    return false;
}

void
PacketHook::SendCrafted(const std::vector<uint8_t>& bytes)
{
    Ipv4Header header;
    Ptr<Packet> packet = HeaderImage::Split(bytes, header);
    Socket::SocketErrno error = Socket::ERROR_NOTERROR;
    Ptr<Ipv4Route> route = m_inner->RouteOutput(packet, header, nullptr, error);
    if (route)
    {
        m_ipv4->SendWithHeader(packet, header, route);
    }
}

void
PacketHook::Hold(uint64_t ticket, Arrival arrival)
{
    m_held[ticket] = std::move(arrival);
}

void
PacketHook::Release(uint64_t ticket)
{
    const auto found = m_held.find(ticket);
    if (found == m_held.end())
    {
        return;
    }
    const Arrival arrival = std::move(found->second);
    m_held.erase(found);
    RouteInput(arrival.packet,
               arrival.header,
               arrival.device,
               m_forward,
               m_multicast,
               m_deliver,
               m_error);
}

void
PacketHook::Abandon(uint64_t ticket)
{
    m_held.erase(ticket);
}

void
PacketHook::AbandonAll()
{
    m_held.clear();
}

void
PacketHook::WakeAt(isb::TimePoint when)
{
    if (when >= m_timerAt)
    {
        return;
    }
    m_timer.Cancel();
    m_timerAt = when;
    const isb::TimePoint wait = std::max(when - SimulatedNow(), isb::TimePoint(0));
    m_timer = Simulator::Schedule(ToTime(wait), &PacketHook::Wake, this);
}

void
PacketHook::Wake()
{
    m_timerAt = isb::TIME_NEVER;
    OnTimeout(SimulatedNow());
}

void
PacketHook::NotifyInterfaceUp(uint32_t interface)
{
    m_inner->NotifyInterfaceUp(interface);
}

void
PacketHook::NotifyInterfaceDown(uint32_t interface)
{
    m_inner->NotifyInterfaceDown(interface);
}

void
PacketHook::NotifyAddAddress(uint32_t interface, Ipv4InterfaceAddress address)
{
    m_inner->NotifyAddAddress(interface, address);
}

void
PacketHook::NotifyRemoveAddress(uint32_t interface, Ipv4InterfaceAddress address)
{
    m_inner->NotifyRemoveAddress(interface, address);
}

void
PacketHook::SetIpv4(Ptr<Ipv4>)
{
    // The inner protocol has it already, from before the wrapping.
}

void
PacketHook::PrintRoutingTable(Ptr<OutputStreamWrapper> stream, Time::Unit unit) const
{
    m_inner->PrintRoutingTable(stream, unit);
}

} // namespace ns3
