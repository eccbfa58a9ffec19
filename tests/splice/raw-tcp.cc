// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice/raw-tcp.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

void
Append(Packet& to, const Packet& bytes)
{
    for (const uint8_t byte : bytes)
    {
        to.push_back(byte);
    }
}

// Plain RFC 1071, kept apart from the code under test.
uint32_t
Sum(const uint8_t* bytes, size_t size)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < size; ++i)
    {
        sum += i % 2 == 0 ? static_cast<uint32_t>(bytes[i]) << 8 : bytes[i];
    }
    while (sum > 0xffff)
    {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint32_t>(sum);
}

uint16_t
Finish(uint32_t sum)
{
    while (sum > 0xffff)
    {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

bool
IsIpv6(const Packet& packet)
{
    return packet[0] >> 4 == IST_FAMILY_IPV6;
}

size_t
HeaderOf(const Packet& packet)
{
    return IsIpv6(packet) ? 40 : static_cast<size_t>(packet[0] & 0xf) * 4;
}

uint8_t
ProtocolOf(const Packet& packet)
{
    return IsIpv6(packet) ? packet[6] : packet[9];
}

size_t
ChecksumField(uint8_t protocol)
{
    switch (protocol)
    {
    case IST_PROTOCOL_UDP:
        return 6;
    case IST_PROTOCOL_ICMPV6:
        return 2;
    default:
        return 16;
    }
}

Packet
BuildIpv6(const ist_tuple& tuple, uint8_t protocol, uint8_t ttl, const Packet& body)
{
    Packet packet(40);
    packet[0] = 0x60;
    ist_put16(&packet[4], static_cast<uint16_t>(body.size()));
    packet[6] = protocol;
    packet[7] = ttl;
    ist_put_ipv6(&packet[8], &tuple.source);
    ist_put_ipv6(&packet[24], &tuple.destination);
    Append(packet, body);
    return packet;
}

} // namespace

Packet
BuildIp(uint8_t family, const ist_tuple& tuple, uint8_t protocol, uint8_t ttl, const Packet& body)
{
    if (family == IST_FAMILY_IPV6)
    {
        return BuildIpv6(tuple, protocol, ttl, body);
    }
    Packet packet(20);
    packet[0] = 0x45;
    ist_put16(&packet[2], static_cast<uint16_t>(20 + body.size()));
    ist_put16(&packet[4], 0x1234);
    packet[6] = 0x40;
    packet[8] = ttl;
    packet[9] = protocol;
    ist_put32(&packet[12], tuple.source.word[0]);
    ist_put32(&packet[16], tuple.destination.word[0]);
    ist_put16(&packet[10], IpChecksum(packet));
    Append(packet, body);
    return packet;
}

ist_tuple
MakeTuple6(uint16_t net, uint16_t host, uint16_t sourcePort, uint16_t destinationPort)
{
    ist_tuple tuple{};
    tuple.source = {{0x20010db8, net, 0, host}};
    tuple.destination = {{0x20010db8, net, 0, 0xffff}};
    tuple.source_port = sourcePort;
    tuple.destination_port = destinationPort;
    return tuple;
}

ist_tuple
MakeTuple(uint32_t source, uint16_t sourcePort, uint32_t destination, uint16_t destinationPort)
{
    ist_tuple tuple{};
    ist_address_set_ipv4(&tuple.source, source);
    ist_address_set_ipv4(&tuple.destination, destination);
    tuple.source_port = sourcePort;
    tuple.destination_port = destinationPort;
    return tuple;
}

Packet
BuildTcp(const Segment& segment)
{
    Packet options = segment.options;
    while (options.size() % 4 != 0)
    {
        options.push_back(1);
    }
    Packet body(20);
    ist_put16(&body[0], segment.tuple.source_port);
    ist_put16(&body[2], segment.tuple.destination_port);
    ist_put32(&body[4], segment.seq);
    ist_put32(&body[8], segment.ack);
    const size_t words = 5 + options.size() / 4;
    ist_put16(&body[12], static_cast<uint16_t>(words << 12 | segment.flags));
    ist_put16(&body[14], segment.window);
    Append(body, options);
    Append(body, segment.payload);
    Packet packet = BuildIp(segment.family, segment.tuple, IST_PROTOCOL_TCP, segment.ttl, body);
    ist_put16(&packet[HeaderOf(packet) + 16], TransportChecksum(packet));
    return packet;
}

Packet
BuildUdp(const ist_tuple& tuple, const Packet& payload, bool withChecksum, uint8_t family)
{
    Packet body(8);
    ist_put16(&body[0], tuple.source_port);
    ist_put16(&body[2], tuple.destination_port);
    ist_put16(&body[4], static_cast<uint16_t>(8 + payload.size()));
    Append(body, payload);
    Packet packet = BuildIp(family, tuple, IST_PROTOCOL_UDP, 64, body);
    if (withChecksum)
    {
        ist_put16(&packet[HeaderOf(packet) + 6], TransportChecksum(packet));
    }
    return packet;
}

Packet
OptionMss(uint16_t mss)
{
    return {2, 4, static_cast<uint8_t>(mss >> 8), static_cast<uint8_t>(mss)};
}

Packet
OptionWscale(uint8_t shift)
{
    return {3, 3, shift};
}

Packet
OptionSackPermitted()
{
    return {4, 2};
}

Packet
OptionTimestamps(uint32_t tsval, uint32_t tsecr)
{
    Packet option{8, 10, 0, 0, 0, 0, 0, 0, 0, 0};
    ist_put32(&option[2], tsval);
    ist_put32(&option[6], tsecr);
    return option;
}

Packet
OptionSack(const std::vector<uint32_t>& edges)
{
    Packet option(2 + 4 * edges.size());
    option[0] = 5;
    option[1] = static_cast<uint8_t>(option.size());
    for (size_t i = 0; i < edges.size(); ++i)
    {
        ist_put32(&option[2 + 4 * i], edges[i]);
    }
    return option;
}

Packet
Join(const std::vector<Packet>& parts)
{
    Packet all;
    for (const Packet& part : parts)
    {
        Append(all, part);
    }
    return all;
}

uint16_t
TransportChecksum(const Packet& packet)
{
    const size_t header = HeaderOf(packet);
    const uint8_t protocol = ProtocolOf(packet);
    Packet body(packet.begin() + static_cast<std::ptrdiff_t>(header), packet.end());
    const size_t field = ChecksumField(protocol);
    body[field] = 0;
    body[field + 1] = 0;
    const uint32_t addresses = IsIpv6(packet) ? Sum(&packet[8], 32) : Sum(&packet[12], 8);
    const uint16_t sum = Finish(addresses + protocol + static_cast<uint32_t>(body.size()) +
                                Sum(body.data(), body.size()));
    return protocol == IST_PROTOCOL_UDP && sum == 0 ? uint16_t{0xffff} : sum;
}

uint16_t
IpChecksum(const Packet& packet)
{
    const size_t header = static_cast<size_t>(packet[0] & 0xf) * 4;
    Packet bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(header));
    bytes[10] = 0;
    bytes[11] = 0;
    return Finish(Sum(bytes.data(), bytes.size()));
}

std::string
ChecksumFault(const Packet& packet)
{
    const uint8_t protocol = ProtocolOf(packet);
    const uint16_t stored = ist_get16(&packet[HeaderOf(packet) + ChecksumField(protocol)]);
    if (!IsIpv6(packet) && ist_get16(&packet[10]) != IpChecksum(packet))
    {
        return "IPv4 header checksum";
    }
    const bool none = protocol == IST_PROTOCOL_UDP && stored == 0 && !IsIpv6(packet);
    if (!none && stored != TransportChecksum(packet))
    {
        return protocol == IST_PROTOCOL_UDP ? "UDP checksum" : "transport checksum";
    }
    return "";
}

ist_packet
Parse(const Packet& packet)
{
    ist_packet parsed;
    const auto length = static_cast<uint32_t>(packet.size());
    const int code = ist_packet_parse_any(&parsed, packet.data(), length, length);
    EXPECT_EQ(code, 0) << ist_parse_error_name(code);
    return parsed;
}

Packet
Edited(const Packet& packet, const ist_packet& parsed, const ist_rewrite& edits)
{
    Packet edited = packet;
    ist_rewrite_apply(edited.data(), &parsed, &edits, IST_CHECKSUM_FULL);
    if ((edits.fields & IST_EDIT_FAMILY) == 0)
    {
        return edited;
    }
    ist_family_out header;
    ist_family_header(&parsed, &edits, &header);
    Packet made(header.bytes, header.bytes + header.length);
    Append(made, Packet(edited.begin() + header.skip, edited.end()));
    return made;
}

} // namespace isb::test
