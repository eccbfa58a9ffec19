/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module's packet logic in user space, over stand-in/: one IST, driven packet by packet. */
#ifndef IST_MODULE_STAND_IN_H
#define IST_MODULE_STAND_IN_H

#include "kernel/uapi/ist-uapi.h"

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ist_host;

/* What became of a packet; the same values as enum ist_path. */
enum ist_stand_in_path {
	IST_STAND_IN_PASS,
	IST_STAND_IN_DROP,
	IST_STAND_IN_TAKEN,
	IST_STAND_IN_FORWARD,
	IST_STAND_IN_HELD,
};

/* Takes each packet that leaves, as long as the call that caused it lasts. */
typedef void (*ist_stand_in_sink)(void *context, const uint8_t *bytes, size_t length);

/* `core`: settings; the module's own are defaults. Only one at a time. */
struct ist_host *ist_stand_in_create(const struct ist_settings *core, ist_stand_in_sink sink,
				     void *context);
/* Ends all splices, lets all timers run; returns how many things are left in the tables: 0. */
size_t ist_stand_in_destroy(struct ist_host *host);
/* 0 or a negative errno, then `why` says it in words. */
int ist_stand_in_add(struct ist_host *host, const struct ist_order *order, uint64_t rate,
		     const uint16_t *closed, unsigned int closed_count, uint64_t *id,
		     const char **why);
/* One packet from its IP header on. `reason`: of one that is dropped. */
enum ist_stand_in_path ist_stand_in_give(struct ist_host *host, const uint8_t *bytes, size_t length,
					 unsigned int *reason);
/* Moves the clock and runs the timers that are due. */
void ist_stand_in_advance(struct ist_host *host, uint64_t ns);
/* Live splices. */
size_t ist_stand_in_count(const struct ist_host *host);

#ifdef __cplusplus
}
#endif

#endif
