/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives itself a name that would harm a careless view: hostile
 * newline|quote|escape|utf8|comma|bidi|empty [CALLS]
 */
#include "../nolibc.h"

#include <linux/prctl.h>

static const char *const names[][2] = {
	{ "newline", "a\nb\r\tc" },
	{ "quote", "q\"'\\`<&>" },
	{ "escape", "\033[2J\033[31mred" },
	{ "utf8", "\xff\xfe\xc3(\xed\xa0\x80" },
	{ "comma", "=1+1,;|\"x\"" },
	{ "bidi", "\xe2\x80\xae\xc2\x9b"
	          "31m\x7f" },
	{ "empty", "" },
};

static int rf_main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "newline";

	for (int i = 0; i < RF_LEN(names); i++) {
		if (rf_streq(mode, names[i][0])) {
			rf_call(__NR_prctl, PR_SET_NAME, names[i][1], 0, 0, 0);
		}
	}
	rf_gate();
	rf_call_n(rf_arg(argc, argv, 2, 100), __NR_getppid, 0, 0, 0);
	return 0;
}
