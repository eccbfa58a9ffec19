/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP and ICMPv6 errors: which types they are, and which one of the other family says the same
 * (RFC 7915 sections 4.2 and 5.2). Length fields of RFC 4884 are not carried over.
 */
#ifndef IST_ICMP_KIND_H
#define IST_ICMP_KIND_H

#include "model/splice/ist-header.h"

/* RFC 792. */
enum ist_icmp_type {
	IST_ICMP_UNREACHABLE = 3,
	IST_ICMP_TIME_EXCEEDED = 11,
	IST_ICMP_PARAMETER_PROBLEM = 12,
};

/* RFC 4443. */
enum ist_icmpv6_type {
	IST_ICMPV6_UNREACHABLE = 1,
	IST_ICMPV6_TOO_BIG = 2,
	IST_ICMPV6_TIME_EXCEEDED = 3,
	IST_ICMPV6_PARAMETER_PROBLEM = 4,
};

/* Codes of unreachable with a meaning of their own here. */
#define IST_ICMP_PROTOCOL_UNREACHABLE 2
#define IST_ICMP_PORT_UNREACHABLE 3
#define IST_ICMP_TOO_BIG 4
#define IST_ICMP_HOST_PROHIBITED 10
#define IST_ICMPV6_PROHIBITED 1
#define IST_ICMPV6_PORT_UNREACHABLE 4

#define IST_IPV6_MTU_LEAST 1280
#define IST_NO_POINTER 0xff

/* The first eight bytes of an error but its checksum. */
struct ist_icmp_kind {
	uint32_t info; /* bytes 4 to 7: MTU or pointer in their places */
	uint8_t type;
	uint8_t code;
};

IST_INLINE bool ist_icmp_is_error(unsigned int protocol, unsigned int type)
{
	if (protocol == IST_PROTOCOL_ICMPV6)
		return type >= IST_ICMPV6_UNREACHABLE && type <= IST_ICMPV6_PARAMETER_PROBLEM;
	return protocol == IST_PROTOCOL_ICMP &&
	       (type == IST_ICMP_UNREACHABLE || type == IST_ICMP_TIME_EXCEEDED ||
		type == IST_ICMP_PARAMETER_PROBLEM);
}

/* RFC 1191 section 7.1: the greatest plateau below a packet's length, for routers that say 0. */
IST_INLINE uint32_t ist_mtu_plateau(uint32_t length)
{
	return length > 32000	? 32000
	       : length > 17914 ? 17914
	       : length > 8166	? 8166
	       : length > 4352	? 4352
	       : length > 2002	? 2002
	       : length > 1492	? 1492
	       : length > 1006	? 1006
	       : length > 508	? 508
	       : length > 296	? 296
				: 68;
}

/* Byte of the IPv6 header that tells what a byte of the IPv4 header does (RFC 7915 Figure 3). */
IST_INLINE uint32_t ist_pointer_to_ipv6(uint32_t pointer)
{
	return pointer <= 1			? pointer
	       : pointer <= 3			? 4
	       : pointer == 8			? 7
	       : pointer == 9			? 6
	       : pointer >= 12 && pointer <= 15 ? 8
	       : pointer >= 16 && pointer <= 19 ? 24
						: IST_NO_POINTER;
}

/* The other way (RFC 7915 Figure 6). */
IST_INLINE uint32_t ist_pointer_to_ipv4(uint32_t pointer)
{
	return pointer <= 1			? pointer
	       : pointer == 4 || pointer == 5	? 2
	       : pointer == 6			? 9
	       : pointer == 7			? 8
	       : pointer >= 8 && pointer <= 23	? 12
	       : pointer >= 24 && pointer <= 39 ? 16
						: IST_NO_POINTER;
}

/* Destination unreachable, section 4.2. */
IST_INLINE bool ist_unreachable_to_ipv6(struct ist_icmp_kind *kind, uint32_t quoted_length)
{
	const uint32_t mtu = kind->info & 0xffff;
	const unsigned int code = kind->code;

	kind->type = IST_ICMPV6_UNREACHABLE;
	kind->code = 0;
	kind->info = 0;
	if (code == IST_ICMP_PROTOCOL_UNREACHABLE) {
		kind->type = IST_ICMPV6_PARAMETER_PROBLEM;
		kind->code = 1;
		kind->info = 6; /* next header */
	} else if (code == IST_ICMP_TOO_BIG) {
		kind->type = IST_ICMPV6_TOO_BIG;
		kind->info = (mtu ? mtu : ist_mtu_plateau(quoted_length)) + IST_FAMILY_GROWTH;
		if (kind->info < IST_IPV6_MTU_LEAST)
			kind->info = IST_IPV6_MTU_LEAST;
	} else if (code == IST_ICMP_PORT_UNREACHABLE) {
		kind->code = IST_ICMPV6_PORT_UNREACHABLE;
	} else if (code == 9 || code == 10 || code == 13 || code == 15) {
		kind->code = IST_ICMPV6_PROHIBITED;
	} else {
		return code <= 12;
	}
	return 1;
}

/*
 * An error about an IPv4 packet as one about an IPv6 packet. `quoted_length`: total length of the
 * IPv4 packet. Returns 0 if ICMPv6 has no word for it: then it is dropped.
 */
IST_INLINE bool ist_icmp_to_ipv6(struct ist_icmp_kind *kind, uint32_t quoted_length)
{
	const uint32_t pointer = ist_pointer_to_ipv6(kind->info >> 24);

	if (kind->type == IST_ICMP_UNREACHABLE)
		return ist_unreachable_to_ipv6(kind, quoted_length);
	kind->info = 0;
	if (kind->type == IST_ICMP_TIME_EXCEEDED) {
		kind->type = IST_ICMPV6_TIME_EXCEEDED;
		return kind->code <= 1;
	}
	if (kind->code == 1 || kind->code > 2 || pointer == IST_NO_POINTER)
		return 0;
	kind->type = IST_ICMPV6_PARAMETER_PROBLEM;
	kind->code = 0;
	kind->info = pointer;
	return 1;
}

/* Destination unreachable, section 5.2. */
IST_INLINE bool ist_unreachable_to_ipv4(struct ist_icmp_kind *kind)
{
	const unsigned int code = kind->code;

	kind->type = IST_ICMP_UNREACHABLE;
	kind->info = 0;
	kind->code = code == IST_ICMPV6_PROHIBITED	   ? IST_ICMP_HOST_PROHIBITED
		     : code == IST_ICMPV6_PORT_UNREACHABLE ? IST_ICMP_PORT_UNREACHABLE
							   : 1; /* host */
	return code <= IST_ICMPV6_PORT_UNREACHABLE;
}

/* An error about an IPv6 packet as one about an IPv4 packet; as ist_icmp_to_ipv6(). */
IST_INLINE bool ist_icmp_to_ipv4(struct ist_icmp_kind *kind)
{
	const uint32_t pointer = ist_pointer_to_ipv4(kind->info);
	const uint32_t mtu = kind->info;

	if (kind->type == IST_ICMPV6_UNREACHABLE)
		return ist_unreachable_to_ipv4(kind);
	kind->info = 0;
	if (kind->type == IST_ICMPV6_TIME_EXCEEDED) {
		kind->type = IST_ICMP_TIME_EXCEEDED;
		return kind->code <= 1;
	}
	if (kind->type == IST_ICMPV6_TOO_BIG) {
		kind->type = IST_ICMP_UNREACHABLE;
		kind->code = IST_ICMP_TOO_BIG;
		kind->info = mtu > 65535 ? 65535 : mtu;
		/* No link of IPv4 has less (RFC 791 section 3.2). */
		kind->info =
			kind->info < 68 + IST_FAMILY_GROWTH ? 68 : kind->info - IST_FAMILY_GROWTH;
		return 1;
	}
	if (kind->code == 1) {
		kind->type = IST_ICMP_UNREACHABLE;
		kind->code = IST_ICMP_PROTOCOL_UNREACHABLE;
		return 1;
	}
	kind->type = IST_ICMP_PARAMETER_PROBLEM;
	kind->info = pointer << 24;
	return kind->code == 0 && pointer != IST_NO_POINTER;
}

#endif
