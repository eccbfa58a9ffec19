// SPDX-License-Identifier: GPL-2.0-or-later
// A wanted service: its local port, its subscription, its clients while they wait.
#include "tests/core/daemon/daemon-fixture.h"

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

class SubscribedServiceTest : public DaemonFixture
{
  protected:
    SubscribedServiceTest()
    {
        settings.wants.push_back(Web());
    }

    static WantedService
    Web()
    {
        WantedService web;
        web.provider = "bob";
        web.service = "web";
        web.localPort = 8080;
        return web;
    }

    void
    Refuse(IsbCode code)
    {
        Tell(FaultMessage{code, Heard<SubscribeMessage>().request, ""});
    }
};

TEST_F(SubscribedServiceTest, OpensItsLocalPortOnLoopbackFromTheStart)
{
    Start();
    const SocketId listener = ListenerAt(Protocol::Tcp, 8080);
    EXPECT_EQ(At(listener).from.ToString(), "127.0.0.1:8080");
    EXPECT_EQ(Report().localPort, 8080);
    EXPECT_EQ(Report().state, "waiting");
}

TEST_F(SubscribedServiceTest, TellsTheLocalPortThatItWasGiven)
{
    settings.wants[0].localPort = 0;
    Start();
    EXPECT_NE(Report().localPort, 0);
}

TEST_F(SubscribedServiceTest, SubscribesOnceForAllItsConnections)
{
    Start();
    LogIn();
    const auto subscribe = Heard<SubscribeMessage>();
    EXPECT_EQ(subscribe.provider, "bob");
    EXPECT_EQ(subscribe.service, "web");
    Tell(SubscribedMessage{subscribe.request, 1000, Protocol::Tcp});
    EXPECT_EQ(Report().state, "subscribed");
    HeardNames();
    Client(8080);
    Client(8080);
    EXPECT_EQ(HeardNames(), "open open");
    EXPECT_EQ(trace.Story(TraceKind::SubscriptionState), "asked subscribed");
}

TEST_F(SubscribedServiceTest, TriesALocalPortThatIsTakenAgain)
{
    refused.insert({Protocol::Tcp, 8080});
    Start();
    EXPECT_EQ(Report().localPort, 0);
    EXPECT_EQ(trace.events.back().reason, "daemon.local-port-taken");
    refused.clear();
    Advance(settings.retryMost);
    EXPECT_EQ(Report().localPort, 8080);
}

TEST_F(SubscribedServiceTest, LetsClientsThatComeEarlyWait)
{
    Start();
    const SocketId early = Client(8080);
    EXPECT_EQ(At(early).read, 0U);
    LogIn();
    const SocketId alsoEarly = Client(8080);
    EXPECT_FALSE(HasHeard<OpenMessage>());
    Tell(SubscribedMessage{Heard<SubscribeMessage>().request, 1000, Protocol::Tcp});
    const uint64_t first = Heard<OpenMessage>().request;
    EXPECT_LT(first, Heard<OpenMessage>().request);
    EXPECT_FALSE(At(early).closed || At(alsoEarly).closed);
    EXPECT_EQ(daemon->StateSize(), 2U);
}

TEST_F(SubscribedServiceTest, TurnsAClientAwayWhenItsPatienceIsOver)
{
    settings.wants[0].patience = 3s;
    Start();
    const SocketId client = Client(8080);
    Advance(3s - 1ns);
    EXPECT_FALSE(At(client).closed);
    Advance(1ns);
    EXPECT_TRUE(At(client).reset);
    EXPECT_EQ(Report().failed, 1U);
    EXPECT_EQ(Report().codes.at("timed-out"), 1U);
    ExpectNothingLeft();
}

TEST_F(SubscribedServiceTest, AsksAgainForAProviderThatIsNotOnline)
{
    settings.retryMost = 4s;
    Start();
    LogIn();
    const SocketId client = Client(8080);
    TimePoint asked = now;
    for (const Duration whole : {1s, 2s, 4s, 4s})
    {
        Refuse(IsbCode::NotOnline);
        EXPECT_EQ(Report().state, "waiting");
        Advance(whole / 2 - 1ns);
        EXPECT_FALSE(HasHeard<SubscribeMessage>());
        while (!HasHeard<SubscribeMessage>())
        {
            Advance(daemon->NextTimeout() - now);
        }
        EXPECT_LE(now - asked, whole);
        asked = now;
    }
    EXPECT_FALSE(At(client).closed);
    EXPECT_EQ(Report().codes.at("not-online"), 4U);
    Tell(SubscribedMessage{Heard<SubscribeMessage>().request, 1000, Protocol::Tcp});
    EXPECT_TRUE(HasHeard<OpenMessage>());
}

TEST_F(SubscribedServiceTest, NamesTheProvidersAbsenceWhenPatienceIsOver)
{
    settings.wants[0].patience = 300ms;
    Start();
    LogIn();
    Refuse(IsbCode::NotOnline);
    const SocketId client = Client(8080);
    Advance(300ms);
    EXPECT_TRUE(At(client).reset);
    EXPECT_EQ(trace.events.back().reason, "daemon.not-online");
}

TEST_F(SubscribedServiceTest, ResetsClientsAtOnceWhenRefused)
{
    for (const IsbCode code : {IsbCode::NotAllowed, IsbCode::Refused, IsbCode::BadRequest})
    {
        Start();
        LogIn();
        const SocketId waiting = Client(8080);
        Refuse(code);
        EXPECT_TRUE(At(waiting).reset);
        const SocketId late = Client(8080);
        EXPECT_TRUE(At(late).reset);
        EXPECT_EQ(Report().state, "refused");
        EXPECT_EQ(Report().asked, 2U);
        EXPECT_EQ(Report().failed, 2U);
        EXPECT_EQ(Report().codes.at(ToString(code)), 3U);
        Advance(1h);
        EXPECT_FALSE(HasHeard<SubscribeMessage>());
        ExpectNothingLeft();
    }
}

TEST_F(SubscribedServiceTest, AsksAgainForAClientThatComesLongAfterARefusal)
{
    Start();
    LogIn();
    Refuse(IsbCode::NotAllowed);
    Advance(settings.retryMost);
    const SocketId client = Client(8080);
    EXPECT_FALSE(At(client).closed);
    Tell(SubscribedMessage{Heard<SubscribeMessage>().request, 1000, Protocol::Tcp});
    EXPECT_TRUE(HasHeard<OpenMessage>());
}

TEST_F(SubscribedServiceTest, AsksAgainAfterANewLoginOrWhenTheUserInsists)
{
    Start();
    LogIn();
    Refuse(IsbCode::NotAllowed);
    daemon->Subscribe(now, Web());
    Advance(0s);
    Refuse(IsbCode::NotAllowed);
    Failed(IsbSocket());
    EXPECT_EQ(Report().state, "waiting");
    Advance(2s);
    LogIn();
    EXPECT_TRUE(HasHeard<SubscribeMessage>());
}

TEST_F(SubscribedServiceTest, RefusesAServiceOfAnotherProtocol)
{
    Start();
    LogIn();
    Tell(SubscribedMessage{Heard<SubscribeMessage>().request, 1000, Protocol::Udp});
    EXPECT_EQ(Report().state, "refused");
    EXPECT_EQ(Heard<UnsubscribeMessage>().subscription, 1000U);
}

TEST_F(SubscribedServiceTest, RefusesNamesThatNoMessageMayHold)
{
    settings.wants[0].provider = "bob and carol";
    Start();
    LogIn();
    EXPECT_EQ(Report().state, "refused");
    EXPECT_FALSE(HasHeard<SubscribeMessage>());
}

TEST_F(SubscribedServiceTest, BoundsItsWaitingClients)
{
    settings.maxWaitingClients = 3;
    Start();
    for (int i = 0; i < 3; ++i)
    {
        EXPECT_FALSE(At(Client(8080)).closed);
    }
    EXPECT_TRUE(At(Client(8080)).reset);
    EXPECT_EQ(Report().codes.at("overloaded"), 1U);
    EXPECT_EQ(daemon->Counters().drops.at("daemon.overloaded"), 1U);
    EXPECT_EQ(daemon->StateSize(), 3U);
    Advance(30s);
    EXPECT_FALSE(At(Client(8080)).closed);
}

TEST_F(SubscribedServiceTest, KeepsClientsOverALostSession)
{
    StartStanding();
    const SocketId client = Client(8080);
    Failed(IsbSocket());
    EXPECT_FALSE(At(client).closed);
    EXPECT_EQ(trace.Story(TraceKind::ConnectionState), "waiting asked waiting:daemon.peer-lost");
    Advance(2s);
    LogInAndSubscribe();
    EXPECT_TRUE(HasHeard<OpenMessage>());
    EXPECT_FALSE(At(client).closed);
}

TEST_F(SubscribedServiceTest, KeepsClientsWhenTheProviderGoesAndComes)
{
    StartStanding();
    const SocketId client = Client(8080);
    Heard<OpenMessage>();
    Tell(SubscriptionEndedMessage{1000, IsbCode::LoggedOut});
    EXPECT_EQ(Report().state, "waiting");
    EXPECT_FALSE(At(client).closed);
    Advance(1s);
    Tell(SubscribedMessage{Heard<SubscribeMessage>().request, 1001, Protocol::Tcp});
    EXPECT_EQ(Heard<OpenMessage>().subscription, 1001U);
}

TEST_F(SubscribedServiceTest, EndsClientsOfASubscriptionThatIsForbiddenNow)
{
    StartStanding();
    const SocketId client = Client(8080);
    Tell(SubscriptionEndedMessage{1000, IsbCode::NotAllowed});
    EXPECT_TRUE(At(client).reset);
    EXPECT_EQ(Report().state, "refused");
}

TEST_F(SubscribedServiceTest, IgnoresTheEndOfAnotherSubscription)
{
    StartStanding();
    Tell(SubscriptionEndedMessage{999, IsbCode::LoggedOut});
    EXPECT_EQ(Report().state, "subscribed");
}

TEST_F(SubscribedServiceTest, ResubscribesWhenTheIsbForgotTheSubscription)
{
    StartStanding();
    const SocketId first = Client(8080);
    const SocketId second = Client(8080);
    Tell(FaultMessage{IsbCode::NotFound, Heard<OpenMessage>().request, ""});
    Tell(FaultMessage{IsbCode::NotFound, Heard<OpenMessage>().request, ""});
    EXPECT_FALSE(At(first).closed || At(second).closed);
    Advance(1s);
    Tell(SubscribedMessage{Heard<SubscribeMessage>().request, 1001, Protocol::Tcp});
    EXPECT_EQ(HeardNames(), "login open open");
}

TEST_F(SubscribedServiceTest, UnsubscribesAtRunTimeInEveryState)
{
    // Not logged in; asked; refused; subscribed with a client.
    Start();
    daemon->Unsubscribe(now, "bob", "web");
    EXPECT_TRUE(daemon->Wanted().empty());
    Start();
    LogIn();
    const uint64_t request = Heard<SubscribeMessage>().request;
    daemon->Unsubscribe(now, "bob", "web");
    Tell(SubscribedMessage{request, 1000, Protocol::Tcp});
    EXPECT_EQ(Heard<UnsubscribeMessage>().subscription, 1000U);
    Start();
    LogIn();
    Refuse(IsbCode::NotAllowed);
    daemon->Unsubscribe(now, "bob", "web");
    EXPECT_TRUE(daemon->Wanted().empty());
    StartStanding();
    const SocketId client = Client(8080);
    daemon->Unsubscribe(now, "bob", "web");
    Advance(0s);
    EXPECT_EQ(Heard<UnsubscribeMessage>().subscription, 1000U);
    EXPECT_TRUE(At(client).reset);
    EXPECT_EQ(ListenerAt(Protocol::Tcp, 8080), 0U);
    daemon->Unsubscribe(now, "bob", "web");
    ExpectNothingLeft();
}

TEST_F(SubscribedServiceTest, SubscribesAtRunTime)
{
    settings.wants.clear();
    Start();
    daemon->Subscribe(now, Web());
    Advance(0s);
    LogIn();
    EXPECT_EQ(Heard<SubscribeMessage>().service, "web");
    WantedService other = Web();
    other.service = "ssh";
    other.localPort = 2222;
    daemon->Subscribe(now, other);
    Advance(0s);
    EXPECT_EQ(Heard<SubscribeMessage>().service, "ssh");
    EXPECT_NE(ListenerAt(Protocol::Tcp, 2222), 0U);
    EXPECT_EQ(daemon->Wanted().size(), 2U);
}

TEST_F(SubscribedServiceTest, OvertakesASubscriptionThatItGaveUp)
{
    Start();
    LogIn();
    const uint64_t first = Heard<SubscribeMessage>().request;
    WantedService other = Web();
    other.localPort = 8081;
    daemon->Subscribe(now, other);
    Advance(0s);
    Refuse(IsbCode::Duplicate);
    Tell(SubscribedMessage{first, 1000, Protocol::Tcp});
    EXPECT_EQ(Heard<UnsubscribeMessage>().subscription, 1000U);
    EXPECT_EQ(Report().state, "waiting");
    Advance(1s);
    Tell(SubscribedMessage{Heard<SubscribeMessage>().request, 1001, Protocol::Tcp});
    EXPECT_EQ(Report().state, "subscribed");
}

TEST_F(SubscribedServiceTest, BeginsAnewWithOtherSettings)
{
    StartStanding();
    WantedService other = Web();
    other.localPort = 8081;
    daemon->Subscribe(now, other);
    Advance(0s);
    EXPECT_EQ(ListenerAt(Protocol::Tcp, 8080), 0U);
    EXPECT_NE(ListenerAt(Protocol::Tcp, 8081), 0U);
    EXPECT_EQ(HeardNames(), "login unsubscribe subscribe");
    EXPECT_EQ(daemon->Wanted().size(), 1U);
}

} // namespace
} // namespace isb::test
