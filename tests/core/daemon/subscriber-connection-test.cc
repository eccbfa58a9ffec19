// SPDX-License-Identifier: GPL-2.0-or-later
// The subscriber's side of service connections over TCP (thesis 3.4.1).
#include "tests/core/daemon/daemon-fixture.h"

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

class SubscriberConnectionTest : public DaemonFixture
{
  protected:
    SubscriberConnectionTest()
    {
        settings.wants.push_back({});
        settings.wants[0].provider = "bob";
        settings.wants[0].service = "web";
        settings.wants[0].localPort = 8080;
    }

    /// A client, and the ISB's instruction for it.
    void
    ComeAndBeInstructed()
    {
        StartStanding();
        client = Client(8080);
        instruct = Translated(Heard<OpenMessage>().request);
        Tell(instruct);
        service = SocketTo(instruct.target);
    }

    void
    Establish()
    {
        ComeAndBeInstructed();
        Connected(service);
        Receive(service, Preface(instruct.expectToken));
    }

    [[nodiscard]] std::string
    Story() const
    {
        return trace.Story(TraceKind::ConnectionState);
    }

    SocketId client = 0;
    SocketId service = 0;
    InstructMessage instruct;
};

TEST_F(SubscriberConnectionTest, AsksForWhatIsWanted)
{
    settings.wants[0].method = ForwardingMethod::Proxy;
    settings.wants[0].requireIst = true;
    StartStanding();
    Client(8080);
    const auto open = Heard<OpenMessage>();
    EXPECT_NE(open.request, 0U);
    EXPECT_EQ(open.subscription, 1000U);
    EXPECT_EQ(open.method, ForwardingMethod::Proxy);
    EXPECT_TRUE(open.requireIst);
    EXPECT_FALSE(open.prepared);
    EXPECT_EQ(open.chosenPort, 0);
    EXPECT_EQ(open.udp, Endpoint{});
}

TEST_F(SubscriberConnectionTest, ConnectsToTheIstProvesAndCarries)
{
    ComeAndBeInstructed();
    EXPECT_EQ(At(service).from, Endpoint{});
    Connected(service);
    EXPECT_EQ(At(service).sent, Preface(instruct.sendToken));
    EXPECT_EQ(At(service).read, 24U);
    EXPECT_EQ(At(client).read, 0U);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_EQ(At(service).joined, client);
    const auto status = Heard<StatusMessage>();
    EXPECT_EQ(status.phase, ConnectionPhase::Established);
    EXPECT_EQ(status.connection, 77U);
    EXPECT_EQ(status.attempt, 1U);
    EXPECT_EQ(Story(), "waiting asked connecting proving established carrying");
    EXPECT_EQ(Report().established, 1U);
    EXPECT_EQ(Report().paths.at("translated"), 1U);
    EXPECT_EQ(Report().methods.at("passive"), 1U);
    EXPECT_EQ(Report().ists.at("near"), 1U);
}

TEST_F(SubscriberConnectionTest, TellsBytesAndPathInItsTrace)
{
    Establish();
    Heard<StatusMessage>();
    EndJoin(service, 300, 20, false);
    const auto status = Heard<StatusMessage>();
    EXPECT_EQ(status.phase, ConnectionPhase::Closed);
    EXPECT_EQ(status.code, IsbCode::None);
    EXPECT_EQ(status.receivedBytes, 300U);
    EXPECT_EQ(status.sentBytes, 20U);
    const DaemonEvent& last = trace.events.back().kind == TraceKind::MessageSent
                                  ? trace.events[trace.events.size() - 2]
                                  : trace.events.back();
    EXPECT_EQ(last.to, "closed");
    EXPECT_EQ(last.user, "ann");
    EXPECT_EQ(last.peer, "bob");
    EXPECT_EQ(last.service, "web");
    EXPECT_EQ(last.path, "translated");
    EXPECT_EQ(last.method, "passive");
    EXPECT_EQ(last.ist, "near");
    EXPECT_EQ(last.connection, 77U);
    EXPECT_EQ(last.id, instruct.request);
    EXPECT_EQ(Report().failed, 0U);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, TakesAPrefaceInPieces)
{
    ComeAndBeInstructed();
    Connected(service);
    for (const uint8_t byte : Preface(instruct.expectToken))
    {
        EXPECT_EQ(At(service).joined, 0U);
        Receive(service, std::vector<uint8_t>{byte});
    }
    EXPECT_EQ(At(service).joined, client);
}

TEST_F(SubscriberConnectionTest, CarriesManyConnectionsAtOnce)
{
    StartStanding();
    std::vector<SocketId> clients;
    for (uint64_t i = 0; i < 20; ++i)
    {
        clients.push_back(Client(8080));
    }
    for (uint64_t i = 0; i < 20; ++i)
    {
        InstructMessage one = Translated(Heard<OpenMessage>().request, 100 + i);
        one.target.port = static_cast<uint16_t>(20000 + i);
        Tell(one);
    }
    for (size_t i = 20; i-- > 0;)
    {
        const SocketId socket =
            SocketTo(Endpoint{IST_SIDE.address, static_cast<uint16_t>(20000 + i)});
        Connected(socket);
        Receive(socket, Preface(TokenOf(0x22)));
        EXPECT_EQ(At(socket).joined, clients[i]);
    }
    EXPECT_EQ(Report().established, 20U);
}

TEST_F(SubscriberConnectionTest, ConnectsDirectlyToAPublicProvider)
{
    StartStanding();
    client = Client(8080);
    instruct = Translated(Heard<OpenMessage>().request);
    instruct.path = ServicePath::Direct;
    instruct.target = PEER;
    instruct.ist.clear();
    Tell(instruct);
    service = SocketTo(PEER);
    Connected(service);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_EQ(At(service).joined, client);
    EXPECT_EQ(Report().paths.at("direct"), 1U);
    EXPECT_TRUE(Report().methods.empty());
    EXPECT_TRUE(Report().ists.empty());
}

TEST_F(SubscriberConnectionTest, AwaitsAReversedConnectionAtItsListenPort)
{
    StartStanding();
    client = Client(8080);
    instruct = Translated(Heard<OpenMessage>().request);
    instruct.path = ServicePath::Reversed;
    instruct.role = ConnectRole::Await;
    instruct.target = Endpoint{};
    Tell(instruct);
    service = Stranger();
    Receive(service, Preface(instruct.expectToken));
    EXPECT_EQ(At(service).sent, Preface(instruct.sendToken));
    EXPECT_EQ(At(service).joined, client);
    EXPECT_EQ(Report().paths.at("reversed"), 1U);
    EndJoin(service, 1, 1, false);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, TakesAReversedConnectionThatComesBeforeItsInstruction)
{
    StartStanding();
    client = Client(8080);
    instruct = Translated(Heard<OpenMessage>().request);
    instruct.path = ServicePath::Reversed;
    instruct.role = ConnectRole::Await;
    service = Stranger();
    Receive(service, Preface(instruct.expectToken));
    EXPECT_FALSE(At(service).closed);
    Advance(settings.strangerPatience - 1ns);
    Tell(instruct);
    EXPECT_EQ(At(service).joined, client);
}

TEST_F(SubscriberConnectionTest, FallsBackToTheIstWhileTheClientWaits)
{
    StartStanding();
    client = Client(8080);
    InstructMessage direct = Translated(Heard<OpenMessage>().request);
    direct.path = ServicePath::Direct;
    direct.target = PEER;
    direct.patience = 2s;
    Tell(direct);
    service = SocketTo(PEER);
    Advance(2s - 1ns);
    EXPECT_FALSE(At(service).closed);
    Advance(1ns);
    EXPECT_TRUE(At(service).closed);
    const auto failed = Heard<StatusMessage>();
    EXPECT_EQ(failed.phase, ConnectionPhase::Failed);
    EXPECT_EQ(failed.code, IsbCode::TimedOut);
    EXPECT_EQ(failed.attempt, 1U);
    EXPECT_FALSE(At(client).closed);
    instruct = Translated(direct.request);
    instruct.attempt = 2;
    instruct.expectToken = TokenOf(0x44);
    Tell(instruct);
    service = SocketTo(IST_SIDE);
    Connected(service);
    Receive(service, Preface(TokenOf(0x44)));
    EXPECT_EQ(At(service).joined, client);
    EXPECT_EQ(Story(),
              "waiting asked connecting asked:daemon.timed-out connecting proving established "
              "carrying");
    EXPECT_EQ(Report().failed, 0U);
}

TEST_F(SubscriberConnectionTest, SaysAtOnceWhenTheConnectionIsRefused)
{
    ComeAndBeInstructed();
    Failed(service);
    const auto status = Heard<StatusMessage>();
    EXPECT_EQ(status.phase, ConnectionPhase::Failed);
    EXPECT_EQ(status.code, IsbCode::ConnectFailed);
    EXPECT_FALSE(At(client).closed);
}

TEST_F(SubscriberConnectionTest, ResetsAPeerWithAWrongToken)
{
    ComeAndBeInstructed();
    Connected(service);
    Receive(service, Preface(TokenOf(0x66)));
    EXPECT_TRUE(At(service).reset);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::BadToken);
    EXPECT_FALSE(At(client).closed);
}

TEST_F(SubscriberConnectionTest, ResetsAPeerWithItsOwnTokenReflected)
{
    ComeAndBeInstructed();
    Connected(service);
    Receive(service, At(service).sent);
    EXPECT_TRUE(At(service).reset);
}

TEST_F(SubscriberConnectionTest, ResetsAPeerThatSpeaksAnotherProtocol)
{
    ComeAndBeInstructed();
    Connected(service);
    Receive(service, std::string("HTTP/1.1 400 Bad Request"));
    EXPECT_TRUE(At(service).reset);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::BadToken);
}

TEST_F(SubscriberConnectionTest, FailsWhenThePeerEndsBeforeItsPreface)
{
    ComeAndBeInstructed();
    Connected(service);
    EndOfStream(service);
    EXPECT_TRUE(At(service).closed);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::ConnectFailed);
}

TEST_F(SubscriberConnectionTest, IgnoresInstructionsOfOlderAttempts)
{
    ComeAndBeInstructed();
    InstructMessage newer = instruct;
    newer.attempt = 3;
    newer.target.port = 20003;
    Tell(newer);
    EXPECT_TRUE(At(service).closed);
    InstructMessage older = instruct;
    older.attempt = 2;
    older.target.port = 20002;
    Tell(older);
    EXPECT_EQ(SocketTo(older.target), 0U);
    EXPECT_NE(SocketTo(newer.target), 0U);
    Tell(newer); // the same again
    Failed(SocketTo(newer.target));
    EXPECT_EQ(Heard<StatusMessage>().attempt, 3U);
}

TEST_F(SubscriberConnectionTest, ResetsTheClientWhenTheOpenIsRefused)
{
    for (const IsbCode code : {IsbCode::NoIst,
                               IsbCode::QuotaExceeded,
                               IsbCode::Refused,
                               IsbCode::Overloaded,
                               IsbCode::TimedOut})
    {
        StartStanding();
        client = Client(8080);
        Tell(FaultMessage{code, Heard<OpenMessage>().request, ""});
        EXPECT_TRUE(At(client).reset);
        EXPECT_EQ(Report().codes.at(ToString(code)), 1U);
        EXPECT_EQ(Report().failed, 1U);
        EXPECT_EQ(trace.events.back().reason, "daemon." + std::string(ToString(code)));
        ExpectNothingLeft();
    }
}

TEST_F(SubscriberConnectionTest, ResetsTheClientWhenTheIsbGivesUp)
{
    ComeAndBeInstructed();
    Failed(service);
    Tell(ConnectionEndedMessage{77, IsbCode::ConnectFailed});
    EXPECT_TRUE(At(client).reset);
    EXPECT_EQ(Report().codes.at("connect-failed"), 1U);
    EXPECT_EQ(Report().failed, 1U);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, ResetsARunningClientWhenTheIsbSaysSo)
{
    Establish();
    Tell(ConnectionEndedMessage{77, IsbCode::IstLost});
    EXPECT_TRUE(At(client).reset);
    EXPECT_TRUE(At(service).reset);
    EXPECT_EQ(Report().codes.at("ist-lost"), 1U);
    EXPECT_EQ(Report().failed, 0U);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, AsksForAnotherIstWhileTheClientWaits)
{
    ComeAndBeInstructed();
    HeardNames();
    Tell(ConnectionEndedMessage{77, IsbCode::IstLost});
    EXPECT_FALSE(At(client).closed);
    EXPECT_TRUE(At(service).closed);
    InstructMessage other = Translated(Heard<OpenMessage>().request, 78);
    other.target.port = 30000;
    Tell(other);
    service = SocketTo(other.target);
    Connected(service);
    Receive(service, Preface(other.expectToken));
    EXPECT_EQ(At(service).joined, client);
}

TEST_F(SubscriberConnectionTest, IgnoresTheEndOfAnotherConnection)
{
    Establish();
    Tell(ConnectionEndedMessage{78, IsbCode::IstLost});
    EXPECT_FALSE(At(client).closed);
}

TEST_F(SubscriberConnectionTest, KeepsARunningConnectionOverALostIsb)
{
    Establish();
    Failed(IsbSocket());
    EXPECT_FALSE(At(client).closed);
    Advance(2s);
    LogInAndSubscribe();
    HeardNames();
    EXPECT_FALSE(At(client).closed);
    EndJoin(service, 5, 5, false);
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Closed);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, FinishesAnInstructedAttemptWithoutTheIsb)
{
    ComeAndBeInstructed();
    Failed(IsbSocket());
    Connected(service);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_EQ(At(service).joined, client);
}

TEST_F(SubscriberConnectionTest, AsksAnewWhenAnAttemptFailsWithoutTheIsb)
{
    ComeAndBeInstructed();
    Failed(IsbSocket());
    Failed(service);
    EXPECT_FALSE(At(client).closed);
    Advance(2s);
    HeardNames();
    LogInAndSubscribe();
    EXPECT_EQ(HeardNames(), "login status status open") << "the old one is over first";
}

TEST_F(SubscriberConnectionTest, CancelsWhenTheClientGoesWhileAttempting)
{
    ComeAndBeInstructed();
    Failed(client);
    EXPECT_TRUE(At(service).closed);
    const auto status = Heard<StatusMessage>();
    EXPECT_EQ(status.phase, ConnectionPhase::Closed);
    EXPECT_EQ(status.code, IsbCode::Cancelled);
    EXPECT_EQ(Report().failed, 0U);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, CancelsAnInstructionForAClientThatWent)
{
    StartStanding();
    client = Client(8080);
    instruct = Translated(Heard<OpenMessage>().request);
    Failed(client);
    Tell(instruct);
    EXPECT_EQ(SocketTo(instruct.target), 0U);
    const auto status = Heard<StatusMessage>();
    EXPECT_EQ(status.connection, 77U);
    EXPECT_EQ(status.phase, ConnectionPhase::Closed);
    EXPECT_EQ(status.code, IsbCode::Cancelled);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, GivesUpWithTheClientsPatience)
{
    settings.wants[0].patience = 5s;
    ComeAndBeInstructed();
    Advance(5s);
    EXPECT_TRUE(At(client).reset);
    EXPECT_TRUE(At(service).reset);
    EXPECT_EQ(Heard<StatusMessage>().code, IsbCode::TimedOut);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, EndsAConnectionOfWhichTheProviderKnowsNothing)
{
    Establish();
    instruct.attempt = 2;
    Tell(instruct);
    EXPECT_TRUE(At(client).reset);
    EXPECT_TRUE(At(service).reset);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, ReportsAResetThatEndedIt)
{
    Establish();
    EndJoin(service, 1, 2, true);
    EXPECT_EQ(Story().substr(Story().rfind(' ') + 1), "closed:daemon.reset");
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, LearnsWhyFromAnIsbThatTheResetOvertook)
{
    Establish();
    EndJoin(service, 0, 0, true);
    EXPECT_EQ(Report().failed, 0U);
    Tell(ConnectionEndedMessage{77, IsbCode::ServerRefused});
    Tell(ConnectionEndedMessage{77, IsbCode::ServerRefused});
    EXPECT_EQ(Report().failed, 1U);
    EXPECT_EQ(Report().codes.at("server-refused"), 1U);
    EXPECT_NE(Story().find("closed:daemon.reset failed:daemon.server-refused"), std::string::npos);
    ExpectNothingLeft();
}

TEST_F(SubscriberConnectionTest, CutsClientsWhenStopped)
{
    Establish();
    const SocketId waiting = Client(8080);
    daemon->Stop(now);
    Advance(0s);
    EXPECT_TRUE(At(client).closed);
    EXPECT_TRUE(At(waiting).closed);
    EXPECT_TRUE(daemon->IsIdle());
    EXPECT_EQ(OpenSockets(), 0U);
}

class PureSubscriberTest : public SubscriberConnectionTest
{
  protected:
    PureSubscriberTest()
    {
        settings.wants[0].method = ForwardingMethod::Pure;
        settings.canChoosePort = true;
    }
};

TEST_F(PureSubscriberTest, ConnectsFromThePortThatItChose)
{
    StartStanding();
    client = Client(8080);
    const auto open = Heard<OpenMessage>();
    EXPECT_GE(open.chosenPort, 49152);
    instruct = Translated(open.request);
    instruct.method = ForwardingMethod::Pure;
    instruct.localPort = open.chosenPort;
    Tell(instruct);
    EXPECT_EQ(At(SocketTo(IST_SIDE)).from.port, open.chosenPort);
}

TEST_F(PureSubscriberTest, ChoosesAnotherPortForEachConnection)
{
    settings.maxWaitingClients = 2000;
    StartStanding();
    std::set<uint16_t> ports;
    for (int i = 0; i < 1000; ++i)
    {
        Client(8080);
        ports.insert(Heard<OpenMessage>().chosenPort);
    }
    EXPECT_EQ(ports.size(), 1000U);
}

TEST_F(PureSubscriberTest, ChoosesNoneWhenItsNatDoesNotKeepPorts)
{
    settings.canChoosePort = false;
    StartStanding();
    Client(8080);
    const auto open = Heard<OpenMessage>();
    EXPECT_EQ(open.method, ForwardingMethod::Pure);
    EXPECT_EQ(open.chosenPort, 0);
}

TEST_F(PureSubscriberTest, SaysSoWhenItsPortCannotBeBoundAndShowsTheFallBack)
{
    StartStanding();
    client = Client(8080);
    const auto open = Heard<OpenMessage>();
    instruct = Translated(open.request);
    instruct.method = ForwardingMethod::Pure;
    instruct.localPort = open.chosenPort;
    Tell(instruct);
    Failed(SocketTo(IST_SIDE));
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Failed);
    instruct = Translated(open.request);
    instruct.attempt = 2;
    Tell(instruct);
    service = SocketTo(IST_SIDE);
    EXPECT_EQ(At(service).from.port, 0);
    Connected(service);
    Receive(service, Preface(instruct.expectToken));
    EXPECT_EQ(At(service).joined, client);
    EXPECT_EQ(Report().methods.at("passive"), 1U);
    EXPECT_NE(Story().find("connecting:daemon.pure-fell-back"), std::string::npos);
}

class PreparedTest : public SubscriberConnectionTest
{
  protected:
    PreparedTest()
    {
        settings.wants[0].prepared = 2;
    }

    /// Instructs all that is asked for, and establishes it.
    void
    StandAll()
    {
        while (HasHeard<OpenMessage>())
        {
            const auto open = Heard<OpenMessage>();
            asked.push_back(open.prepared);
            InstructMessage one = Translated(open.request, ++last);
            one.target.port = static_cast<uint16_t>(20000 + last);
            Tell(one);
            const SocketId socket = SocketTo(one.target);
            Connected(socket);
            Receive(socket, Preface(one.expectToken));
            ready.push_back(socket);
        }
    }

    std::vector<SocketId> ready;
    std::vector<bool> asked;
    uint64_t last = 100;
};

TEST_F(PreparedTest, OpensThemOnceSubscribed)
{
    StartStanding();
    StandAll();
    EXPECT_EQ(asked, (std::vector<bool>{true, true}));
    EXPECT_EQ(Report().established, 2U);
    EXPECT_EQ(Report().asked, 0U);
    Advance(1h);
    EXPECT_EQ(daemon->StateSize(), 2U);
}

TEST_F(PreparedTest, GivesAClientAReadyOneAndRefills)
{
    StartStanding();
    StandAll();
    HeardNames();
    client = Client(8080);
    EXPECT_EQ(At(client).joined, ready[0]);
    const auto started = Heard<StatusMessage>();
    EXPECT_EQ(started.phase, ConnectionPhase::Started);
    EXPECT_EQ(started.connection, 101U);
    EXPECT_EQ(Report().fromPrepared, 1U);
    EXPECT_EQ(Report().asked, 1U);
    StandAll();
    EXPECT_EQ(ready.size(), 3U);
    Client(8080);
    StandAll();
    Client(8080);
    EXPECT_EQ(Report().fromPrepared, 3U);
}

TEST_F(PreparedTest, OpensOneOnDemandWhenNoneIsReady)
{
    StartStanding();
    client = Client(8080);
    EXPECT_FALSE(At(client).closed);
    StandAll();
    EXPECT_EQ(asked, (std::vector<bool>{true, true, false}));
    EXPECT_EQ(At(client).joined, ready[2]);
    EXPECT_EQ(Report().fromPrepared, 0U);
}

TEST_F(PreparedTest, ReplacesOneThatWasLost)
{
    StartStanding();
    StandAll();
    HeardNames();
    Failed(ready[0]);
    EXPECT_EQ(daemon->StateSize(), 1U);
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Closed);
    EXPECT_FALSE(HasHeard<OpenMessage>()) << "not at once: it may be lost again";
    Advance(1s);
    StandAll();
    EXPECT_EQ(daemon->StateSize(), 2U);
}

TEST_F(PreparedTest, HearsOfTheEndOfAReadyOne)
{
    StartStanding();
    StandAll();
    EXPECT_EQ(At(ready[0]).read, 1U);
    EndOfStream(ready[0]);
    EXPECT_TRUE(At(ready[0]).closed);
    EXPECT_EQ(daemon->StateSize(), 1U);
}

TEST_F(PreparedTest, EndsAReadyOneThatSpeaksTooEarly)
{
    StartStanding();
    StandAll();
    Receive(ready[0], std::string("x"));
    EXPECT_TRUE(At(ready[0]).reset);
    EXPECT_EQ(Report().codes.at("bad-state"), 1U);
}

TEST_F(PreparedTest, BacksOffWhenTheyAreRefused)
{
    StartStanding();
    int refusals = 0;
    const TimePoint start = now;
    while (now - start < 60s)
    {
        while (HasHeard<OpenMessage>())
        {
            Tell(FaultMessage{IsbCode::NoIst, Heard<OpenMessage>().request, ""});
            ++refusals;
        }
        Advance(100ms);
    }
    EXPECT_GE(refusals, 8);
    EXPECT_LE(refusals, 24);
}

TEST_F(PreparedTest, ClosesReadyOnesWhenTheSubscriptionEnds)
{
    StartStanding();
    StandAll();
    client = Client(8080);
    Tell(SubscriptionEndedMessage{1000, IsbCode::Withdrawn});
    EXPECT_FALSE(At(client).closed) << "what runs goes on";
    EXPECT_TRUE(At(ready[1]).closed);
    EXPECT_EQ(daemon->StateSize(), 1U);
}

TEST_F(PreparedTest, UsesReadyOnesWithoutTheIsb)
{
    StartStanding();
    StandAll();
    Failed(IsbSocket());
    client = Client(8080);
    EXPECT_EQ(At(client).joined, ready[0]);
}

TEST_F(PreparedTest, KeepsNoReadyOneOverANewLogin)
{
    StartStanding();
    StandAll();
    client = Client(8080);
    StandAll();
    Failed(IsbSocket());
    Advance(2s);
    HeardNames();
    LogInAndSubscribe();
    EXPECT_FALSE(At(client).closed) << "in use";
    EXPECT_TRUE(At(ready[1]).closed);
    EXPECT_TRUE(At(ready[2]).closed);
    EXPECT_EQ(Heard<StatusMessage>().phase, ConnectionPhase::Closed);
    StandAll();
    EXPECT_EQ(daemon->StateSize(), 3U);
}

TEST_F(PreparedTest, GivesUpOneThatIsNeverInstructed)
{
    StartStanding();
    Advance(settings.instructTimeout);
    EXPECT_EQ(Report().codes.at("timed-out"), 2U);
    EXPECT_EQ(Report().failed, 0U);
}

} // namespace
} // namespace isb::test
