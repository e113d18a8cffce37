// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/report_options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rf_time.h"
#include "identity/glob.h"
#include "verbs/option_check.h"
#include "verbs/parse.h"
#include "verbs/row_options.h"
#include "verbs/verbs.h"

#define CALLS_DEFAULT 5

enum {
	KEY_DIFF = 0x400,
	KEY_TIMELINE,
	KEY_FAULTS,
	KEY_PAGE_FAULTS,
	KEY_FROM,
	KEY_TO,
	KEY_COMM,
	KEY_CGROUP,
	KEY_FORMAT,
	KEY_BY,
	KEY_SORT,
	KEY_TOP,
	KEY_CALLS,
};

static const struct argp_option options[] = {
	{ .doc = "What to show (what stat shows, if none is given):", .group = 1 },
	{ "timeline", KEY_TIMELINE, "PID", 0,
	  "What the threads of a process, or one thread, did in order, with user, kernel and "
	  "waiting time between",
	  1 },
	{ "diff", KEY_DIFF, "FILE2", 0, "What is different in FILE2, biggest first", 1 },
	{ "faults", KEY_FAULTS, NULL, 0,
	  "What faults would have shown: violations with cause, outcome and blast radius, and a "
	  "summary",
	  1 },
	{ "page-faults", KEY_PAGE_FAULTS, NULL, 0, "Page faults and signals, in order", 1 },
	{ .doc = "Part of the recording (all that are given must hold):", .group = 2 },
	{ "from", KEY_FROM, "TIME", 0,
	  "From then on: 14:02:11.5 or 2024-05-01 14:02:11 (local time), @SECONDS since 1970, or "
	  "+2.5s from its begin",
	  2 },
	{ "to", KEY_TO, "TIME", 0, "Up to then", 2 },
	{ "pid", 'p', "PID[,PID...]", 0, "These processes", 2 },
	{ "comm", KEY_COMM, "GLOB", 0, "Processes that had such a name: *, ?, [a-z], [!a-z]", 2 },
	{ "user", 'u', "USER", 0,
	  "Processes of that user: a name of the recorded host, or a number", 2 },
	{ "cgroup", KEY_CGROUP, "PATH", 0, "Processes in that cgroup and below it", 2 },
	{ NULL, 'e', "LIST", 0,
	  "Only these calls: names and classes as strace has them: openat,read  %file  !futex", 2 },
	{ .doc = "Rows:", .group = 3 },
	{ "by", KEY_BY, "WHAT", 0,
	  "A row for each process (default), thread, comm, cgroup, user or call", 3 },
	{ "sort", KEY_SORT, "KEY", 0, "As for stat", 3 },
	{ "top", KEY_TOP, "N", 0, "At most N rows; 0: all (default: 20 in a table, else all)", 3 },
	{ "calls", KEY_CALLS, "N", 0, "Table: at most N calls under each row (default: 5)", 3 },
	{ .doc = "Output:", .group = 4 },
	{ "format", KEY_FORMAT, "FORMAT", 0, "table (default), json, csv or ndjson", 4 },
	{ "output", 'o', "FILE", 0, "Write to FILE (no symbolic link) instead of standard output",
	  4 },
	{ 0 },
};

static uint32_t parse_pid(const char *option, const char *text)
{
	char err[RF_PARSE_ERR];
	size_t n;

	if (rf_parse_count(text, 0x3fffff, &n, err, sizeof(err)) || !n)
		rf_usage_error("%s takes a process id: \"%s\" is none", option, text);
	return (uint32_t)n;
}

/* The recording's processes, which need not be alive. */
static void parse_pids(struct rf_report_options *o, const char *text)
{
	char *copy = strdup(text), *rest = copy, *one;

	while (copy && (one = strsep(&rest, ","))) {
		if (o->nr_pids == RF_REPORT_PIDS)
			rf_usage_error("-p: at most %d processes", RF_REPORT_PIDS);
		o->pids[o->nr_pids++] = parse_pid("-p", one);
	}
	free(copy);
}

static enum rf_report_format parse_format(const char *name)
{
	static const char *const names[] = { "table", "json", "csv", "ndjson" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return (enum rf_report_format)i;
	rf_usage_error("--format: there is no format \"%s\"; use table, json, csv or ndjson", name);
}

static void parse_calls(struct rf_report_options *o, const char *list)
{
	char err[RF_PARSE_ERR];

	if (rf_call_set_parse(&o->set, list, err, sizeof(err)))
		rf_usage_error("-e: %s", err);
	o->has_calls = true;
}

static void check_moment(const char *option, const char *text)
{
	char err[RF_PARSE_ERR];
	uint64_t ns;

	if (text && rf_report_moment(text, 0, RF_NSEC_PER_SEC, &ns, err, sizeof(err)))
		rf_usage_error("%s: %s", option, err);
}

static void check_whole(const struct rf_report_options *o)
{
	char err[RF_PARSE_ERR];

	if (!o->file)
		rf_usage_error("which recording? ringfence report FILE");
	if (o->timeline + (o->diff != NULL) + o->faults + o->page_faults > 1)
		rf_usage_error("--timeline, --diff, --faults and --page-faults exclude each other");
	if (o->comm && rf_glob_valid(o->comm, err, sizeof(err)))
		rf_usage_error("--comm takes a glob: %s", err);
	check_moment("--from", o->from);
	check_moment("--to", o->to);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rf_report_options *o = state->input;

	switch (key) {
	case KEY_DIFF:
		o->diff = arg;
		return 0;
	case KEY_TIMELINE:
		o->timeline = true;
		o->timeline_pid = parse_pid("--timeline", arg);
		return 0;
	case KEY_FAULTS:
		o->faults = true;
		return 0;
	case KEY_PAGE_FAULTS:
		o->page_faults = true;
		return 0;
	case KEY_FROM:
		o->from = arg;
		return 0;
	case KEY_TO:
		o->to = arg;
		return 0;
	case 'p':
		parse_pids(o, arg);
		return 0;
	case KEY_COMM:
		o->comm = arg;
		return 0;
	case 'u':
		o->user = arg;
		return 0;
	case KEY_CGROUP:
		o->cgroup = arg;
		return 0;
	case 'e':
		parse_calls(o, arg);
		return 0;
	case KEY_FORMAT:
		o->format = parse_format(arg);
		return 0;
	case 'o':
		o->output = arg;
		return 0;
	case KEY_BY:
		o->by = rf_by_option(arg);
		return 0;
	case KEY_SORT:
		o->sort = rf_sort_option(arg);
		return 0;
	case KEY_TOP:
		o->top = rf_rows_option("--top", arg);
		o->has_top = true;
		return 0;
	case KEY_CALLS:
		o->calls = rf_rows_option("--calls", arg);
		return 0;
	case ARGP_KEY_ARG:
		if (o->file)
			rf_usage_error("one recording at a time; --diff compares two");
		o->file = arg;
		return 0;
	case ARGP_KEY_END:
		check_whole(o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void rf_report_options_parse(struct rf_report_options *o, int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE",
		.doc = "Shows what ringfence record wrote, on any machine, without privileges.\v"
		       "Examples:\n"
		       "  ringfence report all.rec                        what stat would have shown\n"
		       "  ringfence report all.rec --from 14:02:11 --to 14:02:13 -u www-data\n"
		       "  ringfence report all.rec --timeline 1234        one process, step by step\n"
		       "  ringfence report before.rec --diff after.rec    what has changed\n"
		       "  ringfence report all.rec --format json          as stat --format json\n"
		       "\n"
		       "FILE - is standard input. Exit status: 0 done, also for a recording that was "
		       "cut off, of which all whole blocks are shown, and that is said; 1 it cannot be "
		       "read; 2 usage.",
	};

	*o = (struct rf_report_options){ .by = RF_BY_PROCESS,
		                         .sort = RF_SORT_CROSSINGS,
		                         .calls = CALLS_DEFAULT };
	argp_err_exit_status = RF_EXIT_USAGE;
	rf_option_check(&argp, argc, argv);
	argp_parse(&argp, argc, argv, 0, NULL, o);
}

/* The fraction behind seconds: ".25". *ns of it; the text behind. NULL: none. */
static const char *parse_fraction(const char *text, uint64_t *ns)
{
	uint64_t unit = RF_NSEC_PER_SEC;

	*ns = 0;
	if (*text != '.')
		return text;
	for (text++; *text >= '0' && *text <= '9'; text++) {
		unit /= 10;
		*ns += unit * (uint64_t)(*text - '0');
	}
	return unit == RF_NSEC_PER_SEC ? NULL : text;
}

/* Local time, on the recording's day if none is given. */
static int parse_clock(const char *text, uint64_t start_real, uint64_t *real)
{
	static const char *const forms[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%H:%M:%S" };
	time_t day = (time_t)(start_real / RF_NSEC_PER_SEC);
	uint64_t fraction;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm tm;
		const char *end;
		time_t at;

		localtime_r(&day, &tm);
		tm.tm_isdst = -1;
		end = strptime(text, forms[i], &tm);
		end = end ? parse_fraction(end, &fraction) : NULL;
		if (!end || *end)
			continue;
		tm.tm_isdst = -1;
		at = mktime(&tm);
		/* a recording over midnight: a clock time before its begin is the next day's */
		if (i == 2 &&
		    (uint64_t)at * RF_NSEC_PER_SEC + fraction + RF_NSEC_PER_SEC < start_real)
			at += 24 * 3600;
		*real = (uint64_t)at * RF_NSEC_PER_SEC + fraction;
		return 0;
	}
	return -EINVAL;
}

static int parse_epoch(const char *text, uint64_t *real)
{
	uint64_t fraction;
	const char *rest;
	char *end;

	errno = 0;
	*real = strtoull(text, &end, 10);
	if (end == text || errno || *real > UINT64_MAX / RF_NSEC_PER_SEC - 1)
		return -EINVAL;
	rest = parse_fraction(end, &fraction);
	if (!rest || *rest)
		return -EINVAL;
	*real = *real * RF_NSEC_PER_SEC + fraction;
	return 0;
}

int rf_report_moment(const char *text, uint64_t start_ns, uint64_t start_real, uint64_t *ns,
                     char *err, size_t errlen)
{
	uint64_t real;
	int ret;

	if (*text == '+') {
		ret = rf_parse_duration(text + 1, ns, err, errlen);
		if (ret && !strtod(text + 1, NULL) && text[1] == '0') {
			*ns = 0;
			ret = 0;
		}
		*ns += start_ns;
		return ret;
	}
	ret = *text == '@' ? parse_epoch(text + 1, &real) : parse_clock(text, start_real, &real);
	if (ret) {
		snprintf(err, errlen,
		         "\"%s\" is no time; use 14:02:11.5, 2024-05-01 14:02:11, @1714572131.5 or "
		         "+2.5s",
		         text);
		return ret;
	}
	if (real >= start_real)
		*ns = start_ns + (real - start_real);
	else
		*ns = start_real - real < start_ns ? start_ns - (start_real - real) : 1;
	return 0;
}
