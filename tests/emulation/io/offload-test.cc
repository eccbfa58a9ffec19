// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/offload.h"

#include "model/core/random/rng.h"
#include "model/splice/ist-checksum.h"
#include "model/wire/packet-builder.h"
#include "model/wire/packet-view.h"
#include "tests/emulation/io/offload-rig.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

constexpr Endpoint ALICE{Ipv4{0x0a000002}, 5000};
constexpr Endpoint SERVER{Ipv4{0xc6336401}, 80};

TcpFields
Segment(uint32_t sequence, uint8_t flags = TCP_ACK)
{
    TcpFields tcp;
    tcp.sequence = sequence;
    tcp.acknowledgement = 77;
    tcp.flags = flags;
    return tcp;
}

IpFields
Numbered(uint16_t identification)
{
    IpFields ip;
    ip.identification = identification;
    ip.dontFragment = true;
    return ip;
}

std::vector<Packet>
Split(const Offloaded& large)
{
    const auto offloaded = ReadOffload(large.header, large.packet);
    EXPECT_TRUE(offloaded);
    return SplitOffloaded(large.header, *offloaded, large.packet);
}

TEST(Offload, ALargeTcpSegmentIsWhatItsSegmentsAre)
{
    const Packet payload = Payload(3000);
    const uint8_t flags = TCP_ACK | TCP_PSH | TCP_FIN;
    const Offloaded large =
        Offload(BuildTcp(ALICE, SERVER, Segment(1000, flags), payload, Numbered(5)), 1400);
    const std::vector<Packet> expected = {
        BuildTcp(ALICE, SERVER, Segment(1000), {payload.data(), 1400}, Numbered(5)),
        BuildTcp(ALICE, SERVER, Segment(2400), {payload.data() + 1400, 1400}, Numbered(6)),
        BuildTcp(ALICE, SERVER, Segment(3800, flags), {payload.data() + 2800, 200}, Numbered(7))};
    EXPECT_EQ(Split(large), expected);
    EXPECT_EQ(ReadOffload(large.header, large.packet)->wireLength, 1440U);
}

TEST(Offload, ASeriesOfDatagramsIsWhatItsDatagramsAre)
{
    const Packet payload = Payload(1001);
    const Offloaded large = Offload(BuildUdp(ALICE, SERVER, payload, Numbered(65535)), 500);
    const std::vector<Packet> expected = {
        BuildUdp(ALICE, SERVER, {payload.data(), 500}, Numbered(65535)),
        BuildUdp(ALICE, SERVER, {payload.data() + 500, 500}, Numbered(0)),
        BuildUdp(ALICE, SERVER, {payload.data() + 1000, 1}, Numbered(1))};
    EXPECT_EQ(Split(large), expected);
}

TEST(Offload, AChecksumThatIsNotComputedIsCompleted)
{
    for (const size_t size : {0U, 1U, 2U, 999U, 1400U})
    {
        const Packet whole = BuildTcp(ALICE, SERVER, Segment(9), Payload(size), Numbered(1));
        EXPECT_EQ(Split(Offload(whole)), std::vector<Packet>{whole}) << size;
        const Packet datagram = BuildUdp(ALICE, SERVER, Payload(size), Numbered(1));
        EXPECT_EQ(Split(Offload(datagram)), std::vector<Packet>{datagram}) << size;
    }
}

TEST(Offload, PartialChecksumFollowsTheAddressesOnly)
{
    SeededRng rng(3);
    for (int i = 0; i < 2000; ++i)
    {
        const auto random = [&rng] {
            return Endpoint{Ipv4{static_cast<uint32_t>(rng.Next())},
                            static_cast<uint16_t>(rng.Next())};
        };
        const Endpoint before = random();
        const Endpoint after = random();
        const Endpoint remote = random();
        const Packet payload = Payload(rng.Below(50));
        Offloaded translated = Offload(BuildUdp(before, remote, payload));
        const Packet expected = BuildUdp(after, remote, payload);
        const auto offloaded = ReadOffload(translated.header, translated.packet);
        const PartialChecksum checksum(*offloaded, translated.packet);
        std::copy(expected.begin(), expected.begin() + 22, translated.packet.begin());
        checksum.Restore(translated.packet);
        ASSERT_EQ(Split(translated), std::vector<Packet>{expected}) << i;
    }
}

struct Contradiction
{
    const char* name;
    void (*change)(Offloaded& offloaded);
};

class EachContradiction : public testing::TestWithParam<Contradiction>
{
};

TEST_P(EachContradiction, IsRefused)
{
    Offloaded large = Offload(BuildTcp(ALICE, SERVER, Segment(1), Payload(3000)), 1400);
    ASSERT_TRUE(ReadOffload(large.header, large.packet));
    GetParam().change(large);
    EXPECT_FALSE(ReadOffload(large.header, large.packet));
}

INSTANTIATE_TEST_SUITE_P(
    Headers,
    EachContradiction,
    testing::Values(
        Contradiction{"WrongStart", [](Offloaded& o) { o.header.checksumStart = 24; }},
        Contradiction{"StartBehindTheEnd", [](Offloaded& o) { o.header.checksumStart = 60000; }},
        Contradiction{"WrongOffset", [](Offloaded& o) { o.header.checksumOffset = 6; }},
        Contradiction{"OffsetBehindTheEnd", [](Offloaded& o) { o.header.checksumOffset = 65535; }},
        Contradiction{"UdpSeriesOfTcp",
                      [](Offloaded& o) { o.header.gsoType = VnetHeader::GSO_UDP_L4; }},
        Contradiction{"Ipv6Segments", [](Offloaded& o) { o.header.gsoType = 4; }},
        Contradiction{"SegmentsOfNothing", [](Offloaded& o) { o.header.gsoSize = 0; }},
        Contradiction{"SegmentsWithoutChecksum", [](Offloaded& o) { o.header.flags = 0; }},
        Contradiction{"TcpHeaderCut", [](Offloaded& o) { o.packet.resize(30); }},
        Contradiction{"TcpOffsetTooSmall", [](Offloaded& o) { o.packet[32] = 0x10; }},
        Contradiction{"TcpOffsetBehindTheEnd",
                      [](Offloaded& o)
                      {
                          o.packet.resize(44);
                          o.packet[32] = 0xf0;
                      }},
        Contradiction{"IpHeaderTooShort", [](Offloaded& o) { o.packet[0] = 0x44; }},
        Contradiction{"OtherProtocol", [](Offloaded& o) { o.packet[9] = 47; }}),
    [](const auto& one) { return one.param.name; });

TEST(Offload, WithNothingLeftUndoneAnythingPasses)
{
    const Packet strange(20, 0x45);
    const auto offloaded = ReadOffload({}, strange);
    ASSERT_TRUE(offloaded);
    EXPECT_EQ(offloaded->checksumField, 0U);
    EXPECT_EQ(offloaded->wireLength, 20U);
}

} // namespace
} // namespace isb
