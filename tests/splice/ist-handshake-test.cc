// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-handshake.h"

#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;

Packet
AllOptions(uint16_t mss, uint8_t shift, uint32_t tsval)
{
    return Join(
        {OptionMss(mss), OptionSackPermitted(), OptionTimestamps(tsval, 0), OptionWscale(shift)});
}

TEST(IstHandshake, EachSynAckBearsTheOthersNumbersAndOptions)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A, AllOptions(1400, 3, 111));
    const Outcome outcome = driver.Syn(IST_SIDE_B, B, AllOptions(1300, 9, 222));
    ASSERT_EQ(outcome.Text(), "hold, A SYN-ACK, B SYN-ACK");
    const ist_packet& toA = outcome.packets[0];
    EXPECT_EQ(toA.seq, B);
    EXPECT_EQ(toA.ack, A + 1);
    EXPECT_EQ(toA.mss, 1300);
    EXPECT_EQ(toA.wscale, 9);
    EXPECT_EQ(toA.tsval, 222u); // the other's clock
    EXPECT_EQ(toA.tsecr, 111u); // its own
    EXPECT_EQ(toA.window, 0);
    const ist_packet& toB = outcome.packets[1];
    EXPECT_EQ(toB.seq, A);
    EXPECT_EQ(toB.ack, B + 1);
    EXPECT_EQ(toB.mss, 1400);
    EXPECT_EQ(toB.wscale, 3);
    EXPECT_EQ(toB.tsval, 111u);
    EXPECT_EQ(toB.tsecr, 222u);
    EXPECT_EQ(toB.window, 0);
}

TEST(IstHandshake, EarlyDataShowsTheOthersWindow)
{
    SpliceDriver driver;
    driver.settings.early_data = 1;
    Segment syn;
    syn.seq = A;
    syn.flags = IST_TCP_SYN;
    syn.window = 4000;
    driver.Step(IST_SIDE_A, syn);
    syn.seq = B;
    syn.window = 5000;
    const Outcome outcome = driver.Step(IST_SIDE_B, syn);
    EXPECT_EQ(outcome.packets[0].window, 5000);
    EXPECT_EQ(outcome.packets[1].window, 4000);
}

/// All 16 x 16 combinations of offered options.
TEST(IstHandshake, AnOptionIsOfferedOnlyIfBothDid)
{
    const Packet parts[4] = {OptionMss(1400),
                             OptionWscale(5),
                             OptionSackPermitted(),
                             OptionTimestamps(7, 0)};
    for (unsigned int a = 0; a < 16; ++a)
    {
        for (unsigned int b = 0; b < 16; ++b)
        {
            Packet optionsA;
            Packet optionsB;
            for (unsigned int i = 0; i < 4; ++i)
            {
                optionsA = Join({optionsA, a >> i & 1 ? parts[i] : Packet{}});
                optionsB = Join({optionsB, b >> i & 1 ? parts[i] : Packet{}});
            }
            SpliceDriver driver;
            driver.Syn(IST_SIDE_A, A, optionsA);
            const Outcome outcome = driver.Syn(IST_SIDE_B, B, optionsB);
            ASSERT_EQ(outcome.packets.size(), 2u);
            for (unsigned int to = 0; to < 2; ++to)
            {
                EXPECT_EQ(outcome.packets[to].options, a & b);
                // Never longer than the SYN it answers (T2).
                const size_t syn = 40 + ((to ? optionsB : optionsA).size() + 3) / 4 * 4;
                EXPECT_LE(outcome.packets[to].total_length, syn) << a << " " << b;
            }
        }
    }
}

struct EcnCase
{
    const char* name;
    unsigned int flagsA;
    unsigned int flagsB;
    bool ece;
};

class IstHandshakeEcn : public ::testing::TestWithParam<EcnCase>
{
};

TEST_P(IstHandshakeEcn, IsNegotiatedOnlyIfBothAsk)
{
    SpliceDriver driver;
    Segment syn;
    syn.seq = A;
    syn.flags = IST_TCP_SYN | GetParam().flagsA;
    driver.Step(IST_SIDE_A, syn);
    syn.seq = B;
    syn.flags = IST_TCP_SYN | GetParam().flagsB;
    const Outcome outcome = driver.Step(IST_SIDE_B, syn);
    const unsigned int expected = IST_TCP_SYN | IST_TCP_ACK | (GetParam().ece ? IST_TCP_ECE : 0);
    EXPECT_EQ(outcome.packets[0].tcp_flags, expected);
    EXPECT_EQ(outcome.packets[1].tcp_flags, expected);
}

constexpr unsigned int ECN = IST_TCP_ECE | IST_TCP_CWR;
INSTANTIATE_TEST_SUITE_P(
    Table,
    IstHandshakeEcn,
    ::testing::Values(EcnCase{"None", 0, 0, false},
                      EcnCase{"OnlyA", ECN, 0, false},
                      EcnCase{"OnlyB", 0, ECN, false},
                      EcnCase{"Both", ECN, ECN, true},
                      EcnCase{"BothAccurate", ECN | IST_TCP_AE, ECN | IST_TCP_AE, true},
                      EcnCase{"EceAloneAsksForNothing", IST_TCP_ECE, ECN, false}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(IstHandshake, LatestTimestampOfAHeldSynIsEchoed)
{
    SpliceDriver driver;
    driver.Syn(IST_SIDE_A, A, AllOptions(1400, 3, 111));
    EXPECT_EQ(driver.Syn(IST_SIDE_A, A, AllOptions(1400, 3, 1111)).Text(), "hold");
    const Outcome outcome = driver.Syn(IST_SIDE_B, B, AllOptions(1300, 9, 222));
    EXPECT_EQ(outcome.packets[0].tsecr, 1111u);
    EXPECT_EQ(outcome.packets[1].tsval, 1111u);
    const Outcome again = driver.Syn(IST_SIDE_A, A, AllOptions(1400, 3, 2111));
    ASSERT_EQ(again.Text(), "hold, A SYN-ACK");
    EXPECT_EQ(again.packets[0].tsecr, 2111u);
}

TEST(IstResetReply, AnswersAsAClosedPortDoes)
{
    ist_settings settings;
    ist_settings_default(&settings);
    Segment segment;
    segment.tuple = MakeTuple(1, 2, 3, 4);
    segment.seq = 100;
    segment.ack = 900;
    segment.payload = {1, 2, 3};
    ist_crafted out;
    ist_packet packet = Parse(BuildTcp(segment));
    ASSERT_TRUE(ist_reset_reply(&packet, &settings, &out));
    ist_packet reply = Parse(Packet(out.bytes, out.bytes + out.length));
    EXPECT_EQ(reply.tcp_flags, IST_TCP_RST);
    EXPECT_EQ(reply.seq, 900u);
    EXPECT_EQ(reply.tuple.source.word[0], 3u);
    EXPECT_EQ(reply.tuple.destination_port, 2);

    segment.flags = IST_TCP_SYN | IST_TCP_FIN;
    packet = Parse(BuildTcp(segment));
    ASSERT_TRUE(ist_reset_reply(&packet, &settings, &out));
    reply = Parse(Packet(out.bytes, out.bytes + out.length));
    EXPECT_EQ(reply.tcp_flags, IST_TCP_RST | IST_TCP_ACK);
    EXPECT_EQ(reply.ack, 105u);

    segment.flags = IST_TCP_RST;
    packet = Parse(BuildTcp(segment));
    EXPECT_FALSE(ist_reset_reply(&packet, &settings, &out));
    packet = Parse(BuildUdp(MakeTuple(1, 2, 3, 4), {1}));
    EXPECT_FALSE(ist_reset_reply(&packet, &settings, &out));
}

} // namespace
} // namespace isb::test
