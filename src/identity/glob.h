/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patterns over a process' name, as --comm takes them. The kernel side has a matcher of its own;
 * this one checks patterns before they go there, matches recordings, and is the reference.
 *
 *	*	any bytes, none too		[abc] [a-z]	one of these bytes
 *	?	any one byte			[!abc] [^abc]	any but these
 *	\c	c itself, in a set too
 *
 * A ] that comes first in a set, and a - that comes first or last, stand for themselves. Bytes are
 * compared as they are, without locale; classes such as [:alpha:] are refused. What is accepted
 * here means what fnmatch(3) means by it in the C locale.
 */
#ifndef RF_IDENTITY_GLOB_H
#define RF_IDENTITY_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes in a pattern. */
#define RF_GLOB_MAX 64

/* 0, or -EINVAL with one line in err that says what is wrong. */
int rf_glob_valid(const char *pattern, char *err, size_t errlen);

/* Whether the whole of text matches a pattern that is valid; false for one that is not. */
bool rf_glob_match(const char *pattern, const char *text);

#endif
