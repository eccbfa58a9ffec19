// SPDX-License-Identifier: GPL-2.0-or-later
// Cost a packet of IstEngine's fast path (parse, look up, step, rewrite) against the number of
// splices. To read: the hash is flat, what grows with the table is the processor's cache misses, as
// the comparison with one hot splice among as many shows.
#include "model/core/ist/ist-engine.h"
#include "model/wire/packet-builder.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace
{

using namespace isb;

constexpr Ipv4 IST{0xcb007101};
constexpr TimePoint NOW{std::chrono::seconds(1)};
constexpr uint16_t PORT_A = 5001;
constexpr uint16_t PORT_B = 5002;

Endpoint
UserOf(int64_t splice, bool b)
{
    return {{(b ? 0x0b000000U : 0x0a000000U) + static_cast<uint32_t>(splice)}, 1000};
}

std::vector<uint8_t>
Segment(const Endpoint& from, uint16_t port, uint8_t flags, uint32_t acknowledgement)
{
    TcpFields tcp;
    tcp.flags = flags;
    tcp.sequence = flags == TCP_SYN ? 0 : 1;
    tcp.acknowledgement = acknowledgement;
    return BuildTcp(from, {IST, port}, tcp, {});
}

void
Establish(IstEngine& engine, int64_t splice)
{
    IstPair pair;
    pair.portA = PORT_A;
    pair.portB = PORT_B;
    const bool added = bool(engine.Add(NOW, pair));
    benchmark::DoNotOptimize(added);
    for (const uint8_t flags : {TCP_SYN, TCP_ACK})
    {
        for (const bool b : {false, true})
        {
            const uint32_t acknowledgement = flags == TCP_ACK ? 1 : 0;
            auto packet = Segment(UserOf(splice, b), b ? PORT_B : PORT_A, flags, acknowledgement);
            (void)engine.Process(NOW, packet, packet.size());
        }
    }
    (void)engine.TakeEmitted();
}

/// range(0): splices; range(1): of how many of them the packets are, in random order.
void
ForwardSegments(benchmark::State& state)
{
    const int64_t splices = state.range(0);
    IstSettings settings;
    settings.maxSplices = static_cast<size_t>(splices);
    SeededRng random(1);
    IstEngine engine(settings, random, nullptr);
    for (int64_t i = 0; i < splices; ++i)
    {
        Establish(engine, i);
    }
    constexpr size_t ROUND = 4096;
    std::vector<std::array<uint8_t, 40>> packets(ROUND);
    for (auto& packet : packets)
    {
        const auto which = static_cast<int64_t>(
            random.Below(static_cast<uint64_t>(std::min(state.range(1), splices))));
        const auto segment = Segment(UserOf(which, false), PORT_A, TCP_ACK, 1);
        std::copy(segment.begin(), segment.end(), packet.begin());
    }
    size_t next = 0;
    benchmark::IterationCount forwarded = 0;
    for (auto _ : state)
    {
        auto packet = packets[next++ % ROUND];
        const IstVerdict verdict =
            engine.Process(NOW, {packet.data(), packet.size()}, packet.size());
        forwarded += verdict.action == IstVerdict::Forward ? 1 : 0;
        benchmark::DoNotOptimize(packet);
    }
    if (forwarded != state.iterations())
    {
        state.SkipWithError("not every segment was forwarded");
    }
    state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}

void
PassForeignSegments(benchmark::State& state)
{
    SeededRng random(1);
    IstEngine engine({}, random, nullptr);
    for (int64_t i = 0; i < state.range(0); ++i)
    {
        Establish(engine, i);
    }
    auto packet = Segment(UserOf(0, true), 80, TCP_ACK, 1);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(engine.Process(NOW, packet, packet.size()));
    }
}

BENCHMARK(ForwardSegments)
    ->ArgNames({"splices", "active"})
    ->Args({1000, 1})
    ->Args({1000, 1000})
    ->Args({100000, 1})
    ->Args({100000, 1000})
    ->Args({100000, 100000});
BENCHMARK(PassForeignSegments)->ArgName("splices")->Arg(1000)->Arg(60000);

} // namespace
