// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "top_feed.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
