/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream of all CPUs in one order of time: batches and records are taken in as they come, and
 * told step by step once an epoch is whole. Pure.
 *
 * What one thread does is in one epoch before it is in the next, so that epochs need not be mixed.
 */
#ifndef RF_LEDGER_ORDER_H
#define RF_LEDGER_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "ledger/walk.h"

/* What happens next: a step of a CPU's stream, or a record of its own. */
struct rf_moment {
	uint64_t time;
	uint32_t cpu;
	const struct rf_step *step;
	/* with step: who runs on that CPU after it */
	uint64_t process;
	uint64_t thread;
	/* without: FORK, EXEC, EXIT, THREAD_BORN, THREAD_ENDED, ARGS or one of isolation.h */
	const void *rec;
	size_t size;
};

/* 0, or a negative errno that ends the telling. */
typedef int (*rf_order_handler)(void *ctx, const struct rf_moment *m);

struct rf_order;

/* NULL when out of memory. */
struct rf_order *rf_order_new(rf_order_handler handler, void *ctx);
void rf_order_free(struct rf_order *o);

/*
 * Takes a batch, or a record that happened at time_ns; the bytes are copied. When an epoch without
 * an end takes too much memory, it is told up to here. 0, or a negative errno (the handler's too).
 */
int rf_order_batch(struct rf_order *o, const void *rec, size_t size);
int rf_order_record(struct rf_order *o, uint64_t time_ns, const void *rec, size_t size);

/* The epoch is whole: tells all that was taken. */
int rf_order_tell(struct rf_order *o);

/* Batches that could not be read to their end. */
uint64_t rf_order_bad(const struct rf_order *o);

#endif
