// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/kernel/module/stand-in/module-stand-in.h"

#include "kernel/module/ist-module.h"

u64 ist_stand_in_now = 1000000000;

static struct timer_list *timers;
static size_t packets;
static ist_stand_in_sink sink;
static void *sink_context;
static struct net_device device = {.ifindex = 1};

u32 get_random_u32(void)
{
	static u64 state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (u32)(state >> 32);
}

int rhashtable_init(struct rhashtable *table, const struct rhashtable_params *params)
{
	(void)params;
	memset(table, 0, sizeof(*table));
	return 0;
}

void rhashtable_destroy(struct rhashtable *table)
{
	(void)table;
}

static void *object_of(struct rhash_head *head, const struct rhashtable_params *params)
{
	return (char *)head - params->head_offset;
}

void *rhashtable_lookup(struct rhashtable *table, const void *key,
			const struct rhashtable_params params)
{
	struct rhashtable_compare_arg arg = {table, key};
	struct rhash_head *head;

	head = table->chains[params.hashfn(key, params.key_len, 7) % ARRAY_SIZE(table->chains)];
	for (; head; head = head->next) {
		if (!params.obj_cmpfn(&arg, object_of(head, &params)))
			return object_of(head, &params);
	}
	return NULL;
}

int rhashtable_lookup_insert_key(struct rhashtable *table, const void *key, struct rhash_head *head,
				 const struct rhashtable_params params)
{
	const u32 hash = params.hashfn(key, params.key_len, 7);
	struct rhash_head **chain = &table->chains[hash % ARRAY_SIZE(table->chains)];

	assert(hash == params.obj_hashfn(object_of(head, &params), params.key_len, 7));
	if (rhashtable_lookup(table, key, params))
		return -EEXIST;
	head->next = *chain;
	*chain = head;
	return 0;
}

void rhashtable_remove_fast(struct rhashtable *table, struct rhash_head *head,
			    const struct rhashtable_params params)
{
	const u32 hash = params.obj_hashfn(object_of(head, &params), params.key_len, 7);
	struct rhash_head **link = &table->chains[hash % ARRAY_SIZE(table->chains)];

	/* It must be in the chain of its present hash: a key may not change in the table. */
	while (*link != head) {
		assert(*link);
		link = &(*link)->next;
	}
	*link = head->next;
}

void xa_init_flags(struct xarray *array, int flags)
{
	(void)flags;
	memset(array, 0, sizeof(*array));
}

void xa_destroy(struct xarray *array)
{
	free(array->entries);
}

void *xa_load(struct xarray *array, unsigned long index)
{
	size_t i;

	for (i = 0; i < array->count; i++) {
		if (array->entries[i].index == index)
			return array->entries[i].value;
	}
	return NULL;
}

int xa_insert_bh(struct xarray *array, unsigned long index, void *value, int flags)
{
	(void)flags;
	if (xa_load(array, index))
		return -EBUSY;
	array->entries = realloc(array->entries, (array->count + 1) * sizeof(*array->entries));
	assert(array->entries);
	array->entries[array->count].index = index;
	array->entries[array->count].value = value;
	array->count++;
	return 0;
}

void *xa_erase_bh(struct xarray *array, unsigned long index)
{
	size_t i;

	for (i = 0; i < array->count; i++) {
		if (array->entries[i].index == index) {
			void *value = array->entries[i].value;

			array->entries[i] = array->entries[--array->count];
			return value;
		}
	}
	return NULL;
}

void mod_timer(struct timer_list *timer, u64 expires)
{
	timer_delete_sync(timer);
	timer->expires = expires;
	timer->pending = true;
	timer->next = timers;
	timers = timer;
}

void timer_delete_sync(struct timer_list *timer)
{
	struct timer_list **link;

	if (!timer->pending)
		return;
	timer->pending = false;
	for (link = &timers; *link != timer; link = &(*link)->next)
		assert(*link);
	*link = timer->next;
}

/* The earliest one that is due, or null. */
static struct timer_list *due_timer(void)
{
	struct timer_list *timer, *first = NULL;

	for (timer = timers; timer; timer = timer->next) {
		if (timer->expires <= ist_stand_in_now &&
		    (!first || timer->expires < first->expires))
			first = timer;
	}
	return first;
}

static void run_timers(void)
{
	struct timer_list *timer;

	while ((timer = due_timer())) {
		timer_delete_sync(timer);
		timer->function(timer);
	}
}

struct sk_buff *ist_stand_in_packet(const u8 *bytes, u32 length)
{
	const u32 room = 64;
	struct sk_buff *skb = calloc(1, sizeof(*skb));

	assert(skb);
	/* Just as long as the packet: what is read or written beyond it is found out. */
	skb->head = malloc(room + length);
	assert(skb->head);
	skb->data = skb->head + room;
	skb->len = length;
	skb->dev = &device;
	memcpy(skb->data, bytes, length);
	packets++;
	return skb;
}

void kfree_skb(struct sk_buff *skb)
{
	free(skb->head);
	free(skb);
	packets--;
}

bool ist_host_is_local(struct ist_host *host, u8 family, const struct ist_address *address)
{
	(void)host;
	(void)family;
	(void)address;
	return true;
}

/* Sends what is to be sent; what is held is not ours to free. */
static void finish(struct sk_buff *skb, enum ist_path path)
{
	if (path == IST_PATH_FORWARD)
		sink(sink_context, skb->data, skb->len);
	if (path != IST_PATH_HELD)
		kfree_skb(skb);
}

void ist_send_outcome(struct ist_host *host, struct ist_outcome *outcome)
{
	struct sk_buff *skb, *next;
	struct ist_outcome later;
	unsigned int i;

	for (i = 0; i < outcome->emit_count; i++)
		sink(sink_context, outcome->emit[i].bytes, outcome->emit[i].length);
	for (skb = outcome->released; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		skb->dev = &device;
		ist_outcome_begin(&later);
		finish(skb, ist_path_receive(host, skb, ist_stand_in_now, &later));
		ist_send_outcome(host, &later);
	}
}

struct ist_host *ist_stand_in_create(const struct ist_settings *core, ist_stand_in_sink to,
				     void *context)
{
	struct ist_host *host;

	if (ist_keeper_init())
		return NULL;
	host = ist_host_create();
	assert(host);
	host->core = *core;
	sink = to;
	sink_context = context;
	return host;
}

size_t ist_stand_in_destroy(struct ist_host *host)
{
	struct ist_outcome outcome;
	size_t left = 0;
	size_t i;

	while (host->records.count) {
		struct ist_record *record = host->records.entries[0].value;

		ist_outcome_begin(&outcome);
		spin_lock_bh(&record->lock);
		ist_keeper_end(record, ist_stand_in_now, IST_CARRIER_REMOVED, &outcome);
		spin_unlock_bh(&record->lock);
	}
	ist_stand_in_now += 1000;
	run_timers();
	for (i = 0; i < ARRAY_SIZE(host->flows.chains); i++)
		left += host->flows.chains[i] != NULL;
	left += host->ports[0].count + host->ports[1].count + (size_t)host->unfreed.value +
		(size_t)host->count.value;
	ist_host_free(host);
	ist_keeper_exit();
	return left + packets + (timers != NULL);
}

int ist_stand_in_add(struct ist_host *host, const struct ist_order *order, uint64_t rate,
		     const uint16_t *closed, unsigned int closed_count, uint64_t *id,
		     const char **why)
{
	struct ist_terms *terms;
	int error;

	*why = "no memory";
	error = ist_terms_create(&terms, order, rate, closed, closed_count);
	if (!error)
		error = ist_keeper_add(host, order, terms, ist_stand_in_now, id, why);
	if (error)
		kfree(terms);
	return error;
}

enum ist_stand_in_path ist_stand_in_give(struct ist_host *host, const uint8_t *bytes, size_t length,
					 unsigned int *reason)
{
	struct sk_buff *skb = ist_stand_in_packet(bytes, (u32)length);
	struct ist_outcome outcome;
	enum ist_path path;

	ist_outcome_begin(&outcome);
	path = ist_path_receive(host, skb, ist_stand_in_now, &outcome);
	/* What is not the IST's goes on as it came. */
	assert(path != IST_PATH_PASS || (skb->len == length && !memcmp(skb->data, bytes, length)));
	finish(skb, path);

	*reason = outcome.reason;
	ist_send_outcome(host, &outcome);
	return (enum ist_stand_in_path)path;
}

void ist_stand_in_advance(struct ist_host *host, uint64_t ns)
{
	(void)host;
	ist_stand_in_now += ns;
	run_timers();
}

size_t ist_stand_in_count(const struct ist_host *host)
{
	return (size_t)host->count.value;
}
