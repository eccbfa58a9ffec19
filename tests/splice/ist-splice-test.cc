// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-splice.h"

#include "model/splice/ist-names.h"
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

/// One event on one state: what comes out, and the state reached.
struct StateCase
{
    const char* name;
    unsigned int state;
    unsigned int side;
    unsigned int flags;
    uint32_t seq;
    uint32_t ack;
    size_t payload;
    const char* outcome;
    const char* reached;
};

class IstSpliceStates : public ::testing::TestWithParam<StateCase>
{
};

TEST_P(IstSpliceStates, Answer)
{
    const StateCase& test = GetParam();
    SpliceDriver driver;
    driver.Reach(test.state);
    driver.nowNs += IST_SECOND_NS;
    const Outcome outcome = driver.Send(test.side, test.seq, test.ack, test.flags, test.payload);
    EXPECT_EQ(outcome.Text(), test.outcome);
    EXPECT_EQ(driver.StateName(), test.reached);
    EXPECT_STREQ(ist_state_name(outcome.verdict.from_state), ist_state_name(test.state));
    EXPECT_EQ(outcome.verdict.to_state, driver.splice.state);
}

// Reach() leaves: window 1000 each way, no data; in CLOSE_WAIT A has sent FIN, in TIME_WAIT both.
constexpr StateCase STATES[] = {
    // LISTEN
    {"ListenSyn", IST_STATE_LISTEN, 0, IST_TCP_SYN, A, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"ListenSynOfB", IST_STATE_LISTEN, 1, IST_TCP_SYN, B, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"ListenSynAck",
     IST_STATE_LISTEN,
     0,
     IST_TCP_SYN | IST_TCP_ACK,
     A,
     1,
     0,
     "drop ist.unexpected-syn-ack",
     "LISTEN"},
    {"ListenAck", IST_STATE_LISTEN, 0, IST_TCP_ACK, A, 1, 0, "drop ist.unpaired", "LISTEN"},
    {"ListenRst", IST_STATE_LISTEN, 0, RST, A, 0, 0, "drop ist.unpaired", "LISTEN"},
    {"ListenFin", IST_STATE_LISTEN, 0, FIN, A, 1, 0, "drop ist.unpaired", "LISTEN"},
    {"ListenNoFlags", IST_STATE_LISTEN, 0, 0, A, 0, 0, "drop ist.bad-flags", "LISTEN"},
    {"ListenSynFin",
     IST_STATE_LISTEN,
     0,
     IST_TCP_SYN | IST_TCP_FIN,
     A,
     0,
     0,
     "drop ist.bad-flags",
     "LISTEN"},
    {"ListenSynRst",
     IST_STATE_LISTEN,
     0,
     IST_TCP_SYN | RST,
     A,
     0,
     0,
     "drop ist.bad-flags",
     "LISTEN"},
    // IST_SYN_LOOKUP: A is held
    {"LookupSameSyn", IST_STATE_SYN_LOOKUP, 0, IST_TCP_SYN, A, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"LookupNewIsn", IST_STATE_SYN_LOOKUP, 0, IST_TCP_SYN, A + 9, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"LookupSecondSyn",
     IST_STATE_SYN_LOOKUP,
     1,
     IST_TCP_SYN,
     B,
     0,
     0,
     "hold, A SYN-ACK, B SYN-ACK",
     "IST_SYN_RCVD"},
    {"LookupSynWithPayload",
     IST_STATE_SYN_LOOKUP,
     1,
     IST_TCP_SYN,
     B,
     0,
     5,
     "hold, A SYN-ACK, B SYN-ACK",
     "IST_SYN_RCVD"},
    {"LookupData",
     IST_STATE_SYN_LOOKUP,
     0,
     IST_TCP_ACK,
     A + 1,
     1,
     5,
     "drop ist.unpaired",
     "IST_SYN_LOOKUP"},
    {"LookupRst", IST_STATE_SYN_LOOKUP, 0, RST, A + 1, 0, 0, "drop ist.reset", "LISTEN"},
    {"LookupForgedRst",
     IST_STATE_SYN_LOOKUP,
     0,
     RST,
     A + 2,
     0,
     0,
     "drop ist.rst-out-of-window",
     "IST_SYN_LOOKUP"},
    {"LookupRstOfNobody",
     IST_STATE_SYN_LOOKUP,
     1,
     RST,
     B,
     0,
     0,
     "drop ist.unpaired",
     "IST_SYN_LOOKUP"},
    // IST_SYN_RCVD: SYN-ACKs are out
    {"RcvdFirstAck", IST_STATE_SYN_RCVD, 0, IST_TCP_ACK, A + 1, B + 1, 0, "hold", "IST_SYN_RCVD"},
    {"RcvdDataForUnproven",
     IST_STATE_SYN_RCVD,
     0,
     IST_TCP_ACK,
     A + 1,
     B + 1,
     5,
     "drop ist.unproven",
     "IST_SYN_RCVD"},
    {"RcvdFinForUnproven",
     IST_STATE_SYN_RCVD,
     0,
     FIN,
     A + 1,
     B + 1,
     0,
     "drop ist.unproven",
     "IST_SYN_RCVD"},
    {"RcvdGuessedAck",
     IST_STATE_SYN_RCVD,
     0,
     IST_TCP_ACK,
     A + 1,
     B + 2,
     0,
     "drop ist.bad-ack",
     "IST_SYN_RCVD"},
    {"RcvdOldAck",
     IST_STATE_SYN_RCVD,
     0,
     IST_TCP_ACK,
     A + 1,
     B,
     0,
     "drop ist.bad-ack",
     "IST_SYN_RCVD"},
    {"RcvdNoAck",
     IST_STATE_SYN_RCVD,
     0,
     IST_TCP_FIN,
     A + 1,
     0,
     0,
     "drop ist.no-ack",
     "IST_SYN_RCVD"},
    {"RcvdSynAgain",
     IST_STATE_SYN_RCVD,
     0,
     IST_TCP_SYN,
     A,
     0,
     0,
     "hold, A SYN-ACK",
     "IST_SYN_RCVD"},
    {"RcvdNewIsn", IST_STATE_SYN_RCVD, 0, IST_TCP_SYN, A + 9, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"RcvdRst", IST_STATE_SYN_RCVD, 0, RST, A + 1, 0, 0, "drop ist.reset", "CLOSED"},
    {"RcvdForgedRst",
     IST_STATE_SYN_RCVD,
     0,
     RST,
     A + 5,
     0,
     0,
     "drop ist.rst-out-of-window",
     "IST_SYN_RCVD"},
    {"RcvdSynAck",
     IST_STATE_SYN_RCVD,
     0,
     IST_TCP_SYN | IST_TCP_ACK,
     A,
     B + 1,
     0,
     "drop ist.unexpected-syn-ack",
     "IST_SYN_RCVD"},
    // ESTABLISHED
    {"OpenAck", IST_STATE_ESTABLISHED, 0, IST_TCP_ACK, A + 1, B + 1, 0, "forward", "ESTABLISHED"},
    {"OpenData",
     IST_STATE_ESTABLISHED,
     1,
     IST_TCP_ACK | IST_TCP_PSH,
     B + 1,
     A + 1,
     500,
     "forward",
     "ESTABLISHED"},
    {"OpenKeepalive", IST_STATE_ESTABLISHED, 0, IST_TCP_ACK, A, B + 1, 0, "forward", "ESTABLISHED"},
    {"OpenNoAck",
     IST_STATE_ESTABLISHED,
     0,
     IST_TCP_PSH,
     A + 1,
     0,
     5,
     "drop ist.bad-flags",
     "ESTABLISHED"},
    {"OpenSynAgain",
     IST_STATE_ESTABLISHED,
     0,
     IST_TCP_SYN,
     A,
     0,
     0,
     "hold, A SYN-ACK",
     "ESTABLISHED"},
    {"OpenNewIsn",
     IST_STATE_ESTABLISHED,
     0,
     IST_TCP_SYN,
     A + 99,
     0,
     0,
     "drop ist.syn-challenged, A ACK",
     "ESTABLISHED"},
    {"OpenRst", IST_STATE_ESTABLISHED, 0, RST, A + 1, 0, 0, "forward", "CLOSED"},
    {"OpenRstInWindow",
     IST_STATE_ESTABLISHED,
     0,
     RST,
     A + 2,
     0,
     0,
     "drop ist.rst-challenged, A ACK",
     "ESTABLISHED"},
    {"OpenRstLastOfWindow",
     IST_STATE_ESTABLISHED,
     0,
     RST,
     A + 1000,
     0,
     0,
     "drop ist.rst-challenged, A ACK",
     "ESTABLISHED"},
    {"OpenRstAboveWindow",
     IST_STATE_ESTABLISHED,
     0,
     RST,
     A + 1001,
     0,
     0,
     "drop ist.rst-out-of-window",
     "ESTABLISHED"},
    {"OpenRstBelowWindow",
     IST_STATE_ESTABLISHED,
     0,
     RST,
     A,
     0,
     0,
     "drop ist.rst-out-of-window",
     "ESTABLISHED"},
    {"OpenFin", IST_STATE_ESTABLISHED, 1, FIN, B + 1, A + 1, 3, "forward", "IST_CLOSE_WAIT"},
    {"OpenFinOutOfWindow",
     IST_STATE_ESTABLISHED,
     0,
     FIN,
     A + 5000,
     B + 1,
     0,
     "forward",
     "ESTABLISHED"},
    {"OpenOldFin", IST_STATE_ESTABLISHED, 0, FIN, A - 5000, B + 1, 0, "forward", "ESTABLISHED"},
    {"OpenFinRst",
     IST_STATE_ESTABLISHED,
     0,
     IST_TCP_FIN | RST,
     A + 1,
     0,
     0,
     "drop ist.bad-flags",
     "ESTABLISHED"},
    // IST_CLOSE_WAIT: A has closed, B has not
    {"HalfFinAgain", IST_STATE_CLOSE_WAIT, 0, FIN, A + 1, B + 1, 0, "forward", "IST_CLOSE_WAIT"},
    {"HalfAckOfClosed",
     IST_STATE_CLOSE_WAIT,
     0,
     IST_TCP_ACK,
     A + 2,
     B + 501,
     0,
     "forward",
     "IST_CLOSE_WAIT"},
    {"HalfDataOfOther",
     IST_STATE_CLOSE_WAIT,
     1,
     IST_TCP_ACK,
     B + 1,
     A + 2,
     500,
     "forward",
     "IST_CLOSE_WAIT"},
    {"HalfDataBeyondFin",
     IST_STATE_CLOSE_WAIT,
     0,
     IST_TCP_ACK,
     A + 2,
     B + 1,
     1,
     "drop ist.beyond-fin",
     "IST_CLOSE_WAIT"},
    {"HalfDataOverFin",
     IST_STATE_CLOSE_WAIT,
     0,
     IST_TCP_ACK,
     A + 1,
     B + 1,
     1,
     "drop ist.beyond-fin",
     "IST_CLOSE_WAIT"},
    {"HalfSecondFin",
     IST_STATE_CLOSE_WAIT,
     0,
     FIN,
     A + 2,
     B + 1,
     0,
     "drop ist.beyond-fin",
     "IST_CLOSE_WAIT"},
    {"HalfOtherFin", IST_STATE_CLOSE_WAIT, 1, FIN, B + 1, A + 2, 0, "forward", "IST_TIME_WAIT"},
    {"HalfRst", IST_STATE_CLOSE_WAIT, 1, RST, B + 1, 0, 0, "forward", "CLOSED"},
    {"HalfNewIsn",
     IST_STATE_CLOSE_WAIT,
     0,
     IST_TCP_SYN,
     A + 99,
     0,
     0,
     "drop ist.syn-challenged, A ACK",
     "IST_CLOSE_WAIT"},
    // IST_TIME_WAIT: both have closed
    {"WaitLastAck",
     IST_STATE_TIME_WAIT,
     0,
     IST_TCP_ACK,
     A + 2,
     B + 2,
     0,
     "forward",
     "IST_TIME_WAIT"},
    {"WaitFinAgain", IST_STATE_TIME_WAIT, 1, FIN, B + 1, A + 2, 0, "forward", "IST_TIME_WAIT"},
    {"WaitDataBeyondFin",
     IST_STATE_TIME_WAIT,
     1,
     IST_TCP_ACK,
     B + 2,
     A + 2,
     1,
     "drop ist.beyond-fin",
     "IST_TIME_WAIT"},
    {"WaitRst", IST_STATE_TIME_WAIT, 0, RST, A + 2, 0, 0, "forward", "IST_TIME_WAIT"},
    {"WaitNewSyn", IST_STATE_TIME_WAIT, 0, IST_TCP_SYN, A + 9000, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"WaitOldSyn",
     IST_STATE_TIME_WAIT,
     0,
     IST_TCP_SYN,
     A - 9000,
     0,
     0,
     "drop ist.syn-challenged, A ACK",
     "IST_TIME_WAIT"},
    // CLOSED
    {"ClosedAck",
     IST_STATE_CLOSED,
     0,
     IST_TCP_ACK,
     A + 2,
     B + 2,
     0,
     "drop ist.closed, A RST",
     "CLOSED"},
    {"ClosedRst", IST_STATE_CLOSED, 0, RST, A + 2, 0, 0, "drop ist.closed", "CLOSED"},
    {"ClosedNewSyn", IST_STATE_CLOSED, 1, IST_TCP_SYN, B + 9000, 0, 0, "hold", "IST_SYN_LOOKUP"},
};

INSTANTIATE_TEST_SUITE_P(Table,
                         IstSpliceStates,
                         ::testing::ValuesIn(STATES),
                         [](const auto& test) { return std::string(test.param.name); });

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

TEST(IstSplicePure, FallsBackVisiblyWhenANatChangedThePort)
{
    SpliceDriver driver(IST_METHOD_PURE);
    driver.tuple[IST_SIDE_B].source_port = 40000;
    driver.Syn(IST_SIDE_A, A);
    const Outcome outcome = driver.Syn(IST_SIDE_B, B);
    EXPECT_EQ(outcome.verdict.events, IST_EVENT_PAIRED | IST_EVENT_FALLBACK);
    EXPECT_EQ(outcome.verdict.reason, IST_REASON_PORT_DIFFERS);
    EXPECT_EQ(driver.splice.method, IST_METHOD_PASSIVE);
    driver.Send(IST_SIDE_A, A + 1, B + 1);
    driver.Send(IST_SIDE_B, B + 1, A + 1);
    EXPECT_EQ(Parse(driver.Send(IST_SIDE_A, A + 1, B + 1).forwarded).tuple.destination_port, 40000);
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

TEST(IstNames, EveryReasonHasANameAndARule)
{
    for (unsigned int reason = IST_REASON_NONE + 1; reason < IST_REASON_COUNT; ++reason)
    {
        EXPECT_EQ(std::string(ist_reason_name(reason)).rfind("ist.", 0), 0u) << reason;
        EXPECT_STRNE(ist_reason_rule(reason), "") << reason;
    }
    EXPECT_STREQ(ist_reason_name(IST_REASON_NONE), "");
    EXPECT_STREQ(ist_state_name(IST_STATE_CLOSED + 1), "?");
    EXPECT_STREQ(ist_method_name(IST_METHOD_PURE), "pure");
}

} // namespace
} // namespace isb::test
