// SPDX-License-Identifier: GPL-2.0-or-later
// What an IstEngine does about families beside forwarding, which tests/splice-cases compares.
#include "model/core/ist/flow-table.h"
#include "model/core/ist/ist-engine.h"
#include "model/core/random/rng.h"
#include "model/wire/registration.h"
#include "tests/splice-cases/case-packet.h"

#include <gtest/gtest.h>

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

class IstFamiliesTest : public testing::Test
{
  protected:
    static IstSettings
    Settings()
    {
        IstSettings settings;
        settings.addresses = {At("203.0.113.1"), At("2001:db8:a::1"), At("2001:db8:b::1")};
        return settings;
    }

    IstVerdict
    Give(Bytes packet)
    {
        return engine.Process(now, packet, packet.size());
    }

    static Bytes
    Syn(const IpEndpoint& from, const IpEndpoint& to)
    {
        cases::Tcp tcp;
        tcp.seq = 1000;
        tcp.flags = cases::SYN;
        return cases::BuildTcp(from, to, tcp);
    }

    static Bytes
    Registration(const IpEndpoint& from, const IpEndpoint& to)
    {
        return cases::BuildUdp(from,
                               to,
                               Bytes(REGISTRATION_DATAGRAM.begin(), REGISTRATION_DATAGRAM.end()));
    }

    uint64_t
    Add(IstPair pair)
    {
        pair.portA = PORT_A;
        pair.portB = pair.method == SpliceMethod::Active ? 0 : PORT_B;
        const auto id = engine.Add(now, pair);
        EXPECT_TRUE(id) << id.Why();
        return id ? *id : 0;
    }

    const IpEndpoint alice{At("2001:db8:1::1"), 1111};
    const IpEndpoint alicesIst{At("2001:db8:a::1"), PORT_A};
    const IpEndpoint alice4{Ipv4{0x0a000101}, 1111};
    const IpEndpoint alicesIst4{Ipv4{0xcb007101}, PORT_A};
    const IpEndpoint bob{At("2001:db8:2::1"), 2222};
    const IpEndpoint bobsIst{At("2001:db8:b::1"), PORT_B};
    SeededRng random{1};
    IstEngine engine{Settings(), random, nullptr};
    TimePoint now{std::chrono::seconds(1)};
};

TEST_F(IstFamiliesTest, OnlyTheAllowedIpv6SourceTakesTheSide)
{
    IstPair pair;
    pair.allowedA = alice.address;
    const uint64_t id = Add(pair);
    EXPECT_EQ(Give(Syn({At("2001:db8:1::2"), 1111}, alicesIst)).reason, "ist.source-refused");
    EXPECT_EQ(Give(Syn(alice4, alicesIst4)).reason, "ist.source-refused");
    EXPECT_EQ(Give(Syn(alice, alicesIst)).action, IstVerdict::Consumed);
    EXPECT_EQ(engine.Find(id)->side[0].peer, alice);
    EXPECT_EQ(engine.Find(id)->side[0].local, alicesIst);
}

/// An IPv6 address whose first word is an IPv4 address' number is somebody else's.
TEST_F(IstFamiliesTest, AnAllowedIpv4SourceIsNoIpv6Source)
{
    IstPair pair;
    pair.allowedA = alice4.address;
    Add(pair);
    IpAddress alike = alice4.address;
    alike.family = IST_FAMILY_IPV6;
    EXPECT_EQ(Give(Syn({alike, 1111}, alicesIst)).reason, "ist.source-refused");
    EXPECT_EQ(Give(Syn(alice4, alicesIst4)).action, IstVerdict::Consumed);
}

TEST_F(IstFamiliesTest, AnIpv6AddressOfAnotherHostIsNotTheIsts)
{
    Add({});
    EXPECT_EQ(Give(Syn(alice, {At("2001:db8:c::1"), PORT_A})).action, IstVerdict::NotOurs);
}

TEST_F(IstFamiliesTest, AnActiveSpliceLeavesFromAnOwnAddressOfItsTargetsFamily)
{
    IstPair pair;
    pair.method = SpliceMethod::Active;
    pair.activeTarget = {Ipv4{0x0a000201}, 80};
    const uint64_t id = Add(pair);
    EXPECT_EQ(Give(Syn(alice, alicesIst)).action, IstVerdict::Consumed);
    const auto emitted = engine.TakeEmitted();
    ASSERT_EQ(emitted.size(), 1U);
    const Bytes& synAck = emitted[0];
    cases::Tcp ack;
    ack.seq = 1001;
    ack.ack = (uint32_t{synAck.at(44)} << 24 | uint32_t{synAck.at(45)} << 16 |
               uint32_t{synAck.at(46)} << 8 | synAck.at(47)) +
              1;
    EXPECT_EQ(Give(cases::BuildTcp(alice, alicesIst, ack)).action, IstVerdict::Consumed);
    const auto opened = engine.TakeEmitted();
    ASSERT_EQ(opened.size(), 1U);
    EXPECT_EQ(opened[0].at(0) >> 4, 4) << "an IPv4 SYN";
    EXPECT_EQ(engine.Find(id)->side[1].local.address, alicesIst4.address);
}

TEST_F(IstFamiliesTest, AnActiveSpliceWithoutSuchAnAddressRefusesItsUser)
{
    IstSettings settings = Settings();
    settings.addresses = {At("2001:db8:a::1")};
    IstEngine ipv6Only(settings, random, nullptr);
    IstPair pair;
    pair.method = SpliceMethod::Active;
    pair.portA = PORT_A;
    pair.activeTarget = {Ipv4{0x0a000201}, 80};
    ASSERT_TRUE(ipv6Only.Add(now, pair));
    Bytes syn = Syn(alice, alicesIst);
    EXPECT_EQ(ipv6Only.Process(now, syn, syn.size()).reason, "ist.no-port");
}

TEST_F(IstFamiliesTest, ADatagramWithoutChecksumGoesToIpv4Only)
{
    IstPair pair;
    pair.method = SpliceMethod::Udp;
    Add(pair);
    EXPECT_EQ(Give(Registration(alice4, alicesIst4)).action, IstVerdict::Consumed);
    EXPECT_EQ(Give(Registration(bob, bobsIst)).action, IstVerdict::Consumed);
    Bytes datagram = cases::BuildUdp(alice4, alicesIst4, cases::Text("hello"));
    EXPECT_EQ(Give(datagram).action, IstVerdict::Forward);
    datagram[26] = datagram[27] = 0;
    EXPECT_EQ(Give(datagram).reason, "ist.udp-checksum");
}

TEST_F(IstFamiliesTest, MalformedIpv6IsCountedWhereItIsForTheIstAndPassesElsewhere)
{
    Add({});
    Bytes packet = Syn(alice, alicesIst);
    packet[52] = 0x10; // TCP data offset 4
    EXPECT_EQ(Give(packet).reason, "ist.malformed");
    Bytes other = Syn(alice, {alicesIst.address, 80});
    other[52] = 0x10;
    EXPECT_EQ(Give(other).action, IstVerdict::NotOurs);
}

TEST_F(IstFamiliesTest, NothingOfIpv6AndMixedSplicesIsLeftInTheEnd)
{
    IstPair pair;
    pair.method = SpliceMethod::Udp;
    Add(pair);
    EXPECT_EQ(Give(Registration(alice, alicesIst)).action, IstVerdict::Consumed);
    EXPECT_EQ(Give(Registration(bob, bobsIst)).action, IstVerdict::Consumed);
    const Bytes datagram = cases::BuildUdp(alice, alicesIst, Bytes(3000, 7));
    EXPECT_EQ(Give(cases::Fragments(datagram, 1400, 5)[1]).action, IstVerdict::Hold);
    Add(pair); // the ports are free again
    EXPECT_EQ(Give(Registration({alice4.address, 3333}, alicesIst4)).action, IstVerdict::Consumed);
    EXPECT_EQ(Give(Registration({bob.address, 3333}, bobsIst)).action, IstVerdict::Consumed);
    while (engine.NextTimeout() != TIME_NEVER)
    {
        now = std::max(now, engine.NextTimeout());
        engine.Timeout(now);
    }
    EXPECT_EQ(engine.Size(), 0U);
    EXPECT_EQ(engine.StateSize(), 0U);
    EXPECT_EQ(engine.TakeAbandoned().size(), 1U);
}

TEST(FlowTable6, KeysDifferInEveryWordAndPort)
{
    FlowTable6 table(7);
    ist_tuple tuple{};
    table.At(TupleKey6::OfFlow(Protocol::Tcp, tuple)) = 1;
    for (size_t word = 0; word < 4; ++word)
    {
        ist_tuple other = tuple;
        other.source.word[word] = 1;
        EXPECT_EQ(table.Find(TupleKey6::OfFlow(Protocol::Tcp, other)), nullptr) << word;
        other = tuple;
        other.destination.word[word] = 1;
        EXPECT_EQ(table.Find(TupleKey6::OfFlow(Protocol::Tcp, other)), nullptr) << word;
    }
    tuple.source_port = 1;
    EXPECT_EQ(table.Find(TupleKey6::OfFlow(Protocol::Tcp, tuple)), nullptr);
    EXPECT_TRUE(table.Erase(TupleKey6::OfFlow(Protocol::Tcp, ist_tuple{})));
    EXPECT_EQ(table.Size(), 0U);
}

} // namespace
} // namespace isb
