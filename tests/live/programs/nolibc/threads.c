/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that make the same number of calls each and end: threads [THREADS [CALLS]]
 */
#include "../nolibc.h"

static struct rf_thread threads[64];
static long calls;

static void work(void *arg)
{
	(void)arg;
	rf_call_n(calls, __NR_getppid, 0, 0, 0);
}

static int rf_main(int argc, char **argv)
{
	long n = rf_arg(argc, argv, 1, 64);

	calls = rf_arg(argc, argv, 2, 1000);
	if (n > RF_LEN(threads)) {
		return 2;
	}
	rf_gate();
	for (long i = 0; i < n; i++) {
		rf_thread(&threads[i], work, NULL);
	}
	for (long i = 0; i < n; i++) {
		rf_join(&threads[i]);
	}
	return 0;
}
