// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay-rig.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using std::chrono::milliseconds;

Packet
Numbered(uint16_t number)
{
    IpFields ip;
    ip.identification = number;
    return BuildUdp(ALICE, SERVER, Payload(100), ip);
}

TEST(NatRelayImpairment, DelaysOnItsSideOnly)
{
    NatboxConfig config = TestConfig();
    config.inside.impairment.delay = milliseconds(10);
    RelayRig rig(config);
    rig.Send(NatSide::Inside, Numbered(1));
    EXPECT_TRUE(rig.Take().empty());
    EXPECT_EQ(rig.relay.NextTimeout(), milliseconds(10));
    rig.now = milliseconds(10);
    rig.relay.Timeout(rig.now);
    EXPECT_EQ(rig.Take().size(), 1U);
    rig.Send(NatSide::Outside, BuildUdp(SERVER, {EXTERNAL, ALICE.port}, Payload(20)));
    EXPECT_EQ(rig.Take().size(), 1U);
}

TEST(NatRelayImpairment, LosesExactlyWhatTheSameSeedLosesWithoutNat)
{
    constexpr uint16_t COUNT = 1000;
    NatboxConfig config = TestConfig();
    config.inside.impairment.loss = {100'000};
    RelayRig rig(config, 7);
    SeededRng rng(8); // the rig's for the inside
    Impairment bare(config.inside.impairment, rng);
    uint64_t passed = 0;
    for (uint16_t i = 0; i < COUNT; ++i)
    {
        rig.Send(NatSide::Inside, Numbered(i));
        rig.relay.Timeout(rig.now);
        passed += bare.Submit(rig.now, i, 128).copies;
    }
    EXPECT_LT(passed, COUNT);
    EXPECT_EQ(rig.Take().size(), passed);
    EXPECT_EQ(rig.relay.ImpairmentOf(NatSide::Inside).Counters().drops.at(0), COUNT - passed);
}

TEST(NatRelayImpairment, TheNatSeesNoPacketThatWasLostBeforeIt)
{
    NatboxConfig config = TestConfig();
    config.inside.impairment.loss = {1'000'000};
    RelayRig rig(config);
    rig.Send(NatSide::Inside, Numbered(1));
    EXPECT_EQ(rig.relay.Box().MappingCount(), 0U);
    EXPECT_EQ(rig.relay.NextTimeout(), TIME_NEVER);
    EXPECT_EQ(rig.events.names.back(), "packet-dropped impair.loss udp 10.0.0.2:5000");
}

TEST(NatRelayImpairment, DuplicatesAreTwoPackets)
{
    NatboxConfig config = TestConfig();
    config.inside.impairment.duplicate = {1'000'000};
    RelayRig rig(config);
    rig.Send(NatSide::Inside, Numbered(1));
    rig.relay.Timeout(rig.now);
    const auto written = rig.Take();
    ASSERT_EQ(written.size(), 2U);
    EXPECT_EQ(written[0].packet, written[1].packet);
    EXPECT_TRUE(ChecksumsAreRight(written[0].packet));
}

TEST(NatRelayImpairment, WhatIsOnItsWayKeepsItsOrderWhenTheImpairmentEnds)
{
    NatboxConfig config = TestConfig();
    config.inside.impairment.delay = milliseconds(10);
    RelayRig rig(config);
    rig.Send(NatSide::Inside, Numbered(1));
    config.inside.impairment = {};
    ASSERT_FALSE(rig.relay.Reconfigure(rig.now, config));
    rig.Send(NatSide::Inside, Numbered(2));
    rig.now = milliseconds(10);
    rig.relay.Timeout(rig.now);
    const auto written = rig.Take();
    ASSERT_EQ(written.size(), 2U);
    EXPECT_EQ(written[0].packet[5], 1);
    EXPECT_EQ(written[1].packet[5], 2);
    rig.Send(NatSide::Inside, Numbered(3));
    EXPECT_EQ(rig.Take().size(), 1U); // at once again
}

} // namespace
} // namespace isb
