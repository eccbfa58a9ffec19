// SPDX-License-Identifier: GPL-2.0-or-later
// Users check which services are on line, and subscribe to what they see (thesis 3.3).
#include "tests/core/world/world.h"

#include <gtest/gtest.h>
#include <optional>
#include <set>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

class ListTest : public testing::Test
{
  protected:
    /// What the user sees, "provider/service".
    std::set<std::string>
    SeenBy(WorldUser& user)
    {
        uint64_t request = 0;
        user.machine.Input([&](TimePoint now) { request = user.Life().List(now); });
        EXPECT_NE(request, 0U);
        world.Run(2s);
        const std::optional<ServiceListing> listing = user.Life().TakeListing(request);
        std::set<std::string> seen;
        if (!listing || listing->code != IsbCode::None)
        {
            ADD_FAILURE() << "no whole list";
            return seen;
        }
        for (const ListingEntry& entry : listing->entries)
        {
            EXPECT_TRUE(seen.insert(entry.provider + "/" + entry.service).second);
        }
        return seen;
    }

    World world;
    WorldUser& bob = world.AddUser("bob", Behind::Nat);
    WorldUser& carl = world.AddUser("carl", Behind::Nat);
    WorldUser& ann = world.AddUser("ann", Behind::Nat);
    WorldIst& ist = world.AddIst("ist");
};

using Names = std::set<std::string>;

TEST_F(ListTest, AUserSeesExactlyWhatHeMayUseAndUsesWhatHeSees)
{
    bob.Offers("web").OffersOnly("files", {"ann"}).OffersOnly("diary", {"dora"});
    carl.OffersOnly("printer", {"bob"}).OffersOnly("safe", {});
    ann.Offers("chat");
    world.Start();
    const Names ofAnn = SeenBy(ann);
    EXPECT_EQ(ofAnn, (Names{"bob/files", "bob/web"}));
    EXPECT_EQ(SeenBy(bob), (Names{"ann/chat", "carl/printer"}));
    EXPECT_EQ(SeenBy(carl), (Names{"ann/chat", "bob/web"}));

    for (const std::string& service : ofAnn)
    {
        ann.Wants(service);
        world.Run(1s);
        WorldClient& client = ann.Connects(service);
        client.Says("to " + service);
        world.Run(2s);
        EXPECT_EQ(client.Heard(), "to " + service);
        EXPECT_EQ(ann.Report(service).state, "subscribed");
    }
    for (const char* hidden : {"bob/diary", "carl/printer", "carl/safe"})
    {
        ann.Wants(hidden);
        world.Run(1s);
        WorldClient& client = ann.Connects(hidden);
        client.Says("let me in");
        world.Run(2s);
        EXPECT_EQ(client.Heard(), "") << hidden;
        EXPECT_EQ(ann.Report(hidden).state, "refused") << hidden;
    }
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(ListTest, WhatGoesOffLineIsSeenNoMore)
{
    bob.Offers("web").Offers("mail");
    carl.Offers("printer");
    world.Start();
    EXPECT_EQ(SeenBy(ann), (Names{"bob/mail", "bob/web", "carl/printer"}));
    bob.Withdraws("mail");
    carl.Vanishes(Vanish::WithReset);
    EXPECT_EQ(SeenBy(ann), Names{"bob/web"});
    bob.LogsOut();
    EXPECT_EQ(SeenBy(ann), Names{});
    bob.Starts();
    world.Run(3s);
    EXPECT_EQ(SeenBy(ann), Names{"bob/web"});
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(ListTest, AListOfManyPagesIsWhole)
{
    world.broker.settings.profiles["bob"].quota.services = 400;
    Names all;
    for (int i = 0; i < 300; ++i)
    {
        const std::string name = "service-" + std::to_string(i);
        bob.Offers(name);
        all.insert("bob/" + name);
    }
    world.Start();
    EXPECT_EQ(SeenBy(ann), all);
    EXPECT_EQ(world.LeftAfterLogout(), "");
}

TEST_F(ListTest, AListEndsWithTheIsb)
{
    world.Start();
    uint64_t request = 0;
    ann.machine.Input([&](TimePoint now) { request = ann.Life().List(now); });
    world.broker.Vanishes(Vanish::WithReset);
    world.Run(1s);
    const std::optional<ServiceListing> listing = ann.Life().TakeListing(request);
    ASSERT_TRUE(listing);
    EXPECT_EQ(listing->code, IsbCode::PeerLost);
}

} // namespace
} // namespace isb::test
