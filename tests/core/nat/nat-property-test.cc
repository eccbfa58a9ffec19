// SPDX-License-Identifier: GPL-2.0-or-later
// Thousands of random steps, compared with a naive reference that shares no code with the engine.
#include "tests/core/nat/nat-harness.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace isb::test
{
namespace
{

constexpr NatBehaviour BEHAVIOURS[] = {NatBehaviour::EndpointIndependent,
                                       NatBehaviour::AddressDependent,
                                       NatBehaviour::AddressAndPortDependent};

/// UDP through a NAT, by the words of RFC 4787: every packet ever sent from inside is remembered,
/// and each question is answered by looking through all of them.
class NaiveNat
{
  public:
    NaiveNat(NatAxes axes, Duration timer)
        : m_axes(axes),
          m_timer(timer)
    {
    }

    /// The external endpoint that the packet has to have; nothing when a new one is due.
    std::optional<Endpoint>
    ExpectedExternal(TimePoint now, Endpoint internal, Endpoint remote)
    {
        for (const Sent& sent : m_sent)
        {
            if (IsAlive(sent, now) && sent.internal == internal &&
                IsSame(m_axes.mapping, sent.remote, remote))
            {
                return sent.external;
            }
        }
        return std::nullopt;
    }

    void
    Send(TimePoint now, Endpoint internal, Endpoint external, Endpoint remote)
    {
        m_sent.push_back({now, internal, external, remote});
    }

    /// Where a packet from outside has to go; nothing when it has to be refused.
    std::optional<Endpoint>
    ExpectedInternal(TimePoint now, Endpoint remote, Endpoint external)
    {
        for (const Sent& sent : m_sent)
        {
            if (IsAlive(sent, now) && sent.external == external &&
                IsSame(m_axes.filtering, sent.remote, remote))
            {
                return sent.internal;
            }
        }
        return std::nullopt;
    }

    /// True when another insider's living mapping owns the external endpoint.
    bool
    IsTaken(TimePoint now, Endpoint external)
    {
        return std::any_of(m_sent.begin(),
                           m_sent.end(),
                           [&](const Sent& sent)
                           { return IsAlive(sent, now) && sent.external == external; });
    }

    void
    Forget(TimePoint now)
    {
        const auto dead = [&](const Sent& sent) { return !IsAlive(sent, now); };
        m_sent.erase(std::remove_if(m_sent.begin(), m_sent.end(), dead), m_sent.end());
    }

    [[nodiscard]] bool
    IsEmpty() const
    {
        return m_sent.empty();
    }

  private:
    struct Sent
    {
        TimePoint when;
        Endpoint internal;
        Endpoint external;
        Endpoint remote;
    };

    bool
    IsAlive(const Sent& sent, TimePoint now) const
    {
        return now < sent.when + m_timer;
    }

    static bool
    IsSame(NatBehaviour behaviour, Endpoint a, Endpoint b)
    {
        return behaviour == NatBehaviour::EndpointIndependent ||
               (a.address == b.address &&
                (behaviour == NatBehaviour::AddressDependent || a.port == b.port));
    }

    NatAxes m_axes;
    Duration m_timer;
    std::vector<Sent> m_sent;
};

/// Random endpoints of a small world, so that they meet often.
struct World
{
    explicit World(uint64_t seed)
        : rng(seed)
    {
    }

    Endpoint
    Internal()
    {
        return {Ipv4{ALICE.address.value + static_cast<uint32_t>(rng.Below(3))},
                static_cast<uint16_t>(2000 + rng.Below(3))};
    }

    Endpoint
    Remote()
    {
        return {Ipv4{SERVER.address.value + static_cast<uint32_t>(rng.Below(3))},
                static_cast<uint16_t>(80 + rng.Below(3))};
    }

    Endpoint
    External()
    {
        return {EXTERNAL, static_cast<uint16_t>(2000 + rng.Below(12))};
    }

    SeededRng rng;
};

void
CompareWithNaive(NatAxes axes, uint64_t seed)
{
    NatSettings settings = TestSettings(axes);
    settings.timers.udp = seconds(5);
    settings.SetAssignment(static_cast<NatPortAssignment>(seed % 3));
    settings.firstPort = 2000;
    settings.lastPort = 2099;
    NatUnderTest nat(settings, seed);
    NaiveNat naive(axes, settings.timers.udp);
    World world(seed);
    for (int step = 0; step < 3000; ++step)
    {
        nat.now += milliseconds(static_cast<int64_t>(world.rng.Below(500)));
        naive.Forget(nat.now);
        if (world.rng.Below(2) == 0)
        {
            const Endpoint internal = world.Internal();
            const Endpoint remote = world.Remote();
            const auto expected = naive.ExpectedExternal(nat.now, internal, remote);
            const auto external = ExternalOf(nat, Protocol::Udp, internal, remote);
            ASSERT_TRUE(external);
            if (expected)
            {
                ASSERT_EQ(*external, *expected);
            }
            else
            {
                ASSERT_FALSE(naive.IsTaken(nat.now, *external));
            }
            naive.Send(nat.now, internal, *external, remote);
        }
        else
        {
            const Endpoint remote = world.Remote();
            const Endpoint external = world.External();
            const auto expected = naive.ExpectedInternal(nat.now, remote, external);
            const std::string reason =
                InboundResult(nat, Protocol::Udp, remote, external, expected.value_or(Endpoint{}));
            const bool taken = naive.IsTaken(nat.now, external);
            ASSERT_EQ(reason, expected ? "" : taken ? "nat.filtered" : "nat.no-mapping");
        }
        ASSERT_EQ(nat.box.MappingCount() == 0, naive.IsEmpty());
    }
}

TEST(NatProperty, EngineAgreesWithNaiveReferenceOnEveryPairOfAxes)
{
    for (const NatBehaviour mapping : BEHAVIOURS)
    {
        for (const NatBehaviour filtering : BEHAVIOURS)
        {
            for (uint64_t seed = 1; seed <= 6; ++seed)
            {
                SCOPED_TRACE(std::string(ToString(mapping)) + " / " +
                             std::string(ToString(filtering)) + " seed " + std::to_string(seed));
                CompareWithNaive({mapping, filtering}, seed);
            }
        }
    }
}

TEST(NatProperty, OutThenBackIsTheIdentityOnBytes)
{
    SeededRng random(7);
    NatUnderTest nat(Preset("symmetric"));
    for (int step = 0; step < 5000; ++step)
    {
        const Endpoint internal{ALICE.address, static_cast<uint16_t>(1 + random.Below(65535))};
        const Endpoint remote{Ipv4{0xc6336400 + static_cast<uint32_t>(random.Below(200))},
                              static_cast<uint16_t>(1 + random.Below(65535))};
        Packet payload(random.Below(64));
        std::generate(payload.begin(),
                      payload.end(),
                      [&] { return static_cast<uint8_t>(random.Next()); });
        Packet out = Udp(internal, remote, payload);
        ASSERT_EQ(nat.Send(NatSide::Inside, out).action, Action::Forward);
        ASSERT_TRUE(ChecksumsAreRight(out));
        const Endpoint external = SourceOf(out);
        // The answer as the remote builds it, and as the insider would have got it without NAT.
        Packet back = Udp(remote, external, payload);
        ASSERT_EQ(nat.Send(NatSide::Outside, back).action, Action::Forward);
        ASSERT_EQ(back, Udp(remote, internal, payload));
        ASSERT_EQ(out, Udp(external, remote, payload));
        nat.now += minutes(1);
    }
}

/// Random packets, wild and tame, of every protocol from both sides; some are broken afterwards.
Packet
AnyPacket(World& world, NatSide from)
{
    const Endpoint source = from == NatSide::Inside ? world.Internal() : world.Remote();
    const Endpoint destination =
        from == NatSide::Inside && world.rng.Below(4) != 0 ? world.Remote() : world.External();
    Packet packet;
    switch (world.rng.Below(5))
    {
    case 0:
        packet = Udp(source, destination, Packet(world.rng.Below(100)));
        break;
    case 1:
        packet = Opening(Protocol::Icmp, from, source, destination);
        break;
    case 2:
        packet = BuildIcmpError(source.address,
                                destination.address,
                                ICMP_UNREACHABLE,
                                1,
                                0,
                                Udp(destination, source));
        break;
    default:
        packet = Tcp(source, destination, static_cast<uint8_t>(world.rng.Below(32)));
    }
    if (world.rng.Below(5) == 0)
    {
        packet = FragmentPacket(packet, 28)[world.rng.Below(2) % FragmentPacket(packet, 28).size()];
    }
    if (world.rng.Below(5) == 0)
    {
        packet[world.rng.Below(packet.size())] ^= static_cast<uint8_t>(1 + world.rng.Below(255));
    }
    return packet;
}

TEST(NatProperty, ForwardedPacketsHaveRightChecksumsAndRefusedOnesAreUntouched)
{
    for (uint64_t seed = 1; seed <= 4; ++seed)
    {
        for (const std::string_view preset : NAT_PRESETS)
        {
            NatSettings settings = Preset(preset);
            settings.firstPort = 2000;
            settings.lastPort = 2011;
            NatUnderTest nat(settings, seed);
            World world(seed);
            for (int step = 0; step < 3000; ++step)
            {
                nat.now += milliseconds(static_cast<int64_t>(world.rng.Below(2000)));
                const NatSide from = world.rng.Below(2) == 0 ? NatSide::Inside : NatSide::Outside;
                const Packet before = AnyPacket(world, from);
                Packet after = before;
                const NatVerdict verdict = nat.Send(from, after);
                if (verdict.action == Action::Forward || verdict.action == Action::Hairpin)
                {
                    ASSERT_EQ(ChecksumsAreRight(after), ChecksumsAreRight(before));
                }
                else
                {
                    ASSERT_EQ(after, before);
                }
                ASSERT_EQ(verdict.action == Action::Drop, !verdict.reason.empty());
                ASSERT_GT(nat.box.NextTimeout(), nat.now);
            }
            nat.box.Timeout(nat.now + minutes(125));
            EXPECT_EQ(nat.box.MappingCount(), 0U);
            EXPECT_EQ(nat.box.NextTimeout(), TIME_NEVER);
        }
    }
}

TEST(NatProperty, LateTimeoutChangesNoVerdict)
{
    for (const std::string_view preset : NAT_PRESETS)
    {
        NatUnderTest punctual(Preset(preset));
        NatUnderTest late(Preset(preset));
        World world(3);
        for (int step = 0; step < 3000; ++step)
        {
            const TimePoint now = punctual.now + seconds(static_cast<int64_t>(world.rng.Below(60)));
            while (punctual.box.NextTimeout() <= now)
            {
                punctual.box.Timeout(punctual.box.NextTimeout());
            }
            punctual.now = late.now = now;
            const NatSide from = world.rng.Below(2) == 0 ? NatSide::Inside : NatSide::Outside;
            Packet first = AnyPacket(world, from);
            Packet second = first;
            const NatVerdict one = punctual.Send(from, first);
            const NatVerdict two = late.Send(from, second);
            ASSERT_EQ(one.action, two.action);
            ASSERT_EQ(one.reason, two.reason);
            ASSERT_EQ(first, second);
        }
    }
}

TEST(NatProperty, SameSeedGivesTheSameBytes)
{
    const auto run = [](uint64_t seed)
    {
        NatSettings settings = Preset("symmetric");
        settings.SetAssignment(NatPortAssignment::Random);
        NatUnderTest nat(settings, seed);
        World world(1);
        for (int step = 0; step < 2000; ++step)
        {
            nat.now += seconds(1);
            const NatSide from = world.rng.Below(2) == 0 ? NatSide::Inside : NatSide::Outside;
            Packet packet = AnyPacket(world, from);
            nat.Send(from, packet);
            nat.log.lines.emplace_back(packet.begin(), packet.end());
        }
        return nat.log.lines;
    };
    EXPECT_EQ(run(1), run(1));
    EXPECT_NE(run(1), run(2));
}

} // namespace
} // namespace isb::test
