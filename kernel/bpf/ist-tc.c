// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IST on tc (clsact ingress): entry and the programs of the slow path. README.md draws how
 * they follow each other.
 */
#include "kernel/bpf/ist-control.h"
#include "kernel/bpf/ist-outcome.h"
#include "kernel/bpf/ist-send.h"
#include "kernel/bpf/ist-step.h"

char ist_license[] SEC("license") = "GPL";

IST_INLINE int ist_enter_slow(struct __sk_buff *skb, uint32_t link_header)
{
	struct ist_scratch *scratch = ist_scratch_here();

	if (!scratch)
		return TC_ACT_UNSPEC;
	scratch->link_header = link_header;
	scratch->control = 0;
	return ist_chain(skb, scratch, IST_PROGRAM_PARSE);
}

IST_INLINE int ist_enter(struct __sk_buff *skb, uint32_t link_header)
{
	uint8_t *data = IST_CONTEXT_POINTER(uint8_t, skb, data);
	const uint8_t *end = IST_CONTEXT_POINTER(uint8_t, skb, data_end);
	struct ist_flow4_key key;
	const struct ist_place *flow;
	struct ist_own_key own;
	struct ist_place place;
	const uint8_t *ip = data + link_header;
	const uint8_t *transport = ip + IST_IPV4_HEADER;

	if (transport + 4 > end)
		return TC_ACT_UNSPEC;
	if (link_header && (data[12] != 0x08 || data[13] != 0x00))
		return TC_ACT_UNSPEC;
	if (ip[0] >> 4 != IST_FAMILY_IPV4 ||
	    (ip[9] != IST_PROTOCOL_TCP && ip[9] != IST_PROTOCOL_UDP))
		return TC_ACT_UNSPEC;
	if (ip[0] != 0x45) {
		transport = ip + ((ip[0] & 0xf) * 4);
		if (transport + 4 > end)
			return TC_ACT_UNSPEC;
	}
	__builtin_memcpy(&key.peer, ip + 12, 8);
	__builtin_memcpy(&key.ports, transport, 4);
	key.protocol = ip[9];
	flow = bpf_map_lookup_elem(&ist_flows4, &key);
	if (flow)
		return ist_enter_slow(skb, link_header);
	if (!ist_port_find(key.protocol, ist_get16(transport + 2), &place))
		return TC_ACT_UNSPEC;
	ist_clear(&own, sizeof(own));
	__builtin_memcpy(own.bytes, &key.local, 4);
	own.family = IST_FAMILY_IPV4;
	if (!bpf_map_lookup_elem(&ist_addresses, &own))
		return TC_ACT_UNSPEC;
	return ist_enter_slow(skb, link_header);
}

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
