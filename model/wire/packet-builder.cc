// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/packet-builder.h"

#include "model/splice/ist-checksum.h"

#include <algorithm>
#include <cassert>

namespace isb
{

namespace
{

constexpr size_t IP_HEADER = 20;
constexpr size_t TCP_HEADER = 20;
constexpr size_t UDP_HEADER = 8;
constexpr size_t ICMP_HEADER = 8;
[[maybe_unused]] constexpr size_t MOST_PACKET = 65535; // asserted only
constexpr uint16_t DONT_FRAGMENT = 0x4000;
constexpr uint16_t MORE_FRAGMENTS = 0x2000;
constexpr uint16_t FRAGMENT_OFFSET = 0x1fff; ///< in units of 8 bytes

/// Where the checksum of a transport header lies in it.
size_t
ChecksumOffset(Protocol protocol)
{
    switch (protocol)
    {
    case Protocol::Tcp:
        return 16;
    case Protocol::Udp:
        return 6;
    case Protocol::Icmp:
        break;
    }
    return 2;
}

size_t
HeaderLength(const uint8_t* packet)
{
    return size_t{packet[0] & 0x0fU} * 4;
}

/// Checksum over the transport header and payload, with the pseudo header but for ICMP; zero in
/// the end when the field held the right value.
uint16_t
TransportSum(const uint8_t* packet, size_t length)
{
    const size_t offset = HeaderLength(packet);
    const auto bytes = static_cast<uint32_t>(length - offset);
    uint32_t sum = 0;
    if (packet[9] != static_cast<uint8_t>(Protocol::Icmp))
    {
        sum = ist_sum(packet + 12, 8, packet[9] + bytes);
    }
    return static_cast<uint16_t>(~ist_sum(packet + offset, bytes, sum));
}

void
WriteIpChecksum(uint8_t* packet)
{
    ist_put16(packet + 10, 0);
    const auto sum = ist_sum(packet, static_cast<uint32_t>(HeaderLength(packet)), 0);
    ist_put16(packet + 10, static_cast<uint16_t>(~sum));
}

/// An IPv4 packet around `transport` zero bytes, its checksum still missing.
std::vector<uint8_t>
StartPacket(Ipv4 source, Ipv4 destination, Protocol protocol, size_t transport, const IpFields& ip)
{
    const size_t header = IP_HEADER + ip.options.size();
    assert(ip.options.size() % 4 == 0 && ip.options.size() <= 40);
    assert(header + transport <= MOST_PACKET);
    std::vector<uint8_t> packet(header + transport);
    packet[0] = static_cast<uint8_t>(0x40 | header / 4);
    packet[1] = ip.tos;
    ist_put16(&packet[2], static_cast<uint16_t>(packet.size()));
    ist_put16(&packet[4], ip.identification);
    ist_put16(&packet[6], ip.dontFragment ? DONT_FRAGMENT : 0);
    packet[8] = ip.ttl;
    packet[9] = static_cast<uint8_t>(protocol);
    ist_put32(&packet[12], source.value);
    ist_put32(&packet[16], destination.value);
    std::copy(ip.options.begin(), ip.options.end(), packet.begin() + IP_HEADER);
    WriteIpChecksum(packet.data());
    return packet;
}

/// Fills in the transport checksum, whose field must be zero.
void
FinishPacket(std::vector<uint8_t>& packet, Protocol protocol)
{
    uint16_t sum = TransportSum(packet.data(), packet.size());
    if (sum == 0 && protocol == Protocol::Udp)
    {
        sum = 0xffff; // RFC 768: zero means none
    }
    ist_put16(&packet[HeaderLength(packet.data()) + ChecksumOffset(protocol)], sum);
}

void
Append(uint8_t* to, ByteView bytes)
{
    std::copy(bytes.data, bytes.data + bytes.size, to);
}

} // namespace

std::vector<uint8_t>
BuildUdp(Endpoint source, Endpoint destination, ByteView payload, const IpFields& ip)
{
    const size_t length = UDP_HEADER + payload.size;
    std::vector<uint8_t> packet =
        StartPacket(source.address, destination.address, Protocol::Udp, length, ip);
    uint8_t* const udp = packet.data() + HeaderLength(packet.data());
    ist_put16(udp, source.port);
    ist_put16(udp + 2, destination.port);
    ist_put16(udp + 4, static_cast<uint16_t>(length));
    Append(udp + UDP_HEADER, payload);
    FinishPacket(packet, Protocol::Udp);
    return packet;
}

std::vector<uint8_t>
BuildTcp(Endpoint source,
         Endpoint destination,
         const TcpFields& tcp,
         ByteView payload,
         const IpFields& ip)
{
    assert(tcp.options.size() % 4 == 0 && tcp.options.size() <= 40);
    const size_t header = TCP_HEADER + tcp.options.size();
    std::vector<uint8_t> packet =
        StartPacket(source.address, destination.address, Protocol::Tcp, header + payload.size, ip);
    uint8_t* const segment = packet.data() + HeaderLength(packet.data());
    ist_put16(segment, source.port);
    ist_put16(segment + 2, destination.port);
    ist_put32(segment + 4, tcp.sequence);
    ist_put32(segment + 8, tcp.acknowledgement);
    segment[12] = static_cast<uint8_t>(header / 4 << 4);
    segment[13] = tcp.flags;
    ist_put16(segment + 14, tcp.window);
    Append(segment + TCP_HEADER, tcp.options);
    Append(segment + header, payload);
    FinishPacket(packet, Protocol::Tcp);
    return packet;
}

std::vector<uint8_t>
BuildEcho(Ipv4 source,
          Ipv4 destination,
          uint8_t type,
          uint16_t identifier,
          uint16_t sequence,
          ByteView payload,
          const IpFields& ip)
{
    std::vector<uint8_t> packet =
        StartPacket(source, destination, Protocol::Icmp, ICMP_HEADER + payload.size, ip);
    uint8_t* const icmp = packet.data() + HeaderLength(packet.data());
    icmp[0] = type;
    ist_put16(icmp + 4, identifier);
    ist_put16(icmp + 6, sequence);
    Append(icmp + ICMP_HEADER, payload);
    FinishPacket(packet, Protocol::Icmp);
    return packet;
}

std::vector<uint8_t>
BuildIcmpError(Ipv4 source,
               Ipv4 destination,
               uint8_t type,
               uint8_t code,
               uint32_t rest,
               ByteView offending,
               size_t quoted,
               const IpFields& ip)
{
    const ByteView embedded(offending.data, std::min(offending.size, quoted));
    std::vector<uint8_t> packet =
        StartPacket(source, destination, Protocol::Icmp, ICMP_HEADER + embedded.size, ip);
    uint8_t* const icmp = packet.data() + HeaderLength(packet.data());
    icmp[0] = type;
    icmp[1] = code;
    ist_put32(icmp + 4, rest);
    Append(icmp + ICMP_HEADER, embedded);
    FinishPacket(packet, Protocol::Icmp);
    return packet;
}

std::vector<std::vector<uint8_t>>
FragmentPacket(ByteView packet, size_t mtu)
{
    if (packet.size <= mtu)
    {
        return {std::vector<uint8_t>(packet.data, packet.data + packet.size)};
    }
    const size_t header = HeaderLength(packet.data);
    assert(mtu >= header + 8);
    const size_t step = (mtu - header) / 8 * 8;
    const uint16_t flags = ist_get16(packet.data + 6);
    std::vector<std::vector<uint8_t>> fragments;
    for (size_t at = header; at < packet.size; at += step)
    {
        const size_t bytes = std::min(step, packet.size - at);
        std::vector<uint8_t> fragment(packet.data, packet.data + header);
        fragment.insert(fragment.end(), packet.data + at, packet.data + at + bytes);
        const size_t offset = (flags & FRAGMENT_OFFSET) + (at - header) / 8;
        const bool more = at + bytes < packet.size || (flags & MORE_FRAGMENTS) != 0;
        ist_put16(&fragment[2], static_cast<uint16_t>(fragment.size()));
        ist_put16(&fragment[6], static_cast<uint16_t>(offset | (more ? MORE_FRAGMENTS : 0)));
        WriteIpChecksum(fragment.data());
        fragments.push_back(std::move(fragment));
    }
    return fragments;
}

bool
ChecksumsAreRight(ByteView packet)
{
    const size_t header = packet.size < IP_HEADER ? 0 : HeaderLength(packet.data);
    if (header < IP_HEADER || header > packet.size || ist_get16(packet.data + 2) != packet.size ||
        ist_sum(packet.data, static_cast<uint32_t>(header), 0) != 0xffff)
    {
        return false;
    }
    const bool fragment = (ist_get16(packet.data + 6) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) != 0;
    const uint8_t protocol = packet.data[9];
    const size_t transport = packet.size - header;
    if (fragment)
    {
        return true;
    }
    switch (static_cast<Protocol>(protocol))
    {
    case Protocol::Udp:
        return transport >= UDP_HEADER && (ist_get16(packet.data + header + 6) == 0 ||
                                           TransportSum(packet.data, packet.size) == 0);
    case Protocol::Tcp:
        return transport >= TCP_HEADER && TransportSum(packet.data, packet.size) == 0;
    case Protocol::Icmp:
        return transport >= ICMP_HEADER && TransportSum(packet.data, packet.size) == 0;
    }
    return true;
}

} // namespace isb
