// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic netlink: attach, detach, orders, news. Answers about splices: ist-netlink-show.c. */
#include "kernel/module/ist-hooks.h"

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>

#define IST_FRAGMENT_NS_MAX (3600ull * IST_SECOND_NS)
#define IST_FRAGMENTS_MAX 65536

static struct genl_family ist_family;

static const struct nla_policy ist_setting_policy[IST_NL_S_COUNT] = {
	[IST_NL_S_UNMATCHED] = {.type = NLA_U64},
	[IST_NL_S_UNMATCHED_LIMIT] = {.type = NLA_U64},
	[IST_NL_S_HANDSHAKE_RETRY] = {.type = NLA_U64},
	[IST_NL_S_HANDSHAKE_RETRIES] = NLA_POLICY_MAX(NLA_U8, 15),
	[IST_NL_S_IDLE] = {.type = NLA_U64},
	[IST_NL_S_HALF_CLOSED] = {.type = NLA_U64},
	[IST_NL_S_TIME_WAIT] = {.type = NLA_U64},
	[IST_NL_S_UDP_IDLE] = {.type = NLA_U64},
	[IST_NL_S_MAX_SPLICES] = {.type = NLA_U32},
	[IST_NL_S_PORT_FIRST] = {.type = NLA_U16},
	[IST_NL_S_PORT_LAST] = {.type = NLA_U16},
	[IST_NL_S_EARLY_DATA] = NLA_POLICY_MAX(NLA_U8, 1),
	[IST_NL_S_MAX_FRAGMENTED] = {.type = NLA_U32},
	[IST_NL_S_MAX_HELD] = {.type = NLA_U32},
	[IST_NL_S_FRAGMENT_TIME] = {.type = NLA_U64},
};

#define IST_ADDRESS_POLICY NLA_POLICY_RANGE(NLA_BINARY, 4, 16)

static const struct nla_policy ist_policy[IST_NL_A_END] = {
	[IST_NL_A_DEVICE] = {.type = NLA_U32},
	[IST_NL_A_ADDRESS] = IST_ADDRESS_POLICY,
	[IST_NL_A_SETTINGS] = NLA_POLICY_NESTED(ist_setting_policy),
	[IST_NL_A_ID] = {.type = NLA_U64},
	[IST_NL_A_METHOD] = NLA_POLICY_MAX(NLA_U8, IST_METHOD_UDP),
	[IST_NL_A_PORT_A] = {.type = NLA_U16},
	[IST_NL_A_PORT_B] = {.type = NLA_U16},
	[IST_NL_A_ALLOWED_A] = IST_ADDRESS_POLICY,
	[IST_NL_A_ALLOWED_B] = IST_ADDRESS_POLICY,
	[IST_NL_A_TARGET] = IST_ADDRESS_POLICY,
	[IST_NL_A_TARGET_PORT] = {.type = NLA_U16},
	[IST_NL_A_SOURCE] = IST_ADDRESS_POLICY,
	[IST_NL_A_ISN_A] = {.type = NLA_U32},
	[IST_NL_A_ISN_B] = {.type = NLA_U32},
	[IST_NL_A_LIMIT_RATE] = {.type = NLA_U64},
	[IST_NL_A_LIMIT_BYTES] = {.type = NLA_U64},
	[IST_NL_A_LIMIT_TIME] = {.type = NLA_U64},
	[IST_NL_A_LABEL] = {.type = NLA_U64},
	[IST_NL_A_CLOSED_PORTS] = {.type = NLA_BINARY,
				   .len = IST_NL_CLOSED_PORTS_MAX * sizeof(u16)},
};

/* Reads an address of 4 or 16 bytes; false for any other length. */
static bool ist_get_address(struct ist_uapi_address *to, const struct nlattr *attribute)
{
	const u8 *bytes = nla_data(attribute);
	unsigned int i;

	memset(to, 0, sizeof(*to));
	if (nla_len(attribute) != 4 && nla_len(attribute) != 16)
		return false;
	to->family = nla_len(attribute) == 4 ? IST_FAMILY_IPV4 : IST_FAMILY_IPV6;
	for (i = 0; i < (unsigned int)nla_len(attribute) / 4; i++)
		to->address.word[i] = ist_get32(bytes + 4 * i);
	return true;
}

/* An address that may be missing. */
static bool ist_get_optional(struct ist_uapi_address *to, const struct genl_info *info,
			     unsigned int attribute)
{
	if (info->attrs[attribute])
		return ist_get_address(to, info->attrs[attribute]);
	memset(to, 0, sizeof(*to));
	return true;
}

static u64 ist_get_u64(struct nlattr *const *attributes, unsigned int which, u64 otherwise)
{
	return attributes[which] ? nla_get_u64(attributes[which]) : otherwise;
}

static u32 ist_get_u32(struct nlattr *const *attributes, unsigned int which, u32 otherwise)
{
	return attributes[which] ? nla_get_u32(attributes[which]) : otherwise;
}

static u16 ist_get_u16(struct nlattr *const *attributes, unsigned int which, u16 otherwise)
{
	return attributes[which] ? nla_get_u16(attributes[which]) : otherwise;
}

static u8 ist_get_u8(struct nlattr *const *attributes, unsigned int which, u8 otherwise)
{
	return attributes[which] ? nla_get_u8(attributes[which]) : otherwise;
}

static int ist_check_fragments(const struct ist_host *host, const struct genl_info *info)
{
	if (!host->fragment_ns || host->fragment_ns > IST_FRAGMENT_NS_MAX) {
		GENL_SET_ERR_MSG(info,
				 "fragments are waited for more than 0 s and at most an hour");
		return -ERANGE;
	}
	if (host->max_fragmented > IST_FRAGMENTS_MAX || host->max_held > IST_FRAGMENTS_MAX) {
		GENL_SET_ERR_MSG(info, "at most 65536 fragmented datagrams and fragments held");
		return -ERANGE;
	}
	return 0;
}

static int ist_read_settings(struct ist_host *host, const struct genl_info *info)
{
	struct ist_settings *core = &host->core;
	struct nlattr *at[IST_NL_S_COUNT];
	int error;

	error = nla_parse_nested(at, IST_NL_S_COUNT - 1, info->attrs[IST_NL_A_SETTINGS],
				 ist_setting_policy, info->extack);
	if (error)
		return error;
	core->unmatched_ns = ist_get_u64(at, IST_NL_S_UNMATCHED, core->unmatched_ns);
	core->handshake_ns = ist_get_u64(at, IST_NL_S_HANDSHAKE_RETRY, core->handshake_ns);
	core->handshake_retries =
		ist_get_u8(at, IST_NL_S_HANDSHAKE_RETRIES, core->handshake_retries);
	core->idle_ns = ist_get_u64(at, IST_NL_S_IDLE, core->idle_ns);
	core->half_closed_ns = ist_get_u64(at, IST_NL_S_HALF_CLOSED, core->half_closed_ns);
	core->two_msl_ns = ist_get_u64(at, IST_NL_S_TIME_WAIT, core->two_msl_ns);
	core->udp_idle_ns = ist_get_u64(at, IST_NL_S_UDP_IDLE, core->udp_idle_ns);
	core->early_data = ist_get_u8(at, IST_NL_S_EARLY_DATA, core->early_data);
	host->unmatched_limit_ns =
		ist_get_u64(at, IST_NL_S_UNMATCHED_LIMIT, host->unmatched_limit_ns);
	host->fragment_ns = ist_get_u64(at, IST_NL_S_FRAGMENT_TIME, host->fragment_ns);
	host->max_splices = ist_get_u32(at, IST_NL_S_MAX_SPLICES, host->max_splices);
	host->max_fragmented = ist_get_u32(at, IST_NL_S_MAX_FRAGMENTED, host->max_fragmented);
	host->max_held = ist_get_u32(at, IST_NL_S_MAX_HELD, host->max_held);
	host->port_first = ist_get_u16(at, IST_NL_S_PORT_FIRST, host->port_first);
	host->port_last = ist_get_u16(at, IST_NL_S_PORT_LAST, host->port_last);
	return ist_check_fragments(host, info);
}

/* Devices and addresses may come several times, so the parsed table is not enough. */
static int ist_read_lists(struct ist_host *host, struct net *net, struct genl_info *info)
{
	const struct nlattr *attribute;
	int left;

	nlmsg_for_each_attr(attribute, info->nlhdr, GENL_HDRLEN, left)
	{
		if (nla_type(attribute) == IST_NL_A_DEVICE) {
			if (host->device_count == IST_NL_DEVICES_MAX)
				goto too_many;
			host->devices[host->device_count++] = (int)nla_get_u32(attribute);
		} else if (nla_type(attribute) == IST_NL_A_ADDRESS) {
			if (host->address_count == IST_NL_ADDRESSES_MAX)
				goto too_many;
			if (!ist_get_address(&host->addresses[host->address_count++], attribute)) {
				GENL_SET_ERR_MSG(info, "an address has 4 or 16 bytes");
				return -EINVAL;
			}
		}
	}
	return 0;

too_many:
	GENL_SET_ERR_MSG(info, "at most 16 devices and 16 addresses");
	return -E2BIG;
}

static int ist_check_host(const struct ist_host *host, struct net *net, struct genl_info *info)
{
	struct net_device *device;
	unsigned int i;

	if (!host->device_count) {
		GENL_SET_ERR_MSG(info, "no device is named");
		return -EINVAL;
	}
	if (host->max_splices > ist_max_splices()) {
		GENL_SET_ERR_MSG(info,
				 "more splices than the module's parameter max_splices allows");
		return -EINVAL;
	}
	for (i = 0; i < host->device_count; i++) {
		device = dev_get_by_index(net, host->devices[i]);
		if (!device) {
			GENL_SET_ERR_MSG(info, "there is no such device");
			return -ENODEV;
		}
		dev_put(device);
	}
	return 0;
}

static int ist_netlink_attach(struct sk_buff *skb, struct genl_info *info)
{
	struct net *net = genl_info_net(info);
	struct ist_host *host;
	int error;

	if (ist_host_of(net)) {
		GENL_SET_ERR_MSG(info, "the IST is attached already in this network namespace");
		return -EBUSY;
	}
	host = ist_host_create();
	if (!host)
		return -ENOMEM;
	error = ist_read_lists(host, net, info);
	if (!error && info->attrs[IST_NL_A_SETTINGS])
		error = ist_read_settings(host, info);
	if (!error)
		error = ist_check_host(host, net, info);
	if (!error)
		error = ist_host_attach(net, host);
	if (error)
		ist_host_free(host);
	return error;
}

/* The host of a request; null, and said so, when the IST is not attached. */
static struct ist_host *ist_attached(struct genl_info *info)
{
	struct ist_host *host = ist_host_of(genl_info_net(info));

	if (!host)
		GENL_SET_ERR_MSG(info, "the IST is not attached in this network namespace");
	return host;
}

static int ist_netlink_detach(struct sk_buff *skb, struct genl_info *info)
{
	if (!ist_attached(info))
		return -ENOENT;
	ist_host_detach(genl_info_net(info));
	return 0;
}

static int ist_read_order(struct ist_order *order, struct genl_info *info)
{
	struct nlattr *const *at = info->attrs;
	struct ist_uapi_address target;

	memset(order, 0, sizeof(*order));
	if (!at[IST_NL_A_METHOD]) {
		GENL_SET_ERR_MSG(info, "a splice needs a method");
		return -EINVAL;
	}
	if (!ist_get_optional(&order->allowed[0], info, IST_NL_A_ALLOWED_A) ||
	    !ist_get_optional(&order->allowed[1], info, IST_NL_A_ALLOWED_B) ||
	    !ist_get_optional(&order->source, info, IST_NL_A_SOURCE) ||
	    !ist_get_optional(&target, info, IST_NL_A_TARGET)) {
		GENL_SET_ERR_MSG(info, "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	order->target.address = target.address;
	order->target.family = target.family;
	order->target.port = ist_get_u16(at, IST_NL_A_TARGET_PORT, 0);
	order->method = nla_get_u8(at[IST_NL_A_METHOD]);
	order->port[0] = ist_get_u16(at, IST_NL_A_PORT_A, 0);
	order->port[1] = ist_get_u16(at, IST_NL_A_PORT_B, 0);
	order->label = ist_get_u64(at, IST_NL_A_LABEL, 0);
	order->byte_limit = ist_get_u64(at, IST_NL_A_LIMIT_BYTES, 0);
	order->lifetime_ns = ist_get_u64(at, IST_NL_A_LIMIT_TIME, 0);
	order->isn[0] = ist_get_u32(at, IST_NL_A_ISN_A, 0);
	order->isn[1] = ist_get_u32(at, IST_NL_A_ISN_B, 0);
	if (order->method == IST_METHOD_ACTIVE && (!at[IST_NL_A_ISN_A] || !at[IST_NL_A_ISN_B])) {
		GENL_SET_ERR_MSG(info, "an active splice needs both initial sequence numbers");
		return -EINVAL;
	}
	return 0;
}

static int ist_answer_id(struct genl_info *info, u64 id)
{
	struct sk_buff *answer = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!answer)
		return -ENOMEM;
	header = genlmsg_put_reply(answer, info, &ist_family, 0, IST_NL_CMD_ADD);
	if (!header || nla_put_u64_64bit(answer, IST_NL_A_ID, id, IST_NL_A_PAD)) {
		nlmsg_free(answer);
		return -EMSGSIZE;
	}
	genlmsg_end(answer, header);
	return genlmsg_reply(answer, info);
}

static int ist_netlink_add(struct sk_buff *skb, struct genl_info *info)
{
	struct ist_host *host = ist_attached(info);
	const struct nlattr *closed = info->attrs[IST_NL_A_CLOSED_PORTS];
	struct ist_terms *terms;
	struct ist_order order;
	const char *why;
	int error;
	u64 id;

	if (!host)
		return -ENOENT;
	error = ist_read_order(&order, info);
	if (error)
		return error;
	error = ist_terms_create(&terms, &order, ist_get_u64(info->attrs, IST_NL_A_LIMIT_RATE, 0),
				 closed ? nla_data(closed) : NULL,
				 closed ? (unsigned int)nla_len(closed) / sizeof(u16) : 0);
	if (error)
		return error;
	error = ist_keeper_add(host, &order, terms, ktime_get_ns(), &id, &why);
	if (!error)
		return ist_answer_id(info, id);
	kfree(terms);
	/* The words are constants of this module. */
	if (info->extack)
		info->extack->_msg = why;
	return error;
}

static int ist_netlink_remove(struct sk_buff *skb, struct genl_info *info)
{
	struct ist_host *host = ist_attached(info);
	struct ist_outcome outcome;
	struct ist_record *record;
	int error = -ENOENT;

	if (!host)
		return -ENOENT;
	ist_outcome_begin(&outcome);
	rcu_read_lock();
	record = ist_find_record(host, ist_get_u64(info->attrs, IST_NL_A_ID, 0));
	if (record) {
		spin_lock_bh(&record->lock);
		if (!record->dead) {
			ist_keeper_end(record, ktime_get_ns(), IST_CARRIER_REMOVED, &outcome);
			error = 0;
		}
		spin_unlock_bh(&record->lock);
	}
	rcu_read_unlock();
	ist_send_outcome(host, &outcome);
	if (error)
		GENL_SET_ERR_MSG(info, "there is no such splice");
	return error;
}

static const struct genl_multicast_group ist_groups[] = {
	{.name = IST_NL_GROUP_NEWS},
};

/* Changes take kernel memory, which no user namespace limits: only the host's root. */
static const struct genl_small_ops ist_operations[] = {
	{.cmd = IST_NL_CMD_ATTACH, .doit = ist_netlink_attach, .flags = GENL_ADMIN_PERM},
	{.cmd = IST_NL_CMD_DETACH, .doit = ist_netlink_detach, .flags = GENL_ADMIN_PERM},
	{.cmd = IST_NL_CMD_STATUS, .doit = ist_netlink_status, .flags = GENL_UNS_ADMIN_PERM},
	{.cmd = IST_NL_CMD_ADD, .doit = ist_netlink_add, .flags = GENL_ADMIN_PERM},
	{.cmd = IST_NL_CMD_REMOVE, .doit = ist_netlink_remove, .flags = GENL_ADMIN_PERM},
	{.cmd = IST_NL_CMD_SHOW,
	 .doit = ist_netlink_show,
	 .dumpit = ist_netlink_show_all,
	 .flags = GENL_UNS_ADMIN_PERM},
	{.cmd = IST_NL_CMD_STATS, .doit = ist_netlink_stats, .flags = GENL_UNS_ADMIN_PERM},
};

static struct genl_family ist_family = {
	.name = IST_NL_FAMILY,
	.version = IST_NL_VERSION,
	.maxattr = IST_NL_A_END - 1,
	.policy = ist_policy,
	.netnsok = true,
	.module = THIS_MODULE,
	.small_ops = ist_operations,
	.n_small_ops = ARRAY_SIZE(ist_operations),
	.mcgrps = ist_groups,
	.n_mcgrps = ARRAY_SIZE(ist_groups),
};

struct genl_family *ist_netlink_family(void)
{
	return &ist_family;
}

int ist_netlink_register(void)
{
	return genl_register_family(&ist_family);
}

void ist_netlink_unregister(void)
{
	genl_unregister_family(&ist_family);
}
