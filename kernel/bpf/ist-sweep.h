/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expiry: a timer of the kernel's that looks at some slots each time and begins again at the end.
 * It runs as long as ist_timer is pinned, with no process at all. It cannot send: users of a splice
 * that it ends get no RST from it but from the host, whose port is closed, when they send again. A
 * lifetime is the exception, as its users do send: they get theirs with the next packet.
 */
#ifndef IST_SWEEP_H
#define IST_SWEEP_H

#include "kernel/bpf/ist-settle.h"

#define IST_SWEEP_MOST (1 << 20) /* slots in one go */

#define IST_LAST_TICKS 360 /* 6 s */

struct ist_timer_entry {
	struct bpf_timer timer;
	uint32_t next; /* slot to go on with */
	uint32_t running;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, uint32_t);
	__type(value, struct ist_timer_entry);
} ist_timer SEC(".maps");

struct ist_sweep {
	const struct ist_config *config;
	uint64_t now_ns;
	uint32_t first;
	uint32_t slots;
};

/* All repeats of a SYN-ACK have had their time: 1 + 2 + 4 ... intervals from pairing. */
IST_INLINE uint64_t ist_handshake_end(const struct ist_splice *core,
				      const struct ist_settings *settings)
{
	return core->active_ns +
	       settings->handshake_ns * ((2ull << (settings->handshake_retries & 15)) - 1);
}

/* The time of a tick that lies at most 2^31 ticks (more than a year) from now. */
IST_INLINE uint64_t ist_tick_time(uint32_t tick, uint64_t now_ns)
{
	const uint64_t now = now_ns >> IST_TICK_SHIFT;

	return (now + (uint64_t)(long long)(int32_t)(tick - (uint32_t)now)) << IST_TICK_SHIFT;
}

IST_INLINE uint64_t ist_earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* When a splice expires if nothing happens. */
IST_INLINE uint64_t ist_entry_deadline(const struct ist_entry *entry,
				       const struct ist_config *config, uint64_t now_ns)
{
	const struct ist_splice *core = &entry->core;
	const struct ist_settings *settings = &config->settings;
	const bool active = core->method == IST_METHOD_ACTIVE;
	const uint64_t limit =
		ist_tick_time(entry->added_tick, now_ns) + config->unmatched_limit_ns;
	uint64_t deadline;

	if (core->state == IST_STATE_LISTEN)
		return ist_earlier(core->active_ns + settings->unmatched_ns, limit);
	if (core->state == IST_STATE_SYN_RCVD || (active && core->state == IST_STATE_SYN_LOOKUP))
		return ist_handshake_end(core, settings);
	deadline = ist_splice_deadline(core, settings);
	if (core->state == IST_STATE_SYN_LOOKUP)
		return ist_earlier(deadline, limit);
	if (core->state != IST_STATE_TIME_WAIT && (entry->flags & IST_ENTRY_PAIRED) &&
	    entry->end_tick)
		deadline = ist_earlier(deadline, ist_tick_time(entry->end_tick, now_ns));
	return deadline;
}

IST_INLINE unsigned int ist_expiry_reason(const struct ist_entry *entry)
{
	switch (entry->core.state) {
	case IST_STATE_LISTEN:
		return IST_REASON_UNMATCHED_TIMEOUT;
	case IST_STATE_SYN_LOOKUP:
		return entry->core.method == IST_METHOD_ACTIVE ? IST_REASON_HANDSHAKE_TIMEOUT
							       : IST_REASON_UNMATCHED_TIMEOUT;
	case IST_STATE_SYN_RCVD:
		return IST_REASON_HANDSHAKE_TIMEOUT;
	case IST_STATE_TIME_WAIT:
		return IST_REASON_TIME_WAIT_OVER;
	default:
		return entry->flags & IST_ENTRY_ENDING ? IST_CARRIER_LIFETIME
						       : IST_REASON_IDLE_TIMEOUT;
	}
}

/* Under the lock: closes an entry that is due; whether it did, and why. */
IST_INLINE unsigned int ist_expire(struct ist_entry *entry, const struct ist_config *config,
				   uint64_t now_ns)
{
	unsigned int reason;

	if (!(entry->flags & IST_ENTRY_USED) || now_ns < ist_entry_deadline(entry, config, now_ns))
		return 0;
	reason = ist_expiry_reason(entry);
	if (entry->end_tick && (entry->flags & IST_ENTRY_PAIRED) &&
	    entry->core.state != IST_STATE_TIME_WAIT &&
	    now_ns >= ist_tick_time(entry->end_tick, now_ns) &&
	    !(entry->flags & IST_ENTRY_ENDING)) {
		/* Some seconds more for the packet that draws the RSTs. */
		entry->flags |= IST_ENTRY_ENDING;
		entry->end_tick = (uint32_t)(now_ns >> IST_TICK_SHIFT) + IST_LAST_TICKS;
		return 0;
	}
	entry->core.state = IST_STATE_CLOSED;
	return reason;
}

static long ist_sweep_slot(uint32_t index, struct ist_sweep *sweep)
{
	const uint32_t slot = sweep->first + index < sweep->slots
				      ? sweep->first + index
				      : sweep->first + index - sweep->slots;
	struct ist_entry *entry = ist_entry_at(slot);
	struct ist_snapshot shot;
	struct ist_place place;
	unsigned int reason;

	if (!entry)
		return 1;
	if (!(entry->flags & IST_ENTRY_USED) ||
	    sweep->now_ns < ist_entry_deadline(entry, sweep->config, sweep->now_ns))
		return 0;
	ist_clear(&place, sizeof(place));
	place.slot = slot;
	bpf_spin_lock(&entry->lock);
	place.generation = entry->generation;
	reason = ist_expire(entry, sweep->config, sweep->now_ns);
	if (reason)
		ist_take_snapshot(entry, &shot);
	bpf_spin_unlock(&entry->lock);
	if (!reason)
		return 0;
	ist_settle_side(&shot, &place, IST_SIDE_A);
	ist_settle_side(&shot, &place, IST_SIDE_B);
	ist_tell(&shot, &place, IST_NEWS_ENDED, reason);
	ist_release(entry, &place);
	return 0;
}

static int ist_sweep_some(void *map, uint32_t *key, struct ist_timer_entry *timer)
{
	struct ist_sweep sweep;
	uint32_t count;

	sweep.config = ist_configuration();
	if (!sweep.config || !timer->running)
		return 0;
	sweep.slots = sweep.config->max_splices;
	sweep.now_ns = bpf_ktime_get_ns();
	count = sweep.config->tick_slots;
	if (count > sweep.slots)
		count = sweep.slots;
	if (count > IST_SWEEP_MOST)
		count = IST_SWEEP_MOST;
	sweep.first = timer->next < sweep.slots ? timer->next : 0;
	bpf_loop(count, ist_sweep_slot, &sweep, 0);
	timer->next = sweep.first + count < sweep.slots ? sweep.first + count
							: sweep.first + count - sweep.slots;
	bpf_timer_start(&timer->timer, sweep.config->tick_ns, 0);
	return 0;
}

IST_INLINE int ist_sweep_start(void)
{
	const uint32_t first = 0;
	struct ist_timer_entry *timer = bpf_map_lookup_elem(&ist_timer, &first);

	if (!timer)
		return IST_RESULT_INVALID;
	bpf_timer_init(&timer->timer, &ist_timer, 1 /* CLOCK_MONOTONIC */);
	bpf_timer_set_callback(&timer->timer, ist_sweep_some);
	timer->running = 1;
	return (int)bpf_timer_start(&timer->timer, 0, 0);
}

IST_INLINE int ist_sweep_stop(void)
{
	const uint32_t first = 0;
	struct ist_timer_entry *timer = bpf_map_lookup_elem(&ist_timer, &first);

	if (!timer)
		return IST_RESULT_INVALID;
	timer->running = 0;
	bpf_timer_cancel(&timer->timer);
	return 0;
}

#endif
