// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/box-helper.h"

#include "model/ns3/box-driver.h"
#include "model/ns3/ist-tcp-protocol.h"
#include "model/ns3/sim-time.h"

#include "ns3/data-rate.h"
#include "ns3/drop-tail-queue.h"
#include "ns3/internet-stack-helper.h"
#include "ns3/ipv4-interface-address.h"
#include "ns3/ipv4-static-routing-helper.h"
#include "ns3/ipv4-static-routing.h"
#include "ns3/ipv4.h"
#include "ns3/mac48-address.h"
#include "ns3/node.h"
#include "ns3/point-to-point-channel.h"
#include "ns3/point-to-point-net-device.h"
#include "ns3/queue-size.h"
#include "ns3/virtual-net-device.h"

namespace ns3
{

namespace
{

// Bytes of a frame on the wire besides the IP packet (IEEE 802.3): preamble and delimiter 8, header
// 14, FCS 4, gap 12. PointToPointNetDevice counts 2 for its PPP header; the rest is made of the
// channel's delay (what lies before the last bit of the FCS) and of the device's gap.
constexpr uint32_t PPP_HEADER = 2;
constexpr uint32_t BEFORE_END_OF_FRAME = 8 + 14 + 4 - PPP_HEADER;
constexpr uint32_t UNTIL_NEXT_FRAME = BEFORE_END_OF_FRAME + 12;

Ptr<PointToPointNetDevice>
AddWire(const BoxHelper::End& end, const DataRate& rate, Ptr<PointToPointChannel> channel)
{
    Ptr<PointToPointNetDevice> wire = CreateObject<PointToPointNetDevice>();
    wire->SetAddress(Mac48Address::Allocate());
    wire->SetDataRate(rate);
    // The driver paces; it must never find the device busy because of a nanosecond's rounding.
    wire->SetInterframeGap(rate.CalculateBytesTxTime(UNTIL_NEXT_FRAME) - NanoSeconds(2));
    Ptr<DropTailQueue<Packet>> queue = CreateObject<DropTailQueue<Packet>>();
    queue->SetMaxSize(QueueSize("4p"));
    wire->SetQueue(queue);
    end.node->AddDevice(wire);
    wire->Attach(channel);
    return wire;
}

void
AddPort(const BoxHelper::End& end, Ptr<PointToPointNetDevice> wire, uint8_t prefixLength)
{
    Ptr<VirtualNetDevice> ip = CreateObject<VirtualNetDevice>();
    ip->SetAddress(Mac48Address::Allocate());
    ip->SetIsPointToPoint(true);
    ip->SetNeedsArp(false);
    ip->SetMtu(1500);
    end.node->AddDevice(ip);
    Ptr<Ipv4> ipv4 = end.node->GetObject<Ipv4>();
    const uint32_t interface = ipv4->AddInterface(ip);
    const Ipv4Mask mask(prefixLength == 0 ? 0 : ~uint32_t{0} << (32 - prefixLength));
    ipv4->AddAddress(interface, Ipv4InterfaceAddress(end.address, mask));
    ipv4->SetUp(interface);
    BoxHelper::GetDriver(end.node)->AddPort(wire, ip, end.port, end.nic);
}

} // namespace

Ptr<Node>
BoxHelper::CreateNode() const
{
    Ptr<Node> node = CreateObject<Node>();
    InternetStackHelper stack;
    stack.SetIpv6StackInstall(false);
    stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
    stack.SetTcp(IstTcpProtocol::GetTypeId().GetName()); // by its name alone it is not linked
    stack.Install(node);
    node->AggregateObject(CreateObject<BoxDriver>());
    return node;
}

Ptr<Node>
BoxHelper::CreateNode(const isb::MachineParameters& machine) const
{
    Ptr<Node> node = CreateNode();
    GetDriver(node)->SetMachine(machine);
    return node;
}

void
BoxHelper::Link(const End& a,
                const End& b,
                uint8_t prefixLength,
                const DataRate& rate,
                const Time& delay) const
{
    Ptr<PointToPointChannel> channel = CreateObject<PointToPointChannel>();
    channel->SetAttribute("Delay",
                          TimeValue(delay + rate.CalculateBytesTxTime(BEFORE_END_OF_FRAME)));
    Ptr<PointToPointNetDevice> wireA = AddWire(a, rate, channel);
    Ptr<PointToPointNetDevice> wireB = AddWire(b, rate, channel);
    AddPort(a, wireA, prefixLength);
    AddPort(b, wireB, prefixLength);
}

void
BoxHelper::Impair(const End& end, const isb::ImpairmentSettings& settings, uint64_t seed) const
{
    Ptr<BoxDriver> driver = GetDriver(end.node);
    for (uint32_t port = 0; port < driver->PortCount(); ++port)
    {
        if (driver->PortName(port) == end.port)
        {
            driver->Impair(port, settings, seed);
        }
    }
}

void
BoxHelper::AddRoute(Ptr<Node> node,
                    Ipv4Address subnet,
                    uint8_t prefixLength,
                    Ipv4Address neighbour) const
{
    Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
    const Ipv4Mask mask(prefixLength == 0 ? 0 : ~uint32_t{0} << (32 - prefixLength));
    for (uint32_t i = 1; i < ipv4->GetNInterfaces(); ++i)
    {
        const Ipv4InterfaceAddress own = ipv4->GetAddress(i, 0);
        if (own.IsInSameSubnet(neighbour))
        {
            Ipv4StaticRoutingHelper().GetStaticRouting(ipv4)->AddNetworkRouteTo(subnet,
                                                                                mask,
                                                                                neighbour,
                                                                                i);
            return;
        }
    }
}

void
BoxHelper::Start(Ptr<Node> node) const
{
    GetDriver(node)->Start();
}

Ptr<BoxDriver>
BoxHelper::GetDriver(Ptr<Node> node)
{
    return node->GetObject<BoxDriver>();
}

} // namespace ns3
