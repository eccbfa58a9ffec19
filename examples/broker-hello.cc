// SPDX-License-Identifier: GPL-2.0-or-later
// Bob offers a web server, Ann asks it; both are behind NATs. The broker has an IST join their two
// connections (thesis 3.3, 4.3). Ann's client knows 127.0.0.1:8000 only, Bob's server its port 80.
//
//   ann 10.0.3.1 -- [NAT] 192.0.3.1 --+- router --+-- 192.0.1.1 isb
//   bob 10.0.4.1 -- [NAT] 192.0.4.1 --+           +-- 192.0.2.1 ist
#include "helper/box-helper.h"
#include "helper/isb-helper.h"
#include "helper/ist-helper.h"
#include "helper/nat-helper.h"
#include "helper/user-daemon-helper.h"

#include "model/ns3/isb-application.h"
#include "model/ns3/ist-application.h"
#include "model/ns3/nat-forwarder.h"
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/tcp-request-server.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/data-rate.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <iostream>

using namespace ns3;

/// The story: what daemons and client decide, and when.
static void
Tell(const isb::TraceEvent& event)
{
    if (event.kind == isb::TraceKind::ConnectionState || event.kind == isb::TraceKind::ClientState)
    {
        std::cout << event.when.count() / 1000 << " us: " << ToString(event.kind) << ' '
                  << event.user << ' ' << event.to << ' ' << event.path << ' ' << event.method
                  << '\n';
    }
}

/// Links node and router: the node has address `net`.1, the router `net`.2.
static void
Join(const Ptr<Node>& node, const Ptr<Node>& router, const std::string& net, Time delay)
{
    const Ipv4Address gateway((net + ".2").c_str());
    const Ipv4Address own((net + ".1").c_str());
    BoxHelper().Link({node, "up", own}, {router, net, gateway}, 24, DataRate("10Mb/s"), delay);
    BoxHelper().AddRoute(node, "0.0.0.0", 0, gateway);
}

template <class Application>
static Ptr<Application>
Run(const Ptr<Node>& node, const Ptr<Application>& program)
{
    program->SetTuning(CreateObject<TcpTuning>());
    program->SetDriver(BoxHelper::GetDriver(node));
    node->AddApplication(program);
    return program;
}

int
main()
{
    Ptr<Node> router = BoxHelper().CreateNode();
    std::vector<Ptr<Node>> nodes; // isb, ist, both NATs, ann, bob
    for (const std::string net : {"192.0.1", "192.0.2", "192.0.3", "192.0.4"})
    {
        nodes.push_back(BoxHelper().CreateNode());
        Join(nodes.back(), router, net, MilliSeconds(5));
    }
    for (const auto& [nat, net] : {std::pair(nodes[2], "10.0.3"), std::pair(nodes[3], "10.0.4")})
    {
        nodes.push_back(BoxHelper().CreateNode());
        Join(nodes.back(), nat, net, MicroSeconds(100));
        NatHelper().Install(nat, nat->GetObject<Ipv4>()->GetNetDevice(1), 1);
    }
    IsbHelper isb;
    isb.AddUser("ann", "ann's secret");
    isb.AddUser("bob", "bob's secret");
    isb.AddIst("ist", "the IST's secret");
    isb.Install(nodes[0], 1);
    IstHelper().InstallServer(nodes[1], "ist", "the IST's secret", "192.0.1.1", 2);
    const UserDaemonHelper daemons("192.0.1.1");
    Ptr<UserDaemonApplication> ann = daemons.Install(nodes[4], "ann", "ann's secret", 3);
    daemons.Install(nodes[5], "bob", "bob's secret", 4)->Offer("web", 80);
    ann->Use("bob", "web", 8000);
    Run(nodes[5], CreateObject<TcpRequestServer>())->SetPort(80);
    Ptr<TcpRequestClient> client = Run(nodes[4], CreateObject<TcpRequestClient>());
    Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    client->SetTarget({*isb::Ipv4::Parse("127.0.0.1"), 8000});
    client->SetMeter(meter);
    client->SetStartTime(Seconds(1));
    ann->TraceConnectWithoutContext("Events", MakeCallback(&Tell));
    client->TraceConnectWithoutContext("Events", MakeCallback(&Tell));
    Simulator::Stop(Seconds(2));
    Simulator::Run();
    Simulator::Destroy();
    std::cout << "responses: " << meter->Summary().completed << '\n';
    return meter->Summary().completed > 0 ? 0 : 1;
}
