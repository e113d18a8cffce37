/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The latency histogram's arithmetic.
 */
#ifndef RF_HIST_BPF_H
#define RF_HIST_BPF_H

#include "core.bpf.h"

/* The bucket of a duration; the same arithmetic as rf_hist_bucket() on the other side. */
static __always_inline __u32 rf_bucket(__u64 ns)
{
	__u32 shift = 0;

	if (ns < RF_HIST_LINEAR_NS)
		return ns >> 3;
	if (ns >> 36)
		return RF_HIST_BUCKETS - 1;
	/* shift ns down into 4..7: its first bit and the two behind it */
	if (ns >> 19) {
		ns >>= 16;
		shift += 16;
	}
	if (ns >> 19) {
		ns >>= 16;
		shift += 16;
	}
	if (ns >> 11) {
		ns >>= 8;
		shift += 8;
	}
	if (ns >> 7) {
		ns >>= 4;
		shift += 4;
	}
	if (ns >> 5) {
		ns >>= 2;
		shift += 2;
	}
	if (ns >> 3) {
		ns >>= 1;
		shift += 1;
	}
	/* 32 = 4 << 3 is the first value of bucket 4 */
	return ((shift - 3) << 2) + ns;
}

#endif
