/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs between the kernel versions that are supported (doc/ist-module.md). */
#ifndef IST_COMPAT_H
#define IST_COMPAT_H

#include <linux/skbuff.h>
#include <linux/version.h>

/* Waits for a timer that may run just now; it must not be set again. */
static inline void ist_stop_timer(struct timer_list *timer)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	timer_delete_sync(timer);
#else
	del_timer_sync(timer);
#endif
}

/* Time of reception means nothing on the way out. */
static inline void ist_clear_time(struct sk_buff *skb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 18, 0)
	skb_clear_tstamp(skb);
#else
	skb->tstamp = 0;
#endif
}

#endif
