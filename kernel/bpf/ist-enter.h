/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The entry on tc. Plain packets of joined splices are forwarded here, with one look-up, the core's
 * fast step and edits in place; whatever else is the IST's goes to the slow programs; the rest is
 * not touched.
 */
#ifndef IST_ENTER_H
#define IST_ENTER_H

#include "kernel/bpf/ist-cache.h"
#include "kernel/bpf/ist-chain.h"
#include "kernel/bpf/ist-locate.h"
#include "kernel/bpf/ist-in-place.h"

IST_INLINE int ist_enter_slow(struct __sk_buff *skb, uint32_t link_header, uint32_t program)
{
	struct ist_scratch *scratch = ist_scratch_here();

	if (!scratch)
		return TC_ACT_UNSPEC;
	scratch->link_header = link_header;
	scratch->control = 0;
	return ist_chain(skb, scratch, program);
}

/* Everything once the flow is found. */
IST_INLINE int ist_enter_flow(struct __sk_buff *skb, const struct ist_plain *packet,
			      const struct ist_place *place, uint32_t family, uint32_t link_header)
{
	const bool tcp = packet->protocol == IST_PROTOCOL_TCP;
	const struct ist_config *config = ist_configuration();
	struct ist_entry *entry = ist_entry_at(place->slot);
	const uint32_t at = (family == IST_FAMILY_IPV6 ? IST_IPV6_HEADER : IST_IPV4_HEADER) +
			    link_header + (tcp ? 16 : 6);
	const struct ist_device *device;
	struct ist_segment segment;
	struct ist_way way;
	uint32_t index, ifindex;

	if (!entry || !config ||
	    !(tcp ? ist_read_segment(&segment, packet) : ist_read_datagram(&segment, packet)) ||
	    !ist_take_step(entry, place, packet, &segment, family, &way))
		return ist_enter_slow(skb, link_header, IST_PROGRAM_PARSE);
	index = way.device;
	device = bpf_map_lookup_elem(&ist_devices, &index);
	if (!device)
		return TC_ACT_SHOT;
	ifindex = device->ifindex;
	/* Too long: the slow path says so. */
	if (packet->length > device->mtu &&
	    packet->length - segment.payload_length + skb->gso_size > device->mtu)
		return ist_enter_slow(skb, link_header, IST_PROGRAM_PARSE);
	if (packet->ethernet)
		ist_edit_ethernet(packet->ethernet, &way, device);
	if (family == IST_FAMILY_IPV6)
		ist_edit_addresses6(packet->ip, &way, config->settings.decrement_ttl);
	else
		ist_edit_addresses4(packet->ip, &way, config->settings.decrement_ttl);
	if (tcp && (way.seq_add | way.ack_add))
		ist_edit_numbers(packet->transport, &way);
	if (!ist_edit_transport(packet, &way, ist_checksum_state(skb)))
		ist_help_checksum(skb, at, &way, tcp ? 0 : BPF_F_MARK_MANGLED_0);
	if (!link_header && device->ethernet && ist_add_ethernet(skb, &way, device, family))
		return TC_ACT_SHOT;
	return (int)bpf_redirect(ifindex, 0);
}

/* Not a joined splice's: a port that waits for a side, or none of ours. */
IST_INLINE int ist_enter_port(struct __sk_buff *skb, uint32_t protocol, uint16_t port,
			      const struct ist_own_key *own, uint32_t link_header)
{
	struct ist_place place;

	if (!ist_port_find(protocol, port, &place) || !bpf_map_lookup_elem(&ist_addresses, own))
		return TC_ACT_UNSPEC;
	return ist_enter_slow(skb, link_header, IST_PROGRAM_PARSE);
}

/* IPv4 options, fragments and ICMP: the slow path looks whether they are the IST's. */
IST_INLINE int ist_enter_odd4(struct __sk_buff *skb, const uint8_t *ip, uint32_t link_header)
{
	const uint32_t fragment = ist_get16(ip + 6) & IST_IPV4_FRAGMENT;
	const uint32_t protocol = ip[9];
	struct ist_own_key own;

	ist_clear(&own, sizeof(own));
	__builtin_memcpy(own.bytes, ip + 16, 4);
	own.family = IST_FAMILY_IPV4;
	if ((protocol != IST_PROTOCOL_TCP && protocol != IST_PROTOCOL_UDP &&
	     protocol != IST_PROTOCOL_ICMP) ||
	    !bpf_map_lookup_elem(&ist_addresses, &own))
		return TC_ACT_UNSPEC;
	if (protocol == IST_PROTOCOL_ICMP)
		return fragment ? TC_ACT_UNSPEC
				: ist_enter_slow(skb, link_header, IST_PROGRAM_ICMP);
	return ist_enter_slow(skb, link_header,
			      fragment ? IST_PROGRAM_FRAGMENT : IST_PROGRAM_PARSE);
}

/* IPv6 extension headers and ICMPv6, likewise. */
IST_INLINE int ist_enter_odd6(struct __sk_buff *skb, const uint8_t *ip, uint32_t link_header)
{
	const uint32_t next = ip[6];
	struct ist_own_key own;

	if (next != IST_PROTOCOL_ICMPV6 && !ist_is_extension(next))
		return TC_ACT_UNSPEC;
	__builtin_memcpy(own.bytes, ip + 24, 16);
	own.family = IST_FAMILY_IPV6;
	if (!bpf_map_lookup_elem(&ist_addresses, &own))
		return TC_ACT_UNSPEC;
	if (next == IST_PROTOCOL_ICMPV6)
		return ist_enter_slow(skb, link_header, IST_PROGRAM_ICMP);
	return ist_enter_slow(skb, link_header, IST_PROGRAM_FRAGMENT);
}

IST_INLINE int ist_enter4(struct __sk_buff *skb, struct ist_plain *packet, uint32_t link_header)
{
	const uint8_t *ip = packet->ip;
	struct ist_flow4_key key;
	struct ist_place place;
	struct ist_own_key own;

	packet->transport = packet->ip + IST_IPV4_HEADER;
	packet->protocol = ip[9];
	packet->length = ist_get16(ip + 2);
	packet->ip_payload = packet->length - IST_IPV4_HEADER;
	if (ip[0] != 0x45 || (ist_get16(ip + 6) & IST_IPV4_FRAGMENT) ||
	    (packet->protocol != IST_PROTOCOL_TCP && packet->protocol != IST_PROTOCOL_UDP))
		return ist_enter_odd4(skb, ip, link_header);
	__builtin_memcpy(&key.peer, ip + 12, 8);
	key.ports = *(const ist_word32 *)packet->transport;
	key.protocol = packet->protocol;
	if (!ist_flow4_find(&key, &place)) {
		ist_clear(&own, sizeof(own));
		__builtin_memcpy(own.bytes, ip + 16, 4);
		own.family = IST_FAMILY_IPV4;
		return ist_enter_port(skb, key.protocol, ist_get16(packet->transport + 2), &own,
				      link_header);
	}
	if (ip[8] < 2 || packet->length < IST_IPV4_HEADER + IST_UDP_HEADER ||
	    packet->length > skb->len - link_header)
		return ist_enter_slow(skb, link_header, IST_PROGRAM_PARSE);
	return ist_enter_flow(skb, packet, &place, IST_FAMILY_IPV4, link_header);
}

IST_INLINE int ist_enter6(struct __sk_buff *skb, struct ist_plain *packet, uint32_t link_header)
{
	const uint8_t *ip = packet->ip;
	const struct ist_place *place;
	struct ist_flow6_key key;
	struct ist_own_key own;

	packet->transport = packet->ip + IST_IPV6_HEADER;
	if (packet->transport + IST_UDP_HEADER > packet->end)
		return TC_ACT_UNSPEC;
	packet->protocol = ip[6];
	packet->ip_payload = ist_get16(ip + 4);
	packet->length = packet->ip_payload + IST_IPV6_HEADER;
	if (packet->protocol != IST_PROTOCOL_TCP && packet->protocol != IST_PROTOCOL_UDP)
		return ist_enter_odd6(skb, ip, link_header);
	__builtin_memcpy(key.peer, ip + 8, 32);
	key.ports = *(const ist_word32 *)packet->transport;
	key.protocol = packet->protocol;
	place = bpf_map_lookup_elem(&ist_flows6, &key);
	if (!place) {
		__builtin_memcpy(own.bytes, ip + 24, 16);
		own.family = IST_FAMILY_IPV6;
		return ist_enter_port(skb, key.protocol, ist_get16(packet->transport + 2), &own,
				      link_header);
	}
	if (ip[7] < 2 || packet->ip_payload < IST_UDP_HEADER ||
	    packet->length > skb->len - link_header)
		return ist_enter_slow(skb, link_header, IST_PROGRAM_PARSE);
	return ist_enter_flow(skb, packet, place, IST_FAMILY_IPV6, link_header);
}

/* Finds the headers; those that a driver left outside the linear part are pulled in. */
IST_INLINE int ist_enter(struct __sk_buff *skb, uint32_t link_header)
{
	struct ist_plain packet;
	uint8_t *data = IST_CONTEXT_POINTER(uint8_t, skb, data);
	uint32_t headers = link_header + IST_IPV6_HEADER + IST_TCP_HEADER;
	uint32_t length = skb->len;

	/* Another network's, whose tag the kernel has taken out of the packet. */
	if (link_header && skb->vlan_present)
		return TC_ACT_UNSPEC;
	packet.end = IST_CONTEXT_POINTER(const uint8_t, skb, data_end);
	/* Not without need: payload that is pulled in, too, is no longer coalesced by receivers. */
	if (data + link_header + 1 <= packet.end && data[link_header] >> 4 == IST_FAMILY_IPV4)
		headers = link_header + IST_IPV4_HEADER + IST_TCP_HEADER;
	if (data + headers > packet.end && data + length > packet.end) {
		if (length > link_header + IST_HEADER_MAX)
			length = link_header + IST_HEADER_MAX;
		if (bpf_skb_pull_data(skb, length))
			return TC_ACT_UNSPEC;
		data = IST_CONTEXT_POINTER(uint8_t, skb, data);
		packet.end = IST_CONTEXT_POINTER(const uint8_t, skb, data_end);
	}
	if (data + link_header + IST_IPV4_HEADER + IST_UDP_HEADER > packet.end)
		return TC_ACT_UNSPEC;
	packet.ethernet = link_header ? data : 0;
	packet.ip = data + link_header;
	if (link_header ? *(const ist_word16 *)(data + 12) == bpf_htons(ETH_P_IP)
			: packet.ip[0] >> 4 == IST_FAMILY_IPV4)
		return ist_enter4(skb, &packet, link_header);
	if ((link_header && *(const ist_word16 *)(data + 12) != bpf_htons(ETH_P_IPV6)) ||
	    packet.ip[0] >> 4 != IST_FAMILY_IPV6)
		return TC_ACT_UNSPEC;
	return ist_enter6(skb, &packet, link_header);
}

#endif
