// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/isb/nat-prober.h"

#include "model/wire/service-preface.h"
#include "tests/core/isb/broker-fixture.h"

namespace isb
{
namespace
{

using namespace std::chrono_literals;

class NatProberTest : public BrokerFixture
{
  protected:
    NatProberTest()
    {
        settings.probeFrom = At("198.51.100.2", 0);
        Restart();
    }

    /// Logged in from behind a NAT, willing to be tested and to serve.
    BrokerPeer&
    LogIn(bool isPublic = false)
    {
        BrokerPeer& peer = Connect("203.0.113.1");
        LoginMessage login = MakeLogin(peer, "ann", {isPublic});
        login.abilities.natTest = true;
        login.abilities.loginPort = true;
        login.abilities.volunteer = true;
        login.abilities.volunteerRateBps = 500'000;
        login.abilities.volunteerConnections = 3;
        Say(peer, login);
        return peer;
    }

    /// An IST that sends test packets.
    BrokerPeer&
    ProbingIst(const std::string& address)
    {
        BrokerPeer& peer = Connect(address);
        LoginMessage login = MakeLogin(peer, "ist", {});
        login.role = IsbRole::Ist;
        login.ist.methods = {ForwardingMethod::Proxy};
        login.ist.capacity = 10;
        login.abilities.natTest = true;
        Say(peer, login);
        return peer;
    }

    static NatReportMessage
    Came(const Token& token)
    {
        NatReportMessage report;
        report.token = token;
        return report;
    }

    void
    ExpectKnown(const std::string& to, const std::string& reason, const std::string& sender)
    {
        const KeptEvent event = trace.Last(TraceKind::NatTypeKnown);
        EXPECT_EQ(event.to, to);
        EXPECT_EQ(event.reason, reason);
        EXPECT_EQ(event.detail, sender);
        EXPECT_EQ(event.user, "ann");
    }
};

TEST_F(NatProberTest, ATestConnectionFromAnotherAddressThatArrivesIsAFullCone)
{
    BrokerPeer& ann = LogIn();
    const Token token = Take<NatProbeMessage>(ann).token;
    ASSERT_EQ(probes.size(), 1U);
    EXPECT_EQ(probes[0].from, settings.probeFrom);
    EXPECT_EQ(probes[0].to, ann.address) << "the login port, as seen";
    broker->Connected(now, probes[0].socket, At("198.51.100.2", 50'000));
    Drain();
    const auto preface = MakeServicePreface(token);
    EXPECT_EQ(probeBytes[probes[0].socket], std::vector<uint8_t>(preface.begin(), preface.end()));
    Say(ann, Came(token));
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
    EXPECT_EQ(order.token, Take<NatProbeMessage>(ann).token);
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
    Say(ann, Came(Take<NatProbeMessage>(ann).token));
    ExpectKnown("unknown", "isb.one-address", "isb");
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U);
}

TEST_F(NatProberTest, WhatDoesNotArriveIsNoFullCone)
{
    BrokerPeer& ann = LogIn();
    AdvanceAlive(settings.probeTimeout + 1ms, {&ann});
    ExpectKnown("not-full-cone", "isb.probe-timeout", "isb");
    Say(ann, Came(Take<NatProbeMessage>(ann).token));
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
    Token token = Take<NatProbeMessage>(ann).token;
    token[0] ^= 1;
    Say(ann, Came(token));
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U);
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
    for (uint16_t port = 1; port < 50; ++port)
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
    Say(ann, Came(Take<NatProbeMessage>(ann).token));
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
    Say(ann, Came(Take<NatProbeMessage>(ann).token));
    Say(ann, VolunteerAnswerMessage{false, 0, 0});
    EXPECT_FALSE(ann.closed);
    AdvanceAlive(ProbeSender::PATIENCE, {&ann});
    EXPECT_EQ(broker->StateSize(), 1U);
}

TEST_F(NatProberTest, AnAnswerBeyondTheOfferOrWithoutOneEndsTheSession)
{
    BrokerPeer& ann = LogIn();
    Say(ann, Came(Take<NatProbeMessage>(ann).token));
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
    Say(ann, Came(Take<NatProbeMessage>(ann).token));
    EXPECT_EQ(Count<VolunteerOfferMessage>(ann), 0U);
    settings.profiles["ann"].mayVolunteer = true;
    settings.volunteers = false;
    Restart();
    BrokerPeer& again = LogIn();
    Say(again, Came(Take<NatProbeMessage>(again).token));
    EXPECT_EQ(Count<VolunteerOfferMessage>(again), 0U);
}

} // namespace
} // namespace isb
