/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The views of `ringfence faults`: a violation as a block of text or an object on a line of its
 * own, and a summary of either kind. docs/reference/faults.md explains each line and key.
 *
 * All return 0, or -ENOMEM, or -EIO when the file has an error.
 */
#ifndef RF_VIEWS_FAULTS_H
#define RF_VIEWS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"
#include "identity/cgroup.h"
#include "identity/symbol.h"
#include "ledger/isolation.h"
#include "ledger/ledger.h"
#include "probe/health.h"
#include "views/json.h"
#include "views/text.h"

struct rf_faults_view {
	struct rf_cgroups *cgroups; /* NULL: cgroups have no names */
	const char *hierarchy;      /* of the ids in records */
	/* NULL; or names of cgroups that are not this host's. The path, or NULL */
	const char *(*cgroup_name)(void *ctx, uint64_t entity, uint64_t id);
	void *ctx;
	struct rf_symbols *symbols; /* NULL: functions have no names */
	uint64_t wall_ns;           /* what to add to CLOCK_MONOTONIC for the time of day */
	bool stack;                 /* show the frames */
};

/* Everything but the events. */
struct rf_faults_summary {
	const struct rf_ledger *ledger;
	const struct rf_isolation *isolation;
	const char *target;
	uint64_t interval; /* 0: one result for the whole window */
	struct rf_health before;
	struct rf_health after;
	uint64_t causes[RF_CAUSE_COUNT]
		       [RF_OUTCOME_REFUSED + 1]; /* events told, filtered ones too */
	const char *missing; /* what this host cannot tell, in words; "" nothing */
};

int rf_faults_text_event(FILE *out, const struct rf_faults_view *view, const struct rf_violation *v,
                         const struct rf_style *style);
int rf_faults_text_summary(FILE *out, const struct rf_faults_view *view,
                           const struct rf_faults_summary *s, const struct rf_style *style);
int rf_faults_json_event(FILE *out, const struct rf_faults_view *view,
                         const struct rf_violation *v);
/* A line of CSV; with v NULL that of the titles. */
int rf_faults_csv_event(FILE *out, const struct rf_faults_view *view, const struct rf_violation *v);
int rf_faults_json_summary(FILE *out, const struct rf_faults_view *view,
                           const struct rf_faults_summary *s);

/* What the two have in common, and `stat` too. Text is raw: each view escapes it. */

/* The path of a mapping's file, or "[stack]", "[heap]", "[anonymous]". */
void rf_mapping_path(const struct rf_mapping_rec *map, struct rf_str *path);
/* "/usr/bin/x+0x1139 main": where the instruction pointer was; "" unknown. */
void rf_violation_where(const struct rf_faults_view *view, const struct rf_violation *v,
                        struct rf_str *where);
/* One frame, the innermost is 0: the same. */
void rf_violation_frame(const struct rf_faults_view *view, const struct rf_violation *v,
                        size_t frame, struct rf_str *where);
/* A sentence without a full stop that a person understands. */
void rf_violation_explain(const struct rf_faults_view *view, const struct rf_violation *v,
                          struct rf_str *sentence);
/* Its blast radius in a sentence without a full stop. */
void rf_violation_blast(const struct rf_violation *v, struct rf_str *sentence);
/*
 * The totals of one process as "isolation" in its JSON object. p may be NULL: nothing happened.
 * details: page faults by class and capabilities were counted too.
 */
void rf_isolation_json(struct rf_json *j, const struct rf_isolated *p, bool details);
/* The account as "isolation" in the JSON of the whole. */
void rf_isolation_json_account(struct rf_json *j, const struct rf_isolation *iso);

#endif
