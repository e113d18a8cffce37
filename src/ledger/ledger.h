/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: exact totals per process and crossing kind, added up from
 * records (bpf/records.h). Pure: no I/O, no libbpf, no globals. It is fed by
 * the live probe and by a recording alike and read by rows (rows.h) and views.
 *
 * Life of an interval: any number of rf_ledger_feed(), then a sweep
 * (rf_ledger_sweep_begin(), the swept records fed, rf_ledger_sweep_end()), then
 * it may be read, then rf_ledger_next_interval() sets all totals to zero and
 * keeps who is who.
 *
 * What belongs to which interval:
 *
 * - A call is counted (calls) in the interval at whose end it is first found,
 *   either ended or still open; as a rule that is the one in which it was
 *   entered. What is only known when it ends (failed, durations, histogram,
 *   untimed) is booked in the interval in which it ends. So over all intervals
 *   calls add up to the calls entered, none twice: a cell remembers how many
 *   open calls it has shown, and as many that end later are not counted again.
 *   The price is that an interval can show more failures than calls.
 * - Time is cut at the interval's end: an open span is shown up to there, and
 *   what was shown is taken off the closed span once it arrives. Nothing is
 *   taken back: if the kernel side learns that a span shown as user time was
 *   something else, the user time of later intervals makes up for it.
 */
#ifndef RF_LEDGER_LEDGER_H
#define RF_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/hist.h"

#define RF_LEDGER_COMM_LEN 16

/* ns on each side of the boundary */
struct rf_times {
	uint64_t user;
	uint64_t kernel;
	uint64_t waiting;
};

struct rf_faults {
	uint64_t user; /* by the mode they were raised in */
	uint64_t kernel;
	uint64_t minor; /* by what resolved them */
	uint64_t major;
};

struct rf_errno_count {
	uint16_t err; /* errno; 0 with refused: refused by a signal */
	bool refused; /* answered by seccomp or ptrace before the call began */
	uint64_t count;
};

/* One call of one process: a cell. */
struct rf_cell {
	uint32_t call;    /* RF_CALL(abi, nr) */
	uint64_t calls;   /* including open ones, not including those shown as open before */
	uint64_t open;    /* of calls: still inside the kernel at the sweep */
	uint64_t ended;   /* ended in this interval, whenever they were entered */
	uint64_t untimed; /* of ended: without a duration that could be taken */
	uint64_t failed;  /* of ended */
	uint64_t denied;  /* of failed: EPERM, EACCES, or refused by seccomp */
	uint64_t total_ns;
	uint64_t waiting_ns;
	uint64_t min_ns;
	uint64_t max_ns;
	struct rf_hist hist;
	struct rf_errno_count *errnos; /* in order of first appearance */
	size_t nr_errnos;
};

/* One process (or thread, where entities are threads). */
struct rf_process {
	uint64_t entity;
	uint32_t tgid;
	uint32_t tid; /* of the thread where entities are threads, else the tgid */
	uint32_t ppid;
	uint32_t uid;
	uint64_t start_ns;                 /* since boot; 0 unknown */
	uint64_t cgroup;                   /* kernfs id; 0 unknown */
	char comm[RF_LEDGER_COMM_LEN + 1]; /* as the kernel has it: hostile bytes included */
	char *exe;                         /* NULL unknown; owned; hostile bytes included */
	bool known;                        /* who it is has been learnt: not only the entity */
	bool exited;
	uint32_t exit_status;   /* as wait(2) gives it, when exited */
	uint32_t threads_seen;  /* live threads at the last sweep */
	uint64_t kernel_minflt; /* on exit: the kernel's own counters, faults it took on */
	uint64_t kernel_majflt; /* the process' behalf without a trap included */
	struct rf_times time;   /* of this interval, open spans included */
	struct rf_faults faults;
	uint64_t fault_ns; /* of time.kernel: resolving user-mode page faults */
	uint64_t calls;    /* sums over cells */
	uint64_t failed;
	uint64_t denied;
	struct rf_cell **cells; /* by call, ascending */
	size_t nr_cells;
};

/*
 * seen = attributed + lost, by kind. All in crossings (calls and page faults)
 * of this interval, counted by the epochs that were closed in it: a cell fed
 * ahead of its epoch's COUNTS waits for them.
 *
 * seen is what the kernel side counted and is never adjusted. What neither
 * attribution nor a known loss explains is lost_unexplained: a defect of
 * ringfence when not zero, and negative when more was attributed than seen
 * (lost is then lower than its kinds, or negative itself), so that neither
 * defect can hide.
 */
struct rf_accounting {
	uint64_t seen;
	uint64_t attributed;
	int64_t lost; /* sum of the following */
	uint64_t lost_cell;
	uint64_t lost_state;
	uint64_t lost_skipped;
	uint64_t lost_batch; /* stream mode: in batches that the ring had no room for */
	int64_t lost_unexplained;
	uint64_t lost_errnos;  /* not crossings: failures whose errno is unknown */
	uint64_t lost_records; /* not crossings: process events lost, so names may be missing */
	uint64_t evicted;      /* cells moved out before the sweep: table pressure */
};

struct rf_totals {
	uint64_t calls;
	uint64_t failed;
	uint64_t denied;
	uint64_t page_faults; /* user and kernel mode */
	struct rf_times time; /* late bookings of processes already forgotten included */
};

struct rf_ledger;

/* A new, empty ledger, or NULL when out of memory. Freed with rf_ledger_free(). */
struct rf_ledger *rf_ledger_new(void);
void rf_ledger_free(struct rf_ledger *l);

/*
 * Adds one record of size bytes (any enum rf_rec_type). The bytes need no
 * alignment. 0; -EINVAL for a record that is cut short, of no known type or
 * inconsistent (nothing is changed); -ENOMEM (no crossing is booked).
 *
 * FORK, EXEC, EXIT and THREAD may come in any order, twice or not at all: who a
 * process is follows the record with the latest time. A THREAD fed outside of
 * a sweep tells only that.
 */
int rf_ledger_feed(struct rf_ledger *l, const void *rec, size_t size);

/*
 * A sweep replaces what is known about open spans and open calls: begin
 * forgets the former ones, THREAD records fed in between set the new ones, end
 * adds them up. final: the programs stand still, so that the calls found open
 * must be exactly the seen ones that have not finished; otherwise calls may
 * finish while the sweep runs, and the difference of the kernel's own
 * counters tells how many are open. 0 or -ENOMEM.
 *
 * The COUNTS fed in a sweep say which epoch it closes. Cells and EXITs of the other epoch that are
 * fed after them are put off until the next sweep or interval begins.
 */
int rf_ledger_sweep_begin(struct rf_ledger *l);
int rf_ledger_sweep_end(struct rf_ledger *l, uint64_t now_ns, bool final);

/*
 * Sets all totals to zero and forgets the processes that have exited (and those
 * that did nothing and that the last sweep no longer found), for the interval
 * that begins at now_ns. Spans that stay open are counted only for the part
 * that lies in the new interval.
 *
 * The last few thousand forgotten ones are kept aside: if a crossing of one of
 * them still arrives, it is back with its name for one interval; if mere time
 * arrives, it is added to the totals.
 */
void rf_ledger_next_interval(struct rf_ledger *l, uint64_t now_ns);

/*
 * After a sweep that was not final, when nothing follows it (the past that a flight recorder wrote
 * out): calls that were under way at the end and whose number nobody told do not count as seen.
 */
void rf_ledger_end(struct rf_ledger *l);

/* Books crossings that the kernel skipped (recursion_misses), cumulative over the run. */
void rf_ledger_set_skipped(struct rf_ledger *l, uint64_t crossings);

/*
 * The window that the totals belong to: rf_ledger_start() sets its begin,
 * before which no time counts, rf_ledger_sweep_end() its end.
 */
void rf_ledger_start(struct rf_ledger *l, uint64_t now_ns);
uint64_t rf_ledger_window_ns(const struct rf_ledger *l);

/*
 * Names for a process; exe is copied and holds until the next EXEC. 0; -ENOMEM;
 * -ENOENT for a process that the ledger does not hold.
 */
int rf_ledger_set_exe(struct rf_ledger *l, uint64_t entity, const char *exe);

/* Reading. Pointers stay valid until the next call that changes the ledger. */
size_t rf_ledger_nr_processes(const struct rf_ledger *l);
const struct rf_process *rf_ledger_process(const struct rf_ledger *l, size_t i);
const struct rf_process *rf_ledger_find(const struct rf_ledger *l, uint64_t entity);
void rf_ledger_accounting(const struct rf_ledger *l, struct rf_accounting *acc);
void rf_ledger_totals(const struct rf_ledger *l, struct rf_totals *totals);

#endif
