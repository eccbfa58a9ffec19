/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parser from the first bytes of an IP packet to struct ist_packet. The one parser of this
 * project: NAT and packet views use it too.
 *
 * It reads IPv4 (RFC 791) and, from ist_packet_parse_any() on, IPv6 (RFC 8200, ist-ipv6.h), TCP
 * (RFC 9293) with the options that a splice has to know, UDP (RFC 768), ICMP (RFC 792) and ICMPv6
 * (RFC 4443). Checksums are not verified: the payload is not there.
 */
#ifndef IST_PACKET_H
#define IST_PACKET_H

#include "model/splice/ist-ipv6.h"
#include "model/splice/ist-transport.h"

/* The IPv4 header. `length`: bytes of the packet that arrived. */
IST_INLINE int ist_parse_ipv4(struct ist_packet *packet, const uint8_t *data, uint32_t captured,
			      uint32_t length)
{
	uint32_t header, fragment;

	if (captured < IST_IPV4_HEADER)
		return IST_ERROR_SHORT;
	if (data[0] >> 4 != IST_FAMILY_IPV4)
		return IST_ERROR_VERSION;
	header = (uint32_t)(data[0] & 0xf) * 4;
	packet->total_length = ist_get16(data + 2);
	if (header < IST_IPV4_HEADER || header > packet->total_length)
		return IST_ERROR_HEADER_LENGTH;
	if (packet->total_length > length)
		return IST_ERROR_TOTAL_LENGTH;
	if (header > captured)
		return IST_ERROR_SHORT;
	fragment = ist_get16(data + 6);
	packet->fragment_offset = (uint16_t)((fragment & 0x1fff) * 8);
	if ((uint32_t)packet->fragment_offset + packet->total_length - header > 65535)
		return IST_ERROR_FRAGMENT;
	packet->flags = (uint8_t)((fragment & 0x4000 ? IST_PACKET_DONT_FRAGMENT : 0) |
				  (fragment & 0x2000 ? IST_PACKET_MORE_FRAGMENTS : 0));
	packet->family = IST_FAMILY_IPV4;
	packet->traffic_class = data[1];
	packet->identification = ist_get16(data + 4);
	packet->ttl = data[8];
	packet->protocol = data[9];
	ist_address_set_ipv4(&packet->tuple.source, ist_get32(data + 12));
	ist_address_set_ipv4(&packet->tuple.destination, ist_get32(data + 16));
	packet->transport_offset = (uint8_t)header;
	packet->header_length = (uint8_t)header;
	packet->payload_length = (uint16_t)(packet->total_length - header);
	return 0;
}

/* The transport header behind the IP header; `icmp`: the ICMP that the family has. */
IST_INLINE int ist_parse_transport(struct ist_packet *packet, const uint8_t *data,
				   uint32_t captured, unsigned int icmp)
{
	/* Bytes behind the packet's end are not the packet's. */
	if (captured > packet->total_length)
		captured = packet->total_length;
	if (packet->fragment_offset)
		return 0;
	if (packet->protocol == IST_PROTOCOL_TCP)
		return ist_parse_tcp(packet, data, captured);
	if (packet->protocol == IST_PROTOCOL_UDP)
		return ist_parse_udp(packet, data, captured);
	if (packet->protocol == icmp)
		return ist_parse_icmp(packet, data, captured);
	return IST_ERROR_PROTOCOL;
}

/*
 * Parses the headers of an IPv4 packet.
 *
 * data:     the packet from its IP header on
 * captured: bytes readable at `data`; IST_HEADER_MAX always suffices, fewer do when the headers
 *           are shorter
 * length:   bytes of the packet that arrived, link padding included; its total length may be less
 *
 * Returns 0, or enum ist_parse_error; then the fields read before the fault stand and the others
 * are zero. Of a later fragment only the IP header is parsed.
 */
IST_INLINE int ist_packet_parse(struct ist_packet *packet, const uint8_t *data, uint32_t captured,
				uint32_t length)
{
	int error;

	ist_clear(packet, sizeof(*packet));
	if (captured > length)
		captured = length;
	error = ist_parse_ipv4(packet, data, captured, length);
	if (error)
		return error;
	return ist_parse_transport(packet, data, captured, IST_PROTOCOL_ICMP);
}

/*
 * As ist_packet_parse() for IPv4 and IPv6. Of IPv6, hop-by-hop, destination and routing headers
 * are skipped as long as all headers fit into IST_HEADER_MAX; jumbograms are refused.
 */
IST_INLINE int ist_packet_parse_any(struct ist_packet *packet, const uint8_t *data,
				    uint32_t captured, uint32_t length)
{
	int error;

	if (captured > length)
		captured = length;
	if (captured < 1 || data[0] >> 4 != IST_FAMILY_IPV6)
		return ist_packet_parse(packet, data, captured, length);
	ist_clear(packet, sizeof(*packet));
	error = ist_parse_ipv6(packet, data, captured, length);
	if (!error)
		error = ist_parse_transport(packet, data, captured, IST_PROTOCOL_ICMPV6);
	/* Extension headers leave less room than TCP options may take. */
	if (!error && packet->header_length > IST_HEADER_MAX)
		error = IST_ERROR_EXTENSION;
	return error;
}

/* Ports, echo identifier and sequence number of a quoted packet whose IP header is parsed. */
IST_INLINE int ist_parse_quoted(struct ist_packet *packet, const uint8_t *data, uint32_t captured,
				unsigned int icmp)
{
	const uint32_t at = packet->transport_offset;
	const uint8_t *transport = data + ist_offset(at);

	if (packet->fragment_offset)
		return 0;
	if (at + 8 > captured)
		return IST_ERROR_SHORT;
	if (packet->protocol == icmp)
		return ist_parse_icmp(packet, data, captured);
	if (packet->protocol != IST_PROTOCOL_TCP && packet->protocol != IST_PROTOCOL_UDP)
		return IST_ERROR_PROTOCOL;
	packet->tuple.source_port = ist_get16(transport);
	packet->tuple.destination_port = ist_get16(transport + 2);
	if (packet->protocol == IST_PROTOCOL_TCP)
		packet->seq = ist_get32(transport + 4);
	return 0;
}

/*
 * Parses the packet that an ICMP error quotes, of which only the IP header and eight more bytes
 * need be there (RFC 792): addresses, protocol, ports or echo identifier, and the TCP sequence
 * number. Everything else stays zero. Returns as ist_packet_parse().
 */
IST_INLINE int ist_packet_parse_quoted(struct ist_packet *packet, const uint8_t *data,
				       uint32_t captured)
{
	int error;

	ist_clear(packet, sizeof(*packet));
	error = ist_parse_ipv4(packet, data, captured, 65535);
	return error ? error : ist_parse_quoted(packet, data, captured, IST_PROTOCOL_ICMP);
}

/* As ist_packet_parse_quoted() for IPv4 and IPv6. */
IST_INLINE int ist_packet_parse_quoted_any(struct ist_packet *packet, const uint8_t *data,
					   uint32_t captured)
{
	int error;

	if (captured < 1 || data[0] >> 4 != IST_FAMILY_IPV6)
		return ist_packet_parse_quoted(packet, data, captured);
	ist_clear(packet, sizeof(*packet));
	error = ist_parse_ipv6(packet, data, captured, 65535);
	return error ? error : ist_parse_quoted(packet, data, captured, IST_PROTOCOL_ICMPV6);
}

#endif
