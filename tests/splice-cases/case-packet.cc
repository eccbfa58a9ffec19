// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice-cases/case-packet.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace isb::cases
{
namespace
{

constexpr size_t IPV4_HEADER = 20;
constexpr size_t IPV6_HEADER = 40;
constexpr uint8_t FRAGMENT = 44;

void
Put16(uint8_t* at, uint32_t value)
{
    at[0] = static_cast<uint8_t>(value >> 8);
    at[1] = static_cast<uint8_t>(value);
}

void
Put32(uint8_t* at, uint32_t value)
{
    Put16(at, value >> 16);
    Put16(at + 2, value & 0xffff);
}

uint32_t
Get16(const uint8_t* at)
{
    return static_cast<uint32_t>(at[0]) << 8 | at[1];
}

/// RFC 1071, over everything; added to `sum`.
uint64_t
Sum(const uint8_t* bytes, size_t size, uint64_t sum = 0)
{
    for (size_t i = 0; i < size; ++i)
    {
        sum += i % 2 == 0 ? static_cast<uint32_t>(bytes[i]) << 8 : bytes[i];
    }
    return sum;
}

uint16_t
Finish(uint64_t sum)
{
    while (sum > 0xffff)
    {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

Bytes
Raw(const IpAddress& address)
{
    Bytes raw(address.IsIpv4() ? 4 : 16);
    for (size_t word = 0; word < raw.size() / 4; ++word)
    {
        Put32(&raw[4 * word], address.word[word]);
    }
    return raw;
}

bool
IsIpv4(const Bytes& packet)
{
    return packet.at(0) >> 4 == 4;
}

/// Where the transport header of a packet lies, and what it is.
struct Transport
{
    uint8_t protocol = 0;
    size_t offset = 0;
    bool fragment = false; ///< any of several: its transport checksum cannot be computed
};

Transport
TransportOf(const Bytes& packet)
{
    if (IsIpv4(packet))
    {
        const bool fragment = (Get16(&packet[6]) & 0x3fff) != 0;
        return {packet[9], size_t{packet[0] & 0xfU} * 4, fragment};
    }
    Transport found{packet[6], IPV6_HEADER, false};
    while (found.offset + 8 <= packet.size())
    {
        const uint8_t* header = &packet[found.offset];
        if (found.protocol == FRAGMENT)
        {
            found.fragment = (Get16(header + 2) & 0xfff9) != 0;
            found.offset += 8;
        }
        else if (found.protocol == 0 || found.protocol == 43 || found.protocol == 60)
        {
            found.offset += 8 + size_t{header[1]} * 8;
        }
        else
        {
            break;
        }
        found.protocol = header[0];
    }
    return found;
}

/// What the checksum field of a transport header should hold when it is zero now.
uint16_t
TransportChecksum(const Bytes& packet, const Transport& transport, size_t end)
{
    const size_t length = end - transport.offset;
    uint64_t sum = Sum(&packet[transport.offset], length);
    if (transport.protocol == ICMP)
    {
        return Finish(sum);
    }
    sum = IsIpv4(packet) ? Sum(&packet[12], 8, sum) : Sum(&packet[8], 32, sum);
    return Finish(sum + length + transport.protocol);
}

/// Of the checksum field in a transport header; 0: it has none.
size_t
ChecksumAt(uint8_t protocol)
{
    switch (protocol)
    {
    case TCP:
        return 16;
    case UDP:
        return 6;
    case ICMP:
    case ICMPV6:
        return 2;
    default:
        return 0;
    }
}

} // namespace

Bytes
Complete(Bytes packet)
{
    if (packet.size() < IPV4_HEADER || (!IsIpv4(packet) && packet.size() < IPV6_HEADER))
    {
        return packet;
    }
    const Transport transport = TransportOf(packet);
    size_t end = IPV6_HEADER + Get16(&packet[4]);
    if (IsIpv4(packet))
    {
        if (transport.offset < IPV4_HEADER || transport.offset > packet.size())
        {
            return packet;
        }
        Put16(&packet[10], 0);
        Put16(&packet[10], Finish(Sum(packet.data(), transport.offset)));
        end = Get16(&packet[2]);
    }
    const size_t at = ChecksumAt(transport.protocol);
    end = std::min(end, packet.size());
    if (at == 0 || transport.fragment || transport.offset + at + 2 > end)
    {
        return packet;
    }
    uint8_t* field = &packet[transport.offset + at];
    if (transport.protocol == UDP && Get16(field) == 0 && IsIpv4(packet))
    {
        return packet;
    }
    Put16(field, 0);
    const uint16_t checksum = TransportChecksum(packet, transport, end);
    Put16(field, transport.protocol == UDP && checksum == 0 ? 0xffffU : checksum);
    return packet;
}

Bytes
BuildIp(const IpAddress& from,
        const IpAddress& to,
        uint8_t protocol,
        const Bytes& body,
        const Ip& ip)
{
    Bytes packet;
    if (from.IsIpv4())
    {
        const size_t header = IPV4_HEADER + ip.options.size();
        packet.resize(IPV4_HEADER);
        packet[0] = static_cast<uint8_t>(0x40 | header / 4);
        packet[1] = ip.trafficClass;
        Put16(&packet[2], static_cast<uint32_t>(header + body.size()));
        Put16(&packet[4], ip.identification);
        packet[6] = ip.dontFragment ? 0x40 : 0;
        packet[8] = ip.ttl;
        packet[9] = protocol;
        const Bytes addresses = Raw(from) + Raw(to);
        std::copy(addresses.begin(), addresses.end(), packet.begin() + 12);
        packet = packet + ip.options;
        Put16(&packet[10], Finish(Sum(packet.data(), header)));
        return packet + body;
    }
    packet.resize(8);
    Put32(packet.data(), 0x60000000U | uint32_t{ip.trafficClass} << 20 | ip.flowLabel);
    Put16(&packet[4], static_cast<uint32_t>(body.size()));
    packet[6] = protocol;
    packet[7] = ip.ttl;
    return packet + Raw(from) + Raw(to) + body;
}

Bytes
BuildTcp(const IpEndpoint& from, const IpEndpoint& to, const Tcp& tcp, const Ip& ip)
{
    const Bytes options = tcp.options + Nops((4 - tcp.options.size() % 4) % 4);
    Bytes body(20);
    Put16(body.data(), from.port);
    Put16(&body[2], to.port);
    Put32(&body[4], tcp.seq);
    Put32(&body[8], tcp.ack);
    Put16(&body[12], static_cast<uint32_t>((5 + options.size() / 4) << 12) | tcp.flags);
    Put16(&body[14], tcp.window);
    Put16(&body[18], tcp.urgent);
    return Complete(BuildIp(from.address, to.address, TCP, body + options + tcp.payload, ip));
}

Bytes
BuildUdp(const IpEndpoint& from, const IpEndpoint& to, const Bytes& payload, const Ip& ip)
{
    Bytes body(8);
    Put16(body.data(), from.port);
    Put16(&body[2], to.port);
    Put16(&body[4], static_cast<uint32_t>(8 + payload.size()));
    Put16(&body[6], 1); // 0 would say that there is none
    return Complete(BuildIp(from.address, to.address, UDP, body + payload, ip));
}

Bytes
BuildIcmp(const IpAddress& from, const IpAddress& to, Bytes body, const Ip& ip)
{
    return Complete(BuildIp(from, to, from.IsIpv4() ? ICMP : ICMPV6, body, ip));
}

std::vector<Bytes>
Fragments(const Bytes& packet, size_t size, uint32_t identification)
{
    const size_t header = IsIpv4(packet) ? size_t{packet[0] & 0xfU} * 4 : IPV6_HEADER;
    std::vector<Bytes> fragments;
    for (size_t offset = 0; header + offset < packet.size(); offset += size)
    {
        const size_t end = std::min(header + offset + size, packet.size());
        const uint32_t more = end < packet.size() ? 1 : 0;
        Bytes head(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(header));
        const Bytes part(packet.begin() + static_cast<std::ptrdiff_t>(header + offset),
                         packet.begin() + static_cast<std::ptrdiff_t>(end));
        if (IsIpv4(packet))
        {
            Put16(&head[2], static_cast<uint32_t>(header + part.size()));
            Put16(&head[4], identification);
            Put16(&head[6], more << 13 | static_cast<uint32_t>(offset / 8));
            fragments.push_back(Complete(head + part));
            continue;
        }
        Bytes extension(8);
        extension[0] = head[6];
        head[6] = FRAGMENT;
        Put16(&extension[2], static_cast<uint32_t>(offset) | more);
        Put32(&extension[4], identification);
        Put16(&head[4], static_cast<uint32_t>(8 + part.size()));
        fragments.push_back(head + extension + part);
    }
    return fragments;
}

Bytes
Mss(uint16_t mss)
{
    return {2, 4, static_cast<uint8_t>(mss >> 8), static_cast<uint8_t>(mss)};
}

Bytes
Wscale(uint8_t shift)
{
    return {3, 3, shift};
}

Bytes
SackPermitted()
{
    return {4, 2};
}

Bytes
Timestamps(uint32_t tsval, uint32_t tsecr)
{
    Bytes option{8, 10, 0, 0, 0, 0, 0, 0, 0, 0};
    Put32(&option[2], tsval);
    Put32(&option[6], tsecr);
    return option;
}

Bytes
Sack(const std::vector<uint32_t>& edges)
{
    Bytes option(2 + 4 * edges.size());
    option[0] = 5;
    option[1] = static_cast<uint8_t>(option.size());
    for (size_t i = 0; i < edges.size(); ++i)
    {
        Put32(&option[2 + 4 * i], edges[i]);
    }
    return option;
}

Bytes
Nops(size_t count)
{
    return Bytes(count, 1);
}

Bytes
operator+(const Bytes& a, const Bytes& b)
{
    Bytes all = a;
    all.insert(all.end(), b.begin(), b.end());
    return all;
}

Bytes
Text(std::string_view text)
{
    return {text.begin(), text.end()};
}

std::string
Show(const Bytes& packet)
{
    std::string text = std::to_string(packet.size()) + " bytes:";
    for (size_t i = 0; i < std::min<size_t>(packet.size(), 160); ++i)
    {
        std::array<char, 4> digits{};
        (void)std::snprintf(digits.data(), digits.size(), i % 4 == 0 ? " %02x" : "%02x", packet[i]);
        text += digits.data();
    }
    return text;
}

} // namespace isb::cases
