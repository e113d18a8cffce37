/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What COMMAND writes while the screen is not its own: the end of it is kept and comes out once
 * the screen is closed; what it writes then is passed on.
 */
#ifndef RF_VERBS_TOP_TAIL_H
#define RF_VERBS_TOP_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verbs/command.h"

#define RF_TAIL_BYTES (64 * 1024)

struct rf_tail {
	int fd; /* what it writes; -1: none, or it has closed its end */
	char *bytes;
	uint64_t total; /* ever written; the last RF_TAIL_BYTES are in bytes, a ring */
};

#define RF_TAIL_INIT ((struct rf_tail){ .fd = -1 })

/* rf_command_fork(), the child with nothing to read and its output to t. 0 or -errno after a message. */
int rf_tail_fork(struct rf_tail *t, struct rf_command *c);
/* Takes in what there is. */
void rf_tail_read(struct rf_tail *t);
/* Writes what was kept to standard output, and how much was not to standard error. */
void rf_tail_print(struct rf_tail *t);
/* Passes on what there is; false at its end. */
bool rf_tail_pass(struct rf_tail *t);
void rf_tail_clear(struct rf_tail *t);

#endif
