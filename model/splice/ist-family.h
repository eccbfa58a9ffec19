/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A splice between an IPv4 and an IPv6 user: the IP header made anew, RFC 7915 sections 4.1 and
 * 5.1. The transport header only gets its edits (ist_rewrite_apply()); its checksum is right
 * afterwards, as the delta of the addresses holds across families.
 *
 *	| IP header, options | TCP or UDP |   ->   | out.bytes, out.length | TCP or UDP, edited |
 *	0                    out.skip
 *
 * IPv4 options and IPv6 extension headers are dropped, an IPv6 fragment header is kept in sense.
 * What is left to the carrier: UDP without a checksum from IPv4 (ist_lacks_checksum()), which it
 * completes or drops; packets that have become too long for the way out: it fragments them, or
 * says so to the sender (ist_put_too_big() in ist-too-big.h).
 */
#ifndef IST_FAMILY_H
#define IST_FAMILY_H

#include "model/splice/ist-header.h"
#include "model/splice/ist-rewrite.h"

/* IPv6 header and fragment header. */
#define IST_FAMILY_HEADER_MAX 48

/* An IPv4 packet made of an IPv6 one may be fragmented if it is no longer than this: no IPv6
 * sender makes packets shorter than 1280 because of a path's MTU (RFC 7915 section 5.1). */
#define IST_MAY_FRAGMENT_MAX 1260

/* The header in the other family; it takes the place of the first `skip` bytes of the packet. */
struct ist_family_out {
	uint8_t length; /* of `bytes`: 20, 40 or 48 */
	uint8_t skip;	/* the packet's transport offset */
	uint8_t bytes[IST_FAMILY_HEADER_MAX];
};

/*
 * Fields of a packet in the family that it does not have. `payload`: bytes behind its header now;
 * `identification`: for an IPv4 packet that may be fragmented and had none.
 */
IST_INLINE void ist_other_family(struct ist_ip_fields *fields, const struct ist_packet *packet,
				 uint32_t payload, uint32_t identification)
{
	const bool whole = !packet->fragment_offset && !(packet->flags & IST_PACKET_MORE_FRAGMENTS);

	fields->payload = payload;
	fields->fragment_offset = packet->fragment_offset;
	fields->flags = packet->flags & IST_PACKET_MORE_FRAGMENTS;
	fields->protocol = packet->protocol;
	fields->ttl = packet->ttl;
	fields->traffic_class = packet->traffic_class;
	fields->identification = 0;
	if (packet->family == IST_FAMILY_IPV4) {
		if (whole)
			return;
		fields->flags |= IST_PACKET_FRAGMENT_HEADER;
		fields->identification = packet->identification;
	} else if (packet->flags & IST_PACKET_FRAGMENT_HEADER) {
		fields->identification = packet->identification & 0xffff;
	} else if (payload + IST_IPV4_HEADER > IST_MAY_FRAGMENT_MAX) {
		fields->flags |= IST_PACKET_DONT_FRAGMENT;
	} else {
		fields->identification = identification;
	}
}

/* Writes a header in the family that `packet` does not have; returns its length. */
IST_INLINE uint32_t ist_put_other_family(uint8_t *ip, const struct ist_packet *packet,
					 const struct ist_tuple *tuple,
					 const struct ist_ip_fields *fields)
{
	return packet->family == IST_FAMILY_IPV4 ? ist_put_ipv6_header(ip, tuple, fields)
						 : ist_put_ipv4_header(ip, tuple, fields);
}

/*
 * Makes the new IP header of a packet whose rewrite has IST_EDIT_FAMILY. IST_EDIT_TTL is minded.
 * Also for later fragments.
 */
IST_INLINE void ist_family_header(const struct ist_packet *packet,
				  const struct ist_rewrite *rewrite, struct ist_family_out *out)
{
	struct ist_ip_fields fields;

	ist_other_family(&fields, packet, (uint32_t)packet->total_length - packet->transport_offset,
			 rewrite->identification);
	if (rewrite->fields & IST_EDIT_TTL)
		fields.ttl--;
	out->skip = packet->transport_offset;
	out->length = (uint8_t)ist_put_other_family(out->bytes, packet, &rewrite->tuple, &fields);
}

/* UDP without a checksum, which IPv6 does not allow, neither as it comes nor as it would leave. */
IST_INLINE bool ist_lacks_checksum(const struct ist_packet *packet,
				   const struct ist_rewrite *rewrite)
{
	return packet->protocol == IST_PROTOCOL_UDP && !packet->fragment_offset &&
	       packet->checksum == 0 &&
	       (packet->family == IST_FAMILY_IPV6 || (rewrite->fields & IST_EDIT_FAMILY));
}

#endif
