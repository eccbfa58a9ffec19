/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slow path of one packet whose splice is known: the core's step under the lock. */
#ifndef IST_STEP_H
#define IST_STEP_H

#include "kernel/bpf/ist-arrival.h"
#include "kernel/bpf/ist-datagrams.h"

/* Under the lock. What the carrier itself asks of a packet before the core sees it. */
IST_INLINE unsigned int ist_refusal(struct ist_entry *entry, const struct ist_packet *packet,
				    unsigned int side, uint64_t now_ns)
{
	const struct ist_side *self = &entry->core.side[side];

	if (entry->flags & IST_ENTRY_ENDING)
		return IST_CARRIER_LIFETIME;
	if (!(self->flags & IST_SIDE_KNOWN) &&
	    (entry->flags & ((uint32_t)IST_ENTRY_RESTRICTED_A << side)) &&
	    (self->family != packet->family ||
	     !ist_address_equal(&self->tuple.source, &packet->tuple.source)))
		return IST_CARRIER_SOURCE_REFUSED;
	if (!(entry->flags & IST_ENTRY_LIMITED) || entry->core.state < IST_STATE_ESTABLISHED ||
	    (packet->tcp_flags & IST_TCP_RST))
		return 0;
	if (entry->byte_limit &&
	    entry->count[0].bytes + entry->count[1].bytes + packet->total_length >
		    entry->byte_limit)
		return IST_CARRIER_BYTE_LIMIT;
	if (entry->rate_cost && !ist_rate_admits(entry->paid_until, now_ns))
		return IST_CARRIER_RATE_LIMIT;
	return 0;
}

/* Under the lock. A forwarded packet is counted and paid for. */
IST_INLINE void ist_charge(struct ist_entry *entry, const struct ist_packet *packet,
			   unsigned int side, uint64_t now_ns)
{
	if (entry->rate_cost)
		entry->paid_until = ist_rate_charge(entry->paid_until, entry->rate_cost,
						    packet->total_length, now_ns);
	entry->count[side].packets++;
	entry->count[side].bytes += packet->total_length;
}

/*
 * Under the lock, after the step: the other user has not answered a SYN-ACK, or Active's SYN, for
 * too long, and this one is heard of. No timer of an eBPF program can send, so the repeat waits for
 * a packet.
 */
IST_INLINE void ist_repeat_handshake(struct ist_entry *entry, const struct ist_config *config,
				     unsigned int side, uint64_t now_ns,
				     struct ist_verdict *verdict)
{
	const unsigned int other = side ^ 1;
	const bool waits = entry->core.state == IST_STATE_SYN_RCVD ||
			   (entry->core.state == IST_STATE_SYN_LOOKUP &&
			    entry->core.method == IST_METHOD_ACTIVE);

	if (!waits || verdict->emit_count || now_ns < entry->core.retry_ns ||
	    entry->core.retries >= config->settings.handshake_retries)
		return;
	ist_retry(&entry->core, now_ns, &config->settings, verdict);
	if (verdict->plan[other] == IST_CRAFT_NONE)
		return;
	ist_craft(&entry->core, other, verdict->plan[other], &config->settings, &verdict->emit[0]);
	verdict->emit_count = 1;
}

/*
 * Under the lock, before the step. Whether a packet of a joined splice, if it is taken, shows the
 * way to its side: only with the exact number that a RST would need, else whoever guesses ports
 * could draw the other side's packets to another link. Datagrams have none: registrations show it,
 * on the device that is known already.
 */
IST_INLINE bool ist_shows_way(const struct ist_entry *entry, const struct ist_packet *packet,
			      const struct ist_link *link, unsigned int side)
{
	if (entry->core.state < IST_STATE_ESTABLISHED)
		return 1;
	if (packet->flags & IST_PACKET_REGISTRATION)
		return entry->link[side].device == link->device;
	return packet->protocol == IST_PROTOCOL_TCP &&
	       (packet->seq == entry->core.side[side].next ||
		packet->seq == entry->core.side[side ^ 1].acked);
}

/*
 * The locked part. Returns 0, a reason of the carrier to drop the packet, or -1 when the splice
 * has gone meanwhile.
 */
IST_INLINE int ist_step_locked(struct ist_entry *entry, const struct ist_config *config,
			       struct ist_scratch *scratch, const struct ist_link *link,
			       bool active)
{
	const struct ist_packet *packet = &scratch->packet;
	struct ist_verdict *verdict = &scratch->verdict;
	const unsigned int side = scratch->place.side & 1;
	const uint64_t now_ns = scratch->now_ns;
	unsigned int refused;
	bool shows_way;

	if (entry->generation != scratch->place.generation)
		return -1;
	refused = ist_refusal(entry, packet, side, now_ns);
	if (refused)
		return (int)refused;
	shows_way = ist_shows_way(entry, packet, link, side);
	if (active && (entry->flags & IST_ENTRY_ANY_SOURCE) &&
	    entry->core.state == IST_STATE_LISTEN && side == IST_SIDE_A)
		entry->core.side[IST_SIDE_B].tuple.destination = packet->tuple.destination;
	if (active)
		ist_active_step(&entry->core, packet, side, now_ns, &config->settings, verdict);
	else
		ist_splice_step(&entry->core, packet, side, now_ns, &config->settings, verdict);
	ist_repeat_handshake(entry, config, side, now_ns, verdict);
	if (entry->core.state == IST_STATE_LISTEN)
		entry->core.active_ns = now_ns;
	if (verdict->action != IST_ACTION_DROP && shows_way)
		entry->link[side] = *link;
	/* A challenge tells the numbers: to the user, not to who sent a doubtful packet. */
	scratch->link[side] = entry->link[side];
	scratch->link[side ^ 1] = entry->link[side ^ 1];
	if (verdict->action == IST_ACTION_FORWARD)
		ist_charge(entry, packet, side, now_ns);
	return 0;
}

/* Where the packet goes after the step. */
IST_INLINE int ist_after_step(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	const struct ist_verdict *verdict = &scratch->verdict;

	if (scratch->first_fragment && verdict->action != IST_ACTION_FORWARD)
		ist_forsake(scratch, verdict->reason);
	if (verdict->action == IST_ACTION_DROP)
		ist_count_drop(verdict->reason);
	else if (verdict->action == IST_ACTION_HOLD)
		ist_count(IST_COUNTER_CONSUMED, 1);
	if (verdict->events || verdict->from_state != verdict->to_state)
		return ist_chain(skb, scratch, IST_PROGRAM_SETTLE);
	return ist_send_on(skb, scratch);
}

/* An Active splice needs its flow to the target to be nobody else's. */
IST_INLINE bool ist_target_is_free(const struct ist_scratch *scratch)
{
	const struct ist_entry *entry = ist_entry_at(scratch->place.slot);
	struct ist_tuple tuple;

	if (!entry || entry->core.state != IST_STATE_LISTEN)
		return 1;
	tuple = entry->core.side[IST_SIDE_B].tuple;
	if (entry->flags & IST_ENTRY_ANY_SOURCE)
		tuple.destination = scratch->packet.tuple.destination;
	return !ist_flow_find(&tuple, entry->core.side[IST_SIDE_B].family, IST_PROTOCOL_TCP);
}

IST_INLINE int ist_slow_step(struct __sk_buff *skb, bool active)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	struct ist_entry *entry;
	struct ist_link link;
	int refused;

	if (!scratch || !config)
		return TC_ACT_UNSPEC;
	entry = ist_entry_at(scratch->place.slot);
	if (!entry)
		return TC_ACT_UNSPEC;
	if (active && !ist_target_is_free(scratch)) {
		ist_count_drop(IST_CARRIER_NO_PORT);
		return TC_ACT_SHOT;
	}
	ist_read_link(skb, scratch, &link);
	scratch->now_ns = bpf_ktime_get_ns();
	bpf_spin_lock(&entry->lock);
	refused = ist_step_locked(entry, config, scratch, &link, active);
	bpf_spin_unlock(&entry->lock);
	if (refused < 0)
		return TC_ACT_UNSPEC;
	if (!refused)
		return ist_after_step(skb, scratch);
	if (scratch->first_fragment)
		ist_forsake(scratch, (uint32_t)refused);
	ist_count_drop((uint32_t)refused);
	if (refused != IST_CARRIER_BYTE_LIMIT && refused != IST_CARRIER_LIFETIME)
		return TC_ACT_SHOT;
	scratch->reason = (uint8_t)refused;
	return ist_chain(skb, scratch, IST_PROGRAM_END);
}

#endif
