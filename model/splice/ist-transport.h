/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport headers that the parser reads: TCP (RFC 9293) with the options that a splice has to
 * know, UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC 4443). The IP header is parsed before.
 */
#ifndef IST_TRANSPORT_H
#define IST_TRANSPORT_H

#include "model/splice/ist-types.h"

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

#endif
