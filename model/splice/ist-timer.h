/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timers of a splice: when the carrier must call, and what happens then. */
#ifndef IST_TIMER_H
#define IST_TIMER_H

#include "model/splice/ist-forward.h"

/* When ist_splice_timeout() wants to be called; IST_NEVER in LISTEN and CLOSED. */
IST_INLINE uint64_t ist_splice_deadline(const struct ist_splice *splice,
					const struct ist_settings *settings)
{
	switch (splice->state) {
	case IST_STATE_SYN_LOOKUP:
		return splice->method == IST_METHOD_ACTIVE
			       ? splice->retry_ns
			       : splice->active_ns + settings->unmatched_ns;
	case IST_STATE_SYN_RCVD:
		return splice->retry_ns;
	case IST_STATE_ESTABLISHED:
		return splice->active_ns + (splice->method == IST_METHOD_UDP ? settings->udp_idle_ns
									     : settings->idle_ns);
	case IST_STATE_CLOSE_WAIT:
		return splice->active_ns + settings->half_closed_ns;
	case IST_STATE_TIME_WAIT:
		return splice->active_ns + settings->two_msl_ns;
	default:
		return IST_NEVER;
	}
}

/* Closes by a timer; the sides of a TCP splice hear of it. */
IST_INLINE void ist_time_out(struct ist_splice *splice, unsigned int reason,
			     const struct ist_settings *settings, struct ist_verdict *verdict)
{
	if (settings->reset_on_timeout && splice->method != IST_METHOD_UDP) {
		ist_plan_reset(splice, IST_SIDE_A, verdict);
		ist_plan_reset(splice, IST_SIDE_B, verdict);
	}
	ist_close(splice, reason, verdict);
}

/* Repeats SYN-ACKs, or an active splice's SYN, that were not answered; at last gives up. */
IST_INLINE void ist_retry(struct ist_splice *splice, uint64_t now_ns,
			  const struct ist_settings *settings, struct ist_verdict *verdict)
{
	unsigned int to;

	if (splice->retries >= settings->handshake_retries) {
		ist_time_out(splice, IST_REASON_HANDSHAKE_TIMEOUT, settings, verdict);
		return;
	}
	splice->retries++;
	splice->retry_ns = now_ns + (settings->handshake_ns << (splice->retries & 15));
	if (splice->state == IST_STATE_SYN_LOOKUP) {
		verdict->plan[IST_SIDE_B] = IST_CRAFT_SYN;
		return;
	}
	for (to = 0; to < 2; to++) {
		const unsigned int flags = splice->side[to].flags;

		if ((flags & IST_SIDE_KNOWN) && !(flags & IST_SIDE_PROVEN))
			verdict->plan[to] = IST_CRAFT_SYN_ACK;
	}
}

/*
 * Time has passed; of any method. Before the deadline it does nothing. The verdict's action means
 * nothing: there is no packet.
 */
IST_INLINE void ist_splice_timeout(struct ist_splice *splice, uint64_t now_ns,
				   const struct ist_settings *settings, struct ist_verdict *verdict)
{
	ist_verdict_begin(verdict, splice);
	verdict->action = IST_ACTION_HOLD;
	if (now_ns < ist_splice_deadline(splice, settings))
		return;
	if (splice->state == IST_STATE_SYN_RCVD ||
	    (splice->state == IST_STATE_SYN_LOOKUP && splice->method == IST_METHOD_ACTIVE))
		ist_retry(splice, now_ns, settings, verdict);
	else if (splice->state == IST_STATE_SYN_LOOKUP)
		ist_time_out(splice, IST_REASON_UNMATCHED_TIMEOUT, settings, verdict);
	else if (splice->state == IST_STATE_TIME_WAIT)
		ist_close(splice, IST_REASON_TIME_WAIT_OVER, verdict);
	else
		ist_time_out(splice, IST_REASON_IDLE_TIMEOUT, settings, verdict);
	ist_verdict_end(splice, settings, verdict);
}

#endif
