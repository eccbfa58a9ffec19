// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_NS3_BROKER_WORLD_H
#define ISB_TESTS_NS3_BROKER_WORLD_H

#include "helper/box-helper.h"
#include "helper/isb-helper.h"
#include "helper/ist-helper.h"
#include "helper/nat-helper.h"
#include "helper/user-daemon-helper.h"

#include "model/ns3/firewall-forwarder.h"
#include "model/ns3/isb-application.h"
#include "model/ns3/ist-application.h"
#include "model/ns3/nat-forwarder.h"
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/tcp-request-server.h"
#include "model/ns3/udp-ping-client.h"
#include "model/ns3/udp-ping-server.h"
#include "model/ns3/user-daemon-application.h"

#include "ns3/boolean.h"
#include "ns3/data-rate.h"
#include "ns3/ipv4.h"
#include "ns3/node.h"
#include "ns3/string.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ns3test
{

using namespace ns3;

/// A broker's world: hosts and NATs around one router, each on a wire of its own.
///
///     ann 10.1.0.2 -- [NAT] 198.51.1.2 -+
///                                       +- router -+- 198.51.0.2 isb
///     bob 10.2.0.2 -- [NAT] 198.51.2.2 -+          +- 198.51.N.2 ist
struct BrokerWorld
{
    /// A user's place in it.
    struct Home
    {
        Ptr<Node> host;
        Ptr<Node> box; ///< between host and router, or null
        Ptr<NatForwarder> nat;
        Ptr<FirewallForwarder> firewall;
        isb::Ipv4 address; ///< of the host
    };

    explicit BrokerWorld(Time brokerDelay = MicroSeconds(10))
    {
        router = boxes.CreateNode();
        Ptr<Node> node = AddHost(brokerDelay);
        isb = helper.Install(node, 1);
    }

    /// A host with a public address; `delay` one way to the router.
    Ptr<Node>
    AddHost(Time delay = MicroSeconds(10))
    {
        Ptr<Node> node = boxes.CreateNode();
        Attach(node, delay);
        return node;
    }

    /// An IST that registers at the broker.
    Ptr<IstApplication>
    AddIst(const std::string& name, Time delay = MicroSeconds(10))
    {
        isb->AddProfile(name, {"secret of " + name, true, {}});
        isb::IstServerSettings settings;
        settings.name = name;
        settings.secret = "secret of " + name;
        settings.broker = {Public(0), 7470};
        return IstHelper().InstallServer(AddHost(delay), settings, 100 + subnets);
    }

    /// A host with a public address behind a firewall that lets it speak with `allowed` only.
    Home
    AddFirewalledHome(const std::vector<isb::Ipv4>& allowed)
    {
        const uint32_t number = subnets;
        Home home = AddInside(Ipv4Address((uint32_t{203} << 24) + (number << 16)));
        boxes.AddRoute(router,
                       Ipv4Address(home.address.value - 2),
                       24,
                       Ipv4Address(Public(number).value));
        isb::FilterSettings settings;
        settings.allowedDestinations = allowed;
        const Ptr<Ipv4> ipv4 = home.box->GetObject<Ipv4>();
        home.firewall =
            NatHelper().InstallFirewall(home.box, ipv4->GetNetDevice(1), settings, 200 + number);
        return home;
    }

    /// A host behind a NAT of a preset ("": none).
    Home
    AddHome(const std::string& nat)
    {
        Home home;
        if (nat.empty())
        {
            home.host = AddHost();
            home.address = Public(subnets - 1);
            return home;
        }
        const uint32_t number = subnets;
        home = AddInside(Ipv4Address((uint32_t{10} << 24) + (number << 16)));
        NatHelper helps;
        helps.SetAttribute("Preset", StringValue(nat));
        const Ptr<Ipv4> ipv4 = home.box->GetObject<Ipv4>();
        home.nat = helps.Install(home.box, ipv4->GetNetDevice(1), 200 + number);
        return home;
    }

    isb::DaemonSettings
    User(const std::string& name)
    {
        isb->AddProfile(name, {"secret of " + name, false, {}});
        isb::DaemonSettings settings;
        settings.user = name;
        settings.secret = "secret of " + name;
        settings.broker = {Public(0), 7470};
        return settings;
    }

    static Ptr<UserDaemonApplication>
    Run(Ptr<Node> host, const isb::DaemonSettings& settings)
    {
        return UserDaemonHelper("0.0.0.0").Install(host, settings, 300 + settings.user[0]);
    }

    /// An unmodified server and an unmodified client.
    static Ptr<TcpRequestServer>
    AddServer(Ptr<Node> host, uint16_t port)
    {
        Ptr<TcpRequestServer> server = CreateObject<TcpRequestServer>();
        server->SetPort(port);
        Install(host, server, 400);
        return server;
    }

    static Ptr<TcpRequestClient>
    AddClient(Ptr<Node> host, isb::Endpoint target, Ptr<FlowMeter> meter, Time start)
    {
        Ptr<TcpRequestClient> client = CreateObject<TcpRequestClient>();
        client->SetTarget(target);
        client->SetMeter(meter);
        client->SetStartTime(start);
        client->SetAttribute("Pause", TimeValue(MilliSeconds(50)));
        Install(host, client, 500);
        return client;
    }

    static Ptr<UdpPingClient>
    AddPing(Ptr<Node> client,
            Ptr<Node> server,
            uint16_t port,
            isb::Endpoint target,
            Ptr<FlowMeter> meter,
            Time start)
    {
        Ptr<UdpPingServer> pong = CreateObject<UdpPingServer>();
        pong->SetPort(port);
        pong->SetSeed(600);
        pong->SetMeter(meter);
        pong->SetDriver(server->GetObject<BoxDriver>());
        server->AddApplication(pong);
        Ptr<UdpPingClient> ping = CreateObject<UdpPingClient>();
        ping->SetTarget(target);
        ping->SetMeter(meter);
        ping->SetSeed(601);
        ping->SetDriver(client->GetObject<BoxDriver>());
        ping->SetStartTime(start);
        client->AddApplication(ping);
        return ping;
    }

    /// Address of the n-th node on the router, from 0: the broker.
    static isb::Ipv4
    Public(uint32_t number)
    {
        return {(uint32_t{198} << 24) + (uint32_t{51} << 16) + (number << 8) + 2};
    }

    BoxHelper boxes;
    IsbHelper helper;
    Ptr<Node> router;
    Ptr<IsbApplication> isb;
    uint32_t subnets = 0;

  private:
    /// A box on the router, and a host behind it: `net`.2.
    Home
    AddInside(Ipv4Address net)
    {
        Home home;
        home.box = boxes.CreateNode();
        Attach(home.box, MicroSeconds(10));
        home.host = boxes.CreateNode();
        home.host->GetObject<Ipv4>()->SetAttribute("IpForward", BooleanValue(false));
        const Ipv4Address own(net.Get() + 2);
        const Ipv4Address gateway(net.Get() + 1);
        boxes.Link({home.host, "eth0", own},
                   {home.box, "in", gateway},
                   24,
                   DataRate("100Mb/s"),
                   MicroSeconds(10));
        boxes.AddRoute(home.host, "0.0.0.0", 0, gateway);
        home.address = {own.Get()};
        return home;
    }

    void
    Attach(Ptr<Node> node, Time delay)
    {
        const Ipv4Address own(Public(subnets).value);
        const Ipv4Address gateway(own.Get() - 1);
        boxes.Link({node, "eth0", own},
                   {router, "port" + std::to_string(subnets), gateway},
                   24,
                   DataRate("100Mb/s"),
                   delay);
        boxes.AddRoute(node, "0.0.0.0", 0, gateway);
        ++subnets;
    }

    template <class Application>
    static void
    Install(Ptr<Node> host, Ptr<Application> application, uint64_t seed)
    {
        application->SetSeed(seed);
        application->SetTuning(CreateObject<TcpTuning>());
        application->SetDriver(host->GetObject<BoxDriver>());
        host->AddApplication(application);
    }
};

} // namespace ns3test

#endif
