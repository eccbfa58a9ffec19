// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic netlink: what user space is told of the IST, its splices, counters and news. */
#include "kernel/module/ist-hooks.h"

#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "model/splice/ist-names.h"

static const char *ist_any_reason_name(unsigned int reason)
{
	return reason >= IST_CARRIER_NO_PORT ? ist_carrier_reason_name(reason)
					     : ist_reason_name(reason);
}

/* An address in network byte order; 0 or -EMSGSIZE. */
static int ist_put_address(struct sk_buff *skb, int attribute, u8 family,
			   const struct ist_address *address)
{
	u8 bytes[16];
	unsigned int i;

	for (i = 0; i < 4; i++)
		ist_put32(bytes + 4 * i, address->word[i]);
	return nla_put(skb, attribute, family == IST_FAMILY_IPV4 ? 4 : 16, bytes);
}

static int ist_put_u64(struct sk_buff *skb, int attribute, u64 value)
{
	return nla_put_u64_64bit(skb, attribute, value, IST_NL_A_PAD);
}

static int ist_put_side(struct sk_buff *skb, int attribute, struct ist_user *user)
{
	const struct ist_side *side = ist_core_side(user);
	const bool named = side->flags & IST_SIDE_KNOWN ||
			   (user->in_flows && ist_record_of(user)->requested == IST_METHOD_ACTIVE);
	struct nlattr *nest = nla_nest_start(skb, attribute);
	int error = nest ? 0 : -EMSGSIZE;

	if (!error && named)
		error = ist_put_address(skb, IST_NL_SIDE_PEER, side->family, &side->tuple.source) ||
			ist_put_address(skb, IST_NL_SIDE_LOCAL, side->family,
					&side->tuple.destination) ||
			nla_put_u16(skb, IST_NL_SIDE_PEER_PORT, side->tuple.source_port);
	if (error ||
	    nla_put_u16(skb, IST_NL_SIDE_LOCAL_PORT,
			named ? side->tuple.destination_port : user->port) ||
	    nla_put_u64_64bit(skb, IST_NL_SIDE_PACKETS, user->packets, IST_NL_SIDE_PAD) ||
	    nla_put_u64_64bit(skb, IST_NL_SIDE_BYTES, user->bytes, IST_NL_SIDE_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int ist_put_terms(struct sk_buff *skb, const struct ist_terms *terms)
{
	if (!terms)
		return 0;
	if ((terms->rate && ist_put_u64(skb, IST_NL_A_LIMIT_RATE, terms->rate)) ||
	    (terms->bytes && ist_put_u64(skb, IST_NL_A_LIMIT_BYTES, terms->bytes)) ||
	    (terms->time && ist_put_u64(skb, IST_NL_A_LIMIT_TIME, terms->time)))
		return -EMSGSIZE;
	return 0;
}

/* One splice, under its lock. */
static int ist_put_record(struct sk_buff *skb, struct ist_record *record)
{
	if (ist_put_u64(skb, IST_NL_A_ID, record->id) ||
	    nla_put_u8(skb, IST_NL_A_METHOD, record->core.method) ||
	    nla_put_u8(skb, IST_NL_A_REQUESTED, record->requested) ||
	    nla_put_u8(skb, IST_NL_A_STATE, record->core.state) ||
	    ist_put_u64(skb, IST_NL_A_LABEL, record->label) ||
	    ist_put_u64(skb, IST_NL_A_ADDED, record->added) ||
	    ist_put_u64(skb, IST_NL_A_ACTIVE, max(record->core.active_ns, record->waiting)) ||
	    ist_put_terms(skb, record->terms) ||
	    ist_put_side(skb, IST_NL_A_SIDE_A, &record->user[IST_SIDE_A]) ||
	    ist_put_side(skb, IST_NL_A_SIDE_B, &record->user[IST_SIDE_B]))
		return -EMSGSIZE;
	return 0;
}

/* The message of one splice; 0, -EMSGSIZE, or -ENOENT when it has ended. */
static int ist_fill_record(struct sk_buff *skb, struct ist_record *record, u32 port, u32 sequence,
			   int flags)
{
	void *header =
		genlmsg_put(skb, port, sequence, ist_netlink_family(), flags, IST_NL_CMD_SHOW);
	int error = -ENOENT;

	if (!header)
		return -EMSGSIZE;
	spin_lock_bh(&record->lock);
	if (!record->dead)
		error = ist_put_record(skb, record);
	spin_unlock_bh(&record->lock);
	if (error)
		genlmsg_cancel(skb, header);
	else
		genlmsg_end(skb, header);
	return error;
}

int ist_netlink_show(struct sk_buff *skb, struct genl_info *info)
{
	struct ist_host *host = ist_host_of(genl_info_net(info));
	struct ist_record *record;
	struct sk_buff *answer;
	int error = -ENOENT;

	if (!host || !info->attrs[IST_NL_A_ID])
		return -ENOENT;
	answer = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	rcu_read_lock();
	record = ist_find_record(host, nla_get_u64(info->attrs[IST_NL_A_ID]));
	if (record)
		error = ist_fill_record(answer, record, info->snd_portid, info->snd_seq, 0);
	rcu_read_unlock();
	if (!error)
		return genlmsg_reply(answer, info);
	nlmsg_free(answer);
	return error;
}

/* Goes on after the id in args[0]. */
int ist_netlink_show_all(struct sk_buff *skb, struct netlink_callback *callback)
{
	struct ist_host *host = ist_host_of(sock_net(skb->sk));
	unsigned long id = (unsigned long)callback->args[0];
	struct ist_record *record;

	if (!host)
		return 0;
	rcu_read_lock();
	for (;;) {
		record = xa_find_after(&host->records, &id, ULONG_MAX, XA_PRESENT);
		if (!record || ist_fill_record(skb, record, NETLINK_CB(callback->skb).portid,
					       callback->nlh->nlmsg_seq, NLM_F_MULTI) == -EMSGSIZE)
			break;
		callback->args[0] = (long)id;
	}
	rcu_read_unlock();
	return skb->len;
}

/* Sums of all processors, with what live splices have not handed over yet. */
static void ist_sum_counts(struct ist_host *host, struct ist_counts *sum)
{
	struct ist_record *record;
	unsigned long id;
	unsigned int i;
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu)
	{
		const struct ist_counts *counts = per_cpu_ptr(host->counts, cpu);

		for (i = 0; i < IST_COUNTERS; i++)
			sum->of[i] += READ_ONCE(counts->of[i]);
		for (i = 0; i < IST_REASONS; i++)
			sum->drops[i] += READ_ONCE(counts->drops[i]);
	}
	rcu_read_lock();
	xa_for_each(&host->records, id, record)
	{
		for (i = 0; i < 2; i++) {
			sum->of[IST_COUNTER_FORWARDED] += READ_ONCE(record->user[i].packets);
			sum->of[IST_COUNTER_FORWARDED_BYTES] += READ_ONCE(record->user[i].bytes);
		}
	}
	rcu_read_unlock();
}

static int ist_put_counters(struct sk_buff *skb, const struct ist_counts *sum)
{
	static const u8 order[IST_COUNTERS] = {
		[IST_COUNTER_ADDED] = IST_NL_C_ADDED,
		[IST_COUNTER_REFUSED] = IST_NL_C_REFUSED,
		[IST_COUNTER_PAIRED] = IST_NL_C_PAIRED,
		[IST_COUNTER_FALLBACKS] = IST_NL_C_FALLBACKS,
		[IST_COUNTER_ENDED] = IST_NL_C_ENDED,
		[IST_COUNTER_CONSUMED] = IST_NL_C_CONSUMED,
		[IST_COUNTER_EMITTED] = IST_NL_C_EMITTED,
		[IST_COUNTER_FORWARDED] = IST_NL_C_FORWARDED,
		[IST_COUNTER_FORWARDED_BYTES] = IST_NL_C_FORWARDED_BYTES,
	};
	struct nlattr *nest = nla_nest_start(skb, IST_NL_A_COUNTERS);
	unsigned int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < IST_COUNTERS; i++) {
		if (nla_put_u64_64bit(skb, order[i], sum->of[i], IST_NL_C_PAD))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int ist_put_drop(struct sk_buff *skb, unsigned int reason, u64 count)
{
	struct nlattr *nest = nla_nest_start(skb, IST_NL_A_DROP);

	if (!nest || nla_put_string(skb, IST_NL_A_REASON, ist_any_reason_name(reason)) ||
	    ist_put_u64(skb, IST_NL_A_COUNT, count))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int ist_fill_stats(struct sk_buff *answer, struct genl_info *info,
			  const struct ist_counts *sum)
{
	void *header = genlmsg_put_reply(answer, info, ist_netlink_family(), 0, IST_NL_CMD_STATS);
	unsigned int i;

	if (!header || ist_put_counters(answer, sum))
		return -EMSGSIZE;
	for (i = 0; i < IST_REASONS; i++) {
		if (sum->drops[i] && ist_put_drop(answer, i, sum->drops[i]))
			return -EMSGSIZE;
	}
	genlmsg_end(answer, header);
	return 0;
}

int ist_netlink_stats(struct sk_buff *skb, struct genl_info *info)
{
	struct ist_host *host = ist_host_of(genl_info_net(info));
	struct ist_counts *sum;
	struct sk_buff *answer;
	int error = -ENOMEM;

	if (!host)
		return -ENOENT;
	sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	answer = nlmsg_new(NLMSG_GOODSIZE * 2, GFP_KERNEL);
	if (sum && answer) {
		ist_sum_counts(host, sum);
		error = ist_fill_stats(answer, info, sum);
	}
	kfree(sum);
	if (!error)
		return genlmsg_reply(answer, info);
	nlmsg_free(answer);
	return error;
}

static int ist_put_settings(struct sk_buff *skb, const struct ist_host *host)
{
	const struct ist_settings *core = &host->core;
	struct nlattr *nest = nla_nest_start(skb, IST_NL_A_SETTINGS);
	const struct {
		int attribute;
		u64 value;
	} times[] = {
		{IST_NL_S_UNMATCHED, core->unmatched_ns},
		{IST_NL_S_UNMATCHED_LIMIT, host->unmatched_limit_ns},
		{IST_NL_S_HANDSHAKE_RETRY, core->handshake_ns},
		{IST_NL_S_IDLE, core->idle_ns},
		{IST_NL_S_HALF_CLOSED, core->half_closed_ns},
		{IST_NL_S_TIME_WAIT, core->two_msl_ns},
		{IST_NL_S_UDP_IDLE, core->udp_idle_ns},
		{IST_NL_S_FRAGMENT_TIME, host->fragment_ns},
	};
	unsigned int i;

	for (i = 0; nest && i < ARRAY_SIZE(times); i++) {
		if (nla_put_u64_64bit(skb, times[i].attribute, times[i].value, IST_NL_S_PAD))
			return -EMSGSIZE;
	}
	if (!nest || nla_put_u8(skb, IST_NL_S_HANDSHAKE_RETRIES, core->handshake_retries) ||
	    nla_put_u8(skb, IST_NL_S_EARLY_DATA, core->early_data) ||
	    nla_put_u32(skb, IST_NL_S_MAX_SPLICES, host->max_splices) ||
	    nla_put_u32(skb, IST_NL_S_MAX_FRAGMENTED, host->max_fragmented) ||
	    nla_put_u32(skb, IST_NL_S_MAX_HELD, host->max_held) ||
	    nla_put_u16(skb, IST_NL_S_PORT_FIRST, host->port_first) ||
	    nla_put_u16(skb, IST_NL_S_PORT_LAST, host->port_last))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int ist_fill_status(struct sk_buff *answer, struct genl_info *info,
			   const struct ist_host *host)
{
	void *header = genlmsg_put_reply(answer, info, ist_netlink_family(), 0, IST_NL_CMD_STATUS);
	unsigned int i;

	if (!header)
		return -EMSGSIZE;
	for (i = 0; i < host->device_count; i++) {
		if (nla_put_u32(answer, IST_NL_A_DEVICE, (u32)host->devices[i]))
			return -EMSGSIZE;
	}
	for (i = 0; i < host->address_count; i++) {
		if (ist_put_address(answer, IST_NL_A_ADDRESS, host->addresses[i].family,
				    &host->addresses[i].address))
			return -EMSGSIZE;
	}
	if (nla_put_u32(answer, IST_NL_A_SPLICES, (u32)atomic_read(&host->count)) ||
	    ist_put_settings(answer, host))
		return -EMSGSIZE;
	genlmsg_end(answer, header);
	return 0;
}

int ist_netlink_status(struct sk_buff *skb, struct genl_info *info)
{
	struct ist_host *host = ist_host_of(genl_info_net(info));
	struct sk_buff *answer;
	int error;

	if (!host)
		return -ENOENT;
	answer = nlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	error = ist_fill_status(answer, info, host);
	if (!error)
		return genlmsg_reply(answer, info);
	nlmsg_free(answer);
	return error;
}

static int ist_fill_news(struct sk_buff *skb, const struct ist_news *news)
{
	void *header = genlmsg_put(skb, 0, 0, ist_netlink_family(), 0, IST_NL_CMD_NEWS);

	if (!header || nla_put_u8(skb, IST_NL_A_NEWS_KIND, news->kind) ||
	    ist_put_u64(skb, IST_NL_A_ID, news->id) ||
	    ist_put_u64(skb, IST_NL_A_LABEL, news->label) ||
	    ist_put_u64(skb, IST_NL_A_BYTES, news->bytes) ||
	    nla_put_u16(skb, IST_NL_A_PORT_B, news->port) ||
	    nla_put_string(skb, IST_NL_A_REASON, ist_any_reason_name(news->reason)))
		return -EMSGSIZE;
	if (news->peer.family &&
	    (ist_put_address(skb, IST_NL_A_PEER, news->peer.family, &news->peer.address) ||
	     nla_put_u16(skb, IST_NL_A_PEER_PORT, news->peer.port)))
		return -EMSGSIZE;
	genlmsg_end(skb, header);
	return 0;
}

void ist_netlink_news(struct ist_host *host, const struct ist_news *news)
{
	struct genl_family *family = ist_netlink_family();
	struct sk_buff *skb;

	if (!genl_has_listeners(family, host->net, 0))
		return;
	skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		return;
	if (ist_fill_news(skb, news))
		nlmsg_free(skb);
	else
		genlmsg_multicast_netns(family, host->net, skb, 0, 0, GFP_ATOMIC);
}
