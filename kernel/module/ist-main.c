// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The IST as a Linux module: an in-network splice of two TCP connections or UDP flows (thesis 4.2
 * to 4.4, 5.2), one table a network namespace. It does nothing before it is attached to devices.
 */
#include "kernel/module/ist-hooks.h"

#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

static unsigned int max_splices = 1 << 20;
module_param(max_splices, uint, 0444);
MODULE_PARM_DESC(max_splices, "Upper bound of splices in one network namespace (1048576)");

struct ist_pernet {
	struct ist_host __rcu *host;
};

static unsigned int ist_pernet_id;

unsigned int ist_max_splices(void)
{
	return max_splices;
}

struct ist_host *ist_host_of(struct net *net)
{
	struct ist_pernet *pernet = net_generic(net, ist_pernet_id);

	return rcu_dereference_check(pernet->host, 1);
}

int ist_host_attach(struct net *net, struct ist_host *host)
{
	struct ist_pernet *pernet = net_generic(net, ist_pernet_id);
	int error;

	host->net = net;
	rcu_assign_pointer(pernet->host, host);
	error = ist_hooks_register(net);
	if (error) {
		RCU_INIT_POINTER(pernet->host, NULL);
		synchronize_net();
	}
	return error;
}

static void ist_end_all(struct ist_host *host)
{
	struct ist_outcome outcome;
	struct ist_record *record;
	unsigned long id = 0;

	for (;;) {
		rcu_read_lock();
		record = xa_find(&host->records, &id, ULONG_MAX, XA_PRESENT);
		if (!record)
			break;
		ist_outcome_begin(&outcome);
		spin_lock_bh(&record->lock);
		if (!record->dead)
			ist_keeper_end(record, ktime_get_ns(), IST_CARRIER_REMOVED, &outcome);
		spin_unlock_bh(&record->lock);
		rcu_read_unlock();
		ist_send_outcome(host, &outcome);
		cond_resched();
	}
	rcu_read_unlock();
}

void ist_host_detach(struct net *net)
{
	struct ist_pernet *pernet = net_generic(net, ist_pernet_id);
	struct ist_host *host = ist_host_of(net);

	if (!host)
		return;
	ist_hooks_unregister(net);
	RCU_INIT_POINTER(pernet->host, NULL);
	synchronize_net();
	ist_end_all(host);
	wait_event(host->freed, atomic_read(&host->unfreed) == 0);
	/* The timer that freed the last record may not have left yet. */
	synchronize_rcu();
	ist_host_free(host);
}

static void __net_exit ist_pernet_exit(struct net *net)
{
	ist_host_detach(net);
}

static struct pernet_operations ist_pernet_operations = {
	.exit = ist_pernet_exit,
	.id = &ist_pernet_id,
	.size = sizeof(struct ist_pernet),
};

static int __init ist_module_init(void)
{
	int error = ist_keeper_init();

	if (error)
		return error;
	error = register_pernet_subsys(&ist_pernet_operations);
	if (error)
		goto exit_keeper;
	error = ist_netlink_register();
	if (error)
		goto unregister_pernet;
	return 0;

unregister_pernet:
	unregister_pernet_subsys(&ist_pernet_operations);
exit_keeper:
	ist_keeper_exit();
	return error;
}

static void __exit ist_module_exit(void)
{
	ist_netlink_unregister();
	unregister_pernet_subsys(&ist_pernet_operations);
	/* Records that were freed by RCU are given back by a function of this module. */
	rcu_barrier();
	ist_keeper_exit();
}

module_init(ist_module_init);
module_exit(ist_module_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("In-network splice of TCP and UDP (IST)");
