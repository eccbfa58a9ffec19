// SPDX-License-Identifier: GPL-2.0-or-later
// Insiders who reach one another by their external endpoints (RFC 4787 REQ-9).
#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

TEST(NatBoxHairpin, TheOtherInsiderSeesTheExternalEndpoint)
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        NatUnderTest nat(Preset("full-cone"));
        const Endpoint alice = *ExternalOf(nat, protocol, ALICE, SERVER);
        const Endpoint bob = *ExternalOf(nat, protocol, BOB, SERVER);
        Packet packet = Opening(protocol, NatSide::Inside, ALICE, bob);
        ASSERT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Hairpin);
        EXPECT_EQ(packet, Opening(protocol, NatSide::Inside, alice, BOB));
        EXPECT_EQ(nat.box.Counters().hairpinned, 1U);
    }
}

TEST(NatBoxHairpin, TheOtherInsiderSeesTheInternalEndpointWhereSetSo)
{
    for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
    {
        NatSettings settings = Preset("full-cone");
        settings.hairpin = NatHairpin::InternalSource;
        NatUnderTest nat(settings);
        const Endpoint bob = *ExternalOf(nat, protocol, BOB, SERVER);
        Packet packet = Opening(protocol, NatSide::Inside, ALICE, bob);
        ASSERT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Hairpin);
        EXPECT_EQ(packet, Opening(protocol, NatSide::Inside, ALICE, BOB));
        Packet answer = Opening(protocol, NatSide::Inside, BOB, ALICE);
        EXPECT_EQ(nat.Send(NatSide::Inside, answer).action, Action::NotForUs) << "goes directly";
    }
}

TEST(NatBoxHairpin, WithInternalSourceIsFilteredAllTheSame)
{
    NatSettings settings = Preset("port-restricted-cone");
    settings.hairpin = NatHairpin::InternalSource;
    NatUnderTest nat(settings);
    const Endpoint bob = *ExternalOf(nat, Protocol::Udp, BOB, SERVER);
    Packet packet = Udp(ALICE, bob);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.filtered");
}

TEST(NatBoxHairpin, PingToTheBoxIsItsOwn) // RFC 5508 REQ-7 asks queries of Basic NAT alone
{
    NatUnderTest nat(Preset("full-cone"));
    Packet ping = Opening(Protocol::Icmp, NatSide::Inside, ALICE, {EXTERNAL, 0});
    EXPECT_EQ(nat.Send(NatSide::Inside, ping).action, Action::NotForUs);
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(NatBoxHairpin, IsFilteredLikeTrafficFromOutside)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    const Endpoint alice = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    const Endpoint bob = *ExternalOf(nat, Protocol::Udp, BOB, SERVER);
    Packet first = Udp(ALICE, bob);
    EXPECT_EQ(nat.Send(NatSide::Inside, first).reason, "nat.filtered");
    Packet punch = Udp(BOB, alice); // alice has sent to bob, so bob's packet comes through
    EXPECT_EQ(nat.Send(NatSide::Inside, punch).action, Action::Hairpin);
    Packet again = Udp(ALICE, bob);
    EXPECT_EQ(nat.Send(NatSide::Inside, again).action, Action::Hairpin);
}

TEST(NatBoxHairpin, ToAPortWithoutMappingMakesNoState)
{
    NatUnderTest nat(Preset("full-cone"));
    Packet packet = Udp(ALICE, {EXTERNAL, 6000});
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.no-mapping");
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(NatBoxHairpin, CanBeSwitchedOff)
{
    NatSettings settings = Preset("full-cone");
    settings.hairpin = NatHairpin::None;
    NatUnderTest nat(settings);
    const Endpoint bob = *ExternalOf(nat, Protocol::Udp, BOB, SERVER);
    Packet packet = Udp(ALICE, bob);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.hairpin-off");
}

TEST(NatBoxHairpin, PortsOutsideThePoolBelongToTheBox)
{
    NatUnderTest nat(Preset("full-cone"));
    for (const NatSide from : {NatSide::Inside, NatSide::Outside})
    {
        const Packet sent = Udp(from == NatSide::Inside ? ALICE : SERVER, {EXTERNAL, 53});
        Packet packet = sent;
        EXPECT_EQ(nat.Send(from, packet).action, Action::NotForUs);
        EXPECT_EQ(packet, sent);
    }
}

} // namespace
} // namespace isb::test
