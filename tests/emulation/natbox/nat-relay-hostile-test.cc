// SPDX-License-Identifier: GPL-2.0-or-later
#include "relay-rig.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

namespace
{

std::atomic<uint64_t> g_allocations{0};

} // namespace

// Counts what the fast path must not do. The array forms end here too.
void*
operator new(size_t size)
{
    ++g_allocations;
    if (void* const memory = std::malloc(size))
    {
        return memory;
    }
    throw std::bad_alloc();
}

void*
operator new(size_t size, const std::nothrow_t&) noexcept
{
    ++g_allocations;
    return std::malloc(size);
}

void
operator delete(void* memory) noexcept
{
    std::free(memory);
}

void
operator delete(void* memory, size_t) noexcept
{
    std::free(memory);
}

namespace isb
{
namespace
{

class CountingSink : public PacketSink
{
  public:
    void
    Write(NatSide, ByteView) override
    {
        ++count;
    }

    uint64_t count = 0;
};

TEST(NatRelayFastPath, AllocatesNothingForAPacketOfAKnownFlow)
{
    SeededRng rng(1);
    CountingSink sink;
    NatRelay relay(TestConfig(), {rng, rng, rng}, sink, nullptr);
    const Offloaded large = Offload(BuildUdp(ALICE, SERVER, Payload(5000)), 1000);
    Packet original(VNET_HEADER_SIZE);
    std::memcpy(original.data(), &large.header, VNET_HEADER_SIZE);
    original.insert(original.end(), large.packet.begin(), large.packet.end());
    constexpr size_t BATCH = 8;
    std::vector<Packet> packets(BATCH, original);
    std::vector<MutableBytes> views(packets.begin(), packets.end());
    uint64_t before = 0;
    for (int round = 0; round < 100; ++round)
    {
        for (Packet& packet : packets)
        {
            std::copy(original.begin(), original.end(), packet.begin());
        }
        relay.Receive(std::chrono::milliseconds(round),
                      NatSide::Inside,
                      views.data(),
                      views.size());
        before = round == 0 ? g_allocations.load() : before;
    }
    EXPECT_EQ(g_allocations.load(), before);
    EXPECT_EQ(sink.count, 100 * BATCH);
}

/// Real packets with a few bytes of packet and header changed, and cut.
TEST(NatRelayHostile, MutilatedPacketsNeverCrashNorPileUp)
{
    NatboxConfig config = TestConfig();
    SetMtu(config, 1500, 576);
    config.inside.impairment.reorder = {100'000};
    config.inside.impairment.reorderBy = std::chrono::milliseconds(1);
    config.inside.impairment.mostInFlight = 100;
    RelayRig rig(config);
    SeededRng rng(99);
    const Packet data = Payload(2000);
    const TcpFields tcp;
    const std::vector<Packet> seeds = {
        BuildUdp(ALICE, SERVER, data),
        BuildTcp(ALICE, SERVER, tcp, data),
        BuildUdp(SERVER, {EXTERNAL, ALICE.port}, data),
        BuildEcho(ALICE.address, SERVER.address, ICMP_ECHO_REQUEST, 7, 1, {}),
        BuildIcmpError(SERVER.address,
                       EXTERNAL,
                       ICMP_UNREACHABLE,
                       4,
                       500,
                       BuildUdp({EXTERNAL, ALICE.port}, SERVER, data)),
        FragmentPacket(BuildUdp(ALICE, SERVER, data), 800).at(1)};
    uint64_t written = 0;
    for (int i = 0; i < 60'000; ++i)
    {
        Offloaded one{{}, seeds[rng.Below(seeds.size())]};
        if (rng.Below(2) == 0 && one.packet[9] != static_cast<uint8_t>(Protocol::Icmp) &&
            one.packet[7] == 0)
        {
            one = Offload(one.packet, static_cast<uint16_t>(rng.Below(1400)));
        }
        for (uint64_t change = rng.Below(3); change > 0; --change)
        {
            one.packet[rng.Below(40) % one.packet.size()] = static_cast<uint8_t>(rng.Next());
            auto* const header = reinterpret_cast<uint8_t*>(&one.header);
            header[rng.Below(VNET_HEADER_SIZE)] ^= static_cast<uint8_t>(1U << rng.Below(8));
        }
        if (rng.Below(4) == 0)
        {
            one.packet.resize(rng.Below(one.packet.size()));
        }
        rig.now += std::chrono::microseconds(50);
        rig.relay.Timeout(rig.now);
        rig.Send(rng.Below(2) == 0 ? NatSide::Inside : NatSide::Outside, one.packet, one.header);
        written += rig.Take().size();
    }
    EXPECT_GT(written, 1000U);
    EXPECT_GT(rig.relay.Drops(RelayDrop::Offload), 1000U);
    for (const Duration pause : {Duration(std::chrono::seconds(1)), // the last ones are translated
                                 Duration(std::chrono::hours(24))})
    {
        rig.now += pause;
        rig.relay.Timeout(rig.now);
    }
    EXPECT_EQ(rig.relay.Box().MappingCount(), 0U);
    EXPECT_EQ(rig.relay.ImpairmentOf(NatSide::Inside).InFlight(), 0U);
    EXPECT_EQ(rig.relay.Waiting(), 0U);
}

} // namespace
} // namespace isb
