// SPDX-License-Identifier: GPL-2.0-or-later
// A splice between two TCPs with chosen sequence numbers, packets on real wires, checksums on.
#include "helper/ist-helper.h"
#include "tests/ns3/segment-log.h"
#include "tests/ns3/two-hosts.h"

#include "model/ns3/ist-forwarder.h"
#include "model/ns3/proxy-application.h"

#include <tuple>

namespace ns3test
{
namespace
{

constexpr uint16_t PORT_A = 5000; ///< of the IST, for user A
constexpr uint16_t PORT_B = 5001; ///< of the IST, for user B

/// a (10.0.1.1) --- 10.0.1.2 ist 10.0.2.2 --- (10.0.2.1) b, 10 Mb/s and 2 ms a wire.
struct SplicedHosts
{
    SplicedHosts()
    {
        const BoxHelper helper;
        a = helper.CreateNode();
        b = helper.CreateNode();
        ist = helper.CreateNode();
        helper.Link({a, "eth0", "10.0.1.1"},
                    {ist, "left", "10.0.1.2"},
                    24,
                    DataRate("10Mb/s"),
                    MilliSeconds(2));
        helper.Link({b, "eth0", "10.0.2.1"},
                    {ist, "right", "10.0.2.2"},
                    24,
                    DataRate("10Mb/s"),
                    MilliSeconds(2));
        for (const auto& node : {a, b, ist})
        {
            helper.Start(node);
        }
    }

    /// Opens a user's connection: by default the passive splice's, where both connect.
    void
    Connect(Talker& talker,
            Ptr<Node> node,
            const char* istAddress,
            uint16_t istPort,
            uint32_t sequence,
            uint16_t localPort = 0) const
    {
        Ptr<IstTcpSocket> socket = CreateObject<TcpTuning>()->MakeSocket(node, 1);
        socket->SetInitialSequence(sequence);
        talker.Use(socket);
        socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), localPort));
        socket->Connect(InetSocketAddress(Ipv4Address(istAddress), istPort));
    }

    /// B waits for the IST's connection (active splice).
    void
    Listen(Talker& talker, uint16_t port, uint32_t sequence) const
    {
        Ptr<IstTcpSocket> listener = CreateObject<TcpTuning>()->MakeSocket(b, 2);
        listener->SetInitialSequence(sequence);
        listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), port));
        listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                    Callback<void, Ptr<Socket>, const Address&>(
                                        [&talker](Ptr<Socket> socket, const Address&)
                                        {
                                            talker.Use(socket);
                                            talker.connected = true;
                                            talker.Write();
                                        }));
        listener->Listen();
    }

    Ptr<Node> a;
    Ptr<Node> b;
    Ptr<Node> ist;
};

using isb::SpliceMethod;

struct SpliceCase
{
    const char* name;
    SpliceMethod method;
    double loss;
};

std::string
NameOf(const ::testing::TestParamInfo<SpliceCase>& info)
{
    return info.param.name;
}

class SpliceTest : public Simulation, public ::testing::WithParamInterface<SpliceCase>
{
  protected:
    /// One whole life of a splice: pair, carry, close, forget.
    void
    Live(uint64_t seed, uint32_t sequenceA, uint32_t sequenceB)
    {
        SplicedHosts net;
        IstHelper helper;
        helper.SetAttribute("TimeWait", TimeValue(Seconds(1)));
        helper.SetAttribute("UnmatchedTimeout", TimeValue(Seconds(60)));
        Ptr<IstForwarder> ist = helper.InstallKernel(net.ist, seed);
        for (const auto& [node, stream] : {std::tuple(net.a, 100), {net.b, 200}, {net.ist, 300}})
        {
            Lose(node, GetParam().loss, static_cast<int64_t>(seed) * 1000 + stream);
        }
        Talker a(seed, 60'000 + seed * 1000);
        Talker b(seed + 50, 45'000);
        a.closeLast = seed % 3 == 1;
        b.closeLast = seed % 3 == 2;
        Open(net, ist, a, b, sequenceA, sequenceB);
        RunFor(Seconds(400));
        EXPECT_TRUE(a.connected);
        EXPECT_TRUE(b.connected);
        EXPECT_EQ(b.received, a.toSend) << "seed " << seed;
        EXPECT_EQ(a.received, b.toSend) << "seed " << seed;
        EXPECT_FALSE(a.reset || b.reset) << "seed " << seed;
        EXPECT_EQ(ist->Engine().Counters().paired, 1U);
        EXPECT_EQ(ist->Engine().Counters().fallbacks, 0U);
        EXPECT_EQ(ist->Engine().Size(), 0U) << "seed " << seed;
        EXPECT_EQ(ist->Engine().StateSize(), 0U) << "seed " << seed;
        Simulator::Destroy();
    }

  private:
    void
    Open(SplicedHosts& net,
         Ptr<IstForwarder> ist,
         Talker& a,
         Talker& b,
         uint32_t sequenceA,
         uint32_t sequenceB)
    {
        isb::IstPair pair;
        pair.method = GetParam().method;
        pair.portA = PORT_A;
        pair.portB = PORT_B;
        if (pair.method == SpliceMethod::Active)
        {
            pair.activeTarget = isb::Endpoint{{Ipv4Address("10.0.2.1").Get()}, 7000};
            pair.activeSource = isb::Ipv4{Ipv4Address("10.0.2.2").Get()};
            net.Listen(b, 7000, sequenceB);
        }
        else
        {
            const bool pure = pair.method == SpliceMethod::Pure;
            net.Connect(b, net.b, "10.0.2.2", PORT_B, sequenceB, pure ? PORT_A : 0);
        }
        const auto id = ist->Add(pair);
        ASSERT_TRUE(id) << id.Why();
        const bool pure = pair.method == SpliceMethod::Pure;
        net.Connect(a, net.a, "10.0.1.2", PORT_A, sequenceA, pure ? PORT_B : 0);
    }
};

TEST_P(SpliceTest, CarriesEveryByteBothWaysAndForgets)
{
    for (uint64_t seed = 1; seed <= 12; ++seed)
    {
        isb::SeededRng rng(seed);
        Live(seed,
             static_cast<uint32_t>(rng.Next() >> 33),
             static_cast<uint32_t>(rng.Next() >> 33));
    }
}

INSTANTIATE_TEST_SUITE_P(Methods,
                         SpliceTest,
                         ::testing::Values(SpliceCase{"Passive", SpliceMethod::Passive, 0},
                                           SpliceCase{"PassiveLossy", SpliceMethod::Passive, 0.03},
                                           SpliceCase{"Pure", SpliceMethod::Pure, 0},
                                           SpliceCase{"PureLossy", SpliceMethod::Pure, 0.03},
                                           SpliceCase{"Active", SpliceMethod::Active, 0},
                                           SpliceCase{"ActiveLossy", SpliceMethod::Active, 0.03}),
                         NameOf);

using IstForwarderTest = Simulation;

TEST_F(IstForwarderTest, PassiveSpliceLeavesSequenceNumbersAlone)
{
    SplicedHosts net;
    Ptr<IstForwarder> ist = IstHelper().InstallKernel(net.ist, 1);
    isb::IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    ASSERT_TRUE(ist->Add(pair));
    SegmentLog fromA(net.a);
    SegmentLog fromB(net.b);
    Talker a(1, 20'000);
    Talker b(2, 0);
    net.Connect(a, net.a, "10.0.1.2", PORT_A, 111'111'111);
    net.Connect(b, net.b, "10.0.2.2", PORT_B, 222'222'222);
    RunFor(Seconds(2));
    EXPECT_EQ(b.received, a.toSend);
    ASSERT_FALSE(fromB.segments.empty());
    // B acknowledges A's own numbers: nothing between translated them.
    for (const auto& segment : fromB.segments)
    {
        if (segment.flags & TcpHeader::ACK)
        {
            EXPECT_GE(segment.acknowledgement, 111'111'112U);
            EXPECT_LE(segment.acknowledgement, 111'111'111U + 20'002);
        }
    }
}

TEST_F(IstForwarderTest, LoneUserIsHeldAndForgotten)
{
    SplicedHosts net;
    IstHelper helper;
    helper.SetAttribute("UnmatchedTimeout", TimeValue(Seconds(10)));
    Ptr<IstForwarder> ist = helper.InstallKernel(net.ist, 1);
    isb::IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    ASSERT_TRUE(ist->Add(pair));
    Talker a(1, 0);
    net.Connect(a, net.a, "10.0.1.2", PORT_A, 5);
    RunFor(Seconds(1));
    EXPECT_FALSE(a.connected);
    EXPECT_EQ(ist->Engine().Size(), 1U);
    RunFor(Seconds(600));
    EXPECT_EQ(ist->Engine().Size(), 0U);
}

TEST_F(IstForwarderTest, PacketsToOthersAreDroppedAndCounted)
{
    SplicedHosts net;
    const BoxHelper helper;
    helper.AddRoute(net.a, "10.0.2.0", 24, "10.0.1.2");
    helper.AddRoute(net.b, "10.0.1.0", 24, "10.0.2.2");
    Ptr<IstForwarder> ist = IstHelper().InstallKernel(net.ist, 1);
    SegmentLog fromB(net.b);
    Talker a(1, 0);
    net.Connect(a, net.a, "10.0.2.1", 80, 5); // to B itself: an IST is no router
    RunFor(Seconds(1));
    EXPECT_EQ(ist->Misdirected(), 1U);
    EXPECT_TRUE(fromB.segments.empty());
}

TEST_F(IstForwarderTest, AttributesReachTheEngine)
{
    SplicedHosts net;
    IstHelper helper;
    helper.SetAttribute("MaxSplices", UintegerValue(1));
    Ptr<IstForwarder> ist = helper.InstallKernel(net.ist, 1);
    isb::IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    EXPECT_TRUE(ist->Add(pair));
    pair.portA = 6000;
    pair.portB = 6001;
    EXPECT_FALSE(ist->Add(pair));
}

using ProxyApplicationTest = Simulation;

TEST_F(ProxyApplicationTest, JoinsTwoConnectionsAndClosesBoth)
{
    for (const double loss : {0.0, 0.02})
    {
        SplicedHosts net;
        Ptr<ProxyApplication> proxy = IstHelper().InstallApp(net.ist, 1);
        isb::ProxyPair pair;
        pair.portA = PORT_A;
        pair.portB = PORT_B;
        ASSERT_TRUE(proxy->Add(pair));
        Lose(net.ist, loss, 10);
        Lose(net.b, loss, 20);
        Talker a(1, 90'000);
        Talker b(2, 30'000);
        Simulator::Schedule(MilliSeconds(1), [&] { net.Connect(a, net.a, "10.0.1.2", PORT_A, 7); });
        Simulator::Schedule(MilliSeconds(50),
                            [&] { net.Connect(b, net.b, "10.0.2.2", PORT_B, 9); });
        RunFor(Seconds(100));
        EXPECT_EQ(b.received, a.toSend);
        EXPECT_EQ(a.received, b.toSend);
        EXPECT_EQ(proxy->Proxy().Size(), 0U);
        Simulator::Destroy();
    }
}

} // namespace
} // namespace ns3test
