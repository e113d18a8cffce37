/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a violation happened, from what the processor and the kernel say about it. Pure: a record
 * in, a cause and a sentence out.
 */
#ifndef RF_LEDGER_CAUSE_H
#define RF_LEDGER_CAUSE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/isolation.h"

enum rf_cause {
	RF_CAUSE_NULL_PAGE,
	RF_CAUSE_UNMAPPED,
	RF_CAUSE_READ_ONLY,
	RF_CAUSE_NO_EXECUTE,
	RF_CAUSE_GUARD_PAGE,
	RF_CAUSE_STACK_OVERFLOW,
	RF_CAUSE_KERNEL_ADDRESS,
	RF_CAUSE_NON_CANONICAL,
	RF_CAUSE_PRIVILEGED_INSTRUCTION,
	RF_CAUSE_ILLEGAL_INSTRUCTION,
	RF_CAUSE_DIVIDE_ERROR,
	RF_CAUSE_FLOATING_POINT,
	RF_CAUSE_MISALIGNED,
	RF_CAUSE_BEYOND_FILE_END,
	RF_CAUSE_MEMORY_ERROR,
	RF_CAUSE_PROTECTION_KEY,
	RF_CAUSE_BREAKPOINT,
	RF_CAUSE_SECCOMP,
	RF_CAUSE_ABORT,
	RF_CAUSE_BAD_POINTER_TO_KERNEL,
	RF_CAUSE_OUT_OF_MEMORY,
	RF_CAUSE_SENT_BY_PROCESS,
	RF_CAUSE_COUNT
};

enum rf_access { RF_ACCESS_UNKNOWN, RF_ACCESS_READ, RF_ACCESS_WRITE, RF_ACCESS_EXECUTE };

struct rf_judgement {
	enum rf_cause cause;
	enum rf_access access;
	bool kernel_mode; /* raised by the kernel on the process' behalf */
	bool has_address;
	uint64_t address;
	const char *insn;   /* the instruction by name where that is the point; NULL */
	unsigned int align; /* misaligned: what the address must be a multiple of; 0 unknown */
};

void rf_cause_judge(const struct rf_violation_rec *v, struct rf_judgement *j);

/* "null-page": as in JSON and on the command line. Static. */
const char *rf_cause_name(enum rf_cause cause);
/* The cause of that name, or -EINVAL. */
int rf_cause_parse(const char *name);

/* "read", "write", "execute"; NULL for unknown. */
const char *rf_access_name(enum rf_access access);

/* The signals that are violations' own, as the kernel side has them. */
bool rf_cause_is_trap_signal(int sig);

#endif
