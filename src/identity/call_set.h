/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of system calls, as `-e LIST` names them in strace's language:
 *
 *	open,close		names: the call in every ABI that has it
 *	%file,%network		classes: file process network (net) signal ipc desc memory creds
 *				clock pure stat lstat fstat %stat statfs fstatfs %statfs
 *	/^epoll_		every call whose name an extended regular expression matches
 *	335, syscall_335	numbers, in every ABI
 *	invalid			numbers that no kernel has
 *	all, none
 *	!LIST			everything but; only in front of the whole list
 *	trace=LIST		the same as LIST
 *	?NAME			no error if there is no such call
 *	NAME@64 @32 @x32	only in that ABI (also by name: @x86_64 @i386 @arm64 @arm)
 *
 * The classes are strace's, with one difference: socketcall, which carries the network calls of
 * old i386 programs, is in %network, because ringfence does not look behind it.
 */
#ifndef RF_IDENTITY_CALL_SET_H
#define RF_IDENTITY_CALL_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "identity/syscall.h"

#define RF_CALL_SET_WORDS 16

struct rf_call_set {
	uint64_t bits[RF_ABI_COUNT][RF_CALL_SET_WORDS];
	bool invalid; /* numbers from RF_SYSCALL_LIMIT on */
};

/*
 * Read a list. 0; or -EINVAL with one line in err that names the culprit and what was probably
 * meant, and *set empty; or -ENOMEM.
 */
int rf_call_set_parse(struct rf_call_set *set, const char *list, char *err, size_t errlen);

bool rf_call_set_has(const struct rf_call_set *set, enum rf_abi abi, unsigned int nr);

/* How many calls that have a name are in the set, in one ABI. */
size_t rf_call_set_count(const struct rf_call_set *set, enum rf_abi abi);

/* "%file, %process ..." for a usage text; static. */
const char *rf_call_set_classes(void);

#endif
