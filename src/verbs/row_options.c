// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/row_options.h"

#include "verbs/parse.h"
#include "verbs/verbs.h"

#define ROWS_MAX 1000000

enum rf_by rf_by_option(const char *name)
{
	int by = rf_by_parse(name);

	if (by < 0)
		rf_usage_error("--by: there is no \"%s\"; use one of %s", name, rf_by_names());
	return (enum rf_by)by;
}

enum rf_sort rf_sort_option(const char *name)
{
	int sort = rf_sort_parse(name);

	if (sort < 0)
		rf_usage_error("--sort: there is no \"%s\"; use one of %s", name, rf_sort_names());
	return (enum rf_sort)sort;
}

size_t rf_rows_option(const char *option, const char *text)
{
	char err[RF_PARSE_ERR];
	size_t n;

	if (rf_parse_count(text, ROWS_MAX, &n, err, sizeof(err)))
		rf_usage_error("%s: %s", option, err);
	return n;
}
