/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of `ringfence faults`.
 */
#ifndef RF_VERBS_FAULTS_OPTIONS_H
#define RF_VERBS_FAULTS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "verbs/live.h"

struct rf_faults_options {
	struct rf_live live;
	uint32_t causes;   /* --cause: a bit per enum rf_cause; 0: all */
	uint64_t signals;  /* --signal: a bit per number, bit 0 for EFAULT; 0: all */
	uint32_t outcomes; /* --outcome: a bit per enum rf_outcome; 0: all */
	bool stack;
	bool no_symbols;
	bool no_summary;
};

/* Ends the process with status 2 after one line if the command line is wrong. */
void rf_faults_options_parse(struct rf_faults_options *o, int argc, char **argv);

#endif
