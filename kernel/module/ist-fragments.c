// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Later fragments of a datagram share the fate of the first, without reassembly. Those that
 * overtake it are held. A datagram is forgotten when all its bytes have passed, after the
 * time-out, or, being the oldest, when there are too many.
 */
#include "kernel/module/ist-compat.h"
#include "kernel/module/ist-path.h"

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

static struct hlist_head *ist_bucket_of(struct ist_fragments *fragments,
					const struct ist_datagram_key *key)
{
	const u32 hash = jhash2((const u32 *)key, sizeof(*key) / sizeof(u32), fragments->seed);

	return &fragments->buckets[hash % ARRAY_SIZE(fragments->buckets)];
}

static struct ist_follower *ist_find_follower(struct ist_fragments *fragments,
					      const struct ist_datagram_key *key)
{
	struct ist_follower *follower;

	hlist_for_each_entry(follower, ist_bucket_of(fragments, key), node)
	{
		if (!memcmp(&follower->key, key, sizeof(*key)))
			return follower;
	}
	return NULL;
}

/* Frees a datagram; what it holds is thrown away. */
static void ist_forget_follower(struct ist_fragments *fragments, struct ist_follower *follower)
{
	struct sk_buff *skb, *next;

	for (skb = follower->first; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		kfree_skb(skb);
	}
	fragments->held -= follower->held;
	fragments->count--;
	hlist_del(&follower->node);
	list_del(&follower->by_age);
	kfree(follower);
}

static struct ist_follower *ist_oldest(struct ist_fragments *fragments)
{
	return list_first_entry_or_null(&fragments->by_age, struct ist_follower, by_age);
}

static void ist_set_timer(struct ist_fragments *fragments, u64 after_ns)
{
	if (!timer_pending(&fragments->timer) && !fragments->over)
		mod_timer(&fragments->timer, jiffies + nsecs_to_jiffies(after_ns) + 1);
}

/* Forgets what has expired and sets the timer for the next. */
static void ist_expire(struct ist_fragments *fragments, u64 now)
{
	struct ist_follower *follower;

	while ((follower = ist_oldest(fragments)) && follower->core.expires_ns <= now)
		ist_forget_follower(fragments, follower);
	if (follower)
		ist_set_timer(fragments, follower->core.expires_ns - now);
}

/* What has expired is forgotten before; what is made here stays for the caller to use. */
static struct ist_follower *ist_create_follower(struct ist_host *host,
						const struct ist_datagram_key *key, u64 now)
{
	struct ist_fragments *fragments = &host->fragments;
	struct ist_follower *follower;

	if (!host->max_fragmented)
		return NULL;
	if (fragments->count >= host->max_fragmented)
		ist_forget_follower(fragments, ist_oldest(fragments));
	follower = kzalloc(sizeof(*follower), GFP_ATOMIC);
	if (!follower)
		return NULL;
	follower->key = *key;
	follower->core.expires_ns = now + host->fragment_ns;
	hlist_add_head(&follower->node, ist_bucket_of(fragments, key));
	list_add_tail(&follower->by_age, &fragments->by_age);
	fragments->count++;
	ist_set_timer(fragments, host->fragment_ns);
	return follower;
}

void ist_fragments_first(struct ist_host *host, const struct ist_packet *packet,
			 const struct ist_decision *decision, u64 now, struct ist_outcome *outcome)
{
	struct ist_fragments *fragments = &host->fragments;
	struct ist_follower *follower;
	struct ist_datagram_key key;

	ist_datagram_key_of(&key, packet);
	spin_lock_bh(&fragments->lock);
	ist_expire(fragments, now);
	follower = ist_find_follower(fragments, &key);
	if (!follower)
		follower = ist_create_follower(host, &key, now);
	if (follower) {
		ist_datagram_first(&follower->core, packet, decision->fate, decision->from,
				   now + host->fragment_ns);
		follower->core.reason = decision->reason;
		follower->id = decision->id;
		list_move_tail(&follower->by_age, &fragments->by_age);
		outcome->released = follower->first;
		fragments->held -= follower->held;
		follower->first = NULL;
		follower->last = NULL;
		follower->held = 0;
	}
	spin_unlock_bh(&fragments->lock);
}

/* Keeps a fragment, without its device: that may go meanwhile. */
static bool ist_hold(struct ist_host *host, struct ist_follower *follower, struct sk_buff *skb)
{
	struct ist_fragments *fragments = &host->fragments;

	if (!follower || fragments->held >= host->max_held)
		return false;
	skb->skb_iif = skb->dev->ifindex;
	skb->dev = NULL;
	skb->next = NULL;
	if (follower->last)
		follower->last->next = skb;
	else
		follower->first = skb;
	follower->last = skb;
	follower->held++;
	fragments->held++;
	return true;
}

void ist_fragments_next(struct ist_host *host, struct sk_buff *skb, const struct ist_packet *packet,
			bool may_hold, u64 now, struct ist_decision *decision)
{
	struct ist_fragments *fragments = &host->fragments;
	struct ist_follower *follower;
	struct ist_datagram_key key;
	bool over;

	memset(decision, 0, sizeof(*decision));
	decision->fate = IST_FATE_NOT_OURS;
	/* Fragments of others need no lock while none of ours are followed. */
	if (!may_hold && !READ_ONCE(fragments->count))
		return;
	ist_datagram_key_of(&key, packet);
	spin_lock_bh(&fragments->lock);
	ist_expire(fragments, now);
	follower = ist_find_follower(fragments, &key);
	if (follower && follower->core.fate != IST_FATE_UNKNOWN) {
		decision->fate = (u8)ist_datagram_next(&follower->core, packet, now, &over);
		decision->from = follower->core.from;
		decision->reason = follower->core.reason;
		decision->id = follower->id;
		if (over)
			ist_forget_follower(fragments, follower);
	} else if (follower || may_hold) {
		decision->fate = IST_FATE_UNKNOWN;
		if (!follower && fragments->held < host->max_held)
			follower = ist_create_follower(host, &key, now);
		decision->held = ist_hold(host, follower, skb);
	}
	spin_unlock_bh(&fragments->lock);
}

static void ist_fragments_timer(struct timer_list *timer)
{
	struct ist_fragments *fragments = container_of(timer, struct ist_fragments, timer);

	spin_lock_bh(&fragments->lock);
	ist_expire(fragments, ktime_get_ns());
	spin_unlock_bh(&fragments->lock);
}

void ist_fragments_init(struct ist_host *host)
{
	struct ist_fragments *fragments = &host->fragments;

	spin_lock_init(&fragments->lock);
	INIT_LIST_HEAD(&fragments->by_age);
	fragments->seed = get_random_u32();
	timer_setup(&fragments->timer, ist_fragments_timer, 0);
}

/* No packet comes any more. */
void ist_fragments_destroy(struct ist_host *host)
{
	struct ist_fragments *fragments = &host->fragments;
	struct ist_follower *follower;

	spin_lock_bh(&fragments->lock);
	fragments->over = true;
	while ((follower = ist_oldest(fragments)))
		ist_forget_follower(fragments, follower);
	spin_unlock_bh(&fragments->lock);
	ist_stop_timer(&fragments->timer);
}
