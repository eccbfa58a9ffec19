/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the slow programs hand to each other by tail call: too large for a stack. One a CPU; a
 * chain of programs is never interrupted by another on the same CPU, as bottom halves are off.
 */
#ifndef IST_SCRATCH_H
#define IST_SCRATCH_H

#include "kernel/bpf/ist-tables.h"

#include "model/splice/ist-family.h"
#include "model/splice/ist-fragment.h"
#include "model/splice/ist-icmp.h"
#include "model/splice/ist-rate.h"
#include "model/splice/ist-too-big.h"

struct ist_scratch {
	/* The first bytes of the IP packet. Longer than IST_HEADER_MAX, as the offsets in `packet`
	 * are known to the verifier as bytes only. */
	uint8_t header[320];
	struct ist_packet packet;
	struct ist_verdict verdict;
	struct ist_place place; /* whose packet, from which side */
	struct ist_tuple tuple[2];
	struct ist_link link[2];
	uint64_t now_ns;
	uint32_t link_header; /* bytes before the IP header in the packet as it is now */
	uint32_t ip_header; /* bytes of the IP header, options and extensions included, likewise */
	uint32_t family;    /* enum ist_family, likewise */
	union {
		struct ist_family_out family_out;
		struct ist_too_big too_big;
		struct ist_icmp_built icmp;
	} made;
	struct ist_icmp_error error;
	struct ist_datagram_key datagram;
	uint32_t captured;	/* bytes of `header`: for IST_PROGRAM_ERROR */
	uint32_t mtu;		/* for IST_PROGRAM_TOO_BIG: of the way out */
	uint8_t control;	/* run by an order: the answer is not a TC action */
	uint8_t first_fragment; /* to the core it looked like the whole datagram */
	uint8_t crosses;	/* IST_PROGRAM_ERROR: to the other family */
	uint8_t reason;		/* for IST_PROGRAM_END */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct ist_scratch);
} ist_scratch SEC(".maps");

IST_INLINE struct ist_scratch *ist_scratch_here(void)
{
	const uint32_t first = 0;

	return bpf_map_lookup_elem(&ist_scratch, &first);
}

/* A packet goes no further. */
IST_INLINE int ist_stop(const struct ist_scratch *scratch)
{
	return scratch->control ? 0 : TC_ACT_SHOT;
}

/* A packet is dropped, for that reason. */
IST_INLINE int ist_send_failed(const struct ist_scratch *scratch, unsigned int reason)
{
	ist_count_drop(reason);
	return ist_stop(scratch);
}

#endif
