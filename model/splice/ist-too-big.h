/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "Too big": what an IST tells the sender of a packet that does not fit into the way out, for
 * carriers that forward without a stack behind them (RFC 1191 section 4, RFC 8201 section 4).
 */
#ifndef IST_TOO_BIG_H
#define IST_TOO_BIG_H

#include "model/splice/ist-forward.h"
#include "model/splice/ist-icmp-kind.h"

/* Headers of 40 and 8 bytes, then as much of the packet as IST_HEADER_MAX. */
#define IST_TOO_BIG_MAX 168

struct ist_too_big {
	uint8_t length; /* total length of the packet in `bytes` */
	uint8_t bytes[IST_TOO_BIG_MAX];
};

/*
 * Makes the error about the packet `header`, parsed as `packet`, unedited: from the IST's address
 * to which it was sent. `mtu`: what the way out carries, in the family that it has there;
 * `crosses`: that is the other one (IST_EDIT_FAMILY). The quote is the headers up to 8 bytes of
 * transport. The carrier limits how often it says so.
 */
IST_INLINE void ist_put_too_big(const uint8_t *header, const struct ist_packet *packet,
				uint32_t mtu, bool crosses, uint8_t ttl, struct ist_too_big *out)
{
	const bool ipv6 = packet->family == IST_FAMILY_IPV6;
	const uint32_t at = ist_ip_header(packet->family);
	const uint32_t quoted = (uint32_t)packet->transport_offset + 8;
	const uint32_t growth = packet->flags & IST_PACKET_MORE_FRAGMENTS || packet->fragment_offset
					? IST_FAMILY_GROWTH + IST_IPV6_FRAGMENT
					: IST_FAMILY_GROWTH;
	uint8_t *icmp = out->bytes + at;
	struct ist_ip_fields fields;
	struct ist_tuple tuple;
	uint32_t sum, i;

	if (crosses)
		mtu = ipv6 ? mtu + IST_FAMILY_GROWTH : mtu - growth;
	if (ipv6 && mtu < IST_IPV6_MTU_LEAST)
		mtu = IST_IPV6_MTU_LEAST; /* senders take no less; IPv4 may fragment such packets */
	ist_towards(&tuple, &packet->tuple);
	ist_clear(&fields, sizeof(fields));
	fields.payload = IST_ICMP_HEADER + quoted;
	fields.protocol = ipv6 ? IST_PROTOCOL_ICMPV6 : IST_PROTOCOL_ICMP;
	fields.ttl = ttl;
	fields.flags = IST_PACKET_DONT_FRAGMENT;
	if (ipv6)
		ist_put_ipv6_header(out->bytes, &tuple, &fields);
	else
		ist_put_ipv4_header(out->bytes, &tuple, &fields);
	icmp[0] = (uint8_t)(ipv6 ? (int)IST_ICMPV6_TOO_BIG : (int)IST_ICMP_UNREACHABLE);
	icmp[1] = ipv6 ? 0 : IST_ICMP_TOO_BIG;
	ist_put16(icmp + 2, 0);
	ist_put32(icmp + 4, mtu);
	sum = ipv6 ? ist_pseudo_sum(&tuple, fields.protocol, fields.payload) : 0;
	sum = ist_sum(icmp, IST_ICMP_HEADER, sum);
	/* Headers are whole words long. */
	for (i = 0; i < IST_HEADER_MAX && i < quoted; i += 4) {
		const uint32_t word = ist_get32(header + i);

		ist_put32(icmp + IST_ICMP_HEADER + i, word);
		sum += (word >> 16) + (word & 0xffff);
	}
	ist_put16(icmp + 2, (uint16_t)~ist_fold(sum));
	out->length = (uint8_t)(at + fields.payload);
}

#endif
