/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock for every packet: CLOCK_MONOTONIC of the beginning of this jiffy (1 to 10 ms), for timers
 * of seconds. A jiffy's first packet asks the kernel, the others compare two words; the kernel's
 * own coarse clock is a helper call, which costs as much as a look-up.
 */
#ifndef IST_CLOCK_H
#define IST_CLOCK_H

#include "kernel/bpf/ist-bpf.h"

static struct {
	uint64_t jiffies;
	uint64_t now_ns;
} ist_clock;

/*
 * Two processors may ask at once, and one may see the other's jiffy with the time of the jiffy
 * before: it is then as much too early as that. Never later than the kernel's clock.
 */
IST_INLINE uint64_t ist_clock_ns(void)
{
	const uint64_t jiffies = bpf_jiffies64();
	uint64_t now_ns;

	if (IST_LIKELY(*(volatile uint64_t *)&ist_clock.jiffies == jiffies))
		return *(volatile uint64_t *)&ist_clock.now_ns;
	now_ns = bpf_ktime_get_ns();
	*(volatile uint64_t *)&ist_clock.now_ns = now_ns;
	*(volatile uint64_t *)&ist_clock.jiffies = jiffies;
	return now_ns;
}

#endif
