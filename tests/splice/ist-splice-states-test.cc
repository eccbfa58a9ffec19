// SPDX-License-Identifier: GPL-2.0-or-later
// Each state of a splice by each event: what comes out and which state is reached.
#include "model/splice/ist-names.h"
#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;

constexpr unsigned int LISTEN = IST_STATE_LISTEN;
constexpr unsigned int LOOKUP = IST_STATE_SYN_LOOKUP;
constexpr unsigned int RCVD = IST_STATE_SYN_RCVD;
constexpr unsigned int OPEN = IST_STATE_ESTABLISHED;
constexpr unsigned int HALF = IST_STATE_CLOSE_WAIT;
constexpr unsigned int WAIT = IST_STATE_TIME_WAIT;
constexpr unsigned int CLOSED = IST_STATE_CLOSED;

constexpr unsigned int SYN = IST_TCP_SYN;
constexpr unsigned int ACK = IST_TCP_ACK;
constexpr unsigned int PSH = IST_TCP_PSH;
constexpr unsigned int RST = IST_TCP_RST;
constexpr unsigned int FIN = IST_TCP_FIN | IST_TCP_ACK;
constexpr unsigned int FIN_ALONE = IST_TCP_FIN;
constexpr unsigned int SYN_ACK = IST_TCP_SYN | IST_TCP_ACK;

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

// clang-format off
// Reach() leaves: window 1000 each way, no data; in CLOSE_WAIT A has sent FIN, in TIME_WAIT both.
constexpr StateCase STATES[] = {
    // LISTEN
    {"ListenSyn", LISTEN, 0, SYN, A, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"ListenSynOfB", LISTEN, 1, SYN, B, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"ListenSynAck", LISTEN, 0, SYN_ACK, A, 1, 0, "drop ist.unexpected-syn-ack", "LISTEN"},
    {"ListenAck", LISTEN, 0, ACK, A, 1, 0, "drop ist.unpaired", "LISTEN"},
    {"ListenRst", LISTEN, 0, RST, A, 0, 0, "drop ist.unpaired", "LISTEN"},
    {"ListenFin", LISTEN, 0, FIN, A, 1, 0, "drop ist.unpaired", "LISTEN"},
    {"ListenNoFlags", LISTEN, 0, 0, A, 0, 0, "drop ist.bad-flags", "LISTEN"},
    {"ListenSynFin", LISTEN, 0, SYN | FIN_ALONE, A, 0, 0, "drop ist.bad-flags", "LISTEN"},
    {"ListenSynRst", LISTEN, 0, SYN | RST, A, 0, 0, "drop ist.bad-flags", "LISTEN"},
    // IST_SYN_LOOKUP: A is held
    {"LookupSameSyn", LOOKUP, 0, SYN, A, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"LookupNewIsn", LOOKUP, 0, SYN, A + 9, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"LookupSecondSyn", LOOKUP, 1, SYN, B, 0, 0, "hold, A SYN-ACK, B SYN-ACK", "IST_SYN_RCVD"},
    {"LookupSynWithPayload", LOOKUP, 1, SYN, B, 0, 5, "hold, A SYN-ACK, B SYN-ACK", "IST_SYN_RCVD"},
    {"LookupData", LOOKUP, 0, ACK, A + 1, 1, 5, "drop ist.unpaired", "IST_SYN_LOOKUP"},
    {"LookupRst", LOOKUP, 0, RST, A + 1, 0, 0, "drop ist.reset", "LISTEN"},
    {"LookupForgedRst", LOOKUP, 0, RST, A + 2, 0, 0, "drop ist.rst-out-of-window", "IST_SYN_LOOKUP"},
    {"LookupRstOfNobody", LOOKUP, 1, RST, B, 0, 0, "drop ist.unpaired", "IST_SYN_LOOKUP"},
    // IST_SYN_RCVD: SYN-ACKs are out
    {"RcvdFirstAck", RCVD, 0, ACK, A + 1, B + 1, 0, "hold", "IST_SYN_RCVD"},
    {"RcvdDataForUnproven", RCVD, 0, ACK, A + 1, B + 1, 5, "drop ist.unproven", "IST_SYN_RCVD"},
    {"RcvdFinForUnproven", RCVD, 0, FIN, A + 1, B + 1, 0, "drop ist.unproven", "IST_SYN_RCVD"},
    {"RcvdGuessedAck", RCVD, 0, ACK, A + 1, B + 2, 0, "drop ist.bad-ack", "IST_SYN_RCVD"},
    {"RcvdOldAck", RCVD, 0, ACK, A + 1, B, 0, "drop ist.bad-ack", "IST_SYN_RCVD"},
    {"RcvdNoAck", RCVD, 0, FIN_ALONE, A + 1, 0, 0, "drop ist.no-ack", "IST_SYN_RCVD"},
    {"RcvdSynAgain", RCVD, 0, SYN, A, 0, 0, "hold, A SYN-ACK", "IST_SYN_RCVD"},
    {"RcvdNewIsn", RCVD, 0, SYN, A + 9, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"RcvdRst", RCVD, 0, RST, A + 1, 0, 0, "drop ist.reset", "CLOSED"},
    {"RcvdForgedRst", RCVD, 0, RST, A + 5, 0, 0, "drop ist.rst-out-of-window", "IST_SYN_RCVD"},
    {"RcvdSynAck", RCVD, 0, SYN_ACK, A, B + 1, 0, "drop ist.unexpected-syn-ack", "IST_SYN_RCVD"},
    // ESTABLISHED
    {"OpenAck", OPEN, 0, ACK, A + 1, B + 1, 0, "forward", "ESTABLISHED"},
    {"OpenData", OPEN, 1, ACK | PSH, B + 1, A + 1, 500, "forward", "ESTABLISHED"},
    {"OpenKeepalive", OPEN, 0, ACK, A, B + 1, 0, "forward", "ESTABLISHED"},
    {"OpenNoAck", OPEN, 0, PSH, A + 1, 0, 5, "drop ist.no-ack", "ESTABLISHED"},
    {"OpenSynAgain", OPEN, 0, SYN, A, 0, 0, "hold, A SYN-ACK", "ESTABLISHED"},
    {"OpenNewIsn", OPEN, 0, SYN, A + 99, 0, 0, "drop ist.syn-challenged, A ACK", "ESTABLISHED"},
    {"OpenRst", OPEN, 0, RST, A + 1, 0, 0, "forward", "CLOSED"},
    {"OpenRstInWindow", OPEN, 0, RST, A + 2, 0, 0, "drop ist.rst-challenged, A ACK", "ESTABLISHED"},
    {"OpenRstLastOfWindow", OPEN, 0, RST, A + 1000, 0, 0, "drop ist.rst-challenged, A ACK", "ESTABLISHED"},
    {"OpenRstAboveWindow", OPEN, 0, RST, A + 1001, 0, 0, "drop ist.rst-out-of-window", "ESTABLISHED"},
    {"OpenRstBelowWindow", OPEN, 0, RST, A, 0, 0, "drop ist.rst-out-of-window", "ESTABLISHED"},
    {"OpenFin", OPEN, 1, FIN, B + 1, A + 1, 3, "forward", "IST_CLOSE_WAIT"},
    {"OpenFinOutOfWindow", OPEN, 0, FIN, A + 5000, B + 1, 0, "forward", "ESTABLISHED"},
    {"OpenOldFin", OPEN, 0, FIN, A - 5000, B + 1, 0, "forward", "ESTABLISHED"},
    {"OpenFinRst", OPEN, 0, FIN_ALONE | RST, A + 1, 0, 0, "drop ist.bad-flags", "ESTABLISHED"},
    // IST_CLOSE_WAIT: A has closed, B has not
    {"HalfFinAgain", HALF, 0, FIN, A + 1, B + 1, 0, "forward", "IST_CLOSE_WAIT"},
    {"HalfAckOfClosed", HALF, 0, ACK, A + 2, B + 501, 0, "forward", "IST_CLOSE_WAIT"},
    {"HalfDataOfOther", HALF, 1, ACK, B + 1, A + 2, 500, "forward", "IST_CLOSE_WAIT"},
    {"HalfDataBeyondFin", HALF, 0, ACK, A + 2, B + 1, 1, "drop ist.beyond-fin", "IST_CLOSE_WAIT"},
    {"HalfDataOverFin", HALF, 0, ACK, A + 1, B + 1, 1, "drop ist.beyond-fin", "IST_CLOSE_WAIT"},
    {"HalfSecondFin", HALF, 0, FIN, A + 2, B + 1, 0, "drop ist.beyond-fin", "IST_CLOSE_WAIT"},
    {"HalfOtherFin", HALF, 1, FIN, B + 1, A + 2, 0, "forward", "IST_TIME_WAIT"},
    {"HalfRst", HALF, 1, RST, B + 1, 0, 0, "forward", "CLOSED"},
    {"HalfNewIsn", HALF, 0, SYN, A + 99, 0, 0, "drop ist.syn-challenged, A ACK", "IST_CLOSE_WAIT"},
    // IST_TIME_WAIT: both have closed
    {"WaitLastAck", WAIT, 0, ACK, A + 2, B + 2, 0, "forward", "IST_TIME_WAIT"},
    {"WaitFinAgain", WAIT, 1, FIN, B + 1, A + 2, 0, "forward", "IST_TIME_WAIT"},
    {"WaitDataBeyondFin", WAIT, 1, ACK, B + 2, A + 2, 1, "drop ist.beyond-fin", "IST_TIME_WAIT"},
    {"WaitRst", WAIT, 0, RST, A + 2, 0, 0, "forward", "IST_TIME_WAIT"},
    {"WaitNewSyn", WAIT, 0, SYN, A + 9000, 0, 0, "hold", "IST_SYN_LOOKUP"},
    {"WaitOldSyn", WAIT, 0, SYN, A - 9000, 0, 0, "drop ist.syn-challenged, A ACK", "IST_TIME_WAIT"},
    // CLOSED
    {"ClosedAck", CLOSED, 0, ACK, A + 2, B + 2, 0, "drop ist.closed, A RST", "CLOSED"},
    {"ClosedRst", CLOSED, 0, RST, A + 2, 0, 0, "drop ist.closed", "CLOSED"},
    {"ClosedNewSyn", CLOSED, 1, SYN, B + 9000, 0, 0, "hold", "IST_SYN_LOOKUP"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(Table,
                         IstSpliceStates,
                         ::testing::ValuesIn(STATES),
                         [](const auto& test) { return std::string(test.param.name); });

} // namespace
} // namespace isb::test
