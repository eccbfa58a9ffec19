/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short way of a packet: plain segments and datagrams of joined splices, looked at and edited
 * in place. What tc and XDP share of it.
 */
#ifndef IST_PLAIN_H
#define IST_PLAIN_H

#include "kernel/bpf/ist-clock.h"
#include "kernel/bpf/ist-tables.h"

#include "model/splice/ist-fast.h"

/* What comes before is read before what comes after. */
#define IST_BARRIER() asm volatile("" ::: "memory")

#define IST_IPV4_FRAGMENT 0x3fff /* more fragments, or an offset */

/* A packet whose headers lie where they mostly do: no IPv4 options, no IPv6 extension headers. */
struct ist_plain {
	uint8_t *ethernet; /* null: the packet has no link header */
	uint8_t *ip;
	uint8_t *transport;
	const uint8_t *end;
	uint32_t length;     /* of the IP packet */
	uint32_t ip_payload; /* of that, behind the IP header */
	uint8_t protocol;
};

/* What is taken out of an entry under its lock. */
struct ist_way {
	struct ist_address source;	/* as it leaves */
	struct ist_address destination; /* as it leaves */
	uint32_t ports;			/* as it leaves: source << 16 | destination */
	uint16_t address_delta;
	uint16_t port_delta; /* and of numbers, once they are edited */
	uint16_t device;     /* index into ist_devices */
	uint16_t peer_high;  /* of the next hop's Ethernet address, as in memory: bytes 4 and 5 */
	uint32_t peer_low;   /* bytes 0 to 3 */
	uint32_t seq_add;    /* Active; else 0 */
	uint32_t ack_add;    /* Active; else 0 */
};

/* Reads what the fast step needs, as far as the packet reaches. */
IST_INLINE bool ist_read_segment(struct ist_segment *segment, const struct ist_plain *packet)
{
	const uint8_t *tcp = packet->transport;

	if (tcp + 36 <= packet->end)
		return ist_segment_read(segment, tcp, 36, packet->ip_payload);
	if (tcp + 32 <= packet->end)
		return ist_segment_read(segment, tcp, 32, packet->ip_payload);
	if (tcp + IST_TCP_HEADER <= packet->end)
		return ist_segment_read(segment, tcp, IST_TCP_HEADER, packet->ip_payload);
	return 0;
}

/* A datagram has none of it; one whose length is not the packet's is left to the parser. */
IST_INLINE bool ist_read_datagram(struct ist_segment *segment, const struct ist_plain *packet)
{
	ist_clear(segment, sizeof(*segment));
	segment->payload_length = packet->ip_payload - IST_UDP_HEADER;
	return ist_get16(packet->transport + 4) == packet->ip_payload;
}

/* A side whose packets come another way now is for the slow path to learn. */
IST_INLINE bool ist_came_from(const struct ist_link *link, const uint8_t *ethernet)
{
	return !ethernet ||
	       (*(const ist_word32 *)link->peer == *(const ist_word32 *)(ethernet + ETH_ALEN) &&
		*(const ist_word16 *)(link->peer + 4) ==
			*(const ist_word16 *)(ethernet + ETH_ALEN + 4));
}

/*
 * Takes the fast step; true if the packet is to be forwarded as `way` says.
 *
 * Without the lock: of a joined splice only packets of this side write this side's numbers, each
 * one word, and nothing is decided by two of them together. Whatever changes more (SYN, FIN, RST,
 * the end) is the slow path's, under the lock. The generation is read after what is taken out of
 * the entry, so a slot that returns meanwhile is noticed. Packets of one side on two processors at
 * once may lose a count, and a number that the next packet brings again.
 */
IST_INLINE bool ist_take_step(struct ist_entry *entry, const struct ist_place *place,
			      const struct ist_plain *packet, const struct ist_segment *segment,
			      uint32_t family, struct ist_way *way)
{
	const unsigned int from = place->side & 1;
	const struct ist_side *side = &entry->core.side[from];
	const struct ist_side *other = &entry->core.side[from ^ 1];
	const struct ist_link *link = &entry->link[from ^ 1];

	if ((entry->flags & (IST_ENTRY_LIMITED | IST_ENTRY_ENDING)) ||
	    (side->out.fields & IST_EDIT_FAMILY) ||
	    ((side->out.fields & IST_EDIT_SEQUENCE) && segment->has_sack) ||
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
	way->seq_add = side->out.seq_add;
	way->ack_add = side->out.ack_add;
	way->device = link->device;
	way->peer_low = *(const ist_word32 *)link->peer;
	way->peer_high = *(const ist_word16 *)(link->peer + 4);
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

/* Numbers of an active splice's segment; the deltas of `way` then include them. */
IST_INLINE void ist_edit_numbers(uint8_t *tcp, struct ist_way *way)
{
	const uint32_t seq = ist_get32(tcp + 4);
	const uint32_t ack = ist_get32(tcp + 8);

	ist_put32(tcp + 4, seq + way->seq_add);
	ist_put32(tcp + 8, ack + way->ack_add);
	way->port_delta = ist_fold(way->port_delta + ist_delta32(seq, seq + way->seq_add) +
				   ist_delta32(ack, ack + way->ack_add));
}

IST_INLINE void ist_edit_addresses4(uint8_t *ip, const struct ist_way *way, bool decrement)
{
	uint32_t delta = way->address_delta;

	ist_put32(ip + 12, way->source.word[0]);
	ist_put32(ip + 16, way->destination.word[0]);
	if (decrement) {
		ip[8]--;
		delta += ist_delta16(0x0100, 0);
	}
	ist_put16(ip + 10, ist_checksum_update(ist_get16(ip + 10), delta));
}

IST_INLINE void ist_edit_addresses6(uint8_t *ip, const struct ist_way *way, bool decrement)
{
	unsigned int i;

#pragma clang loop unroll(full)
	for (i = 0; i < 4; i++) {
		ist_put32(ip + 8 + 4 * i, way->source.word[i]);
		ist_put32(ip + 24 + 4 * i, way->destination.word[i]);
	}
	if (decrement)
		ip[7]--;
}

/* Ethernet addresses of the next hop and of the device it is reached by. */
IST_INLINE void ist_edit_ethernet(uint8_t *ethernet, const struct ist_way *way,
				  const struct ist_device *device)
{
	*(ist_word32 *)ethernet = way->peer_low;
	*(ist_word16 *)(ethernet + 4) = way->peer_high;
	*(ist_word32 *)(ethernet + ETH_ALEN) = *(const ist_word32 *)device->address;
	*(ist_word16 *)(ethernet + ETH_ALEN + 4) = *(const ist_word16 *)(device->address + 4);
}

#endif
