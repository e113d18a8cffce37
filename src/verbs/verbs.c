// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "verbs/nearest.h"

const struct rf_verb rf_verbs[] = {
	{ "stat", "count every kernel crossing of every process, exactly", rf_verb_stat },
	{ "trace", "a line a crossing, live: calls with arguments, faults, signals",
	  rf_verb_trace },
	{ "record", "every crossing, in order, into a file", rf_verb_record },
	{ "report", "what a recording holds, on any machine", rf_verb_report },
	{ "export", "metrics for Prometheus, bounded in number and exact in sum", rf_verb_export },
	{ "top", "the live view: who crosses into the kernel now, by what, for how long",
	  rf_verb_top },
	{ "faults", "what broke a rule, what stopped it, and what it did not harm",
	  rf_verb_faults },
	{ "check", "what this host offers, and what each verb makes of it", rf_verb_check },
	{ "lab", "see the boundary yourself: experiments with a prediction first", rf_verb_lab },
	{ NULL, NULL, NULL },
};

const struct rf_verb *rf_verb_find(const char *name)
{
	for (const struct rf_verb *v = rf_verbs; v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

const struct rf_verb *rf_verb_nearest(const char *name)
{
	struct rf_nearest nearest = RF_NEAREST(name);

	for (const struct rf_verb *v = rf_verbs; v->name; v++)
		rf_nearest_try(&nearest, v->name);
	return nearest.best ? rf_verb_find(nearest.best) : NULL;
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
