// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/icmp-error.h"

#include "model/wire/packet-builder.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

constexpr Ipv4 ROUTER{0xc0a80001};
constexpr Endpoint IST_B{{0xcb007101}, 5002}; // the IST's end towards B
constexpr Endpoint USER_B{{0x0a000201}, 2222};
constexpr Endpoint USER_A{{0x0a000101}, 1111};
constexpr Endpoint IST_A{{0xcb007102}, 5001};
const std::vector<uint8_t> PAYLOAD(40, 0x5a);

std::vector<uint8_t>
Segment(Endpoint source, Endpoint destination, uint32_t sequence, const IpFields& ip)
{
    TcpFields tcp;
    tcp.sequence = sequence;
    tcp.acknowledgement = 9;
    return BuildTcp(source, destination, tcp, PAYLOAD, ip);
}

std::optional<IcmpError>
Parse(ByteView header)
{
    PacketView packet;
    return packet.Read(header, 65535) ? ParseIcmpError(header, packet) : std::nullopt;
}

/// What the error becomes must be what a router would have said to A about A's own packet.
TEST(IcmpError, TranslatedErrorIsTheErrorAboutTheOriginalPacket)
{
    IpFields withOptions;
    withOptions.options = {7, 7, 4, 0, 0, 0, 0, 0}; // record route

    const struct
    {
        const char* name;
        uint8_t type;
        uint8_t code;
        uint32_t rest;
        size_t quoted;
        IpFields inner;
        IpFields outer;
    } cases[] = {
        {"fragmentation needed", ICMP_UNREACHABLE, 4, 1400, 548, {}, {}},
        {"port unreachable, all options", ICMP_UNREACHABLE, 3, 0, 548, withOptions, withOptions},
        {"time exceeded, 8 bytes quoted", ICMP_TIME_EXCEEDED, 0, 0, 28, {}, {}},
        {"9 bytes quoted", ICMP_TIME_EXCEEDED, 1, 0, 29, {}, {}},
        {"parameter problem", ICMP_PARAMETER_PROBLEM, 0, 0x08000000, 48, {}, {}},
    };

    for (const auto& c : cases)
    {
        SCOPED_TRACE(c.name);
        for (const Protocol protocol : {Protocol::Tcp, Protocol::Udp})
        {
            SCOPED_TRACE(ToString(protocol));
            const bool tcp = protocol == Protocol::Tcp;
            const auto sent = tcp ? Segment(IST_B, USER_B, 1000, c.inner)
                                  : BuildUdp(IST_B, USER_B, PAYLOAD, c.inner);
            const auto own = tcp ? Segment(USER_A, IST_A, 700, c.inner)
                                 : BuildUdp(USER_A, IST_A, PAYLOAD, c.inner);
            auto packet = BuildIcmpError(ROUTER,
                                         IST_B.address,
                                         c.type,
                                         c.code,
                                         c.rest,
                                         sent,
                                         c.quoted,
                                         c.outer);
            const auto error = Parse(packet);
            ASSERT_TRUE(error);
            EXPECT_EQ(error->reporter, ROUTER);
            EXPECT_EQ(error->offending.protocol, protocol);
            EXPECT_EQ(error->offending.source, IST_B);
            EXPECT_EQ(error->offending.destination, USER_B);
            EXPECT_EQ(error->sequence, tcp ? 1000U : 0U);
            const uint32_t shift = tcp ? uint32_t(-300) : 0U;
            TranslateIcmpError(packet,
                               *error,
                               {IST_A.address, USER_A.address, USER_A, IST_A, shift});
            EXPECT_EQ(packet,
                      BuildIcmpError(IST_A.address,
                                     USER_A.address,
                                     c.type,
                                     c.code,
                                     c.rest,
                                     own,
                                     c.quoted,
                                     c.outer));
            EXPECT_TRUE(ChecksumsAreRight(packet));
        }
    }
}

TEST(IcmpError, IsNotSeenInOtherPackets)
{
    const auto segment = Segment(IST_B, USER_B, 1, {});
    EXPECT_FALSE(Parse(segment));
    EXPECT_FALSE(
        Parse(BuildEcho(ROUTER, IST_B.address, ICMP_ECHO_REQUEST, 1, 1, ByteView(segment))));
    const auto echo = BuildEcho(IST_B.address, USER_B.address, ICMP_ECHO_REQUEST, 1, 1, PAYLOAD);
    EXPECT_FALSE(Parse(BuildIcmpError(ROUTER, IST_B.address, ICMP_UNREACHABLE, 1, 0, echo)));
    const auto fragments =
        FragmentPacket(BuildUdp(IST_B, USER_B, std::vector<uint8_t>(3000)), 1500);
    EXPECT_TRUE(Parse(BuildIcmpError(ROUTER, IST_B.address, ICMP_UNREACHABLE, 3, 0, fragments[0])));
    EXPECT_FALSE(
        Parse(BuildIcmpError(ROUTER, IST_B.address, ICMP_UNREACHABLE, 3, 0, fragments[1])));
}

TEST(IcmpError, IsNotSeenWhenCutAnywhereBeforeThePorts)
{
    const auto whole = BuildIcmpError(ROUTER,
                                      IST_B.address,
                                      ICMP_UNREACHABLE,
                                      3,
                                      0,
                                      Segment(IST_B, USER_B, 1, {}),
                                      28);
    ASSERT_TRUE(Parse(whole));
    for (size_t size = 0; size < whole.size(); ++size)
    {
        EXPECT_FALSE(Parse({whole.data(), size})) << size;
    }
}

} // namespace
} // namespace isb
