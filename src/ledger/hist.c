// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/hist.h"

#include <errno.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/records.h"
#include "ledger/sat.h"

/* Buckets 4 on: an octave is cut in four, octave 0 begins at RF_HIST_LINEAR_NS = 2^5. */
#define LINEAR_BUCKETS 4
#define LINEAR_SHIFT 3
#define FIRST_LOG2 5

int rf_hist_reserve(struct rf_hist *h, unsigned int first, unsigned int last)
{
	uint64_t *counts;

	if (first > last || last >= RF_HIST_BUCKETS)
		return -EINVAL;
	if (h->used) {
		unsigned int h_last = h->first + h->used - 1u;

		if (first >= h->first && last <= h_last)
			return 0;
		if (first > h->first)
			first = h->first;
		if (last < h_last)
			last = h_last;
	}
	counts = calloc(last - first + 1, sizeof(*counts));
	if (!counts)
		return -ENOMEM;
	if (h->used)
		memcpy(counts + (h->first - first), h->counts, h->used * sizeof(*counts));
	free(h->counts);
	h->counts = counts;
	h->first = (uint8_t)first;
	h->used = (uint8_t)(last - first + 1);
	return 0;
}

int rf_hist_add(struct rf_hist *h, unsigned int bucket, uint64_t n)
{
	int err;

	if (bucket >= RF_HIST_BUCKETS)
		return -EINVAL;
	if (!n)
		return 0;
	err = rf_hist_reserve(h, bucket, bucket);
	if (err)
		return err;
	rf_sat_inc(&h->counts[bucket - h->first], n);
	rf_sat_inc(&h->total, n);
	return 0;
}

int rf_hist_merge(struct rf_hist *dst, const struct rf_hist *src)
{
	int err;

	if (!src->used)
		return 0;
	err = rf_hist_reserve(dst, src->first, src->first + src->used - 1u);
	if (err)
		return err;
	for (unsigned int i = 0; i < src->used; i++)
		rf_sat_inc(&dst->counts[src->first + i - dst->first], src->counts[i]);
	rf_sat_inc(&dst->total, src->total);
	return 0;
}

void rf_hist_clear(struct rf_hist *h)
{
	free(h->counts);
	*h = (struct rf_hist){ 0 };
}

uint64_t rf_hist_bucket_ns(unsigned int bucket)
{
	unsigned int octave, quarter;

	if (bucket >= RF_HIST_BUCKETS)
		return UINT64_MAX;
	if (bucket < LINEAR_BUCKETS)
		return (uint64_t)bucket << LINEAR_SHIFT;
	octave = (bucket - LINEAR_BUCKETS) / 4;
	quarter = (bucket - LINEAR_BUCKETS) % 4;
	return (uint64_t)(4 + quarter) << (octave + FIRST_LOG2 - 2);
}

unsigned int rf_hist_bucket(uint64_t ns)
{
	unsigned int log2, bucket;

	if (ns < RF_HIST_LINEAR_NS)
		return (unsigned int)(ns >> LINEAR_SHIFT);
	log2 = 63u - (unsigned int)__builtin_clzll(ns);
	bucket = LINEAR_BUCKETS + (log2 - FIRST_LOG2) * 4 + (unsigned int)(ns >> (log2 - 2) & 3);
	return bucket < RF_HIST_BUCKETS ? bucket : RF_HIST_BUCKETS - 1;
}

/* The bucket in which the entry of this rank (1 is the lowest) lies. */
static unsigned int bucket_of_rank(const struct rf_hist *h, uint64_t rank)
{
	uint64_t below = 0;
	unsigned int last = h->first;

	for (unsigned int i = 0; i < h->used; i++) {
		if (!h->counts[i])
			continue;
		last = h->first + i;
		below = rf_sat_add(below, h->counts[i]);
		if (below >= rank)
			break;
	}
	return last;
}

/* q of total, rounded up, so that the smallest q is the lowest entry and 1 is the highest. */
static uint64_t rank_of(double q, uint64_t total)
{
	long double exact;
	uint64_t rank;

	if (!(q > 0))
		return 1;
	if (q >= 1)
		return total;
	exact = (long double)q * (long double)total;
	rank = (uint64_t)exact;
	/* 0.99 is a little above 99/100 as a double: of 100 entries it still means the 99th. */
	if (exact - (long double)rank > 1e-9L)
		rank++;
	return rank ? rank : 1;
}

uint64_t rf_hist_quantile(const struct rf_hist *h, double q, uint64_t min_ns, uint64_t max_ns)
{
	unsigned int bucket;
	uint64_t low, high;

	if (!h->used || !h->total)
		return 0;
	bucket = bucket_of_rank(h, rank_of(q, h->total));
	low = rf_hist_bucket_ns(bucket);
	high = rf_hist_bucket_ns(bucket + 1);
	/* The last bucket has no end of its own. */
	if (bucket == RF_HIST_BUCKETS - 1)
		high = max_ns > low ? max_ns : low;
	low += (high - low) / 2;
	if (low > max_ns)
		low = max_ns;
	return low < min_ns ? min_ns : low;
}
