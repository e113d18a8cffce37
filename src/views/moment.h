/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The views of `ringfence trace` and of `report --timeline` and `--page-faults`: one line for each thing
 * that happens, as text like strace's or as JSON. docs/reference/trace.md explains both.
 *
 * All return 0, or -EIO when the file has an error.
 */
#ifndef RF_VIEWS_MOMENT_H
#define RF_VIEWS_MOMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "identity/call_format.h"
#include "ledger/walk.h"

struct rf_moment_view {
	FILE *out;
	bool json;
	bool csv; /* rf_moment_titles() first */
	bool utf8;
	uint64_t real_offset;            /* CLOCK_REALTIME minus CLOCK_MONOTONIC, ns; wraps */
	struct rf_call_formats *formats; /* NULL: arguments are not known */
	/* NULL; or a name for a call that identity does not know */
	const char *(*call_name)(void *ctx, uint32_t call);
	void *ctx;
};

/* Who it happens to. Names are raw. */
struct rf_moment_who {
	uint32_t pid;
	uint32_t tid;
	const char *comm;
};

/* The first line of CSV. */
int rf_moment_titles(const struct rf_moment_view *v);

/* args NULL: not known. A call that did not end has .flags RF_CALL_UNFINISHED. */
int rf_moment_call(const struct rf_moment_view *v, const struct rf_moment_who *who,
                   const struct rf_step *s, const struct rf_args_rec *args);
int rf_moment_fault(const struct rf_moment_view *v, const struct rf_moment_who *who,
                    const struct rf_step *s);
int rf_moment_signal(const struct rf_moment_view *v, const struct rf_moment_who *who,
                     const struct rf_step *s);
/* FORK, EXEC, EXIT. */
int rf_moment_process(const struct rf_moment_view *v, const struct rf_moment_who *who,
                      const struct rf_process_rec *rec);
/* A span between two moments: side as in the ledger; waiting in call, if one is known. */
int rf_moment_span(const struct rf_moment_view *v, const struct rf_moment_who *who,
                   const struct rf_step_span *span);

#endif
