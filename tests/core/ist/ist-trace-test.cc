// SPDX-License-Identifier: GPL-2.0-or-later
// What charts are made of: the packets that open and end a splice, and the header fields that each
// way of forwarding rewrites (the thesis' Tables 4.1 to 4.3).
#include "model/core/ist/ist-proxy.h"
#include "tests/core/ist/ist-fixture.h"

#include <map>
#include <set>

namespace isb
{
namespace
{

using testing::ElementsAre;
using testing::IsEmpty;

/// TraceEvent::detail lives during Emit() only: kept as text here.
class TextTrace : public TraceSink
{
  public:
    struct Line
    {
        TraceKind kind;
        std::string text;
        std::string method;
        FlowKey flow;
        uint64_t splice;
        uint64_t id;
    };

    void
    Emit(const TraceEvent& event) override
    {
        std::string text(event.detail);
        if (event.kind == TraceKind::HandshakePacket)
        {
            text = std::string(event.from) + " " + text + " " + event.flow.source.ToString() + ">" +
                   event.flow.destination.ToString();
        }
        lines.push_back(
            {event.kind, text, std::string(event.method), event.flow, event.splice, event.id});
    }

    [[nodiscard]] std::vector<std::string>
    Texts(TraceKind kind) const
    {
        std::vector<std::string> texts;
        for (const Line& line : lines)
        {
            if (line.kind == kind)
            {
                texts.push_back(line.text);
            }
        }
        return texts;
    }

    std::vector<Line> lines;
};

/// "ip.src=a>b tcp.sport=c>d" -> {"ip.src": "a>b", ...}
std::map<std::string, std::string>
FieldsOf(const std::string& detail)
{
    std::map<std::string, std::string> fields;
    size_t at = 0;
    while (at < detail.size())
    {
        const size_t end = std::min(detail.find(' ', at), detail.size());
        const size_t equal = detail.find('=', at);
        fields[detail.substr(at, equal - at)] = detail.substr(equal + 1, end - equal - 1);
        at = end + 1;
    }
    return fields;
}

std::set<std::string>
NamesOf(const std::string& detail)
{
    std::set<std::string> names;
    for (const auto& [name, values] : FieldsOf(detail))
    {
        names.insert(name);
    }
    return names;
}

class IstTraceTest : public testing::Test
{
  protected:
    static IstSettings
    Settings()
    {
        IstSettings settings;
        settings.addresses = {IST_WEST, IST_EAST};
        return settings;
    }

    uint64_t
    Add(SpliceMethod method, uint16_t portA = PORT_A, uint16_t portB = PORT_B)
    {
        IstPair pair;
        pair.method = method;
        pair.portA = portA;
        pair.portB = portB;
        pair.label = 4711;
        if (method == SpliceMethod::Active)
        {
            pair.portB = 40'000;
            pair.activeTarget = BOB.self;
            pair.activeSource = IST_EAST;
        }
        const auto id = engine.Add(now, pair);
        EXPECT_TRUE(id) << id.Why();
        return *id;
    }

    IstVerdict::Action
    Give(Packet packet)
    {
        return engine.Process(now, packet, packet.size()).action;
    }

    void
    Handshake(const User& a, const User& b)
    {
        for (const Packet& packet : {Syn(a),
                                     Syn(b),
                                     Tcp(a.self, a.ist, TCP_ACK, a.isn + 1, b.isn + 1),
                                     Tcp(b.self, b.ist, TCP_ACK, b.isn + 1, a.isn + 1)})
        {
            (void)Give(packet);
        }
    }

    void
    SendData(const User& from, const User& to)
    {
        EXPECT_EQ(Give(Tcp(from.self, from.ist, TCP_ACK, from.isn + 1, to.isn + 1, Bytes("hello"))),
                  IstVerdict::Forward);
    }

    std::vector<std::string>
    Rewritten()
    {
        return trace.Texts(TraceKind::HeaderRewritten);
    }

    SeededRng random{1};
    TextTrace trace;
    IstEngine engine{Settings(), random, &trace};
    TimePoint now{std::chrono::seconds(1)};
};

TEST_F(IstTraceTest, ShowsEveryPacketOfAPassiveHandshakeOnTheWire)
{
    Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    EXPECT_THAT(trace.Texts(TraceKind::HandshakePacket),
                ElementsAre("received SYN 10.0.1.1:1111>203.0.113.1:5001",
                            "received SYN 10.0.2.1:2222>203.0.113.2:5002",
                            "sent SYN-ACK 203.0.113.1:5001>10.0.1.1:1111",
                            "sent SYN-ACK 203.0.113.2:5002>10.0.2.1:2222",
                            "received ACK 10.0.1.1:1111>203.0.113.1:5001",
                            "received ACK 10.0.2.1:2222>203.0.113.2:5002",
                            "forwarded ACK 203.0.113.1:5001>10.0.1.1:1111",
                            "sent ACK 203.0.113.2:5002>10.0.2.1:2222"));
    for (const TextTrace::Line& line : trace.lines)
    {
        EXPECT_EQ(line.splice, 4711U);
    }
}

TEST_F(IstTraceTest, ShowsTheEndAndNoSegmentBetween)
{
    Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    trace.lines.clear();
    for (int i = 0; i < 100; ++i)
    {
        SendData(ALICE, BOB);
        (void)Give(Tcp(BOB.self, BOB.ist, TCP_ACK, BOB.isn + 1, ALICE.isn + 6));
    }
    EXPECT_THAT(trace.Texts(TraceKind::HandshakePacket), IsEmpty());
    (void)Give(Tcp(ALICE.self, ALICE.ist, TCP_FIN | TCP_ACK, ALICE.isn + 6, BOB.isn + 1));
    (void)Give(Tcp(BOB.self, BOB.ist, TCP_RST | TCP_ACK, BOB.isn + 1, ALICE.isn + 7));
    EXPECT_THAT(trace.Texts(TraceKind::HandshakePacket),
                ElementsAre("received FIN 10.0.1.1:1111>203.0.113.1:5001",
                            "forwarded FIN 203.0.113.2:5002>10.0.2.1:2222",
                            "received RST 10.0.2.1:2222>203.0.113.2:5002",
                            "forwarded RST 203.0.113.1:5001>10.0.1.1:1111"));
}

TEST_F(IstTraceTest, ShowsTheActiveHandshakeInItsOrder)
{
    Add(SpliceMethod::Active);
    (void)Give(Syn(ALICE));
    const auto synAck = engine.TakeEmitted();
    ASSERT_EQ(synAck.size(), 1U);
    PacketView view;
    ASSERT_TRUE(view.Read(synAck[0], synAck[0].size()));
    (void)Give(Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, view.Sequence() + 1));
    EXPECT_THAT(trace.Texts(TraceKind::HandshakePacket),
                ElementsAre("received SYN 10.0.1.1:1111>203.0.113.1:5001",
                            "sent SYN-ACK 203.0.113.1:5001>10.0.1.1:1111",
                            "received ACK 10.0.1.1:1111>203.0.113.1:5001",
                            "sent SYN 203.0.113.2:40000>10.0.2.1:2222"));
}

TEST_F(IstTraceTest, ShowsAUserWhoGivesUpWaiting)
{
    Add(SpliceMethod::Passive);
    (void)Give(Syn(ALICE));
    (void)Give(Tcp(ALICE.self, ALICE.ist, TCP_RST, ALICE.isn + 1, 0));
    EXPECT_THAT(trace.Texts(TraceKind::HandshakePacket),
                ElementsAre("received SYN 10.0.1.1:1111>203.0.113.1:5001",
                            "received RST 10.0.1.1:1111>203.0.113.1:5001"));
}

TEST_F(IstTraceTest, AFloodOfSynsShowsABoundedNumber)
{
    Add(SpliceMethod::Passive);
    for (int i = 0; i < 10'000; ++i)
    {
        (void)Give(Syn(ALICE));
    }
    EXPECT_EQ(trace.Texts(TraceKind::HandshakePacket).size(), 64U);
}

TEST_F(IstTraceTest, DroppedPacketsAreNoHandshake)
{
    Add(SpliceMethod::Passive);
    (void)Give(Tcp(ALICE.self, ALICE.ist, TCP_ACK, 1, 1));
    (void)Give(Tcp(ALICE.self, ALICE.ist, TCP_SYN | TCP_FIN, 1, 1));
    EXPECT_THAT(trace.Texts(TraceKind::HandshakePacket), IsEmpty());
    EXPECT_EQ(trace.Texts(TraceKind::PacketDropped).size(), 2U);
}

/// Thesis Table 4.2.
TEST_F(IstTraceTest, PassiveRewritesAddressesPortsAndChecksums)
{
    Add(SpliceMethod::Passive);
    Handshake(ALICE, BOB);
    SendData(ALICE, BOB);
    SendData(BOB, ALICE);
    SendData(ALICE, BOB); // only the first of a direction is shown
    const auto shown = Rewritten();
    ASSERT_EQ(shown.size(), 2U);
    const std::set<std::string> expected{"ip.src",
                                         "ip.dst",
                                         "ip.checksum",
                                         "tcp.sport",
                                         "tcp.dport",
                                         "tcp.checksum"};
    EXPECT_EQ(NamesOf(shown[0]), expected);
    EXPECT_EQ(NamesOf(shown[1]), expected);
    auto fields = FieldsOf(shown[0]);
    EXPECT_EQ(fields["ip.src"], "10.0.1.1>203.0.113.2");
    EXPECT_EQ(fields["ip.dst"], "203.0.113.1>10.0.2.1");
    EXPECT_EQ(fields["tcp.sport"], "1111>5002");
    EXPECT_EQ(fields["tcp.dport"], "5001>2222");
    fields = FieldsOf(shown[1]);
    EXPECT_EQ(fields["ip.src"], "10.0.2.1>203.0.113.1");
    EXPECT_EQ(fields["tcp.dport"], "5002>1111");
}

/// Thesis Table 4.3.
TEST_F(IstTraceTest, PureRewritesAddressesAndChecksumsOnly)
{
    Add(SpliceMethod::Pure, 7000, 8000);
    const User alice{{ALICE.self.address, 8000}, {IST_WEST, 7000}, 1000};
    const User bob{{BOB.self.address, 7000}, {IST_EAST, 8000}, 2000};
    Handshake(alice, bob);
    SendData(alice, bob);
    SendData(bob, alice);
    const auto shown = Rewritten();
    ASSERT_EQ(shown.size(), 2U);
    const std::set<std::string> expected{"ip.src", "ip.dst", "ip.checksum", "tcp.checksum"};
    EXPECT_EQ(NamesOf(shown[0]), expected);
    EXPECT_EQ(NamesOf(shown[1]), expected);
    EXPECT_EQ(trace.lines.back().method, "pure");
}

TEST_F(IstTraceTest, PureThatFellBackIsShownAsPassive)
{
    Add(SpliceMethod::Pure, 7000, 8000);
    const User alice{{ALICE.self.address, 8001}, {IST_WEST, 7000}, 1000};
    const User bob{{BOB.self.address, 7000}, {IST_EAST, 8000}, 2000};
    Handshake(alice, bob);
    SendData(alice, bob);
    ASSERT_EQ(Rewritten().size(), 1U);
    EXPECT_EQ(trace.lines.back().method, "passive");
    EXPECT_EQ(FieldsOf(Rewritten()[0])["tcp.sport"], "8001>8000"); // the only port that differs
    EXPECT_EQ(NamesOf(Rewritten()[0]).count("tcp.dport"), 0U);
}

/// Thesis Table 4.1.
TEST_F(IstTraceTest, ActiveRewritesSequenceAndAcknowledgementToo)
{
    Add(SpliceMethod::Active);
    const auto sequenceOfEmitted = [&]
    {
        const auto emitted = engine.TakeEmitted();
        PacketView view;
        EXPECT_EQ(emitted.size(), 1U);
        EXPECT_TRUE(view.Read(emitted.at(0), emitted.at(0).size()));
        return view.Sequence();
    };
    (void)Give(Syn(ALICE));
    const uint32_t p = sequenceOfEmitted();
    (void)Give(Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, p + 1));
    const uint32_t q = sequenceOfEmitted();
    const Endpoint ownB{IST_EAST, 40'000};
    (void)Give(Tcp(BOB.self, ownB, TCP_SYN | TCP_ACK, BOB.isn, q + 1));
    EXPECT_EQ(Give(Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, p + 1, Bytes("hello"))),
              IstVerdict::Forward);
    EXPECT_EQ(Give(Tcp(BOB.self, ownB, TCP_ACK, BOB.isn + 1, q + 1, Bytes("hi"))),
              IstVerdict::Forward);
    const auto shown = Rewritten();
    ASSERT_EQ(shown.size(), 2U);
    const std::set<std::string> expected{"ip.src",
                                         "ip.dst",
                                         "ip.checksum",
                                         "tcp.sport",
                                         "tcp.dport",
                                         "tcp.seq",
                                         "tcp.ack",
                                         "tcp.checksum"};
    EXPECT_EQ(NamesOf(shown[0]), expected);
    EXPECT_EQ(NamesOf(shown[1]), expected);
    auto fields = FieldsOf(shown[0]);
    EXPECT_EQ(fields["tcp.seq"], std::to_string(ALICE.isn + 1) + ">" + std::to_string(q + 1));
    EXPECT_EQ(fields["tcp.ack"], std::to_string(p + 1) + ">" + std::to_string(BOB.isn + 1));
}

TEST_F(IstTraceTest, DatagramsHaveAddressesPortsAndChecksumsRewritten)
{
    Add(SpliceMethod::Udp);
    (void)Give(Registration(ALICE));
    (void)Give(Registration(BOB));
    EXPECT_EQ(Give(BuildUdp(ALICE.self, ALICE.ist, Bytes("hello"))), IstVerdict::Forward);
    ASSERT_EQ(Rewritten().size(), 1U);
    EXPECT_EQ(NamesOf(Rewritten()[0]),
              (std::set<std::string>{"ip.src",
                                     "ip.dst",
                                     "ip.checksum",
                                     "udp.sport",
                                     "udp.dport",
                                     "udp.checksum"}));
    EXPECT_THAT(trace.Texts(TraceKind::HandshakePacket), IsEmpty());
}

TEST_F(IstTraceTest, AHopThatTheIstTakesIsARewrittenTtl)
{
    IstSettings settings = Settings();
    settings.decrementTtl = true;
    IstEngine hop(settings, random, &trace);
    IstPair pair;
    pair.method = SpliceMethod::Udp;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    ASSERT_TRUE(hop.Add(now, pair));
    for (Packet packet :
         {Registration(ALICE), Registration(BOB), BuildUdp(ALICE.self, ALICE.ist, Bytes("hello"))})
    {
        (void)hop.Process(now, packet, packet.size());
    }
    ASSERT_EQ(Rewritten().size(), 1U);
    EXPECT_EQ(FieldsOf(Rewritten()[0])["ip.ttl"], "64>63");
}

TEST_F(IstTraceTest, AProxySaysThatBothConnectionsEndAtIt)
{
    IstProxy proxy({}, &trace);
    ProxyPair pair;
    pair.portA = 1000;
    pair.portB = 1001;
    pair.label = 8;
    ASSERT_TRUE(proxy.Add(now, pair));
    proxy.Accepted(now, 2, 10, ALICE.self);
    EXPECT_THAT(Rewritten(), IsEmpty());
    proxy.Accepted(now, 3, 11, BOB.self);
    EXPECT_THAT(Rewritten(), ElementsAre("two connections, both end here"));
    EXPECT_EQ(trace.lines.back().method, "proxy");
    EXPECT_EQ(trace.lines.back().splice, 8U);
}

TEST_F(IstTraceTest, TracingChangesNoPacket)
{
    SeededRng other(1);
    IstEngine silent(Settings(), other, nullptr);
    IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    (void)Add(SpliceMethod::Passive);
    ASSERT_TRUE(silent.Add(now, pair));
    for (const Packet& packet :
         {Syn(ALICE),
          Syn(BOB),
          Tcp(ALICE.self, ALICE.ist, TCP_ACK, ALICE.isn + 1, BOB.isn + 1),
          Tcp(BOB.self, BOB.ist, TCP_ACK, BOB.isn + 1, ALICE.isn + 1),
          Tcp(BOB.self, BOB.ist, TCP_ACK, BOB.isn + 1, ALICE.isn + 1, Bytes("data")),
          Tcp(BOB.self, BOB.ist, TCP_FIN | TCP_ACK, BOB.isn + 5, ALICE.isn + 1)})
    {
        Packet traced = packet;
        Packet untraced = packet;
        (void)engine.Process(now, traced, traced.size());
        (void)silent.Process(now, untraced, untraced.size());
        EXPECT_EQ(traced, untraced);
        EXPECT_EQ(engine.TakeEmitted(), silent.TakeEmitted());
    }
}

// One-armed: one interface, one address for both sides; and both users behind one NAT.

struct Arms
{
    const char* name;
    Ipv4 west;
    Ipv4 east;
    Ipv4 alice;
    Ipv4 bob;
};

class IstArms : public IstEngineTest, public testing::WithParamInterface<Arms>
{
};

TEST_P(IstArms, EveryMethodCarriesBothWays)
{
    const Arms& arms = GetParam();
    const User alice{{arms.alice, 1111}, {arms.west, PORT_A}, 1000};
    const User bob{{arms.bob, 2222}, {arms.east, PORT_B}, 2000};
    Add(SpliceMethod::Passive);
    Handshake(alice, bob);
    EXPECT_EQ(Forwarded(Data(alice, bob, Bytes("x"))), DataAtPeer(alice, bob, Bytes("x")));
    EXPECT_EQ(Forwarded(Data(bob, alice, Bytes("y"))), DataAtPeer(bob, alice, Bytes("y")));

    const User pureAlice{{arms.alice, 8000}, {arms.west, 7000}, 1000};
    const User pureBob{{arms.bob, 7000}, {arms.east, 8000}, 2000};
    const uint64_t pure = Add(SpliceMethod::Pure, 7000, 8000);
    Handshake(pureAlice, pureBob);
    EXPECT_EQ(engine.Find(pure)->method, SpliceMethod::Pure);
    const Packet sent = Data(pureAlice, pureBob, Bytes("p"));
    EXPECT_EQ(Forwarded(sent), DataAtPeer(pureAlice, pureBob, Bytes("p")));
    EXPECT_EQ(Forwarded(Data(pureBob, pureAlice, Bytes("q"))),
              DataAtPeer(pureBob, pureAlice, Bytes("q")));

    const uint64_t follows = Add(SpliceMethod::Pure, 7100, 0); // Fig 4.7: P2 as A's SYN shows
    const User freeAlice{{arms.alice, 1234}, {arms.west, 7100}, 1000};
    const User toldBob{{arms.bob, 7100}, {arms.east, 1234}, 2000};
    Handshake(freeAlice, toldBob);
    EXPECT_EQ(engine.Find(follows)->method, SpliceMethod::Pure);
    EXPECT_EQ(Forwarded(Data(toldBob, freeAlice, Bytes("r"))),
              DataAtPeer(toldBob, freeAlice, Bytes("r")));

    Add(SpliceMethod::Udp);
    Register(alice, bob);
    EXPECT_EQ(Forwarded(BuildUdp(alice.self, alice.ist, Bytes("u"))),
              BuildUdp(bob.ist, bob.self, Bytes("u")));
    EXPECT_EQ(Forwarded(BuildUdp(bob.self, bob.ist, Bytes("v"))),
              BuildUdp(alice.ist, alice.self, Bytes("v")));
    ExpectNothingLeft();
}

TEST_P(IstArms, AnActiveSpliceLeavesFromTheAddressThatItChooses)
{
    const Arms& arms = GetParam();
    IstPair pair;
    pair.method = SpliceMethod::Active;
    pair.portA = PORT_A;
    pair.activeTarget = {arms.bob, 80};
    ASSERT_TRUE(engine.Add(now, pair));
    const User alice{{arms.alice, 1111}, {arms.west, PORT_A}, 1000};
    (void)ActionOn(Syn(alice));
    PacketView view;
    Packet emitted = engine.TakeEmitted().at(0);
    ASSERT_TRUE(view.Read(emitted, emitted.size()));
    const uint32_t p = view.Sequence();
    (void)ActionOn(Tcp(alice.self, alice.ist, TCP_ACK, alice.isn + 1, p + 1));
    emitted = engine.TakeEmitted().at(0);
    ASSERT_TRUE(view.Read(emitted, emitted.size()));
    EXPECT_EQ(view.TcpFlags(), TCP_SYN);
    EXPECT_EQ(view.Source(), arms.west); // that to which A came
    EXPECT_EQ(view.DestinationEndpoint(), (Endpoint{arms.bob, 80}));
    const Endpoint own = view.SourceEndpoint();
    const uint32_t q = view.Sequence();
    (void)ActionOn(Tcp({arms.bob, 80}, own, TCP_SYN | TCP_ACK, 5000, q + 1));
    EXPECT_EQ(Forwarded(Tcp({arms.bob, 80}, own, TCP_ACK, 5001, q + 1, Bytes("hi"))),
              Tcp(alice.ist, alice.self, TCP_ACK, p + 1, alice.isn + 1, Bytes("hi")));
}

TEST_P(IstArms, ErrorsAboutASpliceFindTheirUser)
{
    const Arms& arms = GetParam();
    const User alice{{arms.alice, 1111}, {arms.west, PORT_A}, 1000};
    const User bob{{arms.bob, 2222}, {arms.east, PORT_B}, 2000};
    Add(SpliceMethod::Udp);
    Register(alice, bob);
    const Packet datagram = BuildUdp(bob.ist, bob.self, Bytes("from alice"));
    Packet error = BuildIcmpError({0x08080808}, arms.east, ICMP_UNREACHABLE, 3, 0, datagram);
    ASSERT_EQ(Give(error).action, IstVerdict::Forward);
    PacketView view;
    ASSERT_TRUE(view.Read(error, error.size()));
    EXPECT_EQ(view.Destination(), arms.alice);
    EXPECT_TRUE(ChecksumsAreRight(error));
}

INSTANTIATE_TEST_SUITE_P(
    Addresses,
    IstArms,
    testing::Values(
        Arms{"TwoArms", IST_WEST, IST_EAST, ALICE.self.address, BOB.self.address},
        Arms{"OneArm", IST_WEST, IST_WEST, ALICE.self.address, BOB.self.address},
        Arms{"OneNat", IST_WEST, IST_EAST, ALICE.self.address, ALICE.self.address},
        Arms{"OneArmOneNat", IST_WEST, IST_WEST, ALICE.self.address, ALICE.self.address}),
    [](const auto& arms) { return std::string(arms.param.name); });

TEST(IstProxyArms, TwoUsersBehindOneNatAreJoined)
{
    IstProxy proxy({}, nullptr);
    for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp})
    {
        ProxyPair pair;
        pair.protocol = protocol;
        pair.portA = 1000;
        pair.portB = 1001;
        pair.allowedA = ALICE.self.address;
        pair.allowedB = ALICE.self.address;
        ASSERT_TRUE(proxy.Add(TimePoint{0}, pair));
        std::vector<IstProxy::ListenerId> listeners;
        for (const auto& output : proxy.TakeOutputs())
        {
            if (const auto* listen = std::get_if<IstProxy::Listen>(&output))
            {
                listeners.push_back(listen->listener);
            }
        }
        ASSERT_EQ(listeners.size(), 2U);
        const Endpoint one{ALICE.self.address, 1111};
        const Endpoint two{ALICE.self.address, 1112};
        if (protocol == Protocol::Tcp)
        {
            proxy.Accepted(TimePoint{0}, listeners[0], 10, one);
            proxy.Accepted(TimePoint{0}, listeners[1], 11, two);
            EXPECT_EQ(proxy.GetCounters().paired, 1U);
            continue;
        }
        const ByteView registration{REGISTRATION_DATAGRAM.data(), REGISTRATION_DATAGRAM.size()};
        (void)proxy.Datagram(TimePoint{0}, listeners[0], one, registration);
        (void)proxy.Datagram(TimePoint{0}, listeners[1], two, registration);
        const auto verdict = proxy.Datagram(TimePoint{0}, listeners[0], one, Bytes("x"));
        EXPECT_EQ(verdict.action, IstProxy::DatagramVerdict::Forward);
        EXPECT_EQ(verdict.to, two);
    }
}

} // namespace
} // namespace isb
