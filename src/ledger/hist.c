// SPDX-License-Identifier: GPL-2.0-or-later
#include "ledger/hist.h"

#include <errno.h>
#include <linux/types.h>
#include <stddef.h>
#include <stdlib.h>

#include "bpf/records.h"
#include "ledger/sat.h"

/* Buckets 4 on: an octave is cut in four, octave 0 begins at RF_HIST_LINEAR_NS = 2^5. */
#define LINEAR_BUCKETS 4
#define LINEAR_SHIFT 3
#define FIRST_LOG2 5

static uint64_t get(const struct rf_hist *h, unsigned int i)
{
	switch (h->width) {
	case 1:
		return ((const uint8_t *)h->data)[i];
	case 2:
		return ((const uint16_t *)h->data)[i];
	case 4:
		return ((const uint32_t *)h->data)[i];
	default:
		return ((const uint64_t *)h->data)[i];
	}
}

/* The width was chosen to hold n. */
static void set(struct rf_hist *h, unsigned int i, uint64_t n)
{
	switch (h->width) {
	case 1:
		((uint8_t *)h->data)[i] = (uint8_t)n;
		break;
	case 2:
		((uint16_t *)h->data)[i] = (uint16_t)n;
		break;
	case 4:
		((uint32_t *)h->data)[i] = (uint32_t)n;
		break;
	default:
		((uint64_t *)h->data)[i] = n;
		break;
	}
}

static uint8_t width_of(uint64_t n)
{
	if (n <= UINT8_MAX)
		return 1;
	if (n <= UINT16_MAX)
		return 2;
	return n <= UINT32_MAX ? 4 : 8;
}

/* A count never exceeds the total, unless both stopped at the end of the type. */
static uint8_t width_needed(const struct rf_hist *h, uint64_t n)
{
	uint64_t highest = 0;

	if (h->used && width_of(rf_sat_add(h->total, n)) <= h->width)
		return h->width;
	for (unsigned int i = 0; i < h->used; i++) {
		if (get(h, i) > highest)
			highest = get(h, i);
	}
	return width_of(rf_sat_add(highest, n));
}

uint64_t rf_hist_count(const struct rf_hist *h, unsigned int bucket)
{
	if (bucket < h->first || bucket >= (unsigned int)h->first + h->used)
		return 0;
	return get(h, bucket - h->first);
}

/* Copies h into one that holds buckets first..last at this width, and no less than h. */
static int resize(struct rf_hist *h, unsigned int first, unsigned int last, uint8_t width)
{
	struct rf_hist wider = {
		.total = h->total,
		.first = (uint8_t)first,
		.used = (uint8_t)(last - first + 1),
		.width = width,
	};

	wider.data = calloc(wider.used, width);
	if (!wider.data)
		return -ENOMEM;
	for (unsigned int i = 0; i < h->used; i++)
		set(&wider, h->first + i - first, get(h, i));
	free(h->data);
	*h = wider;
	return 0;
}

int rf_hist_reserve(struct rf_hist *h, unsigned int first, unsigned int last, uint64_t n)
{
	uint8_t width = width_needed(h, n);

	if (first > last || last >= RF_HIST_BUCKETS)
		return -EINVAL;
	if (h->used) {
		unsigned int h_last = h->first + h->used - 1u;

		if (first >= h->first && last <= h_last && width <= h->width)
			return 0;
		if (first > h->first)
			first = h->first;
		if (last < h_last)
			last = h_last;
		if (width < h->width)
			width = h->width;
	}
	return resize(h, first, last, width);
}

static void add(struct rf_hist *h, unsigned int bucket, uint64_t n)
{
	unsigned int i = bucket - h->first;

	set(h, i, rf_sat_add(get(h, i), n));
	rf_sat_inc(&h->total, n);
}

int rf_hist_add(struct rf_hist *h, unsigned int bucket, uint64_t n)
{
	int err;

	if (bucket >= RF_HIST_BUCKETS)
		return -EINVAL;
	if (!n)
		return 0;
	err = rf_hist_reserve(h, bucket, bucket, n);
	if (!err)
		add(h, bucket, n);
	return err;
}

int rf_hist_merge(struct rf_hist *dst, const struct rf_hist *src)
{
	int err;

	if (!src->used)
		return 0;
	err = rf_hist_reserve(dst, src->first, src->first + src->used - 1u, src->total);
	if (err)
		return err;
	for (unsigned int i = 0; i < src->used; i++)
		add(dst, src->first + i, get(src, i));
	return 0;
}

void rf_hist_clear(struct rf_hist *h)
{
	free(h->data);
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

/* An entry's place: the one of this rank (1 is the lowest) among those of its bucket. */
struct place {
	unsigned int bucket;
	uint64_t rank;
	uint64_t count;
};

static struct place place_of_rank(const struct rf_hist *h, uint64_t rank)
{
	struct place place = { .bucket = h->first };
	uint64_t below = 0;

	for (unsigned int i = 0; i < h->used; i++) {
		uint64_t count = get(h, i);

		if (!count)
			continue;
		place = (struct place){ h->first + i, rank - below, count };
		if (rf_sat_add(below, count) >= rank)
			break;
		below = rf_sat_add(below, count);
	}
	return place;
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

/*
 * By rank between the ends, as if the entries lay evenly: a distribution that is a little another
 * has quantiles that are a little others, also across the edge of a bucket. But no further towards
 * an end than would be wrong by more than RF_HIST_ERROR if they all lay at the other one.
 */
#define RF_HIST_ERROR 0.15L

static uint64_t between(uint64_t low, uint64_t high, const struct place *place)
{
	long double part = ((long double)place->rank - 0.5L) / (long double)place->count;
	long double ns = (long double)low + part * (long double)(high - low);
	long double least = (1 - RF_HIST_ERROR) * (long double)high;
	long double most = (1 + RF_HIST_ERROR) * (long double)low;

	if (least > most)
		return low + (high - low) / 2;
	if (ns < least)
		ns = least;
	if (ns > most)
		ns = most;
	return (uint64_t)ns;
}

uint64_t rf_hist_quantile(const struct rf_hist *h, double q, uint64_t min_ns, uint64_t max_ns)
{
	struct place place;
	uint64_t low, high;

	if (!h->used || !h->total)
		return 0;
	place = place_of_rank(h, rank_of(q, h->total));
	low = rf_hist_bucket_ns(place.bucket);
	/* the last bucket has no end of its own */
	high = rf_hist_bucket_ns(place.bucket + 1);
	if (low < min_ns)
		low = min_ns;
	if (high > max_ns)
		high = max_ns;
	if (low < high)
		return between(low, high, &place);
	/* a minimum and maximum of other entries than these: the nearest of what they allow */
	return low > max_ns ? max_ns : low;
}
