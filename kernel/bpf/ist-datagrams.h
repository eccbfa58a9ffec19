/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The datagrams whose first fragment has come. */
#ifndef IST_DATAGRAMS_H
#define IST_DATAGRAMS_H

#include "kernel/bpf/ist-scratch.h"

struct ist_followed {
	struct ist_datagram core;
	struct ist_place place;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct ist_datagram_key);
	__type(value, struct ist_followed);
} ist_fragments SEC(".maps");

/* The first fragment of `scratch->datagram` is dropped, and so will be the others. */
IST_INLINE void ist_forsake(const struct ist_scratch *scratch, uint32_t reason)
{
	struct ist_followed *followed = bpf_map_lookup_elem(&ist_fragments, &scratch->datagram);

	if (!followed)
		return;
	followed->core.reason = (uint8_t)reason;
	followed->core.fate = IST_FATE_DROP;
}

#endif
