/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sampling: which calls and faults are timed when not all are.
 *
 * A thread whose last ones came within RF_FAST_NS of each other has one timed in
 * up to 2^RF_SAMPLE_BITS on average. How many are left out is drawn anew each
 * time: a loop of several calls would otherwise have always the same one timed.
 * The first samples after a switch are all taken, so that threads that wait
 * often are timed in full.
 */
#ifndef RF_SAMPLING_BPF_H
#define RF_SAMPLING_BPF_H

#include "core.bpf.h"

#define RF_FAST_NS 2048
#define RF_FAST_SAMPLES_BITS 3 /* so many samples in a row for each doubling */
#define RF_SAMPLE_BITS 4

/* Is the next one left out? Then it is counted as such. */
static __always_inline bool rf_left_out(struct rf_sampler *s)
{
	if (!s->skip)
		return false;
	s->skip--;
	s->skipped++;
	return true;
}

/* One is timed, from now on: draws how many after it are not. */
static __always_inline void rf_choose_skip(struct rf_cpu *c, struct rf_sampler *s, __u64 now)
{
	__u64 calls = s->drawn + 1;
	__u32 level;

	if (now - s->begin_ns < calls * RF_FAST_NS)
		s->fast++;
	else
		s->fast = 0;
	s->begin_ns = now;
	s->drawn = s->skip = 0;
	level = s->fast >> RF_FAST_SAMPLES_BITS;
	if (!level)
		return;
	if (level > RF_SAMPLE_BITS)
		level = RF_SAMPLE_BITS;
	c->random = c->random * 1664525 + 1013904223; /* Numerical Recipes' */
	s->drawn = s->skip = (c->random >> 16) & ((2U << level) - 1);
}

static __always_inline void rf_sample_mean(struct rf_sampler *s, __u64 ns)
{
	if (ns > RF_FAST_NS * 64)
		return;
	s->mean_ns = s->mean_ns ? s->mean_ns - s->mean_ns / 8 + (__u32)ns / 8 : (__u32)ns;
}

/* What those took that were left out of a span: as much as the timed ones, the span at most. */
static __always_inline __u64 rf_share(struct rf_sampler *s, __u64 span)
{
	__u64 ns = (__u64)s->skipped * s->mean_ns;

	s->skipped = 0;
	return ns < span ? ns : span;
}

static __always_inline void rf_forget_samples(struct rf_sampler *s)
{
	s->skip = s->skipped = s->drawn = s->fast = s->mean_ns = 0;
}

#endif
