/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a lab has measured: its parts, and in each the crossings and the ends of all processes of
 * the program. The two calls that a program tells ringfence its parts with (see
 * docs/labs/programs/lab.h) are left out.
 */
#ifndef RF_LAB_RESULT_H
#define RF_LAB_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "identity/syscall.h"
#include "ledger/isolation.h"
#include "ledger/ledger.h"

#define RF_LAB_PARTS_MAX 24
#define RF_LAB_CALLS_MAX 64
#define RF_LAB_ERRNOS_MAX 16
#define RF_LAB_ENDS_MAX 64
#define RF_LAB_VIOLATIONS_MAX 16
#define RF_LAB_NAME 48

struct rf_lab_call {
	char name[RF_SYSCALL_NAME_LEN];
	uint64_t calls;
	uint64_t failed;
	uint64_t denied;
};

struct rf_lab_errno {
	char call[RF_SYSCALL_NAME_LEN];
	int err;      /* 0: a signal */
	bool refused; /* by seccomp, before the call began */
	uint64_t count;
};

/* A process that ended. */
struct rf_lab_end {
	uint32_t pid;
	char comm[RF_LEDGER_COMM_LEN + 1]; /* hostile, where the program is the learner's */
	uint32_t status;                   /* as wait(2) gives it */
};

/* Violations of one kind. */
struct rf_lab_violation {
	enum rf_cause cause;
	enum rf_access access;
	enum rf_outcome outcome;
	const char *insn; /* static: the instruction, where that is the point; NULL */
	uint64_t count;
	uint64_t threads; /* that died of them */
};

struct rf_lab_part {
	char name[RF_LAB_NAME]; /* hostile, where the program is the learner's */
	uint64_t items;         /* of work, as the program says; 0: not said */
	uint64_t wall_ns;
	struct rf_times time; /* of all processes; without the waiting between parts */
	struct rf_faults faults;
	uint64_t calls;
	uint64_t failed;
	uint64_t denied;
	struct rf_lab_call by_call[RF_LAB_CALLS_MAX]; /* in order of first appearance */
	size_t nr_calls;
	struct rf_lab_errno errnos[RF_LAB_ERRNOS_MAX];
	size_t nr_errnos;
	struct rf_lab_end ends[RF_LAB_ENDS_MAX];
	size_t nr_ends;
	struct rf_lab_violation violations[RF_LAB_VIOLATIONS_MAX];
	size_t nr_violations;
	uint64_t begun_ns;
	uint64_t ended_ns;
	size_t processes; /* that did anything in it */
	size_t left_out;  /* calls, errnos, ends for which there was no room */
};

struct rf_lab_result {
	struct rf_lab_part parts[RF_LAB_PARTS_MAX];
	size_t nr_parts;
	size_t left_out;   /* parts */
	int status;        /* of the program itself, as wait(2) gives it */
	bool timed_out;    /* it was ended */
	bool causes_known; /* violations were watched */
	bool guest_ran;    /* what the console of a guest said */
	bool guest_panic;
	bool guest_survived;
	size_t guest_beats[2]; /* signs of life before and after the panic */
	uint64_t seen;         /* crossings of the whole run: seen = attributed + lost */
	uint64_t attributed;
	int64_t lost;
};

/* The part whose name begins with this letter; one that did nothing if there is none. */
const struct rf_lab_part *rf_lab_part(const struct rf_lab_result *r, char letter);

/* The calls of that name; all zero if there are none. */
struct rf_lab_call rf_lab_call(const struct rf_lab_part *p, const char *name);

/* Calls that failed with err. */
uint64_t rf_lab_failed_with(const struct rf_lab_part *p, int err);

/* Processes that ended with this wait(2) status. */
size_t rf_lab_ended(const struct rf_lab_part *p, uint32_t status);

/* Violations of that cause and outcome, and the threads that died of them (NULL: not asked). */
uint64_t rf_lab_violations(const struct rf_lab_part *p, enum rf_cause cause,
                           enum rf_outcome outcome, uint64_t *threads);

/* Books a violation in the part in which it happened; in none, if it was between two. */
void rf_lab_violation_add(struct rf_lab_result *r, const struct rf_violation *v);

/* System calls and page faults. */
uint64_t rf_lab_crossings(const struct rf_lab_part *p);

/* Takes in what the ledger holds of one interval. left_out says what had no room. */
void rf_lab_part_fill(struct rf_lab_part *p, const struct rf_ledger *ledger);

#endif
