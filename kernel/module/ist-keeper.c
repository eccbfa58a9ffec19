// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The life of splices, from order to end: admission, what follows from the core's events (ports,
 * flows, crafted packets, news), timers. The same semantics as SpliceKeeper of model/core/ist.
 */
#include "kernel/module/ist-module.h"

#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "model/splice/ist-active.h"

/* A record has a size of its own: kmalloc would round it up. */
static struct kmem_cache *ist_records;

int ist_keeper_init(void)
{
	ist_records = KMEM_CACHE(ist_record, SLAB_ACCOUNT);
	return ist_records ? 0 : -ENOMEM;
}

/* Records that RCU still has to free are waited for by the caller. */
void ist_keeper_exit(void)
{
	kmem_cache_destroy(ist_records);
}

static void ist_tell(struct ist_record *record, unsigned int kind, unsigned int reason,
		     struct ist_outcome *outcome)
{
	struct ist_news *news = &outcome->news[outcome->news_count];

	if (!record->label || outcome->news_count == IST_NEWS_MAX)
		return;
	outcome->news_count++;
	memset(news, 0, sizeof(*news));
	news->id = record->id;
	news->label = record->label;
	news->kind = (u8)kind;
	news->reason = (u8)reason;
}

/* Keeps the packets that the core made in its last step. */
static void ist_take_crafted(struct ist_record *record, struct ist_outcome *outcome)
{
	unsigned int i;

	for (i = 0; i < outcome->verdict.emit_count; i++) {
		if (outcome->emit_count == IST_EMIT_MAX)
			break;
		outcome->emit[outcome->emit_count++] = outcome->verdict.emit[i];
		ist_count(record->host, IST_COUNTER_EMITTED, 1);
	}
	outcome->verdict.emit_count = 0;
}

static bool ist_is_closed_port(const struct ist_terms *terms, u16 port)
{
	unsigned int i;

	for (i = 0; terms && i < terms->closed_count; i++) {
		if (terms->closed[i] == port)
			return true;
	}
	return false;
}

/* Opens a port of the IST's own choice for B; false when there is none. */
static bool ist_open_chosen_port(struct ist_record *record)
{
	const struct ist_host *host = record->host;
	struct ist_user *user = &record->user[IST_SIDE_B];
	const u32 first = host->port_first ? host->port_first : 1;
	u32 count, start, i;

	if (host->port_last < first)
		return false;
	count = host->port_last - first + 1u;
	start = get_random_u32() % count;
	for (i = 0; i < count; i++) {
		user->port = (u16)(first + (start + i) % count);
		if (!ist_is_closed_port(record->terms, user->port) && !ist_open_port(user))
			return true;
	}
	user->port = 0;
	return false;
}

static void ist_fell_back(struct ist_record *record, unsigned int reason,
			  struct ist_outcome *outcome)
{
	ist_count(record->host, IST_COUNTER_FALLBACKS, 1);
	ist_tell(record, IST_NEWS_FELL_BACK, reason, outcome);
}

/* Thesis Fig 4.7: B connects to the IST port with the number of A's source port, P2. */
static bool ist_open_return_port(struct ist_record *record, struct ist_outcome *outcome)
{
	struct ist_user *b = &record->user[IST_SIDE_B];

	b->follows = true;
	b->port = record->core.side[IST_SIDE_A].tuple.source_port;
	if (b->port && !ist_is_closed_port(record->terms, b->port) && !ist_open_port(b))
		return true;
	ist_splice_fall_back(&record->core);
	ist_fell_back(record, IST_CARRIER_PORT_TAKEN, outcome);
	return ist_open_chosen_port(record);
}

/* Both 5-tuples own the flow from now on; the ports return. */
static int ist_enter_flows(struct ist_record *record)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < 2; i++) {
		ist_close_port(&record->user[i]);
		if (!error)
			error = ist_enter_flow(&record->user[i]);
	}
	return error;
}

/* False when the other user has no port to come to. */
static bool ist_on_first(struct ist_record *record, struct ist_outcome *outcome)
{
	const bool pure = record->requested == IST_METHOD_PURE;
	struct ist_user *first = &record->user[ist_knows(&record->user[0]) ? 0 : 1];
	struct ist_user *other = &record->user[first->index ^ 1];
	const struct ist_side *side = ist_core_side(first);
	struct ist_news *news;

	if (record->requested == IST_METHOD_ACTIVE) {
		if (ist_enter_flows(record))
			return false;
	} else if (pure && !record->user[IST_SIDE_B].port) {
		if (!ist_open_return_port(record, outcome))
			return false;
	}
	ist_tell(record, IST_NEWS_FIRST_SIDE, IST_REASON_NONE, outcome);
	if (record->label && outcome->news_count) {
		news = &outcome->news[outcome->news_count - 1];
		news->peer.address = side->tuple.source;
		news->peer.port = side->tuple.source_port;
		news->peer.family = side->family;
		news->port = pure ? other->port : 0;
	}
	return true;
}

static bool ist_on_paired(struct ist_record *record, u64 now, struct ist_outcome *outcome)
{
	struct ist_terms *terms = record->terms;

	if (ist_enter_flows(record))
		return false;
	if (terms && terms->time && terms->end == IST_NEVER)
		terms->end = now + terms->time;
	ist_count(record->host, IST_COUNTER_PAIRED, 1);
	ist_tell(record, IST_NEWS_PAIRED, IST_REASON_NONE, outcome);
	return true;
}

static u64 ist_bytes_of(const struct ist_record *record)
{
	return record->user[0].bytes + record->user[1].bytes;
}

static void ist_arm(struct ist_record *record, u64 deadline, u64 now)
{
	const u64 wait = deadline > now ? deadline - now : 0;

	record->armed = deadline;
	/* A jiffy more: a timer that comes early would have to be set again. */
	mod_timer(&record->timer, jiffies + nsecs_to_jiffies(wait) + 1);
}

/* Out of the tables. Its timer frees the record: so none that runs ever meets a freed one. */
static void ist_forget(struct ist_record *record, u64 now)
{
	struct ist_host *host = record->host;
	unsigned int i;

	record->dead = true;
	for (i = 0; i < 2; i++) {
		ist_close_port(&record->user[i]);
		ist_erase_flow(&record->user[i]);
	}
	xa_erase_bh(&host->records, record->id);
	atomic_dec(&host->count);
	ist_count(host, IST_COUNTER_ENDED, 1);
	ist_count(host, IST_COUNTER_FORWARDED, record->user[0].packets + record->user[1].packets);
	ist_count(host, IST_COUNTER_FORWARDED_BYTES, ist_bytes_of(record));
	ist_arm(record, now, now);
}

static void ist_over(struct ist_record *record, u64 now, unsigned int reason,
		     struct ist_outcome *outcome)
{
	ist_tell(record, IST_NEWS_ENDED, reason, outcome);
	if (record->label && outcome->news_count)
		outcome->news[outcome->news_count - 1].bytes = ist_bytes_of(record);
	ist_forget(record, now);
}

/*
 * A side has gone before the handshake was complete: its port waits again. False when another
 * splice has it by now.
 */
static bool ist_reopen(struct ist_record *record, u64 now)
{
	struct ist_user *b = &record->user[IST_SIDE_B];
	bool open = true;
	unsigned int i;

	if (record->core.state == IST_STATE_LISTEN) {
		record->waiting = now;
		if (b->follows) {
			ist_close_port(b);
			b->port = 0;
		}
	}
	for (i = 0; i < 2; i++) {
		struct ist_user *user = &record->user[i];

		if (ist_knows(user))
			continue;
		ist_erase_flow(user);
		open = open && (!user->port || !ist_open_port(user));
	}
	return open;
}

u64 ist_keeper_deadline(const struct ist_record *record)
{
	const struct ist_splice *core = &record->core;
	const struct ist_host *host = record->host;
	u64 deadline = ist_splice_deadline(core, &host->core);

	if (core->state == IST_STATE_LISTEN)
		deadline = record->waiting + host->core.unmatched_ns;
	if (core->state == IST_STATE_LISTEN ||
	    (core->state == IST_STATE_SYN_LOOKUP && core->method != IST_METHOD_ACTIVE))
		return min(deadline, record->added + host->unmatched_limit_ns);
	if (core->state != IST_STATE_TIME_WAIT && record->terms)
		deadline = min(deadline, record->terms->end);
	return deadline;
}

/* Deadlines that move away are found when the timer comes. */
static void ist_reschedule(struct ist_record *record, u64 now)
{
	const u64 deadline = ist_keeper_deadline(record);

	if (deadline < record->armed)
		ist_arm(record, deadline, now);
}

/* What follows from the core's verdict, beyond the packet itself. May end the splice. */
void ist_keeper_settle(struct ist_record *record, u64 now, struct ist_outcome *outcome)
{
	const struct ist_verdict *verdict = &outcome->verdict;
	const unsigned int events = verdict->events;
	const unsigned int reason = verdict->reason;
	const bool closed = verdict->to_state == IST_STATE_CLOSED;

	ist_take_crafted(record, outcome);
	if ((events & IST_EVENT_FIRST) && !ist_on_first(record, outcome)) {
		ist_keeper_end(record, now, IST_CARRIER_NO_PORT, outcome);
		return;
	}
	if (events & IST_EVENT_FALLBACK)
		ist_fell_back(record, reason, outcome);
	if ((events & IST_EVENT_PAIRED) && !ist_on_paired(record, now, outcome)) {
		ist_keeper_end(record, now, IST_REASON_TUPLE_COLLISION, outcome);
		return;
	}
	if (closed) {
		ist_over(record, now, reason, outcome);
		return;
	}
	if ((events & IST_EVENT_RENEWED) && !ist_reopen(record, now)) {
		ist_keeper_end(record, now, IST_CARRIER_PORT_TAKEN, outcome);
		return;
	}
	ist_reschedule(record, now);
}

/* Users that are proven get a RST, except after an orderly end. */
void ist_keeper_end(struct ist_record *record, u64 now, unsigned int reason,
		    struct ist_outcome *outcome)
{
	struct ist_verdict *verdict = &outcome->verdict;
	const struct ist_settings *settings = &record->host->core;

	ist_verdict_begin(verdict, &record->core);
	if (record->core.state == IST_STATE_TIME_WAIT)
		ist_close(&record->core, IST_REASON_NONE, verdict);
	else
		ist_time_out(&record->core, IST_REASON_NONE, settings, verdict);
	ist_verdict_end(&record->core, settings, verdict);
	ist_take_crafted(record, outcome);
	ist_over(record, now, reason, outcome);
}

void ist_keeper_timeout(struct ist_record *record, u64 now, struct ist_outcome *outcome)
{
	const struct ist_settings *settings = &record->host->core;

	record->armed = IST_NEVER;
	if (ist_keeper_deadline(record) > now) {
		ist_reschedule(record, now);
		return;
	}
	if (record->terms && record->core.state != IST_STATE_TIME_WAIT &&
	    record->terms->end <= now) {
		ist_keeper_end(record, now, IST_CARRIER_LIFETIME, outcome);
		return;
	}
	if (ist_splice_deadline(&record->core, settings) > now) {
		/* Only the carrier's own bound is over. */
		ist_keeper_end(record, now, IST_REASON_UNMATCHED_TIMEOUT, outcome);
		return;
	}
	ist_splice_timeout(&record->core, now, settings, &outcome->verdict);
	ist_keeper_settle(record, now, outcome);
}

static void ist_record_free(struct rcu_head *head)
{
	struct ist_record *record = container_of(head, struct ist_record, rcu);

	kfree(record->terms);
	kmem_cache_free(ist_records, record);
}

void ist_keeper_timer(struct timer_list *timer)
{
	struct ist_record *record = container_of(timer, struct ist_record, timer);
	struct ist_host *host = record->host;
	struct ist_outcome outcome;
	bool last;

	ist_outcome_begin(&outcome);
	spin_lock_bh(&record->lock);
	if (!record->dead)
		ist_keeper_timeout(record, ktime_get_ns(), &outcome);
	/* Set again by whoever ended the splice meanwhile: that time will free it. */
	last = record->dead && !timer_pending(&record->timer);
	spin_unlock_bh(&record->lock);
	ist_send_outcome(host, &outcome);
	if (!last)
		return;
	call_rcu(&record->rcu, ist_record_free);
	if (atomic_dec_and_test(&host->unfreed))
		wake_up_all(&host->freed);
}

/* Gives an Active splice that waits its numbers, as its user's SYN is here. */
bool ist_keeper_prepare_active(struct ist_record *record, const struct ist_packet *packet)
{
	const struct ist_terms *terms = record->terms;
	const u8 family = terms->source.family ? terms->source.family : packet->family;
	struct ist_active_config config;
	struct ist_flow_key key;

	if (family != terms->target.family)
		return false;
	memset(&config, 0, sizeof(config));
	memset(&key, 0, sizeof(key));
	config.from_b.source = terms->target.address;
	config.from_b.source_port = terms->target.port;
	config.from_b.destination =
		terms->source.family ? terms->source.address : packet->tuple.destination;
	config.from_b.destination_port = record->user[IST_SIDE_B].port;
	config.isn_to_a = terms->isn[0];
	config.isn_to_b = terms->isn[1];
	config.family_b = family;
	key.tuple = config.from_b;
	key.protocol = IST_PROTOCOL_TCP;
	key.family = family;
	if (ist_port_is_open(record->host, IST_PROTOCOL_TCP, record->user[IST_SIDE_B].port) ||
	    ist_find_flow(record->host, &key))
		return false;
	ist_active_init(&record->core, &config, &record->host->core);
	return true;
}

/* Whether an order contradicts itself; the words, or null. */
static const char *ist_contradiction(const struct ist_order *order)
{
	const bool active = order->method == IST_METHOD_ACTIVE;
	const bool needs_b = order->method != IST_METHOD_PURE;

	if (order->method > IST_METHOD_UDP)
		return "no such method";
	if (!order->port[0])
		return "port 0 cannot be opened: user A needs a port from 1 to 65535";
	if (!order->port[1] && needs_b)
		return "port 0 cannot be opened: user B needs a port from 1 to 65535";
	if (order->port[0] == order->port[1] && !active)
		return "one port is given to both users: each needs its own";
	if (active && (!order->target.family || !order->target.port))
		return "an active splice needs a target address and port";
	if (active && order->source.family && order->source.family != order->target.family)
		return "source and target of an active splice are of different families";
	if (!active && (order->target.family || order->source.family))
		return "only an active splice has a target";
	return NULL;
}

static struct ist_record *ist_record_create(struct ist_host *host, const struct ist_order *order,
					    u64 now)
{
	struct ist_record *record = kmem_cache_zalloc(ist_records, GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!record)
		return NULL;
	spin_lock_init(&record->lock);
	timer_setup(&record->timer, ist_keeper_timer, 0);
	record->host = host;
	record->requested = order->method;
	record->label = order->label;
	record->added = now;
	record->waiting = now;
	record->armed = IST_NEVER;
	for (i = 0; i < 2; i++) {
		record->user[i].index = (u8)i;
		record->user[i].port = order->port[i];
		record->user[i].allowed = order->allowed[i].address;
		record->user[i].allowed_family = order->allowed[i].family;
	}
	ist_splice_init(&record->core, order->method);
	return record;
}

/* Enters a record under its lock; on failure nothing of it is left in the tables. */
static int ist_record_enter(struct ist_record *record, const char **why)
{
	struct ist_host *host = record->host;
	struct ist_user *a = &record->user[IST_SIDE_A];
	struct ist_user *b = &record->user[IST_SIDE_B];
	int error;

	*why = "the port of user A is taken by another splice";
	error = ist_open_port(a);
	if (error)
		return error;
	if (b->port && record->requested != IST_METHOD_ACTIVE) {
		*why = "the port of user B is taken by another splice";
		error = ist_open_port(b);
	}
	if (!error) {
		*why = "no memory";
		error = xa_insert_bh(&host->records, record->id, record, GFP_ATOMIC);
	}
	if (error) {
		ist_close_port(a);
		ist_close_port(b);
	}
	return error;
}

static int ist_refuse(struct ist_host *host, int error)
{
	ist_count(host, IST_COUNTER_REFUSED, 1);
	return error;
}

int ist_keeper_add(struct ist_host *host, const struct ist_order *order, struct ist_terms *terms,
		   u64 now, u64 *id, const char **why)
{
	struct ist_record *record;
	int error;

	*why = ist_contradiction(order);
	if (*why)
		return ist_refuse(host, -EINVAL);
	*why = "all splices are in use";
	if (atomic_inc_return(&host->count) > (int)host->max_splices) {
		atomic_dec(&host->count);
		return ist_refuse(host, -ENOSPC);
	}
	*why = "no memory";
	record = ist_record_create(host, order, now);
	if (!record) {
		atomic_dec(&host->count);
		return ist_refuse(host, -ENOMEM);
	}
	record->id = (u64)atomic64_inc_return(&host->last_id);
	*id = record->id;
	spin_lock_bh(&record->lock);
	error = ist_record_enter(record, why);
	if (!error) {
		record->terms = terms;
		atomic_inc(&host->unfreed);
		ist_reschedule(record, now);
	}
	record->dead = error != 0;
	spin_unlock_bh(&record->lock);
	if (error) {
		atomic_dec(&host->count);
		/* A packet may have met it between its two ports. */
		call_rcu(&record->rcu, ist_record_free);
		return ist_refuse(host, error == -EBUSY ? -EADDRINUSE : error);
	}
	ist_count(host, IST_COUNTER_ADDED, 1);
	return 0;
}
