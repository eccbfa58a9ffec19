// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-active.h"

#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;
constexpr uint32_t P = SpliceDriver::SHOWN_TO_A;
constexpr uint32_t Q = SpliceDriver::SHOWN_TO_B;
constexpr unsigned int SYN_ACK = IST_TCP_SYN | IST_TCP_ACK;
constexpr unsigned int FIN = IST_TCP_FIN | IST_TCP_ACK;

TEST(IstActive, AcceptsThenOpensThenJoins)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    const Packet options =
        Join({OptionMss(1400), OptionSackPermitted(), OptionTimestamps(1, 0), OptionWscale(7)});
    Outcome outcome = driver.Syn(IST_SIDE_A, A, options);
    ASSERT_EQ(outcome.Text(), "hold, A SYN-ACK");
    EXPECT_EQ(outcome.packets[0].seq, P);
    EXPECT_EQ(outcome.packets[0].ack, A + 1);
    EXPECT_EQ(outcome.packets[0].window, 0);
    EXPECT_EQ(outcome.packets[0].mss, driver.settings.active_mss);
    EXPECT_EQ(outcome.packets[0].options, IST_OPTION_MSS | IST_OPTION_SACK_PERMITTED);
    EXPECT_EQ(driver.StateName(), "IST_SYN_RCVD");

    outcome = driver.Send(IST_SIDE_A, A + 1, P + 1);
    ASSERT_EQ(outcome.Text(), "hold, B SYN");
    EXPECT_EQ(outcome.packets[0].seq, Q);
    EXPECT_EQ(outcome.packets[0].ack, 0u);
    EXPECT_EQ(outcome.packets[0].mss, 1400);
    EXPECT_EQ(driver.StateName(), "IST_SYN_LOOKUP");

    Segment answer;
    answer.seq = B;
    answer.ack = Q + 1;
    answer.flags = SYN_ACK;
    answer.window = 777;
    answer.options = Join({OptionMss(1200), OptionSackPermitted()});
    outcome = driver.Step(IST_SIDE_B, answer);
    ASSERT_EQ(outcome.Text(), "hold, A ACK, B ACK");
    EXPECT_EQ(outcome.packets[0].seq, P + 1);
    EXPECT_EQ(outcome.packets[0].ack, A + 1);
    EXPECT_EQ(outcome.packets[0].window, 777);
    EXPECT_EQ(outcome.packets[1].seq, Q + 1);
    EXPECT_EQ(outcome.packets[1].ack, B + 1);
    EXPECT_EQ(outcome.packets[1].window, 1000);
    EXPECT_EQ(outcome.verdict.events, IST_EVENT_PAIRED);
    EXPECT_EQ(driver.StateName(), "ESTABLISHED");
}

TEST(IstActive, TranslatesSeqAckAndSackBothWays)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Establish(OptionSackPermitted());
    Segment segment;
    segment.seq = A + 11;
    segment.ack = P + 21;
    segment.options = OptionSack({P + 31, P + 41});
    segment.payload = {1, 2};
    Outcome outcome = driver.Step(IST_SIDE_A, segment);
    segment.tuple = MakeTuple(0xc0000201, 7001, 0x0a010002, 32000);
    segment.ttl = 63;
    segment.seq = Q + 11;
    segment.ack = B + 21;
    segment.options = OptionSack({B + 31, B + 41});
    EXPECT_EQ(outcome.forwarded, BuildTcp(segment));

    segment.ttl = 64;
    segment.seq = B + 1;
    segment.ack = Q + 11;
    segment.options = OptionSack({Q + 31, Q + 41});
    outcome = driver.Step(IST_SIDE_B, segment);
    segment.tuple = MakeTuple(0xc0000201, 7000, 0x0a000001, 31000);
    segment.ttl = 63;
    segment.seq = P + 1;
    segment.ack = A + 11;
    segment.options = OptionSack({A + 31, A + 41});
    EXPECT_EQ(outcome.forwarded, BuildTcp(segment));
}

TEST(IstActive, BlanksSackForATargetThatRefusedIt)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Syn(IST_SIDE_A, A, OptionSackPermitted());
    driver.Send(IST_SIDE_A, A + 1, P + 1);
    driver.Send(IST_SIDE_B, B, Q + 1, SYN_ACK);
    Segment segment;
    segment.seq = A + 1;
    segment.ack = P + 1;
    segment.options = OptionSack({P + 31, P + 41});
    const Outcome outcome = driver.Step(IST_SIDE_A, segment);
    EXPECT_EQ(outcome.Text(), "forward");
    EXPECT_EQ(Parse(outcome.forwarded).sack_blocks, 0);
    EXPECT_EQ(Parse(outcome.forwarded).header_length, 52);
}

TEST(IstActive, AnswersRepeatedHandshakePackets)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Syn(IST_SIDE_A, A);
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A).Text(), "hold, A SYN-ACK");
    EXPECT_EQ(driver.Wait(1).made, std::vector<std::string>{"A SYN-ACK"});
    driver.Send(IST_SIDE_A, A + 1, P + 1);
    EXPECT_EQ(driver.Wait(1).made, std::vector<std::string>{"B SYN"});
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, P + 1).Text(), "drop ist.unpaired");
    driver.Send(IST_SIDE_B, B, Q + 1, SYN_ACK);
    EXPECT_EQ(driver.Send(IST_SIDE_B, B, Q + 1, SYN_ACK).Text(), "hold, B ACK");
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A).Text(), "drop ist.syn-challenged, A ACK");
}

TEST(IstActive, TargetThatRefusesResetsTheClient)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Syn(IST_SIDE_A, A);
    driver.Send(IST_SIDE_A, A + 1, P + 1);
    EXPECT_EQ(driver.Send(IST_SIDE_B, 0, Q + 2, IST_TCP_RST | IST_TCP_ACK).Text(),
              "drop ist.rst-out-of-window");
    const Outcome outcome = driver.Send(IST_SIDE_B, 0, Q + 1, IST_TCP_RST | IST_TCP_ACK);
    ASSERT_EQ(outcome.Text(), "drop ist.reset, A RST");
    EXPECT_EQ(outcome.packets[0].seq, P + 1);
    EXPECT_EQ(driver.StateName(), "CLOSED");
}

TEST(IstActive, TargetThatIsSilentResetsTheClientAtLast)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.settings.handshake_retries = 1;
    driver.Syn(IST_SIDE_A, A);
    driver.Send(IST_SIDE_A, A + 1, P + 1);
    EXPECT_EQ(driver.Wait(1).made, std::vector<std::string>{"B SYN"});
    const Outcome outcome = driver.Wait(2);
    EXPECT_EQ(outcome.made, (std::vector<std::string>{"A RST", "B RST"}));
    EXPECT_EQ(outcome.packets[0].seq, P + 1);
    EXPECT_EQ(outcome.packets[1].seq, Q + 1); // for a target whose answers were lost
    EXPECT_EQ(outcome.verdict.reason, IST_REASON_HANDSHAKE_TIMEOUT);
}

TEST(IstActive, ClientThatLeavesEarlyClosesTheSplice)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Syn(IST_SIDE_A, A);
    driver.Send(IST_SIDE_A, A + 1, P + 1);
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, 0, IST_TCP_RST).Text(), "drop ist.reset");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B, Q + 1, SYN_ACK).Text(), "drop ist.closed, B RST");
}

TEST(IstActive, JudgesResetsAndFinsInTranslatedNumbers)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Establish();
    driver.Send(IST_SIDE_B, B + 1, Q + 1, IST_TCP_ACK, 50);
    driver.Send(IST_SIDE_A, A + 1, P + 51);
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 52, 0, IST_TCP_RST).Text(),
              "drop ist.rst-challenged, B ACK");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 50, 0, IST_TCP_RST).Text(), "drop ist.rst-out-of-window");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, P + 51, FIN).Text(), "forward");
    EXPECT_EQ(driver.StateName(), "IST_CLOSE_WAIT");
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 2, P + 51, IST_TCP_ACK, 1).Text(), "drop ist.beyond-fin");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 51, Q + 2, FIN).Text(), "forward");
    EXPECT_EQ(driver.StateName(), "IST_TIME_WAIT");
    EXPECT_EQ(driver.Wait(60).verdict.events, IST_EVENT_CLOSED);
}

TEST(IstActive, ResetPassesInTranslatedNumbers)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Establish();
    const Outcome outcome = driver.Send(IST_SIDE_B, B + 1, 0, IST_TCP_RST);
    ASSERT_EQ(outcome.Text(), "forward");
    EXPECT_EQ(Parse(outcome.forwarded).seq, P + 1);
    EXPECT_EQ(driver.StateName(), "CLOSED");
}

struct RefusedCase
{
    const char* name;
    unsigned int state;
    unsigned int side;
    uint32_t seq;
    uint32_t ack;
    unsigned int flags;
    const char* outcome;
};

class IstActiveRefuses : public ::testing::TestWithParam<RefusedCase>
{
};

TEST_P(IstActiveRefuses, WhatDoesNotFit)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    if (GetParam().state == IST_STATE_ESTABLISHED)
    {
        driver.Establish();
    }
    else if (GetParam().state != IST_STATE_LISTEN)
    {
        driver.Syn(IST_SIDE_A, A);
    }
    if (GetParam().state == IST_STATE_SYN_LOOKUP)
    {
        driver.Send(IST_SIDE_A, A + 1, P + 1);
    }
    const Outcome outcome =
        driver.Send(GetParam().side, GetParam().seq, GetParam().ack, GetParam().flags);
    EXPECT_EQ(outcome.Text(), GetParam().outcome);
    EXPECT_EQ(driver.splice.state, GetParam().state);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    IstActiveRefuses,
    ::testing::Values(
        RefusedCase{"ListenFromB", IST_STATE_LISTEN, 1, B, 0, IST_TCP_SYN, "drop ist.unpaired"},
        RefusedCase{"ListenAck", IST_STATE_LISTEN, 0, A, 1, IST_TCP_ACK, "drop ist.unpaired"},
        RefusedCase{"ListenSynAck",
                    IST_STATE_LISTEN,
                    0,
                    A,
                    1,
                    SYN_ACK,
                    "drop ist.unexpected-syn-ack"},
        RefusedCase{"ListenNoFlags", IST_STATE_LISTEN, 0, A, 1, 0, "drop ist.bad-flags"},
        RefusedCase{"ListenRst",
                    IST_STATE_LISTEN,
                    0,
                    A,
                    1,
                    IST_TCP_RST,
                    "drop ist.rst-out-of-window"},
        RefusedCase{"RcvdGuessedAck",
                    IST_STATE_SYN_RCVD,
                    0,
                    A + 1,
                    P + 2,
                    IST_TCP_ACK,
                    "drop ist.bad-ack"},
        RefusedCase{"RcvdNoAck", IST_STATE_SYN_RCVD, 0, A + 1, 0, IST_TCP_FIN, "drop ist.no-ack"},
        RefusedCase{"RcvdForgedRst",
                    IST_STATE_SYN_RCVD,
                    0,
                    A + 2,
                    0,
                    IST_TCP_RST,
                    "drop ist.rst-out-of-window"},
        RefusedCase{"LookupGuessedSynAck",
                    IST_STATE_SYN_LOOKUP,
                    1,
                    B,
                    Q + 2,
                    SYN_ACK,
                    "drop ist.bad-ack"},
        RefusedCase{"LookupSynOfB",
                    IST_STATE_SYN_LOOKUP,
                    1,
                    B,
                    0,
                    IST_TCP_SYN,
                    "drop ist.bad-flags"},
        RefusedCase{"LookupDataOfB",
                    IST_STATE_SYN_LOOKUP,
                    1,
                    B,
                    Q + 1,
                    IST_TCP_ACK,
                    "drop ist.unpaired"},
        RefusedCase{"OpenOtherSynAck",
                    IST_STATE_ESTABLISHED,
                    1,
                    B + 9,
                    Q + 1,
                    SYN_ACK,
                    "drop ist.syn-challenged, B ACK"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(IstActive, NewIsnBeforeTheAnswerIsAcceptedAnew)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Syn(IST_SIDE_A, A);
    const Outcome outcome = driver.Syn(IST_SIDE_A, A + 99);
    ASSERT_EQ(outcome.Text(), "hold, A SYN-ACK");
    EXPECT_EQ(outcome.packets[0].ack, A + 100);
}

TEST(IstActive, RefusesStrangersFragmentsAndUdp)
{
    SpliceDriver driver(IST_METHOD_ACTIVE);
    driver.Establish();
    EXPECT_EQ(driver.Step(IST_SIDE_A, BuildUdp(driver.tuple[IST_SIDE_A], {1})).Text(),
              "drop ist.protocol");
    driver.tuple[IST_SIDE_B].source_port = 1;
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 1, Q + 1).Text(), "drop ist.side-taken");
    Segment segment;
    segment.tuple = driver.tuple[IST_SIDE_A];
    Packet packet = BuildTcp(segment);
    ist_put16(&packet[6], 0x2000);
    EXPECT_EQ(driver.Step(IST_SIDE_A, packet).Text(), "drop ist.fragment");
}

} // namespace
} // namespace isb::test
