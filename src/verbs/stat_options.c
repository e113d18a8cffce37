// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/stat_options.h"

#include "verbs/option_check.h"
#include "verbs/row_options.h"
#include "verbs/verbs.h"

#define CALLS_DEFAULT 5

enum { KEY_BY = 0x200, KEY_SORT, KEY_TOP, KEY_CALLS, KEY_OVERHEAD };

static const struct argp_option options[] = {
	{ .doc = "Rows:", .group = 5 },
	{ "by", KEY_BY, "WHAT", 0,
	  "A row for each process (default), thread, comm, cgroup, user or call", 5 },
	{ "sort", KEY_SORT, "KEY", 0,
	  "Largest first by crossings (default), calls, failed, denied, faults, user, kernel, "
	  "waiting, time (user and kernel); or by pid, name",
	  5 },
	{ "top", KEY_TOP, "N", 0, "At most N rows; 0: all (default: 20 in a table, else all)", 5 },
	{ "calls", KEY_CALLS, "N", 0, "Table: at most N calls under each row (default: 5)", 5 },
	{ "overhead", KEY_OVERHEAD, NULL, 0,
	  "Tell what ringfence itself costs: run time of its BPF programs, its own processor time, "
	  "memory; timing the programs adds a little to the cost",
	  5 },
	{ 0 },
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rf_stat_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->live;
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
	case KEY_OVERHEAD:
		o->overhead = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void rf_stat_options_parse(struct rf_stat_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &rf_live_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.doc = "Counts every kernel crossing (system call, page fault) of every process, "
		       "exactly, and shows the busiest first.\v"
		       "Examples:\n"
		       "  ringfence stat -d 5s                     the whole host for five seconds\n"
		       "  ringfence stat -p 1234 -i 1s             one process, every second\n"
		       "  ringfence stat --comm 'nginx*' -d 10s    by name\n"
		       "  ringfence stat -u www-data -e %file,%network -d 10s\n"
		       "  ringfence stat --by call --sort failed -d 5s\n"
		       "  ringfence stat --format json -o out.json -- make all\n"
		       "\n"
		       "With -- COMMAND the window lasts from its first instruction to the last "
		       "exit among all that it started; it runs as the user that runs ringfence, "
		       "and its exit status is handed on (128 + N when signal N killed it; 127 not "
		       "found; 126 not executable). Else: 0 done; 1 failed while running; 2 usage; "
		       "3 cannot run here. The first Ctrl-C ends the window and prints the result, "
		       "a second one ends at once.",
	};

	*o = (struct rf_stat_options){ .live = RF_LIVE_INIT,
		                       .by = RF_BY_PROCESS,
		                       .sort = RF_SORT_CROSSINGS,
		                       .calls = CALLS_DEFAULT };
	argp_err_exit_status = RF_EXIT_USAGE;
	rf_option_check(&argp, argc, argv);
	/* in order: what follows -- belongs to the command, options included */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}
