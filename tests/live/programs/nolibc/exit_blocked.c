/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends the process while its other threads sit inside calls: exit_blocked [FUTEX [READ
 * [NANOSLEEP]]]
 */
#include "../nolibc.h"

static struct rf_thread threads[64];
static int pipe_ends[2];
static volatile int never;

static void in_futex(void *arg)
{
	(void)arg;
	rf_call(__NR_futex, &never, FUTEX_WAIT, 0, 0);
}

static void in_read(void *arg)
{
	char byte;

	(void)arg;
	rf_call(__NR_read, pipe_ends[0], &byte, 1);
}

static void in_nanosleep(void *arg)
{
	(void)arg;
	rf_sleep_ms(1000000);
}

static int rf_main(int argc, char **argv)
{
	void (*const kinds[])(void *) = { in_futex, in_read, in_nanosleep };
	const int nrs[] = { __NR_futex, __NR_read, __NR_nanosleep };
	const int ends[] = { RF_ERESTARTSYS, RF_ERESTARTSYS, RF_ERESTART_RESTARTBLOCK };
	int used = 0;

	rf_call(__NR_pipe2, pipe_ends, 0);
	for (int kind = 0; kind < RF_LEN(kinds); kind++) {
		long n = rf_arg(argc, argv, kind + 1, 5);

		for (long i = 0; i < n && used < RF_LEN(threads); i++) {
			rf_thread(&threads[used++], kinds[kind], NULL);
		}
		/*
		 * The end of the process wakes them: each call comes back as far as the kernel's
		 * own restart code.
		 */
		rf_tally_add(nrs[kind], 0, -n);
		rf_tally_add(nrs[kind], ends[kind], n);
	}
	for (int i = 0; i < used; i++) {
		rf_wait_asleep(rf_me->pid, threads[i].tid);
	}
	return 0;
}
