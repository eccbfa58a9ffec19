// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/nat-prober.h"

#include "tests/core/isb/nat-test-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

using NatProberTest = NatTestFixture;

TEST_F(NatProberTest, ATestConnectionFromAnotherAddressThatArrivesIsAFullCone)
{
    BrokerPeer& ann = LogIn();
    ASSERT_EQ(probes.size(), 1U);
    EXPECT_EQ(probes[0].from, settings.probeFrom);
    EXPECT_EQ(probes[0].to, ann.address) << "the login port, as seen";
    Say(ann, Came(Shown(ann)));
    ExpectKnown("full-cone", "isb.probe-seen", "isb");
}

TEST_F(NatProberTest, WithoutASecondAddressAnIstSendsIt)
{
    settings.probeFrom = {};
    Restart();
    BrokerPeer& ist = ProbingIst("192.0.2.77");
    BrokerPeer& ann = LogIn();
    EXPECT_TRUE(probes.empty());
    const auto order = Take<ProbeOrderMessage>(ist);
    EXPECT_EQ(order.target, ann.address);
    EXPECT_EQ(order.protocol, Protocol::Tcp);
    EXPECT_EQ(ToldHalf(order.token), Take<NatProbeMessage>(ann).token);
    Say(ann, Came(order.token));
    ExpectKnown("full-cone", "isb.probe-seen", "ist");
}

TEST_F(NatProberTest, AnotherPortOfTheSameAddressProvesNothing)
{
    settings.probeFrom = {};
    Restart();
    BrokerPeer& ann = LogIn();
    ASSERT_EQ(probes.size(), 1U);
    EXPECT_EQ(probes[0].from, Endpoint{});
    Say(ann, Came(Shown(ann)));
    ExpectKnown("unknown", "isb.one-address", "isb");
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U);
}

TEST_F(NatProberTest, WhatDoesNotArriveIsNoFullCone)
{
    BrokerPeer& ann = LogIn();
    const Token token = Shown(ann);
    AdvanceAlive(settings.probeTimeout + 1ms, {&ann});
    ExpectKnown("not-full-cone", "isb.probe-timeout", "isb");
    Say(ann, Came(token));
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U) << "late";
    EXPECT_FALSE(ann.closed);
    EXPECT_EQ(broker->StateSize(), 1U);
}

TEST_F(NatProberTest, APublicHostIsNotTested)
{
    BrokerPeer& ann = LogIn(true);
    EXPECT_EQ(Count<NatProbeMessage>(ann), 0U);
}

TEST_F(NatProberTest, AWrongTokenShowsNothing)
{
    BrokerPeer& ann = LogIn();
    Token token = Shown(ann);
    token[15] ^= 1;
    Say(ann, Came(token));
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U);
}

TEST_F(NatProberTest, TheHalfThatIsToldShowsNothing)
{
    BrokerPeer& ann = LogIn();
    Say(ann, Came(Take<NatProbeMessage>(ann).token));
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U);
    EXPECT_FALSE(ann.closed);
}

TEST_F(NatProberTest, AnIstOnTheBrokersHostSendsNothing)
{
    settings.probeFrom = {};
    Restart();
    for (const char* address : {"198.51.100.1", "127.0.0.1"})
    {
        BrokerPeer& ist = ProbingIst(address, *Ipv4::Parse("192.0.2.77"));
        LogIn();
        EXPECT_EQ(Count<ProbeOrderMessage>(ist), 0U) << address;
    }
    EXPECT_EQ(probes.size(), 2U) << "the broker itself, which proves nothing";
}

TEST_F(NatProberTest, WhatIsNotSentIsNotFoundOut)
{
    BrokerPeer& ann = LogIn(false, "169.254.0.5");
    EXPECT_TRUE(probes.empty()) << "promise T1: no such target";
    ExpectKnown("unknown", "isb.not-sent", "isb");
    EXPECT_EQ(broker->StateSize(), 1U);
    EXPECT_FALSE(ann.closed);
}

TEST_F(NatProberTest, OverUdpTheSame)
{
    BrokerPeer& ann = LogIn();
    Take<NatProbeMessage>(ann);
    NatReportMessage report;
    report.udp = {ann.address.address, 1023};
    Say(ann, report);
    EXPECT_EQ(Count<NatProbeMessage>(ann), 0U) << "a port of the system (promise T1)";
    report.udp.port = 5000;
    Say(ann, report);
    Say(ann, Came(ShownUdp(ann)));
    EXPECT_EQ(datagrams.back().to, report.udp);
    ExpectKnown("full-cone", "isb.probe-seen", "isb");
}

TEST_F(NatProberTest, NobodyHasPacketsSentToOthersOrWithoutEnd)
{
    BrokerPeer& ann = LogIn();
    probes.clear();
    (void)Take<NatProbeMessage>(ann);
    NatReportMessage foreign;
    foreign.udp = At("203.0.113.99", 5000);
    Say(ann, foreign);
    EXPECT_EQ(Count<NatProbeMessage>(ann), 0U);
    for (uint16_t port = 5001; port < 5050; ++port)
    {
        NatReportMessage own;
        own.udp = Endpoint{ann.address.address, port};
        Say(ann, own);
    }
    EXPECT_EQ(Count<NatProbeMessage>(ann), NatProber::MOST_TESTS - 1);
}

TEST_F(NatProberTest, AFullConeIsAskedToServeWithinTheTighterBounds)
{
    settings.volunteerRate = DataRate{2'000'000};
    settings.volunteerConnections = 2;
    Restart();
    BrokerPeer& ann = LogIn();
    Say(ann, Came(Shown(ann)));
    const auto offer = Take<VolunteerOfferMessage>(ann);
    EXPECT_EQ(offer.rateBps, 500'000U);
    EXPECT_EQ(offer.connections, 2U);
    EXPECT_EQ(offer.helloInterval, settings.istHelloInterval);
    Say(ann, VolunteerAnswerMessage{true, 500'000, 2});
    const KeptEvent event = trace.Last(TraceKind::IstState);
    EXPECT_EQ(event.ist, "ann");
    EXPECT_EQ(event.to, "registered");
    EXPECT_EQ(event.reason, "isb.volunteer");
    Bye(ann);
    Advance(ProbeSender::PATIENCE);
    EXPECT_EQ(trace.Last(TraceKind::IstState).to, "gone");
    EXPECT_EQ(broker->StateSize(), 0U);
}

TEST_F(NatProberTest, WhoRefusesIsNoIst)
{
    BrokerPeer& ann = LogIn();
    Say(ann, Came(Shown(ann)));
    Say(ann, VolunteerAnswerMessage{false, 0, 0});
    EXPECT_FALSE(ann.closed);
    AdvanceAlive(ProbeSender::PATIENCE, {&ann});
    EXPECT_EQ(broker->StateSize(), 1U);
}

TEST_F(NatProberTest, AnAnswerBeyondTheOfferOrWithoutOneEndsTheSession)
{
    BrokerPeer& ann = LogIn();
    Say(ann, Came(Shown(ann)));
    const auto offer = Take<VolunteerOfferMessage>(ann);
    Say(ann, VolunteerAnswerMessage{true, offer.rateBps, offer.connections + 1});
    EXPECT_EQ(Take<ByeMessage>(ann).code, IsbCode::BadRequest);
    BrokerPeer& again = LogIn();
    Say(again, VolunteerAnswerMessage{true, 1, 1});
    EXPECT_EQ(Take<ByeMessage>(again).code, IsbCode::BadRequest);
}

TEST_F(NatProberTest, ProfileAndSettingCanForbidIt)
{
    settings.profiles["ann"].mayVolunteer = false;
    Restart();
    BrokerPeer& ann = LogIn();
    Say(ann, Came(Shown(ann)));
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U);
    settings.profiles["ann"].mayVolunteer = true;
    settings.volunteers = false;
    Restart();
    BrokerPeer& again = LogIn();
    Say(again, Came(Shown(again)));
    EXPECT_EQ(Count<VolunteerOfferMessage>(again), 0U);
}

} // namespace
} // namespace isb
