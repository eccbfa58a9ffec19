// SPDX-License-Identifier: GPL-2.0-or-later
// Services over UDP, both sides: registration, prefaces, relays, keepalive, idleness.
#include "model/wire/registration.h"
#include "tests/core/daemon/daemon-fixture.h"

#include <algorithm>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

const Endpoint CLIENT{Ipv4{0x7f000001}, 5555};
const Endpoint OTHER_CLIENT{Ipv4{0x7f000001}, 5556};
const Endpoint SERVER{Ipv4{0x7f000001}, 53};

std::vector<uint8_t>
Bytes(const std::string& text)
{
    return {text.begin(), text.end()};
}

class UdpTest : public DaemonFixture
{
  protected:
    /// "registration preface text:abc ..." of what was sent from a socket since the last call.
    std::string
    Sent(SocketId socket)
    {
        std::string names;
        for (const SentDatagram& datagram : TakeDatagrams())
        {
            if (datagram.socket != socket)
            {
                continue;
            }
            names += names.empty() ? "" : " ";
            if (IsRegistrationDatagram(datagram.bytes))
            {
                names += "registration";
            }
            else if (datagram.bytes == Preface(instruct.sendToken))
            {
                names += "preface";
            }
            else
            {
                names += "text:" + std::string(datagram.bytes.begin(), datagram.bytes.end());
            }
        }
        return names;
    }

    /// Time goes by, in which the peer sends its keepalives.
    void
    AdvanceWithPeer(Duration duration)
    {
        const TimePoint end = now + duration;
        while (now < end)
        {
            Datagram(service, IST_SIDE, Preface(instruct.expectToken));
            Advance(std::min<Duration>(settings.udpKeepalive, end - now));
        }
    }

    SocketId service = 0; ///< UDP socket towards the other side
    InstructMessage instruct;
};

class UdpSubscriberTest : public UdpTest
{
  protected:
    UdpSubscriberTest()
    {
        settings.wants.push_back({});
        settings.wants[0].provider = "bob";
        settings.wants[0].service = "dns";
        settings.wants[0].protocol = Protocol::Udp;
        settings.wants[0].localPort = 5353;
    }

    void
    Come(const Endpoint& client, const std::string& text)
    {
        Datagram(ListenerAt(Protocol::Udp, 5353), client, Bytes(text));
    }

    void
    ComeAndBeInstructed()
    {
        StartStanding();
        Come(CLIENT, "first");
        service = ListenerAt(Protocol::Udp, 0);
        instruct = Translated(Heard<OpenMessage>().request);
        instruct.method = ForwardingMethod::Udp;
        Tell(instruct);
    }

    void
    Establish()
    {
        ComeAndBeInstructed();
        Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    }
};

TEST_F(UdpSubscriberTest, AsksWithThePortOfASocketOfTheFlow)
{
    StartStanding();
    answerListens = false;
    Come(CLIENT, "first");
    EXPECT_FALSE(HasHeard<OpenMessage>());
    service = ListenerAt(Protocol::Udp, 0);
    daemon->Listening(now, service, Endpoint{Ipv4{}, 45000});
    Advance(0s);
    const auto open = Heard<OpenMessage>();
    EXPECT_EQ(open.udp.port, 45000);
    EXPECT_EQ(open.udp.address, At(IsbSocket()).local.address);
    EXPECT_EQ(open.method, ForwardingMethod::Udp);
}

TEST_F(UdpSubscriberTest, RegistersAndRepeatsUntilProven)
{
    ComeAndBeInstructed();
    EXPECT_EQ(Sent(service), "registration preface");
    Advance(199ms);
    EXPECT_EQ(Sent(service), "");
    Advance(1ms);
    EXPECT_EQ(Sent(service), "registration preface");
    Advance(600ms);
    EXPECT_EQ(Sent(service), "registration preface registration preface registration preface");
}

TEST_F(UdpSubscriberTest, SendsWhatWasHeldAndRelays)
{
    ComeAndBeInstructed();
    Come(CLIENT, "second");
    EXPECT_EQ(daemon->StateSize(), 3U);
    Sent(service);
    Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    EXPECT_EQ(Sent(service), "preface text:first text:second");
    const std::vector<RelayOrder> relays = TakeRelays();
    ASSERT_EQ(relays.size(), 1U);
    EXPECT_EQ(relays[0].inner, ListenerAt(Protocol::Udp, 5353));
    EXPECT_EQ(relays[0].innerPeer, CLIENT);
    EXPECT_EQ(relays[0].outer, service);
    EXPECT_EQ(relays[0].outerPeer, IST_SIDE);
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Established);
    EXPECT_EQ(Report().methods.at("udp"), 1U);
    EXPECT_EQ(daemon->StateSize(), 1U);
}

TEST_F(UdpSubscriberTest, KeepsClientsApart)
{
    Establish();
    Come(OTHER_CLIENT, "mine");
    EXPECT_EQ(Report().asked, 2U);
    EXPECT_TRUE(HasHeard<OpenMessage>());
    EXPECT_EQ(daemon->StateSize(), 3U) << "two flows, one datagram";
}

TEST_F(UdpSubscriberTest, BoundsTheDatagramsThatItHolds)
{
    settings.maxWaitingDatagrams = 2;
    ComeAndBeInstructed();
    Come(CLIENT, "second");
    Come(CLIENT, "third");
    EXPECT_EQ(daemon->StateSize(), 3U);
    EXPECT_EQ(daemon->Counters().drops.at("daemon.queue-full"), 1U);
}

TEST_F(UdpSubscriberTest, PassesOnADatagramThatCrossedTheRelayOrder)
{
    Establish();
    Sent(service);
    Come(CLIENT, "late");
    EXPECT_EQ(Sent(service), "text:late");
    EXPECT_EQ(daemon->StateSize(), 1U);
}

TEST_F(UdpSubscriberTest, BelievesOnlyTheRightTokenFromTheRightPlace)
{
    ComeAndBeInstructed();
    Datagram(service, IST_SIDE, Preface(TokenOf(0x66)));
    Datagram(service, PEER, Preface(instruct.expectToken));
    Datagram(service, IST_SIDE, Bytes("data"));
    EXPECT_FALSE(HasHeard<StatusMessage>());
    EXPECT_TRUE(TakeRelays().empty());
    EXPECT_EQ(daemon->Counters().drops.at("daemon.bad-token"), 1U);
    EXPECT_EQ(daemon->Counters().drops.at("daemon.unproven"), 2U);
    Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    EXPECT_EQ(TakeRelays().size(), 1U);
}

TEST_F(UdpSubscriberTest, DropsStrangersAfterwards)
{
    Establish();
    Datagram(service, PEER, Bytes("spoof"));
    Datagram(service, PEER, Preface(instruct.expectToken));
    EXPECT_EQ(daemon->Counters().drops.at("daemon.unproven"), 2U);
}

TEST_F(UdpSubscriberTest, AnswersARepeatedPrefaceButNotForEver)
{
    Establish();
    Sent(service);
    Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    EXPECT_EQ(Sent(service), "") << "it just sent one";
    size_t answers = 0;
    for (int i = 0; i < 60; ++i)
    {
        Advance(200ms);
        Datagram(service, IST_SIDE, Preface(instruct.expectToken));
        answers += Sent(service) == "preface" ? 1 : 0;
    }
    EXPECT_GE(answers, 10U);
    EXPECT_LE(answers, 20U);
}

TEST_F(UdpSubscriberTest, ConnectsDirectlyWithoutRegistration)
{
    StartStanding();
    Come(CLIENT, "first");
    service = ListenerAt(Protocol::Udp, 0);
    instruct = Translated(Heard<OpenMessage>().request);
    instruct.path = ServicePath::Direct;
    instruct.target = PEER;
    Tell(instruct);
    EXPECT_EQ(Sent(service), "preface");
    Datagram(service, PEER, Preface(instruct.expectToken));
    EXPECT_EQ(Sent(service), "preface text:first");
    Advance(settings.udpKeepalive);
    EXPECT_EQ(Sent(service), "preface");
    EXPECT_EQ(Report().paths.at("direct"), 1U);
}

TEST_F(UdpSubscriberTest, AwaitsAReversedPath)
{
    StartStanding();
    Come(CLIENT, "first");
    service = ListenerAt(Protocol::Udp, 0);
    instruct = Translated(Heard<OpenMessage>().request);
    instruct.path = ServicePath::Reversed;
    instruct.role = ConnectRole::Await;
    instruct.target = Endpoint{};
    Tell(instruct);
    EXPECT_EQ(Sent(service), "");
    Datagram(service, PEER, Preface(instruct.expectToken));
    EXPECT_EQ(Sent(service), "preface text:first");
    EXPECT_EQ(TakeRelays().at(0).outerPeer, PEER);
}

TEST_F(UdpSubscriberTest, FallsBackWithTheSameSocket)
{
    StartStanding();
    Come(CLIENT, "first");
    service = ListenerAt(Protocol::Udp, 0);
    InstructMessage direct = Translated(Heard<OpenMessage>().request);
    direct.path = ServicePath::Direct;
    direct.target = PEER;
    direct.patience = 2s;
    direct.expectToken = TokenOf(0x55);
    Tell(direct);
    Advance(2s);
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Failed);
    instruct = Translated(direct.request);
    instruct.attempt = 2;
    Sent(service);
    Tell(instruct);
    EXPECT_EQ(Sent(service), "registration preface");
    Datagram(service, PEER, Preface(TokenOf(0x55)));
    EXPECT_TRUE(TakeRelays().empty());
    Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    EXPECT_EQ(TakeRelays().size(), 1U);
}

TEST_F(UdpSubscriberTest, KeepsTheNatOpen)
{
    Establish();
    Sent(service);
    Advance(15s);
    EXPECT_EQ(Sent(service), "registration preface");
    Advance(15s - 1ns);
    EXPECT_EQ(Sent(service), "");
    Advance(1ns);
    EXPECT_EQ(Sent(service), "registration preface");
}

TEST_F(UdpSubscriberTest, EndsWhenNothingIsHeardOfThePeerForThreeKeepalives)
{
    Establish();
    AdvanceWithPeer(3min);
    EXPECT_EQ(daemon->StateSize(), 1U);
    HeardNames();
    Advance(30s);
    EXPECT_EQ(daemon->StateSize(), 1U);
    Advance(30s);
    EXPECT_EQ(daemon->StateSize(), 0U);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::TimedOut);
    EXPECT_NE(trace.Story(TraceKind::ConnectionState).find("closed:daemon.peer-silent"),
              std::string::npos);
    ExpectNothingLeft();
}

TEST_F(UdpSubscriberTest, PassesOnADatagramOfThePeerThatCrossedTheRelayOrder)
{
    Establish();
    TakeDatagrams();
    Datagram(service, IST_SIDE, Bytes("answer"));
    const auto sent = TakeDatagrams();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].socket, ListenerAt(Protocol::Udp, 5353));
    EXPECT_EQ(sent[0].to, CLIENT);
}

TEST_F(UdpSubscriberTest, EndsWhenNothingIsRelayedForLong)
{
    Establish();
    Heard<StatusMessage>();
    const uint64_t relay = TakeRelays().at(0).relay;
    AdvanceWithPeer(4min);
    daemon->Relayed(now, relay, 100, true);
    daemon->Relayed(now, relay, 40, false);
    AdvanceWithPeer(5min - 1ns);
    EXPECT_EQ(daemon->StateSize(), 1U);
    Advance(1ns);
    const auto closed = Heard<StatusMessage>();
    EXPECT_EQ(closed.phase, ConnectionPhase::Closed);
    EXPECT_EQ(closed.code, IsbCode::TimedOut);
    EXPECT_EQ(closed.sentBytes, 100U);
    EXPECT_EQ(closed.receivedBytes, 40U);
    EXPECT_TRUE(At(service).closed);
    EXPECT_NE(ListenerAt(Protocol::Udp, 5353), 0U);
    EXPECT_EQ(Report().failed, 0U);
    ExpectNothingLeft();
}

TEST_F(UdpSubscriberTest, HoldsOffAfterARefusalInsteadOfAskingForEachDatagram)
{
    StartStanding();
    Come(CLIENT, "first");
    Tell(FaultMessage{IsbCode::NoIst, Heard<OpenMessage>().request, ""});
    EXPECT_EQ(daemon->StateSize(), 0U);
    Come(CLIENT, "second");
    EXPECT_FALSE(HasHeard<OpenMessage>());
    EXPECT_EQ(daemon->Counters().drops.at("daemon.held-off"), 1U);
    Advance(1s);
    Come(CLIENT, "third");
    EXPECT_TRUE(HasHeard<OpenMessage>());
}

TEST_F(UdpSubscriberTest, DropsDatagramsForARefusedService)
{
    Start();
    LogIn();
    Come(CLIENT, "early");
    Tell(FaultMessage{IsbCode::NotAllowed, Heard<SubscribeMessage>().request, ""});
    Come(CLIENT, "late");
    EXPECT_EQ(daemon->StateSize(), 0U);
    EXPECT_EQ(daemon->Counters().drops.at("daemon.not-allowed"), 1U);
    EXPECT_EQ(Report().failed, 2U);
}

TEST_F(UdpSubscriberTest, FailsWhenItsSocketIsLost)
{
    Establish();
    Failed(service);
    EXPECT_EQ(daemon->StateSize(), 0U);
    ExpectNothingLeft();
}

TEST_F(UdpSubscriberTest, FailsWhenItGetsNoSocket)
{
    StartStanding();
    refused.insert({Protocol::Udp, 0});
    Come(CLIENT, "first");
    EXPECT_EQ(Report().codes.at("connect-failed"), 1U);
    ExpectNothingLeft();
}

TEST_F(UdpSubscriberTest, EndsItsFlowsWithTheLocalSocket)
{
    Establish();
    Come(OTHER_CLIENT, "mine");
    Failed(ListenerAt(Protocol::Udp, 5353));
    EXPECT_EQ(daemon->StateSize(), 0U);
    Advance(settings.retryMost);
    EXPECT_NE(ListenerAt(Protocol::Udp, 5353), 0U);
}

TEST_F(UdpSubscriberTest, GivesAReadyPathToTheFirstClient)
{
    settings.wants[0].prepared = 1;
    StartStanding();
    service = ListenerAt(Protocol::Udp, 0);
    instruct = Translated(Heard<OpenMessage>().request);
    Tell(instruct);
    Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    AdvanceWithPeer(1h);
    EXPECT_EQ(daemon->StateSize(), 1U) << "a path in reserve does not grow stale";
    HeardNames();
    Sent(service);
    Come(CLIENT, "first");
    EXPECT_EQ(Sent(service), "text:first");
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Started);
    EXPECT_EQ(TakeRelays().size(), 1U);
    EXPECT_EQ(Report().fromPrepared, 1U);
}

class UdpProviderTest : public UdpTest
{
  protected:
    UdpProviderTest()
    {
        settings.user = "bob";
        settings.provides.push_back({});
        settings.provides[0].record.name = "dns";
        settings.provides[0].record.protocol = Protocol::Udp;
        settings.provides[0].server = SERVER;
    }

    void
    BePrepared(ServicePath path)
    {
        Start();
        LogIn();
        Tell(OfferMessage{600, "ann", "dns"});
        Tell(PrepareMessage{77, 1, 600, path, ForwardingMethod::Udp, false, 0});
        service = ListenerAt(Protocol::Udp, 0);
    }

    void
    Establish()
    {
        BePrepared(ServicePath::Translated);
        instruct = Translated(0);
        Tell(instruct);
        Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    }
};

TEST_F(UdpProviderTest, TellsThePortOfTheSocketOfADirectPath)
{
    BePrepared(ServicePath::Direct);
    EXPECT_EQ(Heard<ReadyMessage>().listenPort, At(service).local.port);
    BePrepared(ServicePath::Translated);
    EXPECT_EQ(Heard<ReadyMessage>().listenPort, 0);
}

TEST_F(UdpProviderTest, RelaysToItsServer)
{
    Establish();
    const std::vector<RelayOrder> relays = TakeRelays();
    ASSERT_EQ(relays.size(), 1U);
    EXPECT_EQ(relays[0].innerPeer, SERVER);
    EXPECT_EQ(relays[0].outer, service);
    EXPECT_EQ(relays[0].outerPeer, IST_SIDE);
    EXPECT_EQ(At(relays[0].inner).from.ToString(), "127.0.0.1:0");
    EXPECT_EQ(daemon->Counters().served, 1U);
}

TEST_F(UdpProviderTest, RelaysToAPeripheralFromAnyAddress)
{
    settings.provides[0].server = Endpoint{Ipv4{0xc0a80109}, 53};
    Establish();
    EXPECT_EQ(At(TakeRelays().at(0).inner).from.ToString(), "0.0.0.0:0");
}

TEST_F(UdpProviderTest, LearnsADirectSubscriberFromItsPreface)
{
    BePrepared(ServicePath::Direct);
    instruct = Translated(0);
    instruct.path = ServicePath::Direct;
    instruct.role = ConnectRole::Await;
    instruct.target = Endpoint{};
    Tell(instruct);
    Datagram(service, PEER, Preface(TokenOf(0x66)));
    EXPECT_EQ(Sent(service), "") << "an unproven address is not answered";
    Datagram(service, PEER, Preface(instruct.expectToken));
    EXPECT_EQ(Sent(service), "preface");
    EXPECT_EQ(TakeRelays().at(0).outerPeer, PEER);
}

TEST_F(UdpProviderTest, APunchedPrefaceFromElsewhereIsAnsweredOnceAndNeverSentToAgain)
{
    settings.allowPunch = true;
    const Endpoint elsewhere{Ipv4{0xcb007163}, 5000};
    const auto sentTo = [this](const Endpoint& to)
    {
        const auto sent = TakeDatagrams();
        return std::count_if(sent.begin(), sent.end(), [&to](auto& d) { return d.to == to; });
    };
    BePrepared(ServicePath::Punched);
    instruct = Translated(0);
    instruct.path = ServicePath::Punched;
    instruct.target = PEER;
    Tell(instruct);
    EXPECT_EQ(sentTo(PEER), 1);
    Datagram(service, elsewhere, Preface(instruct.expectToken));
    EXPECT_EQ(sentTo(elsewhere), 1);
    Advance(2s);
    EXPECT_EQ(sentTo(elsewhere), 0) << "its address may be forged (promises T1, T2)";
    for (const Endpoint& bad : {Endpoint{elsewhere.address, 53}, Endpoint{Ipv4{0x7f000001}, 5000}})
    {
        Datagram(service, bad, Preface(instruct.expectToken));
        EXPECT_EQ(sentTo(bad), 0);
    }
    EXPECT_EQ(daemon->Counters().drops.at("daemon.unproven"), 2U);
}

TEST_F(UdpProviderTest, HoldsDatagramsUntilItsSocketToTheServerIsOpen)
{
    settings.maxWaitingDatagrams = 2;
    BePrepared(ServicePath::Translated);
    instruct = Translated(0);
    Tell(instruct);
    answerListens = false;
    Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    Datagram(service, IST_SIDE, Bytes("one"));
    Datagram(service, IST_SIDE, Bytes("two"));
    Datagram(service, IST_SIDE, Bytes("three"));
    EXPECT_EQ(daemon->Counters().drops.at("daemon.queue-full"), 1U);
    TakeDatagrams();
    const SocketId inner = ListenerAt(Protocol::Udp, 0);
    ASSERT_NE(inner, service);
    daemon->Listening(now, inner, Endpoint{SERVER.address, 45000});
    Advance(0s);
    EXPECT_EQ(Sent(inner), "text:one text:two");
    Datagram(service, IST_SIDE, Bytes("four"));
    EXPECT_EQ(Sent(inner), "text:four");
}

TEST_F(UdpProviderTest, DropsDatagramsOfOthersThanItsServer)
{
    Establish();
    const SocketId inner = TakeRelays().at(0).inner;
    Datagram(inner, CLIENT, Bytes("hello"));
    EXPECT_EQ(daemon->Counters().drops.at("daemon.not-the-server"), 1U);
}

TEST_F(UdpProviderTest, SaysThatItHasNoSocket)
{
    refused.insert({Protocol::Udp, 0});
    BePrepared(ServicePath::Direct);
    const auto fault = Heard<FaultMessage>();
    EXPECT_EQ(fault.request, 77U);
    EXPECT_EQ(fault.code, IsbCode::ConnectFailed);
    ExpectNothingLeft();
}

TEST_F(UdpProviderTest, EndsWhenNothingIsRelayedForLong)
{
    Establish();
    AdvanceWithPeer(5min - 1ns);
    EXPECT_EQ(daemon->StateSize(), 1U);
    Advance(1ns);
    EXPECT_EQ(daemon->StateSize(), 0U);
    ExpectNothingLeft();
}

TEST_F(UdpProviderTest, EndsItsRelayWhenTheIsbBeginsAnew)
{
    Establish();
    const SocketId inner = TakeRelays().at(0).inner;
    Tell(PrepareMessage{77, 2, 600, ServicePath::Translated, ForwardingMethod::Udp, false, 0});
    EXPECT_TRUE(At(inner).closed);
    EXPECT_FALSE(At(service).closed) << "the same socket serves the next attempt";
    instruct.attempt = 2;
    Tell(instruct);
    Datagram(service, IST_SIDE, Preface(instruct.expectToken));
    EXPECT_EQ(TakeRelays().size(), 1U);
    Tell(ConnectionEndedMessage{77, IsbCode::Cancelled});
    ExpectNothingLeft();
}

TEST_F(UdpProviderTest, EndsWhatTheIsbNames)
{
    Establish();
    const SocketId inner = TakeRelays().at(0).inner;
    Tell(ConnectionEndedMessage{77, IsbCode::Cancelled});
    EXPECT_TRUE(At(inner).closed);
    EXPECT_TRUE(At(service).closed);
    ExpectNothingLeft();
}

} // namespace
} // namespace isb::test
