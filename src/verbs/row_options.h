/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of the options that choose and order rows, as stat and report have them. A bad one ends
 * the process with exit status 2, after one line that says what would be right.
 */
#ifndef RF_VERBS_ROW_OPTIONS_H
#define RF_VERBS_ROW_OPTIONS_H

#include <stddef.h>

#include "ledger/rows.h"

enum rf_by rf_by_option(const char *name);     /* --by */
enum rf_sort rf_sort_option(const char *name); /* --sort */
/* --top, --calls: a number of rows; 0: all. option is its name, for the message. */
size_t rf_rows_option(const char *option, const char *text);

#endif
