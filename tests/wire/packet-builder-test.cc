// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/packet-builder.h"

#include <gtest/gtest.h>
#include <initializer_list>

namespace isb
{
namespace
{

using Packet = std::vector<uint8_t>;

constexpr Endpoint SOURCE{Ipv4{0x0a000002}, 5000};
constexpr Endpoint DESTINATION{Ipv4{0xc6336401}, 80};

/// One packet of every kind, with even, odd and no payload, with and without options.
std::vector<Packet>
AllKinds()
{
    std::vector<Packet> packets;
    for (const size_t size : std::initializer_list<size_t>{0, 1, 2, 333, 1400})
    {
        for (const size_t options : std::initializer_list<size_t>{0, 4, 40})
        {
            const Packet payload(size, 0xa5);
            IpFields ip;
            ip.options = Packet(options, 1);
            TcpFields tcp;
            tcp.options = Packet(options, 1);
            packets.push_back(BuildUdp(SOURCE, DESTINATION, payload, ip));
            packets.push_back(BuildTcp(SOURCE, DESTINATION, tcp, payload, ip));
            packets.push_back(BuildEcho(SOURCE.address,
                                        DESTINATION.address,
                                        ICMP_ECHO_REQUEST,
                                        7,
                                        1,
                                        payload,
                                        ip));
            packets.push_back(BuildIcmpError(DESTINATION.address,
                                             SOURCE.address,
                                             ICMP_TIME_EXCEEDED,
                                             0,
                                             0,
                                             packets.front(),
                                             548,
                                             ip));
        }
    }
    return packets;
}

TEST(PacketBuilder, BuildsTheUdpDatagramByteForByte)
{
    IpFields ip;
    ip.ttl = 63;
    ip.tos = 0x10;
    ip.identification = 0x1234;
    ip.dontFragment = true;
    const Packet expected = {0x45, 0x10, 0,  30, 0x12, 0x34, 0x40, 0,    63,   17,
                             0xf5, 0x54, 10, 0,  0,    2,    198,  51,   100,  1,
                             0x13, 0x88, 0,  80, 0,    10,   0xec, 0xcc, 0xca, 0xfe};
    EXPECT_EQ(BuildUdp(SOURCE, DESTINATION, Packet{0xca, 0xfe}, ip), expected);
}

TEST(PacketBuilder, ChecksumsAreRightForEveryKind)
{
    for (const Packet& packet : AllKinds())
    {
        EXPECT_TRUE(ChecksumsAreRight(packet)) << "protocol " << int{packet[9]};
    }
}

TEST(PacketBuilder, EveryChangedByteIsFound)
{
    for (const Packet& packet : AllKinds())
    {
        for (size_t at = 0; at < packet.size(); ++at)
        {
            Packet changed = packet;
            changed[at] ^= 0x10;
            ASSERT_FALSE(ChecksumsAreRight(changed)) << at << " of " << packet.size();
        }
    }
}

TEST(PacketBuilder, TruncatedPacketHasNoRightChecksums)
{
    const Packet packet = BuildTcp(SOURCE, DESTINATION, TcpFields{}, Packet{1});
    for (size_t size = 0; size < packet.size(); ++size)
    {
        EXPECT_FALSE(ChecksumsAreRight(ByteView(packet.data(), size))) << size;
    }
}

TEST(PacketBuilder, UdpChecksumIsNeverWrittenAsNone)
{
    // Over all values of one payload word the sum passes zero, which is written as 0xffff.
    size_t allOnes = 0;
    for (uint32_t word = 0; word < 65536; ++word)
    {
        const Packet payload = {static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word)};
        const Packet packet = BuildUdp(SOURCE, DESTINATION, payload);
        ASSERT_NE(packet[26] << 8 | packet[27], 0);
        allOnes += (packet[26] & packet[27]) == 0xff ? 1 : 0;
    }
    EXPECT_EQ(allOnes, 1U);
}

TEST(PacketBuilder, IcmpErrorQuotesNoMoreThanAsked)
{
    const Packet offending = BuildUdp(SOURCE, DESTINATION, Packet(1000, 1));
    const auto error = [&](size_t quoted)
    {
        return BuildIcmpError(DESTINATION.address,
                              SOURCE.address,
                              ICMP_UNREACHABLE,
                              4,
                              1400,
                              offending,
                              quoted);
    };
    EXPECT_EQ(error(28).size(), 20 + 8 + 28U);
    EXPECT_EQ(error(5000).size(), 20 + 8 + offending.size());
    EXPECT_EQ(error(28)[26] << 8 | error(28)[27], 1400);
}

TEST(PacketBuilder, FragmentsPutTogetherAreThePacket)
{
    const Packet packet = BuildUdp(SOURCE, DESTINATION, Packet(3000, 0x3c));
    for (const size_t mtu : std::initializer_list<size_t>{28, 100, 576, 1500, 2999})
    {
        Packet together(packet.begin(), packet.begin() + 20);
        const auto fragments = FragmentPacket(packet, mtu);
        for (size_t i = 0; i < fragments.size(); ++i)
        {
            const Packet& fragment = fragments[i];
            EXPECT_LE(fragment.size(), mtu);
            EXPECT_TRUE(ChecksumsAreRight(fragment));
            const size_t offset = size_t{(fragment[6] & 0x1fU) << 8 | fragment[7]} * 8;
            EXPECT_EQ(offset, together.size() - 20);
            EXPECT_EQ((fragment[6] & 0x20) != 0, i + 1 < fragments.size());
            together.insert(together.end(), fragment.begin() + 20, fragment.end());
        }
        EXPECT_EQ(together, packet);
    }
    EXPECT_EQ(FragmentPacket(packet, packet.size()).size(), 1U);
}

TEST(PacketBuilder, FragmentOfAFragmentKeepsItsPlace)
{
    const Packet packet = BuildUdp(SOURCE, DESTINATION, Packet(3000, 0x3c));
    const auto coarse = FragmentPacket(packet, 1500);
    const auto direct = FragmentPacket(packet, 756);
    std::vector<Packet> twice;
    for (const Packet& fragment : coarse)
    {
        for (Packet& part : FragmentPacket(fragment, 756))
        {
            twice.push_back(std::move(part));
        }
    }
    ASSERT_GE(twice.size(), direct.size());
    size_t bytes = 0;
    for (const Packet& part : twice)
    {
        EXPECT_EQ(size_t{(part[6] & 0x1fU) << 8 | part[7]} * 8, bytes);
        bytes += part.size() - 20;
    }
    EXPECT_EQ(bytes, packet.size() - 20);
}

} // namespace
} // namespace isb
