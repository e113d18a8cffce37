/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of a snapshot, grouped: rows of the table of `ringfence top`, neither sorted nor
 * filtered yet. They point into the snapshot.
 */
#ifndef RF_VIEWS_TOP_ROWS_H
#define RF_VIEWS_TOP_ROWS_H

#include "ledger/rows.h"
#include "views/top_snapshot.h"

/* A thread, a process, or all processes of a name or in a cgroup. */
struct rf_top_row {
	uint64_t key[2];
	struct rf_process sum; /* owns nothing, has no cells; named after the first or its leader */
	const char *user;
	const char *cgroup;
	uint64_t processes;
	uint64_t threads;
	uint64_t violations;
	uint32_t top_call; /* valid with top_calls */
	uint64_t top_calls;
	uint64_t p99_ns; /* what it is sorted by; 0 unless it is */
	size_t first;    /* its threads: order[first] and so on, nr of them */
	size_t nr;
};

struct rf_top_rows {
	struct rf_top_row *rows;
	size_t nr;
	const struct rf_top_thread **order; /* threads, row by row */
};

/* by: RF_BY_PROCESS, _THREAD, _COMM or _CGROUP. 0, or -ENOMEM and *rows is empty. */
int rf_top_make_rows(struct rf_top_rows *rows, const struct rf_top_snapshot *s, enum rf_by by);
void rf_top_rows_clear(struct rf_top_rows *rows);

/*
 * Of the calls made most often in a row of rows: the duration below which 99 % lie; false: they were
 * not timed, or memory is out.
 */
bool rf_top_p99(const struct rf_top_rows *rows, const struct rf_top_row *row, uint64_t *ns);

/* All cells of these threads, in order of the call; counts them if cells is NULL. */
size_t rf_top_gather(const struct rf_cell **cells, const struct rf_top_thread *const *threads,
                     size_t nr_threads);

#endif
