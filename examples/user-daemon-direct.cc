// SPDX-License-Identifier: GPL-2.0-or-later
// When the provider can be called, the daemons need no IST (thesis 3.4): Ann's connects to Bob's.
// In the middle of it the broker's host fails and comes back; the connection does not notice.
//
//   ann 192.0.1.1 --- router --- 192.0.2.1 bob          192.0.3.1 isb
#include "helper/box-helper.h"
#include "helper/isb-helper.h"
#include "helper/user-daemon-helper.h"

#include "model/ns3/isb-application.h"
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/tcp-request-server.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/data-rate.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <iostream>
#include <string>

using namespace ns3;

static Ptr<Node>
AddHost(const Ptr<Node>& router, const std::string& net)
{
    Ptr<Node> host = BoxHelper().CreateNode();
    const Ipv4Address own((net + ".1").c_str());
    const Ipv4Address gateway((net + ".2").c_str());
    const DataRate rate("10Mb/s");
    BoxHelper().Link({host, "eth0", own}, {router, net, gateway}, 24, rate, MilliSeconds(5));
    BoxHelper().AddRoute(host, "0.0.0.0", 0, gateway);
    return host;
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
    Ptr<Node> hostOfAnn = AddHost(router, "192.0.1");
    Ptr<Node> hostOfBob = AddHost(router, "192.0.2");
    IsbHelper isb;
    isb.SetAttribute("HelloInterval", TimeValue(Seconds(1)));
    isb.AddUser("ann", "ann's secret");
    isb.AddUser("bob", "bob's secret");
    Ptr<IsbApplication> broker = isb.Install(AddHost(router, "192.0.3"), 1);
    const UserDaemonHelper daemons("192.0.3.1");
    Ptr<UserDaemonApplication> ann = daemons.Install(hostOfAnn, "ann", "ann's secret", 2);
    Ptr<UserDaemonApplication> bob = daemons.Install(hostOfBob, "bob", "bob's secret", 3);
    bob->Offer("web", 80);
    ann->Use("bob", "web", 8000);

    Run(hostOfBob, CreateObject<TcpRequestServer>())->SetPort(80);
    Ptr<TcpRequestClient> client = Run(hostOfAnn, CreateObject<TcpRequestClient>());
    Ptr<FlowMeter> meter = CreateObject<FlowMeter>();
    client->SetTarget({*isb::Ipv4::Parse("127.0.0.1"), 8000});
    client->SetMeter(meter);
    client->SetAttribute("Pause", TimeValue(MilliSeconds(100)));
    client->SetStartTime(Seconds(1));
    Simulator::Schedule(Seconds(5), &IsbApplication::Crash, broker);
    Simulator::Schedule(Seconds(10), &IsbApplication::Restart, broker);
    Simulator::Stop(Seconds(30));
    Simulator::Run();

    const isb::WantedReport report = ann->Daemon()->Wanted().at(0);
    std::cout << "direct connections: " << report.paths.count("direct")
              << ", responses: " << meter->Summary().completed
              << ", failures: " << meter->Summary().failed
              << ", users at the broker: " << broker->Broker()->Users() << '\n';
    const bool good = report.paths.count("direct") == 1 && meter->Summary().failed == 0 &&
                      broker->Broker()->Users() == 2;
    Simulator::Destroy();
    return good ? 0 : 1;
}
