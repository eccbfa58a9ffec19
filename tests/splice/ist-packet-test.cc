// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-packet.h"

#include "tests/splice/raw-tcp.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace isb::test
{
namespace
{

Packet
RichTcp()
{
    Segment segment;
    segment.tuple = MakeTuple(0x0a000001, 31000, 0xc0000201, 7000);
    segment.seq = 0x01020304;
    segment.ack = 0x0a0b0c0d;
    segment.flags = IST_TCP_SYN | IST_TCP_ECE | IST_TCP_CWR | IST_TCP_AE;
    segment.window = 4321;
    segment.options =
        Join({OptionMss(1448), OptionSackPermitted(), OptionTimestamps(77, 88), OptionWscale(9)});
    segment.payload = {1, 2, 3};
    return BuildTcp(segment);
}

int
Code(const Packet& packet)
{
    ist_packet parsed;
    const auto length = static_cast<uint32_t>(packet.size());
    return ist_packet_parse(&parsed, packet.data(), length, length);
}

TEST(IstPacket, ReadsEveryTcpField)
{
    const ist_packet packet = Parse(RichTcp());
    EXPECT_EQ(packet.family, IST_FAMILY_IPV4);
    EXPECT_EQ(packet.protocol, IST_PROTOCOL_TCP);
    EXPECT_EQ(packet.tuple.source.word[0], 0x0a000001u);
    EXPECT_EQ(packet.tuple.destination.word[0], 0xc0000201u);
    EXPECT_EQ(packet.tuple.source_port, 31000);
    EXPECT_EQ(packet.tuple.destination_port, 7000);
    EXPECT_EQ(packet.seq, 0x01020304u);
    EXPECT_EQ(packet.ack, 0x0a0b0c0du);
    EXPECT_EQ(packet.tcp_flags, IST_TCP_SYN | IST_TCP_ECE | IST_TCP_CWR | IST_TCP_AE);
    EXPECT_EQ(packet.window, 4321);
    EXPECT_EQ(packet.mss, 1448);
    EXPECT_EQ(packet.wscale, 9);
    EXPECT_EQ(packet.tsval, 77u);
    EXPECT_EQ(packet.tsecr, 88u);
    EXPECT_EQ(packet.options,
              IST_OPTION_MSS | IST_OPTION_WSCALE | IST_OPTION_SACK_PERMITTED |
                  IST_OPTION_TIMESTAMP);
    EXPECT_EQ(packet.transport_offset, 20);
    EXPECT_EQ(packet.header_length, 60);
    EXPECT_EQ(packet.timestamp_offset, 48);
    EXPECT_EQ(packet.payload_length, 3);
    EXPECT_EQ(packet.total_length, 63);
    EXPECT_EQ(packet.flags, IST_PACKET_DONT_FRAGMENT);
}

TEST(IstPacket, ReadsSackBlocksAtAnyOffset)
{
    for (size_t nops = 0; nops < 4; ++nops)
    {
        Segment segment;
        segment.options = Join({Packet(nops, 1), OptionSack({10, 20, 30, 40})});
        const ist_packet packet = Parse(BuildTcp(segment));
        EXPECT_EQ(packet.sack_blocks, 2);
        EXPECT_EQ(packet.sack_offset, 42 + nops);
    }
}

TEST(IstPacket, ClampsWindowScaleTo14)
{
    Segment segment;
    segment.options = OptionWscale(200);
    EXPECT_EQ(Parse(BuildTcp(segment)).wscale, 14);
}

TEST(IstPacket, IgnoresWhatFollowsEndOfOptions)
{
    Segment segment;
    segment.options = {0, 2, 4, 5, 180, 9, 9, 9};
    const ist_packet packet = Parse(BuildTcp(segment));
    EXPECT_EQ(packet.options, 0);
    EXPECT_EQ(packet.mss, 0);
}

TEST(IstPacket, KnowsARegistrationAndItsTwins)
{
    const ist_tuple tuple = MakeTuple(1, 2, 3, 4);
    Packet payload{'I', 'S', 'B', 'R', 'E', 'G', '1', 0, 0, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_TRUE(Parse(BuildUdp(tuple, payload)).flags & IST_PACKET_REGISTRATION);
    EXPECT_EQ(Parse(BuildUdp(tuple, payload)).payload_length, 16);
    Packet other = payload;
    other[15] = 1;
    EXPECT_FALSE(Parse(BuildUdp(tuple, other)).flags & IST_PACKET_REGISTRATION);
    other = payload;
    other.push_back(0);
    EXPECT_FALSE(Parse(BuildUdp(tuple, other)).flags & IST_PACKET_REGISTRATION);
    other = payload;
    other[0] = 'i';
    EXPECT_FALSE(Parse(BuildUdp(tuple, other)).flags & IST_PACKET_REGISTRATION);
}

TEST(IstPacket, ReadsEchoIdentifierAsBothPorts)
{
    Packet packet = BuildUdp(MakeTuple(1, 2, 3, 4), Packet(8));
    packet[9] = IST_PROTOCOL_ICMP;
    packet[20] = 8;
    ist_put16(&packet[24], 4711);
    const ist_packet parsed = Parse(packet);
    EXPECT_EQ(parsed.tuple.source_port, 4711);
    EXPECT_EQ(parsed.tuple.destination_port, 4711);
    EXPECT_EQ(parsed.icmp_type, 8);
    EXPECT_EQ(parsed.header_length, 28);
}

TEST(IstPacket, ReadsOnlyTheIpHeaderOfALaterFragment)
{
    Packet packet = RichTcp();
    ist_put16(&packet[6], 0x2000 | 100);
    const ist_packet parsed = Parse(packet);
    EXPECT_EQ(parsed.fragment_offset, 800);
    EXPECT_TRUE(parsed.flags & IST_PACKET_MORE_FRAGMENTS);
    EXPECT_EQ(parsed.tuple.source_port, 0);
    EXPECT_EQ(parsed.header_length, 20);
    EXPECT_EQ(parsed.payload_length, 43);
}

TEST(IstPacket, AcceptsAFirstFragmentOfALongDatagram)
{
    Packet packet = BuildUdp(MakeTuple(1, 2, 3, 4), Packet(1000));
    ist_put16(&packet[24], 6008);
    EXPECT_EQ(Code(packet), IST_ERROR_UDP_LENGTH);
    ist_put16(&packet[6], 0x2000);
    EXPECT_EQ(Code(packet), 0);
    EXPECT_EQ(Parse(packet).payload_length, 1000);
}

TEST(IstPacket, ToleratesLinkPadding)
{
    Packet packet = BuildUdp(MakeTuple(1, 2, 3, 4), Packet(2));
    packet.resize(46);
    EXPECT_EQ(Parse(packet).payload_length, 2);
}

TEST(IstPacket, NeedsNoMoreThanTheHeadersCaptured)
{
    const Packet packet = RichTcp();
    ist_packet parsed;
    EXPECT_EQ(ist_packet_parse(&parsed, packet.data(), 60, 63), 0);
    EXPECT_EQ(ist_packet_parse(&parsed, packet.data(), 59, 63), IST_ERROR_SHORT);
}

struct Malformed
{
    const char* name;
    int code;
    std::function<void(Packet&)> spoil;
};

class IstPacketMalformed : public ::testing::TestWithParam<Malformed>
{
};

TEST_P(IstPacketMalformed, IsRefusedByName)
{
    Packet packet = RichTcp();
    EXPECT_EQ(Code(packet), 0);
    GetParam().spoil(packet);
    EXPECT_EQ(Code(packet), GetParam().code) << ist_parse_error_name(Code(packet)) << " instead of "
                                             << ist_parse_error_name(GetParam().code);
    EXPECT_STRNE(ist_parse_error_name(GetParam().code), "ok");
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    IstPacketMalformed,
    ::testing::Values(
        Malformed{"Empty", IST_ERROR_SHORT, [](Packet& p) { p.clear(); }},
        Malformed{"ShortIp", IST_ERROR_SHORT, [](Packet& p) { p.resize(19); }},
        Malformed{"Ipv6", IST_ERROR_VERSION, [](Packet& p) { p[0] = 0x65; }},
        Malformed{"IhlTooSmall", IST_ERROR_HEADER_LENGTH, [](Packet& p) { p[0] = 0x44; }},
        Malformed{"IhlAboveTotal",
                  IST_ERROR_HEADER_LENGTH,
                  [](Packet& p)
                  {
                      p[0] = 0x4f;
                      ist_put16(&p[2], 40);
                  }},
        Malformed{"TotalAboveArrived",
                  IST_ERROR_TOTAL_LENGTH,
                  [](Packet& p) { ist_put16(&p[2], 64); }},
        Malformed{"TotalBelowHeader",
                  IST_ERROR_HEADER_LENGTH,
                  [](Packet& p) { ist_put16(&p[2], 19); }},
        Malformed{"FragmentBeyondEnd",
                  IST_ERROR_FRAGMENT,
                  [](Packet& p) { ist_put16(&p[6], 0x1fff); }},
        Malformed{"UnknownProtocol", IST_ERROR_PROTOCOL, [](Packet& p) { p[9] = 47; }},
        Malformed{"TcpTruncated", IST_ERROR_SHORT, [](Packet& p) { ist_put16(&p[2], 39); }},
        Malformed{"DataOffsetTooSmall", IST_ERROR_TCP_OFFSET, [](Packet& p) { p[32] = 0x40; }},
        Malformed{"DataOffsetTooLarge", IST_ERROR_TCP_OFFSET, [](Packet& p) { p[32] = 0xf0; }},
        Malformed{"OptionLengthZero", IST_ERROR_TCP_OPTION, [](Packet& p) { p[41] = 0; }},
        Malformed{"OptionLengthOne", IST_ERROR_TCP_OPTION, [](Packet& p) { p[41] = 1; }},
        Malformed{"OptionBeyondHeader", IST_ERROR_TCP_OPTION, [](Packet& p) { p[41] = 200; }},
        Malformed{"OptionWithoutLength",
                  IST_ERROR_TCP_OPTION,
                  [](Packet& p)
                  {
                      std::fill(p.begin() + 40, p.begin() + 60, uint8_t{1});
                      p[59] = 2;
                  }},
        Malformed{"MssOfWrongLength", IST_ERROR_TCP_OPTION, [](Packet& p) { p[41] = 6; }},
        Malformed{"WscaleOfWrongLength", IST_ERROR_TCP_OPTION, [](Packet& p) { p[40] = 3; }},
        Malformed{"SackPermittedOfWrongLength", IST_ERROR_TCP_OPTION, [](Packet& p) { p[40] = 4; }},
        Malformed{"SackOfWrongLength", IST_ERROR_TCP_OPTION, [](Packet& p) { p[40] = 5; }},
        Malformed{"TimestampOfWrongLength", IST_ERROR_TCP_OPTION, [](Packet& p) { p[40] = 8; }},
        Malformed{"UdpLengthTooSmall",
                  IST_ERROR_UDP_LENGTH,
                  [](Packet& p)
                  {
                      p = BuildUdp(MakeTuple(1, 2, 3, 4), {1});
                      ist_put16(&p[24], 7);
                  }},
        Malformed{"UdpLengthTooLarge",
                  IST_ERROR_UDP_LENGTH,
                  [](Packet& p)
                  {
                      p = BuildUdp(MakeTuple(1, 2, 3, 4), {1});
                      ist_put16(&p[24], 10);
                  }},
        Malformed{"IcmpTruncated",
                  IST_ERROR_SHORT,
                  [](Packet& p)
                  {
                      p[9] = IST_PROTOCOL_ICMP;
                      ist_put16(&p[2], 27);
                      p.resize(27);
                  }}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(IstPacketQuoted, NeedsOnlyEightTransportBytes)
{
    Packet packet = RichTcp();
    ist_packet parsed;
    ASSERT_EQ(ist_packet_parse_quoted(&parsed, packet.data(), 28), 0);
    EXPECT_EQ(parsed.tuple.source_port, 31000);
    EXPECT_EQ(parsed.tuple.destination_port, 7000);
    EXPECT_EQ(parsed.seq, 0x01020304u);
    EXPECT_EQ(ist_packet_parse_quoted(&parsed, packet.data(), 27), IST_ERROR_SHORT);
    packet[9] = 47;
    EXPECT_EQ(ist_packet_parse_quoted(&parsed, packet.data(), 28), IST_ERROR_PROTOCOL);
}

TEST(IstSequence, ComparesAcrossTheWrap)
{
    EXPECT_TRUE(ist_after(1, 0xffffffff));
    EXPECT_FALSE(ist_after(0xffffffff, 1));
    EXPECT_FALSE(ist_after(5, 5));
}

} // namespace
} // namespace isb::test
