// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ns3/tcp-request-client.h"
#include "model/ns3/tcp-request-server.h"
#include "tests/ns3/two-hosts.h"

#include "ns3/boolean.h"

#include <memory>
#include <string>
#include <vector>

namespace ns3test
{
namespace
{

/// A client on b (10.0.1.2) asks a server on a (10.0.1.1:80), 1 ms away, for 3 s from 10 ms on.
class TcpRequest : public Simulation
{
  protected:
    void
    SetUp() override
    {
        Simulation::SetUp();
        hosts = std::make_unique<TwoHosts>();
        meter = CreateObject<FlowMeter>();
        server = CreateObject<TcpRequestServer>();
        server->SetPort(80);
        Install(hosts->a, server, 1);
        client = CreateObject<TcpRequestClient>();
        client->SetTarget({*isb::Ipv4::Parse("10.0.1.1"), 80});
        client->SetMeter(meter);
        client->SetStartTime(MilliSeconds(10));
        client->SetStopTime(Seconds(3));
        Install(hosts->b, client, 2);
        client->TraceConnectWithoutContext(
            "Events",
            Callback<void, const isb::TraceEvent&>([this](const isb::TraceEvent& event)
                                                   { states.emplace_back(event.to); }));
    }

    void
    TearDown() override
    {
        client = nullptr;
        server = nullptr;
        meter = nullptr;
        hosts.reset();
        Simulation::TearDown();
    }

    template <class Application>
    static void
    Install(Ptr<Node> node, Ptr<Application> application, uint64_t seed)
    {
        application->SetSeed(seed);
        application->SetTuning(CreateObject<TcpTuning>());
        application->SetDriver(node->GetObject<BoxDriver>());
        node->AddApplication(application);
    }

    std::unique_ptr<TwoHosts> hosts;
    Ptr<FlowMeter> meter;
    Ptr<TcpRequestServer> server;
    Ptr<TcpRequestClient> client;
    std::vector<std::string> states;
};

TEST_F(TcpRequest, GetsWholeResponsesOneAfterAnother)
{
    client->SetAttribute("Pause", TimeValue(MilliSeconds(100)));
    RunFor(Seconds(4));
    const FlowSummary sum = meter->Summary();
    EXPECT_GT(sum.completed, 25U);
    EXPECT_LE(sum.completed, 30U);
    EXPECT_EQ(sum.completed, server->Answered());
    EXPECT_EQ(sum.receivedBytes, 4096 * sum.completed);
    EXPECT_EQ(sum.sentBytes, 200 * sum.completed);
    EXPECT_EQ(sum.roundTripsNs.size(), sum.completed);
    EXPECT_EQ(sum.failed, 0U);
    EXPECT_EQ(states,
              (std::vector<std::string>{"connecting", "connected", "first-byte", "closed"}));
}

TEST_F(TcpRequest, TheFirstByteTakesTwoRoundTripsFromConnect)
{
    RunFor(Seconds(4));
    const FlowSummary sum = meter->Summary();
    ASSERT_EQ(sum.firstBytesNs.size(), 1U);
    EXPECT_GT(sum.firstBytesNs[0], 4'000'000U);
    EXPECT_LT(sum.firstBytesNs[0], 4'400'000U) << "and the frames' time on the wire";
}

TEST_F(TcpRequest, ManyConnectionsAskInParallel)
{
    client->SetAttribute("Connections", UintegerValue(20));
    client->SetAttribute("Pause", TimeValue(Seconds(1)));
    RunFor(Seconds(4));
    EXPECT_EQ(server->Accepted(), 20U);
    EXPECT_EQ(meter->Summary().completed, 60U);
    EXPECT_EQ(meter->Summary().established, 20U);
    EXPECT_EQ(meter->Summary().firstBytesNs.size(), 20U);
}

TEST_F(TcpRequest, ResponsesLargerThanAllBuffersComeWhole)
{
    client->SetAttribute("ResponseSize", UintegerValue(1'000'000));
    server->SetAttribute("ResponseSize", UintegerValue(1'000'000));
    client->SetAttribute("Requests", UintegerValue(2));
    RunFor(Seconds(4));
    EXPECT_EQ(meter->Summary().completed, 2U);
    EXPECT_EQ(meter->Summary().receivedBytes, 2'000'000U);
    EXPECT_EQ(server->Accepted(), 1U);
}

TEST_F(TcpRequest, OneConnectionARequestWhenOrdered)
{
    client->SetAttribute("Requests", UintegerValue(1));
    client->SetAttribute("Reopen", BooleanValue(true));
    client->SetAttribute("Pause", TimeValue(MilliSeconds(500)));
    RunFor(Seconds(4));
    EXPECT_EQ(server->Accepted(), 6U);
    EXPECT_EQ(meter->Summary().completed, 6U);
}

TEST_F(TcpRequest, ARefusedConnectionFailsAndIsTriedAgain)
{
    client->SetTarget({*isb::Ipv4::Parse("10.0.1.1"), 81});
    client->SetAttribute("Reconnect", TimeValue(Seconds(1)));
    RunFor(Seconds(4));
    EXPECT_EQ(meter->Summary().failed, 3U);
    EXPECT_EQ(meter->Summary().established, 0U);
    EXPECT_EQ(states[1], "failed");
}

TEST_F(TcpRequest, AResponseThatNeverComesWholeDoesNotCount)
{
    client->SetAttribute("ResponseSize", UintegerValue(5000)); // the server sends 4096
    client->SetAttribute("Reconnect", TimeValue(Time(0)));
    Simulator::Schedule(Seconds(1),
                        [this]
                        { IstTcpProtocol::SilenceAll(hosts->a->GetObject<TcpL4Protocol>()); });
    client->SetAttribute("Pause", TimeValue(MilliSeconds(10)));
    RunFor(Seconds(4));
    EXPECT_EQ(meter->Summary().completed, 0U);
    EXPECT_EQ(meter->Summary().firstBytesNs.size(), 1U);
}

} // namespace
} // namespace ns3test
