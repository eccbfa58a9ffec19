// SPDX-License-Identifier: GPL-2.0-or-later
// The session with the ISB (thesis 3.3): login, hello messages, loss, coming back.
#include "tests/core/daemon/daemon-fixture.h"

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

class BrokerLinkTest : public DaemonFixture
{
  protected:
    BrokerLinkTest()
    {
        settings.retryFirst = 1s;
        settings.retryMost = 8s;
    }

    /// How long after now the daemon connects to the ISB again.
    Duration
    WaitForRetry()
    {
        const TimePoint lost = now;
        while (SocketTo(BROKER) == 0 && now < lost + 10min)
        {
            Advance(daemon->NextTimeout() - now);
        }
        return now - lost;
    }
};

TEST_F(BrokerLinkTest, OpensItsListenPortBeforeItConnects)
{
    answerListens = false;
    Start();
    EXPECT_EQ(SocketTo(BROKER), 0U);
    answerListens = true;
    daemon->Listening(now, ListenerAt(Protocol::Tcp, 7471), Endpoint{Ipv4{}, 7471});
    Advance(0s);
    LogIn();
    EXPECT_EQ(Heard<LoginMessage>().listenPort, 7471);
}

TEST_F(BrokerLinkTest, LogsInWithTheProofOfItsSecret)
{
    settings.canChoosePort = true;
    Start();
    LogIn();
    const auto login = Heard<LoginMessage>();
    EXPECT_EQ(login.role, IsbRole::User);
    EXPECT_EQ(login.name, "ann");
    EXPECT_EQ(login.proof, mac.Compute("secret of ann", TokenOf(9)));
    EXPECT_EQ(login.local, At(IsbSocket()).local);
    EXPECT_TRUE(login.canChoosePort);
    EXPECT_NE(login.bootId, 0U);
    EXPECT_TRUE(daemon->IsLoggedIn());
    EXPECT_EQ(daemon->Counters().logins, 1U);
    EXPECT_EQ(trace.Story(TraceKind::SessionState), "connected logged-in");
}

TEST_F(BrokerLinkTest, SaysThatItHasNoListenPortWhenThatIsTaken)
{
    refused.insert({Protocol::Tcp, 7471});
    Start();
    LogIn();
    EXPECT_EQ(Heard<LoginMessage>().listenPort, 0);
}

TEST_F(BrokerLinkTest, NeedsNoListenPort)
{
    settings.listenPort = 0;
    Start();
    LogIn();
    EXPECT_EQ(Heard<LoginMessage>().listenPort, 0);
    EXPECT_EQ(ListenerAt(Protocol::Tcp, 7471), 0U);
}

TEST_F(BrokerLinkTest, TakesItsLoginInPieces)
{
    Start();
    LogIn();
    const auto frame = EncodeFrame(IsbFrame{3, NatStatusMessage{Reachability::Public, OWN}});
    for (const uint8_t byte : frame)
    {
        Receive(IsbSocket(), std::vector<uint8_t>{byte});
    }
    EXPECT_EQ(daemon->GetReachability(), Reachability::Public);
}

TEST_F(BrokerLinkTest, SendsAHelloEveryInterval)
{
    Start();
    LogIn(10s);
    HeardNames();
    Advance(9'999ms);
    EXPECT_EQ(HeardNames(), "");
    Advance(1ms);
    Tell(PongMessage{Heard<PingMessage>().nonce});
    Advance(10s);
    EXPECT_EQ(HeardNames(), "ping");
}

TEST_F(BrokerLinkTest, LosesAnIsbThatIsSilentForThreeIntervals)
{
    Start();
    LogIn(10s);
    Advance(15s);
    Tell(PongMessage{1});
    Advance(29'999ms);
    EXPECT_TRUE(daemon->IsLoggedIn());
    Advance(1ms);
    EXPECT_FALSE(daemon->IsLoggedIn());
    EXPECT_EQ(daemon->Counters().sessionsLost, 1U);
    EXPECT_EQ(trace.events.back().reason, "daemon.timed-out");
}

TEST_F(BrokerLinkTest, WaitsLongerBeforeEachTryAndNotTheSameForAll)
{
    Start();
    std::vector<Duration> waits;
    for (int i = 0; i < 6; ++i)
    {
        Failed(SocketTo(BROKER));
        waits.push_back(WaitForRetry());
    }
    const Duration whole[] = {1s, 2s, 4s, 8s, 8s, 8s};
    for (size_t i = 0; i < waits.size(); ++i)
    {
        EXPECT_GE(waits[i], whole[i] / 2) << i;
        EXPECT_LE(waits[i], whole[i]) << i;
    }
    EXPECT_NE(waits[3], waits[4]);
    LogIn();
    Failed(IsbSocket());
    EXPECT_LE(WaitForRetry(), 1s);
}

TEST_F(BrokerLinkTest, GivesUpALoginThatIsNotAnswered)
{
    Start();
    Connected(SocketTo(BROKER));
    Advance(settings.loginTimeout - 1ns);
    EXPECT_NE(SocketTo(BROKER), 0U);
    Advance(1ns);
    EXPECT_EQ(SocketTo(BROKER), 0U);
    EXPECT_EQ(daemon->Counters().sessionsLost, 0U);
    EXPECT_LE(WaitForRetry(), 1s);
}

TEST_F(BrokerLinkTest, DoesNotHurryBackWhenReplacedOrUnwelcome)
{
    for (const IsbCode code : {IsbCode::Replaced, IsbCode::BadCredentials})
    {
        Start();
        LogIn();
        Tell(ByeMessage{code});
        EXPECT_FALSE(daemon->IsLoggedIn());
        EXPECT_GE(WaitForRetry(), 4s);
    }
}

TEST_F(BrokerLinkTest, ComesBackAfterABye)
{
    Start();
    LogIn();
    Tell(ByeMessage{IsbCode::Overloaded});
    EXPECT_EQ(trace.events.back().reason, "daemon.overloaded");
    EXPECT_LE(WaitForRetry(), 1s);
    LogIn();
    EXPECT_EQ(daemon->Counters().logins, 2U);
}

TEST_F(BrokerLinkTest, AnnouncesAndSubscribesAnewAfterEachLogin)
{
    settings.provides.push_back({});
    settings.provides[0].record.name = "web";
    settings.wants.push_back({});
    settings.wants[0].provider = "bob";
    settings.wants[0].service = "ssh";
    Start();
    for (int life = 0; life < 3; ++life)
    {
        LogIn();
        const auto first = Heard<LoginMessage>();
        EXPECT_EQ(HeardNames(), "announce subscribe");
        EndOfStream(IsbSocket());
        WaitForRetry();
        EXPECT_NE(first.bootId, 0U);
    }
}

TEST_F(BrokerLinkTest, KeepsItsBootIdForAllItsLife)
{
    Start();
    LogIn();
    const uint64_t boot = Heard<LoginMessage>().bootId;
    Failed(IsbSocket());
    WaitForRetry();
    LogIn();
    EXPECT_EQ(Heard<LoginMessage>().bootId, boot);
    Start();
    LogIn();
    EXPECT_NE(Heard<LoginMessage>().bootId, boot);
}

TEST_F(BrokerLinkTest, EndsASessionThatBeginsTwice)
{
    for (const IsbMessage& message :
         {IsbMessage{HelloMessage{{}, {}, "isb"}}, IsbMessage{LoggedInMessage{1, 1s}}})
    {
        Start();
        LogIn();
        Tell(message);
        EXPECT_FALSE(daemon->IsLoggedIn()) << NameOf(message);
        EXPECT_EQ(trace.events.back().reason, "daemon.bad-state") << NameOf(message);
        EXPECT_EQ(Heard<ByeMessage>().code, IsbCode::BadState) << NameOf(message);
    }
}

TEST_F(BrokerLinkTest, RefusesMessagesBeforeTheLogin)
{
    Start();
    const SocketId socket = SocketTo(BROKER);
    Connected(socket);
    Receive(socket, EncodeFrame(IsbFrame{1, ProbeMessage{}}));
    EXPECT_TRUE(At(socket).closed);
    EXPECT_EQ(trace.events.back().reason, "daemon.bad-state");
}

TEST_F(BrokerLinkTest, EndsASessionWithABrokenFrame)
{
    Start();
    LogIn();
    Receive(IsbSocket(), std::vector<uint8_t>(64, 0xff));
    EXPECT_FALSE(daemon->IsLoggedIn());
    EXPECT_EQ(Heard<ByeMessage>().code, IsbCode::BadFrame);
}

TEST_F(BrokerLinkTest, EndsASessionWithARepeatedFrame)
{
    Start();
    LogIn();
    Receive(IsbSocket(), EncodeFrame(IsbFrame{2, PongMessage{1}}));
    EXPECT_FALSE(daemon->IsLoggedIn());
    EXPECT_EQ(Heard<ByeMessage>().code, IsbCode::BadSequence);
}

TEST_F(BrokerLinkTest, EndsASessionWhoseIsbDoesNotRead)
{
    settings.provides.push_back({});
    settings.provides[0].record.name = "web";
    Start();
    LogIn(10s);
    for (uint64_t i = 1; i < 100'000 && daemon->IsLoggedIn(); ++i)
    {
        Tell(OfferMessage{i, "eve", "web"});
        if (i % 10'000 == 0)
        {
            Advance(10s);
        }
    }
    EXPECT_FALSE(daemon->IsLoggedIn());
    EXPECT_EQ(trace.events.back().reason, "daemon.slow-reader");
}

TEST_F(BrokerLinkTest, SaysByeWhenStopped)
{
    Start();
    LogIn(10s);
    const SocketId socket = IsbSocket();
    HeardNames();
    ExpectNothingLeft();
    EXPECT_EQ(Heard<ByeMessage>().code, IsbCode::LoggedOut);
    EXPECT_FALSE(At(socket).reset);
    EXPECT_EQ(daemon->NextTimeout(), TIME_NEVER);
}

TEST_F(BrokerLinkTest, StopsInEveryState)
{
    Start();
    ExpectNothingLeft(); // connecting
    Start();
    Connected(SocketTo(BROKER));
    ExpectNothingLeft(); // connected
    Start();
    Failed(SocketTo(BROKER));
    ExpectNothingLeft(); // waiting to try again
    answerListens = false;
    Start();
    daemon->Stop(now);
    Advance(0s);
    EXPECT_TRUE(daemon->IsIdle());
}

} // namespace
} // namespace isb::test
