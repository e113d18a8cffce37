// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/comm_glob.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define TOKENS_MAX 63

/* Reads one set after its '['; returns what follows its ']', or NULL when it is not closed. */
static const char *compile_set(const char *p, uint64_t bit, struct rf_comm_glob *glob)
{
	bool negate = *p == '!' || *p == '^';
	bool in[256] = { false };
	const char *first;

	if (negate)
		p++;
	/* a ']' that comes first is a member, as in fnmatch(3) */
	for (first = p; *p && (*p != ']' || p == first); p++) {
		unsigned char lo, hi;

		if (*p == '\\' && p[1])
			p++;
		lo = hi = (unsigned char)*p;
		if (p[1] == '-' && p[2] && p[2] != ']') {
			p += 2;
			if (*p == '\\' && p[1])
				p++;
			hi = (unsigned char)*p;
		}
		for (unsigned int c = lo; c <= hi; c++)
			in[c] = true;
	}
	if (*p != ']')
		return NULL;
	for (unsigned int c = 1; c < 256; c++) {
		if (in[c] != negate)
			glob->accept[c] |= bit;
	}
	return p + 1;
}

int rf_comm_glob_compile(const char *pattern, struct rf_comm_glob *glob)
{
	unsigned int token = 0;
	const char *p = pattern;

	memset(glob, 0, sizeof(*glob));
	while (*p) {
		uint64_t bit = 1ULL << token;

		if (*p == '*') {
			glob->stay |= bit;
			p++;
			continue;
		}
		if (token == TOKENS_MAX)
			return -EINVAL;
		token++;
		if (*p == '[') {
			p = compile_set(p + 1, bit, glob);
			if (!p)
				return -EINVAL;
			continue;
		}
		if (*p == '?') {
			for (unsigned int c = 1; c < 256; c++)
				glob->accept[c] |= bit;
			p++;
			continue;
		}
		if (*p == '\\' && !*++p)
			return -EINVAL;
		glob->accept[(unsigned char)*p++] |= bit;
	}
	glob->final = 1ULL << token;
	return 0;
}
