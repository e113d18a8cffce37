/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book of fault isolation: violations, each joined to its outcome and its blast radius; and
 * per process what was only counted. Pure, as the ledger beside it: fed with records from a live
 * probe or a recording alike.
 *
 * Two accounts (bpf/isolation.h). The counts obey, after every sweep,
 *
 *	seen = handled + killed + refused + open + lost
 *
 * where open are those whose outcome was not known yet. Of the events as many are told as were
 * seen, less those that the ring had no room for.
 */
#ifndef RF_LEDGER_ISOLATION_H
#define RF_LEDGER_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/cause.h"
#include "ledger/hist.h"

/* For so long after a death others are held to have died of it. */
#define RF_BLAST_NS UINT64_C(1000000000)
#define RF_BLAST_SIGNALS 32 /* listed at most; the rest is counted */

/* Somebody whom the kernel signalled because of a violation. */
struct rf_blast_signal {
	uint64_t entity;
	uint32_t pid;
	uint32_t sig;
	bool died; /* of it, within RF_BLAST_NS */
	char comm[RF_COMM_LEN + 1];
};

struct rf_violation {
	struct rf_violation_rec rec;
	struct rf_judgement judgement;
	char *exe; /* NULL unknown; owned */
	enum rf_outcome outcome;
	bool outcome_told;  /* else the outcome is what had to follow: the record of it was lost */
	bool whole_process; /* killed: not that thread alone */
	bool ended;         /* the last thread is gone */
	uint32_t status;    /* as wait(2) gives it, when ended or killed */
	uint64_t death_ns;
	uint32_t threads;  /* that died */
	uint32_t children; /* that were alive and lost their parent */
	uint64_t released_bytes;
	struct rf_blast_signal *signals; /* owned */
	size_t nr_signals;
	size_t more_signals; /* beyond RF_BLAST_SIGNALS */
};

/* Whether a core was dumped. */
static inline bool rf_violation_dumped(const struct rf_violation *v)
{
	return v->outcome == RF_OUTCOME_KILLED && v->status & 0x80;
}

/* Page faults of one class. */
struct rf_fault_count {
	uint32_t class; /* RF_FAULT_* */
	uint64_t count;
	uint64_t untimed;
	uint64_t total_ns;
	uint64_t max_ns;
};

struct rf_violation_count {
	uint32_t sig;  /* 0: EFAULT */
	uint32_t call; /* RF_CALL, with sig 0 */
	enum rf_outcome outcome;
	uint64_t count;
};

struct rf_capability_count {
	uint32_t capability;
	uint32_t call;
	uint64_t count;
};

/* What was counted for one process in this interval. */
struct rf_isolated {
	uint64_t entity;
	uint64_t handled;
	uint64_t killed;
	uint64_t refused;
	struct rf_violation_count *violations;
	size_t nr_violations;
	struct rf_fault_count *faults; /* by class, ascending */
	size_t nr_faults;
	struct rf_hist fault_hist;
	struct rf_capability_count *capabilities;
	size_t nr_capabilities;
};

struct rf_isolation_account {
	uint64_t seen;
	uint64_t handled;
	uint64_t killed;
	uint64_t refused;
	uint64_t open;
	uint64_t lost;         /* outcomes that no cell could take */
	uint64_t skipped;      /* the kernel skipped the program; not in seen */
	int64_t unexplained;   /* a defect of ringfence when not zero */
	uint64_t told;         /* events handed over or waiting to be */
	uint64_t lost_events;  /* the ring had no room for them */
	int64_t untold;        /* seen, but neither told nor lost: 0, if events were asked for */
	uint64_t lost_details; /* page faults and capabilities in no cell */
};

struct rf_isolation;

/* Takes a violation that is complete; it is freed when this returns. */
typedef void (*rf_violation_sink)(void *ctx, const struct rf_violation *v);

/* sink may be NULL: only counts. NULL when out of memory. */
struct rf_isolation *rf_isolation_new(rf_violation_sink sink, void *ctx);
void rf_isolation_free(struct rf_isolation *iso);

/*
 * Adds one record. Those that are not about isolation, EXIT and COUNTS apart, are passed over.
 * 0; -EINVAL for one that is cut short or inconsistent; -ENOMEM.
 */
int rf_isolation_feed(struct rf_isolation *iso, const void *rec, size_t size);

/* The program of the process that a VIOLATION just fed is about; copied. 0, -ENOENT or -ENOMEM. */
int rf_isolation_set_exe(struct rf_isolation *iso, uint64_t id, const char *exe);

/* Hands over what is complete at now_ns (CLOCK_MONOTONIC), or all that there is. */
void rf_isolation_advance(struct rf_isolation *iso, uint64_t now_ns);
void rf_isolation_flush(struct rf_isolation *iso);
/* When the next waiting violation will be complete; 0: none waits. */
uint64_t rf_isolation_next_ns(const struct rf_isolation *iso);

/* A sweep has been fed: what belongs to the epochs that it closed is in the account. */
void rf_isolation_sweep_end(struct rf_isolation *iso);
/*
 * When only part was read, or fed: the account becomes that of what was. Violations whose outcome
 * is known and that nobody told of were told outside of it, and are lost_events.
 */
void rf_isolation_settle(struct rf_isolation *iso);
void rf_isolation_set_skipped(struct rf_isolation *iso, uint64_t violations);
/* Begins an interval: all counts are zero, violations that are under way stay. */
void rf_isolation_next_interval(struct rf_isolation *iso);

void rf_isolation_accounting(const struct rf_isolation *iso, struct rf_isolation_account *acc);
size_t rf_isolation_nr(const struct rf_isolation *iso);
const struct rf_isolated *rf_isolation_process(const struct rf_isolation *iso, size_t i);
const struct rf_isolated *rf_isolation_find(const struct rf_isolation *iso, uint64_t entity);

/* "handled", "killed", "refused"; "open" for none. And back, or -EINVAL. */
const char *rf_outcome_name(enum rf_outcome outcome);
int rf_outcome_parse(const char *name);
const char *rf_hit_name(enum rf_hit hit);

#endif
