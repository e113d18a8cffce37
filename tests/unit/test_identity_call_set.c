// SPDX-License-Identifier: GPL-2.0-or-later
/* The language of -e LIST. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "identity/call_set.h"

static struct rf_call_set parse(const char *list)
{
	struct rf_call_set set;
	char err[512] = "";
	int rc = rf_call_set_parse(&set, list, err, sizeof(err));

	if (rc)
		fail_msg("'%s': %s", list, err);
	return set;
}

static void assert_refused(const char *list, const char *message)
{
	struct rf_call_set set;
	struct rf_call_set empty = { 0 };
	char err[512] = "";

	memset(&set, 0xff, sizeof(set));
	set.invalid = true;
	assert_int_equal(rf_call_set_parse(&set, list, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, message);
	assert_memory_equal(set.bits, empty.bits, sizeof(set.bits));
	assert_false(set.invalid);
}

static size_t count_all(const struct rf_call_set *set)
{
	size_t count = 0;

	for (int abi = 0; abi < RF_ABI_COUNT; abi++)
		count += rf_call_set_count(set, (enum rf_abi)abi);
	return count;
}

static void a_name_is_the_call_in_every_abi(void **state)
{
	struct rf_call_set set = parse("read");

	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, 0));
	assert_true(rf_call_set_has(&set, RF_ABI_I386, 3));
	assert_true(rf_call_set_has(&set, RF_ABI_X32, 0));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM64, 63));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM, 3));
	assert_int_equal(count_all(&set), 5);
	assert_false(rf_call_set_has(&set, RF_ABI_X86_64, 3));
	assert_false(rf_call_set_has(&set, RF_ABI_X86_64, RF_NR_INVALID));
	assert_false(rf_call_set_has(&set, RF_ABI_COUNT, 0));

	set = parse("open");
	assert_int_equal(count_all(&set), 4); /* arm64 has openat alone */
	assert_int_equal(rf_call_set_count(&set, RF_ABI_ARM64), 0);
}

static void lists_prefixes_and_repeats(void **state)
{
	struct rf_call_set a = parse("open,close");
	struct rf_call_set b = parse("trace=close,open,close");

	assert_int_equal(count_all(&a), 9);
	assert_memory_equal(a.bits, b.bits, sizeof(a.bits));
}

static void negation_is_the_complement(void **state)
{
	struct rf_call_set set = parse("open,%file");
	struct rf_call_set not = parse("!open,%file");
	struct rf_call_set trace = parse("trace=!open,%file");

	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++)
			assert_int_not_equal(rf_call_set_has(&set, (enum rf_abi)abi, nr),
			                     rf_call_set_has(&not, (enum rf_abi)abi, nr));
	}
	assert_false(set.invalid);
	assert_true(not .invalid);
	assert_memory_equal(not .bits, trace.bits, sizeof(not .bits));
}

static void all_none_invalid(void **state)
{
	struct rf_call_set set = parse("all");

	assert_true(rf_call_set_has(&set, RF_ABI_ARM, 1023));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM, RF_NR_INVALID));
	set = parse("none");
	assert_int_equal(count_all(&set), 0);
	assert_false(set.invalid);
	set = parse("!all");
	assert_int_equal(count_all(&set), 0);
	assert_false(set.invalid);
	set = parse("invalid");
	assert_int_equal(count_all(&set), 0);
	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, RF_NR_INVALID));
	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, RF_SYSCALL_LIMIT));
	set = parse("all@x32");
	assert_true(rf_call_set_has(&set, RF_ABI_X32, 999));
	assert_false(rf_call_set_has(&set, RF_ABI_X86_64, 999));
	assert_false(set.invalid);
}

static void abis(void **state)
{
	struct rf_call_set set = parse("read@64");

	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, 0));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM64, 63));
	assert_int_equal(count_all(&set), 2);
	set = parse("read@32,write@x32");
	assert_true(rf_call_set_has(&set, RF_ABI_I386, 3));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM, 3));
	assert_true(rf_call_set_has(&set, RF_ABI_X32, 1));
	assert_int_equal(count_all(&set), 3);
	set = parse("%file@i386");
	assert_int_equal(rf_call_set_count(&set, RF_ABI_X86_64), 0);
	assert_true(rf_call_set_has(&set, RF_ABI_I386, 5));
}

static void expressions_and_numbers(void **state)
{
	struct rf_call_set set = parse("/^epoll_ctl$");

	assert_int_equal(count_all(&set), 5);
	set = parse("/^(read|write)v$@x86_64");
	assert_int_equal(count_all(&set), 2);
	set = parse("335,syscall_1023");
	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, 335));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM64, 1023));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM, 1023));
}

static void optional_names(void **state)
{
	struct rf_call_set set = parse("?nosuchcall,?/^nosuch,read");

	assert_int_equal(count_all(&set), 5);
}

static void classes(void **state)
{
	struct rf_call_set set = parse("%network");

	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, 41)); /* socket */
	assert_true(rf_call_set_has(&set, RF_ABI_I386, 102));  /* socketcall */
	assert_true(rf_call_set_has(&set, RF_ABI_ARM, 289));   /* send */
	assert_false(rf_call_set_has(&set, RF_ABI_X86_64, 0));
	set = parse("%desc");
	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, 472)); /* fchroot */
	assert_true(rf_call_set_has(&set, RF_ABI_ARM64, 63));
	set = parse("%file");
	assert_true(rf_call_set_has(&set, RF_ABI_X86_64, 257));
	assert_true(rf_call_set_has(&set, RF_ABI_ARM64, 56));
	assert_false(rf_call_set_has(&set, RF_ABI_X86_64, 3));
	set = parse("%pure@x86_64");
	assert_int_equal(count_all(&set), 8);
}

/* The usage text names each class that parses, and each that it names parses. */
static void class_list(void **state)
{
	char *copy = strdup(rf_call_set_classes());
	char *rest = copy;
	char *name;
	size_t count = 0;

	while ((name = strsep(&rest, ", "))) {
		struct rf_call_set set;

		if (!*name)
			continue;
		set = parse(name);
		assert_true(count_all(&set) > 0);
		count++;
	}
	free(copy);
	assert_int_equal(count, 18);
}

static void mistakes(void **state)
{
	char list[4096];

	assert_refused("opne", "unknown call 'opne': did you mean 'open'?");
	assert_refused("read,oepnat", "unknown call 'oepnat': did you mean 'openat'?");
	assert_refused("gettimeofdya", "unknown call 'gettimeofdya': did you mean 'gettimeofday'?");
	assert_refused(
		"blancmange",
		"unknown call 'blancmange'; names and classes are strace's: openat, %file, /^epoll_");
	assert_refused("file", "unknown call 'file': did you mean the class '%file'?");
	assert_refused("%files",
	               "unknown class '%files': it is one of %file, %process, %network, "
	               "%net, %signal, %ipc, %desc, %memory, %creds, %clock, %pure, %stat, "
	               "%lstat, %fstat, %%stat, %statfs, %fstatfs, %%statfs");
	assert_refused("", "empty name in the list of calls");
	assert_refused("!", "empty name in the list of calls");
	assert_refused("open,,close", "empty name in the list of calls");
	assert_refused("?", "empty name in the list of calls");
	assert_refused("open,!close", "'!' may stand only in front of the whole list");
	assert_refused("open@arm64", "'open' is not a call of that ABI");
	assert_refused("open@vax", "unknown ABI '@vax': it is one of @64, @32, @x32");
	assert_refused("/nosuch", "no call matches '/nosuch'");
	assert_refused("/(", "bad expression '/(': Unmatched ( or \\(");
	assert_refused("1024", "call number 1024 is out of range: the last is 1023");
	assert_refused("99999999999999999999999",
	               "call number 99999999999999999999999 is out of range: the last is 1023");
	assert_refused("12x", "'12x' is not a number");

	/* Longer than any name, and longer than the message. */
	memset(list, 'x', sizeof(list) - 1);
	list[sizeof(list) - 1] = '\0';
	{
		struct rf_call_set set;
		char err[16];

		assert_int_equal(rf_call_set_parse(&set, list, err, sizeof(err)), -EINVAL);
		assert_string_equal(err, "unknown call 'x");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_the_call_in_every_abi),
		cmocka_unit_test(lists_prefixes_and_repeats),
		cmocka_unit_test(negation_is_the_complement),
		cmocka_unit_test(all_none_invalid),
		cmocka_unit_test(abis),
		cmocka_unit_test(expressions_and_numbers),
		cmocka_unit_test(optional_names),
		cmocka_unit_test(classes),
		cmocka_unit_test(class_list),
		cmocka_unit_test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
