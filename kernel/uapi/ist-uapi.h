/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's carriers (kernel/bpf, kernel/module) and user space say to each other: orders,
 * news, counters and reasons. The maps of the eBPF carrier are in ist-maps.h.
 *
 * Everything in host byte order unless said; times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef IST_UAPI_H
#define IST_UAPI_H

#include "model/splice/ist-splice.h"

/* An address of either family; family 0: none, or anyone, as the field says. */
struct ist_uapi_address {
	struct ist_address address;
	uint8_t family; /* enum ist_family, or 0 */
	uint8_t pad[3];
};

struct ist_uapi_endpoint {
	struct ist_address address;
	uint16_t port;
	uint8_t family; /* enum ist_family, or 0 */
	uint8_t pad;
};

enum ist_order_command {
	/* Opens the ports of a pair. Answer: 0 and `id`; -EADDRINUSE_A, _B; -ENOSPC. */
	IST_ORDER_ADD = 1,
	/* Ends the splice `id`; joined users get a RST each. Answer: 0; -ENOENT. */
	IST_ORDER_REMOVE = 2,
	/* Once after the maps are filled: starts the sweep for what has expired. Repeating it is
	 * harmless. */
	IST_ORDER_START = 3,
	/* Stops the sweep. */
	IST_ORDER_STOP = 4,
};

/* Answers to an order; also 0. The numbers of errno where there is one. */
enum ist_order_result {
	IST_RESULT_NO_ENTRY = -2,	/* ENOENT: no such splice */
	IST_RESULT_INVALID = -22,	/* EINVAL: the order contradicts itself */
	IST_RESULT_FULL = -28,		/* ENOSPC: all splices are in use */
	IST_RESULT_PORT_A_TAKEN = -98,	/* EADDRINUSE */
	IST_RESULT_PORT_B_TAKEN = -198, /* the same for side B's port */
};

/*
 * An order to a carrier of the kernel. To eBPF it goes as the payload of a frame, see
 * IST_ORDER_FRAME in ist-maps.h; the answer is in the frame that comes back.
 */
struct ist_order {
	uint32_t command; /* enum ist_order_command */
	int32_t result;	  /* answer: 0 or enum ist_order_result */
	uint64_t id;	  /* REMOVE: which; ADD: answer. Never 0 */
	/* The rest is for ADD. */
	uint64_t label;			    /* the broker's number; 0: nobody's, no news */
	uint64_t rate_cost;		    /* of a byte, as ist-rate.h wants it; 0: no limit */
	uint64_t byte_limit;		    /* forwarded IP bytes of both ways; 0: none */
	uint64_t lifetime_ns;		    /* from pairing; 0: none */
	struct ist_uapi_address allowed[2]; /* who may take the side; family 0: anyone */
	struct ist_uapi_endpoint target;    /* Active: where to connect to */
	struct ist_uapi_address source;	    /* Active: from where; family 0: where A came to */
	uint32_t isn[2];  /* Active: shown to A (p), to B (q); from a good random source */
	uint16_t port[2]; /* IST ports. Pure: port[1] 0 = A's source port as seen. Active: port[1]
			     is the source port towards B, chosen by user space, never 0 */
	uint8_t method;	  /* enum ist_method */
	uint8_t pad;
	uint16_t target_device; /* Active, eBPF: index into ist_devices of the way to the target; 0:
				   the device that A came by */
};

enum ist_news_kind {
	IST_NEWS_FIRST_SIDE,
	IST_NEWS_PAIRED,
	IST_NEWS_FELL_BACK,
	IST_NEWS_ENDED,
};

/* One event of a labelled splice; CarrierNews of model/core/ist. */
struct ist_news {
	uint64_t id;
	uint64_t label;
	uint64_t bytes;		       /* ENDED: forwarded, both ways */
	struct ist_uapi_endpoint peer; /* FIRST_SIDE: who came */
	uint16_t port;	/* FIRST_SIDE of Pure: the IST port that waits for the other */
	uint8_t kind;	/* enum ist_news_kind */
	uint8_t reason; /* enum ist_reason, enum ist_carrier_reason */
};

/* Reasons of a carrier, beside the core's enum ist_reason. */
enum ist_carrier_reason {
	IST_CARRIER_NO_PORT = 64,   /* no port left for the other side */
	IST_CARRIER_SOURCE_REFUSED, /* not the allowed source */
	IST_CARRIER_FRAGMENT_LIMIT, /* a fragment whose first is not known */
	IST_CARRIER_RATE_LIMIT,
	IST_CARRIER_BYTE_LIMIT,
	IST_CARRIER_LIFETIME,
	IST_CARRIER_REMOVED,
	IST_CARRIER_PORT_TAKEN,		/* Pure: P2 is in use here */
	IST_CARRIER_ICMP_OUT_OF_WINDOW, /* error about what was not under way */
	IST_CARRIER_MALFORMED,
	IST_CARRIER_UDP_CHECKSUM, /* no checksum, IPv6 needs one */
	IST_CARRIER_NO_ROUTE,	  /* no way to the other side known */
	IST_CARRIER_TOO_BIG,	  /* longer than the MTU of the way out, may not be cut */
	IST_CARRIER_ERROR,	  /* a helper of the kernel failed */
	IST_CARRIER_REASON_END,
};

#define IST_REASONS 96 /* size of a table by reason */

/* Totals of a carrier beside the drops; IstCounters of model/core/ist. */
enum ist_counter {
	IST_COUNTER_ADDED,
	IST_COUNTER_REFUSED,
	IST_COUNTER_PAIRED,
	IST_COUNTER_FALLBACKS,
	IST_COUNTER_ENDED,
	IST_COUNTER_CONSUMED,
	IST_COUNTER_EMITTED,
	/* Forwarded otherwise than counted in a live splice: by those that ended, and ICMP errors.
	 * The total is this plus the sum over live splices. */
	IST_COUNTER_FORWARDED,
	IST_COUNTER_FORWARDED_BYTES,
	IST_COUNTERS,
};

/* "ist.no-port", ... for enum ist_carrier_reason; "" for any other. */
IST_INLINE const char *ist_carrier_reason_name(unsigned int reason)
{
	switch (reason) {
	case IST_CARRIER_NO_PORT:
		return "ist.no-port";
	case IST_CARRIER_SOURCE_REFUSED:
		return "ist.source-refused";
	case IST_CARRIER_FRAGMENT_LIMIT:
		return "ist.fragment-limit";
	case IST_CARRIER_RATE_LIMIT:
		return "ist.rate-limit";
	case IST_CARRIER_BYTE_LIMIT:
		return "ist.byte-limit";
	case IST_CARRIER_LIFETIME:
		return "ist.lifetime";
	case IST_CARRIER_REMOVED:
		return "ist.removed";
	case IST_CARRIER_PORT_TAKEN:
		return "ist.port-taken";
	case IST_CARRIER_ICMP_OUT_OF_WINDOW:
		return "ist.icmp-out-of-window";
	case IST_CARRIER_MALFORMED:
		return "ist.malformed";
	case IST_CARRIER_UDP_CHECKSUM:
		return "ist.udp-checksum";
	case IST_CARRIER_NO_ROUTE:
		return "ist.no-route";
	case IST_CARRIER_TOO_BIG:
		return "ist.too-big";
	case IST_CARRIER_ERROR:
		return "ist.kernel-error";
	default:
		return "";
	}
}

#endif
