/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of a plain packet of a joined splice, for carriers that look at the packet in place: no
 * parsed packet, no verdict. What it says is what ist_splice_step() or ist_active_step() would do;
 * whatever it leaves (returns 0, nothing changed) goes there.
 *
 *	flow found -> lock -> ist_fast_segment() or ist_fast_datagram() -> read side[from].out and
 *	the other's tuple (ist_side_rewrite()) -> unlock -> edit and send
 *
 * All that a packet writes belongs to its side, but for the time and the identification. So where
 * the packets of one direction come one after the other (one queue, one CPU), the lock may be left
 * out if splices are never renewed (settings.reuse 0): a step on another CPU then never writes
 * this side.
 *
 * The caller has seen that the packet is no fragment, that its TTL is above one and that it comes
 * from the user of side `from`: that is what a table of flows finds.
 *
 * Tracked here as in ist-track.h: highest sequence number sent, highest ack, window edge and
 * window, which RST and challenge ACKs are judged and made by, and the latest timestamp, without
 * which a challenge ACK would be refused as too old (RFC 7323 section 5.3). The timestamp is read
 * where practically every TCP puts it (RFC 7323 appendix A), and a SACK option behind it as Linux
 * and the BSDs do; any other arrangement is left to the parser, and so is every FIN.
 */
#ifndef IST_FAST_H
#define IST_FAST_H

#include "model/splice/ist-forward.h"

/* A SACK option as four bytes: NOP NOP kind length, without its length. */
#define IST_NOP_SACK 0x01010500u

/* What the fast step needs of a TCP segment, host byte order. */
struct ist_segment {
	uint32_t seq;
	uint32_t ack;
	uint32_t tsval; /* with has_tsval */
	uint32_t payload_length;
	uint16_t window;
	uint16_t flags;	    /* enum ist_tcp_flag */
	uint8_t has_tsval;  /* 0 or 1 */
	uint8_t has_sack;   /* 0 or 1 */
	uint8_t sack_start; /* of the first block, from the TCP header on; 0 if none */
};

/* Whether the four bytes at `at` begin a SACK option that fills `left` bytes. */
IST_INLINE bool ist_is_sack(const uint8_t *at, uint32_t left)
{
	return (left == 12 || left == 20 || left == 28 || left == 36) &&
	       ist_get32(at) == IST_NOP_SACK + left - 2;
}

/*
 * Reads a TCP header. `readable`: bytes that may be read at `tcp`, at least 20; header bytes
 * beyond are taken for unknown options. `length`: bytes of the IP packet behind its header.
 * Returns whether it is a plain segment, one that a fast step may take.
 */
IST_INLINE bool ist_segment_read(struct ist_segment *segment, const uint8_t *tcp, uint32_t readable,
				 uint32_t length)
{
	const uint32_t word = ist_get16(tcp + 12);
	const uint32_t header = word >> 12 << 2;
	const uint32_t flags = word & 0x1ff;

	segment->seq = ist_get32(tcp + 4);
	segment->ack = ist_get32(tcp + 8);
	segment->window = ist_get16(tcp + 14);
	segment->flags = (uint16_t)flags;
	segment->tsval = 0;
	segment->has_tsval = 0;
	segment->has_sack = 0;
	segment->sack_start = 0;
	if ((flags & (IST_TCP_CONTROL | IST_TCP_ACK)) != IST_TCP_ACK || header < IST_TCP_HEADER ||
	    header > length)
		return 0;
	segment->payload_length = length - header;
	if (header == IST_TCP_HEADER)
		return 1;
	if (header >= 32 && readable >= 32 && ist_get32(tcp + 20) == IST_NOP_TIMESTAMP) {
		segment->tsval = ist_get32(tcp + 24);
		segment->has_tsval = 1;
		if (header == 32)
			return 1;
		segment->has_sack = readable >= 36 && ist_is_sack(tcp + 32, header - 32);
		segment->sack_start = 36;
	} else {
		segment->has_sack = readable >= 24 && ist_is_sack(tcp + 20, header - 20);
		segment->sack_start = 24;
	}
	return segment->has_sack;
}

/* What every fast packet changes. */
IST_INLINE void ist_fast_touch(struct ist_splice *splice, unsigned int from, uint64_t now_ns)
{
	splice->active_ns = now_ns;
	ist_next_identification(splice, from);
}

/* A segment that ist_segment_read() calls plain. Returns 1: forward it; 0: take the whole step. */
IST_INLINE bool ist_fast_segment(struct ist_splice *splice, unsigned int from,
				 const struct ist_segment *segment, uint64_t now_ns)
{
	struct ist_side *side = &splice->side[from & 1];
	const struct ist_side *other = &splice->side[(from & 1) ^ 1];
	const uint32_t end = segment->seq + segment->payload_length;
	uint32_t ack, edge;

	if (splice->method == IST_METHOD_UDP ||
	    (splice->state != IST_STATE_ESTABLISHED && splice->state != IST_STATE_CLOSE_WAIT) ||
	    ((side->flags & IST_SIDE_FIN) && segment->payload_length))
		return 0;
	ist_fast_touch(splice, from & 1, now_ns);
	if (ist_after(end, other->edge + IST_PROBE_SLACK))
		return 1;
	if (ist_after(end, side->next))
		side->next = end;
	ack = segment->ack + side->out.ack_add;
	if (ist_after(ack, other->next) || ist_after(side->acked, ack))
		return 1;
	edge = ack + ((uint32_t)segment->window << side->shift);
	if (ist_after(edge, side->edge))
		side->edge = edge;
	side->acked = ack;
	side->window = segment->window;
	if (segment->has_tsval && ist_after(segment->tsval, side->tsval))
		side->tsval = segment->tsval;
	return 1;
}

/*
 * A UDP datagram of `payload_length` bytes; returns as ist_fast_segment(). One as long as a
 * registration is left to the parser.
 */
IST_INLINE bool ist_fast_datagram(struct ist_splice *splice, unsigned int from,
				  uint32_t payload_length, uint64_t now_ns)
{
	if (splice->method != IST_METHOD_UDP || splice->state != IST_STATE_ESTABLISHED ||
	    payload_length == IST_REGISTRATION_LENGTH)
		return 0;
	ist_fast_touch(splice, from & 1, now_ns);
	return 1;
}

#endif
