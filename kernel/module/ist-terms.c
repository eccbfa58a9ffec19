// SPDX-License-Identifier: GPL-2.0-or-later
/* What an order says beyond its ports: limits, target, ports that stay closed. */
#include "kernel/module/ist-path.h"

#include <linux/errno.h>
#include <linux/slab.h>

int ist_terms_create(struct ist_terms **terms, const struct ist_order *order, u64 rate,
		     const u16 *closed, unsigned int closed_count)
{
	struct ist_terms *made;

	*terms = NULL;
	if (!rate && !order->byte_limit && !order->lifetime_ns && !closed_count &&
	    order->method != IST_METHOD_ACTIVE)
		return 0;
	made = kzalloc(sizeof(*made) + closed_count * sizeof(u16), GFP_KERNEL_ACCOUNT);
	if (!made)
		return -ENOMEM;
	made->rate = rate;
	made->cost = rate ? ist_rate_cost(rate) : 0;
	made->bytes = order->byte_limit;
	made->time = order->lifetime_ns;
	made->end = IST_NEVER;
	made->target = order->target;
	made->source = order->source;
	made->isn[0] = order->isn[0];
	made->isn[1] = order->isn[1];
	made->closed_count = (u16)closed_count;
	if (closed_count)
		memcpy(made->closed, closed, closed_count * sizeof(u16));
	*terms = made;
	return 0;
}

bool ist_terms_over_bytes(const struct ist_terms *terms, u32 bytes)
{
	return terms->bytes && bytes > terms->bytes - terms->used;
}

bool ist_terms_over_rate(const struct ist_terms *terms, u64 now)
{
	return terms->rate && !ist_rate_admits(terms->paid, now);
}

void ist_terms_charge(struct ist_terms *terms, u32 bytes, u64 now)
{
	terms->used += bytes;
	if (terms->rate)
		terms->paid = ist_rate_charge(terms->paid, terms->cost, bytes, now);
}
