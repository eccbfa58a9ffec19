// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-maker.h"

#include "tests/core/isb/meeting-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

using ConnectionMakerTest = MeetingFixture;

TEST_F(ConnectionMakerTest, TwoNatedUsersAreJoinedByAnIstWithinTwoControlRoundTrips)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    const OpenMessage open = MakeOpen();
    Say(*ann, open);
    // First round trip: provider and IST are asked by the same input.
    EXPECT_EQ(Count<SpliceRequestMessage>(ist), 1U);
    EXPECT_EQ(Count<PrepareMessage>(*bob), 1U);
    const SpliceRequestMessage request = AnswerSplice(ist);
    EXPECT_EQ(Count<InstructMessage>(*ann), 0U);
    const PrepareMessage prepare = AnswerPrepare(*bob);
    // Second: both are told at once.
    TakeInstructs();
    EXPECT_EQ(request.method, ForwardingMethod::Passive);
    EXPECT_EQ(request.subscriber, ann->address.address);
    EXPECT_EQ(request.provider, bob->address.address);
    EXPECT_EQ(request.patience, settings.translatedTimeout);
    EXPECT_EQ(prepare.path, ServicePath::Translated);
    EXPECT_EQ(toAnn.request, open.request);
    EXPECT_EQ(toBob.request, 0U);
    EXPECT_EQ(toAnn.target, At(IST, 20'000));
    EXPECT_EQ(toBob.target, At(IST, 20'001));
    EXPECT_EQ(toAnn.role, ConnectRole::Connect);
    EXPECT_EQ(toBob.role, ConnectRole::Connect);
    EXPECT_EQ(toAnn.ist, "ist");
    EXPECT_EQ(toAnn.sendToken, toBob.expectToken);
    EXPECT_EQ(toBob.sendToken, toAnn.expectToken);
    EXPECT_NE(toAnn.sendToken, toBob.sendToken);
    Establish();
    EXPECT_EQ(broker->Counters().connections, 1U);
    EXPECT_EQ(trace.StatesOf(TraceKind::ConnectionState, toAnn.connection),
              "opened>asked>instructed>established");
    const KeptEvent chosen = trace.Last(TraceKind::IstChosen);
    EXPECT_EQ(chosen.reason, "isb.only-one");
    EXPECT_EQ(chosen.splice, request.splice);
}

TEST_F(ConnectionMakerTest, APublicProviderIsConnectedToDirectly)
{
    Meet({}, {true});
    Say(*ann, MakeOpen());
    EXPECT_EQ(AnswerPrepare(*bob).path, ServicePath::Direct);
    TakeInstructs();
    EXPECT_EQ(toAnn.path, ServicePath::Direct);
    EXPECT_EQ(toAnn.role, ConnectRole::Connect);
    EXPECT_EQ(toAnn.target, At(BOB, 7471));
    EXPECT_EQ(toBob.role, ConnectRole::Await);
    EXPECT_EQ(toBob.target, Endpoint{});
    EXPECT_EQ(toAnn.patience, settings.directTimeout);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).path, "direct");
}

TEST_F(ConnectionMakerTest, APublicSubscriberIsConnectedToByANatedProvider)
{
    Meet({true}, {});
    Say(*ann, MakeOpen());
    EXPECT_EQ(AnswerPrepare(*bob).path, ServicePath::Reversed);
    TakeInstructs();
    EXPECT_EQ(toAnn.role, ConnectRole::Await);
    EXPECT_EQ(toBob.role, ConnectRole::Connect);
    EXPECT_EQ(toBob.target, At(ANN, 7471));
}

TEST_F(ConnectionMakerTest, TwoPublicUsersConnectDirectly)
{
    Meet({true}, {true});
    Say(*ann, MakeOpen());
    EXPECT_EQ(Take<PrepareMessage>(*bob).path, ServicePath::Direct);
}

TEST_F(ConnectionMakerTest, ARequiredIstIsUsedEvenByPublicUsers)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({true}, {true});
    OpenMessage open = MakeOpen();
    open.requireIst = true;
    Say(*ann, open);
    EXPECT_EQ(Take<PrepareMessage>(*bob).path, ServicePath::Translated);
    EXPECT_EQ(Count<SpliceRequestMessage>(ist), 1U);
    EXPECT_EQ(trace.First(TraceKind::ConnectionState).reason, "isb.ist-required");
}

TEST_F(ConnectionMakerTest, ADirectTargetIsTheObservedAddressWhateverTheProviderClaims)
{
    Meet({}, {true});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob, 9000); // the port is his own, the address is not his to say
    TakeInstructs();
    EXPECT_EQ(toAnn.target, At(BOB, 9000));
}

TEST_F(ConnectionMakerTest, ADirectConnectionThatFailsIsMadeByTheIst)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {true});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob);
    TakeInstructs();
    const InstructMessage first = toAnn;
    Report(*ann, toAnn, ConnectionPhase::Failed, IsbCode::ConnectFailed);
    const PrepareMessage again = AnswerPrepare(*bob);
    EXPECT_EQ(again.path, ServicePath::Translated);
    EXPECT_EQ(again.attempt, 2U);
    AnswerSplice(ist);
    TakeInstructs();
    EXPECT_EQ(toAnn.connection, first.connection);
    EXPECT_EQ(toAnn.attempt, 2U);
    EXPECT_NE(toAnn.sendToken, first.sendToken);
    Establish();
    EXPECT_EQ(broker->Counters().fallbacks, 1U);
    EXPECT_EQ(broker->Counters().connections, 1U);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
}

TEST_F(ConnectionMakerTest, TheFallBackSaysWhy)
{
    Ist("ist", IST);
    Meet({true}, {});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob);
    TakeInstructs();
    Report(*bob, toBob, ConnectionPhase::Failed, IsbCode::ConnectFailed);
    const KeptEvent event = trace.Last(TraceKind::ConnectionState);
    EXPECT_EQ(event.from, "instructed");
    EXPECT_EQ(event.to, "asked");
    EXPECT_EQ(event.reason, "isb.reversed-failed");
    EXPECT_EQ(event.detail, "connect-failed");
    EXPECT_EQ(event.path, "translated");
    EXPECT_EQ(event.ist, "ist");
}

TEST_F(ConnectionMakerTest, ADirectConnectionOfWhichNobodyReportsFallsBackByTheBackstopExactly)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {true});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob);
    TakeInstructs();
    const Duration wait = settings.directTimeout + ConnectionMaker::BACKSTOP;
    AdvanceAlive(wait - 1ns, {&ist});
    EXPECT_EQ(Count<PrepareMessage>(*bob), 0U);
    Advance(1ns);
    EXPECT_EQ(Take<PrepareMessage>(*bob).attempt, 2U);
}

TEST_F(ConnectionMakerTest, ReportsOfAnOlderAttemptAreIgnored)
{
    Ist("ist", IST);
    Meet({}, {true});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob);
    TakeInstructs();
    Report(*ann, toAnn, ConnectionPhase::Failed, IsbCode::ConnectFailed);
    Take<PrepareMessage>(*bob);
    Report(*bob, toBob, ConnectionPhase::Failed, IsbCode::ConnectFailed);
    Report(*bob, toBob, ConnectionPhase::Established);
    Say(*bob, ReadyMessage{toBob.connection, 1, 7471, 0});
    EXPECT_FALSE(bob->closed);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*ann), 0U);
    EXPECT_EQ(broker->Connections(), 1U);
}

TEST_F(ConnectionMakerTest, WithoutAnyIstTheFallBackFailsForBoth)
{
    Meet({}, {true});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob);
    TakeInstructs();
    Report(*ann, toAnn, ConnectionPhase::Failed, IsbCode::TimedOut);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, IsbCode::NoIst);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::NoIst);
    EXPECT_EQ(broker->Connections(), 0U);
}

struct NoRetryCase
{
    const char* name;
    IsbCode code;
};

class ConnectionNoRetryTest : public ConnectionMakerTest,
                              public ::testing::WithParamInterface<NoRetryCase>
{
};

TEST_P(ConnectionNoRetryTest, AFailureThatAnotherPathDoesNotCureEndsTheConnection)
{
    Ist("ist", IST);
    Meet({}, {true});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob);
    TakeInstructs();
    Report(*bob, toBob, ConnectionPhase::Failed, GetParam().code);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*ann).code, GetParam().code);
    EXPECT_EQ(broker->Connections(), 0U);
    EXPECT_EQ(broker->Counters().fallbacks, 0U);
}

INSTANTIATE_TEST_SUITE_P(Codes,
                         ConnectionNoRetryTest,
                         ::testing::Values(NoRetryCase{"ServerRefused", IsbCode::ServerRefused},
                                           NoRetryCase{"Cancelled", IsbCode::Cancelled},
                                           NoRetryCase{"Withdrawn", IsbCode::Withdrawn}),
                         [](const auto& instance) { return instance.param.name; });

TEST_F(ConnectionMakerTest, WithoutIstTwoNatedUsersAreToldNoIst)
{
    Meet({}, {});
    const OpenMessage open = MakeOpen();
    Say(*ann, open);
    const auto fault = Take<FaultMessage>(*ann);
    EXPECT_EQ(fault.code, IsbCode::NoIst);
    EXPECT_EQ(fault.request, open.request);
    EXPECT_EQ(Count<PrepareMessage>(*bob), 0U);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).reason, "isb.no-ist");
}

TEST_F(ConnectionMakerTest, AProviderThatIsSilentTimesOutExactlyAndItsSpliceIsCancelled)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    const SpliceRequestMessage request = AnswerSplice(ist);
    AdvanceAlive(settings.answerTimeout - 1ns, {&ist});
    EXPECT_EQ(Count<FaultMessage>(*ann), 0U);
    Advance(1ns);
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::TimedOut);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::TimedOut);
    EXPECT_EQ(Take<SpliceCancelMessage>(ist).splice, request.splice);
    EXPECT_EQ(broker->Connections(), 0U);
}

TEST_F(ConnectionMakerTest, AProviderThatRefusesIsHeard)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    const auto prepare = Take<PrepareMessage>(*bob);
    Say(*bob, FaultMessage{IsbCode::ServerRefused, prepare.connection, "no server"});
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::ServerRefused);
    EXPECT_EQ(Count<ConnectionEndedMessage>(*bob), 0U);
    EXPECT_EQ(Count<SpliceCancelMessage>(ist), 1U);
}

TEST_F(ConnectionMakerTest, AnIstThatRefusesIsReplacedByAnother)
{
    BrokerPeer& far = Ist("far", "203.0.113.8");
    BrokerPeer& near = Ist("near", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    const auto request = Take<SpliceRequestMessage>(far); // first by name
    Say(far, FaultMessage{IsbCode::Overloaded, request.splice, "full"});
    EXPECT_EQ(Count<SpliceRequestMessage>(near), 1U);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).reason, "isb.ist-refused");
    AnswerSplice(near);
    AnswerPrepare(*bob); // of the first attempt: too old
    AnswerPrepare(*bob);
    TakeInstructs();
    EXPECT_EQ(toAnn.ist, "near");
}

TEST_F(ConnectionMakerTest, WhenEveryIstRefusesTheConnectionFails)
{
    BrokerPeer& far = Ist("far", "203.0.113.8");
    BrokerPeer& near = Ist("near", IST);
    Meet({}, {});
    Say(*ann, MakeOpen(ForwardingMethod::Proxy));
    Say(far, FaultMessage{IsbCode::Overloaded, Take<SpliceRequestMessage>(far).splice, ""});
    Say(near, FaultMessage{IsbCode::Overloaded, Take<SpliceRequestMessage>(near).splice, ""});
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::NoIst);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::NoIst);
}

TEST_F(ConnectionMakerTest, AnIstThatIsSilentIsReplacedAndSuspected)
{
    BrokerPeer& far = Ist("far", "203.0.113.8");
    BrokerPeer& near = Ist("near", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    AnswerPrepare(*bob);
    AdvanceAlive(settings.answerTimeout, {&far, &near});
    EXPECT_EQ(Count<SpliceCancelMessage>(far), 1U);
    EXPECT_EQ(Count<SpliceRequestMessage>(near), 1U);
    EXPECT_EQ(trace.Last(TraceKind::IstState).to, "suspected");
    near.inbox.clear();
    Say(*ann, MakeOpen());
    EXPECT_EQ(Count<SpliceRequestMessage>(near), 1U);
}

TEST_F(ConnectionMakerTest, AnIstThatSaysReadyAndIsNotFailsVisiblyAndIsAvoidedByThatSubscriber)
{
    BrokerPeer& far = Ist("far", "203.0.113.8");
    BrokerPeer& near = Ist("near", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    AnswerSplice(far);
    AnswerPrepare(*bob);
    TakeInstructs();
    Report(*ann, toAnn, ConnectionPhase::Failed, IsbCode::ConnectFailed);
    EXPECT_EQ(Take<ConnectionEndedMessage>(*bob).code, IsbCode::ConnectFailed);
    EXPECT_EQ(Count<SpliceCancelMessage>(far), 1U);
    Say(*ann, MakeOpen());
    EXPECT_EQ(Count<SpliceRequestMessage>(near), 1U);
    // Others believe what they see themselves.
    BrokerPeer& joe = User("joe", "203.0.113.4");
    const uint64_t other = Subscribe(joe, *bob, "web");
    OpenMessage open = MakeOpen();
    open.subscription = other;
    Say(joe, open);
    EXPECT_EQ(Count<SpliceRequestMessage>(far), 1U);
}

TEST_F(ConnectionMakerTest, RepeatedAnswersInstructOnce)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    const SpliceRequestMessage request = AnswerSplice(ist);
    const PrepareMessage prepare = AnswerPrepare(*bob);
    Say(*bob, ReadyMessage{prepare.connection, prepare.attempt, 0, 0});
    Say(ist,
        SpliceReadyMessage{request.splice,
                           ForwardingMethod::Passive,
                           At(IST, 30'000),
                           At(IST, 30'001)});
    EXPECT_EQ(Count<InstructMessage>(*ann), 1U);
    EXPECT_EQ(Count<InstructMessage>(*bob), 1U);
    EXPECT_EQ(Take<InstructMessage>(*ann).target, At(IST, 20'000));
}

TEST_F(ConnectionMakerTest, AnIstThatNamesAForeignAddressLosesItsSession)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    const auto request = Take<SpliceRequestMessage>(ist);
    Say(ist,
        SpliceReadyMessage{request.splice,
                           ForwardingMethod::Passive,
                           At("10.0.0.1", 22),
                           At(IST, 20'001)});
    EXPECT_EQ(Take<ByeMessage>(ist).code, IsbCode::BadRequest);
    EXPECT_EQ(Count<InstructMessage>(*ann), 0U);
}

// --- refusals

TEST_F(ConnectionMakerTest, AnUnknownSubscriptionIsNotFound)
{
    Meet({}, {});
    OpenMessage open = MakeOpen();
    open.subscription ^= 1;
    Say(*ann, open);
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::NotFound);
}

TEST_F(ConnectionMakerTest, SomebodyElsesSubscriptionIsNotFound)
{
    Meet({}, {});
    BrokerPeer& eve = User("eve", "203.0.113.66");
    Say(eve, MakeOpen());
    EXPECT_EQ(Take<FaultMessage>(eve).code, IsbCode::NotFound);
    EXPECT_EQ(Count<PrepareMessage>(*bob), 0U);
}

TEST_F(ConnectionMakerTest, DatagramForwardingOfATcpServiceIsABadRequest)
{
    Meet({}, {});
    Say(*ann, MakeOpen(ForwardingMethod::Udp));
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::BadRequest);
}

TEST_F(ConnectionMakerTest, ConnectionsBeyondTheQuotaAreRefusedAndOthersAreServed)
{
    settings.profiles["ann"].quota.connections = 2;
    Restart();
    Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    Say(*ann, MakeOpen());
    EXPECT_EQ(Count<FaultMessage>(*ann), 0U);
    Say(*ann, MakeOpen());
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::QuotaExceeded);
    BrokerPeer& joe = User("joe", "203.0.113.4");
    OpenMessage open = MakeOpen();
    open.subscription = Subscribe(joe, *bob, "web");
    Say(joe, open);
    EXPECT_EQ(Count<FaultMessage>(joe), 0U);
}

TEST_F(ConnectionMakerTest, ConnectionsBeyondTheBrokersLimitAreRefusedAsOverloaded)
{
    settings.maxConnections = 1;
    Restart();
    Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen());
    Say(*ann, MakeOpen());
    EXPECT_EQ(Take<FaultMessage>(*ann).code, IsbCode::Overloaded);
}

} // namespace
} // namespace isb
