// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-splice.h"

#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;
constexpr unsigned int FIN = IST_TCP_FIN | IST_TCP_ACK;
constexpr unsigned int RST = IST_TCP_RST;

TEST(IstSplice, ForwardsWithAddressesPortsAndTtlRewritten)
{
    SpliceDriver driver;
    driver.Establish();
    Segment segment;
    segment.seq = A + 1;
    segment.ack = B + 1;
    segment.payload = {1, 2, 3};
    const Outcome outcome = driver.Step(IST_SIDE_A, segment);
    segment.tuple = MakeTuple(0xc0000201, 7001, 0x0a010002, 32000);
    segment.ttl = 63;
    EXPECT_EQ(outcome.forwarded, BuildTcp(segment));
}

TEST(IstSplice, LeavesTheTtlToACarrierThatRoutes)
{
    SpliceDriver driver;
    driver.settings.decrement_ttl = 0;
    driver.Establish();
    Segment segment;
    segment.seq = A + 1;
    segment.ack = B + 1;
    segment.ttl = 1;
    EXPECT_EQ(Parse(driver.Step(IST_SIDE_A, segment).forwarded).ttl, 1);
    driver.settings.decrement_ttl = 1;
    EXPECT_EQ(driver.Step(IST_SIDE_A, segment).Text(), "drop ist.ttl");
}

TEST(IstSplice, SecondAckOpensBothWindows)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A, OptionTimestamps(10, 0));
    driver.Syn(IST_SIDE_B, B, OptionTimestamps(20, 0));
    Segment ack;
    ack.seq = A + 1;
    ack.ack = B + 1;
    ack.window = 111;
    ack.options = OptionTimestamps(11, 20);
    EXPECT_EQ(driver.Step(IST_SIDE_A, ack).Text(), "hold");
    ack.seq = B + 1;
    ack.ack = A + 1;
    ack.window = 222;
    ack.options = OptionTimestamps(22, 10);
    const Outcome outcome = driver.Step(IST_SIDE_B, ack);
    ASSERT_EQ(outcome.Text(), "forward, B ACK");
    EXPECT_EQ(Parse(outcome.forwarded).window, 222);
    EXPECT_EQ(outcome.packets[0].seq, A + 1);
    EXPECT_EQ(outcome.packets[0].ack, B + 1);
    EXPECT_EQ(outcome.packets[0].window, 111);
    EXPECT_EQ(outcome.packets[0].tsval, 11u);
    EXPECT_EQ(outcome.packets[0].tsecr, 22u);
    EXPECT_EQ(driver.StateName(), "ESTABLISHED");
}

TEST(IstSplice, EarlyDataPassesBeforeTheSecondAck)
{
    SpliceDriver driver;
    driver.settings.early_data = 1;
    driver.Reach(IST_STATE_SYN_RCVD);
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 9).Text(), "forward");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 1, A + 10).Text(), "forward");
    EXPECT_EQ(driver.StateName(), "ESTABLISHED");
}

TEST(IstSplice, TellsWhenTheFirstSideCameAndWhenBothDid)
{
    SpliceDriver driver;
    EXPECT_EQ(driver.Syn(IST_SIDE_B, B).verdict.events, IST_EVENT_FIRST);
    EXPECT_EQ(driver.Syn(IST_SIDE_B, B).verdict.events, 0);
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A).verdict.events, IST_EVENT_PAIRED);
}

TEST(IstSplice, HoldsTheSideForItsFirstComer)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A);
    driver.tuple[IST_SIDE_A].source_port = 31001;
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A).Text(), "drop ist.side-taken");
    EXPECT_EQ(driver.splice.side[IST_SIDE_A].tuple.source_port, 31000);
}

TEST(IstSplice, RefusesAForeignTupleOnARunningSplice)
{
    SpliceDriver driver;
    driver.Establish();
    driver.tuple[IST_SIDE_A].source.word[0] ^= 1;
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, B + 1).Text(), "drop ist.side-taken");
}

TEST(IstSplice, CannotJoinOneAddressAndPortWithItself)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A);
    driver.tuple[IST_SIDE_B] = driver.tuple[IST_SIDE_A];
    EXPECT_EQ(driver.Syn(IST_SIDE_B, B).Text(), "drop ist.tuple-collision");
    EXPECT_EQ(driver.StateName(), "IST_SYN_LOOKUP");
}

TEST(IstSplice, WorksForTwoUsersBehindOneNat)
{
    SpliceDriver driver;
    driver.tuple[IST_SIDE_B].source = driver.tuple[IST_SIDE_A].source;
    driver.Establish();
    const Outcome outcome = driver.Send(IST_SIDE_A, A + 1, B + 1);
    EXPECT_EQ(Parse(outcome.forwarded).tuple.destination.word[0], 0x0a000001u);
    EXPECT_EQ(Parse(outcome.forwarded).tuple.destination_port, 32000);
}

TEST(IstSplice, NewIsnReplacesAHeldSyn)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A);
    driver.Syn(IST_SIDE_A, A + 777);
    const Outcome outcome = driver.Syn(IST_SIDE_B, B);
    EXPECT_EQ(outcome.packets[0].ack, A + 778);
    EXPECT_EQ(outcome.packets[1].seq, A + 777);
}

TEST(IstSplice, NewIsnAfterPairingResetsAPartnerThatHadAnswered)
{
    SpliceDriver driver;
    driver.Reach(IST_STATE_SYN_RCVD);
    driver.Send(IST_SIDE_B, B + 1, A + 1);
    const Outcome outcome = driver.Syn(IST_SIDE_A, A + 777);
    ASSERT_EQ(outcome.Text(), "hold, B RST");
    EXPECT_EQ(outcome.packets[0].seq, A + 1); // what B expects
    EXPECT_EQ(outcome.verdict.events, IST_EVENT_RENEWED);
    EXPECT_EQ(driver.Syn(IST_SIDE_B, B + 777).Text(), "hold, A SYN-ACK, B SYN-ACK");
}

TEST(IstSplice, ARestartedUserIsFreedByTheChallenge)
{
    SpliceDriver driver;
    driver.Establish();
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 100);
    driver.Send(IST_SIDE_B, B + 1, A + 101);
    // A's host has restarted and opens anew from the same port.
    const Outcome challenge = driver.Syn(IST_SIDE_A, A + 50000000);
    ASSERT_EQ(challenge.Text(), "drop ist.syn-challenged, A ACK");
    EXPECT_EQ(challenge.packets[0].ack, A + 101);
    EXPECT_EQ(challenge.packets[0].seq, B + 1);
    // It answers an unacceptable ACK with RST, whose number comes from that ACK.
    const Outcome reset = driver.Send(IST_SIDE_A, challenge.packets[0].ack, 0, RST);
    EXPECT_EQ(reset.Text(), "forward");
    EXPECT_EQ(reset.verdict.events, IST_EVENT_CLOSED);
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A + 50000000).Text(), "hold");
    EXPECT_EQ(driver.StateName(), "IST_SYN_LOOKUP");
}

TEST(IstSplice, WithoutReuseAnOldSpliceTakesNoNewSyn)
{
    SpliceDriver driver;
    driver.settings.reuse = 0;
    driver.Reach(IST_STATE_TIME_WAIT);
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A + 9000).Text(), "drop ist.syn-challenged, A ACK");
    driver.Wait(60);
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A + 9000).Text(), "drop ist.closed, A RST");
}

TEST(IstSplice, ThrottlesChallengeAcks)
{
    SpliceDriver driver;
    driver.Establish();
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 2, 0, RST).Text(), "drop ist.rst-challenged, A ACK");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 3, 0, RST).Text(), "drop ist.rst-challenged");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 3, 0, RST).Text(), "drop ist.rst-challenged, B ACK");
    driver.nowNs += driver.settings.challenge_ns;
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 3, 0, RST).Text(), "drop ist.rst-challenged, A ACK");
}

TEST(IstSplice, SimultaneousCloseEndsInTimeWait)
{
    SpliceDriver driver;
    driver.Establish();
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, B + 1, FIN).Text(), "forward");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 1, A + 1, FIN).Text(), "forward");
    EXPECT_EQ(driver.StateName(), "IST_TIME_WAIT");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 2, B + 2).Text(), "forward");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 2, A + 2).Text(), "forward");
}

TEST(IstSplice, RetransmissionsBelowTheFinPass)
{
    SpliceDriver driver;
    driver.Establish();
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 100);
    driver.Send(IST_SIDE_A, A + 101, B + 1, FIN, 50);
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 100).Text(), "forward");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 101, B + 1, FIN, 50).Text(), "forward");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 101, B + 1, IST_TCP_ACK, 51).Text(),
              "drop ist.beyond-fin");
}

TEST(IstSplice, ResetOfAnUnansweredHandshakeIsNotPassedToAForgedAddress)
{
    SpliceDriver driver;
    driver.Reach(IST_STATE_SYN_RCVD);
    driver.Send(IST_SIDE_A, A + 1, B + 1);
    // B's host never sent that SYN and says so; A, who has answered, hears of it.
    const Outcome outcome = driver.Send(IST_SIDE_B, B + 1, 0, RST);
    EXPECT_EQ(outcome.Text(), "forward");
    EXPECT_EQ(driver.StateName(), "CLOSED");
}

/// T2: whatever a proven A does, an address that only appeared in a SYN gets no more than it sent,
/// but for the repeats of its SYN-ACK, which are a setting.
TEST(IstSplice, SendsNoMoreToAnUnprovenAddressThanItSent)
{
    for (const uint8_t retries : {uint8_t{0}, uint8_t{3}})
    {
        SpliceDriver driver;
        driver.settings.handshake_retries = retries;
        size_t sent = 0;
        auto count = [&](const Outcome& outcome)
        {
            for (size_t i = 0; i < outcome.made.size(); ++i)
            {
                sent += outcome.made[i][0] == 'B' ? outcome.packets[i].total_length : 0u;
            }
            ASSERT_TRUE(outcome.forwarded.empty());
        };
        driver.Syn(IST_SIDE_A, A);
        count(driver.Syn(IST_SIDE_B, B));
        for (uint32_t i = 0; i < 50; ++i)
        {
            count(driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 400));
            count(driver.Send(IST_SIDE_A, A + 1, B + 1, FIN));
            count(driver.Syn(IST_SIDE_A, A));
            count(driver.Syn(IST_SIDE_A, A + i));
            count(driver.Wait(2));
        }
        count(driver.Send(IST_SIDE_A, A + 1, B + 1, RST));
        EXPECT_EQ(sent, 40u * (1u + retries));
    }
}

TEST(IstSplice, ANewcomerInheritsNoCredit)
{
    SpliceDriver driver;
    for (int i = 0; i < 5; ++i)
    {
        driver.Syn(IST_SIDE_A, A);
    }
    EXPECT_EQ(driver.splice.side[IST_SIDE_A].credit, 200);
    driver.Send(IST_SIDE_A, A + 1, 0, RST);
    driver.tuple[IST_SIDE_A].source.word[0] ^= 1;
    driver.Syn(IST_SIDE_A, A);
    EXPECT_EQ(driver.splice.side[IST_SIDE_A].credit, 40);
}

TEST(IstSplice, TakesNeitherFragmentsNorOtherProtocols)
{
    SpliceDriver driver;
    Segment segment;
    segment.tuple = driver.tuple[IST_SIDE_A];
    Packet packet = BuildTcp(segment);
    ist_put16(&packet[6], 0x2000);
    EXPECT_EQ(driver.Step(IST_SIDE_A, packet).Text(), "drop ist.fragment");
    EXPECT_EQ(driver.Step(IST_SIDE_A, BuildUdp(driver.tuple[IST_SIDE_A], {1})).Text(),
              "drop ist.protocol");
}

} // namespace
} // namespace isb::test
