/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ringfence itself costs, for --overhead: a meter that is read once an interval and tells what
 * has come since the last reading.
 */
#ifndef RF_VERBS_OVERHEAD_H
#define RF_VERBS_OVERHEAD_H

#include <stdint.h>

#include "probe/probe.h"
#include "views/stat.h"

struct rf_overhead_meter {
	uint64_t opening_ns; /* when loading began, CLOCK_MONOTONIC */
	struct rf_probe_cost cost;
	uint64_t cpu_ns; /* of this process */
	struct rf_overhead so_far;
};

/* Before anything is loaded. */
void rf_overhead_opening(struct rf_overhead_meter *m);
/* The window is open: what comes from here on is its cost. 0 or a negative errno. */
int rf_overhead_start(struct rf_overhead_meter *m, const struct rf_probe *probe);
/* One sweep has taken so long. */
void rf_overhead_sweep(struct rf_overhead_meter *m, uint64_t ns);
/* Fills in what has come since the last reading, and begins anew. 0 or a negative errno. */
int rf_overhead_read(struct rf_overhead_meter *m, const struct rf_probe *probe,
                     struct rf_overhead *o);

#endif
