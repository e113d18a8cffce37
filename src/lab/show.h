/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lab's result on a terminal, in 80 columns, and as JSON.
 */
#ifndef RF_LAB_SHOW_H
#define RF_LAB_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/lessons.h"
#include "lab/result.h"
#include "views/text.h"

struct rf_lab_prediction {
	bool given;
	uint64_t number;
	char letters[32]; /* ascending, each once */
};

/* text as an answer of that lab's kind. 0, or -EINVAL with what would be right in err. */
int rf_lab_predict(const struct rf_lab *lab, const char *text, struct rf_lab_prediction *p,
                   char *err, size_t errlen);

/* Whether it says what was measured: numbers within 5 %. */
bool rf_lab_is_right(const struct rf_lab *lab, const struct rf_lab_prediction *p,
                     const struct rf_lab_judgement *j);

/* The table of parts. 0 or -ENOMEM. */
int rf_lab_show_parts(FILE *out, const struct rf_style *style, const struct rf_lab *lab,
                      const struct rf_lab_result *r, const struct rf_lab_prediction *p);

/* The prediction beside the measured, and the claims. */
void rf_lab_show_judgement(FILE *out, const struct rf_style *style, const struct rf_lab *lab,
                           const struct rf_lab_prediction *p, const struct rf_lab_judgement *j);

/* Schema "ringfence.lab/1", see docs/reference/lab.md. judgement NULL: of another's program. */
void rf_lab_json(FILE *out, unsigned int number, const struct rf_lab_result *r,
                 const struct rf_lab_prediction *p, const struct rf_lab_judgement *j);

#endif
