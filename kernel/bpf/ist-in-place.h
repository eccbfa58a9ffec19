/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Edits of a plain packet on tc, in place, whatever a device did with its checksum. */
#ifndef IST_IN_PLACE_H
#define IST_IN_PLACE_H

#include "kernel/bpf/ist-plain.h"

#include <bpf/bpf_core_read.h>

/* What a device did with the checksum; enum of linux/skbuff.h. */
#define IST_SUM_COMPLETE 2
#define IST_SUM_PARTIAL 3

/* The field of the kernel's packet that says so: 6.2 and later let a program read it. */
struct sk_buff___ist {
	uint8_t ip_summed : 2;
} __attribute__((preserve_access_index));

extern void *bpf_cast_to_kern_ctx(void *context) __weak __ksym;

/* IST_SUM_COMPLETE also stands for "cannot be told": the helper knows. */
IST_INLINE uint32_t ist_checksum_state(struct __sk_buff *skb)
{
	struct sk_buff___ist *packet;

	if (!bpf_cast_to_kern_ctx)
		return IST_SUM_COMPLETE;
	packet = bpf_cast_to_kern_ctx(skb);
	return BPF_CORE_READ_BITFIELD(packet, ip_summed);
}

/*
 * Ports, and the transport checksum where the program may do that itself: false if the helper has
 * to, with the deltas of `way`.
 */
IST_INLINE bool ist_edit_transport(const struct ist_plain *packet, const struct ist_way *way,
				   uint32_t state)
{
	const bool udp = packet->protocol == IST_PROTOCOL_UDP;
	uint8_t *checksum = packet->transport + (udp ? 6 : 16);
	const uint16_t before = ist_get16(checksum);
	uint16_t after;

	ist_put32(packet->transport, way->ports);
	if (state == IST_SUM_COMPLETE)
		return 0;
	if (state == IST_SUM_PARTIAL)
		after = ist_partial_update(before, way->address_delta);
	else if (udp && !before)
		return 1;
	else
		after = ist_checksum_update(before, (uint32_t)way->address_delta + way->port_delta);
	if (udp && !after)
		after = 0xffff;
	ist_put16(checksum, after);
	return 1;
}

/* The helper edits the checksum; the packet may not be looked at directly afterwards. */
IST_INLINE void ist_help_checksum(struct __sk_buff *skb, uint32_t at, const struct ist_way *way,
				  uint64_t flags)
{
	bpf_l4_csum_replace(skb, at, 0, bpf_htons(way->address_delta), BPF_F_PSEUDO_HDR | flags);
	if (way->port_delta)
		bpf_l4_csum_replace(skb, at, 0, bpf_htons(way->port_delta), flags);
}

/* A packet without a link header leaves by a device that needs one; edits are done. */
IST_INLINE long ist_add_ethernet(struct __sk_buff *skb, const struct ist_way *way,
				 const struct ist_device *device, uint32_t family)
{
	uint16_t words[ETH_HLEN / 2]; /* by two: on the stack accesses are aligned */
	long error;

	__builtin_memcpy(words, &way->peer_low, sizeof(way->peer_low));
	words[2] = way->peer_high;
	__builtin_memcpy(&words[3], device->address, ETH_ALEN);
	words[6] = bpf_htons(family == IST_FAMILY_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	error = bpf_skb_change_head(skb, ETH_HLEN, 0);
	return error ? error : bpf_skb_store_bytes(skb, 0, words, ETH_HLEN, 0);
}

#endif
