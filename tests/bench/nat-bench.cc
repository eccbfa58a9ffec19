// SPDX-License-Identifier: GPL-2.0-or-later
// What a packet of a known session costs a NatBox, by number of mappings: whole NatBox::Process(),
// sessions in random order, one session a mapping. Beside it the cost of a bare dependent read of
// as many 64-byte records in random order: what the memory alone asks for. Then the same packets in
// batches of 32 whose memory is fetched ahead (NatBox::Prefetch()). With each the bytes that a
// mapping and its session take.
//
// GLIBC_TUNABLES=glibc.malloc.hugetlb=1 shows the same with huge pages.
#include "model/core/nat/nat-box.h"
#include "model/wire/packet-builder.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <numeric>
#include <vector>

namespace
{

constexpr isb::Endpoint SERVER{isb::Ipv4{0xc6336401}, 80};
constexpr uint32_t EXTERNALS = 32;

/// A UDP packet whose changing endpoint is written in place.
class Template
{
  public:
    Template(isb::NatSide from)
        : m_from(from),
          m_bytes(isb::BuildUdp(SERVER, SERVER, std::vector<uint8_t>(18)))
    {
        m_bytes[26] = m_bytes[27] = 0; // no UDP checksum
        m_bytes[10] = m_bytes[11] = 0;
        Put32(m_from == isb::NatSide::Inside ? 12 : 16, 0);
        for (size_t i = 0; i < 20; i += 2)
        {
            m_sum += static_cast<uint32_t>(m_bytes[i] << 8 | m_bytes[i + 1]);
        }
        m_pristine = m_bytes;
    }

    isb::MutableBytes
    Make(isb::Endpoint endpoint)
    {
        std::copy_n(m_pristine.begin(), 28, m_bytes.begin());
        const bool inside = m_from == isb::NatSide::Inside;
        Put32(inside ? 12 : 16, endpoint.address.value);
        Put16(inside ? 20 : 22, endpoint.port);
        uint32_t sum = m_sum + (endpoint.address.value >> 16) + (endpoint.address.value & 0xffff);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        Put16(10, static_cast<uint16_t>(~sum));
        return m_bytes;
    }

    [[nodiscard]] isb::Endpoint
    Source() const
    {
        return {isb::Ipv4{static_cast<uint32_t>(m_bytes[12] << 24 | m_bytes[13] << 16 |
                                                m_bytes[14] << 8 | m_bytes[15])},
                static_cast<uint16_t>(m_bytes[20] << 8 | m_bytes[21])};
    }

  private:
    void
    Put16(size_t at, uint16_t value)
    {
        m_bytes[at] = static_cast<uint8_t>(value >> 8);
        m_bytes[at + 1] = static_cast<uint8_t>(value);
    }

    void
    Put32(size_t at, uint32_t value)
    {
        Put16(at, static_cast<uint16_t>(value >> 16));
        Put16(at + 2, static_cast<uint16_t>(value));
    }

    isb::NatSide m_from;
    std::vector<uint8_t> m_bytes;
    std::vector<uint8_t> m_pristine;
    uint32_t m_sum = 0;
};

isb::NatSettings
Settings(bool symmetric)
{
    isb::NatSettings settings;
    settings.external = isb::Ipv4{0xcb007101};
    for (uint32_t i = 1; i < EXTERNALS; ++i)
    {
        settings.furtherExternals.push_back(isb::Ipv4{settings.external.value + i});
    }
    settings.udp = *isb::NatPreset(symmetric ? "symmetric" : "port-restricted-cone");
    settings.limits.mappings = 2'000'000;
    settings.limits.sessions = 2'000'000;
    return settings;
}

/// A NatBox with its mappings, and the endpoints that reach them, shuffled.
struct World
{
    World(size_t mappings, bool symmetric)
        : rng(1)
    {
        const size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        box = std::make_unique<isb::NatBox>(Settings(symmetric), rng, nullptr);
        Template packet(isb::NatSide::Inside);
        inside.reserve(mappings);
        outside.reserve(mappings);
        const size_t lists = mallinfo2().uordblks + mallinfo2().hblkhd - before;
        for (size_t i = 0; i < mappings; ++i)
        {
            // 16 ports a host
            const isb::Endpoint internal{
                isb::Ipv4{0x0a000000 + static_cast<uint32_t>(i / 16)},
                static_cast<uint16_t>(1024 + (i * 40503 & 0x7fff) + (i % 16) * 2000)};
            const isb::MutableBytes bytes = packet.Make(internal);
            if (box->Process(isb::TimePoint{0}, isb::NatSide::Inside, bytes, bytes.size).action !=
                isb::NatVerdict::Action::Forward)
            {
                std::abort();
            }
            inside.push_back(internal);
            outside.push_back(packet.Source());
        }
        bytesEach =
            static_cast<double>(mallinfo2().uordblks + mallinfo2().hblkhd - before - lists) /
            static_cast<double>(mappings);
        isb::SeededRng order(7);
        for (size_t i = mappings - 1; i > 0; --i)
        {
            const size_t other = order.Below(i + 1);
            std::swap(inside[i], inside[other]);
            std::swap(outside[i], outside[other]);
        }
    }

    isb::SeededRng rng;
    std::unique_ptr<isb::NatBox> box;
    std::vector<isb::Endpoint> inside;
    std::vector<isb::Endpoint> outside;
    double bytesEach = 0;
};

void
BM_KnownSession(benchmark::State& state, isb::NatSide from, bool symmetric)
{
    World world(static_cast<size_t>(state.range(0)), symmetric);
    const std::vector<isb::Endpoint>& endpoints =
        from == isb::NatSide::Inside ? world.inside : world.outside;
    Template packet(from);
    size_t next = 0;
    for (auto _ : state)
    {
        const isb::MutableBytes bytes = packet.Make(endpoints[next]);
        next = next + 1 == endpoints.size() ? 0 : next + 1;
        benchmark::DoNotOptimize(world.box->Process(isb::TimePoint{1}, from, bytes, bytes.size));
    }
    state.counters["bytes/mapping"] = world.bytesEach;
}

/// The same with packets that are at hand 32 at a time and NatBox::Prefetch().
void
BM_Prefetched(benchmark::State& state, isb::NatSide from, bool symmetric)
{
    constexpr size_t BATCH = 32;
    World world(static_cast<size_t>(state.range(0)), symmetric);
    const std::vector<isb::Endpoint>& endpoints =
        from == isb::NatSide::Inside ? world.inside : world.outside;
    std::vector<Template> packets(BATCH, Template(from));
    std::array<isb::MutableBytes, BATCH> bytes;
    std::array<isb::ByteView, BATCH> headers;
    size_t next = 0;
    while (state.KeepRunningBatch(BATCH))
    {
        for (size_t i = 0; i < BATCH; ++i)
        {
            bytes[i] = packets[i].Make(endpoints[next]);
            headers[i] = {bytes[i].data, bytes[i].size};
            next = next + 1 == endpoints.size() ? 0 : next + 1;
        }
        world.box->Prefetch(from, headers.data(), BATCH);
        for (const isb::MutableBytes& packet : bytes)
        {
            benchmark::DoNotOptimize(
                world.box->Process(isb::TimePoint{1}, from, packet, packet.size));
        }
    }
    state.counters["bytes/mapping"] = world.bytesEach;
}

void
BM_BareRead(benchmark::State& state)
{
    struct alignas(64) Record
    {
        uint32_t next = 0;
    };

    const auto count = static_cast<uint32_t>(state.range(0));
    std::vector<uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    isb::SeededRng rng(3);
    for (uint32_t i = count - 1; i > 0; --i)
    {
        std::swap(order[i], order[rng.Below(i + 1)]);
    }
    std::vector<Record> records(count);
    for (uint32_t i = 0; i < count; ++i)
    {
        records[order[i]].next = order[i + 1 == count ? 0 : i + 1];
    }
    uint32_t at = 0;
    for (auto _ : state)
    {
        at = records[at].next;
        benchmark::DoNotOptimize(at);
    }
}

void
Sizes(benchmark::internal::Benchmark* bench)
{
    bench->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
}

BENCHMARK(BM_BareRead)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_KnownSession, cone_outbound, isb::NatSide::Inside, false)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_KnownSession, cone_inbound, isb::NatSide::Outside, false)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_KnownSession, symmetric_outbound, isb::NatSide::Inside, true)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_KnownSession, symmetric_inbound, isb::NatSide::Outside, true)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_Prefetched, cone_outbound, isb::NatSide::Inside, false)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_Prefetched, cone_inbound, isb::NatSide::Outside, false)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_Prefetched, symmetric_outbound, isb::NatSide::Inside, true)->Apply(Sizes);
BENCHMARK_CAPTURE(BM_Prefetched, symmetric_inbound, isb::NatSide::Outside, true)->Apply(Sizes);

} // namespace
