/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The views of `ringfence report` that show a recording step by step, in order.
 */
#ifndef RF_VERBS_REPORT_STEPS_H
#define RF_VERBS_REPORT_STEPS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "recording/reader.h"

struct rf_report_steps {
	FILE *out;
	bool json;
	bool csv;
	bool utf8;
	bool timeline; /* of pid; else page faults and signals of all */
	uint32_t pid;  /* a process, or one thread */
	uint64_t from_ns;
	uint64_t to_ns;                             /* 0: no end */
	bool (*wants)(void *ctx, uint64_t process); /* NULL: all */
	bool (*wants_call)(void *ctx, uint32_t call);
	void *ctx;
	uint64_t shown; /* steps, for the caller */
};

/* Reads r to its end. 0 or a negative errno. */
int rf_report_steps(struct rf_reader *r, struct rf_report_steps *o);

#endif
