/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `ringfence report --faults`: the violations of a recording, as `ringfence faults` would have shown
 * them.
 */
#ifndef RF_VERBS_REPORT_FAULTS_H
#define RF_VERBS_REPORT_FAULTS_H

#include <stdbool.h>
#include <stdio.h>

#include "ledger/isolation.h"
#include "recording/names.h"
#include "verbs/report_options.h"
#include "views/faults.h"

struct rf_report_faults {
	/* of the caller */
	FILE *out;
	enum rf_report_format format;
	bool by_time; /* a part of the time: violations are counted as they are told */
	const char *target;
	struct rf_style style;
	/* for the replay */
	struct rf_isolation *isolation;
	/* private */
	struct rf_faults_view view;
	struct rf_faults_summary summary;
	const struct rf_names *names;
	int err;
};

/* 0 or -ENOMEM. rf_report_faults_clear() in any case. */
int rf_report_faults_begin(struct rf_report_faults *f);
/* What is about to be replayed; names are asked for as events are shown. */
void rf_report_faults_of(struct rf_report_faults *f, const struct rf_file_header *h,
                         const struct rf_names *names);
/* The summary. 0, -ENOMEM or -EIO; also for what was shown before. */
int rf_report_faults_end(struct rf_report_faults *f, const struct rf_ledger *ledger,
                         const struct rf_names *names);
void rf_report_faults_clear(struct rf_report_faults *f);

#endif
