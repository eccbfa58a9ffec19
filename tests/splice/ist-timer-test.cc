// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-timer.h"

#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;
constexpr unsigned int FIN = IST_TCP_FIN | IST_TCP_ACK;

struct DeadlineCase
{
    const char* name;
    unsigned int state;
    double seconds; ///< negative: never
    unsigned int reason;
    std::vector<std::string> made;
};

class IstTimer : public ::testing::TestWithParam<DeadlineCase>
{
};

TEST_P(IstTimer, ClosesASilentSplice)
{
    const DeadlineCase& test = GetParam();
    SpliceDriver driver;
    if (test.state == IST_STATE_CLOSED)
    {
        driver.splice.state = IST_STATE_CLOSED;
    }
    else
    {
        driver.Reach(test.state);
    }
    const uint64_t deadline = ist_splice_deadline(&driver.splice, &driver.settings);
    if (test.seconds < 0)
    {
        EXPECT_EQ(deadline, IST_NEVER);
        return;
    }
    EXPECT_EQ(deadline, driver.nowNs + static_cast<uint64_t>(test.seconds * 1e9));
    Outcome outcome = driver.Wait(test.seconds - 1e-3);
    EXPECT_TRUE(outcome.made.empty());
    EXPECT_EQ(outcome.verdict.events, 0);
    outcome = driver.Wait(1e-3);
    EXPECT_EQ(outcome.made, test.made);
    EXPECT_EQ(outcome.verdict.events, IST_EVENT_CLOSED);
    EXPECT_EQ(outcome.verdict.reason, test.reason);
    EXPECT_EQ(driver.StateName(), "CLOSED");
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    IstTimer,
    ::testing::Values(
        DeadlineCase{"Listen", IST_STATE_LISTEN, -1, 0, {}},
        DeadlineCase{"Lookup", IST_STATE_SYN_LOOKUP, 60, IST_REASON_UNMATCHED_TIMEOUT, {"A RST"}},
        DeadlineCase{"Established",
                     IST_STATE_ESTABLISHED,
                     7440,
                     IST_REASON_IDLE_TIMEOUT,
                     {"A RST", "B RST"}},
        DeadlineCase{"CloseWait",
                     IST_STATE_CLOSE_WAIT,
                     7440,
                     IST_REASON_IDLE_TIMEOUT,
                     {"A RST", "B RST"}},
        DeadlineCase{"TimeWait", IST_STATE_TIME_WAIT, 60, IST_REASON_TIME_WAIT_OVER, {}},
        DeadlineCase{"Closed", IST_STATE_CLOSED, -1, 0, {}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(IstTimer, UnmatchedHoldIsRefreshedByTheClientsRetransmissions)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A);
    driver.Wait(59);
    driver.Syn(IST_SIDE_A, A);
    EXPECT_EQ(driver.Wait(59).verdict.events, 0);
    EXPECT_EQ(driver.Syn(IST_SIDE_B, B).Text(), "hold, A SYN-ACK, B SYN-ACK");
}

TEST(IstTimer, ResetOfAnUnmatchedClientIsAcceptedBySynSent)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A);
    const Outcome outcome = driver.Wait(60);
    ASSERT_EQ(outcome.packets.size(), 1u);
    EXPECT_EQ(outcome.packets[0].tcp_flags, IST_TCP_RST | IST_TCP_ACK);
    EXPECT_EQ(outcome.packets[0].ack, A + 1);
    EXPECT_EQ(outcome.packets[0].seq, 0u);
}

TEST(IstTimer, IdleResetsBearWhatEachSideExpects)
{
    SpliceDriver driver;
    driver.Establish();
    driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_ACK, 100);
    driver.Send(IST_SIDE_B, B + 1, A + 101, IST_TCP_ACK, 30);
    driver.Send(IST_SIDE_A, A + 101, B + 31);
    const Outcome outcome = driver.Wait(7440);
    ASSERT_EQ(outcome.made, (std::vector<std::string>{"A RST", "B RST"}));
    EXPECT_EQ(outcome.packets[0].seq, B + 31);
    EXPECT_EQ(outcome.packets[0].ack, A + 101);
    EXPECT_EQ(outcome.packets[1].seq, A + 101);
    EXPECT_EQ(outcome.packets[1].ack, B + 31);
}

TEST(IstTimer, SilentWithoutResetIfSoSet)
{
    SpliceDriver driver;
    driver.settings.reset_on_timeout = 0;
    driver.Establish();
    const Outcome outcome = driver.Wait(7440);
    EXPECT_TRUE(outcome.made.empty());
    EXPECT_EQ(driver.StateName(), "CLOSED");
}

TEST(IstTimer, AnyPacketRefreshesAnEstablishedSplice)
{
    SpliceDriver driver;
    driver.Establish();
    driver.Wait(7000);
    driver.Send(IST_SIDE_B, B + 1, A + 1);
    EXPECT_EQ(driver.Wait(7000).verdict.events, 0);
    EXPECT_EQ(driver.StateName(), "ESTABLISHED");
}

TEST(IstTimer, RepeatsOnlyTheSynAckThatWasNotAnsweredThenGivesUp)
{
    SpliceDriver driver;
    driver.settings.handshake_retries = 3;
    driver.Reach(IST_STATE_SYN_RCVD);
    EXPECT_EQ(driver.Wait(1).made, (std::vector<std::string>{"A SYN-ACK", "B SYN-ACK"}));
    driver.Send(IST_SIDE_A, A + 1, B + 1);
    EXPECT_TRUE(driver.Wait(1.9).made.empty());
    EXPECT_EQ(driver.Wait(0.1).made, std::vector<std::string>{"B SYN-ACK"});
    EXPECT_EQ(driver.Wait(4).made, std::vector<std::string>{"B SYN-ACK"});
    const Outcome last = driver.Wait(8);
    EXPECT_EQ(last.made, std::vector<std::string>{"A RST"}); // B is unproven: nothing more for it
    EXPECT_EQ(last.verdict.reason, IST_REASON_HANDSHAKE_TIMEOUT);
    EXPECT_EQ(last.packets[0].seq, B + 1);
}

TEST(IstTimer, TimeWaitIsRestartedByRetransmissionsNotByAcks)
{
    SpliceDriver driver;
    driver.Reach(IST_STATE_TIME_WAIT);
    driver.Wait(50);
    driver.Send(IST_SIDE_B, B + 1, A + 2, FIN);
    EXPECT_EQ(driver.Wait(50).verdict.events, 0);
    driver.Send(IST_SIDE_A, A + 2, B + 2);
    EXPECT_EQ(driver.Wait(10).verdict.events, IST_EVENT_CLOSED);
}

TEST(IstTimer, UdpEndsAfterItsOwnSilence)
{
    SpliceDriver driver(IST_METHOD_UDP);
    const Packet registration{'I', 'S', 'B', 'R', 'E', 'G', '1', 0, 0, 0, 0, 0, 0, 0, 0, 0};
    driver.Step(IST_SIDE_A, BuildUdp(driver.tuple[IST_SIDE_A], registration));
    EXPECT_EQ(ist_splice_deadline(&driver.splice, &driver.settings) - driver.nowNs,
              60ull * IST_SECOND_NS);
    driver.Step(IST_SIDE_B, BuildUdp(driver.tuple[IST_SIDE_B], registration));
    EXPECT_EQ(ist_splice_deadline(&driver.splice, &driver.settings) - driver.nowNs,
              300ull * IST_SECOND_NS);
    const Outcome outcome = driver.Wait(300);
    EXPECT_TRUE(outcome.made.empty());
    EXPECT_EQ(outcome.verdict.reason, IST_REASON_IDLE_TIMEOUT);
}

} // namespace
} // namespace isb::test
