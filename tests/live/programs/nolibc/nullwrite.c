/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Children that write to address 0 and are killed, one after the other: nullwrite [CHILDREN]
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	long children = rf_arg(argc, argv, 1, 1);

	while (children--) {
		if (!rf_fork()) {
			*(volatile int *)0 = 1;
		}
		rf_call(__NR_wait4, -1, 0, 0, 0);
	}
	return 0;
}
