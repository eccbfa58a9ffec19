// SPDX-License-Identifier: GPL-2.0-or-later
// What IstEngine does differently for Pure, Active and UDP, for fragments and for ICMP errors.
#include "tests/core/ist/ist-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class IstMethodsTest : public IstEngineTest
{
  protected:
    uint64_t
    AddPure(uint16_t portA, uint16_t portB)
    {
        return Add(SpliceMethod::Pure, portA, portB);
    }

    SpliceMethod
    MethodOf(uint64_t id)
    {
        return engine.Find(id)->method;
    }

    uint64_t
    AddActive(Endpoint target, uint16_t portB = 0)
    {
        IstPair pair;
        pair.method = SpliceMethod::Active;
        pair.portA = PORT_A;
        pair.portB = portB;
        pair.activeTarget = target;
        const auto id = engine.Add(now, pair);
        EXPECT_TRUE(id) << id.Why();
        return id ? *id : 0;
    }

    /// The only packet that the IST made, read.
    PacketView
    OnlyEmitted()
    {
        const Packets emitted = engine.TakeEmitted();
        EXPECT_THAT(emitted, SizeIs(1));
        PacketView view;
        EXPECT_TRUE(!emitted.empty() && view.Read(emitted[0], emitted[0].size()));
        EXPECT_TRUE(!emitted.empty() && ChecksumsAreRight(emitted[0]));
        return view;
    }
};

// Pure, thesis 4.4

/// X and Y of the thesis: Alice comes from Bob's IST port and the other way round.
const User PURE_ALICE{{ALICE.self.address, PORT_B}, {IST_WEST, PORT_A}, 1000};
const User PURE_BOB{{BOB.self.address, PORT_A}, {IST_EAST, PORT_B}, 2000};

TEST_F(IstMethodsTest, PureRewritesAddressesOnlyWhenPortsAgree)
{
    const uint64_t id = AddPure(PORT_A, PORT_B);
    Handshake(PURE_ALICE, PURE_BOB);
    EXPECT_EQ(MethodOf(id), SpliceMethod::Pure);
    EXPECT_EQ(trace.Count(TraceKind::SpliceFallback), 0U);
    const Packet sent = Data(PURE_ALICE, PURE_BOB, Bytes("pure"));
    const Packet got = Forwarded(sent);
    EXPECT_EQ(got, DataAtPeer(PURE_ALICE, PURE_BOB, Bytes("pure")));
    EXPECT_TRUE(std::equal(sent.begin() + 20, sent.begin() + 24, got.begin() + 20)); // the ports
}

TEST_F(IstMethodsTest, PureFallsBackVisiblyWhenANatChangedThePort)
{
    const uint64_t id = AddPure(PORT_A, PORT_B);
    const User mapped{{BOB.self.address, 40000}, {IST_EAST, PORT_B}, 2000};
    Handshake(PURE_ALICE, mapped);
    EXPECT_EQ(MethodOf(id), SpliceMethod::Passive);
    EXPECT_EQ(engine.Find(id)->requested, SpliceMethod::Pure);
    EXPECT_EQ(engine.Counters().fallbacks, 1U);
    ASSERT_EQ(trace.Count(TraceKind::SpliceFallback), 1U);
    EXPECT_EQ(Forwarded(Data(PURE_ALICE, mapped, Bytes("x"))),
              DataAtPeer(PURE_ALICE, mapped, Bytes("x")));
    EXPECT_EQ(Forwarded(Data(mapped, PURE_ALICE, Bytes("y"))),
              DataAtPeer(mapped, PURE_ALICE, Bytes("y")));
}

TEST_F(IstMethodsTest, PureOpensThePortFromWhichUserACame)
{
    const uint64_t id = AddPure(PORT_A, 0);
    EXPECT_EQ(ActionOn(Syn(ALICE)), IstVerdict::Consumed); // from port 1111: P2
    EXPECT_EQ(engine.Find(id)->side[1].local.port, 1111);
    const TraceEvent& seen = trace.events.back();
    EXPECT_EQ(seen.kind, TraceKind::SpliceState);
    EXPECT_EQ(seen.flow.source, ALICE.self); // what the broker tells Bob
    const User bob{{BOB.self.address, PORT_A}, {IST_EAST, 1111}, 2000};
    EXPECT_EQ(ActionOn(Syn(bob)), IstVerdict::Consumed);
    (void)ActionOn(FirstAck(ALICE, bob));
    (void)ActionOn(FirstAck(bob, ALICE));
    EXPECT_EQ(MethodOf(id), SpliceMethod::Pure);
    EXPECT_EQ(Forwarded(Data(bob, ALICE, Bytes("x"))), DataAtPeer(bob, ALICE, Bytes("x")));
}

TEST_F(IstMethodsTest, PureFallsBackVisiblyWhenThatPortIsTaken)
{
    Add(SpliceMethod::Passive, 1111, 9999);
    const uint64_t id = AddPure(PORT_A, 0);
    (void)ActionOn(Syn(ALICE));
    const auto info = engine.Find(id);
    EXPECT_EQ(info->method, SpliceMethod::Passive);
    EXPECT_GE(info->side[1].local.port, Settings().ownPortFirst);
    ASSERT_EQ(trace.Count(TraceKind::SpliceFallback), 1U);
    const User bob{{BOB.self.address, PORT_A}, {IST_EAST, info->side[1].local.port}, 2000};
    (void)ActionOn(Syn(bob));
    (void)ActionOn(FirstAck(ALICE, bob));
    (void)ActionOn(FirstAck(bob, ALICE));
    EXPECT_EQ(trace.Count(TraceKind::SpliceFallback), 1U);
    EXPECT_EQ(Forwarded(Data(ALICE, bob, Bytes("x"))), DataAtPeer(ALICE, bob, Bytes("x")));
}

TEST_F(IstMethodsTest, PureFollowsUserAToAnotherPort)
{
    const uint64_t id = AddPure(PORT_A, 0);
    (void)ActionOn(Syn(ALICE));
    (void)ActionOn(Tcp(ALICE.self, ALICE.ist, TCP_RST, ALICE.isn + 1, 0)); // gives up
    EXPECT_EQ(engine.Find(id)->side[1].local.port, 0);
    const User again{{ALICE.self.address, 1999}, ALICE.ist, 7};
    (void)ActionOn(Syn(again));
    EXPECT_EQ(engine.Find(id)->side[1].local.port, 1999);
    EXPECT_EQ(ActionOn(Syn({BOB.self, {IST_EAST, 1111}, 1})), IstVerdict::NotOurs);
    ExpectNothingLeft();
}

// Active, thesis 4.2

const Endpoint SERVER{{0x0a000201}, 80};

TEST_F(IstMethodsTest, ActiveAcceptsAThenConnectsToBAndTranslatesSequenceNumbers)
{
    const uint64_t id = AddActive(SERVER);
    EXPECT_EQ(ActionOn(Syn(ALICE)), IstVerdict::Consumed);
    const PacketView synAck = OnlyEmitted();
    EXPECT_EQ(synAck.DestinationEndpoint(), ALICE.self);
    EXPECT_EQ(synAck.TcpFlags(), TCP_SYN | TCP_ACK);
    const uint32_t shownToAlice = synAck.Sequence();
    (void)ActionOn(Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, shownToAlice + 1));
    const PacketView syn = OnlyEmitted();
    EXPECT_EQ(syn.TcpFlags(), TCP_SYN);
    EXPECT_EQ(syn.DestinationEndpoint(), SERVER);
    EXPECT_EQ(syn.Source(), IST_WEST);
    EXPECT_GE(syn.SourceEndpoint().port, Settings().ownPortFirst);
    const uint32_t shownToServer = syn.Sequence();
    const Endpoint own = syn.SourceEndpoint();
    const uint32_t serverIsn = 777000;
    EXPECT_EQ(ActionOn(Tcp(SERVER, own, TCP_SYN | TCP_ACK, serverIsn, shownToServer + 1)),
              IstVerdict::Consumed);
    EXPECT_THAT(engine.TakeEmitted(), SizeIs(2)); // ACK to each
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
    EXPECT_EQ(
        Forwarded(
            Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, shownToAlice + 1, Bytes("get"))),
        Tcp(own, SERVER, TCP_ACK, shownToServer + 1, serverIsn + 1, Bytes("get")));
    // An error about the IST's segment is one about Alice's.
    const Packet sent = Tcp(own, SERVER, TCP_ACK, shownToServer + 1, serverIsn + 1, Bytes("get"));
    const Packet original =
        Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, shownToAlice + 1, Bytes("get"));
    EXPECT_EQ(
        Forwarded(BuildIcmpError({9}, IST_WEST, ICMP_UNREACHABLE, 4, 1400, sent, 28)),
        BuildIcmpError(IST_WEST, ALICE.self.address, ICMP_UNREACHABLE, 4, 1400, original, 28));
    EXPECT_EQ(Forwarded(Tcp(SERVER, own, TCP_ACK, serverIsn + 1, shownToServer + 4, Bytes("page"))),
              Tcp(ALICE.ist, ALICE.self, TCP_ACK, shownToAlice + 1, ALICE.isn + 4, Bytes("page")));
    EXPECT_EQ(trace.StatesOf(id),
              "LISTEN>IST_SYN_RCVD IST_SYN_RCVD>IST_SYN_LOOKUP IST_SYN_LOOKUP>ESTABLISHED");
    EXPECT_TRUE(engine.Remove(now, id));
    EXPECT_THAT(engine.TakeEmitted(), SizeIs(2));
    EXPECT_EQ(engine.StateSize(), 0U);
}

TEST_F(IstMethodsTest, ActiveResetsUserAWhenTheTargetRefuses)
{
    const uint64_t id = AddActive(SERVER);
    (void)ActionOn(Syn(ALICE));
    const uint32_t shown = OnlyEmitted().Sequence();
    (void)ActionOn(Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, shown + 1));
    const PacketView syn = OnlyEmitted();
    (void)ActionOn(Tcp(SERVER, syn.SourceEndpoint(), TCP_RST | TCP_ACK, 0, syn.Sequence() + 1));
    const PacketView reset = OnlyEmitted();
    EXPECT_EQ(reset.DestinationEndpoint(), ALICE.self);
    EXPECT_EQ(reset.TcpFlags() & TCP_RST, TCP_RST);
    EXPECT_EQ(StateOf(id), "gone");
}

TEST_F(IstMethodsTest, ActiveSplicesToOneTargetNeedDifferentOwnPorts)
{
    AddActive(SERVER, 50000);
    (void)ActionOn(Syn(ALICE));
    AddActive(SERVER, 50000);
    const User carol{{{0x0a000301}, 3333}, ALICE.ist, 5};
    EXPECT_EQ(ReasonFor(Syn(carol)), "ist.no-port");
    EXPECT_TRUE(engine.Remove(now, engine.List().back().id));
    AddActive({SERVER.address, 443}, 50000); // another 5-tuple
    EXPECT_EQ(ActionOn(Syn(carol)), IstVerdict::Consumed);
}

// UDP

TEST_F(IstMethodsTest, UdpForwardsBetweenRegisteredUsers)
{
    const uint64_t id = Add(SpliceMethod::Udp);
    Register(ALICE, BOB);
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty());
    for (const Packet& payload : {Packet{}, Bytes("odd"), Packet(1400, 7)})
    {
        EXPECT_EQ(Forwarded(BuildUdp(ALICE.self, ALICE.ist, payload)),
                  BuildUdp(BOB.ist, BOB.self, payload));
        EXPECT_EQ(Forwarded(BuildUdp(BOB.self, BOB.ist, payload)),
                  BuildUdp(ALICE.ist, ALICE.self, payload));
    }
    ExpectNothingLeft();
}

TEST_F(IstMethodsTest, UdpChecksumOfZeroStaysZero)
{
    Add(SpliceMethod::Udp);
    Register(ALICE, BOB);
    Packet sent = BuildUdp(ALICE.self, ALICE.ist, Bytes("none"));
    Packet expected = BuildUdp(BOB.ist, BOB.self, Bytes("none"));
    for (Packet* packet : {&sent, &expected})
    {
        (*packet)[26] = 0;
        (*packet)[27] = 0;
    }
    EXPECT_EQ(Forwarded(sent), expected);
}

TEST_F(IstMethodsTest, UdpDataBeforePairingIsDroppedAndDoesNotTakeASide)
{
    const uint64_t id = Add(SpliceMethod::Udp);
    const Packet stray = BuildUdp({{0x01020304}, 5}, ALICE.ist, Bytes("scan"));
    EXPECT_EQ(ReasonFor(stray), "ist.unpaired");
    EXPECT_EQ(StateOf(id), "LISTEN");
    EXPECT_EQ(ActionOn(Registration(ALICE)), IstVerdict::Consumed);
    EXPECT_EQ(ReasonFor(BuildUdp(ALICE.self, ALICE.ist, Bytes("early"))), "ist.unpaired");
    EXPECT_EQ(ReasonFor(stray), "ist.side-taken");
    EXPECT_EQ(ActionOn(Registration(BOB)), IstVerdict::Consumed);
    EXPECT_EQ(ActionOn(BuildUdp(ALICE.self, ALICE.ist, Bytes("now"))), IstVerdict::Forward);
    EXPECT_EQ(ActionOn(stray), IstVerdict::NotOurs); // the port has returned
    EXPECT_EQ(engine.Counters().drops.at("ist.unpaired"), 2U);
}

TEST_F(IstMethodsTest, UdpKeepaliveIsConsumedAndHoldsTheSplice)
{
    const uint64_t id = Add(SpliceMethod::Udp);
    Register(ALICE, BOB);
    now += 4min;
    EXPECT_EQ(ActionOn(Registration(BOB)), IstVerdict::Consumed);
    engine.Timeout(now + 5min - 1ns);
    EXPECT_EQ(StateOf(id), "ESTABLISHED");
    engine.Timeout(now + 5min);
    EXPECT_EQ(StateOf(id), "gone");
    EXPECT_THAT(engine.TakeEmitted(), IsEmpty()); // nothing says RST in UDP
}

// Fragments

class IstFragmentTest : public IstMethodsTest
{
  protected:
    void
    SetUp() override
    {
        Add(SpliceMethod::Udp);
        Register(ALICE, BOB);
        IpFields ip;
        ip.identification = 4711;
        sent = FragmentPacket(BuildUdp(ALICE.self, ALICE.ist, payload, ip), 1500);
        expected = FragmentPacket(BuildUdp(BOB.ist, BOB.self, payload, ip), 1500);
        ASSERT_THAT(sent, SizeIs(5));
    }

    const Packet payload = Packet(6144, 0x3c);
    Packets sent;
    Packets expected;
};

TEST_F(IstFragmentTest, SixKibibytesPassWithoutReassembly)
{
    for (size_t i = 0; i < sent.size(); ++i)
    {
        EXPECT_EQ(Forwarded(sent[i]), expected[i]) << i;
    }
    EXPECT_EQ(engine.List()[0].side[0].packets, 5U);
}

TEST_F(IstFragmentTest, FragmentsThatOvertookTheFirstPassWhenItComes)
{
    std::vector<uint64_t> tickets;
    for (const size_t i : {3, 1})
    {
        Packet packet = sent[i];
        const IstVerdict verdict = Give(packet);
        EXPECT_EQ(verdict.action, IstVerdict::Hold);
        EXPECT_EQ(packet, sent[i]);
        tickets.push_back(verdict.ticket);
    }
    EXPECT_THAT(engine.TakeReleased(), IsEmpty());
    EXPECT_EQ(Forwarded(sent[0]), expected[0]);
    EXPECT_EQ(engine.TakeReleased(), tickets);
    for (const size_t i : {3, 1, 2, 4})
    {
        EXPECT_EQ(Forwarded(sent[i]), expected[i]) << i;
    }
    ExpectNothingLeft();
}

TEST_F(IstFragmentTest, HeldFragmentsAreAbandonedWhenTheFirstNeverComes)
{
    Packet packet = sent[2];
    const uint64_t ticket = Give(packet).ticket;
    engine.Timeout(now + Settings().fragmentTimeout);
    EXPECT_THAT(engine.TakeAbandoned(), ElementsAre(ticket));
    EXPECT_THAT(engine.TakeReleased(), IsEmpty());
}

TEST_F(IstFragmentTest, FragmentsOfOtherFlowsAreLeftAlone)
{
    const Endpoint dns{IST_WEST, 53};
    const auto own = FragmentPacket(BuildUdp(ALICE.self, dns, payload), 1500); // a known host
    EXPECT_EQ(ActionOn(own[1]), IstVerdict::Hold); // whose it is shows the first fragment only
    EXPECT_EQ(ActionOn(own[0]), IstVerdict::NotOurs);
    EXPECT_THAT(engine.TakeReleased(), SizeIs(1));
    EXPECT_EQ(ActionOn(own[1]), IstVerdict::NotOurs);
    const auto stranger = FragmentPacket(BuildUdp({{0x01020304}, 5}, dns, payload), 1500);
    EXPECT_EQ(ActionOn(stranger[1]), IstVerdict::NotOurs);
    const auto tcp = FragmentPacket(Tcp(ALICE.self, ALICE.ist, TCP_ACK, 1, 1, payload), 1500);
    EXPECT_EQ(ActionOn(tcp[1]), IstVerdict::NotOurs);
}

TEST_F(IstFragmentTest, FragmentsShareTheDropOfTheirFirst)
{
    Add(SpliceMethod::Udp);
    const User carol{{{0x0a000301}, 3333}, ALICE.ist, 0};
    const auto early = FragmentPacket(BuildUdp(carol.self, carol.ist, payload), 1500);
    EXPECT_EQ(ReasonFor(early[0]), "ist.unpaired");
    EXPECT_EQ(ReasonFor(early[1]), "ist.unpaired");
    Add(SpliceMethod::Passive, 7001, 7002);
    const User dave{{{0x0a000401}, 4444}, {IST_WEST, 7001}, 5};
    const auto tcp = FragmentPacket(Tcp(dave.self, dave.ist, TCP_ACK, 1, 1, payload), 1500);
    EXPECT_EQ(ReasonFor(tcp[0]), "ist.fragment");
    EXPECT_EQ(ReasonFor(tcp[1]), "ist.fragment");
}

TEST_F(IstFragmentTest, LaterFragmentsOfARemovedSpliceAreDropped)
{
    EXPECT_EQ(ActionOn(sent[0]), IstVerdict::Forward);
    EXPECT_TRUE(engine.Remove(now, engine.List()[0].id));
    EXPECT_EQ(ReasonFor(sent[1]), "ist.closed");
}

TEST_F(IstFragmentTest, HeldFragmentsAreBounded)
{
    const size_t most = Settings().maxHeldFragments;
    size_t held = 0;
    for (uint16_t id = 0; id < 2000; ++id)
    {
        Packet packet = sent[1];
        packet[4] = static_cast<uint8_t>(id >> 8);
        packet[5] = static_cast<uint8_t>(id);
        const IstVerdict verdict = Give(packet);
        held += verdict.action == IstVerdict::Hold;
        EXPECT_TRUE(verdict.action == IstVerdict::Hold || verdict.reason == "ist.fragment-limit");
    }
    EXPECT_EQ(held, most);
    ExpectNothingLeft();
    EXPECT_THAT(engine.TakeAbandoned(), SizeIs(most));
}

// ICMP errors

TEST_F(IstMethodsTest, IcmpErrorReachesTheUserWhosePacketDrewIt)
{
    Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    const Packet payload = Bytes("too large");
    const Packet original = Data(ALICE, BOB, payload);
    const Packet sent = Forwarded(original);
    EXPECT_EQ(Forwarded(BuildIcmpError({0x09090909}, IST_EAST, ICMP_UNREACHABLE, 4, 1400, sent)),
              BuildIcmpError(IST_WEST, ALICE.self.address, ICMP_UNREACHABLE, 4, 1400, original));
    const Packet back = Data(BOB, ALICE, payload);
    const Packet atAlice = Forwarded(back);
    EXPECT_EQ(
        Forwarded(BuildIcmpError(ALICE.self.address, IST_WEST, ICMP_UNREACHABLE, 3, 0, atAlice)),
        BuildIcmpError(IST_EAST, BOB.self.address, ICMP_UNREACHABLE, 3, 0, back));
}

TEST_F(IstMethodsTest, IcmpErrorOutsideTheWindowIsDropped)
{
    Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    const auto about = [](uint32_t sequence)
    {
        const Packet guessed = Tcp(BOB.ist, BOB.self, TCP_ACK, sequence, 0, Bytes("x"));
        return BuildIcmpError({0x09090909}, IST_EAST, ICMP_UNREACHABLE, 3, 0, guessed);
    };
    for (const uint32_t sequence : {ALICE.isn, ALICE.isn + 2, ALICE.isn + 70000, 0U})
    {
        EXPECT_EQ(ReasonFor(about(sequence)), "ist.icmp-out-of-window") << sequence;
    }
    EXPECT_EQ(trace.events.back().rule, "RFC 5927 section 4.1");
    EXPECT_EQ(ActionOn(about(ALICE.isn + 1)), IstVerdict::Forward);
}

TEST_F(IstMethodsTest, IcmpErrorAboutUdpReachesTheSenderAndOthersAreLeftAlone)
{
    Add(SpliceMethod::Udp);
    Register(ALICE, BOB);
    const Packet original = BuildUdp(ALICE.self, ALICE.ist, Bytes("datagram"));
    const Packet sent = Forwarded(original);
    EXPECT_EQ(Forwarded(BuildIcmpError(BOB.self.address, IST_EAST, ICMP_UNREACHABLE, 3, 0, sent)),
              BuildIcmpError(IST_WEST, ALICE.self.address, ICMP_UNREACHABLE, 3, 0, original));
    const Packet other = BuildUdp({IST_EAST, 53}, BOB.self, Bytes("reply"));
    EXPECT_EQ(ActionOn(BuildIcmpError(BOB.self.address, IST_EAST, ICMP_UNREACHABLE, 3, 0, other)),
              IstVerdict::NotOurs);
    EXPECT_EQ(ActionOn(BuildIcmpError(BOB.self.address, IST_WEST, ICMP_UNREACHABLE, 3, 0, sent)),
              IstVerdict::NotOurs); // not to the address that sent it
}

TEST_F(IstMethodsTest, SameInputsAndSeedGiveTheSameBytes)
{
    const auto run = [this](uint64_t seed)
    {
        SeededRng numbers(seed);
        IstEngine box(Settings(), numbers, nullptr);
        IstPair pair;
        pair.method = SpliceMethod::Active;
        pair.portA = PORT_A;
        pair.activeTarget = SERVER;
        EXPECT_TRUE(box.Add(now, pair));
        Packet syn = Syn(ALICE);
        (void)box.Process(now, syn, syn.size());
        return box.TakeEmitted();
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

} // namespace
} // namespace isb
