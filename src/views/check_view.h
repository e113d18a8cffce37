/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `check` prints: the host's facts, a verdict for each feature, and one for each verb. Both
 * forms read the same struct rf_host and nothing else.
 */
#ifndef RF_VIEWS_CHECK_VIEW_H
#define RF_VIEWS_CHECK_VIEW_H

#include <stdio.h>

#include "probe/detect.h"

/* For people. Errors are the file's, here and below: ferror(3). */
void rf_view_check_table(FILE *out, const struct rf_host *host);

/* Schema "ringfence.check/1", see docs/reference/check.md. */
void rf_view_check_json(FILE *out, const struct rf_host *host);

#endif
