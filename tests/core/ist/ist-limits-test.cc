// SPDX-License-Identifier: GPL-2.0-or-later
// Limits of splices and pairs, and what carriers tell of them.
#include "model/core/ist/ist-proxy.h"
#include "tests/core/ist/ist-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::IsEmpty;

class IstLimitsTest : public IstEngineTest
{
  protected:
    uint64_t
    AddLimited(SpliceLimits limits, SpliceMethod method = SpliceMethod::Passive)
    {
        IstPair pair;
        pair.method = method;
        pair.portA = PORT_A;
        pair.portB = PORT_B;
        pair.limits = limits;
        pair.label = 99;
        return *engine.Add(now, pair);
    }

    uint64_t
    Drops(std::string_view reason)
    {
        const auto& drops = engine.Counters().drops;
        const auto found = drops.find(reason);
        return found == drops.end() ? 0 : found->second;
    }
};

TEST_F(IstLimitsTest, PacketsOverTheRateAreDroppedAndTheRateIsKept)
{
    const uint64_t id = AddLimited({1'000'000, 0, 0s});
    Handshake(ALICE, BOB);
    const Packet payload(1460, 1);
    uint64_t forwarded = 0;
    const TimePoint end = now + 10s;
    for (; now < end; now += 1ms) // 12 Mb/s are offered
    {
        forwarded += ActionOn(Data(ALICE, BOB, payload)) == IstVerdict::Forward ? 1500 * 8 : 0;
    }
    EXPECT_NEAR(static_cast<double>(forwarded), 10'200'000.0, 15'000.0); // and 200 ms of burst
    EXPECT_GT(Drops("ist.rate-limit"), 9000U);
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
}

TEST_F(IstLimitsTest, BothDirectionsShareTheRateAndTheHandshakeIsFree)
{
    AddLimited({8000, 0, 0s});
    Handshake(ALICE, BOB);
    const Packet payload(960, 1);
    EXPECT_EQ(ActionOn(Data(ALICE, BOB, payload)), IstVerdict::Forward);
    EXPECT_EQ(ReasonFor(Data(BOB, ALICE, payload)), "ist.rate-limit");
    EXPECT_EQ(ReasonFor(Data(ALICE, BOB, payload)), "ist.rate-limit");
    now += 1s;
    EXPECT_EQ(ActionOn(Data(BOB, ALICE, payload)), IstVerdict::Forward);
}

TEST_F(IstLimitsTest, AResetPassesAtAnyRate)
{
    AddLimited({8, 0, 0s});
    Handshake(ALICE, BOB);
    (void)ActionOn(Data(ALICE, BOB, Packet(1000, 1)));
    EXPECT_EQ(ReasonFor(Data(ALICE, BOB, {})), "ist.rate-limit");
    EXPECT_EQ(ActionOn(Tcp(BOB.self, BOB.ist, TCP_RST | TCP_ACK, BOB.isn + 1, ALICE.isn + 1)),
              IstVerdict::Forward);
    EXPECT_EQ(engine.Size(), 0U);
}

TEST_F(IstLimitsTest, WithoutLimitsNothingIsDropped)
{
    AddLimited({});
    Handshake(ALICE, BOB);
    for (int i = 0; i < 10'000; ++i)
    {
        ASSERT_EQ(ActionOn(Data(ALICE, BOB, Packet(1400, 1))), IstVerdict::Forward);
    }
}

TEST_F(IstLimitsTest, LimitsHoldWithoutATrace)
{
    SeededRng other(1);
    IstEngine silent(Settings(), other, nullptr);
    IstPair pair;
    pair.method = SpliceMethod::Udp;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    pair.limits.rateBps = 8;
    ASSERT_TRUE(silent.Add(now, pair));
    std::vector<IstVerdict::Action> actions;
    for (Packet packet : {Registration(ALICE),
                          Registration(BOB),
                          BuildUdp(ALICE.self, ALICE.ist, Bytes("1")),
                          BuildUdp(ALICE.self, ALICE.ist, Bytes("2"))})
    {
        actions.push_back(silent.Process(now, packet, packet.size()).action);
    }
    EXPECT_THAT(actions,
                testing::ElementsAre(IstVerdict::Consumed,
                                     IstVerdict::Consumed,
                                     IstVerdict::Forward,
                                     IstVerdict::Drop));
}

TEST_F(IstLimitsTest, TheHandshakeIsNotCounted)
{
    const uint64_t id = AddLimited({0, 45, 0s}); // its only forwarded packet is one ACK of 40
    Handshake(ALICE, BOB);
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
}

TEST_F(IstLimitsTest, ALimitBelowASynLetsTheHandshakeBegin)
{
    const uint64_t id = AddLimited({0, 10, 0s});
    EXPECT_EQ(ActionOn(Syn(ALICE)), IstVerdict::Consumed);
    EXPECT_EQ(ActionOn(Syn(BOB)), IstVerdict::Consumed);
    EXPECT_EQ(StateOf(id), "IST_SYN_RCVD");
}

TEST_F(IstLimitsTest, BytesEndTheSpliceWithResetsToBoth)
{
    const uint64_t id = AddLimited({0, 3000, 0s});
    Handshake(ALICE, BOB); // its one forwarded ACK counts 40
    EXPECT_EQ(ActionOn(Data(ALICE, BOB, Packet(1440, 1))), IstVerdict::Forward); // 1520
    EXPECT_EQ(ActionOn(Data(BOB, ALICE, Packet(1440, 1))), IstVerdict::Forward); // 3000
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
    EXPECT_EQ(ReasonFor(Data(BOB, ALICE, {})), "ist.byte-limit");
    EXPECT_EQ(StateOf(id), "gone");
    const auto resets = engine.TakeEmitted();
    ASSERT_EQ(resets.size(), 2U);
    for (const Packet& reset : resets)
    {
        PacketView view;
        ASSERT_TRUE(view.Read(reset, reset.size()));
        EXPECT_EQ(view.TcpFlags() & TCP_RST, TCP_RST);
        EXPECT_TRUE(ChecksumsAreRight(reset));
    }
    const auto notices = engine.TakeNotices();
    ASSERT_FALSE(notices.empty());
    EXPECT_EQ(notices.back().kind, CarrierNews::Ended);
    EXPECT_EQ(notices.back().reason, "ist.byte-limit");
    EXPECT_EQ(notices.back().bytes, 3000U);
    EXPECT_EQ(engine.StateSize(), 0U);
}

TEST_F(IstLimitsTest, TheLifetimeRunsFromPairing)
{
    const uint64_t id = AddLimited({0, 0, 10s});
    now += 20s; // waits
    engine.Timeout(now);
    Handshake(ALICE, BOB);
    EXPECT_LE(engine.NextTimeout(), now + 10s);
    now += 10s - 1ns;
    engine.Timeout(now);
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
    now += 1ns;
    engine.Timeout(now);
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_EQ(engine.TakeEmitted().size(), 2U);
    EXPECT_EQ(engine.TakeNotices().back().reason, "ist.lifetime");
}

TEST_F(IstLimitsTest, TheLifetimeDoesNotCutTheRestOf2Msl)
{
    const uint64_t id = AddLimited({0, 0, 10s});
    Handshake(ALICE, BOB);
    const auto fin = [](const User& from, const User& to, uint32_t seen)
    { return Tcp(from.self, from.ist, TCP_FIN | TCP_ACK, from.isn + 1, to.isn + 1 + seen); };
    EXPECT_EQ(ActionOn(fin(ALICE, BOB, 0)), IstVerdict::Forward);
    EXPECT_EQ(ActionOn(fin(BOB, ALICE, 1)), IstVerdict::Forward);
    EXPECT_EQ(StateOf(id), "IST_TIME_WAIT");
    now += 30s;
    engine.Timeout(now);
    EXPECT_EQ(StateOf(id), "IST_TIME_WAIT");
    now += 30s;
    engine.Timeout(now);
    EXPECT_EQ(engine.TakeNotices().back().reason, "ist.time-wait-over");
}

TEST_F(IstLimitsTest, DatagramsAndTheirFragmentsAreHeldToTheRate)
{
    AddLimited({80'000, 0, 0s}, SpliceMethod::Udp);
    Register(ALICE, BOB);
    auto fragments = FragmentPacket(BuildUdp(ALICE.self, ALICE.ist, Packet(6000, 1)), 1500);
    ASSERT_EQ(fragments.size(), 5U);
    unsigned int forwarded = 0;
    for (Packet& fragment : fragments)
    {
        forwarded += Give(fragment).action == IstVerdict::Forward ? 1 : 0;
    }
    EXPECT_EQ(forwarded, 2U); // 200 ms at 80 kb/s are 2000 bytes: the second one begins before
    EXPECT_EQ(Drops("ist.rate-limit"), 3U);
}

TEST_F(IstLimitsTest, NoticesTellTheLifeOfALabelledSpliceOnly)
{
    AddLimited({});
    Handshake(ALICE, BOB);
    std::vector<CarrierNews> notices = engine.TakeNotices();
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_EQ(notices[0].kind, CarrierNews::FirstSide);
    EXPECT_EQ(notices[0].peer, ALICE.self);
    EXPECT_EQ(notices[0].label, 99U);
    EXPECT_EQ(notices[1].kind, CarrierNews::Paired);
    EXPECT_THAT(engine.TakeNotices(), IsEmpty());
    EXPECT_TRUE(engine.Remove(now, notices[0].id));
    notices = engine.TakeNotices();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].reason, "ist.removed");

    const uint64_t unlabelled = Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    EXPECT_TRUE(engine.Remove(now, unlabelled));
    EXPECT_THAT(engine.TakeNotices(), IsEmpty());
}

TEST_F(IstLimitsTest, ASpliceWithoutPartnerIsTold)
{
    AddLimited({});
    (void)ActionOn(Syn(BOB)); // either side may be the first
    ExpectNothingLeft();
    const auto notices = engine.TakeNotices();
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_EQ(notices[0].peer, BOB.self);
    EXPECT_EQ(notices[1].reason, "ist.unmatched-timeout");
}

TEST_F(IstLimitsTest, AClosedPortIsNotOpenedByFollowing)
{
    IstPair pair;
    pair.method = SpliceMethod::Pure;
    pair.portA = PORT_A;
    pair.label = 1;
    pair.closedPorts = {7, ALICE.self.port};
    const uint64_t id = *engine.Add(now, pair);
    (void)ActionOn(Syn(ALICE));
    const auto notices = engine.TakeNotices();
    ASSERT_EQ(notices.size(), 2U);
    EXPECT_EQ(notices[0].kind, CarrierNews::FellBack);
    EXPECT_EQ(notices[0].reason, "ist.port-taken");
    EXPECT_EQ(notices[1].kind, CarrierNews::FirstSide);
    EXPECT_NE(notices[1].port, ALICE.self.port);
    EXPECT_EQ(notices[1].port, engine.Find(id)->side[1].local.port);
    EXPECT_EQ(ActionOn(Syn({BOB.self, {IST_EAST, ALICE.self.port}, 1})), IstVerdict::NotOurs);
}

TEST_F(IstLimitsTest, APureSpliceThatFindsNoPortForItsSecondSideEnds)
{
    IstSettings settings = Settings();
    settings.ownPortFirst = 2;
    settings.ownPortLast = 1;
    IstEngine none(settings, random, &trace);
    IstPair pair;
    pair.method = SpliceMethod::Pure;
    pair.portA = PORT_A;
    pair.label = 1;
    pair.closedPorts = {ALICE.self.port};
    ASSERT_TRUE(none.Add(now, pair));
    Packet syn = Syn(ALICE);
    (void)none.Process(now, syn, syn.size());
    EXPECT_EQ(none.Size(), 0U);
    EXPECT_EQ(none.TakeNotices().back().reason, "ist.no-port");
    EXPECT_EQ(none.StateSize(), 0U);
}

// The proxy.

class ProxyLimitsTest : public testing::Test
{
  protected:
    void
    Pair(Protocol protocol, SpliceLimits limits)
    {
        ProxyPair pair;
        pair.protocol = protocol;
        pair.portA = 1000;
        pair.portB = 1001;
        pair.limits = limits;
        pair.label = 5;
        id = *proxy.Add(now, pair);
        for (const auto& output : proxy.TakeOutputs())
        {
            listeners.push_back(std::get<IstProxy::Listen>(output).listener);
        }
    }

    void
    JoinTcp()
    {
        proxy.Accepted(now, listeners[0], 10, ALICE.self);
        proxy.Accepted(now, listeners[1], 11, BOB.self);
    }

    void
    JoinUdp()
    {
        const ByteView registration{REGISTRATION_DATAGRAM.data(), REGISTRATION_DATAGRAM.size()};
        (void)proxy.Datagram(now, listeners[0], ALICE.self, registration);
        (void)proxy.Datagram(now, listeners[1], BOB.self, registration);
    }

    IstProxy::DatagramVerdict
    Send(size_t size)
    {
        return proxy.Datagram(now, listeners[0], ALICE.self, Packet(size, 1));
    }

    size_t
    Resets()
    {
        size_t count = 0;
        for (const auto& output : proxy.TakeOutputs())
        {
            const auto* close = std::get_if<IstProxy::Close>(&output);
            count += close && close->reset ? 1 : 0;
        }
        return count;
    }

    RecordedTrace trace;
    IstProxy proxy{{}, &trace};
    TimePoint now{1s};
    uint64_t id = 0;
    std::vector<IstProxy::ListenerId> listeners;
};

TEST_F(ProxyLimitsTest, TellsTheDriverTheRateOfTwoConnections)
{
    Pair(Protocol::Tcp, {5'000'000, 0, 0s});
    JoinTcp();
    for (const auto& output : proxy.TakeOutputs())
    {
        if (const auto* join = std::get_if<IstProxy::Join>(&output))
        {
            EXPECT_EQ(join->rateBps, 5'000'000U);
            return;
        }
    }
    FAIL() << "not joined";
}

TEST_F(ProxyLimitsTest, BytesEndAPairOfConnections)
{
    Pair(Protocol::Tcp, {0, 1000, 0s});
    JoinTcp();
    proxy.Forwarded(now, 10, 600);
    proxy.Forwarded(now, 11, 399);
    EXPECT_EQ(Resets(), 0U);
    proxy.Forwarded(now, 11, 1);
    EXPECT_EQ(Resets(), 2U);
    const auto notices = proxy.TakeNotices();
    ASSERT_EQ(notices.size(), 3U);
    EXPECT_EQ(notices[0].kind, CarrierNews::FirstSide);
    EXPECT_EQ(notices[0].peer, ALICE.self);
    EXPECT_EQ(notices[1].kind, CarrierNews::Paired);
    EXPECT_EQ(notices[2].reason, "ist.byte-limit");
    EXPECT_EQ(notices[2].bytes, 1000U);
    EXPECT_EQ(notices[2].label, 5U);
    proxy.Forwarded(now, 11, 1); // the driver may be late
    EXPECT_EQ(proxy.Size(), 0U);
}

TEST_F(ProxyLimitsTest, TheLifetimeEndsAPairAlthoughItIsBusy)
{
    Pair(Protocol::Tcp, {0, 0, 10s});
    JoinTcp();
    for (int i = 0; i < 99; ++i)
    {
        now += 100ms;
        proxy.Forwarded(now, 10, 1);
        proxy.Timeout(now);
    }
    EXPECT_EQ(proxy.Size(), 1U);
    now += 100ms;
    EXPECT_LE(proxy.NextTimeout(), now);
    proxy.Timeout(now);
    EXPECT_EQ(proxy.Size(), 0U);
    EXPECT_EQ(proxy.TakeNotices().back().reason, "ist.lifetime");
    EXPECT_EQ(Resets(), 2U);
}

TEST_F(ProxyLimitsTest, DatagramsOverTheRateAreDropped)
{
    Pair(Protocol::Udp, {80'000, 0, 0s});
    JoinUdp();
    EXPECT_EQ(Send(2000).action, IstProxy::DatagramVerdict::Forward);
    EXPECT_EQ(Send(1).reason, "ist.rate-limit");
    now += 1ms;
    EXPECT_EQ(Send(1).action, IstProxy::DatagramVerdict::Forward);
}

TEST_F(ProxyLimitsTest, DatagramBytesEndAPair)
{
    Pair(Protocol::Udp, {0, 1000, 0s});
    JoinUdp();
    EXPECT_EQ(Send(1000).action, IstProxy::DatagramVerdict::Forward);
    EXPECT_EQ(Send(1).reason, "ist.byte-limit");
    EXPECT_EQ(proxy.Size(), 0U);
    EXPECT_EQ(proxy.TakeNotices().back().bytes, 1000U);
}

} // namespace
} // namespace isb
