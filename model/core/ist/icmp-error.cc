// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/icmp-error.h"

#include "model/splice/ist-checksum.h"
#include "model/splice/ist-packet.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr size_t ICMP_HEADER = 8;
constexpr uint8_t DESTINATION_UNREACHABLE = 3;
constexpr uint8_t TIME_EXCEEDED = 11;
constexpr uint8_t PARAMETER_PROBLEM = 12;
constexpr size_t TCP_CHECKSUM_AT = 16;
constexpr size_t UDP_CHECKSUM_AT = 6;

bool
IsError(const PacketView& packet)
{
    const uint8_t type = packet.IcmpType();
    return packet.ProtocolNumber() == static_cast<uint8_t>(Protocol::Icmp) &&
           !packet.IsLaterFragment() &&
           (type == DESTINATION_UNREACHABLE || type == TIME_EXCEEDED || type == PARAMETER_PROBLEM);
}

/// Writes both addresses of the IPv4 header at `ip`, updates its checksum and returns the delta
/// that the pseudo header's share of the transport checksum changes by.
uint32_t
PutAddresses(uint8_t* ip, Ipv4 source, Ipv4 destination)
{
    const uint32_t delta = ist_delta32(ist_get32(ip + 12), source.value) +
                           ist_delta32(ist_get32(ip + 16), destination.value);
    ist_put32(ip + 12, source.value);
    ist_put32(ip + 16, destination.value);
    ist_put16(ip + 10, ist_checksum_update(ist_get16(ip + 10), ist_fold(delta)));
    return ist_fold(delta);
}

/// Rewrites what is there of the offending packet.
void
TranslateOffending(MutableBytes header, const IcmpError& error, const IcmpTranslation& to)
{
    uint8_t* ip = header.data + error.inner;
    uint8_t* transport = header.data + error.transport;
    const bool tcp = error.offending.protocol == Protocol::Tcp;
    uint32_t delta = PutAddresses(ip, to.offendingSource.address, to.offendingDestination.address);
    delta += ist_delta16(error.offending.source.port, to.offendingSource.port);
    delta += ist_delta16(error.offending.destination.port, to.offendingDestination.port);
    ist_put16(transport, to.offendingSource.port);
    ist_put16(transport + 2, to.offendingDestination.port);
    if (tcp)
    {
        const uint32_t sequence = error.sequence + to.sequenceShift;
        delta = ist_fold(delta) + ist_delta32(error.sequence, sequence);
        ist_put32(transport + 4, sequence);
    }
    const size_t at = error.transport + (tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
    if (at + 2 > header.size)
    {
        return; // only 8 bytes are quoted
    }
    const uint16_t checksum = ist_get16(header.data + at);
    if (tcp || checksum != 0)
    {
        ist_put16(header.data + at, ist_checksum_update(checksum, ist_fold(delta)));
    }
}

} // namespace

std::optional<IcmpError>
ParseIcmpError(ByteView header, const PacketView& packet)
{
    const size_t inner = packet.TransportOffset() + ICMP_HEADER;
    const size_t end = std::min<size_t>(header.size, packet.TotalLength());
    ist_packet quoted;
    if (!IsError(packet) || inner >= end ||
        ist_packet_parse_quoted(&quoted, header.data + inner, static_cast<uint32_t>(end - inner)) !=
            0 ||
        quoted.fragment_offset != 0 || quoted.protocol == IST_PROTOCOL_ICMP)
    {
        return std::nullopt;
    }
    const ist_tuple& tuple = quoted.tuple;
    IcmpError error;
    error.reporter = packet.Source();
    error.destination = packet.Destination();
    error.offending.protocol = static_cast<Protocol>(quoted.protocol);
    error.offending.source = {{tuple.source.word[0]}, tuple.source_port};
    error.offending.destination = {{tuple.destination.word[0]}, tuple.destination_port};
    error.sequence = quoted.seq;
    error.icmp = packet.TransportOffset();
    error.inner = inner;
    error.transport = inner + quoted.transport_offset;
    return error;
}

void
TranslateIcmpError(MutableBytes header, const IcmpError& error, const IcmpTranslation& to)
{
    uint8_t* icmp = header.data + error.icmp;
    const auto quoted = static_cast<uint32_t>(header.size - error.inner);
    const auto before = static_cast<uint16_t>(ist_sum(header.data + error.inner, quoted, 0));
    TranslateOffending(header, error, to);
    const auto after = static_cast<uint16_t>(ist_sum(header.data + error.inner, quoted, 0));
    ist_put16(icmp + 2, ist_checksum_update(ist_get16(icmp + 2), ist_delta16(before, after)));
    (void)PutAddresses(header.data, to.reporter, to.destination);
}

} // namespace isb
