// SPDX-License-Identifier: GPL-2.0-or-later
// Arbitrary bytes as packets into the splice: parse, step, apply, time out. Beyond the sanitizers'
// eyes it demands that a rewrite changes no byte outside the header, that crafted packets are
// sound, and that a verdict is one of those promised.
//
// Input: one byte method, then records of one byte side and time, one byte length, packet bytes.
#include "model/splice/ist-active.h"
#include "model/splice/ist-names.h"
#include "model/splice/ist-splice.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace
{

void
Demand(bool condition)
{
    if (!condition)
    {
        std::abort();
    }
}

void
CheckVerdict(const ist_splice& splice, const ist_verdict& verdict)
{
    Demand(verdict.action <= IST_ACTION_FORWARD);
    Demand(verdict.reason < IST_REASON_COUNT);
    Demand(verdict.to_state == splice.state && splice.state <= IST_STATE_CLOSED);
    Demand(verdict.emit_count <= 2);
    for (unsigned int i = 0; i < verdict.emit_count; ++i)
    {
        const ist_crafted& made = verdict.emit[i];
        ist_packet parsed;
        Demand(made.length <= IST_CRAFTED_MAX && made.to <= 1);
        Demand(ist_packet_parse(&parsed, made.bytes, made.length, made.length) == 0);
        Demand(parsed.header_length == made.length && parsed.payload_length == 0);
        Demand(ist_sum(made.bytes, 20, 0) == 0xffff);
    }
}

/// One packet: exactly its captured bytes are readable, so that a stray read is caught.
void
StepOne(ist_splice& splice,
        const ist_settings& settings,
        const uint8_t* data,
        size_t size,
        unsigned int side,
        uint64_t now)
{
    std::vector<uint8_t> header(data, data + size);
    ist_packet packet;
    ist_verdict verdict;
    const auto captured = static_cast<uint32_t>(size);
    // A carrier that captures less than the packet: any total length is plausible then.
    const uint32_t length = size >= IST_HEADER_MAX ? 65535 : captured;
    (void)ist_packet_parse_quoted(&packet, header.data(), captured);
    const int code = ist_packet_parse(&packet, header.data(), captured, length);
    if (code != 0)
    {
        Demand(std::strcmp(ist_parse_error_name(code), "ok") != 0);
        return;
    }
    Demand(packet.header_length <= captured && packet.header_length <= packet.total_length);
    Demand(packet.header_length + packet.payload_length <= packet.total_length);
    if (splice.wanted == IST_METHOD_ACTIVE)
    {
        ist_active_step(&splice, &packet, side, now, &settings, &verdict);
    }
    else
    {
        ist_splice_step(&splice, &packet, side, now, &settings, &verdict);
    }
    CheckVerdict(splice, verdict);
    if (verdict.action == IST_ACTION_FORWARD)
    {
        std::vector<uint8_t> after = header;
        ist_rewrite_apply(after.data(), &packet, &verdict.edits, IST_CHECKSUM_FULL);
        Demand(std::memcmp(after.data() + packet.header_length,
                           header.data() + packet.header_length,
                           size - packet.header_length) == 0);
        ist_packet again;
        Demand(ist_packet_parse(&again, after.data(), captured, length) == 0);
        Demand(again.total_length == packet.total_length && again.ttl == packet.ttl - 1);
    }
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ist_settings settings;
    ist_splice splice;
    ist_settings_default(&settings);
    if (size == 0)
    {
        return 0;
    }
    const unsigned int method = data[0] & 3;
    settings.early_data = data[0] >> 2 & 1;
    settings.reuse = data[0] >> 3 & 1;
    settings.reset_on_timeout = data[0] >> 4 & 1;
    ist_splice_init(&splice, method);
    if (method == IST_METHOD_ACTIVE)
    {
        ist_active_config config{};
        config.family_b = IST_FAMILY_IPV4;
        ist_address_set_ipv4(&config.from_b.source, 0x0a010002);
        ist_address_set_ipv4(&config.from_b.destination, 0xc0000201);
        config.from_b.source_port = 32000;
        config.from_b.destination_port = 7001;
        config.isn_to_a = 0x70000000;
        config.isn_to_b = 0x71000000;
        ist_active_init(&splice, &config, &settings);
    }
    uint64_t now = 0;
    for (size_t at = 1; at + 2 <= size;)
    {
        const unsigned int side = data[at] & 1;
        const size_t length = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
        ist_verdict verdict;
        now += static_cast<uint64_t>(data[at] >> 1) * (IST_SECOND_NS / 4);
        ist_splice_timeout(&splice, now, &settings, &verdict);
        CheckVerdict(splice, verdict);
        StepOne(splice, settings, data + at + 2, length, side, now);
        at += 2 + length;
    }
    return 0;
}
