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
#include "kernel/bpf/ist-clock.h"
#include "kernel/bpf/ist-tables.h"

#include "model/splice/ist-fast.h"

char ist_license[] SEC("license") = "GPL";

/* The compiler moves no read across it. */
#define IST_BARRIER() asm volatile("" ::: "memory")

#define IST_IPV4_FRAGMENT 0x3fff /* more fragments, or an offset */

/* A packet whose headers lie where they mostly do: no IPv4 options, no IPv6 extension headers. */
struct ist_plain {
	uint8_t *ethernet;
	uint8_t *ip;
	uint8_t *transport;
	const uint8_t *end;
	uint32_t length;     /* of the IP packet */
	uint32_t ip_payload; /* of that, behind the IP header */
	uint8_t protocol;
};

/* What an entry says of a packet's way. */
struct ist_way {
	struct ist_address source;	/* as it leaves */
	struct ist_address destination; /* as it leaves */
	uint32_t ports;			/* as it leaves: source << 16 | destination */
	uint16_t address_delta;
	uint16_t port_delta;
	uint16_t peer_high; /* of the next hop's Ethernet address, as in memory: bytes 4 and 5 */
	uint32_t peer_low;  /* bytes 0 to 3 */
	uint8_t decrement;  /* 1: the packet loses one TTL */
};

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

/* Reads what the fast step needs, as far as the packet reaches. */
IST_INLINE bool ist_read_segment(struct ist_segment *segment, const struct ist_plain *packet)
{
	const uint8_t *tcp = packet->transport;

	if (tcp + 36 <= packet->end)
		return ist_segment_read(segment, tcp, 36, packet->ip_payload);
	if (tcp + 32 <= packet->end)
		return ist_segment_read(segment, tcp, 32, packet->ip_payload);
	return ist_segment_read(segment, tcp, IST_TCP_HEADER, packet->ip_payload);
}

IST_INLINE bool ist_came_from(const struct ist_link *link, const uint8_t *ethernet)
{
	return *(const ist_word32 *)link->peer == *(const ist_word32 *)(ethernet + ETH_ALEN) &&
	       *(const ist_word16 *)(link->peer + 4) ==
		       *(const ist_word16 *)(ethernet + ETH_ALEN + 4);
}

/* Where packets to a side leave, if XDP can send there; null: tc's. */
IST_INLINE const struct ist_device *ist_way_out(const struct ist_link *link, uint32_t length)
{
	const uint32_t index = link->device;
	const struct ist_device *device = bpf_map_lookup_elem(&ist_devices, &index);

	return device && device->xdp && length <= device->mtu ? device : 0;
}

/*
 * The step of a plain packet, without the entry's lock: that costs as much as all the rest. It is
 * not needed, as nothing but a side's own plain packets writes what they write (words, each by one
 * store), and nothing they read changes while a splice is joined. Two processors that have packets
 * of one side at once may lose the older of two notes, which the next packet repeats. Whatever
 * moves a splice on is the slow path's, which locks. An entry that became another splice's
 * meanwhile is noticed by its generation, read again after everything else.
 */
IST_INLINE bool ist_take_step(struct ist_entry *entry, const struct ist_place *place,
			      const struct ist_plain *packet, const struct ist_segment *segment,
			      uint32_t family, struct ist_way *way)
{
	const unsigned int from = place->side & 1;
	const struct ist_side *side = &entry->core.side[from];
	const struct ist_side *other = &entry->core.side[from ^ 1];

	/* A side whose packets come another way now is tc's to learn. */
	if ((entry->flags & (IST_ENTRY_LIMITED | IST_ENTRY_ENDING)) ||
	    (side->out.fields & (IST_EDIT_FAMILY | IST_EDIT_SEQUENCE)) ||
	    !ist_came_from(&entry->link[from], packet->ethernet))
		return 0;
	way->source.word[0] = other->tuple.destination.word[0];
	way->destination.word[0] = other->tuple.source.word[0];
	if (family == IST_FAMILY_IPV6) {
		way->source = other->tuple.destination;
		way->destination = other->tuple.source;
	}
	way->ports = (uint32_t)other->tuple.destination_port << 16 | other->tuple.source_port;
	way->address_delta = side->out.address_delta;
	way->port_delta = side->out.port_delta;
	way->peer_low = *(const ist_word32 *)entry->link[from ^ 1].peer;
	way->peer_high = *(const ist_word16 *)(entry->link[from ^ 1].peer + 4);
	IST_BARRIER();
	if (*(const volatile uint16_t *)&entry->generation != place->generation)
		return 0;
	if (packet->protocol == IST_PROTOCOL_TCP
		    ? !ist_fast_segment(&entry->core, from, segment, ist_clock_ns())
		    : !ist_fast_datagram(&entry->core, from, packet->ip_payload - IST_UDP_HEADER,
					 ist_clock_ns()))
		return 0;
	entry->count[from].packets++;
	entry->count[from].bytes += packet->length;
	return 1;
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

IST_INLINE void ist_edit_addresses4(uint8_t *ip, const struct ist_way *way)
{
	uint32_t delta = way->address_delta;

	ist_put32(ip + 12, way->source.word[0]);
	ist_put32(ip + 16, way->destination.word[0]);
	if (way->decrement) {
		ip[8]--;
		delta += ist_delta16(0x0100, 0);
	}
	ist_put16(ip + 10, ist_checksum_update(ist_get16(ip + 10), delta));
}

IST_INLINE void ist_edit_addresses6(uint8_t *ip, const struct ist_way *way)
{
	unsigned int i;

#pragma clang loop unroll(full)
	for (i = 0; i < 4; i++) {
		ist_put32(ip + 8 + 4 * i, way->source.word[i]);
		ist_put32(ip + 24 + 4 * i, way->destination.word[i]);
	}
	if (way->decrement)
		ip[7]--;
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
	if (tcp ? !ist_read_segment(&segment, packet)
		: ist_get16(packet->transport + 4) != packet->ip_payload)
		return XDP_PASS;
	if (!ist_take_step(entry, place, packet, &segment, family, &way))
		return XDP_PASS;
	way.decrement = config->settings.decrement_ttl;
	ist_edit_transport(packet, checksum, &way);
	if (family == IST_FAMILY_IPV4)
		ist_edit_addresses4(packet->ip, &way);
	else
		ist_edit_addresses6(packet->ip, &way);
	*(ist_word32 *)packet->ethernet = way.peer_low;
	*(ist_word16 *)(packet->ethernet + 4) = way.peer_high;
	__builtin_memcpy(packet->ethernet + ETH_ALEN, device->address, ETH_ALEN);
	if (device->ifindex == ctx->ingress_ifindex)
		return XDP_TX;
	return (int)bpf_redirect(device->ifindex, 0);
}

IST_INLINE int ist_xdp_ipv4(struct xdp_md *ctx, struct ist_plain *packet)
{
	const uint8_t *ip = packet->ip;
	const struct ist_place *place;
	struct ist_flow4_key key;

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
	place = bpf_map_lookup_elem(&ist_flows4, &key);
	if (!place)
		return XDP_PASS;
	return ist_xdp_forward(ctx, packet, place, IST_FAMILY_IPV4, ist_sum_words(ip + 12, 2));
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
