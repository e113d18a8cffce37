/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of `ringfence export`.
 */
#ifndef RF_VERBS_EXPORT_OPTIONS_H
#define RF_VERBS_EXPORT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/series.h"
#include "verbs/group.h"
#include "verbs/live.h"

struct rf_export_options {
	struct rf_live live;  /* interval_ns is never 0 */
	const char *textfile; /* NULL: none */
	const char *listen;   /* NULL: none */
	bool once;
	bool no_bpf_stats;
	enum rf_group_by group;
	struct rf_series_options series;
};

/* Ends the process with status 2 after one line if the command line is wrong. */
void rf_export_options_parse(struct rf_export_options *o, int argc, char **argv);

#endif
