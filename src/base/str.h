/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growable string: bytes, always NUL-terminated, never longer than a bound set by its owner.
 *
 *	__rf_str struct rf_str s = RF_STR_INIT;
 *
 *	rf_str_append(&s, "pid ");
 *	rf_str_appendf(&s, "%d", pid);
 *	if (s.err)
 *		return s.err;
 *
 * An append that fails leaves the text as it was and stays in err, and appends after it do
 * nothing: a text with a hole in it never passes for a whole one. So a run of appends may be
 * checked once, at its end.
 */
#ifndef RF_BASE_STR_H
#define RF_BASE_STR_H

#include <stdarg.h>
#include <stddef.h>

#include "base/cleanup.h"

struct rf_str {
	char *data; /* NULL until the first append; see rf_str_get() */
	size_t len; /* bytes before the NUL */
	size_t cap; /* bytes allocated */
	size_t max; /* bound of len; 0 is none */
	int err;    /* first failure, 0 or negative errno */
};

#define RF_STR_INIT ((struct rf_str){ 0 })
#define RF_STR_BOUNDED(max) ((struct rf_str){ 0, 0, 0, (max), 0 })

/* Every append: 0, -ENOMEM, -E2BIG past the bound, or an earlier append's error. */
int rf_str_append(struct rf_str *s, const char *text);
int rf_str_append_n(struct rf_str *s, const char *bytes, size_t n);
int rf_str_append_char(struct rf_str *s, char c);
int rf_str_appendf(struct rf_str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int rf_str_vappendf(struct rf_str *s, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* The text, "" if there is none; valid until the next append. */
const char *rf_str_get(const struct rf_str *s);

/* Forget the text and the error, keep the memory and the bound. */
void rf_str_reset(struct rf_str *s);

/* Give the memory back; the string may be used again. */
void rf_str_free(struct rf_str *s);

/* The text as memory that the caller frees; NULL if err is set or memory is out. s is empty then. */
char *rf_str_steal(struct rf_str *s);

/* Attribute: rf_str_free() at the end of the scope. */
#define __rf_str __cleanup(rf_str_free)

#endif
