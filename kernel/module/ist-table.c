// SPDX-License-Identifier: GPL-2.0-or-later
/* The IST table (thesis 5.2): ports wait for users, flows belong to joined splices. */
#include "kernel/module/ist-module.h"

#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "model/splice/ist-splice.h"

static u32 ist_hash_tuple(const struct ist_tuple *tuple, u8 protocol, u8 family, u32 seed)
{
	return jhash2((const u32 *)tuple, sizeof(*tuple) / sizeof(u32),
		      seed ^ ((u32)protocol << 8 | family));
}

static u32 ist_hash_key(const void *data, u32 length, u32 seed)
{
	const struct ist_flow_key *key = data;

	return ist_hash_tuple(&key->tuple, key->protocol, key->family, seed);
}

/* Valid while a user is in the table: its tuple does not change then. */
static u32 ist_hash_user(const void *data, u32 length, u32 seed)
{
	struct ist_user *user = (struct ist_user *)data;
	const struct ist_side *side = ist_core_side(user);

	return ist_hash_tuple(&side->tuple, ist_protocol_of(ist_record_of(user)), side->family,
			      seed);
}

static int ist_compare_user(struct rhashtable_compare_arg *arg, const void *object)
{
	const struct ist_flow_key *key = arg->key;
	struct ist_user *user = (struct ist_user *)object;
	const struct ist_side *side = ist_core_side(user);

	return !(side->family == key->family &&
		 ist_protocol_of(ist_record_of(user)) == key->protocol &&
		 ist_tuple_equal(&side->tuple, &key->tuple));
}

static const struct rhashtable_params ist_flow_params = {
	.head_offset = offsetof(struct ist_user, node),
	.key_len = sizeof(struct ist_flow_key),
	.hashfn = ist_hash_key,
	.obj_hashfn = ist_hash_user,
	.obj_cmpfn = ist_compare_user,
	.automatic_shrinking = true,
};

static void ist_host_default(struct ist_host *host)
{
	ist_settings_default(&host->core);
	host->core.unmatched_ns = 30ull * IST_SECOND_NS;
	/* An IST port is single-use: a new connection needs a new pair. */
	host->core.reuse = 0;
	host->unmatched_limit_ns = 300ull * IST_SECOND_NS;
	host->fragment_ns = 15ull * IST_SECOND_NS;
	host->max_splices = 65536;
	host->max_fragmented = 1024;
	host->max_held = 256;
	host->port_first = 49152;
	host->port_last = 65535;
}

struct ist_host *ist_host_create(void)
{
	struct ist_host *host = kzalloc(sizeof(*host), GFP_KERNEL_ACCOUNT);

	if (!host)
		return NULL;
	host->counts = alloc_percpu(struct ist_counts);
	if (!host->counts)
		goto free_host;
	if (rhashtable_init(&host->flows, &ist_flow_params))
		goto free_counts;
	xa_init_flags(&host->ports[0], XA_FLAGS_LOCK_BH);
	xa_init_flags(&host->ports[1], XA_FLAGS_LOCK_BH);
	xa_init_flags(&host->records, XA_FLAGS_LOCK_BH);
	init_waitqueue_head(&host->freed);
	ist_fragments_init(host);
	host->seed = get_random_u32();
	ist_host_default(host);
	return host;

free_counts:
	free_percpu(host->counts);
free_host:
	kfree(host);
	return NULL;
}

void ist_host_free(struct ist_host *host)
{
	ist_fragments_destroy(host);
	rhashtable_destroy(&host->flows);
	xa_destroy(&host->ports[0]);
	xa_destroy(&host->ports[1]);
	xa_destroy(&host->records);
	free_percpu(host->counts);
	kfree(host);
}

static struct xarray *ist_ports_of(struct ist_host *host, u8 protocol)
{
	return &host->ports[protocol == IST_PROTOCOL_UDP];
}

struct ist_user *ist_find_flow(struct ist_host *host, const struct ist_flow_key *key)
{
	return rhashtable_lookup(&host->flows, key, ist_flow_params);
}

struct ist_user *ist_find_port(struct ist_host *host, u8 protocol, u16 port)
{
	return xa_load(ist_ports_of(host, protocol), port);
}

struct ist_record *ist_find_record(struct ist_host *host, u64 id)
{
	return xa_load(&host->records, id);
}

bool ist_port_is_open(struct ist_host *host, u8 protocol, u16 port)
{
	return ist_find_port(host, protocol, port) != NULL;
}

int ist_open_port(struct ist_user *user)
{
	struct ist_record *record = ist_record_of(user);
	int error;

	if (user->port_open)
		return 0;
	error = xa_insert_bh(ist_ports_of(record->host, ist_protocol_of(record)), user->port, user,
			     GFP_ATOMIC);
	if (!error)
		user->port_open = true;
	return error;
}

void ist_close_port(struct ist_user *user)
{
	struct ist_record *record = ist_record_of(user);

	if (!user->port_open)
		return;
	user->port_open = false;
	xa_erase_bh(ist_ports_of(record->host, ist_protocol_of(record)), user->port);
}

/* Counts UDP flows between two hosts. Counters are shared by chance: then a fragment of others
 * that overtook its first one is held until that comes, which does no harm. */
static atomic_t *ist_hosts_of(struct ist_host *host, const struct ist_tuple *tuple)
{
	const u32 hash = jhash2((const u32 *)&tuple->source, 8, host->seed);

	return &host->hosts[hash % ARRAY_SIZE(host->hosts)];
}

bool ist_has_hosts(struct ist_host *host, const struct ist_tuple *tuple)
{
	return atomic_read(ist_hosts_of(host, tuple)) != 0;
}

int ist_enter_flow(struct ist_user *user)
{
	struct ist_record *record = ist_record_of(user);
	const struct ist_side *side = ist_core_side(user);
	struct ist_flow_key key;
	int error;

	if (user->in_flows)
		return 0;
	memset(&key, 0, sizeof(key));
	key.tuple = side->tuple;
	key.protocol = ist_protocol_of(record);
	key.family = side->family;
	error = rhashtable_lookup_insert_key(&record->host->flows, &key, &user->node,
					     ist_flow_params);
	if (error)
		return error;
	user->in_flows = true;
	if (key.protocol == IST_PROTOCOL_UDP)
		atomic_inc(ist_hosts_of(record->host, &side->tuple));
	return 0;
}

void ist_erase_flow(struct ist_user *user)
{
	struct ist_record *record = ist_record_of(user);

	if (!user->in_flows)
		return;
	user->in_flows = false;
	rhashtable_remove_fast(&record->host->flows, &user->node, ist_flow_params);
	if (ist_protocol_of(record) == IST_PROTOCOL_UDP)
		atomic_dec(ist_hosts_of(record->host, &ist_core_side(user)->tuple));
}

bool ist_is_own(struct ist_host *host, u8 family, const struct ist_address *address)
{
	unsigned int i;

	if (!host->address_count)
		return ist_host_is_local(host, family, address);
	for (i = 0; i < host->address_count; i++) {
		if (host->addresses[i].family == family &&
		    ist_address_equal(&host->addresses[i].address, address))
			return true;
	}
	return false;
}
