// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/session-table.h"

#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class SessionTableTest : public BrokerFixture
{
  protected:
    uint64_t
    Ended(IsbCode code)
    {
        const auto& ended = broker->Counters().ended;
        const auto place = ended.find(ToString(code));
        return place == ended.end() ? 0 : place->second;
    }
};

TEST_F(SessionTableTest, HelloComesAtOnceWithTheObservedAddress)
{
    BrokerPeer& peer = Connect("203.0.113.1");
    const auto hello = Take<HelloMessage>(peer);
    EXPECT_EQ(hello.observed, peer.address);
    EXPECT_EQ(hello.broker, "isb");
    EXPECT_NE(hello.challenge, Token{});
}

TEST_F(SessionTableTest, EveryChallengeIsAnother)
{
    EXPECT_NE(Take<HelloMessage>(Connect("203.0.113.1")).challenge,
              Take<HelloMessage>(Connect("203.0.113.1")).challenge);
}

TEST_F(SessionTableTest, ALoginIsAnsweredInTheOrderOfTheContract)
{
    BrokerPeer& peer = Connect("203.0.113.1");
    Say(peer, MakeLogin(peer, "ann", {true}));
    ASSERT_EQ(peer.inbox.size(), 3U);
    EXPECT_EQ(NameOf(peer.inbox[0]), "logged-in");
    EXPECT_EQ(NameOf(peer.inbox[1]), "ist-list");
    EXPECT_EQ(NameOf(peer.inbox[2]), "probe");
    EXPECT_EQ(Take<LoggedInMessage>(peer).helloInterval, settings.helloInterval);
    EXPECT_EQ(broker->Users(), 1U);
    EXPECT_EQ(broker->Counters().logins, 1U);
    EXPECT_EQ(trace.StatesOf(TraceKind::SessionState), "connected>logged-in");
}

struct BadLogin
{
    const char* name;
    const char* user;
    const char* secretOf;
    IsbRole role;
    IsbCode code;
};

class BadLoginTest : public SessionTableTest, public ::testing::WithParamInterface<BadLogin>
{
};

TEST_P(BadLoginTest, EndsTheConnectionWithItsCode)
{
    BrokerPeer& peer = Connect("203.0.113.1");
    LoginMessage login = MakeLogin(peer, GetParam().secretOf);
    login.name = GetParam().user;
    login.role = GetParam().role;
    login.ist.methods = {ForwardingMethod::Proxy};
    Say(peer, login);
    EXPECT_EQ(Take<ByeMessage>(peer).code, GetParam().code);
    EXPECT_TRUE(peer.closed);
    EXPECT_EQ(Ended(GetParam().code), 1U);
    EXPECT_EQ(broker->StateSize(), 0U);
    EXPECT_EQ(broker->Counters().logins, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    BadLoginTest,
    ::testing::Values(
        BadLogin{"UnknownName", "nobody", "nobody", IsbRole::User, IsbCode::BadCredentials},
        BadLogin{"AnothersName", "bob", "eve", IsbRole::User, IsbCode::BadCredentials},
        BadLogin{"UserAsIst", "eve", "eve", IsbRole::Ist, IsbCode::NotAllowed},
        BadLogin{"IstWithWrongProof", "ist", "eve", IsbRole::Ist, IsbCode::BadCredentials}),
    [](const auto& instance) { return instance.param.name; });

TEST_F(SessionTableTest, AProofOfAnotherConnectionsChallengeIsNone)
{
    BrokerPeer& overheard = Connect("203.0.113.1");
    const LoginMessage login = MakeLogin(overheard, "ann");
    BrokerPeer& replayer = Connect("203.0.113.66");
    Say(replayer, login);
    EXPECT_EQ(Take<ByeMessage>(replayer).code, IsbCode::BadCredentials);
}

TEST_F(SessionTableTest, AnIstWithoutMethodsOrReachableAddressIsRefused)
{
    BrokerPeer& idle = Connect("203.0.113.9");
    LoginMessage login = MakeLogin(idle, "ist");
    login.role = IsbRole::Ist;
    Say(idle, login);
    EXPECT_EQ(Take<ByeMessage>(idle).code, IsbCode::BadRequest);
    BrokerPeer& loopback = Connect("127.0.0.1");
    login = MakeLogin(loopback, "ist");
    login.role = IsbRole::Ist;
    login.ist.methods = {ForwardingMethod::Proxy};
    Say(loopback, login);
    EXPECT_EQ(Take<ByeMessage>(loopback).code, IsbCode::BadRequest);
}

TEST_F(SessionTableTest, AnIstSendsNobodyToAnAddressThatIsNoHostsOwn)
{
    // Promise T1: users measure and connect to what an IST says of itself.
    for (const char* claimed :
         {"127.0.0.1", "0.0.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.255"})
    {
        BrokerPeer& ist = Connect("203.0.113.9");
        LoginMessage login = MakeLogin(ist, "ist");
        login.role = IsbRole::Ist;
        login.ist.methods = {ForwardingMethod::Proxy};
        login.ist.pingPort = 80;
        login.ist.address = *Ipv4::Parse(claimed);
        Say(ist, login);
        EXPECT_EQ(Take<ByeMessage>(ist).code, IsbCode::BadRequest) << claimed;
    }
    EXPECT_EQ(broker->Ists(), 0U);
}

TEST_F(SessionTableTest, WhoDoesNotLogInTimesOutExactly)
{
    BrokerPeer& peer = Connect("203.0.113.1");
    Advance(settings.loginTimeout - 1ns);
    EXPECT_FALSE(peer.closed);
    Advance(1ns);
    EXPECT_TRUE(peer.closed);
    EXPECT_EQ(Take<ByeMessage>(peer).code, IsbCode::TimedOut);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(SessionTableTest, ThreeMissedHellosLoseAUserExactly)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    Advance(3 * settings.helloInterval - 1ns);
    EXPECT_FALSE(ann.closed);
    Advance(1ns);
    EXPECT_TRUE(ann.closed);
    EXPECT_EQ(Ended(IsbCode::TimedOut), 1U);
    EXPECT_EQ(broker->StateSize(), 0U);
    EXPECT_EQ(trace.Last(TraceKind::SessionState).reason, "isb.timed-out");
}

TEST_F(SessionTableTest, AnyMessageIsASignOfLife)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    Advance(25s);
    Say(ann, ListMessage{});
    Advance(3 * settings.helloInterval - 1ns);
    EXPECT_FALSE(ann.closed);
    Advance(1ns);
    EXPECT_TRUE(ann.closed);
}

TEST_F(SessionTableTest, IstsAreLostAfterTheirOwnInterval)
{
    BrokerPeer& ist = Ist("ist", "203.0.113.9");
    Advance(3 * settings.istHelloInterval - 1ns);
    EXPECT_FALSE(ist.closed);
    Advance(1ns);
    EXPECT_TRUE(ist.closed);
}

TEST_F(SessionTableTest, PingIsAnsweredByPongForUsersAndIsts)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    BrokerPeer& ist = Ist("ist", "203.0.113.9");
    Say(ann, PingMessage{77});
    Say(ist, PingMessage{78});
    EXPECT_EQ(Take<PongMessage>(ann).nonce, 77U);
    EXPECT_EQ(Take<PongMessage>(ist).nonce, 78U);
}

TEST_F(SessionTableTest, ASecondLoginReplacesTheFirst)
{
    BrokerPeer& first = User("ann", "203.0.113.1");
    BrokerPeer& second = User("ann", "203.0.113.7");
    EXPECT_EQ(Take<ByeMessage>(first).code, IsbCode::Replaced);
    EXPECT_TRUE(first.closed);
    EXPECT_FALSE(second.closed);
    EXPECT_EQ(broker->Users(), 1U);
    EXPECT_EQ(Ended(IsbCode::Replaced), 1U);
    Say(second, PingMessage{1});
    EXPECT_EQ(Count<PongMessage>(second), 1U);
}

TEST_F(SessionTableTest, AWrongProofReplacesNobody)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    BrokerPeer& eve = Connect("203.0.113.66");
    LoginMessage login = MakeLogin(eve, "eve");
    login.name = "ann";
    Say(eve, login);
    EXPECT_TRUE(eve.closed);
    EXPECT_FALSE(ann.closed);
    EXPECT_EQ(broker->Users(), 1U);
}

TEST_F(SessionTableTest, OneNameMayBeUserAndIstAtOnce)
{
    User("ist", "203.0.113.9");
    Ist("ist", "203.0.113.9");
    EXPECT_EQ(broker->Users(), 1U);
    EXPECT_EQ(broker->Ists(), 1U);
}

TEST_F(SessionTableTest, ByeIsALogoutAndFinIsNot)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    BrokerPeer& bob = User("bob", "203.0.113.2");
    Bye(ann);
    EXPECT_TRUE(ann.closed);
    EXPECT_EQ(Count<ByeMessage>(ann), 0U);
    broker->EndOfStream(now, bob.socket);
    Drain();
    EXPECT_TRUE(bob.closed);
    EXPECT_EQ(Ended(IsbCode::LoggedOut), 1U);
    EXPECT_EQ(Ended(IsbCode::PeerLost), 1U);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(SessionTableTest, TooManyMessagesEndTheSessionThatSentThem)
{
    settings.profiles["eve"].quota.messagesPerSecond = 10;
    Restart();
    BrokerPeer& ann = User("ann", "203.0.113.1");
    BrokerPeer& eve = User("eve", "203.0.113.66");
    for (int i = 0; i < 40; ++i)
    {
        Say(eve, PingMessage{1});
    }
    EXPECT_FALSE(eve.closed);
    Say(eve, PingMessage{1});
    EXPECT_TRUE(eve.closed);
    EXPECT_EQ(Take<ByeMessage>(eve).code, IsbCode::QuotaExceeded);
    EXPECT_FALSE(ann.closed);
}

TEST_F(SessionTableTest, APeerThatDoesNotReadIsReset)
{
    settings.maxUnsentBytes = 2000;
    Restart();
    BrokerPeer& eve = User("eve", "203.0.113.66");
    eve.reads = false;
    for (int i = 0; i < 1000 && !eve.closed; ++i)
    {
        Say(eve, PingMessage{1});
    }
    EXPECT_TRUE(eve.closed);
    EXPECT_TRUE(eve.reset);
    EXPECT_EQ(Ended(IsbCode::SlowReader), 1U);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(SessionTableTest, LoginsBeyondTheLimitAreOverloadedButAReplacementIsNot)
{
    settings.maxSessions = 1;
    Restart();
    User("ann", "203.0.113.1");
    BrokerPeer& bob = Connect("203.0.113.2");
    Say(bob, MakeLogin(bob, "bob"));
    EXPECT_EQ(Take<ByeMessage>(bob).code, IsbCode::Overloaded);
    User("ann", "203.0.113.1");
    EXPECT_EQ(broker->Users(), 1U);
}

TEST_F(SessionTableTest, AFloodOfSilentConnectionsIsBoundedAndHonestLoginsGetThrough)
{
    settings.maxUnproven = 64;
    settings.maxUnprovenPerAddress = 16;
    Restart();
    size_t most = 0;
    for (int i = 0; i < 5000; ++i)
    {
        Connect("10.9." + std::to_string(i % 7) + ".1");
        most = std::max(most, broker->StateSize());
        if (i % 1000 == 999)
        {
            // In the midst of it, from an address of his own and from a flooder's.
            BrokerPeer& ann = Connect("203.0.113.1");
            BrokerPeer& bob = Connect("10.9.1.1");
            for (int more = 0; more < 20; ++more)
            {
                Connect("10.9." + std::to_string(more % 7) + ".1");
            }
            Say(ann, MakeLogin(ann, "ann"));
            EXPECT_FALSE(ann.closed);
            Say(bob, MakeLogin(bob, "bob"));
            EXPECT_FALSE(bob.closed);
            Bye(ann);
            Bye(bob);
        }
    }
    EXPECT_LE(most, 64U);
    EXPECT_GT(Ended(IsbCode::Overloaded), 4000U);
    EXPECT_EQ(broker->Counters().logins, 10U);
    Advance(settings.loginTimeout);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(SessionTableTest, InputsOfForgottenSocketsAreIgnored)
{
    BrokerPeer& ann = User("ann", "203.0.113.1");
    Bye(ann);
    Say(ann, PingMessage{1});
    broker->EndOfStream(now, ann.socket);
    broker->Failed(now, ann.socket, "late");
    broker->Sent(now, ann.socket, 10);
    EXPECT_TRUE(broker->TakeOrders().empty());
}

} // namespace
} // namespace isb
