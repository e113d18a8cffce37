/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One interval of `ringfence top`, taken from the ledger: all that the live view may show of it,
 * in memory of its own, so that collecting goes on while somebody looks at it, sorts it or has
 * paused it.
 *
 * Entities are threads. What sums up over intervals (accounting, the history of rates, the feed)
 * is kept by the taker and copied into every snapshot.
 */
#ifndef RF_VIEWS_TOP_SNAPSHOT_H
#define RF_VIEWS_TOP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "identity/cgroup.h"
#include "identity/user.h"
#include "ledger/isolation.h"
#include "ledger/ledger.h"

/* Intervals in the history: more than a wide screen shows. */
#define RF_TOP_HISTORY 512
/* Events in the feed; older ones go. */
#define RF_TOP_EVENTS 1000

/* Where a thread was when the sweep came by. */
enum rf_top_where {
	RF_TOP_GONE,      /* the sweep did not find it */
	RF_TOP_IN_USER,   /* computing in user mode */
	RF_TOP_IN_READY,  /* in user mode, but off the CPU */
	RF_TOP_IN_CALL,   /* in a call */
	RF_TOP_IN_FAULT,  /* in a page fault */
	RF_TOP_IN_KERNEL, /* on its way out of fork, or exiting */
	RF_TOP_NOT_KNOWN  /* running, on which side has not been learnt */
};

struct rf_top_inside {
	enum rf_top_where where;
	bool running; /* on a CPU; else waiting */
	bool before;  /* in a call that was entered before the window */
	bool timed;   /* for_ns is known; before: for_ns or longer */
	uint32_t call;
	uint64_t for_ns;
};

/* A thread of the interval. p owns nothing: exe, cells and what they hold are the snapshot's. */
struct rf_top_thread {
	struct rf_process p;
	struct rf_top_inside inside;
	const char *user;                    /* name or number; raw */
	const char *cgroup;                  /* path; "" unknown; raw */
	uint64_t violations;                 /* since the start, as far as they have ended */
	const struct rf_fault_count *faults; /* by class; none if they are not told apart here */
	size_t nr_faults;
	const struct rf_violation_count *violated; /* in the interval */
	size_t nr_violated;
};

/* What adds up from the start of the window on. */
struct rf_top_sums {
	uint64_t ns;
	uint64_t calls;
	uint64_t failed;
	uint64_t denied;
	uint64_t page_faults;
	uint64_t violations;      /* that have ended, and those whose end was lost */
	uint64_t lost_violations; /* of them, and of the lines of the feed */
	struct rf_accounting accounting;
};

/* What ringfence itself takes. */
struct rf_top_cost {
	uint64_t cpu_ns; /* of this process, in the interval */
	bool has_bpf;    /* the kernel keeps the programs' run time */
	uint64_t bpf_ns; /* of the programs, in the interval */
	uint64_t kernel_bytes;
};

/* A line of the isolation feed. Texts are raw, and the snapshot's. */
struct rf_top_event {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t pid;
	bool violation;    /* else: denied */
	const char *comm;  /* of the process */
	const char *what;  /* signal, cause and outcome; or what was denied */
	const char *why;   /* the cause in a sentence; "" none, as the next two */
	const char *where; /* the instruction */
	const char *blast; /* the blast radius in a sentence */
};

struct rf_top_snapshot {
	struct rf_arena arena; /* holds all of it, the snapshot too */
	uint64_t number;       /* of the interval, from 1 */
	uint64_t end_ns;       /* CLOCK_MONOTONIC */
	uint64_t window_ns;    /* length of the interval */
	unsigned int cpus;
	struct rf_top_thread *threads;
	size_t nr_threads;
	struct rf_totals totals;
	struct rf_accounting accounting;
	struct rf_top_sums since;
	struct rf_top_cost cost;
	const double *history; /* crossings a second, the oldest first */
	size_t nr_history;
	const struct rf_top_event *events; /* the oldest first */
	size_t nr_events;
	bool has_isolation; /* violations are watched */
};

struct rf_top_taker;

/*
 * NULL when out of memory. users and cgroups (NULL: numbers stand for names) are borrowed;
 * hierarchy: the one that cgroups are looked up in, by its controllers, "": v2.
 */
struct rf_top_taker *rf_top_taker_new(struct rf_users *users, struct rf_cgroups *cgroups,
                                      const char *hierarchy);
void rf_top_taker_free(struct rf_top_taker *t);

/* Before a sweep: forgets where the threads were. */
void rf_top_taker_begin(struct rf_top_taker *t);

/* Looks at a record that the ledger has taken in. 0 or -ENOMEM. */
int rf_top_taker_feed(struct rf_top_taker *t, const void *rec, size_t size);

/* Adds to the feed; texts are copied. 0 or -ENOMEM. Denials are added by rf_top_take(). */
int rf_top_taker_event(struct rf_top_taker *t, const struct rf_top_event *event);

/* The same for a violation that has ended; where it was is put in words by view. */
struct rf_faults_view;
int rf_top_taker_violation(struct rf_top_taker *t, const struct rf_faults_view *view,
                           const struct rf_violation *v);

/* What the ledger cannot know. */
struct rf_top_moment {
	uint64_t now_ns; /* end of the interval */
	unsigned int cpus;
	struct rf_top_cost cost;
};

/*
 * After a sweep, before the next interval of ledger and iso (NULL: violations are not watched): the interval that has just ended; NULL when
 * out of memory. Freed with rf_top_snapshot_free(), which takes NULL.
 */
struct rf_top_snapshot *rf_top_take(struct rf_top_taker *t, const struct rf_ledger *l,
                                    const struct rf_isolation *iso,
                                    const struct rf_top_moment *moment);
void rf_top_snapshot_free(struct rf_top_snapshot *s);

#endif
