// SPDX-License-Identifier: GPL-2.0-or-later
// A Pure splice (thesis 4.4, Fig 4.7): both users can choose their source ports, the broker agrees
// on them with the IST, and so the IST rewrites addresses alone. Prints what it rewrites.
//
//   ann 192.0.3.1 --+- router --+-- 192.0.1.1 isb
//   bob 192.0.4.1 --+           +-- 192.0.2.1 ist
#include "helper/box-helper.h"
#include "helper/isb-helper.h"
#include "helper/ist-helper.h"
#include "helper/user-daemon-helper.h"

#include "model/ns3/isb-application.h"
#include "model/ns3/ist-application.h"
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/tcp-request-server.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/boolean.h"
#include "ns3/data-rate.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <iostream>

using namespace ns3;

/// The header fields that the IST changed in the first payload packet of each direction.
static void
Tell(const isb::TraceEvent& event)
{
    if (event.kind == isb::TraceKind::HeaderRewritten)
    {
        std::cout << event.method << ": " << event.detail << '\n';
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
    std::vector<Ptr<Node>> nodes; // isb, ist, ann, bob
    for (const std::string net : {"192.0.1", "192.0.2", "192.0.3", "192.0.4"})
    {
        nodes.push_back(BoxHelper().CreateNode());
        Join(nodes.back(), router, net, MilliSeconds(5));
    }
    IsbHelper isb;
    isb.AddUser("ann", "ann's secret");
    isb.AddUser("bob", "bob's secret");
    isb.AddIst("ist", "the IST's secret");
    isb.Install(nodes[0], 1);
    Ptr<IstApplication> ist =
        IstHelper().InstallServer(nodes[1], "ist", "the IST's secret", "192.0.1.1", 2);
    UserDaemonHelper daemons("192.0.1.1");
    daemons.SetAttribute("CanChoosePort", BooleanValue(true));
    Ptr<UserDaemonApplication> ann = daemons.Install(nodes[2], "ann", "ann's secret", 3);
    Ptr<UserDaemonApplication> bob = daemons.Install(nodes[3], "bob", "bob's secret", 4);
    bob->Offer("web", 80);
    isb::WantedService web;
    web.provider = "bob";
    web.service = "web";
    web.localPort = 8000;
    web.method = isb::ForwardingMethod::Pure;
    web.requireIst = true; // they could do without
    ann->Subscribe(web);
    Run(nodes[3], CreateObject<TcpRequestServer>())->SetPort(80);
    Ptr<TcpRequestClient> client = Run(nodes[2], CreateObject<TcpRequestClient>());
    Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    client->SetTarget({*isb::Ipv4::Parse("127.0.0.1"), 8000});
    client->SetMeter(meter);
    client->SetStartTime(Seconds(1));
    ist->Forwarder()->TraceConnectWithoutContext("Events", MakeCallback(&Tell));
    Simulator::Stop(Seconds(2));
    Simulator::Run();
    const isb::WantedReport report = ann->Daemon()->Wanted().at(0);
    std::cout << "pure splices: " << report.methods.count("pure")
              << ", responses: " << meter->Summary().completed << '\n';
    Simulator::Destroy();
    return meter->Summary().completed > 0 && report.methods.count("pure") == 1 ? 0 : 1;
}
