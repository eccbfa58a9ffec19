/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet that comes to the slow path: its headers, its link, whose it is. */
#ifndef IST_ARRIVAL_H
#define IST_ARRIVAL_H

#include "kernel/bpf/ist-chain.h"
#include "kernel/bpf/ist-settle.h"

/* Copies and parses the headers. Returns 0, or enum ist_parse_error. */
IST_INLINE int ist_read_headers(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	const uint32_t link_header = scratch->link_header;
	uint32_t length = skb->len;
	uint32_t captured;
	int error;

	if (length < link_header + IST_IPV4_HEADER)
		return IST_ERROR_SHORT;
	length -= link_header;
	captured = length > IST_HEADER_MAX ? IST_HEADER_MAX : length;
	if (bpf_skb_load_bytes(skb, link_header, scratch->header, ist_length(captured, 127)))
		return IST_ERROR_SHORT;
	error = ist_packet_parse_any(&scratch->packet, scratch->header, captured, length);
	scratch->ip_header = scratch->packet.transport_offset;
	scratch->family = scratch->packet.family;
	scratch->first_fragment = 0;
	return error;
}

/* The way back to whoever sent the packet. */
IST_INLINE void ist_read_link(struct __sk_buff *skb, const struct ist_scratch *scratch,
			      struct ist_link *link)
{
	const uint32_t ifindex = skb->ifindex;
	const uint32_t *index = bpf_map_lookup_elem(&ist_device_index, &ifindex);

	ist_clear(link, sizeof(*link));
	if (!index)
		return;
	link->device = (uint16_t)*index;
	if (scratch->link_header)
		bpf_skb_load_bytes(skb, ETH_ALEN, link->peer, ETH_ALEN);
}

IST_INLINE bool ist_only_syn(const struct ist_packet *packet)
{
	return packet->protocol == IST_PROTOCOL_TCP &&
	       (packet->tcp_flags & (IST_TCP_CONTROL | IST_TCP_ACK)) == IST_TCP_SYN;
}

/*
 * A SYN whose 5-tuple waits for the end of 2 MSL in an old splice takes the new one that waits at
 * the port (RFC 9293 section 3.6.1). Ends the old one.
 */
IST_INLINE bool ist_take_over(struct ist_scratch *scratch)
{
	const struct ist_packet *packet = &scratch->packet;
	const struct ist_place old = scratch->place;
	struct ist_entry *entry = ist_entry_at(old.slot);
	struct ist_snapshot shot;
	struct ist_place fresh;
	bool over = 0;

	if (!entry || entry->core.state != IST_STATE_TIME_WAIT || !ist_only_syn(packet) ||
	    !ist_port_find(packet->protocol, packet->tuple.destination_port, &fresh))
		return 0;
	bpf_spin_lock(&entry->lock);
	if (entry->generation == old.generation && entry->core.state == IST_STATE_TIME_WAIT &&
	    ist_after(packet->seq, entry->core.side[old.side & 1].next)) {
		entry->core.state = IST_STATE_CLOSED;
		ist_take_snapshot(entry, &shot);
		over = 1;
	}
	bpf_spin_unlock(&entry->lock);
	if (!over)
		return 0;
	ist_settle_side(&shot, &old, IST_SIDE_A);
	ist_settle_side(&shot, &old, IST_SIDE_B);
	ist_tell(&shot, &old, IST_NEWS_ENDED, IST_REASON_NEW_SYN);
	ist_release(entry, &old);
	scratch->place = fresh;
	return 1;
}

/* Finds the splice and the side of a packet: false if it is not the IST's. */
IST_INLINE bool ist_locate(struct ist_scratch *scratch)
{
	const struct ist_packet *packet = &scratch->packet;
	const struct ist_place *flow =
		ist_flow_find(&packet->tuple, packet->family, packet->protocol);
	const struct ist_entry *entry;

	if (flow) {
		scratch->place = *flow;
		entry = ist_entry_at(scratch->place.slot);
		if (entry && entry->generation == scratch->place.generation) {
			ist_take_over(scratch);
			return 1;
		}
		/* Left over of a splice that is gone; see ist-settle.h. */
		ist_flow_erase(&packet->tuple, packet->family, packet->protocol, &scratch->place);
	}
	return ist_port_find(packet->protocol, packet->tuple.destination_port, &scratch->place) &&
	       ist_is_own(&packet->tuple.destination, packet->family);
}

IST_INLINE uint32_t ist_method_program(const struct ist_scratch *scratch)
{
	const struct ist_entry *entry = ist_entry_at(scratch->place.slot);

	return entry && entry->core.wanted == IST_METHOD_ACTIVE ? IST_PROGRAM_ACTIVE
								: IST_PROGRAM_STEP;
}

/*
 * Malformed headers: dropped if they are a splice's as far as they can be read, else the host's to
 * judge.
 */
IST_INLINE int ist_refuse_malformed(struct ist_scratch *scratch)
{
	struct ist_packet *packet = &scratch->packet;
	const uint8_t *ip = scratch->header;
	uint32_t at;

	if (ip[0] >> 4 == IST_FAMILY_IPV6) {
		at = packet->transport_offset ? packet->transport_offset : IST_IPV6_HEADER;
		if (!packet->transport_offset)
			packet->protocol = ip[6];
		packet->family = IST_FAMILY_IPV6;
		ist_get_ipv6(&packet->tuple.source, ip + 8);
		ist_get_ipv6(&packet->tuple.destination, ip + 24);
	} else {
		at = (ip[0] & 0xfu) * 4 > IST_IPV4_HEADER ? (ip[0] & 0xfu) * 4 : IST_IPV4_HEADER;
		packet->protocol = ip[9];
		packet->family = IST_FAMILY_IPV4;
		ist_address_set_ipv4(&packet->tuple.source, ist_get32(ip + 12));
		ist_address_set_ipv4(&packet->tuple.destination, ist_get32(ip + 16));
	}
	if (packet->protocol != IST_PROTOCOL_TCP && packet->protocol != IST_PROTOCOL_UDP)
		return TC_ACT_UNSPEC;
	packet->tuple.source_port = ist_get16(ip + ist_offset(at));
	packet->tuple.destination_port = ist_get16(ip + ist_offset(at) + 2);
	packet->tcp_flags = 0; /* begins nothing anew */
	return ist_locate(scratch) ? ist_send_failed(scratch, IST_CARRIER_MALFORMED)
				   : TC_ACT_UNSPEC;
}

/* What ist_enter() found to be a splice's, or could not read by itself. */
IST_INLINE int ist_slow_parse(struct __sk_buff *skb)
{
	struct ist_scratch *scratch = ist_scratch_here();

	if (!scratch)
		return TC_ACT_UNSPEC;
	if (ist_read_headers(skb, scratch))
		return ist_refuse_malformed(scratch);
	if (!ist_locate(scratch))
		return TC_ACT_UNSPEC;
	return ist_chain(skb, scratch, ist_method_program(scratch));
}

#endif
