// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/syscall.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct table {
	const char *const *names;
	size_t count;
};

#include "identity/syscall_tables.inc"

static const char *const abi_names[RF_ABI_COUNT] = {
	[RF_ABI_X86_64] = "x86_64", [RF_ABI_I386] = "i386", [RF_ABI_X32] = "x32",
	[RF_ABI_ARM64] = "arm64",   [RF_ABI_ARM] = "arm",
};

const char *rf_abi_name(enum rf_abi abi)
{
	return (unsigned int)abi < RF_ABI_COUNT ? abi_names[abi] : "unknown";
}

int rf_abi_parse(const char *name)
{
	for (int abi = 0; abi < RF_ABI_COUNT; abi++) {
		if (!strcmp(abi_names[abi], name))
			return abi;
	}
	return -EINVAL;
}

const char *rf_syscall_name(enum rf_abi abi, unsigned int nr)
{
	if ((unsigned int)abi >= RF_ABI_COUNT || nr >= tables[abi].count)
		return NULL;
	return tables[abi].names[nr];
}

const char *rf_syscall_label(enum rf_abi abi, unsigned int nr, char *buf, size_t len)
{
	const char *name = rf_syscall_name(abi, nr);

	if (name)
		return name;
	if (nr == RF_NR_INVALID)
		return "invalid";
	snprintf(buf, len, "syscall_%u", nr);
	return buf;
}

int rf_syscall_lookup(enum rf_abi abi, const char *name)
{
	if ((unsigned int)abi >= RF_ABI_COUNT)
		return -ENOENT;
	for (size_t nr = 0; nr < tables[abi].count; nr++) {
		if (tables[abi].names[nr] && !strcmp(tables[abi].names[nr], name))
			return (int)nr;
	}
	return -ENOENT;
}
