// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netfilter hooks before defragmentation, connection tracking and routing: what is not the IST's
 * goes on untouched, what is leaves from here and never meets the host's own rules.
 */
#include "kernel/module/ist-hooks.h"

#include <linux/if_arp.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/timekeeping.h>

static bool ist_is_icmp(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? ip_hdr(skb)->protocol == IPPROTO_ICMP
				      : ipv6_hdr(skb)->nexthdr == IPPROTO_ICMPV6;
}

/*
 * Whether packets of a device are the IST's to look at. Of the loopback device ICMP errors are:
 * that a spliced packet exceeds the MTU of its way out this host reports to itself.
 */
static bool ist_takes(const struct ist_host *host, const struct sk_buff *skb,
		      const struct nf_hook_state *state)
{
	unsigned int i;

	for (i = 0; i < host->device_count; i++) {
		if (host->devices[i] == state->in->ifindex)
			return true;
	}
	return (state->in->flags & IFF_LOOPBACK) && ist_is_icmp(skb, state->pf);
}

static unsigned int ist_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct ist_host *host = ist_host_of(state->net);
	struct ist_outcome outcome;
	enum ist_path path;

	if (!host || !ist_takes(host, skb, state) || skb->pkt_type != PACKET_HOST)
		return NF_ACCEPT;
	ist_outcome_begin(&outcome);
	path = ist_path_receive(host, skb, ktime_get_ns(), &outcome);
	if (path == IST_PATH_FORWARD)
		ist_send_forwarded(host, skb);
	ist_send_outcome(host, &outcome);
	switch (path) {
	case IST_PATH_PASS:
		return NF_ACCEPT;
	case IST_PATH_DROP:
	case IST_PATH_TAKEN:
		return NF_DROP;
	default:
		return NF_STOLEN;
	}
}

/* Before NF_IP_PRI_CONNTRACK_DEFRAG, so that fragments are seen as they come. */
static const struct nf_hook_ops ist_hook_ops[] = {
	{
		.hook = ist_hook,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_RAW_BEFORE_DEFRAG,
	},
	{
		.hook = ist_hook,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_RAW_BEFORE_DEFRAG,
	},
};

int ist_hooks_register(struct net *net)
{
	return nf_register_net_hooks(net, ist_hook_ops, ARRAY_SIZE(ist_hook_ops));
}

void ist_hooks_unregister(struct net *net)
{
	nf_unregister_net_hooks(net, ist_hook_ops, ARRAY_SIZE(ist_hook_ops));
}
