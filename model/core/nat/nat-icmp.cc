// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-icmp.h"

#include "model/splice/ist-checksum.h"
#include "model/wire/packet-builder.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint8_t ICMP_SOURCE_QUENCH = 4;
constexpr uint8_t ICMP_TIMESTAMP = 13;
constexpr uint8_t ICMP_TIMESTAMP_REPLY = 14;
constexpr size_t ICMP_IDENTIFIER = 4;
constexpr uint16_t RIGHT_SUM = 0xffff;

} // namespace

bool
IsIcmpError(uint8_t type)
{
    return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

bool
IsSourceQuench(uint8_t type)
{
    return type == ICMP_SOURCE_QUENCH;
}

bool
IsIcmpQuery(uint8_t type)
{
    return type == ICMP_ECHO_REQUEST || type == ICMP_TIMESTAMP;
}

bool
IsIcmpReply(uint8_t type)
{
    return type == ICMP_ECHO_REPLY || type == ICMP_TIMESTAMP_REPLY;
}

std::optional<NatDrop>
ReadQuotedPacket(ByteView header, const PacketView& view, bool checksums, NatQuotedPacket& quoted)
{
    const size_t end = std::min<size_t>(header.size, view.TotalLength());
    const uint8_t* const icmp = header.data + view.TransportOffset();
    const size_t icmpLength = end - view.TransportOffset();
    const bool isWhole = end == view.TotalLength() && !view.HasMoreFragments();
    if (checksums && isWhole && ist_sum(icmp, static_cast<uint32_t>(icmpLength), 0) != RIGHT_SUM)
    {
        return NatDrop::IcmpChecksum;
    }
    const uint8_t* const inner = header.data + view.PayloadOffset();
    ist_packet packet;
    if (ist_packet_parse_quoted(&packet,
                                inner,
                                static_cast<uint32_t>(end - view.PayloadOffset())) != 0 ||
        packet.fragment_offset != 0)
    {
        return NatDrop::IcmpMalformed;
    }
    if (checksums && ist_sum(inner, packet.transport_offset, 0) != RIGHT_SUM)
    {
        return NatDrop::IcmpChecksum;
    }
    quoted.protocol = static_cast<Protocol>(packet.protocol);
    quoted.source = {Ipv4{packet.tuple.source.word[0]}, packet.tuple.source_port};
    quoted.destination = {Ipv4{packet.tuple.destination.word[0]}, packet.tuple.destination_port};
    if (quoted.protocol != Protocol::Icmp)
    {
        return std::nullopt;
    }
    if (!IsIcmpQuery(packet.icmp_type) && !IsIcmpReply(packet.icmp_type))
    {
        return NatDrop::IcmpMalformed; // an error about an error
    }
    quoted.source.port = ist_get16(inner + packet.transport_offset + ICMP_IDENTIFIER);
    quoted.destination.port = quoted.source.port;
    return std::nullopt;
}

} // namespace isb
