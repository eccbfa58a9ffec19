// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/tun-relay.h"

#include "emulation/carrier/tun-packet.h"
#include "model/wire/registration.h"
#include "tests/emulation/carrier/tun-rig.h"

#include <gtest/gtest.h>
#include <tuple>

namespace isb
{
namespace
{

using cases::Bytes;

constexpr uint16_t PORT_A = 5001;
constexpr uint16_t PORT_B = 5002;

IpAddress
At(const char* text)
{
    return IpAddress::Parse(text).value();
}

/// One user: his endpoint, the IST's that he uses, and his initial sequence number.
struct User
{
    IpEndpoint self;
    IpEndpoint ist;
    uint32_t isn;
};

User
Alice(int family)
{
    return family == 4 ? User{{At("10.0.1.1"), 1111}, {At("203.0.113.1"), PORT_A}, 1000}
                       : User{{At("2001:db8:1::1"), 1111}, {At("2001:db8:a::1"), PORT_A}, 1000};
}

User
Bob(int family)
{
    return family == 4
               ? User{{At("10.0.2.1"), 2222}, {At("203.0.113.2"), PORT_B}, 0xfffffff0}
               : User{{At("2001:db8:2::1"), 2222}, {At("2001:db8:b::1"), PORT_B}, 0xffffff00};
}

IstSettings
Settings()
{
    IstSettings settings;
    settings.addresses = {At("203.0.113.1"),
                          At("203.0.113.2"),
                          At("2001:db8:a::1"),
                          At("2001:db8:b::1")};
    return settings;
}

Bytes
Payload(size_t size)
{
    Bytes payload(size);
    for (size_t i = 0; i < size; ++i)
    {
        payload[i] = static_cast<uint8_t>(i * 7 + i / 251);
    }
    return payload;
}

/// Two users of any families, and a relay between them. The families are the parameters.
class TunRelayTest : public testing::TestWithParam<std::tuple<int, int>>
{
  protected:
    TunRelayTest()
        : rig(Settings(), {At("203.0.113.1"), At("2001:db8:a::1")}),
          a(Alice(std::get<0>(GetParam()))),
          b(Bob(std::get<1>(GetParam())))
    {
    }

    void
    Add(SpliceMethod method)
    {
        IstPair pair;
        pair.method = method;
        pair.portA = PORT_A;
        pair.portB = PORT_B;
        const auto id = rig.relay.Add(rig.now, pair);
        ASSERT_TRUE(id) << id.Why();
        splice = *id;
    }

    static Bytes
    Segment(const User& from, const User& to, const Bytes& payload, bool dontFragment = true)
    {
        cases::Tcp tcp;
        tcp.seq = from.isn + 1;
        tcp.ack = to.isn + 1;
        tcp.flags = cases::ACK;
        tcp.payload = payload;
        cases::Ip ip;
        ip.dontFragment = dontFragment;
        return cases::BuildTcp(from.self, from.ist, tcp, ip);
    }

    void
    Join()
    {
        Add(SpliceMethod::Passive);
        for (const User& user : {a, b})
        {
            cases::Tcp syn;
            syn.seq = user.isn;
            syn.flags = cases::SYN;
            syn.options = cases::Mss(1460);
            rig.Give(cases::BuildTcp(user.self, user.ist, syn));
        }
        rig.Give(Segment(a, b, {}));
        rig.Give(Segment(b, a, {}));
        ASSERT_EQ(rig.relay.Engine().Find(splice)->state, "ESTABLISHED");
    }

    void
    Register()
    {
        Add(SpliceMethod::Udp);
        const Bytes registration(REGISTRATION_DATAGRAM.begin(), REGISTRATION_DATAGRAM.end());
        for (const User& user : {a, b})
        {
            rig.Give(cases::BuildUdp(user.self, user.ist, registration));
        }
        ASSERT_EQ(rig.relay.Engine().Find(splice)->state, "ESTABLISHED");
    }

    TunRig rig;
    User a;
    User b;
    uint64_t splice = 0;
};

std::string
NameOf(const testing::TestParamInfo<std::tuple<int, int>>& info)
{
    return "v" + std::to_string(std::get<0>(info.param)) + "v" +
           std::to_string(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Families,
                         TunRelayTest,
                         testing::Combine(testing::Values(4, 6), testing::Values(4, 6)),
                         NameOf);

/// What a segmenter counts.
Bytes
WithoutIdentification(Bytes packet)
{
    if (packet.at(0) >> 4 == 4)
    {
        packet[4] = packet[5] = 0;
    }
    return cases::Complete(packet);
}

TEST_P(TunRelayTest, ALargeSegmentBecomesWhatItsSegmentsBecome)
{
    Join();
    const Bytes whole = Segment(a, b, Payload(5600));
    const TunWritten large = Unfinished(whole, 1400);
    const std::vector<Bytes> segments = large.OnTheWire();
    ASSERT_EQ(segments.size(), 4U);
    const std::vector<TunWritten> one = rig.Give(large);
    ASSERT_EQ(one.size(), 1U);
    const std::vector<Bytes> made = one[0].OnTheWire();
    ASSERT_EQ(made.size(), segments.size());
    for (size_t i = 0; i < segments.size(); ++i)
    {
        const std::vector<TunWritten> alone = rig.Give(segments[i]);
        ASSERT_EQ(alone.size(), 1U) << i;
        EXPECT_EQ(WithoutIdentification(made[i]), WithoutIdentification(alone[0].packet)) << i;
        EXPECT_EQ(made[i], cases::Complete(made[i])) << "its checksums are wrong";
    }
}

TEST_P(TunRelayTest, ASeriesOfDatagramsBecomesWhatItsDatagramsBecome)
{
    Register();
    const TunWritten large = Unfinished(cases::BuildUdp(a.self, a.ist, Payload(3900)), 1300);
    const std::vector<Bytes> datagrams = large.OnTheWire();
    const std::vector<TunWritten> one = rig.Give(large);
    ASSERT_EQ(one.size(), 1U);
    const std::vector<Bytes> made = one[0].OnTheWire();
    ASSERT_EQ(made.size(), datagrams.size());
    for (size_t i = 0; i < datagrams.size(); ++i)
    {
        const std::vector<TunWritten> alone = rig.Give(datagrams[i]);
        ASSERT_EQ(alone.size(), 1U) << i;
        EXPECT_EQ(WithoutIdentification(made[i]), WithoutIdentification(alone[0].packet)) << i;
    }
}

TEST_P(TunRelayTest, WhoeverSendsTooMuchForTheWayOutIsToldHowMuchFits)
{
    Join();
    rig.narrow[b.self.address] = 1300;
    const std::vector<TunWritten> got = rig.Give(Segment(a, b, Payload(1400)));
    ASSERT_EQ(got.size(), 1U);
    const Bytes& error = got[0].packet;
    EXPECT_EQ(error, cases::Complete(error));
    EXPECT_EQ(DestinationOf(error), a.self.address);
    EXPECT_EQ(SourceOf(error), a.ist.address);
    const bool isIpv4 = a.self.address.IsIpv4();
    const size_t icmp = isIpv4 ? 20 : 40;
    EXPECT_EQ(error.at(icmp), isIpv4 ? 3 : 2);
    EXPECT_EQ(error.at(icmp + 1), isIpv4 ? 4 : 0);
    // RFC 7915 sections 4.2 and 5.2: what fits here is 20 bytes more or less over there.
    const int growth = (b.self.address.IsIpv4() ? 0 : 20) - (isIpv4 ? 0 : 20);
    EXPECT_EQ(error.at(icmp + 6) << 8 | error.at(icmp + 7), 1300 - growth);
    // It is about the packet that A sent.
    EXPECT_EQ(SourceOf(ByteView(&error[icmp + 8], error.size() - icmp - 8)), a.self.address);
    EXPECT_EQ(rig.Drops("ist.too-big"), 1U);
}

TEST_P(TunRelayTest, WhatFitsTheWayOutDrawsNoError)
{
    Join();
    rig.narrow[b.self.address] = 1300;
    const std::vector<TunWritten> got = rig.Give(Segment(a, b, Payload(1200)));
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(DestinationOf(got[0].packet), b.self.address);
    const std::vector<TunWritten> large = rig.Give(Unfinished(Segment(a, b, Payload(6000)), 1200));
    ASSERT_EQ(large.size(), 1U) << "a large segment is judged by its segments";
    EXPECT_EQ(DestinationOf(large[0].packet), b.self.address);
    EXPECT_EQ(rig.Drops("ist.too-big"), 0U);
}

TEST_P(TunRelayTest, AFragmentIsHeldForItsFirstOne)
{
    Register();
    const Bytes datagram = cases::BuildUdp(a.self, a.ist, Payload(3000));
    const std::vector<Bytes> parts = cases::Fragments(datagram, 1400, 77);
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_TRUE(rig.Give(parts[1]).empty());
    EXPECT_EQ(rig.relay.Waiting(), 1U);
    EXPECT_EQ(rig.Give(parts[0]).size(), 2U);
    EXPECT_EQ(rig.relay.Waiting(), 0U);
    EXPECT_EQ(rig.Give(parts[2]).size(), 1U);
}

TEST_P(TunRelayTest, AHeldFragmentWhoseFirstOneNeverComesIsForgotten)
{
    Register();
    const Bytes datagram = cases::BuildUdp(a.self, a.ist, Payload(3000));
    EXPECT_TRUE(rig.Give(cases::Fragments(datagram, 1400, 77)[1]).empty());
    rig.now += Settings().fragmentTimeout;
    rig.relay.Timeout(rig.now);
    EXPECT_EQ(rig.relay.Waiting(), 0U);
    EXPECT_TRUE(rig.written.empty());
}

TEST_P(TunRelayTest, WhatIsNotTheIstsGoesBackToTheHostAsItCame)
{
    Join();
    cases::Tcp syn;
    syn.flags = cases::SYN;
    const TunWritten other = Unfinished(cases::BuildTcp(a.self, {a.ist.address, 22}, syn));
    const std::vector<TunWritten> got = rig.Give(other);
    ASSERT_EQ(got.size(), 1U);
    EXPECT_EQ(got[0].packet, other.packet);
    EXPECT_EQ(got[0].header.checksumStart, other.header.checksumStart);
}

TEST_P(TunRelayTest, WhatIsNotTheIstsAndNotTheHostsEnds)
{
    Join();
    cases::Tcp syn;
    syn.flags = cases::SYN;
    EXPECT_TRUE(rig.Give(cases::BuildTcp(b.self, {b.ist.address, 22}, syn)).empty());
    EXPECT_EQ(rig.Drops("tun.no-host"), 1U);
    // Not to the IST at all: what the kernel says to every interface.
    EXPECT_TRUE(rig.Give(cases::BuildTcp(b.self, b.self, syn)).empty());
    EXPECT_EQ(rig.Drops("tun.no-host"), 1U);
}

TEST_P(TunRelayTest, AHeaderThatContradictsItsPacketIsRefused)
{
    Join();
    TunWritten large = Unfinished(Segment(a, b, Payload(3000)), 1400);
    large.header.gsoType = a.self.address.IsIpv4() ? VnetHeader::GSO_TCP6 : VnetHeader::GSO_TCP4;
    EXPECT_TRUE(rig.Give(large).empty());
    EXPECT_EQ(rig.Drops("tun.offload"), 1U);
    EXPECT_TRUE(rig.Give(Bytes{0x45, 0, 0}).empty());
    EXPECT_TRUE(rig.Give(Bytes(40, 0x13)).empty());
    EXPECT_EQ(rig.Drops("tun.not-ip"), 2U);
}

TEST_P(TunRelayTest, RemovingASpliceResetsBothUsers)
{
    Join();
    EXPECT_TRUE(rig.relay.Remove(rig.now, splice));
    EXPECT_EQ(rig.written.size(), 2U);
    EXPECT_FALSE(rig.relay.Remove(rig.now, splice));
}

/// IPv4 to IPv6 makes fragments longer; they are cut as IPv4's routers might have done.
TEST(TunRelay, FragmentsThatGrewTooLongForIpv6AreCut)
{
    TunRig rig(Settings(), {});
    const User a = Alice(4);
    const User b = Bob(6);
    IstPair pair;
    pair.method = SpliceMethod::Udp;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    ASSERT_TRUE(rig.relay.Add(rig.now, pair));
    const Bytes registration(REGISTRATION_DATAGRAM.begin(), REGISTRATION_DATAGRAM.end());
    rig.Give(cases::BuildUdp(a.self, a.ist, registration));
    rig.Give(cases::BuildUdp(b.self, b.ist, registration));
    rig.mtu = 1500;
    const Bytes payload = Payload(6000);
    cases::Ip ip;
    ip.dontFragment = false;
    const Bytes datagram = cases::BuildUdp(a.self, a.ist, payload, ip);
    Bytes whole;
    for (const Bytes& part : cases::Fragments(datagram, 1480, 9))
    {
        for (const TunWritten& piece : rig.Give(part))
        {
            const Bytes& packet = piece.packet;
            ASSERT_LE(packet.size(), 1500U);
            ASSERT_EQ(packet.at(6), 44) << "a fragment header";
            EXPECT_EQ(packet.at(47), 9) << "the identification of IPv4's";
            const size_t offset = (packet.at(42) << 8 | packet.at(43)) & 0xfff8;
            EXPECT_EQ(offset, whole.size()) << "in order, without gaps";
            EXPECT_EQ((packet.at(43) & 1) == 0, offset + packet.size() - 48 == 6008);
            whole.insert(whole.end(), packet.begin() + 48, packet.end());
        }
    }
    EXPECT_EQ(whole.size(), 6008U);
    EXPECT_EQ(Bytes(whole.begin() + 8, whole.end()), payload);
    EXPECT_EQ(rig.Drops("ist.too-big"), 0U);
}

} // namespace
} // namespace isb
