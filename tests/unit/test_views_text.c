// SPDX-License-Identifier: GPL-2.0-or-later
/* src/views/text.c, grid.c and json.c: numbers, widths, cells that are cut, nesting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "views/grid.h"
#include "views/json.h"
#include "views/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void numbers(void **state)
{
	static const struct {
		uint64_t n;
		const char *number, *count;
	} cases[] = {
		{ 0, "0", "0" },
		{ 999, "999", "999" },
		{ 1000, "1,000", "1,000" },
		{ 99999, "99,999", "99,999" },
		{ 100000, "100,000", "100k" },
		{ 999499, "999,499", "999k" },
		{ 999500, "999,500", "1.00M" },
		{ 1234567, "1,234,567", "1.23M" },
		{ 9994999, "9,994,999", "9.99M" },
		{ 9995001, "9,995,001", "10.0M" },
		{ UINT64_MAX, "18,446,744,073,709,551,615", "18.4E" },
	};
	char buf[RF_TEXT_LEN];

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(rf_text_number(buf, cases[i].n), cases[i].number);
		assert_string_equal(rf_text_count(buf, cases[i].n), cases[i].count);
	}
}

static void durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0ns" },
		{ 999, "999ns" },
		{ 1000, "1.00µs" },
		{ 9994, "9.99µs" },
		{ 9996, "10.0µs" },
		{ 99960, "100µs" },
		{ 999499, "999µs" },
		{ 999500, "1.00ms" },
		{ 1500000000, "1.50s" },
		{ UINT64_C(999600000000), "1,000s" },
		{ UINT64_C(9999000000000), "9,999s" },
		{ UINT64_C(36000000000000), "10.0h" },
	};
	char buf[RF_TEXT_LEN];

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(rf_text_duration(buf, cases[i].ns, true), cases[i].text);
		assert_true(rf_text_width(buf, true) <= 6);
	}
	assert_string_equal(rf_text_duration(buf, 1000, false), "1.00us");
}

static void rates_and_percents(void **state)
{
	char buf[RF_TEXT_LEN];

	assert_string_equal(rf_text_rate(buf, 0, 1), "0");
	assert_string_equal(rf_text_rate(buf, 5, 0), "-");
	assert_string_equal(rf_text_rate(buf, 1, 5000000000), "0.20");
	assert_string_equal(rf_text_rate(buf, 12345, 1000000000), "12,345");
	assert_string_equal(rf_text_rate(buf, 500000, 1000000000), "500k");
	assert_string_equal(rf_text_percent(buf, 0, 0), "-");
	assert_string_equal(rf_text_percent(buf, 0, 9), "0");
	assert_string_equal(rf_text_percent(buf, 1, 300), "0.3");
	assert_string_equal(rf_text_percent(buf, 996, 10000), "10");
	assert_string_equal(rf_text_percent(buf, 2, 1), "200");
}

static void widths(void **state)
{
	unsigned int used;

	assert_int_equal(rf_text_width("abc", true), 3);
	assert_int_equal(rf_text_width("µs", true), 2);
	assert_int_equal(rf_text_width("µs", false), 3);
	/* two columns each */
	assert_int_equal(rf_text_width("中文", true), 4);
	assert_int_equal(rf_text_fit("中文", 3, true, &used), 3);
	assert_int_equal(used, 2);
	assert_int_equal(rf_text_fit("\xff\xff", 1, true, &used), 1);
}

static void names(void **state)
{
	char buf[64], tight[6];

	assert_string_equal(rf_text_name(buf, sizeof(buf), "a\tb\xc3\xa9", true), "a\\x09bé");
	assert_string_equal(rf_text_name(buf, sizeof(buf), "a\tb\xc3\xa9", false),
	                    "a\\x09b\\xc3\\xa9");
	/* no escape is cut in two */
	assert_string_equal(rf_text_name(tight, sizeof(tight), "ab\xc3\xa9", false), "ab");
}

static void style_of_a_file(void **state)
{
	__close int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct rf_style style;

	rf_style_detect(&style, fd);
	assert_int_equal(style.width, RF_TEXT_WIDTH);
	assert_false(style.color);
	assert_true(style.utf8);
}

static void style_of_a_terminal(void **state)
{
	__close int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	__close int fd = -1;
	struct rf_style style;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master) | unlockpt(master), 0);
	fd = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fd >= 0);
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	rf_style_detect(&style, fd);
	assert_true(style.color);
	setenv("NO_COLOR", "", 1);
	rf_style_detect(&style, fd);
	assert_true(style.color);
	setenv("NO_COLOR", "1", 1);
	rf_style_detect(&style, fd);
	assert_false(style.color);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	rf_style_detect(&style, fd);
	assert_false(style.color);
}

static void check_grid(unsigned int width, bool utf8, const char *golden)
{
	static const struct rf_column columns[] = {
		{ .title = "NAME", .left = true, .min = 3 },
		{ .title = "N" },
		{ .title = "EXTRA", .drop = 1 },
		{ .title = "END", .left = true },
	};
	static const char *const cells[] = {
		"short", "1", "x", "end", "中文中文", "12345", "", ""
	};
	struct rf_grid *g = rf_grid_new(columns, COUNT(columns), 2);
	struct rf_style style = { .width = width, .utf8 = utf8 };
	__free char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(g);
	assert_non_null(out);
	for (size_t i = 0; i < COUNT(cells); i++)
		rf_grid_add(g, cells[i], RF_COLOR_NONE);
	assert_int_equal(rf_grid_fit(g, &style), 0);
	rf_grid_print_titles(g, out, &style);
	rf_grid_print_row(g, 0, out, &style);
	rf_grid_print_row(g, 1, out, &style);
	fclose(out);
	rf_grid_free(g);
	assert_string_equal(text, golden);
}

static void grid(void **state)
{
	check_grid(80, true,
	           "  NAME         N EXTRA END\n"
	           "  short        1     x end\n"
	           "  中文中文 12345\n");
	check_grid(21, true,
	           "  NA…     N EXTRA END\n"
	           "  sh…     1     x end\n"
	           "  中… 12345\n");
	check_grid(20, true,
	           "  NAME         N END\n"
	           "  short        1 end\n"
	           "  中文中文 12345\n");
	check_grid(17, true,
	           "  NAME      N END\n"
	           "  short     1 end\n"
	           "  中文… 12345\n");
	check_grid(10, true,
	           "  NA…     N END\n"
	           "  sh…     1 end\n"
	           "  中… 12345\n");
}

static void json(void **state)
{
	__free char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct rf_json j;

	assert_non_null(out);
	rf_json_init(&j, out);
	rf_json_object(&j, NULL);
	rf_json_array(&j, "empty");
	rf_json_end(&j);
	rf_json_array(&j, "list");
	rf_json_u64(&j, NULL, UINT64_MAX);
	rf_json_i64(&j, NULL, INT64_MIN);
	rf_json_bool(&j, NULL, true);
	rf_json_null(&j, NULL);
	rf_json_object(&j, NULL);
	rf_json_end(&j);
	rf_json_end(&j);
	rf_json_string(&j, "a\"b", "c\\\n");
	rf_json_end(&j);
	rf_json_u64(&j, NULL, 7);
	fclose(out);
	assert_string_equal(text, "{\"empty\":[],\"list\":[18446744073709551615,"
	                          "-9223372036854775808,true,null,{}],"
	                          "\"a\\\"b\":\"c\\\\\\n\"}\n7\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(durations),
		cmocka_unit_test(rates_and_percents),
		cmocka_unit_test(widths),
		cmocka_unit_test(names),
		cmocka_unit_test(style_of_a_file),
		cmocka_unit_test(style_of_a_terminal),
		cmocka_unit_test(grid),
		cmocka_unit_test(json),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
