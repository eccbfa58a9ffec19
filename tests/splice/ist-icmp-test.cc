// SPDX-License-Identifier: GPL-2.0-or-later
// What an error becomes must be what a router would have said to the sender about his own packet.
#include "model/splice/ist-icmp.h"
#include "model/splice/ist-too-big.h"
#include "tests/splice/splice-driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace isb::test
{
namespace
{

constexpr uint8_t V4 = IST_FAMILY_IPV4;
constexpr uint8_t V6 = IST_FAMILY_IPV6;

ist_tuple
Towards(const ist_tuple& tuple)
{
    ist_tuple reversed;
    ist_towards(&reversed, &tuple);
    return reversed;
}

uint16_t
SumOf(const Packet& bytes)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < bytes.size(); ++i)
    {
        sum += i % 2 == 0 ? static_cast<uint32_t>(bytes[i]) << 8 : bytes[i];
    }
    return ist_fold(sum);
}

/// An error from `tuple`'s source to its destination that quotes `quote` bytes.
Packet
BuildError(uint8_t family,
           const ist_tuple& tuple,
           const ist_icmp_kind& kind,
           const Packet& about,
           size_t quote,
           uint8_t ttl)
{
    Packet body(8);
    body[0] = kind.type;
    body[1] = kind.code;
    ist_put32(&body[4], kind.info);
    const auto end = static_cast<std::ptrdiff_t>(std::min(quote, about.size()));
    body = Join({body, Packet(about.begin(), about.begin() + end)});
    const uint8_t protocol = family == V6 ? IST_PROTOCOL_ICMPV6 : IST_PROTOCOL_ICMP;
    Packet packet = BuildIp(family, tuple, protocol, ttl, body);
    const size_t at = ist_ip_header(family) + 2;
    const uint16_t checksum =
        family == V6 ? TransportChecksum(packet) : static_cast<uint16_t>(~SumOf(body));
    ist_put16(&packet[at], checksum);
    return packet;
}

ist_icmp_kind
Kind(uint8_t type, uint8_t code, uint32_t info = 0)
{
    ist_icmp_kind kind{};
    kind.type = type;
    kind.code = code;
    kind.info = info;
    return kind;
}

std::optional<ist_icmp_error>
ParseError(const Packet& packet)
{
    const ist_packet outer = Parse(packet);
    ist_icmp_error error;
    if (!ist_icmp_parse(&error, &outer, packet.data(), static_cast<uint32_t>(packet.size())))
    {
        return std::nullopt;
    }
    return error;
}

/// The error translated, or nothing if there is no word for it.
Packet
Translate(const ist_splice& splice, unsigned int reached, Packet packet)
{
    const ist_packet outer = Parse(packet);
    const auto size = static_cast<uint32_t>(packet.size());
    ist_icmp_error error;
    EXPECT_TRUE(ist_icmp_parse(&error, &outer, packet.data(), size));
    if (!ist_icmp_crosses(&splice, reached))
    {
        ist_icmp_edit(packet.data(), size, &outer, &error, &splice, reached, true);
        return packet;
    }
    ist_icmp_built built;
    if (!ist_icmp_build(packet.data(), size, &outer, &error, &splice, reached, true, &built))
    {
        return {};
    }
    return Join({Packet(built.bytes, built.bytes + built.length),
                 Packet(packet.begin() + built.skip, packet.end())});
}

struct FamilyCase
{
    const char* name;
    unsigned int method;
    uint8_t familyA;
    uint8_t familyB;
};

class IcmpErrors : public ::testing::TestWithParam<FamilyCase>
{
  public:
    static ist_tuple
    Router(const SpliceDriver& driver)
    {
        ist_tuple tuple = Towards(driver.tuple[IST_SIDE_B]);
        std::swap(tuple.source, tuple.destination);
        tuple.source.word[0] ^= 0x55; // on the way to B
        return tuple;
    }
};

/// A sends data, a router towards B reports; every length of quote.
TEST_P(IcmpErrors, BecomeTheErrorAboutTheSendersOwnPacket)
{
    SpliceDriver driver(GetParam().method, GetParam().familyA, GetParam().familyB);
    driver.Establish();
    const bool across = GetParam().familyA != GetParam().familyB;
    Segment data;
    data.tuple = driver.tuple[IST_SIDE_A];
    data.family = GetParam().familyA;
    data.seq = SpliceDriver::ISN_A + 1;
    data.ack = driver.splice.side[IST_SIDE_A].acked - driver.splice.side[IST_SIDE_A].out.ack_add;
    data.payload.assign(41, 'x');
    const Outcome outcome = driver.Step(IST_SIDE_A, BuildTcp(data));
    ASSERT_EQ(outcome.Text(), "forward");
    const Packet& sent = outcome.forwarded;
    data.ttl = 63;              // as the router saw it
    data.ack = Parse(sent).ack; // stays as it was sent
    const Packet own = BuildTcp(data);
    const size_t header = ist_ip_header(GetParam().familyB);
    const ist_icmp_kind heard =
        GetParam().familyB == V6 ? Kind(IST_ICMPV6_UNREACHABLE, 4) : Kind(IST_ICMP_UNREACHABLE, 3);
    const ist_icmp_kind told =
        GetParam().familyA == V6 ? Kind(IST_ICMPV6_UNREACHABLE, 4) : Kind(IST_ICMP_UNREACHABLE, 3);
    for (size_t quote = header + 8; quote <= sent.size(); ++quote)
    {
        SCOPED_TRACE(quote);
        const Packet error = BuildError(GetParam().familyB, Router(driver), heard, sent, quote, 50);
        const auto parsed = ParseError(error);
        ASSERT_TRUE(parsed);
        EXPECT_TRUE(ist_icmp_under_way(&driver.splice, IST_SIDE_B, &*parsed));
        ist_tuple flow;
        ist_icmp_flow(&*parsed, &flow);
        EXPECT_TRUE(ist_tuple_equal(&flow, &driver.tuple[IST_SIDE_B]));

        const size_t same = quote - header + ist_ip_header(GetParam().familyA);
        Packet quoted = own;
        if (across && GetParam().familyA == V4)
        {
            // What an IPv6 packet says of IPv4: no identification, DF by length.
            ist_put16(&quoted[4], 0);
            ist_put16(&quoted[6], 0);
            ist_put16(&quoted[10], IpChecksum(quoted));
        }
        const Packet expected = BuildError(GetParam().familyA,
                                           Towards(driver.tuple[IST_SIDE_A]),
                                           told,
                                           quoted,
                                           same,
                                           49);
        const Packet got = Translate(driver.splice, IST_SIDE_B, error);
        if (quote == header + 17)
        {
            continue; // half a checksum cannot be updated
        }
        // Identification and DF of the error itself.
        if (across && GetParam().familyA == V4)
        {
            Packet outer = expected;
            ist_put16(&outer[4], 0);
            ist_put16(&outer[6], 0);
            ist_put16(&outer[10], IpChecksum(outer));
            EXPECT_EQ(got, outer);
        }
        else
        {
            EXPECT_EQ(got, expected);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    IcmpErrors,
    ::testing::Values(FamilyCase{"Ipv4", IST_METHOD_PASSIVE, V4, V4},
                      FamilyCase{"Ipv6", IST_METHOD_PASSIVE, V6, V6},
                      FamilyCase{"Ipv4ToIpv6", IST_METHOD_PASSIVE, V4, V6},
                      FamilyCase{"Ipv6ToIpv4", IST_METHOD_PURE, V6, V4},
                      FamilyCase{"ActiveIpv4", IST_METHOD_ACTIVE, V4, V4},
                      FamilyCase{"ActiveIpv6ToIpv4", IST_METHOD_ACTIVE, V6, V4}),
    [](const auto& test) { return std::string(test.param.name); });

/// An error from the IST's own address to B, quoting what A's packet became.
Packet
About(const SpliceDriver& driver, uint32_t seq, const ist_icmp_kind& kind)
{
    Segment segment;
    segment.tuple = Towards(driver.tuple[IST_SIDE_B]);
    segment.family = driver.family[IST_SIDE_B];
    segment.seq = seq;
    segment.payload.resize(100);
    ist_tuple router = driver.tuple[IST_SIDE_B];
    return BuildError(segment.family, router, kind, BuildTcp(segment), 1000, 64);
}

TEST(IstIcmp, OnlyWhatIsUnderWayDrawsAnError)
{
    SpliceDriver driver;
    driver.Establish();
    const uint32_t first = SpliceDriver::ISN_A + 1;
    driver.Send(IST_SIDE_A, first, SpliceDriver::ISN_B + 1, IST_TCP_ACK, 500);

    const struct
    {
        uint32_t seq;
        bool believed;
    } cases[] = {{first - 1, false},
                 {first, true},
                 {first + 500, true},
                 {first + 501, false},
                 {first + 0x80000000u, false}};

    for (const auto& c : cases)
    {
        const auto error = ParseError(About(driver, c.seq, Kind(IST_ICMP_UNREACHABLE, 3)));
        ASSERT_TRUE(error);
        EXPECT_EQ(ist_icmp_under_way(&driver.splice, IST_SIDE_B, &*error), c.believed) << c.seq;
    }
}

TEST(IstIcmp, NothingIsBelievedBeforeTheSidesAreJoined)
{
    SpliceDriver driver;
    driver.Reach(IST_STATE_SYN_RCVD);
    const auto error =
        ParseError(About(driver, SpliceDriver::ISN_A, Kind(IST_ICMP_UNREACHABLE, 3)));
    ASSERT_TRUE(error);
    EXPECT_FALSE(ist_icmp_under_way(&driver.splice, IST_SIDE_B, &*error));
}

TEST(IstIcmp, IsNotSeenInOtherPackets)
{
    const SpliceDriver driver;
    const Packet good = About(driver, 1, Kind(IST_ICMP_UNREACHABLE, 3));
    ASSERT_TRUE(ParseError(good));
    for (const uint8_t type : {uint8_t{0}, uint8_t{5}, uint8_t{8}, uint8_t{13}})
    {
        EXPECT_FALSE(ParseError(About(driver, 1, Kind(type, 0)))) << int{type};
    }
    const Packet notOurs(good.begin(), good.begin() + 28 + 27);
    Packet cut = notOurs;
    ist_put16(&cut[2], static_cast<uint16_t>(cut.size()));
    EXPECT_FALSE(ParseError(cut)) << "too little is quoted";
    Packet elsewhere = good;
    elsewhere[19] ^= 1;
    EXPECT_FALSE(ParseError(elsewhere)) << "the quoted packet's sender is another";
    Packet later = good;
    ist_put16(&later[28 + 6], 100);
    EXPECT_FALSE(ParseError(later)) << "a later fragment is quoted";
    Packet icmp = good;
    icmp[28 + 9] = IST_PROTOCOL_ICMP;
    EXPECT_FALSE(ParseError(icmp));
}

struct KindCase
{
    ist_icmp_kind heard;
    std::optional<ist_icmp_kind> told;
};

void
ExpectKind(const KindCase& c, bool toIpv6)
{
    ist_icmp_kind kind = c.heard;
    const bool has = toIpv6 ? ist_icmp_to_ipv6(&kind, 1500) : ist_icmp_to_ipv4(&kind);
    EXPECT_EQ(has, c.told.has_value());
    if (has && c.told)
    {
        EXPECT_EQ(int{kind.type}, int{c.told->type});
        EXPECT_EQ(int{kind.code}, int{c.told->code});
        EXPECT_EQ(kind.info, c.told->info);
    }
}

/// RFC 7915 section 4.2, line by line.
TEST(IstIcmp, KindsOfIpv4BecomeThoseOfIpv6)
{
    const KindCase cases[] = {
        {Kind(3, 0), Kind(1, 0)},
        {Kind(3, 1), Kind(1, 0)},
        {Kind(3, 2), Kind(4, 1, 6)},
        {Kind(3, 3), Kind(1, 4)},
        {Kind(3, 4, 1400), Kind(2, 0, 1420)},
        {Kind(3, 4, 576), Kind(2, 0, 1280)},
        {Kind(3, 4, 0), Kind(2, 0, 1512)}, // plateau 1492 below 1500
        {Kind(3, 5), Kind(1, 0)},
        {Kind(3, 8), Kind(1, 0)},
        {Kind(3, 9), Kind(1, 1)},
        {Kind(3, 10), Kind(1, 1)},
        {Kind(3, 11), Kind(1, 0)},
        {Kind(3, 12), Kind(1, 0)},
        {Kind(3, 13), Kind(1, 1)},
        {Kind(3, 14), std::nullopt},
        {Kind(3, 15), Kind(1, 1)},
        {Kind(3, 16), std::nullopt},
        {Kind(11, 0), Kind(3, 0)},
        {Kind(11, 1), Kind(3, 1)},
        {Kind(12, 0, 8u << 24), Kind(4, 0, 7)},
        {Kind(12, 2, 9u << 24), Kind(4, 0, 6)},
        {Kind(12, 0, 12u << 24), Kind(4, 0, 8)},
        {Kind(12, 0, 19u << 24), Kind(4, 0, 24)},
        {Kind(12, 0, 4u << 24), std::nullopt},
        {Kind(12, 1), std::nullopt},
    };
    for (size_t i = 0; i < std::size(cases); ++i)
    {
        SCOPED_TRACE(i);
        ExpectKind(cases[i], true);
    }
}

/// RFC 7915 section 5.2.
TEST(IstIcmp, KindsOfIpv6BecomeThoseOfIpv4)
{
    const KindCase cases[] = {
        {Kind(1, 0), Kind(3, 1)},
        {Kind(1, 1), Kind(3, 10)},
        {Kind(1, 2), Kind(3, 1)},
        {Kind(1, 3), Kind(3, 1)},
        {Kind(1, 4), Kind(3, 3)},
        {Kind(1, 5), std::nullopt},
        {Kind(2, 0, 1280), Kind(3, 4, 1260)},
        {Kind(2, 0, 0xffffffff), Kind(3, 4, 65515)},
        {Kind(2, 0, 10), Kind(3, 4, 68)},
        {Kind(3, 0), Kind(11, 0)},
        {Kind(3, 1), Kind(11, 1)},
        {Kind(3, 2), std::nullopt},
        {Kind(4, 0, 0), Kind(12, 0, 0)},
        {Kind(4, 0, 4), Kind(12, 0, 2u << 24)},
        {Kind(4, 0, 6), Kind(12, 0, 9u << 24)},
        {Kind(4, 0, 7), Kind(12, 0, 8u << 24)},
        {Kind(4, 0, 8), Kind(12, 0, 12u << 24)},
        {Kind(4, 0, 39), Kind(12, 0, 16u << 24)},
        {Kind(4, 0, 40), std::nullopt},
        {Kind(4, 1, 6), Kind(3, 2)},
        {Kind(4, 2), std::nullopt},
    };
    for (size_t i = 0; i < std::size(cases); ++i)
    {
        SCOPED_TRACE(i);
        ExpectKind(cases[i], false);
    }
}

TEST(IstIcmp, AnErrorWithoutCounterpartIsNotBuilt)
{
    SpliceDriver driver(IST_METHOD_PASSIVE, V4, V6);
    driver.Establish();
    EXPECT_TRUE(Translate(driver.splice,
                          IST_SIDE_B,
                          About(driver, SpliceDriver::ISN_A + 1, Kind(IST_ICMPV6_UNREACHABLE, 9)))
                    .empty());
}

/// What carriers say who forward without a stack: right checksums, right quote, right MTU.
TEST(IstTooBig, TellsTheSenderWhatFits)
{
    const struct
    {
        uint8_t family;
        bool crosses;
        uint32_t mtu;
        uint32_t told;
    } cases[] = {{V4, false, 1400, 1400},
                 {V6, false, 1400, 1400},
                 {V4, true, 1400, 1380},
                 {V6, true, 1400, 1420},
                 {V6, true, 600, 1280}};

    for (const auto& c : cases)
    {
        Segment segment;
        segment.family = c.family;
        segment.tuple = SpliceDriver(IST_METHOD_PASSIVE, c.family).tuple[0];
        segment.payload.resize(1448);
        const Packet packet = BuildTcp(segment);
        const ist_packet parsed = Parse(packet);
        ist_too_big out;
        ist_put_too_big(packet.data(), &parsed, c.mtu, c.crosses, 64, &out);
        const ist_icmp_kind kind = c.family == V6 ? Kind(IST_ICMPV6_TOO_BIG, 0, c.told)
                                                  : Kind(IST_ICMP_UNREACHABLE, 4, c.told);
        Packet expected = BuildError(c.family,
                                     Towards(segment.tuple),
                                     kind,
                                     packet,
                                     ist_ip_header(c.family) + 8,
                                     64);
        if (c.family == V4)
        {
            ist_put16(&expected[4], 0);
            ist_put16(&expected[10], IpChecksum(expected));
        }
        EXPECT_EQ(Packet(out.bytes, out.bytes + out.length), expected);
    }
}

} // namespace
} // namespace isb::test
