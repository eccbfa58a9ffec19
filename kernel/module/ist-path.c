// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of a packet: read its headers, find its splice, let the core step, rewrite. The same
 * semantics as PacketPath of model/core/ist.
 */
#include "kernel/module/ist-path.h"

#include "model/splice/ist-active.h"

enum ist_path ist_drop_for(struct ist_host *host, unsigned int reason, struct ist_outcome *outcome)
{
	ist_count_drop(host, reason);
	outcome->reason = (u8)reason;
	return IST_PATH_DROP;
}

static bool ist_is_only_syn(const struct ist_packet *packet)
{
	return packet->protocol == IST_PROTOCOL_TCP &&
	       (packet->tcp_flags & (IST_TCP_CONTROL | IST_TCP_ACK)) == IST_TCP_SYN;
}

static void ist_flow_key_of(struct ist_flow_key *key, const struct ist_packet *packet)
{
	memset(key, 0, sizeof(*key));
	key->tuple = packet->tuple;
	key->protocol = packet->protocol;
	key->family = packet->family;
}

/* Whether a SYN on an open IST port takes over a 5-tuple whose old splice only waits for the end
 * of 2 MSL (RFC 9293 section 3.6.1). */
static bool ist_takes_over(struct ist_host *host, struct ist_user *user,
			   const struct ist_packet *packet)
{
	return ist_record_of(user)->core.state == IST_STATE_TIME_WAIT && ist_is_only_syn(packet) &&
	       ist_after(packet->seq, ist_core_side(user)->next) &&
	       ist_port_is_open(host, packet->protocol, packet->tuple.destination_port);
}

struct ist_user *ist_lock_flow(struct ist_host *host, const struct ist_flow_key *key)
{
	struct ist_user *user = ist_find_flow(host, key);
	struct ist_record *record;

	if (!user)
		return NULL;
	record = ist_record_of(user);
	spin_lock_bh(&record->lock);
	if (!record->dead && user->in_flows &&
	    ist_tuple_equal(&ist_core_side(user)->tuple, &key->tuple))
		return user;
	spin_unlock_bh(&record->lock);
	return NULL;
}

static struct ist_user *ist_lock_port(struct ist_host *host, const struct ist_packet *packet)
{
	struct ist_user *user =
		ist_find_port(host, packet->protocol, packet->tuple.destination_port);
	struct ist_record *record;

	if (!user || !ist_is_own(host, packet->family, &packet->tuple.destination))
		return NULL;
	record = ist_record_of(user);
	spin_lock_bh(&record->lock);
	if (!record->dead && user->port_open && user->port == packet->tuple.destination_port)
		return user;
	spin_unlock_bh(&record->lock);
	return NULL;
}

/*
 * Flow table first, then the port table. The record of what is found is locked. What changed
 * between look-up and lock is looked up once more: a port that has just paired is a flow now.
 */
static struct ist_user *ist_locate(struct ist_host *host, const struct ist_packet *packet, u64 now,
				   struct ist_outcome *outcome)
{
	struct ist_flow_key key;
	struct ist_user *user;
	unsigned int tries;

	ist_flow_key_of(&key, packet);
	for (tries = 0; tries < 2; tries++) {
		user = ist_lock_flow(host, &key);
		if (user && !ist_takes_over(host, user, packet))
			return user;
		if (user) {
			ist_keeper_end(ist_record_of(user), now, IST_REASON_NEW_SYN, outcome);
			spin_unlock_bh(&ist_record_of(user)->lock);
		}
		user = ist_lock_port(host, packet);
		if (user)
			return user;
	}
	return NULL;
}

/* What the carrier itself asks of a packet before the core sees it; 0 = nothing against it. */
static unsigned int ist_refusal(struct ist_user *user, const struct ist_packet *packet)
{
	struct ist_record *record = ist_record_of(user);

	if (ist_knows(user))
		return 0;
	if (user->allowed_family && (user->allowed_family != packet->family ||
				     !ist_address_equal(&user->allowed, &packet->tuple.source)))
		return IST_CARRIER_SOURCE_REFUSED;
	if (record->requested == IST_METHOD_ACTIVE && record->core.state == IST_STATE_LISTEN &&
	    ist_is_only_syn(packet) && !ist_keeper_prepare_active(record, packet))
		return IST_CARRIER_NO_PORT;
	return 0;
}

/* Holds a joined splice to its limits; a RST passes always: it is the end, and comes but once. */
static unsigned int ist_over_limits(struct ist_record *record, const struct ist_packet *packet,
				    u64 now, struct ist_outcome *outcome)
{
	const struct ist_terms *terms = record->terms;

	if (!terms || record->core.state < IST_STATE_ESTABLISHED ||
	    (packet->tcp_flags & IST_TCP_RST))
		return 0;
	if (ist_terms_over_bytes(terms, packet->total_length)) {
		ist_keeper_end(record, now, IST_CARRIER_BYTE_LIMIT, outcome);
		return IST_CARRIER_BYTE_LIMIT;
	}
	return ist_terms_over_rate(terms, now) ? IST_CARRIER_RATE_LIMIT : 0;
}

/* Counts what is forwarded, under the lock. */
static void ist_charge(struct ist_user *user, const struct sk_buff *skb,
		       const struct ist_packet *packet, u64 now)
{
	struct ist_terms *terms = ist_record_of(user)->terms;

	user->packets += max_t(u32, skb_shinfo(skb)->gso_segs, 1);
	user->bytes += packet->total_length;
	if (terms)
		ist_terms_charge(terms, packet->total_length, now);
}

/* One packet of a found splice, whose lock is held. */
static enum ist_path ist_step(struct ist_host *host, struct ist_user *user, struct sk_buff *skb,
			      const struct ist_packet *packet, u64 now, struct ist_outcome *outcome)
{
	struct ist_record *record = ist_record_of(user);
	struct ist_verdict *verdict = &outcome->verdict;
	unsigned int reason = ist_refusal(user, packet);
	unsigned int action;

	if (!reason)
		reason = ist_over_limits(record, packet, now, outcome);
	if (reason)
		return ist_drop_for(host, reason, outcome);
	if (record->core.method == IST_METHOD_ACTIVE)
		ist_active_step(&record->core, packet, user->index, now, &host->core, verdict);
	else
		ist_splice_step(&record->core, packet, user->index, now, &host->core, verdict);
	action = verdict->action;
	reason = verdict->reason;
	if (action == IST_ACTION_FORWARD)
		ist_charge(user, skb, packet, now);
	if (verdict->from_state != verdict->to_state || verdict->events || verdict->emit_count)
		ist_keeper_settle(record, now, outcome);
	if (action == IST_ACTION_DROP)
		return ist_drop_for(host, reason, outcome);
	if (action == IST_ACTION_FORWARD)
		return IST_PATH_FORWARD;
	ist_count(host, IST_COUNTER_CONSUMED, 1);
	return IST_PATH_TAKEN;
}

/*
 * A whole packet, or a first fragment. `user`: where it belongs, its record locked; unlocks it.
 * `whole`: the same packet as the core is to see it.
 */
static enum ist_path ist_on_located(struct ist_host *host, struct ist_user *user,
				    struct sk_buff *skb, const struct ist_packet *whole,
				    const struct ist_packet *packet, u64 now,
				    struct ist_outcome *outcome)
{
	struct ist_record *record = ist_record_of(user);
	struct ist_rewrite edits;
	enum ist_path path;

	path = ist_step(host, user, skb, whole, now, outcome);
	if (path == IST_PATH_FORWARD)
		edits = outcome->verdict.edits;
	spin_unlock_bh(&record->lock);
	return path == IST_PATH_FORWARD ? ist_apply(host, skb, packet, &edits, outcome) : path;
}

/*
 * The only fragment with ports decides for all. To the core a UDP fragment is a datagram; TCP
 * fragments it refuses.
 */
static enum ist_path ist_on_first_fragment(struct ist_host *host, struct sk_buff *skb,
					   const struct ist_packet *packet, u64 now,
					   struct ist_outcome *outcome)
{
	struct ist_user *user = ist_locate(host, packet, now, outcome);
	struct ist_decision decision = {.fate = IST_FATE_NOT_OURS};
	struct ist_packet whole = *packet;
	enum ist_path path = IST_PATH_PASS;

	if (packet->protocol == IST_PROTOCOL_UDP)
		whole.flags &= (u8)~IST_PACKET_MORE_FRAGMENTS;
	if (user) {
		decision.id = ist_record_of(user)->id;
		decision.from = user->index;
		path = ist_on_located(host, user, skb, &whole, packet, now, outcome);
		decision.fate = path == IST_PATH_FORWARD ? IST_FATE_FORWARD : IST_FATE_DROP;
		decision.reason = outcome->reason;
	}
	if (decision.id || ist_has_hosts(host, &packet->tuple))
		ist_fragments_first(host, packet, &decision, now, outcome);
	return path;
}

/* A later fragment of a datagram whose first one was forwarded. */
static enum ist_path ist_follow(struct ist_host *host, struct sk_buff *skb,
				const struct ist_packet *packet,
				const struct ist_decision *decision, u64 now,
				struct ist_outcome *outcome)
{
	struct ist_record *record = ist_find_record(host, decision->id);
	struct ist_rewrite edits;
	unsigned int reason = 0;

	if (!record)
		return ist_drop_for(host, IST_REASON_CLOSED, outcome);
	spin_lock_bh(&record->lock);
	if (record->dead)
		reason = IST_REASON_CLOSED;
	else if (ist_ttl_ends(packet, &host->core))
		reason = IST_REASON_TTL;
	else
		reason = ist_over_limits(record, packet, now, outcome);
	if (!reason) {
		ist_side_rewrite(&record->core, decision->from, &edits);
		if (host->core.decrement_ttl)
			edits.fields |= IST_EDIT_TTL;
		ist_charge(&record->user[decision->from], skb, packet, now);
	}
	spin_unlock_bh(&record->lock);
	return reason ? ist_drop_for(host, reason, outcome)
		      : ist_apply(host, skb, packet, &edits, outcome);
}

static enum ist_path ist_on_later_fragment(struct ist_host *host, struct sk_buff *skb,
					   const struct ist_packet *packet, u64 now,
					   struct ist_outcome *outcome)
{
	const bool may_hold = packet->protocol == IST_PROTOCOL_UDP &&
			      ist_has_hosts(host, &packet->tuple) &&
			      ist_is_own(host, packet->family, &packet->tuple.destination);
	struct ist_decision decision;

	ist_fragments_next(host, skb, packet, may_hold, now, &decision);
	switch (decision.fate) {
	case IST_FATE_NOT_OURS:
		return IST_PATH_PASS;
	case IST_FATE_FORWARD:
		return ist_follow(host, skb, packet, &decision, now, outcome);
	case IST_FATE_DROP:
		return ist_drop_for(host, decision.reason, outcome);
	default:
		break;
	}
	return decision.held ? IST_PATH_HELD
			     : ist_drop_for(host, IST_CARRIER_FRAGMENT_LIMIT, outcome);
}

/*
 * The flow of a packet that the parser refuses, if its ports can be read all the same: where they
 * stand in an IPv4 header of stated length, or behind as much of IPv6 as was understood.
 */
static bool ist_readable_flow(struct ist_flow_key *key, const struct ist_packet *packet,
			      const u8 *data, u32 captured)
{
	const bool ipv6 = captured && data[0] >> 4 == IST_FAMILY_IPV6;
	const u32 shortest = ipv6 ? IST_IPV6_HEADER : IST_IPV4_HEADER;
	u32 at;

	if (captured < shortest || (!ipv6 && data[0] >> 4 != IST_FAMILY_IPV4))
		return false;
	memset(key, 0, sizeof(*key));
	if (ipv6) {
		at = max_t(u32, packet->transport_offset, shortest);
		key->protocol = packet->transport_offset ? packet->protocol : data[6];
		ist_get_ipv6(&key->tuple.source, data + 8);
		ist_get_ipv6(&key->tuple.destination, data + 24);
	} else {
		at = max_t(u32, (data[0] & 0xf) * 4, shortest);
		key->protocol = data[9];
		ist_address_set_ipv4(&key->tuple.source, ist_get32(data + 12));
		ist_address_set_ipv4(&key->tuple.destination, ist_get32(data + 16));
	}
	key->family = data[0] >> 4;
	if (at + 4 > captured ||
	    (key->protocol != IST_PROTOCOL_TCP && key->protocol != IST_PROTOCOL_UDP))
		return false;
	key->tuple.source_port = ist_get16(data + at);
	key->tuple.destination_port = ist_get16(data + at + 2);
	return true;
}

/* Malformed packets to the IST's ports and flows end here; others are the host's to judge. */
static enum ist_path ist_on_malformed(struct ist_host *host, const struct ist_packet *packet,
				      const u8 *data, u32 captured, struct ist_outcome *outcome)
{
	struct ist_flow_key key;

	if (!ist_readable_flow(&key, packet, data, captured))
		return IST_PATH_PASS;
	if (!ist_find_flow(host, &key) &&
	    !ist_port_is_open(host, key.protocol, key.tuple.destination_port))
		return IST_PATH_PASS;
	if (!ist_is_own(host, key.family, &key.tuple.destination))
		return IST_PATH_PASS;
	return ist_drop_for(host, IST_CARRIER_MALFORMED, outcome);
}

/* One packet from its IP header on. A look-up side: runs under RCU. */
enum ist_path ist_path_receive(struct ist_host *host, struct sk_buff *skb, u64 now,
			       struct ist_outcome *outcome)
{
	const u32 captured = min_t(u32, skb->len, IST_HEADER_MAX);
	u8 buffer[IST_HEADER_ROOM];
	struct ist_packet packet;
	struct ist_user *user;
	const u8 *data;

	data = skb_header_pointer(skb, 0, captured, buffer);
	if (!data)
		return IST_PATH_PASS;
	if (ist_packet_parse_any(&packet, data, captured, skb->len))
		return ist_on_malformed(host, &packet, data, captured, outcome);
	if (packet.fragment_offset)
		return ist_on_later_fragment(host, skb, &packet, now, outcome);
	if (packet.protocol == IST_PROTOCOL_ICMP || packet.protocol == IST_PROTOCOL_ICMPV6)
		return ist_on_icmp(host, skb, &packet, now, outcome);
	if (packet.flags & IST_PACKET_MORE_FRAGMENTS)
		return ist_on_first_fragment(host, skb, &packet, now, outcome);
	user = ist_locate(host, &packet, now, outcome);
	if (!user)
		return IST_PATH_PASS;
	return ist_on_located(host, user, skb, &packet, &packet, now, outcome);
}
