// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/io/offload.h"

#include "model/splice/ist-checksum.h"
#include "model/wire/endpoint.h"
#include "model/wire/packet-builder.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr size_t IP_LENGTH = 2;
constexpr size_t IP_IDENTIFICATION = 4;
constexpr size_t IP_PROTOCOL = 9;
constexpr size_t IP_CHECKSUM = 10;
constexpr size_t IP_SOURCE = 12;
constexpr size_t IP_LEAST = 20;
constexpr size_t IPV6_HEADER = 40;
constexpr size_t IPV6_LENGTH = 4;
constexpr size_t IPV6_NEXT_HEADER = 6;
constexpr size_t IPV6_SOURCE = 8;
constexpr size_t TCP_LEAST = 20;
constexpr size_t TCP_SEQUENCE = 4;
constexpr size_t TCP_OFFSET = 12;
constexpr size_t TCP_FLAGS = 13;
constexpr size_t TCP_CHECKSUM = 16;
constexpr size_t UDP_HEADER = 8;
constexpr size_t UDP_LENGTH = 4;
constexpr size_t UDP_CHECKSUM = 6;
constexpr uint8_t TCP_CWR = 0x80;

bool
IsIpv6(ByteView packet)
{
    return packet.data[0] >> 4 == 6;
}

/// TCP or UDP, which an IPv6 packet must have right behind its header.
uint8_t
ProtocolOf(ByteView packet)
{
    return packet.data[IsIpv6(packet) ? IPV6_NEXT_HEADER : IP_PROTOCOL];
}

/// The addresses' share of a pseudo header's sum.
uint32_t
AddressSum(ByteView packet)
{
    return IsIpv6(packet) ? ist_sum(packet.data + IPV6_SOURCE, 32, 0)
                          : ist_sum(packet.data + IP_SOURCE, 8, 0);
}

size_t
TransportHeader(const uint8_t* transport, bool isTcp)
{
    return isTcp ? size_t{transport[TCP_OFFSET]} / 16 * 4 : UDP_HEADER;
}

void
WriteIpHeader(std::vector<uint8_t>& packet, uint16_t identification)
{
    if (IsIpv6(packet))
    {
        ist_put16(&packet[IPV6_LENGTH], static_cast<uint16_t>(packet.size() - IPV6_HEADER));
        return;
    }
    const size_t length = size_t{packet[0] & 0x0fU} * 4;
    ist_put16(&packet[IP_LENGTH], static_cast<uint16_t>(packet.size()));
    ist_put16(&packet[IP_IDENTIFICATION], identification);
    ist_put16(&packet[IP_CHECKSUM], 0);
    const auto sum =
        static_cast<uint16_t>(~ist_sum(packet.data(), static_cast<uint32_t>(length), 0));
    ist_put16(&packet[IP_CHECKSUM], sum);
}

/// The checksum of the transport header on, in full.
void
WriteTransportChecksum(MutableBytes packet, size_t transport, size_t field)
{
    const uint8_t protocol = ProtocolOf(packet);
    const auto length = static_cast<uint32_t>(packet.size - transport);
    ist_put16(packet.data + field, 0);
    const uint32_t pseudo = AddressSum(packet) + protocol + length;
    const uint32_t sum = ist_sum(packet.data + transport, length, pseudo);
    auto checksum = static_cast<uint16_t>(~sum);
    if (checksum == 0 && protocol == static_cast<uint8_t>(Protocol::Udp))
    {
        checksum = 0xffff; // RFC 768: zero says that there is none
    }
    ist_put16(packet.data + field, checksum);
}

/// Computes a checksum that is not yet computed.
void
CompleteChecksum(const OffloadedPacket& offloaded, MutableBytes packet)
{
    if (offloaded.checksumField != 0)
    {
        WriteTransportChecksum(packet, offloaded.transport, offloaded.checksumField);
    }
}

} // namespace

std::optional<OffloadedPacket>
ReadOffload(const VnetHeader& header, ByteView packet)
{
    OffloadedPacket offloaded;
    offloaded.wireLength = packet.size;
    if (!header.NeedsChecksum())
    {
        return header.IsSegmented() ? std::nullopt : std::optional(offloaded);
    }
    const bool isIpv6 = IsIpv6(packet);
    const size_t transport = isIpv6 ? IPV6_HEADER : size_t{packet.data[0] & 0x0fU} * 4;
    const bool isTcp = ProtocolOf(packet) == static_cast<uint8_t>(Protocol::Tcp);
    const bool isUdp = ProtocolOf(packet) == static_cast<uint8_t>(Protocol::Udp);
    if (transport < IP_LEAST || (!isTcp && !isUdp) || header.checksumStart != transport ||
        header.checksumOffset != (isTcp ? TCP_CHECKSUM : UDP_CHECKSUM) ||
        packet.size < transport + (isTcp ? TCP_LEAST : UDP_HEADER))
    {
        return std::nullopt;
    }
    offloaded.transport = transport;
    offloaded.checksumField = transport + header.checksumOffset;
    offloaded.payload = transport + TransportHeader(packet.data + transport, isTcp);
    if (offloaded.payload < transport + UDP_HEADER || offloaded.payload > packet.size)
    {
        return std::nullopt;
    }
    if (header.IsSegmented())
    {
        const auto type = static_cast<uint8_t>(header.gsoType & ~VnetHeader::GSO_ECN);
        const uint8_t tcp = isIpv6 ? VnetHeader::GSO_TCP6 : VnetHeader::GSO_TCP4;
        if (type != (isTcp ? tcp : VnetHeader::GSO_UDP_L4) || header.gsoSize == 0)
        {
            return std::nullopt;
        }
        offloaded.wireLength = std::min(packet.size, offloaded.payload + header.gsoSize);
    }
    return offloaded;
}

PartialChecksum::PartialChecksum(const OffloadedPacket& offloaded, ByteView packet)
    : m_field(offloaded.checksumField)
{
    if (m_field != 0)
    {
        m_addresses = AddressSum(packet);
        m_sum = ist_get16(packet.data + m_field);
    }
}

void
PartialChecksum::Restore(MutableBytes packet, std::ptrdiff_t shift) const
{
    if (m_field != 0)
    {
        const uint32_t delta = AddressSum(packet) + (~m_addresses & 0xffff);
        uint8_t* field = packet.data + static_cast<std::ptrdiff_t>(m_field) + shift;
        ist_put16(field, ist_partial_update(m_sum, delta));
    }
}

std::vector<std::vector<uint8_t>>
SplitOffloaded(const VnetHeader& header, const OffloadedPacket& offloaded, ByteView packet)
{
    const uint8_t* const end = packet.data + packet.size;
    std::vector<std::vector<uint8_t>> packets;
    if (!header.IsSegmented())
    {
        packets.emplace_back(packet.data, end);
        CompleteChecksum(offloaded, packets.back());
        return packets;
    }
    const bool isTcp = ProtocolOf(packet) == static_cast<uint8_t>(Protocol::Tcp);
    const uint16_t identification = ist_get16(packet.data + IP_IDENTIFICATION); // IPv4's
    for (size_t at = offloaded.payload; at < packet.size; at += header.gsoSize)
    {
        const size_t length = std::min<size_t>(header.gsoSize, packet.size - at);
        std::vector<uint8_t> segment(packet.data, packet.data + offloaded.payload);
        segment.insert(segment.end(), packet.data + at, packet.data + at + length);
        uint8_t* const transport = &segment[offloaded.transport];
        if (isTcp)
        {
            const auto done = static_cast<uint32_t>(at - offloaded.payload);
            ist_put32(transport + TCP_SEQUENCE, ist_get32(transport + TCP_SEQUENCE) + done);
            const bool isLast = at + length == packet.size;
            const uint8_t cleared = (isLast ? 0U : TCP_FIN | TCP_PSH) | (done == 0 ? 0U : TCP_CWR);
            transport[TCP_FLAGS] = static_cast<uint8_t>(transport[TCP_FLAGS] & ~cleared);
        }
        else
        {
            ist_put16(transport + UDP_LENGTH,
                      static_cast<uint16_t>(segment.size() - offloaded.transport));
        }
        WriteIpHeader(segment, static_cast<uint16_t>(identification + packets.size()));
        WriteTransportChecksum(segment, offloaded.transport, offloaded.checksumField);
        packets.push_back(std::move(segment));
    }
    return packets;
}

} // namespace isb
