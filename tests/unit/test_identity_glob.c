// SPDX-License-Identifier: GPL-2.0-or-later
/* Patterns: what is refused, and that what is accepted means what fnmatch(3) means. */
#include <errno.h>
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "identity/glob.h"

static void accepted(void **state)
{
	static const char *const patterns[] = {
		"*",
		"a",
		"nginx*",
		"?",
		"[abc]",
		"[!abc]",
		"[^abc]",
		"[a-z0-9]",
		"[]]",
		"[]a]",
		"[!]]",
		"[a-]",
		"[-a]",
		"[[]",
		"\\[",
		"[\\]]",
		"[a\\-z]",
		"a]b",
		"***",
		"\\*",
		"[!-~]",
		"\xff",
		"[\x80-\xff]",
		"[a-\\z]",
		/* exactly 64 bytes */
		"0123456789012345678901234567890123456789012345678901234567890123",
	};
	char err[128];

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		assert_int_equal(rf_glob_valid(patterns[i], err, sizeof(err)), 0);
}

static void refused(void **state)
{
	static const struct {
		const char *pattern;
		const char *message;
	} cases[] = {
		{ "", "bad pattern '': it is empty" },
		{ "[abc", "bad pattern '[abc': a [ without its ]" },
		{ "[", "bad pattern '[': a [ without its ]" },
		{ "[]", "bad pattern '[]': a [ without its ]" },
		{ "[!]", "bad pattern '[!]': a [ without its ]" },
		{ "[^", "bad pattern '[^': a [ without its ]" },
		{ "[a-", "bad pattern '[a-': a [ without its ]" },
		{ "[a\\]", "bad pattern '[a\\]': a [ without its ]" },
		{ "[a\\", "bad pattern '[a\\': a [ without its ]" },
		{ "ok*[a", "bad pattern 'ok*[a': a [ without its ]" },
		{ "a\\", "bad pattern 'a\\': a \\ with nothing after it" },
		{ "[z-a]", "bad pattern '[z-a]': a range that runs backwards" },
		{ "[[:alpha:]]",
		  "bad pattern '[[:alpha:]]': classes such as [:alpha:] are not supported" },
		{ "[a[.x.]]",
		  "bad pattern '[a[.x.]]': classes such as [:alpha:] are not supported" },
		{ "01234567890123456789012345678901234567890123456789012345678901234",
		  "bad pattern '01234567890123456789012345678901234567890123456789012345678901234': "
		  "it is longer than 64 bytes" },
	};
	char err[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(rf_glob_valid(cases[i].pattern, err, sizeof(err)), -EINVAL);
		assert_string_equal(err, cases[i].message);
		assert_false(rf_glob_match(cases[i].pattern, ""));
		assert_false(rf_glob_match(cases[i].pattern, cases[i].pattern));
	}
}

static void matches(void **state)
{
	static const struct {
		const char *pattern;
		const char *text;
		bool match;
	} cases[] = {
		{ "*", "", true },
		{ "nginx*", "nginx", true },
		{ "nginx*", "nginx: w", true },
		{ "nginx*", "xnginx", false },
		{ "*mysql*", "a-mysqld", true },
		{ "?", "", false },
		{ "?", "ab", false },
		{ "kworker/[0-9]*", "kworker/1:2", true },
		{ "kworker/[0-9]*", "kworker/u8", false },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a*b*c", "axxbyybzzc", true },
		{ "a*b*c", "axxbyyb", false },
		{ "[!a]", "a", false },
		{ "[]-]", "-", true },
		{ "[]-]", "]", true },
		{ ".*", ".x", true },
		{ "*", ".hidden/x", true },
		{ "[\xe0-\xff]?", "\xe9x", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rf_glob_match(cases[i].pattern, cases[i].text), cases[i].match);
}

static void random_text(unsigned int *seed, const char *alphabet, size_t max, char *out)
{
	size_t n = (size_t)rand_r(seed) % (max + 1);

	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[(size_t)rand_r(seed) % strlen(alphabet)];
	out[n] = '\0';
}

static void against_fnmatch(void **state)
{
	unsigned int seed = 7;
	size_t compared = 0;
	size_t matched = 0;

	for (int round = 0; round < 400000; round++) {
		char pattern[12];
		char text[10];
		char err[64];
		int theirs;

		random_text(&seed, "aabc*?[]!^-\\\xe9", 10, pattern);
		random_text(&seed, "abc]!^-\\[*\xe9", 6, text);
		if (rf_glob_valid(pattern, err, sizeof(err)))
			continue;
		theirs = fnmatch(pattern, text, 0) == 0;
		if (rf_glob_match(pattern, text) != theirs)
			fail_msg("'%s' against '%s': fnmatch says %d", pattern, text, theirs);
		compared++;
		matched += (size_t)theirs;
	}
	/* Both answers must have come up often, else this shows nothing. */
	assert_true(matched > 1000);
	assert_true(compared - matched > 100000);
}

/* A pattern made to blow up a matcher that tries every way. */
static void time_is_bounded(void **state)
{
	char pattern[RF_GLOB_MAX + 1];
	char text[4096];

	for (size_t i = 0; i < RF_GLOB_MAX; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	pattern[RF_GLOB_MAX - 1] = 'b';
	pattern[RF_GLOB_MAX] = '\0';
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(rf_glob_match(pattern, text));
	text[sizeof(text) - 2] = 'b';
	assert_true(rf_glob_match(pattern, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted),        cmocka_unit_test(refused),
		cmocka_unit_test(matches),         cmocka_unit_test(against_fnmatch),
		cmocka_unit_test(time_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
