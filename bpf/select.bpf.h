/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs on calls of both modes share: whose call it is, whether it
 * is counted, and what its end looks like.
 */
#ifndef RF_SELECT_BPF_H
#define RF_SELECT_BPF_H

#include "thread.bpf.h"

extern const volatile __u64 rf_calls[5][16]; /* -e: a bit per ABI and number */

#define SIGSYS 31

#if defined(__TARGET_ARCH_x86)
#define NR_RT_SIGRETURN 15
#define NR_X32_RT_SIGRETURN 513
#define NR_I386_SIGRETURN 119
#define NR_I386_RT_SIGRETURN 173
#define RF_IS_SIGRETURN(call)                                                                  \
	((call) == RF_CALL(0, NR_RT_SIGRETURN) || (call) == RF_CALL(2, NR_X32_RT_SIGRETURN) || \
	 (call) == RF_CALL(1, NR_I386_SIGRETURN) || (call) == RF_CALL(1, NR_I386_RT_SIGRETURN))
#else
#define RF_IS_SIGRETURN(call) \
	((call) == RF_CALL(3, 139) || (call) == RF_CALL(4, 173) || (call) == RF_CALL(4, 119))
#endif

static __always_inline bool rf_call_selected(__u32 call)
{
	__u32 nr = RF_CALL_NR(call), abi = RF_CALL_ABI(call);

	if (!rf_use_calls)
		return true;
	if (nr > RF_NR_MAX || abi >= 5)
		return false;
	return rf_calls[abi][(nr >> 6) & 15] >> (nr & 63) & 1;
}

/* A thread not met on this CPU since it was switched in: is it the one that c is about? */
RF_NOINLINE int rf_meet(struct rf_cpu *c, __u64 regs, enum rf_side side)
{
	if (!c)
		return 0;
	if (c->task != (__u64)rf_current())
		rf_load_met(c, rf_current(), side, rf_now());
	c->regs = regs;
	return 0;
}

/*
 * The state of the thread that calls; NULL: not a target. Its registers are
 * saved at the top of its kernel stack, so their address tells the thread, and
 * the kernel need not be asked who runs.
 */
static __always_inline struct rf_cpu *rf_caller(struct pt_regs *regs, enum rf_side side)
{
	struct rf_cpu *c = rf_this_cpu();

	if (!c)
		return NULL;
	if (unlikely(c->regs != (__u64)regs))
		rf_meet(c, (__u64)regs, side);
	return c->flags & RF_T_TRACKED ? c : NULL;
}

/*
 * SECCOMP_RET_TRAP and _KILL roll the registers back, so that the call seems to return its own
 * number (arm64: its first argument); the signal is what tells it from a filter that answers with
 * that number.
 */
static __always_inline bool rf_rolled_back(struct task_struct *task, long nr, long ret)
{
#if defined(__TARGET_ARCH_x86)
	if (ret != nr)
		return false;
#endif
	return BPF_CORE_READ(task, pending.signal.sig[0]) >> (SIGSYS - 1) & 1;
}

/* What a program on a classic tracepoint of calls gets; see calls.bpf.c. */
struct rf_classic_call {
	__u64 common;
	long nr;
	long ret; /* sys_exit */
};

static __always_inline struct pt_regs *rf_current_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

#endif
