// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/header-difference.h"

#include "model/splice/ist-packet.h"
#include "model/wire/endpoint.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace isb
{

namespace
{

struct HeaderField
{
    std::string_view name;
    size_t offset; ///< in its header
    size_t size;   ///< 1, 2 or 4 bytes
    bool isAddress;
};

constexpr std::array<HeaderField, 9> IP_FIELDS{{
    {"ip.tos", 1, 1, false},
    {"ip.length", 2, 2, false},
    {"ip.id", 4, 2, false},
    {"ip.fragment", 6, 2, false},
    {"ip.ttl", 8, 1, false},
    {"ip.protocol", 9, 1, false},
    {"ip.checksum", 10, 2, false},
    {"ip.src", 12, 4, true},
    {"ip.dst", 16, 4, true},
}};

constexpr std::array<HeaderField, 8> TCP_FIELDS{{
    {"tcp.sport", 0, 2, false},
    {"tcp.dport", 2, 2, false},
    {"tcp.seq", 4, 4, false},
    {"tcp.ack", 8, 4, false},
    {"tcp.flags", 12, 2, false},
    {"tcp.window", 14, 2, false},
    {"tcp.checksum", 16, 2, false},
    {"tcp.urgent", 18, 2, false},
}};

constexpr std::array<HeaderField, 4> UDP_FIELDS{{
    {"udp.sport", 0, 2, false},
    {"udp.dport", 2, 2, false},
    {"udp.length", 4, 2, false},
    {"udp.checksum", 6, 2, false},
}};

uint32_t
ValueAt(const uint8_t* at, size_t size)
{
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i)
    {
        value = value << 8 | at[i];
    }
    return value;
}

void
Append(std::string& text,
       std::string_view name,
       const std::string& before,
       const std::string& after)
{
    text.append(text.empty() ? "" : " ").append(name).append("=");
    text.append(before).append(">").append(after);
}

template <size_t N>
void
AppendFields(std::string& text,
             const std::array<HeaderField, N>& fields,
             const uint8_t* before,
             const uint8_t* after)
{
    for (const HeaderField& field : fields)
    {
        const uint32_t was = ValueAt(before + field.offset, field.size);
        const uint32_t is = ValueAt(after + field.offset, field.size);
        if (was != is)
        {
            const auto show = [&](uint32_t value)
            { return field.isAddress ? Ipv4{value}.ToString() : std::to_string(value); };
            Append(text, field.name, show(was), show(is));
        }
    }
}

/// "1-5,9-12"; "none" when the option is blanked.
std::string
SackBlocks(const uint8_t* blocks, size_t count)
{
    constexpr uint8_t NO_OPERATION = 1;
    const auto* end = blocks + 8 * count;
    if (std::all_of(blocks, end, [](uint8_t byte) { return byte == NO_OPERATION; }))
    {
        return "none";
    }
    std::string text;
    for (; blocks != end; blocks += 8)
    {
        text.append(text.empty() ? "" : ",").append(std::to_string(ValueAt(blocks, 4)));
        text.append("-").append(std::to_string(ValueAt(blocks + 4, 4)));
    }
    return text;
}

void
AppendTcpOptions(std::string& text,
                 const uint8_t* before,
                 const uint8_t* after,
                 const ist_packet& packet)
{
    const size_t sack = packet.sack_offset;
    const size_t sackEnd = sack + 8U * packet.sack_blocks;
    if (packet.sack_blocks != 0 && std::memcmp(before + sack, after + sack, sackEnd - sack) != 0)
    {
        Append(text,
               "tcp.sack",
               SackBlocks(before + sack, packet.sack_blocks),
               SackBlocks(after + sack, packet.sack_blocks));
    }
}

} // namespace

std::string
DescribeHeaderDifference(ByteView before, ByteView after, const ist_packet& packet)
{
    std::string text;
    AppendFields(text, IP_FIELDS, before.data, after.data);
    if (packet.fragment_offset != 0)
    {
        return text;
    }
    const size_t at = packet.transport_offset;
    if (packet.protocol == IST_PROTOCOL_TCP)
    {
        AppendFields(text, TCP_FIELDS, before.data + at, after.data + at);
        AppendTcpOptions(text, before.data, after.data, packet);
    }
    else if (packet.protocol == IST_PROTOCOL_UDP)
    {
        AppendFields(text, UDP_FIELDS, before.data + at, after.data + at);
    }
    return text;
}

} // namespace isb
