// SPDX-License-Identifier: GPL-2.0-or-later
// Receive livelock (Mogul and Ramakrishnan, 1997) on the thesis' box: an interrupt-driven NAT that
// is offered ever more small packets delivers fewer of them.
//
//   a 10.0.1.1 -- mac0 [IXP425, NAT] pci0 -- 10.0.2.1 b       a and b without machines
#include "helper/box-helper.h"
#include "helper/nat-helper.h"

#include "model/box/machine-parameters.h"
#include "model/ns3/flow-meter.h"
#include "model/ns3/nat-forwarder.h"
#include "model/ns3/udp-rate-sender.h"
#include "model/ns3/udp-rate-sink.h"

#include "ns3/data-rate.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/uinteger.h"

#include <cstdio>

using namespace ns3;

namespace
{

constexpr uint32_t PAYLOAD = 64;

/// Delivered packets a second when `offered` are sent.
double
Deliver(uint64_t offered)
{
    const BoxHelper boxes;
    const DataRate wire("100Mb/s");
    Ptr<Node> a = boxes.CreateNode();
    Ptr<Node> b = boxes.CreateNode();
    Ptr<Node> nat = boxes.CreateNode(*isb::MachinePreset("ixp425"));
    boxes.Link({a, "eth0", "10.0.1.1"}, {nat, "mac0", "10.0.1.2"}, 24, wire, MicroSeconds(1));
    boxes.Link({nat, "pci0", "10.0.2.2", isb::NicKind::Pci},
               {b, "eth0", "10.0.2.1"},
               24,
               wire,
               MicroSeconds(1));
    boxes.AddRoute(a, "0.0.0.0", 0, "10.0.1.2");
    for (const auto& node : {a, b, nat})
    {
        boxes.Start(node);
    }
    NatHelper().Install(nat, nat->GetObject<Ipv4>()->GetNetDevice(2), 1);

    Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    Ptr<UdpRateSink> sink = CreateObject<UdpRateSink>();
    sink->SetPort(9);
    sink->SetMeter(meter);
    b->AddApplication(sink);
    Ptr<UdpRateSender> source = CreateObject<UdpRateSender>();
    source->SetTarget({*isb::Ipv4::Parse("10.0.2.1"), 9});
    source->SetAttribute("Payload", UintegerValue(PAYLOAD));
    source->SetAttribute("Rate", DataRateValue(DataRate(offered * PAYLOAD * 8)));
    source->SetMeter(meter);
    source->SetDriver(BoxHelper::GetDriver(a));
    source->SetStopTime(MilliSeconds(500));
    a->AddApplication(source);

    Simulator::Stop(MilliSeconds(700));
    Simulator::Run();
    Simulator::Destroy();
    return static_cast<double>(meter->Summary().timelyBytes) / PAYLOAD / 0.5;
}

} // namespace

int
main()
{
    std::puts("offered/s  delivered/s");
    double best = 0;
    double last = 0;
    for (uint64_t offered = 10'000; offered <= 90'000; offered += 10'000)
    {
        last = Deliver(offered);
        best = last > best ? last : best;
        std::printf("%9llu  %11.0f\n", static_cast<unsigned long long>(offered), last);
    }
    return last < 0.8 * best ? 0 : 1; // more work offered, less done
}
