// SPDX-License-Identifier: GPL-2.0-or-later
// Any party vanishes, at any moment.
#include "tests/core/world/world.h"

#include <array>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

/// Two users behind NATs, one service, an IST, a spare IST.
class LossTest : public testing::Test
{
  protected:
    LossTest()
    {
        bob.Offers("web");
        ann.Wants("bob/web");
    }

    /// A client that talks with the server.
    WorldClient&
    Talking()
    {
        WorldClient& client = ann.Connects("bob/web");
        client.Says("before ");
        world.Run(2s);
        EXPECT_EQ(client.Heard(), "before ");
        return client;
    }

    void
    ExpectServiceAgain(Duration within)
    {
        WorldClient& next = ann.Connects("bob/web");
        next.Says("again");
        world.Run(within);
        EXPECT_EQ(next.Heard(), "again");
    }

    World world;
    WorldUser& bob = world.AddUser("bob", Behind::Nat);
    WorldUser& ann = world.AddUser("ann", Behind::Nat);
    WorldIst& ist = world.AddIst("ist");
};

TEST_F(LossTest, ALostIstIsAnErrorForBothSidesAndAnotherIstTakesOver)
{
    WorldIst& spare = world.AddIst("spare", 50ms); // farther: not used while the other is there
    for (const Vanish how : {Vanish::Silently, Vanish::WithReset})
    {
        world.Start();
        const size_t before = bob.Server("web").Connections(); // by the other IST
        WorldClient& client = Talking();
        ist.Vanishes(how);
        world.Run(10s);
        EXPECT_NE(client.State(), "connected");
        EXPECT_EQ(bob.Server("web").Connections(), before);
        EXPECT_EQ(spare.carrier.Splices(), before);
        ExpectServiceAgain(3s);
    }
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AnIstThatComesBackIsUsedAgain)
{
    world.Start();
    (void)Talking();
    ist.Vanishes(Vanish::Silently);
    world.Run(10s);
    ist.Starts();
    world.Run(3s);
    ExpectServiceAgain(3s);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, RunningConnectionsSurviveTheIsb)
{
    for (const Vanish how : {Vanish::Silently, Vanish::WithReset})
    {
        world.Start();
        WorldClient& client = Talking();
        world.broker.Vanishes(how);
        world.Run(60s);
        client.Says("without ");
        world.Run(1s);
        EXPECT_EQ(client.Heard(), "before without ");
        world.broker.Starts();
        world.Run(60s);
        client.Says("after");
        world.Run(1s);
        EXPECT_EQ(client.Heard(), "before without after");
        EXPECT_EQ(world.broker.Life().Users(), 2U);
        EXPECT_EQ(world.broker.Life().Ists(), 1U);
        ExpectServiceAgain(3s);
        client.Finishes();
        world.Run(2s);
        EXPECT_EQ(client.State(), "ended");
    }
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AProviderWhoLogsOutIsToldAndCanComeBack)
{
    world.Start();
    (void)Talking();
    bob.LogsOut();
    world.Run(2s);
    EXPECT_EQ(world.broker.Life().Services(), 0U);
    EXPECT_NE(ann.Report("bob/web").state, "subscribed");
    bob.Starts();
    world.Run(30s);
    EXPECT_EQ(ann.Report("bob/web").state, "subscribed");
    ExpectServiceAgain(3s);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AVanishedProviderIsMissedAndComesBack)
{
    for (const Vanish how : {Vanish::Silently, Vanish::WithReset})
    {
        world.Start();
        WorldClient& client = Talking();
        bob.Vanishes(how);
        world.Run(150s);
        EXPECT_NE(client.State(), "connected");
        EXPECT_EQ(world.broker.Life().Users(), 1U);
        bob.Starts();
        world.Run(60s);
        ExpectServiceAgain(3s);
    }
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AVanishedSubscriberLeavesTheProviderClean)
{
    for (const Vanish how : {Vanish::Silently, Vanish::WithReset})
    {
        world.Start();
        (void)Talking();
        ann.Vanishes(how);
        world.Run(200s);
        EXPECT_EQ(bob.Server("web").Connections(), 0U);
        EXPECT_EQ(world.broker.Life().Users(), 1U);
        EXPECT_EQ(world.broker.Life().Subscriptions(), 0U);
        EXPECT_EQ(world.broker.Life().Connections(), 0U);
    }
    world.Start();
    ExpectServiceAgain(3s);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AWithdrawnServiceTakesNoNewClients)
{
    world.Start();
    (void)Talking();
    bob.Withdraws("web");
    world.Run(5s);
    WorldClient& late = ann.Connects("bob/web");
    late.Says("late");
    world.Run(5s);
    EXPECT_EQ(late.Heard(), "");
    EXPECT_EQ(bob.Server("web").Clients(), 1U);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AServerThatIsNotThereIsAnErrorOfOneClient)
{
    world.Start();
    bob.Server("web").Closes();
    WorldClient& client = ann.Connects("bob/web");
    client.Says("anybody?");
    world.Run(5s);
    EXPECT_NE(client.State(), "connected");
    EXPECT_EQ(ann.Report("bob/web").codes.count("server-refused"), 1U);
    bob.Server("web").Opens();
    ExpectServiceAgain(3s);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AUserWithoutPermissionIsRefusedWithACode)
{
    WorldUser& cat = world.AddUser("cat", Behind::Nat);
    bob.OffersOnly("private", {"ann"});
    ann.Wants("bob/private");
    cat.Wants("bob/private");
    world.Start();
    WorldClient& hers = ann.Connects("bob/private");
    WorldClient& his = cat.Connects("bob/private");
    hers.Says("a");
    his.Says("c");
    world.Run(40s);
    EXPECT_EQ(hers.Heard(), "a");
    EXPECT_EQ(his.Heard(), "");
    EXPECT_EQ(bob.Server("private").Heard(), "a");
    EXPECT_NE(cat.Report("bob/private").state, "subscribed");
    EXPECT_FALSE(cat.Report("bob/private").codes.empty());
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, AnIstThatSaysReadyAndIsNotCostsTheClientOnly)
{
    ist.carrier.lies = true;
    world.Start();
    WorldClient& client = ann.Connects("bob/web");
    client.Says("hello");
    world.Run(60s);
    EXPECT_NE(client.State(), "connected");
    EXPECT_EQ(world.broker.Life().Connections(), 0U);
    EXPECT_EQ(ann.Report("bob/web").failed, 1U);
    ist.carrier.lies = false;
    ExpectServiceAgain(3s);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(LossTest, TheClockFarAheadIsSurvived)
{
    world.Start();
    (void)Talking();
    world.Run(std::chrono::hours(24));
    ExpectServiceAgain(3s);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

/// Two users behind NATs with a prepared connection and two clients; everybody starts at once.
struct EveryStepStory
{
    explicit EveryStepStory(uint64_t seed)
        : world(seed)
    {
        bob.Offers("web");
        ann.Wants("bob/web").prepared = 1;
        for (WorldParty* party : parties)
        {
            party->Starts();
        }
        world.clock.After(1s, [this] { ann.Connects("bob/web").Says("first"); });
        world.clock.After(1500ms, [this] { ann.Connects("bob/web").Says("second"); });
    }

    World world;
    WorldUser& bob = world.AddUser("bob", Behind::Nat);
    WorldUser& ann = world.AddUser("ann", Behind::Nat);
    WorldIst& ist = world.AddIst("ist");
    const std::array<WorldParty*, 4> parties{&world.broker, &ist, &bob, &ann};
};

/// `steps` events of the story, then the party vanishes; it comes back, and the service with it.
void
VanishAtStep(size_t party, Vanish how, uint64_t steps)
{
    EveryStepStory story(1);
    while (story.world.clock.Steps() < steps && story.world.clock.Step())
    {
    }
    story.parties[party]->Vanishes(how);
    story.world.Run(40s);
    story.parties[party]->Starts();
    story.world.Run(150s);
    WorldClient& client = story.ann.Connects("bob/web");
    client.Says("again");
    story.world.Run(5s);
    EXPECT_EQ(client.Heard(), "again");
    EXPECT_EQ(story.world.LeftAfterLogout(), "");
}

TEST(EveryPartyVanishes, AtEveryStepAndTheServiceComesBack)
{
    EveryStepStory undisturbed(1);
    undisturbed.world.Run(1800ms);
    const uint64_t steps = undisturbed.world.clock.Steps();
    ASSERT_GT(steps, 200U);
    const std::array<const char*, 4> names{"broker", "ist", "provider", "subscriber"};
    for (size_t party = 0; party < names.size(); ++party)
    {
        for (const Vanish how : {Vanish::Silently, Vanish::WithReset})
        {
            for (uint64_t step = 0; step <= steps; ++step)
            {
                SCOPED_TRACE(std::string(names[party]) + " vanishes " +
                             (how == Vanish::Silently ? "silently" : "with reset") +
                             " after step " + std::to_string(step) + " of " +
                             std::to_string(steps));
                VanishAtStep(party, how, step);
                if (testing::Test::HasFailure())
                {
                    return;
                }
            }
        }
    }
}

} // namespace
} // namespace isb::test
