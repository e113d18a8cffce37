/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of capabilities. */
#ifndef RF_IDENTITY_CAPABILITY_H
#define RF_IDENTITY_CAPABILITY_H

#include <stddef.h>

/* Room for every name and label, and the NUL. */
#define RF_CAPABILITY_NAME_LEN 32

/* "CAP_SYS_ADMIN" for 21; static; NULL if the number has no name. */
const char *rf_capability_name(int cap);

/* The name, or "CAP_N" in buf, which RF_CAPABILITY_NAME_LEN bytes suffice for. */
const char *rf_capability_label(int cap, char *buf, size_t len);

/* "CAP_SYS_ADMIN", "sys_admin" or a label: the number, or -ENOENT. */
int rf_capability_lookup(const char *name);

#endif
