/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls through the 32-bit entry of a 64-bit program: int80 [GETPID32 [GETPPID64]]
 * Number 20 is getpid for i386 and writev for x86_64. On other architectures it makes the native
 * calls only.
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	long n = rf_arg(argc, argv, 1, 1000);

	rf_gate();
#if defined(__x86_64__)
	for (long i = 0; i < n; i++) {
		long ret;

		__asm__ volatile("int $0x80"
		                 : "=a"(ret)
		                 : "a"(20L)
		                 : "r8", "r9", "r10", "r11", "memory");
		if (ret != rf_me->pid) {
			return 1;
		}
	}
	rf_book(rf_me, RF_ABI_I386, 20, 0, n);
#else
	(void)n;
#endif
	rf_call_n(rf_arg(argc, argv, 2, 1000), __NR_getppid, 0, 0, 0);
	return 0;
}
