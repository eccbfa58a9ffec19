/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP splice: each side is whoever first sends a registration datagram to its port; no handshake
 * (thesis 5.2). Registration datagrams are consumed and keep the splice alive; data before both
 * sides are known is dropped. A registration may be forged: addresses are not proven (T2 is TCP's).
 */
#ifndef IST_UDP_H
#define IST_UDP_H

#include "model/splice/ist-forward.h"

IST_INLINE void ist_udp_learn(struct ist_splice *splice, const struct ist_packet *packet,
			      unsigned int from, struct ist_verdict *verdict)
{
	splice->side[from].tuple = packet->tuple;
	splice->side[from].family = packet->family;
	splice->side[from].flags = IST_SIDE_KNOWN;
	if (splice->side[from ^ 1].flags & IST_SIDE_KNOWN) {
		ist_join(splice, IST_SIDE_A, IST_EDIT_ADDRESSES | IST_EDIT_PORTS);
		ist_join(splice, IST_SIDE_B, IST_EDIT_ADDRESSES | IST_EDIT_PORTS);
		splice->state = IST_STATE_ESTABLISHED;
		verdict->events |= IST_EVENT_PAIRED;
	} else {
		splice->state = IST_STATE_SYN_LOOKUP;
		verdict->events |= IST_EVENT_FIRST;
	}
}

IST_INLINE void ist_udp_step(struct ist_splice *splice, const struct ist_packet *packet,
			     unsigned int from, uint64_t now_ns,
			     const struct ist_settings *settings, struct ist_verdict *verdict)
{
	struct ist_side *side = &splice->side[from];
	const struct ist_side *other = &splice->side[from ^ 1];
	const bool known = (side->flags & IST_SIDE_KNOWN) != 0;

	if (packet->protocol != IST_PROTOCOL_UDP) {
		ist_drop(verdict, IST_REASON_PROTOCOL);
		return;
	}
	if (splice->state == IST_STATE_CLOSED) {
		ist_drop(verdict, IST_REASON_CLOSED);
		return;
	}
	if (known && !ist_is_from(side, packet)) {
		ist_drop(verdict, IST_REASON_SIDE_TAKEN);
		return;
	}
	if (!known && (other->flags & IST_SIDE_KNOWN) && ist_is_from(other, packet)) {
		ist_drop(verdict, IST_REASON_TUPLE_COLLISION);
		return;
	}
	if (!known) {
		if (!(packet->flags & IST_PACKET_REGISTRATION)) {
			ist_drop(verdict, IST_REASON_UNPAIRED);
			return;
		}
		ist_udp_learn(splice, packet, from, verdict);
	}
	splice->active_ns = now_ns;
	if (packet->flags & IST_PACKET_REGISTRATION)
		verdict->action = IST_ACTION_HOLD;
	else if (splice->state != IST_STATE_ESTABLISHED)
		ist_drop(verdict, IST_REASON_UNPAIRED);
	else if (ist_ttl_ends(packet, settings))
		ist_drop(verdict, IST_REASON_TTL);
	else
		ist_forward(splice, from, settings, verdict);
}

#endif
