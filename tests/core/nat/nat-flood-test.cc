// SPDX-License-Identifier: GPL-2.0-or-later
// Floods of new flows from both sides: state stays within its bounds under every policy, and what
// was promised to legitimate flows is kept.
#include "tests/core/nat/nat-harness.h"

#include <gtest/gtest.h>
#include <map>

namespace isb::test
{
namespace
{

constexpr Ipv4 ATTACKER{0x0a000063};

NatSettings
Bounded(NatEviction eviction)
{
    NatSettings settings = Preset("full-cone");
    settings.eviction = eviction;
    settings.limits.mappings = 100;
    settings.limits.sessions = 300;
    settings.limits.destinationsPerMapping = 8;
    settings.limits.heldSyns = 16;
    settings.unsolicitedSyn = NatSynAnswer::Hold;
    return settings;
}

/// New flows of an insider and of strangers, of every protocol.
class Flood
{
  public:
    explicit Flood(NatUnderTest& nat)
        : m_nat(nat)
    {
    }

    void
    Step()
    {
        m_nat.now += milliseconds(1);
        ++m_count;
        const auto port = static_cast<uint16_t>(1024 + m_count % 60'000);
        const Protocol protocol = static_cast<Protocol>(PROTOCOLS[m_count % 3]);
        Packet out = Opening(protocol,
                             NatSide::Inside,
                             {ATTACKER, port},
                             {Ipv4{STRANGER.address.value + m_count % 100}, 80});
        m_nat.Send(NatSide::Inside, out);
        Packet in = Opening(protocol,
                            NatSide::Outside,
                            {Ipv4{0xc0000200 + m_count % 5000}, 7},
                            {EXTERNAL, static_cast<uint16_t>(1024 + m_count % 8192)});
        m_nat.Send(NatSide::Outside, in);
        m_answers += m_nat.box.TakeEmitted().size();
    }

    [[nodiscard]] size_t
    Answers() const
    {
        return m_answers;
    }

  private:
    static constexpr Protocol PROTOCOLS[] = {Protocol::Udp, Protocol::Tcp, Protocol::Icmp};

    NatUnderTest& m_nat;
    uint32_t m_count = 0;
    size_t m_answers = 0;
};

void
ExpectWithinBounds(const NatUnderTest& nat)
{
    const NatLimits& limits = nat.box.Settings().limits;
    ASSERT_LE(nat.box.MappingCount(), limits.mappings);
    size_t sessions = 0;
    std::map<Ipv4, size_t> ofHost;
    for (const NatMappingInfo& mapping : nat.box.Mappings())
    {
        ASSERT_LE(mapping.sessions, limits.destinationsPerMapping);
        sessions += mapping.sessions;
        ++ofHost[mapping.internal.address];
    }
    ASSERT_LE(sessions, limits.sessions);
    for (const auto& [host, count] : ofHost)
    {
        ASSERT_TRUE(limits.mappingsPerSubscriber == 0 || count <= limits.mappingsPerSubscriber);
    }
}

/// Everything ends when the flood has.
void
ExpectNothingLeft(NatUnderTest& nat)
{
    for (int i = 0; nat.box.NextTimeout() != TIME_NEVER; ++i)
    {
        ASSERT_LT(i, 10'000);
        nat.box.Timeout(nat.box.NextTimeout());
    }
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(NatFlood, StaysWithinTheBoundsUnderEveryPolicy)
{
    for (const NatEviction eviction : {NatEviction::RefuseNew, NatEviction::OldestIdle})
    {
        for (const uint16_t blockSize : {uint16_t{0}, uint16_t{32}})
        {
            for (const size_t each : {size_t{0}, size_t{20}})
            {
                NatSettings settings = Bounded(eviction);
                settings.blocks.size = blockSize;
                settings.blocks.mostEach = 4;
                settings.limits.mappingsPerSubscriber = each;
                NatUnderTest nat(settings);
                Flood flood(nat);
                for (int i = 0; i < 5'000; ++i)
                {
                    flood.Step();
                    if (i % 500 == 0)
                    {
                        ExpectWithinBounds(nat);
                    }
                }
                ExpectWithinBounds(nat);
                ExpectNothingLeft(nat);
            }
        }
    }
}

TEST(NatFlood, DoesNotStopAFlowThatIsThereWhenNewOnesAreRefused)
{
    NatUnderTest nat(Bounded(NatEviction::RefuseNew));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    Flood flood(nat);
    for (int i = 0; i < 10'000; ++i)
    {
        flood.Step();
        if (i % 100 == 0)
        {
            ASSERT_EQ(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
            ASSERT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), external);
        }
    }
}

TEST(NatFlood, DoesNotStopABusyFlowWhenTheIdleMakeRoom)
{
    NatUnderTest nat(Bounded(NatEviction::OldestIdle));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    Flood flood(nat);
    for (int i = 0; i < 10'000; ++i)
    {
        flood.Step();
        if (i % 20 == 0) // more often than the table is filled anew
        {
            ASSERT_EQ(ExternalOf(nat, Protocol::Udp, ALICE, SERVER), external);
        }
    }
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, BOB, SERVER)) << "a new flow finds room";
}

TEST(NatFlood, StopsAnIdleFlowWhenTheIdleMakeRoom)
{
    NatUnderTest nat(Bounded(NatEviction::OldestIdle));
    const Endpoint external = *ExternalOf(nat, Protocol::Udp, ALICE, SERVER);
    Flood flood(nat);
    for (int i = 0; i < 10'000; ++i)
    {
        flood.Step();
    }
    EXPECT_NE(InboundResult(nat, Protocol::Udp, SERVER, external, ALICE), "");
}

TEST(NatFlood, OfOneSubscriberLeavesRoomForOthers)
{
    NatSettings settings = Bounded(NatEviction::RefuseNew);
    settings.limits.mappingsPerSubscriber = 50;
    NatUnderTest nat(settings);
    Flood flood(nat);
    for (int i = 0; i < 5'000; ++i)
    {
        flood.Step();
    }
    EXPECT_TRUE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
    EXPECT_TRUE(ExternalOf(nat, Protocol::Tcp, BOB, SERVER));
    EXPECT_FALSE(ExternalOf(nat, Protocol::Udp, {ATTACKER, 999}, SERVER));
}

TEST(NatFlood, WithoutALimitASubscriberTakesItAll)
{
    NatUnderTest nat(Bounded(NatEviction::RefuseNew));
    Flood flood(nat);
    for (int i = 0; i < 5'000; ++i)
    {
        flood.Step();
    }
    EXPECT_FALSE(ExternalOf(nat, Protocol::Udp, ALICE, SERVER));
}

TEST(NatFlood, OfUnsolicitedSynsIsHeldWithinItsBoundAndAnsweredOnceEach)
{
    NatSettings settings = Bounded(NatEviction::RefuseNew);
    NatUnderTest nat(settings);
    size_t answers = 0;
    for (uint32_t i = 0; i < 5'000; ++i)
    {
        nat.now += milliseconds(1);
        Packet syn = Tcp({Ipv4{0xc0000200 + i}, 7}, {EXTERNAL, 5000}, TCP_SYN);
        EXPECT_EQ(nat.Send(NatSide::Outside, syn).action, Action::Drop);
        answers += nat.box.TakeEmitted().size();
    }
    EXPECT_EQ(answers, 0U) << "within the six seconds of the first";
    nat.box.Timeout(nat.now + seconds(7));
    EXPECT_LE(nat.box.TakeEmitted().size(), settings.limits.heldSyns);
    EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
    EXPECT_EQ(nat.box.MappingCount(), 0U);
}

TEST(NatFlood, IsNotAmplified)
{
    NatUnderTest nat(Bounded(NatEviction::RefuseNew));
    Flood flood(nat);
    for (int i = 0; i < 20'000; ++i)
    {
        flood.Step();
    }
    EXPECT_LT(flood.Answers(), 20'000U / 4) << "the NAT's own messages are limited in rate";
    EXPECT_GT(flood.Answers(), 0U);
}

} // namespace
} // namespace isb::test
