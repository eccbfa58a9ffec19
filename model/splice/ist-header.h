/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing plain IP headers: IPv4 without options, IPv6 with at most a fragment header. */
#ifndef IST_HEADER_H
#define IST_HEADER_H

#include "model/splice/ist-checksum.h"
#include "model/splice/ist-packet.h"

/* An IPv6 header is that much longer than an IPv4 header. */
#define IST_FAMILY_GROWTH 20u

/* What both families say beside the addresses; host byte order. */
struct ist_ip_fields {
	uint32_t payload;	 /* bytes behind the header and its fragment header */
	uint32_t identification; /* IPv4: 16 bits */
	uint16_t fragment_offset;
	uint8_t flags; /* enum ist_packet_flag; IST_PACKET_FRAGMENT_HEADER: with one, in IPv6 */
	uint8_t protocol;
	uint8_t ttl;
	uint8_t traffic_class;
};

/* Adds at most IST_HEADER_MAX header bytes, whole words, to a sum. */
IST_INLINE uint32_t ist_sum_header(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
	uint32_t at;

	for (at = 0; at < IST_HEADER_MAX && at < length; at += 4) {
		const uint32_t word = ist_get32(bytes + at);

		sum += (word >> 16) + (word & 0xffff);
	}
	return ist_fold(sum);
}

/* Bytes of an IP header without options. */
IST_INLINE uint32_t ist_ip_header(unsigned int family)
{
	return family == IST_FAMILY_IPV6 ? IST_IPV6_HEADER : IST_IPV4_HEADER;
}

/* Writes an IPv4 header; returns its length. */
IST_INLINE uint32_t ist_put_ipv4_header(uint8_t *ip, const struct ist_tuple *tuple,
					const struct ist_ip_fields *fields)
{
	const uint32_t flags = (fields->flags & IST_PACKET_DONT_FRAGMENT ? 0x4000u : 0) |
			       (fields->flags & IST_PACKET_MORE_FRAGMENTS ? 0x2000u : 0);

	ip[0] = 0x45;
	ip[1] = fields->traffic_class;
	ist_put16(ip + 2, (uint16_t)(IST_IPV4_HEADER + fields->payload));
	ist_put16(ip + 4, (uint16_t)fields->identification);
	ist_put16(ip + 6, (uint16_t)(flags | fields->fragment_offset >> 3));
	ip[8] = fields->ttl;
	ip[9] = fields->protocol;
	ist_put16(ip + 10, 0);
	ist_put32(ip + 12, tuple->source.word[0]);
	ist_put32(ip + 16, tuple->destination.word[0]);
	ist_put16(ip + 10, (uint16_t)~ist_sum(ip, IST_IPV4_HEADER, 0));
	return IST_IPV4_HEADER;
}

/* Writes an IPv6 header, flow label 0; returns its length, fragment header included. */
IST_INLINE uint32_t ist_put_ipv6_header(uint8_t *ip, const struct ist_tuple *tuple,
					const struct ist_ip_fields *fields)
{
	const bool fragment = (fields->flags & IST_PACKET_FRAGMENT_HEADER) != 0;
	const unsigned int more = fields->flags & IST_PACKET_MORE_FRAGMENTS ? 1 : 0;

	ist_put32(ip, 0x60000000u | (uint32_t)fields->traffic_class << 20);
	ist_put16(ip + 4, (uint16_t)(fields->payload + (fragment ? IST_IPV6_FRAGMENT : 0)));
	ip[6] = fragment ? (uint8_t)IST_EXTENSION_FRAGMENT : fields->protocol;
	ip[7] = fields->ttl;
	ist_put_ipv6(ip + 8, &tuple->source);
	ist_put_ipv6(ip + 24, &tuple->destination);
	if (!fragment)
		return IST_IPV6_HEADER;
	ip[40] = fields->protocol;
	ip[41] = 0;
	ist_put16(ip + 42, (uint16_t)(fields->fragment_offset | more));
	ist_put32(ip + 44, fields->identification);
	return IST_IPV6_HEADER + IST_IPV6_FRAGMENT;
}

/* The pseudo header of TCP, UDP and ICMPv6 as a sum; its fields are the same in both families. */
IST_INLINE uint32_t ist_pseudo_sum(const struct ist_tuple *tuple, unsigned int protocol,
				   uint32_t length)
{
	uint32_t sum = protocol + ist_fold(length);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		sum += (tuple->source.word[i] >> 16) + (tuple->source.word[i] & 0xffff);
		sum += (tuple->destination.word[i] >> 16) + (tuple->destination.word[i] & 0xffff);
	}
	return ist_fold(sum);
}

#endif
