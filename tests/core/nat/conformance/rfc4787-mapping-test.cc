// SPDX-License-Identifier: GPL-2.0-or-later
// RFC 4787 REQ-1 to REQ-7: which external endpoint, and for how long.
#include "tests/core/nat/conformance/conformance-harness.h"

#include <gtest/gtest.h>
#include <set>

namespace isb::test
{
namespace
{

constexpr Protocol UDP = Protocol::Udp;

TEST(Rfc4787, Req1OneMappingForEveryDestination)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    for (const Endpoint remote : OTHER_REMOTES)
    {
        EXPECT_EQ(ExternalOf(nat, UDP, ALICE, remote), external) << remote.ToString();
    }
    EXPECT_EQ(nat.box.MappingCount(), 1U);
}

TEST(Rfc4787, Req1NotWhenTheMappingDependsOnTheDestination)
{
    NatUnderTest byAddress(WithMapping(NatBehaviour::AddressDependent));
    const Endpoint first = *ExternalOf(byAddress, UDP, ALICE, SERVER);
    EXPECT_EQ(ExternalOf(byAddress, UDP, ALICE, SERVER_OTHER_PORT), first);
    EXPECT_NE(ExternalOf(byAddress, UDP, ALICE, STRANGER), first);

    NatUnderTest byPort(WithMapping(NatBehaviour::AddressAndPortDependent));
    const Endpoint second = *ExternalOf(byPort, UDP, ALICE, SERVER);
    EXPECT_NE(ExternalOf(byPort, UDP, ALICE, SERVER_OTHER_PORT), second);
    EXPECT_NE(ExternalOf(byPort, UDP, ALICE, STRANGER), second);
}

/// The external addresses of twelve mappings of one host.
std::set<uint32_t>
AddressesOf(NatUnderTest& nat, Ipv4 host)
{
    std::set<uint32_t> addresses;
    for (uint16_t i = 0; i < 12; ++i)
    {
        const Endpoint internal{host, static_cast<uint16_t>(5000 + i)};
        addresses.insert(ExternalOf(nat, EVERY_PROTOCOL[i % 3], internal, SERVER)->address.value);
    }
    return addresses;
}

TEST(Rfc4787, Req2MappingsOfAHostShareTheirExternalAddress)
{
    NatUnderTest nat(WithThreeAddresses(NatPooling::Paired));
    std::set<uint32_t> used;
    for (uint32_t host = 2; host < 22; ++host)
    {
        const std::set<uint32_t> ofHost = AddressesOf(nat, Ipv4{0x0a000000 + host});
        EXPECT_EQ(ofHost.size(), 1U);
        used.insert(ofHost.begin(), ofHost.end());
    }
    EXPECT_EQ(used.size(), 3U) << "every address is somebody's";
}

TEST(Rfc4787, Req2NotWhenPoolingIsArbitrary)
{
    NatUnderTest nat(WithThreeAddresses(NatPooling::Arbitrary));
    EXPECT_EQ(AddressesOf(nat, ALICE.address).size(), 3U);
}

TEST(Rfc4787, Req3ExternalPortsAreNeverShared)
{
    for (const NatPortAssignment assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        NatSettings settings = TestSettings();
        settings.SetAssignment(assignment);
        NatUnderTest nat(settings);
        std::set<uint16_t> ports;
        for (uint32_t host = 2; host < 102; ++host) // all from the same port
        {
            const Endpoint internal{Ipv4{0x0a000000 + host}, ALICE.port};
            const Endpoint remote = host % 2 == 0 ? SERVER : STRANGER;
            EXPECT_TRUE(ports.insert(ExternalOf(nat, UDP, internal, remote)->port).second);
        }
    }
}

TEST(Rfc4787, Req3NotWhenOverloadingIsAskedFor)
{
    NatSettings settings = Preset("symmetric");
    settings.SetAssignment(NatPortAssignment::Overloading);
    NatUnderTest nat(settings);
    EXPECT_EQ(ExternalOf(nat, UDP, ALICE, SERVER), (Endpoint{EXTERNAL, ALICE.port}));
    EXPECT_EQ(ExternalOf(nat, UDP, BOB, STRANGER), (Endpoint{EXTERNAL, ALICE.port}));
    EXPECT_EQ(InboundResult(nat, UDP, SERVER, {EXTERNAL, ALICE.port}, ALICE), "");
    EXPECT_EQ(InboundResult(nat, UDP, STRANGER, {EXTERNAL, ALICE.port}, BOB), "");
}

TEST(Rfc4787, Req3aPortsStayInTheirRange)
{
    for (const NatPortAssignment assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        NatSettings settings = TestSettings();
        settings.firstPort = 1;
        settings.SetAssignment(assignment);
        NatUnderTest nat(settings);
        for (uint32_t host = 2; host < 22; ++host)
        {
            SCOPED_TRACE(std::string(ToString(assignment)) + " " + std::to_string(host));
            const Ipv4 address{0x0a000000 + host};
            EXPECT_LT(ExternalOf(nat, UDP, {address, 1020}, SERVER)->port, 1024);
            EXPECT_GE(ExternalOf(nat, UDP, {address, 65530}, SERVER)->port, 1024);
        }
    }
}

TEST(Rfc4787, Req3aNotWhenThePoolBeginsAt1024)
{
    NatUnderTest nat(TestSettings());
    EXPECT_GE(ExternalOf(nat, UDP, {ALICE.address, 500}, SERVER)->port, 1024);
}

/// True when forty hosts with three ports each get ports of the same parity.
bool
KeepsParity(bool parity, NatPortAssignment assignment)
{
    NatSettings settings = TestSettings();
    settings.udp.parity = parity;
    settings.udp.assignment = assignment;
    NatUnderTest nat(settings);
    bool keeps = true;
    for (uint32_t host = 2; host < 42; ++host)
    {
        for (const uint16_t port : {uint16_t{5000}, uint16_t{6002}, uint16_t{7001}})
        {
            const Endpoint internal{Ipv4{0x0a000000 + host}, port};
            keeps = keeps && (ExternalOf(nat, UDP, internal, SERVER)->port - port) % 2 == 0;
        }
    }
    return keeps;
}

TEST(Rfc4787, Req4ParityIsKept)
{
    EXPECT_TRUE(KeepsParity(true, NatPortAssignment::Preserving));
    EXPECT_TRUE(KeepsParity(true, NatPortAssignment::Sequential));
    EXPECT_TRUE(KeepsParity(true, NatPortAssignment::Random));
}

TEST(Rfc4787, Req4NotWhenItIsOff)
{
    EXPECT_FALSE(KeepsParity(false, NatPortAssignment::Preserving));
    EXPECT_FALSE(KeepsParity(false, NatPortAssignment::Sequential));
    EXPECT_FALSE(KeepsParity(false, NatPortAssignment::Random));
}

TEST(Rfc4787, Req5IdleMappingLivesForTwoMinutes)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(2));
    EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
}

TEST(Rfc4787, Req5NotBeyondItsTimer)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, nat.box.Settings().timers.udp);
    EXPECT_FALSE(Enters(nat, UDP, SERVER, external));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(Rfc4787, Req5bTimerIsConfigurable)
{
    NatSettings settings = TestSettings();
    settings.timers.udp = minutes(10);
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(10) - milliseconds(1));
    EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
    Wait(nat, milliseconds(1));
    EXPECT_FALSE(Enters(nat, UDP, SERVER, external));
}

TEST(Rfc4787, Req5bNotThatOfOtherProtocols)
{
    NatSettings settings = TestSettings();
    settings.timers.udp = seconds(30);
    NatUnderTest nat(settings);
    const Endpoint icmp = *ExternalOf(nat, Protocol::Icmp, ALICE, SERVER);
    const Endpoint tcp = *ExternalOf(nat, Protocol::Tcp, ALICE, SERVER);
    Wait(nat, seconds(31));
    EXPECT_TRUE(Enters(nat, Protocol::Icmp, SERVER, icmp));
    EXPECT_TRUE(Enters(nat, Protocol::Tcp, SERVER, tcp));
}

TEST(Rfc4787, Req5cDefaultTimerIsFiveMinutes)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(5) - milliseconds(1));
    EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
}

TEST(Rfc4787, Req5cNotWhenItIsSetShorter)
{
    NatSettings settings = TestSettings();
    settings.timers.udp = minutes(2);
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(5) - milliseconds(1));
    EXPECT_FALSE(Enters(nat, UDP, SERVER, external));
}

TEST(Rfc4787, Req6PacketsFromInsideRefreshTheMapping)
{
    for (const NatRefresh refresh : {NatRefresh::Outbound, NatRefresh::Both})
    {
        NatSettings settings = TestSettings();
        settings.udp.refresh = refresh;
        NatUnderTest nat(settings);
        const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
        for (int i = 0; i < 20; ++i)
        {
            Wait(nat, minutes(4));
            EXPECT_EQ(ExternalOf(nat, UDP, ALICE, SERVER), external);
        }
        EXPECT_EQ(nat.box.Counters().mappingsCreated, 1U);
    }
}

TEST(Rfc4787, Req6NotPacketsFromOutside)
{
    NatUnderTest nat(TestSettings());
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(4));
    EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
    Wait(nat, minutes(1));
    EXPECT_FALSE(Enters(nat, UDP, SERVER, external));
}

TEST(Rfc4787, Req6aPacketsFromOutsideRefreshWhenBothDo)
{
    NatSettings settings = TestSettings();
    settings.udp.refresh = NatRefresh::Both;
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    for (int i = 0; i < 20; ++i)
    {
        Wait(nat, minutes(4));
        EXPECT_TRUE(Enters(nat, UDP, SERVER, external));
    }
}

TEST(Rfc4787, Req6aNotPacketsThatTheFilterRefuses)
{
    NatSettings settings = TestSettings();
    settings.udp.refresh = NatRefresh::Both;
    NatUnderTest nat(settings);
    const Endpoint external = *ExternalOf(nat, UDP, ALICE, SERVER);
    Wait(nat, minutes(4));
    EXPECT_FALSE(Enters(nat, UDP, STRANGER, external));
    Wait(nat, minutes(1));
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(Rfc4787, Req7ConflictingAddressesAreRefused)
{
    NatSettings settings = TestSettings();
    settings.external = Ipv4{0x0a000001}; // inside 10.0.0.0/24
    EXPECT_TRUE(FindContradiction(settings));
    settings = TestSettings();
    settings.furtherExternals = {Ipv4{0x0a000001}};
    EXPECT_TRUE(FindContradiction(settings));
    // A box that gets another address while it runs refuses the one that conflicts.
    NatUnderTest nat(TestSettings());
    NatSettings other = TestSettings();
    other.external = Ipv4{0x0a000001};
    EXPECT_TRUE(nat.box.Reconfigure(nat.now, other));
    EXPECT_EQ(nat.box.Settings().external, EXTERNAL);
}

TEST(Rfc4787, Req7NotAPrivateAddressOfAnotherNetwork)
{
    NatSettings settings = TestSettings();
    settings.external = Ipv4{0x0a000101}; // 10.0.1.1: a NAT behind a NAT
    EXPECT_FALSE(FindContradiction(settings));
}

} // namespace
} // namespace isb::test
