/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A thread that is not the leader calls execve, while the leader and another thread sit inside
 * calls:
 * exec_thread CALLS PROGRAM [ARGUMENT...]
 * PROGRAM goes on in the same process, as its only thread and under the leader's id.
 */
#include "../nolibc.h"

static struct rf_thread sleeper, caller;
static char **next;
static volatile int never;

static void sleep_long(void *arg)
{
	(void)arg;
	rf_call(__NR_futex, &never, FUTEX_WAIT, 0, 0);
}

static void exec_next(void *arg)
{
	rf_wait_asleep(rf_me->pid, rf_me->pid);
	rf_wait_asleep(rf_me->pid, sleeper.tid);
	rf_call_n((long)arg, __NR_getppid, 0, 0, 0);
	/*
	 * The kernel ends both while they wait: their calls come back as far as the kernel's own
	 * restart code.
	 */
	rf_tally_add(__NR_ppoll, 0, -1);
	rf_tally_add(__NR_ppoll, RF_ERESTARTNOHAND, 1);
	rf_tally_add(__NR_futex, 0, -1);
	rf_tally_add(__NR_futex, RF_ERESTARTSYS, 1);
	rf_tally_add(__NR_execve, 0, 1);
	if (rf_expect_fd >= 0) {
		rf_tally_add(__NR_write, 0, 1);
	}
	rf_print();
	rf_raw(__NR_execve, (long)next[0], (long)next, (long)rf_environ, 0, 0, 0);
	rf_raw(__NR_exit_group, 92, 0, 0, 0, 0, 0);
}

static int rf_main(int argc, char **argv)
{
	if (argc < 3) {
		return 2;
	}
	next = argv + 2;
	rf_thread(&sleeper, sleep_long, NULL);
	rf_thread(&caller, exec_next, (void *)rf_arg(argc, argv, 1, 10));
	rf_call(__NR_ppoll, 0, 0, 0, 0);
	return 1;
}
