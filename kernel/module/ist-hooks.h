/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the module that know the kernel, to each other. */
#ifndef IST_HOOKS_H
#define IST_HOOKS_H

#include "kernel/module/ist-module.h"

struct genl_family;
struct genl_info;
struct netlink_callback;

/* ist-main.c: of a network namespace; null when it is not attached. Under RCU or genl's lock. */
struct ist_host *ist_host_of(struct net *net);
/* Takes `host` over and begins; on failure it stays the caller's. */
int ist_host_attach(struct net *net, struct ist_host *host);
void ist_host_detach(struct net *net);
/* Upper bound of splices a namespace. */
unsigned int ist_max_splices(void);

/* ist-hooks.c */
int ist_hooks_register(struct net *net);
void ist_hooks_unregister(struct net *net);

/* ist-send.c: sends a packet that was rewritten; consumes it. */
void ist_send_forwarded(struct ist_host *host, struct sk_buff *skb);

/* ist-netlink.c */
int ist_netlink_register(void);
void ist_netlink_unregister(void);
struct genl_family *ist_netlink_family(void);

/* ist-netlink-show.c */
int ist_netlink_show(struct sk_buff *skb, struct genl_info *info);
int ist_netlink_show_all(struct sk_buff *skb, struct netlink_callback *callback);
int ist_netlink_stats(struct sk_buff *skb, struct genl_info *info);
int ist_netlink_status(struct sk_buff *skb, struct genl_info *info);
/* Tells whoever listens. */
void ist_netlink_news(struct ist_host *host, const struct ist_news *news);

#endif
