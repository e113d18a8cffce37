// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "ledger/rows.h"
#include "ledger_feed.h"

/* pid, uid, cgroup, comm, and calls of X86(0) at 1000 ns */
static uint64_t add_process(struct rf_ledger *l, uint32_t pid, uint32_t uid, uint64_t cgroup,
                            const char *comm, uint32_t calls)
{
	struct rf_process_rec p = process_rec(RF_REC_FORK, pid, 1 << 20, 100, comm);

	p.uid = uid;
	p.cgroup = cgroup;
	assert_int_equal(feed_process_rec(l, &p), 0);
	feed_calls(l, p.rec.entity, X86(0), 1000, calls);
	return p.rec.entity;
}

static void build(struct rf_rows *rows, const struct rf_ledger *l, enum rf_by by, enum rf_sort sort)
{
	assert_int_equal(rf_rows_build(rows, l, by, sort, 0, false), 0);
	assert_int_equal(rows->by, by);
	assert_int_equal(rows->cut, 0);
}

static void names_are_parsed_and_told(void **state)
{
	char all[256] = "";

	for (int by = RF_BY_PROCESS; by <= RF_BY_CALL; by++) {
		assert_int_equal(rf_by_parse(rf_by_name((enum rf_by)by)), by);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", by ? ", " : "",
		         rf_by_name((enum rf_by)by));
	}
	assert_string_equal(all, rf_by_names());
	all[0] = '\0';
	for (int sort = RF_SORT_CROSSINGS; sort <= RF_SORT_NAME; sort++) {
		assert_int_equal(rf_sort_parse(rf_sort_name((enum rf_sort)sort)), sort);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", sort ? ", " : "",
		         rf_sort_name((enum rf_sort)sort));
	}
	assert_string_equal(all, rf_sort_names());
	assert_int_equal(rf_by_parse("proces"), -EINVAL);
	assert_int_equal(rf_by_parse("processes"), -EINVAL);
	assert_int_equal(rf_by_parse(""), -EINVAL);
	assert_int_equal(rf_sort_parse("Calls"), -EINVAL);
}

static void an_empty_ledger_has_no_rows(void **state)
{
	struct rf_rows rows;

	for (int by = RF_BY_PROCESS; by <= RF_BY_CALL; by++) {
		build(&rows, *state, (enum rf_by)by, RF_SORT_CROSSINGS);
		assert_int_equal(rows.nr, 0);
		rf_rows_clear(&rows);
	}
}

static void the_busiest_come_first(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_rows rows;

	add_process(l, 10, 0, 1, "a", 5);
	feed_faults(l, add_process(l, 11, 0, 1, "b", 3), 2, 2, 4, 0);
	add_process(l, 13, 0, 1, "d", 6);
	add_process(l, 12, 0, 1, "c", 6);
	introduce(l, 14, 1 << 20, "idle");
	build(&rows, l, RF_BY_PROCESS, RF_SORT_CROSSINGS);
	assert_int_equal(rows.nr, 4);
	assert_int_equal(rows.rows[0].sum.tgid, 11);
	/* equal ones by entity */
	assert_int_equal(rows.rows[1].sum.tgid, 12);
	assert_int_equal(rows.rows[2].sum.tgid, 13);
	assert_int_equal(rows.rows[3].sum.tgid, 10);
	assert_string_equal(rows.rows[3].sum.comm, "a");
	assert_int_equal(rows.rows[3].processes, 1);
	rf_rows_clear(&rows);
	assert_null(rows.rows);

	assert_int_equal(rf_rows_build(&rows, l, RF_BY_PROCESS, RF_SORT_CROSSINGS, 2, false), 0);
	assert_int_equal(rows.nr, 2);
	assert_int_equal(rows.cut, 2);
	assert_int_equal(rows.rows[0].sum.tgid, 11);
	rf_rows_clear(&rows);
	assert_int_equal(rf_rows_build(&rows, l, RF_BY_PROCESS, RF_SORT_CROSSINGS, 9, true), 0);
	assert_int_equal(rows.nr, 5);
	assert_int_equal(rows.cut, 0);
	assert_int_equal(rows.rows[4].sum.tgid, 14);
	rf_rows_clear(&rows);
}

/* Three processes, each first, second and last in its own way. */
static void check_order(const struct rf_ledger *l, enum rf_sort sort, uint32_t a, uint32_t b,
                        uint32_t c)
{
	struct rf_rows rows;

	build(&rows, l, RF_BY_PROCESS, sort);
	assert_int_equal(rows.nr, 3);
	if (rows.rows[0].sum.tgid != a || rows.rows[1].sum.tgid != b || rows.rows[2].sum.tgid != c)
		fail_msg("by %s: %u, %u, %u", rf_sort_name(sort), rows.rows[0].sum.tgid,
		         rows.rows[1].sum.tgid, rows.rows[2].sum.tgid);
	rf_rows_clear(&rows);
}

static void every_order(void **state)
{
	struct rf_ledger *l = *state;
	/* entities do not follow pids: the start time comes first */
	struct rf_process_rec p = process_rec(RF_REC_FORK, 1, 3 << 20, 5, "m");
	uint64_t one = p.rec.entity, two, three;

	assert_int_equal(feed_process_rec(l, &p), 0);
	feed_calls(l, one, X86(0), 10, 30);
	two = add_process(l, 2, 0, 0, "z", 20);
	three = add_process(l, 3, 0, 0, "a", 10);
	feed_faults(l, two, 1, 0, 1, 0);
	feed_faults(l, three, 90, 0, 90, 0);
	feed_errnos(l, one, X86(0), EPERM, 0, 1);
	feed_errnos(l, two, X86(0), ENOENT, 0, 9);
	feed_errnos(l, three, X86(0), EPERM, 0, 2);
	feed_times(l, one, 10, 1000, 2);
	feed_times(l, two, 500, 20, 1);
	feed_times(l, three, 499, 22, 9);
	check_order(l, RF_SORT_CROSSINGS, 3, 1, 2);
	check_order(l, RF_SORT_CALLS, 1, 2, 3);
	check_order(l, RF_SORT_FAILED, 2, 3, 1);
	check_order(l, RF_SORT_DENIED, 3, 1, 2);
	check_order(l, RF_SORT_FAULTS, 3, 2, 1);
	check_order(l, RF_SORT_USER, 2, 3, 1);
	check_order(l, RF_SORT_KERNEL, 1, 3, 2);
	check_order(l, RF_SORT_WAITING, 3, 1, 2);
	check_order(l, RF_SORT_TIME, 1, 3, 2);
	check_order(l, RF_SORT_PID, 1, 2, 3);
	check_order(l, RF_SORT_NAME, 3, 1, 2);
}

static const struct rf_row *row_of(const struct rf_rows *rows, uint32_t tgid)
{
	for (size_t i = 0; i < rows->nr; i++) {
		if (rows->rows[i].sum.tgid == tgid)
			return &rows->rows[i];
	}
	fail_msg("no row is named after %u", tgid);
	return NULL;
}

static void rows_group_by_what_is_asked(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_rows rows;

	add_process(l, 10, 0, 7, "sh", 1);
	add_process(l, 11, 5, 8, "sh", 10);
	add_process(l, 12, 5, 7, "ls", 100);
	/* nobody knows whose this is: neither root's nor that of the comm-less */
	feed_calls(l, entity_of(13, 9), X86(0), 1000, 1000);

	build(&rows, l, RF_BY_COMM, RF_SORT_PID);
	assert_int_equal(rows.nr, 3);
	assert_int_equal(row_of(&rows, 10)->sum.calls, 11);
	assert_int_equal(row_of(&rows, 10)->processes, 2);
	assert_int_equal(row_of(&rows, 12)->sum.calls, 100);
	assert_int_equal(row_of(&rows, 13)->sum.calls, 1000);
	rf_rows_clear(&rows);
	build(&rows, l, RF_BY_USER, RF_SORT_PID);
	assert_int_equal(rows.nr, 3);
	assert_int_equal(row_of(&rows, 10)->sum.calls, 1);
	assert_int_equal(row_of(&rows, 11)->sum.calls, 110);
	assert_int_equal(row_of(&rows, 13)->sum.calls, 1000);
	assert_false(row_of(&rows, 13)->sum.known);
	rf_rows_clear(&rows);
	build(&rows, l, RF_BY_CGROUP, RF_SORT_PID);
	assert_int_equal(rows.nr, 3);
	assert_int_equal(row_of(&rows, 10)->sum.calls, 101);
	assert_int_equal(row_of(&rows, 11)->sum.calls, 10);
	rf_rows_clear(&rows);
}

static void comms_are_equal_in_all_their_bytes(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_rows rows;

	add_process(l, 10, 0, 7, "0123456789abcdeX", 1);
	add_process(l, 11, 0, 7, "0123456789abcdeY", 1);
	add_process(l, 12, 0, 7, "0123456789abcdeY", 1);
	add_process(l, 13, 0, 7, "0", 1);
	build(&rows, l, RF_BY_COMM, RF_SORT_NAME);
	assert_int_equal(rows.nr, 3);
	assert_string_equal(rows.rows[0].sum.comm, "0");
	assert_string_equal(rows.rows[1].sum.comm, "0123456789abcdeX");
	assert_int_equal(rows.rows[2].processes, 2);
	rf_rows_clear(&rows);
}

static void a_row_is_the_sum_of_its_processes(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t a = add_process(l, 10, 0, 7, "sh", 2), b = add_process(l, 11, 0, 7, "sh", 3);
	struct rf_process_rec gone = process_rec(RF_REC_EXIT, 11, 1 << 20, 900, "sh");
	struct rf_call_cell c = call_rec(b, X86(0), 50, 1);
	const struct rf_process *p;
	const struct rf_cell *cell;
	struct rf_rows rows;

	c.untimed = 4;
	c.rec.count += 4;
	c.waiting_ns = 20;
	assert_int_equal(feed_call_rec(l, &c), 0);
	feed_calls(l, b, X86(9), 7000, 30);
	feed_calls(l, a, X86(3), 10, 10);
	feed_calls(l, a, X86(4), 11, 10);
	feed_errnos(l, a, X86(0), ENOENT, 0, 1);
	feed_errnos(l, b, X86(0), EPERM, RF_ERRNO_REFUSED, 1);
	feed_errnos(l, b, X86(0), ENOENT, 0, 2);
	feed_times(l, a, 1, 20, 300);
	feed_times(l, b, 1, 20, 300);
	feed_faults(l, a, 1, 2, 3, 0);
	feed_faults(l, b, 1, 2, 0, 3);
	assert_int_equal(rf_ledger_set_exe(l, a, "/bin/sh"), 0);
	gone.cgroup = 7;
	gone.uid = 0;
	gone.minflt = 6;
	assert_int_equal(feed_process_rec(l, &gone), 0);
	build(&rows, l, RF_BY_COMM, RF_SORT_CALLS);
	/* rows stand on their own */
	rf_ledger_next_interval(l, 5);
	rf_ledger_next_interval(l, 6);
	assert_int_equal(rows.nr, 1);
	assert_int_equal(rows.rows[0].processes, 2);
	p = &rows.rows[0].sum;
	assert_int_equal(p->tgid, 10);
	assert_string_equal(p->exe, "/bin/sh");
	assert_false(p->exited);
	assert_int_equal(p->kernel_minflt, 6);
	assert_int_equal(p->calls, 2 + 3 + 5 + 30 + 20);
	assert_int_equal(p->failed, 4);
	assert_int_equal(p->denied, 1);
	assert_int_equal(p->time.user, 2);
	assert_int_equal(p->time.kernel, 40);
	assert_int_equal(p->time.waiting, 600);
	assert_int_equal(p->faults.user, 2);
	assert_int_equal(p->faults.kernel, 4);
	assert_int_equal(p->faults.minor, 3);
	assert_int_equal(p->faults.major, 3);
	/* by calls, then by time */
	assert_int_equal(p->nr_cells, 4);
	assert_int_equal(p->cells[0]->call, X86(9));
	assert_int_equal(p->cells[1]->call, X86(0));
	assert_int_equal(p->cells[2]->call, X86(4));
	assert_int_equal(p->cells[3]->call, X86(3));
	cell = p->cells[1];
	assert_int_equal(cell->calls, 10);
	assert_int_equal(cell->ended, 10);
	assert_int_equal(cell->untimed, 4);
	assert_int_equal(cell->failed, 4);
	assert_int_equal(cell->denied, 1);
	assert_int_equal(cell->total_ns, 5050);
	assert_int_equal(cell->waiting_ns, 20);
	assert_int_equal(cell->min_ns, 50);
	assert_int_equal(cell->max_ns, 1000);
	assert_int_equal(cell->hist.total, 6);
	assert_int_equal(rf_hist_count(&cell->hist, rf_hist_bucket(1000)), 5);
	assert_int_equal(rf_hist_count(&cell->hist, rf_hist_bucket(50)), 1);
	assert_int_equal(cell->nr_errnos, 2);
	assert_int_equal(cell->errnos[0].err, ENOENT);
	assert_int_equal(cell->errnos[0].count, 3);
	assert_true(cell->errnos[1].refused);
	rf_rows_clear(&rows);
}

static void the_untimed_have_no_minimum_in_a_row(void **state)
{
	struct rf_ledger *l = *state;
	struct rf_call_cell c = call_rec(0, X86(0), 0, 0);
	struct rf_rows rows;

	c.rec.count = c.untimed = 4;
	for (uint32_t pid = 10; pid <= 12; pid++) {
		c.rec.entity = add_process(l, pid, 0, 7, "sh", pid == 11);
		assert_int_equal(feed_call_rec(l, &c), 0);
	}
	build(&rows, l, RF_BY_COMM, RF_SORT_CALLS);
	assert_int_equal(rows.rows[0].sum.cells[0]->calls, 13);
	assert_int_equal(rows.rows[0].sum.cells[0]->untimed, 12);
	assert_int_equal(rows.rows[0].sum.cells[0]->min_ns, 1000);
	rf_rows_clear(&rows);
}

static void by_call_all_processes_meet(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t a = add_process(l, 12, 0, 7, "z", 5), b = add_process(l, 11, 0, 7, "b", 6);
	struct rf_call_cell c = call_rec(b, X86(2), 900, 1);
	struct rf_rows rows;

	c.waiting_ns = 700;
	assert_int_equal(feed_call_rec(l, &c), 0);
	feed_errnos(l, b, X86(2), EPERM, 0, 1);
	feed_calls(l, b, RF_CALL(1, 0), 10, 50);
	feed_faults(l, a, 1000, 0, 0, 0);
	feed_times(l, a, 5000, 5000, 5000);
	build(&rows, l, RF_BY_CALL, RF_SORT_CROSSINGS);
	assert_int_equal(rows.nr, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(rows.rows[i].sum.nr_cells, 1);
		assert_int_equal(rows.rows[i].sum.faults.user, 0);
		assert_int_equal(rows.rows[i].sum.time.user, 0);
	}
	assert_int_equal(rows.rows[0].sum.cells[0]->call, RF_CALL(1, 0));
	assert_int_equal(rows.rows[1].sum.cells[0]->call, X86(0));
	assert_int_equal(rows.rows[1].sum.calls, 11);
	assert_int_equal(rows.rows[1].processes, 2);
	assert_int_equal(rows.rows[1].sum.time.kernel, 11000);
	assert_int_equal(rows.rows[2].sum.cells[0]->call, X86(2));
	assert_int_equal(rows.rows[2].sum.denied, 1);
	assert_int_equal(rows.rows[2].sum.time.kernel, 200);
	assert_int_equal(rows.rows[2].sum.time.waiting, 700);
	rf_rows_clear(&rows);
	build(&rows, l, RF_BY_CALL, RF_SORT_NAME);
	assert_int_equal(rows.rows[0].sum.cells[0]->call, X86(0));
	assert_int_equal(rows.rows[1].sum.cells[0]->call, X86(2));
	assert_int_equal(rows.rows[2].sum.cells[0]->call, RF_CALL(1, 0));
	rf_rows_clear(&rows);
}

static void threads_meet_in_their_process(void **state)
{
	struct rf_ledger *l = *state;
	const uint64_t born = 1 << 20;
	struct rf_rows rows;

	for (uint32_t tid = 53; tid >= 50; tid--) {
		struct rf_process_rec p = process_rec(RF_REC_FORK, 50, born, 100, "worker");

		if (tid == 50)
			strcpy(p.comm, "server");
		p.tid = tid;
		p.rec.entity = entity_of(tid, tid == 50 ? born : born + tid * 4096);
		assert_int_equal(feed_process_rec(l, &p), 0);
		feed_calls(l, p.rec.entity, X86(0), 10, tid);
	}
	/* the same pid, another time */
	introduce(l, 50, born * 8, "other");
	feed_calls(l, entity_of(50, born * 8), X86(0), 10, 1);
	build(&rows, l, RF_BY_PROCESS, RF_SORT_CALLS);
	assert_int_equal(rows.nr, 2);
	assert_int_equal(rows.rows[0].sum.calls, 50 + 51 + 52 + 53);
	assert_int_equal(rows.rows[0].sum.tid, 50);
	assert_string_equal(rows.rows[0].sum.comm, "server");
	assert_int_equal(rows.rows[0].sum.entity, entity_of(50, born));
	assert_int_equal(rows.rows[0].processes, 1);
	assert_int_equal(rows.rows[0].sum.nr_cells, 1);
	assert_string_equal(rows.rows[1].sum.comm, "other");
	rf_rows_clear(&rows);
	build(&rows, l, RF_BY_THREAD, RF_SORT_CALLS);
	assert_int_equal(rows.nr, 5);
	assert_int_equal(rows.rows[0].sum.tid, 53);
	assert_int_equal(rows.rows[0].sum.tgid, 50);
	assert_int_equal(rows.rows[3].sum.tid, 50);
	rf_rows_clear(&rows);
	build(&rows, l, RF_BY_THREAD, RF_SORT_PID);
	assert_int_equal(rows.rows[4].sum.tid, 53);
	rf_rows_clear(&rows);
}

static void a_late_failure_still_has_a_row(void **state)
{
	struct rf_ledger *l = *state;
	uint64_t e = add_process(l, 10, 0, 7, "a", 5);
	struct rf_rows rows;

	assert_int_equal(rf_ledger_sweep_begin(l), 0);
	feed_in_call(l, 10, 10, 1 << 20, X86(7), 50);
	assert_int_equal(rf_ledger_sweep_end(l, 100, false), 0);
	build(&rows, l, RF_BY_PROCESS, RF_SORT_CALLS);
	assert_int_equal(rows.rows[0].sum.nr_cells, 2);
	assert_int_equal(rows.rows[0].sum.cells[1]->open, 1);
	rf_rows_clear(&rows);
	rf_ledger_next_interval(l, 100);
	build(&rows, l, RF_BY_PROCESS, RF_SORT_CALLS);
	assert_int_equal(rows.nr, 0);
	rf_rows_clear(&rows);
	/* entered in the former interval, ended in this one */
	feed_calls(l, e, X86(7), 60, 1);
	build(&rows, l, RF_BY_PROCESS, RF_SORT_CALLS);
	assert_int_equal(rows.nr, 1);
	assert_int_equal(rows.rows[0].sum.calls, 0);
	assert_int_equal(rows.rows[0].sum.nr_cells, 1);
	assert_int_equal(rows.rows[0].sum.cells[0]->ended, 1);
	rf_rows_clear(&rows);
	build(&rows, l, RF_BY_CALL, RF_SORT_CALLS);
	assert_int_equal(rows.nr, 1);
	rf_rows_clear(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_parsed_and_told),
		ledger_test(an_empty_ledger_has_no_rows),
		ledger_test(the_busiest_come_first),
		ledger_test(every_order),
		ledger_test(rows_group_by_what_is_asked),
		ledger_test(comms_are_equal_in_all_their_bytes),
		ledger_test(a_row_is_the_sum_of_its_processes),
		ledger_test(the_untimed_have_no_minimum_in_a_row),
		ledger_test(by_call_all_processes_meet),
		ledger_test(threads_meet_in_their_process),
		ledger_test(a_late_failure_still_has_a_row),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}
