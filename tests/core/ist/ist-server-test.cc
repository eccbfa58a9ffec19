// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-server.h"

#include "model/wire/packet-builder.h"
#include "tests/core/ist/ist-server-rig.h"

#include <set>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

class IstServerTest : public testing::Test
{
  protected:
    void
    SetUp() override
    {
        rig.Start();
        rig.Register();
        rig.heard.clear();
    }

    /// TCP segment of a user to an IST endpoint.
    IstVerdict
    Segment(Endpoint from, Endpoint to, uint8_t flags, uint32_t acknowledgement = 0)
    {
        TcpFields tcp;
        tcp.flags = flags;
        tcp.sequence = flags == TCP_SYN ? 0 : 1;
        tcp.acknowledgement = acknowledgement;
        auto packet = BuildTcp(from, to, tcp, {});
        return rig.Packet(packet);
    }

    void
    Establish(const SpliceReadyMessage& ready, Endpoint subscriber, Endpoint provider)
    {
        (void)Segment(subscriber, ready.subscriber, TCP_SYN);
        (void)Segment(provider, ready.provider, TCP_SYN);
        (void)Segment(subscriber, ready.subscriber, TCP_ACK, 1);
        (void)Segment(provider, ready.provider, TCP_ACK, 1);
    }

    std::optional<SpliceNews>
    News()
    {
        const auto event = rig.Hear<SpliceEventMessage>();
        return event ? std::optional(event->news) : std::nullopt;
    }

    IstServerRig rig;
    Endpoint ann{SUBSCRIBER, 1111};
    Endpoint bob{PROVIDER, 2222};
};

TEST(IstServerSession, LogsInWithProofAndBootIdAndSaysWhatItCanCarry)
{
    IstServerRig rig;
    rig.Start();
    EXPECT_EQ(rig.connects, 1U);
    rig.Accept();
    EXPECT_TRUE(rig.heard.empty()) << "the ISB speaks first";
    HelloMessage hello;
    hello.challenge = Token{1, 2, 3};
    hello.observed = {IST_ADDRESS, 9};
    hello.broker = "isb";
    rig.Say(hello);
    const auto login = rig.Hear<LoginMessage>();
    ASSERT_TRUE(login);
    EXPECT_EQ(login->role, IsbRole::Ist);
    EXPECT_EQ(login->name, "ist");
    EXPECT_EQ(login->proof, rig.mac.Compute("secret", hello.challenge));
    EXPECT_EQ(login->local, CONTROL);
    EXPECT_NE(login->bootId, 0U);
    EXPECT_EQ(login->ist.methods, rig.settings.methods);
    EXPECT_EQ(login->ist.address, IST_ADDRESS);
    EXPECT_EQ(login->ist.capacity, 4096U);
    EXPECT_EQ(login->ist.pingPort, 7472);
    EXPECT_FALSE(rig.server.IsRegistered());
    rig.Say(LoggedInMessage{5, 1s});
    EXPECT_TRUE(rig.server.IsRegistered());
}

TEST(IstServerSession, SaysHelloAndLoadEveryInterval)
{
    IstServerRig rig;
    rig.Start();
    rig.Register(1s);
    for (int i = 0; i < 5; ++i)
    {
        EXPECT_TRUE(rig.Hear<PingMessage>());
        const auto load = rig.Hear<LoadMessage>();
        ASSERT_TRUE(load);
        EXPECT_EQ(load->splices, 0U);
        EXPECT_TRUE(rig.heard.empty());
        rig.Pass(999ms);
        EXPECT_TRUE(rig.heard.empty());
        rig.Say(PongMessage{});
        rig.Pass(1ms);
    }
}

TEST(IstServerSession, ASilentBrokerIsLostAfterThreeIntervalsAndASpeakingOneIsNot)
{
    IstServerRig rig;
    rig.Start();
    rig.Register(1s);
    for (int i = 0; i < 10; ++i)
    {
        rig.Pass(2900ms);
        rig.Say(PongMessage{});
    }
    EXPECT_TRUE(rig.server.IsRegistered());
    rig.Pass(2999ms);
    EXPECT_TRUE(rig.server.IsRegistered());
    rig.Pass(1ms);
    EXPECT_FALSE(rig.server.IsRegistered());
    EXPECT_EQ(rig.closes, 1U);
}

TEST(IstServerSession, RegistersAgainLaterEachTimeUpToTheMostAndWithTheSameBootId)
{
    IstServerRig rig;
    rig.Start();
    rig.Accept();
    const HelloMessage hello{Token{1}, CONTROL, "isb"};
    rig.Say(hello);
    const uint64_t bootId = rig.Hear<LoginMessage>()->bootId;
    Duration expected = rig.settings.retryFirst;
    for (int i = 0; i < 8; ++i)
    {
        const unsigned int before = rig.connects;
        rig.server.Failed(rig.now, rig.session, "connection refused");
        rig.Drain();
        rig.Pass(expected / 2 - 1ns);
        EXPECT_EQ(rig.connects, before) << "too early, attempt " << i;
        rig.Pass(expected / 2 + 1ns);
        EXPECT_EQ(rig.connects, before + 1) << "too late, attempt " << i;
        expected = std::min(2 * expected, rig.settings.retryMost);
    }
    rig.Accept();
    rig.Say(hello);
    EXPECT_EQ(rig.Hear<LoginMessage>()->bootId, bootId);
    rig.Say(LoggedInMessage{6, 1s});
    const unsigned int before = rig.connects;
    rig.server.EndOfStream(rig.now, rig.session);
    rig.Drain();
    rig.Pass(rig.settings.retryFirst); // a login resets the wait
    EXPECT_EQ(rig.connects, before + 1);
}

TEST(IstServerSession, AnotherLifeHasAnotherBootId)
{
    std::set<uint64_t> ids;
    for (const uint64_t seed : {1U, 2U, 3U})
    {
        IstServerRig rig(ServerSettings(), seed);
        rig.Start();
        rig.Register();
        ids.insert(rig.Hear<LoginMessage>()->bootId);
    }
    EXPECT_EQ(ids.size(), 3U);
}

TEST(IstServerSession, ABrokerThatNeverGreetsIsGivenUp)
{
    IstServerRig rig;
    rig.Start();
    rig.Accept();
    rig.Pass(9999ms);
    EXPECT_EQ(rig.closes, 0U);
    rig.Pass(1ms);
    EXPECT_EQ(rig.closes, 1U);
    rig.Pass(500ms);
    EXPECT_EQ(rig.connects, 2U);
}

TEST(IstServerSession, WhatDoesNotBelongHereEndsTheSessionWithACode)
{
    struct Case
    {
        const char* name;
        IsbMessage message;
    };

    const Case cases[] = {
        {"a second hello", HelloMessage{Token{}, CONTROL, "isb"}},
        {"a second login", LoggedInMessage{1, 1s}},
        {"an offer", OfferMessage{1, "ann", "web"}},
        {"a login", LoginMessage{}},
    };
    for (const Case& test : cases)
    {
        IstServerRig rig;
        rig.Start();
        rig.Register();
        IsbMessage message = test.message;
        if (auto* login = std::get_if<LoginMessage>(&message))
        {
            login->name = "x";
            login->bootId = 1;
        }
        rig.Say(message);
        const auto bye = rig.Hear<ByeMessage>();
        ASSERT_TRUE(bye) << test.name;
        EXPECT_EQ(bye->code, IsbCode::BadState) << test.name;
        EXPECT_FALSE(rig.server.IsRegistered()) << test.name;
        EXPECT_EQ(rig.closes, 1U) << test.name;
    }
}

TEST(IstServerSession, ARequestBeforeTheLoginIsRefused)
{
    IstServerRig rig;
    rig.Start();
    rig.Accept();
    rig.Say(IstServerRig::Request(1));
    EXPECT_EQ(rig.Hear<ByeMessage>()->code, IsbCode::BadState);
    EXPECT_TRUE(rig.engineOrders.empty());
}

TEST(IstServerSession, BrokenFramesEndTheSessionAndNothingElse)
{
    IstServerRig rig;
    rig.Start();
    rig.Register();
    (void)rig.Ready(IstServerRig::Request(1));
    const std::vector<uint8_t> garbage{0, 0, 0, 3, 0xff, 0xff, 0xff};
    rig.server.Received(rig.now, rig.session, garbage);
    rig.Drain();
    EXPECT_TRUE(rig.Hear<ByeMessage>());
    EXPECT_FALSE(rig.server.IsRegistered());
    EXPECT_EQ(rig.server.Splices(), 1U);
    rig.Pass(1s);
    rig.Register();
    EXPECT_TRUE(rig.server.IsRegistered());
}

TEST(IstServerSession, ABrokerThatDoesNotReadIsLeft)
{
    IstServerRig rig;
    rig.Start();
    rig.Register(10ms);
    rig.reads = false;
    uint64_t splice = 0;
    while (rig.server.IsRegistered() && splice < 200'000)
    {
        SpliceRequestMessage request = IstServerRig::Request(++splice);
        request.method = ForwardingMethod::Active; // refused: no target
        rig.Say(request);
    }
    EXPECT_FALSE(rig.server.IsRegistered());
    EXPECT_EQ(rig.closes, 1U);
}

TEST_F(IstServerTest, AnswersARequestWithTwoOfItsPorts)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(41));
    EXPECT_EQ(ready.splice, 41U);
    EXPECT_EQ(ready.method, ForwardingMethod::Passive);
    EXPECT_EQ(ready.subscriber.address, IST_ADDRESS);
    EXPECT_EQ(ready.provider.address, IST_ADDRESS);
    EXPECT_NE(ready.subscriber.port, ready.provider.port);
    for (const uint16_t port : {ready.subscriber.port, ready.provider.port})
    {
        EXPECT_GE(port, 20'000);
        EXPECT_LE(port, 49'151);
    }
    EXPECT_EQ(rig.server.Splices(), 1U);
    ASSERT_EQ(rig.engineOrders.size(), 1U);
    EXPECT_EQ(rig.engineOrders[0].pair.label, 41U);
}

TEST_F(IstServerTest, TheOrderIsInTheTrace)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(41));
    (void)rig.Refusal(IstServerRig::Request(41)); // again: a duplicate
    std::vector<TraceEvent> events;
    for (const TraceEvent& event : rig.trace.events)
    {
        if (event.kind == TraceKind::SpliceOrdered)
        {
            events.push_back(event);
        }
    }
    ASSERT_EQ(events.size(), 2U);
    EXPECT_EQ(events[0].flow.destination, ready.subscriber);
    EXPECT_EQ(events[0].translated, ready.provider);
    EXPECT_EQ(events[0].method, "passive");
    EXPECT_EQ(events[0].splice, 41U);
    EXPECT_EQ(events[0].reason, "");
    EXPECT_EQ(events[1].reason, "ist.duplicate");
}

TEST_F(IstServerTest, WithoutAnAddressOfItsOwnItNamesTheObservedOne)
{
    IstServerSettings settings = ServerSettings();
    settings.address = {};
    IstServerRig other(settings);
    other.Start();
    other.Register();
    EXPECT_EQ(other.Ready(IstServerRig::Request(1)).subscriber.address, CONTROL.address);
}

TEST_F(IstServerTest, EachMethodGoesToItsCarrier)
{
    struct Case
    {
        ForwardingMethod method;
        Protocol protocol;
        ForwardingMethod carried;
        std::optional<SpliceMethod> engine; ///< nothing: the proxy
    };

    const Case cases[] = {
        {ForwardingMethod::Passive,
         Protocol::Tcp,
         ForwardingMethod::Passive,
         SpliceMethod::Passive},
        {ForwardingMethod::Pure, Protocol::Tcp, ForwardingMethod::Pure, SpliceMethod::Pure},
        {ForwardingMethod::Active, Protocol::Tcp, ForwardingMethod::Active, SpliceMethod::Active},
        {ForwardingMethod::Udp, Protocol::Udp, ForwardingMethod::Udp, SpliceMethod::Udp},
        {ForwardingMethod::Passive, Protocol::Udp, ForwardingMethod::Udp, SpliceMethod::Udp},
        {ForwardingMethod::Pure, Protocol::Udp, ForwardingMethod::Udp, SpliceMethod::Udp},
        {ForwardingMethod::Proxy, Protocol::Tcp, ForwardingMethod::Proxy, std::nullopt},
        {ForwardingMethod::Proxy, Protocol::Udp, ForwardingMethod::Proxy, std::nullopt},
    };
    uint64_t splice = 0;
    for (const Case& test : cases)
    {
        SpliceRequestMessage request = IstServerRig::Request(++splice, test.method);
        request.protocol = test.protocol;
        request.activeTarget = test.method == ForwardingMethod::Active ? bob : Endpoint{};
        EXPECT_EQ(rig.Ready(request).method, test.carried) << splice;
        if (test.engine)
        {
            ASSERT_EQ(rig.engineOrders.back().splice, splice);
            EXPECT_EQ(rig.engineOrders.back().pair.method, *test.engine) << splice;
        }
        else
        {
            ASSERT_EQ(rig.proxyOrders.back().splice, splice);
            EXPECT_EQ(rig.proxyOrders.back().pair.protocol, test.protocol) << splice;
        }
    }
}

TEST_F(IstServerTest, OnlyTheTwoUsersMayTakeTheirSides)
{
    (void)rig.Ready(IstServerRig::Request(1));
    EXPECT_EQ(rig.engineOrders[0].pair.allowedA, SUBSCRIBER);
    EXPECT_EQ(rig.engineOrders[0].pair.allowedB, PROVIDER);
    SpliceRequestMessage anybody = IstServerRig::Request(2, ForwardingMethod::Proxy);
    anybody.subscriber = {};
    (void)rig.Ready(anybody);
    EXPECT_EQ(rig.proxyOrders[0].pair.allowedA, std::nullopt);
    EXPECT_EQ(rig.proxyOrders[0].pair.allowedB, PROVIDER);
}

TEST_F(IstServerTest, RefusesWhatItCannotCarry)
{
    IstServerSettings settings = ServerSettings();
    settings.methods = {ForwardingMethod::Passive, ForwardingMethod::Active};
    IstServerRig few(settings);
    few.Start();
    few.Register();
    EXPECT_EQ(few.Refusal(IstServerRig::Request(1, ForwardingMethod::Pure)), IsbCode::BadRequest);
    EXPECT_EQ(few.Refusal(IstServerRig::Request(1, ForwardingMethod::Udp)), IsbCode::BadRequest);
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Active);
    request.protocol = Protocol::Udp;
    request.activeTarget = bob;
    EXPECT_EQ(few.Refusal(request), IsbCode::BadRequest);
    (void)few.Ready(IstServerRig::Request(1));
    EXPECT_EQ(few.Refusal(IstServerRig::Request(1)), IsbCode::Duplicate);
    EXPECT_EQ(few.server.Splices(), 1U);
}

TEST_F(IstServerTest, CapacityIsTheMostAndReturnsWithAnEnd)
{
    IstServerSettings settings = ServerSettings();
    settings.capacity = 2;
    IstServerRig small(settings);
    small.Start();
    small.Register();
    (void)small.Ready(IstServerRig::Request(1));
    (void)small.Ready(IstServerRig::Request(2, ForwardingMethod::Proxy));
    EXPECT_EQ(small.Refusal(IstServerRig::Request(3)), IsbCode::Overloaded);
    small.Say(SpliceCancelMessage{2});
    (void)small.Ready(IstServerRig::Request(3));
    EXPECT_EQ(small.proxy.Size(), 0U);
    EXPECT_EQ(small.engine.Size(), 2U);
}

TEST_F(IstServerTest, WithoutFreePortsItIsOverloadedAndTakesNone)
{
    IstServerSettings settings = ServerSettings();
    settings.portFirst = 30'000;
    settings.portLast = 30'002;
    IstServerRig small(settings);
    small.Start();
    small.Register();
    (void)small.Ready(IstServerRig::Request(1));
    EXPECT_EQ(small.Refusal(IstServerRig::Request(2)), IsbCode::Overloaded);
    EXPECT_EQ(small.server.StateSize(), 3U);                            // one splice, its two ports
    (void)small.Ready(IstServerRig::Request(3, ForwardingMethod::Udp)); // other ports
    SpliceRequestMessage active = IstServerRig::Request(4, ForwardingMethod::Active);
    active.activeTarget = bob;
    (void)small.Ready(active); // needs but one
    EXPECT_EQ(small.Refusal(IstServerRig::Request(5)), IsbCode::Overloaded);
}

TEST_F(IstServerTest, TriesOtherPortsWhenTheCarrierCannotHaveThese)
{
    rig.carrierRefuses = 3;
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(1));
    ASSERT_EQ(rig.engineOrders.size(), 4U);
    std::set<uint16_t> ports;
    for (const EngineOrder& order : rig.engineOrders)
    {
        ports.insert(order.pair.portA);
        ports.insert(order.pair.portB);
    }
    EXPECT_EQ(ports.size(), 8U);
    EXPECT_EQ(ready.subscriber.port, rig.engineOrders.back().pair.portA);

    rig.carrierRefuses = 4;
    EXPECT_EQ(rig.Refusal(IstServerRig::Request(2)), IsbCode::Overloaded);
    EXPECT_EQ(rig.server.StateSize(), 3U);
}

TEST_F(IstServerTest, ReportsPairingAndEndWithBytesAndThenNothingIsLeft)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(1));
    EXPECT_EQ(rig.server.StateSize(), 3U);
    Establish(ready, ann, bob);
    EXPECT_EQ(News(), SpliceNews::Paired);
    EXPECT_EQ(rig.server.StateSize(), 1U) << "ports are single-use and return";
    (void)Segment(ann, ready.subscriber, TCP_RST | TCP_ACK, 1);
    const auto end = rig.Hear<SpliceEventMessage>();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->news, SpliceNews::Ended);
    EXPECT_EQ(end->bytes, 2 * 40U); // the ACK that was forwarded, and the RST
    EXPECT_EQ(rig.server.StateSize(), 0U);
    rig.Say(PongMessage{});
    rig.Pass(1s);
    EXPECT_EQ(rig.Hear<LoadMessage>()->forwardedBytes, 2 * 40U);
}

TEST_F(IstServerTest, APassiveSpliceReportsNoFirstSyn)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(1));
    (void)Segment(ann, ready.subscriber, TCP_SYN);
    EXPECT_FALSE(News());
}

TEST_F(IstServerTest, UnpairedSplicesEndWithTheirPatience)
{
    SpliceRequestMessage request = IstServerRig::Request(1);
    request.patience = 5s;
    (void)rig.Ready(request);
    const auto passWithPongs = [&](Duration duration)
    {
        rig.Pass(duration);
        rig.Say(PongMessage{});
    };
    passWithPongs(2s);
    passWithPongs(2999ms);
    EXPECT_FALSE(News());
    passWithPongs(1ms);
    const auto event = rig.Hear<SpliceEventMessage>();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->news, SpliceNews::Failed);
    EXPECT_EQ(event->code, IsbCode::TimedOut);
    EXPECT_EQ(rig.server.StateSize(), 0U);
    EXPECT_EQ(rig.engine.Size(), 0U);
}

TEST_F(IstServerTest, PatienceIsForPairingOnly)
{
    SpliceRequestMessage request = IstServerRig::Request(1);
    request.patience = 2s;
    const SpliceReadyMessage ready = rig.Ready(request);
    Establish(ready, ann, bob);
    rig.Pass(2900ms);
    EXPECT_EQ(rig.server.Splices(), 1U);
    EXPECT_EQ(rig.engine.Size(), 1U);
}

TEST_F(IstServerTest, CancelEndsASpliceWithoutNews)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(1));
    Establish(ready, ann, bob);
    (void)News();
    rig.Say(SpliceCancelMessage{1});
    EXPECT_EQ(rig.engine.Size(), 0U);
    EXPECT_EQ(rig.server.StateSize(), 0U);
    EXPECT_FALSE(News());
    rig.Say(SpliceCancelMessage{1}); // of nothing: no harm
    EXPECT_TRUE(rig.server.IsRegistered());
}

TEST_F(IstServerTest, ASlowCarrierIsToldAgainThatASpliceWasCancelled)
{
    rig.carrierWaits = true;
    rig.Say(IstServerRig::Request(1));
    EXPECT_FALSE(rig.Hear<SpliceReadyMessage>());
    rig.Say(SpliceCancelMessage{1});
    ASSERT_EQ(rig.waiting.size(), 2U); // the order, and its end
    EXPECT_TRUE(std::holds_alternative<EndOrder>(rig.waiting.back()));
    rig.server.CarrierOpened(rig.now, 1, false, "no");
    EXPECT_TRUE(rig.server.TakeCarrierOrders().empty());
    rig.server.CarrierOpened(rig.now, 1, true, "");
    EXPECT_EQ(rig.server.TakeCarrierOrders().size(), 1U);
    EXPECT_FALSE(rig.Hear<SpliceReadyMessage>());
    EXPECT_FALSE(rig.Hear<FaultMessage>());
}

TEST_F(IstServerTest, SplicesOutliveTheBrokerAndWhatHappenedMeanwhileIsTold)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(1));
    const SpliceReadyMessage other = rig.Ready(IstServerRig::Request(2));
    rig.server.Failed(rig.now, rig.session, "reset");
    rig.Drain();
    EXPECT_FALSE(rig.server.IsRegistered());
    EXPECT_EQ(rig.server.Splices(), 2U);
    Establish(ready, ann, bob);
    Establish(other, ann, bob);
    (void)Segment(ann, ready.subscriber, TCP_RST | TCP_ACK, 1);
    rig.Pass(1s);
    EXPECT_EQ(rig.engine.Size(), 1U);
    rig.Register();
    EXPECT_EQ(News(), SpliceNews::Paired);
    EXPECT_EQ(News(), SpliceNews::Paired);
    const auto end = rig.Hear<SpliceEventMessage>();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->splice, 1U);
    EXPECT_EQ(end->news, SpliceNews::Ended);
    EXPECT_FALSE(News());
}

TEST_F(IstServerTest, StopSaysByeEndsAllAndIsIdle)
{
    (void)rig.Ready(IstServerRig::Request(1));
    (void)rig.Ready(IstServerRig::Request(2, ForwardingMethod::Proxy));
    EXPECT_FALSE(rig.server.IsIdle());
    rig.server.Stop(rig.now);
    rig.Drain();
    EXPECT_EQ(rig.Hear<ByeMessage>()->code, IsbCode::LoggedOut);
    EXPECT_EQ(rig.engine.Size() + rig.proxy.Size(), 0U);
    EXPECT_EQ(rig.server.StateSize(), 0U);
    EXPECT_TRUE(rig.server.IsIdle());
    EXPECT_EQ(rig.server.NextTimeout(), TIME_NEVER);
    EXPECT_EQ(rig.ping, 0U);
}

TEST_F(IstServerTest, TheTighterLimitOfTheRequestAndItsOwnCounts)
{
    IstServerSettings settings = ServerSettings();
    settings.limits = {1'000'000, 0, 10s};
    IstServerRig limited(settings);
    limited.Start();
    limited.Register();
    SpliceRequestMessage request = IstServerRig::Request(1);
    request.limits = {2'000'000, 5000, 3s};
    (void)limited.Ready(request);
    const SpliceLimits& limits = limited.engineOrders[0].pair.limits;
    EXPECT_EQ(limits.rateBps, 1'000'000U);
    EXPECT_EQ(limits.bytes, 5000U);
    EXPECT_EQ(limits.lifetime, Duration(3s));
}

TEST_F(IstServerTest, AReachedLimitIsToldAsSuch)
{
    SpliceRequestMessage request = IstServerRig::Request(1);
    request.limits.lifetime = 1s;
    const SpliceReadyMessage ready = rig.Ready(request);
    Establish(ready, ann, bob);
    rig.Pass(1s);
    EXPECT_EQ(News(), SpliceNews::Paired);
    const auto end = rig.Hear<SpliceEventMessage>();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->news, SpliceNews::Ended);
    EXPECT_EQ(end->code, IsbCode::LimitReached);
}

// Pure (thesis Fig 4.7).

TEST_F(IstServerTest, PureWithOneAgreedPortChoosesTheOther)
{
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Pure);
    request.portB = 51'000; // X, which the subscriber chose
    const SpliceReadyMessage ready = rig.Ready(request);
    EXPECT_EQ(ready.method, ForwardingMethod::Pure);
    EXPECT_EQ(ready.provider.port, 51'000);
    Establish(ready, {SUBSCRIBER, 51'000}, {PROVIDER, ready.subscriber.port});
    EXPECT_EQ(News(), SpliceNews::FirstSyn);
    EXPECT_EQ(News(), SpliceNews::Paired);
    EXPECT_FALSE(News());
    EXPECT_EQ(rig.server.StateSize(), 1U);
}

TEST_F(IstServerTest, PureFollowsTheFirstSynsPort)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(1, ForwardingMethod::Pure));
    EXPECT_EQ(ready.provider.port, 0);
    (void)Segment(ann, ready.subscriber, TCP_SYN);
    const auto first = rig.Hear<SpliceEventMessage>();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->news, SpliceNews::FirstSyn);
    EXPECT_EQ(first->peerPort, ann.port);
    (void)Segment({PROVIDER, ready.subscriber.port}, {IST_ADDRESS, first->peerPort}, TCP_SYN);
    EXPECT_EQ(News(), SpliceNews::Paired);
    EXPECT_EQ(rig.server.StateSize(), 1U);
}

TEST_F(IstServerTest, WithTheProviderFirstTheSidesAreExchanged)
{
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Pure);
    request.providerFirst = true;
    const SpliceReadyMessage ready = rig.Ready(request);
    EXPECT_EQ(ready.subscriber.port, 0);
    EXPECT_NE(ready.provider.port, 0);
    EXPECT_EQ(rig.engineOrders[0].pair.allowedA, PROVIDER);
    EXPECT_EQ(rig.engineOrders[0].pair.allowedB, SUBSCRIBER);
    (void)Segment(bob, ready.provider, TCP_SYN);
    EXPECT_EQ(rig.Hear<SpliceEventMessage>()->peerPort, bob.port);
}

TEST_F(IstServerTest, APureSpliceWhosePortsCollideIsAnnouncedAsPassive)
{
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Pure);
    for (const uint16_t port : {BROKER.port, CONTROL.port, uint16_t{1023}})
    {
        request.portB = port; // the host's own
        request.splice = port;
        const SpliceReadyMessage ready = rig.Ready(request);
        EXPECT_EQ(ready.method, ForwardingMethod::Passive) << port;
        EXPECT_NE(ready.provider.port, port);
        EXPECT_NE(ready.provider.port, 0);
    }
    request.splice = 1;
    request.portB = 1024;
    EXPECT_EQ(rig.Ready(request).method, ForwardingMethod::Pure);
    request.splice = 2;
    EXPECT_EQ(rig.Ready(request).method, ForwardingMethod::Passive) << "taken by the first";
}

TEST_F(IstServerTest, FallingBackIsToldBeforeTheFirstSynWithThePortThatWaits)
{
    const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(1, ForwardingMethod::Pure));
    (void)Segment({SUBSCRIBER, BROKER.port}, ready.subscriber, TCP_SYN); // P2 = the ISB's own port
    EXPECT_EQ(News(), SpliceNews::FellBack);
    const auto first = rig.Hear<SpliceEventMessage>();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->news, SpliceNews::FirstSyn);
    EXPECT_NE(first->peerPort, BROKER.port);
    EXPECT_EQ(Segment(bob, {IST_ADDRESS, BROKER.port}, TCP_SYN).action, IstVerdict::NotOurs);
    EXPECT_EQ(Segment(bob, {IST_ADDRESS, first->peerPort}, TCP_SYN).action, IstVerdict::Consumed);
    EXPECT_EQ(News(), SpliceNews::Paired);
}

TEST_F(IstServerTest, FollowingTakesNoPortThatAProxyListensOn)
{
    const SpliceReadyMessage proxied = rig.Ready(IstServerRig::Request(1, ForwardingMethod::Proxy));
    const SpliceReadyMessage pure = rig.Ready(IstServerRig::Request(2, ForwardingMethod::Pure));
    (void)Segment({SUBSCRIBER, proxied.provider.port}, pure.subscriber, TCP_SYN);
    EXPECT_EQ(News(), SpliceNews::FellBack);
}

TEST_F(IstServerTest, PortsThatDifferAtTheIstFallBackAtPairing)
{
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Pure);
    request.portB = 51'000;
    const SpliceReadyMessage ready = rig.Ready(request);
    Establish(ready, {SUBSCRIBER, 51'001}, {PROVIDER, ready.subscriber.port}); // a NAT changed it
    EXPECT_EQ(News(), SpliceNews::FirstSyn);
    const auto event = rig.Hear<SpliceEventMessage>();
    ASSERT_TRUE(event);
    EXPECT_EQ(event->news, SpliceNews::FellBack);
    EXPECT_EQ(event->code, IsbCode::None);
    EXPECT_EQ(News(), SpliceNews::Paired);
}

TEST_F(IstServerTest, APureSpliceKeepsItsMethodWhenOnlyTheIstsOwnChoiceCollided)
{
    rig.carrierRefuses = 1;
    EXPECT_EQ(rig.Ready(IstServerRig::Request(1, ForwardingMethod::Pure)).method,
              ForwardingMethod::Pure);
    rig.carrierRefuses = 1;
    SpliceRequestMessage agreed = IstServerRig::Request(2, ForwardingMethod::Pure);
    agreed.portB = 51'000;
    EXPECT_EQ(rig.Ready(agreed).method, ForwardingMethod::Passive);
}

TEST_F(IstServerTest, TheSideWithTheAgreedPortMayComeFirst)
{
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Pure);
    request.portB = 51'000;
    const SpliceReadyMessage ready = rig.Ready(request);
    (void)Segment({PROVIDER, ready.subscriber.port}, ready.provider, TCP_SYN);
    EXPECT_EQ(rig.Hear<SpliceEventMessage>()->peerPort, ready.subscriber.port);
    EXPECT_EQ(rig.server.StateSize(), 3U) << "both ports are still taken";
}

TEST_F(IstServerTest, ThePortOfALostSessionIsNoLongerTheHostsOwn)
{
    for (const uint16_t port : {BROKER.port, uint16_t{50'200}})
    {
        rig.server.Failed(rig.now, rig.session, "reset");
        rig.Drain();
        rig.Pass(1s);
        rig.Register(1s, {IST_ADDRESS, port});
    }
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Pure);
    request.portB = CONTROL.port;
    EXPECT_EQ(rig.Ready(request).method, ForwardingMethod::Pure);
    for (const uint16_t port : {uint16_t{50'200}, BROKER.port})
    {
        request.splice = port;
        request.portB = port;
        EXPECT_EQ(rig.Ready(request).method, ForwardingMethod::Passive) << port;
    }
}

TEST_F(IstServerTest, ThePingPortIsGivenToNoSplice)
{
    IstServerSettings settings = ServerSettings();
    settings.portFirst = settings.pingPort;
    settings.portLast = static_cast<uint16_t>(settings.pingPort + 1);
    IstServerRig small(settings);
    small.Start();
    small.Register();
    EXPECT_EQ(small.Refusal(IstServerRig::Request(1, ForwardingMethod::Udp)), IsbCode::Overloaded);
    (void)small.Ready(IstServerRig::Request(2)); // a TCP port of that number is another
}

TEST_F(IstServerTest, UdpProxiesKeepTheirPortsAndTcpOnesDoNot)
{
    const ByteView registration{REGISTRATION_DATAGRAM.data(), REGISTRATION_DATAGRAM.size()};
    SpliceRequestMessage request = IstServerRig::Request(1, ForwardingMethod::Proxy);
    request.protocol = Protocol::Udp;
    (void)rig.Ready(request);
    (void)rig.proxy.Datagram(rig.now, 2, ann, registration); // listeners are 2 * pair + side
    (void)rig.proxy.Datagram(rig.now, 3, bob, registration);
    rig.Drain();
    EXPECT_EQ(News(), SpliceNews::Paired);
    EXPECT_EQ(rig.server.StateSize(), 3U);

    const SpliceReadyMessage tcp = rig.Ready(IstServerRig::Request(2, ForwardingMethod::Proxy));
    EXPECT_EQ(rig.server.StateSize(), 6U);
    rig.proxy.Accepted(rig.now, 4, 10, ann);
    rig.proxy.Accepted(rig.now, 5, 11, bob);
    rig.Drain();
    EXPECT_EQ(News(), SpliceNews::Paired);
    EXPECT_EQ(rig.server.StateSize(), 4U);

    const SpliceReadyMessage pure = rig.Ready(IstServerRig::Request(3, ForwardingMethod::Pure));
    (void)Segment({SUBSCRIBER, tcp.subscriber.port}, pure.subscriber, TCP_SYN);
    EXPECT_EQ(News(), SpliceNews::FirstSyn) << "nobody listens there any more";
}

TEST_F(IstServerTest, APairingIsToldOnce)
{
    (void)rig.Ready(IstServerRig::Request(1));
    CarrierNews news;
    rig.server.CarrierNotice(rig.now, 1, news);
    rig.server.CarrierNotice(rig.now, 1, news); // the handshake began anew
    rig.Drain();
    EXPECT_EQ(News(), SpliceNews::Paired);
    EXPECT_FALSE(News());
}

TEST_F(IstServerTest, ReadinessIsToldOnce)
{
    (void)rig.Ready(IstServerRig::Request(1));
    rig.server.CarrierOpened(rig.now, 1, true, "");
    rig.server.CarrierOpened(rig.now, 1, false, "?");
    rig.Drain();
    EXPECT_TRUE(rig.heard.empty());
    EXPECT_EQ(rig.server.Splices(), 1U);
}

TEST_F(IstServerTest, WhatACarrierSaysFitsAMessage)
{
    for (const std::string& says :
         {std::string("a\nb\x01"), std::string(10'000, 'x'), std::string("\xff\xfe")})
    {
        rig.carrierSays = says;
        rig.carrierRefuses = 4;
        rig.Say(IstServerRig::Request(1));
        const auto fault = rig.Hear<FaultMessage>();
        ASSERT_TRUE(fault);
        EXPECT_TRUE(IsIsbText(fault->text));
        EXPECT_FALSE(fault->text.empty());
    }
}

TEST_F(IstServerTest, TheLoadIsTold)
{
    (void)rig.Ready(IstServerRig::Request(1));
    rig.server.CarrierLoad(7);
    rig.Pass(1s);
    const auto load = rig.Hear<LoadMessage>();
    ASSERT_TRUE(load);
    EXPECT_EQ(load->splices, 1U);
    EXPECT_EQ(load->drops, 7U);
}

TEST_F(IstServerTest, AFaultOfTheBrokerEndsNothing)
{
    rig.Say(FaultMessage{IsbCode::NotFound, 1, "?"});
    EXPECT_TRUE(rig.server.IsRegistered());
}

TEST(IstServerSession, EventsThatWaitForTheBrokerAreBounded)
{
    IstServerSettings settings = ServerSettings();
    settings.capacity = 5000;
    IstServerRig rig(settings);
    rig.Start();
    rig.Register(3600s);
    for (uint64_t i = 1; i <= 5000; ++i)
    {
        SpliceRequestMessage request = IstServerRig::Request(i);
        request.patience = 1s;
        (void)rig.Ready(request);
    }
    rig.server.Failed(rig.now, rig.session, "reset");
    rig.Drain();
    rig.Pass(1s);
    EXPECT_EQ(rig.server.StateSize(), 0U);
    rig.Register(3600s);
    std::vector<uint64_t> told;
    while (const auto event = rig.Hear<SpliceEventMessage>())
    {
        told.push_back(event->splice);
    }
    ASSERT_EQ(told.size(), 4096U);
    EXPECT_EQ(told.back(), 5000U) << "the oldest are pushed out";
}

TEST(IstServerSession, ABrokerThatWantsHellosAllTheTimeGetsThemAtABoundedRate)
{
    IstServerRig rig;
    rig.Start();
    rig.Register(0s);
    rig.heard.clear();
    for (int i = 0; i < 10; ++i)
    {
        rig.Pass(10ms);
        rig.Say(PongMessage{});
    }
    EXPECT_EQ(rig.heard.size(), 20U); // a Ping and a Load each 10 ms
}

TEST(IstServerSession, IstsComeBackAtDifferentTimes)
{
    std::set<TimePoint> times;
    for (uint64_t seed = 1; seed <= 10; ++seed)
    {
        IstServerRig rig(ServerSettings(), seed);
        rig.Start();
        rig.server.Failed(rig.now, rig.session, "refused");
        rig.Drain();
        times.insert(rig.server.NextTimeout());
    }
    EXPECT_EQ(times.size(), 10U);
}

TEST(IstServerSession, WithoutAPingPortItOpensNone)
{
    IstServerSettings settings = ServerSettings();
    settings.pingPort = 0;
    IstServerRig rig(settings);
    rig.Start();
    EXPECT_EQ(rig.ping, 0U);
    rig.Register();
    EXPECT_EQ(rig.Hear<LoginMessage>()->ist.pingPort, 0);
}

// Promise T1.

TEST(IstServerSession, ActiveConnectsToNoneOfItsOwnAddresses)
{
    IstServerRig rig;
    rig.Start();
    const Endpoint local{{0x0a000009}, 5};
    const Endpoint observed{{0xc633644d}, 6};
    rig.Accept(local);
    rig.Say(HelloMessage{Token{}, observed, "isb"});
    rig.Say(LoggedInMessage{1, 1s});
    uint64_t splice = 0;
    for (const Ipv4 own : {IST_ADDRESS, local.address, observed.address})
    {
        SpliceRequestMessage request = IstServerRig::Request(++splice, ForwardingMethod::Active);
        request.activeTarget = {own, 80};
        EXPECT_EQ(rig.Refusal(request), IsbCode::NotAllowed) << own.ToString();
    }
}

TEST_F(IstServerTest, ActiveConnectsToNoForbiddenTarget)
{
    const Endpoint forbidden[] = {
        {{0x7f000001}, 80}, // loopback
        {{0x7fffffff}, 80}, // all of it
        {{0xa9fea9fe}, 80}, // link-local: metadata services
        {{0xe0000001}, 80}, // multicast
        {{0xf0000001}, 80}, // reserved
        {{0xffffffff}, 80}, // broadcast
        {{0x00000001}, 80}, // "this network"
        {IST_ADDRESS, 80},  // its own
        BROKER,             // the ISB itself
        {PROVIDER, 0},      // no port
    };
    uint64_t splice = 0;
    for (const Endpoint& target : forbidden)
    {
        SpliceRequestMessage request = IstServerRig::Request(++splice, ForwardingMethod::Active);
        request.activeTarget = target;
        EXPECT_EQ(rig.Refusal(request), IsbCode::NotAllowed) << target.ToString();
    }
    for (const Endpoint& target : {bob, Endpoint{{0x0a000001}, 80}, Endpoint{BROKER.address, 80}})
    {
        SpliceRequestMessage request = IstServerRig::Request(++splice, ForwardingMethod::Active);
        request.activeTarget = target;
        EXPECT_EQ(rig.Ready(request).provider.port, 0) << target.ToString();
        EXPECT_EQ(rig.engineOrders.back().pair.activeTarget, target);
        EXPECT_EQ(rig.engineOrders.back().pair.allowedB, std::nullopt);
    }
}

// Nearness, promise T2.

TEST_F(IstServerTest, EchoesNearnessProbesAndNothingElse)
{
    std::vector<uint8_t> probe{'I', 'S', 'B', 'E', 'C', 'H', 'O', '1', 1, 2, 3, 4, 5, 6, 7, 8};
    const auto give = [&](Endpoint from, const std::vector<uint8_t>& bytes)
    {
        const size_t before = rig.echoes.size();
        rig.server.Datagram(rig.now, rig.ping, from, bytes);
        rig.Drain();
        return rig.echoes.size() - before;
    };
    ASSERT_EQ(give(ann, probe), 1U);
    EXPECT_EQ(rig.echoes[0].to, ann);
    EXPECT_EQ(rig.echoes[0].bytes, probe);
    std::vector<uint8_t> longer = probe;
    longer.push_back(0);
    std::vector<uint8_t> shorter(probe.begin(), probe.end() - 1);
    std::vector<uint8_t> other = probe;
    other[7] = '2';
    EXPECT_EQ(give(ann, longer), 0U);
    EXPECT_EQ(give(ann, shorter), 0U);
    EXPECT_EQ(give(ann, other), 0U);
    EXPECT_EQ(give(ann, {}), 0U);
    EXPECT_EQ(give({SUBSCRIBER, 7472}, probe), 0U) << "two ISTs would echo one another for ever";
    EXPECT_EQ(give({SUBSCRIBER, 7}, probe), 0U);
    EXPECT_EQ(rig.trace.Count(TraceKind::PacketDropped), 6U);
}

TEST_F(IstServerTest, EchoesAreBoundedInRate)
{
    const std::vector<uint8_t>
        probe{'I', 'S', 'B', 'E', 'C', 'H', 'O', '1', 0, 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < 100'000; ++i)
    {
        rig.server.Datagram(rig.now, rig.ping, ann, probe);
    }
    rig.Drain();
    EXPECT_EQ(rig.echoes.size(), 20'000U);
    rig.now += 1s;
    for (int i = 0; i < 100'000; ++i)
    {
        rig.server.Datagram(rig.now, rig.ping, ann, probe);
    }
    rig.Drain();
    EXPECT_EQ(rig.echoes.size(), 22'000U);
}

TEST(IstServerSession, WithoutItsPingSocketItLogsInWithoutEchoes)
{
    IstServerRig rig;
    rig.Start();
    rig.server.Failed(rig.now, rig.ping, "address in use");
    rig.Register();
    EXPECT_EQ(rig.Hear<LoginMessage>()->ist.pingPort, 0);
}

TEST(IstServerSession, TheSameSeedSaysTheSameBytes)
{
    const auto run = []
    {
        IstServerRig rig(ServerSettings(), 9);
        rig.Start();
        rig.Register();
        std::vector<uint16_t> ports;
        for (uint64_t i = 1; i < 50; ++i)
        {
            const SpliceReadyMessage ready = rig.Ready(IstServerRig::Request(i));
            ports.push_back(ready.subscriber.port);
            ports.push_back(ready.provider.port);
        }
        return ports;
    };
    EXPECT_EQ(run(), run());
}

/// Random requests, cancels, SYNs, lost sessions and pauses: ports never collide, and when all is
/// over nothing is left.
TEST(IstServerProperty, WhateverHappensNothingIsLeft)
{
    for (uint64_t seed = 1; seed <= 50; ++seed)
    {
        IstServerSettings settings = ServerSettings();
        settings.capacity = 20;
        settings.portFirst = 30'000;
        settings.portLast = 30'030;
        IstServerRig rig(settings, seed);
        SeededRng dice(seed * 77);
        rig.Start();
        rig.Register(std::chrono::seconds(3600));
        std::vector<SpliceReadyMessage> ready;
        uint64_t splice = 0;
        for (int step = 0; step < 400; ++step)
        {
            const uint64_t pick = dice.Below(10);
            if (pick < 4 && rig.server.IsRegistered())
            {
                constexpr ForwardingMethod METHODS[] = {ForwardingMethod::Passive,
                                                        ForwardingMethod::Pure,
                                                        ForwardingMethod::Udp,
                                                        ForwardingMethod::Proxy};
                SpliceRequestMessage request =
                    IstServerRig::Request(++splice, METHODS[dice.Below(4)]);
                request.patience = std::chrono::seconds(dice.Below(20));
                request.providerFirst = dice.Below(2) == 0;
                rig.Say(request);
                if (const auto answer = rig.Hear<SpliceReadyMessage>())
                {
                    ready.push_back(*answer);
                }
            }
            else if (pick < 5 && splice > 0 && rig.server.IsRegistered())
            {
                rig.Say(SpliceCancelMessage{1 + dice.Below(splice)});
            }
            else if (pick < 8 && !ready.empty())
            {
                const SpliceReadyMessage& one = ready[dice.Below(ready.size())];
                const bool first = dice.Below(2) == 0;
                TcpFields tcp;
                tcp.flags = TCP_SYN;
                auto packet = BuildTcp(
                    {first ? SUBSCRIBER : PROVIDER, static_cast<uint16_t>(30'000 + dice.Below(40))},
                    first ? one.subscriber : one.provider,
                    tcp,
                    {});
                (void)rig.Packet(packet);
            }
            else if (pick < 9)
            {
                rig.Pass(std::chrono::seconds(dice.Below(10)));
            }
            else if (rig.session != 0 && rig.server.IsRegistered())
            {
                rig.server.Failed(rig.now, rig.session, "lost");
                rig.Drain();
            }
            else if (rig.session != 0)
            {
                rig.Register(std::chrono::seconds(3600));
            }
            ASSERT_LE(rig.server.Splices(), 20U);
            ASSERT_LE(rig.server.StateSize(), 20U + 2 * 31U + 20U);
            ASSERT_GE(rig.engine.Size() + rig.proxy.Size(), rig.server.Splices());
        }
        rig.Pass(std::chrono::hours(4));
        EXPECT_EQ(rig.server.StateSize(), 0U) << "seed " << seed;
        EXPECT_EQ(rig.engine.StateSize() + rig.proxy.Size(), 0U) << "seed " << seed;
    }
}

} // namespace
} // namespace isb::test
