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

/// Eve has a quota of three connections.
class HalfClosedTest : public FairnessTest
{
  protected:
    HalfClosedTest()
    {
        settings.profiles["eve"].quota.connections = 3;
        Restart();
        bob = &User("bob", "203.0.113.2");
        eve = &User("eve", "203.0.113.66");
        ist = &Ist("ist", "203.0.113.9");
        Announce(*bob, "web");
        m_subscription = Subscribe(*eve, *bob, "web");
    }

    /// One more connection, up to established; false when it is refused.
    bool
    Opens()
    {
        OpenMessage open;
        open.request = nextRequest++;
        open.subscription = m_subscription;
        Say(*eve, open);
        if (Count<FaultMessage>(*eve) != 0)
        {
            EXPECT_EQ(Take<FaultMessage>(*eve).code, IsbCode::QuotaExceeded);
            return false;
        }
        AnswerPrepare(*bob);
        splice = AnswerSplice(*ist).splice;
        ofBob = Take<InstructMessage>(*bob);
        ofEve = Take<InstructMessage>(*eve);
        Report(*bob, ofBob, ConnectionPhase::Established);
        Report(*eve, ofEve, ConnectionPhase::Established);
        return true;
    }

    BrokerPeer* bob = nullptr;
    BrokerPeer* eve = nullptr;
    BrokerPeer* ist = nullptr;
    uint64_t splice = 0;
    InstructMessage ofBob;
    InstructMessage ofEve;

  private:
    uint64_t m_subscription = 0;
};

TEST_F(HalfClosedTest, CallingAConnectionClosedAndGoingOnWithItIsNoWayAroundTheQuota)
{
    for (int i = 0; i < 3; ++i)
    {
        ASSERT_TRUE(Opens());
        Report(*eve, ofEve, ConnectionPhase::Closed);
    }
    EXPECT_EQ(broker->Connections(), 0U);
    EXPECT_FALSE(Opens());
    EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 0U) << "bytes may be on their way";

    AdvanceAlive(2min, {bob, eve, ist});
    EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 3U);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*bob), 3U);
    EXPECT_TRUE(Opens());
}

TEST_F(HalfClosedTest, TheOtherEndsWordMakesRoom)
{
    for (int i = 0; i < 10; ++i)
    {
        ASSERT_TRUE(Opens()) << i;
        Report(*eve, ofEve, ConnectionPhase::Closed);
        Report(*eve, ofEve, ConnectionPhase::Closed); // again: her word alone does not
        Report(*bob, ofBob, ConnectionPhase::Closed);
    }
    AdvanceAlive(2min, {bob, eve, ist});
    EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 0U);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*bob), 0U);
}

TEST_F(HalfClosedTest, TheIstsWordMakesRoom)
{
    for (int i = 0; i < 10; ++i)
    {
        ASSERT_TRUE(Opens()) << i;
        Report(*eve, ofEve, ConnectionPhase::Closed);
        SpliceEventMessage over;
        over.splice = splice;
        over.news = SpliceNews::Ended;
        Say(*ist, over);
    }
    Bye(*eve);
    Bye(*bob);
    Bye(*ist);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(HalfClosedTest, HerOwnWordTwiceMakesNoRoom)
{
    for (int i = 0; i < 3; ++i)
    {
        ASSERT_TRUE(Opens());
        Report(*eve, ofEve, ConnectionPhase::Closed);
        Report(*eve, ofEve, ConnectionPhase::Failed);
    }
    EXPECT_FALSE(Opens());
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
