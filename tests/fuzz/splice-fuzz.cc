// SPDX-License-Identifier: GPL-2.0-or-later
// Arbitrary bytes of either family as packets into the splice: parse, step, apply, time out, and as
// ICMP errors about it. Beyond the sanitizers' eyes it demands that a rewrite changes no byte
// outside the header, that what is made is sound and of the right family, that a verdict is one of
// those promised, and that the fast step does what the whole one does.
//
// Input: one byte method and settings (bit 5: the target of an active splice has IPv6), then
// records of one byte side and time, one byte length, packet bytes.
#include "model/splice/ist-active.h"
#include "model/splice/ist-fast.h"
#include "model/splice/ist-fragment.h"
#include "model/splice/ist-icmp.h"
#include "model/splice/ist-names.h"
#include "model/splice/ist-splice.h"
#include "model/splice/ist-too-big.h"

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
        Demand(ist_packet_parse_any(&parsed, made.bytes, made.length, made.length) == 0);
        Demand(parsed.header_length == made.length && parsed.payload_length == 0);
        Demand(parsed.family == IST_FAMILY_IPV6 || ist_sum(made.bytes, 20, 0) == 0xffff);
    }
}

/// An error that may be about the splice: edited or built, it is sound and of the other user's
/// family.
void
TryError(const ist_splice& splice, const ist_packet& packet, const std::vector<uint8_t>& header)
{
    const auto captured = static_cast<uint32_t>(header.size());
    ist_icmp_error error;
    if (!ist_icmp_parse(&error, &packet, header.data(), captured))
    {
        return;
    }
    for (unsigned int reached = 0; reached < 2; ++reached)
    {
        (void)ist_icmp_under_way(&splice, reached, &error);
        std::vector<uint8_t> copy = header;
        if (!ist_icmp_crosses(&splice, reached))
        {
            ist_icmp_edit(copy.data(), captured, &packet, &error, &splice, reached, true);
            continue;
        }
        ist_icmp_built built;
        if (splice.side[reached].family == packet.family &&
            ist_icmp_build(copy.data(), captured, &packet, &error, &splice, reached, true, &built))
        {
            Demand(built.length <= IST_ICMP_BUILT_MAX && built.skip <= captured);
            ist_packet parsed;
            Demand(ist_packet_parse_any(&parsed, built.bytes, built.length, 131072) == 0);
            Demand(parsed.family == splice.side[reached ^ 1].family);
            Demand(ist_icmp_is_error(parsed.protocol, parsed.icmp_type));
        }
    }
}

/// What a carrier may do with any packet that parses.
void
TryTheRest(const ist_packet& packet, const std::vector<uint8_t>& header)
{
    ist_datagram_key key;
    ist_datagram datagram{};
    bool over = false;
    ist_datagram_key_of(&key, &packet);
    Demand(ist_datagram_next(&datagram, &packet, 0, &over) == IST_FATE_UNKNOWN && over);
    if (static_cast<size_t>(packet.transport_offset) + 8 <= header.size())
    {
        ist_too_big big;
        ist_put_too_big(header.data(), &packet, 1400, true, 64, &big);
        ist_packet parsed;
        Demand(ist_packet_parse_any(&parsed, big.bytes, big.length, big.length) == 0);
        Demand(parsed.total_length == big.length && parsed.family == packet.family);
    }
}

/// The verdict was to forward: the packet that leaves is sound.
void
CheckForwarded(const ist_packet& packet,
               const std::vector<uint8_t>& header,
               uint32_t length,
               const ist_rewrite& edits)
{
    std::vector<uint8_t> after = header;
    ist_rewrite_apply(after.data(), &packet, &edits, IST_CHECKSUM_FULL);
    Demand(std::memcmp(after.data() + packet.header_length,
                       header.data() + packet.header_length,
                       header.size() - packet.header_length) == 0);
    const bool across = (edits.fields & IST_EDIT_FAMILY) != 0;
    uint32_t shorter = 0;
    if (across)
    {
        ist_family_out out;
        ist_family_header(&packet, &edits, &out);
        Demand(out.length <= IST_FAMILY_HEADER_MAX && out.skip == packet.transport_offset);
        shorter = static_cast<uint32_t>(out.skip) - out.length;
        std::vector<uint8_t> made(out.bytes, out.bytes + out.length);
        made.insert(made.end(), after.begin() + out.skip, after.end());
        after = made;
    }
    if (packet.total_length - shorter > 65535)
    {
        return; // the longest of IPv4 has grown beyond what the parser reads
    }
    ist_packet again;
    Demand(ist_packet_parse_any(&again,
                                after.data(),
                                static_cast<uint32_t>(after.size()),
                                length - shorter) == 0);
    Demand(again.total_length == packet.total_length - shorter && again.ttl == packet.ttl - 1);
    Demand(across == (again.family != packet.family));
}

/// What the fast step makes of a packet; whether it took it.
bool
TakesFast(ist_splice& splice,
          const ist_packet& packet,
          const std::vector<uint8_t>& header,
          unsigned int side,
          uint64_t now)
{
    const uint32_t at = packet.transport_offset;
    const bool fragment =
        packet.fragment_offset != 0 || (packet.flags & IST_PACKET_MORE_FRAGMENTS) != 0;
    if (fragment || packet.ttl <= 1 || !ist_is_from(&splice.side[side], &packet) ||
        !(splice.side[side].flags & IST_SIDE_KNOWN))
    {
        return false;
    }
    if (packet.protocol == IST_PROTOCOL_UDP)
    {
        return ist_fast_datagram(&splice, side, packet.payload_length, now);
    }
    ist_segment segment;
    const auto readable = static_cast<uint32_t>(header.size()) - at;
    return packet.protocol == IST_PROTOCOL_TCP &&
           ist_segment_read(&segment, header.data() + at, readable, packet.total_length - at) &&
           ist_fast_segment(&splice, side, &segment, now);
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
    const std::vector<uint8_t> header(data, data + size);
    ist_packet packet;
    ist_verdict verdict;
    const auto captured = static_cast<uint32_t>(size);
    // A carrier that captures less than the packet: any total length is plausible then.
    const uint32_t length = size >= IST_HEADER_MAX ? 65535 : captured;
    (void)ist_packet_parse_quoted_any(&packet, header.data(), captured);
    const int code = ist_packet_parse_any(&packet, header.data(), captured, length);
    if (code != 0)
    {
        Demand(std::strcmp(ist_parse_error_name(code), "ok") != 0);
        return;
    }
    Demand(packet.header_length <= captured && packet.header_length <= packet.total_length);
    Demand(packet.header_length <= IST_HEADER_MAX);
    Demand(packet.header_length + packet.payload_length <= packet.total_length);
    TryError(splice, packet, header);
    TryTheRest(packet, header);
    ist_splice fast = splice;
    const bool took = TakesFast(fast, packet, header, side, now);
    if (splice.wanted == IST_METHOD_ACTIVE)
    {
        ist_active_step(&splice, &packet, side, now, &settings, &verdict);
    }
    else
    {
        ist_splice_step(&splice, &packet, side, now, &settings, &verdict);
    }
    Demand(!took || (verdict.action == IST_ACTION_FORWARD &&
                     std::memcmp(&fast, &splice, sizeof(fast)) == 0));
    CheckVerdict(splice, verdict);
    if (verdict.action == IST_ACTION_FORWARD)
    {
        CheckForwarded(packet, header, length, verdict.edits);
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
        config.family_b = data[0] >> 5 & 1 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4;
        const bool ipv6 = config.family_b == IST_FAMILY_IPV6;
        config.from_b.source = {{ipv6 ? 0x20010db8U : 0x0a010002U, 0, 0, 0}};
        config.from_b.destination = {{ipv6 ? 0x20010db8U : 0xc0000201U, 0, 0, ipv6 ? 1U : 0U}};
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
