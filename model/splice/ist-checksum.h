/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Internet checksum (RFC 1071) and its incremental update, RFC 1624 equation 3:
 *
 *	HC' = ~(~HC + ~m + m')
 *
 * RFC 1141's form, which thesis 5.2 prints, gives 0xffff where 0x0000 is due. The part
 * "~m + m'" of fields that never change during a splice is its "delta", computed once.
 *
 * All values are the numbers that the network byte order fields stand for. One's complement
 * addition commutes with a byte swap, so a delta for a helper that wants network byte order is
 * the delta byte-swapped.
 */
#ifndef IST_CHECKSUM_H
#define IST_CHECKSUM_H

#include "model/splice/ist-env.h"

/* What the transport checksum field of a packet holds, and who keeps it right. */
enum ist_checksum_mode {
	/* The whole checksum, as on the wire: updated in place. */
	IST_CHECKSUM_FULL,
	/*
	 * The sum of the pseudo header, not inverted; a device adds the rest (Linux'
	 * CHECKSUM_PARTIAL). Only addresses and length change it.
	 */
	IST_CHECKSUM_PARTIAL,
	/*
	 * Not touched here: the carrier hands the deltas to a helper that knows which of the two it
	 * is (bpf_l4_csum_replace). The IPv4 header checksum is updated in place all the same.
	 */
	IST_CHECKSUM_HELPER,
};

/* One's complement sum of 16 bits. */
IST_INLINE uint16_t ist_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Adds `length` bytes (at most 65535) to a sum; an odd last byte is padded with zero. */
IST_INLINE uint32_t ist_sum(const uint8_t *bytes, uint32_t length, uint32_t sum)
{
	uint32_t at;

	for (at = 0; at + 1 < length; at += 2)
		sum += ist_get16(bytes + at);
	if (length & 1)
		sum += (uint32_t)bytes[length - 1] << 8;
	return ist_fold(sum);
}

/* Delta of a 16-bit field at an even offset; add deltas and fold before use. */
IST_INLINE uint32_t ist_delta16(uint16_t before, uint16_t after)
{
	return (uint32_t)(uint16_t)~before + after;
}

/* Delta of a 32-bit field at an even offset. */
IST_INLINE uint32_t ist_delta32(uint32_t before, uint32_t after)
{
	return ist_delta16((uint16_t)(before >> 16), (uint16_t)(after >> 16)) +
	       ist_delta16((uint16_t)before, (uint16_t)after);
}

/* A delta seen from an offset of the other parity: bytes swapped (RFC 1071 section 2 B). */
IST_INLINE uint16_t ist_delta_swap(uint32_t delta)
{
	uint16_t folded = ist_fold(delta);

	return (uint16_t)((uint32_t)folded << 8 | folded >> 8);
}

/* RFC 1624 equation 3. */
IST_INLINE uint16_t ist_checksum_update(uint16_t checksum, uint32_t delta)
{
	return (uint16_t)~ist_fold((uint32_t)(uint16_t)~checksum + ist_fold(delta));
}

/* The same for a field that holds a sum which is not inverted (IST_CHECKSUM_PARTIAL). */
IST_INLINE uint16_t ist_partial_update(uint16_t sum, uint32_t delta)
{
	return ist_fold((uint32_t)sum + ist_fold(delta));
}

#endif
