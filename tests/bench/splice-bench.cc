// SPDX-License-Identifier: GPL-2.0-or-later
// What a packet costs in the splice core: parser, step and rewrite alone and together, with the
// headers in cache. The target for the whole fast path is 30 ns; it is printed, never a gate.
#include "model/splice/ist-active.h"
#include "model/splice/ist-fast.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace
{

using Header = std::array<uint8_t, IST_HEADER_MAX>;

/// A data segment of 1448 bytes with timestamps, as bulk TCP sends it.
Header
BulkSegment(uint32_t source, uint16_t sourcePort, uint16_t port, uint32_t seq, uint32_t ack)
{
    Header header{};
    header[0] = 0x45;
    ist_put16(&header[2], 1500);
    header[8] = 64;
    header[9] = IST_PROTOCOL_TCP;
    ist_put32(&header[12], source);
    ist_put32(&header[16], 0xc0000201);
    ist_put16(&header[20], sourcePort);
    ist_put16(&header[22], port);
    ist_put32(&header[24], seq);
    ist_put32(&header[28], ack);
    ist_put16(&header[32], 8 << 12 | IST_TCP_ACK);
    ist_put16(&header[34], 65535);
    const uint8_t timestamps[] = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1};
    std::copy(std::begin(timestamps), std::end(timestamps), &header[40]);
    ist_put16(&header[10], static_cast<uint16_t>(~ist_sum(header.data(), 20, 0)));
    return header;
}

Header
UdpDatagram(uint32_t source, uint16_t sourcePort, uint16_t port)
{
    Header header = BulkSegment(source, sourcePort, port, 0, 0);
    header[9] = IST_PROTOCOL_UDP;
    ist_put16(&header[24], 1480);
    ist_put16(&header[26], 0x1234);
    return header;
}

/// The datagram by which a user takes his side of a UDP splice.
Header
Registration(uint32_t source, uint16_t sourcePort, uint16_t port)
{
    Header header = UdpDatagram(source, sourcePort, port);
    std::fill(header.begin() + 28, header.end(), uint8_t{0});
    ist_put16(&header[2], 28 + IST_REGISTRATION_LENGTH);
    ist_put16(&header[24], 8 + IST_REGISTRATION_LENGTH);
    ist_put32(&header[28], IST_REGISTRATION_HIGH);
    ist_put32(&header[32], IST_REGISTRATION_LOW);
    return header;
}

/// A splice in ESTABLISHED and one packet of A.
struct Ready
{
    ist_settings settings{};
    ist_splice splice{};
    Header header{};

    explicit Ready(unsigned int method)
    {
        constexpr uint32_t a = 1000;
        constexpr uint32_t b = 5000;
        ist_settings_default(&settings);
        ist_splice_init(&splice, method);
        if (method == IST_METHOD_UDP)
        {
            Step(Registration(0x0a000001, 31000, 7000), IST_SIDE_A);
            Step(Registration(0x0a010002, 32000, 7001), IST_SIDE_B);
            header = UdpDatagram(0x0a000001, 31000, 7000);
            return;
        }
        if (method == IST_METHOD_ACTIVE)
        {
            ist_active_config config{};
            config.family_b = IST_FAMILY_IPV4;
            ist_address_set_ipv4(&config.from_b.source, 0x0a010002);
            ist_address_set_ipv4(&config.from_b.destination, 0xc0000201);
            config.from_b.source_port = 32000;
            config.from_b.destination_port = 7001;
            config.isn_to_a = b;
            config.isn_to_b = a;
            ist_active_init(&splice, &config, &settings);
        }
        const bool pure = method == IST_METHOD_PURE;
        const uint16_t portA = pure ? 7001 : 31000;
        const uint16_t portB = pure ? 7000 : 32000;
        Control(0x0a000001, portA, 7000, a, 0, IST_TCP_SYN, IST_SIDE_A);
        if (method == IST_METHOD_ACTIVE)
        {
            Control(0x0a000001, portA, 7000, a + 1, b + 1, IST_TCP_ACK, IST_SIDE_A);
            Control(0x0a010002, portB, 7001, b, a + 1, IST_TCP_SYN | IST_TCP_ACK, IST_SIDE_B);
        }
        else
        {
            Control(0x0a010002, portB, 7001, b, 0, IST_TCP_SYN, IST_SIDE_B);
            Control(0x0a000001, portA, 7000, a + 1, b + 1, IST_TCP_ACK, IST_SIDE_A);
            Control(0x0a010002, portB, 7001, b + 1, a + 1, IST_TCP_ACK, IST_SIDE_B);
        }
        header = BulkSegment(0x0a000001, portA, 7000, a + 1, b + 1);
    }

    void
    Control(uint32_t source,
            uint16_t sourcePort,
            uint16_t port,
            uint32_t seq,
            uint32_t ack,
            unsigned int flags,
            unsigned int side)
    {
        Header control = BulkSegment(source, sourcePort, port, seq, ack);
        ist_put16(&control[2], 52);
        ist_put16(&control[32], static_cast<uint16_t>(8 << 12 | flags));
        Step(control, side);
    }

    ist_verdict
    Step(const Header& bytes, unsigned int side)
    {
        ist_packet packet;
        ist_verdict verdict;
        ist_packet_parse(&packet, bytes.data(), IST_HEADER_MAX, 1500);
        if (splice.method == IST_METHOD_ACTIVE)
        {
            ist_active_step(&splice, &packet, side, 1, &settings, &verdict);
        }
        else
        {
            ist_splice_step(&splice, &packet, side, 1, &settings, &verdict);
        }
        return verdict;
    }
};

void
SkipUnlessForwarded(benchmark::State& state, const ist_verdict& verdict)
{
    if (verdict.action != IST_ACTION_FORWARD)
    {
        state.SkipWithError("the packet was not forwarded");
    }
}

void
Parse(benchmark::State& state)
{
    const Ready ready(IST_METHOD_PASSIVE);
    ist_packet packet;
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(
            ist_packet_parse(&packet, ready.header.data(), IST_HEADER_MAX, 1500));
        benchmark::DoNotOptimize(packet);
    }
}

BENCHMARK(Parse);

/// Everything a carrier asks of the core for one data packet, and the copy into the flat struct.
void
FastPath(benchmark::State& state, unsigned int method)
{
    Ready ready(method);
    ist_verdict verdict{};
    uint64_t now = 0;
    for (auto _ : state)
    {
        Header bytes = ready.header;
        ist_packet packet;
        benchmark::DoNotOptimize(bytes);
        ist_packet_parse(&packet, bytes.data(), IST_HEADER_MAX, 1500);
        if (method == IST_METHOD_ACTIVE)
        {
            ist_active_step(&ready.splice, &packet, 0, ++now, &ready.settings, &verdict);
        }
        else
        {
            ist_splice_step(&ready.splice, &packet, 0, ++now, &ready.settings, &verdict);
        }
        ist_rewrite_apply(bytes.data(), &packet, &verdict.edits, IST_CHECKSUM_FULL);
        benchmark::DoNotOptimize(bytes);
    }
    SkipUnlessForwarded(state, verdict);
    state.counters["target_ns"] = 30;
}

BENCHMARK_CAPTURE(FastPath, Passive, static_cast<unsigned int>(IST_METHOD_PASSIVE));
BENCHMARK_CAPTURE(FastPath, Pure, static_cast<unsigned int>(IST_METHOD_PURE));
BENCHMARK_CAPTURE(FastPath, Active, static_cast<unsigned int>(IST_METHOD_ACTIVE));
BENCHMARK_CAPTURE(FastPath, Udp, static_cast<unsigned int>(IST_METHOD_UDP));

void
Step(benchmark::State& state)
{
    Ready ready(IST_METHOD_PASSIVE);
    ist_packet packet;
    ist_verdict verdict{};
    uint64_t now = 0;
    ist_packet_parse(&packet, ready.header.data(), IST_HEADER_MAX, 1500);
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(packet);
        ist_splice_step(&ready.splice, &packet, 0, ++now, &ready.settings, &verdict);
        benchmark::DoNotOptimize(verdict);
    }
    SkipUnlessForwarded(state, verdict);
}

BENCHMARK(Step);

/// The same for a carrier that reads the header in place.
void
FastStep(benchmark::State& state)
{
    Ready ready(IST_METHOD_PASSIVE);
    uint64_t now = 0;
    bool taken = true;
    for (auto _ : state)
    {
        ist_segment segment;
        benchmark::DoNotOptimize(ready.header);
        taken = ist_segment_read(&segment, &ready.header[20], 60, 1480) &&
                ist_fast_segment(&ready.splice, 0, &segment, ++now) && taken;
        benchmark::DoNotOptimize(ready.splice);
    }
    if (!taken)
    {
        state.SkipWithError("the fast step left the packet");
    }
}

BENCHMARK(FastStep);

void
Rewrite(benchmark::State& state)
{
    Ready ready(IST_METHOD_PASSIVE);
    ist_packet packet;
    const ist_verdict verdict = ready.Step(ready.header, IST_SIDE_A);
    ist_packet_parse(&packet, ready.header.data(), IST_HEADER_MAX, 1500);
    for (auto _ : state)
    {
        ist_rewrite_apply(ready.header.data(), &packet, &verdict.edits, IST_CHECKSUM_FULL);
        benchmark::DoNotOptimize(ready.header);
    }
    SkipUnlessForwarded(state, verdict);
}

BENCHMARK(Rewrite);

/// The full checksum of a packet of the size given, which the incremental update saves.
void
FullChecksum(benchmark::State& state)
{
    std::array<uint8_t, 1500> bytes{};
    const auto size = static_cast<uint32_t>(state.range(0));
    for (auto _ : state)
    {
        benchmark::DoNotOptimize(bytes);
        benchmark::DoNotOptimize(ist_sum(bytes.data(), size, 0));
    }
}

BENCHMARK(FullChecksum)->Arg(40)->Arg(1480);

} // namespace
