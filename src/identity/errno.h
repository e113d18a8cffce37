/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of error numbers as the kernel returns them, the same on x86-64 and arm64: those of user
 * space, and those above 511 that the kernel keeps to itself, of which a tracer sees some (the
 * restart codes) although no program ever does.
 */
#ifndef RF_IDENTITY_ERRNO_H
#define RF_IDENTITY_ERRNO_H

#include <stdbool.h>
#include <stddef.h>

/* Room for every name and label, and the NUL. */
#define RF_ERRNO_NAME_LEN 24

/* The largest error a call can return: anything from -1 to -RF_ERRNO_MAX is a failure. */
#define RF_ERRNO_MAX 4095

/* "ENOENT" for 2; static; NULL if the number has no name. err is positive. */
const char *rf_errno_name(int err);

/* The name, or "errno_N" in buf, which RF_ERRNO_NAME_LEN bytes suffice for. */
const char *rf_errno_label(int err, char *buf, size_t len);

/* The number of that name, or -ENOENT; EWOULDBLOCK, EDEADLOCK and ENOTSUP are known too. */
int rf_errno_lookup(const char *name);

/*
 * Whether err is a restart code: the call was interrupted by a signal, and the kernel will begin
 * it again or turn the code into EINTR. It is no failure that the program sees.
 */
bool rf_errno_is_restart(int err);

#endif
