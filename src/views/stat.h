/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The views of `ringfence stat`: a ledger in, a table, a JSON object or CSV lines out.
 * docs/reference/stat.md explains each column, docs/reference/json.md each key.
 *
 * All return 0, or -ENOMEM, or -EIO when the file has an error.
 */
#ifndef RF_VIEWS_STAT_H
#define RF_VIEWS_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "identity/cgroup.h"
#include "identity/user.h"
#include "ledger/isolation.h"
#include "ledger/rows.h"
#include "views/text.h"

/* What ringfence itself has cost in the window or interval. */
struct rf_overhead {
	bool timed; /* the kernel timed the programs: the next two are known */
	uint64_t bpf_ns;
	uint64_t bpf_runs;
	uint64_t loader_cpu_ns; /* processor time of this process */
	uint64_t kernel_bytes;  /* memory of the maps */
	uint64_t load_ns;       /* from the first look at the host until the window was open */
	uint64_t sweeps;
	uint64_t sweep_ns; /* all sweeps together, on the clock */
	uint64_t sweep_max_ns;
};

/* Names that are not this host's. */
struct rf_stat_names {
	void *ctx;
	const char *(*user)(void *ctx, uint32_t uid);
	/* entity: of a row that is one process; else 0 */
	const char *(*cgroup)(void *ctx, uint64_t entity, uint64_t id);
};

struct rf_stat_view {
	const struct rf_ledger *ledger;
	const struct rf_isolation *isolation; /* NULL: violations were not counted */
	enum rf_by by;
	enum rf_sort sort;
	size_t top;                 /* rows at most; 0: all */
	size_t calls;               /* table: calls under each row at most */
	uint64_t interval;          /* 1, 2, ... with -i; 0: one result for the whole window */
	const char *target;         /* table: what was measured, in words */
	struct rf_users *users;     /* NULL: numbers stand for names */
	struct rf_cgroups *cgroups; /* NULL: cgroups have no names */
	const char *hierarchy;      /* that the ledger's cgroup ids are of; NULL: v2 */
	const struct rf_overhead *overhead; /* NULL: not asked for */
	/* NULL; or where names come from instead of the two above: raw, NULL for an unknown one */
	const struct rf_stat_names *names;
	bool live;           /* processes that have not exited may be looked up in /proc */
	const char *missing; /* what this host cannot tell, in words; NULL or "": nothing */
};

int rf_stat_table(FILE *out, const struct rf_stat_view *v, const struct rf_style *style);
int rf_stat_json(FILE *out, const struct rf_stat_view *v);
/* A line for each row, and one for totals and accounting. */
int rf_stat_ndjson(FILE *out, const struct rf_stat_view *v);
/* The header line comes with the first interval, or with the one result. */
int rf_stat_csv(FILE *out, const struct rf_stat_view *v);

/* What the three have in common. Names are raw: each view escapes them. */

#define RF_STAT_USER_LEN 64

/* The user's name, or its number in buf. */
const char *rf_stat_user(const struct rf_stat_view *v, uint32_t uid, char *buf, size_t len);
/* The cgroup's path, "" when it is unknown. */
const char *rf_stat_cgroup(const struct rf_stat_view *v, const struct rf_process *p, char *buf,
                           size_t len);
/* "ENOENT"; "SIGSYS" for a call that a signal refused. */
const char *rf_stat_errno(const struct rf_errno_count *e, char *buf, size_t len);
/* The call's label. */
const char *rf_stat_call(uint32_t call, char *buf, size_t len);
/* Of the calls that were timed: the duration below which fraction q lies; 0 if there are none. */
uint64_t rf_stat_quantile(const struct rf_cell *cell, double q);

#endif
