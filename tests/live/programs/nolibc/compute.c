/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Computes in user mode and makes no call meanwhile: compute [MILLION_STEPS]
 * Tells how long it was ready to run without a processor (run_delay_ns), which neither it nor a
 * tool can help.
 */
#include "../nolibc.h"

/* The second number of /proc/self/schedstat. */
static long run_delay(void)
{
	char text[128], *p = text;
	long fd = rf_call(__NR_openat, AT_FDCWD, "/proc/self/schedstat", O_RDONLY, 0), n;

	if (fd < 0) {
		return -1;
	}
	n = rf_call(__NR_read, fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	rf_call(__NR_close, fd);
	while (*p && *p != ' ') {
		p++;
	}
	return *p ? rf_number(p + 1) : -1;
}

static int rf_main(int argc, char **argv)
{
	long steps = rf_arg(argc, argv, 1, 500) * 1000000, before;
	unsigned long x = 1;

	before = run_delay();
	rf_gate();
	for (long i = 0; i < steps; i++) {
		x = x * 6364136223846793005UL + 1442695040888963407UL;
		__asm__ volatile("" : "+r"(x));
	}
	rf_extra("run_delay_ns", run_delay() - before);
	return 0;
}
