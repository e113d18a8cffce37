// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs/parse.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/rf_time.h"
#include "probe/probe.h"

/* PID_MAX_LIMIT of 64-bit kernels */
#define PID_LIMIT 4194304
/* What a fraction may be exact to; digits beyond are below a nanosecond of an hour. */
#define FRACTION_DIGITS 18

static const char duration_hint[] = "use 500ms, 1.5s, 2m, 1h or plain seconds";

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "", RF_NSEC_PER_SEC },
	{ "s", RF_NSEC_PER_SEC },
	{ "ms", RF_NSEC_PER_MSEC },
	{ "us", RF_NSEC_PER_USEC },
	{ "ns", 1 },
	{ "m", RF_NSEC_PER_MIN },
	{ "min", RF_NSEC_PER_MIN },
	{ "h", RF_NSEC_PER_HOUR },
	{ "d", 24 * RF_NSEC_PER_HOUR },
};

static uint64_t unit_ns(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].name, name))
			return units[i].ns;
	return 0;
}

/* Whole part of a decimal number; saturates, so that the range check sees it. */
static const char *parse_whole(const char *s, uint64_t *whole)
{
	for (*whole = 0; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(*whole, 10, whole) ||
		    __builtin_add_overflow(*whole, (uint64_t)(*s - '0'), whole))
			*whole = UINT64_MAX;
	return s;
}

/* Digits after the point as value / scale. */
static const char *parse_fraction(const char *s, uint64_t *value, uint64_t *scale)
{
	int digits = 0;

	*value = 0;
	*scale = 1;
	for (; isdigit((unsigned char)*s); s++) {
		if (++digits > FRACTION_DIGITS)
			continue;
		*value = *value * 10 + (uint64_t)(*s - '0');
		*scale *= 10;
	}
	return s;
}

int rf_parse_duration(const char *text, uint64_t *ns, char *err, size_t errlen)
{
	uint64_t whole, fraction = 0, scale = 1, unit;
	const char *s = text;
	unsigned __int128 sum;

	if (*s == '-') {
		snprintf(err, errlen, "\"%s\" is negative; %s", text, duration_hint);
		return -EINVAL;
	}
	if (!isdigit((unsigned char)*s) && !(*s == '.' && isdigit((unsigned char)s[1]))) {
		snprintf(err, errlen, "\"%s\" is not a duration; %s", text, duration_hint);
		return -EINVAL;
	}
	s = parse_whole(s, &whole);
	if (*s == '.')
		s = parse_fraction(s + 1, &fraction, &scale);
	unit = unit_ns(s);
	if (!unit) {
		snprintf(err, errlen, "\"%s\" has no unit known here (\"%s\"); %s", text, s,
		         duration_hint);
		return -EINVAL;
	}
	sum = (unsigned __int128)whole * unit + (unsigned __int128)fraction * unit / scale;
	if (sum > INT64_MAX) {
		snprintf(err, errlen, "\"%s\" is longer than 292 years; %s", text, duration_hint);
		return -EINVAL;
	}
	if (!sum) {
		snprintf(err, errlen, "\"%s\" is no time at all; it must be more than 0: %s", text,
		         duration_hint);
		return -EINVAL;
	}
	*ns = (uint64_t)sum;
	return 0;
}

int rf_parse_size(const char *text, size_t min, size_t max, size_t *bytes, char *err, size_t errlen)
{
	static const char suffixes[] = "KMG";
	uint64_t n;
	const char *unit = parse_whole(text, &n);
	const char *suffix = *unit ? strchr(suffixes, toupper((unsigned char)*unit)) : NULL;
	int shift = suffix ? 10 * (int)(suffix - suffixes + 1) : 0;

	if (unit == text || unit[suffix ? 1 : 0]) {
		snprintf(err, errlen, "\"%s\" is no size: use 64M, 1G, 512K or plain bytes", text);
		return -EINVAL;
	}
	if (n > max >> shift || n << shift < min) {
		snprintf(err, errlen, "\"%s\" is out of range: from %zuM to %zuM", text, min >> 20,
		         max >> 20);
		return -EINVAL;
	}
	*bytes = n << shift;
	return 0;
}

int rf_parse_count(const char *text, size_t max, size_t *n, char *err, size_t errlen)
{
	uint64_t value;
	const char *end = parse_whole(text, &value);

	if (end == text || *end || value > max) {
		snprintf(err, errlen, "\"%s\" is not a whole number from 0 to %zu", text, max);
		return -EINVAL;
	}
	*n = (size_t)value;
	return 0;
}

/* The process that a process' or thread's id belongs to; 0 if nothing alive has that id. */
static pid_t pid_to_process(pid_t pid)
{
	char path[64], line[128];
	__fclose FILE *f = NULL;
	pid_t tgid = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	/* the Name: line before it is escaped by the kernel and bounded */
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	return tgid;
}

static int parse_pid(const char *text, pid_t *pid, char *err, size_t errlen)
{
	uint64_t value;
	const char *end = parse_whole(text, &value);

	if (end == text || *end || !value || value > PID_LIMIT) {
		snprintf(err, errlen, "\"%s\" is not a pid; give numbers from 1 to %d: 1234,5678",
		         text, PID_LIMIT);
		return -EINVAL;
	}
	*pid = pid_to_process((pid_t)value);
	if (!*pid) {
		snprintf(err, errlen, "there is no process %s; ps -e lists those that live", text);
		return -EINVAL;
	}
	return 0;
}

static int add_pid(struct rf_pid_list *list, pid_t pid)
{
	pid_t *grown;

	for (size_t i = 0; i < list->nr; i++)
		if (list->pids[i] == pid)
			return 0;
	grown = realloc(list->pids, (list->nr + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->pids = grown;
	list->pids[list->nr++] = pid;
	return 0;
}

int rf_parse_pids(const char *text, struct rf_pid_list *list, char *err, size_t errlen)
{
	__free char *copy = strdup(text);
	size_t before = list->nr;
	char *rest = copy, *word;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	while (!ret && (word = strsep(&rest, ","))) {
		pid_t pid;

		ret = parse_pid(word, &pid, err, errlen);
		if (!ret && list->nr == RF_TARGET_MAX_PIDS) {
			snprintf(err, errlen,
			         "more than %d processes; --comm, -u or --cgroup "
			         "name many at once",
			         RF_TARGET_MAX_PIDS);
			ret = -EINVAL;
		}
		if (!ret)
			ret = add_pid(list, pid);
	}
	if (ret)
		list->nr = before;
	return ret;
}
