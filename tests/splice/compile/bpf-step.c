/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The splice core as a tc program sees it: splice, parsed packet and verdict live in map values,
 * the stack holds nothing of size. Compiled for the bpf target, not loaded. */
#include "model/splice/ist-active.h"
#include "model/splice/ist-fast.h"
#include "model/splice/ist-fragment.h"
#include "model/splice/ist-icmp.h"
#include "model/splice/ist-rate.h"
#include "model/splice/ist-too-big.h"

#define SECTION(name) __attribute__((section(name), used))

struct scratch {
	uint8_t header[IST_HEADER_ROOM];
	struct ist_packet packet;
	struct ist_verdict verdict;
	struct ist_settings settings;
	struct ist_family_out family;
	struct ist_icmp_error error;
	struct ist_icmp_built built;
	struct ist_too_big big;
};

/* Only what the helpers below look at. */
struct context {
	unsigned int length;
};

struct map {
	int (*type)[2]; /* BPF_MAP_TYPE_ARRAY */
	uint32_t *key;
	void *value;
	int (*max_entries)[1];
};

struct map splices SECTION(".maps");
struct map scratches SECTION(".maps");

/* Helper numbers of linux/bpf.h. */
static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static uint64_t (*const clock_ns)(void) = (void *)5;
static long (*const load_bytes)(const void *ctx, uint32_t offset, void *to,
				uint32_t length) = (void *)26;
static long (*const store_bytes)(void *ctx, uint32_t offset, const void *from, uint32_t length,
				 uint64_t flags) = (void *)9;

SECTION("tc") int splice_ingress(struct context *ctx)
{
	const uint32_t key = 0;
	struct ist_splice *splice = (struct ist_splice *)map_lookup(&splices, &key);
	struct scratch *scratch = (struct scratch *)map_lookup(&scratches, &key);

	if (!splice || !scratch || load_bytes(ctx, 0, scratch->header, IST_HEADER_MAX))
		return 0;
	if (ist_packet_parse_any(&scratch->packet, scratch->header, IST_HEADER_MAX, ctx->length))
		return 0;
	if (splice->method == IST_METHOD_ACTIVE)
		ist_active_step(splice, &scratch->packet, IST_SIDE_A, clock_ns(),
				&scratch->settings, &scratch->verdict);
	else
		ist_splice_step(splice, &scratch->packet, IST_SIDE_A, clock_ns(),
				&scratch->settings, &scratch->verdict);
	if (scratch->verdict.action != IST_ACTION_FORWARD)
		return 2;
	ist_rewrite_apply(scratch->header, &scratch->packet, &scratch->verdict.edits,
			  IST_CHECKSUM_HELPER);
	ist_family_header(&scratch->packet, &scratch->verdict.edits, &scratch->family);
	store_bytes(ctx, 0, scratch->header, IST_HEADER_MAX, 0);
	return 0;
}

SECTION("tc") int splice_fast(struct context *ctx)
{
	const uint32_t key = 0;
	struct ist_splice *splice = (struct ist_splice *)map_lookup(&splices, &key);
	struct scratch *scratch = (struct scratch *)map_lookup(&scratches, &key);
	struct ist_segment segment;

	if (!splice || !scratch || load_bytes(ctx, 0, scratch->header, IST_HEADER_MAX))
		return 0;
	return ist_segment_read(&segment, scratch->header + IST_IPV4_HEADER, 60, ctx->length) &&
	       ist_fast_segment(splice, IST_SIDE_A, &segment, clock_ns());
}

SECTION("tc") int splice_errors(struct context *ctx)
{
	const uint32_t key = 0;
	struct ist_splice *splice = (struct ist_splice *)map_lookup(&splices, &key);
	struct scratch *scratch = (struct scratch *)map_lookup(&scratches, &key);

	if (!splice || !scratch || load_bytes(ctx, 0, scratch->header, IST_HEADER_MAX))
		return 0;
	if (!ist_icmp_parse(&scratch->error, &scratch->packet, scratch->header, IST_HEADER_MAX)) {
		ist_put_too_big(scratch->header, &scratch->packet, ctx->length, 0, 64,
				&scratch->big);
		return 0;
	}
	if (!ist_icmp_under_way(splice, IST_SIDE_A, &scratch->error))
		return 2;
	if (ist_icmp_crosses(splice, IST_SIDE_A))
		return ist_icmp_build(scratch->header, IST_HEADER_MAX, &scratch->packet,
				      &scratch->error, splice, IST_SIDE_A, 1, &scratch->built);
	ist_icmp_edit(scratch->header, IST_HEADER_MAX, &scratch->packet, &scratch->error, splice,
		      IST_SIDE_A, 1);
	return 0;
}
