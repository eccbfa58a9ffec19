// SPDX-License-Identifier: GPL-2.0-or-later
// Broker, user daemons, ISTs, real NATs and unmodified programs, all together on ns-3's nodes.
#include "tests/ns3/broker-world.h"
#include "tests/ns3/two-hosts.h"

#include "ns3/double.h"

#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace ns3test
{
namespace
{

const isb::Ipv4 LOCALHOST{*isb::Ipv4::Parse("127.0.0.1")};
constexpr uint16_t WEB = 80;     ///< bob's server
constexpr uint16_t LOCAL = 8000; ///< where ann's client finds it

/// Ann uses bob's web server, from 1 s on.
class BrokerWorldTest : public Simulation
{
  protected:
    void
    SetUp() override
    {
        Simulation::SetUp();
        world = std::make_unique<BrokerWorld>();
        meter = CreateObject<FlowMeter>();
    }

    void
    TearDown() override
    {
        ist = nullptr;
        ann = bob = nullptr;
        server = nullptr;
        meter = nullptr;
        annHome = bobHome = {};
        world.reset();
        Simulation::TearDown();
    }

    void
    Build(const std::string& annNat,
          const std::string& bobNat,
          isb::ForwardingMethod method,
          uint32_t prepared = 0)
    {
        ist = world->AddIst("ist");
        annHome = world->AddHome(annNat);
        bobHome = world->AddHome(bobNat);
        isb::DaemonSettings bobs = world->User("bob");
        isb::ProvidedService web;
        web.record.name = "web";
        web.server = {LOCALHOST, WEB};
        bobs.provides.push_back(web);
        isb::DaemonSettings anns = world->User("ann");
        isb::WantedService wanted;
        wanted.provider = "bob";
        wanted.service = "web";
        wanted.localPort = LOCAL;
        wanted.method = method;
        wanted.prepared = prepared;
        anns.wants.push_back(wanted);
        anns.canChoosePort = bobs.canChoosePort = method == isb::ForwardingMethod::Pure;
        bob = BrokerWorld::Run(bobHome.host, bobs);
        ann = BrokerWorld::Run(annHome.host, anns);
        server = BrokerWorld::AddServer(bobHome.host, WEB);
        BrokerWorld::AddClient(annHome.host, {LOCALHOST, LOCAL}, meter, Seconds(1));
    }

    isb::WantedReport
    Report() const
    {
        return ann->Daemon()->Wanted().at(0);
    }

    std::unique_ptr<BrokerWorld> world;
    Ptr<IstApplication> ist;
    BrokerWorld::Home annHome;
    BrokerWorld::Home bobHome;
    Ptr<UserDaemonApplication> ann;
    Ptr<UserDaemonApplication> bob;
    Ptr<TcpRequestServer> server;
    Ptr<FlowMeter> meter;
};

struct SetUpCase
{
    const char* name;
    const char* annNat;
    const char* bobNat;
    isb::ForwardingMethod method;
    const char* path;
    const char* methodUsed; ///< "": no IST
};

void
PrintTo(const SetUpCase& one, std::ostream* out)
{
    *out << one.name;
}

class BrokerWorldSetUp : public BrokerWorldTest, public ::testing::WithParamInterface<SetUpCase>
{
};

TEST_P(BrokerWorldSetUp, CarriesRequestsAndResponses)
{
    const SetUpCase& one = GetParam();
    Build(one.annNat, one.bobNat, one.method);
    RunFor(Seconds(6));
    const FlowSummary sum = meter->Summary();
    EXPECT_GT(sum.completed, 50U);
    EXPECT_EQ(sum.failed, 0U);
    EXPECT_EQ(server->Accepted(), 1U);
    const isb::WantedReport report = Report();
    EXPECT_EQ(report.established, 1U);
    EXPECT_EQ(report.paths.count(one.path), 1U) << report.paths.begin()->first;
    EXPECT_EQ(report.paths.size(), 1U);
    if (*one.methodUsed != 0)
    {
        EXPECT_EQ(report.methods.count(one.methodUsed), 1U) << report.methods.begin()->first;
        EXPECT_EQ(report.ists.count("ist"), 1U);
    }
    EXPECT_EQ(world->isb->Broker()->Users(), 2U);
    EXPECT_EQ(world->isb->Broker()->Ists(), 1U);
}

constexpr auto PASSIVE = isb::ForwardingMethod::Passive;
INSTANTIATE_TEST_SUITE_P(
    All,
    BrokerWorldSetUp,
    ::testing::Values(
        SetUpCase{"BothPublic", "", "", PASSIVE, "direct", ""},
        SetUpCase{"SubscriberNated", "symmetric", "", PASSIVE, "direct", ""},
        SetUpCase{"ProviderNated", "", "symmetric", PASSIVE, "reversed", ""},
        SetUpCase{"BothNatedPassive", "symmetric", "symmetric", PASSIVE, "translated", "passive"},
        SetUpCase{"BothNatedFullCone", "full-cone", "full-cone", PASSIVE, "translated", "passive"},
        SetUpCase{"BothNatedProxy",
                  "port-restricted-cone",
                  "symmetric",
                  isb::ForwardingMethod::Proxy,
                  "translated",
                  "proxy"},
        SetUpCase{"BothNatedPure",
                  "port-restricted-cone",
                  "port-restricted-cone",
                  isb::ForwardingMethod::Pure,
                  "translated",
                  "pure"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(BrokerWorldTest, ACrashedIstEndsItsConnectionsAndTheNextOneWorksWhenItIsBack)
{
    Build("symmetric", "symmetric", PASSIVE);
    Simulator::Schedule(Seconds(4), [this] { ist->Crash(); });
    Simulator::Schedule(Seconds(12), [this] { ist->Restart(); });
    uint64_t before = 0;
    Simulator::Schedule(Seconds(12), [&] { before = meter->Summary().completed; });
    RunFor(Seconds(40));
    EXPECT_GT(meter->Summary().failed, 0U) << "the client saw an end, not silence";
    EXPECT_GT(meter->Summary().completed, before + 50) << "and later found the service again";
    EXPECT_EQ(world->isb->Broker()->Ists(), 1U);
}

TEST_F(BrokerWorldTest, ConnectionsOutliveTheBrokersCrash)
{
    Build("symmetric", "symmetric", PASSIVE);
    Simulator::Schedule(Seconds(4), [this] { world->isb->Crash(); });
    Simulator::Schedule(Seconds(9), [this] { world->isb->Restart(); });
    RunFor(Seconds(60));
    EXPECT_EQ(meter->Summary().failed, 0U);
    EXPECT_GT(meter->Summary().completed, 900U) << "one every 50 ms, without a gap";
    EXPECT_TRUE(ann->Daemon()->IsLoggedIn());
    EXPECT_TRUE(bob->Daemon()->IsLoggedIn());
    EXPECT_EQ(world->isb->Broker()->Ists(), 1U);
}

TEST_F(BrokerWorldTest, ALogoutOfTheProviderIsNoticedAndALoginRepairsIt)
{
    Build("symmetric", "symmetric", PASSIVE);
    Simulator::Schedule(Seconds(4), [this] { bob->Logout(); });
    uint64_t before = 0;
    Simulator::Schedule(Seconds(10),
                        [&]
                        {
                            before = meter->Summary().completed;
                            bob->Login();
                        });
    RunFor(Seconds(60));
    EXPECT_GT(meter->Summary().completed, before + 50);
    EXPECT_TRUE(bob->Daemon()->IsLoggedIn());
}

TEST_F(BrokerWorldTest, BrokerAndIstShareAHost)
{
    isb::IstServerSettings settings;
    settings.name = "own";
    settings.secret = "secret";
    settings.broker = {LOCALHOST, 7470};
    world->isb->AddProfile("own", {"secret", true, {}});
    const Ptr<IstApplication> own = IstHelper().InstallServer(world->isb->GetNode(), settings, 77);
    Build("symmetric", "symmetric", PASSIVE);
    ist->SetStopTime(MilliSeconds(500)); // leaves the other one alone
    RunFor(Seconds(6));
    EXPECT_TRUE(own->Server()->IsRegistered());
    EXPECT_GT(meter->Summary().completed, 50U);
    EXPECT_EQ(Report().ists.count("own"), 1U);
}

TEST_F(BrokerWorldTest, AFirewallThatLetsBrokerAndIstThroughIsEnough)
{
    ist = world->AddIst("ist");
    const std::vector<isb::Ipv4> allowed{BrokerWorld::Public(0), BrokerWorld::Public(1)};
    annHome = world->AddFirewalledHome(allowed);
    bobHome = world->AddFirewalledHome(allowed);
    bob = BrokerWorld::Run(bobHome.host, world->User("bob"));
    ann = BrokerWorld::Run(annHome.host, world->User("ann"));
    bob->Offer("web", WEB);
    ann->Use("bob", "web", LOCAL);
    server = BrokerWorld::AddServer(bobHome.host, WEB);
    BrokerWorld::AddClient(annHome.host, {LOCALHOST, LOCAL}, meter, Seconds(1));
    const Ptr<FlowMeter> direct = CreateObject<FlowMeter>();
    BrokerWorld::AddClient(annHome.host, {bobHome.address, WEB}, direct, Seconds(1));
    RunFor(Seconds(10));
    EXPECT_EQ(Report().paths.count("translated"), 1U);
    EXPECT_GT(meter->Summary().completed, 50U);
    EXPECT_EQ(direct->Summary().completed, 0U) << "past the daemons";
    const auto drops = annHome.firewall->Filter().Counters().drops;
    EXPECT_GT(std::accumulate(drops.begin(), drops.end(), uint64_t{0}), 0U);
}

struct UdpCase
{
    const char* name;
    const char* nat; ///< of both
    isb::ForwardingMethod method;
    const char* path;
};

void
PrintTo(const UdpCase& one, std::ostream* out)
{
    *out << one.name;
}

class BrokerWorldUdp : public BrokerWorldTest, public ::testing::WithParamInterface<UdpCase>
{
};

TEST_P(BrokerWorldUdp, PingsComeBackByTheirTags)
{
    const UdpCase& one = GetParam();
    ist = world->AddIst("ist");
    annHome = world->AddHome(one.nat);
    bobHome = world->AddHome(one.nat);
    isb::ProvidedService echo;
    echo.record.name = "echo";
    echo.record.protocol = isb::Protocol::Udp;
    echo.server = {LOCALHOST, 7};
    isb::WantedService wanted;
    wanted.provider = "bob";
    wanted.service = "echo";
    wanted.protocol = isb::Protocol::Udp;
    wanted.localPort = LOCAL;
    wanted.method = one.method;
    bob = BrokerWorld::Run(bobHome.host, world->User("bob"));
    ann = BrokerWorld::Run(annHome.host, world->User("ann"));
    bob->Announce(echo);
    ann->Subscribe(wanted);
    BrokerWorld::AddPing(annHome.host, bobHome.host, 7, {LOCALHOST, LOCAL}, meter, Seconds(1));
    RunFor(Seconds(4));
    EXPECT_GT(meter->Summary().receivedPackets, 100U);
    EXPECT_GT(meter->Summary().roundTripsNs.size(), 100U);
    EXPECT_EQ(Report().paths.count(one.path), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Ways,
    BrokerWorldUdp,
    ::testing::Values(UdpCase{"Direct", "", isb::ForwardingMethod::Udp, "direct"},
                      UdpCase{"Kernel", "symmetric", isb::ForwardingMethod::Udp, "translated"},
                      UdpCase{"Proxy", "symmetric", isb::ForwardingMethod::Proxy, "translated"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(MachineSettings, AreAttributes)
{
    const Ptr<IsbApplication> broker = CreateObject<IsbApplication>();
    EXPECT_EQ(broker->GetSettings().helloInterval, isb::IsbSettings{}.helloInterval);
    broker->SetAttribute("HelloInterval", TimeValue(MilliSeconds(1500)));
    broker->SetAttribute("Port", UintegerValue(99));
    broker->SetAttribute("NearShare", DoubleValue(0.25));
    EXPECT_EQ(broker->GetSettings().helloInterval, std::chrono::milliseconds(1500));
    EXPECT_EQ(broker->GetSettings().port, 99);
    EXPECT_EQ(broker->GetSettings().nearShare.partsPerMillion, 250'000U);
    EXPECT_FALSE(broker->SetAttributeFailSafe("HelloInterval", TimeValue(Time(0))));
    isb::IsbSettings settings;
    settings.name = "other";
    broker->SetSettings(settings);
    StringValue name;
    broker->GetAttribute("Name", name);
    EXPECT_EQ(name.Get(), "other");
}

} // namespace
} // namespace ns3test
