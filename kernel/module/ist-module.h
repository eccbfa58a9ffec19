/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of the IST module and its parts:
 *
 *	ist-main.c, -hooks.c, -send.c, -netlink.c, -netlink-show.c	know the kernel
 *	ist-path.c, -apply.c, -icmp.c, -fragments.c	what becomes of a packet
 *	ist-keeper.c, -table.c, -terms.c		the life of a splice
 *
 * All but the first line are also compiled in user space for tests, over small stand-ins for the
 * kernel's headers.
 *
 * Look-ups run under RCU; then the record's lock is taken and what was found is checked again.
 * Records change, enter and leave the tables under their own lock only; it is never held while
 * another record's is taken, nor while a packet is sent.
 */
#ifndef IST_MODULE_H
#define IST_MODULE_H

#include "kernel/uapi/ist-uapi.h"
#include "kernel/uapi/ist-netlink.h"

#include "model/splice/ist-fragment.h"
#include "model/splice/ist-rate.h"

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/rhashtable.h> /* timers, by way of work queues */
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

/* Key of a flow: packets of one user to one end of the IST. */
struct ist_flow_key {
	struct ist_tuple tuple;
	u8 protocol; /* enum ist_protocol */
	u8 family;   /* enum ist_family */
};

/* What the carrier keeps of one user. */
struct ist_user {
	struct rhash_head node; /* in ist_host.flows, by the core's tuple of this side */
	u64 packets;		/* forwarded */
	u64 bytes;		/* of those, IP packet lengths */
	struct ist_address allowed;
	u16 port;	   /* IST port; 0 = not known yet */
	u8 allowed_family; /* 0: anyone may take the side */
	u8 index;	   /* enum ist_side_index: of this very member */
	bool in_flows;
	bool port_open;
	bool follows; /* the port is the one from which A came */
};

/* Of splices with limits, of Active ones, and of Pure ones with ports that stay closed. */
struct ist_terms {
	u64 rate;  /* bits a second; 0: none */
	u64 cost;  /* of a byte at that rate, ist_rate_cost() */
	u64 paid;  /* until when, ist_rate_charge() */
	u64 bytes; /* 0: none */
	u64 used;  /* bytes */
	u64 time;  /* lifetime in ns; 0: none */
	u64 end;   /* IST_NEVER before pairing */
	struct ist_uapi_endpoint target;
	struct ist_uapi_address source;
	u32 isn[2];
	u16 closed_count;
	u16 closed[];
};

/* One splice. */
struct ist_record {
	struct ist_splice core;
	struct ist_user user[2];
	spinlock_t lock;
	bool dead;    /* out of the tables; its timer frees it */
	u8 requested; /* enum ist_method */
	struct timer_list timer;
	struct rcu_head rcu;
	struct ist_host *host;
	struct ist_terms *terms; /* may be null */
	u64 id;
	u64 label;
	u64 added;
	u64 waiting; /* since when it is in LISTEN */
	u64 armed;   /* the timer's deadline; IST_NEVER: none */
};

/* What is counted on each processor. */
struct ist_counts {
	u64 of[IST_COUNTERS];
	u64 drops[IST_REASONS];
};

/* What becomes of a packet. */
enum ist_path {
	IST_PATH_PASS, /* not ours: untouched */
	IST_PATH_DROP,
	IST_PATH_TAKEN,	  /* consumed */
	IST_PATH_FORWARD, /* rewritten: send to its new destination */
	IST_PATH_HELD,	  /* the fragment waits for its first one */
};

/* A datagram whose fragments are followed. */
struct ist_follower {
	struct hlist_node node;
	struct list_head by_age;
	struct ist_datagram_key key;
	struct ist_datagram core;
	u64 id;	  /* of the splice; 0: none */
	u32 held; /* fragments that wait: */
	struct sk_buff *first;
	struct sk_buff *last;
};

/* All of them. */
struct ist_fragments {
	spinlock_t lock;
	u32 count;
	u32 held;
	u32 seed;
	bool over;		 /* about to go */
	struct list_head by_age; /* all expire equally late */
	struct timer_list timer;
	struct hlist_head buckets[256];
};

/* The IST of one network namespace. */
struct ist_host {
	struct rhashtable flows;
	struct xarray ports[2]; /* TCP, UDP: struct ist_user */
	struct xarray records;	/* by id */
	atomic64_t last_id;
	atomic_t count;	  /* records in the tables */
	atomic_t unfreed; /* records not given back yet */
	wait_queue_head_t freed;
	struct ist_counts __percpu *counts;
	struct ist_fragments fragments;
	atomic_t hosts[1024]; /* UDP flows, by hash of both addresses */
	u32 seed;	      /* of that hash */

	struct ist_settings core;
	u64 unmatched_limit_ns;
	u64 fragment_ns;
	u32 max_splices;
	u32 max_fragmented;
	u32 max_held;
	u16 port_first;
	u16 port_last;
	u8 device_count;
	u8 address_count;
	int devices[IST_NL_DEVICES_MAX];
	struct ist_uapi_address addresses[IST_NL_ADDRESSES_MAX];
	bool attached;
	struct net *net;
};

/* Crafted packets and news that one input can cause at most. */
#define IST_EMIT_MAX 4
#define IST_NEWS_MAX 4

/* What is to be sent and told after an input, with no lock held. */
struct ist_outcome {
	struct ist_verdict verdict; /* of the core's last step */
	struct ist_crafted emit[IST_EMIT_MAX];
	struct ist_news news[IST_NEWS_MAX];
	struct sk_buff *released; /* fragments to receive again, in order, linked by `next` */
	u8 emit_count;
	u8 news_count;
	u8 reason; /* of a packet that was dropped */
};

static inline void ist_outcome_begin(struct ist_outcome *outcome)
{
	outcome->emit_count = 0;
	outcome->news_count = 0;
	outcome->released = NULL;
	outcome->reason = 0;
}

static inline struct ist_record *ist_record_of(struct ist_user *user)
{
	return container_of(user - user->index, struct ist_record, user[0]);
}

static inline struct ist_side *ist_core_side(struct ist_user *user)
{
	return &ist_record_of(user)->core.side[user->index];
}

static inline bool ist_knows(struct ist_user *user)
{
	return ist_core_side(user)->flags & IST_SIDE_KNOWN;
}

static inline u8 ist_protocol_of(const struct ist_record *record)
{
	return record->requested == IST_METHOD_UDP ? IST_PROTOCOL_UDP : IST_PROTOCOL_TCP;
}

static inline void ist_count(struct ist_host *host, unsigned int which, u64 add)
{
	this_cpu_add(host->counts->of[which], add);
}

static inline void ist_count_drop(struct ist_host *host, unsigned int reason)
{
	this_cpu_inc(host->counts->drops[reason % IST_REASONS]);
}

/* ist-table.c */
/* A host with default settings, not attached; null: no memory. */
struct ist_host *ist_host_create(void);
/* All records have gone before. */
void ist_host_free(struct ist_host *host);
/* Under RCU; the result is to be checked again under its record's lock. */
struct ist_user *ist_find_flow(struct ist_host *host, const struct ist_flow_key *key);
struct ist_user *ist_find_port(struct ist_host *host, u8 protocol, u16 port);
struct ist_record *ist_find_record(struct ist_host *host, u64 id);
bool ist_port_is_open(struct ist_host *host, u8 protocol, u16 port);
bool ist_has_hosts(struct ist_host *host, const struct ist_tuple *tuple);
/* Under the record's lock. Both return 0 or a negative errno. */
int ist_open_port(struct ist_user *user);
int ist_enter_flow(struct ist_user *user);
void ist_close_port(struct ist_user *user);
void ist_erase_flow(struct ist_user *user);
/* Own addresses; asks the host's when none are configured. */
bool ist_is_own(struct ist_host *host, u8 family, const struct ist_address *address);

/* ist-keeper.c */
int ist_keeper_init(void);
void ist_keeper_exit(void);
/* Opens the ports of a pair; takes `terms` over when it succeeds. */
int ist_keeper_add(struct ist_host *host, const struct ist_order *order, struct ist_terms *terms,
		   u64 now, u64 *id, const char **why);
/* The rest under the record's lock. */
void ist_keeper_end(struct ist_record *record, u64 now, unsigned int reason,
		    struct ist_outcome *outcome);
void ist_keeper_settle(struct ist_record *record, u64 now, struct ist_outcome *outcome);
void ist_keeper_timeout(struct ist_record *record, u64 now, struct ist_outcome *outcome);
bool ist_keeper_prepare_active(struct ist_record *record, const struct ist_packet *packet);
u64 ist_keeper_deadline(const struct ist_record *record);
/* Timer of a record: handles what is due, frees a dead one. */
void ist_keeper_timer(struct timer_list *timer);

/* ist-path.c */
enum ist_path ist_path_receive(struct ist_host *host, struct sk_buff *skb, u64 now,
			       struct ist_outcome *outcome);

/* ist-fragments.c */
void ist_fragments_init(struct ist_host *host);
void ist_fragments_destroy(struct ist_host *host);

/* ist-terms.c: limits and targets of an order; `terms` null when it has none. */
int ist_terms_create(struct ist_terms **terms, const struct ist_order *order, u64 rate,
		     const u16 *closed, unsigned int closed_count);

/* ist-send.c; in tests the stand-in */
bool ist_host_is_local(struct ist_host *host, u8 family, const struct ist_address *address);
void ist_send_outcome(struct ist_host *host, struct ist_outcome *outcome);
#endif
