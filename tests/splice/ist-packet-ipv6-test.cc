// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/splice/ist-packet.h"
#include "tests/splice/raw-tcp.h"

#include <gtest/gtest.h>

#include <functional>
#include <ostream>

namespace isb::test
{
namespace
{

const ist_tuple TUPLE = MakeTuple6(0xa, 1, 31000, 7000);

Packet
Tcp6()
{
    Segment segment;
    segment.family = IST_FAMILY_IPV6;
    segment.tuple = TUPLE;
    segment.seq = 0x01020304;
    segment.ack = 0x05060708;
    segment.ttl = 33;
    segment.options = Join({OptionMss(1440), OptionTimestamps(7, 9)});
    segment.payload = {1, 2, 3};
    return BuildTcp(segment);
}

/// Puts an extension header of `body` between the IPv6 header and what follows.
Packet
WithExtension(const Packet& packet, uint8_t type, Packet body)
{
    Packet made(packet.begin(), packet.begin() + 40);
    body[0] = packet[6];
    made[6] = type;
    ist_put16(&made[4], static_cast<uint16_t>(packet.size() - 40 + body.size()));
    for (const uint8_t byte : body)
    {
        made.push_back(byte);
    }
    for (size_t i = 40; i < packet.size(); ++i)
    {
        made.push_back(packet[i]);
    }
    return made;
}

Packet
Fragment(uint16_t offsetAndMore, uint32_t identification)
{
    Packet header(8);
    ist_put16(&header[2], offsetAndMore);
    ist_put32(&header[4], identification);
    return header;
}

Packet
Options(uint8_t eights)
{
    Packet header(8 * (eights + size_t{1}));
    header[1] = eights;
    return header;
}

int
Code(const Packet& packet)
{
    ist_packet parsed;
    const auto length = static_cast<uint32_t>(packet.size());
    return ist_packet_parse_any(&parsed, packet.data(), length, length);
}

TEST(IstPacketIpv6, ReadsTcpWithItsOptions)
{
    Packet bytes = Tcp6();
    bytes[0] = 0x6b; // traffic class 0xb8, flow label 0xabcde
    bytes[1] = 0x8a;
    bytes[2] = 0xbc;
    bytes[3] = 0xde;
    const ist_packet packet = Parse(bytes);
    EXPECT_EQ(packet.family, IST_FAMILY_IPV6);
    EXPECT_EQ(packet.protocol, IST_PROTOCOL_TCP);
    EXPECT_EQ(packet.traffic_class, 0xb8);
    EXPECT_EQ(packet.ttl, 33);
    EXPECT_TRUE(ist_address_equal(&packet.tuple.source, &TUPLE.source));
    EXPECT_TRUE(ist_address_equal(&packet.tuple.destination, &TUPLE.destination));
    EXPECT_EQ(packet.tuple.source_port, 31000);
    EXPECT_EQ(packet.tuple.destination_port, 7000);
    EXPECT_EQ(packet.seq, 0x01020304u);
    EXPECT_EQ(packet.ack, 0x05060708u);
    EXPECT_EQ(packet.mss, 1440);
    EXPECT_EQ(packet.tsval, 7u);
    EXPECT_EQ(packet.total_length, 40 + 36 + 3);
    EXPECT_EQ(packet.transport_offset, 40);
    EXPECT_EQ(packet.header_length, 76);
    EXPECT_EQ(packet.payload_length, 3);
    EXPECT_EQ(packet.flags, 0);
    EXPECT_EQ(packet.checksum, TransportChecksum(bytes));
}

TEST(IstPacketIpv6, ReadsUdpAndItsRegistration)
{
    Packet payload(IST_REGISTRATION_LENGTH);
    ist_put32(payload.data(), IST_REGISTRATION_HIGH);
    ist_put32(&payload[4], IST_REGISTRATION_LOW);
    const ist_packet packet = Parse(BuildUdp(TUPLE, payload, true, IST_FAMILY_IPV6));
    EXPECT_EQ(packet.protocol, IST_PROTOCOL_UDP);
    EXPECT_EQ(packet.payload_length, 16);
    EXPECT_EQ(packet.flags, IST_PACKET_REGISTRATION);
}

TEST(IstPacketIpv6, EchoHasItsIdentifierAsPortsAndOtherIcmpHasNone)
{
    for (const uint8_t type : {uint8_t{128}, uint8_t{129}})
    {
        const Packet echo{type, 0, 0, 0, 0x12, 0x34, 0, 1};
        const ist_packet packet =
            Parse(BuildIp(IST_FAMILY_IPV6, TUPLE, IST_PROTOCOL_ICMPV6, 64, echo));
        EXPECT_EQ(packet.icmp_type, type);
        EXPECT_EQ(packet.tuple.source_port, 0x1234);
        EXPECT_EQ(packet.tuple.destination_port, 0x1234);
    }
    for (const uint8_t type : {uint8_t{0}, uint8_t{8}, uint8_t{1}, uint8_t{135}})
    {
        const Packet other{type, 0, 0, 0, 0x12, 0x34, 0, 1};
        const ist_packet packet =
            Parse(BuildIp(IST_FAMILY_IPV6, TUPLE, IST_PROTOCOL_ICMPV6, 64, other));
        EXPECT_EQ(packet.tuple.source_port, 0) << int{type};
    }
}

TEST(IstPacketIpv6, IcmpOfTheOtherFamilyIsNoProtocolHere)
{
    const Packet body(8);
    EXPECT_EQ(Code(BuildIp(IST_FAMILY_IPV6, TUPLE, IST_PROTOCOL_ICMP, 64, body)),
              IST_ERROR_PROTOCOL);
    EXPECT_EQ(Code(BuildIp(IST_FAMILY_IPV4, MakeTuple(1, 2, 3, 4), 58, 64, body)),
              IST_ERROR_PROTOCOL);
}

TEST(IstPacketIpv6, SkipsExtensionHeaders)
{
    const Packet plain = Tcp6();
    const Packet once = WithExtension(plain, 60, Options(0));
    const Packet routed = WithExtension(once, 43, Options(0));
    const Packet all = WithExtension(routed, 0, Options(0));
    const ist_packet expected = Parse(plain);
    unsigned int extra = 0;
    for (const Packet& bytes : {once, routed, all})
    {
        extra += 8;
        const ist_packet packet = Parse(bytes);
        EXPECT_EQ(packet.transport_offset, 40 + extra);
        EXPECT_EQ(packet.seq, expected.seq);
        EXPECT_EQ(packet.mss, expected.mss);
        EXPECT_EQ(packet.payload_length, 3);
    }
}

TEST(IstPacketIpv6, ReadsFragments)
{
    const Packet udp = BuildUdp(TUPLE, Packet(64), true, IST_FAMILY_IPV6);
    ist_packet packet = Parse(WithExtension(udp, 44, Fragment(1, 0xdeadbeef)));
    EXPECT_EQ(packet.flags, IST_PACKET_FRAGMENT_HEADER | IST_PACKET_MORE_FRAGMENTS);
    EXPECT_EQ(packet.identification, 0xdeadbeefu);
    EXPECT_EQ(packet.fragment_offset, 0);
    EXPECT_EQ(packet.tuple.source_port, 31000);

    packet = Parse(WithExtension(udp, 44, Fragment(1448, 5)));
    EXPECT_EQ(packet.fragment_offset, 1448);
    EXPECT_EQ(packet.flags, IST_PACKET_FRAGMENT_HEADER);
    EXPECT_EQ(packet.protocol, IST_PROTOCOL_UDP);
    EXPECT_EQ(packet.tuple.source_port, 0) << "only the first has ports";
    EXPECT_EQ(packet.transport_offset, 48);

    packet = Parse(WithExtension(udp, 44, Fragment(0, 5)));
    EXPECT_EQ(packet.flags, IST_PACKET_FRAGMENT_HEADER) << "the only one (RFC 6946)";
    EXPECT_EQ(packet.tuple.source_port, 31000);
}

struct Malformed
{
    const char* name;
    int code;
    std::function<void(Packet&)> spoil;
};

void
PrintTo(const Malformed& malformed, std::ostream* out)
{
    *out << malformed.name;
}

class MalformedIpv6 : public ::testing::TestWithParam<Malformed>
{
};

TEST_P(MalformedIpv6, IsRefusedWithItsCode)
{
    Packet packet = Tcp6();
    GetParam().spoil(packet);
    EXPECT_EQ(Code(packet), GetParam().code) << ist_parse_error_name(GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    MalformedIpv6,
    ::testing::Values(
        Malformed{"ShortHeader", IST_ERROR_SHORT, [](Packet& p) { p.resize(39); }},
        Malformed{"Version", IST_ERROR_VERSION, [](Packet& p) { p[0] = 0x50; }},
        Malformed{"LongerThanArrived",
                  IST_ERROR_TOTAL_LENGTH,
                  [](Packet& p) { ist_put16(&p[4], static_cast<uint16_t>(p.size() - 39)); }},
        Malformed{"Jumbogram", IST_ERROR_SHORT, [](Packet& p) { ist_put16(&p[4], 0); }},
        Malformed{"UnknownProtocol", IST_ERROR_PROTOCOL, [](Packet& p) { p[6] = 50; }},
        Malformed{"NoNextHeader", IST_ERROR_PROTOCOL, [](Packet& p) { p[6] = 59; }},
        Malformed{"TcpCut", IST_ERROR_TCP_OFFSET, [](Packet& p) { ist_put16(&p[4], 30); }},
        Malformed{"ExtensionBeyondTheEnd",
                  IST_ERROR_HEADER_LENGTH,
                  [](Packet& p)
                  {
                      p = WithExtension(p, 60, Options(1));
                      ist_put16(&p[4], 12);
                  }},
        Malformed{"ExtensionTooLong",
                  IST_ERROR_EXTENSION,
                  [](Packet& p) { p = WithExtension(p, 60, Options(10)); }},
        Malformed{"TcpBehindTheLimit",
                  IST_ERROR_EXTENSION,
                  [](Packet& p) { p = WithExtension(p, 60, Options(6)); }},
        Malformed{"TooManyExtensions",
                  IST_ERROR_EXTENSION,
                  [](Packet& p)
                  {
                      for (int i = 0; i < 6; ++i)
                      {
                          p = WithExtension(p, 60, Options(0));
                      }
                  }},
        Malformed{"HopByHopNotFirst",
                  IST_ERROR_EXTENSION,
                  [](Packet& p)
                  { p = WithExtension(WithExtension(p, 0, Options(0)), 60, Options(0)); }},
        Malformed{"RoutingNotAtItsEnd",
                  IST_ERROR_EXTENSION,
                  [](Packet& p) {
                      p = WithExtension(p, 43, {0, 0, 0, 1, 0, 0, 0, 0});
                  }},
        Malformed{"TwoFragmentHeaders",
                  IST_ERROR_EXTENSION,
                  [](Packet& p)
                  { p = WithExtension(WithExtension(p, 44, Fragment(0, 1)), 44, Fragment(0, 1)); }},
        Malformed{"FragmentBeyond65535",
                  IST_ERROR_FRAGMENT,
                  [](Packet& p) { p = WithExtension(p, 44, Fragment(0xfff8, 1)); }}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(IstPacketIpv6, IsRefusedWhenCutAnywhereInItsHeaders)
{
    const Packet packet = WithExtension(Tcp6(), 60, Options(0));
    const auto length = static_cast<uint32_t>(packet.size());
    ist_packet parsed;
    for (uint32_t captured = 0; captured < 84; ++captured)
    {
        EXPECT_NE(ist_packet_parse_any(&parsed, packet.data(), captured, length), 0) << captured;
    }
    EXPECT_EQ(ist_packet_parse_any(&parsed, packet.data(), 84, length), 0);
}

TEST(IstPacketIpv6, Ipv4IsReadAsByTheParserOfIpv4)
{
    Segment segment;
    segment.tuple = MakeTuple(1, 2, 3, 4);
    const Packet bytes = BuildTcp(segment);
    ist_packet any;
    ist_packet only;
    const auto length = static_cast<uint32_t>(bytes.size());
    ASSERT_EQ(ist_packet_parse_any(&any, bytes.data(), length, length), 0);
    ASSERT_EQ(ist_packet_parse(&only, bytes.data(), length, length), 0);
    EXPECT_EQ(any.seq, only.seq);
    EXPECT_EQ(any.tuple.source_port, only.tuple.source_port);
    EXPECT_EQ(ist_packet_parse(&only, Tcp6().data(), 79, 79), IST_ERROR_VERSION);
}

TEST(IstPacketIpv6, QuotedPacketNeedsItsHeaderAndEightBytes)
{
    const Packet bytes = Tcp6();
    ist_packet quoted;
    ASSERT_EQ(ist_packet_parse_quoted_any(&quoted, bytes.data(), 48), 0);
    EXPECT_EQ(quoted.seq, 0x01020304u);
    EXPECT_EQ(quoted.tuple.destination_port, 7000);
    EXPECT_EQ(ist_packet_parse_quoted_any(&quoted, bytes.data(), 47), IST_ERROR_SHORT);
}

} // namespace
} // namespace isb::test
