// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/lab/world-faults.h"

namespace isb
{

namespace
{

Lab
LabOf(std::string_view text)
{
    const ParsedLab parsed = ParseLab(text, "t.toml");
    EXPECT_TRUE(parsed) << parsed.errors.front().ToString();
    return parsed.lab.value_or(Lab{});
}

TEST(ConnectWorld, MakesCompleteUsers)
{
    const Lab lab = LabOf(SMALL_WORLD);
    const Endpoint broker{lab.hosts[lab.brokers.at(0).host].port.address, 7470};
    for (const LabUser& user : lab.users)
    {
        EXPECT_EQ(user.settings.broker, broker);
        const IsbProfile& profile = lab.brokers[0].settings.profiles.at(user.settings.user);
        EXPECT_EQ(profile.secret, user.settings.secret);
        EXPECT_FALSE(profile.secret.empty());
        EXPECT_FALSE(profile.mayBeIst);
        EXPECT_EQ(user.serverHosts.size(), user.settings.provides.size());
    }
    const DaemonSettings& ann = lab.users.at(0).settings;
    EXPECT_EQ(ann.user, "ann");
    EXPECT_EQ(ann.listenPort, 7471);
    ASSERT_EQ(ann.wants.size(), 2U);
    EXPECT_EQ(ann.wants[0].service, "web");
    EXPECT_EQ(ann.wants[0].method, ForwardingMethod::Passive);
    EXPECT_EQ(ann.wants[0].localPort, 8000);
    EXPECT_EQ(ann.wants[1].method, ForwardingMethod::Pure);
    EXPECT_EQ(ann.wants[1].localPort, 8001);
}

TEST(ConnectWorld, TellsDaemonsWhereTheirServersAre)
{
    const Lab lab = LabOf(SMALL_WORLD);
    const LabUser& bob = lab.users.at(1);
    EXPECT_EQ(bob.settings.listenPort, 7500);
    ASSERT_EQ(bob.settings.provides.size(), 3U);
    EXPECT_EQ(bob.settings.provides[0].server.ToString(), "127.0.0.1:80");
    EXPECT_TRUE(bob.settings.provides[0].record.open);
    EXPECT_EQ(bob.serverHosts[0], std::nullopt);
    const ProvidedService& print = bob.settings.provides[1];
    ASSERT_TRUE(bob.serverHosts[1]);
    EXPECT_EQ(lab.hosts[*bob.serverHosts[1]].name, "printer");
    EXPECT_EQ(print.server.address, lab.hosts[*bob.serverHosts[1]].port.address);
    EXPECT_FALSE(print.record.open);
    EXPECT_EQ(print.record.allowed, std::vector<std::string>{"ann"});
    EXPECT_EQ(bob.settings.provides[2].record.protocol, Protocol::Udp);
}

TEST(ConnectWorld, MakesCompleteTranslators)
{
    const Lab lab = LabOf(SMALL_WORLD);
    const LabTranslator& ist = lab.translators.at(0);
    EXPECT_EQ(ist.settings.name, "ist");
    EXPECT_EQ(ist.settings.capacity, 100U);
    EXPECT_EQ(ist.settings.address, lab.hosts[ist.host].port.address);
    EXPECT_EQ(ist.engine.addresses, std::vector<IpAddress>{ist.settings.address});
    EXPECT_TRUE(lab.brokers[0].settings.profiles.at("ist").mayBeIst);
}

TEST(ConnectWorld, LetsABrokerForwardUnderItsOwnName)
{
    const Lab lab = LabOf(ExampleTexts().at("isb-forwards.toml"));
    ASSERT_TRUE(lab.brokers.at(0).own);
    const IstServerSettings& own = *lab.brokers[0].own;
    EXPECT_EQ(own.name, "isb");
    EXPECT_EQ(own.broker.ToString(), "127.0.0.1:7470");
    EXPECT_EQ(own.address, lab.hosts[lab.brokers[0].host].port.address);
    EXPECT_EQ(own.methods, std::vector<ForwardingMethod>{ForwardingMethod::Proxy});
    EXPECT_TRUE(lab.brokers[0].settings.profiles.at("isb").mayBeIst);
}

TEST(ConnectWorld, LetsUsersShareAHostWithPortsOfTheirOwn)
{
    const Lab lab = LabOf(R"(schema = 1
name = "shared"
duration = "1 s"
host = [{ name = "pc", site = "internet" }]
isb = [{ name = "isb" }]
user = [{ name = "ann", on = "pc", subscribes = ["bob/web"] },
        { name = "carl", on = "pc", subscribes = ["bob/web"] }, { name = "bob" }]
service = [{ name = "web", provider = "bob", port = 80 }]
)");
    EXPECT_EQ(lab.users.at(0).host, lab.users.at(1).host);
    EXPECT_EQ(lab.users[0].settings.listenPort, 7471);
    EXPECT_EQ(lab.users[1].settings.listenPort, 7472);
    EXPECT_EQ(lab.users[0].settings.wants.at(0).localPort, 8000);
    EXPECT_EQ(lab.users[1].settings.wants.at(0).localPort, 8001);
}

TEST(ConnectWorld, RunsOnHostsThatAreWiredByHand)
{
    const Lab lab = LabOf(R"(schema = 1
name = "by-hand"
duration = "1 s"
host = [{ name = "A" }, { name = "B" }]
link = [{ between = ["A", "B"], subnet = "10.0.0.0/24", rate = "1 Mb/s" }]
isb = [{ name = "isb", on = "B" }]
user = [{ name = "ann", on = "A" }]
)");
    EXPECT_EQ(lab.users.at(0).settings.broker.ToString(), "10.0.0.2:7470");
    EXPECT_TRUE(lab.boxes.empty());
}

TEST(ConnectWorld, RefusesAUserWhoCannotReachTheBroker)
{
    EXPECT_EQ(
        ErrorLines(R"(schema = 1
name = "apart"
duration = "1 s"
host = [{ name = "A" }, { name = "B" }]
link = [{ between = ["A", "B"], subnet = "10.0.0.0/24", rate = "1 Mb/s" }]
isb = [{ name = "isb" }]
user = [{ name = "ann", on = "A" }]
)"),
        std::vector<std::string>{"t.toml:7: 'A' cannot reach 'isb': no links lead there; join "
                                 "them by [[link]] and boxes"});
}

} // namespace

} // namespace isb
