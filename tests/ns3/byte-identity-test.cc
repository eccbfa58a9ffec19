// SPDX-License-Identifier: GPL-2.0-or-later
// What an unmodified client and server say to one another through daemons, NATs and IST arrives as
// it was sent, both ways, and so do their closes.
#include "tests/ns3/lab-run.h"
#include "tests/ns3/two-hosts.h"
#include "tests/ns3/ways-to-provider.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ns3test
{
namespace
{

constexpr size_t CLIENTS = 3;
constexpr size_t BYTES = 200'000;

/// Clients on ann's host, a server on bob's: sockets and bytes, nothing of ours.
struct Programs
{
    void
    Install(const isb::Lab& lab, LabInstaller& installer)
    {
        const isb::LabUser& ann = lab.users.at(0);
        Ptr<TcpTuning> tuning = CreateObject<TcpTuning>();
        listener = tuning->MakeSocket(installer.GetHost(lab.users.at(1).host), 7);
        listener->Bind(InetSocketAddress(Ipv4Address::GetAny(), 80));
        listener->SetAcceptCallback(
            MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
            Callback<void, Ptr<Socket>, const Address&>(
                [this](Ptr<Socket> socket, const Address&)
                {
                    servers.push_back(std::make_unique<Talker>(200 + servers.size(), BYTES));
                    servers.back()->Use(socket);
                    servers.back()->Write();
                }));
        listener->Listen();
        for (size_t i = 0; i < CLIENTS; ++i)
        {
            clients.push_back(std::make_unique<Talker>(100 + i, BYTES));
            const Ptr<Socket> socket = tuning->MakeSocket(installer.GetHost(ann.host), 50 + i);
            clients.back()->Use(socket);
            const uint16_t port = ann.settings.wants.at(0).localPort;
            Simulator::Schedule(Seconds(4),
                                [socket, port]
                                { socket->Connect(InetSocketAddress("127.0.0.1", port)); });
        }
    }

    Ptr<IstTcpSocket> listener;
    std::vector<std::unique_ptr<Talker>> clients;
    std::vector<std::unique_ptr<Talker>> servers;
};

using Bytes = std::vector<std::vector<uint8_t>>;

/// One member of all talkers, in an order that does not depend on who came first.
Bytes
Sorted(const std::vector<std::unique_ptr<Talker>>& talkers, std::vector<uint8_t> Talker::*member)
{
    Bytes all;
    for (const auto& talker : talkers)
    {
        all.push_back((*talker).*member);
    }
    std::sort(all.begin(), all.end());
    return all;
}

class ByteIdentity : public Simulation, public ::testing::WithParamInterface<WayToProvider>
{
};

TEST_P(ByteIdentity, BothWaysOfSeveralConnectionsAtOnce)
{
    Programs programs;
    isb::Lab lab;
    LabVisit visit;
    visit.parsed = [&](isb::Lab& parsed) { lab = parsed; };
    visit.installed = [&](LabInstaller& installer) { programs.Install(lab, installer); };
    const Outcome outcome = RunText(ScenarioOf(GetParam(), 1), 1, visit);
    ASSERT_EQ(programs.servers.size(), CLIENTS);
    const auto& paths = outcome.result.subscriptions.at(0).paths;
    EXPECT_EQ(paths.size(), 1U);
    EXPECT_EQ(paths.count(GetParam().path), 1U);
    EXPECT_TRUE(Sorted(programs.servers, &Talker::received) ==
                Sorted(programs.clients, &Talker::toSend));
    EXPECT_TRUE(Sorted(programs.clients, &Talker::received) ==
                Sorted(programs.servers, &Talker::toSend));
    for (const auto* side : {&programs.clients, &programs.servers})
    {
        for (const auto& talker : *side)
        {
            EXPECT_TRUE(talker->peerClosed);
            EXPECT_FALSE(talker->reset);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Ways,
                         ByteIdentity,
                         ::testing::ValuesIn(WaysToProvider()),
                         [](const auto& way) { return std::string(way.param.name); });

} // namespace
} // namespace ns3test
