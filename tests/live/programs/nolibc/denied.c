/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that the kernel refuses: denied EPERM EACCES [UID]
 * To be started as root; it gives its rights up and becomes UID, else nobody.
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	long uid = rf_arg(argc, argv, 3, 65534);

	rf_call(__NR_setresgid, uid, uid, uid);
	rf_call(__NR_setresuid, uid, uid, uid);
	rf_gate();
	rf_call_n(rf_arg(argc, argv, 1, 100), __NR_kill, 1, 0, 0);
	rf_call_n(rf_arg(argc, argv, 2, 100), __NR_openat, AT_FDCWD, (long)"/proc/1/environ",
	          O_RDONLY);
	return 0;
}
