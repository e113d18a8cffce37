/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short-lived processes, each with a name of its own: names [PROCESSES [CALLS [AT_ONCE]]]
 *
 * They are too many for a tally: each makes one prctl, CALLS getppid and one exit_group.
 */
#include "../nolibc.h"

#include <linux/prctl.h>

static void name_of(long i, char *name)
{
	uint64_t n = (uint64_t)i * 0x9e3779b97f4a7c15;

	for (int at = 0; at < 15; at++, n >>= 4) {
		name[at] = "0123456789abcdef"[n & 15];
	}
	name[15] = '\0';
}

static void child(long i, long calls)
{
	char name[16];

	name_of(i, name);
	rf_raw(__NR_prctl, PR_SET_NAME, (long)name, 0, 0, 0, 0);
	while (calls--) {
		rf_raw(__NR_getppid, 0, 0, 0, 0, 0, 0);
	}
	rf_raw(__NR_exit_group, 0, 0, 0, 0, 0, 0);
}

static int rf_main(int argc, char **argv)
{
	long processes = rf_arg(argc, argv, 1, 1000), calls = rf_arg(argc, argv, 2, 10),
	     at_once = rf_arg(argc, argv, 3, 8);
	long alive = 0;

	for (long i = 0; i < processes; i++) {
		if (!rf_raw(__NR_clone, SIGCHLD, 0, 0, 0, 0, 0)) {
			child(i, calls);
		}
		if (++alive == at_once) {
			rf_raw(__NR_wait4, -1, 0, 0, 0, 0, 0);
			alive--;
		}
	}
	while (alive--) {
		rf_raw(__NR_wait4, -1, 0, 0, 0, 0, 0);
	}
	return 0;
}
