// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/faults_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "identity/signal.h"
#include "ledger/isolation.h"
#include "verbs/nearest.h"
#include "verbs/option_check.h"
#include "verbs/verbs.h"

enum { KEY_CAUSE = 0x400, KEY_SIGNAL, KEY_OUTCOME, KEY_STACK, KEY_NO_SYMBOLS, KEY_NO_SUMMARY };

static const struct argp_option options[] = {
	{ .doc = "Events (all, if none of these is given; all that are given must hold):",
	  .group = 5 },
	{ "cause", KEY_CAUSE, "LIST", 0,
	  "Only these causes: null-page,unmapped,read-only,no-execute,guard-page,stack-overflow,"
	  "kernel-address,non-canonical,privileged-instruction,illegal-instruction,divide-error,"
	  "floating-point,misaligned,beyond-file-end,memory-error,protection-key,breakpoint,seccomp,"
	  "abort,bad-pointer-to-kernel,out-of-memory,sent-by-process",
	  5 },
	{ "signal", KEY_SIGNAL, "LIST", 0, "Only these signals: SEGV,BUS,... and none for EFAULT",
	  5 },
	{ "outcome", KEY_OUTCOME, "LIST", 0, "Only these outcomes: handled,killed,refused", 5 },
	{ "stack", KEY_STACK, NULL, 0, "Show the frames", 5 },
	{ "no-symbols", KEY_NO_SYMBOLS, NULL, 0, "Do not read programs for the names of functions",
	  5 },
	{ "no-summary", KEY_NO_SUMMARY, NULL, 0, "Events only", 5 },
	{ 0 },
};

static int parse_signal(const char *name)
{
	return strcmp(name, "none") ? rf_signal_parse(name) : 0;
}

static void suggest_cause(const char *name)
{
	struct rf_nearest nearest = RF_NEAREST(name);

	for (int i = 0; i < RF_CAUSE_COUNT; i++)
		rf_nearest_try(&nearest, rf_cause_name((enum rf_cause)i));
	if (nearest.best)
		rf_usage_error("--cause: there is no cause \"%s\"; did you mean \"%s\"?", name,
		               nearest.best);
	rf_usage_error("--cause: there is no cause \"%s\"; ringfence faults --help lists them",
	               name);
}

/* A comma-separated list as bits; bad says what is wrong with a word and does not return. */
static uint64_t parse_list(const char *option, const char *text, int (*parse)(const char *),
                           void (*bad)(const char *))
{
	__free char *copy = strdup(text);
	uint64_t bits = 0;
	char *rest = copy, *word;

	if (!copy)
		rf_usage_error("%s: out of memory", option);
	while ((word = strsep(&rest, ","))) {
		int n = parse(word);

		if (n < 0 || n > 63)
			bad(word);
		bits |= UINT64_C(1) << n;
	}
	return bits;
}

static void bad_signal(const char *name)
{
	rf_usage_error("--signal: there is no signal \"%s\"; use names such as SEGV,BUS,ILL,FPE, "
	               "or none for bad pointers handed to the kernel",
	               name);
}

static void bad_outcome(const char *name)
{
	rf_usage_error("--outcome: there is no outcome \"%s\"; use handled, killed or refused",
	               name);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct rf_faults_options *o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->live;
		return 0;
	case KEY_CAUSE:
		o->causes |= (uint32_t)parse_list("--cause", arg, rf_cause_parse, suggest_cause);
		return 0;
	case KEY_SIGNAL:
		o->signals |= parse_list("--signal", arg, parse_signal, bad_signal);
		return 0;
	case KEY_OUTCOME:
		o->outcomes |=
			(uint32_t)parse_list("--outcome", arg, rf_outcome_parse, bad_outcome);
		return 0;
	case KEY_STACK:
		o->stack = true;
		return 0;
	case KEY_NO_SYMBOLS:
		o->no_symbols = true;
		return 0;
	case KEY_NO_SUMMARY:
		o->no_summary = true;
		return 0;
	case ARGP_KEY_END:
		if (o->live.format == RF_FORMAT_CSV)
			rf_usage_error("--format: events are no table; use table or json");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void rf_faults_options_parse(struct rf_faults_options *o, int argc, char **argv)
{
	static const struct argp_child children[] = { { .argp = &rf_live_argp }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.children = children,
		.doc = "Shows every violation of the boundary between user space and kernel as it "
		       "happens: what broke, what stopped it, and what it did not harm. A summary "
		       "follows at the end, or at each -i.\v"
		       "Examples:\n"
		       "  ringfence faults                         the whole host, until Ctrl-C\n"
		       "  ringfence faults -- ./program            one program and what it starts\n"
		       "  ringfence faults --outcome killed --stack\n"
		       "  ringfence faults --cause null-page,stack-overflow -d 10m\n"
		       "  ringfence faults --format json -o events.ndjson -d 1h\n"
		       "\n"
		       "An event is shown once it is complete: as soon as it was handled or "
		       "refused, and a second after a process died of it, when it is known who "
		       "else died.",
	};

	*o = (struct rf_faults_options){ .live = RF_LIVE_INIT };
	argp_err_exit_status = RF_EXIT_USAGE;
	rf_option_check(&argp, argc, argv);
	/* in order: what follows -- belongs to the command, options included */
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, o);
}
