/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The labs: what each asks, what of its measurement it shows, and what it claims. The words are in
 * docs/labs/, the programs in docs/labs/programs/.
 */
#ifndef RF_LAB_LESSONS_H
#define RF_LAB_LESSONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/launch.h"
#include "lab/result.h"

#define RF_LAB_CLAIMS 12
#define RF_LAB_CLAIM_LEN 200

/* What is shown of each part. */
enum rf_lab_column {
	RF_LAB_PREDICTED = 1 << 0, /* whether the prediction names it */
	RF_LAB_SPLIT = 1 << 1,     /* user, kernel and waiting, with a bar */
	RF_LAB_CALLS = 1 << 2,
	RF_LAB_FAULTS = 1 << 3, /* page faults, minor and major together */
	RF_LAB_MAJOR = 1 << 4,
	RF_LAB_KERNEL_FAULTS = 1 << 5,
	RF_LAB_FAILED = 1 << 6,
	RF_LAB_DENIED = 1 << 7,
	RF_LAB_TIME = 1 << 8, /* by the clock on the wall, with a bar */
	RF_LAB_PER_ITEM = 1 << 9,
	RF_LAB_WHICH = 1 << 10, /* calls by name */
	RF_LAB_ERRORS = 1 << 11,
	RF_LAB_ENDED = 1 << 12, /* how its processes ended */
	RF_LAB_CAUSE = 1 << 13, /* what was violated, and what became of it */
};

enum rf_lab_answer_kind {
	RF_LAB_NUMBER,
	RF_LAB_CHOICE, /* one of the letters a, b, ... */
	RF_LAB_SET,    /* any of the letters a, b, ... */
};

struct rf_lab_claim {
	bool holds;
	char text[RF_LAB_CLAIM_LEN];
};

/* What the numbers say. */
struct rf_lab_judgement {
	char letters[32]; /* the right answer, for CHOICE and SET */
	uint64_t number;  /* for NUMBER */
	struct rf_lab_claim claims[RF_LAB_CLAIMS];
	size_t nr_claims;
};

struct rf_lab {
	const char *name;    /* of its files: NN-name */
	const char *program; /* what --edit calls the copy; NULL: there is nothing to edit */
	enum rf_lab_answer_kind kind;
	char last;            /* the last letter of a CHOICE or SET */
	unsigned int columns; /* enum rf_lab_column */
	unsigned int seconds; /* at most */
	struct rf_lab_limits limits;
	/* of the built-in program's result */
	void (*judge)(const struct rf_lab_result *r, struct rf_lab_judgement *j);
};

#define RF_LAB_GUEST 11 /* the one that boots a guest */

/* Labs 1 to RF_LABS are rf_labs[0] on. */
#define RF_LABS 11
extern const struct rf_lab rf_labs[RF_LABS];

void rf_lab_claim(struct rf_lab_judgement *j, bool holds, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
