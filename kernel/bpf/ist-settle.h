/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows from a step: which tables should hold the splice, news, and its end. Always after
 * the lock is given back: the flags of the entry say what is in the tables, are changed under the
 * lock, and whoever changed them brings the tables up to date. Should two processors do so at once
 * and cross, an entry of a table may be left over; the next packet that finds it sees by the
 * generation that its splice is gone and removes it, and a stranger who finds a splice that is not
 * gone is refused by the core.
 */
#ifndef IST_SETTLE_H
#define IST_SETTLE_H

#include "kernel/bpf/ist-locate.h"

#define IST_ENTRY_TABLES (IST_ENTRY_FLOW_A | IST_ENTRY_FLOW_B | IST_ENTRY_PORT_A | IST_ENTRY_PORT_B)

/* A splice as it was when the lock was given back. */
struct ist_snapshot {
	struct ist_tuple tuple[2];
	uint64_t label;
	uint64_t bytes;
	uint32_t family[2];
	uint16_t had;	/* enum ist_entry_flag */
	uint16_t wants; /* the same, of IST_ENTRY_TABLES */
	uint8_t method;
	uint8_t wanted;
	uint8_t state;
	uint8_t known[2];
};

IST_INLINE uint32_t ist_protocol_of(unsigned int method)
{
	return method == IST_METHOD_UDP ? IST_PROTOCOL_UDP : IST_PROTOCOL_TCP;
}

/* The tables that should hold the splice. */
IST_INLINE uint32_t ist_wanted_tables(const struct ist_entry *entry)
{
	const struct ist_splice *core = &entry->core;
	const bool active = core->wanted == IST_METHOD_ACTIVE;
	uint32_t wants = 0;
	unsigned int i;

	if (core->state == IST_STATE_CLOSED)
		return 0;
	if (active && core->state == IST_STATE_LISTEN)
		return IST_ENTRY_PORT_A;
	if (active || core->state >= IST_STATE_SYN_RCVD)
		return IST_ENTRY_FLOW_A | IST_ENTRY_FLOW_B;
	for (i = 0; i < 2; i++) {
		const struct ist_side *side = &core->side[i];
		const uint32_t flow = (uint32_t)IST_ENTRY_FLOW_A << i;

		if ((side->flags & IST_SIDE_KNOWN) && (entry->flags & flow))
			wants |= flow;
		else if (side->tuple.destination_port)
			wants |= (uint32_t)IST_ENTRY_PORT_A << i;
	}
	return wants;
}

/* Under the lock: notes in the entry which tables will hold it, and what is needed for that. */
IST_INLINE void ist_take_snapshot(struct ist_entry *entry, struct ist_snapshot *shot)
{
	struct ist_splice *core = &entry->core;
	struct ist_side *b = &core->side[IST_SIDE_B];

	shot->tuple[0] = core->side[0].tuple;
	shot->tuple[1] = core->side[1].tuple;
	shot->family[0] = core->side[0].family;
	shot->family[1] = core->side[1].family;
	shot->label = entry->label;
	shot->bytes = entry->count[0].bytes + entry->count[1].bytes;
	shot->method = core->method;
	shot->wanted = core->wanted;
	shot->state = core->state;
	shot->known[0] = core->side[0].flags & IST_SIDE_KNOWN;
	shot->known[1] = b->flags & IST_SIDE_KNOWN;
	if ((entry->flags & IST_ENTRY_FOLLOWS) && core->state == IST_STATE_LISTEN)
		b->tuple.destination_port = 0;
	shot->had = entry->flags;
	shot->wants = (uint16_t)ist_wanted_tables(entry);
	entry->flags = (uint16_t)((entry->flags & ~IST_ENTRY_TABLES) | shot->wants);
}

/* Brings one side's entries up to date. Returns 0, or the reason why that cannot be. */
IST_INLINE unsigned int ist_settle_side(const struct ist_snapshot *shot,
					const struct ist_place *place, unsigned int i)
{
	const uint32_t flow = (uint32_t)IST_ENTRY_FLOW_A << i;
	const uint32_t port = (uint32_t)IST_ENTRY_PORT_A << i;
	const uint32_t protocol = ist_protocol_of(shot->wanted);
	const struct ist_tuple *tuple = &shot->tuple[i];
	const uint32_t gone = shot->had & ~shot->wants;
	const uint32_t fresh = shot->wants & ~shot->had;
	struct ist_place own = *place;
	unsigned int reason = 0;

	own.side = (uint8_t)i;
	if (gone & port)
		ist_port_close(protocol, tuple->destination_port, place, i);
	if (gone & flow)
		ist_flow_erase(tuple, shot->family[i], protocol, place);
	if ((fresh & port) && !ist_port_open(protocol, tuple->destination_port, place, i))
		reason = IST_CARRIER_PORT_TAKEN;
	if ((fresh & flow) && ist_flow_enter(tuple, shot->family[i], protocol, &own, BPF_ANY))
		reason = IST_CARRIER_ERROR;
	return reason;
}

IST_INLINE void ist_news_peer(struct ist_news *news, const struct ist_tuple *tuple, uint32_t family)
{
	news->peer.address = tuple->source;
	news->peer.port = tuple->source_port;
	news->peer.family = (uint8_t)family;
}

/* Tells the owner of a labelled splice. */
IST_INLINE void ist_tell(const struct ist_snapshot *shot, const struct ist_place *place,
			 unsigned int kind, unsigned int reason)
{
	struct ist_news *news;

	if (!shot->label)
		return;
	news = bpf_ringbuf_reserve(&ist_news, sizeof(*news), 0);
	if (!news)
		return;
	ist_clear(news, sizeof(*news));
	news->id = ist_entry_id(place->slot, place->generation);
	news->label = shot->label;
	news->kind = (uint8_t)kind;
	news->reason = (uint8_t)reason;
	if (kind == IST_NEWS_ENDED)
		news->bytes = shot->bytes;
	if (kind == IST_NEWS_FIRST_SIDE) {
		if (shot->known[IST_SIDE_A])
			ist_news_peer(news, &shot->tuple[IST_SIDE_A], shot->family[IST_SIDE_A]);
		else
			ist_news_peer(news, &shot->tuple[IST_SIDE_B], shot->family[IST_SIDE_B]);
		if (shot->wanted == IST_METHOD_PURE)
			news->port = shot->known[IST_SIDE_A]
					     ? shot->tuple[IST_SIDE_B].destination_port
					     : shot->tuple[IST_SIDE_A].destination_port;
	}
	bpf_ringbuf_submit(news, 0);
}

/* The slot returns, once: whether this was the time. */
IST_INLINE bool ist_vacate(struct ist_entry *entry, const struct ist_place *place)
{
	bool ours;

	bpf_spin_lock(&entry->lock);
	ours = entry->generation == place->generation && (entry->flags & IST_ENTRY_USED);
	if (ours) {
		entry->generation = (uint16_t)(entry->generation + 1);
		if (!entry->generation)
			entry->generation = 1;
		entry->flags = 0;
	}
	bpf_spin_unlock(&entry->lock);
	if (ours)
		bpf_map_push_elem(&ist_free, &place->slot, BPF_ANY);
	return ours;
}

/* The end of a splice that is in no table any more. */
IST_INLINE void ist_release(struct ist_entry *entry, const struct ist_place *place)
{
	const uint64_t packets = entry->count[0].packets + entry->count[1].packets;
	const uint64_t bytes = entry->count[0].bytes + entry->count[1].bytes;

	if (!ist_vacate(entry, place))
		return;
	ist_count(IST_COUNTER_ENDED, 1);
	ist_count(IST_COUNTER_FORWARDED, packets);
	ist_count(IST_COUNTER_FORWARDED_BYTES, bytes);
}

#endif
