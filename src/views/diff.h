/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is different between two ledgers: per command name and call (and per name its page faults
 * and user time), by the time that it takes more or less of each second, biggest first.
 */
#ifndef RF_VIEWS_DIFF_H
#define RF_VIEWS_DIFF_H

#include <stdio.h>

#include "ledger/ledger.h"
#include "views/text.h"

struct rf_diff_view {
	const struct rf_ledger *before;
	const struct rf_ledger *after;
	const char *before_name; /* in words */
	const char *after_name;
	size_t top; /* 0: all */
};

/* 0, -ENOMEM, or -EIO when the file has an error. */
int rf_diff_table(FILE *out, const struct rf_diff_view *v, const struct rf_style *style);
int rf_diff_json(FILE *out, const struct rf_diff_view *v);
/* A line for each change, then one with the windows. */
int rf_diff_ndjson(FILE *out, const struct rf_diff_view *v);
int rf_diff_csv(FILE *out, const struct rf_diff_view *v);

#endif
