// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/reachability-prober.h"

#include "model/wire/service-preface.h"
#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class ReachabilityProberTest : public BrokerFixture
{
  protected:
    /// Logged in, with what the test says of itself.
    BrokerPeer&
    LogIn(const LoginOptions& options, const std::string& address = "203.0.113.1")
    {
        BrokerPeer& peer = Connect(address);
        Say(peer, MakeLogin(peer, "ann", options));
        return peer;
    }

    void
    ExpectPrivate(BrokerPeer& peer, std::string_view reason)
    {
        EXPECT_EQ(Take<NatStatusMessage>(peer).reachability, Reachability::Private);
        EXPECT_EQ(trace.Last(TraceKind::ReachabilityKnown).reason, reason);
        EXPECT_EQ(broker->StateSize(), 1U);
    }
};

TEST_F(ReachabilityProberTest, SameAddressAndAProbeThatArrivesArePublic)
{
    BrokerPeer& ann = LogIn({true});
    ASSERT_EQ(probes.size(), 1U);
    EXPECT_EQ(probes[0].to, At("203.0.113.1", 7471));
    const Token token = Take<ProbeMessage>(ann).token;
    broker->Connected(now, probes[0].socket, At("198.51.100.1", 50'000));
    Drain();
    const auto preface = MakeServicePreface(token);
    EXPECT_EQ(probeBytes[probes[0].socket], std::vector<uint8_t>(preface.begin(), preface.end()));
    EXPECT_EQ(Count<NatStatusMessage>(ann), 0U);
    Say(ann, ProbeSeenMessage{token});
    const auto status = Take<NatStatusMessage>(ann);
    EXPECT_EQ(status.reachability, Reachability::Public);
    EXPECT_EQ(status.observed, ann.address);
    EXPECT_EQ(trace.Last(TraceKind::ReachabilityKnown).reason, "isb.probe-seen");
    EXPECT_EQ(broker->StateSize(), 1U);
}

TEST_F(ReachabilityProberTest, AnotherAddressThanTheLocalOneIsPrivateWithoutProbe)
{
    ExpectPrivate(LogIn({false}), "isb.address-differs");
    EXPECT_TRUE(probes.empty());
}

TEST_F(ReachabilityProberTest, NoListenPortIsPrivateWithoutProbe)
{
    LoginOptions options{true};
    options.listenPort = 0;
    ExpectPrivate(LogIn(options), "isb.no-listen-port");
    EXPECT_TRUE(probes.empty());
}

TEST_F(ReachabilityProberTest, AUserOnTheBrokersHostIsPrivate)
{
    ExpectPrivate(LogIn({true}, "127.0.0.1"), "isb.loopback");
}

TEST_F(ReachabilityProberTest, AProbeThatNobodySeesTimesOutExactly)
{
    BrokerPeer& ann = LogIn({true});
    Advance(settings.probeTimeout - 1ns);
    EXPECT_EQ(Count<NatStatusMessage>(ann), 0U);
    Advance(1ns);
    ExpectPrivate(ann, "isb.probe-timeout");
}

TEST_F(ReachabilityProberTest, AProbeThatIsRefusedIsPrivateAtOnce)
{
    BrokerPeer& ann = LogIn({true});
    broker->Failed(now, probes[0].socket, "connection refused");
    Drain();
    ExpectPrivate(ann, "isb.probe-failed");
}

TEST_F(ReachabilityProberTest, AWrongTokenEndsTheSession)
{
    BrokerPeer& ann = LogIn({true});
    Say(ann, ProbeSeenMessage{});
    EXPECT_EQ(Take<ByeMessage>(ann).code, IsbCode::BadToken);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(ReachabilityProberTest, WhoHasSeenWhatWasNotSentYetLies)
{
    // The token comes with the session too: a user who nobody can reach knows it.
    BrokerPeer& ann = LogIn({true});
    Say(ann, ProbeSeenMessage{Take<ProbeMessage>(ann).token});
    EXPECT_EQ(Count<NatStatusMessage>(ann), 0U);
    EXPECT_EQ(Take<ByeMessage>(ann).code, IsbCode::BadState);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(ReachabilityProberTest, ATokenThatComesLateChangesNothing)
{
    BrokerPeer& ann = LogIn({true});
    const Token token = Take<ProbeMessage>(ann).token;
    Advance(settings.probeTimeout);
    Take<NatStatusMessage>(ann);
    Say(ann, ProbeSeenMessage{token});
    EXPECT_EQ(Count<NatStatusMessage>(ann), 0U);
    EXPECT_FALSE(ann.closed);
}

TEST_F(ReachabilityProberTest, ALostSessionTakesItsProbeAlong)
{
    BrokerPeer& ann = LogIn({true});
    Vanish(ann);
    EXPECT_EQ(broker->StateSize(), 0U);
    broker->Connected(now, probes[0].socket, At("198.51.100.1", 50'000));
    EXPECT_TRUE(broker->TakeOrders().empty());
}

} // namespace
} // namespace isb
