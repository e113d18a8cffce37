/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Series: what a metrics system reads of the ledger. The ledger's intervals are folded into
 * counters that run from the first one on, and however many names come and go, there are never
 * more of them than was promised. Pure: no I/O, no libbpf, no globals.
 *
 * Three things hold at any time:
 *
 * - sums are exact: over all series of a metric they are what the ledger has counted;
 * - no counter goes back, and none vanishes;
 * - series that are read as samples, `fixed` of the view's own included, are max_series at most.
 *
 * That is why a name keeps its series for good once it has been given any, and what it did before
 * stays in "other", where it was counted. Taking series from one name for another would break one
 * of the three: what the former one had counted would have to vanish (sums fall), or to move to
 * "other" (which would show as a burst of crossings that never happened).
 *
 * So what matters is who is let in. Half of the places go at sight, to the busiest of the interval
 * first. The other half goes only to names that were among the busiest without a place in three
 * periods: a storm of short-lived names, however long, takes the first half at worst. A name that
 * has no place is told by a hash in a list of fixed length, or not at all.
 *
 * Where a name has a place but the series are used up, what it does is counted under "other" for
 * its call, then its error; these are set aside from the start, so that this cannot fail.
 */
#ifndef RF_LEDGER_SERIES_H
#define RF_LEDGER_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"

/* Room for a group's label and its NUL. */
#define RF_SERIES_LABEL 256

/* Upper bounds of a duration's buckets: 64 ns, four times that, and so on to 17.2 s. */
#define RF_SERIES_BOUNDS 15
/* Samples that one histogram is read as: its bounds, +Inf, sum and count. */
#define RF_SERIES_PER_HISTOGRAM (RF_SERIES_BOUNDS + 3)
/* ns; i below RF_SERIES_BOUNDS. A duration belongs to the first bucket whose bound is above it. */
uint64_t rf_series_bound_ns(unsigned int i);

struct rf_series_options {
	size_t groups;           /* with series of their own, "other" not included */
	size_t calls;            /* the same */
	size_t max_series;       /* of all metrics */
	size_t fixed;            /* of them: those that the view writes without labels from here */
	bool durations_by_group; /* a histogram for each group and call, not for each call alone */
	bool at_sight;           /* there is one period only: all places are given at sight */
};

enum rf_denied_reason { RF_DENIED_EPERM, RF_DENIED_EACCES, RF_DENIED_SECCOMP, RF_DENIED_REASONS };

/* What every group has. */
struct rf_series_group {
	char label[RF_SERIES_LABEL]; /* as the namer made it; "other" for the first */
	uint64_t calls;
	struct rf_times time;
	struct rf_faults faults;
	uint64_t denied[RF_DENIED_REASONS];
};

/*
 * A counter with more labels. group and call are places (0: other); third is the family's own, 0
 * where it was not told apart.
 */
struct rf_series_item {
	uint16_t group;
	uint16_t call;
	uint16_t third;
	uint64_t value;
};

enum rf_series_family {
	RF_SERIES_CALLS,        /* group, call */
	RF_SERIES_FAILURES,     /* group, call, RF_SERIES_ERRNO() */
	RF_SERIES_VIOLATIONS,   /* group, RF_SERIES_VIOLATION() */
	RF_SERIES_CAPABILITIES, /* group, RF_SERIES_CAPABILITY() */
	RF_SERIES_FAMILIES
};

/* An errno, 0 for a call that a signal refused, as the third label. */
#define RF_SERIES_ERRNO(err) ((uint16_t)((err) + 1))
/* A violation's cause and outcome (enum rf_cause, enum rf_outcome), and back. */
#define RF_SERIES_VIOLATION(cause, outcome) ((uint16_t)((cause)*8u + (outcome) + 1u))
#define RF_SERIES_CAUSE(third) (((third)-1u) / 8u)
#define RF_SERIES_OUTCOME(third) (((third)-1u) % 8u)
/* A capability's number. */
#define RF_SERIES_CAPABILITY(cap) ((uint16_t)((cap) + 1u))

struct rf_series_histogram {
	uint16_t group; /* 0 unless durations_by_group */
	uint16_t call;
	uint64_t counts[RF_SERIES_BOUNDS +
	                1]; /* of each bucket alone; the last is beyond all bounds */
	uint64_t total;
	uint64_t sum_ns;
};

/* The run's accounting: as in struct rf_accounting, added up. */
struct rf_series_totals {
	uint64_t observed_ns;
	uint64_t seen;
	uint64_t attributed;
	uint64_t lost_cell;
	uint64_t lost_state;
	uint64_t lost_skipped;
	uint64_t lost_unexplained; /* counters only rise, so that the two signs are kept apart */
	uint64_t overattributed;
	uint64_t lost_errnos;
	uint64_t lost_records;
	uint64_t evicted;
	uint64_t untimed; /* calls that ended without a duration */
};

struct rf_series;

/* The least max_series that the options allow. */
size_t rf_series_least(const struct rf_series_options *o);

/* NULL when out of memory, or when max_series is less than rf_series_least(). */
struct rf_series *rf_series_new(const struct rf_series_options *o);
void rf_series_free(struct rf_series *s);

/*
 * Writes the label of p's group into label, of RF_SERIES_LABEL bytes, escaped as the view needs
 * it. A group whose label is "other" is counted there.
 */
typedef void (*rf_series_namer)(void *ctx, const struct rf_process *p, char *label);

/*
 * Adds what the ledger holds, to be called once for each of its intervals, after the sweep. Several
 * intervals may belong to one period (a number that never falls). 0; or -ENOMEM: the
 * interval was added in part, and sums are not exact from here on.
 */
int rf_series_add(struct rf_series *s, const struct rf_ledger *l, uint64_t period,
                  rf_series_namer namer, void *ctx);

/*
 * Counts n under the group of that label, or in "other", for what is not in the ledger: families
 * from RF_SERIES_VIOLATIONS on. Errors as above.
 */
int rf_series_count(struct rf_series *s, enum rf_series_family f, const char *label, uint16_t third,
                    uint64_t n);

/* As if the group of that label were the busiest of the period: it gets a place if any is left for it. */
int rf_series_prefer(struct rf_series *s, const char *label, uint64_t period);

/* Reading. Pointers hold until the next rf_series_add(). Place 0 is "other". */
const struct rf_series_options *rf_series_options(const struct rf_series *s);
size_t rf_series_nr_groups(const struct rf_series *s);
const struct rf_series_group *rf_series_group(const struct rf_series *s, size_t i);
/* Calls are known by RF_CALL(); not for place 0. */
uint32_t rf_series_call(const struct rf_series *s, size_t i);
size_t rf_series_nr_calls(const struct rf_series *s);
const struct rf_series_item *rf_series_items(const struct rf_series *s, enum rf_series_family f,
                                             size_t *nr);
const struct rf_series_histogram *rf_series_histograms(const struct rf_series *s, size_t *nr);
const struct rf_series_totals *rf_series_totals(const struct rf_series *s);
/* Samples that all of the above is read as, fixed included. */
size_t rf_series_samples(const struct rf_series *s);

#endif
