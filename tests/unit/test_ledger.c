// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "ledger_feed.h"

#define SEC UINT64_C(1000000000)

/* Cells. */

static void cells_of_all_cpus_add_up(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "cat");
	struct rf_call_cell a = call_rec(e, X86(0), 1000, 3);
	struct rf_call_cell b = call_rec(e, X86(0), 70, 2);
	const struct rf_process *p;
	const struct rf_cell *c;

	add_sample(&a, 5000, 1);
	b.waiting_ns = 60;
	b.untimed = 4;
	b.rec.count += 4;
	assert_int_equal(feed_call_rec(l, &a), 0);
	assert_int_equal(feed_raw(l, &b, sizeof(b)), 0);
	feed_calls(l, e, X86(1), 10, 1);

	c = cell_of(l, e, X86(0));
	assert_int_equal(c->calls, 10);
	assert_int_equal(c->ended, 10);
	assert_int_equal(c->open, 0);
	assert_int_equal(c->untimed, 4);
	assert_int_equal(c->total_ns, 3 * 1000 + 5000 + 2 * 70);
	assert_int_equal(c->waiting_ns, 60);
	assert_int_equal(c->min_ns, 70);
	assert_int_equal(c->max_ns, 5000);
	assert_int_equal(c->hist.total, 6);
	assert_int_equal(c->hist.first, rf_hist_bucket(70));
	assert_int_equal(rf_hist_count(&c->hist, rf_hist_bucket(70)), 2);
	assert_int_equal(rf_hist_count(&c->hist, rf_hist_bucket(1000)), 3);
	assert_int_equal(rf_hist_count(&c->hist, rf_hist_bucket(5000)), 1);
	p = rf_ledger_find(l, e);
	assert_int_equal(p->nr_cells, 2);
	assert_int_equal(p->calls, 11);
}

static void an_untimed_cell_has_no_minimum(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "cat");
	struct rf_call_cell untimed = call_rec(e, X86(0), 0, 0);

	untimed.rec.count = untimed.untimed = 7;
	assert_int_equal(feed_call_rec(l, &untimed), 0);
	feed_calls(l, e, X86(0), 500, 1);
	assert_int_equal(feed_call_rec(l, &untimed), 0);
	assert_int_equal(cell_of(l, e, X86(0))->min_ns, 500);
	assert_int_equal(cell_of(l, e, X86(0))->calls, 15);
	assert_int_equal(cell_of(l, e, X86(0))->untimed, 14);
	assert_int_equal(cell_of(l, e, X86(0))->hist.total, 1);
}

static void cells_are_kept_by_call_and_abi(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "many");
	const struct rf_process *p;

	/* coprime with the number of calls, so that they come in no order */
	for (uint32_t i = 0; i < 400; i++)
		feed_calls(l, e, RF_CALL(i % 2, i * 171 % 400), 100, i + 1);
	feed_calls(l, e, RF_CALL(0, RF_NR_INVALID), 100, 1);
	p = rf_ledger_find(l, e);
	assert_int_equal(p->nr_cells, 401);
	for (uint32_t i = 0; i < 400; i++)
		assert_int_equal(cell_of(l, e, RF_CALL(i % 2, i * 171 % 400))->calls, i + 1);
	for (size_t i = 1; i < p->nr_cells; i++)
		assert_true(p->cells[i - 1]->call < p->cells[i]->call);
	assert_int_equal(p->calls, 400 * 401 / 2 + 1);
}

static void an_empty_cell_makes_nothing(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = entity_of(9, 9);

	feed_calls(l, e, X86(0), 0, 0);
	feed_errnos(l, e, X86(0), 2, 0, 0);
	feed_times(l, e, 0, 0, 0);
	assert_int_equal(rf_ledger_nr_processes(l), 0);
}

static void failures_are_kept_by_errno(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "cat");
	const struct rf_cell *c;
	struct rf_totals totals;

	/* before the calls themselves, as another CPU may be swept first */
	feed_errnos(l, e, X86(2), ENOENT, 0, 3);
	feed_calls(l, e, X86(2), 100, 50);
	feed_errnos(l, e, X86(2), EPERM, 0, 4);
	feed_errnos(l, e, X86(2), EACCES, 0, 5);
	feed_errnos(l, e, X86(2), EPERM, RF_ERRNO_REFUSED, 6);
	feed_errnos(l, e, X86(2), ENOSYS, RF_ERRNO_REFUSED, 7);
	feed_errnos(l, e, X86(2), 0, RF_ERRNO_REFUSED, 1);
	feed_errnos(l, e, X86(2), ENOENT, 0, 10);
	feed_errnos(l, e, X86(2), 516, 0, 2);

	c = cell_of(l, e, X86(2));
	assert_int_equal(c->calls, 50);
	assert_int_equal(c->failed, 38);
	assert_int_equal(c->denied, 4 + 5 + 6 + 7 + 1);
	assert_int_equal(c->nr_errnos, 7);
	assert_int_equal(c->errnos[0].err, ENOENT);
	assert_false(c->errnos[0].refused);
	assert_int_equal(c->errnos[0].count, 13);
	assert_int_equal(c->errnos[3].err, EPERM);
	assert_true(c->errnos[3].refused);
	assert_int_equal(c->errnos[3].count, 6);
	assert_int_equal(c->errnos[5].err, 0);
	assert_true(c->errnos[5].refused);
	assert_int_equal(rf_ledger_find(l, e)->failed, 38);
	assert_int_equal(rf_ledger_find(l, e)->denied, 23);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.calls, 50);
	assert_int_equal(totals.failed, 38);
	assert_int_equal(totals.denied, 23);
}

static void faults_and_times_add_up(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "cat");
	struct rf_time_cell t = {
		.rec = { .type = RF_REC_TIME, .count = 1, .entity = e },
		.kernel_ns = 100,
		.fault_ns = 40,
	};
	const struct rf_process *p;
	struct rf_totals totals;

	feed_faults(l, e, 10, 3, 12, 1);
	feed_faults(l, e, 1, 0, 0, 1);
	feed_times(l, e, 1000, 200, 3000);
	assert_int_equal(feed_raw(l, &t, sizeof(t)), 0);
	p = rf_ledger_find(l, e);
	assert_int_equal(p->faults.user, 11);
	assert_int_equal(p->faults.kernel, 3);
	assert_int_equal(p->faults.minor, 12);
	assert_int_equal(p->faults.major, 2);
	assert_int_equal(p->time.user, 1000);
	assert_int_equal(p->time.kernel, 300);
	assert_int_equal(p->time.waiting, 3000);
	assert_int_equal(p->fault_ns, 40);
	rf_ledger_totals(l, &totals);
	assert_int_equal(totals.page_faults, 14);
	assert_int_equal(totals.time.user, 1000);
	assert_int_equal(totals.time.kernel, 300);
	assert_int_equal(totals.time.waiting, 3000);
}

/* Spans of time that are open. */

static void feed_span(struct rf_ledger *l, uint32_t tid, uint64_t since, uint32_t flags)
{
	struct rf_thread_rec t = thread_rec(100, tid, 5, since);

	t.flags |= flags;
	feed_thread_rec(l, &t);
}

static void open_spans_go_to_their_side(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = entity_of(100, 5);
	const struct rf_process *p;

	rf_ledger_start(l, 1000);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_span(l, 100, 1900, RF_T_ON_CPU);
	feed_span(l, 101, 1800, RF_T_ON_CPU | RF_T_UNKNOWN);
	feed_span(l, 102, 1960, RF_T_ON_CPU | RF_T_UNKNOWN | RF_T_IN_CALL);
	feed_span(l, 103, 1990, RF_T_ON_CPU | RF_T_IN_CALL);
	feed_span(l, 104, 1980, RF_T_ON_CPU | RF_T_IN_FAULT);
	feed_span(l, 105, 1970, RF_T_ON_CPU | RF_T_NEW);
	feed_span(l, 106, 1999, RF_T_ON_CPU | RF_T_EXITING);
	feed_span(l, 107, 1500, RF_T_IN_CALL);
	feed_span(l, 108, 1400, 0);
	/* dead, and waiting for nothing */
	feed_span(l, 109, 1100, RF_T_EXITING);
	/* before the window nothing counts */
	feed_span(l, 110, 10, 0);
	/* and nothing after the epoch's end */
	feed_span(l, 111, 2300, RF_T_ON_CPU);
	assert_int_equal(rf_ledger_sweep_end(l, 2000, false), 0);
	p = rf_ledger_find(l, e);
	assert_int_equal(p->time.user, 100 + 200 + 40);
	assert_int_equal(p->time.kernel, 10 + 20 + 30 + 1);
	assert_int_equal(p->fault_ns, 20);
	assert_int_equal(p->time.waiting, 500 + 600 + 1000);
	assert_int_equal(p->threads_seen, 10);
	assert_int_equal(rf_ledger_window_ns(l), 1000);
}

static void closed_spans_of_a_thread_count_as_well(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_thread_rec t = thread_rec(100, 100, 5, 900);
	const struct rf_process *p;

	t.user_ns = 1;
	t.kernel_ns = 20;
	t.waiting_ns = 300;
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_thread_rec(l, &t);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	p = rf_ledger_find(l, t.rec.entity);
	assert_int_equal(p->time.user, 1);
	assert_int_equal(p->time.kernel, 20);
	assert_int_equal(p->time.waiting, 400);
}

static void a_sweep_replaces_the_former_one(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = entity_of(100, 5);

	for (uint64_t now = 1000; now < 4000; now += 1000) {
		assert_int_equal(rf_ledger_sweep_begin(l), 0);
		feed_in_call(l, 100, 100, 5, X86(7), 400);
		assert_int_equal(rf_ledger_sweep_end(l, now, false), 0);
		assert_int_equal(rf_ledger_find(l, e)->time.waiting, now - 400);
		assert_int_equal(cell_of(l, e, X86(7))->calls, 1);
		assert_int_equal(cell_of(l, e, X86(7))->open, 1);
	}
	sweep(l, 5000, false);
	assert_int_equal(rf_ledger_find(l, e)->time.waiting, 0);
	assert_int_equal(rf_ledger_find(l, e)->calls, 0);
	assert_int_equal(rf_ledger_find(l, e)->threads_seen, 0);
}

static void a_thread_found_twice_counts_once(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = entity_of(100, 5);

	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 400);
	feed_in_call(l, 100, 102, 5, X86(7), 500);
	feed_in_call(l, 100, 101, 5, X86(7), 600);
	feed_in_call(l, 100, 100, 5, X86(8), 700);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, true), 0);
	assert_int_equal(rf_ledger_find(l, e)->threads_seen, 3);
	assert_int_equal(rf_ledger_find(l, e)->calls, 3);
	assert_int_equal(cell_of(l, e, X86(7))->open, 2);
	assert_int_equal(cell_of(l, e, X86(8))->open, 1);
	assert_int_equal(rf_ledger_find(l, e)->time.waiting, 300 + 400 + 500);
}

static void a_span_over_intervals_is_cut_at_their_ends(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "sleep");

	rf_ledger_start(l, 0);
	for (uint64_t now = 1000; now <= 3000; now += 1000) {
		assert_int_equal(rf_ledger_sweep_begin(l), 0);
		feed_in_call(l, 100, 100, 5, X86(7), 400);
		assert_int_equal(rf_ledger_sweep_end(l, now, false), 0);
		assert_int_equal(rf_ledger_find(l, e)->time.waiting, now == 1000 ? 600 : 1000);
		assert_int_equal(rf_ledger_window_ns(l), 1000);
		rf_ledger_next_interval(l, now);
		assert_int_equal(rf_ledger_find(l, e)->time.waiting, 0);
		assert_int_equal(rf_ledger_window_ns(l), 0);
	}
	/* it ended at 3250, then computed */
	feed_times(l, e, 0, 50, 2850);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_span(l, 100, 3300, RF_T_ON_CPU);
	assert_int_equal(rf_ledger_sweep_end(l, 4000, false), 0);
	assert_int_equal(rf_ledger_find(l, e)->time.waiting, 250);
	assert_int_equal(rf_ledger_find(l, e)->time.kernel, 50);
	assert_int_equal(rf_ledger_find(l, e)->time.user, 700);
}

static void what_was_shown_is_made_up_for(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_span(l, 100, 0, RF_T_ON_CPU | RF_T_UNKNOWN);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	assert_int_equal(rf_ledger_find(l, e)->time.user, 1000);
	rf_ledger_next_interval(l, 1000);
	/* it turns out to have been in the kernel all the time */
	feed_times(l, e, 300, 1200, 0);
	sweep(l, 1500, false);
	assert_int_equal(rf_ledger_find(l, e)->time.user, 0);
	assert_int_equal(rf_ledger_find(l, e)->time.kernel, 1200);
	rf_ledger_next_interval(l, 1500);
	feed_times(l, e, 800, 0, 0);
	sweep(l, 3000, false);
	assert_int_equal(rf_ledger_find(l, e)->time.user, 100);
}

/* Calls that are open. */

static void an_open_call_is_counted_once(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "server");
	uint64_t sum = 0;

	rf_ledger_start(l, 0);
	for (uint64_t now = 1000; now <= 3000; now += 1000) {
		feed_counts(l, .entered = now == 1000);
		assert_int_equal(rf_ledger_sweep_begin(l), 0);
		feed_in_call(l, 100, 100, 5, X86(7), 400);
		assert_int_equal(rf_ledger_sweep_end(l, now, false), 0);
		assert_int_equal(cell_of(l, e, X86(7))->calls, now == 1000);
		assert_int_equal(cell_of(l, e, X86(7))->open, now == 1000);
		check_law(l, now == 1000, now == 1000, 0, 0);
		sum += rf_ledger_find(l, e)->calls;
		rf_ledger_next_interval(l, now);
	}
	/* it fails at last, and two more are made, one of which stays open */
	feed_calls(l, e, X86(7), 2800, 1);
	feed_errnos(l, e, X86(7), EINTR, 0, 1);
	feed_calls(l, e, X86(7), 50, 1);
	feed_counts(l, .entered = 2, .finished = 2);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 3900);
	assert_int_equal(rf_ledger_sweep_end(l, 4000, true), 0);
	assert_int_equal(cell_of(l, e, X86(7))->calls, 2);
	assert_int_equal(cell_of(l, e, X86(7))->open, 1);
	assert_int_equal(cell_of(l, e, X86(7))->ended, 2);
	assert_int_equal(cell_of(l, e, X86(7))->failed, 1);
	assert_int_equal(cell_of(l, e, X86(7))->hist.total, 2);
	check_law(l, 2, 2, 0, 0);
	assert_int_equal(sum + rf_ledger_find(l, e)->calls, 3);
}

static void open_means_entered_in_this_interval(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "server");

	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 400);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	rf_ledger_next_interval(l, 1000);
	/* another thread calls and returns; the first is still in its old call */
	feed_calls(l, e, X86(7), 10, 1);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 400);
	assert_int_equal(rf_ledger_sweep_end(l, 2000, false), 0);
	assert_int_equal(cell_of(l, e, X86(7))->calls, 1);
	assert_int_equal(cell_of(l, e, X86(7))->open, 0);
}

static void an_end_that_overtakes_its_sweep_is_taken_off_later(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	/* found open, and its cell, evicted at once, comes with the same sweep */
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 400);
	feed_calls(l, e, X86(7), 700, 1);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	assert_int_equal(rf_ledger_find(l, e)->calls, 2);
	rf_ledger_next_interval(l, 1000);
	sweep(l, 2000, false);
	assert_int_equal(rf_ledger_find(l, e)->calls, 0);
	rf_ledger_next_interval(l, 2000);
	feed_calls(l, e, X86(7), 10, 3);
	sweep(l, 3000, false);
	assert_int_equal(rf_ledger_find(l, e)->calls, 2);
}

static void a_call_entered_after_the_epoch_waits_for_the_next(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = entity_of(100, 5);

	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 1001);
	feed_in_call(l, 100, 101, 5, X86(7), 1000);
	feed_in_call(l, 100, 102, 5, X86(7), 0);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	assert_int_equal(rf_ledger_find(l, e)->calls, 2);
	rf_ledger_next_interval(l, 1000);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 1001);
	feed_in_call(l, 100, 101, 5, X86(7), 1000);
	feed_in_call(l, 100, 102, 5, X86(7), 0);
	/* at the end nothing moves any more: what is open has been seen */
	feed_in_call(l, 100, 103, 5, X86(7), 2001);
	assert_int_equal(rf_ledger_sweep_end(l, 2000, true), 0);
	assert_int_equal(rf_ledger_find(l, e)->calls, 2);
	assert_int_equal(cell_of(l, e, X86(7))->open, 2);
}

static void cells_that_rest_are_given_back(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_calls(l, e, X86(1), 100, 1);
	feed_errnos(l, e, X86(1), EBADF, 0, 1);
	sweep(l, 1000, false);
	rf_ledger_next_interval(l, 1000);
	assert_int_equal(rf_ledger_find(l, e)->calls, 0);
	assert_int_equal(rf_ledger_find(l, e)->failed, 0);
	assert_int_equal(cell_of(l, e, X86(1))->nr_errnos, 0);
	assert_int_equal(cell_of(l, e, X86(1))->min_ns, 0);
	assert_int_equal(cell_of(l, e, X86(1))->hist.total, 0);
	rf_ledger_next_interval(l, 2000);
	assert_int_equal(rf_ledger_find(l, e)->nr_cells, 0);
	feed_calls(l, e, X86(1), 100, 1);
	assert_int_equal(rf_ledger_find(l, e)->calls, 1);
}

/* Seen = attributed + lost. */

static void the_law_holds_for_every_kind(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");
	struct rf_accounting acc;

	feed_calls(l, e, X86(1), 100, 90);
	feed_faults(l, e, 30, 5, 35, 0);
	/* 100 + 2: 92 ended, 2 of them lost, 3 without state, 7 open */
	feed_counts(l, .entered = 60, .finished = 50, .faults_user = 20, .lost = { 1, 3 },
	            .lost_errnos = 4, .lost_records = 5, .evicted = 6);
	feed_counts(l, .entered = 40, .refused = 2, .finished = 42, .faults_user = 10,
	            .faults_kernel = 5, .lost = { 1 }, .evicted = 1);
	rf_ledger_set_skipped(l, 11);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	for (uint32_t i = 0; i < 6; i++)
		feed_in_call(l, 100, 200 + i, 5, X86(2), 10);
	/* one entered and not yet found by the iterator */
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	check_law(l, 102 + 35 + 11, 90 + 35 + 7, 2 + 3 + 11, 0);
	rf_ledger_accounting(l, &acc);
	assert_int_equal(acc.lost_cell, 2);
	assert_int_equal(acc.lost_state, 3);
	assert_int_equal(acc.lost_skipped, 11);
	assert_int_equal(acc.lost_errnos, 4);
	assert_int_equal(acc.lost_records, 5);
	assert_int_equal(acc.evicted, 7);

	rf_ledger_next_interval(l, 1000);
	check_law(l, 0, 0, 0, 0);
	rf_ledger_set_skipped(l, 12);
	feed_calls(l, e, X86(2), 100, 8);
	feed_counts(l, .entered = 2, .finished = 8);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 200, 5, X86(2), 1500);
	assert_int_equal(rf_ledger_sweep_end(l, 2000, true), 0);
	check_law(l, 3, 2, 1, 0);
}

static void a_final_sweep_checks_what_was_entered(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_calls(l, e, X86(1), 100, 8);
	feed_counts(l, .entered = 10, .finished = 8);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 200, 5, X86(2), 10);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	check_law(l, 10, 10, 0, 0);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 200, 5, X86(2), 10);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, true), 0);
	/* one of the two open ones is nowhere */
	check_law(l, 10, 9, 1, 1);
}

static void what_ends_behind_the_end_is_not_seen(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_calls(l, e, X86(1), 100, 8);
	feed_counts(l, .entered = 10, .finished = 8);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 200, 5, X86(2), 10);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	check_law(l, 10, 10, 0, 0);
	rf_ledger_end(l);
	check_law(l, 9, 9, 0, 0);
	/* all that is open was found */
	rf_ledger_end(l);
	check_law(l, 9, 9, 0, 0);
}

static void an_end_hides_no_defect(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_calls(l, e, X86(1), 100, 7);
	feed_counts(l, .entered = 10, .finished = 8);
	sweep(l, 1000, false);
	rf_ledger_end(l);
	check_law(l, 8, 7, 1, 1);
	/* at a final sweep everything stood still */
	sweep(l, 1000, true);
	check_law(l, 8, 7, 1, 1);
	rf_ledger_end(l);
	check_law(l, 8, 7, 1, 1);
}

static void too_much_attributed_is_seen_as_well(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_calls(l, e, X86(1), 100, 9);
	feed_counts(l, .entered = 8, .finished = 8);
	sweep(l, 1000, true);
	check_law(l, 8, 9, -1, -1);
	/* as is a known loss beside it */
	feed_counts(l, .entered = 2, .finished = 2, .lost = { 2 });
	sweep(l, 1000, true);
	check_law(l, 10, 9, 1, -1);
}

static void an_end_without_a_beginning_is_seen(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_calls(l, e, X86(1), 100, 3);
	feed_counts(l, .entered = 2, .finished = 3);
	sweep(l, 1000, false);
	check_law(l, 2, 3, -1, -1);
	rf_ledger_next_interval(l, 1000);
	check_law(l, 0, 0, 0, 0);
}

static void a_cell_that_is_missing_is_seen(void **state)
{
	struct rf_ledger *l = *state;

	feed_faults(l, introduce(l, 100, 5, "x"), 5, 0, 5, 0);
	feed_counts(l, .entered = 10, .finished = 10, .faults_user = 5);
	sweep(l, 1000, false);
	check_law(l, 15, 5, 10, 10);
}

static void losing_what_was_attributed_while_open_is_no_loss(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_counts(l, .entered = 2);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 100, 100, 5, X86(7), 400);
	feed_in_call(l, 100, 101, 5, X86(7), 400);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	check_law(l, 2, 2, 0, 0);
	rf_ledger_next_interval(l, 1000);
	/* both end; the ring is full and their cell taken */
	feed_counts(l, .finished = 2, .lost = { 2 });
	sweep(l, 2000, false);
	check_law(l, 0, 0, 0, 0);
	rf_ledger_next_interval(l, 2000);
	feed_calls(l, e, X86(1), 10, 5);
	feed_counts(l, .entered = 5, .finished = 5);
	sweep(l, 3000, true);
	check_law(l, 5, 5, 0, 0);
}

static void what_is_overdrawn_stays_on_the_books(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");

	feed_counts(l, .entered = 2);
	sweep(l, 1000, false);
	check_law(l, 2, 2, 0, 0);
	rf_ledger_next_interval(l, 1000);
	/* they end and arrive in no cell: a defect that this interval has no room to show */
	feed_counts(l, .finished = 2);
	sweep(l, 2000, false);
	check_law(l, 0, 0, 0, 0);
	rf_ledger_next_interval(l, 2000);
	feed_calls(l, e, X86(1), 10, 5);
	feed_counts(l, .entered = 5, .finished = 5);
	sweep(l, 3000, false);
	check_law(l, 5, 3, 2, 2);
}

static void a_cell_ahead_of_its_epoch_waits_for_its_counts(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");
	struct rf_call_cell c = call_rec(e, X86(1), 10, 4);

	feed_calls(l, e, X86(1), 10, 5);
	c.rec.epoch = 1;
	assert_int_equal(feed_call_rec(l, &c), 0);
	feed_counts(l, .entered = 5, .finished = 5);
	check_law(l, 5, 5, 0, 0);
	sweep(l, 1000, false);
	check_law(l, 5, 5, 0, 0);
	rf_ledger_next_interval(l, 1000);
	check_law(l, 0, 0, 0, 0);
	feed_counts_rec(l, 1, (struct rf_counts){ .entered = 4, .finished = 4 });
	sweep(l, 2000, false);
	check_law(l, 4, 4, 0, 0);
	/* a second epoch in the same interval, and one ahead of the third */
	feed_calls(l, e, X86(1), 10, 3);
	feed_counts(l, .entered = 3, .finished = 3);
	sweep(l, 3000, false);
	assert_int_equal(feed_call_rec(l, &c), 0);
	check_law(l, 7, 7, 0, 0);
}

static void a_cell_ahead_of_the_sweep_is_put_off(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = introduce(l, 100, 5, "x");
	struct rf_call_cell c = call_rec(e, X86(7), 700, 1);
	struct rf_errno_cell failed = { .rec = { RF_REC_ERRNO, 1, 1, e },
		                        .call = X86(7),
		                        .err = 4 };
	struct rf_time_cell t = { .rec = { RF_REC_TIME, 1, 1, e }, .faults_user = 3 };
	struct rf_process_rec gone = process_rec(RF_REC_EXIT, 100, 5, 2000, "x");

	c.rec.epoch = gone.rec.epoch = 1;
	feed_calls(l, e, X86(7), 10, 2);
	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_counts(l, .entered = 3, .finished = 2);
	feed_in_call(l, 100, 100, 5, X86(7), 400);
	/* it ends, and its cell is moved out and its process exits before the sweep is over */
	assert_int_equal(feed_call_rec(l, &c), 0);
	assert_int_equal(feed_raw(l, &failed, sizeof(failed)), 0);
	assert_int_equal(feed_raw(l, &t, sizeof(t)), 0);
	assert_int_equal(feed_process_rec(l, &gone), 0);
	c.untimed++;
	assert_int_equal(feed_call_rec(l, &c), -EINVAL);
	/* of this epoch: not ahead */
	feed_calls(l, e, X86(7), 10, 0);
	assert_int_equal(rf_ledger_sweep_end(l, 1000, false), 0);
	assert_int_equal(rf_ledger_find(l, e)->calls, 3);
	assert_int_equal(rf_ledger_find(l, e)->failed, 0);
	assert_int_equal(rf_ledger_find(l, e)->faults.user, 0);
	assert_false(rf_ledger_find(l, e)->exited);
	check_law(l, 3, 3, 0, 0);

	rf_ledger_next_interval(l, 1000);
	assert_true(rf_ledger_find(l, e)->exited);
	feed_counts_rec(l, 1, (struct rf_counts){ .finished = 1, .faults_user = 3 });
	sweep(l, 2000, false);
	assert_int_equal(rf_ledger_find(l, e)->calls, 0);
	assert_int_equal(cell_of(l, e, X86(7))->ended, 1);
	assert_int_equal(rf_ledger_find(l, e)->failed, 1);
	assert_int_equal(rf_ledger_find(l, e)->faults.user, 3);
	check_law(l, 3, 3, 0, 0);
	rf_ledger_next_interval(l, 2000);
	assert_int_equal(rf_ledger_nr_processes(l), 0);
}

/* Asking for what is not there. */

static void unknown_ledger_calls(void **state)
{
	struct rf_ledger *l = *state;

	assert_null(rf_ledger_find(l, 1));
	assert_null(rf_ledger_process(l, 0));
	assert_int_equal(rf_ledger_set_exe(l, 1, "/bin/x"), -ENOENT);
	rf_ledger_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ledger_test(cells_of_all_cpus_add_up),
		ledger_test(an_untimed_cell_has_no_minimum),
		ledger_test(cells_are_kept_by_call_and_abi),
		ledger_test(an_empty_cell_makes_nothing),
		ledger_test(failures_are_kept_by_errno),
		ledger_test(faults_and_times_add_up),
		ledger_test(open_spans_go_to_their_side),
		ledger_test(closed_spans_of_a_thread_count_as_well),
		ledger_test(a_sweep_replaces_the_former_one),
		ledger_test(a_thread_found_twice_counts_once),
		ledger_test(a_span_over_intervals_is_cut_at_their_ends),
		ledger_test(what_was_shown_is_made_up_for),
		ledger_test(an_open_call_is_counted_once),
		ledger_test(open_means_entered_in_this_interval),
		ledger_test(an_end_that_overtakes_its_sweep_is_taken_off_later),
		ledger_test(a_call_entered_after_the_epoch_waits_for_the_next),
		ledger_test(cells_that_rest_are_given_back),
		ledger_test(the_law_holds_for_every_kind),
		ledger_test(a_final_sweep_checks_what_was_entered),
		ledger_test(what_ends_behind_the_end_is_not_seen),
		ledger_test(an_end_hides_no_defect),
		ledger_test(too_much_attributed_is_seen_as_well),
		ledger_test(an_end_without_a_beginning_is_seen),
		ledger_test(a_cell_that_is_missing_is_seen),
		ledger_test(losing_what_was_attributed_while_open_is_no_loss),
		ledger_test(what_is_overdrawn_stays_on_the_books),
		ledger_test(a_cell_ahead_of_its_epoch_waits_for_its_counts),
		ledger_test(a_cell_ahead_of_the_sweep_is_put_off),
		ledger_test(unknown_ledger_calls),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
