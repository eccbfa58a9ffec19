// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/ns3/two-hosts.h"

#include "model/box/machine-parameters.h"

#include "ns3/udp-socket-factory.h"

namespace ns3test
{
namespace
{

/// a (10.0.1.1) -- 10.0.1.2 box 10.0.2.2 -- (10.0.2.1) b; a and b ideal, the box an IXP425.
struct MachineBetween
{
    explicit MachineBetween(bool withMachine = true)
    {
        const BoxHelper helper;
        a = helper.CreateNode();
        b = helper.CreateNode();
        box = withMachine ? helper.CreateNode(*isb::MachinePreset("ixp425")) : helper.CreateNode();
        const DataRate rate("100Mb/s");
        helper.Link({a, "eth0", "10.0.1.1"}, {box, "mac0", "10.0.1.2"}, 24, rate, MicroSeconds(1));
        helper.Link({box, "pci0", "10.0.2.2", isb::NicKind::Pci},
                    {b, "eth0", "10.0.2.1"},
                    24,
                    rate,
                    MicroSeconds(1));
        helper.AddRoute(a, "10.0.2.0", 24, "10.0.1.2");
        helper.AddRoute(b, "10.0.1.0", 24, "10.0.2.2");
        for (const auto& node : {a, b, box})
        {
            helper.Start(node);
        }
        sink = Udp(b, 9);
        sink->SetRecvCallback(Callback<void, Ptr<Socket>>(
            [this](Ptr<Socket> socket)
            {
                Address from;
                while (Ptr<Packet> packet = socket->RecvFrom(from))
                {
                    ++received;
                    bytes += packet->GetSize();
                }
            }));
        source = Udp(a, 8);
    }

    static Ptr<Socket>
    Udp(Ptr<Node> node, uint16_t port)
    {
        Ptr<Socket> socket = Socket::CreateSocket(node, UdpSocketFactory::GetTypeId());
        socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
        return socket;
    }

    /// `count` datagrams, one each `gap`.
    void
    Send(uint32_t count, uint32_t size, Time gap)
    {
        for (uint32_t i = 0; i < count; ++i)
        {
            Simulator::Schedule(
                gap * static_cast<int64_t>(i),
                [this, size]
                { source->SendTo(Create<Packet>(size), 0, InetSocketAddress("10.0.2.1", 9)); });
        }
    }

    Ptr<BoxDriver>
    Driver() const
    {
        return BoxHelper::GetDriver(box);
    }

    Ptr<Node> a;
    Ptr<Node> b;
    Ptr<Node> box;
    Ptr<Socket> source;
    Ptr<Socket> sink;
    uint64_t received = 0;
    uint64_t bytes = 0;
};

using BoxDriverTest = Simulation;

TEST_F(BoxDriverTest, ForwardsEverythingBelowItsLimit)
{
    MachineBetween net;
    net.Send(500, 1000, MicroSeconds(200));
    RunFor(Seconds(1));
    EXPECT_EQ(net.received, 500U);
    EXPECT_EQ(net.bytes, 500'000U);
    EXPECT_TRUE(net.Driver()->Drops().empty());
    EXPECT_EQ(net.Driver()->Sent(), 500U);
}

TEST_F(BoxDriverTest, MachineCostsTimeThatAnIdealNodeDoesNot)
{
    Time arrival[2];
    for (const bool withMachine : {false, true})
    {
        MachineBetween net(withMachine);
        net.sink->SetRecvCallback(Callback<void, Ptr<Socket>>(
            [&](Ptr<Socket>) { arrival[withMachine] = Simulator::Now(); }));
        net.Send(1, 64, Time(0));
        RunFor(Seconds(1));
        Simulator::Destroy();
    }
    // Two wires: preamble to FCS of 118 bytes at 80 ns, and 1 us.
    EXPECT_EQ(arrival[0], NanoSeconds(2 * (118 * 80 + 1000)));
    EXPECT_GT(arrival[1] - arrival[0], MicroSeconds(20));
}

TEST_F(BoxDriverTest, WhatComesInGoesOutOrIsCountedOrIsHeld)
{
    MachineBetween net;
    std::map<std::string, uint64_t> events;
    net.Driver()->TraceConnectWithoutContext(
        "Events",
        Callback<void, const isb::TraceEvent&>(
            [&](const isb::TraceEvent& event)
            { ++events[std::string(event.reason) + ":" + std::string(event.detail)]; }));
    uint64_t in = 0;
    uint64_t out = 0;
    net.Driver()->TraceConnectWithoutContext("Wire",
                                             Callback<void, Ptr<const Packet>, uint32_t, bool>(
                                                 [&](Ptr<const Packet>, uint32_t, bool leaves)
                                                 { ++(leaves ? out : in); }));
    net.Send(20'000, 18, NanoSeconds(6720)); // 148,800 a second, the wire's limit
    for (const Time& step : {MilliSeconds(10), MilliSeconds(70), Seconds(1)})
    {
        RunFor(step);
        uint64_t dropped = 0;
        for (const auto& [place, count] : net.Driver()->Drops())
        {
            dropped += count;
        }
        const isb::BoxMachine& machine = *net.Driver()->Machine();
        EXPECT_EQ(in, out + dropped + machine.HeldReceive() + machine.HeldTransmit());
        EXPECT_EQ(machine.Counters().arrived, in);
        EXPECT_EQ(machine.Counters().sent, out);
    }
    EXPECT_EQ(events, net.Driver()->Drops());
    EXPECT_GT(events["box.backlog-full:mac0"] + events["box.ring-full:mac0"], 1000U);
    EXPECT_EQ(net.Driver()->Machine()->HeldReceive(), 0U);
}

TEST_F(BoxDriverTest, SmallFramesArePaddedOnTheWire)
{
    MachineBetween net(false);
    net.Send(1, 1, Time(0)); // 29 bytes of IP fill a frame of 64
    Time arrival;
    net.sink->SetRecvCallback(
        Callback<void, Ptr<Socket>>([&](Ptr<Socket>) { arrival = Simulator::Now(); }));
    RunFor(Seconds(1));
    EXPECT_EQ(arrival, NanoSeconds(2 * (72 * 80 + 1000)));
}

TEST_F(BoxDriverTest, ProcessesGetTheirTimeInOrder)
{
    MachineBetween net;
    std::vector<std::pair<int, Time>> done;
    Simulator::Schedule(MicroSeconds(5),
                        [&]
                        {
                            EXPECT_TRUE(net.Driver()->IsAsleep());
                            net.Driver()->Submit(std::chrono::microseconds(30),
                                                 [&] { done.emplace_back(1, Simulator::Now()); });
                            EXPECT_FALSE(net.Driver()->IsAsleep());
                            net.Driver()->Submit(std::chrono::microseconds(20),
                                                 [&]
                                                 {
                                                     done.emplace_back(2, Simulator::Now());
                                                     EXPECT_FALSE(
                                                         net.Driver()->IsAsleep()); // it runs
                                                 });
                        });
    RunFor(MilliSeconds(1));
    const std::vector<std::pair<int, Time>> expected = {{1, MicroSeconds(35)},
                                                        {2, MicroSeconds(55)}};
    EXPECT_EQ(done, expected);
    EXPECT_TRUE(net.Driver()->IsAsleep());
}

TEST_F(BoxDriverTest, IdealNodeDropsWhatItsQueueCannotHold)
{
    MachineBetween net(false);
    net.Send(300, 1000, Time(0)); // 1 on the wire, 100 in the queue
    RunFor(Seconds(1));
    EXPECT_EQ(net.received, 101U);
    EXPECT_EQ(BoxHelper::GetDriver(net.a)->Drops().at("box.txqueue-full:eth0"), 199U);
}

TEST_F(BoxDriverTest, WaitersForRoomAreServedInOrder)
{
    MachineBetween net(false);
    Ptr<BoxDriver> driver = BoxHelper::GetDriver(net.a);
    std::vector<int> order;
    net.Send(101, 1000, Time(0));
    Simulator::Schedule(NanoSeconds(1),
                        [&]
                        {
                            EXPECT_FALSE(driver->HasRoom(1));
                            driver->AwaitRoom(5, [&] { order.push_back(5); });
                            driver->AwaitRoom(1, [&] { order.push_back(1); });
                        });
    RunFor(Seconds(1));
    EXPECT_EQ(order, (std::vector<int>{5, 1}));
    EXPECT_TRUE(driver->HasRoom(100));
}

} // namespace
} // namespace ns3test
