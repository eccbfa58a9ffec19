// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-fragment.h"
#include "model/splice/ist-rate.h"
#include "tests/splice/raw-tcp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace isb::test
{
namespace
{

constexpr uint64_t SECOND = 1000000000;

/// A fragment as the parser leaves it.
ist_packet
Fragment(uint32_t offset, uint32_t bytes, bool more, uint32_t identification = 7)
{
    ist_packet packet{};
    packet.tuple = MakeTuple(1, 2, 3, 4);
    packet.family = IST_FAMILY_IPV4;
    packet.protocol = IST_PROTOCOL_UDP;
    packet.transport_offset = 20;
    packet.total_length = static_cast<uint16_t>(20 + bytes);
    packet.fragment_offset = static_cast<uint16_t>(offset);
    packet.identification = identification;
    packet.flags = more ? IST_PACKET_MORE_FRAGMENTS : 0;
    return packet;
}

TEST(IstFragment, LaterOnesShareTheFateUntilAllBytesHavePassed)
{
    ist_datagram datagram;
    bool over = true;
    ist_packet packet = Fragment(0, 1480, true);
    EXPECT_TRUE(ist_is_first_fragment(&packet));
    ist_datagram_first(&datagram, &packet, IST_FATE_FORWARD, 1, 100);
    // The last one overtakes the one in the middle.
    packet = Fragment(2960, 40, false);
    EXPECT_FALSE(ist_is_first_fragment(&packet));
    EXPECT_EQ(ist_datagram_next(&datagram, &packet, 50, &over), unsigned{IST_FATE_FORWARD});
    EXPECT_FALSE(over);
    packet = Fragment(1480, 1480, true);
    EXPECT_EQ(ist_datagram_next(&datagram, &packet, 50, &over), unsigned{IST_FATE_FORWARD});
    EXPECT_TRUE(over);
    EXPECT_EQ(datagram.from, 1);
}

TEST(IstFragment, ADatagramIsForgottenInTime)
{
    ist_datagram datagram;
    bool over = false;
    ist_packet packet = Fragment(0, 1480, true);
    ist_datagram_first(&datagram, &packet, IST_FATE_DROP, 0, 100);
    packet = Fragment(1480, 1480, true);
    EXPECT_EQ(ist_datagram_next(&datagram, &packet, 99, &over), unsigned{IST_FATE_DROP});
    EXPECT_FALSE(over);
    EXPECT_EQ(ist_datagram_next(&datagram, &packet, 100, &over), unsigned{IST_FATE_UNKNOWN});
    EXPECT_TRUE(over);
}

TEST(IstFragment, RepeatsNeverMakeItLastForever)
{
    ist_datagram datagram;
    bool over = false;
    ist_packet packet = Fragment(0, 65528, true);
    ist_datagram_first(&datagram, &packet, IST_FATE_FORWARD, 0, ~uint64_t{0});
    for (int i = 0; i < 100000; ++i)
    {
        ist_datagram_next(&datagram, &packet, 0, &over);
        ASSERT_FALSE(over);
    }
    packet = Fragment(65000, 8, false);
    ist_datagram_next(&datagram, &packet, 0, &over);
    EXPECT_TRUE(over);
}

TEST(IstFragment, KeysTellDatagramsApart)
{
    const auto key = [](const ist_packet& packet)
    {
        ist_datagram_key made;
        ist_datagram_key_of(&made, &packet);
        const auto* bytes = reinterpret_cast<const uint8_t*>(&made);
        return Packet(bytes, bytes + sizeof(made));
    };
    const ist_packet first = Fragment(0, 1480, true);
    EXPECT_EQ(key(first), key(Fragment(1480, 20, false)));
    EXPECT_NE(key(first), key(Fragment(0, 1480, true, 8)));
    EXPECT_NE(key(first), key(Fragment(0, 1480, true, 0x10007))) << "IPv6 has 32 bits";
    ist_packet other = first;
    other.tuple.source.word[0]++;
    EXPECT_NE(key(first), key(other));
    other = first;
    other.protocol = IST_PROTOCOL_TCP;
    EXPECT_NE(key(first), key(other));
    other = first;
    other.family = IST_FAMILY_IPV6;
    EXPECT_NE(key(first), key(other));
}

/// What passes in ten seconds of more than enough, in bits a second.
double
Passed(uint64_t bitsPerSecond, uint32_t bytes, uint64_t gapNs)
{
    const uint64_t cost = ist_rate_cost(bitsPerSecond);
    uint64_t paid = 0;
    uint64_t sum = 0;
    for (uint64_t now = SECOND; now < 11 * SECOND; now += gapNs)
    {
        if (ist_rate_admits(paid, now))
        {
            paid = ist_rate_charge(paid, cost, bytes, now);
            sum += bytes;
        }
    }
    return static_cast<double>(sum) * 8 / 10;
}

TEST(IstRate, KeepsTheLongTermRateWithinTheBurst)
{
    for (const uint64_t rate : {100000u, 10000000u, 100000000u})
    {
        const double passed = Passed(rate, 1500, 50000);
        const double burst = static_cast<double>(rate) * 0.2 / 10 + 1500 * 8.0 / 10;
        EXPECT_GE(passed, static_cast<double>(rate) * 0.99) << rate;
        EXPECT_LE(passed, static_cast<double>(rate) + burst + 1) << rate;
    }
}

TEST(IstRate, WhatIsSlowerPassesWhole)
{
    // 1500 bytes every 10 ms are 1.2 Mb/s.
    EXPECT_DOUBLE_EQ(Passed(1300000, 1500, 10000000), 1200000);
}

TEST(IstRate, OneLargePacketPassesAtAnyRateAndThenWaits)
{
    const uint64_t cost = ist_rate_cost(1);
    uint64_t paid = 0;
    ASSERT_TRUE(ist_rate_admits(paid, SECOND));
    paid = ist_rate_charge(paid, cost, 65535, SECOND);
    EXPECT_FALSE(ist_rate_admits(paid, 8000 * SECOND));
    EXPECT_TRUE(ist_rate_admits(paid, 65535 * 8 / IST_RATE_LEAST * SECOND + 2 * SECOND));
}

/// The carrier's arithmetic against exact numbers.
TEST(IstRate, ChargesTheTimeOfEachByteWithinANanosecond)
{
    std::mt19937_64 random(1);
    for (int i = 0; i < 10000; ++i)
    {
        const uint64_t rate = IST_RATE_LEAST + random() % 100000000000;
        const auto bytes = static_cast<uint32_t>(random() % 65536);
        const uint64_t charged = ist_rate_charge(0, ist_rate_cost(rate), bytes, 0);
        const auto exact = static_cast<double>(bytes) * 8e9 / static_cast<double>(rate);
        ASSERT_GE(static_cast<double>(charged), exact * (1 - 1e-9));
        ASSERT_LE(static_cast<double>(charged), exact + 1.1);
    }
}

} // namespace
} // namespace isb::test
