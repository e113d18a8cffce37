// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Longer words are no misspelt verb. */
#define NEAREST_MAX_LEN 16
#define NEAREST_MAX_EDITS 2

const struct rf_verb rf_verbs[] = {
	{ "stat", "count every kernel crossing of every process, exactly", rf_verb_stat },
	{ "check", "what this host offers, and what each verb makes of it", rf_verb_check },
	{ NULL, NULL, NULL },
};

const struct rf_verb *rf_verb_find(const char *name)
{
	for (const struct rf_verb *v = rf_verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edits (insert, delete, replace, swap of neighbours) between two words of bounded length. */
static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int d[NEAREST_MAX_LEN + 1][NEAREST_MAX_LEN + 1];
	size_t la = strlen(a), lb = strlen(b);

	for (size_t i = 0; i <= la; i++)
		d[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= lb; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= la; i++) {
		for (size_t j = 1; j <= lb; j++) {
			unsigned int replace = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, replace);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[la][lb];
}

const struct rf_verb *rf_verb_nearest(const char *name)
{
	const struct rf_verb *nearest = NULL;
	unsigned int best = NEAREST_MAX_EDITS + 1;

	if (strlen(name) > NEAREST_MAX_LEN)
		return NULL;
	for (const struct rf_verb *v = rf_verbs; v->name; v++) {
		unsigned int d = edit_distance(name, v->name);

		/* replacing every letter is no likeness */
		if (d < best && d < strlen(name)) {
			best = d;
			nearest = v;
		}
	}
	return nearest;
}

void rf_usage_error(const char *fmt, ...)
{
	char text[RF_LOG_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	rf_err("%s", text);
	exit(RF_EXIT_USAGE);
}
