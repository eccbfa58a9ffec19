/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders of user space, carried out where packets are handled, so that the two never race. */
#ifndef IST_CONTROL_H
#define IST_CONTROL_H

#include "kernel/bpf/ist-chain.h"
#include "kernel/bpf/ist-sweep.h"

/* Under the lock: a fresh entry. Its generation stays. */
IST_INLINE void ist_entry_begin(struct ist_entry *entry, const struct ist_order *order,
				uint64_t now_ns, const struct ist_settings *settings)
{
	struct ist_splice *core = &entry->core;
	uint32_t flags = IST_ENTRY_USED | IST_ENTRY_PORT_A;

	ist_splice_init(core, order->method);
	ist_clear(entry->link, sizeof(entry->link));
	ist_clear(entry->count, sizeof(entry->count));
	entry->label = order->label;
	entry->added_tick = (uint32_t)(now_ns >> IST_TICK_SHIFT);
	entry->rate_cost = order->rate_cost;
	entry->paid_until = 0;
	entry->byte_limit = order->byte_limit;
	entry->end_tick = (uint32_t)(order->lifetime_ns >> IST_TICK_SHIFT);
	if (order->lifetime_ns && !entry->end_tick)
		entry->end_tick = 1;
	core->active_ns = now_ns;
	if (order->rate_cost || order->byte_limit)
		flags |= IST_ENTRY_LIMITED;
	if (order->method == IST_METHOD_ACTIVE) {
		struct ist_active_config config;

		ist_clear(&config, sizeof(config));
		config.from_b.source = order->target.address;
		config.from_b.source_port = order->target.port;
		config.from_b.destination = order->source.address;
		config.from_b.destination_port = order->port[1];
		config.isn_to_a = order->isn[0];
		config.isn_to_b = order->isn[1];
		config.family_b = order->target.family;
		ist_active_init(core, &config, settings);
		core->active_ns = now_ns;
		entry->link[1].device = order->target_device;
		if (!order->source.family)
			flags |= IST_ENTRY_ANY_SOURCE;
	} else {
		core->side[1].tuple.destination_port = order->port[1];
		flags |= order->port[1] ? IST_ENTRY_PORT_B : IST_ENTRY_FOLLOWS;
		if (order->allowed[1].family) {
			core->side[1].tuple.source = order->allowed[1].address;
			core->side[1].family = order->allowed[1].family;
			flags |= IST_ENTRY_RESTRICTED_B;
		}
	}
	core->side[0].tuple.destination_port = order->port[0];
	if (order->allowed[0].family) {
		core->side[0].tuple.source = order->allowed[0].address;
		core->side[0].family = order->allowed[0].family;
		flags |= IST_ENTRY_RESTRICTED_A;
	}
	entry->flags = (uint16_t)flags;
}

IST_INLINE bool ist_order_is_sane(const struct ist_order *order)
{
	if (order->method > IST_METHOD_UDP || !order->port[0])
		return 0;
	if (order->method == IST_METHOD_ACTIVE)
		return order->port[1] && order->target.port && order->target.family;
	return order->port[0] != order->port[1] &&
	       (order->port[1] || order->method == IST_METHOD_PURE);
}

/* The entry is whole before its ports lead packets to it. */
IST_INLINE int ist_order_add(struct ist_order *order, const struct ist_config *config)
{
	const uint32_t protocol = ist_protocol_of(order->method);
	const uint64_t now_ns = bpf_ktime_get_ns();
	struct ist_place place;
	struct ist_entry *entry;
	bool has_port_b;
	int result = 0;

	if (!ist_order_is_sane(order))
		return IST_RESULT_INVALID;
	has_port_b = order->method != IST_METHOD_ACTIVE && order->port[1];
	ist_clear(&place, sizeof(place));
	if (bpf_map_pop_elem(&ist_free, &place.slot))
		return IST_RESULT_FULL;
	entry = ist_entry_at(place.slot);
	if (!entry)
		return IST_RESULT_INVALID;
	bpf_spin_lock(&entry->lock);
	if (!entry->generation)
		entry->generation = 1;
	place.generation = entry->generation;
	ist_entry_begin(entry, order, now_ns, &config->settings);
	bpf_spin_unlock(&entry->lock);
	if (!ist_port_open(protocol, order->port[0], &place, 0)) {
		result = IST_RESULT_PORT_A_TAKEN;
	} else if (has_port_b && !ist_port_open(protocol, order->port[1], &place, 1)) {
		ist_port_close(protocol, order->port[0], &place, 0);
		result = IST_RESULT_PORT_B_TAKEN;
	}
	if (result) {
		ist_vacate(entry, &place);
		return result;
	}
	order->id = ist_entry_id(place.slot, place.generation);
	return 0;
}

/* Prepares IST_PROGRAM_END for the splice of an order; false if there is none. */
IST_INLINE bool ist_order_remove(const struct ist_order *order, struct ist_scratch *scratch)
{
	const struct ist_entry *entry = ist_entry_at((uint32_t)order->id);
	const uint16_t generation = (uint16_t)(order->id >> 32);

	if (!entry || order->id >> 48 || entry->generation != generation ||
	    !(entry->flags & IST_ENTRY_USED))
		return 0;
	scratch->place.slot = (uint32_t)order->id;
	scratch->place.generation = generation;
	scratch->place.side = IST_SIDE_A;
	scratch->control = 1;
	scratch->reason = IST_CARRIER_REMOVED;
	scratch->link_header = ETH_HLEN;
	scratch->ip_header = IST_IPV4_HEADER;
	scratch->family = IST_FAMILY_IPV4;
	return 1;
}

#endif
