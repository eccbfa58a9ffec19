// SPDX-License-Identifier: GPL-2.0-or-later
/* ICMP errors about spliced flows: believed if what they quote is under way, then translated. */
#include "kernel/module/ist-path.h"

#include "model/splice/ist-icmp.h"

/*
 * The splice that an error is about, copied so that the packet is edited without a lock. Returns
 * whether there is one; `reason`: why the error is not believed.
 */
static bool ist_find_quoted(struct ist_host *host, const struct ist_packet *packet,
			    const struct ist_icmp_error *error, struct ist_splice *splice,
			    unsigned int *reached, unsigned int *reason)
{
	struct ist_flow_key key;
	struct ist_user *user;

	memset(&key, 0, sizeof(key));
	ist_icmp_flow(error, &key.tuple);
	key.protocol = error->quoted.protocol;
	key.family = error->quoted.family;
	user = ist_lock_flow(host, &key);
	if (!user)
		return false;
	*splice = ist_record_of(user)->core;
	*reached = user->index;
	spin_unlock_bh(&ist_record_of(user)->lock);
	*reason = 0;
	if (!ist_icmp_under_way(splice, *reached, error))
		*reason = IST_CARRIER_ICMP_OUT_OF_WINDOW;
	else if (ist_ttl_ends(packet, &host->core))
		*reason = IST_REASON_TTL;
	return true;
}

/* Edits the error, or builds it in the other family; 0 or a reason. */
static unsigned int ist_translate(struct ist_host *host, struct sk_buff *skb, u32 captured,
				  const struct ist_packet *packet,
				  const struct ist_icmp_error *error,
				  const struct ist_splice *splice, unsigned int reached)
{
	const bool decrement = host->core.decrement_ttl;
	struct ist_icmp_built built;

	if (skb_ensure_writable(skb, captured))
		return IST_CARRIER_ERROR;
	if (!ist_icmp_crosses(splice, reached)) {
		ist_icmp_edit(skb->data, captured, packet, error, splice, reached, decrement);
		return 0;
	}
	if (!ist_icmp_build(skb->data, captured, packet, error, splice, reached, decrement, &built))
		return IST_REASON_PROTOCOL;
	return ist_replace_headers(skb, built.bytes, built.length, built.skip) ? IST_CARRIER_ERROR
									       : 0;
}

enum ist_path ist_on_icmp(struct ist_host *host, struct sk_buff *skb,
			  const struct ist_packet *packet, u64 now, struct ist_outcome *outcome)
{
	const u32 captured = min_t(u32, skb->len, IST_HEADER_ROOM);
	u8 buffer[IST_HEADER_ROOM];
	struct ist_icmp_error error;
	struct ist_splice splice;
	unsigned int reached, reason;
	const u8 *data;

	if (!ist_icmp_is_error(packet->protocol, packet->icmp_type))
		return IST_PATH_PASS;
	data = skb_header_pointer(skb, 0, (int)captured, buffer);
	if (!data || !ist_icmp_parse(&error, packet, data, captured) ||
	    !ist_find_quoted(host, packet, &error, &splice, &reached, &reason))
		return IST_PATH_PASS;
	if (!reason)
		reason = ist_translate(host, skb, captured, packet, &error, &splice, reached);
	if (reason)
		return ist_drop_for(host, reason, outcome);
	ist_count(host, IST_COUNTER_FORWARDED, 1);
	ist_count(host, IST_COUNTER_FORWARDED_BYTES, packet->total_length);
	return IST_PATH_FORWARD;
}
