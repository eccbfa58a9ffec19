// SPDX-License-Identifier: GPL-2.0-or-later
// Thousands of random steps, compared with a naive reference that shares no code with the engine.
#include "tests/core/nat/naive-nat.h"
#include "tests/core/nat/nat-harness.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <vector>

namespace isb::test
{
namespace
{

constexpr Protocol UDP = Protocol::Udp;

constexpr NatBehaviour BEHAVIOURS[] = {NatBehaviour::EndpointIndependent,
                                       NatBehaviour::AddressDependent,
                                       NatBehaviour::AddressAndPortDependent};

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

/// Settings of which every axis is drawn by lot.
NatSettings
AnySettings(NatAxes axes, uint64_t seed)
{
    SeededRng lot(seed);
    NatSettings settings = TestSettings(axes);
    settings.timers.udp = seconds(5);
    settings.udp.refresh = lot.Below(2) == 0 ? NatRefresh::Outbound : NatRefresh::Both;
    settings.udp.assignment = static_cast<NatPortAssignment>(lot.Below(4));
    if (settings.udp.assignment == NatPortAssignment::Overloading && FindContradiction(settings))
    {
        settings.udp.assignment = NatPortAssignment::Preserving;
    }
    settings.udp.step = static_cast<uint16_t>(1 + lot.Below(3));
    settings.udp.parity = lot.Below(3) == 0;
    settings.hairpin = static_cast<NatHairpin>(lot.Below(3));
    settings.pooling = lot.Below(2) == 0 ? NatPooling::Paired : NatPooling::Arbitrary;
    if (lot.Below(3) == 0)
    {
        settings.furtherExternals = {Ipv4{EXTERNAL.value + 1}, Ipv4{EXTERNAL.value + 2}};
    }
    settings.firstPort = 2000;
    settings.lastPort = lot.Below(3) == 0 ? 2007 : 2099;
    settings.limits.mappings = lot.Below(4) == 0 ? 10 : 1000;
    settings.limits.mappingsPerSubscriber = lot.Below(4) == 0 ? 5 : 0;
    EXPECT_FALSE(FindContradiction(settings));
    return settings;
}

/// The engine and the naive reference, side by side.
class Comparison
{
  public:
    Comparison(const NatSettings& settings, uint64_t seed)
        : m_nat(settings, seed),
          m_naive(settings),
          m_world(seed)
    {
    }

    void Step();

  private:
    void StepOutbound();
    void StepInbound();
    void StepHairpin();
    void StepReboot();
    void StepRebind();
    /// Judges how a packet left, and tells the reference.
    void JudgeLeft(Endpoint internal, Endpoint remote, Endpoint external);
    Endpoint AnyExternal();

    NatUnderTest m_nat;
    NaiveNat m_naive;
    World m_world;
};

Endpoint
Comparison::AnyExternal()
{
    const std::vector<Ipv4> all = m_naive.Externals();
    const auto mappings = m_nat.box.Mappings();
    if (!mappings.empty() && m_world.rng.Below(2) == 0)
    {
        return mappings[m_world.rng.Below(mappings.size())].external;
    }
    const auto port = std::min(m_world.External().port, m_nat.box.Settings().lastPort);
    return {all[m_world.rng.Below(all.size())], port};
}

void
Comparison::JudgeLeft(Endpoint internal, Endpoint remote, Endpoint external)
{
    const auto expected = m_naive.ExpectedExternal(m_nat.now, internal, remote);
    if (expected)
    {
        ASSERT_EQ(external, *expected);
    }
    else
    {
        ASSERT_EQ(m_naive.FaultOfNew(m_nat.now, internal, external, remote), "")
            << internal.ToString() << " as " << external.ToString();
    }
    m_naive.Send(m_nat.now, internal, external, remote);
}

void
Comparison::StepOutbound()
{
    const Endpoint internal = m_world.Internal();
    const Endpoint remote = m_world.Remote();
    Packet packet = Udp(internal, remote);
    const NatVerdict verdict = m_nat.Send(NatSide::Inside, packet);
    if (verdict.action == Action::Forward)
    {
        ASSERT_TRUE(ChecksumsAreRight(packet));
        ASSERT_EQ(DestinationOf(packet), remote);
        JudgeLeft(internal, remote, SourceOf(packet));
        return;
    }
    ASSERT_FALSE(m_naive.ExpectedExternal(m_nat.now, internal, remote)) << verdict.reason;
    ASSERT_EQ(m_naive.FaultOfRefusal(m_nat.now, internal, std::string(verdict.reason)), "");
}

void
Comparison::StepInbound()
{
    const Endpoint remote = m_world.Remote();
    const Endpoint external = AnyExternal();
    const auto expected = m_naive.ExpectedInternal(m_nat.now, remote, external);
    Packet packet = Udp(remote, external);
    const NatVerdict verdict = m_nat.Send(NatSide::Outside, packet);
    if (expected)
    {
        ASSERT_EQ(verdict.action, Action::Forward) << verdict.reason;
        ASSERT_TRUE(ChecksumsAreRight(packet));
        ASSERT_EQ(SourceOf(packet), remote);
        ASSERT_EQ(DestinationOf(packet), *expected);
        m_naive.Receive(m_nat.now, remote, external);
        return;
    }
    ASSERT_EQ(verdict.action, Action::Drop);
    ASSERT_EQ(packet, Udp(remote, external));
    const bool taken = m_naive.IsTaken(m_nat.now, external);
    if (m_nat.box.Settings().udp.assignment == NatPortAssignment::Overloading)
    {
        ASSERT_TRUE(verdict.reason == "nat.filtered" || verdict.reason == "nat.no-mapping");
    }
    else
    {
        ASSERT_EQ(verdict.reason, taken ? "nat.filtered" : "nat.no-mapping");
    }
}

/// The external endpoint that the engine lists for an insider towards a remote.
std::optional<Endpoint>
Listed(const NatUnderTest& nat, Endpoint internal, Endpoint remote)
{
    const NatBehaviour behaviour = nat.box.Settings().udp.mapping;
    Endpoint part = behaviour == NatBehaviour::EndpointIndependent ? Endpoint{} : remote;
    part.port = behaviour == NatBehaviour::AddressAndPortDependent ? part.port : 0;
    for (const NatMappingInfo& mapping : nat.box.Mappings())
    {
        if (mapping.internal == internal && mapping.remote == part)
        {
            return mapping.external;
        }
    }
    return std::nullopt;
}

/// An insider calls an external endpoint. To the reference it sends there, as to anyone outside,
/// and then the packet comes from outside.
void
Comparison::StepHairpin()
{
    const NatSettings& settings = m_nat.box.Settings();
    const Endpoint internal = m_world.Internal();
    const Endpoint called = AnyExternal();
    const bool isShared = settings.udp.assignment == NatPortAssignment::Overloading;
    const bool ends =
        settings.hairpin == NatHairpin::None || (!isShared && !m_naive.IsTaken(m_nat.now, called));
    Packet packet = Udp(internal, called);
    const NatVerdict verdict = m_nat.Send(NatSide::Inside, packet);
    const auto external = Listed(m_nat, internal, called);
    if (ends || !external)
    {
        ASSERT_EQ(verdict.action, Action::Drop);
        if (!ends)
        {
            const std::string reason(verdict.reason);
            ASSERT_EQ(m_naive.FaultOfRefusal(m_nat.now, internal, reason), "");
        }
        return;
    }
    JudgeLeft(internal, called, *external);
    const auto expected = m_naive.ExpectedInternal(m_nat.now, *external, called);
    ASSERT_EQ(verdict.action, expected ? Action::Hairpin : Action::Drop) << verdict.reason;
    if (expected)
    {
        ASSERT_TRUE(ChecksumsAreRight(packet));
        ASSERT_EQ(DestinationOf(packet), *expected);
        ASSERT_EQ(SourceOf(packet),
                  settings.hairpin == NatHairpin::ExternalSource ? *external : internal);
        m_naive.Receive(m_nat.now, *external, called);
    }
}

void
Comparison::StepReboot()
{
    const Ipv4 external{EXTERNAL.value + (m_world.rng.Below(2) == 0 ? 0 : 9)};
    m_nat.box.Reboot(m_nat.now, external);
    m_naive.Reboot(external);
    ASSERT_EQ(m_nat.box.MappingCount(), 0U);
}

void
Comparison::StepRebind()
{
    m_nat.box.Timeout(m_nat.now);
    const std::vector<NatMappingInfo> before = m_nat.box.Mappings();
    m_nat.box.Rebind(m_nat.now);
    std::set<std::pair<Ipv4, Ipv4>> pairs; // of host and external address
    std::set<Ipv4> hosts;
    const NatSettings& settings = m_nat.box.Settings();
    const bool isTight = settings.lastPort < 2050; // mappings may have nowhere to go
    const bool changesAddress =
        settings.pooling == NatPooling::Paired && !settings.furtherExternals.empty();
    const std::vector<NatMappingInfo> all = m_nat.box.Mappings();
    for (const NatMappingInfo& old : before)
    {
        const auto after =
            std::find_if(all.begin(),
                         all.end(),
                         [&](const NatMappingInfo& now)
                         { return old.internal == now.internal && old.remote == now.remote; });
        if (after == all.end())
        {
            ASSERT_TRUE(isTight && changesAddress);
            m_naive.End(old.internal, old.remote);
            continue;
        }
        ASSERT_TRUE(after->external != old.external || (isTight && !changesAddress));
        m_naive.Move(after->internal, after->remote, after->external);
        pairs.insert({after->internal.address, after->external.address});
        hosts.insert(after->internal.address);
    }
    ASSERT_TRUE(settings.pooling == NatPooling::Arbitrary || pairs.size() == hosts.size());
    ASSERT_LE(all.size(), before.size());
}

void
Comparison::Step()
{
    m_nat.now += milliseconds(static_cast<int64_t>(m_world.rng.Below(500)));
    m_naive.Forget(m_nat.now);
    switch (m_world.rng.Below(200))
    {
    case 0:
        StepReboot();
        break;
    case 1:
        StepRebind();
        break;
    default:
        switch (m_world.rng.Below(5))
        {
        case 0:
            StepHairpin();
            break;
        case 1:
        case 2:
            StepInbound();
            break;
        default:
            StepOutbound();
        }
    }
    static_cast<void>(m_nat.box.TakeEmitted());
    m_nat.box.Timeout(m_nat.now);
    ASSERT_EQ(m_nat.box.MappingCount() == 0, m_naive.IsEmpty());
}

TEST(NatProperty, EngineAgreesWithNaiveReferenceOnEveryPairOfAxes)
{
    for (const NatBehaviour mapping : BEHAVIOURS)
    {
        for (const NatBehaviour filtering : BEHAVIOURS)
        {
            for (uint64_t seed = 1; seed <= 40; ++seed)
            {
                SCOPED_TRACE(std::string(ToString(mapping)) + " / " +
                             std::string(ToString(filtering)) + " seed " + std::to_string(seed));
                Comparison comparison(AnySettings({mapping, filtering}, seed), seed);
                for (int step = 0; step < 2000 && !testing::Test::HasFatalFailure(); ++step)
                {
                    comparison.Step();
                }
                ASSERT_FALSE(testing::Test::HasFatalFailure());
            }
        }
    }
}

/// A forward by the words of thesis 1.1: each new caller gets the next target in turn, keeps it
/// while its flow lives, and hears from the forwarded endpoint. Packets from both sides keep it
/// alive.
TEST(NatProperty, ForwardsAgreeWithNaiveReference)
{
    const Endpoint called{EXTERNAL, 7000};
    const std::vector<Endpoint> targets = {ALICE, BOB, {Ipv4{0x0a000009}, 6000}};

    struct Caller
    {
        size_t target;
        TimePoint until;
    };

    for (uint64_t seed = 1; seed <= 20; ++seed)
    {
        SCOPED_TRACE(seed);
        NatSettings settings = TestSettings();
        settings.forwards = {{UDP, called, targets}};
        settings.timers.udp = seconds(5);
        settings.udp.refresh = seed % 2 == 0 ? NatRefresh::Outbound : NatRefresh::Both;
        NatUnderTest nat(settings, seed);
        World world(seed);
        std::map<Endpoint, Caller> callers;
        size_t next = 0;
        for (int step = 0; step < 2000; ++step)
        {
            nat.now += milliseconds(static_cast<int64_t>(world.rng.Below(500)));
            const Endpoint remote = world.Remote();
            auto caller = callers.find(remote);
            if (caller != callers.end() && caller->second.until <= nat.now)
            {
                callers.erase(caller);
                caller = callers.end();
            }
            const TimePoint until = nat.now + settings.timers.udp;
            if (caller != callers.end() && world.rng.Below(2) == 0)
            {
                Packet answer = Udp(targets[caller->second.target], remote);
                ASSERT_EQ(nat.Send(NatSide::Inside, answer).action, Action::Forward);
                ASSERT_EQ(answer, Udp(called, remote));
                caller->second.until = until;
                continue;
            }
            Packet call = Udp(remote, called);
            ASSERT_EQ(nat.Send(NatSide::Outside, call).action, Action::Forward);
            if (caller == callers.end())
            {
                caller = callers.insert({remote, {next++ % targets.size(), until}}).first;
            }
            caller->second.until = until;
            ASSERT_EQ(call, Udp(remote, targets[caller->second.target]));
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
