// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-allocator.h"

#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>
#include <set>

namespace isb::test
{
namespace
{

constexpr Ipv4 SECOND{EXTERNAL.value + 1};
constexpr Ipv4 THIRD{EXTERNAL.value + 2};

NatSettings
SmallPool(uint16_t ports, std::vector<Ipv4> further = {})
{
    NatSettings settings = TestSettings();
    settings.firstPort = 4000;
    settings.lastPort = static_cast<uint16_t>(4000 + ports - 1);
    settings.furtherExternals = std::move(further);
    return settings;
}

Endpoint
HostPort(uint32_t host, uint16_t port)
{
    return {Ipv4{0x0a000002 + host}, port};
}

std::optional<Ipv4>
AddressOf(NatUnderTest& nat, Endpoint internal, Protocol protocol = Protocol::Udp)
{
    const auto external = ExternalOf(nat, protocol, internal, SERVER);
    return external ? std::optional(external->address) : std::nullopt;
}

TEST(NatPooling, PairedGivesAHostOneAddressForAllItsMappings)
{
    NatUnderTest nat(SmallPool(100, {SECOND, THIRD}));
    std::set<uint32_t> used;
    for (uint32_t host = 0; host < 6; ++host)
    {
        const auto first = AddressOf(nat, HostPort(host, 5000));
        ASSERT_TRUE(first);
        used.insert(first->value);
        for (const Protocol protocol : {Protocol::Udp, Protocol::Tcp, Protocol::Icmp})
        {
            EXPECT_EQ(AddressOf(nat, HostPort(host, 5001), protocol), first);
        }
    }
    EXPECT_EQ(used.size(), 3U) << "hosts are spread over the addresses";
}

TEST(NatPooling, ArbitraryGivesEachMappingTheNextAddress)
{
    NatSettings settings = SmallPool(100, {SECOND, THIRD});
    settings.pooling = NatPooling::Arbitrary;
    NatUnderTest nat(settings);
    EXPECT_EQ(AddressOf(nat, HostPort(0, 5000)), EXTERNAL);
    EXPECT_EQ(AddressOf(nat, HostPort(0, 5001)), SECOND);
    EXPECT_EQ(AddressOf(nat, HostPort(0, 5002)), THIRD);
    EXPECT_EQ(AddressOf(nat, HostPort(0, 5003)), EXTERNAL);
}

TEST(NatPooling, APairedHostIsRefusedWhenItsAddressIsExhaustedAndANewHostIsNot)
{
    NatUnderTest nat(SmallPool(2, {SECOND}));
    EXPECT_EQ(AddressOf(nat, HostPort(0, 5000)), EXTERNAL);
    EXPECT_EQ(AddressOf(nat, HostPort(0, 5001)), EXTERNAL);
    Packet packet = Udp(HostPort(0, 5002), SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.pool-exhausted");
    EXPECT_EQ(AddressOf(nat, HostPort(1, 5000)), SECOND);
    EXPECT_EQ(AddressOf(nat, HostPort(2, 5000)), SECOND) << "though it was the first one's turn";
}

TEST(NatPooling, ArbitraryTakesAnotherAddressWhenOneIsExhausted)
{
    NatSettings settings = SmallPool(2, {SECOND});
    settings.pooling = NatPooling::Arbitrary;
    NatUnderTest nat(settings);
    for (uint16_t i = 0; i < 4; ++i)
    {
        EXPECT_TRUE(AddressOf(nat, HostPort(0, static_cast<uint16_t>(5000 + i)))) << i;
    }
    EXPECT_FALSE(AddressOf(nat, HostPort(0, 5004)));
}

TEST(NatPooling, PacketsToAFurtherAddressComeIn)
{
    NatUnderTest nat(SmallPool(100, {SECOND}));
    ASSERT_EQ(AddressOf(nat, HostPort(0, 5000)), EXTERNAL);
    const auto external = ExternalOf(nat, Protocol::Udp, HostPort(1, 5000), SERVER);
    ASSERT_EQ(external->address, SECOND);
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, SERVER, *external, HostPort(1, 5000)), "");
    EXPECT_EQ(InboundResult(nat, Protocol::Udp, STRANGER, *external, HostPort(1, 5000)),
              "nat.filtered");
}

NatSettings
Blocks(uint16_t size, uint16_t mostEach, uint16_t ports)
{
    NatSettings settings = SmallPool(ports);
    settings.blocks = {size, mostEach};
    return settings;
}

TEST(NatPortBlocks, AHostHasItsPortsFromItsBlocksOnly)
{
    NatUnderTest nat(Blocks(8, 2, 64));
    std::set<uint16_t> first;
    for (uint16_t i = 0; i < 16; ++i)
    {
        const auto external =
            ExternalOf(nat, Protocol::Udp, HostPort(0, static_cast<uint16_t>(5000 + i)), SERVER);
        ASSERT_TRUE(external);
        first.insert(external->port);
        const auto other =
            ExternalOf(nat, Protocol::Udp, HostPort(1, static_cast<uint16_t>(5000 + i)), SERVER);
        ASSERT_TRUE(other);
        EXPECT_NE((external->port - 4000) / 8, (other->port - 4000) / 8) << "one block, two hosts";
    }
    EXPECT_EQ(first.size(), 16U);
    Packet packet = Udp(HostPort(0, 6000), SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.pool-exhausted")
        << "2 blocks are full";
    EXPECT_TRUE(ExternalOf(nat, Protocol::Tcp, HostPort(0, 6000), SERVER))
        << "a block's ports are there for each protocol";
}

TEST(NatPortBlocks, AreRefusedWhenAllAreGiven)
{
    NatUnderTest nat(Blocks(8, 2, 20)); // two blocks and four ports that nobody gets
    EXPECT_TRUE(AddressOf(nat, HostPort(0, 5000)));
    EXPECT_TRUE(AddressOf(nat, HostPort(1, 5000)));
    Packet packet = Udp(HostPort(2, 5000), SERVER);
    EXPECT_EQ(nat.Send(NatSide::Inside, packet).reason, "nat.pool-exhausted");
}

TEST(NatPortBlocks, AssignmentAndReleaseAreTracedOnceABlock)
{
    NatUnderTest nat(Blocks(8, 1, 64));
    for (uint16_t i = 0; i < 5; ++i)
    {
        ASSERT_TRUE(AddressOf(nat, HostPort(0, static_cast<uint16_t>(5000 + i))));
    }
    nat.now = minutes(5);
    nat.box.Timeout(nat.now);
    std::vector<std::string> blocks;
    for (const std::string& line : nat.log.lines)
    {
        if (line.find("port-block") != std::string::npos)
        {
            blocks.push_back(line);
        }
    }
    ASSERT_EQ(blocks.size(), 2U);
    EXPECT_NE(blocks[0].find("port-block-assigned"), std::string::npos);
    EXPECT_NE(blocks[0].find(R"("src":"10.0.0.2:0")"), std::string::npos);
    EXPECT_NE(blocks[0].find(R"("translated":"203.0.113.1:4000")"), std::string::npos);
    EXPECT_NE(blocks[0].find(R"("detail":"4000-4007")"), std::string::npos);
    EXPECT_NE(blocks[1].find("port-block-released"), std::string::npos);
}

TEST(NatPortBlocks, AReleasedBlockRestsBeforeAnotherHostGetsIt)
{
    NatSettings settings = Blocks(8, 1, 8);
    settings.timers.portHold = seconds(120);
    NatUnderTest nat(settings);
    ASSERT_TRUE(AddressOf(nat, HostPort(0, 5000)));
    nat.now = minutes(5);
    nat.box.Timeout(nat.now);
    EXPECT_FALSE(AddressOf(nat, HostPort(1, 5000)));
    nat.now += seconds(120);
    EXPECT_TRUE(AddressOf(nat, HostPort(1, 5000)));
}

TEST(NatPortHold, AReleasedPortIsNotGivenToAnotherHostBefore)
{
    for (const bool holds : {true, false})
    {
        NatSettings settings = SmallPool(1);
        settings.timers.portHold = holds ? seconds(120) : seconds(0);
        NatUnderTest nat(settings);
        ASSERT_TRUE(AddressOf(nat, HostPort(0, 5000)));
        nat.now = minutes(5);
        nat.box.Timeout(nat.now);
        EXPECT_EQ(AddressOf(nat, HostPort(1, 5000)).has_value(), !holds);
        if (holds)
        {
            nat.now += seconds(120) - Duration(1);
            EXPECT_FALSE(AddressOf(nat, HostPort(1, 5000)));
            nat.now += Duration(1);
            EXPECT_TRUE(AddressOf(nat, HostPort(1, 5000)));
        }
        EXPECT_EQ(nat.box.MappingCount(), 1U);
    }
}

TEST(NatPortHold, TheHostThatHadAPortMayHaveItBack)
{
    NatSettings settings = TestSettings();
    settings.timers.portHold = seconds(120);
    NatUnderTest nat(settings);
    const auto external = ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    nat.now = minutes(5);
    nat.box.Timeout(nat.now);
    EXPECT_NE(ExternalOf(nat, Protocol::Udp, BOB, SERVER), external);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), external);
}

TEST(NatAssignment, StepsAreTakenFromThePoolOfTheProtocol)
{
    NatSettings settings = SmallPool(100);
    settings.udp.assignment = NatPortAssignment::Sequential;
    settings.udp.step = 7;
    NatUnderTest nat(settings);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, HostPort(0, 5000), SERVER)->port, 4000);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, HostPort(1, 5000), SERVER)->port, 4007);
    EXPECT_EQ(ExternalOf(nat, Protocol::Tcp, HostPort(1, 4050), SERVER)->port, 4050)
        << "TCP preserves, as its own axes say";
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, HostPort(2, 5000), SERVER)->port, 4014);
}

TEST(NatAssignment, ContiguityGivesThePortAfterItsNeighbours)
{
    for (const bool contiguity : {true, false})
    {
        NatSettings settings = TestSettings();
        settings.SetAssignment(NatPortAssignment::Random);
        settings.udp.contiguity = contiguity;
        NatUnderTest nat(settings);
        const Endpoint rtp = *ExternalOf(nat, Protocol::Udp, HostPort(0, 5000), SERVER);
        static_cast<void>(ExternalOf(nat, Protocol::Udp, HostPort(1, 5000), SERVER));
        const Endpoint rtcp = *ExternalOf(nat, Protocol::Udp, HostPort(0, 5001), SERVER_OTHER_PORT);
        EXPECT_EQ(rtcp.port == rtp.port + 1, contiguity);
    }
}

TEST(NatAssignment, ContiguityFindsTheNeighbourThatSpeaksWithTheNeighbouringRemotePort)
{
    NatSettings settings = Preset("symmetric");
    settings.SetAssignment(NatPortAssignment::Random);
    settings.udp.contiguity = true;
    NatUnderTest nat(settings);
    const Endpoint rtp = *ExternalOf(nat, Protocol::Udp, HostPort(0, 5000), SERVER);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, HostPort(0, 5001), SERVER_OTHER_PORT)->port,
              rtp.port + 1);
    EXPECT_NE(ExternalOf(nat, Protocol::Udp, HostPort(0, 5001), STRANGER)->port, rtp.port + 1);
}

TEST(NatAssignment, ATakenContiguousPortIsNotTakenAgain)
{
    NatSettings settings = TestSettings();
    settings.udp.contiguity = true;
    NatUnderTest nat(settings);
    ASSERT_EQ(ExternalOf(nat, Protocol::Udp, HostPort(1, 5001), SERVER)->port, 5001);
    ASSERT_EQ(ExternalOf(nat, Protocol::Udp, HostPort(0, 5000), SERVER)->port, 5000);
    EXPECT_EQ(ExternalOf(nat, Protocol::Udp, HostPort(0, 5001), SERVER)->port, 5002);
}

TEST(NatAssignment, ParityIsKeptWhateverTheAssignment)
{
    for (const auto assignment :
         {NatPortAssignment::Preserving, NatPortAssignment::Sequential, NatPortAssignment::Random})
    {
        NatSettings settings = SmallPool(100);
        settings.SetAssignment(assignment);
        settings.udp.parity = true;
        NatUnderTest nat(settings);
        for (uint16_t i = 0; i < 60; ++i)
        {
            const auto internal = HostPort(i, static_cast<uint16_t>(5000 + i * 7));
            EXPECT_EQ(ExternalOf(nat, Protocol::Udp, internal, SERVER)->port % 2,
                      internal.port % 2);
        }
    }
}

} // namespace
} // namespace isb::test
