// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/nearest.h"

#include <string.h>

/* Longer words are no slip of the fingers. */
#define MAX_LEN 16
/* Insertions, deletions, replacements and swaps of neighbours that still count as one. */
#define MAX_EDITS 2

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned int edit_distance(const char *a, size_t la, const char *b, size_t lb)
{
	unsigned int d[MAX_LEN + 1][MAX_LEN + 1];

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

void rf_nearest_try(struct rf_nearest *n, const char *candidate)
{
	size_t typed = strlen(n->word), len = strlen(candidate);
	unsigned int edits;

	if (typed > MAX_LEN || len > MAX_LEN)
		return;
	edits = edit_distance(n->word, typed, candidate, len);
	/* replacing every letter is no likeness */
	if (edits > MAX_EDITS || edits >= typed || (n->best && edits >= n->edits))
		return;
	n->best = candidate;
	n->edits = edits;
}
