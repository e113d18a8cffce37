/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Booking a call in its cell.
 */
#ifndef RF_CALL_BPF_H
#define RF_CALL_BPF_H

#include "hist.bpf.h"
#include "thread.bpf.h"

/* Finds it in another way, or moves the cell with the fewest calls out; NULL: the ring is full. */
RF_NOINLINE struct rf_call_cell *rf_call_claim(struct rf_cpu *c, __u32 epoch, __u32 slot)
{
	struct rf_call_cell *cell, *least = NULL;
	__u32 i, at, top;

	if (!c)
		return NULL;
	for (i = 0; i < RF_CELL_WAYS; i++) {
		at = slot ^ i;
		cell = bpf_map_lookup_elem(&rf_call_cells, &at);
		if (!cell)
			return NULL;
		if (cell->rec.entity == c->entity && cell->call == c->call)
			return cell;
		if (!least || !cell->rec.entity || cell->rec.count < least->rec.count)
			least = cell;
		if (!cell->rec.entity) /* none behind it: a way is only emptied with all others */
			break;
	}
	if (!least)
		return NULL;
	if (least->rec.entity) {
		top = least->top & (RF_HIST_BUCKETS - 1);
		if (bpf_ringbuf_output(&rf_ring, least, RF_CALL_REC_SIZE(top), rf_ring_flags()))
			return NULL;
		c->counts[epoch & 1].evicted++;
	}
	__builtin_memset(least, 0, sizeof(*least));
	rf_claim(&least->rec, RF_REC_CALL, epoch, c->entity);
	least->call = c->call;
	return least;
}

static __always_inline struct rf_call_cell *rf_call_cell(struct rf_cpu *c, __u32 epoch)
{
	__u32 slot = rf_table_base(epoch, rf_call_bits) |
	             (rf_hash(c->entity, c->call) & ((1U << rf_call_bits) - 1));
	struct rf_call_cell *cell = bpf_map_lookup_elem(&rf_call_cells, &slot);

	if (cell && likely(cell->rec.entity == c->entity && cell->call == c->call))
		return cell;
	return rf_call_claim(c, epoch, slot);
}

enum rf_timing {
	RF_TIMED,
	RF_UNTIMED,  /* it has no duration */
	RF_LEFT_OUT, /* it had one, but sampling did not take it */
};

/*
 * A call has ended: one more in its cell. false: no room, booked as lost. A
 * sample stands for the calls of its cell that were left out before it; one
 * that waited stands for itself, because those are always timed.
 */
static __always_inline bool rf_book_call(struct rf_cpu *c, __u32 epoch, enum rf_timing timing,
                                         __u64 ns)
{
	struct rf_call_cell *cell = rf_call_cell(c, epoch);
	__u32 bucket, weight = 1;

	c->counts[epoch].finished++;
	if (!cell) {
		c->counts[epoch].lost[RF_LOST_CELL]++;
		return false;
	}
	cell->rec.count++;
	if (timing != RF_TIMED) {
		cell->untimed++;
		if (timing == RF_LEFT_OUT)
			cell->pending++;
		return true;
	}
	if (rf_sampling && !c->call_waiting_ns && cell->pending) {
		weight += cell->pending;
		cell->untimed -= cell->pending;
		cell->pending = 0;
	}
	cell->total_ns += ns * weight;
	cell->waiting_ns += c->call_waiting_ns;
	if (ns > cell->max_ns)
		cell->max_ns = ns;
	if (ns < cell->min_ns || !cell->min_ns)
		cell->min_ns = ns;
	bucket = rf_bucket(ns) & (RF_HIST_BUCKETS - 1);
	if (bucket > cell->top)
		cell->top = bucket;
	cell->hist[bucket] += weight;
	return true;
}

/* A counted call that will never return: its thread ends, or its end was missed. */
RF_NOINLINE int rf_book_unfinished(struct rf_cpu *c, __u32 epoch)
{
	if (c)
		rf_book_call(c, epoch & 1, RF_UNTIMED, 0);
	return 0;
}

#endif
