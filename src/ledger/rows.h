/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows: the ledger grouped, sorted and cut for a view.
 *
 * A row stands for one process, thread, comm, cgroup, user or call; its cells
 * are the sum over the processes in it. Rows hold copies: they stay valid when
 * the ledger moves on.
 */
#ifndef RF_LEDGER_ROWS_H
#define RF_LEDGER_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/ledger.h"

enum rf_by { RF_BY_PROCESS, RF_BY_THREAD, RF_BY_COMM, RF_BY_CGROUP, RF_BY_USER, RF_BY_CALL };

enum rf_sort {
	RF_SORT_CROSSINGS, /* calls and page faults: the default */
	RF_SORT_CALLS,
	RF_SORT_FAILED,
	RF_SORT_DENIED,
	RF_SORT_FAULTS,
	RF_SORT_USER,
	RF_SORT_KERNEL,
	RF_SORT_WAITING,
	RF_SORT_TIME, /* user and kernel */
	RF_SORT_PID,
	RF_SORT_NAME,
};

/* Names as --by and --sort take them. Value, or -EINVAL. rf_*_names(): all of them, comma-separated. */
int rf_by_parse(const char *name);
const char *rf_by_name(enum rf_by by);
const char *rf_by_names(void);
int rf_sort_parse(const char *name);
const char *rf_sort_name(enum rf_sort sort);
const char *rf_sort_names(void);

/*
 * The identity in sum is that of the first process in the row (of its leader, where threads are
 * grouped by process); exited means all of them. cells are sorted by calls, then total_ns,
 * descending, and none is empty. A row of RF_BY_CALL has exactly one cell, no page faults, and as
 * time what was spent inside the call: no user time.
 */
struct rf_row {
	struct rf_process sum;
	size_t processes; /* entities in it: processes, or threads where the ledger keeps those */
};

struct rf_rows {
	struct rf_row *rows; /* sorted */
	size_t nr;           /* rows kept */
	size_t cut;          /* rows left out by top */
	enum rf_by by;
};

/*
 * Groups l by by, sorts descending (PID and NAME ascending, where calls go by
 * their number; ties by entity), keeps the top first rows (0: all). Processes
 * without any crossing are left out unless idle. 0, or -ENOMEM and *rows empty. Free with rf_rows_clear().
 */
int rf_rows_build(struct rf_rows *rows, const struct rf_ledger *l, enum rf_by by, enum rf_sort sort,
                  size_t top, bool idle);
void rf_rows_clear(struct rf_rows *rows);

#endif
