/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Children that share the parent's memory while the parent waits for their end or their execve:
 * vforker ROUNDS CALLS [PROGRAM [ARGUMENT...]]
 * Each round's child makes CALLS calls and ends; with PROGRAM, one more makes them and then runs
 * PROGRAM.
 */
#include "../nolibc.h"

static char stack[RF_STACK_SIZE] __attribute__((aligned(16)));
static struct rf_slot *child;
static long calls;
static char **next;

static void in_child(void *arg)
{
	rf_me = child;
	rf_call_n(calls, __NR_getppid, 0, 0, 0);
	if (arg) {
		rf_tally_add(__NR_execve, 0, 1);
		rf_raw(__NR_execve, (long)next[0], (long)next, (long)rf_environ, 0, 0, 0);
	}
	rf_exit_child(0);
}

static void round(void *exec)
{
	struct rf_slot *parent = rf_me;
	int pid = 0;

	child = rf_slot_new();
	rf_clone_on(in_child, exec, stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID | SIGCHLD,
	            &pid);
	rf_me = parent;
	child->pid = pid;
	rf_call(__NR_wait4, pid, 0, 0, 0);
}

static int rf_main(int argc, char **argv)
{
	long rounds = rf_arg(argc, argv, 1, 10);

	calls = rf_arg(argc, argv, 2, 10);
	next = argv + 3;
	rf_gate();
	for (long i = 0; i < rounds; i++) {
		round(NULL);
	}
	if (argc > 3) {
		round(next);
	}
	return 0;
}
