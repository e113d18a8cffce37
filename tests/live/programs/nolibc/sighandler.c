/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals that the program sends itself and handles: sighandler [SIGNALS]
 */
#include "../nolibc.h"

static volatile long handled;

static void on_signal(int number)
{
	(void)number;
	handled++;
}

static int rf_main(int argc, char **argv)
{
	long n = rf_arg(argc, argv, 1, 1000);

	rf_signal(SIGUSR1, on_signal, 0);
	rf_gate();
	for (long i = 0; i < n; i++) {
		rf_call(__NR_tgkill, rf_me->pid, rf_me->pid, SIGUSR1);
	}
	rf_tally_add(__NR_rt_sigreturn, 0, handled);
	rf_extra("handled", handled);
	return handled != n;
}
