/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verbs of the command line: one table, and what all of them share: exit statuses and the way
 * to turn down a command line.
 */
#ifndef RF_VERBS_VERBS_H
#define RF_VERBS_VERBS_H

#include <stddef.h>

enum rf_exit {
	RF_EXIT_DONE = 0,
	RF_EXIT_FAILED = 1, /* while running */
	RF_EXIT_USAGE = 2,
	RF_EXIT_CANNOT = 3, /* this host or user cannot run it */
	RF_EXIT_NOT_EXECUTABLE = 126,
	RF_EXIT_NOT_FOUND = 127,
	RF_EXIT_SIGNAL = 128, /* plus the signal's number */
};

struct rf_verb {
	const char *name;
	const char *help; /* one line, no full stop */
	/* argv[0] is "ringfence NAME"; returns the exit status. */
	int (*run)(int argc, char **argv);
};

/* In the order in which help lists them; ends with a NULL name. */
extern const struct rf_verb rf_verbs[];

const struct rf_verb *rf_verb_find(const char *name);
/* The verb that a misspelt name probably meant, or NULL if none is near. */
const struct rf_verb *rf_verb_nearest(const char *name);

/* Says what is wrong with the command line and what would be right, in one line, and exits with 2. */
void rf_usage_error(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

int rf_verb_stat(int argc, char **argv);
int rf_verb_export(int argc, char **argv);
int rf_verb_top(int argc, char **argv);
int rf_verb_faults(int argc, char **argv);
int rf_verb_check(int argc, char **argv);
int rf_verb_trace(int argc, char **argv);
int rf_verb_trace(int argc, char **argv);
int rf_verb_record(int argc, char **argv);
int rf_verb_report(int argc, char **argv);
int rf_verb_lab(int argc, char **argv);

#endif
