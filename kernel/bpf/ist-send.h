/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets on their way out: the forwarded one with its edits, and those that the core made, which
 * are built in the packet that caused them.
 */
#ifndef IST_SEND_H
#define IST_SEND_H

#include "kernel/bpf/ist-chain.h"

/* Where a link leads; null: nowhere. */
IST_INLINE const struct ist_device *ist_device_of(const struct ist_link *link)
{
	const uint32_t index = link->device;
	const struct ist_device *device = bpf_map_lookup_elem(&ist_devices, &index);

	return device && device->ifindex ? device : 0;
}

/* Writes the link header for the next hop; makes room when the packet came without one. */
IST_INLINE long ist_put_link(struct __sk_buff *skb, struct ist_scratch *scratch,
			     const struct ist_link *link, const struct ist_device *device,
			     uint32_t family)
{
	uint8_t bytes[ETH_HLEN];
	long error;

	/* A device without link header strips it itself. */
	if (!device->ethernet)
		return 0;
	if (!scratch->link_header) {
		error = bpf_skb_change_head(skb, ETH_HLEN, 0);
		if (error)
			return error;
		scratch->link_header = ETH_HLEN;
	}
	__builtin_memcpy(bytes, link->peer, ETH_ALEN);
	__builtin_memcpy(bytes + ETH_ALEN, device->address, ETH_ALEN);
	ist_put16(bytes + 2 * ETH_ALEN, family == IST_FAMILY_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	return bpf_skb_store_bytes(skb, 0, bytes, sizeof(bytes), 0);
}

/*
 * The checksum field of a packet that may be CHECKSUM_PARTIAL, which a program cannot ask. It is
 * written as the sum of the pseudo header, right if the device completes it; the helper, told of a
 * change that is not the pseudo header's, leaves it alone in that case and else turns it into
 * `complete`.
 */
IST_INLINE long ist_put_checksum(struct __sk_buff *skb, uint32_t at, uint16_t pseudo,
				 uint16_t complete)
{
	const uint16_t written = bpf_htons(pseudo);
	const uint16_t delta = ist_fold((uint32_t)(uint16_t)~complete + pseudo);
	long error = bpf_skb_store_bytes(skb, at, &written, sizeof(written), 0);

	return error ? error : bpf_l4_csum_replace(skb, at, 0, bpf_htons(delta), 0);
}

/* Turns the packet into one that the core made. `crafted` has `length` 1 to IST_CRAFTED_MAX. */
IST_INLINE long ist_put_crafted(struct __sk_buff *skb, struct ist_scratch *scratch,
				const struct ist_crafted *crafted)
{
	const uint32_t link_header = scratch->link_header;
	uint32_t length = crafted->length;
	uint32_t pseudo;
	long error;

	if (scratch->ip_header != IST_IPV4_HEADER) {
		/* Options: the transport header must stay where the checksum of the device starts.
		 */
		error = bpf_skb_adjust_room(skb,
					    (int32_t)IST_IPV4_HEADER - (int32_t)scratch->ip_header,
					    BPF_ADJ_ROOM_NET, 0);
		if (error)
			return error;
		scratch->ip_header = IST_IPV4_HEADER;
	}
	error = bpf_skb_change_tail(skb, link_header + length, 0);
	if (error)
		return error;
	IST_KEEP(length);
	if (length < IST_IPV4_HEADER + IST_TCP_HEADER || length > IST_CRAFTED_MAX)
		return -1;
	error = bpf_skb_store_bytes(skb, link_header, crafted->bytes, length, 0);
	if (error)
		return error;
	pseudo = ist_sum(crafted->bytes + 12, 8, IST_PROTOCOL_TCP + length - IST_IPV4_HEADER);
	return ist_put_checksum(skb, link_header + IST_IPV4_HEADER + 16, (uint16_t)pseudo,
				ist_get16(crafted->bytes + IST_IPV4_HEADER + 16));
}

/* The forwarded packet with the core's edits, same family. */
IST_INLINE long ist_put_edits(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	const struct ist_packet *packet = &scratch->packet;
	const uint32_t link_header = scratch->link_header;
	const uint32_t at = link_header + packet->transport_offset +
			    (packet->protocol == IST_PROTOCOL_TCP ? 16u : 6u);
	const uint64_t udp = packet->protocol == IST_PROTOCOL_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	uint32_t length = packet->header_length;
	struct ist_deltas deltas;
	long error;

	deltas = ist_rewrite_apply(scratch->header, packet, &scratch->verdict.edits,
				   IST_CHECKSUM_HELPER);
	IST_KEEP(length);
	if (length < 1 || length > IST_HEADER_MAX)
		return -1;
	error = bpf_skb_store_bytes(skb, link_header, scratch->header, length, 0);
	if (error || packet->fragment_offset)
		return error;
	error = bpf_l4_csum_replace(skb, at, 0, bpf_htons(deltas.pseudo), BPF_F_PSEUDO_HDR | udp);
	if (error || !deltas.transport)
		return error;
	return bpf_l4_csum_replace(skb, at, 0, bpf_htons(deltas.transport), udp);
}

/* Forwards the packet; by a clone if it is needed afterwards. */
IST_INLINE int ist_send_forward(struct __sk_buff *skb, struct ist_scratch *scratch, bool clone)
{
	const struct ist_link *link = &scratch->link[(scratch->place.side & 1) ^ 1];
	const struct ist_device *device = ist_device_of(link);

	if (!device)
		return ist_send_failed(scratch, IST_CARRIER_NO_ROUTE);
	if (ist_put_edits(skb, scratch) ||
	    ist_put_link(skb, scratch, link, device, scratch->packet.family))
		return ist_send_failed(scratch, IST_CARRIER_ERROR);
	if (clone)
		return (int)bpf_clone_redirect(skb, device->ifindex, 0);
	return (int)bpf_redirect(device->ifindex, 0);
}

/*
 * Sends the packet as it stands to a side. To one that has not been heard of (an Active splice's
 * target) the kernel finds the next hop, which a clone cannot ask for.
 */
IST_INLINE int ist_send_crafted(struct __sk_buff *skb, struct ist_scratch *scratch, unsigned int to,
				bool last)
{
	struct ist_link link = scratch->link[to];
	const struct ist_device *device;
	bool resolve;

	if (!link.device)
		link.device = scratch->link[to ^ 1].device;
	device = ist_device_of(&link);
	if (!device || ist_put_link(skb, scratch, &link, device, IST_FAMILY_IPV4))
		return ist_send_failed(scratch, IST_CARRIER_NO_ROUTE);
	ist_count(IST_COUNTER_EMITTED, 1);
	if (!last || scratch->control) {
		bpf_clone_redirect(skb, device->ifindex, 0);
		return ist_stop(scratch);
	}
	resolve = device->ethernet &&
		  !(ist_get16(link.peer) | ist_get16(link.peer + 2) | ist_get16(link.peer + 4));
	if (resolve)
		return (int)bpf_redirect_neigh(device->ifindex, 0, 0, 0);
	return (int)bpf_redirect(device->ifindex, 0);
}

/* Makes and sends one of the core's packets. */
IST_INLINE int ist_send_one(struct __sk_buff *skb, struct ist_scratch *scratch,
			    const struct ist_crafted *crafted, bool last)
{
	if (ist_put_crafted(skb, scratch, crafted))
		return ist_send_failed(scratch, IST_CARRIER_ERROR);
	return ist_send_crafted(skb, scratch, crafted->to & 1, last);
}

#endif
