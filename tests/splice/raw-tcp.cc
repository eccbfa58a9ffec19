// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice/raw-tcp.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace isb::test
{
namespace
{

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

Packet
BuildIp(const ist_tuple& tuple, uint8_t protocol, uint8_t ttl, const Packet& body)
{
    Packet packet(20 + body.size());
    packet[0] = 0x45;
    ist_put16(&packet[2], static_cast<uint16_t>(20 + body.size()));
    ist_put16(&packet[4], 0x1234);
    packet[6] = 0x40;
    packet[8] = ttl;
    packet[9] = protocol;
    ist_put32(&packet[12], tuple.source.word[0]);
    ist_put32(&packet[16], tuple.destination.word[0]);
    std::copy(body.begin(), body.end(), packet.begin() + 20);
    ist_put16(&packet[10], IpChecksum(packet));
    return packet;
}

} // namespace

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
    body.insert(body.end(), options.begin(), options.end());
    body.insert(body.end(), segment.payload.begin(), segment.payload.end());
    Packet packet = BuildIp(segment.tuple, IST_PROTOCOL_TCP, segment.ttl, body);
    ist_put16(&packet[20 + 16], TransportChecksum(packet));
    return packet;
}

Packet
BuildUdp(const ist_tuple& tuple, const Packet& payload, bool withChecksum)
{
    Packet body(8);
    ist_put16(&body[0], tuple.source_port);
    ist_put16(&body[2], tuple.destination_port);
    ist_put16(&body[4], static_cast<uint16_t>(8 + payload.size()));
    body.insert(body.end(), payload.begin(), payload.end());
    Packet packet = BuildIp(tuple, IST_PROTOCOL_UDP, 64, body);
    if (withChecksum)
    {
        ist_put16(&packet[20 + 6], TransportChecksum(packet));
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
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

uint16_t
TransportChecksum(const Packet& packet)
{
    const size_t header = static_cast<size_t>(packet[0] & 0xf) * 4;
    Packet body(packet.begin() + static_cast<std::ptrdiff_t>(header), packet.end());
    const bool udp = packet[9] == IST_PROTOCOL_UDP;
    const size_t field = udp ? 6 : 16;
    body[field] = 0;
    body[field + 1] = 0;
    const uint16_t sum = Finish(Sum(&packet[12], 8) + packet[9] +
                                static_cast<uint32_t>(body.size()) + Sum(body.data(), body.size()));
    return udp && sum == 0 ? uint16_t{0xffff} : sum;
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
    const size_t header = static_cast<size_t>(packet[0] & 0xf) * 4;
    const bool udp = packet[9] == IST_PROTOCOL_UDP;
    const uint16_t stored = ist_get16(&packet[header + (udp ? 6 : 16)]);
    if (ist_get16(&packet[10]) != IpChecksum(packet))
    {
        return "IPv4 header checksum";
    }
    if (!(udp && stored == 0) && stored != TransportChecksum(packet))
    {
        return udp ? "UDP checksum" : "TCP checksum";
    }
    return "";
}

ist_packet
Parse(const Packet& packet)
{
    ist_packet parsed;
    const auto length = static_cast<uint32_t>(packet.size());
    const int code = ist_packet_parse(&parsed, packet.data(), length, length);
    EXPECT_EQ(code, 0) << ist_parse_error_name(code);
    return parsed;
}

} // namespace isb::test
