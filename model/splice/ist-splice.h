/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The splice: two connections, both opened by the users, become one (thesis 4.3, 4.4, 5.2).
 *
 *	A                          IST                          B
 *	| SYN seq=a                 |                           |   LISTEN
 *	|-------------------------->| held                      |   IST_SYN_LOOKUP
 *	|                           |                 SYN seq=b |
 *	|                           |<--------------------------|
 *	| SYN-ACK seq=b ack=a+1     |     SYN-ACK seq=a ack=b+1 |   IST_SYN_RCVD
 *	|<--------------------------|-------------------------->|
 *	| ACK                       |                       ACK |
 *	|-------------------------->|<--------------------------|   ESTABLISHED
 *	|<----------- data: addresses, ports rewritten -------->|
 *	|    FIN of one side: IST_CLOSE_WAIT, of both: IST_TIME_WAIT, after 2 MSL: CLOSED    |
 *
 * The SYN-ACKs show a closed window. It is opened by the ACKs once both are in: the one that came
 * last is forwarded, the one that came first is made again. So neither user can send to an address
 * that has not answered (T2), and nothing is lost that a retransmission time-out would bring back.
 *
 * A carrier keeps the table. For each packet: ist_packet_parse_any(), look up splice and side,
 *lock, ist_splice_step(), unlock; then it applies the edits (ist_rewrite_apply()) and sends, and
 *sends what the core made. At ist_splice_deadline() it calls ist_splice_timeout().
 */
#ifndef IST_SPLICE_H
#define IST_SPLICE_H

#include "model/splice/ist-forward.h"
#include "model/splice/ist-timer.h"
#include "model/splice/ist-udp.h"

/* Defaults as commented in struct ist_settings. */
IST_INLINE void ist_settings_default(struct ist_settings *settings)
{
	ist_clear(settings, sizeof(*settings));
	settings->unmatched_ns = 60ull * IST_SECOND_NS;
	settings->handshake_ns = IST_SECOND_NS;
	settings->idle_ns = 7440ull * IST_SECOND_NS;
	settings->half_closed_ns = 7440ull * IST_SECOND_NS;
	settings->two_msl_ns = 60ull * IST_SECOND_NS;
	settings->udp_idle_ns = 300ull * IST_SECOND_NS;
	settings->challenge_ns = IST_SECOND_NS / 2;
	settings->handshake_retries = 5;
	settings->reuse = 1;
	settings->reset_on_timeout = 1;
	settings->decrement_ttl = 1;
	settings->ttl = 64;
	settings->active_mss = 1460;
}

/*
 * A splice in LISTEN. method: IST_METHOD_PASSIVE, _PURE or _UDP; for _ACTIVE see ist-active.h.
 * For Pure, side[x].agreed_port may then be set to the source port that side x was told to use.
 */
IST_INLINE void ist_splice_init(struct ist_splice *splice, unsigned int method)
{
	ist_clear(splice, sizeof(*splice));
	splice->method = (uint8_t)method;
	splice->wanted = (uint8_t)method;
}

/* Gives up Pure before the sides are joined, when the ports would collide in the carrier's table.
 */
IST_INLINE void ist_splice_fall_back(struct ist_splice *splice)
{
	if (splice->method == IST_METHOD_PURE && splice->state <= IST_STATE_SYN_LOOKUP)
		splice->method = IST_METHOD_PASSIVE;
}

/* Forgets both sides, keeps what was agreed. */
IST_INLINE void ist_splice_renew(struct ist_splice *splice)
{
	const uint8_t wanted = splice->wanted;
	const uint16_t agreed_a = splice->side[IST_SIDE_A].agreed_port;
	const uint16_t agreed_b = splice->side[IST_SIDE_B].agreed_port;

	ist_splice_init(splice, wanted);
	splice->side[IST_SIDE_A].agreed_port = agreed_a;
	splice->side[IST_SIDE_B].agreed_port = agreed_b;
}

/*
 * Pure needs crossed ports: each side comes from the port that the other connects to. Seen here,
 * past any NAT, where a NAT may have changed it (thesis 4.4).
 */
IST_INLINE bool ist_ports_agree(const struct ist_side *a, const struct ist_side *b)
{
	return a->tuple.source_port == b->tuple.destination_port &&
	       b->tuple.source_port == a->tuple.destination_port &&
	       (!a->agreed_port || a->agreed_port == a->tuple.source_port) &&
	       (!b->agreed_port || b->agreed_port == b->tuple.source_port);
}

/* The second SYN is there: both SYN-ACKs. */
IST_INLINE void ist_pair(struct ist_splice *splice, uint64_t now_ns,
			 const struct ist_settings *settings, struct ist_verdict *verdict)
{
	struct ist_side *a = &splice->side[IST_SIDE_A];
	struct ist_side *b = &splice->side[IST_SIDE_B];
	unsigned int fields = IST_EDIT_ADDRESSES | IST_EDIT_PORTS;

	if (splice->method == IST_METHOD_PURE) {
		if (ist_ports_agree(a, b)) {
			fields = IST_EDIT_ADDRESSES;
		} else {
			splice->method = IST_METHOD_PASSIVE;
			verdict->events |= IST_EVENT_FALLBACK;
			verdict->reason = IST_REASON_PORT_DIFFERS;
		}
	}
	splice->options = a->options & b->options;
	ist_join(splice, IST_SIDE_A, fields);
	ist_join(splice, IST_SIDE_B, fields);
	ist_start_numbers(splice, IST_SIDE_A, settings->early_data ? a->window : 0);
	ist_start_numbers(splice, IST_SIDE_B, settings->early_data ? b->window : 0);
	splice->state = IST_STATE_SYN_RCVD;
	splice->active_ns = now_ns;
	splice->retry_ns = now_ns + settings->handshake_ns;
	splice->retries = 0;
	verdict->events |= IST_EVENT_PAIRED;
	verdict->plan[IST_SIDE_A] = IST_CRAFT_SYN_ACK;
	verdict->plan[IST_SIDE_B] = IST_CRAFT_SYN_ACK;
}

/* A SYN while no or one side is known. */
IST_INLINE void ist_on_first_syn(struct ist_splice *splice, const struct ist_packet *packet,
				 unsigned int from, uint64_t now_ns,
				 const struct ist_settings *settings, struct ist_verdict *verdict)
{
	struct ist_side *side = &splice->side[from];
	const struct ist_side *other = &splice->side[from ^ 1];
	const bool other_known = (other->flags & IST_SIDE_KNOWN) != 0;

	if (other_known && ist_is_from(other, packet)) {
		ist_drop(verdict, IST_REASON_TUPLE_COLLISION);
		return;
	}
	if (!(side->flags & IST_SIDE_KNOWN) && !other_known)
		verdict->events |= IST_EVENT_FIRST;
	if (!(side->flags & IST_SIDE_KNOWN))
		side->credit = 0; /* may be another address than before */
	/* Again, or anew with another ISN: the latest counts. */
	ist_record_syn(side, packet);
	ist_add_credit(side, packet);
	verdict->action = IST_ACTION_HOLD;
	splice->active_ns = now_ns;
	if (other_known)
		ist_pair(splice, now_ns, settings, verdict);
	else
		splice->state = IST_STATE_SYN_LOOKUP;
}

/* A SYN with another ISN from a side that has not answered: the handshake begins anew with it. */
IST_INLINE void ist_restart(struct ist_splice *splice, const struct ist_packet *packet,
			    unsigned int from, uint64_t now_ns, struct ist_verdict *verdict)
{
	ist_plan_reset(splice, from ^ 1, verdict);
	splice->side[from ^ 1].flags = 0;
	ist_record_syn(&splice->side[from], packet);
	ist_add_credit(&splice->side[from], packet);
	splice->method = splice->wanted;
	splice->state = IST_STATE_SYN_LOOKUP;
	splice->active_ns = now_ns;
	verdict->action = IST_ACTION_HOLD;
	verdict->reason = IST_REASON_NEW_SYN;
	verdict->events |= IST_EVENT_RENEWED;
}

IST_INLINE void ist_on_syn(struct ist_splice *splice, const struct ist_packet *packet,
			   unsigned int from, uint64_t now_ns, const struct ist_settings *settings,
			   struct ist_verdict *verdict)
{
	struct ist_side *side = &splice->side[from];

	if (packet->tcp_flags & IST_TCP_ACK) {
		ist_drop(verdict, IST_REASON_UNEXPECTED_SYN_ACK);
	} else if (splice->state <= IST_STATE_SYN_LOOKUP) {
		ist_on_first_syn(splice, packet, from, now_ns, settings, verdict);
	} else if (packet->seq == side->isn) {
		/* Its SYN-ACK was lost, or the SYN came twice. A newer timestamp wants its echo. */
		side->tsval = side->flags & IST_SIDE_PROVEN ? side->tsval : packet->tsval;
		if (!(side->flags & IST_SIDE_PROVEN))
			ist_add_credit(side, packet);
		verdict->action = IST_ACTION_HOLD;
		verdict->plan[from] = IST_CRAFT_SYN_ACK;
	} else if (splice->state == IST_STATE_SYN_RCVD && !(side->flags & IST_SIDE_PROVEN)) {
		ist_restart(splice, packet, from, now_ns, verdict);
	} else {
		ist_challenge(splice, from, now_ns, IST_REASON_SYN_CHALLENGED, settings, verdict);
	}
}

/* Whether a SYN may begin anew on this splice (RFC 9293 section 3.6.1). */
IST_INLINE bool ist_may_renew(const struct ist_splice *splice, const struct ist_packet *packet,
			      unsigned int from, const struct ist_settings *settings)
{
	const struct ist_side *side = &splice->side[from];

	if (!settings->reuse ||
	    (packet->tcp_flags & (IST_TCP_CONTROL | IST_TCP_ACK)) != IST_TCP_SYN)
		return 0;
	return splice->state == IST_STATE_CLOSED ||
	       (splice->state == IST_STATE_TIME_WAIT && ist_after(packet->seq, side->next) &&
		ist_is_from(side, packet));
}

/* ACK in IST_SYN_RCVD: proves a side; the second one establishes the splice. */
IST_INLINE void ist_on_handshake_ack(struct ist_splice *splice, const struct ist_packet *packet,
				     unsigned int from, uint64_t now_ns,
				     const struct ist_settings *settings,
				     struct ist_verdict *verdict)
{
	struct ist_side *side = &splice->side[from];
	const struct ist_side *other = &splice->side[from ^ 1];
	const uint32_t first = other->isn + 1;

	if (!(packet->tcp_flags & IST_TCP_ACK)) {
		ist_drop(verdict, IST_REASON_NO_ACK);
		return;
	}
	if (packet->ack - first > other->next - first) {
		ist_drop(verdict, IST_REASON_BAD_ACK);
		return;
	}
	side->flags |= IST_SIDE_PROVEN;
	if (other->flags & IST_SIDE_PROVEN) {
		splice->state = IST_STATE_ESTABLISHED;
		if (!settings->early_data)
			verdict->plan[from] = IST_CRAFT_ACK;
		ist_on_segment(splice, packet, from, now_ns, settings, verdict);
	} else if (settings->early_data) {
		ist_on_segment(splice, packet, from, now_ns, settings, verdict);
	} else {
		ist_track_ack(splice, packet, from);
		verdict->action = IST_ACTION_HOLD;
		if (packet->payload_length || (packet->tcp_flags & IST_TCP_FIN))
			ist_drop(verdict, IST_REASON_UNPROVEN);
	}
}

/* RST while one side is held: that user has given up. */
IST_INLINE void ist_on_early_reset(struct ist_splice *splice, const struct ist_packet *packet,
				   unsigned int from, struct ist_verdict *verdict)
{
	struct ist_side *side = &splice->side[from];

	if (!(side->flags & IST_SIDE_KNOWN)) {
		ist_drop(verdict, IST_REASON_UNPAIRED);
	} else if (packet->seq != side->isn && packet->seq != side->next) {
		ist_drop(verdict, IST_REASON_RST_OUT_OF_WINDOW);
	} else {
		side->flags = 0;
		splice->state = IST_STATE_LISTEN;
		verdict->events |= IST_EVENT_RENEWED;
		ist_drop(verdict, IST_REASON_RESET);
	}
}

/* Flags that no sane sender combines. */
IST_INLINE bool ist_flags_bad(unsigned int flags)
{
	const unsigned int control = flags & IST_TCP_CONTROL;

	return !(flags & (IST_TCP_CONTROL | IST_TCP_ACK)) || (control & (control - 1));
}

/* A packet for a splice that is over: TCP gets the RST that it would get from a closed port. */
IST_INLINE void ist_on_closed(const struct ist_packet *packet, unsigned int from,
			      const struct ist_settings *settings, struct ist_verdict *verdict)
{
	ist_drop(verdict, IST_REASON_CLOSED);
	if (!ist_reset_reply(packet, settings, &verdict->emit[0]))
		return;
	verdict->emit[0].to = (uint8_t)from;
	verdict->emit_count = 1;
}

/* Everything but plain segments in ESTABLISHED. */
IST_INLINE void ist_tcp_slow_step(struct ist_splice *splice, const struct ist_packet *packet,
				  unsigned int from, uint64_t now_ns,
				  const struct ist_settings *settings, struct ist_verdict *verdict)
{
	struct ist_side *side = &splice->side[from];

	if (ist_may_renew(splice, packet, from, settings)) {
		ist_splice_renew(splice);
		verdict->events |= IST_EVENT_RENEWED;
	}
	if (ist_flags_bad(packet->tcp_flags))
		ist_drop(verdict, IST_REASON_BAD_FLAGS);
	else if ((side->flags & IST_SIDE_KNOWN) && !ist_is_from(side, packet))
		ist_drop(verdict, IST_REASON_SIDE_TAKEN);
	else if (splice->state == IST_STATE_CLOSED)
		ist_on_closed(packet, from, settings, verdict);
	else if (packet->tcp_flags & IST_TCP_SYN)
		ist_on_syn(splice, packet, from, now_ns, settings, verdict);
	else if (splice->state <= IST_STATE_SYN_LOOKUP && (packet->tcp_flags & IST_TCP_RST))
		ist_on_early_reset(splice, packet, from, verdict);
	else if (splice->state <= IST_STATE_SYN_LOOKUP)
		ist_drop(verdict, IST_REASON_UNPAIRED);
	else if (packet->tcp_flags & IST_TCP_RST)
		ist_on_reset(splice, packet, from, now_ns, settings, verdict);
	else if (splice->state == IST_STATE_SYN_RCVD)
		ist_on_handshake_ack(splice, packet, from, now_ns, settings, verdict);
	else
		ist_on_segment(splice, packet, from, now_ns, settings, verdict);
}

/*
 * One packet from side `from` (enum ist_side_index) of a Passive, Pure or UDP splice. `verdict` is
 * filled; it need not be initialised.
 */
IST_INLINE void ist_splice_step(struct ist_splice *splice, const struct ist_packet *packet,
				unsigned int from, uint64_t now_ns,
				const struct ist_settings *settings, struct ist_verdict *verdict)
{
	const bool tcp = packet->protocol == IST_PROTOCOL_TCP;

	from &= 1;
	ist_verdict_begin(verdict, splice);
	if (packet->fragment_offset || (packet->flags & IST_PACKET_MORE_FRAGMENTS))
		ist_drop(verdict, IST_REASON_FRAGMENT);
	else if (splice->method == IST_METHOD_UDP)
		ist_udp_step(splice, packet, from, now_ns, settings, verdict);
	else if (!tcp)
		ist_drop(verdict, IST_REASON_PROTOCOL);
	else if (IST_LIKELY(splice->state == IST_STATE_ESTABLISHED &&
			    !(packet->tcp_flags & IST_TCP_CONTROL) &&
			    ist_is_from(&splice->side[from], packet)))
		ist_on_segment(splice, packet, from, now_ns, settings, verdict);
	else
		ist_tcp_slow_step(splice, packet, from, now_ns, settings, verdict);
	ist_verdict_end(splice, settings, verdict);
}

#endif
