// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/top_options.h"

#include <string.h>

#include "base/rf_time.h"
#include "verbs/option_check.h"
#include "verbs/verbs.h"

#define INTERVAL_DEFAULT_NS RF_NSEC_PER_SEC

enum { KEY_BY = 0x200, KEY_SORT, KEY_REVERSE, KEY_FILTER, KEY_NO_BPF_STATS };

static const struct argp_option options[] = {
	{ .doc = "What is shown at first (keys change it later):", .group = 5 },
	{ "by", KEY_BY, "WHAT", 0,
	  "A row for each process (default), thread, comm or cgroup: key t", 5 },
	{ "sort", KEY_SORT, "COLUMN", 0,
	  "By calls (default), failed, denied, violations, minor, major, time, user%, kernel%, "
	  "waiting%, p99, call, name, user, pid, threads: keys < >",
	  5 },
	{ "reverse", KEY_REVERSE, NULL, 0, "In reverse order: key r", 5 },
	{ "filter", KEY_FILTER, "TEXT", 0, "Only names with TEXT in them: key /", 5 },
	{ "no-bpf-stats", KEY_NO_BPF_STATS, NULL, 0,
	  "Do not have the kernel time its programs, for what ringfence costs there", 5 },
	{ 0 },
};

static enum rf_by parse_by(const char *name)
{
	int by = rf_by_parse(name);

	if (by != RF_BY_PROCESS && by != RF_BY_THREAD && by != RF_BY_COMM && by != RF_BY_CGROUP)
		rf_usage_error("--by: there is no \"%s\" here; use process, thread, comm or cgroup",
		               name);
	return (enum rf_by)by;
}

static enum rf_top_column parse_sort(const char *name)
{
	int column = rf_top_column_parse(name);

	if (column < 0)
		rf_usage_error("--sort: there is no column \"%s\"; use one of %s", name,
		               rf_top_column_names());
	return (enum rf_top_column)column;
}

static const char *parse_filter(const char *text)
{
	if (strlen(text) >= RF_TOP_FILTER_MAX)
		rf_usage_error("--filter: the text is too long; %d bytes will do",
		               RF_TOP_FILTER_MAX - 1);
	return text;
}

static void check_whole(struct rf_top_options *o)
{
	if (o->live.format != RF_FORMAT_TABLE)
		rf_usage_error(
			"--format: top draws a screen; use ringfence stat --format, or key s");
	if (!rf_top_column_fits(o->sort, o->by))
		rf_usage_error(
			"--sort: there is no column \"%s\" with --by %s; leave one of them out",
			rf_top_column_name(o->sort), rf_by_name(o->by));
	if (!o->live.interval_ns)
		o->live.interval_ns = INTERVAL_DEFAULT_NS;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rf_top_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->live;
		return 0;
	case KEY_BY:
		o->by = parse_by(arg);
		return 0;
	case KEY_SORT:
		o->sort = parse_sort(arg);
		return 0;
	case KEY_REVERSE:
		o->reverse = true;
		return 0;
	case KEY_FILTER:
		o->filter = parse_filter(arg);
		return 0;
	case KEY_NO_BPF_STATS:
		o->no_bpf_stats = true;
		return 0;
	case ARGP_KEY_END:
		check_whole(o);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void rf_top_options_parse(struct rf_top_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &rf_live_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.doc = "Shows on one screen, every second anew, which process crosses into the "
		       "kernel how often, by what, how long it stays and what it is denied; key ? "
		       "lists the keys, q quits.\v"
		       "Examples:\n"
		       "  ringfence top                            the whole host\n"
		       "  ringfence top -p 1234 -i 200ms           one process\n"
		       "  ringfence top --by cgroup --sort time    which container is busy\n"
		       "  ringfence top -u www-data -e %file,%network\n"
		       "  ringfence top -- make all\n"
		       "\n"
		       "-i is 1s unless given. There is no --format but table. Key s saves what is shown to a new file in the "
		       "current directory, or adds it to FILE with -o. With -- COMMAND top ends "
		       "when COMMAND and all that it started have ended, and hands its exit status "
		       "on; COMMAND reads nothing, and the end of what it wrote is printed after "
		       "the screen is closed. Exit status: 0 done; 1 failed while running; 2 usage; "
		       "3 cannot run here, or on this terminal.",
	};

	*o = (struct rf_top_options){ .live = RF_LIVE_INIT,
		                      .by = RF_BY_PROCESS,
		                      .sort = RF_TOP_CALLS };
	argp_err_exit_status = RF_EXIT_USAGE;
	rf_option_check(&argp, argc, argv);
	/* in order: what follows -- belongs to the command, options included */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}
