/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that follow a step which changed more than the packet: tables, news, the end. */
#ifndef IST_OUTCOME_H
#define IST_OUTCOME_H

#include "kernel/bpf/ist-chain.h"
#include "kernel/bpf/ist-settle.h"

#define IST_PORT_TRIES 64

/* Whether the host uses a TCP port itself. */
IST_INLINE bool ist_port_is_closed(uint16_t port)
{
	const uint32_t index = (uint32_t)port >> 6;
	const uint64_t *word = bpf_map_lookup_elem(&ist_closed, &index);

	return !word || (*word >> (port & 63) & 1);
}

/* A free one of the ports that the IST chooses itself, opened for side B; 0: none found. */
IST_INLINE uint16_t ist_choose_port(const struct ist_config *config, const struct ist_place *place)
{
	const uint32_t first = config->own_port_first ? config->own_port_first : 1;
	const uint32_t count = (uint32_t)config->own_port_last - first + 1;
	uint32_t i, port;

	if (config->own_port_last < first)
		return 0;
	for (i = 0; i < IST_PORT_TRIES; i++) {
		port = first + bpf_get_prandom_u32() % count;
		if (!ist_port_is_closed((uint16_t)port) &&
		    ist_port_open(IST_PROTOCOL_TCP, (uint16_t)port, place, IST_SIDE_B))
			return (uint16_t)port;
	}
	return 0;
}

/*
 * Pure: B connects to the IST port with the number of A's source port, P2 (thesis Fig 4.7), or to
 * another one, and the splice is Passive. Whether there is one.
 */
IST_INLINE bool ist_open_return_port(struct ist_entry *entry, const struct ist_config *config,
				     const struct ist_place *place, struct ist_snapshot *shot)
{
	uint16_t port = shot->tuple[IST_SIDE_A].source_port;
	const bool pure = port && !ist_port_is_closed(port) &&
			  ist_port_open(IST_PROTOCOL_TCP, port, place, IST_SIDE_B);

	if (!pure)
		port = ist_choose_port(config, place);
	bpf_spin_lock(&entry->lock);
	if (!pure)
		ist_splice_fall_back(&entry->core);
	if (port) {
		entry->core.side[IST_SIDE_B].tuple.destination_port = port;
		entry->flags |= IST_ENTRY_PORT_B;
	}
	bpf_spin_unlock(&entry->lock);
	shot->tuple[IST_SIDE_B].destination_port = port;
	if (!pure) {
		ist_count(IST_COUNTER_FALLBACKS, 1);
		ist_tell(shot, place, IST_NEWS_FELL_BACK, IST_CARRIER_PORT_TAKEN);
	}
	return port != 0;
}

/* Ends the splice for a reason of the carrier. */
IST_INLINE int ist_end_for(struct __sk_buff *skb, struct ist_scratch *scratch, unsigned int reason)
{
	scratch->reason = (uint8_t)reason;
	return ist_chain(skb, scratch, IST_PROGRAM_END);
}

IST_INLINE void ist_settle_news(const struct ist_snapshot *shot, const struct ist_place *place,
				const struct ist_verdict *verdict)
{
	if (verdict->events & IST_EVENT_FALLBACK) {
		ist_count(IST_COUNTER_FALLBACKS, 1);
		ist_tell(shot, place, IST_NEWS_FELL_BACK, verdict->reason);
	}
	if (verdict->events & IST_EVENT_PAIRED) {
		ist_count(IST_COUNTER_PAIRED, 1);
		ist_tell(shot, place, IST_NEWS_PAIRED, 0);
	}
	if (shot->state == IST_STATE_CLOSED)
		ist_tell(shot, place, IST_NEWS_ENDED, verdict->reason);
}

/* Under the lock: the first pairing begins the lifetime. */
IST_INLINE void ist_begin_lifetime(struct ist_entry *entry, const struct ist_verdict *verdict,
				   uint64_t now_ns)
{
	if (!(verdict->events & IST_EVENT_PAIRED) || (entry->flags & IST_ENTRY_PAIRED))
		return;
	entry->flags |= IST_ENTRY_PAIRED;
	if (entry->end_tick)
		entry->end_tick += (uint32_t)(now_ns >> IST_TICK_SHIFT);
}

IST_INLINE int ist_settle_step(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	struct ist_snapshot shot;
	struct ist_place place;
	struct ist_entry *entry;
	unsigned int failed;
	bool ours;

	if (!scratch || !config)
		return TC_ACT_SHOT;
	place = scratch->place;
	entry = ist_entry_at(place.slot);
	if (!entry)
		return ist_stop(scratch);
	bpf_spin_lock(&entry->lock);
	ours = entry->generation == place.generation;
	if (ours) {
		ist_begin_lifetime(entry, &scratch->verdict, scratch->now_ns);
		ist_take_snapshot(entry, &shot);
	}
	bpf_spin_unlock(&entry->lock);
	if (!ours)
		return ist_stop(scratch);
	failed = ist_settle_side(&shot, &place, IST_SIDE_A);
	failed |= ist_settle_side(&shot, &place, IST_SIDE_B);
	if (failed)
		return ist_end_for(skb, scratch, failed);
	if (scratch->verdict.events & IST_EVENT_FIRST) {
		if ((shot.had & IST_ENTRY_FOLLOWS) && shot.known[IST_SIDE_A] &&
		    !shot.tuple[IST_SIDE_B].destination_port &&
		    !ist_open_return_port(entry, config, &place, &shot))
			return ist_end_for(skb, scratch, IST_CARRIER_NO_PORT);
		ist_tell(&shot, &place, IST_NEWS_FIRST_SIDE, 0);
	}
	ist_settle_news(&shot, &place, &scratch->verdict);
	if (shot.state == IST_STATE_CLOSED)
		ist_release(entry, &place);
	return ist_send_on(skb, scratch);
}

/* Ends a splice as IstEngine does: users of a joined one get a RST each. */
IST_INLINE int ist_end_splice(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	struct ist_entry *entry;
	bool ours;

	if (!scratch || !config)
		return TC_ACT_SHOT;
	entry = ist_entry_at(scratch->place.slot);
	if (!entry)
		return ist_stop(scratch);
	bpf_spin_lock(&entry->lock);
	ours = entry->generation == scratch->place.generation;
	if (ours) {
		ist_verdict_begin(&scratch->verdict, &entry->core);
		if (entry->core.state == IST_STATE_TIME_WAIT)
			ist_close(&entry->core, IST_REASON_NONE, &scratch->verdict);
		else
			ist_time_out(&entry->core, IST_REASON_NONE, &config->settings,
				     &scratch->verdict);
		ist_verdict_end(&entry->core, &config->settings, &scratch->verdict);
		scratch->verdict.reason = scratch->reason;
		scratch->link[0] = entry->link[0];
		scratch->link[1] = entry->link[1];
	}
	bpf_spin_unlock(&entry->lock);
	if (!ours)
		return ist_stop(scratch);
	return ist_chain(skb, scratch, IST_PROGRAM_SETTLE);
}

#endif
