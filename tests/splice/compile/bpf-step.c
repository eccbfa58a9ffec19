/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The splice core as a tc program sees it: splice, parsed packet and verdict live in map values,
 * the stack holds nothing of size. Compiled for the bpf target, not loaded. */
#include "model/splice/ist-splice.h"

#define SECTION(name) __attribute__((section(name), used))

struct scratch {
	uint8_t header[IST_HEADER_MAX];
	struct ist_packet packet;
	struct ist_verdict verdict;
	struct ist_settings settings;
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
	if (ist_packet_parse(&scratch->packet, scratch->header, IST_HEADER_MAX, ctx->length))
		return 0;
	ist_splice_step(splice, &scratch->packet, IST_SIDE_A, clock_ns(), &scratch->settings,
			&scratch->verdict);
	if (scratch->verdict.action != IST_ACTION_FORWARD)
		return 2;
	ist_rewrite_apply(scratch->header, &scratch->packet, &scratch->verdict.edits,
			  IST_CHECKSUM_HELPER);
	store_bytes(ctx, 0, scratch->header, IST_HEADER_MAX, 0);
	return 0;
}
