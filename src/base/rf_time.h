/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time in nanoseconds, the one unit of time inside ringfence: uint64_t, from the monotonic clock
 * that bpf_ktime_get_ns() reads in the kernel, so that stamps of both sides compare.
 */
#ifndef RF_BASE_RF_TIME_H
#define RF_BASE_RF_TIME_H

#include <stdint.h>
#include <time.h>

#define RF_NSEC_PER_USEC UINT64_C(1000)
#define RF_NSEC_PER_MSEC UINT64_C(1000000)
#define RF_NSEC_PER_SEC UINT64_C(1000000000)
#define RF_NSEC_PER_MIN (60 * RF_NSEC_PER_SEC)
#define RF_NSEC_PER_HOUR (60 * RF_NSEC_PER_MIN)

static inline uint64_t rf_timespec_to_ns(struct timespec ts)
{
	return (uint64_t)ts.tv_sec * RF_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static inline struct timespec rf_ns_to_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / RF_NSEC_PER_SEC),
		.tv_nsec = (long)(ns % RF_NSEC_PER_SEC),
	};
}

/* Now on a clock that cannot fail: CLOCK_MONOTONIC, CLOCK_BOOTTIME or CLOCK_REALTIME. */
static inline uint64_t rf_clock_ns(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return rf_timespec_to_ns(ts);
}

/* Now, comparable with stamps from bpf_ktime_get_ns(). */
static inline uint64_t rf_now_ns(void)
{
	return rf_clock_ns(CLOCK_MONOTONIC);
}

#endif
