/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the stream to the ledger: batches in, the cells out that ledger mode would have made of the
 * same crossings (RF_REC_CALL, RF_REC_ERRNO, RF_REC_TIME). Pure, in bounded memory.
 *
 * Cells are held back to add up, and handed over when room is needed and by rf_fold_flush(), which
 * has to be called before the COUNTS of the batches' epoch are fed.
 */
#ifndef RF_LEDGER_FOLD_H
#define RF_LEDGER_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes one record; 0 or a negative errno, which ends the fold. */
typedef int (*rf_fold_sink)(void *ctx, const void *rec, size_t size);

struct rf_fold_options {
	bool by_thread;   /* entities are threads */
	uint64_t from_ns; /* crossings that end, and time that lies, in [from, to) */
	uint64_t to_ns;   /* 0: no end */
	/* NULL: all. Whether a process (or, by_thread, thread) is wanted; the call set */
	bool (*wants)(void *ctx, uint64_t process, uint64_t thread);
	bool (*wants_call)(void *ctx, uint32_t call);
	void *ctx;
};

/* What went through, in crossings. */
struct rf_fold_sums {
	uint64_t calls;
	uint64_t refused; /* of calls */
	uint64_t faults;
	uint64_t lost; /* in batches that were given up: told by the batches after them */
	uint64_t bad;  /* in batches that could not be read to their end */
};

struct rf_fold;

/* NULL when out of memory. */
struct rf_fold *rf_fold_new(const struct rf_fold_options *options, rf_fold_sink sink,
                            void *sink_ctx);
void rf_fold_free(struct rf_fold *f);
/* One RF_REC_BATCH. 0, -EINVAL when it is damaged (what was read of it stands), or the sink's. */
int rf_fold_batch(struct rf_fold *f, const void *rec, size_t size);
int rf_fold_flush(struct rf_fold *f);
const struct rf_fold_sums *rf_fold_sums(const struct rf_fold *f);

#endif
