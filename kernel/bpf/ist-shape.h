/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a packet on its way out: link, IP and transport headers, of either family. */
#ifndef IST_SHAPE_H
#define IST_SHAPE_H

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
			     const struct ist_link *link, const struct ist_device *device)
{
	uint8_t bytes[16] __attribute__((aligned(8)));
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
	ist_put16(bytes + 2 * ETH_ALEN, scratch->family == IST_FAMILY_IPV6 ? ETH_P_IPV6 : ETH_P_IP);
	return bpf_skb_store_bytes(skb, 0, bytes, ETH_HLEN, 0);
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

/*
 * Makes room for an IP header of another family or length before the transport header, which stays
 * where it is: there the checksum of a device starts. The header's bytes are the caller's to write.
 */
IST_INLINE long ist_reshape(struct __sk_buff *skb, struct ist_scratch *scratch, uint32_t family,
			    uint32_t length)
{
	const uint32_t plain = ist_ip_header(scratch->family);
	const bool gso = skb->gso_size != 0;
	long error = 0;

	if (scratch->ip_header != plain &&
	    (scratch->family != family || scratch->ip_header != length)) {
		error = bpf_skb_adjust_room(skb, (int32_t)plain - (int32_t)scratch->ip_header,
					    BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO);
		scratch->ip_header = plain;
	}
	if (!error && scratch->family != family) {
		error = bpf_skb_change_proto(
			skb, bpf_htons(family == IST_FAMILY_IPV6 ? ETH_P_IPV6 : ETH_P_IP), 0);
		scratch->family = family;
		scratch->ip_header = ist_ip_header(family);
		/* That made segments longer by what the header became shorter; not so: the sender
		   has been told how long they may be. */
		if (!error && gso && family == IST_FAMILY_IPV4) {
			error = bpf_skb_adjust_room(skb, IST_FAMILY_GROWTH, BPF_ADJ_ROOM_NET, 0);
			if (!error)
				error = bpf_skb_adjust_room(skb, -IST_FAMILY_GROWTH,
							    BPF_ADJ_ROOM_NET,
							    BPF_F_ADJ_ROOM_FIXED_GSO);
		}
	}
	if (!error && scratch->ip_header != length) {
		error = bpf_skb_adjust_room(skb, (int32_t)length - (int32_t)scratch->ip_header,
					    BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO);
		scratch->ip_header = length;
	}
	return error;
}

/* Turns the packet into a TCP segment that the core made. */
IST_INLINE long ist_put_crafted(struct __sk_buff *skb, struct ist_scratch *scratch,
				const struct ist_crafted *crafted)
{
	const uint32_t family = crafted->bytes[0] >> 4;
	const bool ipv6 = family == IST_FAMILY_IPV6;
	const uint32_t ip_header = ist_ip_header(family);
	uint32_t length = crafted->length;
	uint32_t link_header;
	uint32_t pseudo;
	long error;

	error = ist_reshape(skb, scratch, family, ip_header);
	if (error)
		return error;
	link_header = scratch->link_header;
	error = bpf_skb_change_tail(skb, link_header + length, 0);
	if (error)
		return error;
	if (length < IST_IPV4_HEADER + IST_TCP_HEADER || length > IST_CRAFTED_MAX)
		return -1;
	error = bpf_skb_store_bytes(skb, link_header, crafted->bytes, ist_length(length, 127), 0);
	if (error)
		return error;
	pseudo = IST_PROTOCOL_TCP + length - ip_header;
	pseudo = ipv6 ? ist_sum(crafted->bytes + 8, 32, pseudo)
		      : ist_sum(crafted->bytes + 12, 8, pseudo);
	return ist_put_checksum(skb, link_header + ip_header + 16, (uint16_t)pseudo,
				ist_get16(crafted->bytes + ip_header + 16));
}

/* Writes bytes of `scratch->header` behind the IP header at `from` to where they are in the packet
 * now. */
IST_INLINE long ist_store_transport(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	const uint32_t from = scratch->packet.transport_offset;
	uint32_t length = scratch->packet.header_length - from;

	if (length < 1 || length > IST_HEADER_MAX - IST_IPV4_HEADER)
		return -1;
	return bpf_skb_store_bytes(skb, scratch->link_header + scratch->ip_header,
				   scratch->header + ist_offset(from), ist_length(length, 127), 0);
}

/* The IP header made anew in the other family. */
IST_INLINE long ist_put_family(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	struct ist_family_out *out = &scratch->made.family_out;
	const uint32_t family =
		scratch->packet.family == IST_FAMILY_IPV4 ? IST_FAMILY_IPV6 : IST_FAMILY_IPV4;
	uint32_t length;
	long error;

	ist_family_header(&scratch->packet, &scratch->verdict.edits, out);
	length = out->length;
	error = ist_reshape(skb, scratch, family, length);
	if (error)
		return error;
	if (length < 1 || length > IST_FAMILY_HEADER_MAX)
		return -1;
	return bpf_skb_store_bytes(skb, scratch->link_header, out->bytes, ist_length(length, 63),
				   0);
}

/* The forwarded packet with the core's edits. */
IST_INLINE long ist_put_edits(struct __sk_buff *skb, struct ist_scratch *scratch)
{
	const struct ist_packet *packet = &scratch->packet;
	const struct ist_rewrite *edits = &scratch->verdict.edits;
	const uint64_t udp = packet->protocol == IST_PROTOCOL_UDP ? BPF_F_MARK_MANGLED_0 : 0;
	uint32_t length = packet->header_length;
	struct ist_deltas deltas;
	uint32_t at;
	long error;

	deltas = ist_rewrite_apply(scratch->header, packet, edits, IST_CHECKSUM_HELPER);
	if (edits->fields & IST_EDIT_FAMILY) {
		error = ist_put_family(skb, scratch);
		if (!error && !packet->fragment_offset)
			error = ist_store_transport(skb, scratch);
	} else {
		if (length < 1 || length > IST_HEADER_MAX)
			return -1;
		error = bpf_skb_store_bytes(skb, scratch->link_header, scratch->header,
					    ist_length(length, 127), 0);
	}
	if (error || packet->fragment_offset)
		return error;
	at = scratch->link_header + scratch->ip_header + (udp ? 6u : 16u);
	error = bpf_l4_csum_replace(skb, at, 0, bpf_htons(deltas.pseudo), BPF_F_PSEUDO_HDR | udp);
	if (error || !deltas.transport)
		return error;
	return bpf_l4_csum_replace(skb, at, 0, bpf_htons(deltas.transport), udp);
}

#endif
