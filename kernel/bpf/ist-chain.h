/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From one slow program to the next. */
#ifndef IST_CHAIN_H
#define IST_CHAIN_H

#include "kernel/bpf/ist-scratch.h"

#include "model/splice/ist-active.h"

int ist_parse(struct __sk_buff *skb);
int ist_step(struct __sk_buff *skb);
int ist_step_active(struct __sk_buff *skb);
int ist_settle(struct __sk_buff *skb);
int ist_end(struct __sk_buff *skb);
int ist_emit(struct __sk_buff *skb);
int ist_forward_on(struct __sk_buff *skb);
int ist_too_big(struct __sk_buff *skb);
int ist_fragment(struct __sk_buff *skb);
int ist_icmp(struct __sk_buff *skb);
int ist_error(struct __sk_buff *skb);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, IST_PROGRAMS);
	__uint(key_size, sizeof(uint32_t));
	__array(values, int(struct __sk_buff *));
} ist_programs SEC(".maps") = {
	.values =
		{
			[IST_PROGRAM_PARSE] = (void *)&ist_parse,
			[IST_PROGRAM_STEP] = (void *)&ist_step,
			[IST_PROGRAM_ACTIVE] = (void *)&ist_step_active,
			[IST_PROGRAM_SETTLE] = (void *)&ist_settle,
			[IST_PROGRAM_END] = (void *)&ist_end,
			[IST_PROGRAM_EMIT] = (void *)&ist_emit,
			[IST_PROGRAM_FORWARD] = (void *)&ist_forward_on,
			[IST_PROGRAM_TOO_BIG] = (void *)&ist_too_big,
			[IST_PROGRAM_FRAGMENT] = (void *)&ist_fragment,
			[IST_PROGRAM_ICMP] = (void *)&ist_icmp,
			[IST_PROGRAM_ERROR] = (void *)&ist_error,
		},
};

/* Goes on with another program and returns only if that is missing. */
IST_INLINE int ist_chain(struct __sk_buff *skb, const struct ist_scratch *scratch, uint32_t program)
{
	bpf_tail_call(skb, &ist_programs, program);
	ist_count_drop(IST_CARRIER_ERROR);
	return ist_stop(scratch);
}

/* Sends what there is to send. */
IST_INLINE int ist_send_on(struct __sk_buff *skb, const struct ist_scratch *scratch)
{
	if (scratch->verdict.emit_count)
		return ist_chain(skb, scratch, IST_PROGRAM_EMIT);
	if (scratch->verdict.action == IST_ACTION_FORWARD)
		return ist_chain(skb, scratch, IST_PROGRAM_FORWARD);
	return ist_stop(scratch);
}

#endif
