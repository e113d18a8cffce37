/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls by numbers that do not exist: badcall [TIMES]
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	long n = rf_arg(argc, argv, 1, 100);

	rf_gate();
	rf_call_n(n, -1, 0, 0, 0);
	rf_call_n(n, 999999, 0, 0, 0);
	rf_call_n(n, 0x7fffffff, 0, 0, 0);
#if defined(__x86_64__)
	/* getpid of the x32 table, for kernels that have none. */
	rf_call_n(n, 0x40000000 + __NR_getpid, 0, 0, 0);
#endif
	return 0;
}
