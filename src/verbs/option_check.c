// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/option_check.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verbs/nearest.h"
#include "verbs/verbs.h"

#define MAX_LONG 64
/* What getopt returns for a long option: more than any character. */
#define LONG_BASE 0x1000

struct names {
	char shorts[2 * MAX_LONG + 3];
	struct option longs[MAX_LONG + 1];
	size_t nr_shorts, nr_longs;
};

static void add_short(struct names *n, int key, int has_arg)
{
	if (key <= ' ' || key > '~' || n->nr_shorts + 2 >= sizeof(n->shorts))
		return;
	n->shorts[n->nr_shorts++] = (char)key;
	if (has_arg)
		n->shorts[n->nr_shorts++] = ':';
}

static void add_long(struct names *n, const char *name, int has_arg)
{
	if (!name || n->nr_longs == MAX_LONG)
		return;
	n->longs[n->nr_longs] = (struct option){ .name = name,
		                                 .has_arg = has_arg,
		                                 .val = LONG_BASE + (int)n->nr_longs };
	n->nr_longs++;
}

static void add_all(struct names *n, const struct argp *argp)
{
	for (const struct argp_option *o = argp->options;
	     o && (o->name || o->key || o->doc || o->group); o++) {
		int has_arg = o->arg ? required_argument : no_argument;

		if (o->flags & OPTION_DOC)
			continue;
		add_short(n, o->key, has_arg);
		add_long(n, o->name, has_arg);
	}
	for (const struct argp_child *c = argp->children; c && c->argp; c++)
		add_all(n, c->argp);
}

/* Those that argp has of its own; -? is getopt's word for a mistake, and left to argp. */
static void add_own(struct names *n)
{
	add_short(n, 'V', no_argument);
	add_long(n, "version", no_argument);
	add_long(n, "help", no_argument);
	add_long(n, "usage", no_argument);
}

static __attribute__((noreturn)) void refuse_long(const struct names *n, const char *verb,
                                                  const char *typed)
{
	size_t len = strcspn(typed, "="), candidates = 0;
	char word[64];
	struct rf_nearest nearest = RF_NEAREST(word);

	snprintf(word, sizeof(word), "%.*s", (int)len, typed);
	for (size_t i = 0; i < n->nr_longs; i++) {
		candidates += !strncmp(n->longs[i].name, word, len);
		rf_nearest_try(&nearest, n->longs[i].name);
	}
	if (candidates > 1)
		rf_usage_error("option \"--%s\" is ambiguous; %s --help lists the options", word,
		               verb);
	if (nearest.best)
		rf_usage_error("there is no option \"--%s\"; did you mean \"--%s\"? %s --help "
		               "lists the options",
		               word, nearest.best, verb);
	rf_usage_error("there is no option \"--%s\"; %s --help lists the options", word, verb);
}

static void refuse(const struct names *n, int answer, char **argv)
{
	const char *typed = argv[optind - 1];

	if (optopt >= LONG_BASE) {
		const char *name = n->longs[optopt - LONG_BASE].name;

		if (answer == ':')
			rf_usage_error("option \"--%s\" needs a value; %s --help says which", name,
			               argv[0]);
		rf_usage_error("option \"--%s\" takes no value; leave it out", name);
	}
	if (answer == ':')
		rf_usage_error("option \"-%c\" needs a value; %s --help says which", optopt,
		               argv[0]);
	if (optopt)
		rf_usage_error("there is no option \"-%c\"; %s --help lists the options", optopt,
		               argv[0]);
	refuse_long(n, argv[0], typed + strspn(typed, "-"));
}

void rf_option_check(const struct argp *argp, int argc, char **argv)
{
	/* stop at the first other word; tell a missing argument apart */
	struct names n = { .shorts = "+:", .nr_shorts = 2 };
	int answer;

	add_all(&n, argp);
	add_own(&n);
	opterr = 0;
	optind = 0;
	optopt = 0;
	while ((answer = getopt_long(argc, argv, n.shorts, n.longs, NULL)) != -1) {
		if (answer == '?' && optopt == '?')
			break;
		if (answer == '?' || answer == ':')
			refuse(&n, answer, argv);
	}
}
