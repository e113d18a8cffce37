// SPDX-License-Identifier: GPL-2.0
/*
 * The maps and switches that the other objects declare extern, and the licence
 * of all of them.
 */
#include "mapping.bpf.h"
#include "thread.bpf.h"
#include "isolation.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* in one cache line, before the large ones: the hot paths read them even where they decide nothing */
const volatile __u32 rf_nr_cpus = 1;
const volatile __u32 rf_call_bits = 1;
const volatile __u32 rf_errno_bits = 1;
const volatile __u32 rf_time_bits = 1;
const volatile bool rf_have_task_storage = true;
const volatile bool rf_have_task_btf = true;
const volatile bool rf_have_pt_regs = true;
const volatile bool rf_have_pf_tracepoints = true;
const volatile bool rf_preemptible = false;
const volatile bool rf_latency = true;
const volatile bool rf_sampling = false;
const volatile bool rf_by_thread = false;
const volatile bool rf_count_self = false;
const volatile bool rf_use_pids = false;
const volatile bool rf_use_tree = false;
const volatile bool rf_use_uid = false;
const volatile __u32 rf_uid = 0;
const volatile bool rf_use_comm = false;
const volatile bool rf_use_calls = false;
const volatile __u64 rf_target_cgroup = 0;
const volatile int rf_cgroup_subsys = -1;
const volatile __u32 rf_ring_wakeup = 4096;
const volatile bool rf_stream = false;
const volatile bool rf_trace = false;
const volatile bool rf_isolation = false;
const volatile bool rf_events = false;
const volatile __u32 rf_isolation_bits = 3;
const volatile __u64 rf_ring_spare = 0;
const volatile __u16 rf_arg_strings[RF_STRING_ABIS][RF_NR_MAX + 1] = {};
const volatile __u64 rf_comm_accept[256] = {};
const volatile __u64 rf_comm_stay = 0;
const volatile __u64 rf_comm_final = 0;
const volatile __u64 rf_calls[5][16] = {};

const volatile struct rf_thread rf_no_thread = {};

struct rf_control rf_control = {};

struct rf_cpus_map rf_cpus SEC(".maps");
struct rf_call_cells_map rf_call_cells SEC(".maps");
struct rf_errno_cells_map rf_errno_cells SEC(".maps");
struct rf_time_cells_map rf_time_cells SEC(".maps");
struct rf_ring_map rf_ring SEC(".maps");
struct rf_scratch_map rf_scratch SEC(".maps");
struct rf_pids_map rf_pids SEC(".maps");
struct rf_threads_map rf_threads SEC(".maps");
struct rf_threads_hash_map rf_threads_hash SEC(".maps");
struct rf_displaced_map rf_displaced SEC(".maps");
struct rf_gone_map rf_gone SEC(".maps");
struct rf_pivots_map rf_pivots SEC(".maps");
struct rf_isolation_cells_map rf_isolation_cells SEC(".maps");
struct rf_violation_map rf_violation_scratch SEC(".maps");
struct rf_batches_map rf_batches SEC(".maps");
struct rf_args_map rf_args SEC(".maps");
