/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process did, as every JSON tells it: docs/reference/json.md.
 */
#ifndef RF_VIEWS_PROCESS_JSON_H
#define RF_VIEWS_PROCESS_JSON_H

#include "ledger/ledger.h"
#include "views/json.h"

/* "page_faults": by mode, and by what resolved them. */
void rf_json_page_faults(struct rf_json *j, const struct rf_faults *faults);

/* "time_ns": each side of the boundary, and how much of the kernel's was page faults. */
void rf_json_times(struct rf_json *j, const struct rf_process *p);

#endif
