/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view of `ringfence export`: series in, Prometheus' text format or OpenMetrics out. Every
 * metric is in docs/reference/metrics.md.
 */
#ifndef RF_VIEWS_PROMETHEUS_H
#define RF_VIEWS_PROMETHEUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "ledger/series.h"
#include "probe/health.h"

/* Samples that are there whatever was measured, at most: rf_series_options.fixed. */
#define RF_PROMETHEUS_FIXED 40

#define RF_PROMETHEUS_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define RF_PROMETHEUS_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What ringfence says about itself. Times of day are ns since 1970. */
struct rf_prometheus_own {
	uint64_t start_ns; /* the window's begin */
	uint64_t last_sweep_ns;
	uint64_t sweeps;
	bool timed; /* bpf_ns is known */
	uint64_t bpf_ns;
	uint64_t bpf_runs;
	uint64_t bpf_bytes; /* memory of the maps */
	uint64_t user_ns;   /* CPU time of this process */
	uint64_t system_ns;
	uint64_t resident_bytes;
	uint64_t write_failures;
};

/* Of violations, over the run: what the series do not show. */
struct rf_prometheus_violations {
	bool watched; /* else there is nothing to say */
	uint64_t seen;
	uint64_t lost_events;
	uint64_t lost_outcomes;
	uint64_t skipped;
};

struct rf_prometheus_view {
	const struct rf_series *series;
	struct rf_prometheus_violations violations;
	const char *version;
	const char *group_by; /* as --group has it */
	struct rf_health health;
	struct rf_prometheus_own own;
	bool openmetrics;
};

/* Appends the whole exposition. 0, or an error of out. */
int rf_prometheus_write(struct rf_str *out, const struct rf_prometheus_view *v);

#endif
