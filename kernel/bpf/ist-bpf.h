/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every eBPF program here starts from: helpers, packet pointers, byte order. */
#ifndef IST_BPF_H
#define IST_BPF_H

#include "kernel/uapi/ist-maps.h"

#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/*
 * The packet pointers of the context, read by hand: clang 14 may narrow `(void *)(long)skb->data`
 * to 32 bits, which the verifier accepts and which then fails every bounds check.
 */
#define IST_CONTEXT_POINTER(type, context, field)                                               \
	({                                                                                      \
		type *pointer;                                                                  \
		asm volatile("%0 = *(u32 *)(%1 + %2)"                                           \
			     : "=r"(pointer)                                                    \
			     : "r"(context), "i"(__builtin_offsetof(typeof(*context), field))); \
		pointer;                                                                        \
	})

/* Keeps the compiler from forgetting a bound that the verifier needs to see. */
#define IST_KEEP(value) asm volatile("" : "+r"(value))

/*
 * A length that is from 1 to most + 1 already (`most` is a power of two less one), so that every
 * verifier sees it: 6.1's does not learn from a comparison that it is not zero.
 */
IST_INLINE uint32_t ist_length(uint32_t length, uint32_t most)
{
	IST_KEEP(length);
	return ((length - 1) & most) + 1;
}

/* An address as in a packet, network order. */
IST_INLINE void ist_address_bytes(uint32_t to[4], const struct ist_address *address)
{
	to[0] = bpf_htonl(address->word[0]);
	to[1] = bpf_htonl(address->word[1]);
	to[2] = bpf_htonl(address->word[2]);
	to[3] = bpf_htonl(address->word[3]);
}

#endif
