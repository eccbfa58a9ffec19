// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/volunteer-desk.h"

#include "model/core/isb/ist-list-pacer.h"
#include "tests/core/isb/nat-test-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

/// ann serves as IST; joe is subscribed to a service of bob.
class VolunteerDeskTest : public NatTestFixture
{
  protected:
    void
    Serve()
    {
        ann = &LogIn();
        Say(*ann, Came(Shown(*ann)));
        const auto offer = Take<VolunteerOfferMessage>(*ann);
        Say(*ann, VolunteerAnswerMessage{true, offer.rateBps, offer.connections});
    }

    void
    SayMapping(uint16_t port)
    {
        NatReportMessage report;
        report.udp = {ann->address.address, port};
        Say(*ann, report);
    }

    void
    Meet(Protocol protocol)
    {
        bob = &User("bob", "203.0.113.2");
        joe = &User("joe", "203.0.113.3");
        Announce(*bob, "service", protocol);
        subscription = Subscribe(*joe, *bob, "service");
    }

    void
    Open()
    {
        OpenMessage open;
        open.request = nextRequest++;
        open.subscription = subscription;
        Say(*joe, open);
    }

    BrokerPeer* ann = nullptr;
    BrokerPeer* bob = nullptr;
    BrokerPeer* joe = nullptr;
    uint64_t subscription = 0;
};

TEST_F(VolunteerDeskTest, AMappingThatChangesEndsTheSpliceAndNotTheSession)
{
    Serve();
    SayMapping(5000);
    Say(*ann, Came(ShownUdp(*ann)));
    Meet(Protocol::Udp);
    Open();
    const auto splice = Take<VolunteerSpliceMessage>(*ann);
    SayMapping(5001);
    Say(*ann, SpliceReadyMessage{splice.splice, ForwardingMethod::Proxy, {}, {}});
    EXPECT_FALSE(ann->closed);
    EXPECT_EQ(Take<SpliceCancelMessage>(*ann).splice, splice.splice);
    EXPECT_EQ(Take<FaultMessage>(*joe).code, IsbCode::NoIst);
    Open();
    EXPECT_EQ(Count<VolunteerSpliceMessage>(*ann), 0U) << "the new one is not proven yet";
    Say(*ann, Came(ShownUdp(*ann)));
    Open();
    EXPECT_EQ(Count<VolunteerSpliceMessage>(*ann), 1U);
}

TEST_F(VolunteerDeskTest, ASpliceThatOutlivesTheSessionIsReportedInTheNextOne)
{
    Serve();
    Meet(Protocol::Tcp);
    Open();
    const auto splice = Take<VolunteerSpliceMessage>(*ann);
    AnswerPrepare(*bob);
    Say(*ann, SpliceReadyMessage{splice.splice, ForwardingMethod::Proxy, {}, {}});
    const auto toJoe = Take<InstructMessage>(*joe);
    EXPECT_EQ(toJoe.target, ann->address);
    Report(*joe, toJoe, ConnectionPhase::Established);
    Report(*bob, Take<InstructMessage>(*bob), ConnectionPhase::Established);
    EXPECT_EQ(broker->Counters().connections, 1U);
    BrokerPeer& again = LogIn();
    Say(again, SpliceEventMessage{splice.splice, SpliceNews::Ended, IsbCode::None, 0, 9});
    EXPECT_FALSE(again.closed);
    EXPECT_EQ(trace.Last(TraceKind::ConnectionState).to, "closed");
}

TEST_F(VolunteerDeskTest, WhoDoesNotVolunteerHasNoSplices)
{
    BrokerPeer& eve = User("eve", "203.0.113.4");
    Say(eve, SpliceEventMessage{1, SpliceNews::Ended, IsbCode::None, 0, 0});
    EXPECT_EQ(Take<ByeMessage>(eve).code, IsbCode::BadState);
}

TEST_F(VolunteerDeskTest, SplicesOfOthersAreNotItsBusiness)
{
    Serve();
    Meet(Protocol::Tcp);
    Open();
    const auto splice = Take<VolunteerSpliceMessage>(*ann);
    BrokerPeer& eve = Connect("203.0.113.4");
    LoginMessage login = MakeLogin(eve, "eve");
    login.abilities.volunteer = true;
    Say(eve, login);
    Say(eve, SpliceReadyMessage{splice.splice, ForwardingMethod::Proxy, {}, {}});
    EXPECT_EQ(Take<ByeMessage>(eve).code, IsbCode::BadState);
    EXPECT_EQ(Count<SpliceCancelMessage>(*ann), 0U);
}

TEST_F(VolunteerDeskTest, NobodyIsToldAListThatIsTheSame)
{
    BrokerPeer& bystander = User("bob", "203.0.113.2");
    Serve();
    AdvanceAlive(IstListPacer::COLLECT + 1s, {ann, &bystander});
    EXPECT_EQ(Count<IstListMessage>(bystander), 0U) << "it has no echo port, so is not listed";
    Bye(*ann);
    AdvanceAlive(IstListPacer::COLLECT + 1s, {&bystander});
    EXPECT_EQ(Count<IstListMessage>(bystander), 0U);
}

} // namespace
} // namespace isb
