// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The short way of the IST: packets of established splices, on XDP. It works on the maps of
 * ist-tc.c and decides nothing that ist_splice_step() would decide otherwise; whatever is not a
 * plain segment or datagram of one family, whole, with a finished checksum, and not longer than the
 * way out can take, is left to tc.
 *
 *	packet --> flow table --> entry, ist_fast_segment() --> edits --> out
 *	                \--------- else XDP_PASS: tc --------/
 */
#include "kernel/bpf/ist-cache.h"
#include "kernel/bpf/ist-plain.h"

char ist_license[] SEC("license") = "GPL";

IST_INLINE uint64_t ist_sum_words(const uint8_t *at, unsigned int words)
{
	uint64_t sum = 0;
	unsigned int i;

#pragma clang loop unroll(full)
	for (i = 0; i < words; i++)
		sum += *(const ist_word32 *)(at + 4 * i);
	return sum;
}

/*
 * Whether a checksum field holds the sum of the pseudo header only, as those of local senders do
 * until a device completes them; XDP cannot ask. A finished checksum looks so once in 65536, and tc
 * is right for it, too. `addresses`: their sum, in words as they lie in memory.
 */
IST_INLINE bool ist_is_unfinished(uint64_t addresses, const struct ist_plain *packet,
				  uint16_t checksum)
{
	uint64_t sum =
		addresses + bpf_htons((uint16_t)packet->ip_payload) + bpf_htons(packet->protocol);

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == bpf_htons(checksum);
}

/* Where packets to a side leave, if XDP can send there; null: tc's. */
IST_INLINE const struct ist_device *ist_way_out(const struct ist_link *link, uint32_t length)
{
	const uint32_t index = link->device;
	const struct ist_device *device = bpf_map_lookup_elem(&ist_devices, &index);

	return device && device->xdp && length <= device->mtu ? device : 0;
}

/* Ports and checksum of the transport header; Pure's ports are the same ones again. */
IST_INLINE void ist_edit_transport(const struct ist_plain *packet, uint8_t *checksum,
				   const struct ist_way *way)
{
	const uint16_t before = ist_get16(checksum);
	uint16_t after =
		ist_checksum_update(before, (uint32_t)way->address_delta + way->port_delta);

	ist_put32(packet->transport, way->ports);
	if (packet->protocol == IST_PROTOCOL_UDP) {
		if (!before)
			return;
		after = after ? after : 0xffff;
	}
	ist_put16(checksum, after);
}

/* Everything after the headers of the IP layer are known; `addresses` as in ist_is_unfinished(). */
IST_INLINE int ist_xdp_forward(struct xdp_md *ctx, const struct ist_plain *packet,
			       const struct ist_place *place, uint32_t family, uint64_t addresses)
{
	const bool tcp = packet->protocol == IST_PROTOCOL_TCP;
	uint8_t *checksum = packet->transport + (tcp ? 16 : 6);
	const struct ist_config *config = ist_configuration();
	const uint32_t slot = place->slot;
	struct ist_entry *entry = ist_entry_at(slot);
	const struct ist_device *device;
	struct ist_segment segment;
	struct ist_way way;

	if (!entry || !config || packet->ip + packet->length > packet->end)
		return XDP_PASS;
	device = ist_way_out(&entry->link[(place->side & 1) ^ 1], packet->length);
	if (!device || ist_is_unfinished(addresses, packet, ist_get16(checksum)))
		return XDP_PASS;
	if (tcp ? !ist_read_segment(&segment, packet) : !ist_read_datagram(&segment, packet))
		return XDP_PASS;
	if (!ist_take_step(entry, place, packet, &segment, family, &way))
		return XDP_PASS;
	if (tcp && (way.seq_add | way.ack_add))
		ist_edit_numbers(packet->transport, &way);
	ist_edit_transport(packet, checksum, &way);
	if (family == IST_FAMILY_IPV4)
		ist_edit_addresses4(packet->ip, &way, config->settings.decrement_ttl);
	else
		ist_edit_addresses6(packet->ip, &way, config->settings.decrement_ttl);
	ist_edit_ethernet(packet->ethernet, &way, device);
	/* Not XDP_TX, also back to where it came from: on a veth whose other end has no XDP program
	 * itself that leaves packets lying until something else wakes the receiver. */
	return (int)bpf_redirect(device->ifindex, 0);
}

IST_INLINE int ist_xdp_ipv4(struct xdp_md *ctx, struct ist_plain *packet)
{
	const uint8_t *ip = packet->ip;
	struct ist_flow4_key key;
	struct ist_place place;

	packet->transport = packet->ip + IST_IPV4_HEADER;
	packet->protocol = ip[9];
	packet->length = ist_get16(ip + 2);
	packet->ip_payload = packet->length - IST_IPV4_HEADER;
	if (ip[0] != 0x45 || (ist_get16(ip + 6) & IST_IPV4_FRAGMENT) || ip[8] < 2 ||
	    packet->length < IST_IPV4_HEADER + IST_UDP_HEADER)
		return XDP_PASS;
	__builtin_memcpy(&key.peer, ip + 12, 8);
	key.ports = *(const ist_word32 *)packet->transport;
	key.protocol = packet->protocol;
	if (!ist_flow4_find(&key, &place))
		return XDP_PASS;
	return ist_xdp_forward(ctx, packet, &place, IST_FAMILY_IPV4, ist_sum_words(ip + 12, 2));
}

IST_INLINE int ist_xdp_ipv6(struct xdp_md *ctx, struct ist_plain *packet)
{
	const uint8_t *ip = packet->ip;
	const struct ist_place *place;
	struct ist_flow6_key key;

	packet->transport = packet->ip + IST_IPV6_HEADER;
	packet->protocol = ip[6];
	packet->ip_payload = ist_get16(ip + 4);
	packet->length = packet->ip_payload + IST_IPV6_HEADER;
	if (packet->transport + IST_TCP_HEADER > packet->end || ip[0] >> 4 != 6 || ip[7] < 2 ||
	    (packet->protocol != IST_PROTOCOL_TCP && packet->protocol != IST_PROTOCOL_UDP) ||
	    packet->ip_payload < IST_UDP_HEADER)
		return XDP_PASS;
	__builtin_memcpy(key.peer, ip + 8, 32);
	key.ports = *(const ist_word32 *)packet->transport;
	key.protocol = packet->protocol;
	place = bpf_map_lookup_elem(&ist_flows6, &key);
	if (!place)
		return XDP_PASS;
	return ist_xdp_forward(ctx, packet, place, IST_FAMILY_IPV6, ist_sum_words(ip + 8, 8));
}

SEC("xdp")
int ist_xdp(struct xdp_md *ctx)
{
	struct ist_plain packet;
	uint32_t ether_type;

	packet.ethernet = IST_CONTEXT_POINTER(uint8_t, ctx, data);
	packet.end = IST_CONTEXT_POINTER(const uint8_t, ctx, data_end);
	packet.ip = packet.ethernet + ETH_HLEN;
	if (packet.ip + IST_IPV4_HEADER + IST_TCP_HEADER > packet.end)
		return XDP_PASS;
	ether_type = ist_get16(packet.ethernet + 2 * ETH_ALEN);
	if (ether_type == ETH_P_IP)
		return ist_xdp_ipv4(ctx, &packet);
	if (ether_type == ETH_P_IPV6)
		return ist_xdp_ipv6(ctx, &packet);
	return XDP_PASS;
}
