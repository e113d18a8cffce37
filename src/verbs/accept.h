/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client of HTTP accepts: RFC 9110's Accept and Accept-Encoding, as far as they choose
 * between the two formats and between gzip and none. Headers are hostile input; NULL is none.
 */
#ifndef RF_VERBS_ACCEPT_H
#define RF_VERBS_ACCEPT_H

#include <stdbool.h>

/* OpenMetrics (1.0.0 or 0.0.1, which are alike here), asked for by name and no less than text. */
bool rf_accepts_openmetrics(const char *accept);

bool rf_accepts_gzip(const char *accept_encoding);

#endif
