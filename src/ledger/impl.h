/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the ledger share and nobody else sees: the ledger itself,
 * and processes and cells with what they need to know beyond one interval.
 *
 *	ledger.c   life, reading, intervals
 *	feed.c     a record: is it sound, and where is it booked
 *	process.c  entries: who is who, cells, times, the recently forgotten
 *	sweep.c    open spans and open calls
 *	ahead.c    records of the epoch after the one that is swept
 *	account.c  seen = attributed + lost
 */
#ifndef RF_LEDGER_IMPL_H
#define RF_LEDGER_IMPL_H

#include <linux/types.h>
#include <stddef.h>

#include "bpf/records.h"
#include "ledger/ledger.h"
#include "ledger/sat.h"
#include "ledger/table.h"

#define RF_GRAVES 4096 /* exited processes whose names are kept for late cells */

/*
 * A count that is shown before all of it has arrived. closed has arrived in
 * this interval, open was found under way by the last sweep, and ahead is what
 * former intervals have shown of what has not arrived.
 */
struct rf_running {
	uint64_t closed;
	uint64_t open;
	uint64_t ahead;
};

/* What this interval shows: never negative, so that nothing is taken back. */
static inline uint64_t rf_running_shown(const struct rf_running *r)
{
	return rf_sat_sub(rf_sat_add(r->closed, r->open), r->ahead);
}

/* The interval was shown and the next one begins, with nothing known to be open in it. */
static inline void rf_running_roll(struct rf_running *r)
{
	r->ahead = rf_sat_sub(rf_sat_add(r->ahead, rf_running_shown(r)), r->closed);
	r->closed = 0;
	r->open = 0;
}

struct rf_entry_cell {
	struct rf_cell pub; /* first, so that one is found from the other */
	struct rf_running calls;
	uint64_t open_before; /* of calls.open: entered before this interval */
};

enum rf_span { RF_SPAN_USER, RF_SPAN_KERNEL, RF_SPAN_WAITING, RF_SPAN_FAULT, RF_SPANS };

struct rf_entry {
	struct rf_process pub; /* first, so that one is found from the other */
	struct rf_running spans[RF_SPANS];
	uint64_t told_ns;    /* time of the record that pub's identity is from */
	uint64_t exec_ns;    /* time of the latest EXEC; 0 none */
	uint64_t last_sweep; /* the last sweep that found a thread of it */
	bool fresh;          /* introduced in this interval */
};

/* A thread of the running sweep, kept until its end is known. */
struct rf_found {
	struct rf_entry *entry;
	uint64_t order; /* of arrival */
	uint64_t since_ns;
	uint64_t call_start_ns;
	uint64_t closed_ns[3]; /* enum rf_span */
	uint32_t tid;
	uint32_t call;
	uint32_t flags;
	uint32_t count;
};

/* Kernel counters and what was booked, of this interval. */
struct rf_books {
	uint64_t entered;
	uint64_t refused;
	uint64_t finished;
	uint64_t faults;
	uint64_t lost_cell;
	uint64_t lost_state;
	uint64_t lost_batch;
	uint64_t lost_errnos;
	uint64_t lost_records;
	uint64_t evicted;
	uint64_t booked; /* crossings in cells of closed epochs */
	/* crossings in cells of an epoch, by its lowest bit, whose COUNTS are still to come, or
	 * have come since the last sweep ended */
	uint64_t pending[2];
	bool counted[2];
	uint64_t skipped; /* cumulative, as are the next two */
	uint64_t skipped_before;
	uint64_t open_before; /* calls open when the interval began */
	uint64_t open_found;  /* calls that the last sweep found open */
	uint64_t overdrawn;   /* attributed in former intervals, and not any more */
	bool final;
};

struct rf_ledger {
	struct rf_entry **entries; /* in order of introduction */
	size_t nr;
	size_t room;
	struct rf_table by_entity;
	struct rf_table by_tgid; /* one living entry of a process: parents are known by pid only */
	struct rf_table buried;  /* entity -> entry without cells */
	uint64_t graves[RF_GRAVES]; /* their entities, a ring */
	size_t next_grave;
	struct rf_times late; /* of buried ones, in this interval */
	struct rf_found *found;
	size_t nr_found;
	size_t found_room;
	char *ahead; /* records put off, each after its size */
	size_t ahead_used;
	size_t ahead_room;
	bool sweeping;
	uint64_t sweep; /* number of the sweep */
	struct rf_books books;
	uint64_t start_ns;
	uint64_t begin_ns; /* of the interval */
	uint64_t end_ns;
};

/* Who a process is, as any of the records tells it. */
struct rf_identity {
	uint64_t entity;
	uint64_t time_ns;
	uint64_t start_ns;
	uint64_t cgroup;
	uint32_t tgid;
	uint32_t tid;
	uint32_t ppid;
	uint32_t uid;
	const char *comm; /* RF_COMM_LEN bytes */
	bool own_comm;    /* comm is the entity's, not that of one of its threads */
};

/* process.c. Functions that return a pointer return NULL when out of memory, unless said otherwise. */

/* The entry of an entity: held, taken back from the buried, or new. */
struct rf_entry *rf_entry_get(struct rf_ledger *l, uint64_t entity);
struct rf_entry_cell *rf_entry_cell(struct rf_entry *e, uint32_t call);
void rf_entry_identify(struct rf_ledger *l, struct rf_entry *e, const struct rf_identity *id);
/* A copy of path as e's exe. 0 or -ENOMEM. */
int rf_entry_set_exe(struct rf_entry *e, const char *path);
/* If e has no exe: that of whom it was forked from. 0 or -ENOMEM. */
int rf_entry_inherit_exe(struct rf_ledger *l, struct rf_entry *e);
void rf_entry_exit(struct rf_ledger *l, struct rf_entry *e, uint32_t status);
/* Brings the public figures up to date after closed, open or ahead have changed. */
void rf_entry_show_calls(struct rf_entry *e, struct rf_entry_cell *c);
void rf_entry_show_times(struct rf_entry *e);
/* Begins an interval for e. */
void rf_entry_roll(struct rf_entry *e);
/* Takes e, which is no longer in l->entries, out of the tables and keeps its name aside. */
void rf_entry_bury(struct rf_ledger *l, struct rf_entry *e);
void rf_entry_free(struct rf_entry *e);
/* Whether an entity is made of a thread's id. */
bool rf_is_thread(uint64_t entity, uint32_t tgid, uint32_t tid);

/* sweep.c. Keeps a thread for the end of the sweep. 0 or -ENOMEM. */
int rf_sweep_found(struct rf_ledger *l, struct rf_entry *e, const struct rf_thread_rec *rec);

/*
 * ahead.c: programs do not stand still while a sweep runs. A call that the
 * sweep finds open may have ended before the sweep is over, and its cell,
 * evicted at once, would be counted beside it. What was booked in the next
 * epoch is therefore put off until the sweep's figures have been read.
 */
bool rf_is_ahead(const struct rf_ledger *l, const struct rf_rec *rec);
/* Keeps a record that has been found sound. 0 or -ENOMEM. */
int rf_put_off(struct rf_ledger *l, const void *rec, size_t size);
/* Feeds what was put off. 0 or -ENOMEM, with the rest of it forgotten. */
int rf_catch_up(struct rf_ledger *l);

/* account.c */
void rf_books_count(struct rf_books *b, unsigned int epoch, const struct rf_counts *counts);
void rf_books_cell(struct rf_books *b, unsigned int epoch, uint64_t crossings);
void rf_books_sweep(struct rf_books *b, uint64_t open_found, bool final);
void rf_books_end(struct rf_books *b);
void rf_books_roll(struct rf_books *b);
void rf_books_account(const struct rf_books *b, struct rf_accounting *acc);

#endif
