// SPDX-License-Identifier: GPL-2.0-or-later
// The provider's side over TCP: offers, preparations, the way to the unmodified server (thesis
// 3.4.1) or peripheral (3.7.4).
#include "tests/core/daemon/daemon-fixture.h"

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

const Endpoint SERVER{Ipv4{0x7f000001}, 80};

class ProviderTest : public DaemonFixture
{
  protected:
    ProviderTest()
    {
        settings.user = "bob";
        settings.provides.push_back(Service("web"));
    }

    static ProvidedService
    Service(const std::string& name)
    {
        ProvidedService service;
        service.record.name = name;
        service.server = SERVER;
        return service;
    }

    void
    Offer(uint64_t subscription = 600, const std::string& subscriber = "ann")
    {
        Tell(OfferMessage{subscription, subscriber, "web"});
    }

    void
    Prepare(ServicePath path = ServicePath::Translated,
            ForwardingMethod method = ForwardingMethod::Passive,
            bool prepared = false,
            uint32_t attempt = 1)
    {
        Tell(PrepareMessage{77, attempt, 600, path, method, prepared, 0});
    }

    void
    StartOffered()
    {
        Start();
        LogIn();
        Offer();
    }

    /// Translated, proven by the subscriber.
    void
    Establish(bool prepared = false)
    {
        StartOffered();
        Prepare(ServicePath::Translated, ForwardingMethod::Passive, prepared);
        instruct = Translated(0);
        Tell(instruct);
        service = SocketTo(IST_SIDE);
        Connected(service);
        HeardNames();
        Receive(service, Preface(instruct.expectToken));
        server = SocketTo(SERVER);
    }

    [[nodiscard]] std::string
    Story() const
    {
        return trace.Story(TraceKind::ConnectionState);
    }

    SocketId service = 0;
    SocketId server = 0;
    InstructMessage instruct;
};

TEST_F(ProviderTest, AnnouncesWhatItProvides)
{
    settings.provides[0].record.allowed = {"ann"};
    settings.provides[0].record.open = false;
    Start();
    LogIn();
    const auto announce = Heard<AnnounceMessage>();
    EXPECT_EQ(announce.service.name, "web");
    EXPECT_FALSE(announce.service.open);
    Tell(AnnouncedMessage{announce.request});
    EXPECT_EQ(trace.Story(TraceKind::ServiceState), "announced");
}

TEST_F(ProviderTest, TellsThatTheIsbRefusedAService)
{
    Start();
    LogIn();
    Tell(FaultMessage{IsbCode::QuotaExceeded, Heard<AnnounceMessage>().request, ""});
    EXPECT_EQ(trace.Story(TraceKind::ServiceState), "withdrawn:daemon.quota-exceeded");
}

TEST_F(ProviderTest, AnnouncesAndWithdrawsAtRunTimeInEveryState)
{
    settings.provides.clear();
    Start();
    daemon->Announce(now, Service("one"));
    daemon->Announce(now, Service("two"));
    daemon->Withdraw(now, "two");
    daemon->Withdraw(now, "three");
    LogIn();
    EXPECT_EQ(HeardNames(), "login announce");
    daemon->Announce(now, Service("four"));
    daemon->Withdraw(now, "one");
    Advance(0s);
    EXPECT_EQ(HeardNames(), "announce withdraw");
    Failed(IsbSocket());
    daemon->Announce(now, Service("five"));
    Advance(2s);
    LogIn();
    EXPECT_EQ(HeardNames(), "login announce announce");
}

TEST_F(ProviderTest, AnnouncesAChangedServiceAnewButNotTheSame)
{
    Start();
    LogIn();
    HeardNames();
    ProvidedService other = Service("web");
    other.server.port = 8000;
    daemon->Announce(now, other);
    Advance(0s);
    EXPECT_EQ(HeardNames(), "") << "where the server is, is nobody else's matter";
    other.record.description = "new";
    daemon->Announce(now, other);
    Advance(0s);
    EXPECT_EQ(HeardNames(), "withdraw announce");
}

TEST_F(ProviderTest, AnnouncesNothingThatNoMessageMayHold)
{
    Start();
    LogIn();
    HeardNames();
    daemon->Announce(now, Service("a name with blanks"));
    ProvidedService loud = Service("loud");
    loud.record.description = std::string(ISB_TEXT_LIMIT + 1, 'x');
    daemon->Announce(now, loud);
    Advance(0s);
    EXPECT_EQ(HeardNames(), "");
    EXPECT_EQ(trace.Story(TraceKind::ServiceState),
              "withdrawn:daemon.bad-request withdrawn:daemon.bad-request");
}

TEST_F(ProviderTest, AcceptsOffersForOpenServices)
{
    StartOffered();
    const auto answer = Heard<AnswerMessage>();
    EXPECT_EQ(answer.subscription, 600U);
    EXPECT_TRUE(answer.accepted);
}

TEST_F(ProviderTest, AnswersOffersByItsOwnListOfUsers)
{
    settings.provides[0].record.open = false;
    settings.provides[0].record.allowed = {"ann", "carol"};
    StartOffered();
    EXPECT_TRUE(Heard<AnswerMessage>().accepted);
    Offer(601, "eve");
    const auto answer = Heard<AnswerMessage>();
    EXPECT_FALSE(answer.accepted);
    EXPECT_EQ(answer.code, IsbCode::NotAllowed);
    EXPECT_EQ(trace.Story(TraceKind::SubscriptionState), "accepted refused:daemon.not-allowed");
}

TEST_F(ProviderTest, RefusesOffersForWhatItDoesNotProvide)
{
    Start();
    LogIn();
    daemon->Withdraw(now, "web");
    Offer();
    EXPECT_EQ(Heard<AnswerMessage>().code, IsbCode::NotFound);
}

TEST_F(ProviderTest, BoundsItsSubscribers)
{
    settings.maxSubscribers = 2;
    Start();
    LogIn();
    for (uint64_t i = 1; i <= 3; ++i)
    {
        Offer(i);
        EXPECT_EQ(Heard<AnswerMessage>().accepted, i <= 2);
    }
    Tell(SubscriptionEndedMessage{1, IsbCode::Cancelled});
    Offer(4);
    EXPECT_TRUE(Heard<AnswerMessage>().accepted);
}

TEST_F(ProviderTest, PreparesOnlyForSubscribersThatItAccepted)
{
    settings.provides[0].record.open = false;
    StartOffered();
    EXPECT_FALSE(Heard<AnswerMessage>().accepted);
    Prepare();
    const auto fault = Heard<FaultMessage>();
    EXPECT_EQ(fault.code, IsbCode::NotFound);
    EXPECT_EQ(fault.request, 77U);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, PreparesNothingForAWithdrawnService)
{
    StartOffered();
    daemon->Withdraw(now, "web");
    Prepare();
    EXPECT_EQ(Heard<FaultMessage>().code, IsbCode::NotFound);
}

TEST_F(ProviderTest, BoundsItsConnections)
{
    settings.maxConnections = 1;
    StartOffered();
    Prepare();
    Tell(PrepareMessage{78, 1, 600, ServicePath::Translated, ForwardingMethod::Passive, false, 0});
    const auto fault = Heard<FaultMessage>();
    EXPECT_EQ(fault.code, IsbCode::Overloaded);
    EXPECT_EQ(fault.request, 78U);
}

struct ReadyCase
{
    const char* name;
    ServicePath path;
    ForwardingMethod method;
    bool waitsAtListenPort;
    bool choosesPort;
};

TEST_F(ProviderTest, SaysWhereItWaitsAndWhichPortItChose)
{
    settings.canChoosePort = true;
    const ReadyCase cases[] = {
        {"direct", ServicePath::Direct, ForwardingMethod::Passive, true, false},
        {"direct, pure wanted", ServicePath::Direct, ForwardingMethod::Pure, true, false},
        {"reversed", ServicePath::Reversed, ForwardingMethod::Passive, false, false},
        {"proxy", ServicePath::Translated, ForwardingMethod::Proxy, false, false},
        {"passive", ServicePath::Translated, ForwardingMethod::Passive, false, false},
        {"pure", ServicePath::Translated, ForwardingMethod::Pure, false, true},
        {"active", ServicePath::Translated, ForwardingMethod::Active, true, false}};
    for (const ReadyCase& c : cases)
    {
        StartOffered();
        Prepare(c.path, c.method);
        const auto ready = Heard<ReadyMessage>();
        EXPECT_EQ(ready.connection, 77U) << c.name;
        EXPECT_EQ(ready.attempt, 1U) << c.name;
        EXPECT_EQ(ready.listenPort, c.waitsAtListenPort ? 7471 : 0) << c.name;
        EXPECT_EQ(ready.chosenPort != 0, c.choosesPort) << c.name;
    }
}

TEST_F(ProviderTest, ChoosesNoPortWhenItsNatDoesNotKeepPorts)
{
    StartOffered();
    Prepare(ServicePath::Translated, ForwardingMethod::Pure);
    EXPECT_EQ(Heard<ReadyMessage>().chosenPort, 0);
}

TEST_F(ProviderTest, ConnectsToTheIstFromThePortThatItChose)
{
    settings.canChoosePort = true;
    StartOffered();
    Prepare(ServicePath::Translated, ForwardingMethod::Pure);
    instruct = Translated(0);
    instruct.method = ForwardingMethod::Pure;
    instruct.localPort = Heard<ReadyMessage>().chosenPort;
    Tell(instruct);
    EXPECT_EQ(At(SocketTo(IST_SIDE)).from.port, instruct.localPort);
}

TEST_F(ProviderTest, ConnectsToItsServerOnceTheSubscriberIsProven)
{
    StartOffered();
    Prepare();
    instruct = Translated(0);
    Tell(instruct);
    service = SocketTo(IST_SIDE);
    Connected(service);
    EXPECT_EQ(At(service).sent, Preface(instruct.sendToken));
    EXPECT_EQ(SocketTo(SERVER), 0U);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Established);
    server = SocketTo(SERVER);
    ASSERT_NE(server, 0U);
    EXPECT_EQ(At(service).joined, 0U);
    Connected(server);
    EXPECT_EQ(At(service).joined, server);
    EXPECT_EQ(Story(), "asked connecting proving established carrying");
    EXPECT_EQ(daemon->Counters().served, 1U);
    EndJoin(service, 10, 20, false);
    const auto closed = Heard<StatusMessage>();
    EXPECT_EQ(closed.phase, ConnectionPhase::Closed);
    EXPECT_EQ(closed.receivedBytes, 10U);
    EXPECT_EQ(closed.sentBytes, 20U);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, ConnectsToAPeripheral)
{
    const Endpoint printer{Ipv4{0xc0a80109}, 9100};
    settings.provides[0].server = printer;
    Establish();
    EXPECT_NE(SocketTo(printer), 0U);
}

TEST_F(ProviderTest, AwaitsADirectConnectionAtItsListenPort)
{
    StartOffered();
    Prepare(ServicePath::Direct);
    instruct = Translated(0);
    instruct.path = ServicePath::Direct;
    instruct.role = ConnectRole::Await;
    instruct.target = Endpoint{};
    Tell(instruct);
    service = Stranger();
    Receive(service, Preface(instruct.expectToken));
    EXPECT_EQ(At(service).sent, Preface(instruct.sendToken));
    Connected(SocketTo(SERVER));
    EXPECT_EQ(At(service).joined, SocketTo(SERVER));
}

TEST_F(ProviderTest, ConnectsToThePublicSubscriber)
{
    StartOffered();
    Prepare(ServicePath::Reversed);
    instruct = Translated(0);
    instruct.path = ServicePath::Reversed;
    instruct.target = PEER;
    Tell(instruct);
    service = SocketTo(PEER);
    Connected(service);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_NE(SocketTo(SERVER), 0U);
}

TEST_F(ProviderTest, GoesOnWithTheNextAttempt)
{
    StartOffered();
    Prepare(ServicePath::Direct);
    instruct = Translated(0);
    instruct.path = ServicePath::Direct;
    instruct.role = ConnectRole::Await;
    instruct.patience = 2s;
    Tell(instruct);
    Heard<ReadyMessage>();
    Advance(2s);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::TimedOut);
    Prepare(ServicePath::Translated, ForwardingMethod::Passive, false, 2);
    EXPECT_EQ(Heard<ReadyMessage>().attempt, 2U);
    instruct = Translated(0);
    instruct.attempt = 2;
    Tell(instruct);
    service = SocketTo(IST_SIDE);
    Connected(service);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_NE(SocketTo(SERVER), 0U);
    EXPECT_EQ(Story(),
              "asked connecting asked:daemon.timed-out asked connecting proving established");
}

TEST_F(ProviderTest, ForgetsTheTokenOfAnEarlierAttempt)
{
    StartOffered();
    Prepare(ServicePath::Direct);
    instruct = Translated(0);
    instruct.path = ServicePath::Direct;
    instruct.role = ConnectRole::Await;
    Tell(instruct);
    Prepare(ServicePath::Translated, ForwardingMethod::Passive, false, 2);
    service = Stranger();
    Receive(service, Preface(instruct.expectToken));
    Advance(settings.strangerPatience);
    EXPECT_TRUE(At(service).reset);
    EXPECT_EQ(SocketTo(SERVER), 0U);
}

TEST_F(ProviderTest, IgnoresOlderPreparationsAndInstructions)
{
    StartOffered();
    Prepare(ServicePath::Translated, ForwardingMethod::Passive, false, 3);
    HeardNames();
    Prepare(ServicePath::Direct, ForwardingMethod::Passive, false, 2);
    Prepare(ServicePath::Direct, ForwardingMethod::Passive, false, 3);
    EXPECT_EQ(HeardNames(), "");
    instruct = Translated(0);
    instruct.attempt = 2;
    Tell(instruct);
    EXPECT_EQ(SocketTo(IST_SIDE), 0U);
    instruct.attempt = 3;
    Tell(instruct);
    EXPECT_NE(SocketTo(IST_SIDE), 0U);
}

TEST_F(ProviderTest, BeginsAnewWhenOnlyItsOwnSideStood)
{
    Establish();
    Connected(server);
    Prepare(ServicePath::Translated, ForwardingMethod::Passive, false, 2);
    EXPECT_TRUE(At(service).reset);
    EXPECT_TRUE(At(server).reset);
    EXPECT_EQ(Heard<ReadyMessage>().attempt, 2U);
}

TEST_F(ProviderTest, IgnoresInstructionsForUnknownConnections)
{
    StartOffered();
    Tell(Translated(0));
    EXPECT_EQ(SocketTo(IST_SIDE), 0U);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, ForgetsAPreparationThatIsNeverInstructed)
{
    StartOffered();
    Prepare();
    Advance(settings.instructTimeout);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::TimedOut);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, SaysThatItsServerRefuses)
{
    Establish();
    Heard<StatusMessage>();
    Failed(server);
    EXPECT_TRUE(At(service).reset);
    const auto status = Heard<StatusMessage>();
    EXPECT_EQ(status.phase, ConnectionPhase::Failed);
    EXPECT_EQ(status.code, IsbCode::ServerRefused);
    EXPECT_NE(Story().find("failed:daemon.server-refused"), std::string::npos);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, DoesNotWaitForEverForItsServer)
{
    Establish();
    Heard<StatusMessage>();
    Advance(settings.serverTimeout);
    EXPECT_TRUE(At(server).closed);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::ServerRefused);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, LetsTheServerGoWhenTheSubscriberIsLost)
{
    Establish();
    Failed(service);
    EXPECT_TRUE(At(server).reset);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, EndsWhatTheIsbNames)
{
    Establish();
    Connected(server);
    Tell(ConnectionEndedMessage{78, IsbCode::IstLost});
    EXPECT_FALSE(At(server).closed);
    Tell(ConnectionEndedMessage{77, IsbCode::IstLost});
    EXPECT_TRUE(At(server).reset);
    EXPECT_TRUE(At(service).reset);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, KeepsRunningConnectionsOverALostIsb)
{
    Establish();
    Connected(server);
    Failed(IsbSocket());
    EXPECT_FALSE(At(service).closed);
    Advance(2s);
    LogIn();
    HeardNames();
    EXPECT_FALSE(At(service).closed);
    EndJoin(service, 1, 1, false);
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Closed);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, TellsAfterTheNextLoginWhatEndedMeanwhile)
{
    Establish();
    Connected(server);
    Failed(IsbSocket());
    EndJoin(service, 10, 20, false);
    Advance(2s);
    HeardNames();
    LogIn();
    const auto status = Heard<StatusMessage>();
    EXPECT_EQ(status.connection, 77U);
    EXPECT_EQ(status.phase, ConnectionPhase::Closed);
    EXPECT_EQ(status.receivedBytes, 10U);
    Failed(IsbSocket());
    Advance(2s);
    HeardNames();
    LogIn();
    EXPECT_FALSE(HasHeard<StatusMessage>()) << "once";
}

TEST_F(ProviderTest, ForgetsPreparationsAndSubscribersOfALostSession)
{
    StartOffered();
    Prepare();
    Failed(IsbSocket());
    EXPECT_EQ(daemon->StateSize(), 0U);
    Advance(2s);
    LogIn();
    Prepare();
    EXPECT_EQ(Heard<FaultMessage>().code, IsbCode::NotFound);
}

TEST_F(ProviderTest, RunsOnAfterTheServiceIsWithdrawn)
{
    Establish();
    Connected(server);
    daemon->Withdraw(now, "web");
    Tell(SubscriptionEndedMessage{600, IsbCode::Withdrawn});
    EXPECT_FALSE(At(service).closed);
}

TEST_F(ProviderTest, ServesItself)
{
    settings.wants.push_back({});
    settings.wants[0].provider = "bob";
    settings.wants[0].service = "web";
    settings.wants[0].localPort = 8080;
    StartStanding();
    Offer();
    const SocketId client = Client(8080);
    Prepare(ServicePath::Direct);
    InstructMessage await = Translated(0);
    await.path = ServicePath::Direct;
    await.role = ConnectRole::Await;
    Tell(await);
    InstructMessage connect = Translated(Heard<OpenMessage>().request);
    connect.path = ServicePath::Direct;
    connect.target = PEER;
    std::swap(connect.sendToken, connect.expectToken);
    Tell(connect);
    const SocketId out = SocketTo(PEER);
    Connected(out);
    const SocketId in = Stranger();
    Receive(in, At(out).sent);
    Receive(out, At(in).sent);
    Connected(SocketTo(SERVER));
    EXPECT_EQ(At(client).joined, out);
    EXPECT_EQ(At(in).joined, SocketTo(SERVER));
    Tell(ConnectionEndedMessage{77, IsbCode::Cancelled});
    EXPECT_TRUE(At(in).closed);
    EXPECT_TRUE(At(out).closed);
    ExpectNothingLeft();
}

TEST_F(ProviderTest, LeavesTheServerAloneUntilAPreparedOneIsUsed)
{
    Establish(true);
    EXPECT_EQ(server, 0U);
    Advance(1h);
    EXPECT_EQ(SocketTo(SERVER), 0U);
    EXPECT_EQ(daemon->StateSize(), 1U);
    Tell(StatusMessage{77, 1, ConnectionPhase::Started, IsbCode::None, 0, 0});
    server = SocketTo(SERVER);
    ASSERT_NE(server, 0U);
    EXPECT_EQ(At(service).read, 0U);
    Connected(server);
    EXPECT_EQ(At(service).joined, server);
    EXPECT_EQ(Text(server), "");
}

TEST_F(ProviderTest, TakesTheFirstBytesOfAPreparedOneForItsStart)
{
    Establish(true);
    EXPECT_EQ(At(service).read, 4096U);
    Receive(service, std::string("GET "));
    server = SocketTo(SERVER);
    ASSERT_NE(server, 0U);
    Tell(StatusMessage{77, 1, ConnectionPhase::Started, IsbCode::None, 0, 0});
    Receive(service, std::string("/"));
    EndOfStream(service);
    EXPECT_FALSE(At(service).closed) << "the client has only said all that it wants to say";
    EXPECT_EQ(SocketTo(SERVER), server) << "one server connection";
    Connected(server);
    EXPECT_EQ(Text(server), "GET /");
    EXPECT_EQ(At(service).joined, server);
}

TEST_F(ProviderTest, RemembersAStartThatComesBeforeThePreface)
{
    StartOffered();
    Prepare(ServicePath::Translated, ForwardingMethod::Passive, true);
    Tell(StatusMessage{77, 1, ConnectionPhase::Started, IsbCode::None, 0, 0});
    instruct = Translated(0);
    Tell(instruct);
    service = SocketTo(IST_SIDE);
    Connected(service);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_NE(SocketTo(SERVER), 0U);
}

TEST_F(ProviderTest, IgnoresTheStartOfAnotherAttempt)
{
    Establish(true);
    Tell(StatusMessage{77, 9, ConnectionPhase::Started, IsbCode::None, 0, 0});
    Tell(StatusMessage{78, 1, ConnectionPhase::Started, IsbCode::None, 0, 0});
    Tell(StatusMessage{77, 1, ConnectionPhase::Established, IsbCode::None, 0, 0});
    EXPECT_EQ(SocketTo(SERVER), 0U);
}

TEST_F(ProviderTest, ForgetsAPreparedOneThatIsGivenUp)
{
    Establish(true);
    Heard<StatusMessage>();
    EndOfStream(service);
    EXPECT_TRUE(At(service).closed);
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Closed);
    ExpectNothingLeft();
}

} // namespace
} // namespace isb::test
