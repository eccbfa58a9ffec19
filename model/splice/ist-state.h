/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the splice core keeps and answers: settings, one splice with its two sides, the verdict on
 * a packet. Names for people are in ist-names.h. Everything in host byte order; times are
 * nanoseconds of a clock that never goes back, passed in by the carrier.
 */
#ifndef IST_STATE_H
#define IST_STATE_H

#include "model/splice/ist-rewrite.h"

/* How a splice forwards (thesis 4.2 to 4.4). */
enum ist_method {
	IST_METHOD_PASSIVE, /* both users open; addresses, ports and checksums are rewritten */
	IST_METHOD_PURE,    /* both open, ports agreed: addresses and checksums only */
	IST_METHOD_ACTIVE,  /* IBM's TCP Splice: A opens, we open to B; seq, ack, SACK as well */
	IST_METHOD_UDP,	    /* as passive, without a handshake */
};

/* Thesis 5.2, Figure 5.2. */
enum ist_state {
	IST_STATE_LISTEN,     /* no side known */
	IST_STATE_SYN_LOOKUP, /* one side known */
	IST_STATE_SYN_RCVD,   /* SYN-ACKs sent; not both answered */
	IST_STATE_ESTABLISHED,
	IST_STATE_CLOSE_WAIT, /* one side has sent FIN */
	IST_STATE_TIME_WAIT,  /* both have; until 2 MSL pass */
	IST_STATE_CLOSED,     /* over; the carrier may forget it */
};

/* The sides; "A" need not be the first to come. */
enum ist_side_index {
	IST_SIDE_A,
	IST_SIDE_B,
};

/* Why a packet is dropped, a splice closed, or Pure given up. Names: ist_reason_name(). */
enum ist_reason {
	IST_REASON_NONE,
	IST_REASON_UNPAIRED,	       /* data before both sides are known */
	IST_REASON_UNPROVEN,	       /* for a side that has not answered its SYN-ACK */
	IST_REASON_SIDE_TAKEN,	       /* another address or port than the side's */
	IST_REASON_TUPLE_COLLISION,    /* both sides have one and the same address and ports */
	IST_REASON_BAD_FLAGS,	       /* no or contradictory TCP flags */
	IST_REASON_UNEXPECTED_SYN_ACK, /* users open; they do not answer */
	IST_REASON_NO_ACK,	       /* neither SYN nor RST nor ACK */
	IST_REASON_BAD_ACK,	       /* answers a SYN-ACK that was not sent */
	IST_REASON_BEYOND_FIN,	       /* payload after the sender's FIN */
	IST_REASON_RST_OUT_OF_WINDOW,
	IST_REASON_RST_CHALLENGED,    /* in the window, not exact */
	IST_REASON_SYN_CHALLENGED,    /* SYN with another ISN on a running splice */
	IST_REASON_CLOSED,	      /* the splice is over */
	IST_REASON_TTL,		      /* would leave with TTL 0 */
	IST_REASON_FRAGMENT,	      /* the carrier reassembles before */
	IST_REASON_PROTOCOL,	      /* not the protocol of this splice */
	IST_REASON_RESET,	      /* closed: RST from a side */
	IST_REASON_NEW_SYN,	      /* handshake begun anew: SYN with another ISN */
	IST_REASON_UNMATCHED_TIMEOUT, /* closed: the partner did not come */
	IST_REASON_HANDSHAKE_TIMEOUT, /* closed: SYN-ACKs not answered */
	IST_REASON_IDLE_TIMEOUT,      /* closed: no packet for too long */
	IST_REASON_TIME_WAIT_OVER,    /* closed: 2 MSL have passed */
	IST_REASON_PORT_DIFFERS,      /* Pure: not the agreed source port */
	IST_REASON_COUNT,
};

/* Tunables of an IST; ist_settings_default() fills them. */
struct ist_settings {
	/* Hold of a first SYN without partner, from its last transmission. 60 s: the clients'
	 * own time-outs (21 s in Windows XP, thesis 5.2; 127 s in Linux) are what users see. */
	uint64_t unmatched_ns;
	/* First interval after which an unanswered SYN-ACK is repeated; doubles. 1 s (RFC 6298). */
	uint64_t handshake_ns;
	/* Silence that ends an established splice: 2 h 4 min (RFC 5382 REQ-5). */
	uint64_t idle_ns;
	/* Silence that ends a half-closed splice: 2 h 4 min. */
	uint64_t half_closed_ns;
	/* 2 MSL: 60 s (MSL 30 s; thesis 5.2). */
	uint64_t two_msl_ns;
	/* Silence that ends a UDP splice: 300 s (RFC 4787 REQ-5). */
	uint64_t udp_idle_ns;
	/* Least time between two challenge ACKs to one side: 500 ms (RFC 5961 section 7). */
	uint64_t challenge_ns;
	/* Repeats of an unanswered SYN-ACK by the timer: 5. With 0 an unproven address never gets
	 * more bytes than it sent, at the price of handshakes that a lost ACK leaves hanging. */
	uint8_t handshake_retries;
	/* 1: a SYN-ACK shows the other's window at once and payload passes before both sides have
	 * proven their address. Saves a round trip, lets a forged SYN draw traffic. 0 */
	uint8_t early_data;
	/* 1: a SYN with a new ISN may begin anew on a splice in IST_TIME_WAIT or CLOSED. 1 */
	uint8_t reuse;
	/* 1: sides of a splice that times out get a RST. 1 */
	uint8_t reset_on_timeout;
	/* 1: forwarded packets lose one TTL here; 0: the carrier's forwarding does that. 1 */
	uint8_t decrement_ttl;
	uint8_t ttl;	     /* of crafted packets: 64 */
	uint16_t active_mss; /* MSS offered by an active splice to A, whose peer it cannot know:
				1460; 20 less to an IPv6 target */
};

enum ist_side_flag {
	IST_SIDE_KNOWN = 0x01,	/* its SYN (UDP: first datagram) was seen */
	IST_SIDE_PROVEN = 0x02, /* it answered its SYN-ACK: the address is not forged */
	IST_SIDE_FIN = 0x04,	/* it has sent FIN */
};

/*
 * One user as seen by the IST. Sequence numbers are in the space of whoever chose them: `seq`-like
 * fields in this side's, `ack`-like ones in the other side's, also in an active splice. What each
 * segment reads and writes comes first.
 */
struct ist_side {
	uint32_t next;		/* after the last byte (SYN and FIN count) it has sent */
	uint32_t acked;		/* the highest ack it has sent */
	uint32_t edge;		/* right edge of the widest window it has granted */
	uint32_t tsval;		/* latest timestamp */
	struct ist_edits out;	/* what its packets become; all of it: ist_side_rewrite() */
	uint16_t window;	/* latest, as in the header */
	uint8_t shift;		/* of its window field: wscale, or 0 when not both scale */
	uint8_t flags;		/* enum ist_side_flag */
	struct ist_tuple tuple; /* of its packets: source = the user, destination = the IST */
	uint32_t isn;		/* initial sequence number */
	uint32_t fin;		/* sequence number of its FIN */
	uint32_t own_isn;	/* active: ISN that the IST shows to it */
	uint16_t mss;		/* of its SYN */
	uint16_t credit;	/* while unproven: bytes that may still be sent to it (T2) */
	uint16_t agreed_port;	/* Pure: its source port as agreed; 0 = only the ports must cross */
	uint8_t options;	/* enum ist_option of its SYN */
	uint8_t wscale;		/* of its SYN */
	uint8_t family;		/* enum ist_family of its packets */
	uint8_t pad[3];
	uint64_t challenged_ns; /* last challenge ACK to it */
};

/* One splice. Zeroed and set up by ist_splice_init(); afterwards only the core writes. */
struct ist_splice {
	uint64_t active_ns; /* when the timer of the state was last refreshed */
	uint64_t retry_ns;  /* handshake: when the timer repeats what was not answered */
	uint8_t state;	    /* enum ist_state */
	uint8_t method;	    /* enum ist_method; Pure may become Passive */
	uint8_t wanted;	    /* the method that was asked for */
	uint8_t options;    /* enum ist_option that both SYNs carried */
	uint8_t retries;    /* repeats so far */
	uint8_t pad;
	uint16_t identification; /* of the latest IPv4 packet made of an IPv6 one */
	struct ist_side side[2];
};

/* A kernel keeps a splice with its two table entries in 512 bytes. */
IST_STATIC_ASSERT(sizeof(struct ist_splice) <= 232, "a splice has grown");

/* What the carrier does with the packet. */
enum ist_action {
	IST_ACTION_DROP,    /* forget it; `reason` says why */
	IST_ACTION_HOLD,    /* consumed: what matters of it is kept in the splice */
	IST_ACTION_FORWARD, /* apply `edits` and send it */
};

enum ist_event {
	IST_EVENT_FIRST = 0x01,	   /* the first side came: its port may be told to the other */
	IST_EVENT_PAIRED = 0x02,   /* the second came: both 5-tuples now own the flow */
	IST_EVENT_FALLBACK = 0x04, /* Pure became Passive: `reason` says why */
	IST_EVENT_CLOSED = 0x08,   /* over: `reason` says why; the carrier may remove the splice */
	IST_EVENT_RENEWED = 0x10,  /* begun anew: a side not IST_SIDE_KNOWN has no flow */
};

#define IST_CRAFTED_MAX 80

/* A packet made by the IST: headers without payload, checksums complete. */
struct ist_crafted {
	uint8_t to;	/* side */
	uint8_t length; /* of `bytes` = total length of the packet */
	uint8_t bytes[IST_CRAFTED_MAX];
};

/* The core's answer. Arrays beyond `emit_count` are not written. */
struct ist_verdict {
	struct ist_rewrite edits; /* with IST_ACTION_FORWARD */
	uint8_t action;		  /* enum ist_action */
	uint8_t reason;		  /* enum ist_reason */
	uint8_t events;		  /* enum ist_event */
	uint8_t from_state;	  /* before this step */
	uint8_t to_state;	  /* after it; the same if nothing happened */
	uint8_t emit_count;	  /* 0 to 2 */
	uint8_t plan[2];	  /* internal: enum ist_craft for each side */
	struct ist_crafted emit[2];
};

/* "Never", as a deadline. */
#define IST_NEVER (~(uint64_t)0)

#define IST_SECOND_NS 1000000000u

#endif
