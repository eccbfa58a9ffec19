// SPDX-License-Identifier: GPL-2.0-or-later
// Pure TCP Splice (thesis 4.4): ports that cross, and the visible fall-back to Passive.
#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;

TEST(IstSplicePure, RewritesNoPortWhenTheyCross)
{
    SpliceDriver driver(IST_METHOD_PURE);
    driver.Establish();
    EXPECT_EQ(driver.splice.method, IST_METHOD_PURE);
    const Outcome outcome = driver.Send(IST_SIDE_A, A + 1, B + 1);
    EXPECT_EQ(outcome.verdict.edits.fields & IST_EDIT_PORTS, 0);
    const ist_packet packet = Parse(outcome.forwarded);
    EXPECT_EQ(packet.tuple.source_port, driver.tuple[IST_SIDE_A].source_port);
    EXPECT_EQ(packet.tuple.destination_port, driver.tuple[IST_SIDE_B].source_port);
}

TEST(IstSplicePure, FallsBackVisiblyWhenANatChangedAPort)
{
    for (const unsigned int changed : {IST_SIDE_A, IST_SIDE_B})
    {
        SpliceDriver driver(IST_METHOD_PURE);
        driver.tuple[changed].source_port = 40000;
        driver.Syn(IST_SIDE_A, A);
        const Outcome outcome = driver.Syn(IST_SIDE_B, B);
        EXPECT_EQ(outcome.verdict.events, IST_EVENT_PAIRED | IST_EVENT_FALLBACK);
        EXPECT_EQ(outcome.verdict.reason, IST_REASON_PORT_DIFFERS);
        EXPECT_EQ(driver.splice.method, IST_METHOD_PASSIVE);
        driver.Send(IST_SIDE_A, A + 1, B + 1);
        driver.Send(IST_SIDE_B, B + 1, A + 1);
        const Outcome data = changed == IST_SIDE_A ? driver.Send(IST_SIDE_B, B + 1, A + 1)
                                                   : driver.Send(IST_SIDE_A, A + 1, B + 1);
        EXPECT_EQ(Parse(data.forwarded).tuple.destination_port, 40000);
    }
}

TEST(IstSplicePure, TriesPureAgainWhenTheHandshakeBeginsAnew)
{
    SpliceDriver driver(IST_METHOD_PURE);
    const ist_tuple agreed = driver.tuple[IST_SIDE_B];
    driver.tuple[IST_SIDE_B].source_port = 40000;
    driver.Reach(IST_STATE_SYN_RCVD);
    EXPECT_EQ(driver.splice.method, IST_METHOD_PASSIVE);
    driver.Syn(IST_SIDE_A, A + 777);
    driver.tuple[IST_SIDE_B] = agreed;
    EXPECT_EQ(driver.Syn(IST_SIDE_B, B).verdict.events, IST_EVENT_PAIRED);
    EXPECT_EQ(driver.splice.method, IST_METHOD_PURE);
}

TEST(IstSplicePure, FallsBackWhenASideIsNotOnItsAgreedPort)
{
    for (const uint16_t agreed : {uint16_t{7001}, uint16_t{7002}})
    {
        SpliceDriver driver(IST_METHOD_PURE);
        driver.splice.side[IST_SIDE_A].agreed_port = agreed;
        driver.Syn(IST_SIDE_A, A);
        const Outcome outcome = driver.Syn(IST_SIDE_B, B);
        EXPECT_EQ((outcome.verdict.events & IST_EVENT_FALLBACK) != 0, agreed == 7002);
    }
}

TEST(IstSplicePure, FallsBackWhenTheCarrierAsks)
{
    SpliceDriver driver(IST_METHOD_PURE);
    driver.Syn(IST_SIDE_A, A);
    ist_splice_fall_back(&driver.splice);
    driver.Syn(IST_SIDE_B, B);
    EXPECT_EQ(driver.splice.method, IST_METHOD_PASSIVE);
    EXPECT_NE(driver.splice.side[IST_SIDE_A].out.fields & IST_EDIT_PORTS, 0);
    // Too late once joined.
    SpliceDriver joined(IST_METHOD_PURE);
    joined.Establish();
    ist_splice_fall_back(&joined.splice);
    EXPECT_EQ(joined.splice.method, IST_METHOD_PURE);
}

TEST(IstSplicePure, TriesPureAgainAfterARenewal)
{
    SpliceDriver driver(IST_METHOD_PURE);
    const ist_tuple agreed = driver.tuple[IST_SIDE_B];
    driver.tuple[IST_SIDE_B].source_port = 40000;
    driver.Reach(IST_STATE_CLOSED);
    EXPECT_EQ(driver.splice.method, IST_METHOD_PASSIVE);
    driver.tuple[IST_SIDE_B] = agreed;
    driver.Syn(IST_SIDE_B, B);
    driver.Syn(IST_SIDE_A, A);
    EXPECT_EQ(driver.splice.method, IST_METHOD_PURE);
}

} // namespace
} // namespace isb::test
