// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "top_feed.h"

/* Four processes: calls 40, 30, 20, 10 from a to d. */
static void four(struct host *h)
{
	begin_sweep(h);
	for (uint32_t i = 0; i < 4; i++) {
		char comm[2] = { (char)('a' + i), '\0' };

		find_one(h, 10 + i, comm);
		make_calls(h, 10 + i, 0, 1000, 40 - 10 * i);
	}
	tick(h);
}

/* The same with the calls the other way round. */
static void four_reversed(struct host *h)
{
	begin_sweep(h);
	for (uint32_t i = 0; i < 4; i++) {
		char comm[2] = { (char)('a' + i), '\0' };

		find_one(h, 10 + i, comm);
		make_calls(h, 10 + i, 0, 1000, 10 + 10 * i);
	}
	tick(h);
}

static void rows_are_sorted_and_reversed(void **state)
{
	struct host *h = *state;

	four(h);
	assert_string_equal(names(h), "a b c d ");
	press(h, 'r');
	assert_string_equal(names(h), "d c b a ");
	press(h, 'r');
	h->model.sort = RF_TOP_NAME;
	four_reversed(h);
	assert_string_equal(names(h), "a b c d ");
	h->model.sort = RF_TOP_PID;
	h->model.reverse = true;
	assert_int_equal(rf_top_rebuild(&h->model), 0);
	assert_string_equal(names(h), "d c b a ");
}

static void every_column_sorts_by_its_own_number(void **state)
{
	struct host *h = *state;
	struct rf_times *time;

	/* each of these leads in one column alone */
	begin_sweep(h);
	for (uint32_t i = 0; i < 12; i++) {
		char comm[2] = { (char)('a' + i), '\0' };

		find_one(h, 10 + i, comm);
		make_calls(h, 10 + i, 5, 1000, 10);
	}
	make_calls(h, 10, 0, 500, 100);
	feed_errnos(h->ledger, entity_of(11, BORN), X86(5), ENOENT, 0, 9);
	feed_errnos(h->ledger, entity_of(12, BORN), X86(5), EPERM, 0, 8);
	feed_faults(h->ledger, entity_of(13, BORN), 7, 0, 7, 0);
	feed_faults(h->ledger, entity_of(14, BORN), 6, 0, 0, 6);
	feed_times(h->ledger, entity_of(15, BORN), SECOND, 0, 0);
	feed_times(h->ledger, entity_of(16, BORN), 0, 2 * SECOND, 0);
	feed_times(h->ledger, entity_of(17, BORN), 0, 0, 9 * SECOND);
	make_calls(h, 18, 6, 1000000, 11); /* slow, and its top call */
	tick(h);
	time = &h->model.shown->threads[0].p.time;
	assert_true(time->waiting > 0);

	static const struct {
		enum rf_top_column column;
		const char *first;
	} leads[] = {
		{ RF_TOP_CALLS, "a" },
		{ RF_TOP_FAILED, "b" },
		{ RF_TOP_DENIED, "c" },
		{ RF_TOP_MINOR, "d" },
		{ RF_TOP_MAJOR, "e" },
		{ RF_TOP_USER_PERCENT, "f" },
		{ RF_TOP_KERNEL_PERCENT, "g" },
		{ RF_TOP_WAITING_PERCENT, "h" },
		{ RF_TOP_TIME, "g" },
		{ RF_TOP_P99, "i" },
		{ RF_TOP_PID, "a" },
		{ RF_TOP_NAME, "a" },
	};
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
		h->model.sort = leads[i].column;
		assert_int_equal(rf_top_rebuild(&h->model), 0);
		assert_string_equal(h->model.rows[0]->sum.comm, leads[i].first);
	}
}

static void the_cursor_stays_with_its_row(void **state)
{
	struct host *h = *state;

	four(h);
	press(h, RF_KEY_DOWN);
	assert_string_equal(current(h), "b");
	four_reversed(h);
	assert_string_equal(names(h), "d c b a ");
	assert_string_equal(current(h), "b");
	assert_int_equal(h->model.at, 2);
	press(h, 'r');
	assert_string_equal(current(h), "b");
	assert_int_equal(h->model.at, 1);
	press(h, RF_KEY_RIGHT);
	assert_string_equal(current(h), "b");
}

static void a_cursor_that_was_not_set_is_on_the_first_row(void **state)
{
	struct host *h = *state;

	four(h);
	assert_string_equal(current(h), "a");
	four_reversed(h);
	assert_string_equal(current(h), "d");
	press(h, RF_KEY_END);
	assert_string_equal(current(h), "a");
	four(h);
	assert_string_equal(current(h), "a");
	press(h, RF_KEY_HOME);
	four_reversed(h);
	assert_string_equal(current(h), "d");
}

static void the_cursor_of_a_row_that_goes_is_on_its_successor(void **state)
{
	struct host *h = *state;

	four(h);
	press(h, RF_KEY_DOWN);
	press(h, RF_KEY_DOWN);
	assert_string_equal(current(h), "c");
	feed_exit(h->ledger, 12, BORN, 0);
	/* its last interval shows it, the next one does not */
	four(h);
	begin_sweep(h);
	find_one(h, 10, "a");
	find_one(h, 11, "b");
	find_one(h, 13, "d");
	make_calls(h, 10, 0, 1000, 3);
	make_calls(h, 11, 0, 1000, 2);
	make_calls(h, 13, 0, 1000, 1);
	tick(h);
	assert_string_equal(names(h), "a b d ");
	assert_string_equal(current(h), "d");
	/* and there it stays */
	four_reversed(h);
	assert_string_equal(current(h), "d");
	press(h, RF_KEY_ENTER);
	assert_non_null(h->model.open);
	assert_string_equal(h->model.open->row.sum.comm, "d");
}

static void a_reused_pid_is_another_row(void **state)
{
	struct host *h = *state;
	struct rf_thread_rec t;

	four(h);
	press(h, RF_KEY_DOWN);
	assert_string_equal(current(h), "b");
	feed_exit(h->ledger, 11, BORN, 0);
	begin_sweep(h);
	find_one(h, 10, "a");
	t = thread_of(h, 11, 11, "new", "new");
	t.start_ns = 90 * SECOND;
	t.rec.entity = entity_of(11, t.start_ns);
	feed_found(h, &t);
	tick(h);
	/* 11 has ended in this interval, and the cursor is still on it */
	assert_int_equal(rf_top_current(&h->model)->sum.start_ns, BORN);
	assert_true(rf_top_current(&h->model)->sum.exited);
}

static void rows_scroll_so_that_the_cursor_is_seen(void **state)
{
	struct host *h = *state;
	size_t page;

	rf_top_resize(&h->model, 80, 24);
	page = (size_t)h->model.page_rows;
	begin_sweep(h);
	for (uint32_t i = 0; i < 100; i++) {
		find_one(h, 1000 + i, "many");
		make_calls(h, 1000 + i, 0, 1000, 200 - i);
	}
	tick(h);
	for (int i = 0; i < 40; i++)
		press(h, RF_KEY_DOWN);
	assert_int_equal(h->model.at, 40);
	assert_int_equal(h->model.scroll, 41 - page);
	press(h, RF_KEY_UP);
	assert_int_equal(h->model.scroll, 41 - page);
	press(h, RF_KEY_END);
	assert_int_equal(h->model.at, 99);
	assert_int_equal(h->model.scroll, 100 - page);
	press(h, RF_KEY_PAGE_UP);
	assert_int_equal(h->model.at, 99 - page);
	press(h, RF_KEY_HOME);
	assert_int_equal(h->model.scroll, 0);
	press(h, RF_KEY_UP);
	assert_int_equal(h->model.at, 0);
	press(h, RF_KEY_PAGE_DOWN);
	assert_int_equal(h->model.at, page);
	/* a higher screen shows them all */
	press(h, RF_KEY_END);
	rf_top_resize(&h->model, 80, 200);
	assert_int_equal(h->model.scroll, 0);
}

static void the_filter_works_while_it_is_typed(void **state)
{
	struct host *h = *state;

	begin_sweep(h);
	find_one(h, 10, "nginx");
	find_one(h, 11, "Engine");
	find_one(h, 12, "bash");
	tick(h);
	assert_int_equal(h->model.nr_rows, 3);
	press(h, '/');
	type(h, "NGINX");
	assert_int_equal(h->model.prompt, RF_TOP_FILTER);
	assert_string_equal(h->model.filter, "NGINX");
	assert_int_equal(h->model.nr_rows, 1);
	assert_string_equal(h->model.rows[0]->sum.comm, "nginx");
	press(h, RF_KEY_BACKSPACE);
	assert_int_equal(h->model.nr_rows, 2);
	/* keys are text here: q does not quit */
	assert_int_equal(press(h, 'q'), RF_TOP_NOTHING);
	assert_int_equal(h->model.nr_rows, 0);
	assert_null(rf_top_current(&h->model));
	assert_int_equal(press(h, RF_KEY_ENTER), RF_TOP_NOTHING);
	assert_int_equal(press(h, RF_KEY_ENTER), RF_TOP_NOTHING);
	assert_null(h->model.open);
	press(h, RF_KEY_ESCAPE);
	assert_string_equal(h->model.filter, "");
	assert_int_equal(h->model.nr_rows, 3);
	press(h, '/');
	press(h, 0xe4);
	assert_string_equal(h->model.filter, "ä");
	press(h, RF_KEY_BACKSPACE);
	assert_string_equal(h->model.filter, "");
	for (int i = 0; i < 200; i++)
		press(h, 0x1f600);
	assert_true(strlen(h->model.filter) < RF_TOP_FILTER_MAX);
	assert_int_equal(strlen(h->model.filter) % 4, 0);
	press(h, RF_KEY_CTRL('u'));
	assert_string_equal(h->model.filter, "");
}

/* Process 10 of three threads, process 20 of two. */
static void threads(struct host *h)
{
	begin_sweep(h);
	find(h, 10, 11, "worker", "server");
	find(h, 10, 12, "worker", "server");
	find(h, 10, 10, "server", "server");
	find(h, 20, 20, "client", "client");
	find(h, 20, 21, "worker", "client");
	make_calls(h, 10, 0, 1000, 1);
	make_calls(h, 11, 0, 1000, 2);
	make_calls(h, 12, 1, 5000, 4);
	make_calls(h, 20, 0, 1000, 8);
	make_calls(h, 21, 2, 1000, 16);
	tick(h);
}

static void threads_add_up_to_processes(void **state)
{
	struct host *h = *state;
	const struct rf_top_row *row;
	uint64_t p99;

	threads(h);
	assert_string_equal(names(h), "client server ");
	row = h->model.rows[1];
	assert_int_equal(row->sum.tgid, 10);
	assert_int_equal(row->sum.calls, 7);
	assert_int_equal(row->threads, 3);
	assert_int_equal(row->processes, 1);
	/* 3 of call 0 by two threads, 4 of call 1 */
	assert_int_equal(row->top_call, X86(1));
	assert_int_equal(row->top_calls, 4);
	assert_true(rf_top_p99(&h->model.all, row, &p99));
	assert_int_equal(p99, 5000);
	assert_int_equal(h->model.rows[0]->sum.calls, 24);
}

static void t_groups_by_thread_name_and_cgroup(void **state)
{
	struct host *h = *state;

	threads(h);
	press(h, 't');
	assert_int_equal(h->model.by, RF_BY_THREAD);
	assert_string_equal(names(h), "worker client worker worker server ");
	press(h, 't');
	assert_int_equal(h->model.by, RF_BY_COMM);
	/* a thread's own name is not its process' */
	assert_string_equal(names(h), "client server ");
	assert_int_equal(h->model.rows[1]->processes, 1);
	press(h, 't');
	assert_int_equal(h->model.by, RF_BY_CGROUP);
	assert_int_equal(h->model.nr_rows, 1);
	assert_int_equal(h->model.rows[0]->processes, 2);
	assert_int_equal(h->model.rows[0]->threads, 5);
	assert_int_equal(h->model.rows[0]->sum.calls, 31);
	press(h, 't');
	assert_int_equal(h->model.by, RF_BY_PROCESS);
}

static void a_column_that_a_group_lacks_is_not_sorted_by(void **state)
{
	struct host *h = *state;

	threads(h);
	h->model.sort = RF_TOP_PID;
	press(h, 't');
	assert_int_equal(h->model.sort, RF_TOP_PID);
	press(h, 't');
	assert_int_equal(h->model.sort, RF_TOP_CALLS);
	for (int i = 0; i < 2 * RF_TOP_COLUMNS; i++) {
		press(h, '>');
		assert_true(rf_top_column_fits(h->model.sort, h->model.by));
		assert_true(h->model.columns & 1u << h->model.sort);
	}
}

static void calls_of_processes_of_one_name_add_up(void **state)
{
	struct host *h = *state;
	uint64_t p99;

	h->model.by = RF_BY_COMM;
	begin_sweep(h);
	for (uint32_t i = 0; i < 100; i++) {
		find_one(h, 100 + i, "many");
		/* a call of its own each, and five of a common one */
		make_calls(h, 100 + i, i, 1000, 20);
		make_calls(h, 100 + i, 300, i < 99 ? 2000 : 900000, 5);
	}
	tick(h);
	assert_int_equal(h->model.nr_rows, 1);
	assert_int_equal(h->model.rows[0]->top_call, X86(300));
	assert_int_equal(h->model.rows[0]->top_calls, 500);
	/* five of 500 are slow: exactly the last hundredth */
	assert_true(rf_top_p99(&h->model.all, h->model.rows[0], &p99));
	assert_in_range(p99, 2000, 2300);
	press(h, RF_KEY_ENTER);
	assert_int_equal(h->model.open->nr_cells, 101);
	assert_int_equal(h->model.open->cells[0].calls, 500);
	assert_int_equal(h->model.open->cells[0].max_ns, 900000);
	assert_int_equal(h->model.open->nr_threads, 100);
}

static void a_pause_holds_the_screen_and_collecting_goes_on(void **state)
{
	struct host *h = *state;

	four(h);
	press(h, 'p');
	four_reversed(h);
	four_reversed(h);
	assert_int_equal(h->model.shown->number, 1);
	assert_string_equal(names(h), "a b c d ");
	/* what is held can still be looked at */
	press(h, 'r');
	assert_string_equal(names(h), "d c b a ");
	press(h, RF_KEY_ENTER);
	assert_string_equal(h->model.open->row.sum.comm, "d");
	press(h, RF_KEY_ESCAPE);
	press(h, 'r');
	press(h, 'p');
	assert_int_equal(h->model.shown->number, 3);
	assert_string_equal(names(h), "d c b a ");
	assert_int_equal(h->model.shown->since.calls, 300);
}

static void what_is_open_is_followed_to_its_end(void **state)
{
	struct host *h = *state;
	struct rf_top_opened *o;

	four(h);
	press(h, RF_KEY_DOWN);
	assert_int_equal(press(h, RF_KEY_ENTER), RF_TOP_OPENED);
	o = h->model.open;
	assert_int_equal(o->cells[0].calls, 30);
	four_reversed(h);
	assert_int_equal(o->cells[0].calls, 20);
	/* another order and another grouping of the table do not matter */
	h->model.by = RF_BY_COMM;
	assert_int_equal(rf_top_rebuild(&h->model), 0);
	four_reversed(h);
	assert_int_equal(o->row.sum.tgid, 11);
	assert_int_equal(o->nr_threads, 1);
	feed_exit(h->ledger, 11, BORN, 9);
	begin_sweep(h);
	find_one(h, 10, "a");
	tick(h);
	assert_true(o->row.sum.exited);
	begin_sweep(h);
	find_one(h, 10, "a");
	tick(h);
	assert_true(o->gone);
	assert_int_equal(o->nr_threads, 0);
	assert_int_equal(o->row.sum.tgid, 11);
	press(h, RF_KEY_ESCAPE);
	assert_null(h->model.open);
	assert_int_equal(h->model.page, RF_TOP_TABLE);
}

static void failures_are_listed_the_most_frequent_first(void **state)
{
	struct host *h = *state;
	struct rf_top_opened *o;

	begin_sweep(h);
	find(h, 10, 10, "a", "a");
	find(h, 10, 11, "b", "a");
	make_calls(h, 10, 2, 1000, 10);
	make_calls(h, 11, 2, 1000, 10);
	make_calls(h, 10, 59, 1000, 10);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(2), ENOENT, 0, 3);
	feed_errnos(h->ledger, entity_of(11, BORN), X86(2), ENOENT, 0, 4);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(59), EACCES, 0, 5);
	feed_errnos(h->ledger, entity_of(10, BORN), X86(59), EACCES, RF_ERRNO_REFUSED, 1);
	tick(h);
	press(h, RF_KEY_ENTER);
	o = h->model.open;
	assert_int_equal(o->nr_failures, 3);
	assert_int_equal(o->failures[0].error.err, ENOENT);
	assert_int_equal(o->failures[0].error.count, 7);
	assert_int_equal(o->failures[1].error.count, 5);
	assert_false(o->failures[1].error.refused);
	assert_true(o->failures[2].error.refused);
	assert_int_equal(o->row.sum.failed, 13);
	assert_int_equal(o->row.sum.denied, 6);
}

static void the_call_that_is_looked_at_stays(void **state)
{
	struct host *h = *state;

	begin_sweep(h);
	find_one(h, 10, "a");
	make_calls(h, 10, 0, 1000, 30);
	make_calls(h, 10, 1, 1000, 20);
	make_calls(h, 10, 2, 1000, 10);
	tick(h);
	press(h, RF_KEY_ENTER);
	assert_int_equal(rf_top_open_at(h->model.open), 0);
	press(h, RF_KEY_DOWN);
	assert_int_equal(h->model.open->cursor, X86(1));
	begin_sweep(h);
	find_one(h, 10, "a");
	make_calls(h, 10, 1, 1000, 99);
	make_calls(h, 10, 2, 1000, 100);
	tick(h);
	assert_int_equal(rf_top_open_at(h->model.open), 1);
	press(h, RF_KEY_UP);
	assert_int_equal(h->model.open->cursor, X86(2));
	press(h, RF_KEY_UP);
	assert_int_equal(h->model.open->cursor, X86(2));
}

static void intervals_go_up_and_down_in_steps(void **state)
{
	struct host *h = *state;

	h->model.interval_ns = SECOND;
	assert_int_equal(press(h, '+'), RF_TOP_INTERVAL);
	assert_int_equal(h->model.interval_ns, 2 * SECOND);
	assert_int_equal(press(h, '-'), RF_TOP_INTERVAL);
	assert_int_equal(press(h, '-'), RF_TOP_INTERVAL);
	assert_int_equal(h->model.interval_ns, SECOND / 2);
	h->model.interval_ns = 3 * SECOND;
	press(h, '-');
	assert_int_equal(h->model.interval_ns, 2 * SECOND);
	for (int i = 0; i < 20; i++)
		press(h, '-');
	assert_int_equal(h->model.interval_ns, SECOND / 10);
	assert_int_equal(press(h, '-'), RF_TOP_NOTHING);
	for (int i = 0; i < 20; i++)
		press(h, '+');
	assert_int_equal(h->model.interval_ns, 60 * SECOND);
}

static void keys_lead_from_page_to_page_and_back(void **state)
{
	struct host *h = *state;

	four(h);
	press(h, RF_KEY_ENTER);
	assert_int_equal(h->model.page, RF_TOP_OPEN);
	press(h, 'f');
	assert_int_equal(h->model.page, RF_TOP_FEED);
	press(h, '?');
	assert_int_equal(h->model.page, RF_TOP_HELP);
	press(h, '?');
	assert_int_equal(h->model.page, RF_TOP_FEED);
	press(h, RF_KEY_ESCAPE);
	assert_int_equal(h->model.page, RF_TOP_OPEN);
	press(h, 'c');
	press(h, '?');
	press(h, 'x');
	assert_int_equal(h->model.page, RF_TOP_OPEN);
	press(h, RF_KEY_ESCAPE);
	assert_int_equal(h->model.page, RF_TOP_TABLE);
	press(h, 's');
	assert_int_equal(h->model.prompt, RF_TOP_SAVE);
	assert_int_equal(press(h, 'j'), RF_TOP_SAVE_JSON);
	press(h, 's');
	assert_int_equal(press(h, 't'), RF_TOP_SAVE_TEXT);
	press(h, 's');
	assert_int_equal(press(h, 'q'), RF_TOP_NOTHING);
	assert_int_equal(press(h, 'q'), RF_TOP_QUIT);
	assert_int_equal(press(h, RF_KEY_CTRL('c')), RF_TOP_QUIT);
	assert_int_equal(press(h, RF_KEY_CTRL('l')), RF_TOP_REPAINT);
	assert_int_equal(press(h, RF_KEY_CTRL('z')), RF_TOP_SUSPEND);
}

static void columns_are_chosen(void **state)
{
	struct host *h = *state;

	four(h);
	press(h, 'c');
	for (int i = 0; i < RF_TOP_USER_PERCENT; i++)
		press(h, RF_KEY_DOWN);
	assert_false(h->model.columns & 1u << RF_TOP_USER_PERCENT);
	press(h, ' ');
	assert_true(h->model.columns & 1u << RF_TOP_USER_PERCENT);
	press(h, 's');
	assert_int_equal(h->model.sort, RF_TOP_USER_PERCENT);
	press(h, RF_KEY_HOME);
	press(h, ' ');
	assert_false(h->model.columns & 1u << RF_TOP_PID);
	press(h, RF_KEY_ESCAPE);
	assert_int_equal(h->model.page, RF_TOP_TABLE);
}

static void column_names_are_parsed_and_told(void **state)
{
	char all[512] = "";

	for (int c = 0; c < RF_TOP_COLUMNS; c++) {
		const char *name = rf_top_column_name((enum rf_top_column)c);

		assert_int_equal(rf_top_column_parse(name), c);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", c ? ", " : "", name);
	}
	assert_string_equal(all, rf_top_column_names());
	assert_int_equal(rf_top_column_parse("nosuch"), -EINVAL);
}

static void before_the_first_interval_keys_do_no_harm(void **state)
{
	struct host *h = *state;

	for (uint32_t key = 1; key < 128; key++)
		press(h, key);
	for (uint32_t key = RF_KEY_UP; key <= RF_KEY_OTHER; key++)
		press(h, key);
	assert_null(h->model.open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(rows_are_sorted_and_reversed),
		host_test(every_column_sorts_by_its_own_number),
		host_test(the_cursor_stays_with_its_row),
		host_test(a_cursor_that_was_not_set_is_on_the_first_row),
		host_test(the_cursor_of_a_row_that_goes_is_on_its_successor),
		host_test(a_reused_pid_is_another_row),
		host_test(rows_scroll_so_that_the_cursor_is_seen),
		host_test(the_filter_works_while_it_is_typed),
		host_test(threads_add_up_to_processes),
		host_test(t_groups_by_thread_name_and_cgroup),
		host_test(a_column_that_a_group_lacks_is_not_sorted_by),
		host_test(calls_of_processes_of_one_name_add_up),
		host_test(a_pause_holds_the_screen_and_collecting_goes_on),
		host_test(what_is_open_is_followed_to_its_end),
		host_test(failures_are_listed_the_most_frequent_first),
		host_test(the_call_that_is_looked_at_stays),
		host_test(intervals_go_up_and_down_in_steps),
		host_test(keys_lead_from_page_to_page_and_back),
		host_test(columns_are_chosen),
		host_test(column_names_are_parsed_and_told),
		host_test(before_the_first_interval_keys_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
