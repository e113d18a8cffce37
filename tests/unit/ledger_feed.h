/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records for the tests of the ledger, and a feeder that hands them over the unkind way: at an
 * odd address, in a buffer of exactly their size.
 */
#ifndef RF_TESTS_LEDGER_FEED_H
#define RF_TESTS_LEDGER_FEED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/records.h"
#include "ledger/ledger.h"

#define X86(nr) RF_CALL(0, nr)

static inline int feed_raw(struct rf_ledger *l, const void *rec, size_t size)
{
	char *odd = malloc(size + 1);
	int ret;

	assert_non_null(odd);
	if (size)
		memcpy(odd + 1, rec, size);
	ret = rf_ledger_feed(l, odd + 1, size);
	free(odd);
	return ret;
}

static inline uint64_t entity_of(uint32_t pid, uint64_t start_ns)
{
	return RF_ENTITY(pid, start_ns);
}

static inline void add_sample(struct rf_call_cell *c, uint64_t ns, uint32_t n)
{
	unsigned int bucket = rf_hist_bucket(ns);

	if (c->rec.count == c->untimed || ns < c->min_ns)
		c->min_ns = ns;
	if (ns > c->max_ns)
		c->max_ns = ns;
	c->rec.count += n;
	c->total_ns += ns * n;
	c->hist[bucket] += n;
	if (bucket > c->top)
		c->top = bucket;
}

static inline struct rf_call_cell call_rec(uint64_t entity, uint32_t call, uint64_t ns, uint32_t n)
{
	struct rf_call_cell c = { .rec = { .type = RF_REC_CALL, .entity = entity }, .call = call };

	if (n)
		add_sample(&c, ns, n);
	return c;
}

static inline int feed_call_rec(struct rf_ledger *l, const struct rf_call_cell *c)
{
	return feed_raw(l, c, RF_CALL_REC_SIZE(c->top));
}

/* n calls of ns each. */
static inline void feed_calls(struct rf_ledger *l, uint64_t entity, uint32_t call, uint64_t ns,
                              uint32_t n)
{
	struct rf_call_cell c = call_rec(entity, call, ns, n);

	assert_int_equal(feed_call_rec(l, &c), 0);
}

static inline void feed_errnos(struct rf_ledger *l, uint64_t entity, uint32_t call, uint16_t err,
                               uint16_t flags, uint32_t n)
{
	struct rf_errno_cell c = {
		.rec = { .type = RF_REC_ERRNO, .count = n, .entity = entity },
		.call = call,
		.err = err,
		.flags = flags,
	};

	assert_int_equal(feed_raw(l, &c, sizeof(c)), 0);
}

static inline void feed_times(struct rf_ledger *l, uint64_t entity, uint64_t user, uint64_t kernel,
                              uint64_t waiting)
{
	struct rf_time_cell c = {
		.rec = { .type = RF_REC_TIME, .count = 1, .entity = entity },
		.user_ns = user,
		.kernel_ns = kernel,
		.waiting_ns = waiting,
	};

	assert_int_equal(feed_raw(l, &c, sizeof(c)), 0);
}

static inline void feed_faults(struct rf_ledger *l, uint64_t entity, uint32_t user, uint32_t kernel,
                               uint32_t minor, uint32_t major)
{
	struct rf_time_cell c = {
		.rec = { .type = RF_REC_TIME, .count = 1, .entity = entity },
		.faults_user = user,
		.faults_kernel = kernel,
		.faults_minor = minor,
		.faults_major = major,
	};

	assert_int_equal(feed_raw(l, &c, sizeof(c)), 0);
}

/* A process entity's record; the caller changes what it wants otherwise. */
static inline struct rf_process_rec process_rec(uint16_t type, uint32_t pid, uint64_t start_ns,
                                                uint64_t time_ns, const char *comm)
{
	struct rf_process_rec p = {
		.rec = { .type = type, .entity = entity_of(pid, start_ns) },
		.time_ns = time_ns,
		.start_ns = start_ns,
		.tgid = pid,
		.tid = pid,
		.ppid = 1,
		.uid = 1000,
		.cgroup = 77,
	};

	/* as in the kernel, a full comm has no end */
	for (size_t i = 0; i < sizeof(p.comm) && comm[i]; i++)
		p.comm[i] = comm[i];
	return p;
}

static inline int feed_process_rec(struct rf_ledger *l, const struct rf_process_rec *p)
{
	return feed_raw(l, p, p->rec.type == RF_REC_EXEC ? sizeof(*p) : RF_PROCESS_REC_SIZE);
}

static inline uint64_t introduce(struct rf_ledger *l, uint32_t pid, uint64_t start_ns,
                                 const char *comm)
{
	struct rf_process_rec p = process_rec(RF_REC_FORK, pid, start_ns, start_ns, comm);

	assert_int_equal(feed_process_rec(l, &p), 0);
	return p.rec.entity;
}

static inline void feed_exit(struct rf_ledger *l, uint32_t pid, uint64_t start_ns, uint32_t status)
{
	struct rf_process_rec p = process_rec(RF_REC_EXIT, pid, start_ns, UINT64_MAX / 2, "gone");

	p.rec.count = status;
	assert_int_equal(feed_process_rec(l, &p), 0);
}

/* A thread of a process entity, off the CPU, in no call. */
static inline struct rf_thread_rec thread_rec(uint32_t pid, uint32_t tid, uint64_t start_ns,
                                              uint64_t since_ns)
{
	struct rf_thread_rec t = {
		.rec = { .type = RF_REC_THREAD, .entity = entity_of(pid, start_ns) },
		.time_ns = since_ns,
		.since_ns = since_ns,
		.start_ns = start_ns,
		.tgid = pid,
		.tid = tid,
		.ppid = 1,
		.uid = 1000,
		.cgroup = 77,
		.flags = RF_T_TRACKED,
		.comm = "thread",
		.leader_comm = "leader",
	};

	return t;
}

static inline void feed_thread_rec(struct rf_ledger *l, const struct rf_thread_rec *t)
{
	assert_int_equal(feed_raw(l, t, sizeof(*t)), 0);
}

/* A thread that has been in a counted call since entered_ns, asleep. */
static inline void feed_in_call(struct rf_ledger *l, uint32_t pid, uint32_t tid, uint64_t start_ns,
                                uint32_t call, uint64_t entered_ns)
{
	struct rf_thread_rec t = thread_rec(pid, tid, start_ns, entered_ns);

	t.rec.count = 1;
	t.flags |= RF_T_IN_CALL | RF_T_COUNTED;
	t.call = call;
	t.call_start_ns = entered_ns;
	feed_thread_rec(l, &t);
}

static inline void feed_counts_rec(struct rf_ledger *l, uint16_t epoch, struct rf_counts counts)
{
	struct rf_counts_rec c = { .rec = { .type = RF_REC_COUNTS, .epoch = epoch },
		                   .counts = counts };

	assert_int_equal(feed_raw(l, &c, sizeof(c)), 0);
}

#define feed_counts(l, ...) feed_counts_rec(l, 0, (struct rf_counts){ __VA_ARGS__ })

static inline void sweep(struct rf_ledger *l, uint64_t now_ns, bool final)
{
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	assert_int_equal(rf_ledger_sweep_end(l, now_ns, final), 0);
}

static inline const struct rf_cell *cell_of(const struct rf_ledger *l, uint64_t entity,
                                            uint32_t call)
{
	const struct rf_process *p = rf_ledger_find(l, entity);

	for (size_t i = 0; p && i < p->nr_cells; i++) {
		if (p->cells[i]->call == call)
			return p->cells[i];
	}
	return NULL;
}

static inline void check_law(const struct rf_ledger *l, uint64_t seen, uint64_t attributed,
                             int64_t lost, int64_t unexplained)
{
	struct rf_accounting acc;

	rf_ledger_accounting(l, &acc);
	assert_int_equal(acc.seen, seen);
	assert_int_equal(acc.attributed, attributed);
	assert_int_equal(acc.lost, lost);
	assert_int_equal(acc.lost_unexplained, unexplained);
	assert_int_equal((int64_t)(acc.seen - acc.attributed), acc.lost);
	assert_int_equal((int64_t)(acc.lost_cell + acc.lost_state + acc.lost_skipped) +
	                         acc.lost_unexplained,
	                 acc.lost);
}

/* cmocka setup and teardown: *state is a ledger whose window begins at 0. */
static inline int new_ledger(void **state)
{
	*state = rf_ledger_new();
	return *state ? 0 : -1;
}

static inline int free_ledger(void **state)
{
	rf_ledger_free(*state);
	return 0;
}

#define ledger_test(f) cmocka_unit_test_setup_teardown(f, new_ledger, free_ledger)

#endif
