/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls that a signal interrupts: interrupted [HANDLED [RESTARTED [STOPPED]]]
 *   HANDLED    a nanosleep that ends because of a handler: for the program, EINTR
 *   RESTARTED  a read that is started again behind a handler with SA_RESTART: the program sees
 *              one call
 *   STOPPED    a nanosleep that goes on behind a stop and a continue, as restart_syscall
 */
#include "../nolibc.h"

static volatile long handled;

static void on_signal(int number)
{
	(void)number;
	handled++;
	if (rf_tally) {
		rf_tally->words[0]++;
	}
}

static void book_handled(void)
{
	rf_tally_add(__NR_rt_sigreturn, 0, handled);
	handled = 0;
}

static void handled_sleep(void)
{
	/* Goes on ringing, in case the first ring came before the sleep. */
	const long every[4] = { 0, 10000, 0, 10000 }, none[4] = { 0 };
	struct __kernel_timespec ts = { .tv_sec = 100 };
	long ret;

	rf_call(__NR_setitimer, 0, every, 0);
	ret = rf_raw(__NR_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
	rf_call(__NR_setitimer, 0, none, 0);
	rf_tally_add(__NR_nanosleep, ret == -EINTR ? RF_ERESTART_RESTARTBLOCK : rf_error_of(ret),
	             1);
}

static void restarted_read(long n)
{
	int ends[2];
	long pid;
	char byte = 1;

	rf_call(__NR_pipe2, ends, 0);
	pid = rf_fork();
	if (!pid) {
		rf_tally->words[0] = 0;
		rf_signal(SIGUSR1, on_signal, SA_RESTART);
		rf_tally->words[1] = 1;
		rf_call(__NR_read, ends[0], &byte, 1);
		rf_tally_add(__NR_read, RF_ERESTARTSYS, handled);
		book_handled();
		rf_exit_child(0);
	}
	while (!rf_tally->words[1]) {
		rf_call(__NR_sched_yield);
	}
	for (long i = 0; i < n; i++) {
		rf_wait_asleep((int)pid, (int)pid);
		rf_call(__NR_kill, pid, SIGUSR1);
		while (rf_tally->words[0] != i + 1) {
			rf_call(__NR_sched_yield);
		}
	}
	rf_wait_asleep((int)pid, (int)pid);
	rf_call(__NR_write, ends[1], &byte, 1);
	rf_call(__NR_wait4, pid, 0, 0, 0);
}

/* Returns 0, or 77 if this host was too slow for the stops to meet the sleep. */
static int stopped_sleep(long n)
{
	long start = rf_now(CLOCK_MONOTONIC), late, pid = rf_fork();

	if (!pid) {
		struct __kernel_timespec ts = { .tv_sec = 2 };

		rf_tally->words[1] = 2;
		rf_raw(__NR_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
		rf_tally_add(__NR_nanosleep, n ? RF_ERESTART_RESTARTBLOCK : 0, 1);
		rf_tally_add(__NR_restart_syscall, RF_ERESTART_RESTARTBLOCK, n ? n - 1 : 0);
		rf_tally_add(__NR_restart_syscall, 0, n ? 1 : 0);
		rf_exit_child(0);
	}
	while (rf_tally->words[1] != 2) {
		rf_call(__NR_sched_yield);
	}
	for (long i = 0; i < n; i++) {
		rf_wait_asleep((int)pid, (int)pid);
		rf_call(__NR_kill, pid, SIGSTOP);
		rf_call(__NR_wait4, pid, 0, WUNTRACED, 0);
		rf_call(__NR_kill, pid, SIGCONT);
	}
	late = rf_now(CLOCK_MONOTONIC) - start > 1900000000L;
	rf_call(__NR_wait4, pid, 0, 0, 0);
	return late ? 77 : 0;
}

static int rf_main(int argc, char **argv)
{
	long n = rf_arg(argc, argv, 1, 5), stops = rf_arg(argc, argv, 3, 3);
	int status = 0;

	rf_signal(SIGALRM, on_signal, 0);
	for (long i = 0; i < n; i++) {
		handled_sleep();
	}
	book_handled();
	restarted_read(rf_arg(argc, argv, 2, 5));
	if (stops) {
		status = stopped_sleep(stops);
	}
	return status;
}
