/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way from a live probe into a ledger: the probe's sink, and the file that a process runs
 * looked up while it is there, for those that want to name it.
 */
#ifndef RF_VERBS_FEED_H
#define RF_VERBS_FEED_H

#include <stdbool.h>
#include <stddef.h>

struct rf_isolation;
struct rf_ledger;

struct rf_feeder {
	struct rf_ledger *ledger;
	struct rf_isolation *isolation; /* NULL: violations are not asked for */
	bool wants_exe;
};

/* An rf_sink: ctx is a struct rf_feeder. 0, or a negative errno after a message. */
int rf_feed(void *ctx, const void *rec, size_t size);

#endif
