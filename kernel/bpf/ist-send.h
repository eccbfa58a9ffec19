/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets on their way out: the forwarded one with its edits, and those that the core made, which
 * are built in the packet that caused them.
 */
#ifndef IST_SEND_H
#define IST_SEND_H

#include "kernel/bpf/ist-shape.h"

/* Whether the way out carries the packet, in segments if the device makes them. */
IST_INLINE bool ist_fits(struct __sk_buff *skb, const struct ist_scratch *scratch, uint32_t mtu)
{
	const struct ist_packet *packet = &scratch->packet;
	const uint32_t segment = skb->gso_size;
	uint32_t length = packet->total_length;

	if (segment)
		length = packet->header_length + segment;
	if (!(scratch->verdict.edits.fields & IST_EDIT_FAMILY))
		return length <= mtu;
	length -= packet->transport_offset;
	if (packet->family == IST_FAMILY_IPV6)
		length += IST_IPV4_HEADER;
	else if (packet->fragment_offset || (packet->flags & IST_PACKET_MORE_FRAGMENTS))
		length += IST_FAMILY_HEADER_MAX;
	else
		length += IST_IPV6_HEADER;
	return length <= mtu;
}

/*
 * Forwards the packet; by a clone if it is needed afterwards. What does not fit into the way out
 * draws "too big" (RFC 1191, RFC 8201).
 */
IST_INLINE int ist_send_forward(struct __sk_buff *skb, struct ist_scratch *scratch, bool clone)
{
	const struct ist_link *link = &scratch->link[(scratch->place.side & 1) ^ 1];
	const struct ist_device *device = ist_device_of(link);

	if (!device)
		return ist_send_failed(scratch, IST_CARRIER_NO_ROUTE);
	if (scratch->first_fragment)
		scratch->packet.flags |= IST_PACKET_MORE_FRAGMENTS;
	if (ist_lacks_checksum(&scratch->packet, &scratch->verdict.edits))
		return ist_send_failed(scratch, IST_CARRIER_UDP_CHECKSUM);
	if (!clone && !ist_fits(skb, scratch, device->mtu)) {
		scratch->mtu = device->mtu;
		return ist_chain(skb, scratch, IST_PROGRAM_TOO_BIG);
	}
	if (ist_put_edits(skb, scratch) || ist_put_link(skb, scratch, link, device))
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
	if (!device || ist_put_link(skb, scratch, &link, device))
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
