// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/nat/nat-rewrite.h"

#include "model/core/nat/nat-payload.h"
#include "model/splice/ist-checksum.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr size_t IP_IDENTIFICATION = 4;
constexpr size_t IP_CHECKSUM = 10;
constexpr size_t IP_SOURCE = 12;
constexpr size_t IP_DESTINATION = 16;
constexpr size_t ICMP_CHECKSUM = 2;
constexpr size_t ICMP_IDENTIFIER = 4;
constexpr size_t ICMP_QUOTED = 8;
constexpr size_t UDP_CHECKSUM = 6;
constexpr size_t TCP_CHECKSUM = 16;

/// Writes a 16-bit field; the change of a checksum that covers it (RFC 1624: ~m + m').
uint32_t
Put16(uint8_t* field, uint16_t value)
{
    const uint32_t delta = ist_delta16(ist_get16(field), value);
    ist_put16(field, value);
    return delta;
}

uint32_t
Put32(uint8_t* field, uint32_t value)
{
    const uint32_t delta = ist_delta32(ist_get32(field), value);
    ist_put32(field, value);
    return delta;
}

/// Brings a checksum field up to date; the change of a checksum that covers the field itself.
uint32_t
UpdateChecksum(uint8_t* field, uint32_t delta)
{
    return Put16(field, ist_checksum_update(ist_get16(field), delta));
}

/// The same for UDP, where zero means that there is none (RFC 768).
uint32_t
UpdateUdpChecksum(uint8_t* field, uint32_t delta)
{
    const uint16_t before = ist_get16(field);
    if (before == 0)
    {
        return 0;
    }
    const uint16_t after = ist_checksum_update(before, delta);
    return Put16(field, after == 0 ? 0xffff : after);
}

uint32_t
PutAddresses(uint8_t* ip, Ipv4 source, Ipv4 destination)
{
    return Put32(ip + IP_SOURCE, source.value) + Put32(ip + IP_DESTINATION, destination.value);
}

/// Ports of a TCP or UDP header, or the identifier of an ICMP query, given in both.
uint32_t
PutPorts(uint8_t* transport, Protocol protocol, uint16_t source, uint16_t destination)
{
    if (protocol == Protocol::Icmp)
    {
        return Put16(transport + ICMP_IDENTIFIER, source);
    }
    return Put16(transport, source) + Put16(transport + 2, destination);
}

/// Brings the transport checksum up to date when all of it is there.
/// \param available bytes readable from the transport header on
uint32_t
UpdateTransport(uint8_t* transport,
                Protocol protocol,
                size_t available,
                uint32_t addresses,
                uint32_t ports)
{
    switch (protocol)
    {
    case Protocol::Tcp:
        return available >= TCP_CHECKSUM + 2
                   ? UpdateChecksum(transport + TCP_CHECKSUM, addresses + ports)
                   : 0;
    case Protocol::Udp:
        return UpdateUdpChecksum(transport + UDP_CHECKSUM, addresses + ports);
    case Protocol::Icmp:
        break;
    }
    return UpdateChecksum(transport + ICMP_CHECKSUM, ports); // no pseudo header
}

/// The packet inside an ICMP error; the change of the ICMP checksum around it.
uint32_t
RewriteQuoted(MutableBytes quoted, const NatDecision& decision, bool checksums)
{
    uint8_t* const ip = quoted.data;
    const size_t header = size_t{ip[0] & 0x0fU} * 4;
    const auto protocol = static_cast<Protocol>(ip[9]);
    const uint32_t addresses =
        PutAddresses(ip, decision.quotedSource.address, decision.quotedDestination.address);
    const uint32_t ports = PutPorts(ip + header,
                                    protocol,
                                    decision.quotedSource.port,
                                    decision.quotedDestination.port);
    if (!checksums)
    {
        return 0;
    }
    const uint32_t inner =
        UpdateTransport(ip + header, protocol, quoted.size - header, addresses, ports);
    const uint32_t outer = UpdateChecksum(ip + IP_CHECKSUM, addresses);
    return addresses + ports + inner + outer;
}

/// Addresses and identification of the IP header; the change of a pseudo header's sum.
uint32_t
RewriteHeader(uint8_t* ip, const NatDecision& decision, bool checksums)
{
    const uint32_t addresses =
        PutAddresses(ip, decision.source.address, decision.destination.address);
    uint32_t header = addresses;
    if (decision.identification)
    {
        header += Put16(ip + IP_IDENTIFICATION, *decision.identification);
    }
    if (checksums)
    {
        UpdateChecksum(ip + IP_CHECKSUM, header);
    }
    return addresses;
}

/// NatFaults::rewritePayload: each address that the header changes is changed in the payload too.
uint32_t
RewritePayload(MutableBytes payload, const PacketView& before, const NatDecision& decision)
{
    return ReplaceAddress(payload, before.Source(), decision.source.address) +
           ReplaceAddress(payload, before.Destination(), decision.destination.address);
}

} // namespace

void
RewritePacket(MutableBytes header,
              const PacketView& view,
              const NatDecision& decision,
              const NatSettings& settings)
{
    uint8_t* const ip = header.data;
    uint8_t* const transport = ip + view.TransportOffset();
    const uint32_t addresses = RewriteHeader(ip, decision, settings.checksums);
    if (view.IsLaterFragment())
    {
        return;
    }
    const size_t end = std::min<size_t>(header.size, view.TotalLength());
    const size_t available = end - view.TransportOffset();
    if (decision.isIcmpError)
    {
        const MutableBytes quoted(transport + ICMP_QUOTED, available - ICMP_QUOTED);
        const uint32_t delta = RewriteQuoted(quoted, decision, settings.checksums);
        if (settings.checksums)
        {
            UpdateChecksum(transport + ICMP_CHECKSUM, delta);
        }
        return;
    }
    uint32_t covered =
        PutPorts(transport, view.Protocol(), decision.source.port, decision.destination.port);
    if (settings.faults.rewritePayload)
    {
        covered +=
            RewritePayload({ip + view.PayloadOffset(), end - view.PayloadOffset()}, view, decision);
    }
    if (settings.checksums)
    {
        UpdateTransport(transport, view.Protocol(), available, addresses, covered);
    }
}

} // namespace isb
