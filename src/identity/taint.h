/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a kernel calls itself tainted, in words. */
#ifndef RF_IDENTITY_TAINT_H
#define RF_IDENTITY_TAINT_H

#include <stddef.h>
#include <stdint.h>

/* The reasons in a mask (/proc/sys/kernel/tainted), "none" for 0; cut to fit. Returns buf. */
const char *rf_taint_words(uint64_t taint, char *buf, size_t len);

#endif
