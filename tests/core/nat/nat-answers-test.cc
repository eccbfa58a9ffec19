// SPDX-License-Identifier: GPL-2.0-or-later
// What the NAT itself says to those whose packets it drops.
#include "model/core/nat/nat-answers.h"

#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr NatSide IN = NatSide::Inside;
constexpr NatSide OUT = NatSide::Outside;
constexpr Endpoint TARGET{EXTERNAL, 5000};
constexpr uint8_t PORT_UNREACHABLE = 3;
constexpr uint8_t FRAGMENTATION_NEEDED = 4;
constexpr uint8_t PROHIBITED = 13;

Packet
Syn(Endpoint source, Endpoint destination, uint32_t sequence = 1000)
{
    TcpFields fields;
    fields.flags = TCP_SYN;
    fields.sequence = sequence;
    return BuildTcp(source, destination, fields, Packet{});
}

NatSettings
WithSynAnswer(NatSynAnswer answer)
{
    NatSettings settings = Preset("port-restricted-cone");
    settings.unsolicitedSyn = answer;
    return settings;
}

/// The one packet that the NAT has sent since the last call.
NatEmitted
OneEmitted(NatUnderTest& nat)
{
    const std::vector<NatEmitted> all = nat.box.TakeEmitted();
    EXPECT_EQ(all.size(), 1U);
    if (all.empty())
    {
        return {};
    }
    EXPECT_TRUE(ChecksumsAreRight(all[0].packet));
    return all[0];
}

TEST(NatAnswers, DropSaysNothingToAnUnsolicitedSyn)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Drop));
    Packet syn = Syn(STRANGER, TARGET);
    EXPECT_EQ(nat.Send(OUT, syn).reason, "nat.no-mapping");
    EXPECT_TRUE(nat.box.TakeEmitted().empty());
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
}

TEST(NatAnswers, ResetAnswersAnUnsolicitedSynAtOnce)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Reset));
    Packet syn = Syn(STRANGER, TARGET, 0xffffffff);
    EXPECT_EQ(nat.Send(OUT, syn).reason, "nat.no-mapping");
    const NatEmitted emitted = OneEmitted(nat);
    EXPECT_EQ(emitted.to, OUT);
    TcpFields reset; // RFC 9293 section 3.10.7.1
    reset.flags = TCP_RST | TCP_ACK;
    reset.window = 0;
    EXPECT_EQ(emitted.packet, BuildTcp(TARGET, STRANGER, reset, Packet{}));
    EXPECT_EQ(nat.box.Counters().emitted, 1U);
}

TEST(NatAnswers, ResetIsOnlyForWhatOpens)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Reset));
    for (const int flags : std::initializer_list<int>{TCP_ACK, TCP_RST, TCP_SYN | TCP_ACK})
    {
        Packet stray = Tcp(STRANGER, TARGET, static_cast<uint8_t>(flags));
        EXPECT_EQ(nat.Send(OUT, stray).action, Action::Drop);
    }
    Packet datagram = Udp(STRANGER, TARGET);
    EXPECT_EQ(nat.Send(OUT, datagram).action, Action::Drop);
    EXPECT_TRUE(nat.box.TakeEmitted().empty());
}

TEST(NatAnswers, UnreachableAnswersAFilteredSynAtOnce)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Unreachable));
    const Endpoint external = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    const Packet sent = Syn(STRANGER, external);
    Packet syn = sent;
    EXPECT_EQ(nat.Send(OUT, syn).reason, "nat.filtered");
    EXPECT_EQ(
        OneEmitted(nat).packet,
        BuildIcmpError(EXTERNAL, STRANGER.address, ICMP_UNREACHABLE, PORT_UNREACHABLE, 0, sent));
}

TEST(NatAnswers, HeldSynIsAnsweredAfterItsTimeAndNotBefore) // RFC 5382 REQ-4
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    const Packet sent = Syn(STRANGER, TARGET);
    Packet syn = sent;
    EXPECT_EQ(nat.Send(OUT, syn).reason, "nat.syn-held");
    EXPECT_EQ(nat.box.NextTimeout(), seconds(6));
    nat.now = seconds(3);
    Packet again = sent;
    EXPECT_EQ(nat.Send(OUT, again).reason, "nat.syn-held");
    nat.box.Timeout(seconds(6) - Duration(1));
    EXPECT_TRUE(nat.box.TakeEmitted().empty());
    nat.box.Timeout(seconds(6));
    const NatEmitted emitted = OneEmitted(nat);
    EXPECT_EQ(emitted.to, OUT);
    EXPECT_EQ(
        emitted.packet,
        BuildIcmpError(EXTERNAL, STRANGER.address, ICMP_UNREACHABLE, PORT_UNREACHABLE, 0, sent));
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
}

TEST(NatAnswers, HeldSynIsForgottenWhenAnInsiderCallsItsSender)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    Packet early = Syn(STRANGER, TARGET);
    EXPECT_EQ(nat.Send(OUT, early).reason, "nat.syn-held");
    nat.now = seconds(2);
    Packet inside = Syn(ALICE, STRANGER);
    ASSERT_EQ(nat.Send(IN, inside).action, Action::Forward);
    ASSERT_EQ(SourceOf(inside), TARGET);
    nat.now = seconds(3);
    Packet repeated = Syn(STRANGER, TARGET); // simultaneous open
    EXPECT_EQ(nat.Send(OUT, repeated).action, Action::Forward);
    nat.box.Timeout(seconds(20));
    EXPECT_TRUE(nat.box.TakeEmitted().empty());
}

TEST(NatAnswers, HeldSynIsNotForgottenWhenAnInsiderCallsSomebodyElse)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    Packet early = Syn(STRANGER, TARGET);
    EXPECT_EQ(nat.Send(OUT, early).reason, "nat.syn-held");
    ASSERT_TRUE(ExternalOf(nat, Protocol::Tcp, ALICE, SERVER));
    nat.box.Timeout(seconds(6));
    EXPECT_EQ(nat.box.TakeEmitted().size(), 1U);
}

TEST(NatAnswers, HeldSynThatIsRepeatedAndAdmittedIsForgotten)
{
    for (const bool isRepeated : {true, false})
    {
        NatSettings settings = Preset("restricted-cone");
        settings.unsolicitedSyn = NatSynAnswer::Hold;
        NatUnderTest nat(settings);
        const Endpoint external = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
        Packet early = Syn(STRANGER, external);
        EXPECT_EQ(nat.Send(OUT, early).reason, "nat.syn-held");
        const Endpoint other{STRANGER.address, 4000};
        ASSERT_TRUE(ExternalOf(nat, Protocol::Tcp, ALICE, other)); // permits the address
        if (isRepeated)
        {
            Packet repeated = Syn(STRANGER, external);
            EXPECT_EQ(nat.Send(OUT, repeated).action, Action::Forward);
        }
        nat.box.Timeout(seconds(6));
        EXPECT_EQ(nat.box.TakeEmitted().size(), isRepeated ? 0U : 1U);
    }
}

TEST(NatAnswers, HeldSynsOfInsidersToNobodysPortAreEachTheirSenders)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    for (const Endpoint insider : {ALICE, BOB})
    {
        Packet syn = Syn(insider, {EXTERNAL, 7000});
        EXPECT_EQ(nat.Send(IN, syn).reason, "nat.syn-held");
    }
    nat.box.Timeout(seconds(6));
    EXPECT_EQ(nat.box.TakeEmitted().size(), 2U);
}

TEST(NatAnswers, HeldSynsAreBounded)
{
    NatSettings settings = WithSynAnswer(NatSynAnswer::Hold);
    settings.limits.heldSyns = 3;
    NatUnderTest nat(settings);
    for (uint16_t port = 1; port <= 100; ++port)
    {
        Packet syn = Syn({STRANGER.address, port}, TARGET);
        EXPECT_EQ(nat.Send(OUT, syn).reason, port <= 3 ? "nat.syn-held" : "nat.no-mapping");
    }
    nat.box.Timeout(seconds(6));
    EXPECT_EQ(nat.box.TakeEmitted().size(), 3U);
}

TEST(NatAnswers, HeldSynOfAnInsiderLetsASimultaneousOpenBehindTheNatHappen)
{
    NatUnderTest nat(WithSynAnswer(NatSynAnswer::Hold));
    const Endpoint alice = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    const Endpoint bob = *ExternalOf(nat, Protocol::Tcp, BOB, SERVER);
    Packet first = Syn(ALICE, bob);
    EXPECT_EQ(nat.Send(IN, first).reason, "nat.syn-held");
    Packet second = Syn(BOB, alice);
    EXPECT_EQ(nat.Send(IN, second).action, Action::Hairpin);
    Packet repeated = Syn(ALICE, bob);
    EXPECT_EQ(nat.Send(IN, repeated).action, Action::Hairpin);
    nat.box.Timeout(seconds(6));
    EXPECT_TRUE(nat.box.TakeEmitted().empty());
}

TEST(NatAnswers, InsiderWhoseFlowFindsNoPortIsTold) // RFC 5508 REQ-8
{
    NatSettings settings = Preset("symmetric");
    settings.firstPort = settings.lastPort = 4000;
    NatUnderTest nat(settings);
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    const Packet sent = Udp(BOB, SERVER);
    Packet refused = sent;
    EXPECT_EQ(nat.Send(IN, refused).reason, "nat.pool-exhausted");
    const NatEmitted emitted = OneEmitted(nat);
    EXPECT_EQ(emitted.to, IN);
    EXPECT_EQ(emitted.packet,
              BuildIcmpError(EXTERNAL, BOB.address, ICMP_UNREACHABLE, PROHIBITED, 0, sent));
}

TEST(NatAnswers, InsiderWhoseFlowFindsTheTableFullIsToldAndTheOneThatIsInIsNot)
{
    NatSettings settings = Preset("full-cone");
    settings.limits.mappings = 1;
    NatUnderTest nat(settings);
    ASSERT_TRUE(ExternalOf(nat, Protocol::Tcp, ALICE, SERVER));
    ASSERT_TRUE(ExternalOf(nat, Protocol::Tcp, ALICE, STRANGER));
    EXPECT_TRUE(nat.box.TakeEmitted().empty());
    Packet refused = Syn(BOB, SERVER);
    EXPECT_EQ(nat.Send(IN, refused).reason, "nat.table-full");
    EXPECT_EQ(nat.box.TakeEmitted().size(), 1U);
}

TEST(NatAnswers, ErrorsAreLimitedInRate) // RFC 1812 section 4.3.2.8
{
    NatSettings settings = Preset("symmetric");
    settings.firstPort = settings.lastPort = 4000;
    NatUnderTest nat(settings);
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    for (int i = 0; i < 1000; ++i)
    {
        Packet refused = Udp(BOB, SERVER);
        nat.Send(IN, refused);
    }
    EXPECT_EQ(nat.box.TakeEmitted().size(), 50U);
    EXPECT_EQ(nat.box.Counters().suppressed, 950U);
    nat.now += milliseconds(10);
    Packet refused = Udp(BOB, SERVER);
    nat.Send(IN, refused);
    EXPECT_EQ(nat.box.TakeEmitted().size(), 1U);
}

struct TooBig
{
    const char* name;
    NatSide from;
    bool dontFragment;
    size_t payload;
    size_t wireLength; ///< 0: the packet's own
    bool refused;
};

TEST(NatAnswers, PacketsThatMayNotBeFragmentedAreAnsweredWithTheNextMtu) // RFC 4787 REQ-13
{
    const TooBig cases[] = {
        {"outbound, fits", IN, true, 972, 0, false},
        {"outbound, one byte too many", IN, true, 973, 0, true},
        {"outbound, may be fragmented", IN, false, 1400, 0, false},
        {"outbound, large segment whose pieces fit", IN, true, 1400, 1000, false},
        {"outbound, pieces too large", IN, true, 1400, 1001, true},
        {"inbound, fits", OUT, true, 872, 0, false},
        {"inbound, one byte too many", OUT, true, 873, 0, true},
        {"inbound, may be fragmented", OUT, false, 1400, 0, false},
    };
    for (const TooBig& test : cases)
    {
        SCOPED_TRACE(test.name);
        NatSettings settings = Preset("full-cone");
        settings.outsideMtu = 1000;
        settings.insideMtu = 900;
        NatUnderTest nat(settings);
        const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
        IpFields ip;
        ip.dontFragment = test.dontFragment;
        const bool inside = test.from == IN;
        const Packet sent =
            BuildUdp(inside ? ALICE : SERVER, inside ? SERVER : external, Packet(test.payload), ip);
        Packet packet = sent;
        const NatVerdict verdict =
            nat.box.Process(nat.now, test.from, packet, packet.size(), test.wireLength);
        if (!test.refused)
        {
            EXPECT_EQ(verdict.action, Action::Forward);
            EXPECT_TRUE(nat.box.TakeEmitted().empty());
            continue;
        }
        EXPECT_EQ(verdict.reason, "nat.packet-too-big");
        EXPECT_EQ(packet, sent);
        const NatEmitted emitted = OneEmitted(nat);
        EXPECT_EQ(emitted.to, test.from);
        EXPECT_EQ(emitted.packet,
                  BuildIcmpError(EXTERNAL,
                                 inside ? ALICE.address : SERVER.address,
                                 ICMP_UNREACHABLE,
                                 FRAGMENTATION_NEEDED,
                                 inside ? 1000 : 900,
                                 sent));
    }
}

TEST(NatAnswers, SoAreThoseThatAreNotTranslated)
{
    constexpr Endpoint PLAIN{Ipv4{0xc6336409}, 80};
    for (const bool dontFragment : {true, false})
    {
        for (const NatSide from : {IN, OUT})
        {
            NatSettings settings = Preset("full-cone");
            settings.untranslated = {Subnet{PLAIN.address, 32}};
            settings.outsideMtu = 1000;
            settings.insideMtu = 900;
            NatUnderTest nat(settings);
            const uint16_t mtu = from == IN ? 1000 : 900;
            const Endpoint source = from == IN ? ALICE : PLAIN;
            const Endpoint destination = from == IN ? PLAIN : ALICE;
            IpFields ip;
            ip.dontFragment = dontFragment;
            Packet fits = BuildUdp(source, destination, Packet(mtu - 28U), ip);
            EXPECT_EQ(nat.Send(from, fits).action, Action::NotForUs);
            const Packet sent = BuildUdp(source, destination, Packet(mtu - 27U), ip);
            Packet packet = sent;
            const NatVerdict verdict = nat.Send(from, packet);
            EXPECT_EQ(packet, sent);
            if (!dontFragment)
            {
                EXPECT_EQ(verdict.action, Action::NotForUs);
                EXPECT_TRUE(nat.box.TakeEmitted().empty());
                continue;
            }
            EXPECT_EQ(verdict.reason, "nat.packet-too-big");
            const NatEmitted emitted = OneEmitted(nat);
            EXPECT_EQ(emitted.to, from);
            EXPECT_EQ(emitted.packet,
                      BuildIcmpError(EXTERNAL,
                                     source.address,
                                     ICMP_UNREACHABLE,
                                     FRAGMENTATION_NEEDED,
                                     mtu,
                                     sent));
        }
    }
}

TEST(NatAnswers, ThePacketToTheBoxItselfIsNotTooBig)
{
    NatSettings settings = Preset("full-cone");
    settings.outsideMtu = settings.insideMtu = 900;
    NatUnderTest nat(settings);
    IpFields ip;
    ip.dontFragment = true;
    Packet packet = BuildUdp(SERVER, {EXTERNAL, 22}, Packet(1000), ip);
    EXPECT_EQ(nat.Send(OUT, packet).action, Action::NotForUs);
}

TEST(NatAnswers, WithoutMtuNoPacketIsTooBig)
{
    NatUnderTest nat(Preset("full-cone"));
    IpFields ip;
    ip.dontFragment = true;
    Packet packet = BuildUdp(ALICE, SERVER, Packet(60000), ip);
    EXPECT_EQ(nat.Send(IN, packet).action, Action::Forward);
}

TEST(NatAnswers, PacketFromOutsideThatMayNotTravelFurtherIsAnswered)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    IpFields ip;
    ip.ttl = 1;
    const Packet sent = BuildUdp(SERVER, external, Packet{1}, ip);
    Packet packet = sent;
    EXPECT_EQ(nat.Send(OUT, packet).reason, "nat.ttl-expired");
    const NatEmitted emitted = OneEmitted(nat);
    EXPECT_EQ(emitted.to, OUT);
    EXPECT_EQ(emitted.packet,
              BuildIcmpError(EXTERNAL, SERVER.address, ICMP_TIME_EXCEEDED, 0, 0, sent));
}

TEST(NatAnswers, ErrorsAndLaterFragmentsAreNeverAnswered) // RFC 1812 section 4.3.2.7
{
    NatUnderTest nat(Preset("full-cone"));
    const Packet out = Udp(ALICE, SERVER, Packet(64));
    Packet translated = out;
    ASSERT_EQ(nat.Send(IN, translated).action, Action::Forward);
    IpFields ip;
    ip.ttl = 1;
    Packet error = BuildIcmpError(STRANGER.address,
                                  EXTERNAL,
                                  ICMP_UNREACHABLE,
                                  PORT_UNREACHABLE,
                                  0,
                                  translated,
                                  548,
                                  ip);
    EXPECT_EQ(nat.Send(OUT, error).reason, "nat.ttl-expired");
    EXPECT_TRUE(nat.box.TakeEmitted().empty());
    for (Packet& fragment : FragmentPacket(BuildUdp(SERVER, TARGET, Packet(64), ip), 60))
    {
        EXPECT_EQ(nat.Send(OUT, fragment).reason, "nat.ttl-expired");
    }
    EXPECT_EQ(nat.box.TakeEmitted().size(), 1U) << "about the first fragment alone";
}

TEST(NatAnswers, ErrorsCarryNoMoreThanRoutersQuote) // RFC 1812 section 4.3.2.3
{
    NatSettings settings = Preset("full-cone");
    settings.outsideMtu = 1000;
    NatUnderTest nat(settings);
    IpFields ip;
    ip.dontFragment = true;
    Packet packet = BuildUdp(ALICE, SERVER, Packet(1400), ip);
    EXPECT_EQ(nat.Send(IN, packet).reason, "nat.packet-too-big");
    EXPECT_EQ(OneEmitted(nat).packet.size(), 576U);
}

} // namespace
} // namespace isb::test
