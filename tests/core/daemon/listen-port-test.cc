// SPDX-License-Identifier: GPL-2.0-or-later
// The port for probes and service connections: told apart by tokens, strangers bounded.
#include "tests/core/daemon/daemon-fixture.h"

#include <algorithm>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

class ListenPortTest : public DaemonFixture
{
  protected:
    void
    StartLoggedIn()
    {
        Start();
        LogIn();
        HeardNames();
    }
};

TEST_F(ListenPortTest, SeesAProbeThatFollowsItsMessage)
{
    StartLoggedIn();
    Tell(ProbeMessage{TokenOf(5)});
    const SocketId probe = Stranger();
    EXPECT_EQ(At(probe).read, 24U);
    Receive(probe, Preface(TokenOf(5)));
    EXPECT_EQ(Heard<ProbeSeenMessage>().token, TokenOf(5));
    EXPECT_TRUE(At(probe).closed);
    EXPECT_FALSE(At(probe).reset);
    EXPECT_TRUE(At(probe).sent.empty()) << "a probe is not answered in kind";
    ExpectNothingLeft();
}

TEST_F(ListenPortTest, SeesAProbeThatOvertookItsMessage)
{
    StartLoggedIn();
    const SocketId probe = Stranger();
    Receive(probe, Preface(TokenOf(5)));
    EXPECT_FALSE(HasHeard<ProbeSeenMessage>());
    Tell(ProbeMessage{TokenOf(5)});
    EXPECT_TRUE(HasHeard<ProbeSeenMessage>());
    ExpectNothingLeft();
}

TEST_F(ListenPortTest, TellsAllOfATestPacketsTokenOfWhichHalfIsKnown)
{
    StartLoggedIn();
    Token token = TokenOf(5);
    token[15] = 9;
    Token told = token;
    std::fill(told.begin() + 8, told.end(), uint8_t{0});
    Tell(NatProbeMessage{told, Protocol::Tcp});
    const SocketId test = Stranger();
    Receive(test, Preface(token));
    EXPECT_EQ(Heard<NatReportMessage>().token, token);
    EXPECT_TRUE(At(test).closed);
    const SocketId overtakes = Stranger();
    Receive(overtakes, Preface(token));
    EXPECT_FALSE(HasHeard<NatReportMessage>());
    Tell(NatProbeMessage{told, Protocol::Tcp});
    EXPECT_EQ(Heard<NatReportMessage>().token, token);
    ExpectNothingLeft();
}

TEST_F(ListenPortTest, SeesAProbeOnce)
{
    StartLoggedIn();
    Tell(ProbeMessage{TokenOf(5)});
    Receive(Stranger(), Preface(TokenOf(5)));
    Heard<ProbeSeenMessage>();
    const SocketId replay = Stranger();
    Receive(replay, Preface(TokenOf(5)));
    EXPECT_FALSE(HasHeard<ProbeSeenMessage>());
    Advance(1s);
    EXPECT_TRUE(At(replay).reset);
}

TEST_F(ListenPortTest, ForgetsAProbeWithItsSession)
{
    StartLoggedIn();
    Tell(ProbeMessage{TokenOf(5)});
    Failed(IsbSocket());
    Advance(2s);
    LogIn();
    Receive(Stranger(), Preface(TokenOf(5)));
    EXPECT_FALSE(HasHeard<ProbeSeenMessage>());
}

TEST_F(ListenPortTest, KnowsOnlyTheNewestProbe)
{
    StartLoggedIn();
    Tell(ProbeMessage{TokenOf(5)});
    Tell(ProbeMessage{TokenOf(6)});
    Receive(Stranger(), Preface(TokenOf(5)));
    EXPECT_FALSE(HasHeard<ProbeSeenMessage>());
    Receive(Stranger(), Preface(TokenOf(6)));
    EXPECT_TRUE(HasHeard<ProbeSeenMessage>());
}

TEST_F(ListenPortTest, ResetsAnUnknownTokenAfterAMoment)
{
    StartLoggedIn();
    const SocketId stranger = Stranger();
    Receive(stranger, Preface(TokenOf(7)));
    Advance(settings.strangerPatience - 1ns);
    EXPECT_FALSE(At(stranger).closed);
    EXPECT_EQ(daemon->StateSize(), 1U);
    Advance(1ns);
    EXPECT_TRUE(At(stranger).reset);
    EXPECT_EQ(daemon->Counters().drops.at("daemon.bad-token"), 1U);
    ExpectNothingLeft();
}

TEST_F(ListenPortTest, ResetsOneThatSaysNothing)
{
    StartLoggedIn();
    const SocketId silent = Stranger();
    const SocketId slow = Stranger();
    Receive(slow, std::string("ISBCON1"));
    Advance(settings.strangerPatience);
    EXPECT_TRUE(At(silent).reset);
    EXPECT_TRUE(At(slow).reset);
    ExpectNothingLeft();
}

TEST_F(ListenPortTest, ResetsAnotherProtocolAtOnce)
{
    StartLoggedIn();
    const SocketId browser = Stranger();
    Receive(browser, std::string("GET / HTTP/1.1\r\nHost: a"));
    EXPECT_FALSE(At(browser).closed);
    Receive(browser, std::string("b"));
    EXPECT_TRUE(At(browser).reset);
    const SocketId shut = Stranger();
    EndOfStream(shut);
    EXPECT_TRUE(At(shut).reset);
    const SocketId gone = Stranger();
    Failed(gone);
    ExpectNothingLeft();
}

TEST_F(ListenPortTest, BoundsItsStrangersAndLetsTheOldestGo)
{
    settings.maxStrangers = 4;
    StartLoggedIn();
    std::vector<SocketId> strangers;
    for (int i = 0; i < 10; ++i)
    {
        strangers.push_back(Stranger());
    }
    EXPECT_EQ(daemon->StateSize(), 4U);
    EXPECT_TRUE(At(strangers[5]).reset);
    EXPECT_FALSE(At(strangers[6]).closed);
    EXPECT_EQ(daemon->Counters().drops.at("daemon.overloaded"), 6U);
    Tell(ProbeMessage{TokenOf(5)});
    Receive(strangers[9], Preface(TokenOf(5)));
    EXPECT_TRUE(HasHeard<ProbeSeenMessage>());
}

TEST_F(ListenPortTest, ResetsWhoComesAfterTheStop)
{
    StartLoggedIn();
    const SocketId listener = ListenerAt(Protocol::Tcp, 7471);
    daemon->Stop(now);
    const SocketId late = daemon->Accepted(now, listener, OWN, PEER);
    Advance(0s);
    EXPECT_TRUE(At(late).reset);
    EXPECT_TRUE(daemon->IsIdle());
}

} // namespace
} // namespace isb::test
