/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a splice remembers of the sequence numbers that pass, as far as RST, FIN and challenge
 * ACKs need it. All segments of both directions pass here, but the IST sees an ACK before its
 * addressee does and may see a segment that is lost afterwards. So it never judges data: a segment
 * outside the window changes nothing here and is forwarded, the receiving TCP decides.
 *
 * Numbers are canonical: a seq in the space of its sender, an ack in the space of the other side.
 * Only in an active splice do they differ from those in the packet.
 */
#ifndef IST_TRACK_H
#define IST_TRACK_H

#include "model/splice/ist-handshake.h"

/* A window probe of one byte and a FIN may lie beyond a closed window. */
#define IST_PROBE_SLACK 2

/* After the last sequence number of a segment; SYN is not handled here. */
IST_INLINE uint32_t ist_segment_end(const struct ist_packet *packet)
{
	return packet->seq + packet->payload_length + ((packet->tcp_flags & IST_TCP_FIN) != 0);
}

/* Takes note of the ack, window and timestamp of a segment with ACK from side `from`. */
IST_INLINE void ist_track_ack(struct ist_splice *splice, const struct ist_packet *packet,
			      unsigned int from)
{
	struct ist_side *side = &splice->side[from];
	const uint32_t ack = packet->ack + side->out.ack_add;
	const uint32_t edge = ack + ((uint32_t)packet->window << side->shift);

	/* An ack of what was never sent, or a late one, says nothing. */
	if (ist_after(ack, splice->side[from ^ 1].next) || ist_after(side->acked, ack))
		return;
	if (ist_after(edge, side->edge))
		side->edge = edge;
	side->acked = ack;
	side->window = packet->window;
	if ((packet->options & IST_OPTION_TIMESTAMP) && ist_after(packet->tsval, side->tsval))
		side->tsval = packet->tsval;
}

/* Takes note of a segment with ACK, without SYN and RST, from side `from`. */
IST_INLINE void ist_track(struct ist_splice *splice, const struct ist_packet *packet,
			  unsigned int from)
{
	struct ist_side *side = &splice->side[from];
	const uint32_t end = ist_segment_end(packet);

	if (ist_after(end, splice->side[from ^ 1].edge + IST_PROBE_SLACK))
		return;
	if (ist_after(end, side->next))
		side->next = end;
	ist_track_ack(splice, packet, from);
}

/* Whether a segment bears payload, or a FIN, beyond the FIN that its side has already sent. */
IST_INLINE bool ist_beyond_fin(const struct ist_side *side, const struct ist_packet *packet)
{
	if (!(side->flags & IST_SIDE_FIN))
		return 0;
	if (packet->payload_length && ist_after(packet->seq + packet->payload_length, side->fin))
		return 1;
	return (packet->tcp_flags & IST_TCP_FIN) &&
	       ist_after(ist_segment_end(packet), side->fin + 1);
}

/* Whether a FIN is new and within what the other side can take. */
IST_INLINE bool ist_fin_counts(const struct ist_splice *splice, const struct ist_packet *packet,
			       unsigned int from)
{
	const struct ist_side *other = &splice->side[from ^ 1];
	const uint32_t end = ist_segment_end(packet);

	return (packet->tcp_flags & IST_TCP_FIN) && !(splice->side[from].flags & IST_SIDE_FIN) &&
	       ist_after(end, other->acked) && !ist_after(end, other->edge + IST_PROBE_SLACK);
}

enum ist_rst_verdict {
	IST_RST_EXACT,
	IST_RST_IN_WINDOW,
	IST_RST_OUTSIDE,
};

/*
 * RFC 5961 section 3.2, seen from between the two. The receiver accepts the number that it expects
 * next. That is what it last acknowledged, or, when that ACK is still under way or delayed, all
 * that the sender has sent.
 */
IST_INLINE unsigned int ist_judge_rst(const struct ist_splice *splice,
				      const struct ist_packet *packet, unsigned int from)
{
	const struct ist_side *other = &splice->side[from ^ 1];

	if (packet->seq == splice->side[from].next || packet->seq == other->acked)
		return IST_RST_EXACT;
	return packet->seq - other->acked < other->edge - other->acked ? IST_RST_IN_WINDOW
								       : IST_RST_OUTSIDE;
}

#endif
