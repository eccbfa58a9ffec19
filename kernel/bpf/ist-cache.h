/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where IPv4 flows that had packets lately have their splices: a memory in front of ist_flows4,
 * whose look-up costs a third of a plain packet. Direct mapped; a cell is overwritten by whichever
 * flow comes. A cell is believed only if the entry that it names has this very flow, so what is
 * stale does no harm, and nobody needs to clear cells.
 */
#ifndef IST_CACHE_H
#define IST_CACHE_H

#include "kernel/bpf/ist-tables.h"

#define IST_CACHE_BITS 14

/* uint64_t: a struct ist_place whose pad is eight further bits of the hash; 0: empty. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1u << IST_CACHE_BITS);
	__type(key, uint32_t);
	__type(value, uint64_t);
} ist_cache SEC(".maps");

union ist_cache_cell {
	uint64_t word;
	struct ist_place place;
};

/* Multiplicative (Knuth, 6.4): its high bits depend on all of the key's. */
IST_INLINE uint64_t ist_flow4_hash(const struct ist_flow4_key *key)
{
	const uint64_t odd = 0x9e3779b97f4a7c15ull; /* 2^64 over the golden ratio */
	const uint64_t ends = (uint64_t)key->peer << 32 | key->local;
	const uint64_t rest = (uint64_t)key->protocol << 32 | key->ports;
	const uint64_t hash = (ends * odd) ^ rest;

	return (hash ^ hash >> 32) * odd;
}

IST_INLINE uint64_t *ist_cache_cell(uint64_t hash)
{
	const uint32_t index = hash >> (64 - IST_CACHE_BITS);

	return bpf_map_lookup_elem(&ist_cache, &index);
}

IST_INLINE uint8_t ist_cache_tag(uint64_t hash)
{
	return (uint8_t)(hash >> (56 - IST_CACHE_BITS));
}

/* Whether an entry has a flow now. */
IST_INLINE bool ist_has_flow4(const struct ist_entry *entry, const struct ist_place *place,
			      const struct ist_flow4_key *key)
{
	const struct ist_side *side = &entry->core.side[place->side & 1];
	const struct ist_tuple *tuple = &side->tuple;
	const uint32_t protocol =
		entry->core.method == IST_METHOD_UDP ? IST_PROTOCOL_UDP : IST_PROTOCOL_TCP;
	const uint32_t ports = (uint32_t)tuple->source_port << 16 | tuple->destination_port;

	return entry->generation == place->generation &&
	       (entry->flags & (place->side & 1 ? IST_ENTRY_FLOW_B : IST_ENTRY_FLOW_A)) &&
	       side->family == IST_FAMILY_IPV4 && tuple->source.word[0] == bpf_ntohl(key->peer) &&
	       tuple->destination.word[0] == bpf_ntohl(key->local) &&
	       ports == bpf_ntohl(key->ports) && protocol == key->protocol;
}

/* The place of an IPv4 flow. False: there is none. */
IST_INLINE bool ist_flow4_find(const struct ist_flow4_key *key, struct ist_place *place)
{
	const uint64_t hash = ist_flow4_hash(key);
	uint64_t *memory = ist_cache_cell(hash);
	const struct ist_place *found;
	const struct ist_entry *entry;
	union ist_cache_cell cell;

	if (!memory)
		return 0;
	cell.word = *(volatile uint64_t *)memory;
	if (cell.place.generation && cell.place.pad == ist_cache_tag(hash)) {
		entry = ist_entry_at(cell.place.slot);
		if (entry && ist_has_flow4(entry, &cell.place, key)) {
			*place = cell.place;
			return 1;
		}
	}
	found = bpf_map_lookup_elem(&ist_flows4, key);
	if (!found)
		return 0;
	*place = cell.place = *found;
	cell.place.pad = ist_cache_tag(hash);
	*(volatile uint64_t *)memory = cell.word;
	return 1;
}

#endif
