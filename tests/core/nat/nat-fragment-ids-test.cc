// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-fragment-ids.h"

#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>
#include <set>

namespace isb::test
{
namespace
{

constexpr NatDatagramKey LEAVING{EXTERNAL, SERVER.address, 7, Protocol::Udp};

TEST(NatFragmentIds, OnlyTheSecondInsiderGetsAnotherOne)
{
    NatFragmentIds ids(100, seconds(2));
    EXPECT_EQ(ids.Choose(seconds(0), LEAVING, ALICE.address), 7);
    EXPECT_EQ(ids.Choose(seconds(1), LEAVING, ALICE.address), 7) << "a later datagram of hers";
    EXPECT_NE(ids.Choose(seconds(1), LEAVING, BOB.address), 7);
    NatDatagramKey elsewhere = LEAVING;
    elsewhere.destination = STRANGER.address;
    EXPECT_EQ(ids.Choose(seconds(1), elsewhere, BOB.address), 7);
}

TEST(NatFragmentIds, TwoDatagramsOfOneInsiderNeverLeaveWithOne)
{
    NatFragmentIds ids(100, seconds(2));
    ASSERT_EQ(ids.Choose(seconds(0), LEAVING, ALICE.address), 7);
    const uint16_t other = ids.Choose(seconds(0), LEAVING, BOB.address);
    NatDatagramKey next = LEAVING;
    next.identification = other; // which Bob's own counter reaches now
    EXPECT_NE(ids.Choose(seconds(0), next, BOB.address), other);
}

TEST(NatFragmentIds, ANewLifetimeCountsForThoseThatAreThere)
{
    NatFragmentIds ids(100, seconds(30));
    ASSERT_EQ(ids.Choose(seconds(0), LEAVING, ALICE.address), 7);
    ids.SetBounds(100, seconds(2));
    EXPECT_NE(ids.Choose(seconds(1), LEAVING, BOB.address), 7);
    EXPECT_EQ(ids.Choose(seconds(2), LEAVING, {0x0a000004}), 7);
}

TEST(NatFragmentIds, AreFreeAgainAfterTheirTime)
{
    NatFragmentIds ids(100, seconds(2));
    EXPECT_EQ(ids.Choose(seconds(0), LEAVING, ALICE.address), 7);
    EXPECT_EQ(ids.Choose(seconds(2), LEAVING, BOB.address), 7);
    EXPECT_EQ(ids.Size(), 1U);
}

TEST(NatFragmentIds, AreBounded)
{
    NatFragmentIds ids(10, seconds(2));
    for (uint16_t i = 0; i < 1000; ++i)
    {
        NatDatagramKey leaving = LEAVING;
        leaving.identification = i;
        EXPECT_EQ(ids.Choose(seconds(0), leaving, ALICE.address), i);
        EXPECT_LE(ids.Size(), 10U);
    }
    NatFragmentIds none(0, seconds(2));
    EXPECT_EQ(none.Choose(seconds(0), LEAVING, ALICE.address), 7);
    EXPECT_EQ(none.Size(), 0U);
}

TEST(NatFragmentIds, DifferForManyInsidersOfOneDestination)
{
    NatFragmentIds ids(1000, seconds(2));
    std::set<uint16_t> chosen;
    for (uint32_t i = 0; i < 500; ++i)
    {
        EXPECT_TRUE(chosen.insert(ids.Choose(seconds(1), LEAVING, Ipv4{0x0a000002 + i})).second);
    }
}

/// Both insiders send a fragmented datagram with the same identification.
TEST(NatFragmentIds, ReceiverCanTellTheFragmentsOfTwoInsidersApart) // RFC 7857 section 11
{
    NatUnderTest nat(Preset("full-cone"));
    IpFields ip;
    ip.identification = 7;
    std::set<uint16_t> seen;
    for (const Endpoint insider : {ALICE, BOB})
    {
        std::set<uint16_t> own;
        for (Packet& fragment : FragmentPacket(BuildUdp(insider, SERVER, Packet(100), ip), 68))
        {
            ASSERT_EQ(nat.Send(NatSide::Inside, fragment).action, Action::Forward);
            EXPECT_TRUE(ChecksumsAreRight(fragment));
            own.insert(View(fragment).Identification());
        }
        EXPECT_EQ(own.size(), 1U) << "one datagram, one identification";
        EXPECT_TRUE(seen.insert(*own.begin()).second);
    }
    EXPECT_EQ(seen.count(7), 1U) << "the first one keeps its own";
}

TEST(NatFragmentIds, WholePacketsKeepTheirsUnlessTheNextLinkCutsThem)
{
    for (const uint16_t mtu : {uint16_t{0}, uint16_t{128}, uint16_t{127}})
    {
        NatSettings settings = Preset("full-cone");
        settings.outsideMtu = mtu;
        NatUnderTest nat(settings);
        IpFields ip;
        ip.identification = 7;
        for (const Endpoint insider : {ALICE, BOB})
        {
            Packet packet = BuildUdp(insider, SERVER, Packet(100), ip);
            ASSERT_EQ(packet.size(), 128U);
            ASSERT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Forward);
            EXPECT_TRUE(ChecksumsAreRight(packet));
            const bool isSecondCut = mtu == 127 && insider == BOB;
            EXPECT_EQ(View(packet).Identification() == 7, !isSecondCut);
        }
    }
}

} // namespace
} // namespace isb::test
