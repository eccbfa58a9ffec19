/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixed-size edits of a header, applied in place: addresses, ports, TTL or hop limit, and for the
 * active splice sequence numbers. The header never changes its length. Across families the IP
 * header is made anew (ist-family.h) and only the transport header is edited here.
 *
 * Deltas of addresses and ports are computed once, when the rewrite is made (thesis 5.2), and
 * serve each packet by RFC 1624 equation 3.
 */
#ifndef IST_REWRITE_H
#define IST_REWRITE_H

#include "model/splice/ist-checksum.h"
#include "model/splice/ist-packet.h"

enum ist_edit {
	IST_EDIT_ADDRESSES = 0x01,
	IST_EDIT_PORTS = 0x02,
	IST_EDIT_SEQUENCE = 0x04,   /* seq, ack and SACK blocks (active splice) */
	IST_EDIT_BLANK_SACK = 0x08, /* SACK option becomes NOPs (active splice) */
	IST_EDIT_TTL = 0x10,	    /* TTL less one; the caller has seen that it is above one */
	IST_EDIT_FAMILY = 0x20,	    /* the packet leaves in the other family */
};

/* What a splice stores of the edits of one direction; the tuple is the other side's, reversed. */
struct ist_edits {
	uint32_t seq_add;	 /* added to seq; 0 except in an active splice */
	uint32_t ack_add;	 /* added to ack and SACK block edges */
	uint16_t address_delta;	 /* of both addresses: pseudo header and IPv4 header */
	uint16_t port_delta;	 /* of both ports; 0 without IST_EDIT_PORTS */
	uint16_t identification; /* stored as 0; see struct ist_rewrite */
	uint8_t fields;		 /* enum ist_edit */
	uint8_t pad;
};

/* The edits of one packet; behind the tuple as struct ist_edits, so that they are copied at once.
 */
struct ist_rewrite {
	struct ist_tuple tuple; /* what the packet says afterwards */
	uint32_t seq_add;
	uint32_t ack_add;
	uint16_t address_delta;
	uint16_t port_delta;
	uint16_t identification; /* IPv6 to IPv4, unless the packet has one (RFC 7915 5.1) */
	uint8_t fields;
	uint8_t pad;
};

/* What a helper needs in IST_CHECKSUM_HELPER, see struct ist_rewrite; folded, host order. */
struct ist_deltas {
	uint16_t pseudo;    /* changes the pseudo header: BPF_F_PSEUDO_HDR */
	uint16_t transport; /* changes the TCP or UDP header only */
};

/*
 * The change of the pseudo header's sum by other addresses. Its other fields, protocol and length,
 * are the same in both families, and an IPv4 address is one word and three of zero: so it serves
 * across families too.
 */
IST_INLINE uint16_t ist_address_delta(const struct ist_tuple *before, const struct ist_tuple *after)
{
	uint32_t delta = 0;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		delta += ist_delta32(before->source.word[i], after->source.word[i]);
		delta += ist_delta32(before->destination.word[i], after->destination.word[i]);
	}
	return ist_fold(delta);
}

IST_INLINE uint16_t ist_port_delta(const struct ist_tuple *before, const struct ist_tuple *after)
{
	return ist_fold(ist_delta16(before->source_port, after->source_port) +
			ist_delta16(before->destination_port, after->destination_port));
}

/* Makes the rewrite that turns a packet with tuple `before` into one with `after`. */
IST_INLINE void ist_rewrite_init(struct ist_rewrite *rewrite, const struct ist_tuple *before,
				 const struct ist_tuple *after, unsigned int fields)
{
	rewrite->tuple = *after;
	rewrite->seq_add = 0;
	rewrite->ack_add = 0;
	rewrite->address_delta = fields & IST_EDIT_ADDRESSES ? ist_address_delta(before, after) : 0;
	rewrite->port_delta = fields & IST_EDIT_PORTS ? ist_port_delta(before, after) : 0;
	rewrite->identification = 0;
	rewrite->fields = (uint8_t)fields;
	rewrite->pad = 0;
}

/* A 32-bit number at any offset: adds to it and returns the checksum's delta. */
IST_INLINE uint32_t ist_edit_add32(uint8_t *header, uint32_t offset, uint32_t add)
{
	uint8_t *at = header + ist_offset(offset);
	const uint32_t before = ist_get32(at);
	const uint32_t after = before + add;
	const uint32_t delta = ist_delta32(before, after);

	ist_put32(at, after);
	return offset & 1 ? ist_delta_swap(delta) : delta;
}

/* Replaces the SACK option by NOPs; returns the checksum's delta. */
IST_INLINE uint32_t ist_edit_blank_sack(uint8_t *header, const struct ist_packet *packet)
{
	uint8_t *option = header + ist_offset(packet->sack_offset - 2u);
	const uint32_t start = packet->sack_offset - 2u;
	const uint32_t length = 2u + 8u * packet->sack_blocks;
	uint32_t delta = 0;
	uint32_t i;

	for (i = 0; i < IST_TCP_OPTIONS_MAX && i < length; i++) {
		const uint16_t before = option[i];

		option[i] = 1;
		/* The byte is the low one of its word at odd offsets, else the high one. */
		delta += (start + i) & 1 ? ist_delta16(before, 1)
					 : ist_delta16((uint16_t)(before << 8), 1 << 8);
	}
	return delta;
}

/* seq, ack and SACK; returns the checksum's delta. */
IST_INLINE uint32_t ist_edit_sequence(uint8_t *header, const struct ist_packet *packet,
				      const struct ist_rewrite *rewrite)
{
	const uint32_t at = packet->transport_offset;
	uint32_t delta = ist_edit_add32(header, at + 4, rewrite->seq_add);
	uint32_t i;

	/* Without ACK the field means nothing and stays, as a sender's zero should. */
	if (packet->tcp_flags & IST_TCP_ACK)
		delta += ist_edit_add32(header, at + 8, rewrite->ack_add);
	if (!packet->sack_blocks)
		return delta;
	if (rewrite->fields & IST_EDIT_BLANK_SACK)
		return delta + ist_edit_blank_sack(header, packet);
	for (i = 0; i < 8 && i < 2u * packet->sack_blocks; i++)
		delta += ist_edit_add32(header, packet->sack_offset + 4 * i, rewrite->ack_add);
	return delta;
}

/* Edits the IPv4 header, its checksum included. */
IST_INLINE void ist_edit_ipv4(uint8_t *header, const struct ist_packet *packet,
			      const struct ist_rewrite *rewrite)
{
	uint32_t delta = rewrite->address_delta;

	if (rewrite->fields & IST_EDIT_ADDRESSES) {
		ist_put32(header + 12, rewrite->tuple.source.word[0]);
		ist_put32(header + 16, rewrite->tuple.destination.word[0]);
	}
	if (rewrite->fields & IST_EDIT_TTL) {
		header[8] = (uint8_t)(packet->ttl - 1);
		delta += ist_delta16(0x0100, 0);
	}
	ist_put16(header + 10, ist_checksum_update(ist_get16(header + 10), delta));
}

/* Edits the IPv6 header, which has no checksum. */
IST_INLINE void ist_edit_ipv6(uint8_t *header, const struct ist_packet *packet,
			      const struct ist_rewrite *rewrite)
{
	if (rewrite->fields & IST_EDIT_ADDRESSES) {
		ist_put_ipv6(header + 8, &rewrite->tuple.source);
		ist_put_ipv6(header + 24, &rewrite->tuple.destination);
	}
	if (rewrite->fields & IST_EDIT_TTL)
		header[7] = (uint8_t)(packet->ttl - 1);
}

/* Brings the transport checksum field up to date; `zero_means_none` for UDP (RFC 768). */
IST_INLINE void ist_edit_checksum(uint8_t *field, const struct ist_deltas *deltas,
				  unsigned int mode, bool zero_means_none)
{
	const uint16_t before = ist_get16(field);
	uint16_t after;

	if (mode == IST_CHECKSUM_HELPER || (zero_means_none && before == 0))
		return;
	if (mode == IST_CHECKSUM_PARTIAL)
		after = ist_partial_update(before, deltas->pseudo);
	else
		after = ist_checksum_update(before, (uint32_t)deltas->pseudo + deltas->transport);
	if (zero_means_none && after == 0)
		after = 0xffff;
	ist_put16(field, after);
}

/*
 * Applies a rewrite to the header bytes that `packet` was parsed from. `mode` is enum
 * ist_checksum_mode. A later fragment has no transport header: only its IP header changes. ICMP
 * has no pseudo header: likewise; ICMPv6 has one, but no splice carries it. Returns the deltas of
 * the transport checksum.
 */
IST_INLINE struct ist_deltas ist_rewrite_apply(uint8_t *header, const struct ist_packet *packet,
					       const struct ist_rewrite *rewrite, unsigned int mode)
{
	const bool tcp = packet->protocol == IST_PROTOCOL_TCP;
	const bool udp = packet->protocol == IST_PROTOCOL_UDP;
	uint8_t *transport = header + ist_offset(packet->transport_offset);
	struct ist_deltas deltas;
	uint32_t delta = rewrite->port_delta;

	deltas.pseudo = rewrite->address_delta;
	deltas.transport = 0;
	/* Of another family ist_family_header() makes the IP header. */
	if (IST_LIKELY(!(rewrite->fields & IST_EDIT_FAMILY))) {
		if (IST_LIKELY(packet->family == IST_FAMILY_IPV4))
			ist_edit_ipv4(header, packet, rewrite);
		else
			ist_edit_ipv6(header, packet, rewrite);
	}
	if (packet->fragment_offset || !(tcp || udp))
		return deltas;
	if (rewrite->fields & IST_EDIT_PORTS) {
		ist_put16(transport, rewrite->tuple.source_port);
		ist_put16(transport + 2, rewrite->tuple.destination_port);
	}
	if (tcp && (rewrite->fields & IST_EDIT_SEQUENCE))
		delta += ist_edit_sequence(header, packet, rewrite);
	deltas.transport = ist_fold(delta);
	ist_edit_checksum(transport + (tcp ? 16 : 6), &deltas, mode, udp);
	return deltas;
}

#endif
