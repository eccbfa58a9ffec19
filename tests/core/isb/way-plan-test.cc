// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/way-plan.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

constexpr Endpoint ANN{Ipv4{0xcb007101}, 40'001};
constexpr Endpoint BOB{Ipv4{0xcb007102}, 40'002};

/// Two users behind NATs who allow punching; STUN servers.
class WayPlanTest : public testing::Test
{
  protected:
    WayPlanTest()
    {
        subscriber.observed = ANN;
        provider.observed = BOB;
        for (BrokerSession* user : {&subscriber, &provider})
        {
            user->login.local = {Ipv4{0x0a000002}, user->observed.port};
            user->login.abilities.punch = true;
            user->reachability = Reachability::Private;
        }
        settings.stunServers = {{Ipv4{0xc0000201}, 3478}};
    }

    std::vector<ServicePath>
    Plan() const
    {
        return PlanWays(connection, subscriber, provider, settings);
    }

    BrokerSession subscriber{1, nullptr};
    BrokerSession provider{2, nullptr};
    ServiceConnection connection;
    IsbSettings settings;
};

using Ways = std::vector<ServicePath>;

TEST_F(WayPlanTest, BehindNatsAHoleIsPunchedFirst)
{
    EXPECT_EQ(Plan(), (Ways{ServicePath::Punched, ServicePath::Translated}));
}

TEST_F(WayPlanTest, APublicSideIsConnectedToFirst)
{
    provider.reachability = Reachability::Public;
    EXPECT_EQ(Plan(), (Ways{ServicePath::Direct, ServicePath::Punched, ServicePath::Translated}));
    provider.reachability = Reachability::Private;
    subscriber.reachability = Reachability::Public;
    EXPECT_EQ(Plan(), (Ways{ServicePath::Reversed, ServicePath::Punched, ServicePath::Translated}));
}

TEST_F(WayPlanTest, NothingIsPunchedUnlessAllAllowIt)
{
    const Ways translated{ServicePath::Translated};
    provider.login.abilities.punch = false;
    EXPECT_EQ(Plan(), translated);
    EXPECT_EQ(WhyNot(ServicePath::Punched, connection, subscriber, provider, settings),
              "isb.punch-not-allowed");
    provider.login.abilities.punch = true;
    subscriber.login.abilities.punch = false;
    EXPECT_EQ(Plan(), translated);
    subscriber.login.abilities.punch = true;
    settings.stunServers.clear();
    EXPECT_EQ(Plan(), translated);
    EXPECT_EQ(WhyNot(ServicePath::Punched, connection, subscriber, provider, settings),
              "isb.no-stun");
}

TEST_F(WayPlanTest, AnIstThatIsRequiredIsTheOnlyWay)
{
    connection.open.requireIst = true;
    EXPECT_EQ(Plan(), Ways{ServicePath::Translated});
}

TEST_F(WayPlanTest, WaysThatAreGivenAreTheOnlyOnes)
{
    connection.open.wishes.ways = {ServicePath::Translated,
                                   ServicePath::Direct,
                                   ServicePath::Translated};
    EXPECT_EQ(Plan(), (Ways{ServicePath::Translated, ServicePath::Direct}));
}

TEST_F(WayPlanTest, NobodyIsSentToWhereAUserOnlyClaimsToBe)
{
    const auto whyNot = [this](ServicePath way)
    { return WhyNot(way, connection, subscriber, provider, settings); };
    connection.open.udp.port = 5000;
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp})
    {
        connection.protocol = protocol;
        for (BrokerSession* user : {&subscriber, &provider})
        {
            const ServicePath way = user == &provider ? ServicePath::Direct : ServicePath::Reversed;
            user->login.abilities.punch = false;
            EXPECT_EQ(whyNot(way), "isb.not-reachable");
            user->reachability = Reachability::Public;
            EXPECT_EQ(whyNot(way), "");
            user->reachability = Reachability::Private;
            user->login.abilities.punch = true;
            EXPECT_EQ(whyNot(way), protocol == Protocol::Udp ? "" : "isb.not-reachable")
                << "STUN shows where";
            user->login.abilities.loginPort = true;
            EXPECT_EQ(whyNot(way), "") << "the session shows where";
            user->login.abilities.loginPort = false;
        }
    }
    settings.stunServers.clear();
    EXPECT_EQ(whyNot(ServicePath::Direct), "isb.not-reachable");
}

TEST_F(WayPlanTest, PortsArePredictedOnlyWhenBothAllowIt)
{
    connection.open.wishes.predict = true;
    EXPECT_FALSE(MayPredict(connection, subscriber, provider));
    subscriber.login.abilities.predict = true;
    EXPECT_FALSE(MayPredict(connection, subscriber, provider));
    provider.login.abilities.predict = true;
    EXPECT_TRUE(MayPredict(connection, subscriber, provider));
    connection.open.wishes.predict = false;
    EXPECT_FALSE(MayPredict(connection, subscriber, provider));
}

TEST_F(WayPlanTest, BothEndsOfAPunchedConnectionGather)
{
    connection.path = ServicePath::Punched;
    EXPECT_TRUE(Gathers(connection, ServiceEnd::Subscriber, subscriber, settings));
    EXPECT_TRUE(Gathers(connection, ServiceEnd::Provider, provider, settings));
    settings.stunServers.clear();
    EXPECT_FALSE(Gathers(connection, ServiceEnd::Provider, provider, settings));
}

TEST_F(WayPlanTest, OverUdpTheEndBehindANatThatAwaitsGathers)
{
    connection.protocol = Protocol::Udp;
    connection.path = ServicePath::Direct;
    EXPECT_TRUE(Gathers(connection, ServiceEnd::Provider, provider, settings));
    EXPECT_FALSE(Gathers(connection, ServiceEnd::Subscriber, subscriber, settings));
    connection.path = ServicePath::Reversed;
    EXPECT_TRUE(Gathers(connection, ServiceEnd::Subscriber, subscriber, settings));
    connection.path = ServicePath::Translated;
    EXPECT_FALSE(Gathers(connection, ServiceEnd::Provider, provider, settings));
    connection.path = ServicePath::Direct;
    provider.login.local = provider.observed;
    EXPECT_TRUE(Gathers(connection, ServiceEnd::Provider, provider, settings))
        << "behind a firewall";
    provider.reachability = Reachability::Public;
    EXPECT_FALSE(Gathers(connection, ServiceEnd::Provider, provider, settings)) << "public";
}

TEST_F(WayPlanTest, OnlyEndpointsAtTheUsersOwnAddressCount)
{
    GatheredMessage message;
    const Ipv4 victim{0xc6336401};
    message.endpoints = {{victim, 5000},
                         {BOB.address, 5001},
                         {BOB.address, 80},
                         {BOB.address, 5001},
                         {Ipv4{0x7f000001}, 5002},
                         {BOB.address, 5003}};
    EXPECT_EQ(UsableEndpoints(message, BOB.address),
              (std::vector<Endpoint>{{BOB.address, 5001}, {BOB.address, 5003}}));
    EXPECT_TRUE(UsableEndpoints(message, ANN.address).empty());
}

} // namespace
} // namespace isb
