// SPDX-License-Identifier: GPL-2.0-or-later
/* The splice core in a kernel module: parsed, stepped and rewritten on preallocated memory. Only
 * compiled here. */
#include <linux/module.h>
#include <linux/skbuff.h>

#include "model/splice/ist-active.h"
#include "model/splice/ist-fast.h"
#include "model/splice/ist-fragment.h"
#include "model/splice/ist-icmp.h"
#include "model/splice/ist-names.h"
#include "model/splice/ist-rate.h"
#include "model/splice/ist-splice.h"
#include "model/splice/ist-too-big.h"

int ist_compile_test(struct ist_splice *splice, struct sk_buff *skb,
		     const struct ist_settings *settings, struct ist_packet *packet,
		     struct ist_verdict *verdict);

int ist_compile_test(struct ist_splice *splice, struct sk_buff *skb,
		     const struct ist_settings *settings, struct ist_packet *packet,
		     struct ist_verdict *verdict)
{
	const unsigned int mode =
		skb->ip_summed == CHECKSUM_PARTIAL ? IST_CHECKSUM_PARTIAL : IST_CHECKSUM_FULL;

	if (ist_packet_parse_any(packet, skb->data, skb_headlen(skb), skb->len))
		return -EINVAL;
	if (splice->method == IST_METHOD_ACTIVE)
		ist_active_step(splice, packet, IST_SIDE_A, ktime_get_ns(), settings, verdict);
	else
		ist_splice_step(splice, packet, IST_SIDE_A, ktime_get_ns(), settings, verdict);
	if (verdict->action == IST_ACTION_FORWARD)
		ist_rewrite_apply(skb->data, packet, &verdict->edits, mode);
	pr_debug("%s %s\n", ist_state_name(verdict->to_state), ist_reason_name(verdict->reason));
	return 0;
}

EXPORT_SYMBOL_GPL(ist_compile_test);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Compile test of the splice core");
