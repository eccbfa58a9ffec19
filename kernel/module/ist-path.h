/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet path's parts to each other. */
#ifndef IST_PATH_H
#define IST_PATH_H

#include "kernel/module/ist-module.h"

/* What the first fragment of a datagram says of the others. */
struct ist_decision {
	u64 id;	   /* of the splice; 0: none */
	u8 fate;   /* enum ist_fate */
	u8 from;   /* enum ist_side_index */
	u8 reason; /* why it was dropped */
	bool held; /* with IST_FATE_UNKNOWN: the fragment waits, else there is no room */
};

/* ist-fragments.c */
/* The first fragment's fate is decided; releases those that came before it. */
void ist_fragments_first(struct ist_host *host, const struct ist_packet *packet,
			 const struct ist_decision *decision, u64 now, struct ist_outcome *outcome);
/* A later fragment; keeps `skb` when it is to be held, which only `may_hold` allows. */
void ist_fragments_next(struct ist_host *host, struct sk_buff *skb, const struct ist_packet *packet,
			bool may_hold, u64 now, struct ist_decision *decision);

/* ist-apply.c */
/* Rewrites a packet, into the other family if that is asked; no lock is held. */
enum ist_path ist_apply(struct ist_host *host, struct sk_buff *skb, const struct ist_packet *packet,
			const struct ist_rewrite *edits, struct ist_outcome *outcome);

/* The first `skip` bytes give way to other headers, of the other family. */
int ist_replace_headers(struct sk_buff *skb, const u8 *bytes, unsigned int length,
			unsigned int skip);

/* ist-icmp.c: an ICMP message of either family; errors about spliced flows are translated. */
enum ist_path ist_on_icmp(struct ist_host *host, struct sk_buff *skb,
			  const struct ist_packet *packet, u64 now, struct ist_outcome *outcome);

/* ist-path.c */
/* A flow that is found and still there, its record locked; or null. */
struct ist_user *ist_lock_flow(struct ist_host *host, const struct ist_flow_key *key);
/* Counts a packet that ends here. */
enum ist_path ist_drop_for(struct ist_host *host, unsigned int reason, struct ist_outcome *outcome);

/* ist-terms.c: what a splice may carry. */
bool ist_terms_over_rate(const struct ist_terms *terms, u64 now);
bool ist_terms_over_bytes(const struct ist_terms *terms, u32 bytes);
void ist_terms_charge(struct ist_terms *terms, u32 bytes, u64 now);

#endif
