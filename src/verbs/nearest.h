/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How alike two words are, for "did you mean".
 */
#ifndef RF_VERBS_NEAREST_H
#define RF_VERBS_NEAREST_H

#include <stddef.h>

struct rf_nearest {
	const char *word; /* what was typed */
	const char *best; /* the likeliest candidate so far; NULL: none is near */
	unsigned int edits;
};

#define RF_NEAREST(word) ((struct rf_nearest){ (word), NULL, 0 })

/* Considers a candidate, which must live as long as n. */
void rf_nearest_try(struct rf_nearest *n, const char *candidate);

#endif
