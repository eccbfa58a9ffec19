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

#define IST_TCP_HEADER 20
#define IST_UDP_HEADER 8
#define IST_ICMP_HEADER 8
#define IST_ICMP_ECHO_REPLY 0
#define IST_ICMP_ECHO 8
#define IST_ICMPV6_ECHO 128
#define IST_ICMPV6_ECHO_REPLY 129
#define IST_TCP_OPTIONS_MAX 40
/* NOP NOP and the head of a timestamp option: all the options of most segments. */
#define IST_NOP_TIMESTAMP 0x0101080au

/*
 * A UDP payload of 16 bytes, "ISBREG1" and nine zero bytes, registers its sender with the IST and
 * is consumed there.
 */
#define IST_REGISTRATION_LENGTH 16
#define IST_REGISTRATION_HIGH 0x49534252u /* "ISBR" */
#define IST_REGISTRATION_LOW 0x45473100u  /* "EG1\0" */

IST_INLINE void ist_take_timestamps(struct ist_packet *packet, const uint8_t *option, uint32_t at)
{
	packet->timestamp_offset = (uint8_t)(at + 2);
	packet->tsval = ist_get32(option + 2);
	packet->tsecr = ist_get32(option + 6);
	packet->options |= IST_OPTION_TIMESTAMP;
}

/* Takes one TCP option whose `length` bytes are known to be there. */
IST_INLINE int ist_parse_tcp_option(struct ist_packet *packet, const uint8_t *data, uint32_t at,
				    uint32_t length)
{
	const uint8_t *option = data + ist_offset(at);

	switch (option[0]) {
	case 2:
		if (length != 4)
			return IST_ERROR_TCP_OPTION;
		packet->mss = ist_get16(option + 2);
		packet->options |= IST_OPTION_MSS;
		break;
	case 3:
		if (length != 3)
			return IST_ERROR_TCP_OPTION;
		packet->wscale = option[2] > 14 ? 14 : option[2];
		packet->options |= IST_OPTION_WSCALE;
		break;
	case 4:
		if (length != 2)
			return IST_ERROR_TCP_OPTION;
		packet->options |= IST_OPTION_SACK_PERMITTED;
		break;
	case 5:
		if (length < 10 || length > 34 || ((length - 2) & 7))
			return IST_ERROR_TCP_OPTION;
		packet->sack_offset = (uint8_t)(at + 2);
		packet->sack_blocks = (uint8_t)((length - 2) >> 3);
		packet->options |= IST_OPTION_SACK;
		break;
	case 8:
		if (length != 10)
			return IST_ERROR_TCP_OPTION;
		ist_take_timestamps(packet, option, at);
		break;
	default:
		break;
	}
	return 0;
}

IST_INLINE int ist_parse_tcp_options(struct ist_packet *packet, const uint8_t *data, uint32_t at,
				     uint32_t end)
{
	uint32_t count, length;
	int error;

	for (count = 0; count < IST_TCP_OPTIONS_MAX && at < end; count++) {
		const uint8_t *option;

		/* Forgets how it came to be: every turn is then the same to a verifier. */
		at = ist_offset(at);
		option = data + at;
		if (option[0] == 0)
			break;
		if (option[0] == 1) {
			at++;
			continue;
		}
		if (at + 2 > end)
			return IST_ERROR_TCP_OPTION;
		length = option[1];
		if (length < 2 || at + length > end)
			return IST_ERROR_TCP_OPTION;
		error = ist_parse_tcp_option(packet, data, at, length);
		if (error)
			return error;
		at += length;
	}
	return 0;
}

IST_INLINE int ist_parse_tcp(struct ist_packet *packet, const uint8_t *data, uint32_t captured)
{
	const uint32_t at = packet->transport_offset;
	const uint8_t *tcp = data + ist_offset(at);
	uint32_t end;

	if (at + IST_TCP_HEADER > captured)
		return IST_ERROR_SHORT;
	end = at + (uint32_t)(tcp[12] >> 4) * 4;
	if (end < at + IST_TCP_HEADER || end > packet->total_length)
		return IST_ERROR_TCP_OFFSET;
	if (end > captured)
		return IST_ERROR_SHORT;
	packet->tuple.source_port = ist_get16(tcp);
	packet->tuple.destination_port = ist_get16(tcp + 2);
	packet->seq = ist_get32(tcp + 4);
	packet->ack = ist_get32(tcp + 8);
	packet->tcp_flags = (uint16_t)(ist_get16(tcp + 12) & 0x1ff);
	packet->window = ist_get16(tcp + 14);
	packet->checksum = ist_get16(tcp + 16);
	packet->header_length = (uint8_t)end;
	packet->payload_length = (uint16_t)(packet->total_length - end);
	if (IST_LIKELY(end == at + 32 && ist_get32(tcp + 20) == IST_NOP_TIMESTAMP)) {
		ist_take_timestamps(packet, tcp + 22, at + 22);
		return 0;
	}
	return ist_parse_tcp_options(packet, data, at + IST_TCP_HEADER, end);
}

IST_INLINE bool ist_is_registration(const uint8_t *payload)
{
	return ist_get32(payload) == IST_REGISTRATION_HIGH &&
	       ist_get32(payload + 4) == IST_REGISTRATION_LOW &&
	       (ist_get32(payload + 8) | ist_get32(payload + 12)) == 0;
}

IST_INLINE int ist_parse_udp(struct ist_packet *packet, const uint8_t *data, uint32_t captured)
{
	const uint32_t at = packet->transport_offset;
	const uint8_t *udp = data + ist_offset(at);
	uint32_t length;

	if (at + IST_UDP_HEADER > captured)
		return IST_ERROR_SHORT;
	length = ist_get16(udp + 4);
	/* A first fragment holds only a part of the datagram. */
	if (length < IST_UDP_HEADER ||
	    (!(packet->flags & IST_PACKET_MORE_FRAGMENTS) && at + length > packet->total_length))
		return IST_ERROR_UDP_LENGTH;
	packet->tuple.source_port = ist_get16(udp);
	packet->tuple.destination_port = ist_get16(udp + 2);
	packet->checksum = ist_get16(udp + 6);
	packet->header_length = (uint8_t)(at + IST_UDP_HEADER);
	packet->payload_length = packet->flags & IST_PACKET_MORE_FRAGMENTS
					 ? (uint16_t)(packet->total_length - packet->header_length)
					 : (uint16_t)(length - IST_UDP_HEADER);
	if (length == IST_UDP_HEADER + IST_REGISTRATION_LENGTH && at + length <= captured &&
	    ist_is_registration(udp + IST_UDP_HEADER))
		packet->flags |= IST_PACKET_REGISTRATION;
	return 0;
}

/* Echo: the identifier stands for both ports (RFC 3022 section 4.1). */
IST_INLINE int ist_parse_icmp(struct ist_packet *packet, const uint8_t *data, uint32_t captured)
{
	const uint32_t at = packet->transport_offset;
	const uint8_t *icmp = data + ist_offset(at);
	const bool v6 = packet->protocol == IST_PROTOCOL_ICMPV6;

	if (at + IST_ICMP_HEADER > captured || at + IST_ICMP_HEADER > packet->total_length)
		return IST_ERROR_SHORT;
	packet->icmp_type = icmp[0];
	packet->icmp_code = icmp[1];
	packet->checksum = ist_get16(icmp + 2);
	if (packet->icmp_type == (v6 ? IST_ICMPV6_ECHO : IST_ICMP_ECHO) ||
	    packet->icmp_type == (v6 ? IST_ICMPV6_ECHO_REPLY : IST_ICMP_ECHO_REPLY)) {
		packet->tuple.source_port = ist_get16(icmp + 4);
		packet->tuple.destination_port = packet->tuple.source_port;
	}
	packet->header_length = (uint8_t)(at + IST_ICMP_HEADER);
	packet->payload_length = (uint16_t)(packet->total_length - packet->header_length);
	return 0;
}

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
