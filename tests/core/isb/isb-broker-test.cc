// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/isb-broker.h"

#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

using IsbBrokerTest = BrokerFixture;

// --- messages that do not belong

enum class Speaker
{
    Stranger,
    User,
    Ist,
};

struct MisplacedCase
{
    const char* name;
    Speaker speaker;
    IsbMessage message;
};

class IsbBrokerMisplacedTest : public IsbBrokerTest,
                               public ::testing::WithParamInterface<MisplacedCase>
{
};

TEST_P(IsbBrokerMisplacedTest, EndsTheGuiltySessionOnly)
{
    BrokerPeer& honest = User("ann", "203.0.113.1");
    BrokerPeer& guilty = GetParam().speaker == Speaker::Stranger ? Connect("203.0.113.66")
                         : GetParam().speaker == Speaker::User   ? User("eve", "203.0.113.66")
                                                                 : Ist("ist", "203.0.113.66");
    Say(guilty, GetParam().message);
    EXPECT_EQ(Take<ByeMessage>(guilty).code, IsbCode::BadState);
    EXPECT_TRUE(guilty.closed);
    EXPECT_FALSE(honest.closed);
    EXPECT_EQ(broker->Counters().ended.at("bad-state"), 1U);
    Advance(settings.istGrace);
    Bye(honest);
    EXPECT_EQ(broker->StateSize(), 0U);
}

LoginMessage
AnyLogin()
{
    LoginMessage login;
    login.name = "eve";
    return login;
}

ServiceRecord
AnyService()
{
    ServiceRecord service;
    service.name = "web";
    return service;
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    IsbBrokerMisplacedTest,
    ::testing::Values(
        MisplacedCase{"PingBeforeLogin", Speaker::Stranger, PingMessage{1}},
        MisplacedCase{"ListBeforeLogin", Speaker::Stranger, ListMessage{}},
        MisplacedCase{"AnnounceBeforeLogin", Speaker::Stranger, AnnounceMessage{1, AnyService()}},
        MisplacedCase{"SecondLogin", Speaker::User, AnyLogin()},
        MisplacedCase{"HelloUp", Speaker::User, HelloMessage{{}, {}, "isb"}},
        MisplacedCase{"PongUp", Speaker::User, PongMessage{1}},
        MisplacedCase{"AnnouncedUp", Speaker::User, AnnouncedMessage{1}},
        MisplacedCase{"OfferUp", Speaker::User, OfferMessage{1, "ann", "web"}},
        MisplacedCase{"PrepareUp", Speaker::User, PrepareMessage{}},
        MisplacedCase{"InstructUp", Speaker::User, InstructMessage{}},
        MisplacedCase{"IstListUp", Speaker::User, IstListMessage{}},
        MisplacedCase{"SpliceReadyByUser", Speaker::User, SpliceReadyMessage{}},
        MisplacedCase{"SpliceEventByUser", Speaker::User, SpliceEventMessage{}},
        MisplacedCase{"LoadByUser", Speaker::User, LoadMessage{}},
        MisplacedCase{"AnnounceByIst", Speaker::Ist, AnnounceMessage{1, AnyService()}},
        MisplacedCase{"SubscribeByIst", Speaker::Ist, SubscribeMessage{1, "ann", "web"}},
        MisplacedCase{"OpenByIst", Speaker::Ist, OpenMessage{}},
        MisplacedCase{"NearnessByIst", Speaker::Ist, NearnessMessage{}}),
    [](const auto& instance) { return instance.param.name; });

// --- broken frames

TEST_F(IsbBrokerTest, RandomBytesEndTheConnectionThatSentThem)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    BrokerPeer& eve = Connect("203.0.113.66");
    SayBytes(eve, std::vector<uint8_t>(100, 0xff));
    EXPECT_EQ(Take<ByeMessage>(eve).code, IsbCode::BadFrame);
    EXPECT_FALSE(ann.closed);
}

TEST_F(IsbBrokerTest, AReplayedFrameEndsTheSession)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    --ann.sent;
    Say(ann, PingMessage{1});
    EXPECT_EQ(Take<ByeMessage>(ann).code, IsbCode::BadSequence);
}

TEST_F(IsbBrokerTest, ASkippedFrameEndsTheSession)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    ++ann.sent;
    Say(ann, PingMessage{1});
    EXPECT_EQ(Take<ByeMessage>(ann).code, IsbCode::BadSequence);
}

TEST_F(IsbBrokerTest, WhatFollowsAFaultInTheSameBytesIsNotObeyed)
{
    BrokerPeer& eve = Connect("203.0.113.66");
    std::vector<uint8_t> bytes = EncodeFrame({1, PingMessage{1}});
    const std::vector<uint8_t> login = EncodeFrame({2, MakeLogin(eve, "eve")});
    bytes.insert(bytes.end(), login.begin(), login.end());
    SayBytes(eve, bytes);
    EXPECT_TRUE(eve.closed);
    EXPECT_EQ(broker->Counters().logins, 0U);
}

TEST_F(IsbBrokerTest, FramesMayComeByteByByte)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    for (const uint8_t byte : EncodeFrame({++ann.sent, PingMessage{9}}))
    {
        EXPECT_EQ(Count<PongMessage>(ann), 0U);
        SayBytes(ann, {byte});
    }
    EXPECT_EQ(Take<PongMessage>(ann).nonce, 9U);
}

// --- services

TEST_F(IsbBrokerTest, AnAnnouncedServiceIsListedForOthers)
{
    BrokerPeer& bob = User("bob", "203.0.113.2");
    BrokerPeer& ann = User("ann", "203.0.113.1");
    Announce(bob, "web");
    ListMessage list;
    list.request = 5;
    Say(ann, list);
    const auto listing = Take<ListingMessage>(ann);
    EXPECT_EQ(listing.request, 5U);
    ASSERT_EQ(listing.entries.size(), 1U);
    EXPECT_EQ(listing.entries[0].provider, "bob");
    EXPECT_EQ(trace.Last(TraceKind::ServiceState).to, "announced");
    Bye(bob);
    EXPECT_EQ(trace.Last(TraceKind::ServiceState).reason, "isb.logged-out");
    Say(ann, list);
    EXPECT_TRUE(Take<ListingMessage>(ann).entries.empty());
}

TEST_F(IsbBrokerTest, AnnouncingTwiceIsADuplicate)
{
    BrokerPeer& bob = User("bob", "203.0.113.2");
    Announce(bob, "web");
    Say(bob, AnnounceMessage{77, AnyService()});
    const auto fault = Take<FaultMessage>(bob);
    EXPECT_EQ(fault.code, IsbCode::Duplicate);
    EXPECT_EQ(fault.request, 77U);
    EXPECT_EQ(broker->Services(), 1U);
}

TEST_F(IsbBrokerTest, TenThousandAnnouncesKeepToTheQuota)
{
    settings.profiles["eve"].quota.messagesPerSecond = 0;
    Restart();
    BrokerPeer& eve = User("eve", "203.0.113.66");
    for (int i = 0; i < 10'000; ++i)
    {
        ServiceRecord service;
        service.name = "s" + std::to_string(i);
        Say(eve, AnnounceMessage{1, service});
        eve.inbox.clear();
    }
    EXPECT_EQ(broker->Services(), UserQuota{}.services);
    EXPECT_EQ(broker->Counters().refused.at("quota-exceeded"), 10'000 - UserQuota{}.services);
    Bye(eve);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(IsbBrokerTest, WithdrawingWhatIsNotThereIsNotFound)
{
    BrokerPeer& bob = User("bob", "203.0.113.2");
    Say(bob, WithdrawMessage{"web"});
    EXPECT_EQ(Take<FaultMessage>(bob).code, IsbCode::NotFound);
    EXPECT_FALSE(bob.closed);
}

// --- life of the broker

TEST_F(IsbBrokerTest, AListenPortThatIsTakenIsTriedAgain)
{
    const SocketId first = listener;
    broker->Failed(now, first, "address in use");
    EXPECT_EQ(trace.Last(TraceKind::SessionState).reason, "isb.listen-failed");
    Advance(1s);
    EXPECT_NE(listener, first);
    User("ann", "203.0.113.1");
}

TEST_F(IsbBrokerTest, StopSaysByeToAllEndsNoConnectionAndLeavesNothing)
{
    BrokerPeer& ist = Ist("ist", "203.0.113.9");
    BrokerPeer& ann = User("ann", "203.0.113.1");
    BrokerPeer& bob = User("bob", "203.0.113.2");
    Announce(bob, "web");
    OpenMessage open;
    open.subscription = Subscribe(ann, bob, "web");
    Say(ann, open);
    AnswerSplice(ist);
    AnswerPrepare(bob);
    EXPECT_FALSE(broker->IsIdle());
    broker->Stop(now);
    Drain();
    for (BrokerPeer* peer : {&ist, &ann, &bob})
    {
        EXPECT_EQ(Take<ByeMessage>(*peer).code, IsbCode::LoggedOut);
        EXPECT_TRUE(peer->closed);
        EXPECT_EQ(Count<ConnectionEndedMessage>(*peer), 0U);
        EXPECT_EQ(Count<SpliceCancelMessage>(*peer), 0U);
    }
    EXPECT_EQ(broker->StateSize(), 0U);
    EXPECT_EQ(broker->NextTimeout(), TIME_NEVER);
    EXPECT_TRUE(broker->IsIdle());
}

TEST_F(IsbBrokerTest, AConnectionToNoListenerIsReset)
{
    const SocketId socket = broker->Accepted(now, 999, {}, At("203.0.113.1", 1));
    const auto orders = broker->TakeOrders();
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(std::get<CloseOrder>(orders[0]).socket, socket);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(IsbBrokerTest, TheSameSeedGivesTheSameBytesAndEvents)
{
    const auto play = [this](uint64_t seed)
    {
        now = TimePoint(0);
        nextPort = 40'000;
        nextRequest = 1;
        trace = KeptTrace();
        Restart(seed);
        BrokerPeer& ist = Ist("ist", "203.0.113.9");
        BrokerPeer& ann = User("ann", "203.0.113.1");
        BrokerPeer& bob = User("bob", "203.0.113.2", {true});
        Announce(bob, "web");
        OpenMessage open;
        open.subscription = Subscribe(ann, bob, "web");
        Say(ann, open);
        AnswerPrepare(bob);
        Report(ann, Take<InstructMessage>(ann), ConnectionPhase::Failed, IsbCode::ConnectFailed);
        AnswerSplice(ist);
        Advance(1min);
        return trace.lines;
    };
    const std::string first = play(1);
    EXPECT_EQ(play(1), first);
    EXPECT_NE(play(2), first);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(IsbBrokerTest, ManyUsersWithHelloTrafficKeepTheirDeadlinesLazily)
{
    constexpr int USERS = 2000;
    for (int i = 0; i < USERS; ++i)
    {
        const std::string name = "user" + std::to_string(i);
        settings.profiles[name].secret = "secret of " + name;
    }
    Restart();
    std::vector<BrokerPeer*> users;
    for (int i = 0; i < USERS; ++i)
    {
        users.push_back(&User("user" + std::to_string(i), "203.0.113.1"));
    }
    // A timer that was moved at every message would come up once a message.
    int timeouts = 0;
    for (int round = 0; round < 30; ++round)
    {
        for (BrokerPeer* user : users)
        {
            Say(*user, PingMessage{1});
            user->inbox.clear();
        }
        const TimePoint end = now + settings.helloInterval;
        while (broker->NextTimeout() <= end)
        {
            now = std::max(now, broker->NextTimeout());
            broker->Timeout(now);
            ++timeouts;
        }
        now = end;
    }
    EXPECT_EQ(broker->Users(), size_t{USERS});
    EXPECT_LE(timeouts, 30);
}

} // namespace
} // namespace isb
