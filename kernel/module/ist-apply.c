// SPDX-License-Identifier: GPL-2.0-or-later
/* Rewrites the headers of a packet, in place or into the other family. */
#include "kernel/module/ist-path.h"

#include <linux/errno.h>
#include <linux/if_ether.h>

#include "model/splice/ist-family.h"

/* Segments of one family that a device or the stack is still to cut become those of the other. */
static void ist_turn_segments(struct sk_buff *skb, bool to_ipv6)
{
	struct skb_shared_info *info = skb_shinfo(skb);

	if (!info->gso_size)
		return;
	if (info->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
		info->gso_type &=
			~(unsigned int)(SKB_GSO_TCPV4 | SKB_GSO_TCPV6 | SKB_GSO_TCP_FIXEDID);
		info->gso_type |= to_ipv6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4;
	}
	/* The size stays, as the MSS was agreed for both; the headers are to be looked at anew. */
	info->gso_type |= SKB_GSO_DODGY;
	info->gso_segs = 0;
}

int ist_replace_headers(struct sk_buff *skb, const u8 *bytes, unsigned int length,
			unsigned int skip)
{
	const bool to_ipv6 = bytes[0] >> 4 == IST_FAMILY_IPV6;
	const unsigned int grow = length > skip ? length - skip : 0;

	if (skb_cow_head(skb, grow))
		return -ENOMEM;
	/* A complete checksum was of the packet as it came. */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	ist_turn_segments(skb, to_ipv6);
	__skb_pull(skb, skip);
	__skb_push(skb, length);
	memcpy(skb->data, bytes, length);
	skb->protocol = to_ipv6 ? htons(ETH_P_IPV6) : htons(ETH_P_IP);
	skb_reset_network_header(skb);
	skb_reset_mac_header(skb);
	skb_set_transport_header(skb, (int)length);
	return 0;
}

enum ist_path ist_apply(struct ist_host *host, struct sk_buff *skb, const struct ist_packet *packet,
			const struct ist_rewrite *edits, struct ist_outcome *outcome)
{
	const unsigned int mode =
		skb->ip_summed == CHECKSUM_PARTIAL ? IST_CHECKSUM_PARTIAL : IST_CHECKSUM_FULL;
	struct ist_family_out out;

	if (ist_lacks_checksum(packet, edits))
		return ist_drop_for(host, IST_CARRIER_UDP_CHECKSUM, outcome);
	if (skb_ensure_writable(skb, packet->header_length))
		return ist_drop_for(host, IST_CARRIER_ERROR, outcome);
	(void)ist_rewrite_apply(skb->data, packet, edits, mode);
	if (!(edits->fields & IST_EDIT_FAMILY))
		return IST_PATH_FORWARD;
	ist_family_header(packet, edits, &out);
	if (ist_replace_headers(skb, out.bytes, out.length, out.skip))
		return ist_drop_for(host, IST_CARRIER_ERROR, outcome);
	return IST_PATH_FORWARD;
}
