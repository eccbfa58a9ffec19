// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/connection-plan.h"

#include "tests/core/isb/meeting-fixture.h"

namespace isb
{
namespace
{

using ConnectionPlanTest = MeetingFixture;

// --- Pure (thesis 4.4, Fig 4.7)

TEST_F(ConnectionPlanTest, PureWithBothChoosingWaitsForNothing)
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

TEST_F(ConnectionPlanTest, PureWithTheProviderChoosingWaitsForTheSubscribersSyn)
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

TEST_F(ConnectionPlanTest, PureWithTheSubscriberChoosingIsTheMirrorImage)
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

TEST_F(ConnectionPlanTest, ARepeatedFirstSynInstructsOnce)
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

TEST_F(ConnectionPlanTest, PureThatNobodyCanChooseForIsPassiveVisibly)
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

TEST_F(ConnectionPlanTest, PureWhosePortsCollideAtTheIstIsPassiveVisibly)
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

TEST_F(ConnectionPlanTest, APureEndThatCannotBindItsPortIsRetriedAsPassive)
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

TEST_F(ConnectionPlanTest, PureThatFallsBackAtTheIstLeavesTheSecondEndsPortOpen)
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

TEST_F(ConnectionPlanTest, ActiveSendsTheIstToAPublicProviderOnly)
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

TEST_F(ConnectionPlanTest, ActiveToANatedProviderIsPassiveVisibly)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({}, {});
    Say(*ann, MakeOpen(ForwardingMethod::Active));
    EXPECT_EQ(Take<SpliceRequestMessage>(ist).method, ForwardingMethod::Passive);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).reason, "isb.provider-private");
}

TEST_F(ConnectionPlanTest, PureWithoutAnIstThatCanIsPassiveVisibly)
{
    BrokerPeer& ist = Ist("ist", IST, {{ForwardingMethod::Passive}});
    Meet({}, {false, true});
    Say(*ann, MakeOpen(ForwardingMethod::Pure));
    EXPECT_EQ(Take<SpliceRequestMessage>(ist).method, ForwardingMethod::Passive);
    const KeptEvent event = trace.Last(TraceKind::SpliceFallback);
    EXPECT_EQ(event.reason, "isb.method-unavailable");
    EXPECT_EQ(event.from, "pure");
}

TEST_F(ConnectionPlanTest, UdpWithoutAnIstThatCanIsProxiedVisibly)
{
    BrokerPeer& ist = Ist("ist", IST, {{ForwardingMethod::Proxy}});
    Meet({}, {}, Protocol::Udp);
    Say(*ann, MakeOpen(ForwardingMethod::Passive));
    EXPECT_EQ(Take<SpliceRequestMessage>(ist).method, ForwardingMethod::Proxy);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).from, "udp");
}

TEST_F(ConnectionPlanTest, AMethodThatNoIstHasIsReplacedVisibly)
{
    BrokerPeer& ist = Ist("ist", IST, {{ForwardingMethod::Proxy}});
    Meet({}, {});
    Say(*ann, MakeOpen(ForwardingMethod::Passive));
    EXPECT_EQ(Take<SpliceRequestMessage>(ist).method, ForwardingMethod::Proxy);
    EXPECT_EQ(trace.Last(TraceKind::SpliceFallback).reason, "isb.method-unavailable");
}

// --- UDP

TEST_F(ConnectionPlanTest, UdpDirectGoesToThePortOfTheReady)
{
    Meet({}, {true}, Protocol::Udp);
    Say(*ann, MakeOpen(ForwardingMethod::Udp));
    AnswerPrepare(*bob, 45'000);
    TakeInstructs();
    EXPECT_EQ(toAnn.target, At(BOB, 45'000));
}

TEST_F(ConnectionPlanTest, UdpReversedGoesToThePortOfTheOpen)
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

TEST_F(ConnectionPlanTest, UdpReversedWithoutPortIsTranslated)
{
    BrokerPeer& ist = Ist("ist", IST);
    Meet({true}, {}, Protocol::Udp);
    Say(*ann, MakeOpen(ForwardingMethod::Passive));
    const SpliceRequestMessage request = AnswerSplice(ist);
    EXPECT_EQ(request.protocol, Protocol::Udp);
    EXPECT_EQ(request.method, ForwardingMethod::Udp);
    EXPECT_EQ(trace.StatesOf(TraceKind::SpliceFallback), "");
}

// --- what an IST may answer

struct FittingCase
{
    const char* name;
    ForwardingMethod asked;
    PortChooser chooser;
    SpliceReadyMessage ready;
    bool fits;
};

class FittingSpliceTest : public ::testing::TestWithParam<FittingCase>
{
};

TEST_P(FittingSpliceTest, IsTheRequestsMethodAtTheIstsOwnAddress)
{
    ServiceConnection connection;
    connection.method = GetParam().asked;
    connection.chooser = GetParam().chooser;
    EXPECT_EQ(IsFitting(GetParam().ready, connection, *Ipv4::Parse(IST)), GetParam().fits);
}

constexpr ForwardingMethod PASSIVE = ForwardingMethod::Passive;
constexpr ForwardingMethod PURE = ForwardingMethod::Pure;

INSTANTIATE_TEST_SUITE_P(
    Table,
    FittingSpliceTest,
    ::testing::Values(FittingCase{"Passive",
                                  PASSIVE,
                                  PortChooser::Nobody,
                                  {1, PASSIVE, At(IST, 1), At(IST, 2)},
                                  true},
                      FittingCase{"ForeignSubscriberAddress",
                                  PASSIVE,
                                  PortChooser::Nobody,
                                  {1, PASSIVE, At(ANN, 1), At(IST, 2)},
                                  false},
                      FittingCase{"ForeignProviderAddress",
                                  PASSIVE,
                                  PortChooser::Nobody,
                                  {1, PASSIVE, At(IST, 1), At("127.0.0.1", 2)},
                                  false},
                      FittingCase{"NoPort",
                                  PASSIVE,
                                  PortChooser::Nobody,
                                  {1, PASSIVE, At(IST, 1), At(IST, 0)},
                                  false},
                      FittingCase{"AnotherMethod",
                                  PASSIVE,
                                  PortChooser::Nobody,
                                  {1, ForwardingMethod::Proxy, At(IST, 1), At(IST, 2)},
                                  false},
                      FittingCase{"PureFellBack",
                                  PURE,
                                  PortChooser::Provider,
                                  {1, PASSIVE, At(IST, 1), At(IST, 2)},
                                  true},
                      FittingCase{"PureFellBackWithoutPort",
                                  PURE,
                                  PortChooser::Provider,
                                  {1, PASSIVE, At(IST, 1), At(IST, 0)},
                                  false},
                      FittingCase{"PureProviderWaits",
                                  PURE,
                                  PortChooser::Provider,
                                  {1, PURE, At(IST, 1), At(IST, 0)},
                                  true},
                      FittingCase{"PureSubscriberWaits",
                                  PURE,
                                  PortChooser::Subscriber,
                                  {1, PURE, At(IST, 0), At(IST, 1)},
                                  true},
                      FittingCase{"PureWrongSideOpen",
                                  PURE,
                                  PortChooser::Subscriber,
                                  {1, PURE, At(IST, 1), At(IST, 0)},
                                  false},
                      FittingCase{"PureBothNeedPorts",
                                  PURE,
                                  PortChooser::Both,
                                  {1, PURE, At(IST, 1), At(IST, 0)},
                                  false},
                      FittingCase{"ActiveHasOneSide",
                                  ForwardingMethod::Active,
                                  PortChooser::Nobody,
                                  {1, ForwardingMethod::Active, At(IST, 1), Endpoint{}},
                                  true}),
    [](const auto& instance) { return instance.param.name; });

} // namespace
} // namespace isb
