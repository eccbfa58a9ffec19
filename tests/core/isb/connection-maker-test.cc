// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-maker.h"

#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

constexpr const char* ANN = "203.0.113.1";
constexpr const char* BOB = "203.0.113.2";
constexpr const char* IST = "203.0.113.9";

/// ann subscribes to bob/web; who is public is up to the test.
class ConnectionMakerTest : public BrokerFixture
{
  protected:
    void
    Meet(const LoginOptions& annOptions,
         const LoginOptions& bobOptions,
         Protocol protocol = Protocol::Tcp)
    {
        ann = &User("ann", ANN, annOptions);
        bob = &User("bob", BOB, bobOptions);
        Announce(*bob, "web", protocol);
        subscription = Subscribe(*ann, *bob, "web");
    }

    OpenMessage
    MakeOpen(ForwardingMethod method = ForwardingMethod::Passive)
    {
        OpenMessage open;
        open.request = nextRequest++;
        open.subscription = subscription;
        open.method = method;
        return open;
    }

    /// Both ends are instructed.
    void
    TakeInstructs()
    {
        toAnn = Take<InstructMessage>(*ann);
        toBob = Take<InstructMessage>(*bob);
    }

    void
    Establish()
    {
        Report(*ann, toAnn, ConnectionPhase::Established);
        Report(*bob, toBob, ConnectionPhase::Established);
    }

    BrokerPeer* ann = nullptr;
    BrokerPeer* bob = nullptr;
    uint64_t subscription = 0;
    InstructMessage toAnn;
    InstructMessage toBob;
};

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

// --- Pure (thesis 4.4, Fig 4.7) ----------------------------------------------------------------

TEST_F(ConnectionMakerTest, PureWithBothChoosingWaitsForNothing)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {false, true});
    OpenMessage open = MakeOpen(ForwardingMethod::Pure);
    open.chosenPort = 41'000;
    Say(*ann, open);
    const SpliceRequestMessage request = AnswerSplice(ist);
    EXPECT_EQ(request.method, ForwardingMethod::Pure);
    EXPECT_EQ(request.portA, 0);
    EXPECT_EQ(request.portB, 41'000);
    EXPECT_FALSE(request.providerFirst);
    EXPECT_EQ(AnswerPrepare(*bob).peerPort, 41'000);
    TakeInstructs();
    EXPECT_EQ(toAnn.target, At(IST, 20'000));
    EXPECT_EQ(toAnn.localPort, 41'000);
    EXPECT_EQ(toBob.target, At(IST, 41'000));
    EXPECT_EQ(toBob.localPort, 20'000);
    EXPECT_EQ(toBob.method, ForwardingMethod::Pure);
}

TEST_F(ConnectionMakerTest, PureWithTheProviderChoosingWaitsForTheSubscribersSyn)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {false, true});
    Say(*ann, MakeOpen(ForwardingMethod::Pure));
    const SpliceRequestMessage request = AnswerSplice(ist);
    EXPECT_EQ(request.portB, 0);
    EXPECT_FALSE(request.providerFirst);
    AnswerPrepare(*bob);
    toAnn = Take<InstructMessage>(*ann);
    EXPECT_EQ(toAnn.target, At(IST, 20'000));
    EXPECT_EQ(toAnn.localPort, 0);
    EXPECT_EQ(Count<InstructMessage>(*bob), 0U);
    Say(ist, SpliceEventMessage{request.splice, SpliceNews::FirstSyn, IsbCode::None, 51'234});
    toBob = Take<InstructMessage>(*bob);
    EXPECT_EQ(toBob.target, At(IST, 51'234));
    EXPECT_EQ(toBob.localPort, 20'000);
    Establish();
    EXPECT_EQ(broker->Counters().connections, 1U);
}

TEST_F(ConnectionMakerTest, PureWithTheSubscriberChoosingIsTheMirrorImage)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    OpenMessage open = MakeOpen(ForwardingMethod::Pure);
    open.chosenPort = 41'000;
    Say(*ann, open);
    const SpliceRequestMessage request = AnswerSplice(ist);
    EXPECT_TRUE(request.providerFirst);
    AnswerPrepare(*bob);
    toBob = Take<InstructMessage>(*bob);
    EXPECT_EQ(toBob.target, At(IST, 20'000));
    EXPECT_EQ(toBob.localPort, 0);
    EXPECT_EQ(Count<InstructMessage>(*ann), 0U);
    Say(ist, SpliceEventMessage{request.splice, SpliceNews::FirstSyn, IsbCode::None, 51'234});
    toAnn = Take<InstructMessage>(*ann);
    EXPECT_EQ(toAnn.target, At(IST, 51'234));
    EXPECT_EQ(toAnn.localPort, 20'000);
    EXPECT_EQ(toAnn.request, open.request);
}

TEST_F(ConnectionMakerTest, ARepeatedFirstSynInstructsOnce)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {false, true});
    Say(*ann, MakeOpen(ForwardingMethod::Pure));
    const SpliceRequestMessage request = AnswerSplice(ist);
    AnswerPrepare(*bob);
    const SpliceEventMessage syn{request.splice, SpliceNews::FirstSyn, IsbCode::None, 51'234};
    Say(ist, syn);
    Say(ist, syn);
    EXPECT_EQ(Count<InstructMessage>(*bob), 1U);
}

TEST_F(ConnectionMakerTest, PureThatNobodyCanChooseForIsPassiveVisibly)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen(ForwardingMethod::Pure));
    EXPECT_EQ(Take<SpliceRequestMessage>(ist).method, ForwardingMethod::Passive);
    const KeptEvent event = trace.Last(TraceKind::SpliceFallback);
    EXPECT_EQ(event.reason, "isb.nobody-chooses-port");
    EXPECT_EQ(event.from, "pure");
    EXPECT_EQ(event.to, "passive");
}

TEST_F(ConnectionMakerTest, PureWhosePortsCollideAtTheIstIsPassiveVisibly)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {false, true});
    Say(*ann, MakeOpen(ForwardingMethod::Pure));
    const auto request = Take<SpliceRequestMessage>(ist);
    AnswerPrepare(*bob);
    Say(ist,
        SpliceReadyMessage{request.splice,
                           ForwardingMethod::Passive,
                           At(IST, 20'000),
                           At(IST, 20'001)});
    TakeInstructs();
    EXPECT_EQ(toAnn.method, ForwardingMethod::Passive);
    EXPECT_EQ(toBob.target, At(IST, 20'001));
    EXPECT_EQ(toBob.localPort, 0);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).reason, "isb.pure-collision");
}

TEST_F(ConnectionMakerTest, APureEndThatCannotBindItsPortIsRetriedAsPassive)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {false, true});
    Say(*ann, MakeOpen(ForwardingMethod::Pure));
    const SpliceRequestMessage pure = AnswerSplice(ist);
    AnswerPrepare(*bob);
    Take<InstructMessage>(*ann);
    Say(ist, SpliceEventMessage{pure.splice, SpliceNews::FirstSyn, IsbCode::None, 51'234});
    Report(*bob, Take<InstructMessage>(*bob), ConnectionPhase::Failed, IsbCode::ConnectFailed);
    EXPECT_EQ(Take<SpliceCancelMessage>(ist).splice, pure.splice);
    EXPECT_EQ(AnswerSplice(ist).method, ForwardingMethod::Passive);
    EXPECT_EQ(AnswerPrepare(*bob).method, ForwardingMethod::Passive);
    TakeInstructs();
    EXPECT_EQ(toAnn.attempt, 2U);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).reason, "isb.pure-failed");
    EXPECT_EQ(broker->Counters().fallbacks, 0U);
}

TEST_F(ConnectionMakerTest, PureThatFallsBackAtTheIstLeavesTheSecondEndsPortOpen)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {false, true});
    Say(*ann, MakeOpen(ForwardingMethod::Pure));
    const SpliceRequestMessage request = AnswerSplice(ist);
    AnswerPrepare(*bob);
    Say(ist, SpliceEventMessage{request.splice, SpliceNews::FellBack, IsbCode::Duplicate});
    Say(ist, SpliceEventMessage{request.splice, SpliceNews::FirstSyn, IsbCode::None, 20'002});
    toBob = Take<InstructMessage>(*bob);
    EXPECT_EQ(toBob.method, ForwardingMethod::Passive);
    EXPECT_EQ(toBob.target, At(IST, 20'002));
    EXPECT_EQ(toBob.localPort, 0);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).reason, "isb.pure-fell-back");
}

TEST_F(ConnectionMakerTest, ActiveSendsTheIstToAPublicProviderOnly)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {true});
    OpenMessage open = MakeOpen(ForwardingMethod::Active);
    open.requireIst = true;
    Say(*ann, open);
    const SpliceRequestMessage request = AnswerSplice(ist);
    EXPECT_EQ(request.method, ForwardingMethod::Active);
    EXPECT_EQ(request.activeTarget, At(BOB, 7471));
    AnswerPrepare(*bob);
    TakeInstructs();
    EXPECT_EQ(toBob.role, ConnectRole::Await);
    EXPECT_EQ(toAnn.role, ConnectRole::Connect);
}

TEST_F(ConnectionMakerTest, ActiveToANatedProviderIsPassiveVisibly)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen(ForwardingMethod::Active));
    EXPECT_EQ(Take<SpliceRequestMessage>(ist).method, ForwardingMethod::Passive);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).reason, "isb.provider-private");
}

TEST_F(ConnectionMakerTest, AMethodThatNoIstHasIsReplacedVisibly)
{
    BrokerPeer& ist = Ist("ist", IST, {{ForwardingMethod::Proxy}});
    Meet({}, {});
    Say(*ann, MakeOpen(ForwardingMethod::Passive));
    EXPECT_EQ(Take<SpliceRequestMessage>(ist).method, ForwardingMethod::Proxy);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).reason, "isb.method-unavailable");
}

// --- UDP -----------------------------------------------------------------------------------------

TEST_F(ConnectionMakerTest, UdpDirectGoesToThePortOfTheReady)
{
    Meet({}, {true}, Protocol::Udp);
    Say(*ann, MakeOpen(ForwardingMethod::Udp));
    AnswerPrepare(*bob, 45'000);
    TakeInstructs();
    EXPECT_EQ(toAnn.target, At(BOB, 45'000));
}

TEST_F(ConnectionMakerTest, UdpReversedGoesToThePortOfTheOpen)
{
    Meet({true}, {}, Protocol::Udp);
    OpenMessage open = MakeOpen(ForwardingMethod::Udp);
    open.udp = At("10.1.1.1", 46'000); // a claimed address counts for nothing
    Say(*ann, open);
    AnswerPrepare(*bob);
    TakeInstructs();
    EXPECT_EQ(toBob.target, At(ANN, 46'000));
    EXPECT_EQ(toAnn.role, ConnectRole::Await);
}

TEST_F(ConnectionMakerTest, UdpReversedWithoutPortIsTranslated)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({true}, {}, Protocol::Udp);
    Say(*ann, MakeOpen(ForwardingMethod::Passive));
    const SpliceRequestMessage request = AnswerSplice(ist);
    EXPECT_EQ(request.protocol, Protocol::Udp);
    EXPECT_EQ(request.method, ForwardingMethod::Udp);
    EXPECT_EQ(trace.StatesOf(TraceKind::SpliceFallback), "");
}

// --- refusals ------------------------------------------------------------------------------------

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
