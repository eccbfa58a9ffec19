/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of the kernel as the module's packet logic uses, for one thread in user space: time
 * stands still unless the test moves it, locks assert that they are not taken twice, what RCU would
 * free later is freed at once. The headers linux/... beside this file all lead here.
 */
#ifndef IST_KERNEL_STAND_IN_H
#define IST_KERNEL_STAND_IN_H

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define __percpu
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define READ_ONCE(value) (value)

struct net;

/* Time and chance. */
extern u64 ist_stand_in_now;
#define jiffies ist_stand_in_now
static inline u64 nsecs_to_jiffies(u64 ns)
{
	return ns;
}

static inline u64 ktime_get_ns(void)
{
	return ist_stand_in_now;
}

u32 get_random_u32(void);

static inline u32 jhash2(const u32 *words, u32 count, u32 seed)
{
	u32 hash = seed;

	while (count--)
		hash = (hash ^ *words++) * 0x9e3779b1u + (hash >> 15);
	return hash;
}

/* Memory. */
#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0
#define GFP_ATOMIC 1
#define kzalloc(size, flags) calloc(1, size)
#define kfree(pointer) free(pointer)
struct kmem_cache {
	size_t size;
};

static inline struct kmem_cache *ist_stand_in_cache(size_t size)
{
	struct kmem_cache *cache = malloc(sizeof(*cache));

	assert(cache);
	cache->size = size;
	return cache;
}

#define KMEM_CACHE(type, flags) ist_stand_in_cache(sizeof(struct type))
#define kmem_cache_zalloc(cache, flags) calloc(1, (cache)->size)
#define kmem_cache_free(cache, pointer) free(pointer)
#define kmem_cache_destroy(cache) free(cache)
#define alloc_percpu(type) ((type *)calloc(1, sizeof(type)))
#define free_percpu(pointer) free(pointer)
#define this_cpu_add(value, add) ((value) += (add))
#define this_cpu_inc(value) ((value) += 1)

struct rcu_head {
	int unused;
};

#define call_rcu(head, function) (function)(head)

/* Locks and counters. */
typedef struct {
	bool taken;
} spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->taken = false;
}

static inline void spin_lock_bh(spinlock_t *lock)
{
	assert(!lock->taken);
	lock->taken = true;
}

static inline void spin_unlock_bh(spinlock_t *lock)
{
	assert(lock->taken);
	lock->taken = false;
}

typedef struct {
	int value;
} atomic_t;

typedef struct {
	int64_t value;
} atomic64_t;

#define atomic_read(atomic) ((atomic)->value)
#define atomic_inc(atomic) ((void)(atomic)->value++)
#define atomic_dec(atomic) ((void)(atomic)->value--)
#define atomic_inc_return(atomic) (++(atomic)->value)
#define atomic64_inc_return(atomic) (++(atomic)->value)
#define atomic_dec_and_test(atomic) (--(atomic)->value == 0)

typedef struct {
	int unused;
} wait_queue_head_t;

#define init_waitqueue_head(queue) ((queue)->unused = 0)
#define wake_up_all(queue) ((void)(queue))

/* Lists. */
struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define INIT_LIST_HEAD(list) ((list)->next = (list)->prev = (list))

static inline void list_add_tail(struct list_head *entry, struct list_head *list)
{
	entry->next = list;
	entry->prev = list->prev;
	list->prev->next = entry;
	list->prev = entry;
}

static inline void list_del(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
}

static inline void list_move_tail(struct list_head *entry, struct list_head *list)
{
	list_del(entry);
	list_add_tail(entry, list);
}

#define list_first_entry_or_null(list, type, member) \
	((list)->next == (list) ? NULL : container_of((list)->next, type, member))

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *list)
{
	node->next = list->first;
	node->pprev = &list->first;
	if (list->first)
		list->first->pprev = &node->next;
	list->first = node;
}

static inline void hlist_del(struct hlist_node *node)
{
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
}

#define hlist_for_each_entry(entry, list, member)   \
	for (struct hlist_node *at = (list)->first; \
	     at && ((entry) = container_of(at, typeof(*(entry)), member), true); at = at->next)

/* Hash table: 4096 chains, never resized. */
struct rhash_head {
	struct rhash_head *next;
};

struct rhashtable {
	struct rhash_head *chains[4096];
};

struct rhashtable_compare_arg {
	struct rhashtable *ht;
	const void *key;
};

struct rhashtable_params {
	size_t head_offset;
	u32 key_len;
	u32 (*hashfn)(const void *data, u32 length, u32 seed);
	u32 (*obj_hashfn)(const void *data, u32 length, u32 seed);
	int (*obj_cmpfn)(struct rhashtable_compare_arg *arg, const void *object);
	bool automatic_shrinking;
};

int rhashtable_init(struct rhashtable *table, const struct rhashtable_params *params);
void rhashtable_destroy(struct rhashtable *table);
void *rhashtable_lookup(struct rhashtable *table, const void *key,
			const struct rhashtable_params params);
int rhashtable_lookup_insert_key(struct rhashtable *table, const void *key, struct rhash_head *head,
				 const struct rhashtable_params params);
void rhashtable_remove_fast(struct rhashtable *table, struct rhash_head *head,
			    const struct rhashtable_params params);

/* Sparse array: entries in no order. */
struct xarray {
	struct ist_xa_entry {
		unsigned long index;
		void *value;
	} * entries;
	size_t count;
};

#define XA_FLAGS_LOCK_BH 0
void xa_init_flags(struct xarray *array, int flags);
void xa_destroy(struct xarray *array);
void *xa_load(struct xarray *array, unsigned long index);
int xa_insert_bh(struct xarray *array, unsigned long index, void *value, int flags);
void *xa_erase_bh(struct xarray *array, unsigned long index);

/* Timers: run by ist_stand_in_run_timers(). */
struct timer_list {
	void (*function)(struct timer_list *timer);
	u64 expires;
	bool pending;
	struct timer_list *next;
};

#define timer_setup(timer, callback, flags) ((timer)->function = (callback))
#define timer_pending(timer) ((timer)->pending)
void mod_timer(struct timer_list *timer, u64 expires);
void timer_delete_sync(struct timer_list *timer);
#define del_timer_sync timer_delete_sync

/* Packets: linear, with room for a longer header. */
#define CHECKSUM_NONE 0
#define CHECKSUM_COMPLETE 2
#define CHECKSUM_PARTIAL 3
#define SKB_GSO_TCPV4 1
#define SKB_GSO_TCPV6 2
#define SKB_GSO_TCP_FIXEDID 4
#define SKB_GSO_DODGY 8

struct net_device {
	int ifindex;
};

struct skb_shared_info {
	u16 gso_size;
	u16 gso_segs;
	unsigned int gso_type;
};

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	u8 *head;
	u8 *data;
	u32 len;
	int skb_iif;
	u16 protocol;
	u8 ip_summed;
	struct skb_shared_info shared;
};

#define skb_shinfo(skb) (&(skb)->shared)
#define skb_reset_network_header(skb) ((void)(skb))
#define skb_reset_mac_header(skb) ((void)(skb))
#define skb_set_transport_header(skb, offset) ((void)(skb))
#define skb_clear_tstamp(skb) ((void)(skb))
#define skb_mark_not_on_list(skb) ((skb)->next = NULL)

struct sk_buff *ist_stand_in_packet(const u8 *bytes, u32 length);
void kfree_skb(struct sk_buff *skb);

static inline const void *skb_header_pointer(const struct sk_buff *skb, int offset, int length,
					     void *buffer)
{
	(void)buffer;
	return (u32)(offset + length) <= skb->len ? skb->data + offset : NULL;
}

static inline int skb_ensure_writable(struct sk_buff *skb, unsigned int length)
{
	return length <= skb->len ? 0 : -ENOMEM;
}

static inline int skb_cow_head(struct sk_buff *skb, unsigned int room)
{
	return skb->data - skb->head >= (ptrdiff_t)room ? 0 : -ENOMEM;
}

static inline void __skb_pull(struct sk_buff *skb, unsigned int length)
{
	assert(length <= skb->len);
	skb->data += length;
	skb->len -= length;
}

static inline void __skb_push(struct sk_buff *skb, unsigned int length)
{
	assert(skb->data - skb->head >= (ptrdiff_t)length);
	skb->data -= length;
	skb->len += length;
}

#endif
