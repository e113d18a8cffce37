/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collecting half of `ringfence top`: a thread that sweeps the probe at every interval, so that
 * the other half, which waits for keys, answers while a sweep runs. What they share is one
 * snapshot, handed over under a lock.
 */
#ifndef RF_VERBS_TOP_COLLECT_H
#define RF_VERBS_TOP_COLLECT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "probe/probe.h"
#include "verbs/feed.h"
#include "views/faults.h"
#include "views/top_snapshot.h"

struct rf_collector {
	struct rf_probe *probe; /* borrowed, the thread's alone while it runs */
	struct rf_ledger *ledger;
	struct rf_feeder feeder;
	struct rf_isolation *isolation; /* NULL: violations are not watched */
	struct rf_faults_view words;
	struct rf_top_taker *taker; /* borrowed */
	pthread_t thread;
	bool running;
	int ready_fd; /* readable: a snapshot waits, or it has failed */
	int wake_fd;
	atomic_bool stop;
	_Atomic uint64_t interval_ns;
	pthread_mutex_t lock; /* of the next two */
	struct rf_top_snapshot *latest;
	int error; /* negative errno that ended the thread */
	unsigned int cpus;
	uint64_t cpu_ns; /* of this process, when the last interval ended */
	uint64_t bpf_ns;
};

/* An rf_sink: ctx is a struct rf_collector. */
int rf_collector_feed(void *ctx, const void *rec, size_t size);

/* 0 or a negative errno. Undone by rf_collector_close(), which may be called on all zero. */
int rf_collector_open(struct rf_collector *c, struct rf_top_taker *taker);
void rf_collector_close(struct rf_collector *c);

/* The probe will hand over violations too. 0 or -ENOMEM. */
int rf_collector_watch_violations(struct rf_collector *c);

/* Begins to sweep probe, whose window opened at start_ns. 0 or a negative errno. */
int rf_collector_start(struct rf_collector *c, struct rf_probe *probe, uint64_t start_ns,
                       uint64_t interval_ns);
/* Another interval from now on. */
void rf_collector_set_interval(struct rf_collector *c, uint64_t interval_ns);
/* Ends the thread; waits for a sweep that runs. */
void rf_collector_stop(struct rf_collector *c);

/* When ready_fd is readable: the latest snapshot, which is the caller's; NULL: none. */
struct rf_top_snapshot *rf_collector_take(struct rf_collector *c, int *error);

#endif
