/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packets that an IST makes itself: SYN-ACK, SYN (active splice), ACK and RST, each towards
 * one side and as from the other. They have no payload, so their checksums are complete.
 *
 * A SYN-ACK carries an option only if both SYNs did: MSS of the other side (across families see
 * ist_mss_towards()), window scale of the other, SACK permitted, timestamps with TSval = the
 * other's latest and TSecr = this side's own (RFC 7323 section 3.2). It is therefore never longer
 * than the SYN that it answers. ECN: ECE alone if both SYNs asked (RFC 3168 section 6.1.1);
 * AccECN's AE bit is never set, which an AccECN client reads as plain ECN (RFC 9768 section 3.1.2).
 */
#ifndef IST_HANDSHAKE_H
#define IST_HANDSHAKE_H

#include "model/splice/ist-header.h"
#include "model/splice/ist-state.h"

/* What a TCP user means who sends no MSS option (RFC 9293 section 3.7.1). */
#define IST_MSS_IPV4 536
#define IST_MSS_IPV6 1220

enum ist_craft {
	IST_CRAFT_NONE,
	IST_CRAFT_SYN,
	IST_CRAFT_SYN_ACK,
	IST_CRAFT_ACK,
	IST_CRAFT_RST,
};

/* Options that a SYN asks for; ECN is asked for by ECE and CWR together (RFC 3168). */
IST_INLINE uint8_t ist_syn_options(const struct ist_packet *packet)
{
	const uint16_t ecn = IST_TCP_ECE | IST_TCP_CWR;
	unsigned int options = packet->options;

	options &= IST_OPTION_MSS | IST_OPTION_WSCALE | IST_OPTION_SACK_PERMITTED |
		   IST_OPTION_TIMESTAMP;
	if ((packet->tcp_flags & ecn) == ecn)
		options |= IST_OPTION_ECN;
	return (uint8_t)options;
}

IST_INLINE uint32_t ist_put_timestamps(uint8_t *at, uint32_t tsval, uint32_t tsecr)
{
	at[0] = 8;
	at[1] = 10;
	ist_put32(at + 2, tsval);
	ist_put32(at + 6, tsecr);
	return 10;
}

/*
 * The MSS that a SYN or SYN-ACK shows to `self`: the other's, which counts no headers and so fits
 * the other's link in either family. From IPv4 to IPv6 it is 20 less, so that the same segment as
 * an IPv6 packet is not longer than the one that the IPv4 user meant, but not below what any IPv6
 * path carries. An IPv4 user without the option means 536, an IPv6 one would take that for 1220
 * (RFC 9293 section 3.7.1). 0: no option.
 */
IST_INLINE uint16_t ist_mss_towards(const struct ist_splice *splice, const struct ist_side *self,
				    const struct ist_side *other)
{
	const bool grows = self->family == IST_FAMILY_IPV6 && other->family == IST_FAMILY_IPV4;

	if (!(splice->options & IST_OPTION_MSS))
		return grows && (self->options & IST_OPTION_MSS) ? IST_MSS_IPV4 : 0;
	if (!grows || other->mss <= IST_MSS_IPV6)
		return other->mss;
	if (other->mss <= IST_MSS_IPV6 + IST_FAMILY_GROWTH)
		return IST_MSS_IPV6;
	return (uint16_t)(other->mss - IST_FAMILY_GROWTH);
}

/* Writes the options of a SYN or SYN-ACK; returns their length, a multiple of four, at most 20. */
IST_INLINE uint32_t ist_put_syn_options(uint8_t *at, const struct ist_splice *splice,
					const struct ist_side *self, const struct ist_side *other)
{
	const unsigned int options = splice->options;
	const unsigned int sack = options & IST_OPTION_SACK_PERMITTED;
	const uint16_t mss = ist_mss_towards(splice, self, other);
	uint32_t length = 0;

	if (mss) {
		at[0] = 2;
		at[1] = 4;
		ist_put16(at + 2, mss);
		length = 4;
	}
	if (options & (IST_OPTION_SACK_PERMITTED | IST_OPTION_TIMESTAMP)) {
		at[length] = sack ? 4 : 1;
		at[length + 1] = sack ? 2 : 1;
		length += 2;
		if (options & IST_OPTION_TIMESTAMP) {
			length += ist_put_timestamps(at + length, other->tsval, self->tsval);
		} else {
			at[length] = 1;
			at[length + 1] = 1;
			length += 2;
		}
	}
	if (options & IST_OPTION_WSCALE) {
		at[length] = 1;
		at[length + 1] = 3;
		at[length + 2] = 3;
		at[length + 3] = other->wscale;
		length += 4;
	}
	return length;
}

/* Writes IP header, ports and checksums around a finished TCP header of `length` bytes. */
IST_INLINE void ist_seal(struct ist_crafted *out, unsigned int family,
			 const struct ist_tuple *tuple, uint32_t length, uint8_t ttl)
{
	uint8_t *tcp = out->bytes + ist_ip_header(family);
	struct ist_ip_fields fields;
	uint32_t sum;

	ist_clear(&fields, sizeof(fields));
	fields.payload = length;
	fields.protocol = IST_PROTOCOL_TCP;
	fields.ttl = ttl;
	/* So identification 0 is fine (RFC 6864). */
	fields.flags = IST_PACKET_DONT_FRAGMENT;
	out->length = (uint8_t)(ist_ip_header(family) + length);
	if (family == IST_FAMILY_IPV6)
		ist_put_ipv6_header(out->bytes, tuple, &fields);
	else
		ist_put_ipv4_header(out->bytes, tuple, &fields);
	ist_put16(tcp, tuple->source_port);
	ist_put16(tcp + 2, tuple->destination_port);
	ist_put16(tcp + 16, 0);
	ist_put16(tcp + 18, 0);
	sum = ist_pseudo_sum(tuple, IST_PROTOCOL_TCP, length);
	ist_put16(tcp + 16, (uint16_t)~ist_sum(tcp, length, sum));
}

/* Writes sequence numbers, header length, flags and window of a TCP header. */
IST_INLINE void ist_put_tcp(uint8_t *tcp, uint32_t seq, uint32_t ack, uint32_t length,
			    unsigned int flags, uint16_t window)
{
	ist_put32(tcp + 4, seq);
	ist_put32(tcp + 8, ack);
	ist_put16(tcp + 12, (uint16_t)(length << 10 | flags));
	ist_put16(tcp + 14, window);
}

/* The tuple of packets towards a side: its own, reversed. */
IST_INLINE void ist_towards(struct ist_tuple *tuple, const struct ist_tuple *of_side)
{
	tuple->source = of_side->destination;
	tuple->destination = of_side->source;
	tuple->source_port = of_side->destination_port;
	tuple->destination_port = of_side->source_port;
}

/*
 * Makes one packet towards side `to`. Which numbers it bears:
 *
 *	         seq                                 ack
 *	SYN      the other's ISN                     -
 *	SYN-ACK  the other's ISN                     after this side's SYN
 *	ACK      what this side expects              what the other has acknowledged
 *	RST      what this side expects: it accepts  all this side has sent: also right for a
 *	         no other (RFC 5961 section 3.2)     side that still waits for its SYN-ACK
 */
IST_INLINE void ist_craft(struct ist_splice *splice, unsigned int to, unsigned int kind,
			  const struct ist_settings *settings, struct ist_crafted *out)
{
	struct ist_side *self = &splice->side[to];
	const struct ist_side *other = &splice->side[to ^ 1];
	const uint32_t shift = other->out.seq_add; /* 0 but in an active splice */
	uint8_t *tcp = out->bytes + ist_ip_header(self->family);
	uint32_t length = IST_TCP_HEADER;
	unsigned int flags;
	struct ist_tuple tuple;

	if (kind == IST_CRAFT_SYN || kind == IST_CRAFT_SYN_ACK) {
		flags = kind == IST_CRAFT_SYN ? IST_TCP_SYN : IST_TCP_SYN | IST_TCP_ACK;
		if (kind == IST_CRAFT_SYN_ACK && (splice->options & IST_OPTION_ECN))
			flags |= IST_TCP_ECE;
		length += ist_put_syn_options(tcp + length, splice, self, other);
		ist_put_tcp(tcp, other->isn + shift, kind == IST_CRAFT_SYN ? 0 : self->isn + 1,
			    length, flags, settings->early_data ? other->window : 0);
	} else if (kind == IST_CRAFT_ACK) {
		if (splice->options & IST_OPTION_TIMESTAMP) {
			tcp[length] = 1;
			tcp[length + 1] = 1;
			length +=
				2 + ist_put_timestamps(tcp + length + 2, other->tsval, self->tsval);
		}
		ist_put_tcp(tcp, self->acked + shift, other->acked, length, IST_TCP_ACK,
			    other->window);
	} else {
		ist_put_tcp(tcp, self->acked + shift, self->next, length, IST_TCP_RST | IST_TCP_ACK,
			    0);
	}
	ist_towards(&tuple, &self->tuple);
	ist_seal(out, self->family, &tuple, length, settings->ttl);
	out->to = (uint8_t)to;
	if (!(self->flags & IST_SIDE_PROVEN))
		self->credit =
			self->credit > out->length ? (uint16_t)(self->credit - out->length) : 0;
}

/*
 * The RST that answers a TCP segment which belongs to no splice or to a closed one (RFC 9293
 * section 3.10.7.1). Returns whether there is one: a RST, and what is not TCP, gets none.
 * `out->to` is the caller's to set.
 */
IST_INLINE bool ist_reset_reply(const struct ist_packet *packet,
				const struct ist_settings *settings, struct ist_crafted *out)
{
	uint8_t *tcp = out->bytes + ist_ip_header(packet->family);
	const uint16_t flags = packet->tcp_flags;
	struct ist_tuple tuple;

	if (packet->protocol != IST_PROTOCOL_TCP || packet->fragment_offset ||
	    (flags & IST_TCP_RST))
		return 0;
	if (flags & IST_TCP_ACK)
		ist_put_tcp(tcp, packet->ack, 0, IST_TCP_HEADER, IST_TCP_RST, 0);
	else
		ist_put_tcp(tcp, 0,
			    packet->seq + packet->payload_length + ((flags & IST_TCP_SYN) != 0) +
				    ((flags & IST_TCP_FIN) != 0),
			    IST_TCP_HEADER, IST_TCP_RST | IST_TCP_ACK, 0);
	ist_towards(&tuple, &packet->tuple);
	ist_seal(out, packet->family, &tuple, IST_TCP_HEADER, settings->ttl);
	return 1;
}

#endif
