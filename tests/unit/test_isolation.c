// SPDX-License-Identifier: GPL-2.0-or-later
/* Violations joined to their outcome and blast radius; the account; records nobody vouches for. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger/isolation.h"

#define SEC UINT64_C(1000000000)
#define ENTITY(pid) RF_ENTITY(pid, (uint64_t)(pid) << 20)

/* What was handed over, in order. */
struct seen {
	struct rf_violation v[8];
	struct rf_blast_signal signals[8][4];
	size_t nr;
};

static void keep(void *ctx, const struct rf_violation *v)
{
	struct seen *s = ctx;

	assert_true(s->nr < 8);
	s->v[s->nr] = *v;
	for (size_t i = 0; i < v->nr_signals && i < 4; i++)
		s->signals[s->nr][i] = v->signals[i];
	s->nr++;
}

struct fixture {
	struct rf_isolation *iso;
	struct seen seen;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->iso = rf_isolation_new(keep, &f->seen);
	*state = f;
	return f->iso ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rf_isolation_free(f->iso);
	free(f);
	return 0;
}

static void feed(struct fixture *f, const void *rec, size_t size)
{
	assert_int_equal(rf_isolation_feed(f->iso, rec, size), 0);
}

static struct rf_violation_rec violation(uint64_t id, uint32_t pid, uint32_t sig, uint64_t time)
{
	return (struct rf_violation_rec){
		.rec = { .type = RF_REC_VIOLATION, .count = sig, .entity = ENTITY(pid) },
		.id = id,
		.time_ns = time,
		.tgid = pid,
		.tid = pid,
		.threads = 3,
		.pgrp = 5,
		.session = 6,
		.rss_bytes = 1 << 20,
		.flags = RF_V_TRAP,
		.arch = RF_TRAP_X86_64,
		.code = 1,
		.trap = 14,
		.error_code = 4,
		.address = 0x10,
	};
}

static void violate(struct fixture *f, uint64_t id, uint32_t pid, uint32_t sig, uint64_t time)
{
	struct rf_violation_rec rec = violation(id, pid, sig, time);

	feed(f, &rec, sizeof(rec));
}

static void outcome(struct fixture *f, uint64_t id, uint32_t what, uint32_t status, uint64_t time,
                    uint32_t children)
{
	struct rf_outcome_rec rec = { .rec = { .type = RF_REC_OUTCOME, .count = what, .entity = 1 },
		                      .id = id,
		                      .time_ns = time,
		                      .status = status,
		                      .children = children,
		                      .group = what != RF_OUTCOME_HANDLED };

	feed(f, &rec, sizeof(rec));
}

static void signalled(struct fixture *f, uint64_t id, uint32_t pid, uint32_t sig, uint64_t time,
                      uint32_t pgrp)
{
	struct rf_signal_rec rec = {
		.rec = { .type = RF_REC_SIGNAL, .count = sig, .entity = ENTITY(pid) },
		.id = id,
		.time_ns = time,
		.tgid = pid,
		.pgrp = pgrp,
		.session = 99,
		.comm = "other"
	};

	feed(f, &rec, sizeof(rec));
}

static void died(struct fixture *f, uint32_t pid, uint32_t status, uint64_t time)
{
	struct rf_process_rec rec = {
		.rec = { .type = RF_REC_EXIT, .count = status, .entity = ENTITY(pid) },
		.time_ns = time,
		.tgid = pid,
		.tid = pid
	};

	feed(f, &rec, RF_PROCESS_REC_SIZE);
}

static void handled_at_once(void **state)
{
	struct fixture *f = *state;

	violate(f, 1, 10, SIGSEGV, SEC);
	rf_isolation_advance(f->iso, SEC);
	assert_int_equal(f->seen.nr, 0);
	outcome(f, 1, RF_OUTCOME_HANDLED, 0, SEC + 5, 0);
	rf_isolation_advance(f->iso, SEC + 5);
	assert_int_equal(f->seen.nr, 1);
	assert_int_equal(f->seen.v[0].outcome, RF_OUTCOME_HANDLED);
	assert_int_equal(f->seen.v[0].threads, 0);
	assert_int_equal(f->seen.v[0].released_bytes, 0);
	assert_int_equal(f->seen.v[0].judgement.cause, RF_CAUSE_NULL_PAGE);
	assert_true(f->seen.v[0].outcome_told);
}

static void killed_waits_for_its_blast_radius(void **state)
{
	struct fixture *f = *state;

	violate(f, 1, 10, SIGSEGV, SEC);
	outcome(f, 1, RF_OUTCOME_KILLED, SIGSEGV | 0x80, SEC + 5, 0);
	outcome(f, 1, RF_OUTCOME_ENDED, SIGSEGV | 0x80, SEC + 9, 2);
	signalled(f, 1, 20, SIGTERM, SEC + 9, 1);
	signalled(f, 1, 21, SIGHUP, SEC + 9, 1);
	signalled(f, 1, 22, SIGHUP, SEC + 9, 1);
	died(f, 20, SIGTERM, SEC + 100);   /* of it */
	died(f, 21, SIGKILL, SEC + 100);   /* of something else */
	died(f, 22, SIGHUP, 2 * SEC + 10); /* too late to be due to it */
	assert_int_equal(rf_isolation_next_ns(f->iso), 2 * SEC + 9);
	rf_isolation_advance(f->iso, 2 * SEC + 8);
	assert_int_equal(f->seen.nr, 0);
	rf_isolation_advance(f->iso, 2 * SEC + 9);
	assert_int_equal(f->seen.nr, 1);
	assert_int_equal(f->seen.v[0].outcome, RF_OUTCOME_KILLED);
	assert_int_equal(f->seen.v[0].threads, 3);
	assert_int_equal(f->seen.v[0].children, 2);
	assert_int_equal(f->seen.v[0].released_bytes, 1 << 20);
	assert_true(rf_violation_dumped(&f->seen.v[0]));
	assert_int_equal(f->seen.v[0].nr_signals, 3);
	assert_true(f->seen.signals[0][0].died);
	assert_false(f->seen.signals[0][1].died);
	assert_false(f->seen.signals[0][2].died);
}

static void one_thread_alone(void **state)
{
	struct fixture *f = *state;
	struct rf_outcome_rec rec = {
		.rec = { .type = RF_REC_OUTCOME, .count = RF_OUTCOME_KILLED, .entity = 1 },
		.id = 1,
		.time_ns = SEC,
		.status = SIGSYS
	};

	violate(f, 1, 10, SIGSYS, SEC);
	feed(f, &rec, sizeof(rec));
	rf_isolation_advance(f->iso, SEC);
	assert_int_equal(f->seen.nr, 1);
	assert_false(f->seen.v[0].whole_process);
	assert_int_equal(f->seen.v[0].threads, 1);
	assert_int_equal(f->seen.v[0].released_bytes, 0);
}

static void refused_needs_no_outcome(void **state)
{
	struct fixture *f = *state;

	violate(f, 1, 10, 0, SEC);
	rf_isolation_advance(f->iso, SEC);
	assert_int_equal(f->seen.nr, 1);
	assert_int_equal(f->seen.v[0].outcome, RF_OUTCOME_REFUSED);
	assert_int_equal(f->seen.v[0].judgement.cause, RF_CAUSE_BAD_POINTER_TO_KERNEL);
}

static void a_lost_outcome_is_concluded(void **state)
{
	struct fixture *f = *state;
	struct rf_violation_rec rec = violation(3, 12, SIGSEGV, SEC);

	violate(f, 1, 10, SIGSEGV, SEC);
	died(f, 10, SIGSEGV, SEC + 1); /* the process' own record tells */
	violate(f, 2, 11, SIGSEGV, SEC);
	rec.flags |= RF_V_HANDLER;
	feed(f, &rec, sizeof(rec));
	rf_isolation_advance(f->iso, SEC);
	assert_int_equal(f->seen.nr, 0);
	rf_isolation_flush(f->iso);
	assert_int_equal(f->seen.nr, 3);
	assert_int_equal(f->seen.v[0].outcome, RF_OUTCOME_KILLED);
	assert_int_equal(f->seen.v[0].status, SIGSEGV);
	assert_int_equal(f->seen.v[1].outcome, RF_OUTCOME_KILLED);
	assert_int_equal(f->seen.v[2].outcome, RF_OUTCOME_HANDLED);
	for (int i = 0; i < 3; i++)
		assert_false(f->seen.v[i].outcome_told);
}

static void a_broken_pipe_is_the_groups(void **state)
{
	struct fixture *f = *state;

	violate(f, 1, 10, SIGSEGV, SEC);
	outcome(f, 1, RF_OUTCOME_ENDED, SIGSEGV, SEC + 1, 0);
	signalled(f, 0, 20, SIGPIPE, SEC + 2, 5);     /* the same process group */
	signalled(f, 0, 21, SIGPIPE, SEC + 2, 7);     /* a stranger */
	signalled(f, 0, 22, SIGPIPE, 2 * SEC + 2, 5); /* too late */
	rf_isolation_flush(f->iso);
	assert_int_equal(f->seen.v[0].nr_signals, 1);
	assert_int_equal(f->seen.signals[0][0].pid, 20);
}

static void many_signals_are_counted(void **state)
{
	struct fixture *f = *state;

	violate(f, 1, 10, SIGSEGV, SEC);
	outcome(f, 1, RF_OUTCOME_ENDED, SIGSEGV, SEC + 1, 0);
	for (uint32_t i = 0; i < RF_BLAST_SIGNALS + 10; i++)
		signalled(f, 1, 100 + i, SIGKILL, SEC + 2, 5);
	rf_isolation_flush(f->iso);
	assert_int_equal(f->seen.v[0].nr_signals, RF_BLAST_SIGNALS);
	assert_int_equal(f->seen.v[0].more_signals, 10);
}

/* ---- the account ---- */

static void cell(struct fixture *f, uint16_t epoch, uint32_t sig, uint32_t what, uint32_t count)
{
	struct rf_isolation_cell rec = { .rec = { .type = RF_REC_ISOLATION,
		                                  .epoch = epoch,
		                                  .count = count,
		                                  .entity = ENTITY(10) },
		                         .kind = RF_ISOLATION_VIOLATION,
		                         .key = RF_VIOLATION_KEY(sig, what),
		                         .untimed = count };

	feed(f, &rec, RF_ISOLATION_REC_SIZE(0));
}

static void counts(struct fixture *f, uint16_t epoch, uint64_t violations, uint64_t outcomes,
                   uint64_t lost)
{
	struct rf_counts_rec rec = {
		.rec = { .type = RF_REC_COUNTS, .epoch = epoch },
		.counts = { .violations = violations, .outcomes = outcomes, .lost_outcomes = lost }
	};

	feed(f, &rec, sizeof(rec));
}

static void the_account_balances(void **state)
{
	struct fixture *f = *state;
	struct rf_isolation_account acc;

	cell(f, 0, SIGSEGV, RF_OUTCOME_HANDLED, 4);
	cell(f, 0, SIGSEGV, RF_OUTCOME_KILLED, 2);
	cell(f, 0, 0, RF_OUTCOME_REFUSED, 3);
	cell(f, 1, SIGSEGV, RF_OUTCOME_KILLED, 1); /* of the next epoch, early */
	counts(f, 0, 11, 10, 1);                   /* one is open, one found no cell */
	rf_isolation_sweep_end(f->iso);
	rf_isolation_accounting(f->iso, &acc);
	assert_int_equal(acc.seen, 11);
	assert_int_equal(acc.handled, 4);
	assert_int_equal(acc.refused, 3);
	assert_int_equal(acc.open, 1);
	assert_int_equal(acc.lost, 1);
	assert_int_equal(acc.unexplained, 0);
	rf_isolation_next_interval(f->iso);
	counts(f, 1, 0, 1, 0); /* the open one ended; its cell came early */
	rf_isolation_sweep_end(f->iso);
	rf_isolation_accounting(f->iso, &acc);
	assert_int_equal(acc.seen, 1);
	assert_int_equal(acc.open, 0);
	assert_int_equal(acc.unexplained, 0);
}

static void a_defect_shows(void **state)
{
	struct fixture *f = *state;
	struct rf_isolation_account acc;

	cell(f, 0, SIGSEGV, RF_OUTCOME_KILLED, 2);
	counts(f, 0, 3, 3, 0);
	rf_isolation_sweep_end(f->iso);
	rf_isolation_accounting(f->iso, &acc);
	assert_int_equal(acc.unexplained, 1);
}

static void faults_by_class(void **state)
{
	struct fixture *f = *state;
	struct rf_isolation_cell rec = {
		.rec = { .type = RF_REC_ISOLATION, .count = 3, .entity = ENTITY(10) },
		.kind = RF_ISOLATION_FAULT,
		.key = RF_FAULT_WRITE | RF_FAULT_NOT_PRESENT | RF_HIT_HEAP << RF_FAULT_HIT_SHIFT,
		.untimed = 1,
		.total_ns = 100,
		.max_ns = 70,
		.top = 12,
	};
	const struct rf_isolated *p;

	rec.hist[10] = rec.hist[12] = 1;
	feed(f, &rec, RF_ISOLATION_REC_SIZE(rec.top));
	feed(f, &rec, RF_ISOLATION_REC_SIZE(rec.top));
	p = rf_isolation_find(f->iso, ENTITY(10));
	assert_non_null(p);
	assert_int_equal(p->nr_faults, 1);
	assert_int_equal(p->faults[0].count, 6);
	assert_int_equal(p->faults[0].untimed, 2);
	assert_int_equal(p->faults[0].max_ns, 70);
	assert_int_equal(rf_hist_count(&p->fault_hist, 12), 2);
	assert_string_equal(rf_hit_name((enum rf_hit)RF_FAULT_HIT(p->faults[0].class)), "heap");
}

/* ---- hostile ---- */

static void unsound_records(void **state)
{
	struct fixture *f = *state;
	struct rf_violation_rec v = violation(1, 10, SIGSEGV, SEC);
	struct rf_isolation_cell c = { .rec = { .type = RF_REC_ISOLATION, .count = 1, .entity = 1 },
		                       .kind = 77 };

	for (size_t n = sizeof(struct rf_rec); n < sizeof(v); n += 97)
		assert_int_equal(rf_isolation_feed(f->iso, &v, n), -EINVAL);
	v.nr_frames = RF_FRAMES + 1;
	assert_int_equal(rf_isolation_feed(f->iso, &v, sizeof(v)), -EINVAL);
	v = violation(1, 10, SIGSEGV, SEC);
	v.maps[1].path_bytes = RF_MAP_PATH + 1;
	assert_int_equal(rf_isolation_feed(f->iso, &v, sizeof(v)), -EINVAL);
	v = violation(0, 10, SIGSEGV, SEC);
	assert_int_equal(rf_isolation_feed(f->iso, &v, sizeof(v)), -EINVAL);
	v = violation(1, 10, SIGSEGV, SEC);
	feed(f, &v, sizeof(v));
	assert_int_equal(rf_isolation_feed(f->iso, &v, sizeof(v)), -EINVAL); /* twice */
	assert_int_equal(rf_isolation_feed(f->iso, &c, sizeof(c)), -EINVAL);
	c.kind = RF_ISOLATION_FAULT;
	c.key = RF_FAULT_CLASSES;
	assert_int_equal(rf_isolation_feed(f->iso, &c, sizeof(c)), -EINVAL);
	c.kind = RF_ISOLATION_VIOLATION;
	c.key = RF_VIOLATION_KEY(11, 9);
	assert_int_equal(rf_isolation_feed(f->iso, &c, sizeof(c)), -EINVAL);
	c.top = RF_HIST_BUCKETS;
	assert_int_equal(rf_isolation_feed(f->iso, &c, sizeof(c)), -EINVAL);
}

static void any_record(void **state)
{
	static const uint16_t types[] = { RF_REC_VIOLATION, RF_REC_OUTCOME, RF_REC_SIGNAL,
		                          RF_REC_ISOLATION, RF_REC_EXIT };
	struct rf_isolation *iso = rf_isolation_new(NULL, NULL);
	unsigned int seed = 7;

	assert_non_null(iso);
	for (int i = 0; i < 20000; i++) {
		size_t size = sizeof(struct rf_rec) + (size_t)rand_r(&seed) % 3200;
		char *bytes = malloc(size);
		struct rf_rec head = { .type = types[rand_r(&seed) % 5],
			               .count = (uint32_t)rand_r(&seed) % 12,
			               .entity = (uint64_t)rand_r(&seed) % 4 };

		assert_non_null(bytes);
		for (size_t k = 0; k < size; k++)
			bytes[k] = (char)(rand_r(&seed) % 3 ? 0 : rand_r(&seed));
		memcpy(bytes, &head, sizeof(head));
		(void)rf_isolation_feed(iso, bytes, size);
		free(bytes);
	}
	rf_isolation_flush(iso);
	rf_isolation_free(iso);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(handled_at_once),
		T(killed_waits_for_its_blast_radius),
		T(one_thread_alone),
		T(refused_needs_no_outcome),
		T(a_lost_outcome_is_concluded),
		T(a_broken_pipe_is_the_groups),
		T(many_signals_are_counted),
		T(the_account_balances),
		T(a_defect_shows),
		T(faults_by_class),
		T(unsound_records),
		T(any_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
