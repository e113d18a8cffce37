/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where results go: stdout, or the file of -o.
 *
 * The file is opened before anything is measured, never through a symbolic link as its last
 * component, and created with mode 0644 less the umask. What it held before is given up only when
 * the first result is written, so a run that fails early leaves it as it was.
 */
#ifndef RF_VERBS_OUTPUT_H
#define RF_VERBS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct rf_output {
	FILE *file;
	const char *path; /* for messages; borrowed */
	bool owned;
	bool fresh; /* nothing was written yet */
};

/* path NULL: stdout. 0, or a negative errno after a message. */
int rf_output_open(struct rf_output *o, const char *path);
/* Before each result. 0 or a negative errno after a message. */
int rf_output_begin(struct rf_output *o);
/* After each result: all of it has reached the file. 0 or a negative errno after a message. */
int rf_output_flush(struct rf_output *o);
/* 0 or a negative errno after a message. */
int rf_output_close(struct rf_output *o);

#endif
