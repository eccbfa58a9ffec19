// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/ist-engine.h"

#include "tests/core/ist/ist-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// How the IST's own packets look: identification 0, do not fragment.
IpFields
Crafted()
{
    IpFields ip;
    ip.dontFragment = true;
    return ip;
}

Packet
SynAck(const User& to, const User& other, uint16_t window = 0, std::vector<uint8_t> options = {})
{
    TcpFields tcp;
    tcp.flags = TCP_SYN | TCP_ACK;
    tcp.sequence = other.isn;
    tcp.acknowledgement = to.isn + 1;
    tcp.window = window;
    tcp.options = std::move(options);
    return BuildTcp(to.ist, to.self, tcp, {}, Crafted());
}

TEST_F(IstEngineTest, PassiveMakesTwoHandshakesOne)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    EXPECT_EQ(ActionOn(Syn(ALICE)), IstVerdict::Consumed);
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty()); // a held SYN is answered by nothing
    EXPECT_EQ(ActionOn(Syn(BOB)), IstVerdict::Consumed);
    EXPECT_THAT(engine.TakeEmitted(), ElementsAre(SynAck(ALICE, BOB), SynAck(BOB, ALICE)));
    EXPECT_EQ(ActionOn(FirstAck(BOB, ALICE)), IstVerdict::Consumed);
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty());
    EXPECT_EQ(Forwarded(FirstAck(ALICE, BOB)),
              Tcp(BOB.ist, BOB.self, TCP_ACK, ALICE.isn + 1, BOB.isn + 1));
    // Bob's ACK, which came first, is made again for Alice: his window.
    EXPECT_THAT(
        engine.TakeEmitted(),
        ElementsAre(
            Tcp(ALICE.ist, ALICE.self, TCP_ACK, BOB.isn + 1, ALICE.isn + 1, {}, Crafted())));
    EXPECT_EQ(trace.StatesOf(id),
              "LISTEN>IST_SYN_LOOKUP IST_SYN_LOOKUP>IST_SYN_RCVD IST_SYN_RCVD>ESTABLISHED");
    EXPECT_EQ(trace.Count(TraceKind::SplicePaired), 1U);
    EXPECT_EQ(trace.Count(TraceKind::SpliceFallback), 0U);
}

TEST_F(IstEngineTest, SynAckCarriesOptionsThatBothUsersOffer)
{
    const auto synWith = [](const User& user, std::vector<uint8_t> options)
    {
        TcpFields tcp;
        tcp.flags = TCP_SYN;
        tcp.sequence = user.isn;
        tcp.options = std::move(options);
        return BuildTcp(user.self, user.ist, tcp, {});
    };
    Add(SpliceMethod::Passive);
    (void)ActionOn(synWith(ALICE, SynOptions(70, 0)));
    (void)ActionOn(synWith(BOB, SynOptions(90, 0)));
    EXPECT_THAT(engine.TakeEmitted(),
                ElementsAre(SynAck(ALICE, BOB, 0, SynOptions(90, 70)),
                            SynAck(BOB, ALICE, 0, SynOptions(70, 90))));

    Add(SpliceMethod::Passive);
    User alice = ALICE;
    User bob = BOB;
    alice.self.port = 1;
    bob.self.port = 2;
    (void)ActionOn(synWith(alice, SynOptions(70, 0)));
    (void)ActionOn(synWith(bob, {2, 4, 0x05, 0x00}));
    EXPECT_THAT(engine.TakeEmitted(),
                ElementsAre(SynAck(alice, bob, 0, {2, 4, 0x05, 0x00}),
                            SynAck(bob, alice, 0, {2, 4, 0x05, 0xb4})));
}

TEST_F(IstEngineTest, ForwardsSegmentsWithAddressesAndPortsRewritten)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    for (const Packet& payload : {Packet{}, Bytes("odd"), Packet(1460, 0xa5)})
    {
        EXPECT_EQ(Forwarded(Data(ALICE, BOB, payload)), DataAtPeer(ALICE, BOB, payload));
        EXPECT_EQ(Forwarded(Data(BOB, ALICE, payload)), DataAtPeer(BOB, ALICE, payload));
    }
    const auto info = engine.Find(id);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->state, "ESTABLISHED");
    EXPECT_EQ(info->side[0].peer, ALICE.self);
    EXPECT_EQ(info->side[0].local, ALICE.ist);
    EXPECT_EQ(info->side[1].peer, BOB.self);
    EXPECT_EQ(info->side[0].packets, 3U);
    EXPECT_EQ(info->side[0].bytes, 3 * 40U + 3 + 1460);
    EXPECT_EQ(info->side[1].packets, 4U); // and his first ACK
}

TEST_F(IstEngineTest, TwoUsersBehindOneAddressAreSpliced)
{
    for (const uint16_t portOfBob :
         {uint16_t{1112}, uint16_t{1111}}) // even one port, mapped twice by a symmetric NAT
    {
        Add(SpliceMethod::Passive);
        const User alice{ALICE.self, {IST_WEST, PORT_A}, 7};
        const User bob{{ALICE.self.address, portOfBob}, {IST_WEST, PORT_B}, 8};
        Handshake(alice, bob);
        EXPECT_EQ(Forwarded(Data(alice, bob, Bytes("x"))), DataAtPeer(alice, bob, Bytes("x")));
        EXPECT_EQ(Forwarded(Data(bob, alice, Bytes("y"))), DataAtPeer(bob, alice, Bytes("y")));
        EXPECT_TRUE(engine.Remove(now, engine.List().front().id));
    }
}

TEST_F(IstEngineTest, TwoHundredSplicesAtOnceDoNotMix)
{
    std::vector<std::pair<User, User>> users;
    for (uint16_t i = 0; i < 200; ++i)
    {
        const auto portA = static_cast<uint16_t>(6000 + 2 * i);
        const auto portB = static_cast<uint16_t>(portA + 1);
        Add(SpliceMethod::Passive, portA, portB);
        users.push_back({{{ALICE.self.address, 1000}, {IST_WEST, portA}, i * 77U},
                         {{BOB.self.address, 1000}, {IST_EAST, portB}, i * 99U}});
    }
    for (const auto& [a, b] : users)
    {
        EXPECT_EQ(ActionOn(Syn(a)), IstVerdict::Consumed);
    }
    for (auto pair = users.rbegin(); pair != users.rend(); ++pair)
    {
        EXPECT_EQ(ActionOn(Syn(pair->second)), IstVerdict::Consumed);
    }
    for (const auto& [a, b] : users)
    {
        (void)ActionOn(FirstAck(a, b));
        (void)ActionOn(FirstAck(b, a));
    }
    for (const auto& [a, b] : users)
    {
        ASSERT_EQ(Forwarded(Data(a, b, Bytes("to b"))), DataAtPeer(a, b, Bytes("to b")));
        ASSERT_EQ(Forwarded(Data(b, a, Bytes("to a"))), DataAtPeer(b, a, Bytes("to a")));
    }
    EXPECT_EQ(engine.Counters().paired, 200U);
    EXPECT_EQ(engine.List().size(), 200U);
    ExpectNothingLeft();
}

TEST_F(IstEngineTest, PortsReturnOncePairedAndTheFlowStaysWithItsSplice)
{
    Add(SpliceMethod::Passive);
    (void)ActionOn(Syn(ALICE));
    EXPECT_FALSE(engine.Add(now, {SpliceMethod::Passive, PORT_A, 9, {}, {}, {}, {}})); // not yet
    (void)ActionOn(Syn(BOB));
    (void)ActionOn(FirstAck(ALICE, BOB));
    (void)ActionOn(FirstAck(BOB, ALICE));
    const uint64_t second = Add(SpliceMethod::Passive);
    const User carol{{{0x0a000301}, 3333}, ALICE.ist, 5};
    const User dave{{{0x0a000401}, 4444}, BOB.ist, 6};
    (void)engine.TakeEmitted();
    Handshake(carol, dave);
    EXPECT_EQ(StateOf(second), "ESTABLISHED");
    EXPECT_EQ(Forwarded(Data(ALICE, BOB, Bytes("1"))), DataAtPeer(ALICE, BOB, Bytes("1")));
    EXPECT_EQ(Forwarded(Data(carol, dave, Bytes("2"))), DataAtPeer(carol, dave, Bytes("2")));
}

TEST_F(IstEngineTest, SidesAreTakenByTheFirstAndOnlyByAllowedSources)
{
    IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    pair.allowedA = ALICE.self.address;
    ASSERT_TRUE(engine.Add(now, pair));
    EXPECT_EQ(ReasonFor(Syn({BOB.self, ALICE.ist, 5})), "ist.source-refused");
    EXPECT_EQ(ActionOn(Syn(ALICE)), IstVerdict::Consumed);
    EXPECT_EQ(ReasonFor(Syn({{ALICE.self.address, 9}, ALICE.ist, 5})), "ist.side-taken");
    EXPECT_EQ(ActionOn(Syn({{{0x01020304}, 9}, BOB.ist, 5})), IstVerdict::Consumed); // any B
    EXPECT_EQ(engine.Counters().drops.at("ist.source-refused"), 1U);
    EXPECT_EQ(engine.Counters().drops.at("ist.side-taken"), 1U);
}

TEST_F(IstEngineTest, LeavesAloneWhatIsNotItsOwn)
{
    Add(SpliceMethod::Passive);
    Add(SpliceMethod::Udp);
    const Endpoint elsewhere{{0xcb007109}, PORT_A};
    Packet packets[] = {
        Tcp(ALICE.self, elsewhere, TCP_SYN, 1, 0),
        Tcp(ALICE.self, {IST_WEST, 80}, TCP_SYN, 1, 0),
        BuildUdp(ALICE.self, {IST_WEST, 53}, Bytes("query")),
        BuildUdp(ALICE.self, elsewhere, Bytes("data")),
        BuildEcho(ALICE.self.address, IST_WEST, ICMP_ECHO_REQUEST, PORT_A, 1, Bytes("ping")),
    };
    for (Packet& packet : packets)
    {
        const Packet before = packet;
        EXPECT_EQ(Give(packet).action, IstVerdict::NotOurs);
        EXPECT_EQ(packet, before);
    }
    EXPECT_THAT(trace.events, IsEmpty());
}

TEST_F(IstEngineTest, RefusesImpossibleOrders)
{
    const Endpoint target{{1}, 80};

    const struct
    {
        const char* name;
        IstPair pair;
        const char* why;
    } cases[] = {
        {"port 0 for A", {SpliceMethod::Passive, 0, 9, {}, {}, {}, {}}, "user A needs a port"},
        {"port 0 for B", {SpliceMethod::Passive, 9, 0, {}, {}, {}, {}}, "user B needs a port"},
        {"udp port 0", {SpliceMethod::Udp, 9, 0, {}, {}, {}, {}}, "user B needs a port"},
        {"one port", {SpliceMethod::Pure, 9, 9, {}, {}, {}, {}}, "port 9 is given to both"},
        {"A taken", {SpliceMethod::Passive, PORT_A, 9, {}, {}, {}, {}}, "tcp port 5001 is taken"},
        {"B taken", {SpliceMethod::Pure, 9, PORT_A, {}, {}, {}, {}}, "tcp port 5001 is taken"},
        {"no target", {SpliceMethod::Active, 9, 0, {}, {}, {}, {}}, "needs a target"},
        {"target", {SpliceMethod::Udp, 9, 8, {}, {}, target, {}}, "this one is udp"},
    };

    Add(SpliceMethod::Passive);
    for (const auto& c : cases)
    {
        SCOPED_TRACE(c.name);
        const auto id = engine.Add(now, c.pair);
        ASSERT_FALSE(id);
        EXPECT_THAT(id.Why(), HasSubstr(c.why));
    }
    EXPECT_EQ(engine.Counters().refused, std::size(cases));
    EXPECT_EQ(engine.Size(), 1U);
    EXPECT_TRUE(engine.Add(now, {SpliceMethod::Udp, PORT_A, PORT_B, {}, {}, {}, {}}));
    EXPECT_TRUE(engine.Add(now, {SpliceMethod::Active, 9, 0, {}, {}, target, {}}));
}

TEST_F(IstEngineTest, RefusesMoreSplicesThanItsLimit)
{
    IstSettings settings;
    settings.maxSplices = 2;
    IstEngine small(settings, random, nullptr);
    EXPECT_TRUE(small.Add(now, {SpliceMethod::Passive, 1, 2, {}, {}, {}, {}}));
    EXPECT_TRUE(small.Add(now, {SpliceMethod::Passive, 3, 4, {}, {}, {}, {}}));
    const auto id = small.Add(now, {SpliceMethod::Passive, 5, 6, {}, {}, {}, {}});
    ASSERT_FALSE(id);
    EXPECT_EQ(id.Why(), "all 2 splices are in use");
}

TEST_F(IstEngineTest, OrderlyCloseEndsAfterTwoMsl)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    const auto fin = [](const User& from, const User& to)
    { return Tcp(from.self, from.ist, TCP_FIN | TCP_ACK, from.isn + 1, to.isn + 1); };
    EXPECT_EQ(ActionOn(fin(ALICE, BOB)), IstVerdict::Forward);
    EXPECT_EQ(StateOf(id), "IST_CLOSE_WAIT");
    EXPECT_EQ(ActionOn(Data(BOB, ALICE, Bytes("still"))), IstVerdict::Forward);
    EXPECT_EQ(ReasonFor(Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 2, BOB.isn + 1, {1})),
              "ist.beyond-fin");
    EXPECT_EQ(ActionOn(Tcp(BOB.self, BOB.ist, TCP_FIN | TCP_ACK, BOB.isn + 6, ALICE.isn + 2)),
              IstVerdict::Forward);
    EXPECT_EQ(StateOf(id), "IST_TIME_WAIT");
    EXPECT_EQ(ActionOn(Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 2, BOB.isn + 7)),
              IstVerdict::Forward);
    engine.Timeout(now + 60s - 1ns);
    EXPECT_EQ(StateOf(id), "IST_TIME_WAIT");
    engine.Timeout(now + 60s);
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty());
    EXPECT_EQ(engine.StateSize(), 0U);
    EXPECT_EQ(ActionOn(Data(ALICE, BOB, {})), IstVerdict::NotOurs);
}

TEST_F(IstEngineTest, ResetClosesOnlyWhenItIsExact)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    EXPECT_EQ(ReasonFor(Tcp(ALICE.self, ALICE.ist, TCP_RST, ALICE.isn + 99999, 0)),
              "ist.rst-out-of-window");
    EXPECT_EQ(ReasonFor(Tcp(ALICE.self, ALICE.ist, TCP_RST, ALICE.isn + 5, 0)),
              "ist.rst-challenged");
    EXPECT_EQ(engine.TakeEmitted().size(), 1U); // the challenge ACK
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
    EXPECT_EQ(Forwarded(Tcp(ALICE.self, ALICE.ist, TCP_RST, ALICE.isn + 1, 0)),
              Tcp(BOB.ist, BOB.self, TCP_RST, ALICE.isn + 1, 0));
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_EQ(engine.StateSize(), 0U);
    EXPECT_EQ(trace.events.back().reason, "ist.reset");
}

TEST_F(IstEngineTest, UnmatchedPairExpiresAndRetransmissionsRefreshIt)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    now += 20s;
    (void)ActionOn(Syn(ALICE));
    engine.Timeout(now + 20s);
    EXPECT_EQ(StateOf(id), "IST_SYN_LOOKUP");
    now += 20s;
    (void)ActionOn(Syn(ALICE)); // again
    engine.Timeout(now + 30s - 1ns);
    EXPECT_EQ(StateOf(id), "IST_SYN_LOOKUP");
    engine.Timeout(now + 30s);
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_EQ(trace.events.back().reason, "ist.unmatched-timeout");
    EXPECT_EQ(engine.StateSize(), 0U);
    EXPECT_EQ(engine.NextTimeout(), TIME_NEVER);
}

TEST_F(IstEngineTest, UnusedPortsExpire)
{
    const uint64_t id = Add(SpliceMethod::Udp);
    EXPECT_EQ(engine.NextTimeout(), now + 30s);
    engine.Timeout(now + 30s - 1ns);
    EXPECT_EQ(StateOf(id), "LISTEN");
    engine.Timeout(now + 30s);
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty());
}

TEST_F(IstEngineTest, RetransmissionsCannotHoldAPairForEver)
{
    Add(SpliceMethod::Passive);
    const TimePoint limit = now + Settings().unmatchedLimit;
    while (now < limit)
    {
        ASSERT_EQ(engine.Size(), 1U);
        (void)ActionOn(Syn(ALICE));
        now += 20s;
        engine.Timeout(now);
    }
    EXPECT_EQ(engine.Size(), 0U);
}

TEST_F(IstEngineTest, UnansweredSynAckIsRepeatedAndGivenUp)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    (void)ActionOn(Syn(ALICE));
    (void)ActionOn(Syn(BOB));
    (void)engine.TakeEmitted();
    (void)ActionOn(FirstAck(ALICE, BOB));
    engine.Timeout(now + 1s);
    EXPECT_THAT(engine.TakeEmitted(), ElementsAre(SynAck(BOB, ALICE))); // only to him
    while (engine.NextTimeout() != TIME_NEVER)
    {
        now = engine.NextTimeout();
        engine.Timeout(now);
    }
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_EQ(trace.events.back().reason, "ist.handshake-timeout");
    EXPECT_GE(now, 63s);
    EXPECT_EQ(engine.StateSize(), 0U);
}

TEST_F(IstEngineTest, IdleSpliceEndsWithResetToBothAndPacketsKeepItAlive)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    now += 100min;
    (void)Forwarded(Data(ALICE, BOB, {}));
    engine.Timeout(now + 124min - 1ns);
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
    engine.Timeout(now + 124min);
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_EQ(trace.events.back().reason, "ist.idle-timeout");
    EXPECT_EQ(engine.TakeEmitted().size(), 2U);
}

TEST_F(IstEngineTest, RemoveResetsBothUsersOfAPairedSplice)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    (void)Forwarded(Data(ALICE, BOB, Bytes("12345")));
    EXPECT_TRUE(engine.Remove(now, id));
    const auto reset = [](const User& to, uint32_t sequence, uint32_t acknowledgement)
    {
        TcpFields tcp;
        tcp.flags = TCP_RST | TCP_ACK;
        tcp.sequence = sequence;
        tcp.acknowledgement = acknowledgement;
        tcp.window = 0;
        return BuildTcp(to.ist, to.self, tcp, {}, Crafted());
    };
    EXPECT_THAT(engine.TakeEmitted(),
                ElementsAre(reset(ALICE, BOB.isn + 1, ALICE.isn + 6),
                            reset(BOB, ALICE.isn + 1, BOB.isn + 1)));
    EXPECT_FALSE(engine.Remove(now, id));
    EXPECT_EQ(engine.StateSize(), 0U);
    EXPECT_EQ(trace.events.back().reason, "ist.removed");

    const uint64_t waiting = Add(SpliceMethod::Passive);
    EXPECT_TRUE(engine.Remove(now, waiting));
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty());
    EXPECT_EQ(engine.StateSize(), 0U);
}

TEST_F(IstEngineTest, NewPairTakesOverAFlowInTimeWait)
{
    Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    (void)ActionOn(Tcp(ALICE.self, ALICE.ist, TCP_FIN | TCP_ACK, ALICE.isn + 1, BOB.isn + 1));
    (void)ActionOn(Tcp(BOB.self, BOB.ist, TCP_FIN | TCP_ACK, BOB.isn + 1, ALICE.isn + 2));
    User alice = ALICE;
    User bob = BOB;
    alice.isn += 5000;
    bob.isn += 5000;
    EXPECT_EQ(ReasonFor(Syn(alice)), "ist.syn-challenged"); // its port is not open again
    const uint64_t second = Add(SpliceMethod::Passive);
    (void)engine.TakeEmitted();
    User late = ALICE;
    late.isn -= 5000;
    EXPECT_EQ(ReasonFor(Syn(late)), "ist.syn-challenged"); // old duplicate, RFC 9293 3.6.1
    (void)engine.TakeEmitted();
    Handshake(alice, bob);
    EXPECT_EQ(StateOf(second), "ESTABLISHED");
    EXPECT_EQ(engine.Size(), 1U);
}

TEST_F(IstEngineTest, UserWhoGivesUpBeforePairingMakesRoom)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    (void)ActionOn(Syn(ALICE));
    EXPECT_EQ(ReasonFor(Tcp(ALICE.self, ALICE.ist, TCP_RST, ALICE.isn + 1, 0)), "ist.reset");
    EXPECT_EQ(StateOf(id), "LISTEN");
    const User again{{ALICE.self.address, 1999}, ALICE.ist, 77};
    Handshake(again, BOB);
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
}

TEST_F(IstEngineTest, NewSynInTheHandshakeLetsTheOtherSideComeAgain)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    (void)ActionOn(Syn(ALICE));
    (void)ActionOn(Syn(BOB));
    User reborn = BOB;
    reborn.isn = 42;
    EXPECT_EQ(ActionOn(Syn(reborn)), IstVerdict::Consumed);
    EXPECT_EQ(StateOf(id), "IST_SYN_LOOKUP");
    (void)engine.TakeEmitted();
    const User alice{{ALICE.self.address, 1999}, ALICE.ist, 77};
    (void)ActionOn(Syn(alice));
    EXPECT_THAT(engine.TakeEmitted(), ElementsAre(SynAck(alice, reborn), SynAck(reborn, alice)));
}

TEST_F(IstEngineTest, SpliceEndsWhenThePortOfALostSideWentToAnother)
{
    const uint64_t id = Add(SpliceMethod::Passive);
    (void)ActionOn(Syn(ALICE));
    (void)ActionOn(Syn(BOB));
    Add(SpliceMethod::Passive, PORT_A, 9);
    User reborn = BOB;
    reborn.isn = 42;
    (void)ActionOn(Syn(reborn));
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_EQ(trace.events.back().reason, "ist.port-taken");
    EXPECT_EQ(engine.Size(), 1U);
}

TEST_F(IstEngineTest, DropsDataForPortsThatWait)
{
    Add(SpliceMethod::Passive);
    EXPECT_EQ(ReasonFor(Data(ALICE, BOB, Bytes("x"))), "ist.unpaired");
    EXPECT_EQ(ReasonFor(Tcp(ALICE.self, ALICE.ist, TCP_SYN | TCP_ACK, 1, 1)),
              "ist.unexpected-syn-ack");
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty());
    EXPECT_EQ(trace.events.back().rule, "thesis 4.3");
}

TEST_F(IstEngineTest, MalformedPacketsForItsPortsAreCounted)
{
    Add(SpliceMethod::Passive);
    Packet shortOffset = Syn(ALICE);
    shortOffset[20 + 12] = 0x40; // data offset of 16 bytes
    Packet cut = Syn(ALICE);
    cut.resize(30);
    Packet lies = Syn(ALICE);
    lies[3] = 200; // total length beyond the packet
    for (const Packet& packet : {shortOffset, cut, lies})
    {
        EXPECT_EQ(ReasonFor(packet), "ist.malformed");
    }
    EXPECT_EQ(engine.Counters().drops.at("ist.malformed"), 3U);
    shortOffset[23] = 80; // another port: the host's own affair
    EXPECT_EQ(ActionOn(shortOffset), IstVerdict::NotOurs);
    EXPECT_EQ(ActionOn(Packet(5, 0x45)), IstVerdict::NotOurs);
    EXPECT_EQ(ActionOn(Packet{}), IstVerdict::NotOurs);
}

TEST_F(IstEngineTest, StateIsBoundedUnderFloodAndTheLegitimateUserStillGetsThrough)
{
    IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    pair.allowedA = ALICE.self.address;
    pair.allowedB = BOB.self.address;
    ASSERT_TRUE(engine.Add(now, pair));
    IstEngine quiet(Settings(), random, nullptr);
    ASSERT_TRUE(quiet.Add(now, pair));
    const size_t before = quiet.StateSize();
    for (uint32_t i = 0; i < 100000; ++i)
    {
        Packet syn = Syn({{{0xc0000000 + i}, 7}, {IST_WEST, i % 2 ? PORT_A : PORT_B}, i});
        ASSERT_EQ(quiet.Process(now, syn, syn.size()).action, IstVerdict::Drop);
    }
    EXPECT_EQ(quiet.StateSize(), before);
    EXPECT_THAT(quiet.TakeEmitted(), IsEmpty());
    for (const User& user : {ALICE, BOB})
    {
        Packet syn = Syn(user);
        EXPECT_EQ(quiet.Process(now, syn, syn.size()).action, IstVerdict::Consumed);
    }
    EXPECT_EQ(quiet.TakeEmitted().size(), 2U);
}

TEST_F(IstEngineTest, DecrementsTtlOnlyWhenAsked)
{
    for (const bool decrement : {false, true})
    {
        IstSettings settings = Settings();
        settings.decrementTtl = decrement;
        IstEngine box(settings, random, nullptr);
        ASSERT_TRUE(box.Add(now, {SpliceMethod::Udp, PORT_A, PORT_B, {}, {}, {}, {}}));
        const auto give = [&](Packet packet)
        {
            (void)box.Process(now, packet, packet.size());
            return packet;
        };
        (void)give(Registration(ALICE));
        (void)give(Registration(BOB));
        IpFields ip;
        ip.ttl = 9;
        IpFields less;
        less.ttl = decrement ? 8 : 9;
        EXPECT_EQ(give(BuildUdp(ALICE.self, ALICE.ist, Bytes("x"), ip)),
                  BuildUdp(BOB.ist, BOB.self, Bytes("x"), less));
    }
}

} // namespace
} // namespace isb
