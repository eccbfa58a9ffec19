/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors: those of others about a splice's packets, translated; "too big", our own. */
#ifndef IST_ERROR_H
#define IST_ERROR_H

#include "kernel/bpf/ist-locate.h"
#include "kernel/bpf/ist-send.h"
#include "kernel/bpf/ist-step.h"

/* An ICMP packet to an own address: the host's, unless it is an error about a splice's packet. */
IST_INLINE int ist_find_error(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_place *place;
	struct ist_tuple flow;
	uint32_t captured;

	if (!scratch || ist_read_headers(skb, scratch))
		return TC_ACT_UNSPEC;
	captured = skb->len - scratch->link_header;
	if (captured > IST_HEADER_MAX)
		captured = IST_HEADER_MAX;
	if (!ist_icmp_parse(&scratch->error, &scratch->packet, scratch->header, captured))
		return TC_ACT_UNSPEC;
	ist_icmp_flow(&scratch->error, &flow);
	place = ist_flow_find(&flow, scratch->error.quoted.family, scratch->error.quoted.protocol);
	if (!place)
		return TC_ACT_UNSPEC;
	scratch->place = *place;
	scratch->captured = captured;
	return ist_chain(skb, scratch, IST_PROGRAM_ERROR);
}

/* Under the lock. Returns 0, a reason to drop it, or -1 when the splice has gone. */
IST_INLINE int ist_translate_error(struct ist_entry *entry, const struct ist_config *config,
				   struct ist_scratch *scratch)
{
	const unsigned int reached = scratch->place.side & 1;
	const bool decrement = config->settings.decrement_ttl;

	if (entry->generation != scratch->place.generation)
		return -1;
	if (!ist_icmp_under_way(&entry->core, reached, &scratch->error))
		return IST_CARRIER_ICMP_OUT_OF_WINDOW;
	if (ist_ttl_ends(&scratch->packet, &config->settings))
		return IST_REASON_TTL;
	scratch->link[reached ^ 1] = entry->link[reached ^ 1];
	scratch->crosses = ist_icmp_crosses(&entry->core, reached);
	if (!scratch->crosses) {
		ist_icmp_edit(scratch->header, scratch->captured, &scratch->packet, &scratch->error,
			      &entry->core, reached, decrement);
		return 0;
	}
	return ist_icmp_build(scratch->header, scratch->captured, &scratch->packet, &scratch->error,
			      &entry->core, reached, decrement, &scratch->made.icmp)
		       ? 0
		       : IST_CARRIER_ICMP_OUT_OF_WINDOW;
}

/* Writes `scratch->header` from `from` to what was read, at `at` in the packet. */
IST_INLINE long ist_store_header(struct __sk_buff *skb, struct ist_scratch *scratch, uint32_t from,
				 uint32_t at)
{
	uint32_t length = scratch->captured - from;

	if (length < 1 || length > IST_HEADER_MAX)
		return scratch->captured == from ? 0 : -1;
	return bpf_skb_store_bytes(skb, at, scratch->header + ist_offset(from),
				   ist_length(length, 127), 0);
}

/* The headers in the other family; they differ in length by more than the outer one does. */
IST_INLINE long ist_put_built(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	const struct ist_icmp_built *built = &scratch->made.icmp;
	const uint32_t family =
		scratch->packet.family == IST_FAMILY_IPV4 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4;
	const uint32_t skip = built->skip;
	uint32_t length = built->length;
	long error = ist_reshape(skb, scratch, family, scratch->ip_header + length - skip);

	if (error)
		return error;
	if (length < 1 || length > IST_ICMP_BUILT_MAX)
		return -1;
	error = bpf_skb_store_bytes(skb, scratch->link_header, built->bytes,
				    ist_length(length, 127), 0);
	return error ? error : ist_store_header(skb, scratch, skip, scratch->link_header + length);
}

IST_INLINE int ist_send_error(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	const struct ist_device *device;
	const struct ist_link *link;
	struct ist_entry *entry;
	int refused;

	if (!scratch || !config)
		return TC_ACT_UNSPEC;
	entry = ist_entry_at(scratch->place.slot);
	if (!entry)
		return TC_ACT_UNSPEC;
	bpf_spin_lock(&entry->lock);
	refused = ist_translate_error(entry, config, scratch);
	bpf_spin_unlock(&entry->lock);
	if (refused < 0)
		return TC_ACT_UNSPEC;
	if (refused)
		return ist_send_failed(scratch, (uint32_t)refused);
	link = &scratch->link[(scratch->place.side & 1) ^ 1];
	device = ist_device_of(link);
	if (!device)
		return ist_send_failed(scratch, IST_CARRIER_NO_ROUTE);
	if ((scratch->crosses ? ist_put_built(skb, scratch)
			      : ist_store_header(skb, scratch, 0, scratch->link_header)) ||
	    ist_put_link(skb, scratch, link, device))
		return ist_send_failed(scratch, IST_CARRIER_ERROR);
	ist_count(IST_COUNTER_FORWARDED, 1);
	ist_count(IST_COUNTER_FORWARDED_BYTES, scratch->packet.total_length);
	return (int)bpf_redirect(device->ifindex, 0);
}

/*
 * Makes a packet of the other kind in it possible: one that a device is to complete
 * (CHECKSUM_PARTIAL) would get a segment's checksum. The kernel gives that up when the place where
 * the sum begins is taken out, so more than all headers are, and room is made again.
 */
#define IST_CLEAN_ROOM 64
#define IST_CLEAN_LENGTH 128 /* the packet needs to be as long for that */

IST_INLINE long ist_forget_checksum(struct __sk_buff *skb, const struct ist_scratch *scratch)
{
	long error = bpf_skb_change_tail(skb, scratch->link_header + IST_CLEAN_LENGTH, 0);

	if (!error)
		error = bpf_skb_adjust_room(skb, -IST_CLEAN_ROOM, BPF_ADJ_ROOM_NET, 0);
	if (!error)
		error = bpf_skb_adjust_room(skb, IST_CLEAN_ROOM, BPF_ADJ_ROOM_NET, 0);
	return error;
}

/* Tells the sender of the packet, which ends here, how long it may be. */
IST_INLINE int ist_say_too_big(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	const struct ist_packet *packet;
	const struct ist_device *device;
	const struct ist_link *link;
	uint32_t length, ip_header;
	struct ist_too_big *out;

	if (!scratch || !config)
		return TC_ACT_SHOT;
	ist_count_drop(IST_CARRIER_TOO_BIG);
	packet = &scratch->packet;
	out = &scratch->made.too_big;
	ip_header = ist_ip_header(packet->family);
	link = &scratch->link[scratch->place.side & 1];
	device = ist_device_of(link);
	ist_put_too_big(scratch->header, packet, scratch->mtu,
			(scratch->verdict.edits.fields & IST_EDIT_FAMILY) != 0,
			config->settings.ttl, out);
	length = out->length;
	if (!device || ist_reshape(skb, scratch, packet->family, ip_header) ||
	    ist_forget_checksum(skb, scratch) ||
	    bpf_skb_change_tail(skb, scratch->link_header + length, 0))
		return TC_ACT_SHOT;
	if (length < 1 || length > IST_TOO_BIG_MAX ||
	    bpf_skb_store_bytes(skb, scratch->link_header, out->bytes, ist_length(length, 255),
				0) ||
	    ist_put_link(skb, scratch, link, device))
		return TC_ACT_SHOT;
	ist_count(IST_COUNTER_EMITTED, 1);
	return (int)bpf_redirect(device->ifindex, 0);
}

#endif
