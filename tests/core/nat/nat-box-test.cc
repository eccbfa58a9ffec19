// SPDX-License-Identifier: GPL-2.0-or-later
// The two questions of a NAT, asked of each preset and of each pair of axes.
#include "model/core/nat/nat-box.h"
#include "tests/core/nat/nat-harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

constexpr Protocol PROTOCOLS[] = {Protocol::Udp, Protocol::Tcp, Protocol::Icmp};

/// What the thesis says of a NAT type (3.6.3), as consequences that a host can see.
struct PresetClaim
{
    std::string_view name;
    bool reusesMapping;      ///< the same external port towards another destination
    bool admitsOtherPort;    ///< of an address that was sent to
    bool admitsOtherAddress; ///< that was never sent to
};

constexpr PresetClaim CLAIMS[] = {
    {"full-cone", true, true, true},
    {"restricted-cone", true, true, false},
    {"port-restricted-cone", true, false, false},
    {"symmetric", false, false, false},
};

TEST(NatBox, PresetsAnswerTheTwoQuestionsAsTheThesisDefinesThem)
{
    for (const PresetClaim& claim : CLAIMS)
    {
        for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
        {
            SCOPED_TRACE(std::string(claim.name) + " " + std::string(ToString(protocol)));
            NatUnderTest nat(Preset(claim.name));
            const Endpoint external = *ExternalOf(nat, protocol, ALICE, SERVER);
            EXPECT_EQ(external.address, EXTERNAL);
            const auto refused = [](bool admitted) { return admitted ? "" : "nat.filtered"; };
            EXPECT_EQ(InboundResult(nat, protocol, SERVER, external, ALICE), "");
            EXPECT_EQ(InboundResult(nat, protocol, SERVER_OTHER_PORT, external, ALICE),
                      refused(claim.admitsOtherPort));
            EXPECT_EQ(InboundResult(nat, protocol, STRANGER, external, ALICE),
                      refused(claim.admitsOtherAddress));
            // The second destination is permitted from now on, and the first one still is.
            const Endpoint second = *ExternalOf(nat, protocol, ALICE, STRANGER);
            EXPECT_EQ(second == external, claim.reusesMapping);
            EXPECT_EQ(InboundResult(nat, protocol, STRANGER, second, ALICE), "");
            EXPECT_EQ(InboundResult(nat, protocol, SERVER, external, ALICE), "");
            EXPECT_EQ(nat.box.MappingCount(), claim.reusesMapping ? 1U : 2U);
        }
    }
}

TEST(NatBox, EchoRepliesComeBackFromTheHostThatWasPinged)
{
    for (const PresetClaim& claim : CLAIMS)
    {
        SCOPED_TRACE(claim.name);
        NatUnderTest nat(Preset(claim.name));
        const Endpoint external = *ExternalOf(nat, Protocol::Icmp, ALICE, SERVER);
        EXPECT_EQ(InboundResult(nat, Protocol::Icmp, SERVER, external, ALICE), "");
        EXPECT_EQ(InboundResult(nat, Protocol::Icmp, STRANGER, external, ALICE),
                  claim.admitsOtherAddress ? "" : "nat.filtered");
        const Endpoint second = *ExternalOf(nat, Protocol::Icmp, ALICE, STRANGER);
        EXPECT_EQ(second == external, claim.reusesMapping);
    }
}

/// True when two remotes are the same as far as a behaviour looks.
bool
Same(NatBehaviour behaviour, Endpoint a, Endpoint b)
{
    switch (behaviour)
    {
    case NatBehaviour::EndpointIndependent:
        return true;
    case NatBehaviour::AddressDependent:
        return a.address == b.address;
    case NatBehaviour::AddressAndPortDependent:
        break;
    }
    return a == b;
}

TEST(NatBox, MappingAndFilteringAreIndependentAxes)
{
    constexpr NatBehaviour ALL[] = {NatBehaviour::EndpointIndependent,
                                    NatBehaviour::AddressDependent,
                                    NatBehaviour::AddressAndPortDependent};
    constexpr Endpoint REMOTES[] = {SERVER, SERVER_OTHER_PORT, STRANGER};
    for (const NatBehaviour mapping : ALL)
    {
        for (const NatBehaviour filtering : ALL)
        {
            for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp})
            {
                for (const Endpoint remote : REMOTES)
                {
                    SCOPED_TRACE(std::string(ToString(mapping)) + " / " +
                                 std::string(ToString(filtering)) + " " +
                                 std::string(ToString(protocol)) + " " + remote.ToString());
                    NatUnderTest nat(TestSettings({mapping, filtering}));
                    const Endpoint external = *ExternalOf(nat, protocol, ALICE, SERVER);
                    EXPECT_EQ(InboundResult(nat, protocol, remote, external, ALICE),
                              Same(filtering, SERVER, remote) ? "" : "nat.filtered");
                    NatUnderTest other(TestSettings({mapping, filtering}));
                    EXPECT_EQ(ExternalOf(other, protocol, ALICE, SERVER), external);
                    EXPECT_EQ(*ExternalOf(other, protocol, ALICE, remote) == external,
                              Same(mapping, SERVER, remote));
                }
            }
        }
    }
}

TEST(NatBox, AnswersToATcpConnectionFromOutsideLeaveByTheEndpointThatItCalled)
{
    NatUnderTest nat(
        TestSettings({NatBehaviour::AddressAndPortDependent, NatBehaviour::EndpointIndependent}));
    const Endpoint external = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    ASSERT_EQ(InboundResult(nat, Protocol::Tcp, STRANGER, external, ALICE), "");
    Packet answer = Tcp(ALICE, STRANGER, TCP_SYN | TCP_ACK);
    ASSERT_EQ(nat.Send(NatSide::Inside, answer).action, Action::Forward);
    EXPECT_EQ(SourceOf(answer), external);
    EXPECT_NE(*ExternalOf(nat, Protocol::Tcp, ALICE, SERVER_OTHER_PORT), external)
        << "a connection from inside gets a mapping of its own";
}

TEST(NatBox, AxesAreSetPerProtocol)
{
    NatSettings settings = TestSettings();
    settings.udp = *NatPreset("full-cone");
    settings.tcp = *NatPreset("symmetric");
    NatUnderTest nat(settings);
    const Endpoint udp = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    const Endpoint tcp = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, udp, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, STRANGER, tcp, ALICE), "nat.filtered");
}

TEST(NatBox, RefusesUnsolicitedInboundWithoutMapping)
{
    for (const PresetClaim& claim : CLAIMS)
    {
        for (const Protocol protocol : PROTOCOLS)
        {
            NatUnderTest nat(Preset(claim.name));
            EXPECT_EQ(InboundResult(nat, protocol, SERVER, {EXTERNAL, 5000}, ALICE),
                      "nat.no-mapping");
            EXPECT_EQ(nat.box.MappingCount(), 0U);
        }
    }
}

TEST(NatBox, MappingOfOneProtocolDoesNotServeAnother)
{
    NatUnderTest nat(Preset("full-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, SERVER, external, ALICE), "nat.no-mapping");
    EXPECT_EQ(InboundResult(nat, Protocol::Icmp, SERVER, external, ALICE), "nat.no-mapping");
}

TEST(NatBox, TwoInsidersNeverShareAnExternalPort)
{
    for (const PresetClaim& claim : CLAIMS)
    {
        for (const Protocol protocol : PROTOCOLS)
        {
            NatUnderTest nat(Preset(claim.name));
            const Endpoint alice = *ExternalOf(nat, protocol, ALICE, SERVER);
            const Endpoint bob = *ExternalOf(nat, protocol, BOB, SERVER);
            EXPECT_NE(alice, bob);
            EXPECT_EQ(InboundResult(nat, protocol, SERVER, alice, ALICE), "");
            EXPECT_EQ(InboundResult(nat, protocol, SERVER, bob, BOB), "");
        }
    }
}

TEST(NatBox, PreservesTheInternalPortWhenItIsFree)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER)->port, ALICE.port);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, BOB, SERVER)->port, ALICE.port + 1);
    EXPECT_EQ(ExternalOf(nat, Protocol::Tcp, BOB, SERVER)->port, BOB.port);
}

TEST(NatBox, MappingEndsWithItsTimerAndIsRefreshedByOutboundOnly)
{
    struct Case
    {
        Protocol protocol;
        Duration timer;
    };

    for (const Case& test : {Case{Protocol::Udp, minutes(5)}, Case{Protocol::Icmp, seconds(60)}})
    {
        SCOPED_TRACE(ToString(test.protocol));
        NatUnderTest nat(Preset("full-cone"));
        const Endpoint external = *ExternalOf(nat, test.protocol, ALICE, SERVER);
        EXPECT_EQ(nat.box.NextTimeout(), test.timer);
        nat.now = test.timer - milliseconds(1);
        EXPECT_EQ(InboundResult(nat, test.protocol, SERVER, external, ALICE), "");
        EXPECT_EQ(nat.box.NextTimeout(), test.timer) << "inbound refreshed the mapping";
        EXPECT_EQ(*ExternalOf(nat, test.protocol, ALICE, SERVER), external);
        EXPECT_EQ(nat.box.NextTimeout(), nat.now + test.timer) << "outbound did not";
        nat.now += test.timer;
        EXPECT_EQ(InboundResult(nat, test.protocol, SERVER, external, ALICE), "nat.no-mapping");
        EXPECT_EQ(nat.box.MappingCount(), 0U);
        EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
    }
}

TEST(NatBox, PermissionOfOneDestinationEndsWhileTheMappingLivesOn)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.now = minutes(4);
    EXPECT_EQ(*ExternalOf(nat, Protocol::Udp, ALICE, STRANGER), external);
    nat.now = minutes(6);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "nat.filtered");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "");
}

TEST(NatBox, TimeoutEndsExactlyWhatIsDue)
{
    NatUnderTest nat(Preset("symmetric"));
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    nat.now = seconds(1);
    ASSERT_TRUE(ExternalOf(nat, Protocol::Udp, BOB, SERVER));
    EXPECT_EQ(nat.box.NextTimeout(), minutes(5));
    nat.box.Timeout(minutes(5));
    EXPECT_EQ(nat.box.MappingCount(), 1U);
    EXPECT_EQ(nat.box.NextTimeout(), minutes(5) + seconds(1));
    nat.box.Timeout(nat.box.NextTimeout());
    EXPECT_EQ(nat.box.MappingCount(), 0U);
    EXPECT_EQ(nat.box.Counters().mappingsExpired, 2U);
}

TEST(NatBox, SetOfDestinationsIsBoundedAndForgetsTheOneIdleForLongest)
{
    NatSettings settings = Preset("port-restricted-cone");
    settings.limits.destinationsPerMapping = 2;
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    EXPECT_EQ(*ExternalOf(nat, Protocol::Udp, ALICE, SERVER_OTHER_PORT), external);
    EXPECT_EQ(*ExternalOf(nat, Protocol::Udp, ALICE, SERVER), external);
    EXPECT_EQ(*ExternalOf(nat, Protocol::Udp, ALICE, STRANGER), external);
    EXPECT_EQ(nat.box.Mappings().at(0).sessions, 2U);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER_OTHER_PORT, external, ALICE),
              "nat.filtered");
}

TEST(NatBox, OutsidersCannotFillTheSetOfDestinationsBeyondItsBound)
{
    NatSettings settings = Preset("full-cone");
    settings.limits.destinationsPerMapping = 3;
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    for (uint16_t port = 1; port <= 10; ++port)
    {
        EXPECT_EQ(InboundResult(nat, Protocol::Tcp, {STRANGER.address, port}, external, ALICE),
                  port <= 2 ? "" : "nat.destination-limit");
    }
    EXPECT_EQ(InboundResult(nat, Protocol::Tcp, SERVER, external, ALICE), "");
}

TEST(NatBox, TenThousandFlowsOnSixtyFourPortsAreRefusedBeyondThePool)
{
    for (const auto assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        NatSettings settings = Preset("symmetric");
        settings.SetAssignment(assignment);
        settings.firstPort = 40000;
        settings.lastPort = 40063;
        NatUnderTest nat(settings);
        size_t passed = 0;
        for (uint32_t flow = 0; flow < 10'000; ++flow)
        {
            const Endpoint remote{Ipv4{0xc0000200 + flow % 256},
                                  static_cast<uint16_t>(1 + flow / 256)};
            if (const auto external = ExternalOf(nat, Protocol::Udp, ALICE, remote))
            {
                ++passed;
                EXPECT_GE(external->port, settings.firstPort);
                EXPECT_LE(external->port, settings.lastPort);
            }
        }
        EXPECT_EQ(passed, 64U);
        EXPECT_EQ(nat.box.MappingCount(), 64U);
        EXPECT_EQ(nat.box.Counters().drops[static_cast<size_t>(NatDrop::PoolExhausted)],
                  10'000U - 64U);
        // The pool is whole again when the mappings have ended.
        nat.now = minutes(10);
        EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
        EXPECT_EQ(nat.box.MappingCount(), 1U);
    }
}

TEST(NatBox, TableOfMappingsAndSessionsIsBounded)
{
    NatSettings settings = Preset("symmetric");
    settings.limits.mappings = 3;
    NatUnderTest nat(settings);
    for (uint16_t port = 1; port <= 5; ++port)
    {
        Packet packet = Udp(ALICE, {SERVER.address, port});
        EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, port <= 3 ? "" : "nat.table-full");
    }
    settings = Preset("port-restricted-cone");
    settings.limits.sessions = 3;
    NatUnderTest cone(settings);
    for (uint16_t port = 1; port <= 5; ++port)
    {
        Packet packet = Udp(ALICE, {SERVER.address, port});
        EXPECT_EQ(cone.Send(NatSide::Inside, packet).reason, port <= 3 ? "" : "nat.table-full");
    }
    EXPECT_EQ(cone.box.MappingCount(), 1U);
}

TEST(NatBox, EventsTellEachMappingAndDropWithItsRule)
{
    NatUnderTest nat(Preset("port-restricted-cone"));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, external, ALICE), "nat.filtered");
    nat.box.Timeout(minutes(5));
    EXPECT_THAT(
        nat.log.lines,
        testing::ElementsAre(
            R"({"t":0,"node":"nat","event":"mapping-created","proto":"udp","src":"10.0.0.2:5000",)"
            R"("dst":"0.0.0.0:0","translated":"203.0.113.1:5000","id":1})",
            R"({"t":0,"node":"nat","event":"packet-dropped","proto":"udp",)"
            R"("src":"198.51.100.2:80","dst":"203.0.113.1:5000","reason":"nat.filtered",)"
            R"("rule":"RFC 4787 REQ-8","bytes":33})",
            R"({"t":300000000000,"node":"nat","event":"mapping-expired","proto":"udp",)"
            R"("src":"10.0.0.2:5000","dst":"0.0.0.0:0","translated":"203.0.113.1:5000","id":1})"));
}

TEST(NatBox, WithoutChecksumsTheFieldsStayAsTheyAre)
{
    NatSettings settings = Preset("full-cone");
    settings.checksums = false;
    NatUnderTest nat(settings);
    Packet packet = Tcp(ALICE, SERVER, TCP_SYN);
    packet[10] = packet[11] = packet[36] = packet[37] = 0;
    ASSERT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Forward);
    EXPECT_EQ(SourceOf(packet).address, EXTERNAL);
    EXPECT_EQ(packet[10] | packet[11] | packet[36] | packet[37], 0);
}

TEST(NatBox, UdpWithoutChecksumStaysWithout)
{
    NatUnderTest nat(Preset("full-cone"));
    Packet packet = Udp(ALICE, SERVER);
    packet[26] = packet[27] = 0;
    ASSERT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Forward);
    EXPECT_EQ(packet[26] | packet[27], 0);
    EXPECT_TRUE(ChecksumsAreRight(packet));
}

TEST(NatBox, TranslationTouchesNothingButEndpointsAndChecksums)
{
    NatUnderTest nat(Preset("symmetric"));
    IpFields ip;
    ip.tos = 0xb8;
    ip.dontFragment = true;
    ip.identification = 77;
    ip.options = {0x94, 4, 0, 0};
    TcpFields tcp;
    tcp.flags = TCP_SYN;
    tcp.options = {2, 4, 5, 0xb4};
    const Packet payload(33, 0xa5);
    Packet packet = BuildTcp(ALICE, SERVER, tcp, payload, ip);
    ASSERT_EQ(nat.Send(NatSide::Inside, packet).action, Action::Forward);
    EXPECT_EQ(packet, BuildTcp({EXTERNAL, ALICE.port}, SERVER, tcp, payload, ip));
}

TEST(NatBox, OnlyTheHeaderBytesAreNeeded)
{
    NatUnderTest nat(Preset("symmetric"));
    const Packet whole = Udp(ALICE, SERVER, Packet(1400, 0x11));
    Packet header(whole.begin(), whole.begin() + 28);
    ASSERT_EQ(nat.box.Process(nat.now, NatSide::Inside, header, whole.size()).action,
              Action::Forward);
    const Packet expected = Udp({EXTERNAL, ALICE.port}, SERVER, Packet(1400, 0x11));
    EXPECT_EQ(header, Packet(expected.begin(), expected.begin() + 28));
}

TEST(NatBox, InboundPacketsKeepASessionOnlyWhereBothWaysRefresh) // RFC 4787 REQ-6
{
    for (const NatRefresh refresh : {NatRefresh::Outbound, NatRefresh::Both})
    {
        for (const Protocol protocol : {Protocol::Udp, Protocol::Icmp})
        {
            NatSettings settings = Preset("port-restricted-cone");
            settings.udp.refresh = settings.icmp.refresh = refresh;
            settings.timers.udp = settings.timers.icmp = seconds(60);
            NatUnderTest nat(settings);
            const Endpoint external = *ExternalOf(nat, protocol, ALICE, SERVER);
            for (int i = 0; i < 3; ++i)
            {
                nat.now += seconds(25);
                const bool lives = refresh == NatRefresh::Both || nat.now < seconds(60);
                EXPECT_EQ(InboundResult(nat, protocol, SERVER, external, ALICE),
                          lives ? "" : "nat.no-mapping");
                // What the filter refuses refreshes nothing.
                EXPECT_NE(InboundResult(nat, protocol, STRANGER, external, ALICE), "");
            }
        }
    }
}

TEST(NatBox, DestinationsThatAreNotTranslatedPassBothWays) // RFC 6888 REQ-6
{
    NatSettings settings = Preset("port-restricted-cone");
    settings.untranslated = {Subnet{STRANGER.address, 32}};
    NatUnderTest nat(settings);
    const Packet sent = Udp(ALICE, STRANGER);
    Packet out = sent;
    EXPECT_EQ(nat.Send(NatSide::Inside, out).action, Action::NotForUs);
    EXPECT_EQ(out, sent);
    Packet back = Udp(STRANGER, ALICE);
    EXPECT_EQ(nat.Send(NatSide::Outside, back).action, Action::NotForUs);
    Packet other = Udp(SERVER, ALICE);
    EXPECT_EQ(nat.Send(NatSide::Outside, other).reason, "nat.destination-internal");
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

} // namespace
} // namespace isb::test
