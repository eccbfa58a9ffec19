// SPDX-License-Identifier: GPL-2.0-or-later
// Users behind full cone NATs as ISTs (thesis 3.6.3): the machines coupled in memory, their packets
// judged by the real NATs.
#include "tests/core/world/world.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

/// bob provides, ann subscribes, vic is willing to serve; an IST that can carry neither TCP nor UDP
/// of this test sends the test packets.
class VolunteerTest : public testing::TestWithParam<Protocol>
{
  protected:
    VolunteerTest()
    {
        world.AddStun();
        ist.settings.methods = {ForwardingMethod::Pure};
    }

    WorldUser&
    AddBehind(const std::string& name, const std::string& preset)
    {
        return world.AddUserBehindGate(name,
                                       [&](Ipv4 outside) -> std::shared_ptr<WorldGate>
                                       {
                                           NatSettings settings;
                                           settings.external = outside;
                                           settings.tcp = *NatPreset(preset);
                                           settings.udp = settings.tcp;
                                           settings.firstPort = 20'000;
                                           return std::make_shared<NatGate>(settings, world.random);
                                       });
    }

    WorldUser&
    AddVolunteer(const std::string& preset = "full-cone", const std::string& name = "vic")
    {
        WorldUser& user = AddBehind(name, preset);
        user.settings.volunteer = true;
        return user;
    }

    void
    AddPair(const std::string& provider = "symmetric",
            const std::string& subscriber = "port-restricted-cone")
    {
        bob = &AddBehind("bob", provider).Offers("service", GetParam());
        ann = &AddBehind("ann", subscriber);
        ann->Wants("bob/service", GetParam());
    }

    WorldClient&
    Talk(const std::string& text)
    {
        WorldClient& client = ann->Connects("bob/service");
        client.Says(text);
        world.Run(10s);
        return client;
    }

    [[nodiscard]] std::map<std::string, uint64_t>
    Ists() const
    {
        return ann->Report("bob/service").ists;
    }

    World world;
    WorldIst& ist = world.AddIst("ist");
    WorldUser* bob = nullptr;
    WorldUser* ann = nullptr;
};

TEST_P(VolunteerTest, CarriesWhatUsersBehindAnyNatSay)
{
    AddVolunteer();
    AddPair();
    world.Start();
    WorldClient& client = Talk("hello");
    EXPECT_EQ(client.Heard(), "hello");
    EXPECT_EQ(Ists(), (std::map<std::string, uint64_t>{{"vic", 1}}));
    EXPECT_EQ(ann->Report("bob/service").methods.count("proxy"), 1U);
    client.Says(" again");
    world.Run(2s);
    EXPECT_EQ(client.Heard(), "hello again");
    client.Leaves();
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_P(VolunteerTest, CarriesSeveralAtItsOneEndpoint)
{
    AddVolunteer();
    AddPair("symmetric", "symmetric");
    world.Start();
    std::vector<WorldClient*> clients;
    for (const std::string text : {"one", "two", "three"})
    {
        clients.push_back(&ann->Connects("bob/service"));
        clients.back()->Says(text);
    }
    world.Run(10s);
    EXPECT_EQ(clients[0]->Heard(), "one");
    EXPECT_EQ(clients[1]->Heard(), "two");
    EXPECT_EQ(clients[2]->Heard(), "three");
    EXPECT_EQ(Ists(), (std::map<std::string, uint64_t>{{"vic", 3}}));
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_P(VolunteerTest, NoOtherNatMakesAnIst)
{
    AddVolunteer("restricted-cone", "vic1");
    AddVolunteer("port-restricted-cone", "vic2");
    AddVolunteer("symmetric", "vic3");
    world.AddUser("vic4").settings.volunteer = true; // public: excluded by its address
    AddPair();
    world.Start();
    EXPECT_EQ(Talk("hello").Heard(), "");
    EXPECT_TRUE(Ists().empty());
    EXPECT_EQ(ann->Report("bob/service").codes.count("no-ist"), 1U);
}

TEST_P(VolunteerTest, WhoDoesNotVolunteerServesNobody)
{
    AddVolunteer().settings.volunteer = false;
    AddPair();
    world.Start();
    EXPECT_EQ(Talk("hello").Heard(), "");
    EXPECT_TRUE(Ists().empty());
}

TEST_P(VolunteerTest, ARealIstIsPreferred)
{
    ist.settings.methods = IstServerSettings{}.methods;
    AddVolunteer();
    AddPair();
    world.Start();
    EXPECT_EQ(Talk("hello").Heard(), "hello");
    EXPECT_EQ(Ists(), (std::map<std::string, uint64_t>{{"ist", 1}}));
}

TEST_P(VolunteerTest, NobodyServesItself)
{
    AddPair("symmetric", "full-cone");
    ann->settings.volunteer = true;
    world.Start();
    EXPECT_EQ(Talk("hello").Heard(), "");
}

TEST_P(VolunteerTest, ServesNoMoreThanItSaid)
{
    AddVolunteer().settings.volunteerConnections = 1;
    AddPair();
    world.Start();
    EXPECT_EQ(Talk("one").Heard(), "one");
    EXPECT_EQ(Talk("two").Heard(), "") << "promise T10";
    EXPECT_EQ(ann->Report("bob/service").codes.count("overloaded"), 1U);
}

TEST_P(VolunteerTest, ItsLogoutEndsWhatItCarriesAndAnotherTakesOver)
{
    WorldUser& vic = AddVolunteer();
    AddVolunteer("full-cone", "wim");
    AddPair();
    world.Start();
    WorldClient& client = Talk("hello");
    EXPECT_EQ(client.Heard(), "hello");
    vic.LogsOut();
    world.Run(3s);
    if (GetParam() == Protocol::Tcp)
    {
        EXPECT_NE(client.State(), "connected") << "promise T7: a clean error";
    }
    EXPECT_EQ(Talk("again").Heard(), "again");
    EXPECT_EQ(Ists(), (std::map<std::string, uint64_t>{{"vic", 1}, {"wim", 1}}));
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_P(VolunteerTest, ItsDeathIsNoticedWithinSeconds)
{
    WorldUser& vic = AddVolunteer();
    AddPair();
    world.Start();
    WorldClient& client = Talk("hello");
    EXPECT_EQ(client.Heard(), "hello");
    vic.Vanishes(Vanish::Silently);
    world.Run(6s);
    if (GetParam() == Protocol::Tcp)
    {
        EXPECT_NE(client.State(), "connected");
    }
    EXPECT_EQ(world.broker.Life().Counters().ended.count("timed-out"), 1U);
}

TEST_P(VolunteerTest, AStrangerAtItsEndpointGetsNothing)
{
    WorldUser& vic = AddVolunteer();
    AddPair();
    world.Start();
    NetHost host;
    host.name = "eve";
    host.address = Ipv4{0xcb0071fe};
    const HostId eve = world.network.AddHost(host);
    const Endpoint door{world.network.Host(vic.host).outside, 7471};
    WorldClient stranger(world.network, eve, GetParam(), door);
    stranger.Says(std::string(24, 'x'));
    world.Run(5s);
    EXPECT_EQ(stranger.Heard(), "");
    EXPECT_EQ(Talk("hello").Heard(), "hello");
}

INSTANTIATE_TEST_SUITE_P(Both,
                         VolunteerTest,
                         testing::Values(Protocol::Tcp, Protocol::Udp),
                         [](const auto& c) { return c.param == Protocol::Tcp ? "Tcp" : "Udp"; });

class VolunteerRateTest : public VolunteerTest
{
};

TEST_P(VolunteerRateTest, ForwardsNoFasterThanItSaid)
{
    AddVolunteer().settings.volunteerRate = DataRate{80'000}; // 10 kB a second
    AddPair();
    world.Start();
    WorldClient& client = ann->Connects("bob/service");
    client.Says("x");
    world.Run(5s);
    client.Says(std::string(200'000, 'y'));
    world.Run(10s);
    // The echo goes through it twice.
    EXPECT_LE(client.Heard().size(), 10'000U * 10 / 2 + 4 * 4096);
    EXPECT_GE(client.Heard().size(), 10'000U * 10 / 2 - 4 * 4096);
    world.Run(40s);
    EXPECT_EQ(client.Heard().size(), 200'001U) << "late, but all";
    client.Leaves();
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

INSTANTIATE_TEST_SUITE_P(Tcp, VolunteerRateTest, testing::Values(Protocol::Tcp));

} // namespace
} // namespace isb::test
