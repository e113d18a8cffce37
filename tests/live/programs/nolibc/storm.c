/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short-lived processes, a few alive at a time: storm [PROCESSES [CALLS [AT_ONCE]]]
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	long processes = rf_arg(argc, argv, 1, 200), calls = rf_arg(argc, argv, 2, 100),
	     at_once = rf_arg(argc, argv, 3, 8);
	long alive = 0;

	rf_gate();
	for (long i = 0; i < processes; i++) {
		if (!rf_fork()) {
			rf_call_n(calls, __NR_getppid, 0, 0, 0);
			rf_exit_child(0);
		}
		if (++alive == at_once) {
			rf_call(__NR_wait4, -1, 0, 0, 0);
			alive--;
		}
	}
	while (alive--) {
		rf_call(__NR_wait4, -1, 0, 0, 0);
	}
	return 0;
}
