// SPDX-License-Identifier: GPL-2.0-or-later
// Peers that keep to the protocol and mean ill: claims of what is another's, floods, silence.
#include "tests/core/world/broker-rig.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

using namespace std::chrono_literals;

AnnounceMessage
Announcing(const std::string& service, uint64_t request = 1)
{
    return {request, {service, Protocol::Tcp, "", true, {}}};
}

/// u0 provides "web", u1 has subscribed to it; i0 is an IST. Everybody behind a NAT.
class HostilePeerTest : public testing::Test
{
  protected:
    void
    Subscribe()
    {
        provider.Say(Announcing("web"));
        subscriber.Say(SubscribeMessage{5, "u0", "web"});
        const auto offer = provider.HearA<OfferMessage>();
        ASSERT_TRUE(offer);
        subscription = offer->subscription;
        provider.Say(AnswerMessage{subscription, true, IsbCode::None});
        ASSERT_TRUE(subscriber.HearA<SubscribedMessage>());
    }

    /// Opens a connection up to both questions.
    void
    Open(uint64_t request = 9)
    {
        OpenMessage open;
        open.request = request;
        open.subscription = subscription;
        subscriber.Say(open);
        prepare = provider.HearA<PrepareMessage>();
        splice = ist.HearA<SpliceRequestMessage>();
        ASSERT_TRUE(prepare && splice);
    }

    [[nodiscard]] SpliceReadyMessage
    ReadySplice() const
    {
        return {splice->splice,
                ForwardingMethod::Passive,
                {ist.address.address, 20000},
                {ist.address.address, 20001}};
    }

    BrokerRig rig{BrokerRig::SettingsFor(4, 2)};
    Puppet& provider = rig.User("u0");
    Puppet& subscriber = rig.User("u1");
    Puppet& stranger = rig.User("u2");
    Puppet& ist = rig.Ist("i0");
    uint64_t subscription = 0;
    std::optional<PrepareMessage> prepare;
    std::optional<SpliceRequestMessage> splice;
};

TEST_F(HostilePeerTest, ANameIsNotTakenWithoutItsSecret)
{
    Puppet& thief = rig.Connect();
    LoginMessage login;
    login.name = "u0";
    login.proof = rig.mac.Compute("another secret", thief.hello.challenge);
    EXPECT_FALSE(thief.LogIn(login));
    EXPECT_FALSE(thief.IsOpen());
    EXPECT_EQ(rig.Ended(IsbCode::BadCredentials), 1U);
    EXPECT_TRUE(provider.IsOpen());
    EXPECT_EQ(rig.broker.Users(), 3U);
}

TEST_F(HostilePeerTest, AnUnknownNameIsAnsweredAsAWrongProof)
{
    Puppet& thief = rig.Connect();
    LoginMessage login;
    login.name = "nobody";
    EXPECT_FALSE(thief.LogIn(login));
    const auto bye = thief.HearA<ByeMessage>();
    EXPECT_TRUE(bye && bye->code == IsbCode::BadCredentials);
}

TEST_F(HostilePeerTest, AnOverheardProofIsWorthNothingLater)
{
    Puppet& first = rig.Connect();
    LoginMessage login;
    login.name = "u3";
    login.proof = rig.mac.Compute(BrokerRig::SecretOf("u3"), first.hello.challenge);
    Puppet& thief = rig.Connect();
    EXPECT_NE(thief.hello.challenge, first.hello.challenge);
    EXPECT_FALSE(thief.LogIn(login));
    EXPECT_TRUE(first.LogIn(login));
}

TEST_F(HostilePeerTest, AUserDoesNotBecomeAnIst)
{
    Puppet& thief = rig.Connect();
    EXPECT_FALSE(thief.LogIn("u3", IsbRole::Ist));
    EXPECT_FALSE(thief.IsOpen());
    EXPECT_EQ(rig.broker.Ists(), 1U);
}

TEST_F(HostilePeerTest, TheRightSecretReplacesTheSessionBefore)
{
    Puppet& again = rig.User("u0");
    EXPECT_TRUE(again.IsOpen());
    EXPECT_FALSE(provider.IsOpen());
    const auto bye = provider.HearA<ByeMessage>();
    EXPECT_TRUE(bye && bye->code == IsbCode::Replaced);
    EXPECT_EQ(rig.broker.Users(), 3U);
}

TEST_F(HostilePeerTest, AnAnnouncedServiceIsTheAnnouncersOwn)
{
    provider.Say(Announcing("web"));
    stranger.Say(Announcing("web"));
    stranger.Say(WithdrawMessage{"web"});
    stranger.Say(WithdrawMessage{"web"});
    EXPECT_EQ(rig.broker.Services(), 1U);
    subscriber.Say(SubscribeMessage{5, "u0", "web"});
    EXPECT_TRUE(provider.HearA<OfferMessage>());
    EXPECT_FALSE(stranger.HearA<OfferMessage>());
}

TEST_F(HostilePeerTest, AnothersOfferIsNotAnswered)
{
    provider.Say(Announcing("web"));
    subscriber.Say(SubscribeMessage{5, "u0", "web"});
    const auto offer = provider.HearA<OfferMessage>();
    ASSERT_TRUE(offer);
    stranger.Say(AnswerMessage{offer->subscription, true, IsbCode::None});
    EXPECT_FALSE(subscriber.HearA<SubscribedMessage>());
    EXPECT_FALSE(stranger.IsOpen());
    EXPECT_EQ(rig.Ended(IsbCode::BadState), 1U);
    provider.Say(AnswerMessage{offer->subscription, true, IsbCode::None});
    EXPECT_TRUE(subscriber.HearA<SubscribedMessage>());
}

TEST_F(HostilePeerTest, AnothersSubscriptionIsNotUsedNorEnded)
{
    Subscribe();
    OpenMessage open;
    open.request = 1;
    open.subscription = subscription;
    stranger.Say(open);
    stranger.Say(UnsubscribeMessage{subscription});
    EXPECT_FALSE(provider.HearA<PrepareMessage>());
    EXPECT_EQ(rig.broker.Subscriptions(), 1U);
    Open();
}

TEST_F(HostilePeerTest, AnothersConnectionIsNotMeddledWith)
{
    Subscribe();
    Open();
    stranger.Say(ReadyMessage{prepare->connection, 1, 7471, 0});
    stranger.Say(
        StatusMessage{prepare->connection, 1, ConnectionPhase::Failed, IsbCode::None, 0, 0});
    Puppet& other = rig.Ist("i1");
    other.Say(ReadySplice());
    other.Say(SpliceEventMessage{splice->splice, SpliceNews::Failed, IsbCode::None, 0, 0});
    EXPECT_EQ(rig.broker.Connections(), 1U);
    EXPECT_FALSE(subscriber.HearA<InstructMessage>());
    ist.Say(ReadySplice());
    provider.Say(ReadyMessage{prepare->connection, 1, 0, 0});
    EXPECT_TRUE(subscriber.HearA<InstructMessage>());
    EXPECT_TRUE(provider.HearA<InstructMessage>());
}

TEST_F(HostilePeerTest, AServiceThatIsNotOpenIsNotSeenNorUsed)
{
    provider.Say(AnnounceMessage{1, {"web", Protocol::Tcp, "", false, {"u1"}}});
    stranger.Say(ListMessage{2, "", "", 0});
    const auto listing = stranger.HearA<ListingMessage>();
    ASSERT_TRUE(listing);
    EXPECT_TRUE(listing->entries.empty());
    stranger.Say(SubscribeMessage{3, "u0", "web"});
    EXPECT_TRUE(stranger.HearA<FaultMessage>());
    EXPECT_FALSE(provider.HearA<OfferMessage>());
    subscriber.Say(SubscribeMessage{3, "u0", "web"});
    EXPECT_TRUE(provider.HearA<OfferMessage>());
}

TEST_F(HostilePeerTest, TenThousandAnnouncesAtOnceEndTheSession)
{
    for (uint64_t i = 0; i < 10'000; ++i)
    {
        stranger.Say(Announcing("s" + std::to_string(i), i + 1));
    }
    EXPECT_FALSE(stranger.IsOpen());
    EXPECT_EQ(rig.Ended(IsbCode::QuotaExceeded), 1U);
    EXPECT_EQ(rig.broker.Services(), 0U);
    EXPECT_TRUE(provider.IsOpen());
}

TEST_F(HostilePeerTest, TenThousandAnnouncesInTheirTimeFindTheQuota)
{
    size_t announced = 0;
    size_t refused = 0;
    for (uint64_t i = 0; i < 10'000; ++i)
    {
        stranger.Say(Announcing("s" + std::to_string(i), i + 1));
        if (i % 100 == 0)
        {
            rig.PassWithHellos(1s);
        }
        while (const auto message = stranger.Hear())
        {
            announced += std::holds_alternative<AnnouncedMessage>(*message) ? 1 : 0;
            const auto* fault = std::get_if<FaultMessage>(&*message);
            refused += fault != nullptr && fault->code == IsbCode::QuotaExceeded ? 1 : 0;
        }
    }
    EXPECT_TRUE(stranger.IsOpen());
    EXPECT_EQ(announced, rig.settings.profiles.at("u2").quota.services);
    EXPECT_EQ(announced + refused, 10'000U);
    EXPECT_EQ(rig.broker.Services(), announced);
    EXPECT_TRUE(provider.IsOpen());
    EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
}

TEST_F(HostilePeerTest, AFloodFromOneAddressLeavesRoomForOthers)
{
    for (uint16_t port = 1; port <= 5000; ++port)
    {
        (void)rig.Connect({Ipv4{0x01010101}, port});
        ASSERT_LE(rig.broker.StateSize(), 5 + 4 * rig.settings.maxUnprovenPerAddress);
    }
    EXPECT_TRUE(rig.User("u3").IsOpen());
    EXPECT_EQ(rig.broker.Users(), 4U);
    EXPECT_TRUE(provider.IsOpen());
}

TEST_F(HostilePeerTest, AFloodFromManyAddressesLetsUsersIn)
{
    const auto flood = [this](size_t count)
    {
        for (size_t i = 0; i < count; ++i)
        {
            (void)rig.Connect(
                {Ipv4{0x01000000 + static_cast<uint32_t>(rig.random.Next() >> 40)}, 1000});
            ASSERT_LE(rig.broker.StateSize(), 10 + 4 * rig.settings.maxUnproven);
        }
    };
    flood(5000);
    size_t tries = 0;
    for (bool in = false; !in; ++tries)
    {
        ASSERT_LT(tries, 50U) << "a user does not get in";
        Puppet& user = rig.Connect();
        flood(200); // while his login is under way
        in = user.IsOpen() && user.LogIn("u3");
    }
    EXPECT_LE(tries, 5U);
    rig.PassWithHellos(rig.settings.loginTimeout + 1s); // the flood's connections time out
    EXPECT_EQ(rig.broker.Users(), 4U);
    EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
}

TEST_F(HostilePeerTest, AnOfferThatIsNeverAnsweredTimesOut)
{
    provider.Say(Announcing("web"));
    subscriber.Say(SubscribeMessage{5, "u0", "web"});
    subscriber.ForgetHeard();
    rig.PassWithHellos(rig.settings.answerTimeout + 1s);
    const auto fault = subscriber.HearA<FaultMessage>();
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->request, 5U);
    EXPECT_EQ(fault->code, IsbCode::TimedOut);
    EXPECT_EQ(rig.broker.Subscriptions(), 0U);
    EXPECT_TRUE(provider.IsOpen() && subscriber.IsOpen());
}

TEST_F(HostilePeerTest, APrepareThatIsNeverAnsweredTimesOut)
{
    Subscribe();
    Open();
    ist.Say(ReadySplice());
    subscriber.ForgetHeard();
    rig.PassWithHellos(rig.settings.answerTimeout + 1s);
    const auto fault = subscriber.HearA<FaultMessage>();
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->request, 9U);
    EXPECT_TRUE(ist.HearA<SpliceCancelMessage>()) << "the IST's ports stay open";
    EXPECT_EQ(rig.broker.Connections(), 0U);
    EXPECT_TRUE(provider.IsOpen() && subscriber.IsOpen() && ist.IsOpen());
}

TEST_F(HostilePeerTest, AnIstThatSaysReadyAndIsNotCostsOneConnectionOnly)
{
    Subscribe();
    Open();
    ist.Say(ReadySplice());
    provider.Say(ReadyMessage{prepare->connection, 1, 0, 0});
    ASSERT_TRUE(subscriber.HearA<InstructMessage>());
    rig.PassWithHellos(rig.settings.translatedTimeout + 2s); // nobody can establish anything
    EXPECT_EQ(rig.broker.Connections(), 0U);
    EXPECT_EQ(rig.broker.Subscriptions(), 1U);
    EXPECT_TRUE(provider.IsOpen() && subscriber.IsOpen());
    Open(10);
}

TEST_F(HostilePeerTest, AnIstThatAnswersForNobodysSpliceIsNotBelieved)
{
    ist.Say(SpliceReadyMessage{77, ForwardingMethod::Passive, {{1}, 1}, {{1}, 2}});
    ist.Say(SpliceEventMessage{77, SpliceNews::Paired, IsbCode::None, 0, 0});
    EXPECT_EQ(rig.broker.Connections(), 0U);
    EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
}

TEST_F(HostilePeerTest, APeerThatNeverReadsIsLetGo)
{
    for (int i = 0; i < 30; ++i)
    {
        provider.Say(AnnounceMessage{
            1,
            {"s" + std::to_string(i), Protocol::Tcp, std::string(ISB_TEXT_LIMIT, 'x'), true, {}}});
    }
    stranger.reads = false;
    for (uint64_t i = 0; i < 100'000 && stranger.IsOpen(); ++i)
    {
        stranger.Say(ListMessage{i, "", "", 0});
        if (i % 100 == 0)
        {
            rig.PassWithHellos(1s);
        }
    }
    EXPECT_FALSE(stranger.IsOpen());
    EXPECT_TRUE(stranger.reset);
    EXPECT_EQ(rig.Ended(IsbCode::SlowReader), 1U);
    EXPECT_LE(stranger.unread, rig.settings.maxUnsentBytes + ISB_FRAME_LIMIT + 4);
    EXPECT_TRUE(provider.IsOpen());
}

TEST_F(HostilePeerTest, TheClockFarAheadEndsSessionsAndNothingElse)
{
    Subscribe();
    Open();
    rig.Pass(std::chrono::hours(24 * 365 * 100));
    EXPECT_FALSE(provider.IsOpen() || subscriber.IsOpen() || ist.IsOpen());
    EXPECT_EQ(rig.broker.StateSize(), 0U);
    EXPECT_EQ(rig.Ended(IsbCode::TimedOut), 4U);
    EXPECT_TRUE(rig.User("u0").IsOpen());
    EXPECT_TRUE(rig.Ist("i0").IsOpen());
    EXPECT_EQ(rig.broker.Users(), 1U);
}

TEST_F(HostilePeerTest, AbsurdNumbersAreOnlyNumbers)
{
    Subscribe();
    stranger.Say(PingMessage{UINT64_MAX});
    const auto pong = stranger.HearA<PongMessage>();
    EXPECT_TRUE(pong && pong->nonce == UINT64_MAX);
    for (Puppet* user : {&provider, &subscriber})
    {
        user->Say(NearnessMessage{{{"i0", ISB_DURATION_LIMIT}, {"nobody", Duration(0)}}});
    }
    ist.Say(LoadMessage{UINT32_MAX, UINT64_MAX, UINT64_MAX});
    EXPECT_TRUE(stranger.IsOpen() && provider.IsOpen() && subscriber.IsOpen() && ist.IsOpen());
    EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
}

TEST_F(HostilePeerTest, OpensBeyondTheQuotaAreRefused)
{
    Subscribe();
    const size_t quota = rig.settings.profiles.at("u1").quota.connections;
    size_t refused = 0;
    for (uint64_t i = 0; i < quota + 10; ++i)
    {
        OpenMessage open;
        open.request = 100 + i;
        open.subscription = subscription;
        subscriber.Say(open);
        if (const auto fault = subscriber.HearA<FaultMessage>())
        {
            refused += fault->code == IsbCode::QuotaExceeded ? 1 : 0;
        }
        provider.ForgetHeard();
    }
    EXPECT_LE(rig.broker.Connections(), quota);
    EXPECT_GE(refused, 10U);
    EXPECT_TRUE(subscriber.IsOpen());
    EXPECT_EQ(rig.LeftWhenAllAreGone(), 0U);
}

} // namespace
} // namespace isb::test
