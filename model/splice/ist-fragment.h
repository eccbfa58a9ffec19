/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Later fragments share the fate of the first one, which alone has ports; nothing is reassembled.
 * The carrier keeps a bounded table of datagrams, and if it can, holds what overtakes the first.
 * A datagram is forgotten when all its bytes have passed, or after the time-out. Overlaps are not
 * looked for: the receiver reassembles and judges.
 *
 *	first:  ist_datagram_key_of() -> step as a whole datagram (flag IST_PACKET_MORE_FRAGMENTS
 *	        cleared) -> ist_datagram_first() into the table
 *	later:  ist_datagram_key_of() -> look up -> ist_datagram_next() -> with IST_FATE_FORWARD
 *apply ist_side_rewrite(), TTL included
 */
#ifndef IST_FRAGMENT_H
#define IST_FRAGMENT_H

#include "model/splice/ist-types.h"

/* Identifies the fragments of one datagram (RFC 791 section 3.2, RFC 8200 section 4.5). */
struct ist_datagram_key {
	struct ist_address source;
	struct ist_address destination;
	uint32_t identification;
	uint8_t protocol;
	uint8_t family;
	uint8_t pad[2]; /* 0: a key may be compared as bytes */
};

/* What became of a datagram. */
enum ist_fate {
	IST_FATE_UNKNOWN,  /* its first fragment has not come */
	IST_FATE_NOT_OURS, /* it was no IST's */
	IST_FATE_FORWARD,
	IST_FATE_DROP,
};

/* A datagram that is followed. The carrier adds whose it is. */
struct ist_datagram {
	uint64_t expires_ns;
	uint32_t passed; /* bytes of all fragments so far, at most */
	uint32_t total;	 /* bytes in all; 0 before the last fragment came */
	uint8_t fate;	 /* enum ist_fate */
	uint8_t from;	 /* side */
	uint8_t reason;	 /* of IST_FATE_DROP */
	uint8_t pad;
};

IST_INLINE bool ist_is_first_fragment(const struct ist_packet *packet)
{
	return !packet->fragment_offset && (packet->flags & IST_PACKET_MORE_FRAGMENTS);
}

IST_INLINE void ist_datagram_key_of(struct ist_datagram_key *key, const struct ist_packet *packet)
{
	key->source = packet->tuple.source;
	key->destination = packet->tuple.destination;
	key->identification = packet->identification;
	key->protocol = packet->protocol;
	key->family = packet->family;
	key->pad[0] = key->pad[1] = 0;
}

/* Bytes of the datagram in this packet: all behind the IP header. */
IST_INLINE uint32_t ist_fragment_bytes(const struct ist_packet *packet)
{
	return (uint32_t)packet->total_length - packet->transport_offset;
}

/* The first fragment's fate was decided. Replaces what was known: identifications come again. */
IST_INLINE void ist_datagram_first(struct ist_datagram *datagram, const struct ist_packet *packet,
				   unsigned int fate, unsigned int from, uint64_t expires_ns)
{
	datagram->expires_ns = expires_ns;
	datagram->passed = ist_fragment_bytes(packet);
	datagram->total = 0;
	datagram->fate = (uint8_t)fate;
	datagram->from = (uint8_t)from;
	datagram->reason = 0;
	datagram->pad = 0;
}

/*
 * A later fragment; returns its fate, enum ist_fate. `*over`: that was all of the datagram, or its
 * time is over: the carrier may forget it.
 */
IST_INLINE unsigned int ist_datagram_next(struct ist_datagram *datagram,
					  const struct ist_packet *packet, uint64_t now_ns,
					  bool *over)
{
	const uint32_t bytes = ist_fragment_bytes(packet);

	*over = now_ns >= datagram->expires_ns;
	if (*over)
		return IST_FATE_UNKNOWN;
	/* Repeats may not make it wrap. */
	if (datagram->passed < 1u << 30)
		datagram->passed += bytes;
	if (!(packet->flags & IST_PACKET_MORE_FRAGMENTS))
		datagram->total = packet->fragment_offset + bytes;
	*over = datagram->total && datagram->passed >= datagram->total;
	return datagram->fate;
}

#endif
