/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of one packet as a flat struct, and the small types that it is made of. It is
 * filled by ist_packet_parse() (IPv4) or ist_packet_parse_any() (both families) in ist-packet.h.
 */
#ifndef IST_TYPES_H
#define IST_TYPES_H

#include "model/splice/ist-env.h"

/* Longest IPv4 header (60) plus longest TCP header (60). IPv6: 40, extension headers, 60. */
#define IST_HEADER_MAX 120

/* Size of a header buffer in an eBPF map value, where the verifier bounds offsets by masks. */
#define IST_HEADER_ROOM 288

enum ist_family {
	IST_FAMILY_IPV4 = 4,
	IST_FAMILY_IPV6 = 6,
};

/* IP protocol numbers. */
enum ist_protocol {
	IST_PROTOCOL_ICMP = 1,
	IST_PROTOCOL_TCP = 6,
	IST_PROTOCOL_UDP = 17,
	IST_PROTOCOL_ICMPV6 = 58,
};

/* Bits 0 to 8 of bytes 12 and 13 of a TCP header. AE is AccECN's (RFC 9768), once NS. */
enum ist_tcp_flag {
	IST_TCP_FIN = 0x001,
	IST_TCP_SYN = 0x002,
	IST_TCP_RST = 0x004,
	IST_TCP_PSH = 0x008,
	IST_TCP_ACK = 0x010,
	IST_TCP_URG = 0x020,
	IST_TCP_ECE = 0x040,
	IST_TCP_CWR = 0x080,
	IST_TCP_AE = 0x100,
};

/* TCP options present. IST_OPTION_ECN is none of them but negotiated in the same way. */
enum ist_option {
	IST_OPTION_MSS = 0x01,
	IST_OPTION_WSCALE = 0x02,
	IST_OPTION_SACK_PERMITTED = 0x04,
	IST_OPTION_TIMESTAMP = 0x08,
	IST_OPTION_SACK = 0x10,
	IST_OPTION_ECN = 0x20,
};

enum ist_packet_flag {
	IST_PACKET_DONT_FRAGMENT = 0x01,
	IST_PACKET_MORE_FRAGMENTS = 0x02,
	/* A UDP datagram that only registers its sender; see IST_REGISTRATION_LENGTH in
	   ist-packet.h. */
	IST_PACKET_REGISTRATION = 0x04,
	/* IPv6 with a fragment header, also when it is the only fragment (RFC 6946). */
	IST_PACKET_FRAGMENT_HEADER = 0x08,
};

/* Why a packet cannot be parsed. Negative; ist_parse_error_name() gives the name. */
enum ist_parse_error {
	IST_ERROR_SHORT = -1,	      /* fewer bytes than its headers need */
	IST_ERROR_VERSION = -2,	      /* not IPv4, or neither IPv4 nor IPv6 */
	IST_ERROR_HEADER_LENGTH = -3, /* IHL below 20 bytes or above the total length */
	IST_ERROR_TOTAL_LENGTH = -4,  /* above the bytes that arrived, or above 65535 (IPv6) */
	IST_ERROR_FRAGMENT = -5,      /* fragment ends beyond 65535 bytes */
	IST_ERROR_PROTOCOL = -6,      /* none of TCP, UDP, ICMP */
	IST_ERROR_TCP_OFFSET = -7,    /* data offset below 20 bytes or above the total length */
	IST_ERROR_TCP_OPTION = -8,    /* option of impossible length */
	IST_ERROR_UDP_LENGTH = -9,    /* UDP length below 8 or above the IP payload */
	IST_ERROR_EXTENSION = -10,    /* IPv6 extension headers too many, too long, misplaced, or
					 a routing header that has not reached its end */
};

/* IPv4: word[0] in host byte order, the others zero. IPv6: four words in host byte order. */
struct ist_address {
	uint32_t word[4];
};

/* Addresses and ports of a packet; ports in host byte order. */
struct ist_tuple {
	struct ist_address source;
	struct ist_address destination;
	uint16_t source_port;
	uint16_t destination_port;
};

/* Everything in host byte order. Offsets count from the first byte of the IP header. */
struct ist_packet {
	struct ist_tuple tuple; /* ports: 0 in a later fragment; ICMP echo: the identifier twice */
	uint32_t seq;
	uint32_t ack;
	uint32_t tsval;		  /* 0 without IST_OPTION_TIMESTAMP */
	uint32_t tsecr;		  /* as tsval */
	uint32_t identification;  /* IPv4: 16 bits; IPv6: of the fragment header, 0 without */
	uint16_t total_length;	  /* of the IP packet */
	uint16_t payload_length;  /* transport payload in this packet */
	uint16_t fragment_offset; /* in bytes; 0: whole packet or first fragment */
	uint16_t checksum;	  /* transport checksum as it stands; 0 in a later fragment */
	uint16_t tcp_flags;	  /* enum ist_tcp_flag; 0 if not TCP */
	uint16_t window;	  /* TCP, not scaled */
	uint16_t mss;		  /* 0 without IST_OPTION_MSS */
	uint8_t family;		  /* enum ist_family */
	uint8_t protocol;	  /* enum ist_protocol */
	uint8_t ttl;		  /* IPv6: hop limit */
	uint8_t traffic_class;	  /* DSCP and ECN */
	uint8_t flags;		  /* enum ist_packet_flag */
	uint8_t transport_offset; /* of the TCP, UDP or ICMP header, behind IPv6 extensions */
	uint8_t header_length;	  /* IP and transport header with options */
	uint8_t options;	  /* enum ist_option */
	uint8_t wscale;		  /* 0 to 14 (RFC 7323 section 2.3) */
	uint8_t timestamp_offset; /* of TSval, 0 if none */
	uint8_t sack_offset;	  /* of the first SACK block, 0 if none */
	uint8_t sack_blocks;	  /* 0 to 4, each 8 bytes */
	uint8_t icmp_type;
	uint8_t icmp_code;
};

/* Not 0 if they differ; differences of several fields are put together before one branch. */
IST_INLINE uint32_t ist_address_differs(const struct ist_address *a, const struct ist_address *b)
{
	return (a->word[0] ^ b->word[0]) | (a->word[1] ^ b->word[1]) | (a->word[2] ^ b->word[2]) |
	       (a->word[3] ^ b->word[3]);
}

IST_INLINE bool ist_address_equal(const struct ist_address *a, const struct ist_address *b)
{
	return ist_address_differs(a, b) == 0;
}

IST_INLINE uint32_t ist_tuple_differs(const struct ist_tuple *a, const struct ist_tuple *b)
{
	return (uint32_t)(a->source_port ^ b->source_port) |
	       (uint32_t)(a->destination_port ^ b->destination_port) |
	       ist_address_differs(&a->source, &b->source) |
	       ist_address_differs(&a->destination, &b->destination);
}

/* An IPv4 address given as a number in host byte order. */
IST_INLINE void ist_address_set_ipv4(struct ist_address *address, uint32_t value)
{
	address->word[0] = value;
	address->word[1] = 0;
	address->word[2] = 0;
	address->word[3] = 0;
}

/* Sequence numbers, RFC 9293 section 3.4: a is later than b. */
IST_INLINE bool ist_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

/* "header-length", ... for a negative code; "ok" for any other. */
IST_INLINE const char *ist_parse_error_name(int code)
{
	switch (code) {
	case IST_ERROR_SHORT:
		return "short";
	case IST_ERROR_VERSION:
		return "version";
	case IST_ERROR_HEADER_LENGTH:
		return "header-length";
	case IST_ERROR_TOTAL_LENGTH:
		return "total-length";
	case IST_ERROR_FRAGMENT:
		return "fragment";
	case IST_ERROR_PROTOCOL:
		return "protocol";
	case IST_ERROR_TCP_OFFSET:
		return "tcp-offset";
	case IST_ERROR_TCP_OPTION:
		return "tcp-option";
	case IST_ERROR_UDP_LENGTH:
		return "udp-length";
	case IST_ERROR_EXTENSION:
		return "extension";
	default:
		return "ok";
	}
}

#endif
