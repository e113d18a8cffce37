// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Picks the verb. Everything else is the verb's own.
 */
#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "rf_version.h"
#include "verbs/verbs.h"

const char *argp_program_version = "ringfence " RF_VERSION;

static void print_help(FILE *out)
{
	fputs("Usage: ringfence VERB [OPTION...]\n"
	      "Shows the boundary between user space and kernel space on a live host.\n"
	      "\n"
	      "Verbs:\n",
	      out);
	for (const struct rf_verb *v = rf_verbs; v->name; v++)
		fprintf(out, "  %-10s %s\n", v->name, v->help);
	fputs("  help       this text; help VERB: a verb's own\n"
	      "\n"
	      "  -?, --help     this text\n"
	      "  -V, --version  the version\n"
	      "\n"
	      "Exit status: 0 done; 1 failed while running; 2 usage; 3 cannot run here;\n"
	      "with -- COMMAND, the command's own.\n"
	      "\n"
	      "Examples:\n"
	      "  ringfence check                the first thing to run on a new host\n"
	      "  ringfence stat -d 5s           the whole host for five seconds\n"
	      "  ringfence stat -p 1234 -i 1s   one process, every second, until Ctrl-C\n"
	      "  ringfence stat -- ls -l /etc   a command from its first instruction to its last\n",
	      out);
}

static int unknown_verb(const char *name)
{
	const struct rf_verb *nearest = rf_verb_nearest(name);
	__rf_str struct rf_str list = RF_STR_INIT;

	for (const struct rf_verb *v = rf_verbs; v->name; v++)
		rf_str_appendf(&list, "%s, ", v->name);
	rf_str_append(&list, "help");
	if (nearest)
		rf_err("there is no verb \"%s\"; did you mean \"%s\"? The verbs are: %s", name,
		       nearest->name, rf_str_get(&list));
	else
		rf_err("there is no verb \"%s\"; the verbs are: %s", name, rf_str_get(&list));
	return RF_EXIT_USAGE;
}

/* Runs the verb named argv[0], under the name that its messages should carry. */
static int run_verb(int argc, char **argv)
{
	const struct rf_verb *verb = rf_verb_find(argv[0]);
	char name[32];

	if (!verb)
		return unknown_verb(argv[0]);
	snprintf(name, sizeof(name), "ringfence %s", verb->name);
	argv[0] = name;
	return verb->run(argc, argv);
}

static int help_verb(int argc, char **argv)
{
	char option[] = "--help";

	if (argc > 0 && strcmp(argv[0], "help")) {
		char *help[] = { argv[0], option, NULL };

		return run_verb(2, help);
	}
	print_help(stdout);
	return RF_EXIT_DONE;
}

static bool is_one_of(const char *arg, const char *a, const char *b, const char *c)
{
	return !strcmp(arg, a) || !strcmp(arg, b) || (c && !strcmp(arg, c));
}

int main(int argc, char **argv)
{
	argp_err_exit_status = RF_EXIT_USAGE;
	/* only what widths and character sets need: numbers are written the same way everywhere */
	setlocale(LC_CTYPE, "");

	if (argc < 2) {
		print_help(stderr);
		return RF_EXIT_USAGE;
	}
	if (is_one_of(argv[1], "--version", "-V", NULL)) {
		puts(argp_program_version);
		return RF_EXIT_DONE;
	}
	if (is_one_of(argv[1], "--help", "-?", "-h"))
		return help_verb(0, NULL);
	if (!strcmp(argv[1], "help"))
		return help_verb(argc - 2, argv + 2);
	if (argv[1][0] == '-') {
		rf_err("the verb comes first: ringfence VERB %s ...; ringfence help lists the verbs",
		       argv[1]);
		return RF_EXIT_USAGE;
	}
	return run_verb(argc - 1, argv + 1);
}
