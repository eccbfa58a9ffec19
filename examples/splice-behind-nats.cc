// SPDX-License-Identifier: GPL-2.0-or-later
// Two users behind port restricted NATs reach one another through an IST (thesis 3.3, 4.3): both
// open a TCP connection to it, and its kernel makes one connection of the two.
//
//   a 10.0.0.1 -- [natA] 192.0.2.1 -- 192.0.2.2 [ist] 198.51.100.2 -- 198.51.100.1 [natB] -- b
#include "helper/box-helper.h"
#include "helper/ist-helper.h"
#include "helper/nat-helper.h"

#include "model/ns3/flow-meter.h"
#include "model/ns3/ist-forwarder.h"
#include "model/ns3/nat-forwarder.h"
#include "model/ns3/tcp-bulk-receiver.h"
#include "model/ns3/tcp-bulk-sender.h"

#include "ns3/data-rate.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <iostream>
#include <vector>

using namespace ns3;

namespace
{

void
MakeNat(Ptr<Node> node, Ipv4Address external)
{
    Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
    const int32_t outside = ipv4->GetInterfaceForAddress(external);
    NatHelper().Install(node, ipv4->GetNetDevice(static_cast<uint32_t>(outside)), 1);
}

void
AddTraffic(Ptr<Node> node, Ptr<TrafficApplication> application, Ptr<FlowMeter> meter)
{
    application->SetMeter(meter);
    application->SetDriver(BoxHelper::GetDriver(node));
    application->SetStopTime(Seconds(2));
    node->AddApplication(application);
}

} // namespace

int
main()
{
    const BoxHelper boxes;
    const DataRate rate("10Mb/s");
    const Time delay = MilliSeconds(5);
    Ptr<Node> a = boxes.CreateNode();
    Ptr<Node> b = boxes.CreateNode();
    Ptr<Node> natA = boxes.CreateNode();
    Ptr<Node> natB = boxes.CreateNode();
    Ptr<Node> ist = boxes.CreateNode();
    boxes.Link({a, "eth0", "10.0.0.1"}, {natA, "in", "10.0.0.2"}, 24, rate, delay);
    boxes.Link({natA, "out", "192.0.2.1"}, {ist, "l", "192.0.2.2"}, 24, rate, delay);
    boxes.Link({ist, "r", "198.51.100.2"}, {natB, "out", "198.51.100.1"}, 24, rate, delay);
    boxes.Link({natB, "in", "10.0.1.2"}, {b, "eth0", "10.0.1.1"}, 24, rate, delay);
    boxes.AddRoute(a, "0.0.0.0", 0, "10.0.0.2");
    boxes.AddRoute(b, "0.0.0.0", 0, "10.0.1.2");
    for (const auto& node : std::vector{a, b, natA, natB, ist})
    {
        boxes.Start(node);
    }
    MakeNat(natA, "192.0.2.1");
    MakeNat(natB, "198.51.100.1");

    Ptr<IstForwarder> splicer = IstHelper().InstallKernel(ist, 1);
    isb::IstPair pair; // a passive splice
    pair.portA = 5001;
    pair.portB = 5002;
    if (const auto id = splicer->Add(pair); !id)
    {
        std::cerr << id.Why() << '\n';
        return 1;
    }

    Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    Ptr<TcpBulkReceiver> receiver = CreateObject<TcpBulkReceiver>();
    receiver->SetTuning(CreateObject<TcpTuning>());
    receiver->SetPlans({{{*isb::Ipv4::Parse("198.51.100.2"), 5002}}});
    AddTraffic(b, receiver, meter);
    Ptr<TcpBulkSender> sender = CreateObject<TcpBulkSender>();
    sender->SetTuning(CreateObject<TcpTuning>());
    sender->SetPlans({{{*isb::Ipv4::Parse("192.0.2.2"), 5001}}});
    AddTraffic(a, sender, meter);

    Simulator::Stop(Seconds(3));
    Simulator::Run();
    const FlowSummary sum = meter->Summary();
    std::cout << "spliced connections: " << sum.established
              << ", bytes from a to b in 2 s: " << sum.receivedBytes << '\n';
    Simulator::Destroy();
    return sum.established == 1 && sum.receivedBytes > 1'000'000 ? 0 : 1;
}
