// SPDX-License-Identifier: GPL-2.0
/*
 * System calls: sys_enter and sys_exit. The hot path; docs/architecture.md
 * accounts for every helper on it.
 */
#include "call.bpf.h"
#include "select.bpf.h"

SEC("tp_btf/sys_enter")
int BPF_PROG(rf_sys_enter, struct pt_regs *regs, long nr)
{
	return rf_call_begins(regs, nr);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(rf_sys_exit, struct pt_regs *regs, long ret)
{
	return rf_call_ends(regs, ret);
}

/*
 * Since 7.2 the two above may be preempted. A thread that is switched out inside
 * a program takes it along: the kernel skips it for everybody else on that CPU
 * until the thread comes back, and the CPU's state is not the program's own any
 * more. The classic tracepoints still run with preemption off; they are dearer,
 * and their programs do not get the registers.
 */
struct rf_classic_call {
	__u64 common;
	long nr;
	long ret; /* sys_exit */
};

static __always_inline struct pt_regs *rf_current_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

SEC("tracepoint")
int rf_sys_enter_classic(struct rf_classic_call *ctx)
{
	return rf_call_begins(rf_current_regs(), ctx->nr);
}

SEC("tracepoint")
int rf_sys_exit_classic(struct rf_classic_call *ctx)
{
	return rf_call_ends(rf_current_regs(), ctx->ret);
}
