/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every BPF program here shares: the switches fixed at load, the maps,
 * the CPU's state, and the placing of cells.
 *
 * The maps and variables are defined once, in core.bpf.c; bpftool links the
 * objects into one.
 *
 * All programs that touch struct rf_cpu run with preemption off (for calls, see
 * the classic tracepoints in calls.bpf.c), and none nests in itself: the kernel
 * skips it and counts recursion_misses. So a program owns its CPU's
 * state and cells while it runs, and plain stores do.
 */
#ifndef RF_CORE_BPF_H
#define RF_CORE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* libbpf's own is no constant expression to clang 14 */
#undef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)

#include "state.h"

#define RF_NOINLINE static __attribute__((noinline))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define PF_EXITING 0x00000004
#define PF_IO_WORKER 0x00000010
#define PF_USER_WORKER 0x00004000 /* since 6.4 */
#define PF_KTHREAD 0x00200000

/* ---- switches, fixed before the programs are loaded: what is off costs nothing ---- */

extern const volatile __u32 rf_nr_cpus;
extern const volatile __u32 rf_call_bits; /* log2 of the cells a CPU has for one epoch */
extern const volatile __u32 rf_errno_bits;
extern const volatile __u32 rf_time_bits;
extern const volatile bool rf_have_task_storage; /* 5.11; else the hash by task */
extern const volatile bool rf_have_task_btf;     /* bpf_get_current_task_btf(), 5.11 */
extern const volatile bool rf_have_pt_regs;      /* bpf_task_pt_regs(), 5.15 */
extern const volatile bool rf_have_pf_tracepoints;
extern const volatile bool rf_preemptible; /* programs on BTF tracepoints, since 7.1 */
extern const volatile bool rf_latency;     /* durations and the time split */
extern const volatile bool rf_sampling; /* time only some calls of a thread that calls very often */
extern const volatile bool rf_by_thread; /* entities are threads */
extern const volatile bool rf_count_self;
extern const volatile bool rf_use_pids;
extern const volatile bool rf_use_tree;
extern const volatile bool rf_use_uid;
extern const volatile __u32 rf_uid;
extern const volatile bool rf_use_comm;
extern const volatile bool rf_use_calls;
extern const volatile __u64 rf_target_cgroup; /* 0: any */
extern const volatile int rf_cgroup_subsys;   /* -1: the v2 hierarchy */
extern const volatile __u32 rf_ring_wakeup;   /* bytes in the ring from which the loader is woken */

/* ---- maps ---- */

extern struct rf_control rf_control;

struct rf_cpus_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_cpu);
};
extern struct rf_cpus_map rf_cpus SEC(".maps");

/* Cells: [epoch][cpu][slot], direct-mapped; sized by the loader. */
struct rf_call_cells_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_call_cell);
};
extern struct rf_call_cells_map rf_call_cells SEC(".maps");

struct rf_errno_cells_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_errno_cell);
};
extern struct rf_errno_cells_map rf_errno_cells SEC(".maps");

struct rf_time_cells_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_time_cell);
};
extern struct rf_time_cells_map rf_time_cells SEC(".maps");

struct rf_ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};
extern struct rf_ring_map rf_ring SEC(".maps");

/* A process record is too large for the stack. */
struct rf_scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_process_rec);
};
extern struct rf_scratch_map rf_scratch SEC(".maps");

/* ---- the CPU's state ---- */

static __always_inline struct rf_cpu *rf_this_cpu(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rf_cpus, &cpu);
}

static __always_inline bool rf_off(void)
{
	return unlikely(*(volatile __u32 *)&rf_control.on != RF_ON);
}

static __always_inline __u32 rf_epoch(void)
{
	return *(volatile __u32 *)&rf_control.epoch & 1;
}

static __always_inline __u64 rf_now(void)
{
	return rf_latency ? bpf_ktime_get_ns() : 0;
}

/* ---- cells ---- */

static __always_inline __u32 rf_hash(__u64 entity, __u32 detail)
{
	/* the entity's low bits are a pid, its high ones a time: both matter */
	return ((entity ^ (entity >> 29) ^ ((__u64)detail << 40)) * 0x9e3779b97f4a7c15ULL) >> 32;
}

static __always_inline __u32 rf_table_base(__u32 epoch, __u32 bits)
{
	return (epoch * rf_nr_cpus + bpf_get_smp_processor_id()) << bits;
}

static __always_inline __u64 rf_ring_flags(void)
{
	/* waking the loader costs an interrupt: only when there is a load to carry away */
	return bpf_ringbuf_query(&rf_ring, BPF_RB_AVAIL_DATA) >= rf_ring_wakeup ?
	               BPF_RB_FORCE_WAKEUP :
	               BPF_RB_NO_WAKEUP;
}

static __always_inline void rf_claim(struct rf_rec *rec, __u16 type, __u32 epoch, __u64 entity)
{
	rec->type = type;
	rec->epoch = epoch;
	rec->count = 0;
	rec->entity = entity;
}

/* Finds it in another way, or moves the one with the fewest bookings out; NULL: the ring is full. */
RF_NOINLINE struct rf_time_cell *rf_time_claim(struct rf_cpu *c, __u32 epoch, __u32 slot)
{
	struct rf_time_cell *cell, *least = NULL;
	__u32 i, at;

	if (!c)
		return NULL;
	for (i = 0; i < RF_CELL_WAYS; i++) {
		at = slot ^ i;
		cell = bpf_map_lookup_elem(&rf_time_cells, &at);
		if (!cell)
			return NULL;
		if (cell->rec.entity == c->entity)
			return cell;
		if (!least || !cell->rec.entity || cell->rec.count < least->rec.count)
			least = cell;
		if (!cell->rec.entity)
			break;
	}
	if (!least)
		return NULL;
	if (least->rec.entity) {
		if (bpf_ringbuf_output(&rf_ring, least, sizeof(*least), rf_ring_flags()))
			return NULL;
		c->counts[epoch & 1].evicted++;
	}
	__builtin_memset(least, 0, sizeof(*least));
	rf_claim(&least->rec, RF_REC_TIME, epoch, c->entity);
	return least;
}

/* The time cell of the CPU's thread; NULL when there is no room for it. */
static __always_inline struct rf_time_cell *rf_time_cell(struct rf_cpu *c, __u32 epoch)
{
	__u32 slot = rf_table_base(epoch, rf_time_bits) |
	             (rf_hash(c->entity, 0) & ((1U << rf_time_bits) - 1));
	struct rf_time_cell *cell = bpf_map_lookup_elem(&rf_time_cells, &slot);

	if (cell && likely(cell->rec.entity == c->entity))
		return cell;
	return rf_time_claim(c, epoch, slot);
}

#endif
