// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/ns3/segment-log.h"
#include "tests/ns3/two-hosts.h"

namespace ns3test
{
namespace
{

constexpr uint16_t PORT = 7000;
const InetSocketAddress SERVER(Ipv4Address("10.0.1.2"), PORT);
/// In a's subnet, but nobody has it: what a sends there gets no answer, tests craft the answers.
const Ipv4Address NOBODY("10.0.1.3");

using IstTcpSocketTest = Simulation;

/// Accepts one connection for a Talker.
void
Serve(const TwoHosts& net, Talker& server, uint64_t seed = 2)
{
    Ptr<IstTcpSocket> listener = net.Socket(net.b, seed);
    listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
    listener->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                Callback<void, Ptr<Socket>, const Address&>(
                                    [&server](Ptr<Socket> socket, const Address&)
                                    {
                                        server.Use(socket);
                                        server.connected = true;
                                        server.Write();
                                    }));
    listener->Listen();
}

/// Connects a's Talker.
void
Dial(const TwoHosts& net, Talker& client, const Address& target, uint16_t localPort = 0)
{
    client.Use(net.Socket(net.a));
    client.socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), localPort));
    client.socket->Connect(target);
}

TEST_F(IstTcpSocketTest, StartsAtTheChosenSequenceNumber)
{
    for (const uint32_t sequence : {0U, 1U, 123'456'789U, 0x7fffffffU})
    {
        TwoHosts net;
        SegmentLog log(net.a);
        Ptr<IstTcpSocket> socket = net.Socket(net.a);
        socket->SetInitialSequence(sequence);
        socket->Connect(SERVER);
        RunFor(MilliSeconds(10));
        ASSERT_FALSE(log.segments.empty());
        EXPECT_EQ(log.segments[0].sequence, sequence);
        EXPECT_EQ(log.segments[0].flags, TcpHeader::SYN);
        Simulator::Destroy();
    }
}

TEST_F(IstTcpSocketTest, AcceptedConnectionsStartAtDifferentSequenceNumbers)
{
    TwoHosts net;
    SegmentLog log(net.b);
    Talker server(1, 0);
    Serve(net, server);
    Talker first(2, 0);
    Talker second(3, 0);
    Dial(net, first, SERVER);
    Dial(net, second, SERVER);
    RunFor(MilliSeconds(10));
    std::vector<uint32_t> starts;
    for (const auto& segment : log.segments)
    {
        if (segment.flags & TcpHeader::SYN)
        {
            starts.push_back(segment.sequence);
        }
    }
    ASSERT_EQ(starts.size(), 2U);
    EXPECT_NE(starts[0], starts[1]);
}

TEST_F(IstTcpSocketTest, CarriesBytesBothWaysWhenItsNumbersPassTheTop)
{
    TwoHosts net;
    Talker client(1, 300'000);
    Talker server(2, 200'000);
    Serve(net, server);
    client.Use(net.Socket(net.a));
    DynamicCast<IstTcpSocket>(client.socket)->SetInitialSequence(0x7fffff00);
    client.socket->Connect(SERVER);
    RunFor(Seconds(5));
    EXPECT_EQ(server.received, client.toSend);
    EXPECT_EQ(client.received, server.toSend);
}

TEST_F(IstTcpSocketTest, RefusalIsReportedAtOnce)
{
    TwoHosts net;
    Talker client(1, 0);
    Dial(net, client, SERVER); // nobody listens
    RunFor(MilliSeconds(100));
    EXPECT_TRUE(client.failed);
    EXPECT_FALSE(client.connected);
}

TEST_F(IstTcpSocketTest, RstThatAcknowledgesSomethingElseIsNoRefusal)
{
    TwoHosts net;
    Talker client(1, 0);
    Dial(net, client, InetSocketAddress(NOBODY, PORT), 6000);
    const uint32_t start = DynamicCast<IstTcpSocket>(client.socket)->GetInitialSequence();
    Simulator::Schedule(
        MilliSeconds(5),
        [&]
        {
            net.Craft(NOBODY, PORT, 6000, 0, start + 7, TcpHeader::RST | TcpHeader::ACK);
            net.Craft(NOBODY, PORT, 6000, 0, 0, TcpHeader::RST);
        });
    RunFor(MilliSeconds(100));
    EXPECT_FALSE(client.failed);
    Simulator::Schedule(
        MilliSeconds(5),
        [&] { net.Craft(NOBODY, PORT, 6000, 0, start + 1, TcpHeader::RST | TcpHeader::ACK); });
    RunFor(MilliSeconds(100));
    EXPECT_TRUE(client.failed);
}

TEST_F(IstTcpSocketTest, SimultaneousOpenConnectsBothSides)
{
    TwoHosts net;
    Talker a(1, 50'000);
    Talker b(2, 70'000);
    a.Use(net.Socket(net.a, 11));
    b.Use(net.Socket(net.b, 12));
    a.socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), 6000));
    b.socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), PORT));
    a.socket->Connect(SERVER); // the two SYNs cross on the wire
    b.socket->Connect(InetSocketAddress(Ipv4Address("10.0.1.1"), 6000));
    RunFor(Seconds(5));
    EXPECT_TRUE(a.connected);
    EXPECT_TRUE(b.connected);
    EXPECT_EQ(a.received, b.toSend);
    EXPECT_EQ(b.received, a.toSend);
}

TEST_F(IstTcpSocketTest, OneSidedSimultaneousOpenReportsByTheConnectCallback)
{
    TwoHosts net;
    Talker client(1, 0);
    client.closeLast = true;
    client.Use(net.Socket(net.a));
    client.socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), 6000));
    bool accepted = false;
    client.socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                     Callback<void, Ptr<Socket>, const Address&>(
                                         [&](Ptr<Socket>, const Address&) { accepted = true; }));
    client.socket->Connect(InetSocketAddress(NOBODY, PORT));
    const uint32_t start = DynamicCast<IstTcpSocket>(client.socket)->GetInitialSequence();
    Simulator::Schedule(MilliSeconds(5),
                        [&] { net.Craft(NOBODY, PORT, 6000, 99, 0, TcpHeader::SYN); });
    Simulator::Schedule(MilliSeconds(10),
                        [&] { net.Craft(NOBODY, PORT, 6000, 100, start + 1, TcpHeader::ACK); });
    RunFor(MilliSeconds(50));
    EXPECT_TRUE(client.connected);
    EXPECT_FALSE(accepted);
}

/// Loses the numbered packets that arrive at the node, counted from 0.
void
LoseThese(Ptr<Node> node, const std::list<uint32_t>& numbers)
{
    Ptr<ReceiveListErrorModel> model = CreateObject<ReceiveListErrorModel>();
    model->SetList(numbers);
    DynamicCast<PointToPointNetDevice>(node->GetDevice(1))->SetReceiveErrorModel(model);
}

TEST_F(IstTcpSocketTest, LastAckDoesNotCloseOverDataInFlight)
{
    // b closes first; a has data on its way, and closes while two segments of it are lost. 2 kB are
    // all sent when b's FIN comes, 20 kB are not.
    for (const auto& [bytes, lost] : {std::pair(2'000, 2U),
                                      {20'000, 2U},
                                      {20'000, 5U},
                                      {20'000, 10U},
                                      {20'000, 12U},
                                      {20'000, 14U},
                                      {20'000, 15U},
                                      {20'000, 16U},
                                      {20'000, 17U},
                                      {20'000, 18U}})
    {
        TwoHosts net;
        Talker server(2, 0);
        Talker client(1, static_cast<size_t>(bytes));
        Serve(net, server);
        client.closeLast = true;
        LoseThese(net.b, {lost, lost + 1});
        Dial(net, client, SERVER);
        RunFor(Seconds(20));
        EXPECT_EQ(server.received.size(), client.toSend.size()) << "lost " << lost;
        EXPECT_FALSE(client.reset || server.reset) << "lost " << lost;
        Simulator::Destroy();
    }
}

TEST_F(IstTcpSocketTest, SimultaneousCloseDoesNotCutDataInFlight)
{
    for (uint32_t lost = 3; lost < 40; ++lost)
    {
        TwoHosts net;
        Talker server(2, 40'000);
        Talker client(1, 40'000);
        Serve(net, server);
        LoseThese(net.b, {lost});
        LoseThese(net.a, {lost + 1});
        Dial(net, client, SERVER);
        RunFor(Seconds(20));
        EXPECT_EQ(server.received.size(), client.toSend.size()) << "lost " << lost;
        EXPECT_EQ(client.received.size(), server.toSend.size()) << "lost " << lost;
        Simulator::Destroy();
    }
}

TEST_F(IstTcpSocketTest, RepeatedSynAckIsAcknowledgedAgain)
{
    TwoHosts net;
    SegmentLog log(net.a);
    Talker client(1, 0);
    client.closeLast = true;
    Dial(net, client, InetSocketAddress(NOBODY, PORT), 6000);
    const uint32_t start = DynamicCast<IstTcpSocket>(client.socket)->GetInitialSequence();
    for (const int at : {5, 20})
    {
        Simulator::Schedule(
            MilliSeconds(at),
            [&] { net.Craft(NOBODY, PORT, 6000, 99, start + 1, TcpHeader::SYN | TcpHeader::ACK); });
    }
    RunFor(MilliSeconds(50));
    ASSERT_EQ(log.segments.size(), 3U); // SYN, ACK, ACK
    EXPECT_EQ(log.segments[2].flags, TcpHeader::ACK);
    EXPECT_EQ(log.segments[2].acknowledgement, 100U);
    EXPECT_GE(log.segments[2].when, MilliSeconds(20));
}

TEST_F(IstTcpSocketTest, RepeatedFinInTimeWaitIsAcknowledgedAgain)
{
    TwoHosts net;
    SegmentLog log(net.a);
    Talker client(1, 0);
    Dial(net, client, InetSocketAddress(NOBODY, PORT), 6000);
    const uint32_t start = DynamicCast<IstTcpSocket>(client.socket)->GetInitialSequence();
    Simulator::Schedule(
        MilliSeconds(5),
        [&] { net.Craft(NOBODY, PORT, 6000, 99, start + 1, TcpHeader::SYN | TcpHeader::ACK); });
    Simulator::Schedule(MilliSeconds(15), [&] { // a has sent its FIN
        net.Craft(NOBODY, PORT, 6000, 100, start + 2, TcpHeader::ACK);
    });
    for (const int at : {20, 40})
    {
        Simulator::Schedule(
            MilliSeconds(at),
            [&]
            { net.Craft(NOBODY, PORT, 6000, 100, start + 2, TcpHeader::FIN | TcpHeader::ACK); });
    }
    RunFor(MilliSeconds(100));
    size_t acks = 0;
    for (const auto& segment : log.segments)
    {
        acks += segment.flags == TcpHeader::ACK && segment.acknowledgement == 101 ? 1 : 0;
    }
    EXPECT_EQ(acks, 2U);
}

TEST_F(IstTcpSocketTest, AbortResetsThePeer)
{
    TwoHosts net;
    Talker server(2, 0);
    server.closeLast = true;
    Talker client(1, 0);
    client.closeLast = true;
    Serve(net, server);
    Dial(net, client, SERVER);
    Simulator::Schedule(MilliSeconds(20),
                        [&] { DynamicCast<IstTcpSocket>(client.socket)->Abort(); });
    SegmentLog log(net.a);
    RunFor(MilliSeconds(100));
    ASSERT_FALSE(log.segments.empty());
    EXPECT_TRUE(log.segments.back().flags & TcpHeader::RST);
    EXPECT_TRUE(server.peerClosed || server.reset);
}

TEST_F(IstTcpSocketTest, ReaderThatComesBackReopensTheWindow)
{
    TwoHosts net;
    Talker server(2, 0);
    Talker client(1, 200'000); // more than the window
    server.reads = false;
    server.closeLast = true;
    Serve(net, server);
    Dial(net, client, SERVER);
    Simulator::Schedule(MilliSeconds(200),
                        [&]
                        {
                            server.reads = true;
                            server.Read();
                        });
    RunFor(MilliSeconds(400));
    EXPECT_EQ(server.received, client.toSend);
}

TEST_F(IstTcpSocketTest, SurvivesLossWithAWindowThatIsFull)
{
    for (int64_t stream = 1; stream <= 10; ++stream)
    {
        TwoHosts net;
        Talker server(2, 0);
        server.closeLast = true;
        Talker client(1, 2'000'000);
        Serve(net, server);
        Lose(net.b, 0.02, stream);
        Dial(net, client, SERVER);
        RunFor(Seconds(60));
        EXPECT_EQ(server.received, client.toSend) << "stream " << stream;
        Simulator::Destroy();
    }
}

} // namespace
} // namespace ns3test
