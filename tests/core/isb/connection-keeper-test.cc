// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-keeper.h"

#include "model/core/isb/ist-list-pacer.h"
#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

/// How far the connection of ann to bob/web has come.
enum class Stage
{
    Subscribed,
    Asked,
    ProviderReady,
    IstReady,
    Instructed,
    OneEstablished,
    Established,
};

struct StageName
{
    const char* name;
    Stage stage;
};

constexpr StageName STAGES[] = {
    {"Subscribed", Stage::Subscribed},
    {"Asked", Stage::Asked},
    {"ProviderReady", Stage::ProviderReady},
    {"IstReady", Stage::IstReady},
    {"Instructed", Stage::Instructed},
    {"OneEstablished", Stage::OneEstablished},
    {"Established", Stage::Established},
};

class ConnectionKeeperTest : public BrokerFixture
{
  protected:
    void
    GoTo(Stage stage, Protocol protocol = Protocol::Tcp, bool prepared = false)
    {
        ist = &Ist("ist", "203.0.113.9");
        ann = &User("ann", "203.0.113.1");
        bob = &User("bob", "203.0.113.2");
        Announce(*bob, "web", protocol);
        OpenMessage open;
        open.request = 900;
        open.subscription = subscription = Subscribe(*ann, *bob, "web");
        open.prepared = prepared;
        if (stage == Stage::Subscribed)
        {
            return;
        }
        Say(*ann, open);
        if (stage == Stage::Asked)
        {
            return;
        }
        if (stage != Stage::IstReady)
        {
            AnswerPrepare(*bob);
        }
        if (stage == Stage::ProviderReady)
        {
            return;
        }
        splice = AnswerSplice(*ist).splice;
        if (stage == Stage::IstReady)
        {
            return;
        }
        toAnn = Take<InstructMessage>(*ann);
        toBob = Take<InstructMessage>(*bob);
        if (stage == Stage::Instructed)
        {
            return;
        }
        Report(*ann, toAnn, ConnectionPhase::Established);
        if (stage == Stage::Established)
        {
            Report(*bob, toBob, ConnectionPhase::Established);
        }
    }

    void
    ByeAll()
    {
        for (auto& [socket, peer] : peers)
        {
            if (!peer->closed)
            {
                Bye(*peer);
            }
        }
    }

    BrokerPeer* ist = nullptr;
    BrokerPeer* ann = nullptr;
    BrokerPeer* bob = nullptr;
    uint64_t subscription = 0;
    uint64_t splice = 0;
    InstructMessage toAnn;
    InstructMessage toBob;
};

// --- loss of each party in each stage

struct LossCase
{
    std::string name;
    Stage stage;
    int party; ///< 0 ann, 1 bob, 2 ist
    bool logout;
};

std::vector<LossCase>
AllLosses()
{
    std::vector<LossCase> cases;
    const char* names[] = {"Subscriber", "Provider", "Ist"};
    for (const StageName& stage : STAGES)
    {
        for (int party = 0; party < 3; ++party)
        {
            for (const bool logout : {false, true})
            {
                cases.push_back({std::string(names[party]) + (logout ? "LogsOut" : "Vanishes") +
                                     "When" + stage.name,
                                 stage.stage,
                                 party,
                                 logout});
            }
        }
    }
    return cases;
}

class ConnectionLossTest : public ConnectionKeeperTest,
                           public ::testing::WithParamInterface<LossCase>
{
};

TEST_P(ConnectionLossTest, TheOthersAreToldOnceAndNothingIsLeft)
{
    const LossCase& test = GetParam();
    GoTo(test.stage);
    ist->inbox.clear();
    BrokerPeer* lost = test.party == 0 ? ann : test.party == 1 ? bob : ist;
    if (test.logout)
    {
        Bye(*lost);
    }
    else
    {
        Vanish(*lost);
    }
    std::vector<BrokerPeer*> alive;
    for (BrokerPeer* peer : {ann, bob, ist})
    {
        if (peer != lost)
        {
            alive.push_back(peer);
        }
    }
    AdvanceAlive(settings.istGrace + 1s, alive);
    const size_t annHeard = Count<FaultMessage>(*ann) + Count<ConnectionEndedMessage>(*ann);
    const size_t bobHeard = Count<ConnectionEndedMessage>(*bob);
    const bool up = test.stage == Stage::Established;
    const bool opened = test.stage != Stage::Subscribed;
    const IsbCode code = test.logout ? IsbCode::LoggedOut : IsbCode::PeerLost;
    if (test.party == 2)
    {
        // There is no other IST: both hear that.
        EXPECT_EQ(annHeard, opened ? 1U : 0U);
        EXPECT_EQ(bobHeard, opened ? 1U : 0U);
        if (up)
        {
            EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::IstLost);
            EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::IstLost);
        }
        EXPECT_EQ(broker->Connections(), 0U);
        EXPECT_EQ(broker->Subscriptions(), 1U);
    }
    else
    {
        // What runs outlives a lost session, not a logout.
        const bool ended = opened && (!up || test.logout);
        const size_t heard = test.party == 0 ? bobHeard : annHeard;
        EXPECT_EQ(heard, ended ? 1U : 0U);
        EXPECT_EQ(broker->Connections(), opened && !ended ? 1U : 0U);
        EXPECT_EQ(Count<SpliceCancelMessage>(*ist), ended ? 1U : 0U);
        BrokerPeer& other = test.party == 0 ? *bob : *ann;
        EXPECT_EQ(Take<SubscriptionEndedMessage>(other).code, code);
        EXPECT_EQ(broker->Subscriptions(), 0U);
    }
    for (BrokerPeer* peer : alive)
    {
        EXPECT_FALSE(peer->closed) << peer->name;
    }
    ByeAll();
    EXPECT_EQ(broker->StateSize(), 0U);
    Advance(IstListPacer::PERIOD); // the round of the IST's logout, which has nobody to tell
    EXPECT_EQ(broker->NextTimeout(), TIME_NEVER);
}

INSTANTIATE_TEST_SUITE_P(EveryStage,
                         ConnectionLossTest,
                         ::testing::ValuesIn(AllLosses()),
                         [](const auto& instance) { return instance.param.name; });

TEST_F(ConnectionKeeperTest, WhenBothSessionsAreLostTheConnectionIsForgottenNotCut)
{
    GoTo(Stage::Established);
    Vanish(*ann);
    Vanish(*bob);
    EXPECT_EQ(broker->Connections(), 0U);
    EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 0U);
}

TEST_F(ConnectionKeeperTest, ADaemonThatComesBackAsTheSameProcessStillHoldsItsConnection)
{
    GoTo(Stage::Established);
    Vanish(*ann);
    BrokerPeer& again = User("ann", "203.0.113.1");
    EXPECT_EQ(Count<ConnectionEndedMessage>(*bob), 0U);
    Report(again, toAnn, ConnectionPhase::Closed);
    EXPECT_FALSE(again.closed);
    EXPECT_EQ(broker->Connections(), 0U);
}

TEST_F(ConnectionKeeperTest, ADaemonThatComesBackAsAnotherProcessHasLostIt)
{
    GoTo(Stage::Established);
    Vanish(*ann);
    LoginOptions options;
    options.bootId = 2;
    User("ann", "203.0.113.1", options);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::PeerLost);
    EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 1U);
    EXPECT_EQ(broker->Connections(), 0U);
}

TEST_F(ConnectionKeeperTest, AReplacedLoginOfTheSameProcessKeepsWhatRunsAndEndsTheSubscription)
{
    GoTo(Stage::Established);
    BrokerPeer& again = User("ann", "203.0.113.1");
    EXPECT_EQ(broker->Connections(), 1U);
    EXPECT_EQ(broker->Subscriptions(), 0U);
    EXPECT_TRUE(again.inbox.empty()); // what was said to the old session is not said to the new
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*bob).code, IsbCode::PeerLost);
}

// --- the IST's life

TEST_F(ConnectionKeeperTest, AnIstThatComesBackInTimeAsTheSameProcessKeepsItsSplices)
{
    GoTo(Stage::Established);
    Vanish(*ist);
    Advance(settings.istGrace - 1ns);
    Ist("ist", "203.0.113.9");
    Advance(1s);
    EXPECT_EQ(broker->Connections(), 1U);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
    EXPECT_EQ(trace.Last(TraceKind::IstState).reason, "isb.returned");
}

TEST_F(ConnectionKeeperTest, AnIstThatRestartedHasLostItsSplicesAtOnce)
{
    GoTo(Stage::Established);
    Vanish(*ist);
    IstOptions options;
    options.bootId = 2;
    Ist("ist", "203.0.113.9", options);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::IstLost);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::IstLost);
    EXPECT_EQ(broker->Connections(), 0U);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).reason, "isb.ist-lost");
}

TEST_F(ConnectionKeeperTest, AnIstLostForGoodEndsItsConnectionsExactlyAfterTheGrace)
{
    GoTo(Stage::Established);
    Vanish(*ist);
    Advance(settings.istGrace - 1ns);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
    Advance(1ns);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::IstLost);
}

TEST_F(ConnectionKeeperTest, WhatIsBeingMadeMovesToAnotherIstWhenItsOwnIsLost)
{
    GoTo(Stage::ProviderReady);
    BrokerPeer& near = Ist("near", "203.0.113.8");
    Vanish(*ist);
    EXPECT_EQ(Count<SpliceRequestMessage>(near), 1U);
    EXPECT_EQ(Take<PrepareMessage>(*bob).attempt, 2U);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).reason, "isb.ist-lost");
    EXPECT_EQ(Count<FaultMessage>(*ann), 0U);
}

TEST_F(ConnectionKeeperTest, WhatWasInstructedMovesWhenTheIstIsGone)
{
    GoTo(Stage::Instructed);
    BrokerPeer& near = Ist("near", "203.0.113.8");
    Bye(*ist);
    AnswerSplice(near);
    AnswerPrepare(*bob);
    EXPECT_EQ(Take<InstructMessage>(*ann).attempt, 2U);
}

// --- what the ends report

TEST_F(ConnectionKeeperTest, ClosedOfEitherEndFinishesItWithoutCuttingTheOther)
{
    for (const bool provider : {false, true})
    {
        Restart();
        GoTo(Stage::Established);
        Report(provider ? *bob : *ann, provider ? toBob : toAnn, ConnectionPhase::Closed);
        EXPECT_EQ(broker->Connections(), 0U);
        EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
        EXPECT_EQ(Count<ConnectionEndedMessage>(*bob), 0U);
        EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 0U);
        Report(provider ? *ann : *bob, provider ? toAnn : toBob, ConnectionPhase::Closed);
        EXPECT_FALSE(ann->closed);
        EXPECT_FALSE(bob->closed);
    }
}

TEST_F(ConnectionKeeperTest, ClosedOfUdpEndsTheOtherEndToo)
{
    GoTo(Stage::Established, Protocol::Udp);
    Report(*ann, toAnn, ConnectionPhase::Closed);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::None);
    EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 1U);
}

TEST_F(ConnectionKeeperTest, AShortConnectionThatClosesBeforeTheOthersReportIsCountedNotCut)
{
    GoTo(Stage::OneEstablished);
    Report(*ann, toAnn, ConnectionPhase::Closed);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*bob), 0U);
    Report(*bob, toBob, ConnectionPhase::Established);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*bob), 0U);
    EXPECT_EQ(broker->Counters().connections, 1U);
    EXPECT_EQ(broker->Connections(), 0U);
}

TEST_F(ConnectionKeeperTest, AClientThatGivesUpWhileItIsMadeCancelsIt)
{
    GoTo(Stage::Instructed);
    Report(*ann, toAnn, ConnectionPhase::Closed);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::Cancelled);
    EXPECT_EQ(Count<SpliceCancelMessage>(*ist), 1U);
}

TEST_F(ConnectionKeeperTest, AConnectionLostInTheMidstIsToldToTheOtherEnd)
{
    GoTo(Stage::Established);
    Report(*ann, toAnn, ConnectionPhase::Failed, IsbCode::ConnectFailed);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::ConnectFailed);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).to, "failed");
}

TEST_F(ConnectionKeeperTest, APreparedConnectionIsStartedAndTheProviderHearsIt)
{
    GoTo(Stage::Established, Protocol::Tcp, true);
    Report(*ann, toAnn, ConnectionPhase::Started);
    EXPECT_EQ(Take<StatusMessage>(*bob).phase, ConnectionPhase::Started);
    Report(*ann, toAnn, ConnectionPhase::Started);
    EXPECT_EQ(Count<StatusMessage>(*bob), 0U);
    EXPECT_EQ(trace.StatesOf(TraceKind::ConnectionState),
              "opened>asked>instructed>established>started");
}

TEST_F(ConnectionKeeperTest, StartedBeforeTheProvidersReportIsRelayedAtOnce)
{
    GoTo(Stage::OneEstablished, Protocol::Tcp, true);
    Report(*ann, toAnn, ConnectionPhase::Started);
    EXPECT_EQ(Count<StatusMessage>(*bob), 1U);
    Report(*bob, toBob, ConnectionPhase::Established);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).to, "started");
}

TEST_F(ConnectionKeeperTest, StartedOfAConnectionThatWasNotPreparedMeansNothing)
{
    GoTo(Stage::Established);
    Report(*ann, toAnn, ConnectionPhase::Started);
    EXPECT_EQ(Count<StatusMessage>(*bob), 0U);
}

TEST_F(ConnectionKeeperTest, EstablishedBeforeTheInstructEndsTheSession)
{
    GoTo(Stage::Asked);
    const auto prepare = Take<PrepareMessage>(*bob);
    Say(*bob, StatusMessage{prepare.connection, prepare.attempt, ConnectionPhase::Established});
    EXPECT_EQ(Take<ByeMessage>(*bob).code, IsbCode::BadState);
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::PeerLost);
}

TEST_F(ConnectionKeeperTest, AStrangersReportEndsHisSessionAndNothingElse)
{
    GoTo(Stage::Instructed);
    BrokerPeer& eve = User("eve", "203.0.113.66");
    Report(eve, toAnn, ConnectionPhase::Established);
    EXPECT_EQ(Take<ByeMessage>(eve).code, IsbCode::BadState);
    EXPECT_EQ(broker->Connections(), 1U);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
}

TEST_F(ConnectionKeeperTest, AReadyOfTheSubscriberEndsHisSession)
{
    GoTo(Stage::Asked);
    const auto prepare = Take<PrepareMessage>(*bob);
    Say(*ann, ReadyMessage{prepare.connection, prepare.attempt, 0, 0});
    EXPECT_EQ(Take<ByeMessage>(*ann).code, IsbCode::BadState);
}

TEST_F(ConnectionKeeperTest, AFaultOfTheSubscriberEndsHisSession)
{
    GoTo(Stage::Asked);
    const auto prepare = Take<PrepareMessage>(*bob);
    Say(*ann, FaultMessage{IsbCode::Refused, prepare.connection, ""});
    EXPECT_EQ(Take<ByeMessage>(*ann).code, IsbCode::BadState);
}

TEST_F(ConnectionKeeperTest, AnswersOfAConnectionThatEndedMeanwhileAreIgnored)
{
    GoTo(Stage::Asked);
    const auto prepare = Take<PrepareMessage>(*bob);
    Say(*ann, UnsubscribeMessage{subscription});
    Say(*bob, ReadyMessage{prepare.connection, prepare.attempt, 0, 0});
    Say(*bob, FaultMessage{IsbCode::ServerRefused, prepare.connection, ""});
    EXPECT_FALSE(bob->closed);
    EXPECT_EQ(Count<InstructMessage>(*bob), 0U);
}

TEST_F(ConnectionKeeperTest, AnInstructedProviderWhoFaultsIsIgnoredUntilHeReports)
{
    GoTo(Stage::Instructed);
    Say(*bob, FaultMessage{IsbCode::ServerRefused, toBob.connection, ""});
    EXPECT_EQ(broker->Connections(), 1U);
}

TEST_F(ConnectionKeeperTest, AStartedConnectionEndsAsOthersDo)
{
    GoTo(Stage::Established, Protocol::Tcp, true);
    Report(*ann, toAnn, ConnectionPhase::Started);
    Report(*bob, toBob, ConnectionPhase::Failed, IsbCode::ServerRefused);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::ServerRefused);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).from, "started");
}

TEST_F(ConnectionKeeperTest, AProviderWhoDoesNotReadIsLostInTheMidstOfAnothersRequest)
{
    settings.maxUnsentBytes = 3000;
    Restart();
    GoTo(Stage::Subscribed);
    bob->reads = false;
    const size_t pong = EncodeFrame({1000, PongMessage{1}}).size();
    for (size_t held = 2 * pong; held < settings.maxUnsentBytes; held += pong)
    {
        Say(*bob, PingMessage{1});
    }
    EXPECT_FALSE(bob->closed);
    for (uint64_t request = 1000; request < 1010 && !bob->closed; ++request)
    {
        OpenMessage open;
        open.request = request;
        open.subscription = subscription;
        Say(*ann, open);
    }
    EXPECT_TRUE(bob->reset);
    EXPECT_FALSE(ann->closed);
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*ann).code, IsbCode::PeerLost);
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::PeerLost);
    EXPECT_EQ(broker->Connections(), 0U);
}

TEST_F(ConnectionKeeperTest, AWithdrawnServiceEndsWhatIsBeingMadeAndNotWhatRuns)
{
    GoTo(Stage::Instructed);
    Say(*bob, WithdrawMessage{"web"});
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::Withdrawn);
    Restart();
    GoTo(Stage::Established);
    Say(*bob, WithdrawMessage{"web"});
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
    EXPECT_EQ(broker->Connections(), 1U);
}

TEST_F(ConnectionKeeperTest, UnsubscribingWhileItIsMadeFaultsTheOpen)
{
    GoTo(Stage::Asked);
    Say(*ann, UnsubscribeMessage{subscription});
    const auto fault = Take<FaultMessage>(*ann);
    EXPECT_EQ(fault.code, IsbCode::Cancelled);
    EXPECT_EQ(fault.request, 900U);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::Cancelled);
}

// --- what the IST reports

TEST_F(ConnectionKeeperTest, ASpliceThatReachedItsLimitEndsBothEnds)
{
    GoTo(Stage::Established);
    Say(*ist, SpliceEventMessage{splice, SpliceNews::Ended, IsbCode::LimitReached, 0, 1000});
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::LimitReached);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::LimitReached);
}

TEST_F(ConnectionKeeperTest, ASpliceThatEndedInOrderIsFinishedQuietly)
{
    GoTo(Stage::Established);
    Say(*ist, SpliceEventMessage{splice, SpliceNews::Ended, IsbCode::None, 0, 1000});
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
    EXPECT_EQ(broker->Connections(), 0U);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).detail, "bytes=1000");
}

TEST_F(ConnectionKeeperTest, ASpliceThatBrokeIsToldToBoth)
{
    GoTo(Stage::Established);
    Say(*ist, SpliceEventMessage{splice, SpliceNews::Failed, IsbCode::None});
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::ConnectFailed);
}

TEST_F(ConnectionKeeperTest, ASpliceThatNeverPairedFailsTheConnection)
{
    GoTo(Stage::Instructed);
    Say(*ist, SpliceEventMessage{splice, SpliceNews::Failed, IsbCode::TimedOut});
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::TimedOut);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::TimedOut);
}

TEST_F(ConnectionKeeperTest, APairedSpliceThatIsOverBeforeTheReportsIsFinishedQuietly)
{
    GoTo(Stage::Instructed);
    Say(*ist, SpliceEventMessage{splice, SpliceNews::Paired});
    Say(*ist, SpliceEventMessage{splice, SpliceNews::Ended, IsbCode::None, 0, 500});
    EXPECT_EQ(broker->Connections(), 0U);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
    Report(*ann, toAnn, ConnectionPhase::Established);
    EXPECT_FALSE(ann->closed);
}

TEST_F(ConnectionKeeperTest, ASpliceThatFailsBeforeAnybodyIsInstructedIsOrderedAtAnotherIst)
{
    GoTo(Stage::IstReady);
    BrokerPeer& near = Ist("near", "203.0.113.8");
    Say(*ist, SpliceEventMessage{splice, SpliceNews::Failed, IsbCode::TimedOut});
    EXPECT_EQ(Count<SpliceRequestMessage>(near), 1U);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).reason, "isb.ist-refused");
    EXPECT_EQ(Count<FaultMessage>(*ann), 0U);
}

TEST_F(ConnectionKeeperTest, NewsOfAnotherIstsSpliceEndsTheSessionThatTellsThem)
{
    GoTo(Stage::Established);
    BrokerPeer& near = Ist("near", "203.0.113.8");
    Say(near, SpliceEventMessage{splice, SpliceNews::Ended});
    EXPECT_EQ(Take<ByeMessage>(near).code, IsbCode::BadState);
    EXPECT_EQ(broker->Connections(), 1U);
}

TEST_F(ConnectionKeeperTest, NewsOfAForgottenSpliceAreIgnored)
{
    GoTo(Stage::Established);
    Say(*ist, SpliceEventMessage{splice + 1, SpliceNews::Failed});
    Say(*ist, FaultMessage{IsbCode::Overloaded, splice + 1, ""});
    EXPECT_FALSE(ist->closed);
    EXPECT_EQ(broker->Connections(), 1U);
}

} // namespace
} // namespace isb
