/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sums of numbers that nobody vouches for: they stop at the end of the type instead of wrapping
 * round to a small, believable figure.
 */
#ifndef RF_LEDGER_SAT_H
#define RF_LEDGER_SAT_H

#include <stdint.h>

static inline uint64_t rf_sat_add(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* a - b, 0 where b is the greater. */
static inline uint64_t rf_sat_sub(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline void rf_sat_inc(uint64_t *sum, uint64_t n)
{
	*sum = rf_sat_add(*sum, n);
}

#endif
