// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/taint.h"

#include <stdio.h>

#include "base/str.h"

const char *rf_taint_words(uint64_t taint, char *buf, size_t len)
{
	/* the kernel's Documentation/admin-guide/tainted-kernels.rst, in its order */
	static const char *const words[] = {
		"proprietary module",
		"module loaded by force",
		"unfit processor",
		"module unloaded by force",
		"machine check",
		"bad page",
		"set by a user",
		"oops",
		"ACPI table overridden",
		"warning",
		"staging driver",
		"firmware worked around",
		"module from outside the tree",
		"unsigned module",
		"soft lockup",
		"live patch",
		"auxiliary",
		"structure layout randomised",
		"test",
	};
	__rf_str struct rf_str s = RF_STR_INIT;

	for (unsigned int i = 0; i < 64; i++) {
		if (!(taint >> i & 1))
			continue;
		if (i < sizeof(words) / sizeof(words[0]))
			rf_str_appendf(&s, "%s%s", s.len ? ", " : "", words[i]);
		else
			rf_str_appendf(&s, "%sreason %u", s.len ? ", " : "", i);
	}
	snprintf(buf, len, "%s", s.len ? rf_str_get(&s) : "none");
	return buf;
}
