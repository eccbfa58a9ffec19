// SPDX-License-Identifier: GPL-2.0-or-later
// One user cannot starve another (promise T6).
#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class FairnessTest : public BrokerFixture
{
  protected:
    /// Many users who log in from addresses of their own.
    std::vector<BrokerPeer*>
    Crowd(int size)
    {
        std::vector<BrokerPeer*> crowd;
        for (int i = 0; i < size; ++i)
        {
            settings.profiles["u" + std::to_string(i)].secret = "secret of u" + std::to_string(i);
        }
        Restart();
        for (int i = 0; i < size; ++i)
        {
            crowd.push_back(
                &User("u" + std::to_string(i), "203.0.113." + std::to_string(10 + i % 200)));
        }
        return crowd;
    }
};

TEST_F(FairnessTest, WhoIsAskedByManyMayAnswerThemAll)
{
    settings.profiles["bob"].quota.messagesPerSecond = 10;
    const std::vector<BrokerPeer*> crowd = Crowd(150);
    BrokerPeer& bob = User("bob", "203.0.113.2");
    Announce(bob, "web");
    for (BrokerPeer* user : crowd)
    {
        Say(*user, SubscribeMessage{1, "bob", "web"});
    }
    ASSERT_EQ(Count<OfferMessage>(bob), 150U);
    while (Count<OfferMessage>(bob) > 0)
    {
        Say(bob, AnswerMessage{Take<OfferMessage>(bob).subscription, true});
    }
    EXPECT_FALSE(bob.closed) << "the crowd has thrown him out";
    for (BrokerPeer* user : crowd)
    {
        EXPECT_EQ(Count<SubscribedMessage>(*user), 1U);
    }
}

TEST_F(FairnessTest, WhoIsPesteredWithConnectionsMayAnswerThemAll)
{
    settings.profiles["bob"].quota.messagesPerSecond = 10;
    Restart();
    BrokerPeer& bob = User("bob", "203.0.113.2", {true});
    BrokerPeer& eve = User("eve", "203.0.113.66");
    Announce(bob, "web");
    const uint64_t subscription = Subscribe(eve, bob, "web");
    for (uint64_t i = 0; i < 150; ++i)
    {
        OpenMessage open;
        open.request = 100 + i;
        open.subscription = subscription;
        Say(eve, open);
        AnswerPrepare(bob);
        const auto instruct = Take<InstructMessage>(bob);
        Report(bob, instruct, ConnectionPhase::Failed, IsbCode::Cancelled);
        eve.inbox.clear();
        ASSERT_FALSE(bob.closed) << "eve has thrown him out with connection " << i;
    }
}

TEST_F(FairnessTest, AnswersThatNobodyAskedForAreCharged)
{
    settings.profiles["eve"].quota.messagesPerSecond = 10;
    Restart();
    BrokerPeer& eve = User("eve", "203.0.113.66");
    for (int i = 0; i <= 40 && !eve.closed; ++i)
    {
        Say(eve, AnswerMessage{12345, true});
    }
    EXPECT_EQ(Take<ByeMessage>(eve).code, IsbCode::QuotaExceeded);
}

TEST_F(FairnessTest, ANewLoginIsNoNewBurst)
{
    settings.profiles["eve"].quota.messagesPerSecond = 10;
    Restart();
    uint64_t pongs = 0;
    for (int login = 0; login < 20; ++login)
    {
        BrokerPeer& eve = User("eve", "203.0.113.66");
        for (int i = 0; i < 30 && !eve.closed; ++i)
        {
            Say(eve, PingMessage{1});
        }
        pongs += Count<PongMessage>(eve);
    }
    EXPECT_EQ(pongs, 40U) << "a burst of 4 s, once";

    Advance(1s);
    BrokerPeer& eve = User("eve", "203.0.113.66");
    for (int i = 0; i < 30 && !eve.closed; ++i)
    {
        Say(eve, PingMessage{1});
    }
    EXPECT_EQ(Count<PongMessage>(eve), 10U) << "a second later, what one second gives";
}

TEST_F(FairnessTest, WhatOneHasSpentIsNotChargedToAnother)
{
    settings.profiles["eve"].quota.messagesPerSecond = 10;
    settings.profiles["ann"].quota.messagesPerSecond = 10;
    Restart();
    BrokerPeer& eve = User("eve", "203.0.113.66");
    while (!eve.closed)
    {
        Say(eve, PingMessage{1});
    }
    BrokerPeer& ann = User("ann", "203.0.113.66");
    for (int i = 0; i < 40; ++i)
    {
        Say(ann, PingMessage{1});
    }
    EXPECT_EQ(Count<PongMessage>(ann), 40U);
}

} // namespace
} // namespace isb
