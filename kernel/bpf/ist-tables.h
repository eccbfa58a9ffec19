/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps of the IST as the eBPF programs see them; kernel/uapi/ist-maps.h says what is in them.
 * Sizes here are the least: who loads sets those of the splices wanted.
 */
#ifndef IST_TABLES_H
#define IST_TABLES_H

#include "kernel/bpf/ist-bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct ist_entry);
} ist_splices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, struct ist_flow4_key);
	__type(value, struct ist_place);
} ist_flows4 SEC(".maps");

/* Not allocated beforehand: an IST with addresses of both families would pay for each splice twice
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ist_flow6_key);
	__type(value, struct ist_place);
} ist_flows6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IST_PORTS);
	__type(key, uint32_t);
	__type(value, uint64_t);
} ist_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct ist_own_key);
	__type(value, uint32_t);
} ist_addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IST_CLOSED_WORDS);
	__type(key, uint32_t);
	__type(value, uint64_t);
} ist_closed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, IST_DEVICES_MAX);
	__type(key, uint32_t);
	__type(value, struct ist_device);
} ist_devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, IST_DEVICES_MAX);
	__type(key, uint32_t);
	__type(value, uint32_t);
} ist_device_index SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct ist_config);
} ist_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IST_REASONS);
	__type(key, uint32_t);
	__type(value, uint64_t);
} ist_drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, IST_COUNTERS);
	__type(key, uint32_t);
	__type(value, uint64_t);
} ist_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, uint32_t);
} ist_free SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} ist_news SEC(".maps");

/* Adds to a total. */
IST_INLINE void ist_count(uint32_t counter, uint64_t more)
{
	uint64_t *total = bpf_map_lookup_elem(&ist_counters, &counter);

	if (total)
		*total += more;
}

/* A packet ends here. */
IST_INLINE void ist_count_drop(uint32_t reason)
{
	uint64_t *total = bpf_map_lookup_elem(&ist_drops, &reason);

	if (total)
		*total += 1;
}

IST_INLINE const struct ist_config *ist_configuration(void)
{
	const uint32_t first = 0;

	return bpf_map_lookup_elem(&ist_config, &first);
}

IST_INLINE struct ist_entry *ist_entry_at(uint32_t slot)
{
	return bpf_map_lookup_elem(&ist_splices, &slot);
}

#endif
