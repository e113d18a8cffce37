/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sleeps and does nothing else: sleeper [TIMES [MILLISECONDS]]
 */
#include "../nolibc.h"

static int rf_main(int argc, char **argv)
{
	long n = rf_arg(argc, argv, 1, 10), ms = rf_arg(argc, argv, 2, 100);

	rf_gate();
	for (long i = 0; i < n; i++) {
		rf_sleep_ms(ms);
	}
	return 0;
}
