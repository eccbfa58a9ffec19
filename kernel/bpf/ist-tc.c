// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IST on tc (clsact ingress): entry and the programs of the slow path. README.md draws how
 * they follow each other.
 */
#include "kernel/bpf/ist-control.h"
#include "kernel/bpf/ist-enter.h"
#include "kernel/bpf/ist-error.h"
#include "kernel/bpf/ist-follow.h"
#include "kernel/bpf/ist-outcome.h"
#include "kernel/bpf/ist-send.h"
#include "kernel/bpf/ist-step.h"

char ist_license[] SEC("license") = "GPL";

SEC("tc")
int ist_tc(struct __sk_buff *skb)
{
	return ist_enter(skb, ETH_HLEN);
}

SEC("tc")
int ist_tc_l3(struct __sk_buff *skb)
{
	return ist_enter(skb, 0);
}

SEC("tc")
int ist_parse(struct __sk_buff *skb)
{
	return ist_slow_parse(skb);
}

SEC("tc")
int ist_step(struct __sk_buff *skb)
{
	return ist_slow_step(skb, 0);
}

SEC("tc")
int ist_step_active(struct __sk_buff *skb)
{
	return ist_slow_step(skb, 1);
}

SEC("tc")
int ist_settle(struct __sk_buff *skb)
{
	return ist_settle_step(skb);
}

SEC("tc")
int ist_end(struct __sk_buff *skb)
{
	return ist_end_splice(skb);
}

SEC("tc")
int ist_emit(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	bool two;

	if (!scratch)
		return TC_ACT_SHOT;
	if (scratch->verdict.action == IST_ACTION_FORWARD)
		ist_send_forward(skb, scratch, 1);
	two = scratch->verdict.emit_count > 1;
	if (two)
		ist_send_one(skb, scratch, &scratch->verdict.emit[0], 0);
	return ist_send_one(skb, scratch, &scratch->verdict.emit[two ? 1 : 0], 1);
}

SEC("tc")
int ist_forward_on(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();

	return scratch ? ist_send_forward(skb, scratch, 0) : TC_ACT_SHOT;
}

SEC("tc")
int ist_too_big(struct __sk_buff *skb)
{
	return ist_say_too_big(skb);
}

SEC("tc")
int ist_fragment(struct __sk_buff *skb)
{
	return ist_follow(skb);
}

SEC("tc")
int ist_icmp(struct __sk_buff *skb)
{
	return ist_find_error(skb);
}

SEC("tc")
int ist_error(struct __sk_buff *skb)
{
	return ist_send_error(skb);
}

/* Run by BPF_PROG_TEST_RUN, see IST_ORDER_OFFSET. */
SEC("tc")
int ist_control(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	struct ist_order order;

	if (!scratch || !config || bpf_skb_load_bytes(skb, IST_ORDER_OFFSET, &order, sizeof(order)))
		return IST_RESULT_INVALID;
	switch (order.command) {
	case IST_ORDER_ADD:
		order.result = ist_order_add(&order, config);
		ist_count(order.result ? IST_COUNTER_REFUSED : IST_COUNTER_ADDED, 1);
		break;
	case IST_ORDER_REMOVE:
		order.result = IST_RESULT_NO_ENTRY;
		if (ist_order_remove(&order, scratch))
			return ist_chain(skb, scratch, IST_PROGRAM_END);
		break;
	case IST_ORDER_START:
		order.result = ist_sweep_start();
		break;
	case IST_ORDER_STOP:
		order.result = ist_sweep_stop();
		break;
	default:
		order.result = IST_RESULT_INVALID;
		break;
	}
	bpf_skb_store_bytes(skb, IST_ORDER_OFFSET, &order, sizeof(order), 0);
	return order.result;
}
