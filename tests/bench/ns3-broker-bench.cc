// SPDX-License-Identifier: GPL-2.0-or-later
// How fast the simulation of many logged-in users is: one persistent TCP connection each to one
// broker, a hello message every 10 s, and nothing else.
//
//   bench_ns3_broker [users, default 1000] [simulated seconds, default 60]
//
// Users are on hosts of their own, a hundred at an access router, so that no routing table or list
// of interfaces is long.
#include "helper/box-helper.h"
#include "helper/isb-helper.h"
#include "helper/user-daemon-helper.h"

#include "model/ns3/isb-application.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/boolean.h"
#include "ns3/data-rate.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/simulator.h"

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>

namespace
{

using namespace ns3;

constexpr uint32_t PER_ACCESS = 100;
const Ipv4Address BROKER("198.51.0.2");

/// CPU time of this process: others on the machine do not count.
double
CpuSeconds()
{
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

/// Resident memory of this process now, in kB (proc(5)).
uint64_t
ResidentKb()
{
    std::ifstream status("/proc/self/status");
    std::string word;
    uint64_t kilobytes = 0;
    while (status >> word)
    {
        if (word == "VmRSS:")
        {
            status >> kilobytes;
            break;
        }
    }
    return kilobytes;
}

Ptr<Node>
AddAccess(const BoxHelper& boxes, Ptr<Node> core, uint32_t number)
{
    Ptr<Node> access = boxes.CreateNode();
    const uint32_t net = (uint32_t{198} << 24) + (uint32_t{51} << 16) + ((number + 1) << 8);
    boxes.Link({access, "up", Ipv4Address(net + 2)},
               {core, "a" + std::to_string(number), Ipv4Address(net + 1)},
               24,
               DataRate("1Gb/s"),
               MilliSeconds(1));
    boxes.AddRoute(access, "0.0.0.0", 0, Ipv4Address(net + 1));
    boxes.AddRoute(core,
                   Ipv4Address((uint32_t{11} << 24) + (number << 16)),
                   16,
                   Ipv4Address(net + 2));
    return access;
}

void
AddUser(const BoxHelper& boxes, IsbApplication& broker, Ptr<Node> access, uint32_t user)
{
    const std::string name = "u" + std::to_string(user);
    const uint32_t place = user % PER_ACCESS;
    const uint32_t net = (uint32_t{11} << 24) + ((user / PER_ACCESS) << 16) + (place << 8);
    Ptr<Node> host = boxes.CreateNode();
    host->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(false));
    boxes.Link({host, "eth0", Ipv4Address(net + 2)},
               {access, "u" + std::to_string(place), Ipv4Address(net + 1)},
               24,
               DataRate("100Mb/s"),
               MilliSeconds(1));
    boxes.AddRoute(host, "0.0.0.0", 0, Ipv4Address(net + 1));
    broker.AddProfile(name, {"secret", false, {}});
    Ptr<UserDaemonApplication> daemon =
        UserDaemonHelper(BROKER).Install(host, name, "secret", user);
    daemon->SetStartTime(MilliSeconds(2 * user));
}

} // namespace

int
main(int argc, char** argv)
{
    const auto users = static_cast<uint32_t>(argc > 1 ? std::atoi(argv[1]) : 1000);
    const int seconds = argc > 2 ? std::atoi(argv[2]) : 60;
    const uint64_t before = ResidentKb();
    double begin = CpuSeconds();
    const BoxHelper boxes;
    Ptr<Node> core = boxes.CreateNode();
    Ptr<Node> host = boxes.CreateNode();
    boxes.Link({host, "eth0", BROKER},
               {core, "isb", "198.51.0.1"},
               24,
               DataRate("1Gb/s"),
               MilliSeconds(1));
    boxes.AddRoute(host, "0.0.0.0", 0, "198.51.0.1");
    isb::IsbSettings settings;
    settings.maxSessions = users + 1;
    Ptr<IsbApplication> broker = IsbHelper().Install(host, settings, 1);
    Ptr<Node> access;
    for (uint32_t i = 0; i < users; ++i)
    {
        if (i % PER_ACCESS == 0)
        {
            access = AddAccess(boxes, core, i / PER_ACCESS);
        }
        AddUser(boxes, *broker, access, i);
    }
    std::cout << users << " users: built in " << CpuSeconds() - begin << " s, "
              << (ResidentKb() - before) / users << " kB each\n";
    const auto login = MilliSeconds(2 * users) + Seconds(5);
    Simulator::Stop(login);
    begin = CpuSeconds();
    Simulator::Run();
    std::cout << "logged in: " << broker->Broker()->Users() << " in " << CpuSeconds() - begin
              << " s, " << login.GetSeconds() << " simulated\n";
    const uint64_t events = Simulator::GetEventCount();
    Simulator::Stop(Seconds(seconds));
    begin = CpuSeconds();
    Simulator::Run();
    const double took = CpuSeconds() - begin;
    const auto done = static_cast<double>(Simulator::GetEventCount() - events);
    std::cout << seconds << " s of hello messages: " << took << " s of CPU, " << seconds / took
              << " times real time, " << done / took << " events/s, "
              << (ResidentKb() - before) / users << " kB each\n";
    const bool all = broker->Broker()->Users() == users;
    Simulator::Destroy();
    return all ? 0 : 1;
}
