// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-udp.h"

#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

const Packet REGISTRATION{'I', 'S', 'B', 'R', 'E', 'G', '1', 0, 0, 0, 0, 0, 0, 0, 0, 0};

Outcome
Datagram(SpliceDriver& driver, unsigned int side, const Packet& payload)
{
    return driver.Step(side, BuildUdp(driver.tuple[side], payload));
}

TEST(IstUdp, RegistrationsPairAndAreConsumed)
{
    SpliceDriver driver(IST_METHOD_UDP);
    Outcome outcome = Datagram(driver, IST_SIDE_A, REGISTRATION);
    EXPECT_EQ(outcome.Text(), "hold");
    EXPECT_EQ(outcome.verdict.events, IST_EVENT_FIRST);
    outcome = Datagram(driver, IST_SIDE_B, REGISTRATION);
    EXPECT_EQ(outcome.Text(), "hold");
    EXPECT_EQ(outcome.verdict.events, IST_EVENT_PAIRED);
    EXPECT_EQ(driver.StateName(), "ESTABLISHED");
    // Later ones are keepalives.
    EXPECT_EQ(Datagram(driver, IST_SIDE_A, REGISTRATION).Text(), "hold");
}

TEST(IstUdp, OnlyARegistrationTakesASide)
{
    SpliceDriver driver(IST_METHOD_UDP);
    EXPECT_EQ(Datagram(driver, IST_SIDE_A, {1, 2}).Text(), "drop ist.unpaired");
    EXPECT_EQ(driver.StateName(), "LISTEN");
    Datagram(driver, IST_SIDE_A, REGISTRATION);
    EXPECT_EQ(Datagram(driver, IST_SIDE_B, {1, 2, 3}).Text(), "drop ist.unpaired");
    EXPECT_EQ(driver.StateName(), "IST_SYN_LOOKUP");
}

TEST(IstUdp, DataBeforePairingIsDroppedAfterItIsForwarded)
{
    SpliceDriver driver(IST_METHOD_UDP);
    Datagram(driver, IST_SIDE_A, REGISTRATION);
    EXPECT_EQ(Datagram(driver, IST_SIDE_A, {1, 2}).Text(), "drop ist.unpaired");
    Datagram(driver, IST_SIDE_B, REGISTRATION);
    const Outcome outcome = Datagram(driver, IST_SIDE_B, {1, 2, 3});
    EXPECT_EQ(outcome.Text(), "forward");
    Packet expected = BuildUdp(MakeTuple(0xc0000201, 7000, 0x0a000001, 31000), {1, 2, 3});
    expected[8] = 63;
    ist_put16(&expected[10], IpChecksum(expected));
    EXPECT_EQ(outcome.forwarded, expected);
    EXPECT_EQ(Datagram(driver, IST_SIDE_A, {1, 2}).Text(), "forward");
}

TEST(IstUdp, ForwardsDatagramsWithoutChecksum)
{
    SpliceDriver driver(IST_METHOD_UDP);
    Datagram(driver, IST_SIDE_A, REGISTRATION);
    Datagram(driver, IST_SIDE_B, REGISTRATION);
    const Outcome outcome = driver.Step(IST_SIDE_A, BuildUdp(driver.tuple[IST_SIDE_A], {9}, false));
    EXPECT_EQ(outcome.Text(), "forward");
    EXPECT_EQ(ist_get16(&outcome.forwarded[26]), 0);
}

TEST(IstUdp, RefusesStrangersFragmentsTcpAndTheEndOfTtl)
{
    SpliceDriver driver(IST_METHOD_UDP);
    Datagram(driver, IST_SIDE_A, REGISTRATION);
    EXPECT_EQ(driver.Step(IST_SIDE_B, BuildUdp(driver.tuple[IST_SIDE_A], {1})).Text(),
              "drop ist.tuple-collision");
    Datagram(driver, IST_SIDE_B, REGISTRATION);
    ist_tuple stranger = driver.tuple[IST_SIDE_A];
    stranger.source_port = 1;
    EXPECT_EQ(driver.Step(IST_SIDE_A, BuildUdp(stranger, {1})).Text(), "drop ist.side-taken");
    Packet packet = BuildUdp(driver.tuple[IST_SIDE_A], Packet(16));
    ist_put16(&packet[6], 10);
    EXPECT_EQ(driver.Step(IST_SIDE_A, packet).Text(), "drop ist.fragment");
    EXPECT_EQ(driver.Syn(IST_SIDE_A, 1).Text(), "drop ist.protocol");
    packet = BuildUdp(driver.tuple[IST_SIDE_A], {1});
    packet[8] = 1;
    EXPECT_EQ(driver.Step(IST_SIDE_A, packet).Text(), "drop ist.ttl");
}

TEST(IstUdp, ClosedStaysClosed)
{
    SpliceDriver driver(IST_METHOD_UDP);
    Datagram(driver, IST_SIDE_A, REGISTRATION);
    driver.Wait(60);
    EXPECT_EQ(driver.StateName(), "CLOSED");
    EXPECT_EQ(Datagram(driver, IST_SIDE_A, REGISTRATION).Text(), "drop ist.closed");
}

} // namespace
} // namespace isb::test
