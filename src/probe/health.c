// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/health.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A whole number that ends the line. */
static struct rf_health_count parse(const char *text)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (end == text || errno || *text == '-' || (*end && *end != '\n'))
		return (struct rf_health_count){ 0 };
	return (struct rf_health_count){ .known = true, .count = n };
}

/* The number in a file, or on its line that begins with key. */
static struct rf_health_count read_count(const char *root, const char *name, const char *key)
{
	char path[PATH_MAX], line[256];
	size_t len = strlen(key);
	__fclose FILE *file = NULL;

	if (snprintf(path, sizeof(path), "%s%s", root, name) >= (int)sizeof(path))
		return (struct rf_health_count){ 0 };
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, len))
			return parse(line + len);
	}
	return (struct rf_health_count){ 0 };
}

void rf_health_read_from(struct rf_health *health, const char *root)
{
	health->oopses = read_count(root, "/sys/kernel/oops_count", "");
	health->warnings = read_count(root, "/sys/kernel/warn_count", "");
	health->oom_kills = read_count(root, "/proc/vmstat", "oom_kill ");
	health->taint = read_count(root, "/proc/sys/kernel/tainted", "");
}

#define TAINT_DIE (UINT64_C(1) << 7)

bool rf_health_oopsed(const struct rf_health *before, const struct rf_health *now)
{
	if (before->oopses.known && now->oopses.known)
		return now->oopses.count > before->oopses.count;
	return before->taint.known && now->taint.known &&
	       now->taint.count & ~before->taint.count & TAINT_DIE;
}

bool rf_health_tells_oopses(const struct rf_health *health)
{
	return health->oopses.known || (health->taint.known && !(health->taint.count & TAINT_DIE));
}

void rf_health_read(struct rf_health *health)
{
	rf_health_read_from(health, "");
}
