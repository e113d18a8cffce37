/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls flat out for a time, on as many threads: flood [MILLISECONDS [THREADS [KINDS [PROCESSES]]]]
 * KINDS different calls take turns; with PROCESSES, as many more processes of one thread do the
 * same.
 */
#include "../nolibc.h"

static struct rf_thread threads[16];
static long until, kinds;

/* Cheap, without effect, and never refused. */
static const int cheap[] = {
	__NR_getppid, __NR_getpid,  __NR_gettid,      __NR_getuid,  __NR_geteuid,
	__NR_getgid,  __NR_getegid, __NR_sched_yield, __NR_getpgid, __NR_getsid,
};

static void work(void *arg)
{
	long n = 0;

	(void)arg;
	do {
		for (int i = 0; i < 1000; i++) {
			for (long kind = 0; kind < kinds; kind++) {
				rf_raw(cheap[kind], 0, 0, 0, 0, 0, 0);
			}
		}
		n += 1000;
	} while (rf_now(CLOCK_MONOTONIC) < until);
	for (long kind = 0; kind < kinds; kind++) {
		rf_tally_add(cheap[kind], 0, n);
	}
}

static int rf_main(int argc, char **argv)
{
	long ms = rf_arg(argc, argv, 1, 1000), n = rf_arg(argc, argv, 2, 1),
	     processes = rf_arg(argc, argv, 4, 0);

	kinds = rf_arg(argc, argv, 3, 1);
	if (n > RF_LEN(threads) || kinds > RF_LEN(cheap)) {
		return 2;
	}
	rf_gate();
	until = rf_now(CLOCK_MONOTONIC) + ms * 1000000;
	for (long i = 0; i < processes; i++) {
		if (!rf_fork()) {
			work(NULL);
			rf_exit_child(0);
		}
	}
	for (long i = 0; i < n; i++) {
		rf_thread(&threads[i], work, NULL);
	}
	for (long i = 0; i < n; i++) {
		rf_join(&threads[i]);
	}
	for (long i = 0; i < processes; i++) {
		rf_call(__NR_wait4, -1, 0, 0, 0);
	}
	return 0;
}
