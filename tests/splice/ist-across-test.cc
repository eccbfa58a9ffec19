// SPDX-License-Identifier: GPL-2.0-or-later
// Splices between users of different families, and of IPv6: what differs from IPv4.
#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr uint32_t A = SpliceDriver::ISN_A;
constexpr uint32_t B = SpliceDriver::ISN_B;
constexpr uint8_t V4 = IST_FAMILY_IPV4;
constexpr uint8_t V6 = IST_FAMILY_IPV6;

Packet
Registration()
{
    Packet payload(IST_REGISTRATION_LENGTH);
    ist_put32(payload.data(), IST_REGISTRATION_HIGH);
    ist_put32(&payload[4], IST_REGISTRATION_LOW);
    return payload;
}

/// What A is told of B's MSS; no option on either side with 0.
struct MssCase
{
    const char* name;
    uint8_t familyA;
    uint8_t familyB;
    uint16_t ofA;
    uint16_t ofB;
    uint16_t shownToA;
    uint16_t shownToB;
};

class MssAcross : public ::testing::TestWithParam<MssCase>
{
};

TEST_P(MssAcross, FitsTheOthersLinkAndTheLongerHeader)
{
    const MssCase& c = GetParam();
    SpliceDriver driver(IST_METHOD_PASSIVE, c.familyA, c.familyB);
    driver.Syn(IST_SIDE_A, A, c.ofA ? OptionMss(c.ofA) : Packet{});
    const Outcome outcome = driver.Syn(IST_SIDE_B, B, c.ofB ? OptionMss(c.ofB) : Packet{});
    ASSERT_EQ(outcome.Text(), "hold, A SYN-ACK, B SYN-ACK");
    EXPECT_EQ(outcome.packets[0].mss, c.shownToA);
    EXPECT_EQ(outcome.packets[1].mss, c.shownToB);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    MssAcross,
    ::testing::Values(MssCase{"Ipv4", V4, V4, 1460, 1452, 1452, 1460},
                      MssCase{"Ipv6", V6, V6, 1440, 1432, 1432, 1440},
                      MssCase{"Across", V4, V6, 1460, 1440, 1440, 1440},
                      MssCase{"AcrossTheOtherWay", V6, V4, 1440, 1460, 1440, 1440},
                      MssCase{"Jumbo", V4, V6, 8960, 8940, 8940, 8940},
                      MssCase{"NeverBelowWhatIpv6Carries", V4, V6, 1230, 1440, 1440, 1220},
                      MssCase{"SmallStays", V4, V6, 536, 1440, 1440, 536},
                      MssCase{"SilentIpv4Means536", V4, V6, 0, 1440, 0, 536},
                      MssCase{"SilentIpv6Means1220", V4, V6, 1460, 0, 0, 0},
                      MssCase{"BothSilent", V6, V4, 0, 0, 0, 0}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(IstAcross, ActiveOffersWhatTheTargetsFamilyAllows)
{
    const struct
    {
        uint8_t familyA;
        uint8_t familyB;
        uint16_t shownToA;
    } cases[] = {{V4, V4, 1460}, {V4, V6, 1440}, {V6, V4, 1440}, {V6, V6, 1440}};

    for (const auto& c : cases)
    {
        SpliceDriver driver(IST_METHOD_ACTIVE, c.familyA, c.familyB);
        const Outcome accepted = driver.Syn(IST_SIDE_A, A, OptionMss(1400));
        ASSERT_EQ(accepted.Text(), "hold, A SYN-ACK");
        EXPECT_EQ(accepted.packets[0].mss, c.shownToA);
        const Outcome opened =
            driver.Send(IST_SIDE_A, A + 1, SpliceDriver::SHOWN_TO_A + 1, IST_TCP_ACK);
        ASSERT_EQ(opened.Text(), "hold, B SYN");
        EXPECT_EQ(opened.packets[0].mss, c.familyA == V4 && c.familyB == V6 ? 1380 : 1400);
    }
}

/// T2 counts bytes as they leave, also where headers grow.
TEST(IstAcross, SendsNoMoreToAnUnprovenAddressThanItSent)
{
    for (const uint8_t familyA : {V4, V6})
    {
        for (const uint8_t familyB : {V4, V6})
        {
            SpliceDriver driver(IST_METHOD_PASSIVE, familyA, familyB);
            const Packet options = Join(
                {OptionMss(1400), OptionSackPermitted(), OptionTimestamps(1, 0), OptionWscale(7)});
            driver.settings.handshake_retries = 0;
            driver.Syn(IST_SIDE_A, A, options);
            const Outcome outcome = driver.Syn(IST_SIDE_B, B, options);
            for (const ist_packet& made : outcome.packets)
            {
                EXPECT_LE(made.total_length, ist_ip_header(made.family) + 40);
            }
            EXPECT_EQ(driver.splice.side[IST_SIDE_A].credit, 0);
            EXPECT_EQ(driver.splice.side[IST_SIDE_B].credit, 0);
        }
    }
}

TEST(IstAcross, AResetThatGrowsBeyondWhatAnUnprovenSideSentIsNotPassed)
{
    const auto reset = [](uint8_t familyA, uint16_t credit)
    {
        SpliceDriver driver(IST_METHOD_PASSIVE, familyA, V6);
        driver.Syn(IST_SIDE_A, A);
        driver.Syn(IST_SIDE_B, B, OptionMss(1440));
        driver.splice.side[IST_SIDE_B].credit = credit;
        return driver.Send(IST_SIDE_A, A + 1, B + 1, IST_TCP_RST | IST_TCP_ACK);
    };
    EXPECT_TRUE(reset(V4, 59).forwarded.empty()) << "40 bytes become 60";
    EXPECT_TRUE(reset(V6, 59).forwarded.empty()) << "60 bytes stay 60";
    EXPECT_EQ(reset(V4, 60).forwarded.size(), 60u);
    EXPECT_EQ(reset(V6, 60).forwarded.size(), 60u);
}

TEST(IstAcross, AnAddressIsTakenWithItsFamily)
{
    // 1.2.3.4 and 102:304:: are the same first word and zeros.
    SpliceDriver driver;
    driver.tuple[IST_SIDE_A] = MakeTuple(0x01020304, 31000, 0xc0000201, 7000);
    driver.Establish();
    driver.family[IST_SIDE_A] = V6;
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, B + 1).Text(), "drop ist.side-taken");
    driver.family[IST_SIDE_A] = V4;
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 1, B + 1).Text(), "forward");
}

TEST(IstAcross, SamePortsAndWordsInTwoFamiliesDoNotCollide)
{
    SpliceDriver driver(IST_METHOD_PASSIVE, V4, V6);
    driver.tuple[IST_SIDE_B] = driver.tuple[IST_SIDE_A];
    driver.Syn(IST_SIDE_A, A);
    EXPECT_EQ(driver.Syn(IST_SIDE_B, B).Text(), "hold, A SYN-ACK, B SYN-ACK");
}

/// RFC 7915 section 5.1: packets that may be fragmented have an identification each.
TEST(IstAcross, ShortIpv4PacketsMadeOfIpv6AreNumbered)
{
    SpliceDriver driver(IST_METHOD_PASSIVE, V6, V4);
    driver.Establish();
    uint16_t before = driver.splice.identification;
    for (int i = 0; i < 3; ++i)
    {
        const Outcome outcome = driver.Send(IST_SIDE_A, A + 1, B + 1);
        ASSERT_EQ(outcome.forwarded[0] >> 4, 4);
        EXPECT_EQ(ist_get16(&outcome.forwarded[4]), ++before);
    }
    driver.Send(IST_SIDE_B, B + 1, A + 1);
    EXPECT_EQ(driver.splice.identification, before) << "IPv6 has none";
}

TEST(IstAcross, UdpPassesBothWaysWithItsChecksum)
{
    for (const bool ipv6First : {false, true})
    {
        const uint8_t family[2] = {ipv6First ? V6 : V4, ipv6First ? V4 : V6};
        SpliceDriver driver(IST_METHOD_UDP, family[0], family[1]);
        for (unsigned int side = 0; side < 2; ++side)
        {
            driver.Step(side, BuildUdp(driver.tuple[side], Registration(), true, family[side]));
        }
        ASSERT_EQ(driver.StateName(), "ESTABLISHED");
        for (unsigned int side = 0; side < 2; ++side)
        {
            const Outcome outcome =
                driver.Step(side,
                            BuildUdp(driver.tuple[side], Packet(500, 'x'), true, family[side]));
            ASSERT_EQ(outcome.Text(), "forward"); // checksums are verified by the driver
            const ist_packet packet = Parse(outcome.forwarded);
            EXPECT_EQ(packet.family, family[side ^ 1]);
            EXPECT_EQ(packet.payload_length, 500);
            EXPECT_TRUE(
                ist_address_equal(&packet.tuple.destination, &driver.tuple[side ^ 1].source));
            EXPECT_EQ(packet.tuple.destination_port, driver.tuple[side ^ 1].source_port);
        }
    }
}

TEST(IstAcross, AClosedSpliceAnswersInTheFamilyOfTheAsker)
{
    SpliceDriver driver(IST_METHOD_PASSIVE, V4, V6);
    driver.Reach(IST_STATE_CLOSED);
    EXPECT_EQ(driver.Send(IST_SIDE_A, A + 2, B + 2).Text(), "drop ist.closed, A RST");
    EXPECT_EQ(driver.Send(IST_SIDE_B, B + 2, A + 2).Text(), "drop ist.closed, B RST");
}

TEST(IstAcross, AUserMayComeAgainInTheOtherFamily)
{
    SpliceDriver driver;
    driver.Reach(IST_STATE_CLOSED);
    SpliceDriver other(IST_METHOD_PASSIVE, V6, V4);
    other.splice = driver.splice;
    other.nowNs = driver.nowNs;
    other.Establish();
    EXPECT_EQ(Parse(other.Send(IST_SIDE_A, A + 1, B + 1).forwarded).family, V4);
}

} // namespace
} // namespace isb::test
