/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The maps of the eBPF carrier: layout of keys and values, names, pins.
 *
 *	              +-- ist_flows4 / ist_flows6 (a joined side) --+
 *	packet -----> |   who sends to which own endpoint           | --> slot, side
 *	              +-- ist_ports (a side that may still come) ---+       |
 *	                  protocol and IST port                             v
 *	                                            ist_splices[slot]: lock, core, ways out,
 *counters
 *
 * Every map is pinned as <bpffs>/isblab/<name>/<map name>, every program as .../<program name>.
 * ist_programs and ist_timer must stay pinned: the kernel empties them with their last user.
 *
 * Adding and removing is done by the kernel, on order: user space never writes ist_ports,
 * ist_flows4, ist_flows6, ist_splices or ist_free after attaching, so there is nothing to race with
 * packets. An order is a frame run through the program `ist_control` by BPF_PROG_TEST_RUN, by a
 * process in the network namespace of the IST's devices (a RST leaves through them).
 *
 * To attach: create the maps with the sizes wanted, fill ist_config, ist_addresses, ist_closed,
 * push the slots 0 ... max_splices - 1 to ist_free, run IST_ORDER_START, attach `ist_tc` (devices
 * with an Ethernet header) or `ist_tc_l3` (without: TUN, ipip) to clsact ingress in direct action
 * mode.
 */
#ifndef IST_MAPS_H
#define IST_MAPS_H

#include "kernel/uapi/ist-uapi.h"

#include <linux/bpf.h>

/* Of this file: who adopts pinned maps refuses another. */
#define IST_MAPS_VERSION 1

/* Programs by tail call: index into ist_programs, filled by libbpf at load. */
enum ist_program {
	IST_PROGRAM_PARSE,    /* of the slow path: first of all */
	IST_PROGRAM_STEP,     /* Passive, Pure, UDP: whatever the fast path leaves */
	IST_PROGRAM_ACTIVE,   /* the same for Active */
	IST_PROGRAM_SETTLE,   /* tables and news after a step */
	IST_PROGRAM_END,      /* ends a splice */
	IST_PROGRAM_EMIT,     /* sends what the core made */
	IST_PROGRAM_FORWARD,  /* edits and sends */
	IST_PROGRAM_TOO_BIG,  /* tells a sender what the way out carries */
	IST_PROGRAM_FRAGMENT, /* fragments, and what has IPv6 extension headers */
	IST_PROGRAM_ICMP,     /* errors: whose? */
	IST_PROGRAM_ERROR,    /* ... and to whom */
	IST_PROGRAMS = 16,
};

/*
 * ist_flows4: HASH, two entries a joined splice. Byte for byte as in the packet: network order.
 */
struct ist_flow4_key {
	uint32_t peer;	/* source address */
	uint32_t local; /* destination address */
	uint32_t ports; /* source and destination port, as they follow each other in the packet */
	uint32_t protocol;
};

/* ist_flows6: HASH, the same for IPv6. */
struct ist_flow6_key {
	uint32_t peer[4];
	uint32_t local[4];
	uint32_t ports;
	uint32_t protocol;
};

/* Value of flows, ports and fragments. All zero: none. */
struct ist_place {
	uint32_t slot;	     /* index into ist_splices */
	uint16_t generation; /* of the entry; never 0; differs: the splice is over */
	uint8_t side;	     /* enum ist_side_index */
	uint8_t pad;
};

/* ist_ports: ARRAY of IST_PORTS, one uint64_t: a struct ist_place, swapped in atomically. */
#define IST_PORTS (2u << 16)
IST_INLINE uint32_t ist_port_index(unsigned int protocol, uint16_t port)
{
	return (protocol == IST_PROTOCOL_UDP ? 1u << 16 : 0) | port;
}

/* ist_addresses: HASH, the IST's own; key: IPv4 in bytes 0 to 3 of `bytes`, rest zero. Value: 1 */
struct ist_own_key {
	uint8_t bytes[16]; /* network order */
	uint32_t family;   /* enum ist_family */
};

/* ist_closed: ARRAY of 1024 uint64_t; bit port % 64 of word port / 64: a TCP port that the host
 * uses itself, so that Pure does not open it though user A comes from one of that number. */
#define IST_CLOSED_WORDS 1024

/* The way to a side, learned from its packets. */
struct ist_link {
	uint16_t device; /* index into ist_devices; 0: not learned */
	uint8_t peer[6]; /* Ethernet address of the next hop; zero without Ethernet */
};

/* Unit of a time that needs no precision, in 32 bits: 16.8 ms, for 2.3 years. */
#define IST_TICK_SHIFT 24

enum ist_entry_flag {
	IST_ENTRY_USED = 0x0001,
	IST_ENTRY_RESTRICTED_A = 0x0002, /* side A: only from side[0].tuple.source */
	IST_ENTRY_RESTRICTED_B = 0x0004,
	IST_ENTRY_FLOW_A = 0x0008, /* has its entry in a flow map */
	IST_ENTRY_FLOW_B = 0x0010,
	IST_ENTRY_PORT_A = 0x0020, /* has its entry in ist_ports */
	IST_ENTRY_PORT_B = 0x0040,
	IST_ENTRY_FOLLOWS = 0x0080,    /* Pure: side B's port is A's source port */
	IST_ENTRY_ANY_SOURCE = 0x0100, /* Active: connects from where A came to */
	IST_ENTRY_LIMITED = 0x0200,    /* rate or bytes: counted by the slow path */
	IST_ENTRY_ENDING = 0x0400,     /* its lifetime is over: the next packet draws the RSTs */
	IST_ENTRY_PAIRED = 0x0800,     /* has been joined: end_tick is a time */
};

/*
 * ist_splices: ARRAY. `id` of user space: generation << 32 | slot. A side that has not come yet
 * has its IST port in side[x].tuple.destination_port, and the only source allowed, if flagged, in
 * side[x].tuple.source. In LISTEN core.active_ns is since when it waits.
 */
struct ist_entry {
	struct bpf_spin_lock lock;
	uint16_t generation; /* never 0 in use */
	uint16_t flags;	     /* enum ist_entry_flag */
	struct ist_splice core;
	struct ist_link link[2];
	struct {
		uint64_t packets; /* forwarded, from this side; bytes of IP packets */
		uint64_t bytes;
	} count[2];
	uint64_t label;
	uint64_t rate_cost;  /* of a byte; 0: no limit */
	uint64_t paid_until; /* GCRA */
	uint64_t byte_limit; /* 0: none */
	uint32_t added_tick; /* in units of 2^IST_TICK_SHIFT ns */
	uint32_t end_tick;   /* end of its lifetime; before pairing: its length; 0: none */
};

/* With its slot in ist_free and two flows of IPv4 that makes 508 bytes. */
IST_STATIC_ASSERT(sizeof(struct ist_entry) <= 328, "an entry has grown");

IST_INLINE uint64_t ist_entry_id(uint32_t slot, uint16_t generation)
{
	return (uint64_t)generation << 32 | slot;
}

/* ist_devices: ARRAY of IST_DEVICES_MAX; index 0 stays empty. Filled when attaching. */
#define IST_DEVICES_MAX 64
struct ist_device {
	uint32_t ifindex; /* 0: none */
	uint32_t mtu;
	uint8_t address[6]; /* Ethernet, its own */
	uint8_t ethernet;   /* 1: its packets have an Ethernet header */
	uint8_t xdp;	    /* 1: an XDP program may redirect to it */
};

/* ist_device_index: HASH, uint32_t ifindex to uint32_t index into ist_devices. */

/* ist_config: ARRAY of one. */
struct ist_config {
	struct ist_settings settings; /* reuse 0 */
	uint64_t unmatched_limit_ns;  /* of all waiting, since it was added */
	uint64_t fragment_ns;	      /* how long a datagram's fragments are followed */
	uint64_t tick_ns;	      /* the sweep runs so often ... */
	uint32_t tick_slots;	      /* ... and looks at so many slots each time */
	uint32_t max_splices;
	uint32_t xdp_most;	 /* largest IP packet that XDP may redirect, bytes */
	uint16_t own_port_first; /* ports that the IST chooses itself, both included */
	uint16_t own_port_last;
};

/* ist_drops: PERCPU_ARRAY of IST_REASONS uint64_t; ist_counters: PERCPU_ARRAY of IST_COUNTERS. */

/* ist_fragments: LRU_HASH of datagrams whose first fragment has come: the programs' own. */

/*
 * An order as a frame: 16 bytes of which 12 and 13 are 0x08 and 0x00, the others zero, then struct
 * ist_order. The rest of the frame is room for the RST that is made in it. What comes back begins
 * with the order, answered, unless packets were sent; the program's return value always is the
 * result.
 */
#define IST_ORDER_OFFSET 16
#define IST_ORDER_FRAME 256

/* Names of maps and programs are their pins' names. */
#define IST_MAP_SPLICES "ist_splices"
#define IST_MAP_FLOWS4 "ist_flows4"
#define IST_MAP_FLOWS6 "ist_flows6"
#define IST_MAP_PORTS "ist_ports"
#define IST_MAP_ADDRESSES "ist_addresses"
#define IST_MAP_CLOSED "ist_closed"
#define IST_MAP_DEVICES "ist_devices"
#define IST_MAP_DEVICE_INDEX "ist_device_index"
#define IST_MAP_CONFIG "ist_config"
#define IST_MAP_DROPS "ist_drops"
#define IST_MAP_COUNTERS "ist_counters"
#define IST_MAP_FREE "ist_free" /* QUEUE of uint32_t: slots */
#define IST_MAP_FRAGMENTS "ist_fragments"
#define IST_MAP_NEWS "ist_news"	  /* RINGBUF of struct ist_news */
#define IST_MAP_TIMER "ist_timer" /* ARRAY of one */
#define IST_MAP_PROGRAMS "ist_programs"
#define IST_MAP_SCRATCH "ist_scratch"
#define IST_PROGRAM_NAME_TC "ist_tc"
#define IST_PROGRAM_NAME_TC_L3 "ist_tc_l3"
#define IST_PROGRAM_NAME_CONTROL "ist_control"

#endif
