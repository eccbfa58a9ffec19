/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors about packets that a splice has sent on: believed if they quote something that is
 * under way (RFC 5927 section 4.1), then told to the user whose packet it was, as if about that
 * packet.
 *
 *	| IP | ICMP, 8 bytes | IP of the quoted packet | its first 8 bytes or more |
 *	0                    at                        at + quoted.transport_offset
 *
 * Side `reached` is the user to whom the quoted packet was under way; the error goes to the other
 * one. The IST's own address becomes the reporter, as a foreign source might be filtered. To the
 * same family the packet is edited in place (RFC 5508 section 4), to the other its three headers
 * are made anew (RFC 7915 sections 4.2 to 4.4, 5.2 to 5.4). All checksums are updated from what
 * changes, so a wrong one stays wrong. The checksum that the quoted transport header bears is
 * updated if it is within `captured`; behind the first 8 bytes nothing else is, so an active
 * splice's ack is quoted as it was sent.
 *
 *	ist_icmp_parse() -> look up the flow of ist_icmp_flow() -> lock -> ist_icmp_under_way()
 *	-> ist_icmp_edit() or ist_icmp_build() -> unlock
 */
#ifndef IST_ICMP_H
#define IST_ICMP_H

#include "model/splice/ist-family.h"
#include "model/splice/ist-forward.h"
#include "model/splice/ist-icmp-kind.h"

/* An error in a packet. */
struct ist_icmp_error {
	struct ist_packet quoted; /* as the IST sent it, as far as quoted */
	struct ist_icmp_kind kind;
	uint8_t at; /* offset of the quoted packet */
};

/* Outer header, ICMP header, quoted IP header: 40 + 8 + 48, or 20 + 8 + 20. */
#define IST_ICMP_BUILT_MAX 96

/* The headers of an error in the other family; they replace the first `skip` bytes. */
struct ist_icmp_built {
	uint8_t length; /* of `bytes` */
	uint8_t skip;	/* up to the quoted transport header */
	uint8_t bytes[IST_ICMP_BUILT_MAX];
};

/*
 * The error in a packet parsed as `outer` from the same bytes. Returns 0 for any other packet, for
 * later fragments (of the error or of the quoted packet, which have no ports), for fewer than 8
 * bytes of the quoted packet's payload, and when the quoted packet's sender is not who gets the
 * error.
 */
IST_INLINE bool ist_icmp_parse(struct ist_icmp_error *error, const struct ist_packet *outer,
			       const uint8_t *data, uint32_t captured)
{
	const uint32_t at = (uint32_t)outer->transport_offset + IST_ICMP_HEADER;
	const uint8_t *icmp = data + ist_offset(outer->transport_offset);
	const struct ist_packet *quoted = &error->quoted;

	if (captured > outer->total_length)
		captured = outer->total_length;
	if (!ist_icmp_is_error(outer->protocol, outer->icmp_type) || outer->fragment_offset ||
	    at >= captured ||
	    ist_packet_parse_quoted_any(&error->quoted, data + ist_offset(at), captured - at) ||
	    quoted->family != outer->family || quoted->fragment_offset ||
	    (quoted->protocol != IST_PROTOCOL_TCP && quoted->protocol != IST_PROTOCOL_UDP) ||
	    !ist_address_equal(&quoted->tuple.source, &outer->tuple.destination))
		return 0;
	error->at = (uint8_t)at;
	error->kind.type = outer->icmp_type;
	error->kind.code = outer->icmp_code;
	error->kind.info = ist_get32(icmp + 4);
	return 1;
}

/* The flow whose side was to be reached: addresses and ports as in that user's own packets. */
IST_INLINE void ist_icmp_flow(const struct ist_icmp_error *error, struct ist_tuple *flow)
{
	ist_towards(flow, &error->quoted.tuple);
}

/* Only data under way can draw an error (RFC 5927 section 4.1). */
IST_INLINE bool ist_icmp_under_way(const struct ist_splice *splice, unsigned int reached,
				   const struct ist_icmp_error *error)
{
	const struct ist_side *receiver = &splice->side[reached & 1];
	const struct ist_side *sender = &splice->side[(reached & 1) ^ 1];
	const uint32_t seq = error->quoted.seq - sender->out.seq_add;

	if (splice->state < IST_STATE_ESTABLISHED)
		return 0;
	return error->quoted.protocol == IST_PROTOCOL_UDP ||
	       seq - receiver->acked <= sender->next - receiver->acked;
}

/* Whether the error has to be built in the other family. */
IST_INLINE bool ist_icmp_crosses(const struct ist_splice *splice, unsigned int reached)
{
	return (splice->side[reached & 1].out.fields & IST_EDIT_FAMILY) != 0;
}

/* Writes 16 bits at an even offset; returns the delta of the checksum above. */
IST_INLINE uint32_t ist_replace16(uint8_t *at, uint16_t value)
{
	const uint16_t before = ist_get16(at);

	ist_put16(at, value);
	return ist_delta16(before, value);
}

/*
 * The quoted transport header as its sender wrote it: ports, sequence number and, if it is there,
 * checksum. Returns the delta of the ICMP checksum.
 */
IST_INLINE uint32_t ist_icmp_edit_quoted(uint8_t *data, uint32_t captured,
					 const struct ist_icmp_error *error,
					 const struct ist_side *sender)
{
	const struct ist_packet *quoted = &error->quoted;
	const bool tcp = quoted->protocol == IST_PROTOCOL_TCP;
	const uint32_t at = (uint32_t)error->at + quoted->transport_offset;
	uint8_t *transport = data + ist_offset(at);
	const uint32_t field = tcp ? 16 : 6;
	uint32_t change, delta;
	uint16_t checksum, after;

	delta = ist_replace16(transport, sender->tuple.source_port);
	delta += ist_replace16(transport + 2, sender->tuple.destination_port);
	if (tcp)
		delta += ist_edit_add32(data, at + 4, 0u - sender->out.seq_add);
	delta = ist_fold(delta);
	if (at + field + 2 > captured)
		return delta;
	checksum = ist_get16(transport + field);
	if (!tcp && !checksum)
		return delta;
	change = delta + ist_address_delta(&quoted->tuple, &sender->tuple);
	after = ist_checksum_update(checksum, change);
	if (!tcp && !after)
		after = 0xffff;
	return delta + ist_replace16(transport + field, after);
}

/*
 * Edits an error in place; for users of one family. `decrement`: outer TTL less one, which the
 * caller has seen to be above one.
 */
IST_INLINE void ist_icmp_edit(uint8_t *data, uint32_t captured, const struct ist_packet *outer,
			      const struct ist_icmp_error *error, const struct ist_splice *splice,
			      unsigned int reached, bool decrement)
{
	const struct ist_side *sender = &splice->side[(reached & 1) ^ 1];
	uint8_t *icmp = data + ist_offset(outer->transport_offset);
	uint8_t *quoted = data + ist_offset(error->at);
	struct ist_rewrite rewrite;
	uint32_t delta;

	if (captured > outer->total_length)
		captured = outer->total_length;
	delta = ist_icmp_edit_quoted(data, captured, error, sender);
	ist_clear(&rewrite, sizeof(rewrite));
	rewrite.tuple = sender->tuple;
	rewrite.fields = IST_EDIT_ADDRESSES;
	rewrite.address_delta = ist_address_delta(&error->quoted.tuple, &sender->tuple);
	/* Of IPv4 the header's own checksum makes up for its addresses. */
	if (outer->family == IST_FAMILY_IPV6) {
		ist_edit_ipv6(quoted, &error->quoted, &rewrite);
		delta += rewrite.address_delta;
	} else {
		ist_edit_ipv4(quoted, &error->quoted, &rewrite);
	}
	if (decrement)
		rewrite.fields |= IST_EDIT_TTL;
	ist_towards(&rewrite.tuple, &sender->tuple);
	rewrite.address_delta = ist_address_delta(&outer->tuple, &rewrite.tuple);
	if (outer->family == IST_FAMILY_IPV6) {
		ist_edit_ipv6(data, outer, &rewrite);
		delta += rewrite.address_delta;
	} else {
		ist_edit_ipv4(data, outer, &rewrite);
	}
	ist_put16(icmp + 2, ist_checksum_update(ist_get16(icmp + 2), delta));
}

/* The sum of what the ICMP checksum covers of headers: pseudo header, own header, quoted header. */
IST_INLINE uint32_t ist_icmp_sum(const struct ist_tuple *tuple, unsigned int protocol,
				 uint32_t length, const struct ist_icmp_kind *kind,
				 const uint8_t *quoted, uint32_t quoted_length)
{
	uint32_t sum = (uint32_t)kind->type << 8 | kind->code;

	sum += (kind->info >> 16) + (kind->info & 0xffff);
	if (protocol == IST_PROTOCOL_ICMPV6)
		sum += ist_pseudo_sum(tuple, protocol, length);
	return ist_sum_header(quoted, quoted_length, sum);
}

/*
 * Makes the headers of an error for a user of the other family, and edits the quoted transport
 * header in place. Returns 0 if the other family has no word for it, or if it comes in fragments.
 */
IST_INLINE bool ist_icmp_build(uint8_t *data, uint32_t captured, const struct ist_packet *outer,
			       const struct ist_icmp_error *error, const struct ist_splice *splice,
			       unsigned int reached, bool decrement, struct ist_icmp_built *out)
{
	const struct ist_side *sender = &splice->side[(reached & 1) ^ 1];
	const bool to_ipv6 = outer->family == IST_FAMILY_IPV4;
	const uint32_t outer_length = ist_ip_header(sender->family);
	const struct ist_packet *quoted = &error->quoted;
	const uint32_t old = (uint32_t)outer->total_length - outer->transport_offset;
	const uint32_t before_quoted = quoted->transport_offset;
	uint8_t *icmp = out->bytes + outer_length;
	struct ist_icmp_kind kind = error->kind;
	struct ist_ip_fields fields;
	struct ist_tuple tuple;
	uint32_t sum, quoted_length, length;

	if (captured > outer->total_length)
		captured = outer->total_length;
	if ((outer->flags & IST_PACKET_MORE_FRAGMENTS) ||
	    !(to_ipv6 ? ist_icmp_to_ipv6(&kind, quoted->total_length) : ist_icmp_to_ipv4(&kind)))
		return 0;
	/* What the checksum loses ... */
	sum = (uint16_t)~ist_icmp_sum(&outer->tuple, outer->protocol, old, &error->kind,
				      data + ist_offset(error->at), before_quoted);
	sum += ist_icmp_edit_quoted(data, captured, error, sender);
	ist_other_family(&fields, quoted, (uint32_t)quoted->total_length - before_quoted, 0);
	quoted_length =
		ist_put_other_family(icmp + IST_ICMP_HEADER, quoted, &sender->tuple, &fields);
	length = old - before_quoted + quoted_length;
	ist_other_family(&fields, outer, length, 0);
	fields.protocol = to_ipv6 ? IST_PROTOCOL_ICMPV6 : IST_PROTOCOL_ICMP;
	fields.flags &= (uint8_t)~IST_PACKET_FRAGMENT_HEADER;
	if (decrement)
		fields.ttl--;
	ist_towards(&tuple, &sender->tuple);
	ist_put_other_family(out->bytes, outer, &tuple, &fields);
	/* ... and what it gains. */
	sum += ist_icmp_sum(&tuple, fields.protocol, length, &kind, icmp + IST_ICMP_HEADER,
			    quoted_length);
	icmp[0] = kind.type;
	icmp[1] = kind.code;
	ist_put16(icmp + 2, ist_checksum_update(outer->checksum, sum));
	ist_put32(icmp + 4, kind.info);
	out->length = (uint8_t)(outer_length + IST_ICMP_HEADER + quoted_length);
	out->skip = (uint8_t)(error->at + before_quoted);
	return 1;
}

#endif
