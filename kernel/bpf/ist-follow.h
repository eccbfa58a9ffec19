/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments of UDP: the first one takes the core's step as if it were the datagram, the later ones
 * share its fate. Nothing is reassembled or held.
 */
#ifndef IST_FOLLOW_H
#define IST_FOLLOW_H

#include "kernel/bpf/ist-step.h"

/*
 * The first one. Its fate is told before the step, so that the later ones, on other processors,
 * find it; should the core drop it, that is told afterwards.
 */
IST_INLINE int ist_follow_first(struct __sk_buff *skb, struct ist_scratch *scratch,
				const struct ist_config *config)
{
	struct ist_followed followed;

	if (!ist_locate(scratch))
		return TC_ACT_UNSPEC;
	ist_datagram_first(&followed.core, &scratch->packet, IST_FATE_FORWARD, scratch->place.side,
			   bpf_ktime_get_coarse_ns() + config->fragment_ns);
	followed.place = scratch->place;
	bpf_map_update_elem(&ist_fragments, &scratch->datagram, &followed, BPF_ANY);
	scratch->packet.flags &= (uint8_t)~IST_PACKET_MORE_FRAGMENTS;
	scratch->first_fragment = 1;
	return ist_chain(skb, scratch, IST_PROGRAM_STEP);
}

/* Under the lock: what the core made of the first one holds for this one. */
IST_INLINE int ist_follow_locked(struct ist_entry *entry, const struct ist_config *config,
				 struct ist_scratch *scratch)
{
	const unsigned int side = scratch->place.side & 1;
	struct ist_verdict *verdict = &scratch->verdict;
	unsigned int refused;

	if (entry->generation != scratch->place.generation ||
	    entry->core.state != IST_STATE_ESTABLISHED)
		return IST_REASON_CLOSED;
	if (ist_ttl_ends(&scratch->packet, &config->settings))
		return IST_REASON_TTL;
	refused = ist_refusal(entry, &scratch->packet, side, scratch->now_ns);
	if (refused)
		return (int)refused;
	ist_verdict_begin(verdict, &entry->core);
	ist_forward(&entry->core, side, &config->settings, verdict);
	scratch->link[side ^ 1] = entry->link[side ^ 1];
	ist_charge(entry, &scratch->packet, side, scratch->now_ns);
	return 0;
}

/*
 * A later one. Without its first it is not known to be the IST's: the host gets it, and forgets it
 * if it is not its own.
 */
IST_INLINE int ist_follow_later(struct __sk_buff *skb, struct ist_scratch *scratch,
				const struct ist_config *config)
{
	struct ist_followed *followed = bpf_map_lookup_elem(&ist_fragments, &scratch->datagram);
	struct ist_entry *entry;
	unsigned int fate;
	int refused;
	bool over;

	if (!followed)
		return TC_ACT_UNSPEC;
	scratch->now_ns = bpf_ktime_get_ns();
	scratch->place = followed->place;
	fate = ist_datagram_next(&followed->core, &scratch->packet, scratch->now_ns, &over);
	if (over)
		bpf_map_delete_elem(&ist_fragments, &scratch->datagram);
	if (fate == IST_FATE_DROP)
		return ist_send_failed(scratch, followed->core.reason);
	if (fate != IST_FATE_FORWARD)
		return ist_send_failed(scratch, IST_CARRIER_FRAGMENT_LIMIT);
	entry = ist_entry_at(scratch->place.slot);
	if (!entry)
		return TC_ACT_UNSPEC;
	bpf_spin_lock(&entry->lock);
	refused = ist_follow_locked(entry, config, scratch);
	bpf_spin_unlock(&entry->lock);
	if (refused)
		return ist_send_failed(scratch, (uint32_t)refused);
	return ist_chain(skb, scratch, IST_PROGRAM_FORWARD);
}

IST_INLINE int ist_follow(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	const struct ist_packet *packet;

	if (!scratch || !config || ist_read_headers(skb, scratch))
		return TC_ACT_UNSPEC;
	packet = &scratch->packet;
	if (!packet->fragment_offset && !(packet->flags & IST_PACKET_MORE_FRAGMENTS)) {
		if (!ist_locate(scratch))
			return TC_ACT_UNSPEC;
		return ist_chain(skb, scratch, ist_method_program(scratch));
	}
	if (packet->protocol != IST_PROTOCOL_UDP) {
		/* The core refuses fragments of TCP, if they are the IST's; later ones have no
		 * ports. */
		if (packet->fragment_offset || packet->protocol != IST_PROTOCOL_TCP ||
		    !ist_locate(scratch))
			return TC_ACT_UNSPEC;
		return ist_chain(skb, scratch, ist_method_program(scratch));
	}
	ist_datagram_key_of(&scratch->datagram, packet);
	return packet->fragment_offset ? ist_follow_later(skb, scratch, config)
				       : ist_follow_first(skb, scratch, config);
}

#endif
