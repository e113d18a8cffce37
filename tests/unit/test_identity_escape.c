// SPDX-License-Identifier: GPL-2.0-or-later
/* Escaping of hostile names: every byte, every way that UTF-8 can be broken, every cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "identity/escape.h"

#define FFFD "\xef\xbf\xbd"

static const enum rf_escape_mode modes[] = { RF_ESCAPE_TABLE, RF_ESCAPE_JSON, RF_ESCAPE_CSV,
	                                     RF_ESCAPE_PROM };
#define NR_MODES (sizeof(modes) / sizeof(modes[0]))

struct expected {
	const char *src;
	size_t n;
	const char *out[NR_MODES]; /* TABLE, JSON, CSV, PROM */
};
#define SRC(s) s, sizeof(s) - 1

static void check(const struct expected *e)
{
	char buf[256];

	for (size_t m = 0; m < NR_MODES; m++) {
		size_t need = rf_escape(buf, sizeof(buf), e->src, e->n, modes[m]);

		assert_string_equal(buf, e->out[m]);
		assert_int_equal(need, strlen(e->out[m]));
	}
}

static void check_all(const struct expected *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&cases[i]);
}
#define CHECK(cases) check_all(cases, sizeof(cases) / sizeof((cases)[0]))

static void plain_names(void **state)
{
	static const struct expected cases[] = {
		{ SRC(""), { "", "", "", "" } },
		{ SRC("bash"), { "bash", "bash", "bash", "bash" } },
		{ SRC("kworker/0:1-mm_x"),
		  { "kworker/0:1-mm_x", "kworker/0:1-mm_x", "kworker/0:1-mm_x",
		    "kworker/0:1-mm_x" } },
		{ SRC("größe→漢😀"), { "größe→漢😀", "größe→漢😀", "größe→漢😀", "größe→漢😀" } },
	};

	CHECK(cases);
}

static void marks_of_each_format(void **state)
{
	static const struct expected cases[] = {
		{ SRC("a\"b"), { "a\"b", "a\\\"b", "\"a\"\"b\"", "a\\\"b" } },
		{ SRC("a\\b"), { "a\\\\b", "a\\\\b", "a\\\\b", "a\\\\b" } },
		{ SRC("a,b"), { "a,b", "a,b", "\"a,b\"", "a,b" } },
		{ SRC("a\nb"), { "a\\x0ab", "a\\nb", "a\\x0ab", "a\\nb" } },
		{ SRC("a\r\tb"),
		  { "a\\x0d\\x09b", "a\\r\\tb", "a\\x0d\\x09b", "a" FFFD FFFD "b" } },
		{ SRC("\b\f"), { "\\x08\\x0c", "\\b\\f", "\\x08\\x0c", FFFD FFFD } },
		{ SRC(" a"), { " a", " a", "\" a\"", " a" } },
		{ SRC("a "), { "a ", "a ", "\"a \"", "a " } },
		{ SRC("a'b;{}$`"), { "a'b;{}$`", "a'b;{}$`", "a'b;{}$`", "a'b;{}$`" } },
	};

	CHECK(cases);
}

static void formulas(void **state)
{
	static const struct expected cases[] = {
		{ SRC("=1+1"), { "=1+1", "=1+1", "\\x3d1+1", "=1+1" } },
		{ SRC("+a,b"), { "+a,b", "+a,b", "\"\\x2ba,b\"", "+a,b" } },
		{ SRC("-bash"), { "-bash", "-bash", "\\x2dbash", "-bash" } },
		{ SRC("@a"), { "@a", "@a", "\\x40a", "@a" } },
		{ SRC("\\x3d"), { "\\\\x3d", "\\\\x3d", "\\\\x3d", "\\\\x3d" } },
	};

	CHECK(cases);
}

static void controls(void **state)
{
	static const struct expected cases[] = {
		{ SRC("\x1b[2J"), { "\\x1b[2J", "\\u001b[2J", "\\x1b[2J", FFFD "[2J" } },
		{ SRC("a\0b"), { "a\\x00b", "a\\u0000b", "a\\x00b", "a" FFFD "b" } },
		{ SRC("\x7f"), { "\\x7f", "\\u007f", "\\x7f", FFFD } },
		/* C1: the escape in one character, as UTF-8 and as a byte */
		{ SRC("\xc2\x9b"), { "\\u{9b}", "\\u009b", "\\u{9b}", FFFD } },
		{ SRC("\x9b"), { "\\x9b", "\\ufffd", "\\x9b", FFFD } },
		{ SRC("\xc2\xa0"), { "\xc2\xa0", "\xc2\xa0", "\xc2\xa0", "\xc2\xa0" } },
	};

	CHECK(cases);
}

static void hidden_characters(void **state)
{
	static const struct {
		uint32_t c;
		bool hidden;
	} cases[] = {
		{ 0xac, false },    { 0xad, true },     { 0xae, false },    { 0x200a, false },
		{ 0x200b, true },   { 0x200d, true },   { 0x200f, true },   { 0x2010, false },
		{ 0x2027, false },  { 0x2028, true },   { 0x202a, true },   { 0x202e, true },
		{ 0x202f, false },  { 0x2060, true },   { 0x2066, true },   { 0x2069, true },
		{ 0x2070, false },  { 0x61c, true },    { 0xfeff, true },   { 0xfefe, false },
		{ 0xfffd, false },  { 0xfffe, true },   { 0xffff, true },   { 0xe0041, true },
		{ 0xe1000, false }, { 0x1f600, false }, { 0x10ffff, true }, { 0x10fffd, false },
		{ 0xfdd0, true },   { 0xfdcf, false },  { 0x1ffff, true },  { 0xd7ff, false },
		{ 0xe000, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t c = cases[i].c;
		char raw[8];
		char wanted[16];
		char buf[32];
		int n;

		if (c < 0x800)
			n = snprintf(raw, sizeof(raw), "%c%c", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
		else if (c < 0x10000)
			n = snprintf(raw, sizeof(raw), "%c%c%c", 0xe0 | c >> 12,
			             0x80 | (c >> 6 & 0x3f), 0x80 | (c & 0x3f));
		else
			n = snprintf(raw, sizeof(raw), "%c%c%c%c", 0xf0 | c >> 18,
			             0x80 | (c >> 12 & 0x3f), 0x80 | (c >> 6 & 0x3f),
			             0x80 | (c & 0x3f));
		snprintf(wanted, sizeof(wanted), "\\u{%x}", c);
		rf_escape(buf, sizeof(buf), raw, (size_t)n, RF_ESCAPE_TABLE);
		assert_string_equal(buf, cases[i].hidden ? wanted : raw);
		rf_escape(buf, sizeof(buf), raw, (size_t)n, RF_ESCAPE_PROM);
		assert_string_equal(buf, cases[i].hidden ? FFFD : raw);
	}
	check(&(struct expected){ SRC("\xf3\xa0\x81\x81"),
	                          { "\\u{e0041}", "\\udb40\\udc41", "\\u{e0041}", FFFD } });
}

static void broken_utf8(void **state)
{
	static const struct {
		const char *src;
		const char *table;
	} cases[] = {
		{ "\x80", "\\x80" }, /* stray continuation */
		{ "a\xbf"
		  "b",
		  "a\\xbfb" },
		{ "\xc3", "\\xc3" }, /* cut short, at the end */
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98" },
		{ "\xe2\x82"
		  "a",
		  "\\xe2\\x82a" }, /* cut short, in the middle */
		{ "\xc3\xc3\xa9", "\\xc3é" },
		{ "\xc0\x80", "\\xc0\\x80" }, /* overlong NUL */
		{ "\xc1\xbf", "\\xc1\\xbf" }, /* overlong DEL */
		{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong slash */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
		{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
		{ "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogates */
		{ "\xed\xbf\xbf", "\\xed\\xbf\\xbf" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond U+10FFFF */
		{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
		{ "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
		{ "\xfe\xff", "\\xfe\\xff" },
		{ "\xe0\xa0\x80", "\xe0\xa0\x80" }, /* the least of each length */
		{ "\xf0\x90\x80\x80", "\xf0\x90\x80\x80" },
		{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
	};
	char buf[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t broken = 0;
		size_t found = 0;

		rf_escape_str(buf, sizeof(buf), cases[i].src, RF_ESCAPE_TABLE);
		assert_string_equal(buf, cases[i].table);
		rf_escape_str(buf, sizeof(buf), cases[i].src, RF_ESCAPE_CSV);
		assert_string_equal(buf, cases[i].table);
		for (const char *at = cases[i].table; (at = strstr(at, "\\x")); at += 2)
			broken++;
		rf_escape_str(buf, sizeof(buf), cases[i].src, RF_ESCAPE_JSON);
		for (const char *at = buf; (at = strstr(at, "\\ufffd")); at += 6)
			found++;
		assert_int_equal(found, broken);
		found = 0;
		rf_escape_str(buf, sizeof(buf), cases[i].src, RF_ESCAPE_PROM);
		for (const char *at = buf; (at = strstr(at, FFFD)); at += 3)
			found++;
		assert_int_equal(found, broken);
	}
}

/* What each byte on its own becomes, said a second time in other words than the code's. */
static void every_byte(void **state)
{
	for (int byte = 0; byte < 256; byte++) {
		const char src[] = { (char)byte };
		bool control = byte < 0x20 || byte >= 0x7f;
		char wanted[NR_MODES][16];
		struct expected e = { src, 1, { wanted[0], wanted[1], wanted[2], wanted[3] } };

		for (size_t m = 0; m < NR_MODES; m++)
			snprintf(wanted[m], sizeof(wanted[m]), "%c", byte);
		if (control || byte == '=' || byte == '+' || byte == '-' || byte == '@')
			snprintf(wanted[2], sizeof(wanted[2]), "\\x%02x", byte);
		if (control) {
			snprintf(wanted[0], sizeof(wanted[0]), "\\x%02x", byte);
			snprintf(wanted[1], sizeof(wanted[1]), "\\u%04x",
			         byte < 0x80 ? byte : 0xfffd);
			snprintf(wanted[3], sizeof(wanted[3]), FFFD);
		}
		switch (byte) {
		case '\\':
			for (size_t m = 0; m < NR_MODES; m++)
				snprintf(wanted[m], sizeof(wanted[m]), "\\\\");
			break;
		case '"':
			snprintf(wanted[1], sizeof(wanted[1]), "\\\"");
			snprintf(wanted[2], sizeof(wanted[2]), "\"\"\"\"");
			snprintf(wanted[3], sizeof(wanted[3]), "\\\"");
			break;
		case '\n':
			snprintf(wanted[1], sizeof(wanted[1]), "\\n");
			snprintf(wanted[3], sizeof(wanted[3]), "\\n");
			break;
		case '\b':
			snprintf(wanted[1], sizeof(wanted[1]), "\\b");
			break;
		case '\f':
			snprintf(wanted[1], sizeof(wanted[1]), "\\f");
			break;
		case '\r':
			snprintf(wanted[1], sizeof(wanted[1]), "\\r");
			break;
		case '\t':
			snprintf(wanted[1], sizeof(wanted[1]), "\\t");
			break;
		case ',':
		case ' ':
			snprintf(wanted[2], sizeof(wanted[2]), "\"%c\"", byte);
			break;
		}
		check(&e);
	}
}

/* Names of two bytes, all of them: what must hold of the output whatever the input. */
static void every_pair(void **state)
{
	for (int pair = 0; pair < 0x10000; pair++) {
		const char src[] = { (char)(pair >> 8), (char)pair };
		char buf[RF_ESCAPE_MAX(2)];

		for (size_t m = 0; m < NR_MODES; m++) {
			size_t need = rf_escape(buf, sizeof(buf), src, 2, modes[m]);

			assert_true(need < sizeof(buf));
			assert_int_equal(strlen(buf), need);
			for (const char *c = buf; *c; c++)
				assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
			if (modes[m] == RF_ESCAPE_JSON || modes[m] == RF_ESCAPE_PROM)
				for (const char *c = buf; *c; c += *c == '\\' ? 2 : 1)
					assert_int_not_equal(*c, '"');
		}
	}
}

/* No two names of two bytes look the same in a table or a CSV field. */
static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void no_two_names_look_the_same(void **state)
{
	static const enum rf_escape_mode exact[] = { RF_ESCAPE_TABLE, RF_ESCAPE_CSV };
	size_t count = 0x10000 + 0x100;
	char **all = calloc(count, sizeof(*all));

	assert_non_null(all);
	for (size_t m = 0; m < 2; m++) {
		for (size_t i = 0; i < count; i++) {
			const char src[] = { (char)i, (char)(i >> 8) };
			char buf[RF_ESCAPE_MAX(2)];

			rf_escape(buf, sizeof(buf), src, i < 0x10000 ? 2 : 1, exact[m]);
			all[i] = strdup(buf);
		}
		qsort(all, count, sizeof(*all), by_text);
		for (size_t i = 1; i < count; i++)
			assert_string_not_equal(all[i - 1], all[i]);
		for (size_t i = 0; i < count; i++)
			free(all[i]);
	}
	free(all);
}

/* A real JSON parser reads back the very name, where it was valid UTF-8 without a NUL. */
static void json_is_read_back(void **state)
{
	static const char *const names[] = { "bash",
		                             "a\"b\\c/d",
		                             "\x01\x1b\x1f\x7f",
		                             "größe\n\r\t\b\f",
		                             "\xc2\x9b\xe2\x80\xae",
		                             "\xf3\xa0\x81\x81\xf0\x9f\x98\x80",
		                             "</script>" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char text[512] = "[\"";
		size_t n = 2 + rf_escape_str(text + 2, sizeof(text) - 4, names[i], RF_ESCAPE_JSON);
		json_t *root;

		memcpy(text + n, "\"]", 3);
		root = json_loads(text, 0, NULL);
		assert_non_null(root);
		assert_string_equal(json_string_value(json_array_get(root, 0)), names[i]);
		json_decref(root);
	}
}

/* Any bytes at all give a JSON string, at every buffer length. */
static void json_is_always_valid(void **state)
{
	unsigned int seed = 1;

	for (int round = 0; round < 2000; round++) {
		char src[24];
		char text[RF_ESCAPE_MAX(sizeof(src)) + 8] = "[\"";
		size_t room = 1 + (size_t)rand_r(&seed) % RF_ESCAPE_MAX(sizeof(src));
		json_t *root;
		size_t n;

		for (size_t i = 0; i < sizeof(src); i++)
			src[i] = (char)(rand_r(&seed) >> 7);
		rf_escape(text + 2, room, src, sizeof(src), RF_ESCAPE_JSON);
		n = strlen(text);
		memcpy(text + n, "\"]", 3);
		root = json_loads(text, JSON_ALLOW_NUL, NULL);
		assert_non_null(root);
		json_decref(root);
	}
}

/*
 * At every buffer length the output is a beginning of the whole that ends between two pieces, and
 * nothing is written past the end.
 */
static void every_cut(void **state)
{
	static const char src[] = "=a\\\x1bé\"\xe2\x80\xae\xff,\n\xf0\x9f\x98\x80z";
	static const char *const pieces[NR_MODES][16] = {
		{ "=", "a", "\\\\", "\\x1b", "é", "\"", "\\u{202e}", "\\xff", ",", "\\x0a", "😀",
		  "z" },
		{ "=", "a", "\\\\", "\\u001b", "é", "\\\"", "\\u202e", "\\ufffd", ",", "\\n", "😀",
		  "z" },
		{ "\\x3d", "a", "\\\\", "\\x1b", "é", "\"\"", "\\u{202e}", "\\xff", ",", "\\x0a",
		  "😀", "z" },
		{ "=", "a", "\\\\", FFFD, "é", "\\\"", FFFD, FFFD, ",", "\\n", "😀", "z" },
	};

	for (size_t m = 0; m < NR_MODES; m++) {
		bool csv = modes[m] == RF_ESCAPE_CSV;
		size_t whole = csv ? 2 : 0;

		for (size_t i = 0; pieces[m][i]; i++)
			whole += strlen(pieces[m][i]);
		for (size_t len = 0; len < whole + 4; len++) {
			char buf[128];
			char wanted[128] = "";
			size_t room = len ? len - 1 : 0;

			memset(buf, '#', sizeof(buf));
			assert_int_equal(rf_escape(buf, len, src, sizeof(src) - 1, modes[m]),
			                 whole);
			assert_int_equal(buf[len], '#');
			if (!len)
				continue;
			if (csv && room >= 2) {
				strcat(wanted, "\"");
				room--;
			} else if (csv) {
				room = 0;
			}
			for (size_t i = 0; pieces[m][i]; i++) {
				if (strlen(wanted) + strlen(pieces[m][i]) > room)
					break;
				strcat(wanted, pieces[m][i]);
			}
			if (csv && len > 2)
				strcat(wanted, "\"");
			assert_string_equal(buf, wanted);
		}
	}
	assert_int_equal(rf_escape(NULL, 0, "a", 1, RF_ESCAPE_TABLE), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names),
		cmocka_unit_test(marks_of_each_format),
		cmocka_unit_test(formulas),
		cmocka_unit_test(controls),
		cmocka_unit_test(hidden_characters),
		cmocka_unit_test(broken_utf8),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(every_pair),
		cmocka_unit_test(no_two_names_look_the_same),
		cmocka_unit_test(json_is_read_back),
		cmocka_unit_test(json_is_always_valid),
		cmocka_unit_test(every_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
