// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/natbox/nat-relay.h"

#include "relay-rig.h"

#include <set>

namespace isb
{
namespace
{

TcpFields
Syn()
{
    TcpFields tcp;
    tcp.flags = TCP_SYN;
    return tcp;
}

/// What the written packets are on a wire.
std::vector<Packet>
OnTheWire(const std::vector<Written>& written)
{
    std::vector<Packet> packets;
    for (const Written& one : written)
    {
        const auto offloaded = ReadOffload(one.header, one.packet);
        EXPECT_TRUE(offloaded);
        for (Packet& packet : SplitOffloaded(one.header, *offloaded, one.packet))
        {
            EXPECT_TRUE(ChecksumsAreRight(packet));
            packets.push_back(std::move(packet));
        }
    }
    return packets;
}

TEST(NatRelay, TranslatesBothWays)
{
    RelayRig rig(TestConfig());
    rig.Send(NatSide::Inside, BuildUdp(ALICE, SERVER, Payload(10)));
    const auto out = rig.Take();
    ASSERT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].to, NatSide::Outside);
    EXPECT_EQ(out[0].packet, BuildUdp({EXTERNAL, ALICE.port}, SERVER, Payload(10)));
    rig.Send(NatSide::Outside, BuildUdp(SERVER, {EXTERNAL, ALICE.port}, Payload(20)));
    const auto in = rig.Take();
    ASSERT_EQ(in.size(), 1U);
    EXPECT_EQ(in[0].to, NatSide::Inside);
    EXPECT_EQ(in[0].packet, BuildUdp(SERVER, ALICE, Payload(20)));
}

TEST(NatRelay, RefusesStrangersByTheNatsReason)
{
    RelayRig rig(TestConfig());
    rig.Send(NatSide::Outside, BuildUdp(SERVER, {EXTERNAL, ALICE.port}, Payload(20)));
    EXPECT_TRUE(rig.Take().empty());
    EXPECT_EQ(rig.events.names.back(), "packet-dropped nat.no-mapping udp 198.51.100.1:80");
}

TEST(NatRelay, TurnsHairpinsBackInside)
{
    RelayRig rig(TestConfig());
    rig.Send(NatSide::Inside, BuildUdp(ALICE, SERVER, Payload(1)));
    rig.Send(NatSide::Inside, BuildUdp(BOB, SERVER, Payload(1)));
    const auto mappings = rig.relay.Box().Mappings();
    ASSERT_EQ(mappings.size(), 2U);
    rig.Take();
    const Offloaded there = Offload(BuildUdp(mappings[0].internal, mappings[1].external, {}));
    const Offloaded back =
        Offload(BuildUdp(mappings[1].internal, mappings[0].external, Payload(3)));
    rig.Send(NatSide::Inside, there.packet, there.header);
    EXPECT_TRUE(rig.Take().empty()); // filtered as from outside
    rig.Send(NatSide::Inside, back.packet, back.header);
    const auto turned = rig.Take();
    ASSERT_EQ(turned.size(), 1U);
    EXPECT_EQ(turned[0].to, NatSide::Inside);
    EXPECT_EQ(OnTheWire(turned)[0],
              BuildUdp(mappings[1].external, mappings[0].internal, Payload(3)));
}

TEST(NatRelay, TranslatingALargeSegmentEqualsTranslatingItsSegments)
{
    const Packet payload = Payload(20'000);
    TcpFields tcp;
    tcp.sequence = 4'000'000'000;
    const Offloaded cases[] = {
        Offload(BuildTcp(ALICE, SERVER, tcp, payload), 1448),
        Offload(BuildUdp(ALICE, SERVER, payload), 1200),
        Offload(BuildTcp(ALICE, SERVER, tcp, Payload(100))),
        Offload(BuildUdp(ALICE, SERVER, Payload(0))),
    };
    for (const Offloaded& one : cases)
    {
        RelayRig whole(TestConfig());
        RelayRig pieces(TestConfig());
        for (RelayRig* rig : {&whole, &pieces})
        {
            rig->Send(NatSide::Inside, BuildTcp(ALICE, SERVER, Syn(), {}));
            rig->Take();
        }
        whole.Send(NatSide::Inside, one.packet, one.header);
        const auto offloaded = ReadOffload(one.header, one.packet);
        for (const Packet& piece : SplitOffloaded(one.header, *offloaded, one.packet))
        {
            pieces.Send(NatSide::Inside, piece);
        }
        ASSERT_EQ(whole.written.size(), 1U);
        EXPECT_EQ(OnTheWire(whole.Take()), OnTheWire(pieces.Take()));
    }
}

TEST(NatRelay, LargeSegmentsThatFitInPiecesPassWhole)
{
    NatboxConfig config = TestConfig();
    SetMtu(config, 1500, 1500);
    RelayRig rig(config);
    IpFields ip;
    ip.dontFragment = true;
    const Offloaded large = Offload(BuildUdp(ALICE, SERVER, Payload(20'000), ip), 1472);
    rig.Send(NatSide::Inside, large.packet, large.header);
    ASSERT_EQ(rig.written.size(), 1U);
    EXPECT_EQ(rig.written[0].to, NatSide::Outside);
    EXPECT_EQ(rig.written[0].header.gsoSize, 1472);
    EXPECT_EQ(rig.relay.Side(NatSide::Inside).receivedLarge, 1U);
}

TEST(NatRelay, LargeSegmentsThatDoNotFitInPiecesAreRefused)
{
    NatboxConfig config = TestConfig();
    SetMtu(config, 1500, 1400);
    RelayRig rig(config);
    IpFields ip;
    ip.dontFragment = true;
    const Offloaded large = Offload(BuildUdp(ALICE, SERVER, Payload(20'000), ip), 1472);
    rig.Send(NatSide::Inside, large.packet, large.header);
    const auto written = rig.Take();
    ASSERT_EQ(written.size(), 1U);
    EXPECT_EQ(written[0].to, NatSide::Inside);
    PacketView view;
    ASSERT_TRUE(view.Read(written[0].packet, written[0].packet.size()));
    EXPECT_EQ(view.IcmpType(), ICMP_UNREACHABLE);
    EXPECT_EQ(view.IcmpCode(), 4);
    EXPECT_EQ(written[0].packet[26] << 8 | written[0].packet[27], 1400); // next hop's MTU
    EXPECT_TRUE(ChecksumsAreRight(written[0].packet));
    EXPECT_EQ(rig.relay.Side(NatSide::Inside).emitted, 1U);
}

TEST(NatRelay, CutsWhatDoesNotFitAndMayBeCut)
{
    NatboxConfig config = TestConfig();
    SetMtu(config, 1500, 600);
    const Packet packet = BuildUdp(ALICE, SERVER, Payload(1400));
    const Packet translated = BuildUdp({EXTERNAL, ALICE.port}, SERVER, Payload(1400));
    for (const bool isOffloaded : {false, true})
    {
        RelayRig rig(config);
        const Offloaded partial = Offload(packet);
        isOffloaded ? rig.Send(NatSide::Inside, partial.packet, partial.header)
                    : rig.Send(NatSide::Inside, packet);
        std::vector<Packet> pieces;
        for (const Written& one : rig.Take())
        {
            EXPECT_EQ(one.header.flags, 0);
            pieces.push_back(one.packet);
        }
        EXPECT_EQ(pieces, FragmentPacket(translated, 600));
        EXPECT_EQ(rig.relay.Side(NatSide::Outside).fragmented, 1U);
    }
}

TEST(NatRelay, PiecesOfTwoInsidersCanBeToldApart) // RFC 6864 section 5.3.1
{
    NatboxConfig config = TestConfig();
    SetMtu(config, 1500, 600);
    RelayRig rig(config);
    IpFields ip;
    ip.identification = 7;
    std::set<uint16_t> seen;
    for (const Endpoint insider : {ALICE, Endpoint{Ipv4{ALICE.address.value + 1}, ALICE.port}})
    {
        rig.Send(NatSide::Inside, BuildUdp(insider, SERVER, Payload(1400), ip));
        for (const Written& piece : rig.Take())
        {
            EXPECT_EQ(piece.to, NatSide::Outside);
            seen.insert(static_cast<uint16_t>(piece.packet[4] << 8 | piece.packet[5]));
        }
    }
    EXPECT_EQ(seen.size(), 2U);
}

TEST(NatRelay, WhatIsNotTranslatedAndDoesNotFitIsAnsweredOrCut)
{
    NatboxConfig config = TestConfig();
    SetMtu(config, 1500, 600);
    config.nat.untranslated = {Subnet{SERVER.address, 32}};
    for (const bool dontFragment : {true, false})
    {
        RelayRig rig(config);
        IpFields ip;
        ip.dontFragment = dontFragment;
        const Packet packet = BuildUdp(ALICE, SERVER, Payload(1400), ip);
        rig.Send(NatSide::Inside, packet);
        const auto written = rig.Take();
        ASSERT_EQ(written.size(), dontFragment ? 1U : FragmentPacket(packet, 600).size());
        EXPECT_EQ(written[0].to, dontFragment ? NatSide::Inside : NatSide::Outside);
        EXPECT_EQ(rig.relay.Drops(RelayDrop::Unroutable), 0U);
        EXPECT_EQ(rig.relay.Box().Counters().emitted, dontFragment ? 1U : 0U);
    }
}

TEST(NatRelay, FragmentsWaitForTheirFirstOne)
{
    RelayRig rig(TestConfig());
    IpFields ip;
    ip.identification = 7;
    const auto pieces = FragmentPacket(BuildUdp(ALICE, SERVER, Payload(3000), ip), 1500);
    ASSERT_EQ(pieces.size(), 3U);
    rig.Send(NatSide::Inside, pieces[1]);
    rig.Send(NatSide::Inside, pieces[2]);
    EXPECT_TRUE(rig.Take().empty());
    rig.Send(NatSide::Inside, pieces[0]);
    const auto out = rig.Take();
    ASSERT_EQ(out.size(), 3U);
    const auto expected =
        FragmentPacket(BuildUdp({EXTERNAL, ALICE.port}, SERVER, Payload(3000), ip), 1500);
    EXPECT_EQ(out[0].packet, expected[0]);
    EXPECT_EQ(out[1].packet, expected[1]);
    EXPECT_EQ(out[2].packet, expected[2]);
}

TEST(NatRelay, FragmentsWithoutAFirstOneAreForgotten)
{
    RelayRig rig(TestConfig());
    const auto pieces = FragmentPacket(BuildUdp(ALICE, SERVER, Payload(3000)), 1500);
    rig.Send(NatSide::Inside, pieces[1]);
    EXPECT_NE(rig.relay.NextTimeout(), TIME_NEVER);
    rig.now = rig.relay.NextTimeout();
    rig.relay.Timeout(rig.now);
    rig.Send(NatSide::Inside, pieces[0]);
    EXPECT_EQ(rig.Take().size(), 1U);
}

TEST(NatRelay, ABatchIsWhatItsPacketsAreOneByOne)
{
    RelayRig batch(TestConfig());
    RelayRig single(TestConfig());
    std::vector<Packet> packets;
    for (uint16_t i = 0; i < 40; ++i)
    {
        packets.push_back(
            BuildUdp({ALICE.address, static_cast<uint16_t>(4000 + i % 7)}, SERVER, Payload(i)));
    }
    packets[5] = Packet(10, 0x45);
    packets[9] = Packet(48, 0x60);
    batch.SendBatch(NatSide::Inside, packets);
    for (const Packet& packet : packets)
    {
        single.Send(NatSide::Inside, packet);
    }
    const auto expected = single.Take();
    const auto got = batch.Take();
    ASSERT_EQ(got.size(), 38U);
    for (size_t i = 0; i < got.size(); ++i)
    {
        EXPECT_EQ(got[i].packet, expected.at(i).packet) << i;
    }
}

TEST(NatRelay, AnswersNothingAtItsOwnAddress)
{
    NatboxConfig config = TestConfig();
    config.nat.firstPort = 20'000;
    RelayRig rig(config);
    rig.Send(NatSide::Outside, BuildUdp(SERVER, {EXTERNAL, 53}, Payload(5)));
    EXPECT_TRUE(rig.Take().empty());
    EXPECT_EQ(rig.relay.Drops(RelayDrop::OwnAddress), 1U);
    EXPECT_EQ(rig.events.names.back(), "packet-dropped natbox.own-address udp 198.51.100.1:80");
}

TEST(NatRelay, CountsWhatIsNoIpv4)
{
    RelayRig rig(TestConfig());
    Packet six(48);
    six[0] = 0x60;
    rig.Send(NatSide::Inside, six);
    rig.Send(NatSide::Inside, {});
    rig.Send(NatSide::Inside, Packet(19, 0x45));
    EXPECT_TRUE(rig.Take().empty());
    EXPECT_EQ(rig.relay.Drops(RelayDrop::NotIpv4), 3U);
}

TEST(NatRelay, CountsHeadersThatContradictTheirPackets)
{
    RelayRig rig(TestConfig());
    Offloaded packet = Offload(BuildUdp(ALICE, SERVER, Payload(10)));
    packet.header.checksumOffset = 16;
    rig.Send(NatSide::Inside, packet.packet, packet.header);
    EXPECT_TRUE(rig.Take().empty());
    EXPECT_EQ(rig.relay.Drops(RelayDrop::Offload), 1U);
}

TEST(NatRelay, ReconfiguringKeepsTheMappings)
{
    NatboxConfig config = TestConfig();
    RelayRig rig(config);
    rig.Send(NatSide::Inside, BuildUdp(ALICE, SERVER, Payload(10)));
    rig.Take();
    config.nat.timers.udp = std::chrono::minutes(9);
    config.outside.impairment.delay = std::chrono::milliseconds(5);
    EXPECT_FALSE(rig.relay.Reconfigure(rig.now, config));
    rig.Send(NatSide::Outside, BuildUdp(SERVER, {EXTERNAL, ALICE.port}, Payload(20)));
    EXPECT_TRUE(rig.Take().empty()); // on its way
    rig.now = std::chrono::milliseconds(5);
    rig.relay.Timeout(rig.now);
    ASSERT_EQ(rig.written.size(), 1U);
    EXPECT_EQ(rig.written[0].packet, BuildUdp(SERVER, ALICE, Payload(20)));
}

} // namespace
} // namespace isb
