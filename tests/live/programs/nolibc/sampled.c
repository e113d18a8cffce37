/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads of which percentiles are compared: sampled loop|pair|mixed N
 * loop: N getppid. pair: N reads and as many short writes in turns. mixed: N rounds of many
 * getppid, many reads, and a sleep.
 *
 * One read in RF_LONG_EACH is long, so that p50 and p99 each lie well inside one kind, and not
 * where a little disturbance decides. For the same reason there are so many calls in a round that
 * the first ones after a sleep, for which nothing is in the caches, are less than one in a hundred.
 */
#include "../nolibc.h"

#define RF_SHORT_READ 16384
#define RF_LONG_READ 65536
#define RF_LONG_EACH 20
#define RF_CALLS 2000
#define RF_READS 300

static char buffer[RF_LONG_READ];

static void read_one(long i, long zero)
{
	long size = i % RF_LONG_EACH ? RF_SHORT_READ : RF_LONG_READ;

	rf_raw(__NR_read, zero, (long)buffer, size, 0, 0, 0);
}

static void loop(long n)
{
	rf_call_n(n, __NR_getppid, 0, 0, 0);
}

static void pair(long n, long zero, long null)
{
	for (long i = 0; i < n; i++) {
		read_one(i, zero);
		rf_raw(__NR_write, null, (long)buffer, 1, 0, 0, 0);
	}
	rf_tally_add(__NR_read, 0, n);
	rf_tally_add(__NR_write, 0, n);
}

static void mixed(long n, long zero)
{
	struct __kernel_timespec nap = { .tv_nsec = 500000 };

	for (long i = 0; i < n; i++) {
		rf_call_n(RF_CALLS, __NR_getppid, 0, 0, 0);
		for (long k = 0; k < RF_READS; k++) {
			read_one(k, zero);
		}
		rf_raw(__NR_nanosleep, (long)&nap, 0, 0, 0, 0, 0);
	}
	rf_tally_add(__NR_read, 0, n * RF_READS);
	rf_tally_add(__NR_nanosleep, 0, n);
}

static int rf_main(int argc, char **argv)
{
	long n = rf_arg(argc, argv, 2, 1000);
	char what = argc > 1 ? argv[1][0] : 'l';
	long zero = rf_call(__NR_openat, AT_FDCWD, "/dev/zero", O_RDONLY, 0);
	long null = rf_call(__NR_openat, AT_FDCWD, "/dev/null", O_WRONLY, 0);

	rf_gate();
	if (what == 'l') {
		loop(n);
	} else if (what == 'p') {
		pair(n, zero, null);
	} else {
		mixed(n, zero);
	}
	return 0;
}
