// SPDX-License-Identifier: GPL-2.0-or-later
/* src/verbs: durations, counts, pids, and what a wrong command line is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <pthread.h>
#include <unistd.h>

#include "base/rf_time.h"
#include "identity/syscall.h"
#include "verbs/nearest.h"
#include "verbs/parse.h"
#include "verbs/stat_options.h"
#include "verbs/verbs.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void durations_good(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
		{ "1", RF_NSEC_PER_SEC },
		{ "5s", 5 * RF_NSEC_PER_SEC },
		{ "500ms", 500 * RF_NSEC_PER_MSEC },
		{ "250us", 250 * RF_NSEC_PER_USEC },
		{ "1ns", 1 },
		{ "2m", 2 * RF_NSEC_PER_MIN },
		{ "1h", RF_NSEC_PER_HOUR },
		{ "1d", 24 * RF_NSEC_PER_HOUR },
		{ "1.5", 1500 * RF_NSEC_PER_MSEC },
		{ "1.5m", 90 * RF_NSEC_PER_SEC },
		{ ".25s", 250 * RF_NSEC_PER_MSEC },
		{ "2.", 2 * RF_NSEC_PER_SEC },
		{ "0.000000001", 1 },
		/* exact where a double would not be */
		{ "9007199.254740993", 9007199254740993 },
		{ "0.1000000000000000000000001s", 100 * RF_NSEC_PER_MSEC },
		{ "9223372036", UINT64_C(9223372036000000000) },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char err[RF_PARSE_ERR] = "";
		uint64_t ns = 0;

		if (rf_parse_duration(cases[i].text, &ns, err, sizeof(err)))
			fail_msg("%s: %s", cases[i].text, err);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void durations_bad(void **state)
{
	static const char *const cases[] = {
		"",
		"x",
		"s",
		"0",
		"0s",
		"0.0",
		"-1",
		"-5s",
		"5y",
		"5 s",
		" 5",
		"5s ",
		"1e3",
		"0x10",
		"1.2.3",
		".",
		".s",
		"9223372037",
		"99999999999999999999999",
		"5S",
		"+5",
		"0.0000000001",
		"1m30s",
		"inf",
		"nan",
		"292000y",
		"18446744073709551616ns",
		"1,5",
		"\xc2\xbd",
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char err[RF_PARSE_ERR] = "";
		uint64_t ns = 77;

		if (rf_parse_duration(cases[i], &ns, err, sizeof(err)) != -EINVAL)
			fail_msg("\"%s\" was taken for %llu ns", cases[i], (unsigned long long)ns);
		assert_int_equal(ns, 77);
		assert_non_null(strstr(err, "500ms"));
		assert_null(strchr(err, '\n'));
	}
}

static void counts(void **state)
{
	static const char *const bad[] = {
		"", "-1", "x", "1x", "11", " 1", "99999999999999999999"
	};
	char err[RF_PARSE_ERR];
	size_t n = 0;

	assert_int_equal(rf_parse_count("10", 10, &n, err, sizeof(err)), 0);
	assert_int_equal(n, 10);
	assert_int_equal(rf_parse_count("0", 10, &n, err, sizeof(err)), 0);
	assert_int_equal(n, 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(rf_parse_count(bad[i], 10, &n, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "0 to 10"));
}

static void sizes(void **state)
{
	static const char *const bad[] = {
		"",   "M",    "64MB", "64 M",  "-1M",          "x",
		"1T", "1.5G", "1023", "1025K", "17179869184G", "99999999999999999999"
	};
	char err[RF_PARSE_ERR];
	size_t n = 0;

	assert_int_equal(rf_parse_size("1K", 1024, 1 << 20, &n, err, sizeof(err)), 0);
	assert_int_equal(n, 1024);
	assert_int_equal(rf_parse_size("1m", 1024, 1 << 20, &n, err, sizeof(err)), 0);
	assert_int_equal(n, 1 << 20);
	assert_int_equal(rf_parse_size("5000", 1024, 1 << 20, &n, err, sizeof(err)), 0);
	assert_int_equal(n, 5000);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (rf_parse_size(bad[i], 1024, 1 << 20, &n, err, sizeof(err)) != -EINVAL)
			fail_msg("\"%s\" was taken for %zu", bad[i], n);
}

static void *tell_tid(void *arg)
{
	int *fds = arg;
	pid_t tid = (pid_t)syscall(SYS_gettid);
	char byte;

	assert_int_equal(write(fds[1], &tid, sizeof(tid)), sizeof(tid));
	/* alive until the other side of the second pipe is closed */
	assert_int_equal(read(fds[2], &byte, 1), 0);
	return NULL;
}

static void pids(void **state)
{
	struct rf_pid_list list = { 0 };
	char text[64], err[RF_PARSE_ERR];

	snprintf(text, sizeof(text), "%d,%d,%d", (int)getpid(), (int)getppid(), (int)getpid());
	assert_int_equal(rf_parse_pids(text, &list, err, sizeof(err)), 0);
	assert_int_equal(list.nr, 2);
	assert_int_equal(list.pids[0], getpid());
	assert_int_equal(list.pids[1], getppid());
	/* a second -p adds */
	assert_int_equal(rf_parse_pids("1", &list, err, sizeof(err)), 0);
	assert_int_equal(list.nr, 3);
	/* and one that fails changes nothing */
	snprintf(text, sizeof(text), "%d,nope", (int)getpid());
	assert_int_equal(rf_parse_pids(text, &list, err, sizeof(err)), -EINVAL);
	assert_int_equal(list.nr, 3);
	free(list.pids);
}

static void pid_of_a_thread(void **state)
{
	int out[2], hold[2], fds[3];
	struct rf_pid_list list = { 0 };
	char text[64], err[RF_PARSE_ERR];
	pthread_t thread;
	pid_t tid;

	assert_int_equal(pipe(out), 0);
	assert_int_equal(pipe(hold), 0);
	fds[0] = out[0];
	fds[1] = out[1];
	fds[2] = hold[0];
	assert_int_equal(pthread_create(&thread, NULL, tell_tid, fds), 0);
	assert_int_equal(read(out[0], &tid, sizeof(tid)), sizeof(tid));
	assert_int_not_equal(tid, getpid());
	snprintf(text, sizeof(text), "%d", (int)tid);
	assert_int_equal(rf_parse_pids(text, &list, err, sizeof(err)), 0);
	assert_int_equal(list.nr, 1);
	assert_int_equal(list.pids[0], getpid());
	close(hold[1]);
	pthread_join(thread, NULL);
	close(hold[0]);
	close(out[0]);
	close(out[1]);
	free(list.pids);
}

static void pids_bad(void **state)
{
	static const char *const cases[] = { "",   ",", "1,", ",1",      "0",
		                             "-1", "a", "1 ", "4194305", "99999999999999999999",
		                             "1;2" };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rf_pid_list list = { 0 };
		char err[RF_PARSE_ERR] = "";

		assert_int_equal(rf_parse_pids(cases[i], &list, err, sizeof(err)), -EINVAL);
		assert_int_equal(list.nr, 0);
		assert_non_null(strstr(err, "pid"));
		free(list.pids);
	}
}

static void nearest_verb(void **state)
{
	assert_string_equal(rf_verb_nearest("stta")->name, "stat");
	assert_string_equal(rf_verb_nearest("chek")->name, "check");
	assert_string_equal(rf_verb_nearest("stats")->name, "stat");
	assert_null(rf_verb_nearest("xyzzy"));
	assert_null(rf_verb_nearest(""));
	assert_null(rf_verb_nearest("a-word-that-is-much-longer-than-any-verb"));
}

#define MAX_ARGS 32

/* Splits line at blanks and parses it. */
static void parse_line(struct rf_stat_options *o, char *line)
{
	static char name[] = "ringfence stat";
	char *argv[MAX_ARGS] = { name };
	char *rest = line, *word;
	int argc = 1;

	while ((word = strsep(&rest, " ")) && argc < MAX_ARGS - 1)
		if (*word)
			argv[argc++] = word;
	rf_stat_options_parse(o, argc, argv);
}

/* What a child that parses line says on stderr; its exit status. */
static int parse_in_child(const char *line, char *text, size_t len)
{
	char copy[256];
	size_t n = 0;
	int fds[2], status;
	ssize_t got;
	pid_t pid;

	snprintf(copy, sizeof(copy), "%s", line);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct rf_stat_options o;

		dup2(fds[1], STDERR_FILENO);
		parse_line(&o, copy);
		_exit(0);
	}
	close(fds[1]);
	while (n < len - 1 && (got = read(fds[0], text + n, len - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void wrong_lines(void **state)
{
	static const struct {
		const char *line;
		const char *says;
	} cases[] = {
		{ "-d 0", "more than 0" },
		{ "-d", "\"-d\" needs a value" },
		{ "--duration", "\"--duration\" needs a value" },
		{ "--duration=", "500ms" },
		{ "-i 1ms", "10ms or more" },
		{ "-d 1s -i 2s", "-i is longer than -d" },
		{ "-p 1 -- ls", "exclude each other" },
		{ "-p 4194304", "no process 4194304" },
		{ "-p x", "\"x\" is not a pid" },
		{ "--comm [a", "glob" },
		{ "-u no-such-user-here", "no user \"no-such-user-here\"" },
		{ "--cgroup /no/such/cgroup", "no cgroup" },
		{ "-e opne", "open" },
		{ "-e %nope", "%file" },
		{ "--format xml", "table, json or csv" },
		{ "--by planet", "process, thread, comm, cgroup, user, call" },
		{ "--sort planet", "crossings, calls" },
		{ "--top -1", "--top" },
		{ "--calls many", "--calls" },
		{ "--latency some", "auto, full or none" },
		{ "--memory 5X", "no size" },
		{ "--memory 1K", "out of range" },
		{ "ls", "a command to run goes after --: ringfence stat -- ls" },
		{ "-d 1s ls -l", "unexpected word \"ls\"" },
		{ "--", "nothing after --" },
		{ "-d 1s --", "nothing after --" },
		{ "--fromat json", "did you mean \"--format\"?" },
		{ "--frobnicate", "no option \"--frobnicate\"; ringfence stat --help" },
		{ "-Z", "no option \"-Z\"" },
		{ "--self=3", "\"--self\" takes no value" },
		{ "--c x", "ambiguous" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[2048];
		int status = parse_in_child(cases[i].line, text, sizeof(text));

		if (status != RF_EXIT_USAGE || !strstr(text, cases[i].says))
			fail_msg("%s: status %d: %s", cases[i].line, status, text);
		/* one line, and it is the last thing in it */
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		assert_int_equal(strncmp(text, "ringfence: ", 11), 0);
	}
}

static void defaults(void **state)
{
	struct rf_stat_options o;
	char line[] = "";

	parse_line(&o, line);
	assert_int_equal(o.by, RF_BY_PROCESS);
	assert_int_equal(o.sort, RF_SORT_CROSSINGS);
	assert_false(o.has_top);
	assert_int_equal(o.calls, 5);
	assert_int_equal(o.live.format, RF_FORMAT_TABLE);
	assert_int_equal(o.live.duration_ns, 0);
	assert_int_equal(o.live.interval_ns, 0);
	/* which one is the host's affair; number and name go together */
	assert_int_equal(o.live.cgroup_v1_subsys < 0, !*o.live.hierarchy);
	assert_null(o.live.command);
	assert_null(o.live.output);
	assert_null(o.live.comm);
	assert_false(o.live.has_calls);
	assert_false(o.live.self);
	assert_false(o.overhead);
	rf_live_clear(&o.live);
}

static void all_of_them(void **state)
{
	char line[] = "-p 1 --comm ngin?* -u 0 -e read,write -d 1.5s -i 500ms --format csv -o f "
		      "--self --no-latency --memory 64M --by call --overhead";
	char more[] = "--sort failed --top 7 --calls 0 --latency full";
	struct rf_probe_options probe;
	struct rf_stat_options o;

	parse_line(&o, line);
	assert_int_equal(o.by, RF_BY_CALL);
	assert_int_equal(o.live.pids.nr, 1);
	assert_int_equal(o.live.pids.pids[0], 1);
	assert_int_equal(o.live.duration_ns, 1500 * RF_NSEC_PER_MSEC);
	assert_int_equal(o.live.interval_ns, 500 * RF_NSEC_PER_MSEC);
	assert_int_equal(o.live.format, RF_FORMAT_CSV);
	assert_string_equal(o.live.output, "f");
	assert_true(o.overhead);

	rf_live_probe_options(&o.live, 99, &probe);
	assert_int_equal(probe.targets.nr_pids, 1);
	assert_int_equal(probe.targets.pids[0], 1);
	assert_int_equal(probe.targets.tree, 99);
	assert_string_equal(probe.targets.comm, "ngin?*");
	assert_true(probe.targets.by_uid);
	assert_int_equal(probe.targets.uid, 0);
	assert_int_equal(probe.targets.cgroup, 0);
	/* which one is the host's affair; number and name go together */
	assert_int_equal(probe.targets.cgroup_v1_subsys < 0, !*o.live.hierarchy);
	assert_true(probe.targets.self);
	assert_int_equal(probe.latency, RF_LATENCY_NONE);
	assert_int_equal(probe.memory, (size_t)64 << 20);
	/* read is 0 and write is 1, and nothing else is in */
	assert_int_equal(probe.calls[RF_ABI_X86_64][0], 3);
	rf_live_clear(&o.live);

	parse_line(&o, more);
	assert_int_equal(o.sort, RF_SORT_FAILED);
	assert_true(o.has_top);
	assert_int_equal(o.top, 7);
	assert_int_equal(o.calls, 0);
	rf_live_probe_options(&o.live, 0, &probe);
	assert_null(probe.calls);
	assert_int_equal(probe.latency, RF_LATENCY_FULL);
	assert_int_equal(probe.memory, 0);
	rf_live_clear(&o.live);
}

/* What follows -- is the command's, options and a further -- included. */
static void command_line(void **state)
{
	char line[] = "-d 1s -- prog -d 5s -- --help";
	struct rf_stat_options o;

	parse_line(&o, line);
	assert_int_equal(o.live.duration_ns, RF_NSEC_PER_SEC);
	assert_non_null(o.live.command);
	assert_string_equal(o.live.command[0], "prog");
	assert_string_equal(o.live.command[1], "-d");
	assert_string_equal(o.live.command[2], "5s");
	assert_string_equal(o.live.command[3], "--");
	assert_string_equal(o.live.command[4], "--help");
	assert_null(o.live.command[5]);
	rf_live_clear(&o.live);
}

static void describe(void **state)
{
	static const struct {
		const char *line;
		const char *says;
	} cases[] = {
		{ "", "the whole host" },
		{ "-p 1", "process 1" },
		{ "--comm a*", "processes named a*" },
		{ "-u 0 --comm b", "processes of user 0 named b" },
		{ "-- ls -l", "ls and what it starts" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rf_stat_options o;
		char line[64], text[256];

		snprintf(line, sizeof(line), "%s", cases[i].line);
		parse_line(&o, line);
		rf_live_describe(&o.live, text, sizeof(text));
		assert_string_equal(text, cases[i].says);
		rf_live_clear(&o.live);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_good), cmocka_unit_test(durations_bad),
		cmocka_unit_test(counts),         cmocka_unit_test(sizes),
		cmocka_unit_test(pids),           cmocka_unit_test(pid_of_a_thread),
		cmocka_unit_test(pids_bad),       cmocka_unit_test(nearest_verb),
		cmocka_unit_test(wrong_lines),    cmocka_unit_test(defaults),
		cmocka_unit_test(all_of_them),    cmocka_unit_test(command_line),
		cmocka_unit_test(describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
