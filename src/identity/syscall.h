/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System call names by ABI and number, for every ABI that an x86-64 or an arm64 kernel serves,
 * complete to the kernel that syscall_tables.inc names (scripts/gen-syscalls writes it).
 *
 * Numbers are what the kernel's table is indexed with: an x32 number has bit 30 stripped. The few
 * calls private to ARM (from 0xf0001 on) are beyond every table and have no name here.
 */
#ifndef RF_IDENTITY_SYSCALL_H
#define RF_IDENTITY_SYSCALL_H

#include <stddef.h>

enum rf_abi {
	RF_ABI_X86_64 = 0,
	RF_ABI_I386 = 1,
	RF_ABI_X32 = 2,
	RF_ABI_ARM64 = 3,
	RF_ABI_ARM = 4,
	RF_ABI_COUNT
};

/* No table reaches this number; call sets hold a bit for each below it. */
#define RF_SYSCALL_LIMIT 1024

/* What the kernel side makes of every number that is out of range: labelled "invalid". */
#ifndef RF_NR_INVALID
#define RF_NR_INVALID 0xffff
#endif

/* Room for every name and label, and the NUL. */
#define RF_SYSCALL_NAME_LEN 32

/* "x86_64", "i386", "x32", "arm64", "arm"; "unknown" for anything else. */
const char *rf_abi_name(enum rf_abi abi);

/* The ABI of that name, or -EINVAL. */
int rf_abi_parse(const char *name);

/* The call's name, static; NULL if there is none. */
const char *rf_syscall_name(enum rf_abi abi, unsigned int nr);

/*
 * The name that a recording brings along for a call of the host it was made on, whose kernel may
 * be newer than the tables. From then on it is the call's name. 0; -EINVAL for what is no number
 * or no name of a call: recordings are hostile; -ENOMEM. Not for several threads at once.
 */
int rf_syscall_learn(unsigned int abi, unsigned int nr, const char *name);

/*
 * A label for every number: its name, else "invalid" for RF_NR_INVALID, else "syscall_N". Returns
 * a static string or buf, which RF_SYSCALL_NAME_LEN bytes suffice for.
 */
const char *rf_syscall_label(enum rf_abi abi, unsigned int nr, char *buf, size_t len);

/* The number of the call of that name, or -ENOENT. */
int rf_syscall_lookup(enum rf_abi abi, const char *name);

#endif
