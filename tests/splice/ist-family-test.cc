// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 7915 sections 4.1 and 5.1, byte by byte.
#include "model/splice/ist-family.h"
#include "tests/splice/raw-tcp.h"

#include <gtest/gtest.h>

#include <random>

namespace isb::test
{
namespace
{

const ist_tuple V4 = MakeTuple(0x0a000001, 31000, 0xc0000201, 7000);
const ist_tuple V6 = MakeTuple6(0xb, 2, 32000, 7001);

ist_rewrite
Rewrite(const ist_tuple& before, const ist_tuple& after)
{
    ist_rewrite rewrite;
    ist_rewrite_init(&rewrite,
                     &before,
                     &after,
                     IST_EDIT_ADDRESSES | IST_EDIT_PORTS | IST_EDIT_TTL | IST_EDIT_FAMILY);
    rewrite.identification = 0x4242;
    return rewrite;
}

/// The new header of a packet of which only the IP header matters.
Packet
Header(const Packet& packet, const ist_rewrite& rewrite)
{
    const ist_packet parsed = Parse(packet);
    ist_family_out out;
    ist_family_header(&parsed, &rewrite, &out);
    EXPECT_EQ(out.skip, parsed.transport_offset);
    return {out.bytes, out.bytes + out.length};
}

Packet
Udp4(size_t payload)
{
    return BuildUdp(V4, Packet(payload, 0x5a));
}

Packet
Udp6(size_t payload)
{
    return BuildUdp(V6, Packet(payload, 0x5a), true, IST_FAMILY_IPV6);
}

void
Reseal(Packet& ipv4)
{
    ist_put16(&ipv4[10], IpChecksum(ipv4));
}

/// An IPv6 packet with a fragment header.
Packet
Fragment6(size_t payload, uint16_t offsetAndMore, uint32_t identification)
{
    const Packet udp = Udp6(payload);
    Packet packet(udp.begin(), udp.begin() + 40);
    packet[6] = 44;
    ist_put16(&packet[4], static_cast<uint16_t>(udp.size() - 40 + 8));
    Packet header(8);
    header[0] = IST_PROTOCOL_UDP;
    ist_put16(&header[2], offsetAndMore);
    ist_put32(&header[4], identification);
    return Join({packet, header, Packet(udp.begin() + 40, udp.end())});
}

TEST(IstFamily, Ipv4BecomesIpv6)
{
    Packet packet = Udp4(12);
    packet[1] = 0xb9; // DSCP 46, ECN ECT(1)
    packet[8] = 17;
    Reseal(packet);
    const Packet expected = Join({{0x6b, 0x90, 0, 0, 0, 20, 17, 16}, Packet(32)});
    Packet header = Header(packet, Rewrite(V4, V6));
    ASSERT_EQ(header.size(), 40u);
    ist_address address;
    ist_get_ipv6(&address, &header[8]);
    EXPECT_TRUE(ist_address_equal(&address, &V6.source));
    ist_get_ipv6(&address, &header[24]);
    EXPECT_TRUE(ist_address_equal(&address, &V6.destination));
    std::fill(header.begin() + 8, header.end(), uint8_t{0});
    EXPECT_EQ(header, expected);
}

TEST(IstFamily, Ipv6BecomesIpv4)
{
    Packet packet = Udp6(12);
    packet[0] = 0x6b;
    packet[1] = 0x9f; // flow label is lost
    packet[7] = 17;
    const Packet header = Header(packet, Rewrite(V6, V4));
    Packet expected{0x45, 0xb9, 0, 40, 0x42, 0x42, 0, 0, 16, 17, 0, 0, 10, 0, 0, 1, 192, 0, 2, 1};
    Reseal(expected);
    EXPECT_EQ(header, expected);
}

TEST(IstFamily, Ipv4OptionsAreDropped)
{
    Packet packet = Udp4(12);
    packet.insert(packet.begin() + 20, {7, 7, 4, 0, 0, 0, 0, 0});
    packet[0] = 0x47;
    ist_put16(&packet[2], 48);
    Reseal(packet);
    const Packet header = Header(packet, Rewrite(V4, V6));
    EXPECT_EQ(header.size(), 40u);
    EXPECT_EQ(ist_get16(&header[4]), 20);
}

TEST(IstFamily, Ipv6ExtensionsAreDropped)
{
    Packet packet = Udp6(12);
    packet.insert(packet.begin() + 40, {17, 0, 1, 4, 0, 0, 0, 0});
    packet[6] = 60;
    ist_put16(&packet[4], 28);
    const Packet header = Header(packet, Rewrite(V6, V4));
    EXPECT_EQ(ist_get16(&header[2]), 40);
    EXPECT_EQ(header[9], IST_PROTOCOL_UDP);
}

/// RFC 7915 section 5.1: DF unless the packet is so short that a link may have asked for it.
TEST(IstFamily, DontFragmentIsSetAbove1260Bytes)
{
    for (const size_t total : {1260u, 1261u})
    {
        const Packet header = Header(Udp6(total - 28), Rewrite(V6, V4));
        EXPECT_EQ(ist_get16(&header[2]), total);
        EXPECT_EQ(ist_get16(&header[6]), total == 1260 ? 0 : 0x4000);
        EXPECT_EQ(ist_get16(&header[4]), total == 1260 ? 0x4242 : 0);
        EXPECT_EQ(ist_get16(&header[10]), IpChecksum(header));
    }
}

/// RFC 7915 section 4.1: whatever DF says, a whole packet has no fragment header.
TEST(IstFamily, WholeIpv4PacketsGetNoFragmentHeader)
{
    for (const uint8_t flags : {uint8_t{0x00}, uint8_t{0x40}})
    {
        Packet packet = Udp4(100);
        packet[6] = flags;
        Reseal(packet);
        EXPECT_EQ(Header(packet, Rewrite(V4, V6)).size(), 40u);
    }
}

TEST(IstFamily, Ipv4FragmentsGetAFragmentHeader)
{
    const struct
    {
        uint16_t field; // flags and offset of IPv4
        uint16_t expected;
    } cases[] = {{0x2000, 1}, {0x2000 | 185, 1480 | 1}, {370, 2960}};

    for (const auto& c : cases)
    {
        Packet packet = Udp4(92);
        ist_put16(&packet[4], 0xbeef);
        ist_put16(&packet[6], c.field);
        Reseal(packet);
        const Packet header = Header(packet, Rewrite(V4, V6));
        ASSERT_EQ(header.size(), 48u);
        EXPECT_EQ(ist_get16(&header[4]), 8 + 100) << "payload length";
        EXPECT_EQ(header[6], 44);
        const Packet expected{17,
                              0,
                              static_cast<uint8_t>(c.expected >> 8),
                              static_cast<uint8_t>(c.expected),
                              0,
                              0,
                              0xbe,
                              0xef};
        EXPECT_EQ(Packet(header.begin() + 40, header.end()), expected);
    }
}

TEST(IstFamily, Ipv6FragmentsKeepTheirPlaceAndTheLowIdentification)
{
    const struct
    {
        uint16_t field; // of the IPv6 fragment header
        uint16_t expected;
    } cases[] = {{1, 0x2000}, {1448 | 1, 0x2000 | 181}, {2896, 362}, {0, 0}};

    for (const auto& c : cases)
    {
        const Packet header = Header(Fragment6(1400, c.field, 0xdeadbeef), Rewrite(V6, V4));
        EXPECT_EQ(ist_get16(&header[2]), 20 + 1408);
        EXPECT_EQ(ist_get16(&header[4]), 0xbeef);
        EXPECT_EQ(ist_get16(&header[6]), c.expected) << "DF is never set (section 5.1.1)";
    }
}

/// The transport checksum of a translated packet is the one summed from scratch.
TEST(IstFamily, TransportChecksumsHoldAcross)
{
    std::mt19937 random(3);
    for (int i = 0; i < 2000; ++i)
    {
        ist_tuple tuple = i & 1 ? V6 : V4;
        tuple.source_port = static_cast<uint16_t>(random());
        Segment segment;
        segment.tuple = tuple;
        segment.family = i & 1 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4;
        segment.seq = static_cast<uint32_t>(random());
        segment.payload.resize(random() % 100, static_cast<uint8_t>(random()));
        const Packet packet =
            i & 2 ? BuildTcp(segment) : BuildUdp(tuple, segment.payload, true, segment.family);
        const ist_rewrite rewrite = Rewrite(tuple, i & 1 ? V4 : V6);
        const Packet edited = Edited(packet, Parse(packet), rewrite);
        ASSERT_EQ(ChecksumFault(edited), "") << i;
        const ist_packet parsed = Parse(edited);
        ASSERT_EQ(parsed.payload_length, segment.payload.size());
        ASSERT_EQ(parsed.ttl, 63);
        ASSERT_EQ(parsed.tuple.source_port, rewrite.tuple.source_port);
    }
}

TEST(IstFamily, ThereAndBackIsTheSamePacket)
{
    const Packet packet = Udp4(1300);
    const Packet there = Edited(packet, Parse(packet), Rewrite(V4, V6));
    Packet back = Edited(there, Parse(there), Rewrite(V6, V4));
    EXPECT_EQ(back[8], 62);
    back[8] = packet[8];
    ist_put16(&back[4], ist_get16(&packet[4]));
    Reseal(back);
    EXPECT_EQ(back, packet);
}

TEST(IstFamily, UdpWithoutChecksumIsNoticedWhereIpv6IsConcerned)
{
    const Packet bare = BuildUdp(V4, Packet(4), false);
    const ist_packet from4 = Parse(bare);
    const ist_rewrite across = Rewrite(V4, V6);
    ist_rewrite within = Rewrite(V4, V4);
    within.fields = IST_EDIT_ADDRESSES | IST_EDIT_PORTS;
    EXPECT_TRUE(ist_lacks_checksum(&from4, &across));
    EXPECT_FALSE(ist_lacks_checksum(&from4, &within));
    const ist_packet summed = Parse(Udp4(4));
    EXPECT_FALSE(ist_lacks_checksum(&summed, &across));
    const ist_packet from6 = Parse(BuildUdp(V6, Packet(4), false, IST_FAMILY_IPV6));
    EXPECT_TRUE(ist_lacks_checksum(&from6, &within));
    const ist_packet later = Parse(Fragment6(64, 1448, 1));
    EXPECT_FALSE(ist_lacks_checksum(&later, &across)) << "a later fragment has no checksum to lack";
}

} // namespace
} // namespace isb::test
