/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of `ringfence stat`.
 */
#ifndef RF_VERBS_STAT_OPTIONS_H
#define RF_VERBS_STAT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger/rows.h"
#include "verbs/live.h"

struct rf_stat_options {
	struct rf_live live;
	enum rf_by by;
	enum rf_sort sort;
	bool has_top;
	size_t top;   /* 0: all; without has_top it is the format's default */
	size_t calls; /* table: under each row */
	bool overhead;
};

/* Ends the process with status 2 after one line if the command line is wrong. */
void rf_stat_options_parse(struct rf_stat_options *o, int argc, char **argv);

#endif
