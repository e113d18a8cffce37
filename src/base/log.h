/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to people: one line each on stderr, prefixed "ringfence: ", so that stdout holds
 * results only. Formats carry no trailing newline.
 *
 * A line goes out with one write(), so lines of several threads do not mix. Control characters in
 * the message, and bytes that are no UTF-8, are escaped (\n, \x1b ...): names of processes and files are hostile input. A line
 * longer than RF_LOG_MAX bytes is cut and ends in "...".
 */
#ifndef RF_BASE_LOG_H
#define RF_BASE_LOG_H

#include <stdbool.h>

#define RF_LOG_MAX 2048

/* Something failed; the user must know, so quiet does not silence it. */
void rf_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The result is less than what was asked for; not silenced by quiet either. */
void rf_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Progress and other remarks; silenced by quiet. */
void rf_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Silence rf_info() from now on, or let it speak again. */
void rf_log_set_quiet(bool quiet);

#endif
