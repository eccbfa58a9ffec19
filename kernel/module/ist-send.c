// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes and sends: forwarded packets, packets that the core made, and what is to be told. */
#include "kernel/module/ist-compat.h"
#include "kernel/module/ist-hooks.h"

#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/timekeeping.h>
#include <net/addrconf.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/route.h>

static void ist_to_in6(struct in6_addr *to, const struct ist_address *from)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		to->s6_addr32[i] = htonl(from->word[i]);
}

bool ist_host_is_local(struct ist_host *host, u8 family, const struct ist_address *address)
{
	struct in6_addr in6;

	if (family == IST_FAMILY_IPV4)
		return inet_addr_type(host->net, htonl(address->word[0])) == RTN_LOCAL;
	ist_to_in6(&in6, address);
	return ipv6_chk_addr(host->net, &in6, NULL, 0);
}

static struct dst_entry *ist_route4(struct net *net, const struct sk_buff *skb)
{
	struct flowi4 flow = {
		.daddr = ip_hdr(skb)->daddr,
		.saddr = ip_hdr(skb)->saddr,
		.flowi4_mark = skb->mark,
		/* Source addresses that are routed here but set on no device. */
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct rtable *route = ip_route_output_key(net, &flow);

	return IS_ERR(route) ? ERR_CAST(route) : &route->dst;
}

static struct dst_entry *ist_route6(struct net *net, const struct sk_buff *skb)
{
	struct flowi6 flow = {
		.daddr = ipv6_hdr(skb)->daddr,
		.saddr = ipv6_hdr(skb)->saddr,
		.flowi6_mark = skb->mark,
		.flowi6_flags = FLOWI_FLAG_ANYSRC,
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &flow);
	const int error = dst->error;

	if (!error)
		return dst;
	dst_release(dst);
	return ERR_PTR(error);
}

/* Sends an IP packet of either family from where its data begins; consumes it. */
static int ist_output(struct ist_host *host, struct sk_buff *skb)
{
	struct dst_entry *dst;

	skb_reset_network_header(skb);
	skb_dst_drop(skb);
	memset(skb->cb, 0, sizeof(skb->cb));
	if (skb->protocol == htons(ETH_P_IP)) {
		IPCB(skb)->flags = IPSKB_FORWARDED;
		dst = ist_route4(host->net, skb);
	} else {
		IP6CB(skb)->flags = IP6SKB_FORWARDED;
		IP6CB(skb)->iif = skb->skb_iif;
		dst = ist_route6(host->net, skb);
	}
	if (IS_ERR(dst)) {
		ist_count_drop(host, IST_CARRIER_NO_ROUTE);
		kfree_skb(skb);
		return PTR_ERR(dst);
	}
	skb_dst_set(skb, dst);
	return dst_output(host->net, NULL, skb);
}

void ist_send_forwarded(struct ist_host *host, struct sk_buff *skb)
{
	nf_reset_ct(skb);
	/* A complete checksum was of the packet as it came. */
	skb_forward_csum(skb);
	ist_clear_time(skb);
	ist_output(host, skb);
}

static void ist_send_crafted(struct ist_host *host, const struct ist_crafted *crafted)
{
	struct sk_buff *skb = alloc_skb(LL_MAX_HEADER + crafted->length, GFP_ATOMIC);
	const bool ipv4 = crafted->bytes[0] >> 4 == IST_FAMILY_IPV4;

	if (!skb) {
		ist_count_drop(host, IST_CARRIER_ERROR);
		return;
	}
	skb_reserve(skb, LL_MAX_HEADER);
	skb_put_data(skb, crafted->bytes, crafted->length);
	skb->protocol = ipv4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	skb_set_transport_header(skb, ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	ist_output(host, skb);
}

/* A fragment that waited for its first one. What turns out not to be ours comes in again. */
static void ist_send_held(struct ist_host *host, struct sk_buff *skb)
{
	struct ist_outcome outcome;
	enum ist_path path;

	ist_outcome_begin(&outcome);
	rcu_read_lock();
	skb->dev = dev_get_by_index_rcu(host->net, skb->skb_iif);
	if (!skb->dev) {
		kfree_skb(skb);
		goto out;
	}
	path = ist_path_receive(host, skb, ktime_get_ns(), &outcome);
	if (path == IST_PATH_FORWARD)
		ist_send_forwarded(host, skb);
	else if (path == IST_PATH_PASS)
		netif_rx(skb);
	else if (path != IST_PATH_HELD)
		kfree_skb(skb);
	ist_send_outcome(host, &outcome);
out:
	rcu_read_unlock();
}

void ist_send_outcome(struct ist_host *host, struct ist_outcome *outcome)
{
	struct sk_buff *skb, *next;
	unsigned int i;

	for (i = 0; i < outcome->emit_count; i++)
		ist_send_crafted(host, &outcome->emit[i]);
	for (i = 0; i < outcome->news_count; i++)
		ist_netlink_news(host, &outcome->news[i]);
	for (skb = outcome->released; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		ist_send_held(host, skb);
	}
	outcome->released = NULL;
}
