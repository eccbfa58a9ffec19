// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 4787 REQ-8 to REQ-14: what passes.
#include "tests/core/nat/conformance/conformance-harness.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr Protocol UDP = Protocol::Udp;

TEST(Rfc4787, Req8TransparentOrByAddress)
{
    NatUnderTest transparent(WithFiltering(NatBehaviour::EndpointIndependent));
    const Endpoint open = *ExternalOf(transparent, UDP, ALICE, SERVER);
    EXPECT_TRUE(Enters(transparent, UDP, STRANGER, open));

    NatUnderTest strict(WithFiltering(NatBehaviour::AddressDependent));
    const Endpoint closed = *ExternalOf(strict, UDP, ALICE, SERVER);
    EXPECT_TRUE(Enters(strict, UDP, SERVER_OTHER_PORT, closed));
    EXPECT_FALSE(Enters(strict, UDP, STRANGER, closed));
}

TEST(Rfc4787, Req8NotByAddressAndPort)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    EXPECT_FALSE(Enters(nat, UDP, SERVER_OTHER_PORT, external));
    EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
}

TEST(Rfc4787, Req8aFilteringIsASettingOfItsOwn)
{
    for (const NatBehaviour mapping :
         {NatBehaviour::EndpointIndependent, NatBehaviour::AddressAndPortDependent})
    {
        for (const NatBehaviour filtering :
             {NatBehaviour::EndpointIndependent, NatBehaviour::AddressAndPortDependent})
        {
            NatUnderTest nat(TestSettings({mapping, filtering}));
            const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
            EXPECT_EQ(Enters(nat, UDP, STRANGER, external),
                      filtering == NatBehaviour::EndpointIndependent);
        }
    }
}

TEST(Rfc4787, Req8aNotThatOfTcp)
{
    NatSettings settings = TestSettings();
    settings.tcp = *NatPreset("full-cone");
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    EXPECT_FALSE(Enters(nat, UDP, STRANGER, external));
}

/// BOB calls ALICE by her external endpoint; both may speak with one another.
NatVerdict
Hairpin(NatUnderTest& nat, Packet& packet)
{
    const Endpoint alice = *ExternalOf(nat, UDP, ALICE, SERVER);
    packet = Udp(BOB, alice);
    return nat.Send(IN, packet);
}

TEST(Rfc4787, Req9InsidersReachOneAnother)
{
    for (const NatHairpin hairpin : {NatHairpin::ExternalSource, NatHairpin::InternalSource})
    {
        NatSettings settings = Preset("full-cone");
        settings.hairpin = hairpin;
        NatUnderTest nat(settings);
        Packet packet;
        EXPECT_EQ(Hairpin(nat, packet).action, Action::Hairpin);
        EXPECT_EQ(DestinationOf(packet), ALICE);
        EXPECT_TRUE(ChecksumsAreRight(packet));
    }
}

TEST(Rfc4787, Req9NotWhenHairpinningIsOff)
{
    NatSettings settings = Preset("full-cone");
    settings.hairpin = NatHairpin::None;
    NatUnderTest nat(settings);
    Packet packet;
    EXPECT_EQ(Hairpin(nat, packet).reason, "nat.hairpin-off");
}

TEST(Rfc4787, Req9aTheSourceIsTheSendersExternalEndpoint)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint bob = *ExternalOf(nat, UDP, BOB, SERVER);
    Packet packet;
    ASSERT_EQ(Hairpin(nat, packet).action, Action::Hairpin);
    EXPECT_EQ(SourceOf(packet), bob);
}

TEST(Rfc4787, Req9aNotWhenTheInternalSourceIsAskedFor)
{
    NatSettings settings = Preset("full-cone");
    settings.hairpin = NatHairpin::InternalSource;
    NatUnderTest nat(settings);
    Packet packet;
    ASSERT_EQ(Hairpin(nat, packet).action, Action::Hairpin);
    EXPECT_EQ(SourceOf(packet), BOB);
}

/// A payload that names ALICE's address, as SIP or FTP would.
Packet
NamesAlice()
{
    return {'c', '=', 10, 0, 0, 2, 'x'};
}

TEST(Rfc4787, Req10PayloadsAreNotTouched)
{
    NatUnderTest nat(TestSettings());
    Packet packet = Udp(ALICE, SERVER, NamesAlice());
    ASSERT_EQ(nat.Send(IN, packet).action, Action::Forward);
    EXPECT_EQ(packet, Udp({EXTERNAL, ALICE.port}, SERVER, NamesAlice()));
}

TEST(Rfc4787, Req10NotWhenTheFaultIsOn)
{
    NatSettings settings = TestSettings();
    settings.faults.rewritePayload = true;
    NatUnderTest nat(settings);
    Packet packet = Udp(ALICE, SERVER, NamesAlice());
    ASSERT_EQ(nat.Send(IN, packet).action, Action::Forward);
    EXPECT_EQ(packet, Udp({EXTERNAL, ALICE.port}, SERVER, {'c', '=', 203, 0, 113, 1, 'x'}));
}

TEST(Rfc4787, Req11BehaviourStaysUnderCollisionsLoadAndTime)
{
    NatSettings settings = Preset("restricted-cone");
    settings.limits.mappings = 50;
    NatUnderTest nat(settings);
    for (uint32_t host = 2; host < 62; ++host) // the same port: collisions; then a full table
    {
        const Endpoint internal{Ipv4{0x0a000000 + host}, ALICE.port};
        ExternalOf(nat, UDP, internal, SERVER);
    }
    for (int i = 0; i < 30; ++i)
    {
        Wait(nat, minutes(4));
        const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
        EXPECT_EQ(ExternalOf(nat, UDP, ALICE, SERVER_OTHER_PORT), external);
        EXPECT_TRUE(Enters(nat, UDP, SERVER_OTHER_PORT, external));
        EXPECT_FALSE(Enters(nat, UDP, STRANGER, external));
    }
}

TEST(Rfc4787, Req11NotEvenTheMappingThatCameSecondDiffers)
{
    NatUnderTest nat(Preset("restricted-cone"));
    ASSERT_TRUE(ExternalOf(nat, UDP, BOB, SERVER)); // has the port that ALICE would like
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    EXPECT_NE(external.port, ALICE.port);
    EXPECT_EQ(ExternalOf(nat, UDP, ALICE, STRANGER), external);
    EXPECT_TRUE(Enters(nat, UDP, SERVER_OTHER_PORT, external));
}

/// Every ICMP error there is, about ALICE's packet to SERVER.
void
SendEveryError(NatUnderTest& nat, const Packet& about)
{
    for (const uint8_t type : {ICMP_UNREACHABLE, ICMP_TIME_EXCEEDED, ICMP_PARAMETER_PROBLEM})
    {
        for (uint8_t code = 0; code < 16; ++code)
        {
            Packet error = BuildIcmpError(ROUTER, EXTERNAL, type, code, 0, about);
            nat.Send(OUT, error);
        }
    }
}

TEST(Rfc4787, Req12IcmpErrorsEndNoMapping)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, UDP);
    SendEveryError(nat, sent);
    EXPECT_TRUE(Enters(nat, UDP, SERVER, SourceOf(sent)));
    EXPECT_EQ(ExternalOf(nat, UDP, ALICE, SERVER), SourceOf(sent));
    EXPECT_EQ(nat.box.Counters().mappingsCreated, 1U);
}

TEST(Rfc4787, Req12NotWhenTheFaultIsOn)
{
    NatSettings settings = TestSettings();
    settings.faults.killOnIcmp = true;
    NatUnderTest nat(settings);
    const Packet sent = SentOutside(nat, UDP);
    Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, 1, 0, sent);
    nat.Send(OUT, error);
    EXPECT_EQ(nat.box.MappingCount(), 0U);
    EXPECT_FALSE(Enters(nat, UDP, SERVER, SourceOf(sent)));
}

TEST(Rfc4787, Req12aErrorsMayComeFromAnyRouter)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, UDP);
    for (const Ipv4 router : {ROUTER, SERVER.address, STRANGER.address})
    {
        EXPECT_TRUE(Passes(nat, OUT, BuildIcmpError(router, EXTERNAL, 3, 1, 0, sent)));
    }
}

TEST(Rfc4787, Req12aNotAboutPacketsThatNobodySent)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, UDP);
    const Packet forged = Udp(SourceOf(sent), STRANGER);
    EXPECT_FALSE(Passes(nat, OUT, BuildIcmpError(SERVER.address, EXTERNAL, 3, 1, 0, forged)));
}

TEST(Rfc4787, Req12bUnreachableIsTranslatedWithWhatItQuotes)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, UDP);
    for (uint8_t code = 0; code < 16; ++code)
    {
        Packet error = BuildIcmpError(ROUTER, EXTERNAL, ICMP_UNREACHABLE, code, 0, sent);
        ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward);
        EXPECT_EQ(
            error,
            BuildIcmpError(ROUTER, ALICE.address, ICMP_UNREACHABLE, code, 0, Udp(ALICE, SERVER)));
    }
}

TEST(Rfc4787, Req12bNotAfterTheMappingHasEnded)
{
    NatUnderTest nat(TestSettings());
    const Packet sent = SentOutside(nat, UDP);
    Wait(nat, minutes(5));
    EXPECT_FALSE(Passes(nat, OUT, BuildIcmpError(ROUTER, EXTERNAL, 3, 3, 0, sent)));
}

NatSettings
WithMtu()
{
    NatSettings settings = TestSettings();
    settings.outsideMtu = 1400;
    return settings;
}

Packet
Large(bool dontFragment, size_t bytes)
{
    IpFields ip;
    ip.dontFragment = dontFragment;
    return BuildUdp(ALICE, SERVER, Packet(bytes - 28, 7), ip);
}

TEST(Rfc4787, Req13TooLargeWithDfIsAnswered)
{
    NatUnderTest nat(WithMtu());
    const Packet sent = Large(true, 1401);
    Packet packet = sent;
    EXPECT_EQ(nat.Send(IN, packet).action, Action::Drop);
    const auto answer = Emitted(nat);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->to, IN);
    const PacketView view = View(answer->packet);
    EXPECT_EQ(view.Destination(), ALICE.address);
    EXPECT_EQ(view.IcmpType(), ICMP_UNREACHABLE);
    EXPECT_EQ(view.IcmpCode(), 4);
    EXPECT_TRUE(ChecksumsAreRight(answer->packet));
    const uint8_t* const mtu = answer->packet.data() + view.TransportOffset() + 6;
    EXPECT_EQ(mtu[0] * 256 + mtu[1], 1400) << "RFC 1191 section 4";
    EXPECT_TRUE(std::equal(sent.begin(), sent.begin() + 28, mtu + 2)) << "quotes the packet";
}

TEST(Rfc4787, Req13NotWhenItFits)
{
    NatUnderTest nat(WithMtu());
    EXPECT_TRUE(Passes(nat, IN, Large(true, 1400)));
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc4787, Req13aTooLargeWithoutDfPassesToBeFragmented)
{
    NatUnderTest nat(WithMtu());
    EXPECT_TRUE(Passes(nat, IN, Large(false, 1401)));
    EXPECT_FALSE(Emitted(nat));
}

TEST(Rfc4787, Req13aNotWithDf)
{
    NatUnderTest nat(WithMtu());
    EXPECT_FALSE(Passes(nat, IN, Large(true, 1401)));
}

std::vector<Packet>
Fragments(Endpoint source, Endpoint destination, uint16_t identification)
{
    IpFields ip;
    ip.identification = identification;
    return FragmentPacket(BuildUdp(source, destination, Packet(200, 7), ip), 100);
}

TEST(Rfc4787, Req14FragmentsPassInAndOutOfOrder)
{
    for (const bool reversed : {false, true})
    {
        NatUnderTest nat(TestSettings());
        std::vector<Packet> fragments = Fragments(ALICE, SERVER, 1);
        ASSERT_GE(fragments.size(), 3U);
        if (reversed)
        {
            std::reverse(fragments.begin(), fragments.end());
        }
        std::vector<Packet> held;
        size_t passed = 0;
        for (Packet& fragment : fragments)
        {
            const Action action = nat.Send(IN, fragment).action;
            ASSERT_TRUE(action == Action::Forward || action == Action::Hold);
            passed += action == Action::Forward ? 1 : 0;
            if (action == Action::Hold)
            {
                held.push_back(fragment);
            }
        }
        EXPECT_EQ(held.empty(), !reversed);
        EXPECT_EQ(nat.box.TakeReleased().size(), held.size());
        for (Packet& fragment : held)
        {
            ASSERT_EQ(nat.Send(IN, fragment).action, Action::Forward);
            EXPECT_EQ(View(fragment).Source(), EXTERNAL);
            ++passed;
        }
        EXPECT_EQ(passed, fragments.size());
    }
}

TEST(Rfc4787, Req14NotWithoutTheFirstFragment)
{
    NatUnderTest nat(TestSettings());
    Packet later = Fragments(ALICE, SERVER, 1)[1];
    EXPECT_EQ(nat.Send(IN, later).action, Action::Hold);
    Wait(nat, nat.box.Settings().timers.fragments);
    EXPECT_EQ(nat.box.TakeAbandoned().size(), 1U);
    EXPECT_TRUE(nat.box.TakeReleased().empty());
}

TEST(Rfc4787, Req14aFloodsOfFragmentsStopNobody)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    size_t refused = 0;
    for (uint32_t i = 0; i < 20'000; ++i)
    {
        const Endpoint attacker{Ipv4{0xc0000200 + i % 200}, 1};
        Packet later = Fragments(attacker, external, static_cast<uint16_t>(i))[1];
        refused += nat.Send(OUT, later).reason == "nat.fragment-limit" ? 1 : 0;
        if (i % 100 == 0)
        {
            EXPECT_TRUE(Enters(nat, UDP, SERVER, external)) << "an unfragmented packet";
            std::vector<Packet> whole = Fragments(SERVER, external, static_cast<uint16_t>(i));
            for (Packet& fragment : whole)
            {
                EXPECT_EQ(nat.Send(OUT, fragment).action, Action::Forward) << "in order";
            }
        }
    }
    EXPECT_GT(refused, 10'000U);
}

TEST(Rfc4787, Req14aNotBeyondTheTimerOfFragments)
{
    NatUnderTest nat(TestSettings());
    for (uint16_t i = 0; i < 1000; ++i)
    {
        Packet later = Fragments(STRANGER, {EXTERNAL, 5000}, i)[1];
        nat.Send(OUT, later);
    }
    Wait(nat, nat.box.Settings().timers.fragments);
    EXPECT_EQ(nat.box.TakeAbandoned().size(), nat.box.Settings().limits.heldFragments);
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER) << "nothing is left of the flood";
}

} // namespace
} // namespace isb::test
