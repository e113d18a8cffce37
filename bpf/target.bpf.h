/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which threads are targets. Asked when a thread is switched in, so that a
 * crossing itself only tests a flag.
 */
#ifndef RF_TARGET_BPF_H
#define RF_TARGET_BPF_H

#include "core.bpf.h"

#define RF_CGROUP_DEPTH 32

struct rf_pids_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
};
extern struct rf_pids_map rf_pids SEC(".maps");

/*
 * A glob over comm as an automaton, compiled by the loader: state i means that
 * i tokens have matched; accept[c] has bit i set when token i takes c; stay has
 * bit i set when a star stands before token i. No backtracking, so the verifier
 * of any kernel follows it.
 */
extern const volatile __u64 rf_comm_accept[256];
extern const volatile __u64 rf_comm_stay;
extern const volatile __u64 rf_comm_final;

/*
 * A field of a task. Before 5.11 the current task comes as a plain number, and
 * only a helper may read through it; the verifier drops the branch not taken.
 */
#define rf_task_read(task, field) (rf_have_task_btf ? (task)->field : BPF_CORE_READ((task), field))

static __always_inline struct task_struct *rf_current(void)
{
	return rf_have_task_btf ? bpf_get_current_task_btf() :
	                          (struct task_struct *)bpf_get_current_task();
}

static __always_inline bool rf_comm_matches(struct task_struct *task)
{
	unsigned char comm[RF_COMM_LEN] = {};
	__u64 states = 1;
	int i;

	BPF_CORE_READ_INTO(&comm, task, comm);
#pragma unroll
	for (i = 0; i < RF_COMM_LEN - 1; i++) {
		if (!comm[i])
			break;
		states = ((states & rf_comm_accept[comm[i]]) << 1) | (states & rf_comm_stay);
	}
	return states & rf_comm_final;
}

/* cgroup_subsys_state of the hierarchy that counts: the v2 one, or a v1 controller's */
static __always_inline struct cgroup *rf_cgroup_of(struct task_struct *task)
{
	struct cgroup_subsys_state *css;
	struct css_set *set = BPF_CORE_READ(task, cgroups);

	if (rf_cgroup_subsys < 0)
		return BPF_CORE_READ(set, dfl_cgrp);
	if (bpf_core_read(&css, sizeof(css), &set->subsys[rf_cgroup_subsys & 15]))
		return NULL;
	return BPF_CORE_READ(css, cgroup);
}

static __always_inline __u64 rf_cgroup_id(struct task_struct *task)
{
	struct cgroup *cgroup = rf_cgroup_of(task);

	return BPF_CORE_READ(cgroup, kn, id);
}

/* Up through cgroups, not kernfs nodes: the node's parent changed its name in 6.15. */
static __always_inline bool rf_in_cgroup(struct task_struct *task)
{
	struct cgroup *cgroup = rf_cgroup_of(task);
	struct cgroup_subsys_state *parent;
	int i;

	for (i = 0; i < RF_CGROUP_DEPTH && cgroup; i++) {
		if (BPF_CORE_READ(cgroup, kn, id) == rf_target_cgroup)
			return true;
		parent = BPF_CORE_READ(cgroup, self.parent);
		cgroup = parent ? BPF_CORE_READ(parent, cgroup) : NULL;
	}
	return false;
}

/* Does every narrowing that was asked for hold? A followed tree is not asked for here. */
static __always_inline bool rf_is_target(struct task_struct *task)
{
	__u32 tgid = rf_task_read(task, tgid);

	if (!rf_count_self && tgid == rf_control.self_tgid)
		return false;
	if (rf_use_pids && !bpf_map_lookup_elem(&rf_pids, &tgid))
		return false;
	if (rf_use_uid && BPF_CORE_READ(task, cred, uid.val) != rf_uid)
		return false;
	if (rf_target_cgroup && !rf_in_cgroup(task))
		return false;
	if (rf_use_comm && !rf_comm_matches(task))
		return false;
	return true;
}

#endif
