// SPDX-License-Identifier: GPL-2.0-or-later
// Strangers at the doors of daemons and ISTs, while others use a service.
#include "model/wire/registration.h"
#include "model/wire/service-preface.h"
#include "tests/core/world/world.h"

#include <array>
#include <deque>
#include <gtest/gtest.h>
#include <memory>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

constexpr uint16_t LISTEN_PORT = 7471;

/// Public users: bob provides to ann; eve's host has no daemon, only ill will.
class HostileWorldTest : public testing::Test
{
  protected:
    HostileWorldTest()
    {
        bob.Offers("web");
        ann.Wants("bob/web");
        ist.settings.portLast = static_cast<uint16_t>(ist.settings.portFirst + 99);
        NetHost host;
        host.name = "eve";
        host.address = Ipv4{0xcb0071fe};
        eve = world.network.AddHost(host);
        world.Start();
    }

    [[nodiscard]] Endpoint
    At(const WorldParty& party, uint16_t port)
    {
        return {world.network.Host(party.host).address, port};
    }

    WorldClient&
    EveConnects(Endpoint to)
    {
        return *m_clients.emplace_back(
            std::make_unique<WorldClient>(world.network, eve, Protocol::Tcp, to));
    }

    void
    ExpectServiceWorks()
    {
        WorldClient& client = ann.Connects("bob/web");
        client.Says("still here");
        world.Run(3s);
        EXPECT_EQ(client.Heard(), "still here");
        client.Leaves();
        world.Run(3s);
    }

    World world;
    WorldIst& ist = world.AddIst("ist");
    WorldUser& bob = world.AddUser("bob");
    WorldUser& ann = world.AddUser("ann");
    HostId eve = 0;

  private:
    std::deque<std::unique_ptr<WorldClient>> m_clients;
};

std::string
Text(const std::array<uint8_t, SERVICE_PREFACE_SIZE>& preface)
{
    return {preface.begin(), preface.end()};
}

TEST_F(HostileWorldTest, AStrangersConnectionToAListenPortIsThrownOut)
{
    Token guess{};
    guess.fill(7);
    const std::string wrong = Text(MakeServicePreface(guess));
    for (const std::string& opening :
         {std::string(), std::string("GET / HTTP/1.1\r\n\r\nand more"), wrong, wrong.substr(1)})
    {
        WorldClient& stranger = EveConnects(At(bob, LISTEN_PORT));
        stranger.Says(opening);
        world.Run(30s);
        EXPECT_NE(stranger.State(), "connected") << opening;
        EXPECT_EQ(stranger.Heard(), "") << "a stranger is told something";
    }
    EXPECT_EQ(bob.Server("web").Clients(), 0U);
    ExpectServiceWorks();
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(HostileWorldTest, AFloodOfStrangersAtAListenPortIsBounded)
{
    for (int i = 0; i < 2000; ++i)
    {
        (void)EveConnects(At(bob, LISTEN_PORT));
        world.Run(1ms);
        ASSERT_LE(bob.StateSize(), 2 * bob.settings.maxStrangers + 10);
    }
    ExpectServiceWorks();
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(HostileWorldTest, AnIstsPortsAreNotTakenFromAnotherAddress)
{
    // Strangers knock at all of them while the splice is being ordered.
    ann.Wants("bob/mail").requireIst = true;
    bob.Offers("mail");
    world.Run(3s);
    WorldClient& client = ann.Connects("bob/mail");
    client.Says("through the IST");
    for (int moment = 0; moment < 10; ++moment)
    {
        for (uint16_t port = ist.settings.portFirst; port <= ist.settings.portLast; ++port)
        {
            (void)EveConnects(At(ist, port));
        }
        world.Run(10ms);
    }
    world.Run(5s);
    EXPECT_EQ(client.Heard(), "through the IST");
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(HostileWorldTest, AnEchoIsNeverLongerThanItsRequest)
{
    WorldClient echo(world.network, eve, Protocol::Udp, At(ist, ist.settings.pingPort));
    size_t sent = 0;
    for (size_t size = 0; size < 200; ++size)
    {
        echo.Says(std::string(size, 'x'));
        echo.Says("ISBECHO1" + std::string(size, 'y'));
        sent += 2 * size + 8;
    }
    world.Run(1s);
    EXPECT_LE(echo.Heard().size(), sent);
    EXPECT_EQ(echo.Heard(), "ISBECHO1yyyyyyyy") << "only an echo of the right form is answered";
}

TEST_F(HostileWorldTest, DatagramsOfStrangersDoNotReachAService)
{
    bob.Offers("dns", Protocol::Udp);
    ann.Wants("bob/dns", Protocol::Udp);
    world.Run(3s);
    WorldClient& client = ann.Connects("bob/dns");
    client.Says("ours ");
    world.Run(3s);

    for (uint16_t port = 49'152; port < 50'152; ++port)
    {
        WorldClient one(world.network, eve, Protocol::Udp, At(bob, port));
        one.Says("theirs");
        world.Run(50ms);
    }
    client.Says("again");
    world.Run(3s);
    EXPECT_EQ(client.Heard(), "ours again");
    EXPECT_EQ(bob.Server("dns").Heard(), "ours again");
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(HostileWorldTest, AClientThatNeverReadsHoldsUpNobodyElse)
{
    /// Talks and does not listen.
    class Deaf : public WorldProgram
    {
      public:
        using WorldProgram::WorldProgram;
    };

    Deaf deaf(world.network);
    const NetId end = world.network.Connect(ann.host,
                                            deaf,
                                            Endpoint{},
                                            {Ipv4{0x7f000001}, ann.settings.wants[0].localPort});
    world.network.Send(end, std::vector<uint8_t>(5'000'000, 'x'));
    world.Run(60s);
    EXPECT_EQ(bob.Server("web").Heard().size(), 5'000'000U);
    ExpectServiceWorks();
    world.network.Kill(deaf);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

} // namespace
} // namespace isb::test
