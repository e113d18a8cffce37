// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pages as they are drawn, without a terminal.
 */
#include <errno.h>
#include <jansson.h>

#include "top_feed.h"

static void assert_shows(struct host *h, int width, int height, bool utf8, const char *text)
{
	char *shown = screen(h, width, height, utf8);

	if (!strstr(shown, text))
		fail_msg("no \"%s\" in:\n%s", text, shown);
	free(shown);
}

static void assert_hides(struct host *h, int width, int height, bool utf8, const char *text)
{
	char *shown = screen(h, width, height, utf8);

	if (strstr(shown, text))
		fail_msg("\"%s\" in:\n%s", text, shown);
	free(shown);
}

static void busy(struct host *h)
{
	begin_sweep(h);
	find(h, 10, 10, "server", "server");
	find(h, 10, 11, "worker", "server");
	make_calls(h, 10, 0, 1000, 1500);
	make_calls(h, 11, 1, 50000, 500);
	feed_errnos(h->ledger, entity_of(11, BORN), X86(1), EAGAIN, 0, 25);
	feed_times(h->ledger, entity_of(10, BORN), SECOND / 2, SECOND / 4, SECOND / 4);
	feed_faults(h->ledger, entity_of(10, BORN), 12, 3, 15, 0);
	feed_counts(h->ledger, .entered = 2000, .finished = 2000, .faults_user = 12,
	            .faults_kernel = 3);
	tick(h);
}

static void the_table_shows_a_row_in_full(void **state)
{
	struct host *h = *state;

	busy(h);
	assert_shows(h, 120, 24, true, "     10 1000");
	assert_shows(h, 120, 24, true, "server");
	assert_shows(h, 120, 24, true, " 2,000   25.0   15.0      0      0     0 read");
	assert_shows(h, 120, 24, true, "user 12%  kernel 6.2%");
	assert_shows(h, 120, 24, true, "crossings/s 2,015");
	assert_shows(h, 120, 24, true, "1 process by calls");
	assert_hides(h, 120, 24, true, "lost");
}

static void losses_are_shown_when_there_are_any(void **state)
{
	struct host *h = *state;

	begin_sweep(h);
	find_one(h, 10, "a");
	make_calls(h, 10, 0, 1000, 90);
	feed_counts(h->ledger, .entered = 100, .finished = 100, .lost = { 10 }, .lost_records = 4,
	            .lost_errnos = 3);
	tick(h);
	assert_shows(h, 120, 24, true, "lost 10 of 100");
	assert_shows(h, 120, 24, true, "names lost 4");
	assert_shows(h, 120, 24, true, "errnos lost 3");
}

static void what_is_open_shows_calls_failures_faults_threads(void **state)
{
	struct host *h = *state;

	busy(h);
	press(h, RF_KEY_ENTER);
	assert_shows(h, 120, 60, true, "pid 10 server  user 1000  2 threads");
	assert_shows(h, 120, 60, true, "read                 1,500      0 1.00µs 1.00µs 1.00µs");
	assert_shows(h, 120, 60, true, "write                  500   25.0 50.0µs 50.0µs 50.0µs");
	assert_shows(h, 120, 60, true, "LATENCY of read: 1.00µs to 1.00µs");
	assert_shows(h, 120, 60, true, "EAGAIN               write                25.0");
	assert_shows(h, 120, 60, true, "raised in user mode                       12.0");
	assert_shows(h, 120, 60, true, "     11 worker           user mode, off the CPU");
	press(h, RF_KEY_DOWN);
	assert_shows(h, 120, 60, true, "LATENCY of write: 50.0µs to 50.0µs");
}

static void a_thread_that_hangs_says_in_what_and_since_when(void **state)
{
	struct host *h = *state;
	struct rf_thread_rec t;

	begin_sweep(h);
	t = thread_of(h, 10, 10, "a", "a");
	t.flags |= RF_T_IN_CALL;
	t.call = X86(7);
	t.since_ns = h->now - 90 * SECOND;
	feed_found(h, &t);
	t = thread_of(h, 10, 11, "b", "a");
	t.flags |= RF_T_IN_CALL | RF_T_COUNTED | RF_T_ON_CPU;
	t.rec.count = 1;
	t.call = X86(0);
	t.call_start_ns = h->now - 2 * SECOND;
	feed_found(h, &t);
	tick(h);
	press(h, RF_KEY_ENTER);
	assert_shows(h, 80, 60, true,
	             "     10 a                poll                   waiting > 90.0s");
	assert_shows(h, 80, 60, true,
	             "     11 b                read                   running 2.00s");
}

static void parts_are_reached_by_tab(void **state)
{
	struct host *h = *state;

	busy(h);
	press(h, RF_KEY_ENTER);
	assert_hides(h, 80, 16, true, "TID COMMAND");
	for (int i = 0; i < 3; i++) {
		press(h, RF_KEY_TAB);
		free(screen(h, 80, 16, true));
	}
	assert_shows(h, 80, 16, true, "TID COMMAND");
	press(h, RF_KEY_TAB);
	assert_shows(h, 80, 16, true, "pid 10 server");
	press(h, RF_KEY_END);
	assert_shows(h, 80, 16, true, "worker");
	press(h, RF_KEY_HOME);
	assert_shows(h, 80, 16, true, "pid 10 server");
}

static void hostile_names_stay_in_their_cells(void **state)
{
	static const char *const hostile[] = {
		"\x1b[2J\x1b[H",
		"a\nb\rc\td",
		"\xff\xfe\xfd",
		"漢字漢字漢",
		"\xe2\x80\xae"
		"rtl",
		"\xc2\x9b"
		"31m",
		"\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9",
		"%s%n%d",
		"a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
	};
	struct host *h = *state;

	begin_sweep(h);
	for (uint32_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		find_one(h, 10 + i, hostile[i]);
		make_calls(h, 10 + i, 0, 1000, 100 - i);
	}
	tick(h);
	for (int utf8 = 0; utf8 < 2; utf8++) {
		char *text = screen(h, 80, 24, utf8), *rest = text, *line;
		int lines = 0;

		while ((line = strsep(&rest, "\n"))) {
			wchar_t wide[256];
			size_t n = mbstowcs(wide, line, 256);

			lines++;
			assert_true(n < 256);
			assert_true(wcswidth(wide, n) >= 0);
			assert_true(wcswidth(wide, n) <= 80);
			for (const char *c = line; *c; c++)
				assert_true((unsigned char)*c >= ' ' && *c != 0x7f &&
				            (utf8 || !(*c & 0x80)));
			/* the row's last column stands where the others' does */
			if (strstr(line, "read "))
				assert_int_equal(wcswidth(wide, n), 80);
		}
		assert_int_equal(lines, 25);
		free(text);
	}
	assert_shows(h, 80, 24, true, "\\x1b[2J");
	assert_shows(h, 80, 24, true, "%s%n%d");
}

static void every_size_is_drawn_without_harm(void **state)
{
	struct host *h = *state;

	busy(h);
	for (int page = 0; page < 5; page++) {
		static const uint32_t keys[] = { 0, RF_KEY_ENTER, 'f', '?', 'c' };

		press(h, RF_KEY_ESCAPE);
		press(h, RF_KEY_ESCAPE);
		if (keys[page])
			press(h, keys[page]);
		for (int width = 1; width < 260; width += 7) {
			for (int height = 1; height < 70; height += 3) {
				free(screen(h, width, height, width & 1));
				press(h, RF_KEY_PAGE_DOWN);
			}
		}
	}
	press(h, RF_KEY_ESCAPE);
	press(h, RF_KEY_ESCAPE);
	assert_shows(h, 30, 5, true, "too small");
}

static void columns_that_do_not_fit_are_left_out_but_not_the_sorted_one(void **state)
{
	struct host *h = *state;

	busy(h);
	assert_shows(h, 200, 24, true, "MAJ/s");
	assert_shows(h, 200, 24, true, "VIOL");
	assert_hides(h, 80, 24, true, "MAJ/s");
	h->model.sort = RF_TOP_MAJOR;
	assert_shows(h, 80, 24, true, "MAJ/s");
	assert_shows(h, 80, 24, true, "COMMAND");
	assert_shows(h, 80, 24, true, "CALL/s");
	h->model.columns |= 1u << RF_TOP_USER_PERCENT;
	assert_shows(h, 200, 24, true, "USER%");
}

static void the_state_of_the_view_is_told(void **state)
{
	struct host *h = *state;

	busy(h);
	press(h, 'p');
	assert_shows(h, 80, 24, true, "PAUSED");
	press(h, 'p');
	assert_hides(h, 80, 24, true, "PAUSED");
	press(h, '/');
	type(h, "zzz");
	assert_shows(h, 80, 24, true, "filter by name: zzz");
	assert_shows(h, 80, 24, true, "0 of 1");
	assert_shows(h, 80, 24, true, "no name has the text");
	press(h, RF_KEY_ENTER);
	assert_shows(h, 80, 24, true, "named zzz");
	press(h, RF_KEY_ESCAPE);
	press(h, 's');
	assert_shows(h, 80, 24, true, "save: j");
	press(h, 'x');
	press(h, 'r');
	assert_shows(h, 80, 24, true, "reversed");
}

static void the_feed_scrolls_and_leaves_denials_out(void **state)
{
	struct rf_top_event e = { .violation = true,
		                  .pid = 99,
		                  .comm = "crasher",
		                  .what = "SIGSEGV null-page: killed",
		                  .why = "it read at address 0, where nothing is mapped",
		                  .where = "/bin/crasher+0x10",
		                  .blast = "1 thread, no core" };
	struct host *h = *state;

	assert_int_equal(rf_top_taker_event(h->taker, &e), 0);
	begin_sweep(h);
	for (uint32_t i = 0; i < 60; i++) {
		find_one(h, 10 + i, "denied");
		make_calls(h, 10 + i, 257, 1000, 1);
		feed_errnos(h->ledger, entity_of(10 + i, BORN), X86(257), EPERM, 0, 1);
	}
	tick(h);
	press(h, 'f');
	assert_shows(h, 100, 24, true, "openat denied: EPERM");
	assert_shows(h, 100, 24, true, "1 of 61 events");
	assert_hides(h, 100, 24, true, "crasher");
	press(h, RF_KEY_END);
	assert_shows(h, 100, 24, true, "61 of 61 events");
	assert_shows(h, 100, 24, true, "  1 thread, no core");
	press(h, RF_KEY_HOME);
	assert_hides(h, 100, 24, true, "crasher");
	press(h, 'd');
	assert_shows(h, 100, 24, true, "1 of 1 events");
	assert_shows(h, 100, 24, true, "crasher          SIGSEGV null-page: killed");
}

static json_t *saved_json(struct host *h)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json;

	assert_int_equal(rf_top_save_json(&h->model, out), 0);
	fclose(out);
	json = json_loads(text, 0, NULL);
	assert_non_null(json);
	free(text);
	return json;
}

static long long number(const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static void the_view_is_saved_as_json(void **state)
{
	struct host *h = *state;
	json_t *json, *row, *thread, *inside;

	busy(h);
	json = saved_json(h);
	assert_string_equal(json_string_value(json_object_get(json, "schema")), "ringfence.top/1");
	assert_int_equal(number(json, "window_ns"), SECOND);
	assert_int_equal(json_array_size(json_object_get(json, "rows")), 1);
	row = json_array_get(json_object_get(json, "rows"), 0);
	assert_int_equal(number(row, "pid"), 10);
	assert_int_equal(number(row, "calls"), 2000);
	assert_int_equal(number(row, "failed"), 25);
	assert_int_equal(number(json_object_get(row, "page_faults"), "minor"), 15);
	assert_int_equal(number(json_object_get(row, "top_call"), "calls"), 1500);
	assert_int_equal(number(json_object_get(json, "accounting"), "seen"), 2015);
	assert_int_equal(number(json_object_get(json, "accounting"), "attributed"), 2015);
	json_decref(json);

	press(h, RF_KEY_ENTER);
	json = saved_json(h);
	row = json_object_get(json, "open");
	assert_int_equal(json_array_size(json_object_get(row, "by_call")), 2);
	assert_int_equal(json_array_size(json_object_get(row, "by_thread")), 2);
	thread = json_array_get(json_object_get(row, "by_thread"), 1);
	assert_int_equal(number(thread, "tid"), 11);
	inside = json_object_get(thread, "inside");
	assert_string_equal(json_string_value(json_object_get(inside, "place")), "user");
	json_decref(json);

	press(h, 'f');
	json = saved_json(h);
	assert_int_equal(json_array_size(json_object_get(json, "events")), 0);
	json_decref(json);
}

static void the_view_is_saved_as_text_with_all_rows(void **state)
{
	struct host *h = *state;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	begin_sweep(h);
	for (uint32_t i = 0; i < 200; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), "p%u.", i);
		find_one(h, 1000 + i, comm);
		make_calls(h, 1000 + i, 0, 1000, 1000 - i);
	}
	tick(h);
	h->model.utf8 = true;
	rf_top_resize(&h->model, 80, 24);
	assert_int_equal(rf_top_save_text(&h->model, out), 0);
	fclose(out);
	for (uint32_t i = 0; i < 200; i++) {
		char comm[16];

		snprintf(comm, sizeof(comm), " p%u. ", i);
		assert_non_null(strstr(text, comm));
	}
	free(text);
}

static void without_latency_no_time_is_told(void **state)
{
	struct host *h = *state;
	json_t *json;

	h->model.no_latency = true;
	h->model.columns |= 1u << RF_TOP_USER_PERCENT | 1u << RF_TOP_WAITING_PERCENT;
	busy(h);
	assert_shows(h, 160, 24, true, "not taken with --latency=none");
	/* TIME, USER%, WAIT% */
	assert_shows(h, 160, 24, true, " server                   -       ");
	assert_shows(h, 160, 24, true, "     -     -  2,000");
	assert_hides(h, 160, 24, true, "idle");
	assert_hides(h, 160, 24, true, "%  ");
	json = saved_json(h);
	assert_true(json_is_null(
		json_object_get(json_array_get(json_object_get(json, "rows"), 0), "time_ns")));
	json_decref(json);
	press(h, RF_KEY_ENTER);
	assert_shows(h, 160, 40, true, "not taken with --latency=none");
	assert_hides(h, 160, 40, true, "▓");
	assert_hides(h, 160, 40, true, "of the kernel time");
}

static void a_thread_has_no_more_time_than_there_is(void **state)
{
	struct host *h = *state;

	h->model.columns |= 1u << RF_TOP_USER_PERCENT | 1u << RF_TOP_WAITING_PERCENT;
	begin_sweep(h);
	find_one(h, 10, "a");
	/* what was open when the sweep before came by is taken in a little later */
	feed_times(h->ledger, entity_of(10, BORN), SECOND / 2, 0, SECOND);
	tick(h);
	assert_shows(h, 160, 24, true, "    20    80 ");
}

static void a_narrow_header_has_whole_numbers(void **state)
{
	struct host *h = *state;

	snprintf(h->model.target, sizeof(h->model.target), "the whole host");
	busy(h);
	assert_shows(h, 60, 24, true, "  waiting 56%  idle 25%\n");
	assert_shows(h, 54, 24, true, "  waiting 56%\n");
	assert_shows(h, 40, 24, true, "user 12%  kernel 6.2%\n");
	assert_shows(h, 40, 24, true, "ringfence top  the whole host\n");
	assert_shows(h, 70, 24, true, " of a CPU, 0 MiB\n");
	assert_shows(h, 69, 24, true, " of a CPU\n");
	assert_hides(h, 60, 24, true, "cost");
	press(h, 'p');
	assert_shows(h, 40, 24, true, " PAUSED ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		host_test(the_table_shows_a_row_in_full),
		host_test(losses_are_shown_when_there_are_any),
		host_test(what_is_open_shows_calls_failures_faults_threads),
		host_test(a_thread_that_hangs_says_in_what_and_since_when),
		host_test(parts_are_reached_by_tab),
		host_test(hostile_names_stay_in_their_cells),
		host_test(every_size_is_drawn_without_harm),
		host_test(columns_that_do_not_fit_are_left_out_but_not_the_sorted_one),
		host_test(the_state_of_the_view_is_told),
		host_test(the_feed_scrolls_and_leaves_denials_out),
		host_test(the_view_is_saved_as_json),
		host_test(the_view_is_saved_as_text_with_all_rows),
		host_test(without_latency_no_time_is_told),
		host_test(a_thread_has_no_more_time_than_there_is),
		host_test(a_narrow_header_has_whole_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
