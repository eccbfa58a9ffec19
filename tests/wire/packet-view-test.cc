// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/packet-view.h"

#include "model/wire/packet-builder.h"

#include <gtest/gtest.h>
#include <string>

namespace isb
{
namespace
{

using Packet = std::vector<uint8_t>;

constexpr Endpoint SOURCE{Ipv4{0x0a000002}, 5000};
constexpr Endpoint DESTINATION{Ipv4{0xc6336401}, 80};

TEST(PacketView, ShowsWhatTheBuilderWrote)
{
    IpFields ip;
    ip.ttl = 17;
    ip.identification = 99;
    ip.dontFragment = true;
    ip.options = {1, 1, 1, 0};
    TcpFields tcp;
    tcp.sequence = 0x89abcdef;
    tcp.acknowledgement = 0x01234567;
    tcp.flags = TCP_SYN | TCP_ACK;
    tcp.options = {2, 4, 5, 0xb4};
    const Packet packet = BuildTcp(SOURCE, DESTINATION, tcp, Packet(7, 1), ip);
    PacketView view;
    ASSERT_TRUE(view.Read(packet, packet.size())) << view.Fault();
    EXPECT_EQ(view.Fault(), "ok");
    EXPECT_EQ(view.Protocol(), Protocol::Tcp);
    EXPECT_EQ(view.SourceEndpoint(), SOURCE);
    EXPECT_EQ(view.DestinationEndpoint(), DESTINATION);
    EXPECT_EQ(view.Ttl(), 17);
    EXPECT_EQ(view.Identification(), 99);
    EXPECT_TRUE(view.DontFragment());
    EXPECT_FALSE(view.HasMoreFragments());
    EXPECT_EQ(view.TotalLength(), packet.size());
    EXPECT_EQ(view.TransportOffset(), 24U);
    EXPECT_EQ(view.PayloadOffset(), 48U);
    EXPECT_EQ(view.PayloadLength(), 7U);
    EXPECT_EQ(view.Sequence(), 0x89abcdefU);
    EXPECT_EQ(view.Acknowledgement(), 0x01234567U);
    EXPECT_EQ(view.TcpFlags(), TCP_SYN | TCP_ACK);
}

TEST(PacketView, EchoIdentifierStandsForBothPorts)
{
    const Packet packet =
        BuildEcho(SOURCE.address, DESTINATION.address, ICMP_ECHO_REQUEST, 4242, 1, Packet{});
    PacketView view;
    ASSERT_TRUE(view.Read(packet, packet.size()));
    EXPECT_EQ(view.IcmpType(), ICMP_ECHO_REQUEST);
    EXPECT_EQ(view.SourceEndpoint().port, 4242);
    EXPECT_EQ(view.DestinationEndpoint().port, 4242);
}

TEST(PacketView, LaterFragmentShowsAddressesOnly)
{
    const auto fragments = FragmentPacket(BuildUdp(SOURCE, DESTINATION, Packet(3000, 1)), 1500);
    PacketView view;
    ASSERT_TRUE(view.Read(fragments[0], fragments[0].size()));
    EXPECT_FALSE(view.IsLaterFragment());
    EXPECT_TRUE(view.HasMoreFragments());
    EXPECT_EQ(view.SourceEndpoint(), SOURCE);
    ASSERT_TRUE(view.Read(fragments[1], fragments[1].size()));
    EXPECT_TRUE(view.IsLaterFragment());
    EXPECT_EQ(view.FragmentOffset(), 1480);
    EXPECT_EQ(view.SourceEndpoint(), (Endpoint{SOURCE.address, 0}));
}

TEST(PacketView, HeaderBytesSuffice)
{
    const Packet packet = BuildUdp(SOURCE, DESTINATION, Packet(1000, 1));
    PacketView view;
    EXPECT_TRUE(view.Read(ByteView(packet.data(), 28), packet.size()));
    EXPECT_EQ(view.PayloadLength(), 1000U);
    EXPECT_FALSE(view.Read(ByteView(packet.data(), 27), packet.size()));
    EXPECT_EQ(view.Fault(), "short");
}

TEST(PacketView, NamesTheFaultOfContradictoryHeaders)
{
    struct Case
    {
        const char* fault;
        size_t at;
        uint8_t value;
    };

    const Packet tcp = BuildTcp(SOURCE, DESTINATION, TcpFields{}, Packet(4, 1));
    for (const Case& test : {Case{"version", 0, 0x65},
                             Case{"header-length", 0, 0x44},
                             Case{"header-length", 3, 19},
                             Case{"total-length", 3, 45},
                             Case{"tcp-offset", 32, 0x40},
                             Case{"tcp-offset", 32, 0x70},
                             Case{"protocol", 9, 47}})
    {
        Packet packet = tcp;
        packet[test.at] = test.value;
        PacketView view;
        EXPECT_FALSE(view.Read(packet, packet.size())) << test.fault;
        EXPECT_EQ(view.Fault(), test.fault);
        EXPECT_EQ(view.IsOtherProtocol(), std::string(test.fault) == "protocol");
    }
    Packet udp = BuildUdp(SOURCE, DESTINATION, Packet(4, 1));
    PacketView view;
    for (const uint8_t length : {uint8_t{7}, uint8_t{13}})
    {
        udp[25] = length;
        EXPECT_FALSE(view.Read(udp, udp.size()));
        EXPECT_EQ(view.Fault(), "udp-length");
    }
}

TEST(PacketView, EveryTruncationIsRefused)
{
    const Packet packet = BuildTcp(SOURCE, DESTINATION, TcpFields{}, Packet(4, 1));
    for (size_t size = 0; size < packet.size(); ++size)
    {
        PacketView view;
        EXPECT_FALSE(view.Read(ByteView(packet.data(), size), size)) << size;
    }
}

} // namespace
} // namespace isb
