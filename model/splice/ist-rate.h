/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rate limit of a splice: a token bucket that keeps only when it will be full again (the generic
 * cell rate algorithm, ITU-T I.371). Whatever passes costs its time at the rate, and something
 * passes as long as less than the burst is owed: so a single large packet passes at any rate, and
 * the long-term rate is exact but for the rounding of the cost (less than 0.001 ns a byte).
 */
#ifndef IST_RATE_H
#define IST_RATE_H

#include "model/splice/ist-env.h"

/* A cost is the time of a byte in units of 2^-20 ns. */
#define IST_RATE_SHIFT 20

/* What may be owed: smooths TCP's bursts. 200 ms */
#define IST_RATE_BURST_NS 200000000u

/* The least rate that can be told, bits a second; a lower one is taken for it. */
#define IST_RATE_LEAST 64

/* The cost of a byte at a rate in bits a second, rounded up. For user space: it divides. */
IST_INLINE uint64_t ist_rate_cost(uint64_t bits_per_second)
{
	const uint64_t second = (uint64_t)8000000000u << IST_RATE_SHIFT;

	if (bits_per_second < IST_RATE_LEAST)
		bits_per_second = IST_RATE_LEAST;
	return (second - 1) / bits_per_second + 1;
}

/* Whether a packet may pass now. `paid_until`: 0 at first. */
IST_INLINE bool ist_rate_admits(uint64_t paid_until, uint64_t now_ns)
{
	return paid_until < now_ns + IST_RATE_BURST_NS;
}

/* What `paid_until` becomes by a packet of `bytes` (at most 65535) that passes. */
IST_INLINE uint64_t ist_rate_charge(uint64_t paid_until, uint64_t cost, uint32_t bytes,
				    uint64_t now_ns)
{
	const uint64_t added =
		(cost * (bytes & 0xffff) + ((1u << IST_RATE_SHIFT) - 1)) >> IST_RATE_SHIFT;

	return (paid_until > now_ns ? paid_until : now_ns) + added;
}

#endif
