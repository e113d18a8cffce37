/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends with the exit status given, or by the signal given: status STATUS | status -SIGNAL
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	if (argc > 1 && argv[1][0] == '-') {
		rf_call(__NR_kill, rf_me->pid, rf_number(argv[1] + 1));
	}
	return (int)rf_arg(argc, argv, 1, 0);
}
