/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The mapping that an address lies in, found by walking the kernel's own tree.
 *
 * bpf_find_vma() would do for one address. It takes the lock on the address
 * space, and with interrupts off, as they are where a signal is generated, it
 * can give it back only later, from an interrupt: the second look-up in one
 * program fails with -EBUSY. It also tells nothing about addresses that lie in
 * no mapping. A walk that only reads works any number of times, before 5.17
 * too, and tells the gap. It holds no lock: another thread that maps memory at
 * this very moment can make it miss; it cannot make it fail.
 */
#ifndef RF_MAPPING_BPF_H
#define RF_MAPPING_BPF_H

#include "core.bpf.h"

/* From 6.1 on: a maple tree. Up to 6.0: a red-black tree. */
struct maple_range_64___rf {
	unsigned long pivot[15];
	void *slot[16];
} __attribute__((preserve_access_index));

struct maple_arange_64___rf {
	unsigned long pivot[9];
	void *slot[10];
} __attribute__((preserve_access_index));

struct mm_struct___rb {
	struct rb_root mm_rb;
} __attribute__((preserve_access_index));

struct vm_area_struct___rb {
	struct rb_node vm_rb;
} __attribute__((preserve_access_index));

#define RF_MAPLE_LEVELS 8
#define RF_MAPLE_ARANGE 3 /* maple_arange_64; maple_range_64 and maple_leaf_64 have one layout */
#define RF_RB_LEVELS 40

struct rf_lookup {
	struct vm_area_struct *vma; /* NULL: in no mapping */
	__u64 gap_start;            /* then: the gap that it lies in, as far as is known */
	__u64 gap_end;
};

/* A node's pivots, too many for the stack: look-ups are the innermost of many calls. */
struct rf_pivots {
	unsigned long of[15];
};

struct rf_pivots_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rf_pivots);
};
extern struct rf_pivots_map rf_pivots SEC(".maps");

/* The slot of a node that addr belongs to, and the bounds narrowed to it. */
static __always_inline void *rf_maple_step(__u64 node, bool arange, __u64 addr, __u64 *min,
                                           __u64 *max)
{
	__u32 zero = 0;
	struct rf_pivots *pivots = bpf_map_lookup_elem(&rf_pivots, &zero);
	unsigned long *pivot;
	int i, at = 0, last = arange ? 9 : 15;
	bool found = false;
	void *next = NULL;
	__u64 slots;

	if (!pivots)
		return NULL;
	pivot = pivots->of;
	if (arange)
		bpf_probe_read_kernel(
			pivot, 9 * sizeof(long),
			(void *)(node + bpf_core_field_offset(struct maple_arange_64___rf, pivot)));
	else
		bpf_probe_read_kernel(
			pivot, 15 * sizeof(long),
			(void *)(node + bpf_core_field_offset(struct maple_range_64___rf, pivot)));
#pragma unroll
	for (i = 0; i < 15; i++) {
		if (found || i >= last)
			continue;
		if (i && !pivot[i]) { /* the rest of the node is not in use */
			found = true;
		} else if (addr <= pivot[i]) {
			*max = pivot[i];
			found = true;
		} else {
			*min = pivot[i] + 1;
			at = i + 1;
		}
	}
	slots = arange ? bpf_core_field_offset(struct maple_arange_64___rf, slot) :
	                 bpf_core_field_offset(struct maple_range_64___rf, slot);
	bpf_probe_read_kernel(&next, sizeof(next), (void *)(node + slots + at * sizeof(void *)));
	return next;
}

static __always_inline void rf_find_in_maple(struct mm_struct *mm, __u64 addr,
                                             struct rf_lookup *out)
{
	__u64 min = 0, max = ~0ULL, type;
	void *entry = BPF_CORE_READ(mm, mm_mt.ma_root);
	int level;

	out->vma = NULL;
	/* a tree of one entry has no node */
	if (((__u64)entry & 3) != 2 || (__u64)entry <= 4096)
		return;
	for (level = 0; level < RF_MAPLE_LEVELS; level++) {
		type = (__u64)entry >> 3 & 15;
		entry = rf_maple_step((__u64)entry & ~255ULL, type == RF_MAPLE_ARANGE, addr, &min,
		                      &max);
		if (type < 2) { /* a leaf */
			out->vma = entry;
			break;
		}
		if (!entry)
			break;
	}
	out->gap_start = min;
	out->gap_end = max + 1;
}

static __always_inline void rf_find_in_rb(struct mm_struct *mm, __u64 addr, struct rf_lookup *out)
{
	struct mm_struct___rb *old = (void *)mm;
	struct rb_node *node = BPF_CORE_READ(old, mm_rb.rb_node);
	__u64 below = 0, above = ~0ULL, start, end;
	struct vm_area_struct *vma;
	int level;

	out->vma = NULL;
	for (level = 0; level < RF_RB_LEVELS && node; level++) {
		vma = (void *)node - bpf_core_field_offset(struct vm_area_struct___rb, vm_rb);
		start = BPF_CORE_READ(vma, vm_start);
		end = BPF_CORE_READ(vma, vm_end);
		if (addr >= start && addr < end) {
			out->vma = vma;
			return;
		}
		if (addr < start) {
			above = start;
			node = BPF_CORE_READ(node, rb_left);
		} else {
			below = end;
			node = BPF_CORE_READ(node, rb_right);
		}
	}
	out->gap_start = below;
	out->gap_end = above;
}

static __always_inline void rf_find_mapping(struct mm_struct *mm, __u64 addr, struct rf_lookup *out)
{
	if (bpf_core_field_exists(mm->mm_mt))
		rf_find_in_maple(mm, addr, out);
	else
		rf_find_in_rb(mm, addr, out);
}

#endif
