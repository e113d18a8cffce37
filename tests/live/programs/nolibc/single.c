/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One thread, known calls: single [GETPPID [OPENAT_ENOENT [KILL_ESRCH [CLOSE_EBADF]]]]
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	rf_gate();
	rf_call_n(rf_arg(argc, argv, 1, 1000), __NR_getppid, 0, 0, 0);
	rf_call_n(rf_arg(argc, argv, 2, 0), __NR_openat, AT_FDCWD, (long)"/nonexistent/file",
	          O_RDONLY);
	/* Above the highest pid there can be. */
	rf_call_n(rf_arg(argc, argv, 3, 0), __NR_kill, 0x7ffffffe, 0, 0);
	rf_call_n(rf_arg(argc, argv, 4, 0), __NR_close, -1, 0, 0);
	return 0;
}
