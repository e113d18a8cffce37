// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The workshop without a kernel: predictions, texts and code as they are shown, results looked up.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "lab/files.h"
#include "lab/lessons.h"
#include "lab/show.h"
#include "lab/text.h"

static const struct rf_style plain = { .width = 80, .utf8 = true };

static const struct rf_lab *lab_of_kind(enum rf_lab_answer_kind kind)
{
	for (size_t i = 0; i < RF_LABS; i++)
		if (rf_labs[i].kind == kind)
			return &rf_labs[i];
	return NULL;
}

static void test_predictions(void **state)
{
	const struct rf_lab *number = lab_of_kind(RF_LAB_NUMBER);
	const struct rf_lab *choice = lab_of_kind(RF_LAB_CHOICE);
	const struct rf_lab *set = lab_of_kind(RF_LAB_SET);
	struct rf_lab_prediction p;
	char err[200];

	assert_int_equal(rf_lab_predict(number, "65,536", &p, err, sizeof(err)), 0);
	assert_int_equal(p.number, 65536);
	assert_int_equal(rf_lab_predict(number, "0", &p, err, sizeof(err)), 0);
	assert_int_equal(rf_lab_predict(number, "", &p, err, sizeof(err)), -EINVAL);
	assert_int_equal(rf_lab_predict(number, "-1", &p, err, sizeof(err)), -EINVAL);
	assert_int_equal(rf_lab_predict(number, "99999999999999999999999", &p, err, sizeof(err)),
	                 -EINVAL);
	assert_int_equal(rf_lab_predict(choice, "B", &p, err, sizeof(err)), 0);
	assert_string_equal(p.letters, "b");
	assert_int_equal(rf_lab_predict(choice, "ab", &p, err, sizeof(err)), -EINVAL);
	assert_int_equal(rf_lab_predict(choice, "", &p, err, sizeof(err)), -EINVAL);
	assert_int_equal(rf_lab_predict(choice, "\xff", &p, err, sizeof(err)), -EINVAL);
	assert_false(p.given);
	assert_int_equal(rf_lab_predict(set, "h, a a", &p, err, sizeof(err)), 0);
	assert_string_equal(p.letters, "ah");
	assert_int_equal(rf_lab_predict(set, "", &p, err, sizeof(err)), 0);
	assert_string_equal(p.letters, "");
}

static void test_right_within_five_percent(void **state)
{
	const struct rf_lab *number = lab_of_kind(RF_LAB_NUMBER);
	struct rf_lab_judgement j = { .number = 1000 };

	assert_true(rf_lab_is_right(number, &(struct rf_lab_prediction){ .number = 950 }, &j));
	assert_true(rf_lab_is_right(number, &(struct rf_lab_prediction){ .number = 1050 }, &j));
	assert_false(rf_lab_is_right(number, &(struct rf_lab_prediction){ .number = 949 }, &j));
	j.number = 0;
	assert_false(rf_lab_is_right(number, &(struct rf_lab_prediction){ .number = 1 }, &j));
	j.number = 19;
	assert_false(rf_lab_is_right(number, &(struct rf_lab_prediction){ .number = 20 }, &j));
}

/* What fn prints, no line of it wider than 80 columns. */
static char *shown(int (*fn)(FILE *out, const void *arg), const void *arg)
{
	char *text = NULL, *copy, *rest, *line;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_int_equal(fn(f, arg), 0);
	fclose(f);
	copy = rest = strdup(text);
	while ((line = strsep(&rest, "\n")))
		assert_in_range(rf_text_width(line, true), 0, 80);
	free(copy);
	return text;
}

struct wanted {
	const char *text;
	const char *section;
};

static int show_section(FILE *out, const void *arg)
{
	const struct wanted *w = arg;

	return rf_lab_section(out, &plain, w->text, w->section);
}

static int show_code(FILE *out, const void *source)
{
	rf_lab_code(out, &plain, source);
	return 0;
}

/* Each lab has every part of its text and a program with lines to show; no mark is left in them. */
static void test_every_lab_is_whole(void **state)
{
	static const char *const sections[] = {
		"Idea",          "What will happen", "Your prediction",
		"What it means", "Change it",        "Discuss"
	};

	for (size_t i = 0; i < RF_LABS; i++) {
		char name[64], title[128];
		const struct rf_lab_file *text, *source;
		__free char *code = NULL;

		snprintf(name, sizeof(name), "%s.md", rf_labs[i].name);
		text = rf_lab_file(name);
		snprintf(name, sizeof(name), "%s.c", rf_labs[i].name);
		source = rf_lab_file(name);
		assert_non_null(text);
		assert_non_null(source);
		assert_int_equal(atoi(rf_labs[i].name), (int)i + 1);
		assert_true(strlen(rf_lab_title(text->data, title, sizeof(title))) > 5);
		for (size_t k = 0; k < sizeof(sections) / sizeof(sections[0]); k++) {
			struct wanted w = { text->data, sections[k] };
			__free char *section = shown(show_section, &w);

			assert_true(strlen(section) > 20);
			assert_null(strchr(section, '`'));
			assert_null(strstr(section, "**"));
			assert_null(strstr(section, "]("));
		}
		code = shown(show_code, source->data);
		assert_true(strlen(code) > 20);
		assert_null(strstr(code, "show"));
	}
}

static void test_section_as_shown(void **state)
{
	static const char text[] = "# Lab 1: T\n\n## A\n\nOne **two**\n`three` [four](x).\n\n"
				   "- first\n  goes on\n- second\n\n## B\n\nother\n";
	struct wanted w = { text, "A" };
	__free char *a = shown(show_section, &w);
	FILE *null = fopen("/dev/null", "w");

	assert_string_equal(a, "One two three four.\n\n- first goes on\n- second\n");
	assert_int_equal(rf_lab_section(null, &plain, text, "C"), -ENOENT);
	fclose(null);
}

static void test_code_as_shown(void **state)
{
	static const char source[] = "int x;\n/* show */\n\t\tfor (;;)\n\t\t\tf();\n\n\t\tg();\n"
				     "/* hide */\nhidden();\n\t/* show */\n\tlast();\n";
	__free char *code = shown(show_code, source);

	assert_string_equal(code, "  for (;;)\n          f();\n\n  g();\n  last();\n");
}

static void test_parts_by_letter(void **state)
{
	static struct rf_lab_result r = { .nr_parts = 2 };
	struct rf_lab_judgement j = { 0 };

	strcpy(r.parts[0].name, "b first");
	r.parts[0].calls = 3;
	strcpy(r.parts[1].name, "a second");
	assert_int_equal(rf_lab_part(&r, 'b')->calls, 3);
	assert_int_equal(rf_lab_part(&r, 'z')->calls, 0);
	/* no lab's claims all hold of a program that did nothing */
	r.nr_parts = 0;
	for (size_t i = 0; i < RF_LABS; i++) {
		bool all = true;

		j = (struct rf_lab_judgement){ 0 };
		rf_labs[i].judge(&r, &j);
		for (size_t k = 0; k < j.nr_claims; k++)
			all = all && j.claims[k].holds;
		assert_true(j.nr_claims > 1);
		assert_false(all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_predictions),
		cmocka_unit_test(test_right_within_five_percent),
		cmocka_unit_test(test_every_lab_is_whole),
		cmocka_unit_test(test_section_as_shown),
		cmocka_unit_test(test_code_as_shown),
		cmocka_unit_test(test_parts_by_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
