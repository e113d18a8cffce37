/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of fault isolation this host cannot tell, in words: for summaries and recordings.
 */
#ifndef RF_VERBS_MISSING_H
#define RF_VERBS_MISSING_H

#include "base/str.h"
#include "probe/detect.h"

void rf_find_missing(const struct rf_host *host, struct rf_str *missing);

#endif
