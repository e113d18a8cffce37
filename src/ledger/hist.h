/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A latency histogram with the buckets of bpf/records.h, stored sparsely: only
 * the span of buckets that were ever used takes memory, and a bucket takes as
 * many bytes as the highest count in it needs. Most cells have few calls: with
 * full counts, histograms would be most of the ledger.
 */
#ifndef RF_LEDGER_HIST_H
#define RF_LEDGER_HIST_H

#include <stdint.h>

struct rf_hist {
	void *data;     /* the counts; rf_hist_count() reads them */
	uint64_t total; /* stops at UINT64_MAX, as each count does */
	uint8_t first;  /* data begins with this bucket */
	uint8_t used;   /* number of buckets held; 0: empty, data NULL */
	uint8_t width;  /* of a count, in bytes: 1, 2, 4 or 8 */
};

/* The entries in a bucket; 0 for one that is not held. */
uint64_t rf_hist_count(const struct rf_hist *h, unsigned int bucket);
/* Adds n to bucket. 0; -EINVAL from RF_HIST_BUCKETS on; -ENOMEM. On error nothing changed. */
int rf_hist_add(struct rf_hist *h, unsigned int bucket, uint64_t n);
/*
 * Makes room for n more entries in any of the buckets first..last, so that adding those cannot
 * fail. Errors as above.
 */
int rf_hist_reserve(struct rf_hist *h, unsigned int first, unsigned int last, uint64_t n);
/* Adds all of src to dst. 0, or -ENOMEM and nothing changed. */
int rf_hist_merge(struct rf_hist *dst, const struct rf_hist *src);
/* Empties h and frees what it holds. */
void rf_hist_clear(struct rf_hist *h);

/*
 * Lowest duration (ns) of a bucket. The last one holds everything from there on, so that of
 * RF_HIST_BUCKETS, its end, is UINT64_MAX.
 */
uint64_t rf_hist_bucket_ns(unsigned int bucket);
/* The bucket that a duration (ns) falls in; the same arithmetic as the kernel side. */
unsigned int rf_hist_bucket(uint64_t ns);

/*
 * The duration (ns) below which fraction q (0..1) of the entries lie: within its bucket by rank,
 * kept within [min_ns, max_ns], and never wrong by more than 15 % from RF_HIST_LINEAR_NS on. 0 for
 * an empty histogram.
 */
uint64_t rf_hist_quantile(const struct rf_hist *h, double q, uint64_t min_ns, uint64_t max_ns);

#endif
