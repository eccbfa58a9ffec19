/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The slow path of one packet: parse, find its splice, take the core's step under the lock. */
#ifndef IST_STEP_H
#define IST_STEP_H

#include "kernel/bpf/ist-chain.h"
#include "kernel/bpf/ist-datagrams.h"
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

	if (flow) {
		scratch->place = *flow;
		ist_take_over(scratch);
		return 1;
	}
	return ist_port_find(packet->protocol, packet->tuple.destination_port, &scratch->place) &&
	       ist_is_own(&packet->tuple.destination, packet->family);
}

/* Under the lock. What the carrier itself asks of a packet before the core sees it. */
IST_INLINE unsigned int ist_refusal(struct ist_entry *entry, const struct ist_packet *packet,
				    unsigned int side, uint64_t now_ns)
{
	const struct ist_side *self = &entry->core.side[side];

	if (entry->flags & IST_ENTRY_ENDING)
		return IST_CARRIER_LIFETIME;
	if (!(self->flags & IST_SIDE_KNOWN) &&
	    (entry->flags & ((uint32_t)IST_ENTRY_RESTRICTED_A << side)) &&
	    !(ist_address_equal(&self->tuple.source, &packet->tuple.source)))
		return IST_CARRIER_SOURCE_REFUSED;
	if (!(entry->flags & IST_ENTRY_LIMITED) || entry->core.state < IST_STATE_ESTABLISHED ||
	    (packet->tcp_flags & IST_TCP_RST))
		return 0;
	if (entry->byte_limit &&
	    entry->count[0].bytes + entry->count[1].bytes + packet->total_length >
		    entry->byte_limit)
		return IST_CARRIER_BYTE_LIMIT;
	if (entry->rate_cost && !ist_rate_admits(entry->paid_until, now_ns))
		return IST_CARRIER_RATE_LIMIT;
	return 0;
}

/* Under the lock. A forwarded packet is counted and paid for. */
IST_INLINE void ist_charge(struct ist_entry *entry, const struct ist_packet *packet,
			   unsigned int side, uint64_t now_ns)
{
	if (entry->rate_cost)
		entry->paid_until = ist_rate_charge(entry->paid_until, entry->rate_cost,
						    packet->total_length, now_ns);
	entry->count[side].packets++;
	entry->count[side].bytes += packet->total_length;
}

/*
 * Under the lock, after the step: the other user has not answered a SYN-ACK, or Active's SYN, for
 * too long, and this one is heard of. No timer of an eBPF program can send, so the repeat waits for
 * a packet.
 */
IST_INLINE void ist_repeat_handshake(struct ist_entry *entry, const struct ist_config *config,
				     unsigned int side, uint64_t now_ns,
				     struct ist_verdict *verdict)
{
	const unsigned int other = side ^ 1;
	const bool waits = entry->core.state == IST_STATE_SYN_RCVD ||
			   (entry->core.state == IST_STATE_SYN_LOOKUP &&
			    entry->core.method == IST_METHOD_ACTIVE);

	if (!waits || verdict->emit_count || now_ns < entry->core.retry_ns ||
	    entry->core.retries >= config->settings.handshake_retries)
		return;
	ist_retry(&entry->core, now_ns, &config->settings, verdict);
	if (verdict->plan[other] == IST_CRAFT_NONE)
		return;
	ist_craft(&entry->core, other, verdict->plan[other], &config->settings, &verdict->emit[0]);
	verdict->emit_count = 1;
}

/*
 * Under the lock, before the step. Whether a packet of a joined splice, if it is forwarded, shows
 * the way to its side: only with the exact number that a RST would need, else whoever guesses ports
 * could draw the other side's packets to another link. Datagrams have none; registrations show it.
 */
IST_INLINE bool ist_shows_way(const struct ist_entry *entry, const struct ist_packet *packet,
			      unsigned int side)
{
	if (entry->core.state < IST_STATE_ESTABLISHED)
		return 1;
	return packet->protocol == IST_PROTOCOL_TCP &&
	       (packet->seq == entry->core.side[side].next ||
		packet->seq == entry->core.side[side ^ 1].acked);
}

/*
 * The locked part. Returns 0, a reason of the carrier to drop the packet, or -1 when the splice
 * has gone meanwhile.
 */
IST_INLINE int ist_step_locked(struct ist_entry *entry, const struct ist_config *config,
			       struct ist_scratch *scratch, const struct ist_link *link,
			       bool active)
{
	const struct ist_packet *packet = &scratch->packet;
	struct ist_verdict *verdict = &scratch->verdict;
	const unsigned int side = scratch->place.side & 1;
	const uint64_t now_ns = scratch->now_ns;
	unsigned int refused;
	bool shows_way;

	if (entry->generation != scratch->place.generation)
		return -1;
	refused = ist_refusal(entry, packet, side, now_ns);
	if (refused)
		return (int)refused;
	shows_way = ist_shows_way(entry, packet, side);
	if (active && (entry->flags & IST_ENTRY_ANY_SOURCE) &&
	    entry->core.state == IST_STATE_LISTEN && side == IST_SIDE_A)
		entry->core.side[IST_SIDE_B].tuple.destination = packet->tuple.destination;
	if (active)
		ist_active_step(&entry->core, packet, side, now_ns, &config->settings, verdict);
	else
		ist_splice_step(&entry->core, packet, side, now_ns, &config->settings, verdict);
	ist_repeat_handshake(entry, config, side, now_ns, verdict);
	if (entry->core.state == IST_STATE_LISTEN)
		entry->core.active_ns = now_ns;
	if (verdict->action == IST_ACTION_HOLD ||
	    (verdict->action == IST_ACTION_FORWARD && shows_way))
		entry->link[side] = *link;
	/* A challenge tells the numbers: to the user, not to who sent a doubtful packet. */
	scratch->link[side] = entry->link[side];
	scratch->link[side ^ 1] = entry->link[side ^ 1];
	if (verdict->action == IST_ACTION_FORWARD)
		ist_charge(entry, packet, side, now_ns);
	return 0;
}

/* Where the packet goes after the step. */
IST_INLINE int ist_after_step(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	const struct ist_verdict *verdict = &scratch->verdict;

	if (scratch->first_fragment && verdict->action != IST_ACTION_FORWARD)
		ist_forsake(scratch, verdict->reason);
	if (verdict->action == IST_ACTION_DROP)
		ist_count_drop(verdict->reason);
	else if (verdict->action == IST_ACTION_HOLD)
		ist_count(IST_COUNTER_CONSUMED, 1);
	if (verdict->events || verdict->from_state != verdict->to_state)
		return ist_chain(skb, scratch, IST_PROGRAM_SETTLE);
	return ist_send_on(skb, scratch);
}

/* An Active splice needs its flow to the target to be nobody else's. */
IST_INLINE bool ist_target_is_free(const struct ist_scratch *scratch)
{
	const struct ist_entry *entry = ist_entry_at(scratch->place.slot);
	struct ist_tuple tuple;

	if (!entry || entry->core.state != IST_STATE_LISTEN)
		return 1;
	tuple = entry->core.side[IST_SIDE_B].tuple;
	if (entry->flags & IST_ENTRY_ANY_SOURCE)
		tuple.destination = scratch->packet.tuple.destination;
	return !ist_flow_find(&tuple, entry->core.side[IST_SIDE_B].family, IST_PROTOCOL_TCP);
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

IST_INLINE int ist_slow_step(struct __sk_buff *skb, bool active)
{
	struct ist_scratch *scratch = ist_scratch_here();
	const struct ist_config *config = ist_configuration();
	struct ist_entry *entry;
	struct ist_link link;
	int refused;

	if (!scratch || !config)
		return TC_ACT_UNSPEC;
	entry = ist_entry_at(scratch->place.slot);
	if (!entry)
		return TC_ACT_UNSPEC;
	if (active && !ist_target_is_free(scratch)) {
		ist_count_drop(IST_CARRIER_NO_PORT);
		return TC_ACT_SHOT;
	}
	ist_read_link(skb, scratch, &link);
	scratch->now_ns = bpf_ktime_get_ns();
	bpf_spin_lock(&entry->lock);
	refused = ist_step_locked(entry, config, scratch, &link, active);
	bpf_spin_unlock(&entry->lock);
	if (refused < 0)
		return TC_ACT_UNSPEC;
	if (!refused)
		return ist_after_step(skb, scratch);
	if (scratch->first_fragment)
		ist_forsake(scratch, (uint32_t)refused);
	ist_count_drop((uint32_t)refused);
	if (refused != IST_CARRIER_BYTE_LIMIT && refused != IST_CARRIER_LIFETIME)
		return TC_ACT_SHOT;
	scratch->reason = (uint8_t)refused;
	return ist_chain(skb, scratch, IST_PROGRAM_END);
}

#endif
