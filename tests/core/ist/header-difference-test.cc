// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/header-difference.h"

#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"

#include <gtest/gtest.h>

#include <vector>

namespace isb
{
namespace
{

using Bytes = std::vector<uint8_t>;

std::string
Difference(const Bytes& before, const Bytes& after)
{
    PacketView view;
    EXPECT_TRUE(view.Read(before, before.size()));
    return DescribeHeaderDifference(before, after, view.Fields());
}

Bytes
Segment(Endpoint from, Endpoint to, TcpFields tcp, uint8_t ttl = 64)
{
    IpFields ip;
    ip.ttl = ttl;
    return BuildTcp(from, to, tcp, Bytes{1, 2, 3}, ip);
}

constexpr Endpoint A{{0x0a000001}, 1000};
constexpr Endpoint B{{0x0a000002}, 2000};

TEST(HeaderDifference, EqualHeadersHaveNone)
{
    const Bytes packet = Segment(A, B, {});
    EXPECT_EQ(Difference(packet, packet), "");
}

TEST(HeaderDifference, NamesEachFieldWithBothValuesInTheOrderOfTheHeader)
{
    TcpFields before;
    before.sequence = 1;
    before.acknowledgement = 2;
    before.window = 3;
    TcpFields after;
    after.sequence = 0xffffffff;
    after.acknowledgement = 4;
    after.window = 5;
    Bytes one = Segment(A, B, before);
    Bytes two = Segment(B, {{0x0a000003}, 7}, after, 63);
    const auto checksum = [](const Bytes& packet, size_t at)
    { return std::to_string(packet[at] * 256 + packet[at + 1]); };
    EXPECT_EQ(Difference(one, two),
              "ip.ttl=64>63 ip.checksum=" + checksum(one, 10) + ">" + checksum(two, 10) +
                  " ip.src=10.0.0.1>10.0.0.2 ip.dst=10.0.0.2>10.0.0.3 tcp.sport=1000>2000"
                  " tcp.dport=2000>7 tcp.seq=1>4294967295 tcp.ack=2>4 tcp.window=3>5"
                  " tcp.checksum=" +
                  checksum(one, 36) + ">" + checksum(two, 36));
}

TEST(HeaderDifference, ThePayloadIsNoHeader)
{
    const Bytes one = Segment(A, B, {});
    Bytes two = one;
    two.back() ^= 1;
    EXPECT_EQ(Difference(one, two), "");
}

TEST(HeaderDifference, ShowsSackBlocks)
{
    TcpFields tcp;
    tcp.options = {1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0, 12};
    const Bytes one = Segment(A, B, tcp);
    tcp.options[7] = 2;
    Bytes two = Segment(A, B, tcp);
    two[36] = one[36]; // leave the checksum out
    two[37] = one[37];
    EXPECT_EQ(Difference(one, two), "tcp.sack=1-5,9-12>2-5,9-12");
    std::fill(two.begin() + 44, two.begin() + 60, uint8_t{1}); // blanked
    EXPECT_EQ(Difference(one, two), "tcp.sack=1-5,9-12>none");
}

TEST(HeaderDifference, DatagramsHaveFieldsOfTheirOwn)
{
    const Bytes one = BuildUdp(A, B, Bytes{1});
    Bytes two = one;
    two[21] ^= 1; // source port
    two[26] ^= 1; // checksum
    const int sum = one[26] * 256 + one[27];
    EXPECT_EQ(Difference(one, two),
              "udp.sport=1000>1001 udp.checksum=" + std::to_string(sum) + ">" +
                  std::to_string(sum ^ 256));
}

TEST(HeaderDifference, OfALaterFragmentOnlyTheIpHeaderIsHeader)
{
    auto fragments = FragmentPacket(BuildUdp(A, B, Bytes(3000, 1)), 1500);
    Bytes after = fragments[1];
    after[8] = 9;
    after[20] ^= 1; // payload
    EXPECT_EQ(Difference(fragments[1], after), "ip.ttl=64>9");
}

} // namespace
} // namespace isb
