// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/glob.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One byte of a set, a backslash taken off; NULL when the pattern ends before it does. */
static const char *set_byte(const char *p, unsigned char *byte)
{
	if (*p == '\\')
		p++;
	if (!*p)
		return NULL;
	*byte = (unsigned char)*p;
	return p + 1;
}

/*
 * Read the set after a [ and test a byte against it: what follows the closing ], or NULL with the
 * reason in *why.
 */
static const char *match_set(const char *p, unsigned char byte, bool *hit, const char **why)
{
	bool negated = *p == '!' || *p == '^';
	bool first = true;

	p += negated;
	*hit = false;
	*why = "a [ without its ]";
	for (; *p != ']' || first; first = false) {
		unsigned char low, high;

		if (p[0] == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')) {
			*why = "classes such as [:alpha:] are not supported";
			return NULL;
		}
		p = set_byte(p, &low);
		if (!p)
			return NULL;
		high = low;
		if (p[0] == '-' && p[1] != ']') {
			p = set_byte(p + 1, &high);
			if (!p)
				return NULL;
			if (high < low) {
				*why = "a range that runs backwards";
				return NULL;
			}
		}
		*hit |= byte >= low && byte <= high;
	}
	*hit ^= negated;
	return p + 1;
}

static const char *first_fault(const char *p)
{
	const char *why;
	bool hit;

	if (!*p)
		return "it is empty";
	if (strlen(p) > RF_GLOB_MAX)
		return "it is longer than 64 bytes";
	while (p && *p) {
		char c = *p++;

		if (c == '\\' && !*p++)
			return "a \\ with nothing after it";
		if (c == '[')
			p = match_set(p, 0, &hit, &why);
	}
	return p ? NULL : why;
}

int rf_glob_valid(const char *pattern, char *err, size_t errlen)
{
	const char *why = first_fault(pattern);

	if (!why)
		return 0;
	snprintf(err, errlen, "bad pattern '%s': %s", pattern, why);
	return -EINVAL;
}

/* Match one element that is no star against one byte: what follows it in the pattern, or NULL. */
static const char *match_one(const char *p, char c)
{
	const char *why;
	bool hit;

	switch (*p) {
	case '?':
		return p + 1;
	case '[':
		p = match_set(p + 1, (unsigned char)c, &hit, &why);
		return p && hit ? p : NULL;
	case '\\':
		p++;
		break;
	}
	return *p && *p == c ? p + 1 : NULL;
}

bool rf_glob_match(const char *pattern, const char *text)
{
	const char *p = pattern;
	const char *star = NULL;   /* the pattern after the last star seen */
	const char *resume = NULL; /* where in the text that star ends */

	if (first_fault(pattern))
		return false;
	/* Only the last star need give way: what it can reach, an earlier one cannot do better. */
	while (*text) {
		const char *next = *p == '*' ? NULL : match_one(p, *text);

		if (*p == '*') {
			star = ++p;
			resume = text;
		} else if (next) {
			p = next;
			text++;
		} else if (star) {
			p = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return !*p;
}
