/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The IPv6 header and its extension headers (RFC 8200), up to the transport header. Hop-by-hop and
 * destination options mean nothing to a splice and are skipped; a routing header must have reached
 * its end (segments left 0), as its last address is not read. Jumbograms are refused.
 */
#ifndef IST_IPV6_H
#define IST_IPV6_H

#include "model/splice/ist-types.h"

#define IST_IPV4_HEADER 20
#define IST_IPV6_HEADER 40
#define IST_IPV6_FRAGMENT 8
/* Extension headers in one packet; each takes at least 8 bytes. */
#define IST_EXTENSIONS_MAX 5

/* Next header values of the extension headers that are understood. */
enum ist_extension {
	IST_EXTENSION_HOP_BY_HOP = 0,
	IST_EXTENSION_ROUTING = 43,
	IST_EXTENSION_FRAGMENT = 44,
	IST_EXTENSION_DESTINATION = 60,
};

IST_INLINE bool ist_is_extension(unsigned int next)
{
	return next == IST_EXTENSION_HOP_BY_HOP || next == IST_EXTENSION_ROUTING ||
	       next == IST_EXTENSION_FRAGMENT || next == IST_EXTENSION_DESTINATION;
}

/* Sixteen bytes in network order into four words. */
IST_INLINE void ist_get_ipv6(struct ist_address *address, const uint8_t *at)
{
	address->word[0] = ist_get32(at);
	address->word[1] = ist_get32(at + 4);
	address->word[2] = ist_get32(at + 8);
	address->word[3] = ist_get32(at + 12);
}

IST_INLINE void ist_put_ipv6(uint8_t *at, const struct ist_address *address)
{
	ist_put32(at, address->word[0]);
	ist_put32(at + 4, address->word[1]);
	ist_put32(at + 8, address->word[2]);
	ist_put32(at + 12, address->word[3]);
}

/* Fragment header at `at`: one a packet. */
IST_INLINE int ist_parse_fragment(struct ist_packet *packet, const uint8_t *header, uint32_t at)
{
	const uint32_t field = ist_get16(header + 2);

	if (packet->flags & IST_PACKET_FRAGMENT_HEADER)
		return IST_ERROR_EXTENSION;
	packet->flags |= IST_PACKET_FRAGMENT_HEADER;
	if (field & 1)
		packet->flags |= IST_PACKET_MORE_FRAGMENTS;
	packet->fragment_offset = (uint16_t)(field & 0xfff8);
	packet->identification = ist_get32(header + 4);
	if ((uint32_t)packet->fragment_offset + packet->total_length - at - IST_IPV6_FRAGMENT >
	    65535)
		return IST_ERROR_FRAGMENT;
	return 0;
}

/* Walks the extension headers; leaves protocol and transport offset in `packet`. */
IST_INLINE int ist_parse_extensions(struct ist_packet *packet, const uint8_t *data,
				    uint32_t captured, unsigned int next)
{
	uint32_t at = IST_IPV6_HEADER;
	uint32_t count, size;
	int error;

	for (count = 0; count < IST_EXTENSIONS_MAX && ist_is_extension(next); count++) {
		const uint8_t *header = data + ist_offset(at);

		if (packet->fragment_offset)
			break; /* what follows is in another packet */
		if (at + 8 > packet->total_length)
			return IST_ERROR_HEADER_LENGTH;
		if (at + 8 > captured)
			return IST_ERROR_SHORT;
		size = next == IST_EXTENSION_FRAGMENT ? IST_IPV6_FRAGMENT
						      : ((uint32_t)header[1] + 1) * 8;
		/* The shortest transport header is 8 bytes long. */
		if (at + size > IST_HEADER_MAX - 8 ||
		    (next == IST_EXTENSION_HOP_BY_HOP && count > 0) ||
		    (next == IST_EXTENSION_ROUTING && header[3] != 0))
			return IST_ERROR_EXTENSION;
		if (at + size > packet->total_length)
			return IST_ERROR_HEADER_LENGTH;
		if (at + size > captured)
			return IST_ERROR_SHORT;
		if (next == IST_EXTENSION_FRAGMENT) {
			error = ist_parse_fragment(packet, header, at);
			if (error)
				return error;
		}
		next = header[0];
		at += size;
	}
	if (ist_is_extension(next) && !packet->fragment_offset)
		return IST_ERROR_EXTENSION;
	packet->protocol = (uint8_t)next;
	packet->transport_offset = (uint8_t)at;
	packet->header_length = (uint8_t)at;
	packet->payload_length = (uint16_t)(packet->total_length - at);
	return 0;
}

/* The IPv6 header with its extensions. `length`: bytes of the packet that arrived. */
IST_INLINE int ist_parse_ipv6(struct ist_packet *packet, const uint8_t *data, uint32_t captured,
			      uint32_t length)
{
	uint32_t total;

	if (captured < IST_IPV6_HEADER)
		return IST_ERROR_SHORT;
	if (data[0] >> 4 != IST_FAMILY_IPV6)
		return IST_ERROR_VERSION;
	total = IST_IPV6_HEADER + (uint32_t)ist_get16(data + 4);
	if (total > length || total > 65535)
		return IST_ERROR_TOTAL_LENGTH;
	packet->total_length = (uint16_t)total;
	packet->family = IST_FAMILY_IPV6;
	packet->traffic_class = (uint8_t)(ist_get16(data) >> 4);
	packet->ttl = data[7];
	ist_get_ipv6(&packet->tuple.source, data + 8);
	ist_get_ipv6(&packet->tuple.destination, data + 24);
	return ist_parse_extensions(packet, data, captured, data[6]);
}

#endif
