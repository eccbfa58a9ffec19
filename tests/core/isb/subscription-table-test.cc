// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/subscription-table.h"

#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class SubscriptionTableTest : public BrokerFixture
{
  protected:
    SubscriptionTableTest()
        : ann(&User("ann", "203.0.113.1")),
          bob(&User("bob", "203.0.113.2"))
    {
        Announce(*bob, "web");
    }

    void
    Ask(const std::string& provider = "bob", const std::string& service = "web")
    {
        Say(*ann, SubscribeMessage{++request, provider, service});
    }

    void
    ExpectFault(IsbCode code)
    {
        const auto fault = Take<FaultMessage>(*ann);
        EXPECT_EQ(ToString(fault.code), ToString(code));
        EXPECT_EQ(fault.request, request);
        EXPECT_EQ(broker->Counters().refused.count(ToString(code)), 1U);
    }

    BrokerPeer* ann;
    BrokerPeer* bob;
    uint64_t request = 500;
};

TEST_F(SubscriptionTableTest, AnAcceptedOfferIsASubscription)
{
    Ask();
    const auto offer = Take<OfferMessage>(*bob);
    EXPECT_EQ(offer.subscriber, "ann");
    EXPECT_EQ(offer.service, "web");
    EXPECT_EQ(Count<SubscribedMessage>(*ann), 0U);
    Say(*bob, AnswerMessage{offer.subscription, true});
    const auto subscribed = Take<SubscribedMessage>(*ann);
    EXPECT_EQ(subscribed.request, request);
    EXPECT_EQ(subscribed.subscription, offer.subscription);
    EXPECT_EQ(subscribed.protocol, Protocol::Tcp);
    EXPECT_EQ(broker->Counters().subscriptions, 1U);
    EXPECT_EQ(trace.StatesOf(TraceKind::SubscriptionState), "offered>subscribed");
}

TEST_F(SubscriptionTableTest, ARefusalCarriesTheProvidersCode)
{
    Ask();
    Say(*bob, AnswerMessage{Take<OfferMessage>(*bob).subscription, false, IsbCode::Overloaded});
    ExpectFault(IsbCode::Overloaded);
    Ask();
    Say(*bob, AnswerMessage{Take<OfferMessage>(*bob).subscription, false});
    ExpectFault(IsbCode::Refused);
    EXPECT_EQ(Count<SubscriptionEndedMessage>(*bob), 0U);
    EXPECT_EQ(broker->Subscriptions(), 0U);
}

TEST_F(SubscriptionTableTest, AnUnansweredOfferTimesOutExactlyAndTheProviderHearsIt)
{
    Ask();
    const auto offer = Take<OfferMessage>(*bob);
    Advance(settings.answerTimeout - 1ns);
    EXPECT_EQ(Count<FaultMessage>(*ann), 0U);
    Advance(1ns);
    ExpectFault(IsbCode::TimedOut);
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*bob).subscription, offer.subscription);
    Say(*bob, AnswerMessage{offer.subscription, true}); // late
    EXPECT_EQ(Count<SubscribedMessage>(*ann), 0U);
    EXPECT_FALSE(bob->closed);
    EXPECT_EQ(broker->Subscriptions(), 0U);
}

TEST_F(SubscriptionTableTest, AnUnknownUserIsNotFound)
{
    Ask("nobody");
    ExpectFault(IsbCode::NotFound);
}

TEST_F(SubscriptionTableTest, AUserWhoIsNotLoggedInIsNotOnline)
{
    Ask("joe");
    ExpectFault(IsbCode::NotOnline);
}

TEST_F(SubscriptionTableTest, AServiceThatIsNotAnnouncedIsNotOnline)
{
    Ask("bob", "mail");
    ExpectFault(IsbCode::NotOnline);
}

TEST_F(SubscriptionTableTest, AServiceForOthersIsNotAllowedAndItsProviderIsNotAsked)
{
    ServiceRecord service;
    service.name = "files";
    service.open = false;
    service.allowed = {"joe"};
    Say(*bob, AnnounceMessage{1, service});
    Ask("bob", "files");
    ExpectFault(IsbCode::NotAllowed);
    EXPECT_EQ(Count<OfferMessage>(*bob), 0U);
    EXPECT_EQ(trace.Last(TraceKind::SubscriptionState).reason, "isb.not-allowed");
    BrokerPeer& joe = User("joe", "203.0.113.4");
    Subscribe(joe, *bob, "files");
}

TEST_F(SubscriptionTableTest, OnesOwnServiceIsABadRequest)
{
    Announce(*ann, "mail");
    Ask("ann", "mail");
    ExpectFault(IsbCode::BadRequest);
}

TEST_F(SubscriptionTableTest, TwiceIsADuplicateWhetherOfferedOrSubscribed)
{
    Ask();
    Ask();
    ExpectFault(IsbCode::Duplicate);
    Say(*bob, AnswerMessage{Take<OfferMessage>(*bob).subscription, true});
    Ask();
    ExpectFault(IsbCode::Duplicate);
}

TEST_F(SubscriptionTableTest, SubscriptionsBeyondTheQuotaAreRefusedUntilOneEnds)
{
    settings.profiles["ann"].quota.subscriptions = 1;
    Restart();
    ann = &User("ann", "203.0.113.1");
    bob = &User("bob", "203.0.113.2");
    Announce(*bob, "web");
    Announce(*bob, "mail");
    const uint64_t web = Subscribe(*ann, *bob, "web");
    Ask("bob", "mail");
    ExpectFault(IsbCode::QuotaExceeded);
    Say(*ann, UnsubscribeMessage{web});
    Subscribe(*ann, *bob, "mail");
}

TEST_F(SubscriptionTableTest, AnsweringAnothersOfferEndsTheSessionThatDoes)
{
    Ask();
    const auto offer = Take<OfferMessage>(*bob);
    Say(*ann, AnswerMessage{offer.subscription, true});
    EXPECT_EQ(Take<ByeMessage>(*ann).code, IsbCode::BadState);
    EXPECT_FALSE(bob->closed);
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*bob).code, IsbCode::PeerLost);
}

TEST_F(SubscriptionTableTest, AnsweringTwiceEndsTheSession)
{
    Ask();
    const auto offer = Take<OfferMessage>(*bob);
    Say(*bob, AnswerMessage{offer.subscription, true});
    Say(*bob, AnswerMessage{offer.subscription, true});
    EXPECT_EQ(Take<ByeMessage>(*bob).code, IsbCode::BadState);
}

TEST_F(SubscriptionTableTest, UnsubscribingTellsTheProvider)
{
    const uint64_t id = Subscribe(*ann, *bob, "web");
    Say(*ann, UnsubscribeMessage{id});
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*bob).code, IsbCode::Cancelled);
    EXPECT_EQ(broker->Subscriptions(), 0U);
    Say(*ann, UnsubscribeMessage{id}); // once more is no fault
    EXPECT_FALSE(ann->closed);
}

TEST_F(SubscriptionTableTest, UnsubscribingAnotherEndsTheSessionThatDoes)
{
    const uint64_t id = Subscribe(*ann, *bob, "web");
    Say(*bob, UnsubscribeMessage{id});
    EXPECT_EQ(Take<ByeMessage>(*bob).code, IsbCode::BadState);
}

TEST_F(SubscriptionTableTest, AWithdrawnServiceEndsItsSubscriptionsAndOffersOnly)
{
    Announce(*bob, "mail");
    const uint64_t web = Subscribe(*ann, *bob, "web");
    Subscribe(*ann, *bob, "mail");
    BrokerPeer& joe = User("joe", "203.0.113.4");
    Say(joe, SubscribeMessage{9, "bob", "web"});
    Say(*bob, WithdrawMessage{"web"});
    const auto ended = Take<SubscriptionEndedMessage>(*ann);
    EXPECT_EQ(ended.subscription, web);
    EXPECT_EQ(ended.code, IsbCode::Withdrawn);
    EXPECT_EQ(Take<FaultMessage>(joe).code, IsbCode::Withdrawn);
    EXPECT_EQ(broker->Subscriptions(), 1U);
}

struct LossCase
{
    const char* name;
    bool logout;
    IsbCode code;
};

class SubscriptionLossTest : public SubscriptionTableTest,
                             public ::testing::WithParamInterface<LossCase>
{
  protected:
    void
    Lose(BrokerPeer& peer)
    {
        if (GetParam().logout)
        {
            Bye(peer);
            return;
        }
        Vanish(peer);
    }
};

TEST_P(SubscriptionLossTest, OfTheProviderDuringTheOfferFaultsTheRequest)
{
    Ask();
    Lose(*bob);
    ExpectFault(GetParam().code);
    Bye(*ann);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_P(SubscriptionLossTest, OfTheSubscriberDuringTheOfferIsToldToTheProvider)
{
    Ask();
    Lose(*ann);
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*bob).code, GetParam().code);
    Bye(*bob);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_P(SubscriptionLossTest, OfTheProviderEndsWhatStands)
{
    Subscribe(*ann, *bob, "web");
    Lose(*bob);
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*ann).code, GetParam().code);
    EXPECT_EQ(broker->Services(), 0U);
    Bye(*ann);
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_P(SubscriptionLossTest, OfTheSubscriberEndsWhatStands)
{
    Subscribe(*ann, *bob, "web");
    Lose(*ann);
    EXPECT_EQ(Take<SubscriptionEndedMessage>(*bob).code, GetParam().code);
    EXPECT_EQ(broker->Services(), 1U);
    Bye(*bob);
    EXPECT_EQ(broker->StateSize(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Ways,
                         SubscriptionLossTest,
                         ::testing::Values(LossCase{"Logout", true, IsbCode::LoggedOut},
                                           LossCase{"Vanished", false, IsbCode::PeerLost}),
                         [](const auto& instance) { return instance.param.name; });

} // namespace
} // namespace isb
