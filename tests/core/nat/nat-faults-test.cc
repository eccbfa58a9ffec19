// SPDX-License-Identifier: GPL-2.0-or-later
// A NAT that restarts, rebinds, fills up or misbehaves on command.
#include "tests/core/nat/nat-harness.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr NatSide IN = NatSide::Inside;
constexpr NatSide OUT = NatSide::Outside;
constexpr Ipv4 OTHER_EXTERNAL{0xcb007109};
constexpr uint8_t SYN_ACK = TCP_SYN | TCP_ACK;

bool
HasLine(const NatUnderTest& nat, const std::string& part)
{
    return std::any_of(nat.log.lines.begin(),
                       nat.log.lines.end(),
                       [&](const std::string& line)
                       { return line.find(part) != std::string::npos; });
}

TEST(NatBoxFaults, RebootLosesEveryMappingAndKeepsTheAddress)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
    nat.box.Reboot(nat.now, EXTERNAL);
    EXPECT_EQ(nat.box.MappingCount(), 0U);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "nat.no-mapping");
    EXPECT_TRUE(
        HasLine(nat, R"("event":"nat-state","translated":"203.0.113.1:0","to":"rebooted")"));
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->address, EXTERNAL);
}

TEST(NatBoxFaults, RebootCanChangeTheExternalAddress)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint before = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.box.Reboot(nat.now, OTHER_EXTERNAL);
    EXPECT_EQ(nat.box.Settings().external, OTHER_EXTERNAL);
    const Endpoint after = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    EXPECT_EQ(after.address, OTHER_EXTERNAL);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, after, ALICE), "");
    Packet old = Udp(SERVER, before);
    EXPECT_EQ(nat.Send(OUT, old).action, Action::NotForUs);
}

TEST(NatBoxFaults, RebootCutsConnectionsUntilTheyOpenAnew)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    ASSERT_TRUE(ExternalOf(nat, Protocol::Tcp, ALICE, SERVER));
    nat.box.Reboot(nat.now, EXTERNAL);
    Packet data = Tcp(ALICE, SERVER, TCP_ACK);
    EXPECT_EQ(nat.Send(IN, data).reason, "nat.no-connection");
    Packet syn = Tcp(ALICE, SERVER, TCP_SYN);
    EXPECT_EQ(nat.Send(IN, syn).action, Action::Forward);
}

TEST(NatBoxFaults, RebootAbandonsWhatIsHeld)
{
    NatSettings settings = Preset("full-cone");
    settings.unsolicitedSyn = NatSynAnswer::Hold;
    NatUnderTest nat(settings);
    std::vector<Packet> fragments = FragmentPacket(Udp(ALICE, SERVER, Packet(100)), 68);
    const NatVerdict held = nat.Send(IN, fragments[1]);
    ASSERT_EQ(held.action, Action::Hold);
    Packet syn = Tcp(STRANGER, {EXTERNAL, 5000}, TCP_SYN);
    ASSERT_EQ(nat.Send(OUT, syn).reason, "nat.syn-held");
    nat.box.Reboot(nat.now, EXTERNAL);
    EXPECT_EQ(nat.box.TakeAbandoned(), std::vector<uint64_t>{held.ticket});
    EXPECT_EQ(nat.box.Counters().drops[static_cast<size_t>(NatDrop::StateLost)], 1U);
    EXPECT_TRUE(HasLine(nat, "nat.state-lost"));
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
    nat.box.Timeout(minutes(1));
    EXPECT_TRUE(nat.box.TakeEmitted().empty()) << "the held SYN is forgotten too";
}

TEST(NatBoxFaults, RebindMovesEveryMappingAndKeepsItsSessions)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    const Endpoint before = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.box.Rebind(nat.now);
    EXPECT_TRUE(HasLine(nat, R"("to":"rebound")"));
    ASSERT_EQ(nat.box.MappingCount(), 1U);
    const Endpoint after = nat.box.Mappings()[0].external;
    EXPECT_NE(after, before);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, before, ALICE), "nat.no-mapping");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, after, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, after, ALICE), "nat.filtered");
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), after);
}

TEST(NatBoxFaults, FullTableRefusesNewFlowsAndKeepsOldOnes)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.box.SetFull(nat.now, true);
    EXPECT_TRUE(HasLine(nat, R"("to":"full")"));
    Packet other = Udp(BOB, SERVER);
    EXPECT_EQ(nat.Send(IN, other).reason, "nat.table-full");
    EXPECT_EQ(nat.box.TakeEmitted().size(), 1U);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), external);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "");
    nat.box.SetFull(nat.now, false);
    EXPECT_TRUE(HasLine(nat, R"("to":"room")"));
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, BOB, SERVER));
}

TEST(NatBoxFaults, ReconfigureKeepsMappingsAndTakesTheNewRules)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    NatSettings settings = Preset("full-cone");
    settings.unsolicitedSyn = NatSynAnswer::Reset;
    settings.timers.fragments = seconds(9);
    ASSERT_FALSE(nat.box.Reconfigure(nat.now, settings));
    EXPECT_TRUE(HasLine(nat, R"("to":"reconfigured")"));
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "");
    Packet syn = Tcp(STRANGER, {EXTERNAL, 7000}, TCP_SYN);
    nat.Send(OUT, syn);
    EXPECT_EQ(nat.box.TakeEmitted().size(), 1U);
    Packet later = FragmentPacket(Udp(ALICE, SERVER, Packet(100)), 68)[1];
    ASSERT_EQ(nat.Send(IN, later).action, Action::Hold);
    EXPECT_EQ(nat.box.NextTimeout(), seconds(9));
}

TEST(NatBoxFaults, ReconfigureRefusesAContradictionAndChangesNothing)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    NatSettings settings = Preset("symmetric");
    settings.firstPort = 9;
    settings.lastPort = 8;
    EXPECT_TRUE(nat.box.Reconfigure(nat.now, settings));
    EXPECT_EQ(nat.box.Settings().firstPort, 1024);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "");
}

/// An established connection from ALICE to SERVER.
void
Connect(NatUnderTest& nat)
{
    Packet syn = Tcp(ALICE, SERVER, TCP_SYN);
    ASSERT_EQ(nat.Send(IN, syn).action, Action::Forward);
    Packet answer = Tcp(SERVER, {EXTERNAL, ALICE.port}, SYN_ACK);
    ASSERT_EQ(nat.Send(OUT, answer).action, Action::Forward);
}

TEST(NatBoxFaults, AnRstEndsTheMappingOnlyWhereTheFaultIsOn)
{
    for (const bool fault : {false, true})
    {
        for (const NatSide from : {IN, OUT})
        {
            NatSettings settings = Preset("port-restricted-cone");
            settings.faults.killOnReset = fault;
            NatUnderTest nat(settings);
            const Endpoint external{EXTERNAL, ALICE.port};
            Connect(nat);
            Packet reset =
                from == IN ? Tcp(ALICE, SERVER, TCP_RST) : Tcp(SERVER, external, TCP_RST);
            EXPECT_EQ(nat.Send(from, reset).action, Action::Forward) << "the RST itself passes";
            EXPECT_EQ(nat.box.MappingCount(), fault ? 0U : 1U);
            Packet data = Tcp(SERVER, external, TCP_ACK);
            EXPECT_EQ(nat.Send(OUT, data).reason, fault ? "nat.no-mapping" : "");
        }
    }
}

TEST(NatBoxFaults, AnRstThatTheFilterRefusesEndsNothing)
{
    NatSettings settings = Preset("port-restricted-cone");
    settings.faults.killOnReset = true;
    NatUnderTest nat(settings);
    Connect(nat);
    Packet reset = Tcp(STRANGER, {EXTERNAL, ALICE.port}, TCP_RST);
    EXPECT_EQ(nat.Send(OUT, reset).reason, "nat.filtered");
    EXPECT_EQ(nat.box.MappingCount(), 1U);
}

TEST(NatBoxFaults, AnIcmpErrorEndsTheMappingOnlyWhereTheFaultIsOn) // RFC 5508 REQ-6
{
    for (const bool fault : {false, true})
    {
        NatSettings settings = Preset("full-cone");
        settings.faults.killOnIcmp = fault;
        NatUnderTest nat(settings);
        const Packet sent = Udp(ALICE, SERVER);
        Packet translated = sent;
        ASSERT_EQ(nat.Send(IN, translated).action, Action::Forward);
        Packet error = BuildIcmpError(SERVER.address, EXTERNAL, ICMP_UNREACHABLE, 3, 0, translated);
        ASSERT_EQ(nat.Send(OUT, error).action, Action::Forward) << "the error itself passes";
        EXPECT_EQ(error,
                  BuildIcmpError(SERVER.address, ALICE.address, ICMP_UNREACHABLE, 3, 0, sent));
        EXPECT_EQ(nat.box.MappingCount(), fault ? 0U : 1U);
    }
}

TEST(NatBoxFaults, AHairpinnedIcmpErrorEndsBothMappingsWhereTheFaultIsOn)
{
    NatSettings settings = Preset("full-cone");
    settings.faults.killOnIcmp = true;
    NatUnderTest nat(settings);
    const Endpoint bob = *ExternalOf(nat, Protocol::Udp, BOB, SERVER);
    Packet packet = Udp(ALICE, bob);
    ASSERT_EQ(nat.Send(IN, packet).action, Action::Hairpin);
    Packet error = BuildIcmpError(BOB.address, EXTERNAL, ICMP_UNREACHABLE, 3, 0, packet);
    ASSERT_EQ(nat.Send(IN, error).action, Action::Hairpin);
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

} // namespace
} // namespace isb::test
