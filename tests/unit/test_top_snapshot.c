// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>

#include "top_feed.h"
#include "views/faults.h"

static const struct rf_top_thread *thread(const struct rf_top_snapshot *s, uint32_t tid)
{
	for (size_t i = 0; i < s->nr_threads; i++) {
		if (s->threads[i].p.tid == tid)
			return &s->threads[i];
	}
	fail_msg("no thread %u", tid);
	return NULL;
}

static void a_snapshot_outlives_its_ledger(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s;
	const struct rf_top_thread *t;

	begin_sweep(h);
	find_one(h, 10, "a");
	make_calls(h, 10, 0, 1000, 5);
	make_calls(h, 10, 0, 9000, 5);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(0), ENOENT, 0, 3);
	s = take(h);
	for (int i = 0; i < 3; i++) {
		begin_sweep(h);
		rf_top_snapshot_free(take(h));
	}
	rf_ledger_free(h->ledger);
	h->ledger = rf_ledger_new();
	t = thread(s, 10);
	assert_int_equal(s->number, 1);
	assert_int_equal(s->window_ns, SECOND);
	assert_string_equal(t->p.comm, "a");
	assert_int_equal(t->p.nr_cells, 1);
	assert_int_equal(t->p.cells[0]->calls, 10);
	assert_int_equal(t->p.cells[0]->hist.total, 10);
	assert_in_range(rf_hist_quantile(&t->p.cells[0]->hist, 0.99, 1000, 9000), 8000, 9000);
	assert_int_equal(t->p.cells[0]->errnos[0].err, ENOENT);
	assert_int_equal(t->p.cells[0]->errnos[0].count, 3);
	rf_top_snapshot_free(s);
	rf_top_snapshot_free(NULL);
}

static void where_a_thread_is_and_for_how_long(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s;
	const struct rf_top_inside *in;
	struct rf_thread_rec t;

	begin_sweep(h);
	t = thread_of(h, 10, 10, "a", "a");
	t.flags |= RF_T_IN_CALL | RF_T_COUNTED;
	t.rec.count = 1;
	t.call = X86(7);
	t.call_start_ns = h->now - 5 * SECOND;
	feed_found(h, &t);
	t = thread_of(h, 11, 11, "b", "b");
	t.flags |= RF_T_IN_CALL;
	t.call = X86(232);
	t.since_ns = h->now - 60 * SECOND;
	feed_found(h, &t);
	t = thread_of(h, 12, 12, "c", "c");
	t.flags |= RF_T_ON_CPU;
	t.since_ns = h->now - SECOND / 2;
	feed_found(h, &t);
	t = thread_of(h, 13, 13, "d", "d");
	t.flags |= RF_T_IN_FAULT;
	feed_found(h, &t);
	t = thread_of(h, 14, 14, "e", "e");
	t.flags |= RF_T_ON_CPU | RF_T_UNKNOWN;
	feed_found(h, &t);
	find_one(h, 15, "f");
	s = take(h);

	in = &thread(s, 10)->inside;
	assert_int_equal(in->where, RF_TOP_IN_CALL);
	assert_int_equal(in->call, X86(7));
	assert_true(in->timed && !in->before && !in->running);
	assert_int_equal(in->for_ns, 5 * SECOND);
	in = &thread(s, 11)->inside;
	assert_int_equal(in->where, RF_TOP_IN_CALL);
	assert_int_equal(in->call, X86(232));
	assert_true(in->timed && in->before);
	assert_int_equal(in->for_ns, 60 * SECOND);
	in = &thread(s, 12)->inside;
	assert_int_equal(in->where, RF_TOP_IN_USER);
	assert_true(in->running);
	assert_int_equal(in->for_ns, SECOND / 2);
	assert_int_equal(thread(s, 13)->inside.where, RF_TOP_IN_FAULT);
	assert_int_equal(thread(s, 14)->inside.where, RF_TOP_NOT_KNOWN);
	assert_int_equal(thread(s, 15)->inside.where, RF_TOP_IN_READY);
	rf_top_snapshot_free(s);

	/* who is not found by the next sweep is nowhere */
	begin_sweep(h);
	make_calls(h, 10, 0, 1000, 1);
	s = take(h);
	assert_int_equal(thread(s, 10)->inside.where, RF_TOP_GONE);
	rf_top_snapshot_free(s);
}

static void without_latency_no_duration_is_made_up(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s;
	struct rf_thread_rec t;

	begin_sweep(h);
	t = thread_of(h, 10, 10, "a", "a");
	t.flags |= RF_T_IN_CALL | RF_T_COUNTED;
	t.rec.count = 1;
	t.since_ns = 0;
	feed_found(h, &t);
	s = take(h);
	assert_false(thread(s, 10)->inside.timed);
	assert_false(thread(s, 10)->inside.before);
	rf_top_snapshot_free(s);
}

static void sums_go_on_from_interval_to_interval(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s = NULL;

	for (uint32_t i = 1; i <= 3; i++) {
		rf_top_snapshot_free(s);
		begin_sweep(h);
		find_one(h, 10, "a");
		make_calls(h, 10, 0, 1000, 10 * i);
		feed_errnos(h->ledger, entity_of(10, BORN), X86(0), EPERM, 0, i);
		feed_faults(h->ledger, entity_of(10, BORN), i, 0, i, 0);
		feed_counts(h->ledger, .entered = 10 * i + 2, .finished = 10 * i + 2,
		            .faults_user = i, .lost = { 2 });
		s = take(h);
	}
	assert_int_equal(s->totals.calls, 30);
	assert_int_equal(s->since.calls, 60);
	assert_int_equal(s->since.denied, 6);
	assert_int_equal(s->since.failed, 6);
	assert_int_equal(s->since.page_faults, 6);
	assert_int_equal(s->since.ns, 3 * SECOND);
	assert_int_equal(s->since.accounting.seen, 72);
	assert_int_equal(s->since.accounting.attributed, 66);
	assert_int_equal(s->since.accounting.lost, 6);
	assert_int_equal(s->since.accounting.lost_unexplained, 0);
	assert_int_equal(s->nr_history, 3);
	assert_true(s->history[0] == 11.0 && s->history[1] == 22.0 && s->history[2] == 33.0);
	rf_top_snapshot_free(s);
}

static void the_history_keeps_the_latest(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s = NULL;

	for (uint32_t i = 1; i <= RF_TOP_HISTORY + 5; i++) {
		rf_top_snapshot_free(s);
		begin_sweep(h);
		find_one(h, 10, "a");
		make_calls(h, 10, 0, 1000, i);
		s = take(h);
	}
	assert_int_equal(s->nr_history, RF_TOP_HISTORY);
	assert_true(s->history[0] == 6.0);
	assert_true(s->history[RF_TOP_HISTORY - 1] == RF_TOP_HISTORY + 5.0);
	rf_top_snapshot_free(s);
}

static void denials_become_events(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s;

	begin_sweep(h);
	find_one(h, 10, "a");
	make_calls(h, 10, 257, 1000, 20);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(257), ENOENT, 0, 4);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(257), EACCES, 0, 5);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(257), EPERM, RF_ERRNO_REFUSED, 1);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(257), 0, RF_ERRNO_REFUSED, 1);
	s = take(h);
	assert_int_equal(s->nr_events, 3);
	assert_int_equal(s->events[0].pid, 10);
	assert_false(s->events[0].violation);
	assert_string_equal(s->events[0].comm, "a");
	assert_string_equal(s->events[0].what, "openat denied: EACCES, 5 times");
	assert_string_equal(s->events[1].what,
	                    "openat denied before it began (seccomp or ptrace): EPERM");
	assert_string_equal(s->events[2].what,
	                    "openat denied before it began (seccomp or ptrace): SIGSYS");
	rf_top_snapshot_free(s);
}

static void a_full_feed_gives_up_denials_first(void **state)
{
	struct host *h = *state;
	struct rf_top_event e = { .comm = "v",
		                  .what = "violated",
		                  .why = "because",
		                  .where = "there",
		                  .blast = "1 thread" };
	struct rf_top_snapshot *s;

	e.violation = true;
	assert_int_equal(rf_top_taker_event(h->taker, &e), 0);
	e.violation = false;
	e.comm = "d";
	for (uint32_t i = 0; i < RF_TOP_EVENTS + 10; i++) {
		e.pid = i;
		assert_int_equal(rf_top_taker_event(h->taker, &e), 0);
	}
	begin_sweep(h);
	s = take(h);
	assert_int_equal(s->nr_events, RF_TOP_EVENTS);
	assert_true(s->events[0].violation);
	assert_string_equal(s->events[0].blast, "1 thread");
	assert_int_equal(s->events[1].pid, 11);
	rf_top_snapshot_free(s);
	e.violation = true;
	for (uint32_t i = 0; i < RF_TOP_EVENTS; i++) {
		e.pid = 5000 + i;
		assert_int_equal(rf_top_taker_event(h->taker, &e), 0);
	}
	begin_sweep(h);
	s = take(h);
	assert_int_equal(s->events[0].pid, 5000);
	rf_top_snapshot_free(s);
}

/* ---- isolation ---- */

static void feed_isolation(struct host *h, const void *rec, size_t size)
{
	assert_int_equal(rf_isolation_feed(h->iso, rec, size), 0);
}

static void violate(struct host *h, uint32_t pid, uint32_t sig, uint32_t outcome, uint32_t n)
{
	struct rf_isolation_cell rec = {
		.rec = { .type = RF_REC_ISOLATION, .count = n, .entity = entity_of(pid, BORN) },
		.kind = RF_ISOLATION_VIOLATION,
		.key = RF_VIOLATION_KEY(sig, outcome),
		.untimed = n
	};

	feed_isolation(h, &rec, RF_ISOLATION_REC_SIZE(0));
}

static void fault(struct host *h, uint32_t pid, uint32_t class, uint32_t n)
{
	struct rf_isolation_cell rec = {
		.rec = { .type = RF_REC_ISOLATION, .count = n, .entity = entity_of(pid, BORN) },
		.kind = RF_ISOLATION_FAULT,
		.key = class,
		.untimed = n
	};

	feed_isolation(h, &rec, RF_ISOLATION_REC_SIZE(0));
}

static void feed_isolation_counts(struct host *h, struct rf_counts counts)
{
	struct rf_counts_rec rec = { .rec = { .type = RF_REC_COUNTS }, .counts = counts };

	feed_isolation(h, &rec, sizeof(rec));
}

static void watch_isolation(struct host *h, rf_violation_sink sink)
{
	h->iso = rf_isolation_new(sink, h);
	assert_non_null(h->iso);
}

static void violations_are_their_threads(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *first, *s;
	const struct rf_top_thread *t;

	watch_isolation(h, NULL);
	begin_sweep(h);
	find_one(h, 10, "a");
	find_one(h, 11, "b");
	violate(h, 10, SIGSEGV, RF_OUTCOME_HANDLED, 4);
	violate(h, 10, 0, RF_OUTCOME_REFUSED, 3);
	fault(h, 10, RF_FAULT_WRITE | RF_FAULT_NOT_PRESENT, 9);
	first = take(h);
	/* what an interval has is its own, what there was before is added */
	begin_sweep(h);
	find_one(h, 10, "a");
	violate(h, 10, SIGBUS, RF_OUTCOME_HANDLED, 2);
	s = take(h);
	t = thread(s, 10);
	assert_int_equal(t->violations, 9);
	assert_int_equal(t->nr_violated, 1);
	assert_int_equal(t->violated[0].sig, SIGBUS);
	assert_int_equal(t->nr_faults, 0);
	rf_top_snapshot_free(s);
	/* and is still there in an interval without any */
	begin_sweep(h);
	find_one(h, 10, "a");
	s = take(h);
	assert_int_equal(thread(s, 10)->violations, 9);
	assert_int_equal(thread(s, 10)->nr_violated, 0);
	rf_top_snapshot_free(s);
	/* the first is untouched by all of it */
	t = thread(first, 10);
	assert_true(first->has_isolation);
	assert_int_equal(t->violations, 7);
	assert_int_equal(t->nr_violated, 2);
	assert_int_equal(t->violated[0].count + t->violated[1].count, 7);
	assert_int_equal(t->nr_faults, 1);
	assert_int_equal(t->faults[0].count, 9);
	assert_int_equal(thread(first, 11)->violations, 0);
	assert_int_equal(thread(first, 11)->nr_violated, 0);
	rf_top_snapshot_free(first);
}

static void who_died_of_it_is_counted(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s;

	watch_isolation(h, NULL);
	begin_sweep(h);
	find_one(h, 10, "a");
	violate(h, 10, SIGSEGV, RF_OUTCOME_HANDLED, 1);
	rf_top_snapshot_free(take(h));
	begin_sweep(h);
	violate(h, 10, SIGSEGV, RF_OUTCOME_KILLED, 1);
	feed_exit(h->ledger, 10, BORN, SIGSEGV);
	s = take(h);
	assert_true(thread(s, 10)->p.exited);
	assert_int_equal(thread(s, 10)->violations, 2);
	rf_top_snapshot_free(s);
}

static void violations_since_the_start(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s;

	begin_sweep(h);
	s = take(h);
	assert_false(s->has_isolation);
	rf_top_snapshot_free(s);
	watch_isolation(h, NULL);
	begin_sweep(h);
	find_one(h, 10, "a");
	violate(h, 10, SIGSEGV, RF_OUTCOME_HANDLED, 1);
	violate(h, 10, SIGSEGV, RF_OUTCOME_KILLED, 2);
	violate(h, 10, 0, RF_OUTCOME_REFUSED, 4);
	/* 8: its end found no cell; 16 more have not ended */
	feed_isolation_counts(
		h, (struct rf_counts){ .violations = 31, .outcomes = 15, .lost_outcomes = 8 });
	s = take(h);
	assert_int_equal(s->since.violations, 15);
	assert_int_equal(s->since.lost_violations, 8);
	rf_top_snapshot_free(s);
	begin_sweep(h);
	rf_isolation_set_skipped(h->iso, 32);
	feed_isolation_counts(h, (struct rf_counts){ .lost_events = 64 });
	s = take(h);
	assert_int_equal(s->since.violations, 15);
	assert_int_equal(s->since.lost_violations, 8 + 32 + 64);
	rf_top_snapshot_free(s);
}

static void tell(void *ctx, const struct rf_violation *v)
{
	const struct rf_faults_view words = { 0 };
	struct host *h = ctx;

	assert_int_equal(rf_top_taker_violation(h->taker, &words, v), 0);
}

static void feed_violation(struct host *h, uint64_t id, uint32_t pid, const char *comm,
                           uint32_t sig)
{
	struct rf_violation_rec rec = {
		.rec = { .type = RF_REC_VIOLATION, .count = sig, .entity = entity_of(pid, BORN) },
		.id = id,
		.time_ns = h->now + id,
		.tgid = pid,
		.tid = pid,
		.threads = 3,
		.rss_bytes = 1 << 20,
		.flags = RF_V_TRAP,
		.arch = RF_TRAP_X86_64,
		.code = 1,
		.trap = 14,
		.error_code = 4,
		.address = 0x10,
	};

	set_name(rec.comm, comm);
	feed_isolation(h, &rec, sizeof(rec));
}

static void end_violation(struct host *h, uint64_t id, uint32_t outcome)
{
	struct rf_outcome_rec rec = {
		.rec = { .type = RF_REC_OUTCOME, .count = outcome, .entity = 1 },
		.id = id,
		.time_ns = h->now + 10,
		.status = outcome == RF_OUTCOME_HANDLED ? 0 : SIGSEGV,
		.children = 2,
		.group = outcome != RF_OUTCOME_HANDLED
	};

	feed_isolation(h, &rec, sizeof(rec));
}

static void violations_become_events(void **state)
{
	struct host *h = *state;
	struct rf_top_snapshot *s;
	const struct rf_top_event *e;

	watch_isolation(h, tell);
	feed_violation(h, 1, 10, "sixteen-letters!", SIGSEGV);
	end_violation(h, 1, RF_OUTCOME_KILLED);
	end_violation(h, 1, RF_OUTCOME_ENDED);
	feed_violation(h, 2, 11, "caught", SIGSEGV);
	end_violation(h, 2, RF_OUTCOME_HANDLED);
	feed_violation(h, 3, 12, "refused", 0);
	rf_isolation_flush(h->iso);
	begin_sweep(h);
	s = take(h);
	assert_int_equal(s->nr_events, 3);
	e = &s->events[0];
	assert_true(e->violation);
	assert_int_equal(e->pid, 10);
	assert_int_equal(e->time_ns, h->now - SECOND + 1);
	assert_string_equal(e->comm, "sixteen-letters!");
	assert_string_equal(e->what, "SIGSEGV null-page: killed");
	assert_non_null(strstr(e->why, "read address 0x10"));
	assert_non_null(strstr(e->blast, "3 threads, 2 orphaned children"));
	/* who lives on has harmed nobody */
	assert_string_equal(s->events[1].what, "SIGSEGV null-page: handled");
	assert_string_equal(s->events[1].blast, "");
	assert_string_equal(s->events[2].what, "EFAULT bad-pointer-to-kernel: refused");
	rf_top_snapshot_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(a_snapshot_outlives_its_ledger),
		host_test(where_a_thread_is_and_for_how_long),
		host_test(without_latency_no_duration_is_made_up),
		host_test(sums_go_on_from_interval_to_interval),
		host_test(the_history_keeps_the_latest),
		host_test(denials_become_events),
		host_test(a_full_feed_gives_up_denials_first),
		host_test(violations_are_their_threads),
		host_test(who_died_of_it_is_counted),
		host_test(violations_since_the_start),
		host_test(violations_become_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
