// SPDX-License-Identifier: GPL-2.0-or-later
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "views/canvas.h"

static struct rf_canvas canvas(int width, int height, bool utf8)
{
	struct rf_canvas c;

	assert_int_equal(rf_canvas_init(&c, width, height, utf8), 0);
	return c;
}

static void assert_text(const struct rf_canvas *c, const char *expected)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	rf_canvas_print(c, out);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void text_is_clipped_to_its_room(void **state)
{
	struct rf_canvas c = canvas(8, 2, true);

	assert_int_equal(rf_canvas_put(&c, 0, 0, 3, RF_INK_PLAIN, "abcdef"), 3);
	assert_int_equal(rf_canvas_put(&c, 0, 6, -1, RF_INK_PLAIN, "xyz"), 8);
	rf_canvas_put(&c, 2, 0, -1, RF_INK_PLAIN, "below");
	rf_canvas_put(&c, -1, 0, -1, RF_INK_PLAIN, "above");
	rf_canvas_put(&c, 1, -2, -1, RF_INK_PLAIN, "abcd");
	rf_canvas_put(&c, 1, 100, -1, RF_INK_PLAIN, "right");
	assert_text(&c, "abc   xy\ncd\n");
	rf_canvas_free(&c);
}

static void a_wide_character_is_there_as_a_whole_or_not(void **state)
{
	struct rf_canvas c = canvas(4, 4, true);

	rf_canvas_put(&c, 0, 0, 3, RF_INK_PLAIN, "漢字");
	rf_canvas_put(&c, 1, 0, -1, RF_INK_PLAIN, "漢字");
	rf_canvas_put(&c, 1, 1, 1, RF_INK_PLAIN, "x"); /* over a right half */
	rf_canvas_put(&c, 1, 2, 1, RF_INK_PLAIN, "y"); /* over a left half */
	rf_canvas_put(&c, 2, 0, -1, RF_INK_PLAIN, "abcd");
	rf_canvas_put(&c, 2, 1, -1, RF_INK_PLAIN, "漢");
	rf_canvas_put(&c, 3, 3, -1, RF_INK_PLAIN, "漢");
	assert_text(&c, "漢\n xy\na漢d\n\n");
	rf_canvas_free(&c);
}

static void what_has_no_width_joins_its_neighbour(void **state)
{
	struct rf_canvas c = canvas(4, 2, true);

	rf_canvas_put(&c, 0, 0, -1, RF_INK_PLAIN,
	              "a\xcc\x81"
	              "b");
	rf_canvas_put(&c, 1, 0, -1, RF_INK_PLAIN,
	              "\xcc\x81"
	              "b"); /* with none to join */
	assert_text(&c, "a\xcc\x81"
	                "b\nb\n");
	assert_int_equal(rf_canvas_at(&c, 0, 1)->chars[0], 'b');
	rf_canvas_free(&c);
}

static void what_is_no_character_is_replaced(void **state)
{
	struct rf_canvas c = canvas(8, 3, true), ascii = canvas(8, 1, false);

	rf_canvas_put(&c, 0, 0, -1, RF_INK_PLAIN, "a\x1b[31m");
	rf_canvas_put(&c, 1, 0, -1, RF_INK_PLAIN,
	              "a\xff\xfe"
	              "b");
	rf_canvas_put(&c, 2, 0, -1, RF_INK_PLAIN, "a\nb\tc");
	assert_text(&c, "a\xef\xbf\xbd[31m\na\xef\xbf\xbd\xef\xbf\xbd"
	                "b\n"
	                "a\xef\xbf\xbd"
	                "b\xef\xbf\xbd"
	                "c\n");
	rf_canvas_put(&ascii, 0, 0, -1, RF_INK_PLAIN, "a\x1b\xc3\xa4");
	assert_text(&ascii, "a???\n");
	rf_canvas_free(&c);
	rf_canvas_free(&ascii);
}

static void names_are_escaped_and_cut_visibly(void **state)
{
	struct rf_canvas c = canvas(10, 4, true), ascii = canvas(10, 2, false);

	rf_canvas_name(&c, 0, 0, -1, RF_INK_PLAIN, "a\x1b[2J");
	rf_canvas_name(&c, 1, 0, 4, RF_INK_PLAIN, "abcdef");
	rf_canvas_name(&c, 2, 0, 4, RF_INK_PLAIN, "abcd");
	rf_canvas_name(&c, 3, 0, 4, RF_INK_PLAIN, "ab漢字");
	assert_text(&c, "a\\x1b[2J\nabc…\nabcd\nab…\n");
	rf_canvas_name(&ascii, 0, 0, -1, RF_INK_PLAIN, "\xc3\xa4");
	rf_canvas_name(&ascii, 1, 0, 4, RF_INK_PLAIN, "abcdef");
	assert_text(&ascii, "\\xc3\\xa4\nabc~\n");
	rf_canvas_free(&c);
	rf_canvas_free(&ascii);
}

static void clip_rows_take_nothing_outside(void **state)
{
	struct rf_canvas c = canvas(3, 3, true);

	rf_canvas_clip(&c, 1, 2);
	for (int y = 0; y < 3; y++) {
		rf_canvas_put(&c, y, 0, -1, RF_INK_PLAIN, "abc");
		rf_canvas_fill(&c, y, 2, 1, RF_INK_PLAIN, L'-');
		rf_canvas_ink(&c, y, 0, 1, RF_INK_WARN);
	}
	assert_text(&c, "\nab-\n\n");
	assert_int_equal(rf_canvas_at(&c, 0, 0)->ink, RF_INK_PLAIN);
	assert_int_equal(rf_canvas_at(&c, 1, 0)->ink, RF_INK_WARN);
	assert_null(rf_canvas_at(&c, 3, 0));
	rf_canvas_free(&c);
}

static void numbers_stand_right(void **state)
{
	struct rf_canvas c = canvas(10, 2, true);

	rf_canvas_right(&c, 0, 2, 6, RF_INK_PLAIN, "1.5µs");
	rf_canvas_right(&c, 1, 0, 3, RF_INK_PLAIN, "12345");
	assert_text(&c, "   1.5µs\n123\n");
	rf_canvas_free(&c);
}

static void an_arena_holds_what_is_put_in(void **state)
{
	struct rf_arena a = RF_ARENA_INIT;
	char *small[1000];
	unsigned char *large;

	for (size_t i = 0; i < 1000; i++) {
		char text[16];

		snprintf(text, sizeof(text), "text %zu", i);
		small[i] = rf_arena_string(&a, text);
		assert_non_null(small[i]);
		assert_int_equal((uintptr_t)small[i] % _Alignof(max_align_t), 0);
	}
	large = rf_arena_alloc(&a, 1 << 20);
	assert_non_null(large);
	for (size_t i = 0; i < 1 << 20; i++)
		assert_int_equal(large[i], 0);
	memset(large, 0xff, 1 << 20);
	assert_string_equal(small[0], "text 0");
	assert_string_equal(small[999], "text 999");
	assert_non_null(rf_arena_copy(&a, NULL, 0));
	rf_arena_free(&a);
	rf_arena_free(&a);
	assert_non_null(rf_arena_alloc(&a, 1));
	rf_arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_clipped_to_its_room),
		cmocka_unit_test(a_wide_character_is_there_as_a_whole_or_not),
		cmocka_unit_test(what_has_no_width_joins_its_neighbour),
		cmocka_unit_test(what_is_no_character_is_replaced),
		cmocka_unit_test(names_are_escaped_and_cut_visibly),
		cmocka_unit_test(clip_rows_take_nothing_outside),
		cmocka_unit_test(numbers_stand_right),
		cmocka_unit_test(an_arena_holds_what_is_put_in),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
