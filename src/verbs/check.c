// SPDX-License-Identifier: GPL-2.0-or-later
#include <argp.h>
#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "probe/detect.h"
#include "probe/probe.h"
#include "verbs/output.h"
#include "verbs/verbs.h"
#include "views/check_view.h"

struct check {
	bool json;
	const char *output; /* NULL: stdout */
	const char
		*btf; /* another kernel's types to load the programs with; NULL: check this host */
};

enum {
	KEY_FORMAT = 0x100,
	KEY_BTF,
};

static const struct argp_option options[] = {
	{ "format", KEY_FORMAT, "FORMAT", 0, "table (default) or json", 0 },
	{ "output", 'o', "FILE", 0, "Write to FILE (no symbolic link) instead of standard output",
	  0 },
	{ "btf", KEY_BTF, "FILE", OPTION_HIDDEN,
	  "Load every program with the types of the kernel that FILE is the BTF of", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct check *check = state->input;

	switch (key) {
	case KEY_FORMAT:
		check->json = !strcmp(arg, "json");
		if (!check->json && strcmp(arg, "table"))
			rf_usage_error(
				"--format \"%s\" is none that check knows: use table or json", arg);
		return 0;
	case 'o':
		check->output = arg;
		return 0;
	case KEY_BTF:
		check->btf = arg;
		return 0;
	case ARGP_KEY_ARG:
		rf_usage_error(
			"check takes no argument, and got \"%s\": see ringfence check --help", arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "What this host offers: each kernel feature that ringfence can use, and for each "
	       "verb whether it runs here. Nothing is measured; without privileges it tells what "
	       "it can.\v"
	       "Exit status: 0 stat can run; 3 it cannot, with the reason and the remedy on "
	       "standard error.",
};

/* A verb that this build does not have must not be said to run. */
static void mark_missing_verbs(struct rf_host *host)
{
	for (int v = 0; v < RF_VERB_COUNT; v++) {
		if (!rf_verb_find(host->verbs[v].name))
			host->verbs[v].verdict = RF_VERB_NOT_BUILT;
	}
}

static int print(const struct check *check, const struct rf_host *host, struct rf_output *out)
{
	int err = rf_output_begin(out);

	if (err)
		return err;
	if (check->json)
		rf_view_check_json(out->file, host);
	else
		rf_view_check_table(out->file, host);
	return rf_output_flush(out);
}

/*
 * In every mode, because each has programs of its own. Where a program follows a pointer itself,
 * the verifier holds the offset against this kernel's types and not against the file's; so the
 * programs are made to copy what they read, as on a kernel where they must.
 */
static int try_btf(struct rf_host *host, const char *btf)
{
	static const enum rf_feature follow[] = { RF_FEATURE_TASK_BTF, RF_FEATURE_TASK_STORAGE,
		                                  RF_FEATURE_TASK_PT_REGS };
	const struct rf_probe_options modes[] = {
		{ .host = host, .targets.tree = 1, .targets.comm = "*" },
		{ .host = host, .isolation = RF_ISOLATION_EVENTS },
		{ .host = host, .stream = true },
	};
	char reason[400];

	for (size_t i = 0; i < sizeof(follow) / sizeof(*follow); i++)
		host->features[follow[i]].verdict = RF_FEATURE_ABSENT_OPTIONAL;
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (rf_probe_try_btf(&modes[i], btf, reason, sizeof(reason))) {
			rf_err("%s: %s", btf, reason);
			return RF_EXIT_FAILED;
		}
	}
	return RF_EXIT_DONE;
}

int rf_verb_check(int argc, char **argv)
{
	struct check check = { 0 };
	struct rf_host host;
	struct rf_output out;
	const struct rf_feature_state *blocker;
	char reason[400];
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &check);
	if (rf_output_open(&out, check.output))
		return RF_EXIT_FAILED;
	rf_detect(&host);
	if (check.btf)
		return try_btf(&host, check.btf);
	mark_missing_verbs(&host);
	err = print(&check, &host, &out);
	if (rf_output_close(&out) || err)
		return RF_EXIT_FAILED;

	blocker = rf_host_blocker(&host);
	if (!blocker)
		return RF_EXIT_DONE;
	rf_feature_explain(blocker, reason, sizeof(reason));
	rf_err("cannot run here: %s", reason);
	return RF_EXIT_CANNOT;
}
