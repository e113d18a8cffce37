// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that do nothing, or next to it, on the events that ringfence uses: what any tool on them
 * costs at least. The loader attaches one set of them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64[16]); /* a CPU has cache lines of its own */
} counts SEC(".maps");

static __always_inline int count(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 *mine = bpf_map_lookup_elem(&counts, &cpu);

	if (mine)
		mine[0]++;
	return 0;
}

static __always_inline int count_time(void)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 *mine = bpf_map_lookup_elem(&counts, &cpu);

	if (mine)
		mine[0] += bpf_ktime_get_ns();
	return 0;
}

SEC("tp_btf/sys_enter")
int calls_enter(void *ctx)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int calls_exit(void *ctx)
{
	return 0;
}

/* A counter a CPU: the least that counts. */
SEC("tp_btf/sys_enter")
int counted_enter(void *ctx)
{
	return count();
}

SEC("tp_btf/sys_exit")
int counted_exit(void *ctx)
{
	return count();
}

/* And the time on each side: the least that tells how long a call took. */
SEC("tp_btf/sys_enter")
int timed_enter(void *ctx)
{
	return count_time();
}

SEC("tp_btf/sys_exit")
int timed_exit(void *ctx)
{
	return count_time();
}

SEC("tp_btf/page_fault_user")
int faults_user(void *ctx)
{
	return 0;
}

SEC("tp_btf/page_fault_kernel")
int faults_kernel(void *ctx)
{
	return 0;
}

SEC("perf_event")
int faults_resolved(struct bpf_perf_event_data *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
