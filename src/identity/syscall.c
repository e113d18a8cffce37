// SPDX-License-Identifier: GPL-2.0-or-later
#include "identity/syscall.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

/* By ABI and number; NULL where the tables have that name too. They stay for the process' life. */
static char *learnt[RF_ABI_COUNT][RF_SYSCALL_LIMIT];

static const char *known_name(enum rf_abi abi, unsigned int nr)
{
	return nr < tables[abi].count ? tables[abi].names[nr] : NULL;
}

const char *rf_syscall_name(enum rf_abi abi, unsigned int nr)
{
	if ((unsigned int)abi >= RF_ABI_COUNT || nr >= RF_SYSCALL_LIMIT)
		return NULL;
	return learnt[abi][nr] ? learnt[abi][nr] : known_name(abi, nr);
}

static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_";
	size_t len = strspn(name, letters);

	return len && !name[len] && len < RF_SYSCALL_NAME_LEN;
}

int rf_syscall_learn(unsigned int abi, unsigned int nr, const char *name)
{
	const char *known;
	char *copy = NULL;

	if (abi >= RF_ABI_COUNT || nr >= RF_SYSCALL_LIMIT || !is_name(name))
		return -EINVAL;
	known = known_name((enum rf_abi)abi, nr);
	if (!known || strcmp(known, name)) {
		copy = strdup(name);
		if (!copy)
			return -ENOMEM;
	}
	free(learnt[abi][nr]);
	learnt[abi][nr] = copy;
	return 0;
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
	for (unsigned int nr = 0; nr < RF_SYSCALL_LIMIT; nr++) {
		const char *known = rf_syscall_name(abi, nr);

		if (known && !strcmp(known, name))
			return (int)nr;
	}
	return -ENOENT;
}
