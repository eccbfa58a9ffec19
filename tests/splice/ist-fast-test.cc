// SPDX-License-Identifier: GPL-2.0-or-later
// The fast step does what the whole step does, or leaves the packet alone.
#include "model/splice/ist-fast.h"
#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace isb::test
{
namespace
{

/// The same numbers every time.
class Random
{
  public:
    uint32_t
    operator()()
    {
        return static_cast<uint32_t>(m_engine());
    }

  private:
    std::mt19937 m_engine{1};
};

bool
Same(const ist_splice& a, const ist_splice& b)
{
    return std::memcmp(&a, &b, sizeof(a)) == 0;
}

/// The TCP header of a packet as a carrier reads it in place.
bool
Read(const Packet& packet, ist_segment& segment)
{
    const ist_packet parsed = Parse(packet);
    const uint32_t at = parsed.transport_offset;
    const auto size = static_cast<uint32_t>(packet.size());
    return ist_segment_read(&segment, packet.data() + at, size - at, parsed.total_length - at);
}

/// Options as stacks arrange them, some as none does, some broken in ways a parser lets pass.
Packet
RandomOptions(Random& random)
{
    const Packet time = Join({{1, 1}, OptionTimestamps(random() % 5000, random())});
    const Packet sack = Join({{1, 1}, OptionSack({random(), random()})});
    const Packet sacks = Join({{1, 1}, OptionSack({1, 2, 3, 4, 5, 6})});
    switch (random() % 9)
    {
    case 0:
    case 1:
        return {};
    case 2:
        return sack;
    case 3:
        return Join({time, sack});
    case 4:
        return Join({time, sacks});
    case 5:
        return Join({OptionTimestamps(random() % 5000, 7), {1, 1}});
    case 6:
        return Join({sack, time});
    case 7:
        return {1, 1, 1, 1, 1, 1, 1, 1};
    default:
        return time;
    }
}

/// A segment near what the splice has seen, with an occasional stray.
Segment
RandomSegment(Random& random, const SpliceDriver& driver, unsigned int side)
{
    const ist_side& self = driver.splice.side[side];
    const ist_side& other = driver.splice.side[side ^ 1];
    Segment segment;
    segment.tuple = driver.tuple[side];
    segment.family = driver.family[side];
    segment.seq = self.next + random() % 3000 - 1000;
    segment.ack = other.next - self.out.ack_add - random() % 2000 + 100;
    segment.window = static_cast<uint16_t>(random());
    segment.flags = IST_TCP_ACK | (random() % 2 ? IST_TCP_PSH : 0);
    if (random() % 40 == 0)
    {
        segment.flags = random() % 512;
    }
    if (random() % 20 == 0)
    {
        segment.seq = random();
        segment.ack = random();
    }
    segment.options = RandomOptions(random);
    segment.payload.resize(random() % 3 ? random() % 1400 : 0);
    return segment;
}

struct FastCase
{
    const char* name;
    unsigned int method;
    uint8_t familyA;
    uint8_t familyB;
};

class FastStep : public ::testing::TestWithParam<FastCase>
{
};

TEST_P(FastStep, EqualsTheWholeStepOrLeavesThePacketAlone)
{
    Random random;
    unsigned int taken = 0;
    unsigned int left = 0;
    for (int round = 0; round < 60; ++round)
    {
        SpliceDriver driver(GetParam().method, GetParam().familyA, GetParam().familyB);
        driver.Establish(Join({OptionMss(1400),
                               OptionSackPermitted(),
                               OptionTimestamps(1, 0),
                               OptionWscale(static_cast<uint8_t>(round % 15))}));
        for (int i = 0; i < 200; ++i)
        {
            const unsigned int side = random() & 1;
            const Packet packet = BuildTcp(RandomSegment(random, driver, side));
            ist_segment segment;
            ist_splice fast = driver.splice;
            driver.nowNs += random() % 1000;
            const bool took =
                Read(packet, segment) && ist_fast_segment(&fast, side, &segment, driver.nowNs);
            if (!took)
            {
                ASSERT_TRUE(Same(fast, driver.splice)) << "left, and yet changed";
            }
            const Outcome whole = driver.Step(side, packet);
            if (took)
            {
                ASSERT_EQ(whole.Text(), "forward") << "packet " << i;
                ASSERT_TRUE(Same(fast, driver.splice)) << "packet " << i;
            }
            ++(took ? taken : left);
        }
    }
    EXPECT_GT(taken, 3000U);
    EXPECT_GT(left, 1000U);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    FastStep,
    ::testing::Values(
        FastCase{"PassiveIpv4", IST_METHOD_PASSIVE, IST_FAMILY_IPV4, IST_FAMILY_IPV4},
        FastCase{"PureIpv6", IST_METHOD_PURE, IST_FAMILY_IPV6, IST_FAMILY_IPV6},
        FastCase{"ActiveIpv4", IST_METHOD_ACTIVE, IST_FAMILY_IPV4, IST_FAMILY_IPV4},
        FastCase{"PassiveIpv4ToIpv6", IST_METHOD_PASSIVE, IST_FAMILY_IPV4, IST_FAMILY_IPV6},
        FastCase{"ActiveIpv6ToIpv4", IST_METHOD_ACTIVE, IST_FAMILY_IPV6, IST_FAMILY_IPV4},
        FastCase{"PassiveIpv6", IST_METHOD_PASSIVE, IST_FAMILY_IPV6, IST_FAMILY_IPV6}),
    [](const auto& param) { return std::string(param.param.name); });

/// What a bulk sender and its receiver send is all taken.
TEST(FastSegment, TakesBulkDataAndItsAcksWithTimestampsAndSack)
{
    SpliceDriver driver;
    driver.Establish(Join({OptionSackPermitted(), OptionTimestamps(1, 0)}));
    const Packet time = Join({{1, 1}, OptionTimestamps(9, 1)});
    for (const Packet& options : {Packet{},
                                  time,
                                  Join({time, {1, 1}, OptionSack({1, 2})}),
                                  Join({{1, 1}, OptionSack({1, 2})})})
    {
        Segment bulk;
        bulk.tuple = driver.tuple[0];
        bulk.seq = SpliceDriver::ISN_A + 1;
        bulk.ack = SpliceDriver::ISN_B + 1;
        bulk.options = options;
        bulk.payload.resize(900);
        ist_segment segment;
        ASSERT_TRUE(Read(BuildTcp(bulk), segment));
        EXPECT_EQ(segment.payload_length, 900U);
        EXPECT_TRUE(ist_fast_segment(&driver.splice, 0, &segment, 5));
    }
    EXPECT_EQ(driver.splice.side[0].tsval, 9U);
    EXPECT_EQ(driver.splice.side[0].next, SpliceDriver::ISN_A + 901);
}

TEST(FastSegment, LeavesControlSegmentsAndStrangeHeaders)
{
    Segment plain;
    plain.payload.resize(10);
    const Packet good = BuildTcp(plain);
    ist_segment segment;
    ASSERT_TRUE(ist_segment_read(&segment, good.data() + 20, 30, 30));
    for (const unsigned int flags :
         {0U, unsigned{IST_TCP_SYN}, unsigned{IST_TCP_FIN | IST_TCP_ACK}, unsigned{IST_TCP_RST}})
    {
        Packet bad = good;
        bad[33] = static_cast<uint8_t>(flags);
        EXPECT_FALSE(ist_segment_read(&segment, bad.data() + 20, 30, 30)) << flags;
    }
    Packet bad = good;
    bad[32] = 0x40; // header of 16 bytes
    EXPECT_FALSE(ist_segment_read(&segment, bad.data() + 20, 30, 30));
    bad[32] = 0xf0; // header beyond the packet
    EXPECT_FALSE(ist_segment_read(&segment, bad.data() + 20, 30, 30));
}

TEST(FastSegment, OptionsThatAreNotReadableAreLeft)
{
    Segment timed;
    timed.options = Join({{1, 1}, OptionTimestamps(9, 1)});
    const Packet packet = BuildTcp(timed);
    ist_segment segment;
    EXPECT_FALSE(ist_segment_read(&segment, packet.data() + 20, 20, 32));
    EXPECT_TRUE(ist_segment_read(&segment, packet.data() + 20, 32, 32));
}

TEST(FastSegment, LeavesEveryStateButThoseOfData)
{
    ist_segment segment{};
    segment.seq = SpliceDriver::ISN_B + 1;
    segment.ack = SpliceDriver::ISN_A + 1;
    segment.flags = IST_TCP_ACK;
    for (unsigned int state = IST_STATE_LISTEN; state <= IST_STATE_CLOSED; ++state)
    {
        SpliceDriver driver;
        driver.Reach(state);
        const bool data = state == IST_STATE_ESTABLISHED || state == IST_STATE_CLOSE_WAIT;
        EXPECT_EQ(ist_fast_segment(&driver.splice, 1, &segment, 1), data) << driver.StateName();
    }
}

TEST(FastSegment, PayloadAfterItsSendersFinIsLeft)
{
    SpliceDriver driver;
    driver.Reach(IST_STATE_CLOSE_WAIT);
    ist_segment segment{};
    segment.seq = SpliceDriver::ISN_A + 2;
    segment.ack = SpliceDriver::ISN_B + 1;
    segment.flags = IST_TCP_ACK;
    EXPECT_TRUE(ist_fast_segment(&driver.splice, 0, &segment, 1)) << "its ACKs pass";
    segment.payload_length = 1;
    EXPECT_FALSE(ist_fast_segment(&driver.splice, 0, &segment, 1));
}

TEST(FastDatagram, EqualsTheWholeStepAndLeavesRegistrations)
{
    SpliceDriver driver(IST_METHOD_UDP);
    Packet registration(IST_REGISTRATION_LENGTH);
    ist_put32(registration.data(), IST_REGISTRATION_HIGH);
    ist_put32(&registration[4], IST_REGISTRATION_LOW);
    EXPECT_FALSE(ist_fast_datagram(&driver.splice, 0, 100, 1)) << "nobody is here";
    driver.Step(0, BuildUdp(driver.tuple[0], registration));
    driver.Step(1, BuildUdp(driver.tuple[1], registration));
    ist_splice fast = driver.splice;
    driver.nowNs += 77;
    EXPECT_TRUE(ist_fast_datagram(&fast, 1, 100, driver.nowNs));
    EXPECT_EQ(driver.Step(1, BuildUdp(driver.tuple[1], Packet(100))).Text(), "forward");
    EXPECT_TRUE(Same(fast, driver.splice));
    EXPECT_FALSE(ist_fast_datagram(&fast, 1, IST_REGISTRATION_LENGTH, driver.nowNs));
}

} // namespace
} // namespace isb::test
