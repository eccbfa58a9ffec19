/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink between the IST module and user space (family "isblab_ist").
 *
 * One table of splices a network namespace; a socket speaks of that in which it was opened.
 * Numbers are in host byte order, addresses in network byte order, 4 or 16 bytes long. Times are
 * nanoseconds; points in time are of CLOCK_MONOTONIC. Changing anything takes CAP_NET_ADMIN.
 */
#ifndef IST_NETLINK_H
#define IST_NETLINK_H

#define IST_NL_FAMILY "isblab_ist"
#define IST_NL_VERSION 1
/* Multicast group of IST_NL_CMD_NEWS. */
#define IST_NL_GROUP_NEWS "news"

#define IST_NL_DEVICES_MAX 16
#define IST_NL_ADDRESSES_MAX 16
#define IST_NL_CLOSED_PORTS_MAX 256

/*
 * Which attributes a command takes and, after "->", answers with. [x] may be missing. A refusal is
 * a negative errno with words in NLMSGERR_ATTR_MSG.
 */
enum ist_nl_command {
	IST_NL_CMD_UNSPEC,
	/* DEVICE..., [ADDRESS...], SETTINGS. Takes the devices' packets from now on. -EBUSY: is
	   attached already. */
	IST_NL_CMD_ATTACH,
	/* Ends all splices. -ENOENT: is not attached. */
	IST_NL_CMD_DETACH,
	/* -> DEVICE..., ADDRESS..., SETTINGS, SPLICES. -ENOENT: is not attached. */
	IST_NL_CMD_STATUS,
	/* METHOD, PORT_A, [PORT_B, ALLOWED_A, ALLOWED_B, LIMIT_..., LABEL, CLOSED_PORTS]; active
	   also TARGET, TARGET_PORT, ISN_A, ISN_B, [SOURCE] -> ID */
	IST_NL_CMD_ADD,
	/* ID. -ENOENT: there is none. */
	IST_NL_CMD_REMOVE,
	/* ID -> ID, METHOD, REQUESTED, STATE, LABEL, LIMIT_..., ADDED, ACTIVE, SIDE_A, SIDE_B; as
	   dump: all, by id. */
	IST_NL_CMD_SHOW,
	/* -> COUNTERS, DROP... */
	IST_NL_CMD_STATS,
	/* Multicast: NEWS_KIND, ID, LABEL, [PEER, PEER_PORT, PORT_B, REASON, BYTES] */
	IST_NL_CMD_NEWS,
	IST_NL_CMD_COUNT,
};

enum ist_nl_attribute {
	IST_NL_A_UNSPEC,
	IST_NL_A_PAD,
	IST_NL_A_DEVICE,       /* u32: interface index */
	IST_NL_A_ADDRESS,      /* own address; none: all that are local here */
	IST_NL_A_SETTINGS,     /* nested: enum ist_nl_setting */
	IST_NL_A_SPLICES,      /* u32: how many there are */
	IST_NL_A_ID,	       /* u64: of a splice, never 0 */
	IST_NL_A_METHOD,       /* u8: enum ist_method */
	IST_NL_A_REQUESTED,    /* u8: enum ist_method, before any fall-back */
	IST_NL_A_STATE,	       /* u8: enum ist_state */
	IST_NL_A_PORT_A,       /* u16: IST port of A */
	IST_NL_A_PORT_B,       /* u16: IST port of B; active: source port towards the target */
	IST_NL_A_ALLOWED_A,    /* address: only this one may take the side */
	IST_NL_A_ALLOWED_B,    /* likewise */
	IST_NL_A_TARGET,       /* address: active: where the IST connects to */
	IST_NL_A_TARGET_PORT,  /* u16 */
	IST_NL_A_SOURCE,       /* address: active: from which; none: the one A connected to */
	IST_NL_A_ISN_A,	       /* u32: active: initial sequence number shown to A */
	IST_NL_A_ISN_B,	       /* u32: likewise to B */
	IST_NL_A_LIMIT_RATE,   /* u64: bits a second */
	IST_NL_A_LIMIT_BYTES,  /* u64: of forwarded IP packets */
	IST_NL_A_LIMIT_TIME,   /* u64: since pairing */
	IST_NL_A_LABEL,	       /* u64: the ISB's number of the splice; 0: no news is sent */
	IST_NL_A_CLOSED_PORTS, /* u16[]: Pure: ports never opened for B */
	IST_NL_A_ADDED,	       /* u64: time */
	IST_NL_A_ACTIVE,       /* u64: time when the splice's timer was last refreshed */
	IST_NL_A_SIDE_A,       /* nested: enum ist_nl_side */
	IST_NL_A_SIDE_B,       /* likewise */
	IST_NL_A_COUNTERS,     /* nested: enum ist_nl_counter, each u64 */
	IST_NL_A_DROP,	       /* nested: REASON, COUNT */
	IST_NL_A_REASON,       /* string: dotted name */
	IST_NL_A_COUNT,	       /* u64 */
	IST_NL_A_NEWS_KIND,    /* u8: enum ist_nl_news */
	IST_NL_A_PEER,	       /* address: of the first user */
	IST_NL_A_PEER_PORT,    /* u16 */
	IST_NL_A_BYTES,	       /* u64: forwarded, both ways */
	IST_NL_A_END,
};

/* Members of IST_NL_A_SETTINGS; in IST_NL_CMD_ATTACH a missing one is as commented. */
enum ist_nl_setting {
	IST_NL_S_UNSPEC,
	IST_NL_S_PAD,
	IST_NL_S_UNMATCHED,	    /* u64: a side waits for its partner: 30 s */
	IST_NL_S_UNMATCHED_LIMIT,   /* u64: in all, since ADD: 5 min */
	IST_NL_S_HANDSHAKE_RETRY,   /* u64: first repeat of a SYN-ACK: 1 s */
	IST_NL_S_HANDSHAKE_RETRIES, /* u8: 5 */
	IST_NL_S_IDLE,		    /* u64: 124 min */
	IST_NL_S_HALF_CLOSED,	    /* u64: 124 min */
	IST_NL_S_TIME_WAIT,	    /* u64: 60 s */
	IST_NL_S_UDP_IDLE,	    /* u64: 5 min */
	IST_NL_S_MAX_SPLICES,	    /* u32: 65536; at most the module's parameter max_splices */
	IST_NL_S_PORT_FIRST,	    /* u16: ports that the IST chooses itself: 49152 */
	IST_NL_S_PORT_LAST,	    /* u16: 65535 */
	IST_NL_S_EARLY_DATA,	    /* u8: 0 */
	IST_NL_S_MAX_FRAGMENTED,    /* u32: datagrams followed at once: 1024 */
	IST_NL_S_MAX_HELD,	    /* u32: fragments held at once: 256 */
	IST_NL_S_FRAGMENT_TIME,	    /* u64: 15 s */
	IST_NL_S_COUNT,
};

enum ist_nl_side {
	IST_NL_SIDE_UNSPEC,
	IST_NL_SIDE_PAD,
	IST_NL_SIDE_PEER,	/* address: the user; none before his first packet */
	IST_NL_SIDE_PEER_PORT,	/* u16; 0 likewise */
	IST_NL_SIDE_LOCAL,	/* address: the IST's end; none before the first packet */
	IST_NL_SIDE_LOCAL_PORT, /* u16 */
	IST_NL_SIDE_PACKETS,	/* u64: received from this user and forwarded */
	IST_NL_SIDE_BYTES,	/* u64: of those, IP packet lengths */
	IST_NL_SIDE_COUNT,
};

enum ist_nl_counter {
	IST_NL_C_UNSPEC,
	IST_NL_C_PAD,
	IST_NL_C_ADDED,
	IST_NL_C_REFUSED,
	IST_NL_C_PAIRED,
	IST_NL_C_FALLBACKS,
	IST_NL_C_ENDED,
	IST_NL_C_FORWARDED,
	IST_NL_C_FORWARDED_BYTES,
	IST_NL_C_CONSUMED,
	IST_NL_C_EMITTED,
	IST_NL_C_COUNT,
};

enum ist_nl_news {
	IST_NL_NEWS_FIRST, /* PEER, PEER_PORT; Pure: PORT_B waits for the other */
	IST_NL_NEWS_PAIRED,
	IST_NL_NEWS_FELL_BACK, /* REASON */
	IST_NL_NEWS_ENDED,     /* REASON, BYTES */
};

#endif
