/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of `ringfence report`.
 */
#ifndef RF_VERBS_REPORT_OPTIONS_H
#define RF_VERBS_REPORT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/call_set.h"
#include "ledger/rows.h"

enum rf_report_format { RF_REPORT_TABLE, RF_REPORT_JSON, RF_REPORT_CSV, RF_REPORT_NDJSON };

#define RF_REPORT_PIDS 64

struct rf_report_options {
	const char *file;
	const char *diff; /* the other recording; NULL: none */
	bool timeline;
	uint32_t timeline_pid; /* a process, or one thread by its id */
	bool faults;
	bool page_faults;
	const char *from; /* as written: what it means depends on the recording */
	const char *to;
	uint32_t pids[RF_REPORT_PIDS];
	size_t nr_pids;
	const char *comm;
	const char *user;
	const char *cgroup;
	bool has_calls;
	struct rf_call_set set;
	enum rf_report_format format;
	const char *output;
	enum rf_by by;
	enum rf_sort sort;
	bool has_top;
	size_t top;
	size_t calls;
};

/* Ends the process with status 2 after one line if the command line is wrong. */
void rf_report_options_parse(struct rf_report_options *o, int argc, char **argv);

/*
 * A moment as --from and --to take it, in a recording that began at start_ns (CLOCK_MONOTONIC) and
 * start_real (CLOCK_REALTIME). 0, or -EINVAL with the reason in err.
 */
int rf_report_moment(const char *text, uint64_t start_ns, uint64_t start_real, uint64_t *ns,
                     char *err, size_t errlen);

#endif
