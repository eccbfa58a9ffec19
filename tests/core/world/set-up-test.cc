// SPDX-License-Identifier: GPL-2.0-or-later
// The ways in which a service is reached (thesis 3.3, 3.4), machines coupled in memory.
#include "tests/core/world/world.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

struct SetUpCase
{
    const char* name;
    Behind provider;
    Behind subscriber;
    std::string path;
    size_t splices;
};

class SetUpTest : public testing::TestWithParam<SetUpCase>
{
};

TEST_P(SetUpTest, GivesTheServiceAndLeavesNothingBehind)
{
    const SetUpCase& c = GetParam();
    World world;
    WorldUser& bob = world.AddUser("bob", c.provider).Offers("web");
    WorldUser& ann = world.AddUser("ann", c.subscriber);
    ann.Wants("bob/web");
    world.AddIst("ist");
    world.Start();
    WorldClient& client = ann.Connects("bob/web");
    client.Says("hello");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "hello");
    EXPECT_EQ(bob.Server("web").Heard(), "hello");
    const WantedReport report = ann.Report("bob/web");
    EXPECT_EQ(report.state, "subscribed");
    EXPECT_EQ(report.established, 1U);
    EXPECT_EQ(report.paths.count(c.path), 1U) << c.path;
    EXPECT_EQ(world.ists[0]->carrier.Splices(), c.splices);
    client.Finishes();
    world.Run(5s);
    EXPECT_EQ(client.State(), "ended");
    EXPECT_EQ(bob.Server("web").Connections(), 0U);
    EXPECT_EQ(world.broker.Life().Connections(), 0U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

INSTANTIATE_TEST_SUITE_P(
    All,
    SetUpTest,
    testing::Values(
        SetUpCase{"BothPublic", Behind::Nothing, Behind::Nothing, "direct", 0},
        SetUpCase{"SubscriberNated", Behind::Nothing, Behind::Nat, "direct", 0},
        SetUpCase{"ProviderNated", Behind::Nat, Behind::Nothing, "reversed", 0},
        SetUpCase{"BothNated", Behind::Nat, Behind::Nat, "translated", 1},
        SetUpCase{"BothFirewalled", Behind::Firewall, Behind::Firewall, "translated", 1},
        SetUpCase{"ProviderFirewalled", Behind::Firewall, Behind::Nothing, "reversed", 0}),
    [](const auto& c) { return std::string(c.param.name); });

/// Two users behind NATs, an IST.
class TranslatedTest : public testing::Test
{
  protected:
    World world;
    WorldUser& bob = world.AddUser("bob", Behind::Nat).Offers("web");
    WorldUser& ann = world.AddUser("ann", Behind::Nat);
    WorldIst& ist = world.AddIst("ist");
};

TEST_F(TranslatedTest, CarriesManyBytesUnchanged)
{
    ann.Wants("bob/web");
    world.Start();
    WorldClient& client = ann.Connects("bob/web");
    std::string text;
    for (int i = 0; i < 200'000; ++i)
    {
        text += std::to_string(i);
    }
    client.Says(text);
    client.Finishes();
    world.Run(30s);
    EXPECT_EQ(client.Heard(), text);
    EXPECT_EQ(client.State(), "ended");
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, CarriesSeveralConnectionsAtOnce)
{
    ann.Wants("bob/web");
    world.Start();
    std::vector<WorldClient*> clients;
    for (int i = 0; i < 10; ++i)
    {
        clients.push_back(&ann.Connects("bob/web"));
        clients.back()->Says("client " + std::to_string(i));
    }
    world.Run(2s);
    for (size_t i = 0; i < clients.size(); ++i)
    {
        EXPECT_EQ(clients[i]->Heard(), "client " + std::to_string(i));
    }
    EXPECT_EQ(ist.carrier.Splices(), 10U);
    EXPECT_EQ(ann.Report("bob/web").established, 10U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, ConnectionsThatAreOverMakeRoomForOthersAtOnce)
{
    ann.Wants("bob/web");
    world.broker.settings.profiles["ann"].quota.connections = 1;
    world.Start();
    for (int i = 0; i < 20; ++i)
    {
        WorldClient& client = ann.Connects("bob/web");
        client.Says("short");
        world.Run(1s);
        EXPECT_EQ(client.Heard(), "short") << i;
        i % 2 == 0 ? client.Leaves() : client.Finishes();
        world.Run(1s);
    }
    EXPECT_EQ(ann.Report("bob/web").failed, 0U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, CarriesSeveralServicesBetweenTheSameUsersBothWays)
{
    bob.Offers("mail");
    ann.Offers("chat");
    ann.Wants("bob/web");
    ann.Wants("bob/mail");
    bob.Wants("ann/chat");
    world.Start();
    WorldClient& web = ann.Connects("bob/web");
    WorldClient& mail = ann.Connects("bob/mail");
    WorldClient& chat = bob.Connects("ann/chat");
    web.Says("w");
    mail.Says("m");
    chat.Says("c");
    world.Run(2s);
    EXPECT_EQ(web.Heard() + mail.Heard() + chat.Heard(), "wmc");
    EXPECT_EQ(bob.Server("web").Heard(), "w");
    EXPECT_EQ(bob.Server("mail").Heard(), "m");
    EXPECT_EQ(ann.Server("chat").Heard(), "c");
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, JoinsTwoUsersBehindTheSameNat)
{
    WorldUser& cat = world.AddUserBeside("cat", bob);
    cat.Wants("bob/web");
    world.Start();
    WorldClient& client = cat.Connects("bob/web");
    client.Says("neighbour");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "neighbour");
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, AClientThatFinishesBeforeItIsConnectedIsAnsweredInFull)
{
    ann.Wants("bob/web");
    world.Start();
    WorldClient& client = ann.Connects("bob/web");
    client.Says("all that I have to say");
    client.Finishes();
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "all that I have to say");
    EXPECT_EQ(client.State(), "ended");
    EXPECT_EQ(bob.Server("web").Connections(), 0U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, AClientThatCameBeforeTheSubscriptionWaits)
{
    ann.Wants("bob/web");
    world.broker.Starts();
    ist.Starts();
    ann.Starts();
    world.Run(1s);
    WorldClient& client = ann.Connects("bob/web");
    client.Says("early");
    world.Run(3s);
    EXPECT_EQ(client.Heard(), "");
    bob.Starts();
    world.Run(10s);
    EXPECT_EQ(client.Heard(), "early");
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, PreparedConnectionsWaitForClientsAndAreRefilled)
{
    ann.Wants("bob/web").prepared = 2;
    world.Start();
    EXPECT_EQ(ist.carrier.Splices(), 2U);
    EXPECT_EQ(bob.Server("web").Clients(), 0U) << "the server was bothered ahead of need";
    WorldClient& client = ann.Connects("bob/web");
    client.Says("now");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "now");
    EXPECT_EQ(ann.Report("bob/web").fromPrepared, 1U);
    EXPECT_EQ(ist.carrier.Splices(), 3U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, PureWithBothSidesPortsAgreedIsPure)
{
    ann.settings.canChoosePort = true;
    bob.settings.canChoosePort = true;
    ann.Wants("bob/web").method = ForwardingMethod::Pure;
    world.Start();
    WorldClient& client = ann.Connects("bob/web");
    client.Says("pure");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "pure");
    EXPECT_EQ(ann.Report("bob/web").methods["pure"], 1U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, PureWithOneSidesPortChosenIsPure)
{
    for (const bool provider : {true, false})
    {
        SCOPED_TRACE(provider ? "the provider can choose" : "the subscriber can choose");
        World one;
        WorldUser& p = one.AddUser("bob", Behind::Nat).Offers("web");
        WorldUser& s = one.AddUser("ann", Behind::Nat);
        one.AddIst("ist");
        (provider ? p : s).settings.canChoosePort = true;
        one.network.Host((provider ? s : p).host).keepsPorts = false;
        s.Wants("bob/web").method = ForwardingMethod::Pure;
        one.Start();
        WorldClient& client = s.Connects("bob/web");
        client.Says("pure");
        one.Run(2s);
        EXPECT_EQ(client.Heard(), "pure");
        EXPECT_EQ(s.Report("bob/web").methods["pure"], 1U);
        EXPECT_EQ(one.LeftAfterLogout(), "");
    }
}

TEST_F(TranslatedTest, PureWithoutAnyPortChosenIsPassiveAndSaysSo)
{
    ann.Wants("bob/web").method = ForwardingMethod::Pure;
    world.Start();
    WorldClient& client = ann.Connects("bob/web");
    client.Says("passive");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "passive");
    const auto report = ann.Report("bob/web");
    EXPECT_EQ(report.methods.count("pure"), 0U);
    EXPECT_EQ(report.methods.count("passive"), 1U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(TranslatedTest, AnIstCanBeRequiredOfPublicUsers)
{
    world.AddUser("eve").Offers("web");
    WorldUser& fay = world.AddUser("fay");
    fay.Wants("eve/web").requireIst = true;
    world.Start();
    WorldClient& client = fay.Connects("eve/web");
    client.Says("via");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "via");
    EXPECT_EQ(fay.Report("eve/web").paths.count("translated"), 1U);
    EXPECT_EQ(ist.carrier.Splices(), 1U);
}

struct UdpCase
{
    const char* name;
    Behind provider;
    Behind subscriber;
    std::string path;
};

class UdpSetUpTest : public testing::TestWithParam<UdpCase>
{
};

TEST_P(UdpSetUpTest, GivesTheServiceAndLeavesNothingBehind)
{
    const UdpCase& c = GetParam();
    World world;
    world.AddUser("bob", c.provider).Offers("dns", Protocol::Udp);
    WorldUser& ann = world.AddUser("ann", c.subscriber);
    ann.Wants("bob/dns", Protocol::Udp);
    world.AddIst("ist");
    world.Start();
    WorldClient& client = ann.Connects("bob/dns");
    client.Says("one ");
    world.Run(3s);
    client.Says("two");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "one two");
    const WantedReport report = ann.Report("bob/dns");
    EXPECT_EQ(report.established, 1U);
    EXPECT_EQ(report.paths.count(c.path), 1U) << c.path;
    client.Leaves();
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

INSTANTIATE_TEST_SUITE_P(
    All,
    UdpSetUpTest,
    testing::Values(UdpCase{"BothPublic", Behind::Nothing, Behind::Nothing, "direct"},
                    UdpCase{"SubscriberNated", Behind::Nothing, Behind::Nat, "direct"},
                    UdpCase{"ProviderNated", Behind::Nat, Behind::Nothing, "reversed"},
                    UdpCase{"BothNated", Behind::Nat, Behind::Nat, "translated"}),
    [](const auto& c) { return std::string(c.param.name); });

TEST(UdpService, SurvivesLossOfDatagrams)
{
    World world;
    WorldUser& bob = world.AddUser("bob", Behind::Nat).Offers("dns", Protocol::Udp);
    WorldUser& ann = world.AddUser("ann", Behind::Nat);
    ann.Wants("bob/dns", Protocol::Udp);
    world.AddIst("ist");
    world.network.Host(ann.host).loss = Ratio{300'000};
    world.network.Host(bob.host).loss = Ratio{300'000};
    world.Start();
    WorldClient& client = ann.Connects("bob/dns");
    for (int i = 0; i < 100; ++i)
    {
        client.Says("x");
        world.Run(100ms);
    }
    EXPECT_GT(client.Heard().size(), 10U);
    EXPECT_EQ(ann.Report("bob/dns").established, 1U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST(FallBack, AFirewallThatOnlyLetsTheProbeInCostsAMomentAndIsCrossedByTheIst)
{
    World world;
    WorldUser& bob = world.AddUser("bob").Offers("web");
    WorldUser& ann = world.AddUser("ann");
    ann.Wants("bob/web");
    world.AddIst("ist");
    world.Start();
    world.network.Host(bob.host).firewall = true; // after the probe
    WorldClient& client = ann.Connects("bob/web");
    client.Says("hello");
    world.Run(world.broker.settings.directTimeout + 2s);
    EXPECT_EQ(client.Heard(), "hello");
    EXPECT_EQ(ann.Report("bob/web").paths["translated"], 1U);
    EXPECT_EQ(world.broker.Life().Counters().fallbacks, 1U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST(FallBack, AReversedConnectionFallsBackToo)
{
    World world;
    world.AddUser("bob", Behind::Nat).Offers("web");
    WorldUser& ann = world.AddUser("ann");
    ann.Wants("bob/web");
    world.AddIst("ist");
    world.Start();
    world.network.Host(ann.host).firewall = true;
    WorldClient& client = ann.Connects("bob/web");
    client.Says("hello");
    world.Run(world.broker.settings.directTimeout + 2s);
    EXPECT_EQ(client.Heard(), "hello");
    EXPECT_EQ(ann.Report("bob/web").paths["translated"], 1U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST(ControlRoundTrips, ApartFromTheClientsOwnAreTwoForPassive)
{
    World world;
    world.AddUser("bob", Behind::Nat).Offers("web");
    WorldUser& ann = world.AddUser("ann", Behind::Nat);
    ann.Wants("bob/web");
    world.AddIst("ist");
    world.Start();
    // One way to the ISB or IST is 10 ms from everywhere. Open, Prepare and SpliceRequest, their
    // answers, Instruct: 4 ways; SYN and SYN-ACK, preface through the IST: 2 + 2; bytes: 2 + 2.
    WorldClient& client = ann.Connects("bob/web");
    client.Says("x");
    world.Run(119ms);
    EXPECT_EQ(client.Heard(), "");
    world.Run(3ms);
    EXPECT_EQ(client.Heard(), "x");
}

} // namespace
} // namespace isb::test
