/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every kind of splice does once its two sides are joined: forward with edits, follow FIN
 * and RST to the end, and throttle challenge ACKs. Also the small steps from which the handshakes
 * are made.
 */
#ifndef IST_FORWARD_H
#define IST_FORWARD_H

#include "model/splice/ist-track.h"

#define IST_TCP_CONTROL (IST_TCP_SYN | IST_TCP_FIN | IST_TCP_RST)

/* Begins a verdict: drop, for no reason yet. */
IST_INLINE void ist_verdict_begin(struct ist_verdict *verdict, const struct ist_splice *splice)
{
	verdict->action = IST_ACTION_DROP;
	verdict->reason = IST_REASON_NONE;
	verdict->events = 0;
	verdict->from_state = splice->state;
	verdict->to_state = splice->state;
	verdict->emit_count = 0;
	verdict->plan[IST_SIDE_A] = IST_CRAFT_NONE;
	verdict->plan[IST_SIDE_B] = IST_CRAFT_NONE;
}

/* Ends a verdict: makes the planned packets and notes the state reached. */
IST_INLINE void ist_verdict_end(struct ist_splice *splice, const struct ist_settings *settings,
				struct ist_verdict *verdict)
{
	unsigned int to;

	verdict->to_state = splice->state;
	for (to = 0; to < 2; to++) {
		if (verdict->plan[to] == IST_CRAFT_NONE || verdict->emit_count > 1)
			continue;
		ist_craft(splice, to, verdict->plan[to], settings,
			  &verdict->emit[verdict->emit_count]);
		verdict->emit_count++;
	}
}

IST_INLINE void ist_drop(struct ist_verdict *verdict, unsigned int reason)
{
	verdict->action = IST_ACTION_DROP;
	verdict->reason = (uint8_t)reason;
}

/* The edits of packets of side `from`: as from the other side's IST address, to its user. */
IST_INLINE void ist_side_rewrite(const struct ist_splice *splice, unsigned int from,
				 struct ist_rewrite *rewrite)
{
	const struct ist_edits *out = &splice->side[from].out;

	ist_towards(&rewrite->tuple, &splice->side[from ^ 1].tuple);
	rewrite->seq_add = out->seq_add;
	rewrite->ack_add = out->ack_add;
	rewrite->address_delta = out->address_delta;
	rewrite->port_delta = out->port_delta;
	rewrite->identification = out->identification;
	rewrite->fields = out->fields;
	rewrite->pad = out->pad;
}

/* Each IPv4 packet that is made of an IPv6 one has the next number (RFC 7915 section 5.1). */
IST_INLINE void ist_next_identification(struct ist_splice *splice, unsigned int from)
{
	const struct ist_side *side = &splice->side[from];

	if ((side->out.fields & IST_EDIT_FAMILY) && side->family == IST_FAMILY_IPV6)
		splice->identification++;
}

IST_INLINE void ist_forward(struct ist_splice *splice, unsigned int from,
			    const struct ist_settings *settings, struct ist_verdict *verdict)
{
	struct ist_rewrite *edits = &verdict->edits;

	verdict->action = IST_ACTION_FORWARD;
	ist_side_rewrite(splice, from, edits);
	if (settings->decrement_ttl)
		edits->fields |= IST_EDIT_TTL;
	if (edits->fields & IST_EDIT_FAMILY) {
		ist_next_identification(splice, from);
		edits->identification = splice->identification;
	}
}

IST_INLINE bool ist_ttl_ends(const struct ist_packet *packet, const struct ist_settings *settings)
{
	return settings->decrement_ttl && packet->ttl <= 1;
}

IST_INLINE bool ist_tuple_equal(const struct ist_tuple *a, const struct ist_tuple *b)
{
	return ist_tuple_differs(a, b) == 0;
}

/* Whether a packet comes from the user that took a side. */
IST_INLINE bool ist_is_from(const struct ist_side *side, const struct ist_packet *packet)
{
	return ((uint32_t)(side->family ^ packet->family) |
		ist_tuple_differs(&side->tuple, &packet->tuple)) == 0;
}

/* Plans a RST to a side that knows of a connection, unless that would break T2. */
IST_INLINE void ist_plan_reset(const struct ist_splice *splice, unsigned int to,
			       struct ist_verdict *verdict)
{
	const struct ist_side *side = &splice->side[to];

	if ((side->flags & IST_SIDE_PROVEN) ||
	    ((side->flags & IST_SIDE_KNOWN) &&
	     side->credit >= ist_ip_header(side->family) + IST_TCP_HEADER))
		verdict->plan[to] = IST_CRAFT_RST;
}

IST_INLINE void ist_close(struct ist_splice *splice, unsigned int reason,
			  struct ist_verdict *verdict)
{
	splice->state = IST_STATE_CLOSED;
	verdict->reason = (uint8_t)reason;
	verdict->events |= IST_EVENT_CLOSED;
}

/* Challenge ACK to the sender of a doubtful SYN or RST, throttled (RFC 5961 section 7). */
IST_INLINE void ist_challenge(struct ist_splice *splice, unsigned int to, uint64_t now_ns,
			      unsigned int reason, const struct ist_settings *settings,
			      struct ist_verdict *verdict)
{
	struct ist_side *side = &splice->side[to];

	ist_drop(verdict, reason);
	if (side->challenged_ns && now_ns - side->challenged_ns < settings->challenge_ns)
		return;
	side->challenged_ns = now_ns ? now_ns : 1; /* 0 stands for never */
	verdict->plan[to] = IST_CRAFT_ACK;
}

/* Takes the credit of a packet from a side that is not proven yet (T2). */
IST_INLINE void ist_add_credit(struct ist_side *side, const struct ist_packet *packet)
{
	const uint32_t credit = (uint32_t)side->credit + packet->total_length;

	side->credit = credit > 0xffff ? 0xffff : (uint16_t)credit;
}

/* Keeps what matters of a side's SYN. */
IST_INLINE void ist_record_syn(struct ist_side *side, const struct ist_packet *packet)
{
	side->tuple = packet->tuple;
	side->family = packet->family;
	side->isn = packet->seq;
	side->next = packet->seq + 1;
	side->acked = 0;
	side->edge = 0;
	side->tsval = packet->tsval;
	side->window = packet->window;
	side->mss = packet->mss;
	side->options = ist_syn_options(packet);
	side->wscale = packet->wscale;
	side->shift = 0;
	side->flags = IST_SIDE_KNOWN;
}

/* Works out what packets of side `from` become, once both sides are known. */
IST_INLINE void ist_join(struct ist_splice *splice, unsigned int from, unsigned int fields)
{
	struct ist_side *side = &splice->side[from];
	struct ist_tuple after;

	ist_towards(&after, &splice->side[from ^ 1].tuple);
	if (side->family != splice->side[from ^ 1].family)
		fields |= IST_EDIT_FAMILY;
	ist_clear(&side->out, sizeof(side->out));
	side->out.address_delta = ist_address_delta(&side->tuple, &after);
	if (fields & IST_EDIT_PORTS)
		side->out.port_delta = ist_port_delta(&side->tuple, &after);
	side->out.fields = (uint8_t)fields;
}

/* First numbers of a side once the other's ISN is known. */
IST_INLINE void ist_start_numbers(struct ist_splice *splice, unsigned int from, uint32_t window)
{
	struct ist_side *side = &splice->side[from];

	side->acked = splice->side[from ^ 1].isn + 1;
	side->edge = side->acked + window;
	side->shift = splice->options & IST_OPTION_WSCALE ? side->wscale : 0;
}

/* A FIN that counts moves the state on (thesis 5.2). */
IST_INLINE void ist_on_fin(struct ist_splice *splice, const struct ist_packet *packet,
			   unsigned int from)
{
	struct ist_side *side = &splice->side[from];

	side->flags |= IST_SIDE_FIN;
	side->fin = packet->seq + packet->payload_length;
	splice->state = splice->side[from ^ 1].flags & IST_SIDE_FIN ? IST_STATE_TIME_WAIT
								    : IST_STATE_CLOSE_WAIT;
}

/*
 * A segment without SYN and RST in ESTABLISHED, IST_CLOSE_WAIT or IST_TIME_WAIT. In the last only
 * retransmissions restart 2 MSL, so that ACKs cannot keep it for ever.
 */
IST_INLINE void ist_on_segment(struct ist_splice *splice, const struct ist_packet *packet,
			       unsigned int from, uint64_t now_ns,
			       const struct ist_settings *settings, struct ist_verdict *verdict)
{
	const bool fin = (packet->tcp_flags & IST_TCP_FIN) != 0;

	if (!(packet->tcp_flags & IST_TCP_ACK)) {
		ist_drop(verdict, IST_REASON_NO_ACK);
		return;
	}
	if (ist_beyond_fin(&splice->side[from], packet)) {
		ist_drop(verdict, IST_REASON_BEYOND_FIN);
		return;
	}
	if (ist_ttl_ends(packet, settings)) {
		ist_drop(verdict, IST_REASON_TTL);
		return;
	}
	if (splice->state != IST_STATE_TIME_WAIT || packet->payload_length || fin)
		splice->active_ns = now_ns;
	if (fin && ist_fin_counts(splice, packet, from))
		ist_on_fin(splice, packet, from);
	ist_track(splice, packet, from);
	ist_forward(splice, from, settings, verdict);
}

/*
 * A RST on a joined splice (RFC 5961 section 3.2). In IST_TIME_WAIT it is passed on but does not
 * cut the wait short (RFC 1337). It is not passed to a side that would get more than it sent (T2).
 */
IST_INLINE void ist_on_reset(struct ist_splice *splice, const struct ist_packet *packet,
			     unsigned int from, uint64_t now_ns,
			     const struct ist_settings *settings, struct ist_verdict *verdict)
{
	const struct ist_side *other = &splice->side[from ^ 1];
	const unsigned int judged = ist_judge_rst(splice, packet, from);
	const bool grows = (splice->side[from].out.fields & IST_EDIT_FAMILY) &&
			   packet->family == IST_FAMILY_IPV4;
	const uint32_t length = packet->total_length + (grows ? IST_FAMILY_GROWTH : 0u);

	if (judged == IST_RST_OUTSIDE) {
		ist_drop(verdict, IST_REASON_RST_OUT_OF_WINDOW);
		return;
	}
	if (judged == IST_RST_IN_WINDOW) {
		ist_challenge(splice, from, now_ns, IST_REASON_RST_CHALLENGED, settings, verdict);
		return;
	}
	if (ist_ttl_ends(packet, settings)) {
		ist_drop(verdict, IST_REASON_TTL);
		return;
	}
	if ((other->flags & IST_SIDE_PROVEN) || other->credit >= length)
		ist_forward(splice, from, settings, verdict);
	if (splice->state != IST_STATE_TIME_WAIT)
		ist_close(splice, IST_REASON_RESET, verdict);
}

#endif
