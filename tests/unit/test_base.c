// SPDX-License-Identifier: GPL-2.0-or-later
/* src/base: strings, messages, cleanup, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rf_time.h"
#include "base/str.h"

static void str_empty_reads_as_empty_text(void **state)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	assert_string_equal(rf_str_get(&s), "");
	assert_int_equal(s.len, 0);
}

static void str_appends_grow_past_every_capacity(void **state)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	for (int i = 0; i < 1000; i++)
		assert_int_equal(rf_str_appendf(&s, "%03d", i), 0);
	assert_int_equal(s.len, 3000);
	assert_int_equal(strlen(rf_str_get(&s)), 3000);
	assert_memory_equal(rf_str_get(&s) + 2997, "999", 4);
}

static void str_always_has_room_for_the_nul(void **state)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	for (size_t len = 1; len <= 300; len++) {
		assert_int_equal(rf_str_append_char(&s, 'x'), 0);
		assert_true(s.cap > len);
		assert_int_equal(strlen(s.data), len);
	}
}

static void str_keeps_embedded_nul(void **state)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	assert_int_equal(rf_str_append_n(&s, "a\0b", 3), 0);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.data, "a\0b", 4);
}

static void str_bound_is_exact_and_sticky(void **state)
{
	__rf_str struct rf_str s = RF_STR_BOUNDED(4);

	assert_int_equal(rf_str_append(&s, "abc"), 0);
	assert_int_equal(rf_str_append_char(&s, 'd'), 0);
	assert_int_equal(rf_str_append_char(&s, 'e'), -E2BIG);
	assert_int_equal(rf_str_append(&s, ""), -E2BIG);
	assert_int_equal(rf_str_appendf(&s, "%s", ""), -E2BIG);
	assert_string_equal(rf_str_get(&s), "abcd");
	assert_null(rf_str_steal(&s));

	rf_str_reset(&s);
	assert_int_equal(rf_str_append(&s, "xy"), 0);
	assert_string_equal(rf_str_get(&s), "xy");
	assert_int_equal(s.max, 4);
}

static void str_reports_exhausted_memory(void **state)
{
	__rf_str struct rf_str s = RF_STR_INIT;

	assert_int_equal(rf_str_append(&s, "kept"), 0);
	assert_int_equal(rf_str_append_n(&s, "x", SIZE_MAX - 8), -ENOMEM);
	assert_string_equal(rf_str_get(&s), "kept");
	assert_int_equal(s.err, -ENOMEM);
}

static void str_steal_hands_the_text_over(void **state)
{
	__rf_str struct rf_str s = RF_STR_INIT;
	__free char *empty = rf_str_steal(&s);
	__free char *text = NULL;

	assert_string_equal(empty, "");
	assert_int_equal(rf_str_append(&s, "mine"), 0);
	text = rf_str_steal(&s);
	assert_string_equal(text, "mine");
	assert_string_equal(rf_str_get(&s), "");
}

/* Run say() with stderr in a file and return what it wrote. */
static char *captured(void (*say)(void))
{
	static char text[2 * RF_LOG_MAX];
	char path[] = "/tmp/ringfence-test-XXXXXX";
	__close int fd = mkstemp(path);
	__close int saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(fd >= 0 && saved >= 0);
	unlink(path);
	dup2(fd, STDERR_FILENO);
	say();
	dup2(saved, STDERR_FILENO);
	n = pread(fd, text, sizeof(text) - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

static void say_one_of_each(void)
{
	rf_err("bad %d", 1);
	rf_warn("odd");
	rf_info("fyi");
}

static void log_prefixes_every_line(void **state)
{
	assert_string_equal(captured(say_one_of_each), "ringfence: bad 1\n"
	                                               "ringfence: warning: odd\n"
	                                               "ringfence: fyi\n");
}

static void log_quiet_silences_info_alone(void **state)
{
	rf_log_set_quiet(true);
	assert_string_equal(captured(say_one_of_each), "ringfence: bad 1\n"
	                                               "ringfence: warning: odd\n");
	rf_log_set_quiet(false);
}

static void say_hostile(void)
{
	rf_err("%s", "a\nb\tc\x1b[2Jd\x7f\xc2\x9b"
	             "e\xc3\xa9");
}

static void log_escapes_control_characters(void **state)
{
	assert_string_equal(captured(say_hostile),
	                    "ringfence: a\\nb\\tc\\x1b[2Jd\\x7f\\xc2\\x9be\xc3\xa9\n");
}

static void say_too_much(void)
{
	char text[2 * RF_LOG_MAX];

	memset(text, '\n', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	rf_err("%s", text);
}

static void log_cuts_a_long_line_visibly(void **state)
{
	const char *line = captured(say_too_much);
	size_t len = strlen(line);

	assert_in_range(len, RF_LOG_MAX - 16, RF_LOG_MAX);
	assert_string_equal(line + len - 6, "\\n...\n");
}

static void log_keeps_errno(void **state)
{
	__close int saved = dup(STDERR_FILENO);
	int after;

	close(STDERR_FILENO);
	errno = ENOTTY;
	rf_err("nowhere to go");
	after = errno;
	dup2(saved, STDERR_FILENO);
	assert_int_equal(after, ENOTTY);
}

static int open_and_leave(int *seen)
{
	__close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	*seen = fd;
	errno = EDOM;
	return fd;
}

static void cleanup_closes_and_keeps_errno(void **state)
{
	int fd = -1;

	assert_true(open_and_leave(&fd) >= 0);
	assert_int_equal(errno, EDOM);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static int open_and_steal(void)
{
	__close int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return rf_steal_fd(&fd);
}

static void cleanup_leaves_what_was_stolen(void **state)
{
	__close int fd = open_and_steal();
	__free char *text = strdup("x");
	__free char *stolen = rf_steal_ptr(&text);

	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_null(text);
	assert_string_equal(stolen, "x");
}

static void time_converts_both_ways(void **state)
{
	struct timespec ts = rf_ns_to_timespec(UINT64_C(5000000007));

	assert_int_equal(ts.tv_sec, 5);
	assert_int_equal(ts.tv_nsec, 7);
	assert_int_equal(rf_timespec_to_ns(ts), UINT64_C(5000000007));
	assert_int_equal(RF_NSEC_PER_HOUR, UINT64_C(3600000000000));
}

static void time_now_moves_on(void **state)
{
	uint64_t before = rf_now_ns();

	usleep(1000);
	assert_in_range(rf_now_ns() - before, RF_NSEC_PER_MSEC, RF_NSEC_PER_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(str_empty_reads_as_empty_text),
		cmocka_unit_test(str_appends_grow_past_every_capacity),
		cmocka_unit_test(str_always_has_room_for_the_nul),
		cmocka_unit_test(str_keeps_embedded_nul),
		cmocka_unit_test(str_bound_is_exact_and_sticky),
		cmocka_unit_test(str_reports_exhausted_memory),
		cmocka_unit_test(str_steal_hands_the_text_over),
		cmocka_unit_test(log_prefixes_every_line),
		cmocka_unit_test(log_quiet_silences_info_alone),
		cmocka_unit_test(log_escapes_control_characters),
		cmocka_unit_test(log_cuts_a_long_line_visibly),
		cmocka_unit_test(log_keeps_errno),
		cmocka_unit_test(cleanup_closes_and_keeps_errno),
		cmocka_unit_test(cleanup_leaves_what_was_stolen),
		cmocka_unit_test(time_converts_both_ways),
		cmocka_unit_test(time_now_moves_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
