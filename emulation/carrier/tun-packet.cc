// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/tun-packet.h"

#include "model/splice/ist-checksum.h"

#include <algorithm>
#include <utility>

namespace isb
{

namespace
{

constexpr size_t IPV4_HEADER = 20;
constexpr size_t IPV6_HEADER = 40;
constexpr size_t ICMP_HEADER = 8;
constexpr uint8_t ICMP = 1;
constexpr uint8_t ICMPV6 = 58;
constexpr uint8_t HOP_LIMIT = 64;
/// Longest errors: RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c).
constexpr size_t MOST_IPV4 = 576;
constexpr size_t MOST_IPV6 = 1280;

IpAddress
AddressAt(ByteView packet, size_t at)
{
    IpAddress address;
    const bool isIpv6 = IsIpv6Packet(packet);
    address.family = isIpv6 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4;
    for (size_t i = 0; i < (isIpv6 ? address.word.size() : 1); ++i)
    {
        address.word[i] = ist_get32(packet.data + at + 4 * i);
    }
    return address;
}

std::vector<uint8_t>
Ipv4Header(const IpAddress& source, const IpAddress& destination, size_t length)
{
    std::vector<uint8_t> packet(length);
    packet[0] = 0x45;
    ist_put16(&packet[2], static_cast<uint16_t>(length));
    packet[8] = HOP_LIMIT;
    packet[9] = ICMP;
    ist_put32(&packet[12], source.word[0]);
    ist_put32(&packet[16], destination.word[0]);
    ist_put16(&packet[10], static_cast<uint16_t>(~ist_sum(packet.data(), IPV4_HEADER, 0)));
    return packet;
}

std::vector<uint8_t>
Ipv6Header(const IpAddress& source, const IpAddress& destination, size_t length)
{
    std::vector<uint8_t> packet(length);
    packet[0] = 0x60;
    ist_put16(&packet[4], static_cast<uint16_t>(length - IPV6_HEADER));
    packet[6] = ICMPV6;
    packet[7] = HOP_LIMIT;
    for (size_t i = 0; i < source.word.size(); ++i)
    {
        ist_put32(&packet[8 + 4 * i], source.word[i]);
        ist_put32(&packet[24 + 4 * i], destination.word[i]);
    }
    return packet;
}

} // namespace

bool
IsIpPacket(ByteView packet)
{
    if (packet.size == 0)
    {
        return false;
    }
    const unsigned int version = packet.data[0] >> 4;
    return (version == 4 && packet.size >= IPV4_HEADER) ||
           (version == 6 && packet.size >= IPV6_HEADER);
}

bool
IsIpv6Packet(ByteView packet)
{
    return packet.data[0] >> 4 == 6;
}

IpAddress
SourceOf(ByteView packet)
{
    return AddressAt(packet, IsIpv6Packet(packet) ? 8 : 12);
}

IpAddress
DestinationOf(ByteView packet)
{
    return AddressAt(packet, IsIpv6Packet(packet) ? 24 : 16);
}

bool
MayBeCut(ByteView packet)
{
    constexpr uint8_t DONT_FRAGMENT = 0x40;
    return !IsIpv6Packet(packet) && (packet.data[6] & DONT_FRAGMENT) == 0;
}

std::vector<std::vector<uint8_t>>
CutIpv6(ByteView packet, size_t mtu, uint32_t identification)
{
    constexpr size_t FRAGMENT_HEADER = 8;
    constexpr uint8_t FRAGMENT = 44;
    constexpr uint16_t MORE = 1;
    const bool isFragment = packet.data[6] == FRAGMENT;
    const uint8_t* known = packet.data + IPV6_HEADER;
    const uint8_t next = isFragment ? known[0] : packet.data[6];
    const uint16_t field = isFragment ? ist_get16(known + 2) : uint16_t{0};
    const uint32_t name = isFragment ? ist_get32(known + 4) : identification;
    const size_t start = IPV6_HEADER + (isFragment ? FRAGMENT_HEADER : 0);
    const size_t most = (mtu - IPV6_HEADER - FRAGMENT_HEADER) / 8 * 8;
    std::vector<std::vector<uint8_t>> pieces;
    for (size_t at = start; at < packet.size; at += most)
    {
        const size_t length = std::min(most, packet.size - at);
        std::vector<uint8_t> piece(packet.data, packet.data + IPV6_HEADER);
        piece.resize(IPV6_HEADER + FRAGMENT_HEADER);
        ist_put16(&piece[4], static_cast<uint16_t>(FRAGMENT_HEADER + length));
        piece[6] = FRAGMENT;
        uint8_t* header = &piece[IPV6_HEADER];
        header[0] = next;
        const uint16_t more = at + length < packet.size ? MORE : field & MORE;
        ist_put16(header + 2, static_cast<uint16_t>((field & ~7U) + (at - start) + more));
        ist_put32(header + 4, name);
        piece.insert(piece.end(), packet.data + at, packet.data + at + length);
        pieces.push_back(std::move(piece));
    }
    return pieces;
}

std::vector<uint8_t>
BuildTooBig(ByteView packet, uint32_t mtu)
{
    constexpr uint16_t FRAGMENTATION_NEEDED = 0x0304;
    constexpr uint16_t PACKET_TOO_BIG = 0x0200;
    const bool isIpv6 = IsIpv6Packet(packet);
    const size_t header = (isIpv6 ? IPV6_HEADER : IPV4_HEADER) + ICMP_HEADER;
    const size_t length = std::min(header + packet.size, isIpv6 ? MOST_IPV6 : MOST_IPV4);
    const IpAddress sender = SourceOf(packet);
    std::vector<uint8_t> error =
        isIpv6 ? Ipv6Header(sender, sender, length) : Ipv4Header(sender, sender, length);
    uint8_t* icmp = &error[header - ICMP_HEADER];
    ist_put16(icmp, isIpv6 ? PACKET_TOO_BIG : FRAGMENTATION_NEEDED);
    ist_put32(icmp + 4, isIpv6 ? mtu : std::min<uint32_t>(mtu, 65535));
    std::copy_n(packet.data, length - header, &error[header]);
    const auto size = static_cast<uint32_t>(error.size() - (header - ICMP_HEADER));
    const uint32_t pseudo =
        isIpv6 ? ist_sum(&error[8], 32, ICMPV6 + size) : 0; // RFC 4443 section 2.3
    ist_put16(icmp + 2, static_cast<uint16_t>(~ist_sum(icmp, size, pseudo)));
    return error;
}

std::vector<uint8_t>
BuildIcmpv6Packet(const IpAddress& source, const IpAddress& destination, ByteView message)
{
    std::vector<uint8_t> packet = Ipv6Header(source, destination, IPV6_HEADER + message.size);
    std::copy_n(message.data, message.size, &packet[IPV6_HEADER]);
    return packet;
}

} // namespace isb
