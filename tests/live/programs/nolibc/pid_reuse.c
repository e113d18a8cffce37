/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two processes under one pid, one after the other, with names "first" and "second": pid_reuse
 * [CALLS_FIRST [CALLS_SECOND]]
 */
#include "../nolibc.h"

#include <linux/prctl.h>

static int child(const char *name, long calls, int pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct rf_slot *slot = rf_slot_new();
	int32_t wanted = pid;
	long got;

	if (pid) {
		args.set_tid = (uintptr_t)&wanted;
		args.set_tid_size = 1;
	}
	rf_tally_add(__NR_clone3, 0, 1);
	got = rf_raw(__NR_clone3, (long)&args, sizeof(args), 0, 0, 0, 0);
	if (!got) {
		rf_me = slot;
		rf_call(__NR_prctl, PR_SET_NAME, name, 0, 0, 0);
		/* The name counts from the thread's next turn on a processor. */
		rf_sleep_ms(1);
		rf_call_n(calls, __NR_getppid, 0, 0, 0);
		rf_exit_child(0);
	}
	slot->pid = (int)got;
	rf_call(__NR_wait4, got, 0, 0, 0);
	return (int)got;
}

static int rf_main(int argc, char **argv)
{
	int pid;

	rf_gate();
	pid = child("first", rf_arg(argc, argv, 1, 100), 0);
	return child("second", rf_arg(argc, argv, 2, 200), pid) != pid;
}
