// SPDX-License-Identifier: GPL-2.0-or-later
// Hole punching (RFC 5128 sections 3.3 and 3.4) between users behind every kind of NAT, the
// machines coupled in memory, their packets judged by the real NATs.
#include "tests/core/world/world.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

/// What stands between a user and the internet.
enum class Box
{
    None,
    Firewall,
    FullCone,
    RestrictedCone,
    PortRestrictedCone,
    Symmetric, ///< ports in sequence
    SymmetricRandom,
};

constexpr Box BOXES[] = {Box::None,
                         Box::Firewall,
                         Box::FullCone,
                         Box::RestrictedCone,
                         Box::PortRestrictedCone,
                         Box::Symmetric,
                         Box::SymmetricRandom};

std::string
NameOf(Box box)
{
    switch (box)
    {
    case Box::None:
        return "public";
    case Box::Firewall:
        return "firewall";
    case Box::FullCone:
        return "full-cone";
    case Box::RestrictedCone:
        return "restricted-cone";
    case Box::PortRestrictedCone:
        return "port-restricted-cone";
    case Box::Symmetric:
        return "symmetric";
    case Box::SymmetricRandom:
        return "symmetric-random";
    }
    return {};
}

NatSettings
SettingsOf(Box box, Ipv4 outside)
{
    const bool symmetric = box == Box::Symmetric || box == Box::SymmetricRandom;
    const NatAxes axes = *NatPreset(symmetric ? "symmetric" : NameOf(box));
    NatSettings settings;
    settings.external = outside;
    settings.udp = axes;
    settings.tcp = axes;
    settings.icmp = axes;
    settings.SetAssignment(box == Box::SymmetricRandom ? NatPortAssignment::Random
                           : symmetric                 ? NatPortAssignment::Sequential
                                                       : NatPortAssignment::Preserving);
    settings.firstPort = 20'000;
    return settings;
}

WorldUser&
AddUser(World& world, const std::string& name, Box box)
{
    if (box == Box::None)
    {
        return world.AddUser(name);
    }
    return world.AddUserBehindGate(name,
                                   [&](Ipv4 outside) -> std::shared_ptr<WorldGate>
                                   {
                                       if (box == Box::Firewall)
                                       {
                                           return std::make_shared<FilterGate>(world.random);
                                       }
                                       return std::make_shared<NatGate>(SettingsOf(box, outside),
                                                                        world.random);
                                   });
}

bool
IsSymmetric(Box box)
{
    return box == Box::Symmetric || box == Box::SymmetricRandom;
}

/// Does this box let in only what comes from an address and port that was sent to?
bool
FiltersByPort(Box box)
{
    return IsSymmetric(box) || box == Box::PortRestrictedCone || box == Box::Firewall;
}

/// What the RFCs' words say: who is behind a mapping that depends on the destination is found only
/// by one whose filter does not ask for the port; with prediction also where the ports follow an
/// order.
bool
CanMeet(Box a, Box b, bool predict)
{
    const auto blocks = [predict](Box hidden, Box other)
    {
        const bool hides = predict ? hidden == Box::SymmetricRandom : IsSymmetric(hidden);
        return hides && FiltersByPort(other);
    };
    return !blocks(a, b) && !blocks(b, a);
}

struct Meeting
{
    Protocol protocol;
    bool predict;
};

class PunchTest : public testing::TestWithParam<Meeting>
{
};

/// One provider, one subscriber, one way; what the client heard and what failed.
std::string
Meet(Box provider, Box subscriber, const Meeting& meeting, uint64_t seed)
{
    World world(seed);
    world.AddStun();
    WorldUser& bob = AddUser(world, "bob", provider).Offers("service", meeting.protocol);
    WorldUser& ann = AddUser(world, "ann", subscriber);
    for (WorldUser* user : {&bob, &ann})
    {
        user->settings.allowPunch = true;
        user->settings.allowPrediction = meeting.predict;
    }
    WantedService& wanted = ann.Wants("bob/service", meeting.protocol);
    wanted.ways = {ServicePath::Punched};
    wanted.predictPorts = meeting.predict;
    world.Start();
    WorldClient& client = ann.Connects("bob/service");
    client.Says("hello");
    world.Run(10s);
    const WantedReport report = ann.Report("bob/service");
    const bool met = client.Heard() == "hello";
    EXPECT_EQ(met, report.paths.count("punched") == 1);
    if (met)
    {
        client.Leaves();
    }
    EXPECT_EQ(world.LeftAfterLogout(), "");
    return met ? "connects" : "fails";
}

TEST_P(PunchTest, EveryPairMeetsAsTheWordsOfTheRfcsSay)
{
    uint64_t seed = 0;
    for (const Box provider : BOXES)
    {
        for (const Box subscriber : BOXES)
        {
            const bool can = CanMeet(provider, subscriber, GetParam().predict);
            EXPECT_EQ(Meet(provider, subscriber, GetParam(), ++seed), can ? "connects" : "fails")
                << "provider " << NameOf(provider) << ", subscriber " << NameOf(subscriber);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All,
                         PunchTest,
                         testing::Values(Meeting{Protocol::Udp, false},
                                         Meeting{Protocol::Udp, true},
                                         Meeting{Protocol::Tcp, false},
                                         Meeting{Protocol::Tcp, true}),
                         [](const auto& c)
                         {
                             return std::string(c.param.protocol == Protocol::Udp ? "Udp" : "Tcp") +
                                    (c.param.predict ? "WithPrediction" : "");
                         });

/// Two users behind boxes, an IST, STUN servers; both allow punching.
class WaysTest : public testing::Test
{
  protected:
    /// The report of one client's connection.
    WantedReport
    Connect(Box provider, Box subscriber, const std::vector<ServicePath>& ways, Protocol protocol)
    {
        WorldUser& bob = AddUser(world, "bob", provider).Offers("service", protocol);
        WorldUser& ann = AddUser(world, "ann", subscriber);
        bob.settings.allowPunch = bobAllows;
        ann.settings.allowPunch = true;
        ann.Wants("bob/service", protocol).ways = ways;
        world.AddIst("ist");
        if (withStun)
        {
            world.AddStun();
        }
        world.Start();
        WorldClient& client = ann.Connects("bob/service");
        client.Says("hello");
        world.Run(20s);
        heard = client.Heard();
        const WantedReport report = ann.Report("bob/service");
        fallbacks = world.broker.Life().Counters().fallbacks;
        client.Leaves();
        EXPECT_EQ(world.LeftAfterLogout(), "");
        return report;
    }

    World world;
    bool bobAllows = true;
    bool withStun = true;
    std::string heard;
    uint64_t fallbacks = 0;
};

TEST_F(WaysTest, AHoleIsPunchedBeforeAnIstIsUsed)
{
    const auto report =
        Connect(Box::PortRestrictedCone, Box::PortRestrictedCone, {}, Protocol::Tcp);
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(report.paths.count("punched"), 1U);
    EXPECT_EQ(fallbacks, 0U);
}

TEST_F(WaysTest, AnIstIsUsedWhereNoHoleCanBePunched)
{
    const auto report = Connect(Box::SymmetricRandom, Box::PortRestrictedCone, {}, Protocol::Tcp);
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(report.paths.count("translated"), 1U);
    EXPECT_EQ(fallbacks, 1U);
}

TEST_F(WaysTest, NothingIsPunchedUnlessBothAllowIt)
{
    bobAllows = false;
    const auto report = Connect(Box::FullCone, Box::FullCone, {}, Protocol::Tcp);
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(report.paths.count("translated"), 1U);
    EXPECT_EQ(fallbacks, 0U) << "it was not even tried";
}

TEST_F(WaysTest, NothingIsPunchedWithoutStunServers)
{
    withStun = false;
    const auto report = Connect(Box::FullCone, Box::FullCone, {}, Protocol::Tcp);
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(report.paths.count("translated"), 1U);
}

TEST_F(WaysTest, AWayThatIsNotAllowedFailsWhenItIsTheOnlyOne)
{
    bobAllows = false;
    const auto report =
        Connect(Box::FullCone, Box::FullCone, {ServicePath::Punched}, Protocol::Tcp);
    EXPECT_EQ(heard, "");
    EXPECT_EQ(report.established, 0U);
    EXPECT_EQ(report.codes.count("not-allowed"), 1U);
}

TEST_F(WaysTest, WaysAreTriedInTheOrderGiven)
{
    const auto report =
        Connect(Box::SymmetricRandom,
                Box::SymmetricRandom,
                {ServicePath::Direct, ServicePath::Punched, ServicePath::Translated},
                Protocol::Tcp);
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(report.paths.count("translated"), 1U);
    EXPECT_EQ(fallbacks, 2U);
}

TEST_F(WaysTest, AnIstMayBeTheFirstWay)
{
    const auto report = Connect(Box::None,
                                Box::None,
                                {ServicePath::Translated, ServicePath::Direct},
                                Protocol::Tcp);
    EXPECT_EQ(heard, "hello");
    EXPECT_EQ(report.paths.count("translated"), 1U);
}

struct DirectCase
{
    const char* name;
    ServicePath way;
    Protocol protocol;
    Box awaiting;
    bool stands;
};

class DirectToNatTest : public WaysTest, public testing::WithParamInterface<DirectCase>
{
};

TEST_P(DirectToNatTest, StandsWhereTheNatLetsStrangersIn)
{
    const DirectCase& c = GetParam();
    const bool direct = c.way == ServicePath::Direct;
    const auto report = Connect(direct ? c.awaiting : Box::PortRestrictedCone,
                                direct ? Box::PortRestrictedCone : c.awaiting,
                                {c.way},
                                c.protocol);
    EXPECT_EQ(heard, c.stands ? "hello" : "");
    EXPECT_EQ(report.paths.count(ToString(c.way)), c.stands ? 1U : 0U);
    EXPECT_EQ(report.established, c.stands ? 1U : 0U);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    DirectToNatTest,
    testing::Values(
        DirectCase{"TcpFullCone", ServicePath::Direct, Protocol::Tcp, Box::FullCone, true},
        DirectCase{"TcpRestricted", ServicePath::Direct, Protocol::Tcp, Box::RestrictedCone, false},
        DirectCase{"TcpSymmetric", ServicePath::Direct, Protocol::Tcp, Box::Symmetric, false},
        DirectCase{"TcpFirewall", ServicePath::Direct, Protocol::Tcp, Box::Firewall, false},
        DirectCase{"UdpFullCone", ServicePath::Direct, Protocol::Udp, Box::FullCone, true},
        DirectCase{"UdpRestricted", ServicePath::Direct, Protocol::Udp, Box::RestrictedCone, false},
        DirectCase{"ReversedTcpFullCone",
                   ServicePath::Reversed,
                   Protocol::Tcp,
                   Box::FullCone,
                   true},
        DirectCase{"ReversedTcpPortRestricted",
                   ServicePath::Reversed,
                   Protocol::Tcp,
                   Box::PortRestrictedCone,
                   false},
        DirectCase{"ReversedUdpFullCone",
                   ServicePath::Reversed,
                   Protocol::Udp,
                   Box::FullCone,
                   true},
        DirectCase{"ReversedUdpSymmetric",
                   ServicePath::Reversed,
                   Protocol::Udp,
                   Box::Symmetric,
                   false}),
    [](const auto& c) { return std::string(c.param.name); });

} // namespace
} // namespace isb::test
