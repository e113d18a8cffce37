/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the load programs share: the clock, pinning, and segments. A segment is a short stretch of
 * work of which the time is taken; the shortest of many is the work undisturbed, whatever else the
 * host does, and the median tells how disturbed it was.
 */
#ifndef RF_BENCH_H
#define RF_BENCH_H

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEGMENTS_MAX 65536

struct segments {
	double ns[SEGMENTS_MAX]; /* of one unit of work: a call, a page, a process */
	size_t nr;
	uint64_t units;
};

static inline uint64_t now_ns(void)
{
	struct timespec t;

	/* without a system call, so that it is not in what is measured */
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* A whole number from min on, or the end of the program with status 2. */
static inline long number(const char *text, long min)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < min) {
		fprintf(stderr, "%s is no number from %ld on\n", text, min);
		exit(2);
	}
	return n;
}

/* On that CPU only, before anything is measured; a negative one: wherever. */
static inline void pin(long cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		exit(1);
	}
}

static inline void add_segment(struct segments *s, uint64_t ns, uint64_t units)
{
	s->units += units;
	if (s->nr < SEGMENTS_MAX)
		s->ns[s->nr++] = (double)ns / (double)units;
}

static inline int ascending(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* One line of JSON: nanoseconds a unit, and how many units in how many segments. */
static inline void print_segments(struct segments *s)
{
	if (!s->nr)
		exit(1);
	qsort(s->ns, s->nr, sizeof(s->ns[0]), ascending);
	printf("{\"min_ns\": %.2f, \"median_ns\": %.2f, \"segments\": %zu, \"units\": %llu}\n",
	       s->ns[0], s->ns[s->nr / 2], s->nr, (unsigned long long)s->units);
}

#endif
