// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/ns3/two-hosts.h"

#include "model/ns3/header-image.h"

#include "ns3/udp-header.h"

#include <cstring>

namespace ns3test
{
namespace
{

using HeaderImageTest = Simulation;

/// A UDP packet of given payload in ns-3's split form.
Ptr<Packet>
MakeUdp(uint32_t payload, Ipv4Header& ip)
{
    ip.SetSource("10.0.0.1");
    ip.SetDestination("192.0.2.1");
    ip.SetProtocol(17);
    ip.SetTtl(64);
    ip.SetTos(0x10);
    ip.SetIdentification(0x1234);
    ip.SetPayloadSize(static_cast<uint16_t>(payload + 8));
    ip.EnableChecksum();
    UdpHeader udp;
    udp.SetSourcePort(5000);
    udp.SetDestinationPort(9);
    Ptr<Packet> packet = Create<Packet>(payload);
    packet->AddHeader(udp);
    return packet;
}

/// What ns-3 itself would put on the wire.
std::vector<uint8_t>
OnWire(Ptr<const Packet> packet, const Ipv4Header& ip)
{
    Ptr<Packet> whole = packet->Copy();
    whole->AddHeader(ip);
    std::vector<uint8_t> bytes(whole->GetSize());
    whole->CopyData(bytes.data(), whole->GetSize());
    return bytes;
}

TEST_F(HeaderImageTest, ShowsTheFirstBytesAsTheyAreOnTheWire)
{
    for (const uint32_t payload : {0U, 10U, 91U, 92U, 93U, 1400U})
    {
        Ipv4Header ip;
        Ptr<Packet> packet = MakeUdp(payload, ip);
        HeaderImage image(*packet, ip, true);
        const std::vector<uint8_t> wire = OnWire(packet, ip);
        EXPECT_EQ(image.PacketLength(), wire.size());
        ASSERT_EQ(image.Bytes().size, std::min<size_t>(wire.size(), 120));
        EXPECT_EQ(std::memcmp(image.Bytes().data, wire.data(), image.Bytes().size), 0) << payload;
    }
}

TEST_F(HeaderImageTest, ShowsFragments)
{
    Ipv4Header ip;
    Ptr<Packet> packet = MakeUdp(1000, ip);
    ip.SetMoreFragments();
    ip.SetFragmentOffset(1480);
    HeaderImage image(*packet, ip, true);
    EXPECT_EQ(std::memcmp(image.Bytes().data, OnWire(packet, ip).data(), 20), 0);
}

TEST_F(HeaderImageTest, RestoreTakesOverWhatWasEdited)
{
    Ipv4Header ip;
    Ptr<Packet> packet = MakeUdp(500, ip);
    std::vector<uint8_t> expected = OnWire(packet, ip);
    HeaderImage image(*packet, ip, true);
    image.Bytes().data[15] = 99;    // source 10.0.0.99
    image.Bytes().data[20] = 0xab;  // source port
    image.Bytes().data[119] = 0x55; // the last byte of the image
    expected[15] = 99;
    expected[20] = 0xab;
    expected[119] = 0x55;
    Ipv4Header edited = ip;
    Ptr<const Packet> result = image.Restore(packet, edited);
    std::vector<uint8_t> bytes = OnWire(result, edited);
    expected[10] = bytes[10]; // ns-3 computes the IP header's checksum
    expected[11] = bytes[11];
    EXPECT_EQ(bytes, expected);
    EXPECT_EQ(packet->GetSize(), 508U); // the packet that came stands as it was
    EXPECT_NE(OnWire(packet, ip), bytes);
}

TEST_F(HeaderImageTest, RestoreReturnsTheSamePacketWhenOnlyAddressesChange)
{
    Ipv4Header ip;
    Ptr<Packet> packet = MakeUdp(500, ip);
    HeaderImage image(*packet, ip, true);
    image.Bytes().data[19] = 77;
    EXPECT_EQ(image.Restore(packet, ip), packet);
    EXPECT_EQ(ip.GetDestination(), Ipv4Address("192.0.2.77"));
}

TEST_F(HeaderImageTest, SplitIsTheInverse)
{
    Ipv4Header ip;
    Ptr<Packet> packet = MakeUdp(40, ip);
    const std::vector<uint8_t> wire = OnWire(packet, ip);
    Ipv4Header parsed;
    parsed.EnableChecksum();
    Ptr<Packet> rest = HeaderImage::Split(wire, parsed);
    EXPECT_EQ(OnWire(rest, parsed), wire);
}

} // namespace
} // namespace ns3test
