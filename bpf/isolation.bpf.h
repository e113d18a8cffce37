/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fault isolation: its switches, its cells, and what the programs of calls and
 * page faults ask of it.
 */
#ifndef RF_ISOLATION_BPF_H
#define RF_ISOLATION_BPF_H

#include "thread.bpf.h"

#include "isolation.h"

extern const volatile bool rf_isolation; /* count violations */
extern const volatile bool rf_events;    /* tell of each; page faults by class, capabilities */
extern const volatile __u32 rf_isolation_bits;
extern const volatile __u64 rf_ring_spare; /* bytes in the ring up to which events may fill it */

struct rf_isolation_cells_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_isolation_cell);
};
extern struct rf_isolation_cells_map rf_isolation_cells SEC(".maps");

/* A violation is too large for the stack. */
struct rf_violation_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_violation_rec);
};
extern struct rf_violation_map rf_violation_scratch SEC(".maps");

/* A call failed with err: asked on the path of failed calls. denials.bpf.c */
extern int rf_refused(__u32 err);
/* A call failed with EFAULT. violations.bpf.c */
extern int rf_bad_pointer(void);

/*
 * Tells the open call of a thread from every other on this CPU, so that what was
 * remembered in one is not held against the next. After a switch or an epoch's
 * end in between it tells none: then the reason stays unknown.
 */
static __always_inline __u64 rf_open_mark(const struct rf_cpu *c)
{
	return (__u64)c->tid << 40 | (c->counts[rf_epoch()].entered & ((1ULL << 40) - 1));
}

/* What a cell is found by, besides the entity. */
struct rf_isolation_key {
	__u32 kind;
	__u32 key;
	__u32 call;
	__u32 epoch;
};

/* The cell, found or made; NULL: the ring is full, so that none could be moved out. */
RF_NOINLINE __attribute__((unused)) struct rf_isolation_cell *
rf_isolation_cell(struct rf_cpu *c, __u64 entity, const struct rf_isolation_key *k)
{
	struct rf_isolation_cell *cell, *least = NULL;
	__u32 slot, i, at, top;

	if (!c || !k)
		return NULL;
	slot = rf_table_base(k->epoch & 1, rf_isolation_bits) |
	       (rf_hash(entity, k->key ^ k->kind << 20 ^ k->call << 8) &
	        ((1U << rf_isolation_bits) - 1));
	for (i = 0; i < RF_CELL_WAYS; i++) {
		at = slot ^ i;
		cell = bpf_map_lookup_elem(&rf_isolation_cells, &at);
		if (!cell)
			return NULL;
		if (cell->rec.entity == entity && cell->kind == k->kind && cell->key == k->key &&
		    cell->call == k->call)
			return cell;
		if (!least || !cell->rec.entity || cell->rec.count < least->rec.count)
			least = cell;
		if (!cell->rec.entity)
			break;
	}
	if (!least)
		return NULL;
	if (least->rec.entity) {
		top = least->top & (RF_HIST_BUCKETS - 1);
		if (bpf_ringbuf_output(&rf_ring, least, RF_ISOLATION_REC_SIZE(top),
		                       rf_ring_flags()))
			return NULL;
		c->counts[k->epoch & 1].evicted++;
	}
	__builtin_memset(least, 0, sizeof(*least));
	rf_claim(&least->rec, RF_REC_ISOLATION, k->epoch & 1, entity);
	least->kind = k->kind;
	least->key = k->key;
	least->call = k->call;
	return least;
}

/*
 * One more in a cell of entity; false: there is no room for it. isolation.bpf.c;
 * takes plain numbers, so that the verifier looks at it only once in a program.
 */
extern int rf_count_isolated(__u64 entity, __u32 kind, __u32 key, __u32 call);

/* A violation of entity has ended. Without room it is booked as lost. */
static __always_inline void rf_book_outcome(struct rf_cpu *c, __u64 entity, __u32 sig,
                                            __u32 outcome, __u32 call)
{
	c->counts[rf_epoch()].outcomes++;
	if (!rf_count_isolated(entity, RF_ISOLATION_VIOLATION, RF_VIOLATION_KEY(sig, outcome),
	                       call))
		c->counts[rf_epoch()].lost_outcomes++;
}

#endif
