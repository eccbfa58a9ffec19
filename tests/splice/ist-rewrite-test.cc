// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-rewrite.h"

#include "tests/splice/raw-tcp.h"

#include <gtest/gtest.h>

#include <random>

namespace isb::test
{
namespace
{

constexpr unsigned int BOTH = IST_EDIT_ADDRESSES | IST_EDIT_PORTS;

ist_tuple
RandomTuple(std::mt19937_64& random)
{
    // Zero and all ones often: there the two representations of zero meet.
    auto number = [&]
    {
        const uint64_t kind = random() % 4;
        return static_cast<uint32_t>(kind == 0 ? 0 : kind == 1 ? ~uint64_t{0} : random());
    };
    return MakeTuple(number(),
                     static_cast<uint16_t>(number()),
                     number(),
                     static_cast<uint16_t>(number()));
}

Packet
RandomTcp(std::mt19937_64& random, const ist_tuple& tuple)
{
    Segment segment;
    segment.tuple = tuple;
    segment.seq = static_cast<uint32_t>(random());
    segment.ack = static_cast<uint32_t>(random());
    segment.flags = IST_TCP_ACK | static_cast<unsigned int>(random() % 2 * IST_TCP_PSH);
    segment.options.assign(random() % 4, 1);
    if (random() % 2)
    {
        std::vector<uint32_t> edges(2 * (1 + random() % 3));
        for (uint32_t& edge : edges)
        {
            edge = static_cast<uint32_t>(random());
        }
        segment.options = Join({segment.options, OptionSack(edges)});
    }
    segment.payload.resize(random() % 40);
    for (uint8_t& byte : segment.payload)
    {
        byte = static_cast<uint8_t>(random());
    }
    return BuildTcp(segment);
}

ist_deltas
Apply(Packet& packet, const ist_rewrite& rewrite, unsigned int mode = IST_CHECKSUM_FULL)
{
    const ist_packet parsed = Parse(packet);
    return ist_rewrite_apply(packet.data(), &parsed, &rewrite, mode);
}

TEST(IstRewrite, IncrementalEqualsFullOverRandomTcpHeaders)
{
    std::mt19937_64 random(1);
    for (int round = 0; round < 100000; ++round)
    {
        const ist_tuple before = RandomTuple(random);
        const ist_tuple after = RandomTuple(random);
        Packet packet = RandomTcp(random, before);
        ist_rewrite rewrite;
        ist_rewrite_init(&rewrite,
                         &before,
                         &after,
                         (random() % 2 ? BOTH : unsigned{IST_EDIT_ADDRESSES}) | IST_EDIT_TTL |
                             (random() % 2 ? IST_EDIT_SEQUENCE : 0) |
                             (random() % 4 ? 0 : IST_EDIT_BLANK_SACK));
        rewrite.seq_add = static_cast<uint32_t>(random());
        rewrite.ack_add = static_cast<uint32_t>(random());
        Apply(packet, rewrite);
        ASSERT_EQ(ChecksumFault(packet), "") << "round " << round;
    }
}

TEST(IstRewrite, IncrementalEqualsFullOverRandomUdpHeaders)
{
    std::mt19937_64 random(2);
    for (int round = 0; round < 100000; ++round)
    {
        const ist_tuple before = RandomTuple(random);
        const ist_tuple after = RandomTuple(random);
        Packet payload(random() % 20);
        for (uint8_t& byte : payload)
        {
            byte = static_cast<uint8_t>(random());
        }
        Packet packet = BuildUdp(before, payload);
        ist_rewrite rewrite;
        ist_rewrite_init(&rewrite, &before, &after, BOTH);
        Apply(packet, rewrite);
        ASSERT_EQ(ChecksumFault(packet), "") << "round " << round;
        ASSERT_NE(ist_get16(&packet[26]), 0) << "zero would mean: no checksum";
    }
}

TEST(IstRewrite, ThenItsInverseIsIdentity)
{
    std::mt19937_64 random(3);
    for (int round = 0; round < 20000; ++round)
    {
        const ist_tuple before = RandomTuple(random);
        const ist_tuple after = RandomTuple(random);
        const Packet original = RandomTcp(random, before);
        Packet packet = original;
        ist_rewrite there;
        ist_rewrite back;
        ist_rewrite_init(&there, &before, &after, BOTH | IST_EDIT_SEQUENCE);
        ist_rewrite_init(&back, &after, &before, BOTH | IST_EDIT_SEQUENCE);
        there.seq_add = static_cast<uint32_t>(random());
        there.ack_add = static_cast<uint32_t>(random());
        back.seq_add = 0u - there.seq_add;
        back.ack_add = 0u - there.ack_add;
        Apply(packet, there);
        Apply(packet, back);
        ASSERT_EQ(packet, original) << "round " << round;
    }
}

TEST(IstRewrite, ChangesWhatItSaysAndNothingElse)
{
    const ist_tuple before = MakeTuple(0x0a000001, 31000, 0xc0000201, 7000);
    const ist_tuple after = MakeTuple(0xc0000201, 7001, 0x0a010002, 32000);
    Segment segment;
    segment.tuple = before;
    segment.seq = 100;
    segment.ack = 200;
    segment.options = Join({OptionTimestamps(1, 2), OptionSack({300, 400})});
    segment.payload = {1, 2, 3};
    Segment expected = segment;
    ist_rewrite rewrite;

    // Passive: addresses and ports.
    Packet packet = BuildTcp(segment);
    ist_rewrite_init(&rewrite, &before, &after, BOTH);
    Apply(packet, rewrite);
    expected.tuple = after;
    EXPECT_EQ(packet, BuildTcp(expected));

    // Pure: addresses only.
    packet = BuildTcp(segment);
    ist_rewrite_init(&rewrite, &before, &after, IST_EDIT_ADDRESSES);
    Apply(packet, rewrite);
    expected.tuple.source_port = before.source_port;
    expected.tuple.destination_port = before.destination_port;
    EXPECT_EQ(packet, BuildTcp(expected));

    // Active: sequence numbers and SACK as well; the timestamps stay.
    packet = BuildTcp(segment);
    ist_rewrite_init(&rewrite, &before, &after, BOTH | IST_EDIT_SEQUENCE | IST_EDIT_TTL);
    rewrite.seq_add = 1000;
    rewrite.ack_add = 5000;
    Apply(packet, rewrite);
    expected.tuple = after;
    expected.seq = 1100;
    expected.ack = 5200;
    expected.ttl = 63;
    expected.options = Join({OptionTimestamps(1, 2), OptionSack({5300, 5400})});
    EXPECT_EQ(packet, BuildTcp(expected));

    // Active towards a side without SACK: the option becomes NOPs.
    packet = BuildTcp(segment);
    rewrite.fields |= IST_EDIT_BLANK_SACK;
    Apply(packet, rewrite);
    expected.options = Join({OptionTimestamps(1, 2), Packet(10, 1)});
    EXPECT_EQ(packet, BuildTcp(expected));
}

TEST(IstRewrite, LeavesTheAckFieldOfASegmentWithoutAck)
{
    const ist_tuple tuple = MakeTuple(1, 2, 3, 4);
    Segment segment;
    segment.tuple = tuple;
    segment.flags = IST_TCP_RST;
    Packet packet = BuildTcp(segment);
    ist_rewrite rewrite;
    ist_rewrite_init(&rewrite, &tuple, &tuple, IST_EDIT_SEQUENCE);
    rewrite.ack_add = 77;
    Apply(packet, rewrite);
    EXPECT_EQ(Parse(packet).ack, 0u);
    EXPECT_EQ(ChecksumFault(packet), "");
}

TEST(IstRewriteUdp, KeepsAnAbsentChecksumAbsent)
{
    const ist_tuple before = MakeTuple(0x0a000001, 31000, 0xc0000201, 7000);
    const ist_tuple after = MakeTuple(0xc0000201, 7001, 0x0a010002, 32000);
    Packet packet = BuildUdp(before, {1, 2, 3}, false);
    ist_rewrite rewrite;
    ist_rewrite_init(&rewrite, &before, &after, BOTH);
    Apply(packet, rewrite);
    EXPECT_EQ(packet, BuildUdp(after, {1, 2, 3}, false));
}

TEST(IstRewriteUdp, SendsAComputedZeroAsAllOnes)
{
    // Choose the new port so that the sum comes out as all ones, the checksum as zero.
    const ist_tuple before = MakeTuple(0x0a000001, 1, 0xc0000201, 2);
    ist_tuple after = before;
    Packet packet = BuildUdp(before, {0, 0});
    after.source_port = static_cast<uint16_t>(1 + ist_get16(&packet[26]));
    ist_rewrite rewrite;
    ist_rewrite_init(&rewrite, &before, &after, BOTH);
    Apply(packet, rewrite);
    EXPECT_EQ(ist_get16(&packet[26]), 0xffff);
    EXPECT_EQ(ChecksumFault(packet), "");
}

TEST(IstRewriteModes, PartialFollowsAddressesOnly)
{
    const ist_tuple before = MakeTuple(0x0a000001, 31000, 0xc0000201, 7000);
    const ist_tuple after = MakeTuple(0xc0000201, 7001, 0x0a010002, 32000);
    Segment segment;
    segment.tuple = before;
    Packet packet = BuildTcp(segment);
    auto pseudo = [](const Packet& bytes)
    { return ist_sum(&bytes[12], 8, IST_PROTOCOL_TCP + static_cast<uint32_t>(bytes.size()) - 20); };
    ist_put16(&packet[36], static_cast<uint16_t>(pseudo(packet)));
    ist_rewrite rewrite;
    ist_rewrite_init(&rewrite, &before, &after, BOTH);
    Apply(packet, rewrite, IST_CHECKSUM_PARTIAL);
    EXPECT_EQ(ist_get16(&packet[36]), pseudo(packet));
    EXPECT_EQ(ist_get16(&packet[20]), 7001);
}

TEST(IstRewriteModes, HelperLeavesTheFieldAndHandsOutTheDeltas)
{
    std::mt19937_64 random(4);
    for (int round = 0; round < 1000; ++round)
    {
        const ist_tuple before = RandomTuple(random);
        const ist_tuple after = RandomTuple(random);
        Packet packet = RandomTcp(random, before);
        const uint16_t field = ist_get16(&packet[36]);
        ist_rewrite rewrite;
        ist_rewrite_init(&rewrite, &before, &after, BOTH | IST_EDIT_SEQUENCE);
        rewrite.seq_add = static_cast<uint32_t>(random());
        const ist_deltas deltas = Apply(packet, rewrite, IST_CHECKSUM_HELPER);
        ASSERT_EQ(ist_get16(&packet[36]), field);
        ASSERT_EQ(ist_get16(&packet[10]), IpChecksum(packet));
        // What bpf_l4_csum_replace does with them.
        uint16_t helped = ist_checksum_update(field, deltas.pseudo);
        helped = ist_checksum_update(helped, deltas.transport);
        ASSERT_EQ(helped, TransportChecksum(packet));
    }
}

TEST(IstRewrite, TouchesOnlyTheIpHeaderOfALaterFragment)
{
    const ist_tuple before = MakeTuple(0x0a000001, 31000, 0xc0000201, 7000);
    const ist_tuple after = MakeTuple(0xc0000201, 7001, 0x0a010002, 32000);
    Packet packet = BuildUdp(before, {1, 2, 3, 4});
    ist_put16(&packet[6], 100);
    ist_put16(&packet[10], IpChecksum(packet));
    const Packet original = packet;
    ist_rewrite rewrite;
    ist_rewrite_init(&rewrite, &before, &after, BOTH);
    Apply(packet, rewrite);
    EXPECT_EQ(ist_get32(&packet[12]), 0xc0000201u);
    EXPECT_EQ(ist_get16(&packet[10]), IpChecksum(packet));
    EXPECT_TRUE(std::equal(packet.begin() + 20, packet.end(), original.begin() + 20));
}

TEST(IstRewrite, IpOptionsShiftTheTransportHeader)
{
    const ist_tuple before = MakeTuple(0x0a000001, 31000, 0xc0000201, 7000);
    const ist_tuple after = MakeTuple(0xc0000201, 7001, 0x0a010002, 32000);
    Packet packet = BuildUdp(before, {1, 2, 3, 4});
    packet.insert(packet.begin() + 20, {1, 1, 1, 1});
    packet[0] = 0x46;
    ist_put16(&packet[2], static_cast<uint16_t>(packet.size()));
    ist_put16(&packet[10], IpChecksum(packet));
    ist_rewrite rewrite;
    ist_rewrite_init(&rewrite, &before, &after, BOTH);
    Apply(packet, rewrite);
    EXPECT_EQ(ist_get16(&packet[24]), 7001);
    EXPECT_EQ(ChecksumFault(packet), "");
}

} // namespace
} // namespace isb::test
