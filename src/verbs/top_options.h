/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of `ringfence top`.
 */
#ifndef RF_VERBS_TOP_OPTIONS_H
#define RF_VERBS_TOP_OPTIONS_H

#include <stdbool.h>

#include "ledger/rows.h"
#include "verbs/live.h"
#include "views/top_model.h"

struct rf_top_options {
	struct rf_live live; /* interval_ns is never 0 */
	enum rf_by by;
	enum rf_top_column sort;
	const char *filter; /* NULL: none */
	bool reverse;
	bool no_bpf_stats;
};

/* Ends the process with status 2 after one line if the command line is wrong. */
void rf_top_options_parse(struct rf_top_options *o, int argc, char **argv);

#endif
