/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IBM's TCP Splice, the baseline of thesis 4.2: the IST accepts a connection of A, then opens one
 * to B, and joins them by translating seq, ack and SACK blocks beside addresses and ports.
 *
 *	A                          IST                          B
 *	| SYN seq=a                 |                           |   LISTEN
 *	|-------------------------->|                           |
 *	| SYN-ACK seq=p ack=a+1     |                           |   IST_SYN_RCVD
 *	|<--------------------------|                           |
 *	| ACK                       | SYN seq=q                 |   IST_SYN_LOOKUP
 *	|-------------------------->|-------------------------->|
 *	|                           |     SYN-ACK seq=b ack=q+1 |
 *	|                           |<--------------------------|
 *	| ACK, B's window           |             ACK, A's      |   ESTABLISHED
 *	|<--------------------------|-------------------------->|
 *	| A to B: seq + q-a, ack + b-p;  B to A: seq + p-b, ack + a-q   |
 *
 * p and q are chosen by the carrier. The SYN-ACK to A shows a closed window, so A sends nothing
 * until B is there. State names are the thesis'; the two of the handshake come in the other order.
 *
 * What the method cannot do: A is answered before B's options are known, so window scale and
 * timestamps are not offered to either, and the MSS towards A is a setting. SACK is offered to
 * both if A asked; if B refuses, A's SACK options become NOPs on their way.
 */
#ifndef IST_ACTIVE_H
#define IST_ACTIVE_H

#include "model/splice/ist-splice.h"

/* What the carrier decides for one active splice. */
struct ist_active_config {
	struct ist_tuple from_b; /* of B's packets: source = the target, destination = the IST */
	uint32_t isn_to_a;	 /* p */
	uint32_t isn_to_b;	 /* q */
	uint8_t family_b;	 /* enum ist_family of from_b */
};

/* An active splice in LISTEN. */
IST_INLINE void ist_active_init(struct ist_splice *splice, const struct ist_active_config *config,
				const struct ist_settings *settings)
{
	struct ist_side *b = &splice->side[IST_SIDE_B];

	ist_splice_init(splice, IST_METHOD_ACTIVE);
	splice->side[IST_SIDE_A].own_isn = config->isn_to_a;
	b->own_isn = config->isn_to_b;
	b->tuple = config->from_b;
	/* Until B's ISN is known its space is ours: isn + seq_add is what A is shown. */
	b->isn = config->isn_to_a;
	b->next = b->isn + 1;
	b->family = config->family_b;
	b->options = IST_OPTION_MSS;
	/* The setting is IPv4's. */
	b->mss = (uint16_t)(b->family == IST_FAMILY_IPV6 ? settings->active_mss - IST_FAMILY_GROWTH
							 : settings->active_mss);
}

/* A's SYN in LISTEN: accept. */
IST_INLINE void ist_active_accept(struct ist_splice *splice, const struct ist_packet *packet,
				  uint64_t now_ns, const struct ist_settings *settings,
				  struct ist_verdict *verdict)
{
	struct ist_side *a = &splice->side[IST_SIDE_A];

	ist_record_syn(a, packet);
	a->credit = 0;
	ist_add_credit(a, packet);
	splice->options = a->options & (IST_OPTION_MSS | IST_OPTION_SACK_PERMITTED);
	ist_start_numbers(splice, IST_SIDE_A, 0);
	splice->state = IST_STATE_SYN_RCVD;
	splice->active_ns = now_ns;
	splice->retry_ns = now_ns + settings->handshake_ns;
	splice->retries = 0;
	verdict->action = IST_ACTION_HOLD;
	verdict->events |= IST_EVENT_FIRST;
	verdict->plan[IST_SIDE_A] = IST_CRAFT_SYN_ACK;
}

/* A's ACK in IST_SYN_RCVD: open the connection to B. */
IST_INLINE void ist_active_open(struct ist_splice *splice, const struct ist_packet *packet,
				uint64_t now_ns, const struct ist_settings *settings,
				struct ist_verdict *verdict)
{
	struct ist_side *a = &splice->side[IST_SIDE_A];
	struct ist_side *b = &splice->side[IST_SIDE_B];

	if (!(packet->tcp_flags & IST_TCP_ACK) || packet->ack != a->own_isn + 1) {
		ist_drop(verdict,
			 packet->tcp_flags & IST_TCP_ACK ? IST_REASON_BAD_ACK : IST_REASON_NO_ACK);
		return;
	}
	a->flags |= IST_SIDE_PROVEN;
	ist_track_ack(splice, packet, IST_SIDE_A);
	a->out.seq_add = b->own_isn - a->isn;
	/* B's address is configured, not claimed by a packet. */
	b->flags = IST_SIDE_KNOWN | IST_SIDE_PROVEN;
	b->acked = a->isn + 1;
	splice->state = IST_STATE_SYN_LOOKUP;
	splice->active_ns = now_ns;
	splice->retry_ns = now_ns + settings->handshake_ns;
	splice->retries = 0;
	verdict->action = IST_ACTION_HOLD;
	verdict->plan[IST_SIDE_B] = IST_CRAFT_SYN;
	/* A closed window let it send no more than a probe, and that comes again. */
	if (packet->payload_length || (packet->tcp_flags & IST_TCP_FIN))
		ist_drop(verdict, IST_REASON_UNPAIRED);
}

/* B's SYN-ACK in IST_SYN_LOOKUP: join. */
IST_INLINE void ist_active_join(struct ist_splice *splice, const struct ist_packet *packet,
				uint64_t now_ns, struct ist_verdict *verdict)
{
	struct ist_side *a = &splice->side[IST_SIDE_A];
	struct ist_side *b = &splice->side[IST_SIDE_B];
	unsigned int fields = IST_EDIT_ADDRESSES | IST_EDIT_PORTS | IST_EDIT_SEQUENCE;
	const uint32_t a_add = a->out.seq_add;

	ist_record_syn(b, packet);
	b->flags |= IST_SIDE_PROVEN;
	b->acked = a->isn + 1;
	b->edge = b->acked + packet->window;
	a->acked = b->isn + 1;
	a->edge = a->acked + a->window;
	if (!(packet->options & IST_OPTION_SACK_PERMITTED))
		fields |= IST_EDIT_BLANK_SACK;
	ist_join(splice, IST_SIDE_A, fields);
	ist_join(splice, IST_SIDE_B, fields);
	a->out.seq_add = a_add;
	b->out.seq_add = a->own_isn - b->isn;
	a->out.ack_add = 0u - b->out.seq_add;
	b->out.ack_add = 0u - a->out.seq_add;
	splice->state = IST_STATE_ESTABLISHED;
	splice->active_ns = now_ns;
	verdict->action = IST_ACTION_HOLD;
	verdict->events |= IST_EVENT_PAIRED;
	verdict->plan[IST_SIDE_A] = IST_CRAFT_ACK;
	verdict->plan[IST_SIDE_B] = IST_CRAFT_ACK;
}

/* SYN from A: the first, the same again, or one that a running splice challenges. */
IST_INLINE void ist_active_on_syn_a(struct ist_splice *splice, const struct ist_packet *packet,
				    uint64_t now_ns, const struct ist_settings *settings,
				    struct ist_verdict *verdict)
{
	struct ist_side *a = &splice->side[IST_SIDE_A];

	if (packet->tcp_flags & IST_TCP_ACK) {
		ist_drop(verdict, IST_REASON_UNEXPECTED_SYN_ACK);
	} else if (splice->state == IST_STATE_LISTEN) {
		ist_active_accept(splice, packet, now_ns, settings, verdict);
	} else if (splice->state != IST_STATE_SYN_RCVD) {
		ist_challenge(splice, IST_SIDE_A, now_ns, IST_REASON_SYN_CHALLENGED, settings,
			      verdict);
	} else if (packet->seq == a->isn) {
		ist_add_credit(a, packet);
		verdict->action = IST_ACTION_HOLD;
		verdict->plan[IST_SIDE_A] = IST_CRAFT_SYN_ACK;
	} else {
		ist_active_accept(splice, packet, now_ns, settings, verdict);
		verdict->reason = IST_REASON_NEW_SYN;
	}
}

/* SYN-ACK from B: joins, or says that our ACK was lost. */
IST_INLINE void ist_active_on_syn_b(struct ist_splice *splice, const struct ist_packet *packet,
				    uint64_t now_ns, const struct ist_settings *settings,
				    struct ist_verdict *verdict)
{
	struct ist_side *b = &splice->side[IST_SIDE_B];

	if (!(packet->tcp_flags & IST_TCP_ACK)) {
		/* A SYN of B's own: it is not the one to open here. */
		ist_drop(verdict, IST_REASON_BAD_FLAGS);
	} else if (packet->ack != b->own_isn + 1) {
		ist_drop(verdict, IST_REASON_BAD_ACK);
	} else if (splice->state == IST_STATE_SYN_LOOKUP) {
		ist_active_join(splice, packet, now_ns, verdict);
	} else if (packet->seq == b->isn) {
		verdict->action = IST_ACTION_HOLD;
		verdict->plan[IST_SIDE_B] = IST_CRAFT_ACK;
	} else {
		ist_challenge(splice, IST_SIDE_B, now_ns, IST_REASON_SYN_CHALLENGED, settings,
			      verdict);
	}
}

/* RST before the sides are joined: A has gone, or B refuses; the other one hears of it. */
IST_INLINE void ist_active_on_early_reset(struct ist_splice *splice,
					  const struct ist_packet *packet, unsigned int from,
					  struct ist_verdict *verdict)
{
	const struct ist_side *side = &splice->side[from];
	const bool exact = from == IST_SIDE_A ? packet->seq == side->next
					      : (packet->tcp_flags & IST_TCP_ACK) &&
							packet->ack == side->own_isn + 1;

	ist_drop(verdict, IST_REASON_RST_OUT_OF_WINDOW);
	if (!exact || !(side->flags & IST_SIDE_KNOWN))
		return;
	/* Nobody is at B yet who could be reset; it forgets our SYN by itself. */
	if (from == IST_SIDE_B)
		ist_plan_reset(splice, IST_SIDE_A, verdict);
	ist_close(splice, IST_REASON_RESET, verdict);
}

/* Anything before the sides are joined, but SYN. */
IST_INLINE void ist_active_handshake(struct ist_splice *splice, const struct ist_packet *packet,
				     unsigned int from, uint64_t now_ns,
				     const struct ist_settings *settings,
				     struct ist_verdict *verdict)
{
	if (packet->tcp_flags & IST_TCP_RST)
		ist_active_on_early_reset(splice, packet, from, verdict);
	else if (splice->state == IST_STATE_SYN_RCVD && from == IST_SIDE_A)
		ist_active_open(splice, packet, now_ns, settings, verdict);
	else
		ist_drop(verdict, IST_REASON_UNPAIRED);
}

/*
 * One packet from side `from` of an active splice; as ist_splice_step(). Closed is closed: a new
 * connection of A needs a new splice, as it needs new numbers.
 */
IST_INLINE void ist_active_step(struct ist_splice *splice, const struct ist_packet *packet,
				unsigned int from, uint64_t now_ns,
				const struct ist_settings *settings, struct ist_verdict *verdict)
{
	const struct ist_side *side;
	const bool b = (from & 1) == IST_SIDE_B;

	from &= 1;
	side = &splice->side[from];
	ist_verdict_begin(verdict, splice);
	if (packet->protocol != IST_PROTOCOL_TCP)
		ist_drop(verdict, IST_REASON_PROTOCOL);
	else if (packet->fragment_offset || (packet->flags & IST_PACKET_MORE_FRAGMENTS))
		ist_drop(verdict, IST_REASON_FRAGMENT);
	else if (ist_flags_bad(packet->tcp_flags))
		ist_drop(verdict, IST_REASON_BAD_FLAGS);
	else if ((b || (side->flags & IST_SIDE_KNOWN)) && !ist_is_from(side, packet))
		ist_drop(verdict, IST_REASON_SIDE_TAKEN);
	else if (splice->state == IST_STATE_CLOSED)
		ist_on_closed(packet, from, settings, verdict);
	else if (b && splice->state <= IST_STATE_SYN_RCVD && splice->state != IST_STATE_SYN_LOOKUP)
		ist_drop(verdict, IST_REASON_UNPAIRED);
	else if (packet->tcp_flags & IST_TCP_SYN && b)
		ist_active_on_syn_b(splice, packet, now_ns, settings, verdict);
	else if (packet->tcp_flags & IST_TCP_SYN)
		ist_active_on_syn_a(splice, packet, now_ns, settings, verdict);
	else if (splice->state < IST_STATE_ESTABLISHED)
		ist_active_handshake(splice, packet, from, now_ns, settings, verdict);
	else if (packet->tcp_flags & IST_TCP_RST)
		ist_on_reset(splice, packet, from, now_ns, settings, verdict);
	else
		ist_on_segment(splice, packet, from, now_ns, settings, verdict);
	ist_verdict_end(splice, settings, verdict);
}

#endif
