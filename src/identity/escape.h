/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place where names that come from processes (comm, exe, paths) are made harmless for a
 * view. Such a name is any bytes: it may hold newlines, terminal sequences, quotes, broken UTF-8,
 * or characters that reorder or hide their neighbours.
 *
 * "Unsafe" below is what must not reach a screen as it is: control characters (U+0000-1F, U+7F,
 * U+80-9F), line separators, bidirectional and zero-width format characters, tags, noncharacters.
 *
 * TABLE	for people. Unsafe ASCII and bytes that are no UTF-8 become \xNN, other unsafe
 *		characters \u{N}, a backslash \\; the rest is kept. No two names look the same.
 * JSON		what goes between the quotes of a JSON string. Unsafe characters become \uNNNN, each
 *		byte that is no UTF-8 U+FFFD.
 * CSV		a whole field: as TABLE, in quotes where RFC 4180 needs them. A leading = + - @ becomes
 *		\xNN, since spreadsheets would run what follows as a formula; the usual remedy, a
 *		quote mark in front, could not be told from a name that has one.
 * PROM		what goes between the quotes of a Prometheus label value: \\, \", \n; each other
 *		unsafe character and each byte that is no UTF-8 becomes U+FFFD. Two names can come
 *		out the same: series must be grouped by the result.
 */
#ifndef RF_IDENTITY_ESCAPE_H
#define RF_IDENTITY_ESCAPE_H

#include <stddef.h>

enum rf_escape_mode { RF_ESCAPE_TABLE, RF_ESCAPE_JSON, RF_ESCAPE_CSV, RF_ESCAPE_PROM };

/* Room that the escaped form of srclen bytes, its quotes and its NUL never exceed. */
#define RF_ESCAPE_MAX(srclen) ((srclen)*6 + 3)

/*
 * Escape srclen bytes (NUL bytes among them) into dst, always NUL-terminated unless len is 0.
 * Returns the length of the whole escaped form without its NUL, as snprintf does. Where that does
 * not fit, dst holds as many whole characters as do, and is itself valid: no escape is cut in
 * two, a CSV quote is closed.
 */
size_t rf_escape(char *dst, size_t len, const char *src, size_t srclen, enum rf_escape_mode mode);

/* The same for a string that ends in a NUL. */
size_t rf_escape_str(char *dst, size_t len, const char *src, enum rf_escape_mode mode);

#endif
