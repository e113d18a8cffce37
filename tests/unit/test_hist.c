// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <linux/types.h>

#include "bpf/records.h"
#include "ledger/hist.h"

#define SAMPLES 20000

static void buckets_follow_each_other(void **state)
{
	assert_int_equal(rf_hist_bucket_ns(0), 0);
	assert_int_equal(rf_hist_bucket_ns(3), 24);
	assert_int_equal(rf_hist_bucket_ns(4), RF_HIST_LINEAR_NS);
	assert_int_equal(rf_hist_bucket_ns(5), 40);
	assert_int_equal(rf_hist_bucket_ns(8), 64);
	assert_int_equal(rf_hist_bucket_ns(RF_HIST_BUCKETS), UINT64_MAX);
	for (unsigned int i = 0; i < RF_HIST_BUCKETS; i++) {
		uint64_t low = rf_hist_bucket_ns(i), end = rf_hist_bucket_ns(i + 1);

		assert_true(low < end);
		assert_int_equal(rf_hist_bucket(low), i);
		assert_int_equal(rf_hist_bucket(low + (end - low) / 2), i);
		assert_int_equal(rf_hist_bucket(end - 1), i);
	}
	assert_int_equal(rf_hist_bucket(UINT64_MAX), RF_HIST_BUCKETS - 1);
	/* a minute is the last that can be told apart */
	assert_int_equal(rf_hist_bucket(59999999999), RF_HIST_BUCKETS - 2);
	assert_int_equal(rf_hist_bucket(60200000000), RF_HIST_BUCKETS - 1);
}

static void the_span_grows_both_ways(void **state)
{
	struct rf_hist h = { 0 };

	assert_int_equal(rf_hist_add(&h, 50, 0), 0);
	assert_int_equal(h.used, 0);
	assert_null(h.data);
	assert_int_equal(rf_hist_add(&h, 50, 3), 0);
	assert_int_equal(h.first, 50);
	assert_int_equal(h.used, 1);
	assert_int_equal(rf_hist_add(&h, 53, 4), 0);
	assert_int_equal(rf_hist_add(&h, 47, 5), 0);
	assert_int_equal(rf_hist_add(&h, 50, 1), 0);
	assert_int_equal(h.first, 47);
	assert_int_equal(h.used, 7);
	assert_int_equal(rf_hist_count(&h, 47), 5);
	assert_int_equal(rf_hist_count(&h, 48), 0);
	assert_int_equal(rf_hist_count(&h, 50), 4);
	assert_int_equal(rf_hist_count(&h, 53), 4);
	assert_int_equal(h.total, 13);
	assert_int_equal(rf_hist_add(&h, 0, 1), 0);
	assert_int_equal(rf_hist_add(&h, RF_HIST_BUCKETS - 1, 1), 0);
	assert_int_equal(h.used, RF_HIST_BUCKETS);
	assert_int_equal(rf_hist_count(&h, 47), 5);
	assert_int_equal(h.total, 15);
	rf_hist_clear(&h);
	assert_null(h.data);
	assert_int_equal(h.total, 0);
}

static void counts_widen_as_they_grow(void **state)
{
	static const uint64_t steps[] = { 200, 55, 1, 65279, 1, 4294901759, 1, 1ull << 40 };
	static const uint8_t widths[] = { 1, 1, 2, 2, 4, 4, 8, 8 };
	struct rf_hist h = { 0 }, copy = { 0 };
	uint64_t sum = 0;

	assert_int_equal(rf_hist_add(&h, 9, 250), 0);
	assert_int_equal(rf_hist_add(&h, 9, 10), 0);
	assert_int_equal(rf_hist_count(&h, 9), 260);
	rf_hist_clear(&h);
	assert_int_equal(rf_hist_add(&h, 7, 9), 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		assert_int_equal(rf_hist_add(&h, 9, steps[i]), 0);
		sum += steps[i];
		assert_int_equal(h.width, widths[i]);
		assert_int_equal(rf_hist_count(&h, 9), sum);
		assert_int_equal(rf_hist_count(&h, 8), 0);
		assert_int_equal(rf_hist_count(&h, 7), 9);
		assert_int_equal(h.total, sum + 9);
		assert_int_equal(rf_hist_merge(&copy, &h), 0);
	}
	assert_int_equal(rf_hist_count(&copy, 7), 9 * sizeof(steps) / sizeof(*steps));
	assert_int_equal(rf_hist_count(&h, 6), 0);
	assert_int_equal(rf_hist_count(&h, 10), 0);
	assert_int_equal(rf_hist_count(&h, UINT32_MAX), 0);
	rf_hist_clear(&h);
	rf_hist_clear(&copy);
}

static void a_bucket_beyond_the_last_is_refused(void **state)
{
	struct rf_hist h = { 0 };

	assert_int_equal(rf_hist_add(&h, RF_HIST_BUCKETS, 1), -EINVAL);
	assert_int_equal(rf_hist_add(&h, UINT32_MAX, 1), -EINVAL);
	assert_int_equal(rf_hist_reserve(&h, 3, RF_HIST_BUCKETS, 1), -EINVAL);
	assert_int_equal(rf_hist_reserve(&h, 4, 3, 1), -EINVAL);
	assert_null(h.data);
	assert_int_equal(h.total, 0);
}

static void counts_stop_at_the_end_of_the_type(void **state)
{
	struct rf_hist h = { 0 };

	assert_int_equal(rf_hist_add(&h, 9, UINT64_MAX - 1), 0);
	assert_int_equal(rf_hist_add(&h, 9, 5), 0);
	assert_int_equal(rf_hist_add(&h, 10, 5), 0);
	assert_int_equal(rf_hist_count(&h, 9), UINT64_MAX);
	assert_int_equal(h.total, UINT64_MAX);
	/* the highest of [80, 96), but not beyond 115 % of its begin */
	assert_int_equal(rf_hist_quantile(&h, 1, 0, UINT64_MAX), 92);
	rf_hist_clear(&h);
}

static void merging_equals_adding(void **state)
{
	struct rf_hist a = { 0 }, b = { 0 }, both = { 0 }, none = { 0 };

	srand(3);
	for (int i = 0; i < 500; i++) {
		unsigned int bucket = (unsigned int)rand() % 60 + (i & 1 ? 0 : 60);
		struct rf_hist *h = i & 1 ? &a : &b;
		uint64_t n = (uint64_t)rand() % 100;

		assert_int_equal(rf_hist_add(h, bucket, n), 0);
		assert_int_equal(rf_hist_add(&both, bucket, n), 0);
	}
	assert_int_equal(rf_hist_merge(&a, &b), 0);
	assert_int_equal(rf_hist_merge(&a, &none), 0);
	assert_int_equal(a.first, both.first);
	assert_int_equal(a.used, both.used);
	assert_int_equal(a.total, both.total);
	for (unsigned int i = 0; i < RF_HIST_BUCKETS; i++)
		assert_int_equal(rf_hist_count(&a, i), rf_hist_count(&both, i));
	rf_hist_clear(&a);
	rf_hist_clear(&b);
	rf_hist_clear(&both);
}

static void a_quantile_of_few_entries(void **state)
{
	struct rf_hist h = { 0 };

	assert_int_equal(rf_hist_quantile(&h, 0.5, 1, 2), 0);
	assert_int_equal(rf_hist_add(&h, rf_hist_bucket(1000), 1), 0);
	/* one entry is known exactly: it is the minimum and the maximum */
	assert_int_equal(rf_hist_quantile(&h, 0.5, 1000, 1000), 1000);
	/* 1000 lies in [896, 1024) */
	assert_int_equal(rf_hist_quantile(&h, 0.5, 900, 1020), 960);
	assert_int_equal(rf_hist_quantile(&h, 0.5, 970, 1020), 995);
	assert_int_equal(rf_hist_quantile(&h, 0.5, 900, 950), 925);
	/* bounds that leave nothing of the bucket */
	assert_int_equal(rf_hist_quantile(&h, 0.5, 100, 200), 200);
	assert_int_equal(rf_hist_quantile(&h, 0.5, 2000, 3000), 2000);
	rf_hist_clear(&h);
}

static void a_quantile_takes_the_right_rank(void **state)
{
	struct rf_hist h = { 0 };

	/* 99 entries in [64, 80), one in [1024, 1280) */
	assert_int_equal(rf_hist_add(&h, rf_hist_bucket(64), 99), 0);
	assert_int_equal(rf_hist_add(&h, rf_hist_bucket(1024), 1), 0);
	/* 68 is 85 % of the bucket's end, 73 is 115 % of its begin */
	assert_int_equal(rf_hist_quantile(&h, 0, 0, 9999), 68);
	assert_int_equal(rf_hist_quantile(&h, -1, 0, 9999), 68);
	assert_int_equal(rf_hist_quantile(&h, (double)NAN, 0, 9999), 68);
	assert_int_equal(rf_hist_quantile(&h, 0.4, 0, 9999), 70);
	assert_int_equal(rf_hist_quantile(&h, 0.5, 0, 9999), 72);
	assert_int_equal(rf_hist_quantile(&h, 0.99, 0, 9999), 73);
	assert_int_equal(rf_hist_quantile(&h, 0.991, 0, 9999), 1152);
	assert_int_equal(rf_hist_quantile(&h, 1, 0, 9999), 1152);
	assert_int_equal(rf_hist_quantile(&h, 7, 0, 9999), 1152);
	rf_hist_clear(&h);
}

static void the_last_bucket_ends_at_the_maximum(void **state)
{
	struct rf_hist h = { 0 };
	uint64_t low = rf_hist_bucket_ns(RF_HIST_BUCKETS - 1);

	assert_int_equal(rf_hist_add(&h, RF_HIST_BUCKETS - 1, 2), 0);
	assert_int_equal(rf_hist_quantile(&h, 0.5, low, low + 1000), low + 250);
	assert_int_equal(rf_hist_quantile(&h, 1, low, low + 1000), low + 750);
	/* too far apart to be within 15 % of both ends */
	assert_int_equal(rf_hist_quantile(&h, 1, low, 3 * low), 2 * low);
	assert_int_equal(rf_hist_quantile(&h, 0.5, 0, 10), 10);
	rf_hist_clear(&h);
}

/* All entries at one end of a bucket, the worst there is: still within 15 %. */
static void quantiles_of_an_edge(void **state)
{
	static const double qs[] = { 0, 0.5, 0.99, 1 };

	for (unsigned int bucket = 4; bucket < RF_HIST_BUCKETS - 1; bucket++) {
		double low = (double)rf_hist_bucket_ns(bucket);
		double high = (double)(rf_hist_bucket_ns(bucket + 1) - 1);
		struct rf_hist h = { 0 };

		assert_int_equal(rf_hist_add(&h, bucket, 1000), 0);
		for (size_t i = 0; i < sizeof(qs) / sizeof(*qs); i++) {
			double found = (double)rf_hist_quantile(&h, qs[i], 0, UINT64_MAX);

			/* whole nanoseconds: one is lost to rounding */
			assert_true(fabs(found - low) <= 0.15 * low + 1);
			assert_true(fabs(found - high) <= 0.15 * high + 1);
		}
		rf_hist_clear(&h);
	}
}

/* A little more or less on one side of an edge does not make the median jump by a bucket. */
static void the_median_near_an_edge(void **state)
{
	struct rf_hist h = { 0 };
	uint64_t below, above;

	/* [192, 224) and [224, 256) */
	assert_int_equal(rf_hist_add(&h, rf_hist_bucket(192), 1000), 0);
	assert_int_equal(rf_hist_add(&h, rf_hist_bucket(224), 990), 0);
	below = rf_hist_quantile(&h, 0.5, 192, 255);
	assert_int_equal(rf_hist_add(&h, rf_hist_bucket(224), 20), 0);
	above = rf_hist_quantile(&h, 0.5, 192, 255);
	assert_true(below < above);
	assert_true((double)above < 1.03 * (double)below);
	rf_hist_clear(&h);
}

static double uniform(void)
{
	return (rand() + 0.5) / ((double)RAND_MAX + 1);
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static uint64_t draw(int distribution)
{
	switch (distribution) {
	case 0: /* a busy loop of short calls */
		return (uint64_t)(100 + 60 * uniform());
	case 1: /* over seven decades alike */
		return (uint64_t)exp(log(40) + uniform() * log(1e7));
	case 2: /* log-normal, as latencies mostly are */
		return (uint64_t)(exp(8 + 1.5 * normal()) + 32);
	case 3: /* quick, or a disk */
		return (uint64_t)(uniform() < 0.9 ? 300 + 100 * uniform() :
		                                    (4 + uniform()) * 1000000);
	case 4: /* exponential waits of 10 ms */
		return (uint64_t)(-log(uniform()) * 1e7) + 32;
	case 5: /* a timer: all alike */
		return 1000000;
	default: /* Pareto: a heavy tail, up to a minute */
		return (uint64_t)fmin(200 / pow(uniform(), 1.2), 5.9e10);
	}
}

static int ascending(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void quantiles_are_within_15_percent(void **state)
{
	static const double qs[] = { 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1 };
	static uint64_t samples[SAMPLES];

	for (int distribution = 0; distribution < 7; distribution++) {
		struct rf_hist h = { 0 };

		srand(42u + (unsigned int)distribution);
		for (int i = 0; i < SAMPLES; i++) {
			samples[i] = draw(distribution);
			assert_int_equal(rf_hist_add(&h, rf_hist_bucket(samples[i]), 1), 0);
		}
		qsort(samples, SAMPLES, sizeof(*samples), ascending);
		for (size_t i = 0; i < sizeof(qs) / sizeof(*qs); i++) {
			size_t rank = (size_t)ceil(qs[i] * SAMPLES - 1e-6);
			double exact = (double)samples[rank - 1];
			double found = (double)rf_hist_quantile(&h, qs[i], samples[0],
			                                        samples[SAMPLES - 1]);

			if (fabs(found - exact) > 0.15 * exact)
				fail_msg("distribution %d, q %g: %g, exactly %g", distribution,
				         qs[i], found, exact);
		}
		rf_hist_clear(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_follow_each_other),
		cmocka_unit_test(the_span_grows_both_ways),
		cmocka_unit_test(counts_widen_as_they_grow),
		cmocka_unit_test(a_bucket_beyond_the_last_is_refused),
		cmocka_unit_test(counts_stop_at_the_end_of_the_type),
		cmocka_unit_test(merging_equals_adding),
		cmocka_unit_test(a_quantile_of_few_entries),
		cmocka_unit_test(a_quantile_takes_the_right_rank),
		cmocka_unit_test(the_last_bucket_ends_at_the_maximum),
		cmocka_unit_test(quantiles_of_an_edge),
		cmocka_unit_test(the_median_near_an_edge),
		cmocka_unit_test(quantiles_are_within_15_percent),
	};

	return cmocka_run_group_tests_name("hist", tests, NULL, NULL);
}
