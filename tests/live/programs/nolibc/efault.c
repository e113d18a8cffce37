/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls with a pointer to memory that the process has not: efault [TO_USER [FROM_USER]]
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	rf_gate();
	rf_call_n(rf_arg(argc, argv, 1, 1000), __NR_uname, 8, 0, 0);
	rf_call_n(rf_arg(argc, argv, 2, 1000), __NR_openat, AT_FDCWD, 8, O_RDONLY);
	return 0;
}
