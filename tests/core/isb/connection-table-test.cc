// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-table.h"

#include "model/core/random/rng.h"

#include <gtest/gtest.h>

#include <string>

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class ConnectionTableTest : public ::testing::Test
{
  protected:
    ServiceConnection&
    Add(uint64_t id, const std::string& subscriber, const std::string& provider)
    {
        ServiceConnection connection;
        connection.id = id;
        connection.Party(ServiceEnd::Subscriber).user = subscriber;
        connection.Party(ServiceEnd::Provider).user = provider;
        return table.Add(std::move(connection));
    }

    void
    Register(const std::string& name)
    {
        BrokerSession session(1, nullptr);
        session.login.name = name;
        session.login.ist.capacity = 10;
        registry.Register(session);
    }

    SeededRng random{1};
    BrokerDesk desk{{}, random, nullptr};
    IstRegistry registry{desk};
    ConnectionTable table{registry};
};

TEST_F(ConnectionTableTest, AConnectionIsFoundByBothItsUsersAndCountsForTheSubscriber)
{
    Add(7, "ann", "bob");
    EXPECT_EQ(table.OfUser("ann"), std::set<uint64_t>{7});
    EXPECT_EQ(table.OfUser("bob"), std::set<uint64_t>{7});
    EXPECT_TRUE(table.OfUser("eve").empty());
    EXPECT_EQ(table.SubscribedBy("ann"), 1U);
    EXPECT_EQ(table.SubscribedBy("bob"), 0U);
}

TEST_F(ConnectionTableTest, ASpliceIsFoundAndCountedAtItsIstUntilItIsDropped)
{
    Register("ist");
    ServiceConnection& connection = Add(7, "ann", "bob");
    table.SetSplice(connection, 99, "ist");
    EXPECT_EQ(table.FindBySplice(99), &connection);
    EXPECT_EQ(table.OfIst("ist"), std::set<uint64_t>{7});
    EXPECT_EQ(registry.Find("ist")->assigned, 1U);
    table.DropSplice(connection);
    table.DropSplice(connection); // twice is once
    EXPECT_EQ(table.FindBySplice(99), nullptr);
    EXPECT_TRUE(table.OfIst("ist").empty());
    EXPECT_EQ(registry.Find("ist")->assigned, 0U);
}

TEST_F(ConnectionTableTest, AnotherSpliceReplacesTheFirst)
{
    Register("far");
    Register("near");
    ServiceConnection& connection = Add(7, "ann", "bob");
    table.SetSplice(connection, 98, "far");
    table.SetSplice(connection, 99, "near");
    EXPECT_EQ(table.FindBySplice(98), nullptr);
    EXPECT_EQ(registry.Find("far")->assigned, 0U);
    EXPECT_EQ(registry.Find("near")->assigned, 1U);
}

TEST_F(ConnectionTableTest, WhatIsErasedIsForgottenByAllIndices)
{
    Register("ist");
    ServiceConnection& connection = Add(7, "ann", "bob");
    table.SetSplice(connection, 99, "ist");
    table.Schedule(connection, 5s);
    table.Erase(7);
    EXPECT_EQ(table.Find(7), nullptr);
    EXPECT_EQ(table.FindBySplice(99), nullptr);
    EXPECT_TRUE(table.OfUser("ann").empty());
    EXPECT_TRUE(table.OfUser("bob").empty());
    EXPECT_EQ(table.SubscribedBy("ann"), 0U);
    EXPECT_EQ(registry.Find("ist")->assigned, 0U);
    EXPECT_EQ(table.NextTimeout(), TIME_NEVER);
    EXPECT_EQ(table.Size(), 0U);
}

TEST_F(ConnectionTableTest, DeadlinesComeInOrder)
{
    table.Schedule(Add(1, "ann", "bob"), 5s);
    table.Schedule(Add(2, "ann", "bob"), 3s);
    EXPECT_EQ(table.NextTimeout(), 3s);
    EXPECT_EQ(table.PopDue(4s)->id, 2U);
    EXPECT_EQ(table.PopDue(4s), nullptr);
    EXPECT_EQ(table.PopDue(5s)->id, 1U);
    EXPECT_EQ(table.NextTimeout(), TIME_NEVER);
}

} // namespace
} // namespace isb
